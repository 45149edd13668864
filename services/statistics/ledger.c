#include "ledger.h"

#include "stored.h"
#include "undo.h"

#include <stdio.h>
#include <string.h>

const char *const stats_streams[STATS_STREAMS] = { "patent", "achievement", "finance" };

static tt_bytes
text (const char *string)
{
    return tt_bytes_of_text (string);
}

/* -- positions
 * ----------------------------------------------------------------------------------------------------------------------- */

/* The first event that is not yet counted; count if all are. False: the store is not where this consumer believes it to be. */
static bool
find_first (const stats_portion *portion, const stats_position *stored, size_t *first)
{
    *first = 0;
    if (stored->undone != portion->base.undone)
        return false;
    if (strcmp (stored->epoch, portion->epoch) == 0) {
        if (strcmp (portion->base.epoch, portion->epoch) == 0 && stored->sequence < portion->base.sequence)
            return false;
        while (*first < portion->count && portion->events[*first].sequence <= stored->sequence)
            (*first)++;
        return true;
    }
    return strcmp (stored->epoch, portion->base.epoch) == 0 && stored->sequence == portion->base.sequence;
}

/* -- members
 * ------------------------------------------------------------------------------------------------------------------------- */

/* A member as it is in the middle of a portion. */
typedef struct {
    const char *key; /* of its row */
    bool was;        /* in the store */
    bool is;
    const char *was_in; /* district */
    const char *is_in;
} member_state;

typedef struct {
    member_state *items;
    size_t count;
} member_states;

static member_state *
find_member (member_states *members, const char *key)
{
    for (size_t i = 0; i < members->count; i++)
        if (strcmp (members->items[i].key, key) == 0)
            return &members->items[i];
    return NULL;
}

static const char *
member_key (tt_txn *txn, const char *key, const stats_effect *effect)
{
    return tt_arena_printf (tt_txn_arena (txn), "%s/%s/%s", key, stats_count_kind_of (effect->count)->name, effect->member);
}

static void
read_member (tt_txn *txn, const char *key, const stats_effect *effect, member_states *members)
{
    const char *row_key = member_key (txn, key, effect);
    if (find_member (members, row_key))
        return;
    const tt_row *row = tt_txn_get (txn, "member", text (row_key));
    if (!row)
        return;
    const char *district
        = tt_arena_strndup (tt_txn_arena (txn), row->present ? (const char *)row->value.data : "", row->value.size);
    members->items[members->count++] = (member_state){ row_key, row->present, row->present, district, district };
}

/* Takes the member out of where it was counted and puts it where it is now. */
static void
apply_member (tt_txn *txn, const char *key, const stats_effect *effect, member_states *members, stats_tally *tally)
{
    member_state *member = find_member (members, member_key (txn, key, effect));
    stats_effect change = { .count = effect->count, .detail = "", .district = member->is_in, .delta = -1 };
    if (member->is)
        stats_tally_effect (tally, tt_txn_arena (txn), &change);
    member->is = effect->delta > 0;
    member->is_in = effect->district;
    if (member->is)
        stats_tally_effect (tally, tt_txn_arena (txn), effect);
}

static void
put_members (tt_txn *txn, const member_states *members)
{
    for (size_t i = 0; i < members->count; i++) {
        const member_state *m = &members->items[i];
        if (m->is && !(m->was && strcmp (m->was_in, m->is_in) == 0))
            tt_txn_put (txn, "member", text (m->key), text (m->is_in));
        else if (!m->is && m->was)
            tt_txn_delete (txn, "member", text (m->key));
    }
}

/* -- applying
 * ------------------------------------------------------------------------------------------------------------------------ */

static void
refuse_with (tt_txn *txn, const tt_error *error)
{
    tt_txn_refuse (txn, error->code, "%s", error->message);
}

