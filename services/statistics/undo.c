#include "undo.h"

#include <stdio.h>
#include <string.h>

#include "stored.h"

typedef Techtransfer__Statistics__V1__UndoRecord undo_record;
typedef Techtransfer__Statistics__V1__UndoMember undo_member;
typedef Techtransfer__Statistics__V1__Count count_message;

#define CHAIN_MAX 100000 /* records in one partition: more is a circle */

uint32_t
stats_undo_slots_for (uint64_t events)
{
    return events ? (uint32_t)((events + STATS_UNDO_RUN - 1) / STATS_UNDO_RUN + 1) : 0;
}

static tt_bytes
record_key (tt_txn *txn, const char *stream, uint32_t partition, uint32_t slot)
{
    return tt_bytes_of_text (tt_arena_printf (tt_txn_arena (txn), "%s/%u/%u", stream, partition, slot));
}

static uint32_t
slot_of (uint64_t sequence, uint32_t slots)
{
    return (uint32_t)(sequence / STATS_UNDO_RUN % slots);
}

/* The record that ends at exactly this position, or NULL. */
static const undo_record *
find_record (tt_txn *txn, const tt_row *row, const stats_position *position)
{
    if (!row->present)
        return NULL;
    const undo_record *record
        = (const void *)stats_unpack (&techtransfer__statistics__v1__undo_record__descriptor, row->value, tt_txn_arena (txn));
    bool fits
        = record && record->before && record->last_sequence == position->sequence && strcmp (record->epoch, position->epoch) == 0;
    return fits ? record : NULL;
}

/* Adds (sign 1) or takes back (-1) the cells of a record. False if a name is missing. */
static bool
add_cells (tt_txn *txn, const undo_record *record, int sign, stats_tally *tally)
{
    const char *name = "";
    for (size_t i = 0; i < record->n_changes; i++) {
        const count_message *c = record->changes[i];
        name = c->name[0] ? c->name : name;
        stats_tally_cell (tally, tt_txn_arena (txn), (stats_cell){ name, c->district, c->special, sign * c->value });
    }
    return record->n_changes == 0 || name[0];
}

/* -- keeping
 * --------------------------------------------------------------------------------------------------------------------------- */

static bool
is_in_slot_before (const stats_portion *portion, const stats_position *stored)
{
    uint64_t last = portion->events[portion->count - 1].sequence;
    return stored->sequence > 0 && portion->undo_slots > 0 && stored->undo_slot == slot_of (last, portion->undo_slots);
}

void
stats_undo_read (tt_txn *txn, const stats_portion *portion, const stats_position *stored)
{
    if (is_in_slot_before (portion, stored))
        (void)tt_txn_get (txn, "undo", record_key (txn, portion->stream, portion->partition, stored->undo_slot));
}

static bool
has_member (const stats_undo_run *run, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (run->members[i].key, key) == 0)
            return true;
    return false;
}

/* The older record's members come first: what they were then is what they were before both. */
static void
merge_members (tt_txn *txn, const undo_record *older, stats_undo_run *run)
{
    stats_undo_run both = { .member_count = older->n_members };
    both.members = tt_arena_alloc (tt_txn_arena (txn), (older->n_members + run->member_count + 1) * sizeof *both.members);
    for (size_t i = 0; i < older->n_members; i++)
        both.members[i] = (stats_undo_member){ older->members[i]->key, older->members[i]->present, older->members[i]->district };
    for (size_t i = 0; i < run->member_count; i++)
        if (!has_member (&both, older->n_members, run->members[i].key))
            both.members[both.member_count++] = run->members[i];
    run->members = both.members;
    run->member_count = both.member_count;
}

static bool
merge (tt_txn *txn, const undo_record *older, stats_undo_run *run)
{
    tt_error error = { 0 };
    if (!add_cells (txn, older, 1, &run->changes) || stats_tally_sum (&run->changes, &error) != TT_OK) {
        tt_txn_refuse (txn, error.code ? error.code : TT_DATA_LOSS, "an undo record: %s", error.message);
        return false;
    }
    merge_members (txn, older, run);
    run->events += older->events;
    return true;
}

