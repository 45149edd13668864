/* RegisterContract, CorrectContract, CancelContract, GetContract, ListContracts. What becomes of a contract is decided in contract.c; here it
 * is read, committed and told. A contract lives in the partition of its number. */
#include "commands.h"
#include "contract.h"
#include "identity.h"

#define CONTRACT_TYPE (&techtransfer__achievement__v1__contract__descriptor)
#define REASON_MAX 512
#define NUMBER_MAX 32

typedef Techtransfer__Achievement__V1__RegisterContractRequest register_request;
typedef Techtransfer__Achievement__V1__CorrectContractRequest correct_request;
typedef Techtransfer__Achievement__V1__CancelContractRequest cancel_request;

/* Adds what is wrong with the contract of a request; NULL then, else as it is stored. Settles the partition. */
static ingest_contract *
contract_of (tt_txn *txn, const ProtobufCMessage *request, const ingest_contract *in, const ingest_service *service, tt_violations *v)
{
    ingest_contract *out = NULL;
    if (tt_validate_utf8 (request, v)) {
        size_t mark = tt_violations_enter (v, "contract");
        if (in)
            ingest_validate_contract (in, service->catalog, v);
        else
            tt_violate (v, NULL, "required");
        tt_violations_leave (v, mark);
    }
    if (v->total == 0)
        out = ingest_contract_normalised (tt_txn_arena (txn), in);
    tt_txn_at (txn, tt_bytes_of_text (out ? out->contract_number : ""));
    return out;
}

/* The stored contract, or NULL: none, or (*ready false) not read yet or broken. */
static ingest_contract *
stored_contract (tt_txn *txn, const char *number, bool *ready)
{
    const tt_row *row = tt_txn_get (txn, INGEST_TABLE_CONTRACT, tt_bytes_of_text (number));
    ingest_contract *stored = ingest_read_row (txn, row, CONTRACT_TYPE);
    *ready = row && !tt_txn_refused (txn);
    return stored;
}

/* True if there is something to commit. */
static bool
goes_on (tt_txn *txn, const ingest_contract_verdict *verdict)
{
    if (verdict->step == INGEST_CONTRACT_REFUSED)
        tt_txn_refuse (txn, verdict->code, "%s", verdict->reason);
    return verdict->step == INGEST_CONTRACT_WRITE;
}

static void
tell (tt_txn *txn, const char *what, const ingest_contract *contract, const ProtobufCMessage *event)
{
    tt_txn_event (txn, ingest_topic (txn, what, contract->seller->district, NULL), contract->contract_number, event);
}

static void
put_contract (tt_txn *txn, const ingest_contract *contract)
{
    tt_bytes key = tt_bytes_of_text (contract->contract_number);
    tt_txn_put_message (txn, INGEST_TABLE_CONTRACT, key, &contract->base);
    tt_txn_index_put (txn, INGEST_INDEX_CONTRACTS, key, 0);
}

void
ingest_register_contract (tt_txn *txn, const void *request, void *service)
{
    const register_request *in = request;
    tt_violations v = { 0 };
    bool ready;
    ingest_contract *contract = contract_of (txn, &in->base, in->contract, service, &v);
    if (ingest_refuse_invalid (txn, &v))
        return;
    ingest_contract *stored = stored_contract (txn, contract->contract_number, &ready);
    if (!ready)
        return;
    ingest_contract_verdict verdict = ingest_judge_registration (stored, contract);
    if (goes_on (txn, &verdict)) {
        Techtransfer__Achievement__V1__ContractRegistered event = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_REGISTERED__INIT;
        contract->revision = 1;
        contract->registered_unix_ms = tt_txn_now (txn);
        event.contract = contract;
        put_contract (txn, contract);
        tell (txn, "contract-registered", contract, &event.base);
    }
    Techtransfer__Achievement__V1__RegisterContractReply reply = TECHTRANSFER__ACHIEVEMENT__V1__REGISTER_CONTRACT_REPLY__INIT;
    reply.unchanged = verdict.step == INGEST_CONTRACT_UNCHANGED;
    reply.contract = reply.unchanged ? stored : contract;
    if (verdict.step != INGEST_CONTRACT_REFUSED)
        tt_txn_reply (txn, &reply.base);
}

static void
commit_correction (tt_txn *txn, ingest_contract *contract, ingest_contract *stored, char *reason)
{
    Techtransfer__Achievement__V1__ContractCorrected event = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_CORRECTED__INIT;
    contract->revision = stored->revision + 1;
    contract->registered_unix_ms = stored->registered_unix_ms;
    event.contract = contract;
    event.previous = stored;
    event.reason = reason;
    put_contract (txn, contract);
    tell (txn, "contract-corrected", contract, &event.base);
}

