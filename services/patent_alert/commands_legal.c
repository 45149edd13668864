/* SubmitLegalEvents, WithdrawPatent. */
#include <string.h>

#include "archive.h"
#include "commands.h"
#include "document.h"
#include "inbox.h"
#include "legal.h"
#include "service.h"
#include "wire/topic.h"

typedef Techtransfer__Patent__V1__SubmitLegalEventResult LegalResult;
typedef Techtransfer__Patent__V1__WithdrawPatentRequest WithdrawRequest;
#define OUTCOME(name) TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__##name

/* -- SubmitLegalEvents -- */

static void
answer (tt_txn *txn, const alert_service *service, LegalResult *result, size_t outcome)
{
    static const Techtransfer__Patent__V1__SubmitOutcome outcomes[ALERT_OUTCOMES] = {
        [ALERT_OUTCOME_ACCEPTED] = OUTCOME (ACCEPTED),
        [ALERT_OUTCOME_REVISED] = OUTCOME (REVISED),
        [ALERT_OUTCOME_UNCHANGED] = OUTCOME (UNCHANGED),
        [ALERT_OUTCOME_REJECTED] = OUTCOME (REJECTED),
    };
    result->outcome = outcomes[outcome];
    alert_count (service, ALERT_COUNT_LEGAL, outcome, 1);
    tt_txn_reply (txn, &result->base);
}

static void
reject (tt_txn *txn, const alert_service *service, LegalResult *result, tt_status code, char *text)
{
    result->violations = &text;
    result->n_violations = 1;
    result->code = (uint32_t)code;
    answer (txn, service, result, ALERT_OUTCOME_REJECTED);
}

static void
reject_form (tt_txn *txn, const alert_service *service, LegalResult *result, const tt_violations *violations)
{
    char *texts[TT_VIOLATIONS_MAX];
    result->violations = texts;
    result->n_violations = alert_violation_texts (txn, violations, texts);
    result->code = TT_INVALID_ARGUMENT;
    answer (txn, service, result, ALERT_OUTCOME_REJECTED);
}

/* The row, what finds it, and the event; for an orphan the count, which is bounded. */
static void
record (tt_txn *txn, const alert_service *service, const LegalRecord *row, tt_bytes id)
{
    tt_buffer topic = { 0 };
    const LegalEvent *event = row->event;
    tt_txn_put_message (txn, ALERT_TABLE_LEGAL, id, &row->base);
    tt_txn_index_put (txn, ALERT_INDEX_LEGAL, id, 0);
    if (row->orphan && !row->correction) {
        tt_txn_index_put (txn, ALERT_INDEX_ORPHANS, id, 0);
        tt_txn_add (txn, ALERT_TABLE_ORPHANS, alert_text ("all"), 1, INT64_MIN >> 12, service->orphans_max / tt_txn_partitions (txn));
    }
    if (event->corrects[0])
        tt_txn_put (txn, ALERT_TABLE_CORRECTED, alert_text (event->corrects), id);
    alert_legal_topic (event, row->trigger, &topic);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, event->event_id, &row->base);
}

static void
accept (tt_txn *txn, const alert_service *service, LegalResult *result, const LegalEvent *given, tt_bytes id, const LegalRecord *stored,
        bool known_place)
{
    LegalRecord row = TECHTRANSFER__PATENT__V1__LEGAL_EVENT_RECORDED__INIT;
    LegalEvent event = *given;
    const char *category = NULL;
    event.event_id = (char *)id.data;
    row.trigger = alert_legal_classify (service->catalog, given, &category);
    event.category = (char *)category;
    row.event = &event;
    row.correction = stored != NULL;
    row.orphan = stored ? stored->orphan : !known_place;
    result->trigger = row.trigger;
    result->category = event.category;
    result->orphan = row.orphan;
    if (tt_txn_bound_failed (txn, ALERT_TABLE_ORPHANS, alert_text ("all"))) {
        reject (txn, service, result, TT_RESOURCE_EXHAUSTED,
                tt_arena_printf (tt_txn_arena (txn), "events[%zu]: there are too many legal events without a document (legal.orphans-max)",
                                 tt_txn_item (txn)));
        return;
    }
    record (txn, service, &row, id);
    alert_count (service, ALERT_COUNT_ORPHANS, 0, row.orphan && !stored);
    alert_count (service, ALERT_COUNT_UNMAPPED, 0, category[0] == '\0');
    answer (txn, service, result, stored ? ALERT_OUTCOME_REVISED : ALERT_OUTCOME_ACCEPTED);
}

static void
decide_legal (tt_txn *txn, const alert_service *service, LegalResult *result, const LegalEvent *event, tt_bytes id)
{
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_LEGAL, id);
    const tt_row *place = tt_txn_get (txn, ALERT_TABLE_PLACES, alert_legal_key (result->event_id));
    if (event->corrects[0])
        (void)tt_txn_get (txn, ALERT_TABLE_CORRECTED, alert_text (event->corrects));
    if (tt_txn_pending (txn) || row == NULL || place == NULL)
        return;
    LegalRecord *stored
        = row->present ? techtransfer__patent__v1__legal_event_recorded__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (row->present && (stored == NULL || stored->event == NULL)) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored legal event %s cannot be read", result->event_id);
    } else if (stored && alert_legal_same (stored->event, event)) {
        result->trigger = stored->trigger;
        result->category = stored->event->category;
        result->orphan = stored->orphan;
        answer (txn, service, result, ALERT_OUTCOME_UNCHANGED);
    } else if (stored && event->revision <= stored->event->revision) {
        reject (txn, service, result, TT_FAILED_PRECONDITION,
                tt_arena_printf (tt_txn_arena (txn), "events[%zu].revision: %llu is stored already with other content; a correction carries a higher one",
                                 tt_txn_item (txn), (unsigned long long)stored->event->revision));
    } else {
        accept (txn, service, result, event, id, stored, place->present);
    }
    if (stored)
        techtransfer__patent__v1__legal_event_recorded__free_unpacked (stored, NULL);
}

