#include "series.h"

#include "tally.h"

#include <string.h>

#define KIND(name) TECHTRANSFER__STATISTICS__V1__VINTAGE_CHANGE_KIND__##name

static tt_bytes
text (const char *string)
{
    return tt_bytes_of_text (string);
}

tt_bytes
stats_series_key (tt_txn *txn, const char *indicator, const char *district)
{
    return text (tt_arena_printf (tt_txn_arena (txn), "%s/%s", indicator, district));
}

tt_bytes
stats_revision_key (tt_txn *txn, const stats_observation *o, uint64_t revision)
{
    return text (tt_arena_printf (tt_txn_arena (txn), "%s/%s/%s/%llu", o->indicator, o->district, o->period,
                                  (unsigned long long)revision));
}

/* A stored message, in the transaction's arena; NULL after refusing. */
static ProtobufCMessage *
read_message (tt_txn *txn, const ProtobufCMessageDescriptor *type, tt_bytes bytes)
{
    ProtobufCMessage *message = stats_unpack (type, bytes, tt_txn_arena (txn));
    if (!message)
        tt_txn_refuse (txn, TT_DATA_LOSS, "a stored %s cannot be read", type->short_name);
    return message;
}

bool
stats_series_read (tt_txn *txn, const tt_row *row, stats_series *out)
{
    *out = (stats_series){ 0 };
    if (!row->present)
        return true;
    Techtransfer__Statistics__V1__ListObservationsReply *stored
        = (void *)read_message (txn, &techtransfer__statistics__v1__list_observations_reply__descriptor, row->value);
    if (!stored)
        return false;
    *out = (stats_series){ stored->observations, stored->n_observations };
    return true;
}

void
stats_series_put (tt_txn *txn, tt_bytes key, const stats_series *series)
{
    Techtransfer__Statistics__V1__ListObservationsReply stored = TECHTRANSFER__STATISTICS__V1__LIST_OBSERVATIONS_REPLY__INIT;
    stored.n_observations = series->count;
    stored.observations = series->items;
    tt_txn_put_message (txn, "series", key, &stored.base);
}

/* -- revisions
 * ----------------------------------------------------------------------------------------------------------------------- */

/* How many revisions must be read: of each period, or only of those that changed after `as_of`. */
static bool
few_enough (tt_txn *txn, const stats_series *series, int64_t changed_after)
{
    uint64_t total = 0;
    for (size_t i = 0; i < series->count; i++)
        if (series->items[i]->reported_unix_ms > changed_after)
            total += series->items[i]->revision;
    if (total <= STATS_LIST_MAX)
        return true;
    tt_txn_refuse (txn, TT_RESOURCE_EXHAUSTED, "%llu revisions are more than fit into a reply", (unsigned long long)total);
    return false;
}

static stats_observation *
read_revision (tt_txn *txn, const stats_observation *newest, uint64_t revision, bool *complete)
{
    const tt_row *row
        = tt_txn_get_at (txn, text (newest->indicator), "revision", stats_revision_key (txn, newest, revision));
    if (row && !row->present)
        tt_txn_refuse (txn, TT_DATA_LOSS, "revision %llu of %s is missing", (unsigned long long)revision, newest->period);
    stats_observation *o = row && row->present
                               ? (void *)read_message (txn, &techtransfer__statistics__v1__observation__descriptor, row->value)
                               : NULL;
    *complete &= o != NULL;
    return o;
}

static bool
accepted_by (const stats_observation *o, int64_t as_of)
{
    return as_of == 0 || o->reported_unix_ms <= as_of;
}

bool
stats_series_revisions (tt_txn *txn, const stats_series *series, int64_t as_of, stats_series *out)
{
    bool complete = true;
    size_t most = 0;
    if (!few_enough (txn, series, -1))
        return false;
    for (size_t i = 0; i < series->count; i++)
        most += series->items[i]->revision;
    *out = (stats_series){ tt_arena_alloc (tt_txn_arena (txn), (most + 1) * sizeof *out->items), 0 };
    for (size_t i = 0; i < series->count; i++)
        for (uint64_t r = 1; r <= series->items[i]->revision; r++) {
            stats_observation *o = read_revision (txn, series->items[i], r, &complete);
            if (o && accepted_by (o, as_of))
                out->items[out->count++] = o;
        }
    return complete;
}

/* The newest of all revisions that was accepted by then; NULL if the first came later. */
static stats_observation *
revision_as_of (tt_txn *txn, stats_observation *newest, int64_t as_of, bool *complete)
{
    stats_observation *found = NULL;
    if (accepted_by (newest, as_of))
        return newest;
    for (uint64_t r = 1; r < newest->revision; r++) {
        stats_observation *o = read_revision (txn, newest, r, complete);
        if (o && accepted_by (o, as_of))
            found = o;
    }
    return found;
}

bool
stats_series_as_of (tt_txn *txn, const char *indicator, const char *district, int64_t as_of, stats_series *out)
{
    bool complete = true;
    stats_series newest;
    const tt_row *row = tt_txn_get_at (txn, text (indicator), "series", stats_series_key (txn, indicator, district));
    if (!row || !stats_series_read (txn, row, &newest) || (as_of && !few_enough (txn, &newest, as_of)))
        return false;
    *out = (stats_series){ tt_arena_alloc (tt_txn_arena (txn), (newest.count + 1) * sizeof *out->items), 0 };
    for (size_t i = 0; i < newest.count; i++) {
        stats_observation *o = revision_as_of (txn, newest.items[i], as_of, &complete);
        if (o)
            out->items[out->count++] = o;
    }
    return complete;
}

/* -- differences
 * --------------------------------------------------------------------------------------------------------------------- */

static bool
has_value (const stats_observation *o)
{
    return o && o->value[0];
}

static int
kind_of_change (const stats_observation *before, const stats_observation *after)
{
    if (has_value (before) != has_value (after))
        return has_value (after) ? KIND (ADDED) : KIND (REMOVED);
    if (before && stats_observation_same (before, after))
        return KIND (VINTAGE_CHANGE_KIND_UNSPECIFIED);
    return before ? KIND (REVISED) : KIND (ADDED);
}

Techtransfer__Statistics__V1__VintageChange **
stats_vintages_compare (const stats_series *before, const stats_series *after, tt_arena *arena, size_t *count)
{
    Techtransfer__Statistics__V1__VintageChange **changes = tt_arena_alloc (arena, (after->count + 1) * sizeof *changes);
    *count = 0;
    for (size_t i = 0; i < after->count; i++) { /* no period ever leaves a series, so each stands in the later one */
        const stats_observation *old = stats_series_find (before, after->items[i]->period);
        int kind = kind_of_change (old, after->items[i]);
        if (kind == KIND (VINTAGE_CHANGE_KIND_UNSPECIFIED))
            continue;
        Techtransfer__Statistics__V1__VintageChange *change = changes[(*count)++] = tt_arena_alloc (arena, sizeof *change);
        techtransfer__statistics__v1__vintage_change__init (change);
        change->kind = (Techtransfer__Statistics__V1__VintageChangeKind)kind;
        change->before = (stats_observation *)old;
        change->after = after->items[i];
    }
    return changes;
}
