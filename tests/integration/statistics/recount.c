/* Counts the journals of the three streams from their beginning, straight from the store, one event after the other and without
 * any of the consumer's bookkeeping, and prints cells and heads as JSON. Members are kept as sets. Usage: recount REDIS-ENDPOINT
 * PARTITIONS */
#include <stdio.h>
#include <string.h>

#include "ledger.h"
#include "store/journal.h"
#include "wire/envelope.h"

typedef struct {
    char key[160];
    char district[72];
    bool is;
} member;

typedef struct {
    tt_arena *arena;
    stats_tally tally;
    member members[4096];
    size_t member_count;
    uint64_t events;
} counted;

static member *
find_member (counted *c, const char *stream, uint32_t partition, const stats_effect *effect)
{
    char key[160];
    snprintf (key, sizeof key, "%s/%u/%d/%s", stream, partition, effect->count, effect->member);
    for (size_t i = 0; i < c->member_count; i++)
        if (strcmp (c->members[i].key, key) == 0)
            return &c->members[i];
    member *m = &c->members[c->member_count++];
    snprintf (m->key, sizeof m->key, "%s", key);
    return m;
}

static void
count_effect (counted *c, const char *stream, uint32_t partition, const stats_effect *effect)
{
    if (!effect->member) {
        stats_tally_effect (&c->tally, c->arena, effect);
        return;
    }
    member *m = find_member (c, stream, partition, effect);
    m->is = effect->delta > 0;
    snprintf (m->district, sizeof m->district, "%s", effect->district);
}

static bool
count_entry (counted *c, const char *stream, const tt_entry *entry)
{
    tt_event_header header;
    tt_error error = { 0 };
    stats_effects effects;
    if (tt_event_header_decode (entry->header, &header, &error) != TT_OK)
        return fprintf (stderr, "header: %s\n", error.message), false;
    const char *type = tt_arena_strndup (c->arena, (const char *)header.type.data, header.type.size);
    if (stats_effects_of (type, entry->body, c->arena, &effects, &error) != TT_OK)
        return fprintf (stderr, "%s: %s\n", type, error.message), false;
    for (size_t i = 0; i < effects.count; i++)
        count_effect (c, stream, entry->partition, &effects.items[i]);
    c->events++;
    return true;
}

static bool
count_partition (counted *c, tt_store *store, const char *stream, uint32_t partition, uint64_t *head)
{
    const tt_entry *entries;
    size_t count;
    tt_error error = { 0 };
    *head = 0;
    do {
        if (tt_journal_read (store, TT_JOURNAL_EVENTS, partition, *head + 1, 1000, &entries, &count, NULL, &error) != TT_OK)
            return fprintf (stderr, "%s/%u: %s\n", stream, partition, error.message), false;
        for (size_t i = 0; i < count; i++) {
            if (!count_entry (c, stream, &entries[i]))
                return false;
            *head = entries[i].sequence;
        }
    } while (count > 0);
    return true;
}

static bool
count_stream (counted *c, const char *endpoint, const char *stream, uint32_t partitions)
{
    tt_store *store = NULL;
    tt_error error = { 0 };
    tt_store_options options = { .endpoints = endpoint, .service = stream, .partitions = partitions };
    bool good = tt_store_open (&store, &options, &error) == TT_OK && tt_store_prepare (store, &error) == TT_OK;
    if (!good)
        fprintf (stderr, "%s: %s\n", stream, error.message);
    printf ("\"%s\":[", stream);
    for (uint32_t p = 0; p < partitions && good; p++) {
        uint64_t head;
        good = count_partition (c, store, stream, p, &head);
        printf ("%s%llu", p ? "," : "", (unsigned long long)head);
    }
    printf ("],");
    tt_store_close (&store);
    return good;
}

static void
count_members (counted *c)
{
    for (size_t i = 0; i < c->member_count; i++) {
        int count;
        if (!c->members[i].is || sscanf (c->members[i].key, "%*[^/]/%*u/%d/", &count) != 1)
            continue;
        stats_effect effect = { .count = (stats_count)count, .detail = "", .district = c->members[i].district, .delta = 1 };
        stats_tally_effect (&c->tally, c->arena, &effect);
    }
}

int
main (int argc, char **argv)
{
    static counted c;
    tt_error error = { 0 };
    if (argc != 3)
        return 2;
    c.arena = tt_arena_new (0);
    printf ("{\"heads\":{");
    for (int s = 0; s < STATS_STREAMS; s++)
        if (!count_stream (&c, argv[1], stats_streams[s], (uint32_t)strtoul (argv[2], NULL, 10)))
            return 1;
    count_members (&c);
    if (stats_tally_sum (&c.tally, &error) != TT_OK)
        return 1;
    printf ("\"end\":[]},\"events\":%llu,\"counts\":[", (unsigned long long)c.events);
    for (size_t i = 0; i < c.tally.count; i++)
        printf ("%s[\"%s\",\"%s\",%u,%lld]", i ? "," : "", c.tally.cells[i].name, c.tally.cells[i].district,
                c.tally.cells[i].special, (long long)c.tally.cells[i].value);
    printf ("]}\n");
    tt_arena_destroy (&c.arena);
    return 0;
}
