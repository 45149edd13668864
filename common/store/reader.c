#include "store/reader.h"

#include <stdio.h>
#include <string.h>

#define PAGE 1000 /* entries in one read, if nothing else is said */

struct tt_reader {
    tt_store *store;
    const char *name;
    uint32_t partitions;
    uint32_t page;
    tt_position *taken; /* of each partition: the last entry that was taken */
    tt_position *heads;
};

tt_reader *
tt_reader_new (tt_store *store, const char *name)
{
    tt_reader *reader = tt_alloc_zero (1, sizeof *reader);
    reader->store = store;
    reader->name = name;
    reader->partitions = tt_store_partitions (store);
    reader->page = PAGE;
    reader->taken = tt_alloc_zero (reader->partitions, sizeof *reader->taken);
    reader->heads = tt_alloc_zero (reader->partitions, sizeof *reader->heads);
    return reader;
}

void
tt_reader_destroy (tt_reader **reader)
{
    if (*reader == NULL)
        return;
    free ((*reader)->taken);
    free ((*reader)->heads);
    free (*reader);
    *reader = NULL;
}

void
tt_reader_set_page (tt_reader *reader, uint32_t entries)
{
    reader->page = entries;
}

tt_status
tt_reader_start (tt_reader *reader, tt_error *error)
{
    return tt_journal_positions (reader->store, reader->name, reader->taken, error);
}

static bool
is_of (const tt_entry *entry, const char *epoch)
{
    return tt_bytes_equal (entry->epoch, tt_bytes_of_text (epoch));
}

/* Takes entries as long as they are of the epoch that is known to follow. */
static tt_status
take_run (tt_reader *reader, uint32_t partition, const tt_entry *entries, size_t count, tt_reader_take *take, void *context,
          tt_error *error)
{
    tt_position *taken = &reader->taken[partition];
    char epoch[TT_EPOCH_SIZE];
    snprintf (epoch, sizeof epoch, "%.*s", (int)entries[0].epoch.size, (const char *)entries[0].epoch.data);
    for (size_t i = 0; i < count && is_of (&entries[i], epoch); i++) {
        if (entries[i].sequence != taken->sequence + 1)
            return tt_fail (error, TT_DATA_LOSS, "the log %s of partition %u has a hole before %llu", reader->name, partition,
                            (unsigned long long)entries[i].sequence);
        tt_status status = take (context, &entries[i], error);
        if (status != TT_OK)
            return status;
        taken->sequence = entries[i].sequence;
        memcpy (taken->epoch, epoch, sizeof epoch);
    }
    return TT_OK;
}

/* Asks whether what was taken is in the history of the server that answers. */
static tt_status
check (tt_reader *reader, uint32_t partition, tt_error *error)
{
    uint64_t lost_first;
    return tt_journal_check (reader->store, reader->name, partition, &reader->taken[partition], &lost_first, error);
}

/* At least up to the head; a page may hold younger entries, which are welcome. `asked`: of which epoch entries may follow. */
static tt_status
follow (tt_reader *reader, uint32_t partition, tt_reader_take *take, void *context, tt_error *error)
{
    tt_position *taken = &reader->taken[partition];
    char asked[TT_EPOCH_SIZE];
    memcpy (asked, taken->epoch, sizeof asked);
    while (taken->sequence < reader->heads[partition].sequence) {
        const tt_entry *entries = NULL;
        size_t count = 0;
        tt_status status
            = tt_journal_read (reader->store, reader->name, partition, taken->sequence + 1, reader->page, &entries, &count, NULL, error);
        if (status == TT_OK && count == 0)
            return tt_fail (error, TT_DATA_LOSS, "the log %s of partition %u ended before its head", reader->name, partition);
        if (status == TT_OK && (taken->sequence == 0 || is_of (&entries[0], asked))) {
            status = take_run (reader, partition, entries, count, take, context, error);
            memcpy (asked, taken->epoch, sizeof asked);
        } else if (status == TT_OK) { /* asking ends the loan of the entries: they are read again */
            snprintf (asked, sizeof asked, "%.*s", (int)entries[0].epoch.size, (const char *)entries[0].epoch.data);
            status = check (reader, partition, error);
        }
        if (status != TT_OK)
            return status;
    }
    return TT_OK;
}

tt_status
tt_reader_catch_up (tt_reader *reader, tt_reader_take *take, void *context, tt_error *error)
{
    tt_status status = tt_journal_positions (reader->store, reader->name, reader->heads, error);
    for (uint32_t p = 0; p < reader->partitions && status == TT_OK; p++) {
        const tt_position *taken = &reader->taken[p], *head = &reader->heads[p];
        bool other = strcmp (taken->epoch, head->epoch) != 0 || taken->sequence > head->sequence;
        if (other && taken->sequence > 0)
            status = check (reader, p, error);
        if (status == TT_OK && taken->sequence < head->sequence)
            status = follow (reader, p, take, context, error);
    }
    return status;
}
