#include "integration/patent_alert/patent_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "document.h"
#include "query/cql.h"
#include "view.h"

#define PATIENCE_US 60000000
#define UNDER_WAY 16

void
document_init (test_document *d, const char *number, const char *kind, const char *family, const char *title, const char *ipc)
{
    memset (d, 0, sizeof *d);
    techtransfer__patent__v1__patent_document__init (&d->document);
    techtransfer__patent__v1__document_reference__init (&d->publication);
    techtransfer__patent__v1__localized_text__init (&d->title);
    snprintf (d->number, sizeof d->number, "%s", number);
    snprintf (d->kind, sizeof d->kind, "%s", kind);
    snprintf (d->family, sizeof d->family, "%s", family);
    strcpy (d->date, "2024-05-17");
    d->text = tt_strdup (title);
    d->publication.country = (char *)"CN";
    d->publication.number = d->number;
    d->publication.kind = d->kind;
    d->publication.date = d->date;
    d->title.language = (char *)"zh";
    d->title.text = d->text;
    d->titles[0] = &d->title;
    d->ipc[0] = (char *)ipc;
    d->document.publication = &d->publication;
    d->document.family_id = d->family;
    d->document.titles = d->titles;
    d->document.n_titles = 1;
    d->document.ipc = d->ipc;
    d->document.n_ipc = ipc ? 1 : 0;
}

void
document_free (test_document *d)
{
    free (d->text);
    d->text = NULL;
}

tt_client *
client_open (const char *endpoints)
{
    tt_client *client = NULL;
    tt_error error = { 0 };
    tt_client_options options = { .endpoints = endpoints, .timeout_ms = 60000, .try_ms = 500 };
    cr_assert_eq (tt_client_open (&client, &options, &error), TT_OK, "%s", error.message);
    return client;
}

void
watch_put (tt_client *client, const test_watch *watch)
{
    Techtransfer__Patent__V1__PutWatchRequest request = TECHTRANSFER__PATENT__V1__PUT_WATCH_REQUEST__INIT;
    Watch message = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    tt_call_result result;
    message.owner = (char *)watch->owner;
    message.watch_id = (char *)watch->id;
    message.query = (char *)watch->query;
    message.severity = watch->severity;
    request.watch = &message;
    tt_status status = CALL (client, "PutWatch", &request, put_watch_reply, NULL, &result);
    cr_assert_eq (status, TT_OK, "%s: %s", watch->query, result.violation_count ? result.violations[0].reason : result.message);
}

/* -- submitting -- */

static void
send_some (tt_client *client, test_document *documents, size_t count)
{
    Techtransfer__Patent__V1__SubmitPatentsRequest request = TECHTRANSFER__PATENT__V1__SUBMIT_PATENTS_REQUEST__INIT;
    PatentDocument *list[512];
    tt_error error = { 0 };
    for (size_t i = 0; i < count; i++)
        list[i] = &documents[i].document;
    request.documents = list;
    request.n_documents = count;
    size_t size = techtransfer__patent__v1__submit_patents_request__get_packed_size (&request);
    uint8_t *packed = tt_alloc (size);
    techtransfer__patent__v1__submit_patents_request__pack (&request, packed);
    cr_assert_eq (tt_client_send (client, METHOD ("SubmitPatents"), (tt_bytes){ packed, size }, NULL, &error), TT_OK, "%s",
                  error.message);
    free (packed);
}

static size_t
take_reply (tt_client *client)
{
    tt_client_reply reply;
    cr_assert_eq (tt_client_receive (client, -1, &reply), TT_OK);
    cr_assert_eq (reply.result.code, TT_OK, "%s %s", tt_status_name (reply.result.code), reply.result.message);
    Techtransfer__Patent__V1__SubmitPatentsReply *results
        = techtransfer__patent__v1__submit_patents_reply__unpack (NULL, reply.body.size, reply.body.data);
    cr_assert_not_null (results);
    size_t count = results->n_results;
    for (size_t i = 0; i < count; i++) {
        Techtransfer__Patent__V1__SubmitPatentResult *r = results->results[i];
        cr_assert (r->outcome == TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__ACCEPTED, "%s: outcome %d %s", r->document_id,
                   (int)r->outcome, r->n_violations ? r->violations[0] : "");
    }
    techtransfer__patent__v1__submit_patents_reply__free_unpacked (results, NULL);
    return count;
}

