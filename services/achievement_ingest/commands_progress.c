/* The end of SubmitAchievements where it says how far its source is: sequence, checkpoint and gaps in one commit, once every record
 * is decided. What is wrong here is told in the reply; the records stand. */
#include <string.h>

#include "commands.h"
#include "progress.h"
#include "validate.h"

#define PROGRESS_TYPE (&techtransfer__achievement__v1__source_progress__descriptor)

typedef Techtransfer__Achievement__V1__SubmitAchievementsRequest submit_request;
typedef Techtransfer__Achievement__V1__SubmitAchievementsReply submit_reply;

bool
ingest_submission_closes (const ProtobufCMessage *request)
{
    const submit_request *in = (const submit_request *)request;
    return in->source[0] != '\0' || in->first_sequence > 0 || in->last_sequence > 0 || in->checkpoint.len > 0;
}

static void
check_progress (const submit_request *in, tt_violations *v)
{
    tt_check_identifier (v, "source", in->source);
    if ((in->first_sequence == 0) != (in->last_sequence == 0) || in->first_sequence > in->last_sequence)
        tt_violate (v, "first_sequence", "expected first_sequence <= last_sequence, both or neither");
    tt_check_bytes (v, "checkpoint", in->checkpoint.len, 0, INGEST_CHECKPOINT_MAX);
    for (size_t i = 0; i < in->n_achievements; i++)
        if (strcmp (in->achievements[i]->source, in->source) != 0) {
            size_t mark = tt_violations_enter (v, "achievements[%zu]", i);
            tt_violate (v, "source", "not the source of the request");
            tt_violations_leave (v, mark);
        }
}

static void
reply_wrong (tt_txn *txn, const tt_violations *v)
{
    submit_reply reply = TECHTRANSFER__ACHIEVEMENT__V1__SUBMIT_ACHIEVEMENTS_REPLY__INIT;
    char *texts[TT_VIOLATIONS_MAX];
    for (size_t i = 0; i < v->count; i++)
        texts[i] = tt_arena_printf (tt_txn_arena (txn), "%s: %s", v->items[i].path, v->items[i].reason);
    reply.progress_violations = texts;
    reply.n_progress_violations = v->count;
    tt_txn_reply (txn, &reply.base);
}

static void
tell_gap (tt_txn *txn, const char *source, ingest_range *missing)
{
    Techtransfer__Achievement__V1__SourceGap event = TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_GAP__INIT;
    event.source = (char *)source;
    event.missing = missing;
    tt_txn_event (txn, ingest_topic (txn, "source-gap", source, NULL), source, &event.base);
}

static void
move (tt_txn *txn, const submit_request *in, const ingest_progress *stored)
{
    ingest_progress now = TECHTRANSFER__ACHIEVEMENT__V1__SOURCE_PROGRESS__INIT;
    if (stored)
        now = *stored;
    submit_reply reply = TECHTRANSFER__ACHIEVEMENT__V1__SUBMIT_ACHIEVEMENTS_REPLY__INIT;
    ingest_range missing;
    if (in->last_sequence > 0
        && ingest_progress_move (tt_txn_arena (txn), &now, in->first_sequence, in->last_sequence, &missing))
        tell_gap (txn, in->source, &missing);
    reply.checkpoint_moved = in->checkpoint.len > 0 && in->checkpoint_version == now.checkpoint_version;
    if (reply.checkpoint_moved) {
        now.checkpoint = in->checkpoint;
        now.checkpoint_version++;
    }
    tt_txn_put_message (txn, INGEST_TABLE_PROGRESS, tt_bytes_of_text (in->source), &now.base);
    reply.progress = &now;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_close_submission (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const submit_request *in = request;
    tt_bytes source = tt_bytes_of_text (in->source);
    tt_txn_at (txn, source);
    const tt_row *registered = tt_txn_get_at (txn, tt_bytes_of_text (INGEST_AT_SOURCES), INGEST_TABLE_SOURCE, source);
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_PROGRESS, source);
    const ingest_progress *stored = ingest_read_row (txn, row, PROGRESS_TYPE);
    if (!registered || !row || tt_txn_refused (txn))
        return;
    tt_violations v = { 0 };
    check_progress (in, &v);
    if (v.total == 0 && !registered->present)
        tt_violate (&v, "source", "not registered");
    if (v.total > 0)
        reply_wrong (txn, &v);
    else
        move (txn, in, stored);
    tt_violations_free (&v);
}