static undo_member **
member_messages (tt_txn *txn, const stats_undo_run *run)
{
    undo_member *all = tt_arena_alloc (tt_txn_arena (txn), (run->member_count + 1) * sizeof *all);
    undo_member **list = tt_arena_alloc (tt_txn_arena (txn), (run->member_count + 1) * sizeof *list);
    for (size_t i = 0; i < run->member_count; i++) {
        techtransfer__statistics__v1__undo_member__init (&all[i]);
        all[i].key = (char *)run->members[i].key;
        all[i].present = run->members[i].present;
        all[i].district = (char *)run->members[i].district;
        list[i] = &all[i];
    }
    return list;
}

/* A name only where it changes. */
static count_message **
change_messages (tt_txn *txn, const stats_tally *changes)
{
    count_message **list = stats_tally_messages (changes, tt_txn_arena (txn));
    for (size_t i = changes->count; i-- > 1;)
        if (strcmp (list[i]->name, list[i - 1]->name) == 0)
            list[i]->name = (char *)protobuf_c_empty_string;
    return list;
}

static tt_bytes
pack_record (tt_txn *txn, const undo_record *record)
{
    size_t size = techtransfer__statistics__v1__undo_record__get_packed_size (record);
    uint8_t *data = tt_arena_alloc (tt_txn_arena (txn), size + 1);
    techtransfer__statistics__v1__undo_record__pack (record, data);
    return (tt_bytes){ data, size };
}

bool
stats_undo_keep (tt_txn *txn, const stats_portion *portion, const stats_position *stored, stats_position *next,
                 stats_undo_run *run)
{
    if (portion->undo_slots == 0)
        return true;
    next->undo_slot = slot_of (next->sequence, portion->undo_slots);
    tt_bytes key = record_key (txn, portion->stream, portion->partition, next->undo_slot);
    bool read = is_in_slot_before (portion, stored);
    const undo_record *older = read ? find_record (txn, tt_txn_get (txn, "undo", key), stored) : NULL;
    if (older && !merge (txn, older, run))
        return false;
    undo_record record = TECHTRANSFER__STATISTICS__V1__UNDO_RECORD__INIT;
    Techtransfer__Statistics__V1__Position before;
    stats_position_message (stored, &before);
    record.last_sequence = next->sequence;
    record.epoch = next->epoch;
    record.before = older ? older->before : &before;
    record.events = run->events;
    record.n_changes = run->changes.count;
    record.changes = change_messages (txn, &run->changes);
    record.n_members = run->member_count;
    record.members = member_messages (txn, run);
    if (read)
        tt_txn_put (txn, "undo", key, pack_record (txn, &record));
    else
        tt_txn_put_blind (txn, "undo", key, pack_record (txn, &record));
    return true;
}

/* -- taking back
 * ----------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    stats_loss *loss;
    const char *source;      /* "patent/3" */
    uint64_t first;          /* lost from here on */
    stats_position position; /* reached so far */
    bool broken;             /* by a record that is not there any more */
    uint32_t *slots;         /* of the records used */
    size_t slot_count, slot_capacity;
    stats_tally changes; /* of all of them, the other way round */
    stats_undo_member *members;
    size_t member_count;
    uint64_t events;
} taking_back;