void
documents_submit (tt_client *client, test_document *documents, size_t count, size_t bulk, void (*between) (void *, size_t),
                  void *argument)
{
    size_t sent = 0, answered = 0, commands = 0;
    while (answered < count) {
        while (sent < count && tt_client_in_flight (client) < UNDER_WAY) {
            size_t some = count - sent < bulk ? count - sent : bulk;
            send_some (client, documents + sent, some);
            sent += some;
        }
        answered += take_reply (client);
        if (between)
            between (argument, ++commands);
    }
    cr_assert_eq (answered, count);
}

/* -- checking -- */

typedef struct {
    const test_watch *watches;
    size_t watch_count;
    const test_document *documents;
    size_t count;
    uint8_t *matches; /* [document * watch_count + watch] */
} truth;

/* The offline engine, pair by pair: no index. */
static truth
find_truth (const test_watch *watches, size_t watch_count, const test_document *documents, size_t count)
{
    truth t = { watches, watch_count, documents, count, tt_alloc_zero (count + 1, watch_count) };
    tt_cql **trees = tt_alloc_zero (watch_count, sizeof *trees);
    alert_view *view = alert_view_new ();
    for (size_t w = 0; w < watch_count; w++)
        cr_assert_eq (tt_cql_parse (tt_schema_patent (), watches[w].query, strlen (watches[w].query), &trees[w], NULL), TT_OK);
    for (size_t d = 0; d < count; d++) {
        (void)alert_view_fill (view, &documents[d].document);
        for (size_t w = 0; w < watch_count; w++)
            t.matches[d * watch_count + w] = tt_cql_matches (trees[w], alert_view_document (view));
    }
    for (size_t w = 0; w < watch_count; w++)
        tt_cql_free (&trees[w]);
    free (trees);
    alert_view_destroy (&view);
    return t;
}

static bool
same_family (const test_document *a, const test_document *b)
{
    return a->family[0] || b->family[0] ? strcmp (a->family, b->family) == 0 : strcmp (a->number, b->number) == 0;
}

static bool
owner_wants (const truth *t, size_t d, const char *owner)
{
    for (size_t w = 0; w < t->watch_count; w++)
        if (t->matches[d * t->watch_count + w] && strcmp (t->watches[w].owner, owner) == 0)
            return true;
    return false;
}

static size_t
expected_alerts (const truth *t, const char *owner)
{
    size_t expected = 0;
    for (size_t d = 0; d < t->count; d++) {
        bool counted = !owner_wants (t, d, owner);
        for (size_t before = d; before-- > 0 && !counted && d - before < 8;) /* members of a family stand close together here */
            counted = same_family (&t->documents[before], &t->documents[d]) && owner_wants (t, before, owner);
        expected += !counted;
    }
    return expected;
}

static size_t
find_document (const truth *t, const char *id)
{
    for (size_t d = 0; d < t->count; d++) {
        char own[100];
        snprintf (own, sizeof own, "CN.%s.%s", t->documents[d].number, t->documents[d].kind);
        if (strcmp (own, id) == 0)
            return d;
    }
    cr_assert_fail ("an alert names %s, which nobody submitted", id);
    return 0;
}