void
ingest_correct_contract (tt_txn *txn, const void *request, void *service)
{
    const correct_request *in = request;
    tt_violations v = { 0 };
    bool ready;
    ingest_contract *contract = contract_of (txn, &in->base, in->contract, service, &v);
    tt_check_range (&v, "revision", in->revision, 1, UINT64_MAX);
    tt_check_text (&v, "reason", in->reason, 0, REASON_MAX);
    if (ingest_refuse_invalid (txn, &v))
        return;
    ingest_contract *stored = stored_contract (txn, contract->contract_number, &ready);
    if (!ready)
        return;
    ingest_contract_verdict verdict = ingest_judge_correction (stored, contract, in->revision);
    if (goes_on (txn, &verdict))
        commit_correction (txn, contract, stored, in->reason);
    Techtransfer__Achievement__V1__CorrectContractReply reply = TECHTRANSFER__ACHIEVEMENT__V1__CORRECT_CONTRACT_REPLY__INIT;
    reply.unchanged = verdict.step == INGEST_CONTRACT_UNCHANGED;
    reply.contract = reply.unchanged ? stored : contract;
    if (verdict.step != INGEST_CONTRACT_REFUSED)
        tt_txn_reply (txn, &reply.base);
}

/* Adds what is wrong with a contract number; settles the partition. The number in its normal form, or "". */
static const char *
number_of (tt_txn *txn, const ProtobufCMessage *request, const char *number, tt_violations *v)
{
    const char *normal = "";
    if (tt_validate_utf8 (request, v) && ingest_validate_contract_number (number, v))
        normal = ingest_normal_number (tt_txn_arena (txn), number);
    tt_txn_at (txn, tt_bytes_of_text (normal));
    return normal;
}

void
ingest_cancel_contract (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const cancel_request *in = request;
    tt_violations v = { 0 };
    bool ready;
    const char *number = number_of (txn, &in->base, in->contract_number, &v);
    tt_check_text (&v, "reason", in->reason, 0, REASON_MAX);
    if (ingest_refuse_invalid (txn, &v))
        return;
    ingest_contract *contract = stored_contract (txn, number, &ready);
    if (!ready)
        return;
    ingest_contract_verdict verdict = ingest_judge_cancellation (contract, in->revision);
    if (goes_on (txn, &verdict)) {
        Techtransfer__Achievement__V1__ContractCancelled event = TECHTRANSFER__ACHIEVEMENT__V1__CONTRACT_CANCELLED__INIT;
        contract->revision++;
        contract->cancelled = true;
        event.contract = contract;
        event.reason = in->reason;
        put_contract (txn, contract);
        tell (txn, "contract-cancelled", contract, &event.base);
    }
    Techtransfer__Achievement__V1__CancelContractReply reply = TECHTRANSFER__ACHIEVEMENT__V1__CANCEL_CONTRACT_REPLY__INIT;
    reply.contract = contract;
    reply.already = verdict.step == INGEST_CONTRACT_UNCHANGED;
    if (verdict.step != INGEST_CONTRACT_REFUSED)
        tt_txn_reply (txn, &reply.base);
}

void
ingest_get_contract (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__GetContractRequest *in = request;
    tt_violations v = { 0 };
    bool ready;
    const char *number = number_of (txn, &in->base, in->contract_number, &v);
    if (ingest_refuse_invalid (txn, &v))
        return;
    Techtransfer__Achievement__V1__GetContractReply reply = TECHTRANSFER__ACHIEVEMENT__V1__GET_CONTRACT_REPLY__INIT;
    reply.contract = stored_contract (txn, number, &ready);
    if (reply.contract)
        tt_txn_reply (txn, &reply.base);
    else if (ready)
        tt_txn_refuse (txn, TT_NOT_FOUND, "no such contract");
}

static void
reply_contracts (tt_txn *txn, const tt_rows *rows, uint32_t partition, uint32_t limit)
{
    Techtransfer__Achievement__V1__ListContractsReply reply = TECHTRANSFER__ACHIEVEMENT__V1__LIST_CONTRACTS_REPLY__INIT;
    tt_arena *arena = tt_txn_arena (txn);
    reply.contracts = tt_arena_alloc (arena, (rows->count + 1) * sizeof *reply.contracts);
    for (size_t i = 0; i < rows->count && i < limit; i++) {
        ingest_contract *contract = ingest_read_row (txn, &rows->rows[i], CONTRACT_TYPE);
        if (tt_txn_refused (txn))
            return;
        if (contract)
            reply.contracts[reply.n_contracts++] = contract;
    }
    ingest_next next = ingest_next_page (txn, rows, partition, limit);
    reply.more = next.more;
    reply.next_partition = next.partition;
    reply.next_after = next.after;
    tt_txn_reply (txn, &reply.base);
}

void
ingest_list_contracts (tt_txn *txn, const void *request, void *service)
{
    (void)service;
    const Techtransfer__Achievement__V1__ListContractsRequest *in = request;
    uint32_t limit = in->limit;
    const tt_rows *rows = ingest_page_of (txn, in->partition, &limit, in->after, NUMBER_MAX, INGEST_INDEX_CONTRACTS, INGEST_TABLE_CONTRACT);
    if (rows)
        reply_contracts (txn, rows, in->partition, limit);
}