/* Asks for every row that the events touch; what is missing shows in tt_txn_pending. */
static void
read_touched (tt_txn *txn, const char *key, const stats_portion *portion, size_t first, bool touched[STATS_COUNT_NAMES],
              member_states *members)
{
    members->items = tt_arena_alloc (tt_txn_arena (txn), (portion->count - first) * STATS_EFFECTS_MAX * sizeof *members->items);
    for (size_t i = first; i < portion->count; i++)
        for (size_t k = 0; k < portion->events[i].effects.count; k++) {
            const stats_effect *effect = &portion->events[i].effects.items[k];
            touched[effect->count] = true;
            if (effect->member)
                read_member (txn, key, effect, members);
        }
    for (int c = 0; c < STATS_COUNT_NAMES; c++)
        if (touched[c])
            (void)tt_txn_get (txn, "counts", text (stats_counts_key (txn, key, c)));
}

/* Sums what the events from `first` on change, count by count. */
static void
add_changes (tt_txn *txn, const char *key, const stats_portion *portion, size_t first, member_states *members,
             stats_tally changes[STATS_COUNT_NAMES])
{
    for (size_t i = first; i < portion->count; i++)
        for (size_t k = 0; k < portion->events[i].effects.count; k++) {
            const stats_effect *effect = &portion->events[i].effects.items[k];
            if (effect->member)
                apply_member (txn, key, effect, members, &changes[effect->count]);
            else
                stats_tally_effect (&changes[effect->count], tt_txn_arena (txn), effect);
        }
}

/* How the members that change were before. */
static void
remember_members (tt_txn *txn, const char *key, const member_states *members, stats_undo_run *run)
{
    run->members = tt_arena_alloc (tt_txn_arena (txn), (members->count + 1) * sizeof *run->members);
    for (size_t i = 0; i < members->count; i++) {
        const member_state *m = &members->items[i];
        if (m->was != m->is || (m->is && strcmp (m->was_in, m->is_in) != 0))
            run->members[run->member_count++]
                = (stats_undo_member){ .key = m->key + strlen (key) + 1, .present = m->was, .district = m->was_in };
    }
}

/* Sequences that the source did not have any more were never counted: that is said with the counts. Also behind an epoch's end: what the source lost
 * is told before its next event comes, and taken back (undo.c), so what is missing here was trimmed. */
static void
note_missing (const stats_portion *portion, size_t first, const stats_position *stored, stats_position *next)
{
    uint64_t last = stored->sequence;
    for (size_t i = first; i < portion->count; i++) {
        uint64_t sequence = portion->events[i].sequence;
        if (sequence > last + 1) {
            next->doubtful_first = next->doubtful_first && next->doubtful_first < last + 1 ? next->doubtful_first : last + 1;
            next->doubtful_last = next->doubtful_last > sequence - 1 ? next->doubtful_last : sequence - 1;
        }
        last = sequence;
    }
}

static void
apply_events (tt_txn *txn, const char *key, const stats_portion *portion, size_t first, const stats_position *stored)
{
    bool touched[STATS_COUNT_NAMES] = { false };
    member_states members = { 0 };
    stats_tally changes[STATS_COUNT_NAMES] = { { 0 } };
    stats_undo_run run = { .events = portion->count - first };
    tt_error error = { 0 };
    read_touched (txn, key, portion, first, touched, &members);
    stats_undo_read (txn, portion, stored);
    if (tt_txn_pending (txn))
        return;
    add_changes (txn, key, portion, first, &members, changes);
    for (int c = 0; c < STATS_COUNT_NAMES; c++) {
        if (stats_tally_sum (&changes[c], &error) != TT_OK)
            return refuse_with (txn, &error);
        for (size_t i = 0; i < changes[c].count && portion->undo_slots > 0; i++)
            stats_tally_cell (&run.changes, tt_txn_arena (txn), changes[c].cells[i]);
    }
    remember_members (txn, key, &members, &run);
    for (int c = 0; c < STATS_COUNT_NAMES; c++)
        if (touched[c] && !stats_counts_change (txn, key, c, &changes[c]))
            return;
    put_members (txn, &members);
    stats_position next = *stored;
    next.sequence = portion->events[portion->count - 1].sequence;
    memcpy (next.epoch, portion->epoch, sizeof next.epoch);
    note_missing (portion, first, stored, &next);
    if (stats_undo_keep (txn, portion, stored, &next, &run))
        stats_position_put (txn, portion->stream, portion->partition, &next);
}

