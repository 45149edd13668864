/* Applications: submitted, revised, listed, closed when their validity is over. */
#include <string.h>

#include "checks.h"
#include "commands.h"
#include "ledger.h"

static const ProtobufCMessageDescriptor *const application_type = &techtransfer__finance__v1__application__descriptor;

static bool
refused (tt_txn *txn, const finance_application *application, const match_service *service)
{
    tt_violations v = { 0 };
    size_t mark = tt_violations_enter (&v, "application");
    if (application)
        match_check_application (&v, application, service->catalog, tt_txn_now (txn));
    else
        tt_violate (&v, NULL, "is required");
    tt_violations_leave (&v, mark);
    return match_refuse (txn, &v);
}

/* Apart from what the daemon sets. */
static bool
same_content (const finance_application *a, const finance_application *b)
{
    finance_application x = *a, y = *b;
    tt_buffer p = { 0 }, q = { 0 };
    x.state = y.state = FINANCE (APPLICATION_STATE__OPEN);
    x.revision = y.revision = 0;
    x.submitted_unix_ms = y.submitted_unix_ms = 0;
    p.size = protobuf_c_message_pack (&x.base, tt_buffer_reserve (&p, protobuf_c_message_get_packed_size (&x.base)));
    q.size = protobuf_c_message_pack (&y.base, tt_buffer_reserve (&q, protobuf_c_message_get_packed_size (&y.base)));
    bool same = tt_bytes_equal ((tt_bytes){ p.data, p.size }, (tt_bytes){ q.data, q.size });
    tt_buffer_free (&p);
    tt_buffer_free (&q);
    return same;
}

static void
reply (tt_txn *txn, finance_application *application, bool created)
{
    Techtransfer__Finance__V1__SubmitApplicationReply message = TECHTRANSFER__FINANCE__V1__SUBMIT_APPLICATION_REPLY__INIT;
    message.application = application;
    message.created = created;
    tt_txn_reply (txn, &message.base);
}

static bool
may_revise (tt_txn *txn, const finance_application *old, const finance_application *application)
{
    if (strcmp (old->applicant, application->applicant) != 0) {
        tt_txn_refuse (txn, TT_ALREADY_EXISTS, "application \"%s\" belongs to another applicant", old->application_id);
        return false;
    }
    if (old->state == FINANCE (APPLICATION_STATE__IN_PROPOSAL)) {
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "application \"%s\" has proposals that are not decided", old->application_id);
        return false;
    }
    return true;
}

void
match_submit_application (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__SubmitApplicationRequest *r = request;
    Techtransfer__Finance__V1__ApplicationSubmitted submitted = TECHTRANSFER__FINANCE__V1__APPLICATION_SUBMITTED__INIT;
    tt_txn_at (txn, tt_bytes_of_text (r->application ? r->application->market : ""));
    if (refused (txn, r->application, service))
        return;
    finance_application application = *r->application;
    match_found found;
    match_tally tally;
    tt_bytes id = tt_bytes_of_text (application.application_id);
    finance_application *old = match_read (txn, "application", application.market, id, application_type, &found);
    if (!match_tally_read (txn, application.market, application.application_id, &tally) || found == MATCH_PENDING)
        return;
    if (old && same_content (old, &application)) {
        reply (txn, old, false);
        return;
    }
    if (old && !may_revise (txn, old, &application))
        return;
    application.revision = old ? old->revision + 1 : 1;
    application.submitted_unix_ms = tt_txn_now (txn);
    match_put_open (txn, &application);
    submitted.application = &application;
    submitted.revised = old != NULL;
    match_event (txn, "application", application.applicant, NULL, application.application_id, &submitted.base);
    reply (txn, &application, old == NULL);
}

void
match_close_application (tt_txn *txn, const void *request, void *service)
{
    const match_place *place = request;
    match_found found;
    match_tally tally;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (place->market));
    finance_application *a
        = match_read (txn, "application", place->market, tt_bytes_of_text (place->id), application_type, &found);
    if (!match_tally_read (txn, place->market, place->id, &tally) || found == MATCH_PENDING)
        return;
    if (a && tt_txn_now (txn) < match_validity_end (a->valid_until))
        return;
    /* One with proposals under way is closed when they are decided. */
    tt_txn_index_remove (txn, MATCH_VALIDITY, match_key (txn, place->market, place->id));
    if (a && a->state == FINANCE (APPLICATION_STATE__OPEN))
        match_settle (txn, a, tally);
}

void
match_list_applications (tt_txn *txn, const void *request, void *service)
{
    const Techtransfer__Finance__V1__ListApplicationsRequest *r = request;
    Techtransfer__Finance__V1__ListApplicationsReply list = TECHTRANSFER__FINANCE__V1__LIST_APPLICATIONS_REPLY__INIT;
    (void)service;
    tt_txn_at (txn, tt_bytes_of_text (r->market));
    uint32_t limit = match_page_limit (txn, r->limit);
    if (match_bad_names (txn, r->market, r->after[0] ? "after" : NULL, r->after) || limit == 0)
        return;
    const tt_rows *rows = tt_txn_page (txn, match_table (txn, "applications", r->market), tt_bytes_of_text (r->after), limit,
                                       match_table (txn, "application", r->market));
    if (rows == NULL)
        return;
    list.applications = tt_arena_alloc (tt_txn_arena (txn), rows->count * sizeof *list.applications);
    for (size_t i = 0; i < rows->count; i++) {
        finance_application *a = rows->rows[i].present ? match_row (txn, &rows->rows[i], application_type) : NULL;
        if (tt_txn_refused (txn))
            return;
        if (a)
            list.applications[list.n_applications++] = a;
    }
    if (rows->count == limit)
        list.next_after
            = tt_arena_strndup (tt_txn_arena (txn), (const char *)rows->keys[limit - 1].data, rows->keys[limit - 1].size);
    tt_txn_reply (txn, &list.base);
}
