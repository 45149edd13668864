#include "stored.h"

#include <stdio.h>

const char *
stats_source_key (tt_txn *txn, const char *stream, uint32_t partition)
{
    return tt_arena_printf (tt_txn_arena (txn), "%s/%u", stream, partition);
}

const char *
stats_counts_key (tt_txn *txn, const char *source, stats_count count)
{
    return tt_arena_printf (tt_txn_arena (txn), "%s/%s", source, stats_count_kind_of (count)->name);
}

void
stats_position_of (const Techtransfer__Statistics__V1__Position *message, stats_position *out)
{
    *out = (stats_position){ .sequence = message->sequence,
                             .undone = message->undone,
                             .doubtful_first = message->doubtful_first,
                             .doubtful_last = message->doubtful_last,
                             .undo_slot = message->undo_slot };
    snprintf (out->epoch, sizeof out->epoch, "%s", message->epoch);
}

bool
stats_position_read (const tt_row *row, tt_arena *arena, stats_position *out)
{
    *out = (stats_position){ 0 };
    if (!row->present)
        return true;
    const ProtobufCMessage *stored = stats_unpack (&techtransfer__statistics__v1__position__descriptor, row->value, arena);
    if (stored)
        stats_position_of ((const void *)stored, out);
    return stored;
}

void
stats_position_message (const stats_position *position, Techtransfer__Statistics__V1__Position *out)
{
    techtransfer__statistics__v1__position__init (out);
    out->sequence = position->sequence;
    out->epoch = (char *)position->epoch;
    out->undone = position->undone;
    out->doubtful_first = position->doubtful_first;
    out->doubtful_last = position->doubtful_last;
    out->undo_slot = position->undo_slot;
}

void
stats_position_put (tt_txn *txn, const char *stream, uint32_t partition, const stats_position *position)
{
    Techtransfer__Statistics__V1__Position message;
    stats_position_message (position, &message);
    message.stream = (char *)stream;
    message.partition = partition;
    tt_txn_put_message (txn, "position", tt_bytes_of_text (stats_source_key (txn, stream, partition)), &message.base);
}

static void
put_counts (tt_txn *txn, tt_bytes key, const stats_tally *tally, bool present)
{
    Techtransfer__Statistics__V1__CountRow message = TECHTRANSFER__STATISTICS__V1__COUNT_ROW__INIT;
    message.n_counts = tally->count;
    message.counts = stats_tally_messages (tally, tt_txn_arena (txn));
    if (tally->count > 0)
        tt_txn_put_message (txn, "counts", key, &message.base);
    else if (present)
        tt_txn_delete (txn, "counts", key);
}

bool
stats_counts_change (tt_txn *txn, const char *source, stats_count count, stats_tally *changes)
{
    tt_error error = { 0 };
    tt_bytes key = tt_bytes_of_text (stats_counts_key (txn, source, count));
    const tt_row *row = tt_txn_get (txn, "counts", key);
    if ((row->present && stats_tally_row (changes, tt_txn_arena (txn), row->value, &error) != TT_OK)
        || stats_tally_sum (changes, &error) != TT_OK) {
        tt_txn_refuse (txn, error.code, "%s", error.message);
        return false;
    }
    put_counts (txn, key, changes, row->present);
    return true;
}