void
stats_ledger_apply (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    stats_portion *portion = (stats_portion *)request;
    const char *key = stats_source_key (txn, portion->stream, portion->partition);
    tt_txn_at (txn, text (key));
    const tt_row *row = tt_txn_get (txn, "position", text (key));
    if (!row)
        return;
    stats_position stored;
    size_t first;
    portion->applied = 0;
    if (!stats_position_read (row, tt_txn_arena (txn), &stored)) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored position of %s cannot be read", key);
        return;
    }
    if (!find_first (portion, &stored, &first)) {
        tt_txn_refuse (txn, TT_ABORTED, "%s is stored at %llu and was taken back %llu times, expected %llu or more and %llu", key,
                       (unsigned long long)stored.sequence, (unsigned long long)stored.undone,
                       (unsigned long long)portion->base.sequence, (unsigned long long)portion->base.undone);
        return;
    }
    portion->applied = portion->count - first;
    if (portion->applied > 0)
        apply_events (txn, key, portion, first, &stored);
}

/* -- reading
 * ------------------------------------------------------------------------------------------------------------------------- */

void
stats_ledger_know (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const stats_stream_size *size = request;
    tt_txn_at (txn, text (size->stream));
    const tt_row *row = tt_txn_get (txn, "stream", text (size->stream));
    if (!row)
        return;
    const char *number = tt_arena_printf (tt_txn_arena (txn), "%u", size->partitions);
    if (!row->present || !tt_bytes_equal (row->value, text (number)))
        tt_txn_put (txn, "stream", text (size->stream), text (number));
}

/* How many partitions a stream is known to have, 0 before the first contact. False: not read yet. */
static bool
read_size (tt_txn *txn, const char *stream, uint32_t *partitions)
{
    const tt_row *row = tt_txn_get_at (txn, text (stream), "stream", text (stream));
    if (!row)
        return false;
    *partitions = 0;
    if (row->present)
        *partitions
            = (uint32_t)strtoul (tt_arena_strndup (tt_txn_arena (txn), (const char *)row->value.data, row->value.size), NULL, 10);
    if (*partitions > STATS_SOURCE_PARTITIONS_MAX)
        *partitions = STATS_SOURCE_PARTITIONS_MAX;
    return true;
}

bool
stats_ledger_positions (tt_txn *txn, const char *stream, stats_position **positions, uint32_t *count)
{
    if (!read_size (txn, stream, count))
        return false;
    bool complete = true;
    *positions = tt_arena_zero (tt_txn_arena (txn), (*count + 1) * sizeof **positions);
    for (uint32_t p = 0; p < *count; p++) {
        tt_bytes key = text (stats_source_key (txn, stream, p));
        const tt_row *row = tt_txn_get_at (txn, key, "position", key);
        if (row && !stats_position_read (row, tt_txn_arena (txn), &(*positions)[p]))
            tt_txn_refuse (txn, TT_DATA_LOSS, "the stored position of %s/%u cannot be read", stream, p);
        complete = complete && row;
    }
    return complete;
}

static bool
read_counts (tt_txn *txn, stats_count count, uint32_t partitions, stats_tally *out)
{
    bool complete = true;
    tt_error error = { 0 };
    for (uint32_t p = 0; p < partitions; p++) {
        const char *key = stats_source_key (txn, stats_count_kind_of (count)->stream, p);
        const tt_row *row = tt_txn_get_at (txn, text (key), "counts", text (stats_counts_key (txn, key, count)));
        if (row && row->present && stats_tally_row (out, tt_txn_arena (txn), row->value, &error) != TT_OK) {
            refuse_with (txn, &error);
            return false;
        }
        complete = complete && row;
    }
    return complete;
}

bool
stats_ledger_counts (tt_txn *txn, const char *name, stats_tally *out)
{
    bool complete = true;
    tt_error error = { 0 };
    for (int c = 0; c < STATS_COUNT_NAMES; c++) {
        uint32_t partitions = 0;
        if (name[0] && strcmp (name, stats_count_kind_of (c)->name) != 0)
            continue;
        if (!read_size (txn, stats_count_kind_of (c)->stream, &partitions) || !read_counts (txn, c, partitions, out))
            complete = false;
    }
    if (complete && stats_tally_sum (out, &error) != TT_OK) {
        refuse_with (txn, &error);
        return false;
    }
    return complete;
}
