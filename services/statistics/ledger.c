#include "ledger.h"

#include <stdio.h>
#include <string.h>

const char *const stats_streams[STATS_STREAMS] = { "patent", "achievement", "finance" };

typedef Techtransfer__Statistics__V1__Position position_message;

static tt_bytes
text (const char *string)
{
    return tt_bytes_of_text (string);
}

/* -- positions
 * ----------------------------------------------------------------------------------------------------------------------- */

static bool
read_position (const tt_row *row, stats_position *out)
{
    *out = (stats_position){ 0 };
    if (!row->present)
        return true;
    position_message *stored = techtransfer__statistics__v1__position__unpack (NULL, row->value.size, row->value.data);
    if (!stored)
        return false;
    out->sequence = stored->sequence;
    snprintf (out->epoch, sizeof out->epoch, "%s", stored->epoch);
    techtransfer__statistics__v1__position__free_unpacked (stored, NULL);
    return true;
}

static void
put_position (tt_txn *txn, const char *key, const stats_portion *portion)
{
    position_message position = TECHTRANSFER__STATISTICS__V1__POSITION__INIT;
    position.stream = (char *)portion->stream;
    position.partition = portion->partition;
    position.sequence = portion->events[portion->count - 1].sequence;
    position.epoch = (char *)portion->epoch;
    tt_txn_put_message (txn, "position", text (key), &position.base);
}

/* The first event that is not yet counted; count if all are. False: the store is not where this consumer believes it to be. */
static bool
find_first (const stats_portion *portion, const stats_position *stored, size_t *first)
{
    *first = 0;
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

static const char *
counts_key (tt_txn *txn, const char *key, stats_count count)
{
    return tt_arena_printf (tt_txn_arena (txn), "%s/%s", key, stats_count_kind_of (count)->name);
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
            (void)tt_txn_get (txn, "counts", text (counts_key (txn, key, c)));
}

/* The row of one count with the changes of the events from `first` on. */
static bool
put_counts (tt_txn *txn, const char *key, stats_count count, stats_tally *tally)
{
    tt_error error = { 0 };
    const char *row_key = counts_key (txn, key, count);
    const tt_row *row = tt_txn_get (txn, "counts", text (row_key));
    if ((row->present && stats_tally_row (tally, tt_txn_arena (txn), row->value, &error) != TT_OK)
        || stats_tally_sum (tally, &error) != TT_OK) {
        refuse_with (txn, &error);
        return false;
    }
    Techtransfer__Statistics__V1__CountRow message = TECHTRANSFER__STATISTICS__V1__COUNT_ROW__INIT;
    message.n_counts = tally->count;
    message.counts = stats_tally_messages (tally, tt_txn_arena (txn));
    tt_txn_put_message (txn, "counts", text (row_key), &message.base);
    return true;
}

static void
apply_events (tt_txn *txn, const char *key, const stats_portion *portion, size_t first)
{
    bool touched[STATS_COUNT_NAMES] = { false };
    member_states members = { 0 };
    stats_tally tallies[STATS_COUNT_NAMES] = { { 0 } };
    read_touched (txn, key, portion, first, touched, &members);
    if (tt_txn_pending (txn))
        return;
    for (size_t i = first; i < portion->count; i++)
        for (size_t k = 0; k < portion->events[i].effects.count; k++) {
            const stats_effect *effect = &portion->events[i].effects.items[k];
            if (effect->member)
                apply_member (txn, key, effect, &members, &tallies[effect->count]);
            else
                stats_tally_effect (&tallies[effect->count], tt_txn_arena (txn), effect);
        }
    for (int c = 0; c < STATS_COUNT_NAMES; c++)
        if (touched[c] && !put_counts (txn, key, c, &tallies[c]))
            return;
    put_members (txn, &members);
    put_position (txn, key, portion);
}

void
stats_ledger_apply (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    stats_portion *portion = (stats_portion *)request;
    const char *key = tt_arena_printf (tt_txn_arena (txn), "%s/%u", portion->stream, portion->partition);
    tt_txn_at (txn, text (key));
    const tt_row *row = tt_txn_get (txn, "position", text (key));
    if (!row)
        return;
    stats_position stored;
    size_t first;
    portion->applied = 0;
    if (!read_position (row, &stored)) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored position of %s cannot be read", key);
        return;
    }
    if (!find_first (portion, &stored, &first)) {
        tt_txn_refuse (txn, TT_ABORTED, "%s is stored at %llu, expected %llu or more", key, (unsigned long long)stored.sequence,
                       (unsigned long long)portion->base.sequence);
        return;
    }
    portion->applied = portion->count - first;
    if (portion->applied > 0)
        apply_events (txn, key, portion, first);
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
        tt_bytes key = text (tt_arena_printf (tt_txn_arena (txn), "%s/%u", stream, p));
        const tt_row *row = tt_txn_get_at (txn, key, "position", key);
        if (row && !read_position (row, &(*positions)[p]))
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
        const char *key = tt_arena_printf (tt_txn_arena (txn), "%s/%u", stats_count_kind_of (count)->stream, p);
        const tt_row *row = tt_txn_get_at (txn, text (key), "counts", text (counts_key (txn, key, count)));
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
