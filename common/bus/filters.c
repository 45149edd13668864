#include "bus/filters.h"

#include <string.h>
#include <uthash.h>

struct filter {
    UT_hash_handle hh;
    size_t size;
    char *text;
    tt_filter_sent sent[];
};

struct tt_filters {
    struct filter *table;
    uint32_t partitions;
};

tt_filters *
tt_filters_new (uint32_t partitions)
{
    tt_filters *filters = tt_alloc_zero (1, sizeof *filters);
    filters->partitions = partitions;
    return filters;
}

static void
drop (tt_filters *filters, struct filter *filter)
{
    HASH_DEL (filters->table, filter);
    free (filter->text);
    free (filter);
}

void
tt_filters_destroy (tt_filters **reference)
{
    tt_filters *filters = *reference;
    if (filters == NULL)
        return;
    struct filter *filter, *next;
    HASH_ITER (hh, filters->table, filter, next)
        drop (filters, filter);
    free (filters);
    *reference = NULL;
}

static struct filter *
find (tt_filters *filters, tt_bytes text)
{
    struct filter *filter;
    HASH_FIND (hh, filters->table, text.data, text.size, filter);
    return filter;
}

void
tt_filters_add (tt_filters *filters, tt_bytes text)
{
    if (find (filters, text) || HASH_COUNT (filters->table) >= TT_FILTERS_MAX)
        return;
    struct filter *filter = tt_alloc_zero (1, sizeof *filter + filters->partitions * sizeof (tt_filter_sent));
    filter->text = tt_strndup (text.size ? (const char *) text.data : "", text.size);
    filter->size = text.size;
    HASH_ADD_KEYPTR (hh, filters->table, filter->text, filter->size, filter);
}

void
tt_filters_remove (tt_filters *filters, tt_bytes text)
{
    struct filter *filter = find (filters, text);
    if (filter)
        drop (filters, filter);
}

static void
count (tt_filters *filters, tt_bytes prefix, uint32_t partition, uint64_t sequence)
{
    struct filter *filter = find (filters, prefix);
    if (filter == NULL)
        return;
    filter->sent[partition].last = sequence;
    filter->sent[partition].count++;
}

void
tt_filters_sent (tt_filters *filters, tt_bytes topic, uint32_t partition, uint64_t sequence)
{
    if (filters->table == NULL)
        return;
    count (filters, (tt_bytes){ topic.data, 0 }, partition, sequence);
    for (size_t i = 0; i < topic.size; i++)
        if (topic.data[i] == '/')
            count (filters, (tt_bytes){ topic.data, i + 1 }, partition, sequence);
}

void
tt_filters_forget (tt_filters *filters)
{
    struct filter *filter, *next;
    HASH_ITER (hh, filters->table, filter, next)
        memset (filter->sent, 0, filters->partitions * sizeof *filter->sent);
}

size_t
tt_filters_count (const tt_filters *filters)
{
    return HASH_COUNT (filters->table);
}

void
tt_filters_visit (tt_filters *filters, tt_filter_visitor *visit, void *context)
{
    struct filter *filter, *next;
    HASH_ITER (hh, filters->table, filter, next)
        visit (context, (tt_bytes){ (const uint8_t *) filter->text, filter->size }, filter->sent);
}