void
alert_submit_legal (tt_txn *txn, const void *request, void *context)
{
    const LegalEvent *event = request;
    LegalResult result = TECHTRANSFER__PATENT__V1__SUBMIT_LEGAL_EVENT_RESULT__INIT;
    tt_violations violations = { 0 };
    size_t mark = tt_violations_enter (&violations, "events[%zu]", tt_txn_item (txn));
    bool valid = alert_legal_check (event, &violations);
    tt_violations_leave (&violations, mark);
    if (valid) {
        tt_buffer text = { 0 };
        alert_legal_id (event, &text);
        tt_bytes id = alert_keep (txn, &text);
        result.event_id = (char *)id.data;
        tt_txn_at (txn, alert_legal_key (result.event_id));
        decide_legal (txn, context, &result, event, id);
    } else {
        tt_txn_at (txn, alert_text ("rejected"));
        reject_form (txn, context, &result, &violations);
    }
    tt_violations_free (&violations);
}

/* -- WithdrawPatent -- */

static void
withdraw (tt_txn *txn, const WithdrawRequest *request, uint64_t revision)
{
    Techtransfer__Patent__V1__WithdrawPatentReply reply = TECHTRANSFER__PATENT__V1__WITHDRAW_PATENT_REPLY__INIT;
    PatentWithdrawn event = TECHTRANSFER__PATENT__V1__PATENT_WITHDRAWN__INIT;
    const char *country = tt_arena_strndup (tt_txn_arena (txn), request->document_id, 2);
    tt_buffer topic = { 0 };
    event.document_id = request->document_id;
    event.family_id = request->family_id;
    event.reason = request->reason;
    event.revision = revision;
    event.withdrawn_unix_ms = tt_txn_now (txn);
    tt_txn_put_message (txn, ALERT_TABLE_WITHDRAWN, alert_text (request->document_id), &event.base);
    tt_topic_build (&topic, "patent", "withdrawn", country, NULL);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, request->document_id, &event.base);
    tt_txn_reply (txn, &reply.base);
}

static void
withdraw_stored (tt_txn *txn, const WithdrawRequest *request, const tt_row *row)
{
    PatentDocument *document = alert_archive_unpack (row->value, NULL);
    if (document == NULL) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored document %s cannot be read", request->document_id);
        return;
    }
    alert_forget_document (txn, document, alert_text (request->document_id));
    withdraw (txn, request, document->revision);
    techtransfer__patent__v1__patent_document__free_unpacked (document, NULL);
}

/* Its alerts are there although it was kept no longer: they are to be taken back as well. */
static void
withdraw_absent (tt_txn *txn, const WithdrawRequest *request, const tt_row *gone, const tt_row *removed)
{
    Techtransfer__Patent__V1__WithdrawPatentReply reply = TECHTRANSFER__PATENT__V1__WITHDRAW_PATENT_REPLY__INIT;
    PatentWithdrawn *before
        = gone->present ? techtransfer__patent__v1__patent_withdrawn__unpack (NULL, gone->value.size, gone->value.data) : NULL;
    uint64_t revision = removed->present ? alert_number_read (removed->value) : 0;
    reply.already = true;
    if (removed->present && (before == NULL || before->revision < revision))
        withdraw (txn, request, revision);
    else if (gone->present)
        tt_txn_reply (txn, &reply.base);
    else
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no document %s%s%s", request->document_id, request->family_id[0] ? " in family " : "",
                       request->family_id);
    if (before)
        techtransfer__patent__v1__patent_withdrawn__free_unpacked (before, NULL);
}

void
alert_withdraw_patent (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const WithdrawRequest *request = message;
    tt_violations violations = { 0 };
    tt_buffer family = { 0 };
    (void)tt_check_text (&violations, "reason", request->reason, 0, 256);
    (void)tt_check_text (&violations, "family_id", request->family_id, 0, 64);
    if (!alert_document_family_of_id (request->document_id, request->family_id, &family))
        tt_violate (&violations, "document_id", "expected country, number and kind as in \"CN.111504366.B\", got \"%.80s\"",
                    request->document_id);
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    tt_txn_at (txn, alert_keep (txn, &family));
    if (tt_txn_refused (txn))
        return;
    tt_bytes id = alert_text (request->document_id);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_DOCUMENTS, id);
    const tt_row *gone = tt_txn_get (txn, ALERT_TABLE_WITHDRAWN, id), *removed = tt_txn_get (txn, ALERT_TABLE_REMOVED, id);
    if (row == NULL || gone == NULL || removed == NULL)
        return;
    if (row->present)
        withdraw_stored (txn, request, row);
    else
        withdraw_absent (txn, request, gone, removed);
}
