/* Epochs: what a journal's history consists of, and whether a position is in it. */
#include <stdio.h>
#include <string.h>

#include "store/journal_inner.h"
#include "store/pipe.h"

/* One line "<epoch> <journal>=<first> ..."; a journal that is not named had nothing when the epoch began. */
static void
add_line (tt_lineage *lineage, const char *line, size_t size, const char *name)
{
    size_t id = strcspn (line, " \n"), length = strlen (name);
    uint64_t first = 1;
    for (const char *p = line + id; p < line + size && *p == ' '; p += strcspn (p, " \n")) {
        p++;
        if (strncmp (p, name, length) == 0 && p[length] == '=')
            first = strtoull (p + length + 1, NULL, 10);
    }
    tt_lineage_add (lineage, first ? first : 1, (tt_bytes){ (const uint8_t *)line, id < size ? id : size });
}

static void
add_lines (tt_lineage *lineage, const char *text, const char *name)
{
    for (const char *line = text; *line; line += strcspn (line, "\n"), line += *line == '\n')
        add_line (lineage, line, strcspn (line, "\n"), name);
}

tt_status
tt_history_take (const redisReply *reply, const char *name, uint64_t *head, tt_lineage *lineage, tt_error *error)
{
    tt_lineage_clear (lineage);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return tt_fail (error, TT_INTERNAL, "Redis answered HMGET in a form that is not known");
    *head = tt_journal_number (reply->element[0]);
    add_lines (lineage, reply->element[1]->type == REDIS_REPLY_STRING ? reply->element[1]->str : "", name);
    return TT_OK;
}

bool
tt_history_end (const char *epochs, const char *name, uint64_t head, const char *epoch, uint64_t *end)
{
    tt_lineage lineage = { 0 };
    add_lines (&lineage, epochs, name);
    bool known = epoch[0] == '\0';
    *end = head;
    for (size_t i = lineage.count; !known && i-- > 0;) {
        known = strcmp (lineage.list[i].epoch, epoch) == 0;
        if (!known)
            *end = lineage.list[i].first - 1;
    }
    tt_lineage_free (&lineage);
    return known;
}

static void
add_history (tt_store *store, const char *name, uint32_t partition)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 4);
    tt_resp_text (out, "HMGET");
    tt_pipe_key (store, out, partition, 'm', "");
    tt_resp_text (out, name);
    tt_resp_text (out, "epochs");
    tt_pipe_end (store);
}

static tt_lineage *
lineage_of (tt_store *store, uint32_t partition)
{
    if (store->lineages == NULL)
        store->lineages = tt_alloc_zero (store->options.partitions, sizeof (tt_lineage));
    return (tt_lineage *)store->lineages + partition;
}

void
tt_history_free (tt_store *store)
{
    for (uint32_t p = 0; store->lineages && p < store->options.partitions; p++)
        tt_lineage_free (lineage_of (store, p));
    free (store->lineages);
    store->lineages = NULL;
}

tt_status
tt_journal_positions (tt_store *store, const char *name, tt_position *positions, tt_error *error)
{
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < store->options.partitions; p++)
        add_history (store, name, p);
    tt_status status = tt_journal_run (store, error);
    for (uint32_t p = 0; status == TT_OK && p < store->options.partitions; p++) {
        tt_lineage *lineage = lineage_of (store, p);
        status = tt_history_take (tt_pipe_reply (store, p), name, &positions[p].sequence, lineage, error);
        snprintf (positions[p].epoch, sizeof positions[p].epoch, "%s", tt_lineage_at (lineage, positions[p].sequence));
    }
    return status;
}

tt_status
tt_journal_check (tt_store *store, const char *name, uint32_t partition, const tt_position *position, uint64_t *lost_first,
                  tt_error *error)
{
    *lost_first = 0;
    if (position->sequence == 0)
        return TT_OK;
    tt_pipe_begin (store);
    add_history (store, name, partition);
    uint64_t head;
    tt_lineage held = { 0 }, *lineage = lineage_of (store, partition);
    tt_status status = tt_journal_run (store, error);
    if (status == TT_OK)
        status = tt_history_take (tt_pipe_reply (store, 0), name, &head, lineage, error);
    if (status != TT_OK)
        return status;
    tt_lineage_begin (&held, 1, tt_bytes_of_text (position->epoch));
    uint64_t common = tt_lineage_common (&held, position->sequence, lineage->list, lineage->count, head);
    tt_lineage_free (&held);
    if (common == position->sequence)
        return TT_OK;
    *lost_first = common + 1;
    return tt_fail (error, TT_DATA_LOSS, "journal %s of partition %u: sequences %llu to %llu were lost", name, partition,
                    (unsigned long long)common + 1, (unsigned long long)position->sequence);
}

