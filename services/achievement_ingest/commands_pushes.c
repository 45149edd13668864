/* ListPushes and AnswerPush: the inbox of an owner, a numbered table in the owner's partition. */
#include "commands.h"
#include "inbox.h"
#include "leaning.h"
#include "push.h"

#define PUSH_TYPE (&techtransfer__achievement__v1__push__descriptor)
#define DEMAND_TYPE (&techtransfer__achievement__v1__demand__descriptor)
#define PAGE_DEFAULT 100
#define PAGE_MOST 1000

static void
reply_pushes (tt_txn *txn, const tt_rows *rows, uint64_t head)
{
    Techtransfer__Achievement__V1__ListPushesReply reply = TECHTRANSFER__ACHIEVEMENT__V1__LIST_PUSHES_REPLY__INIT;
    reply.head = head;
    reply.pushes = tt_arena_alloc (tt_txn_arena (txn), (rows->count + 1) * sizeof *reply.pushes);
    for (size_t i = 0; i < rows->count; i++) {
        ingest_push *push = ingest_read_row (txn, &rows->rows[i], PUSH_TYPE);
        if (tt_txn_refused (txn))
            return;
        if (push)
            reply.pushes[reply.n_pushes++] = push;
    }
    uint64_t last = reply.n_pushes > 0 ? reply.pushes[reply.n_pushes - 1]->number : head;
    reply.next_number = last < head ? last + 1 : 0;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_list_pushes (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__ListPushesRequest *in = request;
    tt_bytes owner = tt_bytes_of_text (in->owner);
    tt_txn_at (txn, owner);
    tt_violations v = { 0 };
    tt_check_identifier (&v, "owner", in->owner);
    tt_check_range (&v, "limit", in->limit, 0, PAGE_MOST);
    if (ingest_refuse_invalid (txn, &v))
        return;
    const tt_row *head = tt_txn_get (txn, INGEST_TABLE_INBOX, owner);
    const tt_rows *rows = tt_txn_range (txn, ingest_inbox_table (tt_txn_arena (txn), in->owner),
                                        in->from_number == 0 ? 1 : in->from_number, in->limit == 0 ? PAGE_DEFAULT : in->limit);
    if (head && rows)
        reply_pushes (txn, rows, ingest_inbox_number (head));
}

/* The answer in the demand: the push must be of this demand, not of an earlier one of the same name. Neither revision nor event: the demand
 * itself says what it said. */
static void
note_answer (tt_txn *txn, ingest_demand *demand, tt_bytes key, const ingest_push *push, ingest_answer answer)
{
    if (!demand || demand->created_unix_ms > push->pushed_unix_ms
        || !ingest_leaning_note (tt_txn_arena (txn), demand, push, push->answer, answer))
        return;
    tt_txn_put_message (txn, INGEST_TABLE_DEMAND, key, &demand->base);
    ingest_log_demand (txn, demand, false);
}

static void
commit_answer (tt_txn *txn, ingest_push *push, ingest_answer answer, const char *table, tt_bytes key)
{
    tt_bytes demand_key = ingest_pair_key (tt_txn_arena (txn), push->owner, push->demand_id);
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_DEMAND, demand_key);
    ingest_demand *demand = ingest_read_row (txn, row, DEMAND_TYPE);
    if (!row || tt_txn_refused (txn))
        return;
    if (push->answer != answer) {
        note_answer (txn, demand, demand_key, push, answer);
        push->answer = answer;
        tt_txn_put_message (txn, table, key, &push->base);
        Techtransfer__Achievement__V1__PushAnswered event = TECHTRANSFER__ACHIEVEMENT__V1__PUSH_ANSWERED__INIT;
        event.push = push;
        tt_txn_event (txn, ingest_topic (txn, "push-answered", push->owner, NULL), push->push_id, &event.base);
    }
    Techtransfer__Achievement__V1__AnswerPushReply reply = TECHTRANSFER__ACHIEVEMENT__V1__ANSWER_PUSH_REPLY__INIT;
    reply.push = push;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_answer_push (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__AnswerPushRequest *in = request;
    tt_txn_at (txn, tt_bytes_of_text (in->owner));
    tt_violations v = { 0 };
    tt_check_identifier (&v, "owner", in->owner);
    tt_check_range (&v, "number", in->number, 1, UINT64_MAX);
    tt_check_enum (&v, "answer", &techtransfer__achievement__v1__push_answer__descriptor, (int)in->answer, true);
    if (ingest_refuse_invalid (txn, &v))
        return;
    const char *table = ingest_inbox_table (tt_txn_arena (txn), in->owner);
    tt_bytes key = tt_number_key (txn, in->number);
    const tt_row *row = tt_txn_get (txn, table, key);
    ingest_push *push = ingest_read_row (txn, row, PUSH_TYPE);
    if (!row || tt_txn_refused (txn))
        return;
    if (!push)
        tt_txn_refuse (txn, TT_NOT_FOUND, "no push with this number in the inbox");
    else if (!ingest_answer_allowed (push->answer, in->answer))
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "the push is answered with a contract, which is final");
    else
        commit_answer (txn, push, in->answer, table, key);
}
