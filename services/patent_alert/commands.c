#include "commands.h"

#include <string.h>

#include "archive.h"
#include "document.h"
#include "watch.h"
#include "service.h"

#define DAY_MS 86400000

/* -- shared -- */

void
alert_refuse (tt_txn *txn, const tt_violations *violations)
{
    for (size_t i = 0; i < violations->count; i++)
        tt_txn_violation (txn, violations->items[i].path, "%s", violations->items[i].reason);
}

tt_bytes
alert_keep (tt_txn *txn, tt_buffer *buffer)
{
    char *copy = tt_arena_strndup (tt_txn_arena (txn), buffer->data ? (const char *)buffer->data : "", buffer->size);
    tt_bytes kept = { (const uint8_t *)copy, buffer->size };
    tt_buffer_free (buffer);
    return kept;
}

bool
alert_check_limit (uint32_t limit, tt_violations *violations)
{
    return limit == 0 || tt_check_range (violations, "limit", limit, 1, ALERT_PAGE_MAX);
}

const char *
alert_name_of (tt_txn *txn, const char *prefix, const char *owner)
{
    return tt_arena_printf (tt_txn_arena (txn), "%s%s", prefix, owner);
}

tt_bytes
alert_key_of (tt_txn *txn, const char *owner, const char *name)
{
    return alert_text (tt_arena_printf (tt_txn_arena (txn), "%s/%s", owner, name));
}

bool
alert_goes_to (tt_txn *txn, const char *owner, const char *field, const char *name)
{
    tt_violations violations = { 0 };
    (void)alert_owner_check (owner, &violations);
    (void)tt_check_identifier (&violations, field, name);
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    if (tt_txn_refused (txn))
        return false;
    tt_txn_at (txn, alert_text (owner));
    return true;
}

const tt_rows *
alert_page_of (tt_txn *txn, const char *owner, const char *after, uint32_t limit, const char *index, const char *table)
{
    tt_violations violations = { 0 };
    (void)alert_owner_check (owner, &violations);
    if (after[0])
        (void)tt_check_identifier (&violations, "after", after);
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    if (tt_txn_refused (txn))
        return NULL;
    tt_txn_at (txn, alert_text (owner));
    tt_bytes behind = after[0] ? alert_key_of (txn, owner, after) : TT_BYTES_NONE;
    return tt_txn_page (txn, alert_name_of (txn, index, owner), behind, limit + 1, table); /* one more tells whether there is a next page */
}

size_t
alert_violation_texts (tt_txn *txn, const tt_violations *violations, char **texts)
{
    for (size_t i = 0; i < violations->count; i++) {
        tt_buffer text = { 0 };
        tt_violations_text (violations, i, &text);
        texts[i] = (char *)alert_keep (txn, &text).data;
    }
    return violations->count;
}

/* -- SubmitPatents -- */

typedef Techtransfer__Patent__V1__SubmitPatentResult SubmitResult;

static void
answer_submit (tt_txn *txn, const alert_service *service, SubmitResult *result, size_t outcome)
{
    static const Techtransfer__Patent__V1__SubmitOutcome outcomes[ALERT_OUTCOMES] = {
        [ALERT_OUTCOME_ACCEPTED] = TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__ACCEPTED,
        [ALERT_OUTCOME_REVISED] = TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__REVISED,
        [ALERT_OUTCOME_UNCHANGED] = TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__UNCHANGED,
        [ALERT_OUTCOME_REJECTED] = TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__REJECTED,
    };
    result->outcome = outcomes[outcome];
    alert_count (service, ALERT_COUNT_SUBMITTED, outcome, 1);
    tt_txn_reply (txn, &result->base);
}

static void
reject_form (tt_txn *txn, const alert_service *service, SubmitResult *result, const tt_violations *violations)
{
    char *texts[TT_VIOLATIONS_MAX];
    result->violations = texts;
    result->n_violations = alert_violation_texts (txn, violations, texts);
    result->code = TT_INVALID_ARGUMENT;
    answer_submit (txn, service, result, ALERT_OUTCOME_REJECTED);
}

static void
reject_revision (tt_txn *txn, const alert_service *service, SubmitResult *result, const PatentDocument *stored,
                 const PatentDocument *submitted, bool older)
{
    char *text = tt_arena_printf (
        tt_txn_arena (txn),
        older ? "documents[%zu].revision: %llu is older than the stored %llu"
              : "documents[%zu].revision: %llu is stored already with other content; a correction carries a higher one",
        tt_txn_item (txn), (unsigned long long)submitted->revision, (unsigned long long)stored->revision);
    result->violations = &text;
    result->n_violations = 1;
    result->code = TT_FAILED_PRECONDITION;
    answer_submit (txn, service, result, ALERT_OUTCOME_REJECTED);
}

/* A withdrawn document comes back with a higher revision only. */
static bool
reject_withdrawn (tt_txn *txn, const alert_service *service, SubmitResult *result, const tt_row *row, const PatentDocument *submitted)
{
    PatentWithdrawn *gone = techtransfer__patent__v1__patent_withdrawn__unpack (NULL, row->value.size, row->value.data);
    uint64_t revision = gone ? gone->revision : 0;
    if (gone)
        techtransfer__patent__v1__patent_withdrawn__free_unpacked (gone, NULL);
    if (submitted->revision > revision)
        return false;
    char *text = tt_arena_printf (tt_txn_arena (txn), "documents[%zu].revision: it was withdrawn at revision %llu; only a higher one brings it back",
                                  tt_txn_item (txn), (unsigned long long)revision);
    result->violations = &text;
    result->n_violations = 1;
    result->code = TT_FAILED_PRECONDITION;
    answer_submit (txn, service, result, ALERT_OUTCOME_REJECTED);
    return true;
}