/* -- where journals stand -- */

/* The journal's last block: it ends at the head. */
static void
add_end (tt_store *store, const char *name, uint32_t partition)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_resp_begin (out, 6);
    tt_resp_text (out, "XREVRANGE");
    tt_pipe_key (store, out, partition, 'j', name);
    tt_resp_text (out, "+");
    tt_resp_text (out, "-");
    tt_resp_text (out, "COUNT");
    tt_resp_text (out, "1");
    tt_pipe_end (store);
}

/* Takes the first block of the journal and its history. */
static tt_status
take_stand (tt_store *store, const char *name, uint32_t partition, size_t first, size_t history, tt_stand *stand, tt_error *error)
{
    tt_entries kept = { .parts = tt_entries_parts (name) };
    tt_lineage *lineage = lineage_of (store, partition);
    *stand = (tt_stand){ .partition = partition };
    tt_status status = tt_entries_take (&kept, partition, tt_pipe_reply (store, first), 0, error);
    if (status == TT_OK)
        status = tt_history_take (tt_pipe_reply (store, history), name, &stand->head, lineage, error);
    stand->earliest = kept.count ? kept.list[0].sequence : 0;
    stand->epochs = lineage->list;
    stand->epoch_count = lineage->count;
    snprintf (stand->epoch, sizeof stand->epoch, "%s", tt_lineage_at (lineage, stand->head));
    free (kept.list);
    return status;
}

tt_status
tt_journal_stands (tt_store *store, const char *name, tt_stand *stands, tt_error *error)
{
    uint32_t partitions = store->options.partitions;
    tt_pipe_begin (store);
    for (uint32_t p = 0; p < partitions; p++) {
        add_end (store, name, p); /* before the head is read: what it shows is never ahead of that */
        tt_journal_add_range (store, name, p, 0, 0, 1);
        add_history (store, name, p);
    }
    tt_status status = tt_journal_run (store, error);
    tt_entries ends = { .list = store->entries, .capacity = store->entries_capacity, .parts = tt_entries_parts (name) };
    for (uint32_t p = 0; status == TT_OK && p < partitions; p++) {
        status = take_stand (store, name, p, 3 * (size_t)p + 1, 3 * (size_t)p + 2, &stands[p], error);
        ends.count = 0;
        if (status == TT_OK)
            status = tt_entries_take (&ends, p, tt_pipe_reply (store, 3 * (size_t)p), 0, error);
        if (status == TT_OK && ends.count > 0 && ends.list[ends.count - 1].sequence == stands[p].head)
            stands[p].last = ends.list[ends.count - 1];
    }
    store->entries = ends.list;
    store->entries_capacity = ends.capacity;
    return status;
}

static tt_status
read_page (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint64_t to, tt_entries *taken, tt_stand *stand,
           tt_error *error)
{
    tt_pipe_begin (store);
    tt_journal_add_range (store, name, partition, from, to, 2);
    tt_journal_add_range (store, name, partition, 0, 0, 1);
    add_history (store, name, partition); /* last: head and epochs are never behind the entries */
    tt_status status = tt_journal_run (store, error);
    if (status == TT_OK)
        status = take_stand (store, name, partition, 1, 2, stand, error);
    if (status != TT_OK)
        return status;
    *taken = (tt_entries){ .list = store->entries, .capacity = store->entries_capacity, .parts = tt_entries_parts (name) };
    status = tt_entries_take (taken, partition, tt_pipe_reply (store, 0), from, error);
    store->entries = taken->list;
    store->entries_capacity = taken->capacity;
    return status;
}

tt_status
tt_journal_page (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint32_t limit, const tt_entry **entries,
                 size_t *count, tt_stand *stand, tt_error *error)
{
    *entries = NULL;
    *count = 0;
    uint64_t before = from > 1 ? from - 1 : 1;
    tt_entries taken = { 0 };
    tt_status status = read_page (store, name, partition, before, from + limit - 1, &taken, stand, error);
    bool short_of = taken.count == 0 || taken.list[taken.count - 1].sequence < from;
    if (status == TT_OK && short_of && from <= stand->head) /* the block that it is in ends behind what was asked for */
        status = read_page (store, name, partition, before, 0, &taken, stand, error);
    if (status != TT_OK)
        return status;
    size_t first = 0; /* at `from` or behind it */
    while (first < taken.count && taken.list[first].sequence < from)
        first++;
    if (from <= stand->head && (first == taken.count || taken.list[first].sequence != from)) {
        stand->earliest = first < taken.count ? taken.list[first].sequence : stand->head + 1;
        return TT_OK;
    }
    *entries = taken.list;
    *count = first + tt_journal_dense (&(tt_entries){ .list = taken.list + first, .count = taken.count - first }, from, limit);
    return TT_OK;
}
