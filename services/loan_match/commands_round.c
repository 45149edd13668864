/* Rounds: begun, carried on, finished, shown.
 *
 *     step 0       snapshot -> allocation; stores round, plan and progress, locks the market
 *     steps 1..n   one slice of the plan each: proposals with their capacity, or the reason why not
 *     last step    takes out what was dropped, publishes the round, unlocks the market
 *
 * Where a round stands is in its progress row and nowhere else, so any replica can go on with it, by a retry of the command or by
 * the processor; each slice is done once, because each step is guarded by that row. */
#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "checks.h"
#include "propose.h"
#include "round.h"
#include "snapshot.h"

#define SLICE_ITEMS 24 /* of about 15 writes each: one unit stays short */
#define PLAN_ROW_ITEMS 256
#define PLAN_MAX_ROWS 400 /* one unit writes them all */
#define OVERDUE_MS 10000  /* a round that is not finished by then is taken up by the processor */
#define DEFAULT_HOLD_SECONDS 604800
#define MAX_HOLD_SECONDS 2592000

#define CERTIFICATE_PART (256U << 10)
#define CERTIFICATE_MAX_PARTS 256
#define TELL_US 1000000

/* A round that is being worked on. */
typedef struct {
    tt_txn *txn;
    const char *market;
    const char *round_id;
    match_progress progress;
} job;

/* One that is being computed, and when it last said so. */
typedef struct {
    const job *j;
    int64_t told_us;
} long_round;

static void
put_progress (job *j)
{
    tt_buffer bytes = { 0 };
    match_progress_encode (&j->progress, &bytes);
    match_put (j->txn, "progress", j->market, tt_bytes_of_text (j->round_id), &bytes);
    tt_buffer_free (&bytes);
}

/* The row that says which round of the market is running. It is emptied, never deleted. */
static const tt_row *
get_lock (job *j)
{
    return tt_txn_get (j->txn, match_table (j->txn, "running", j->market), tt_bytes_of_text ("round"));
}

static void
put_lock (job *j, const char *round_id)
{
    tt_txn_put (j->txn, match_table (j->txn, "running", j->market), tt_bytes_of_text ("round"), tt_bytes_of_text (round_id));
}

static finance_round *
get_round (job *j)
{
    match_found found;
    finance_round *round = match_read (j->txn, "round", j->market, tt_bytes_of_text (j->round_id),
                                       &techtransfer__finance__v1__round__descriptor, &found);
    if (found == MATCH_ABSENT)
        tt_txn_refuse (j->txn, TT_DATA_LOSS, "round %s of market %s is not in the store", j->round_id, j->market);
    return round;
}

static void
reply_round (job *j, finance_round *round)
{
    Techtransfer__Finance__V1__RunRoundReply reply = TECHTRANSFER__FINANCE__V1__RUN_ROUND_REPLY__INIT;
    reply.round = round;
    reply.proposals = j->progress.made;
    tt_txn_reply (j->txn, &reply.base);
}

static tt_bytes
plan_key (job *j, uint32_t row)
{
    return tt_bytes_of_text (tt_arena_printf (tt_txn_arena (j->txn), "%s/%u", j->round_id, row));
}

/* -- step 0 -- */

/* Cuts the plan into rows of whole legs. */
static void
put_plan (job *j, const match_plan_item *items, size_t count)
{
    tt_buffer bytes = { 0 };
    for (size_t from = 0, size; from < count; from += size) {
        size = match_plan_slice (items, count, from, PLAN_ROW_ITEMS);
        tt_buffer_clear (&bytes);
        match_plan_encode (items + from, size, &bytes);
        tt_txn_put_blind (j->txn, match_table (j->txn, "plan", j->market), plan_key (j, j->progress.rows++),
                          (tt_bytes){ bytes.data, bytes.size });
    }
    tt_buffer_free (&bytes);
}

/* The certificate in rows: one row, and one reply of GetCertificate, stays small. */
static void
put_certificate (job *j, tt_bytes bytes)
{
    for (size_t from = 0; from < bytes.size; from += CERTIFICATE_PART) {
        size_t size = bytes.size - from < CERTIFICATE_PART ? bytes.size - from : CERTIFICATE_PART;
        tt_txn_put_blind (j->txn, match_table (j->txn, "certificate", j->market), plan_key (j, (uint32_t)(from / CERTIFICATE_PART)),
                          (tt_bytes){ bytes.data + from, size });
    }
}

/* A long round says where it is. */
static void
tell (void *context, const match_report *report)
{
    long_round *round = context;
    int64_t now = tt_clock_monotonic_us ();
    char runs[16], closings[16], failing[16];
    if (now - round->told_us < TELL_US)
        return;
    round->told_us = now;
    snprintf (runs, sizeof runs, "%u", report->runs);
    snprintf (closings, sizeof closings, "%u", report->closings);
    snprintf (failing, sizeof failing, "%u", report->failing);
    tt_log (TT_LOG_INFO, "round goes on", "market", round->j->market, "round", round->j->round_id, "runs", runs, "closings", closings,
            "below minimum", failing, NULL);
}