static void
store_document (tt_txn *txn, const PatentDocument *document, tt_bytes id, bool correction)
{
    Techtransfer__Patent__V1__PatentPublished event = TECHTRANSFER__PATENT__V1__PATENT_PUBLISHED__INIT;
    tt_buffer topic = { 0 }, row = { 0 };
    alert_archive_pack (document, (int32_t)(tt_txn_now (txn) / DAY_MS), &row);
    tt_txn_put (txn, ALERT_TABLE_DOCUMENTS, id, (tt_bytes){ row.data, row.size });
    tt_buffer_free (&row);
    tt_txn_index_put (txn, ALERT_INDEX_DOCUMENTS, id, 0);
    if (document->family_id[0])
        tt_txn_index_put (txn, alert_name_of (txn, ALERT_INDEX_FAMILY, document->family_id), id, 0);
    event.document = (PatentDocument *)document;
    event.correction = correction;
    event.document_id = (char *)id.data;
    alert_document_topic (document, &topic);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, event.document_id, &event.base);
}

void
alert_forget_document (tt_txn *txn, const PatentDocument *document, tt_bytes id)
{
    tt_txn_delete (txn, ALERT_TABLE_DOCUMENTS, id);
    tt_txn_index_remove (txn, ALERT_INDEX_DOCUMENTS, id);
    if (document->family_id[0])
        tt_txn_index_remove (txn, alert_name_of (txn, ALERT_INDEX_FAMILY, document->family_id), id);
}

static void
decide_document (tt_txn *txn, const alert_service *service, SubmitResult *result, const PatentDocument *document, tt_bytes id)
{
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_DOCUMENTS, id);
    const tt_row *gone = tt_txn_get (txn, ALERT_TABLE_WITHDRAWN, id);
    if (row == NULL || gone == NULL)
        return;
    if (!row->present && gone->present && reject_withdrawn (txn, service, result, gone, document))
        return;
    PatentDocument *stored = row->present ? alert_archive_unpack (row->value, NULL) : NULL;
    if (row->present && stored == NULL) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored document %s cannot be read", (const char *)id.data);
        return;
    }
    alert_document_relation relation = alert_document_compare (stored, document);
    switch (relation) {
    case ALERT_DOCUMENT_NEW:
    case ALERT_DOCUMENT_REVISED:
        store_document (txn, document, id, relation == ALERT_DOCUMENT_REVISED);
        answer_submit (txn, service, result, relation == ALERT_DOCUMENT_NEW ? ALERT_OUTCOME_ACCEPTED : ALERT_OUTCOME_REVISED);
        break;
    case ALERT_DOCUMENT_UNCHANGED:
        answer_submit (txn, service, result, ALERT_OUTCOME_UNCHANGED);
        break;
    case ALERT_DOCUMENT_OLDER:
    case ALERT_DOCUMENT_CONFLICTING:
        reject_revision (txn, service, result, stored, document, relation == ALERT_DOCUMENT_OLDER);
    }
    if (stored)
        techtransfer__patent__v1__patent_document__free_unpacked (stored, NULL);
}

void
alert_submit_patent (tt_txn *txn, const void *request, void *context)
{
    const PatentDocument *document = request;
    SubmitResult result = TECHTRANSFER__PATENT__V1__SUBMIT_PATENT_RESULT__INIT;
    tt_violations violations = { 0 };
    tt_buffer id = { 0 }, family = { 0 };
    size_t mark = tt_violations_enter (&violations, "documents[%zu]", tt_txn_item (txn));
    bool valid = alert_document_check (document, &violations);
    tt_violations_leave (&violations, mark);
    if (document->publication) {
        alert_document_id (document, &id);
        alert_document_family (document, &family);
    }
    tt_txn_at (txn, alert_keep (txn, &family));
    tt_bytes key = alert_keep (txn, &id);
    result.document_id = (char *)key.data;
    if (valid)
        decide_document (txn, context, &result, document, key);
    else
        reject_form (txn, context, &result, &violations);
    tt_violations_free (&violations);
}

/* -- GetPatent -- */

void
alert_get_patent (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const Techtransfer__Patent__V1__GetPatentRequest *request = message;
    tt_buffer family = { 0 };
    if (!alert_document_family_of_id (request->document_id, request->family_id, &family)) {
        tt_buffer_free (&family);
        tt_txn_violation (txn, "document_id", "expected country, number and kind as in \"CN.111504366.B\", got \"%.80s\"",
                          request->document_id);
        return;
    }
    tt_txn_at (txn, alert_keep (txn, &family));
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_DOCUMENTS, alert_text (request->document_id));
    if (row == NULL)
        return;
    if (!row->present) {
        tt_txn_refuse (txn, TT_NOT_FOUND, "there is no document %s%s%s", request->document_id,
                       request->family_id[0] ? " in family " : "", request->family_id);
        return;
    }
    Techtransfer__Patent__V1__GetPatentReply reply = TECHTRANSFER__PATENT__V1__GET_PATENT_REPLY__INIT;
    reply.document = alert_archive_unpack (row->value, NULL);
    if (reply.document == NULL) {
        tt_txn_refuse (txn, TT_DATA_LOSS, "the stored document %s cannot be read", request->document_id);
        return;
    }
    tt_txn_reply (txn, &reply.base);
    techtransfer__patent__v1__patent_document__free_unpacked (reply.document, NULL);
}
