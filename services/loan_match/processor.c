#include "processor.h"

#include <string.h>

#include "base/log.h"
#include "commands.h"
#include "ledger.h"
#include "proposal.h"

#define SWEEP_ITEMS 64 /* of each partition and index at a time */
#define TICK_MS 500

/* The indexes that are swept, and what is done with a member whose time has come. */
static const struct {
    const char *index;
    tt_handler *handle;
} sweeps[] = {
    { MATCH_DEADLINES, match_expire_proposal },
    { MATCH_RUNNING, match_resume_round },
    { MATCH_VALIDITY, match_close_application },
};
enum { SWEEPS = sizeof sweeps / sizeof *sweeps };

/* What one list transaction is asked. Its reply lists the members as proposals with market and proposal_id. */
typedef struct {
    uint32_t partition;
    const char *index;
} due_question;

/* "market/id" -> both, in the arena; false if it is not of that form. */
static bool
split_member (tt_arena *arena, tt_bytes member, match_place *place)
{
    char *text = tt_arena_strndup (arena, (const char *)member.data, member.size);
    char *slash = strchr (text, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    *place = (match_place){ text, slash + 1 };
    return true;
}

static void
list_due (tt_txn *txn, const void *request, void *service)
{
    const due_question *question = request;
    Techtransfer__Finance__V1__ListProposalsReply list = TECHTRANSFER__FINANCE__V1__LIST_PROPOSALS_REPLY__INIT;
    tt_arena *arena = tt_txn_arena (txn);
    match_place place;
    (void)service;
    tt_txn_at_partition (txn, question->partition);
    const tt_rows *rows = tt_txn_due (txn, question->index, tt_txn_now (txn), SWEEP_ITEMS, NULL);
    if (rows == NULL)
        return;
    list.proposals = tt_arena_alloc (arena, rows->count * sizeof *list.proposals);
    for (size_t i = 0; i < rows->count; i++) {
        if (!split_member (arena, rows->keys[i], &place))
            continue;
        finance_proposal *p = tt_arena_alloc (arena, sizeof *p);
        techtransfer__finance__v1__proposal__init (p);
        p->market = (char *)place.market;
        p->proposal_id = (char *)place.id;
        list.proposals[list.n_proposals++] = p;
    }
    tt_txn_reply (txn, &list.base);
}

/* Places found, with what is to be done; owned texts in the arena. */
typedef struct {
    tt_arena *arena;
    match_place *places;
    tt_handler **handlers;
    size_t count;
} due_list;

static void
take_found (due_list *due, tt_bytes reply, tt_handler *handle)
{
    Techtransfer__Finance__V1__ListProposalsReply *list
        = match_unpack (due->arena, &techtransfer__finance__v1__list_proposals_reply__descriptor, reply);
    for (size_t i = 0; list && i < list->n_proposals; i++) {
        due->places[due->count] = (match_place){ list->proposals[i]->market, list->proposals[i]->proposal_id };
        due->handlers[due->count++] = handle;
    }
}

/* Asks all partitions for everything that is due. */
static tt_status
find_due (tt_processor *processor, int64_t now, due_list *due, tt_error *error)
{
    uint32_t partitions = tt_store_partitions (tt_processor_store (processor));
    tt_batch *batch = tt_processor_batch (processor);
    size_t questions = (size_t)partitions * SWEEPS;
    due_question *asked = tt_arena_zero (due->arena, questions * sizeof *asked);
    tt_txn **txns = tt_arena_zero (due->arena, questions * sizeof *txns);
    due->places = tt_arena_zero (due->arena, questions * SWEEP_ITEMS * sizeof *due->places);
    due->handlers = tt_arena_zero (due->arena, questions * SWEEP_ITEMS * sizeof *due->handlers);
    tt_batch_begin (batch, now);
    for (size_t i = 0; i < questions; i++) {
        asked[i] = (due_question){ (uint32_t)(i / SWEEPS), sweeps[i % SWEEPS].index };
        tt_txn_spec spec = { .handle = list_due, .request = &asked[i], .read_only = true };
        txns[i] = tt_batch_add (batch, &spec);
    }
    tt_status status = tt_batch_run (batch, error);
    for (size_t i = 0; status == TT_OK && i < questions; i++)
        take_found (due, tt_txn_outcome (txns[i]).reply, sweeps[i % SWEEPS].handle);
    return status;
}

static tt_status
work_off (tt_processor *processor, int64_t now, const due_list *due, tt_error *error)
{
    tt_batch *batch = tt_processor_batch (processor);
    tt_txn **txns = tt_arena_zero (due->arena, due->count * sizeof *txns);
    tt_batch_begin (batch, now);
    for (size_t i = 0; i < due->count; i++) {
        tt_txn_spec spec = { .handle = due->handlers[i], .request = &due->places[i] };
        txns[i] = tt_batch_add (batch, &spec);
    }
    tt_status status = tt_batch_run (batch, error);
    for (size_t i = 0; status == TT_OK && i < due->count; i++) {
        tt_outcome outcome = tt_txn_outcome (txns[i]);
        if (outcome.status != TT_OK)
            tt_log (TT_LOG_WARNING, "sweep failed", "market", due->places[i].market, "id", due->places[i].id, "reason",
                    outcome.message, NULL);
    }
    return status;
}

static tt_status
sweep (tt_processor *processor, void *state, int64_t now_unix_ms, tt_error *error)
{
    (void)state;
    due_list due = { .arena = tt_arena_new (0) };
    tt_status status = find_due (processor, now_unix_ms, &due, error);
    if (status == TT_OK && due.count > 0)
        status = work_off (processor, now_unix_ms, &due, error);
    tt_arena_destroy (&due.arena);
    return status;
}

const tt_processor_ops match_processor = { .group = "matcher", .batch = 64, .tick = sweep, .tick_ms = TICK_MS };