static void
use_record (tt_txn *txn, taking_back *back, const undo_record *record)
{
    tt_arena *arena = tt_txn_arena (txn);
    stats_undo_member *members = tt_arena_alloc (arena, (back->member_count + record->n_members + 1) * sizeof *members);
    if (back->member_count > 0)
        memcpy (members, back->members, back->member_count * sizeof *members);
    back->members = members;
    for (size_t i = 0; i < record->n_members; i++) {
        const undo_member *m = record->members[i];
        size_t at = 0; /* what is older stands */
        while (at < back->member_count && strcmp (members[at].key, m->key) != 0)
            at++;
        back->member_count += at == back->member_count;
        members[at] = (stats_undo_member){ m->key, m->present, m->district };
    }
    if (back->slot_count == back->slot_capacity) {
        uint32_t *slots = tt_arena_alloc (arena, (2 * back->slot_capacity + 16) * sizeof *slots);
        if (back->slot_count > 0)
            memcpy (slots, back->slots, back->slot_count * sizeof *slots);
        back->slots = slots;
        back->slot_capacity = 2 * back->slot_capacity + 16;
    }
    back->slots[back->slot_count++] = back->position.undo_slot;
    back->events += record->events;
    stats_position_of (record->before, &back->position);
}

/* What the journal cannot vouch for at all (it does not know the epoch) is taken back only to where an earlier epoch ends: that
 * position it may know, and say exactly what of it is lost. */
static bool
is_for_the_journal_to_judge (const taking_back *back)
{
    return back->first == 1 && back->slot_count > 0 && strcmp (back->position.epoch, back->loss->epoch) != 0;
}

/* Follows the chain until nothing lost is left in the counts, or until it breaks. False: something is not read yet, or refused.
 */
static bool
follow (tt_txn *txn, taking_back *back)
{
    const stats_loss *loss = back->loss;
    while (back->position.sequence >= back->first && !is_for_the_journal_to_judge (back)) {
        const tt_row *row = tt_txn_get (txn, "undo", record_key (txn, loss->stream, loss->partition, back->position.undo_slot));
        if (!row)
            return false;
        const undo_record *record = find_record (txn, row, &back->position);
        back->broken = !record || back->slot_count == CHAIN_MAX;
        if (back->broken)
            return true;
        if (!add_cells (txn, record, -1, &back->changes)) {
            tt_txn_refuse (txn, TT_DATA_LOSS, "a stored undo record of %s cannot be read", back->source);
            return false;
        }
        use_record (txn, back, record);
    }
    return true;
}

/* Most of the chain lies in the slots right below: asked for together, they cost one round trip. */
static void
read_ahead (tt_txn *txn, const taking_back *back)
{
    const stats_loss *loss = back->loss;
    uint64_t runs = (back->position.sequence - back->first) / STATS_UNDO_RUN + 2;
    uint32_t slot = back->position.undo_slot;
    for (uint64_t i = 0; i < runs && i <= slot && i < 1024; i++)
        (void)tt_txn_get (txn, "undo", record_key (txn, loss->stream, loss->partition, slot - (uint32_t)i));
}

static bool
belongs (const char *cell, stats_count count)
{
    const char *name = stats_count_kind_of (count)->name;
    size_t size = strlen (name);
    return strncmp (cell, name, size) == 0 && (cell[size] == '\0' || cell[size] == '/');
}

/* The part of all changes that belongs to one count. */
static stats_tally
changes_of (tt_txn *txn, const taking_back *back, stats_count count)
{
    stats_tally own = { 0 };
    for (size_t i = 0; i < back->changes.count; i++)
        if (belongs (back->changes.cells[i].name, count))
            stats_tally_cell (&own, tt_txn_arena (txn), back->changes.cells[i]);
    return own;
}

static bool
take_back_counts (tt_txn *txn, const taking_back *back)
{
    stats_tally changes[STATS_COUNT_NAMES];
    for (int c = 0; c < STATS_COUNT_NAMES; c++) {
        changes[c] = changes_of (txn, back, c);
        if (changes[c].count > 0)
            (void)tt_txn_get (txn, "counts", tt_bytes_of_text (stats_counts_key (txn, back->source, c)));
    }
    for (int c = 0; c < STATS_COUNT_NAMES && !tt_txn_pending (txn); c++)
        if (changes[c].count > 0 && !stats_counts_change (txn, back->source, c, &changes[c]))
            return false;
    return !tt_txn_pending (txn);
}

