/* The commit of a batch: units of one partition go to Redis together, and what comes back becomes outcomes, or work that is to be
 * done again. The executor is batch.c. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "store/batch.h"
#include "store/commit_run.h"
#include "store/metrics.h"

#define MAX_ATTEMPTS 64
#define MAX_UNITS_A_CALL 256 /* one call blocks Redis: keep it short */
#define MAX_BYTES_A_CALL (1 << 20)
#define OUTCOME_FINAL 0
#define OUTCOME_THEN 1

/* A second commit of the same unit would conflict with the first: the first changed a version that it expects. */
static bool
guards_itself (const tt_unit *unit)
{
    for (const tt_op *op = unit->ops; op; op = op->next)
        if ((op->op == 'p' && (op->b.size == 0 || op->b.size == 8)) || (op->op == 'd' && op->b.size == 8))
            return true;
    return false;
}

/* A commit whose answer was lost is sent again: without an id of the caller's, and without a guard that its first try has broken,
 * it needs an id to be done once. */
static bool
find_id (tt_txn *txn)
{
    if (txn->spec.request_id.size == TT_UUID_SIZE)
        memcpy (txn->id, txn->spec.request_id.data, TT_UUID_SIZE);
    else if (!txn->writes || guards_itself (&txn->unit))
        return false;
    else if (!txn->own_id)
        tt_uuid7_make (txn->id);
    txn->own_id = txn->spec.request_id.size != TT_UUID_SIZE;
    return true;
}

/* The step under which an outcome is remembered. The last step of a command with several has one name, whichever number it came to: a retry may
 * take another way through the steps, since those without an effect are not remembered, and must not end twice. */
static uint32_t
id_step (const tt_txn *txn)
{
    return txn->step > 0 && !txn->then ? UINT32_MAX : txn->step;
}

static void
fill_unit (tt_txn *txn)
{
    tt_unit *unit = &txn->unit;
    unit->request_id = TT_BYTES_NONE;
    if (!txn->spec.read_only && find_id (txn)) {
        uint32_t item = (uint32_t)txn->spec.item, step = id_step (txn);
        for (int i = 0; i < 4; i++)
            txn->id[TT_UUID_SIZE + i] = (uint8_t)(item >> (24 - 8 * i));
        for (int i = 0; i < 4; i++)
            txn->id[TT_UUID_SIZE + 4 + i] = (uint8_t)(step >> (24 - 8 * i));
        unit->request_id = (tt_bytes){ txn->id, item || step ? sizeof txn->id : TT_UUID_SIZE };
        unit->id_unix_ms = tt_uuid7_unix_ms (txn->id);
    }
    uint8_t *outcome = tt_arena_alloc (txn->batch->arena, txn->reply.size + 1);
    outcome[0] = txn->then ? OUTCOME_THEN : OUTCOME_FINAL;
    if (txn->reply.size)
        memcpy (outcome + 1, txn->reply.data, txn->reply.size);
    unit->outcome = (tt_bytes){ outcome, txn->reply.size + 1 };
}

static size_t
unit_bytes (const tt_unit *unit)
{
    size_t bytes = unit->outcome.size + 64;
    for (const tt_op *op = unit->ops; op; op = op->next)
        bytes += op->a.size + op->b.size + op->c.size + 32;
    return bytes;
}

struct call {
    struct call *next;
    size_t command;
    size_t begin, count; /* in the sorted array */
    bool run;            /* its units do not meet */
};

/* Writers in order of partition, within it in order of adding. */
static size_t
sort_writers (tt_batch *batch, tt_txn ***sorted)
{
    uint32_t partitions = tt_store_partitions (batch->store);
    size_t *starts = tt_arena_zero (batch->arena, (partitions + 1) * sizeof *starts);
    size_t count = 0;
    for (tt_txn *txn = batch->first; txn; txn = txn->next)
        if (txn->state == TXN_DECIDED && txn->writes) {
            starts[txn->unit.partition + 1]++;
            count++;
        }
    for (uint32_t p = 0; p < partitions; p++)
        starts[p + 1] += starts[p];
    *sorted = tt_arena_alloc (batch->arena, (count + 1) * sizeof (tt_txn *));
    for (tt_txn *txn = batch->first; txn; txn = txn->next)
        if (txn->state == TXN_DECIDED && txn->writes)
            (*sorted)[starts[txn->unit.partition]++] = txn;
    return count;
}

/* True if no earlier transaction of this call writes a row that this one touches, and it adds to no number. Rows that earlier
 * ones have only read do not matter: all guards of a run are checked before its writes. */
static bool
stands_apart (tt_txn *txn, uint64_t call)
{
    bool apart = !txn->by_itself;
    for (const struct touched *t = txn->touched; t; t = t->next) {
        if (t->row->call == call || (t->row->kind == 'n' && t->op))
            apart = false;
        if (t->op)
            t->row->call = call;
    }
    return apart;
}