static finance_round *
compute (job *j, match_snapshot *snapshot)
{
    tt_bytes certificate = TT_BYTES_NONE;
    long_round watched = { j, tt_clock_monotonic_us () };
    match_options options = { .report = tell, .context = &watched };
    tt_error error = { 0 };
    finance_round *round = tt_arena_alloc (tt_txn_arena (j->txn), sizeof *round);
    techtransfer__finance__v1__round__init (round);
    round->market = (char *)j->market;
    round->round_id = (char *)j->round_id;
    round->ran_unix_ms = tt_txn_now (j->txn);
    tt_status status = match_round_run (snapshot, &options, tt_txn_arena (j->txn), round, &certificate, &error);
    if (status == TT_OK && round->n_allocations > (size_t)PLAN_MAX_ROWS * PLAN_ROW_ITEMS / 2)
        status = tt_fail (&error, TT_RESOURCE_EXHAUSTED, "the round has %zu allocations, more than one round can propose",
                          round->n_allocations);
    if (status == TT_OK && certificate.size > (size_t)CERTIFICATE_PART * CERTIFICATE_MAX_PARTS)
        status = tt_fail (&error, TT_RESOURCE_EXHAUSTED, "the round's certificate has %zu bytes, more than is kept", certificate.size);
    if (status != TT_OK) {
        tt_txn_refuse (j->txn, status, "%s", error.message);
        return NULL;
    }
    put_certificate (j, certificate);
    return round;
}

static void
begin (job *j, uint32_t hold_seconds)
{
    match_snapshot snapshot;
    const tt_row *lock = get_lock (j),
                 *round_row = tt_txn_get (j->txn, match_table (j->txn, "round", j->market), tt_bytes_of_text (j->round_id));
    if (lock && lock->present && lock->value.size) {
        tt_txn_refuse (j->txn, TT_FAILED_PRECONDITION,
                       "round \"%.*s\" of market \"%s\" is not finished yet: run it again to go on with it",
                       (int)lock->value.size, (const char *)lock->value.data, j->market);
        return;
    }
    if (!match_snapshot_read (j->txn, j->market, &snapshot) || lock == NULL || round_row == NULL)
        return;
    finance_round *round = compute (j, &snapshot);
    if (round == NULL)
        return;
    int64_t now = tt_txn_now (j->txn), deadline = now + INT64_C (1000) * (hold_seconds ? hold_seconds : DEFAULT_HOLD_SECONDS);
    tt_arena *arena = tt_txn_arena (j->txn);
    j->progress.total = (uint32_t)round->n_allocations;
    j->progress.deadline_unix_ms = deadline;
    j->progress.traceparent = tt_txn_traceparent (j->txn);
    j->progress.fits = tt_arena_zero (arena, j->progress.total);
    put_plan (j, match_plan_make (arena, &snapshot, round, deadline), round->n_allocations);
    put_progress (j);
    put_lock (j, j->round_id);
    tt_txn_put_message (j->txn, match_table (j->txn, "round", j->market), tt_bytes_of_text (j->round_id), &round->base);
    tt_txn_index_put (j->txn, MATCH_RUNNING, match_key (j->txn, j->market, j->round_id), now + OVERDUE_MS);
    tt_txn_then (j->txn);
}

/* -- the slices -- */

static void
propose_slice (job *j)
{
    match_progress *p = &j->progress;
    match_plan_item *items;
    size_t count;
    tt_error error = { 0 };
    const tt_row *row = tt_txn_get (j->txn, match_table (j->txn, "plan", j->market), plan_key (j, p->row));
    if (row == NULL)
        return;
    if (match_plan_decode (row->value, tt_txn_arena (j->txn), &items, &count, &error) != TT_OK || p->offset >= count) {
        tt_txn_refuse (j->txn, TT_DATA_LOSS, "row %u of the plan of round %s cannot be read", p->row, j->round_id);
        return;
    }
    size_t size = match_plan_slice (items, count, p->offset, SLICE_ITEMS);
    if (size > p->total - p->taken) {
        tt_txn_refuse (j->txn, TT_DATA_LOSS, "the plan of round %s does not fit its progress", j->round_id);
        return;
    }
    if (!match_propose (j->txn, j->market, items + p->offset, size, p->fits + p->taken, &p->made))
        return;
    p->taken += (uint32_t)size;
    p->offset += (uint32_t)size;
    if (p->offset == count) {
        tt_txn_delete (j->txn, match_table (j->txn, "plan", j->market), plan_key (j, p->row));
        p->row++;
        p->offset = 0;
    }
    put_progress (j);
    tt_txn_then (j->txn);
}

/* -- the last step -- */

static void
drop_what_did_not_fit (job *j, finance_round *round)
{
    tt_arena *arena = tt_txn_arena (j->txn);
    match_drop *drops = tt_arena_alloc (arena, j->progress.total * sizeof *drops);
    size_t count = 0;
    for (uint32_t i = 0; i < j->progress.total && i < round->n_allocations; i++)
        if (j->progress.fits[i] != MATCH_FITS)
            drops[count++] = (match_drop){ i, match_fit_text (j->progress.fits[i]) };
    if (count)
        match_round_drop (round, arena, drops, count);
}

