/* The list of maps that are wanted: turns, progress, fetching, forgetting, and its bound. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "map_jobs.h"

static tt_status
ask (alert_map_jobs *jobs, const char *query, int64_t now_ms, bool *complete, uint64_t *matched)
{
    MapRequest request = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REQUEST__INIT;
    tt_buffer packed = { 0 };
    request.query = (char *)query;
    tt_status status = alert_map_jobs_ask (jobs, &request, now_ms, &packed, NULL);
    MapReply *reply = techtransfer__patent__v1__map_patents_reply__unpack (NULL, packed.size, packed.data);
    *complete = reply->complete;
    *matched = reply->matched;
    techtransfer__patent__v1__map_patents_reply__free_unpacked (reply, NULL);
    tt_buffer_free (&packed);
    return status;
}

static uint64_t
expect_next (alert_map_jobs *jobs, int64_t now_ms, const char *query)
{
    uint64_t ticket = 0;
    MapRequest *request = alert_map_jobs_next (jobs, now_ms, &ticket);
    if (query == NULL) {
        cr_expect_null (request);
        return 0;
    }
    cr_assert_not_null (request);
    cr_expect_str_eq (request->query, query);
    techtransfer__patent__v1__map_patents_request__free_unpacked (request, NULL);
    return ticket;
}

static void
tell (alert_map_jobs *jobs, uint64_t ticket, uint64_t matched, bool complete, int64_t now_ms)
{
    MapReply reply = TECHTRANSFER__PATENT__V1__MAP_PATENTS_REPLY__INIT;
    reply.matched = matched;
    reply.complete = complete;
    alert_map_jobs_tell (jobs, ticket, &reply, now_ms);
}

Test (map_jobs, two_maps_take_turns_and_each_is_fetched_once)
{
    alert_map_jobs *jobs = alert_map_jobs_new ();
    bool complete;
    uint64_t matched;
    expect_next (jobs, 0, NULL);
    cr_expect_eq (ask (jobs, "a", 0, &complete, &matched), TT_OK);
    cr_expect (!complete);
    cr_expect_eq (ask (jobs, "b", 0, &complete, &matched), TT_OK);
    tell (jobs, expect_next (jobs, 1, "a"), 5, false, 1);
    uint64_t of_b = expect_next (jobs, 2, "b");
    expect_next (jobs, 3, "a");
    cr_expect_eq (ask (jobs, "a", 4, &complete, &matched), TT_OK);
    cr_expect (!complete && matched == 5);
    tell (jobs, of_b, 7, true, 5);
    tell (jobs, of_b, 9, true, 5); /* it is ready already */
    cr_expect_eq (ask (jobs, "b", 6, &complete, &matched), TT_OK);
    cr_expect (complete && matched == 7);
    cr_expect_eq (ask (jobs, "b", 7, &complete, &matched), TT_OK);
    cr_expect (!complete, "asked for again it is made again");
    alert_map_jobs_destroy (&jobs);
}

Test (map_jobs, the_list_is_bounded_and_what_nobody_asks_for_is_forgotten)
{
    alert_map_jobs *jobs = alert_map_jobs_new ();
    bool complete;
    uint64_t matched;
    char query[16];
    for (int i = 0; i < ALERT_MAP_JOBS_MAX; i++) {
        snprintf (query, sizeof query, "q%d", i);
        cr_expect_eq (ask (jobs, query, 0, &complete, &matched), TT_OK);
    }
    cr_expect_eq (ask (jobs, "more", 1, &complete, &matched), TT_RESOURCE_EXHAUSTED);
    uint64_t old = expect_next (jobs, 1, "q0");
    cr_expect_eq (ask (jobs, "q1", ALERT_MAP_WAITS_MS, &complete, &matched), TT_OK);
    cr_expect_eq (ask (jobs, "more", ALERT_MAP_WAITS_MS + 1, &complete, &matched), TT_OK);
    tell (jobs, old, 3, true, ALERT_MAP_WAITS_MS + 2); /* its place belongs to another by now */
    cr_expect_eq (ask (jobs, "more", ALERT_MAP_WAITS_MS + 3, &complete, &matched), TT_OK);
    cr_expect (!complete && matched == 0);
    expect_next (jobs, ALERT_MAP_WAITS_MS + 4, "q1");
    uint64_t more = expect_next (jobs, ALERT_MAP_WAITS_MS + 5, "more");
    tell (jobs, more, 4, true, ALERT_MAP_WAITS_MS + 6);
    cr_expect_eq (ask (jobs, "more", ALERT_MAP_WAITS_MS + 7 + ALERT_MAP_READY_MS, &complete, &matched), TT_OK);
    cr_expect (!complete, "nobody fetched it in time");
    alert_map_jobs_destroy (&jobs);
}