/* Two calls of one partition keep their order in one transaction of one Redis. In a cluster the first may be sent again after the
 * second was done: there the second waits for the next round. */
static bool
must_wait (const tt_batch *batch, tt_txn *const *sorted, size_t begin)
{
    return batch->store->cluster && begin > 0 && sorted[begin - 1]->unit.partition == sorted[begin]->unit.partition;
}

/* Cuts the sorted writers into calls of one partition and bounded size, and adds them to the pipeline. */
static struct call *
add_calls (tt_batch *batch, tt_txn **sorted, tt_unit **units, size_t count)
{
    struct call *calls = NULL, **link = &calls;
    batch->deferred = false;
    for (size_t begin = 0, end; begin < count; begin = end) {
        if (must_wait (batch, sorted, begin)) {
            batch->deferred = true;
            end = begin + 1;
            continue;
        }
        size_t bytes = 0;
        bool run = true;
        batch->calls++;
        for (end = begin; end < count && end - begin < MAX_UNITS_A_CALL && bytes < MAX_BYTES_A_CALL; end++) {
            if (sorted[end]->unit.partition != sorted[begin]->unit.partition)
                break;
            fill_unit (sorted[end]);
            units[end] = &sorted[end]->unit;
            bytes += unit_bytes (units[end]);
            run = stands_apart (sorted[end], batch->calls) && run;
        }
        struct call *call = tt_arena_alloc (batch->arena, sizeof *call);
        *call = (struct call){ .begin = begin, .count = end - begin, .run = run };
        call->command = run ? tt_commit_run_add (batch->store, units + begin, call->count)
                            : tt_commit_add (batch->store, units + begin, call->count);
        *link = call;
        link = &call->next;
        batch->counts.commits++;
    }
    return calls;
}

void
tt_txn_finish (tt_txn *txn, tt_status status, const char *message)
{
    txn->state = TXN_DONE;
    if (status != TT_OK) {
        txn->status = status;
        txn->message = tt_arena_strndup (txn->batch->arena, message, strlen (message));
        txn->reply = TT_BYTES_NONE;
    }
}

/* What it read is stale, and what it showed to later ones was never true. */
static void
take_back_rows (tt_txn *txn)
{
    for (struct touched *t = txn->touched; t; t = t->next) {
        t->row->loaded = false;
        t->row->holder = NULL;
    }
}

static void
undecide (tt_txn *txn)
{
    take_back_rows (txn);
    txn->reads = NULL;
    txn->state = TXN_UNDECIDED;
    if (++txn->attempts > MAX_ATTEMPTS)
        tt_txn_finish (txn, TT_ABORTED, "too many concurrent changes to the same entity");
}

/* A round in which some writers had only to wait is none of the attempts. */
static void
undecide_again (tt_txn *txn)
{
    txn->attempts -= txn->batch->deferred && txn->attempts > 0;
    undecide (txn);
}

static void
take_remembered (tt_txn *txn, tt_bytes outcome)
{
    txn->batch->counts.replayed++;
    if (outcome.size && outcome.data[0] == OUTCOME_THEN) {
        undecide (txn); /* its own rows changed since it was first decided */
        tt_txn_next_step (txn);
        return;
    }
    txn->replayed = true;
    txn->status = TT_OK;
    txn->message = NULL;
    txn->violation_count = 0;
    txn->reply
        = outcome.size > 1 ? tt_arena_copy (txn->batch->arena, (tt_bytes){ outcome.data + 1, outcome.size - 1 }) : TT_BYTES_NONE;
    take_back_rows (txn);
    tt_txn_finish (txn, TT_OK, "");
}

static void
remember_bound (tt_txn *txn)
{
    const tt_op *op = txn->unit.ops;
    for (size_t i = 0; op && i < txn->unit.failed_op; i++)
        op = op->next;
    if (op == NULL)
        return;
    struct bound *bound = tt_arena_alloc (txn->batch->arena, sizeof *bound);
    *bound = (struct bound){ txn->bounds, op->name, op->a };
    txn->bounds = bound;
}

static void
refuse_forgotten (tt_txn *txn)
{
    char known[32], message[256];
    tt_time_format (txn->unit.known_from_ms, known);
    snprintf (message, sizeof message,
              "request_id: outcomes are remembered here only for ids made since %s (store.remember-max), so it cannot be said whether it was done",
              known);
    txn->violation_count = 0;
    tt_txn_finish (txn, TT_FAILED_PRECONDITION, message);
}

/* Done, but not on as many copies as wished: the caller asks again under the same request id, and waits for the copies then. */
static bool
is_confirmed (tt_txn *txn, size_t command)
{
    uint32_t copies, wished = txn->batch->store->options.replicas;
    if (tt_pipe_confirmed (txn->batch->store, command, &copies))
        return true;
    char message[160];
    snprintf (message, sizeof message,
              "done, but %u of %u copies have confirmed it in time; the same request id tells when they have", copies, wished);
    txn->batch->counts.unconfirmed++;
    tt_txn_finish (txn, TT_UNAVAILABLE, message);
    return false;
}