static void
check_alert (const truth *t, const Alert *alert)
{
    size_t d = find_document (t, alert->document_id), m = 0;
    Techtransfer__Patent__V1__Severity severity = TECHTRANSFER__PATENT__V1__SEVERITY__INFO;
    for (size_t w = 0; w < t->watch_count; w++) {
        if (!t->matches[d * t->watch_count + w] || strcmp (t->watches[w].owner, alert->owner) != 0)
            continue;
        cr_assert_lt (m, alert->n_matches, "%s: %s is missing", alert->document_id, t->watches[w].id);
        cr_assert_str_eq (alert->matches[m++]->watch_id, t->watches[w].id);
        severity = t->watches[w].severity > severity ? t->watches[w].severity : severity;
    }
    cr_assert_eq (m, alert->n_matches);
    cr_assert_eq (alert->severity, severity);
    cr_assert_str_eq (alert->title, t->documents[d].text);
    for (size_t i = 0; i < m; i++)
        for (size_t k = 0; k < alert->matches[i]->n_terms; k++) {
            MatchedTerm *term = alert->matches[i]->terms[k];
            if (strcmp (term->field, "ti") == 0)
                cr_assert (strlen (term->text) == term->length
                           && memcmp (t->documents[d].text + term->offset, term->text, term->length) == 0);
        }
}

static Techtransfer__Patent__V1__ListAlertsReply *
list_alerts (tt_client *client, const char *owner, uint64_t from)
{
    Techtransfer__Patent__V1__ListAlertsRequest request = TECHTRANSFER__PATENT__V1__LIST_ALERTS_REQUEST__INIT;
    Techtransfer__Patent__V1__ListAlertsReply *reply = NULL;
    tt_call_result result;
    request.owner = (char *)owner;
    request.from_number = from;
    request.limit = 1000;
    cr_assert_eq (CALL (client, "ListAlerts", &request, list_alerts_reply, &reply, &result), TT_OK, "%s", result.message);
    return reply;
}

static void
wait_for_head (tt_client *client, const char *owner, size_t expected)
{
    int64_t until = tt_clock_monotonic_us () + PATIENCE_US;
    for (uint64_t head = 0; head < expected || expected == 0;) {
        Techtransfer__Patent__V1__ListAlertsReply *reply = list_alerts (client, owner, UINT32_MAX);
        head = reply->head;
        techtransfer__patent__v1__list_alerts_reply__free_unpacked (reply, NULL);
        cr_assert_leq (head, expected, "%s has %zu alerts, %zu are right", owner, (size_t)head, expected);
        cr_assert_lt (tt_clock_monotonic_us (), until, "%s: %zu of %zu alerts came", owner, (size_t)head, expected);
        if (expected == 0)
            break;
    }
}

static void
check_inbox (tt_client *client, const truth *t, const char *owner, size_t expected)
{
    uint64_t number = 1;
    uint8_t *seen = tt_alloc_zero (t->count + 1, 1);
    for (uint64_t from = 1; from != 0;) {
        Techtransfer__Patent__V1__ListAlertsReply *reply = list_alerts (client, owner, from);
        for (size_t i = 0; i < reply->n_alerts; i++, number++) {
            Alert *alert = reply->alerts[i];
            cr_assert_eq (alert->number, number, "the inbox is dense");
            check_alert (t, alert);
            size_t d = find_document (t, alert->document_id);
            for (size_t other = d > 8 ? d - 8 : 0; other < t->count && other < d + 8; other++)
                cr_assert (!(seen[other] && same_family (&t->documents[other], &t->documents[d])), "family of %s twice",
                           alert->document_id);
            seen[d] = 1;
        }
        from = reply->next_number;
        techtransfer__patent__v1__list_alerts_reply__free_unpacked (reply, NULL);
    }
    cr_assert_eq (number - 1, expected);
    free (seen);
}

size_t
inboxes_check (tt_client *client, const test_watch *watches, size_t watch_count, const test_document *documents, size_t count)
{
    truth t = find_truth (watches, watch_count, documents, count);
    size_t total = 0;
    for (size_t w = 0; w < watch_count; w++) {
        bool known = false;
        for (size_t before = 0; before < w; before++)
            known |= strcmp (watches[before].owner, watches[w].owner) == 0;
        if (known)
            continue;
        size_t expected = expected_alerts (&t, watches[w].owner);
        wait_for_head (client, watches[w].owner, expected);
        check_inbox (client, &t, watches[w].owner, expected);
        total += expected;
    }
    free (t.matches);
    return total;
}