static void
finish (job *j)
{
    Techtransfer__Finance__V1__RoundCompleted completed = TECHTRANSFER__FINANCE__V1__ROUND_COMPLETED__INIT;
    const tt_row *lock = get_lock (j);
    finance_round *round = get_round (j);
    if (round == NULL || lock == NULL)
        return;
    drop_what_did_not_fit (j, round);
    j->progress.done = true;
    j->progress.fits = NULL;
    j->progress.total = j->progress.taken = 0;
    put_progress (j);
    put_lock (j, "");
    tt_txn_put_message (j->txn, match_table (j->txn, "round", j->market), tt_bytes_of_text (j->round_id), &round->base);
    tt_txn_index_remove (j->txn, MATCH_RUNNING, match_key (j->txn, j->market, j->round_id));
    completed.round = round;
    match_event (j->txn, "round", j->market, NULL, j->round_id, &completed.base);
    reply_round (j, round);
}

/* -- commands -- */

/* The progress of the round; false: pending or refused. *known: there is such a round. */
static bool
load (job *j, bool *known)
{
    tt_error error = { 0 };
    const tt_row *row = tt_txn_get (j->txn, match_table (j->txn, "progress", j->market), tt_bytes_of_text (j->round_id));
    if (row == NULL)
        return false;
    *known = row->present;
    if (row->present && match_progress_decode (row->value, tt_txn_arena (j->txn), &j->progress, &error) != TT_OK) {
        tt_txn_refuse (j->txn, error.code, "round %s of market %s: %s", j->round_id, j->market, error.message);
        return false;
    }
    if (j->progress.traceparent) /* carried on by the processor: still what the command began */
        tt_txn_trace (j->txn, j->progress.traceparent);
    return true;
}

static void
carry_on (job *j)
{
    if (j->progress.done) {
        finance_round *round = get_round (j);
        if (round)
            reply_round (j, round);
    } else if (j->progress.taken < j->progress.total) {
        propose_slice (j);
    } else {
        finish (j);
    }
}

void
match_run_round (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__RunRoundRequest *r = request;
    job j = { .txn = txn, .market = r->market, .round_id = r->round_id };
    bool known = false;
    tt_violations v = { 0 };
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    tt_check_identifier (&v, "market", r->market);
    tt_check_identifier (&v, "round_id", r->round_id);
    tt_check_range (&v, "hold_seconds", r->hold_seconds, 0, MAX_HOLD_SECONDS);
    if (match_refuse (txn, &v) || !load (&j, &known))
        return;
    if (known)
        carry_on (&j);
    else
        begin (&j, r->hold_seconds);
}

void
match_resume_round (tt_txn *txn, const void *request, void *service)
{
    const match_place *place = request;
    job j = { .txn = txn, .market = place->market, .round_id = place->id };
    bool known = false;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (place->market));
    if (load (&j, &known) && known && !j.progress.done)
        carry_on (&j);
}

void
match_get_round (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__GetRoundRequest *r = request;
    Techtransfer__Finance__V1__GetRoundReply reply = TECHTRANSFER__FINANCE__V1__GET_ROUND_REPLY__INIT;
    job j = { .txn = txn, .market = r->market, .round_id = r->round_id };
    bool known = false;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, "round_id", r->round_id) || !load (&j, &known))
        return;
    if (!known)
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no round \"%s\" in market \"%s\"", r->round_id, r->market);
    else if (!j.progress.done)
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "round \"%s\" is not finished yet: %u of %u allocations are dealt with", r->round_id,
                       j.progress.taken, j.progress.total);
    else if ((reply.round = get_round (&j)) != NULL)
        tt_txn_reply (txn, &reply.base);
}

void
match_get_certificate (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__GetCertificateRequest *r = request;
    Techtransfer__Finance__V1__GetCertificateReply reply = TECHTRANSFER__FINANCE__V1__GET_CERTIFICATE_REPLY__INIT;
    job j = { .txn = txn, .market = r->market, .round_id = r->round_id };
    bool known = false;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    if (match_bad_names (txn, r->market, "round_id", r->round_id) || !load (&j, &known))
        return;
    const finance_round *round = known ? get_round (&j) : NULL;
    const tt_row *part = tt_txn_get (txn, match_table (txn, "certificate", r->market), plan_key (&j, r->part));
    if (!known)
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no round \"%s\" in market \"%s\"", r->round_id, r->market);
    if (round == NULL || part == NULL)
        return;
    reply.parts = (uint32_t)((round->certificate_size + CERTIFICATE_PART - 1) / CERTIFICATE_PART);
    if (!part->present) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "the certificate of round \"%s\" has %u parts, and no part %u", r->round_id, reply.parts, r->part);
        return;
    }
    reply.bytes = (ProtobufCBinaryData){ part->value.size, (uint8_t *)(uintptr_t)part->value.data };
    reply.certificate_hash = round->certificate_hash;
    tt_txn_reply (txn, &reply.base);
}