static bool
take_result (tt_txn *txn, size_t command)
{
    tt_batch_counts *counts = &txn->batch->counts;
    switch (txn->unit.result) {
    case TT_UNIT_COMMITTED:
        counts->committed++;
        if (!is_confirmed (txn, command))
            return true;
        if (txn->then)
            tt_txn_next_step (txn);
        else
            tt_txn_finish (txn, TT_OK, "");
        return true;
    case TT_UNIT_REPLAYED:
        if (is_confirmed (txn, command))
            take_remembered (txn, txn->unit.remembered);
        return false;
    case TT_UNIT_BOUND:
        counts->bounds++;
        remember_bound (txn);
        undecide (txn);
        return false;
    case TT_UNIT_FORGOTTEN:
        take_back_rows (txn);
        refuse_forgotten (txn);
        return false;
    case TT_UNIT_AGAIN:
        txn->by_itself = true; /* what it decided stands */
        return false;
    default:
        counts->conflicts++;
        undecide (txn);
        return false;
    }
}

/* What a fail-over could take back must not be the ground for "nothing to do": with redis.replicas the copies must have it. */
static bool
needs_copies (const tt_txn *txn)
{
    return txn->state == TXN_DECIDED && !txn->writes && !txn->spec.read_only && txn->located && txn->batch->store->options.replicas > 0;
}

/* Something for WAIT to be about. */
static size_t
add_touch (tt_store *store, uint32_t partition)
{
    tt_buffer *out = tt_pipe_command (store, partition);
    tt_pipe_touch (store, out, partition);
    return tt_pipe_end (store);
}

/* Decided without an effect: an earlier try under the same request id may have had one. Asked after the commits of this batch,
 * which may hold that earlier try. */
static void
add_lookups (tt_batch *batch)
{
    for (tt_txn *txn = batch->first; txn; txn = txn->next) {
        txn->needs_lookup
            = txn->state == TXN_DECIDED && !txn->writes && !txn->spec.read_only && txn->spec.request_id.size && txn->located;
        if (!txn->needs_lookup && needs_copies (txn))
            txn->command = add_touch (batch->store, txn->unit.partition);
        if (!txn->needs_lookup)
            continue;
        fill_unit (txn);
        txn->command = tt_commit_lookup_add (batch->store, &txn->unit);
    }
}

/* Transactions without an effect: final, unless something that they were shown in this round was taken back. */
static tt_status
settle_effectless (tt_batch *batch, bool all_true, tt_error *error)
{
    for (tt_txn *txn = batch->first; txn; txn = txn->next) {
        if (txn->state != TXN_DECIDED || txn->writes)
            continue;
        if (txn->needs_lookup) {
            tt_status status = tt_commit_lookup_result (batch->store, txn->command, &txn->unit, error);
            if (status != TT_OK)
                return status;
        }
        if ((txn->needs_lookup || needs_copies (txn)) && !is_confirmed (txn, txn->command))
            continue;
        if (txn->needs_lookup && txn->unit.result == TT_UNIT_REPLAYED)
            take_remembered (txn, txn->unit.remembered);
        else if (txn->needs_lookup && txn->unit.result == TT_UNIT_FORGOTTEN)
            refuse_forgotten (txn);
        else if (all_true)
            tt_txn_finish (txn, TT_OK, "");
        else
            undecide_again (txn);
    }
    return TT_OK;
}

void
tt_batch_build_commit (tt_batch *batch)
{
    batch->writer_count = sort_writers (batch, &batch->writers);
    batch->units = tt_arena_alloc (batch->arena, (batch->writer_count + 1) * sizeof *batch->units);
    tt_pipe_begin (batch->store);
    batch->commit = add_calls (batch, batch->writers, batch->units, batch->writer_count);
    add_lookups (batch);
    tt_pipe_confirm (batch->store);
}

tt_status
tt_batch_run_commit (tt_batch *batch, tt_error *error)
{
    int64_t began_us = batch->sent ? batch->sent_us : tt_clock_monotonic_us ();
    batch->sent = false;
    tt_status status = tt_pipe_run_together (batch->store, error);
    if (status == TT_OK && batch->writer_count)
        tt_store_count_time (batch->store->options.metrics, TT_STORE_COMMIT_TIME, tt_clock_monotonic_us () - began_us);
    bool all_true = !batch->deferred;
    for (struct call *call = batch->commit; status == TT_OK && call; call = call->next)
        status = (call->run ? tt_commit_run_result : tt_commit_result) (batch->store, call->command, batch->units + call->begin,
                                                                        call->count, error);
    if (status != TT_OK)
        return status;
    for (struct call *call = batch->commit; call; call = call->next)
        for (size_t i = call->begin; i < call->begin + call->count; i++)
            if (!take_result (batch->writers[i], call->command))
                all_true = false;
    return settle_effectless (batch, all_true, error);
}