static void
take_back_members (tt_txn *txn, const taking_back *back)
{
    for (size_t i = 0; i < back->member_count; i++) {
        const stats_undo_member *m = &back->members[i];
        tt_bytes key = tt_bytes_of_text (tt_arena_printf (tt_txn_arena (txn), "%s/%s", back->source, m->key));
        const tt_row *row = tt_txn_get (txn, "member", key);
        if (!row)
            continue;
        if (m->present)
            tt_txn_put (txn, "member", key, tt_bytes_of_text (m->district));
        else if (row->present)
            tt_txn_delete (txn, "member", key);
    }
}

/* The chain broke inside what was lost: what is below stays counted. */
static void
stand_in_doubt (taking_back *back, const stats_position *stored)
{
    stats_position *p = &back->position;
    uint64_t last = p->sequence;
    p->doubtful_first = stored->doubtful_first && stored->doubtful_first < back->first ? stored->doubtful_first : back->first;
    p->doubtful_last = stored->doubtful_last > last ? stored->doubtful_last : last;
    p->sequence = back->loss->resume > 0 ? back->loss->resume - 1 : back->first - 1;
    p->epoch[0] = '\0';
    p->undo_slot = 0;
}

static void
write_back (tt_txn *txn, taking_back *back, const stats_position *stored)
{
    stats_loss *loss = back->loss;
    if (!take_back_counts (txn, back))
        return;
    take_back_members (txn, back);
    if (tt_txn_pending (txn))
        return;
    for (size_t i = 0; i < back->slot_count; i++)
        tt_txn_delete (txn, "undo", record_key (txn, loss->stream, loss->partition, back->slots[i]));
    back->position.doubtful_first = stored->doubtful_first;
    back->position.doubtful_last = stored->doubtful_last;
    if (back->broken)
        stand_in_doubt (back, stored);
    back->position.undone = stored->undone + 1;
    stats_position_put (txn, loss->stream, loss->partition, &back->position);
    loss->result = back->broken ? STATS_UNDO_DOUBT : STATS_UNDO_DONE;
    loss->events = back->events;
    loss->now = back->position;
}

static bool
stands_at (const stats_position *stored, const stats_position *base)
{
    return stored->sequence == base->sequence && strcmp (stored->epoch, base->epoch) == 0;
}

void
stats_undo_take_back (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    stats_loss *loss = (stats_loss *)request;
    taking_back back = { .loss = loss, .first = loss->first ? loss->first : 1 };
    stats_position stored;
    back.source = stats_source_key (txn, loss->stream, loss->partition);
    tt_txn_at (txn, tt_bytes_of_text (back.source));
    const tt_row *row = tt_txn_get (txn, "position", tt_bytes_of_text (back.source));
    if (!row)
        return;
    if (!stats_position_read (row, tt_txn_arena (txn), &stored)) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored position of %s cannot be read", back.source);
        return;
    }
    bool moved = !stands_at (&stored, &loss->base), lost = strcmp (stored.epoch, loss->epoch) == 0 || !moved;
    loss->result = STATS_UNDO_NONE;
    loss->events = 0;
    loss->now = stored;
    if (stored.undone != loss->base.undone || (moved && (!lost || stored.sequence < back.first))) {
        tt_txn_refuse (txn, TT_ABORTED, "%s is stored at %llu of %s by now", back.source, (unsigned long long)stored.sequence,
                       stored.epoch);
        return;
    }
    if (stored.sequence < back.first) {
        loss->now.undone = stored.undone + 1;
        stats_position_put (txn, loss->stream, loss->partition, &loss->now);
        return;
    }
    back.position = stored;
    read_ahead (txn, &back);
    if (!tt_txn_pending (txn) && follow (txn, &back))
        write_back (txn, &back, &stored);
}
