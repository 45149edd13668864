/* patent-alertd for real: a private Redis, one or two replicas, kill -9 under load, and every alert held against the offline
 * engine. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>
#include <zlib.h>
#include <zmq.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/uuid.h"
#include "bus/subscriber.h"
#include "integration/patent_alert/patent_rig.h"
#include "support/rig.h"
#include "wire/envelope.h"

#define DAEMON "services/patent_alert/patent-alertd"
#define SEVERITY(x) TECHTRANSFER__PATENT__V1__SEVERITY__##x

static rig r;
static tt_client *client;

static void
open_rig (int replicas)
{
    char endpoints[1024];
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    rig_open (&r, "everysec");
    for (int i = 0; i < replicas; i++)
        (void)rig_daemon_start (&r, DAEMON);
    rig_endpoints (&r, 'c', endpoints, sizeof endpoints);
    client = client_open (endpoints);
}

static void
close_rig (void)
{
    tt_client_close (&client);
    rig_close (&r);
}

/* -- a load of which the right answer is known -- */

static const char *const queries[] = {
    "石墨烯",
    "ti=\"锂离子电池\"",
    "ti any \"电池, 储能\"",
    "ti all \"激光 焊接\"",
    "ic=H01M",
    "ic=B23K and ti=焊接",
    "石墨烯 not 电池",
    "(电池 or 电容) and 散热",
    "pd=2024 and ti=机器人",
    "pd within \"20240101 20241231\" and 量子",
    "ti=薄膜 and (ti=制备 or ti=氧化)",
    "cc=CN and ti=无人机",
    "graphene or 石墨烯",
    "pn=CN",
    "ti=\"精密机床\" not ic=B23Q",
    "ti=一种 prox/distance<=8/ordered=true ti=方法",
    "ti=电池 prox/unit=sentence ti=系统",
    "ti==\"一种石墨烯的制备方法及其应用 0\" or ti=\"石墨#薄膜\"",
    "ic=/low H01M not ti=散热",
    "ic=/high \"H01M10/00\" or ic=/same \"B23K26/21\"",
    "ic=B25J9* or pn=CN1000000*",
    "ti=127* or ti=1?9",
    "pd>=20240101 not (ti=石墨烯 or ti=电池)",
    "pd<2020 or ti all \"量子 检测\"",
    "ti any \"机床 无人机\" and not ti=装置",
    "pd=2024",
};
static const char *const materials[] = { "石墨烯",     "氧化石墨烯薄膜", "锂离子电池", "鋰離子電池", "激光焊接",
                                         "工业机器人", "量子点",         "无人机",     "超级电容",   "精密机床" };
static const char *const things[] = { "制备方法", "散热装置", "储能系统", "控制电路", "检测设备", "氧化工艺" };
static const char *const classes[] = { "H01M10/0525", "B23K26/21", "C01B32/184", "B25J9/16", "B23Q15/00", "G06N10/00" };

static void
make_watches (test_watch *watches, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf (watches[i].owner, sizeof watches[i].owner, "ent-%zu", i / 5);
        snprintf (watches[i].id, sizeof watches[i].id, "w-%03zu", i);
        watches[i].query = queries[(i * 7 + i / 5) % (sizeof queries / sizeof *queries)];
        watches[i].severity = (Techtransfer__Patent__V1__Severity)(i % 5);
    }
}

/* Every third document has a second publication of the same number, every seventh a family in common with the one before. */
static void
make_documents (test_document *documents, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char title[200], number[40], family[40] = "";
        bool second = i % 3 == 2;
        size_t base = second ? i - 1 : i;
        snprintf (number, sizeof number, "%zu", 100000000 + base);
        snprintf (title, sizeof title, "一种%s的%s及其应用 %zu", materials[i * 13 % 10], things[i * 5 % 6], i);
        if (i % 21 >= 19 && !second && i % 3 != 1)
            snprintf (family, sizeof family, "F%zu", i / 21);
        document_init (&documents[i], number, second ? "B" : "A", family, title, classes[i * 11 % 6]);
    }
}

static void
free_documents (test_document *documents, size_t count)
{
    for (size_t i = 0; i < count; i++)
        document_free (&documents[i]);
}

/* Takes the whole stream: each event once, dense in its partition; `published` and `raised` are to be found, no more of them. */
static void
follow (tt_subscriber *subscriber, size_t published, size_t raised)
{
    uint64_t next[64] = { 0 };
    size_t documents = 0, alerts = 0;
    int64_t until = tt_clock_monotonic_us () + 60000000;
    while (documents < published || alerts < raised || !tt_subscriber_is_live (subscriber)) {
        tt_event event;
        tt_error error = { 0 };
        tt_status status = tt_subscriber_next (subscriber, 200, &event, &error);
        cr_assert_lt (tt_clock_monotonic_us (), until, "%zu of %zu documents, %zu of %zu alerts", documents, published, alerts,
                      raised);
        if (status == TT_DEADLINE_EXCEEDED || status == TT_UNAVAILABLE)
            continue;
        cr_assert_eq (status, TT_OK, "%s", error.message);
        cr_assert_eq (event.sequence, ++next[event.partition]);
        documents += strcmp (event.type, "techtransfer.patent.v1.PatentPublished") == 0;
        alerts += strcmp (event.type, "techtransfer.patent.v1.AlertRaised") == 0;
    }
    cr_assert_eq (documents, published);
    cr_assert_eq (alerts, raised);
}

static tt_subscriber *
open_subscriber (void)
{
    char events[1024], replay[1024];
    tt_subscriber *subscriber = NULL;
    tt_error error = { 0 };
    rig_endpoints (&r, 'e', events, sizeof events);
    rig_endpoints (&r, 'r', replay, sizeof replay);
    tt_subscriber_options options = { .stream = "patent", .events = events, .replay = replay, .silence_ms = 1000 };
    cr_assert_eq (tt_subscriber_open (&subscriber, &options, &error), TT_OK, "%s", error.message);
    return subscriber;
}

static void
run_load (int replicas, void (*between) (void *, size_t))
{
    enum { WATCHES = 60, DOCUMENTS = 3000 };
    static test_watch watches[WATCHES];
    static test_document documents[DOCUMENTS];
    open_rig (replicas);
    make_watches (watches, WATCHES);
    make_documents (documents, DOCUMENTS);
    for (size_t i = 0; i < WATCHES; i++)
        watch_put (client, &watches[i]);
    tt_subscriber *early = open_subscriber ();
    documents_submit (client, documents, DOCUMENTS, 20, between, NULL);
    size_t alerts = inboxes_check (client, watches, WATCHES, documents, DOCUMENTS);
    cr_log_info ("%d replicas: %d documents, %d watches, %zu alerts", replicas, DOCUMENTS, WATCHES, alerts);
    cr_assert_gt (alerts, 5000);
    tt_subscriber *late = open_subscriber ();
    follow (early, DOCUMENTS, alerts);
    follow (late, DOCUMENTS, alerts);
    tt_subscriber_close (&early);
    tt_subscriber_close (&late);
    for (int i = 0; i < replicas; i++)
        cr_assert_eq (rig_daemon_stop (&r, i), 0);
    free_documents (documents, DOCUMENTS);
    close_rig ();
}

Test (patent_alertd, every_alert_once_with_one_replica)
{
    run_load (1, NULL);
}

Test (patent_alertd, every_alert_once_with_two_replicas)
{
    run_load (2, NULL);
}

/* Both are killed and come back in turn, while commands are under way and the matchers work. */
static void
kill_in_turn (void *argument, size_t commands)
{
    (void)argument;
    if (commands % 30 == 0) {
        rig_daemon_kill (&r, (int)(commands / 30 % 2));
        rig_daemon_restart (&r, (int)(commands / 30 % 2));
    }
}

Test (patent_alertd, every_alert_once_while_replicas_are_killed)
{
    run_load (2, kill_in_turn);
}

static void
kill_redis (void *argument, size_t commands)
{
    (void)argument;
    if (commands == 60 || commands == 110) {
        rig_redis_kill (&r);
        rig_redis_restart (&r);
    }
}

Test (patent_alertd, every_alert_once_while_redis_is_killed)
{
    run_load (1, kill_redis);
}

/* -- the barrier -- */

Test (patent_alertd, a_watch_accepted_before_a_document_sees_it)
{
    enum { ROUNDS = 150 };
    static test_watch watches[ROUNDS];
    static test_document documents[ROUNDS];
    static char query[ROUNDS][64];
    open_rig (2);
    tt_client *other = client_open (r.daemons[1].commands); /* the document goes to the other replica, at once */
    for (size_t i = 0; i < ROUNDS; i++) {
        char title[100], number[32];
        snprintf (query[i], sizeof query[i], "ti=mark%zu", i);
        snprintf (watches[i].owner, sizeof watches[i].owner, "o%zu", i % 7);
        snprintf (watches[i].id, sizeof watches[i].id, "w%04zu", i);
        watches[i].query = query[i];
        snprintf (title, sizeof title, "mark%zu of a device", i);
        snprintf (number, sizeof number, "%zu", 200000000 + i);
        document_init (&documents[i], number, "A", "", title, NULL);
        watch_put (client, &watches[i]);
        documents_submit (other, &documents[i], 1, 1, NULL, NULL);
    }
    cr_assert_eq (inboxes_check (client, watches, ROUNDS, documents, ROUNDS), ROUNDS);
    free_documents (documents, ROUNDS);
    tt_client_close (&other);
    close_rig ();
}

/* -- commands -- */

static Techtransfer__Patent__V1__SubmitPatentResult
submit_one (test_document *d, char *violation, size_t size)
{
    Techtransfer__Patent__V1__SubmitPatentsRequest request = TECHTRANSFER__PATENT__V1__SUBMIT_PATENTS_REQUEST__INIT;
    Techtransfer__Patent__V1__SubmitPatentsReply *reply = NULL;
    PatentDocument *list[] = { &d->document };
    tt_call_result result;
    request.documents = list;
    request.n_documents = 1;
    cr_assert_eq (CALL (client, "SubmitPatents", &request, submit_patents_reply, &reply, &result), TT_OK, "%s", result.message);
    cr_assert_eq (reply->n_results, 1);
    Techtransfer__Patent__V1__SubmitPatentResult copy = *reply->results[0];
    snprintf (violation, size, "%s", copy.n_violations ? copy.violations[0] : "");
    techtransfer__patent__v1__submit_patents_reply__free_unpacked (reply, NULL);
    return copy;
}

Test (patent_alertd, documents_have_revisions)
{
    char violation[300];
    test_document d;
    open_rig (1);
    document_init (&d, "111504366", "B", "", "一种计量方法", "G01D");
    cr_assert_eq (submit_one (&d, violation, sizeof violation).outcome, TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__ACCEPTED);
    d.document.source = (char *)"again";
    cr_assert_eq (submit_one (&d, violation, sizeof violation).outcome, TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__UNCHANGED);
    d.title.text = (char *)"另一种计量方法";
    cr_assert_eq (submit_one (&d, violation, sizeof violation).code, TT_FAILED_PRECONDITION);
    cr_assert (strstr (violation, "documents[0].revision"), "%s", violation);
    d.document.revision = 3;
    cr_assert_eq (submit_one (&d, violation, sizeof violation).outcome, TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__REVISED);
    d.document.revision = 2;
    d.title.text = (char *)"第三种计量方法";
    cr_assert_eq (submit_one (&d, violation, sizeof violation).code, TT_FAILED_PRECONDITION);
    d.publication.country = (char *)"cn";
    cr_assert_eq (submit_one (&d, violation, sizeof violation).code, TT_INVALID_ARGUMENT);
    cr_assert (strstr (violation, "documents[0].publication.country: "), "%s", violation);
    Techtransfer__Patent__V1__GetPatentRequest get = TECHTRANSFER__PATENT__V1__GET_PATENT_REQUEST__INIT;
    Techtransfer__Patent__V1__GetPatentReply *got = NULL;
    tt_call_result result;
    get.document_id = (char *)"CN.111504366.B";
    cr_assert_eq (CALL (client, "GetPatent", &get, get_patent_reply, &got, &result), TT_OK);
    cr_assert_str_eq (got->document->titles[0]->text, "另一种计量方法");
    techtransfer__patent__v1__get_patent_reply__free_unpacked (got, NULL);
    get.document_id = (char *)"CN.1.B";
    cr_assert_eq (CALL (client, "GetPatent", &get, get_patent_reply, NULL, &result), TT_NOT_FOUND);
    get.document_id = (char *)"nonsense";
    cr_assert_eq (CALL (client, "GetPatent", &get, get_patent_reply, NULL, &result), TT_INVALID_ARGUMENT);
    document_free (&d);
    close_rig ();
}

static Techtransfer__Patent__V1__ListWatchesReply *
list_watches (uint32_t limit, const char *after)
{
    Techtransfer__Patent__V1__ListWatchesRequest request = TECHTRANSFER__PATENT__V1__LIST_WATCHES_REQUEST__INIT;
    Techtransfer__Patent__V1__ListWatchesReply *reply = NULL;
    tt_call_result result;
    request.owner = (char *)"ent-1";
    request.limit = limit;
    request.after = (char *)after;
    cr_assert_eq (CALL (client, "ListWatches", &request, list_watches_reply, &reply, &result), TT_OK, "%s", result.message);
    return reply;
}

static void
walk_watches (size_t expected)
{
    char after[64] = "", last[64] = "";
    size_t found = 0;
    do {
        Techtransfer__Patent__V1__ListWatchesReply *page = list_watches (3, after);
        cr_assert_leq (page->n_watches, 3);
        for (size_t i = 0; i < page->n_watches; i++, found++) {
            cr_assert_gt (strcmp (page->watches[i]->watch_id, last), 0);
            snprintf (last, sizeof last, "%s", page->watches[i]->watch_id);
        }
        snprintf (after, sizeof after, "%s", page->next_after);
        techtransfer__patent__v1__list_watches_reply__free_unpacked (page, NULL);
    } while (after[0]);
    cr_assert_eq (found, expected);
}

Test (patent_alertd, watches_are_checked_listed_and_deleted)
{
    open_rig (1);
    Techtransfer__Patent__V1__PutWatchRequest put = TECHTRANSFER__PATENT__V1__PUT_WATCH_REQUEST__INIT;
    Techtransfer__Patent__V1__PutWatchReply *reply = NULL;
    Watch watch = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    tt_call_result result;
    cr_assert_eq (CALL (client, "PutWatch", &put, put_watch_reply, NULL, &result), TT_INVALID_ARGUMENT);
    put.watch = &watch;
    watch.owner = (char *)"Ent 1";
    watch.watch_id = (char *)"w";
    watch.query = (char *)"ti=电池 and";
    cr_assert_eq (CALL (client, "PutWatch", &put, put_watch_reply, NULL, &result), TT_INVALID_ARGUMENT);
    cr_assert_eq (result.violation_count, 2);
    cr_assert_str_eq (result.violations[0].path, "watch.owner");
    cr_assert_str_eq (result.violations[1].path, "watch.query");
    cr_assert (strncmp (result.violations[1].reason, "at byte ", 8) == 0, "%s", result.violations[1].reason);
    watch.owner = (char *)"ent-1";
    watch.query = (char *)"ti=a and ti=b or ti=c";
    cr_assert_eq (CALL (client, "PutWatch", &put, put_watch_reply, &reply, &result), TT_OK, "%s", result.message);
    cr_assert (reply->created && reply->watch->revision == 1 && reply->watch->created_unix_ms > 0 && reply->n_warnings >= 1);
    cr_assert_eq (reply->watch->severity, SEVERITY (INFO));
    techtransfer__patent__v1__put_watch_reply__free_unpacked (reply, NULL);
    watch.label = (char *)"label";
    cr_assert_eq (CALL (client, "PutWatch", &put, put_watch_reply, &reply, &result), TT_OK);
    cr_assert (!reply->created && reply->watch->revision == 2);
    techtransfer__patent__v1__put_watch_reply__free_unpacked (reply, NULL);
    for (int i = 0; i < 9; i++) {
        test_watch w = { .owner = "ent-1", .query = "电池" };
        snprintf (w.id, sizeof w.id, "w%d", i);
        watch_put (client, &w);
    }
    watch_put (client, &(test_watch){ .owner = "ent-10", .id = "other", .query = "电池" });
    walk_watches (10);
    Techtransfer__Patent__V1__DeleteWatchRequest delete = TECHTRANSFER__PATENT__V1__DELETE_WATCH_REQUEST__INIT;
    delete.owner = (char *)"ent-1";
    delete.watch_id = (char *)"w3";
    cr_assert_eq (CALL (client, "DeleteWatch", &delete, delete_watch_reply, NULL, &result), TT_OK);
    cr_assert_eq (CALL (client, "DeleteWatch", &delete, delete_watch_reply, NULL, &result), TT_NOT_FOUND);
    walk_watches (9);
    close_rig ();
}

static uint64_t
count_alerts (const char *owner, bool unacknowledged)
{
    Techtransfer__Patent__V1__ListAlertsRequest request = TECHTRANSFER__PATENT__V1__LIST_ALERTS_REQUEST__INIT;
    uint64_t count = 0;
    request.owner = (char *)owner;
    request.unacknowledged_only = unacknowledged;
    request.limit = 7;
    do {
        Techtransfer__Patent__V1__ListAlertsReply *reply = NULL;
        tt_call_result result;
        cr_assert_eq (CALL (client, "ListAlerts", &request, list_alerts_reply, &reply, &result), TT_OK, "%s", result.message);
        count += reply->n_alerts;
        request.from_number = reply->next_number;
        techtransfer__patent__v1__list_alerts_reply__free_unpacked (reply, NULL);
    } while (request.from_number);
    return count;
}

Test (patent_alertd, alerts_are_acknowledged_and_deleted_watches_are_silent)
{
    enum { COUNT = 30 };
    static test_document documents[COUNT];
    const test_watch watches[]
        = { { .owner = "ent-1", .id = "w", .query = "ti=电池" }, { .owner = "ent-2", .id = "gone", .query = "ti=电池" } };
    open_rig (1);
    watch_put (client, &watches[0]);
    watch_put (client, &watches[1]);
    Techtransfer__Patent__V1__DeleteWatchRequest delete = TECHTRANSFER__PATENT__V1__DELETE_WATCH_REQUEST__INIT;
    tt_call_result result;
    delete.owner = (char *)"ent-2";
    delete.watch_id = (char *)"gone";
    cr_assert_eq (CALL (client, "DeleteWatch", &delete, delete_watch_reply, NULL, &result), TT_OK);
    for (size_t i = 0; i < COUNT; i++) {
        char number[32];
        snprintf (number, sizeof number, "%zu", 300 + i);
        document_init (&documents[i], number, "A", "", "电池", NULL);
    }
    documents_submit (client, documents, COUNT, 10, NULL, NULL);
    cr_assert_eq (inboxes_check (client, watches, 1, documents, COUNT), COUNT);
    cr_assert_eq (count_alerts ("ent-2", false), 0);
    Techtransfer__Patent__V1__AcknowledgeAlertsRequest ack = TECHTRANSFER__PATENT__V1__ACKNOWLEDGE_ALERTS_REQUEST__INIT;
    Techtransfer__Patent__V1__AcknowledgeAlertsReply *reply = NULL;
    uint64_t numbers[] = { 3, 5, 5, 30 };
    ack.owner = (char *)"ent-1";
    ack.numbers = numbers;
    ack.n_numbers = 4;
    cr_assert_eq (CALL (client, "AcknowledgeAlerts", &ack, acknowledge_alerts_reply, &reply, &result), TT_OK, "%s",
                  result.message);
    cr_assert (reply->acknowledged == 3 && reply->already == 0);
    techtransfer__patent__v1__acknowledge_alerts_reply__free_unpacked (reply, NULL);
    cr_assert_eq (CALL (client, "AcknowledgeAlerts", &ack, acknowledge_alerts_reply, &reply, &result), TT_OK);
    cr_assert (reply->acknowledged == 0 && reply->already == 3);
    techtransfer__patent__v1__acknowledge_alerts_reply__free_unpacked (reply, NULL);
    cr_assert_eq (count_alerts ("ent-1", true), COUNT - 3);
    cr_assert_eq (count_alerts ("ent-1", false), COUNT);
    numbers[0] = 31;
    cr_assert_eq (CALL (client, "AcknowledgeAlerts", &ack, acknowledge_alerts_reply, NULL, &result), TT_NOT_FOUND);
    free_documents (documents, COUNT);
    close_rig ();
}

/* -- idempotency -- */

static size_t
exchange (void *socket, const tt_buffer *header, const uint8_t *body, size_t size, bool *replayed, uint8_t *out, size_t room)
{
    uint8_t reply[1024];
    zmq_send (socket, header->data, header->size, ZMQ_SNDMORE);
    zmq_send (socket, body, size, 0);
    int got = zmq_recv (socket, reply, sizeof reply, 0);
    cr_assert_gt (got, 0);
    tt_reply_header fields;
    tt_field_violation violations[4];
    cr_assert_eq (tt_reply_header_decode ((tt_bytes){ reply, (size_t)got }, &fields, violations, 4, NULL, NULL), TT_OK);
    cr_assert_eq (fields.code, TT_OK);
    *replayed = fields.replayed;
    got = zmq_recv (socket, out, room, 0);
    return (size_t)got;
}

Test (patent_alertd, the_same_request_id_again_returns_the_first_outcome)
{
    open_rig (2);
    test_document d;
    document_init (&d, "9", "A", "", "电池", NULL);
    Techtransfer__Patent__V1__SubmitPatentsRequest request = TECHTRANSFER__PATENT__V1__SUBMIT_PATENTS_REQUEST__INIT;
    PatentDocument *list[] = { &d.document };
    request.documents = list;
    request.n_documents = 1;
    uint8_t body[1024], id[TT_UUID_SIZE], first[256], second[256];
    size_t size = techtransfer__patent__v1__submit_patents_request__pack (&request, body);
    tt_buffer header = { 0 };
    tt_uuid7_make (id);
    tt_request_header fields = { .request_id = { id, sizeof id }, .method = tt_bytes_of_text (METHOD ("SubmitPatents")) };
    tt_request_header_encode (&fields, &header);
    void *context = zmq_ctx_new (), *sockets[2];
    bool replayed = true;
    for (int i = 0; i < 2; i++) {
        int wait_ms = 20000, zero = 0;
        sockets[i] = zmq_socket (context, ZMQ_DEALER);
        zmq_setsockopt (sockets[i], ZMQ_RCVTIMEO, &wait_ms, sizeof wait_ms);
        zmq_setsockopt (sockets[i], ZMQ_LINGER, &zero, sizeof zero);
        cr_assert_eq (zmq_connect (sockets[i], r.daemons[i].commands), 0);
    }
    size_t a = exchange (sockets[0], &header, body, size, &replayed, first, sizeof first);
    cr_assert_not (replayed);
    for (int i = 0; i < 2; i++) { /* at the replica that decided, and at the other */
        size_t b = exchange (sockets[i], &header, body, size, &replayed, second, sizeof second);
        cr_assert (replayed && a == b && memcmp (first, second, a) == 0);
        zmq_close (sockets[i]);
    }
    zmq_ctx_term (context);
    tt_buffer_free (&header);
    document_free (&d);
    close_rig ();
}

/* -- real titles -- */

static bool
read_title (const char *line, test_document *d)
{
    static char symbols[100000][16]; /* the class of each document */
    static size_t used;
    json_t *json = json_loads (line, 0, NULL);
    const char *pn = json_string_value (json_object_get (json, "pn")), *kind = json_string_value (json_object_get (json, "kind"));
    const char *title = json_string_value (json_object_get (json, "ti"));
    const char *ipc = json_string_value (json_array_get (json_object_get (json, "ic"), 0));
    bool ok = pn && kind && title && title[0] && strlen (pn) > 2 + strlen (kind) && strncmp (pn, "CN", 2) == 0 && used < 100000;
    if (ok) {
        char number[40];
        snprintf (number, sizeof number, "%.*s", (int)(strlen (pn) - 2 - strlen (kind)), pn + 2);
        snprintf (symbols[used], sizeof symbols[used], "%s", ipc ? ipc : "");
        document_init (d, number, kind, "", title, ipc ? symbols[used] : NULL);
        used++;
    }
    json_decref (json);
    return ok;
}

Test (patent_alertd, real_chinese_titles)
{
    const char *directory = getenv ("TT_REAL_DATA");
    char path[600], line[20000];
    if (directory == NULL)
        cr_skip_test ("TT_REAL_DATA names no directory");
    snprintf (path, sizeof path, "%s/patents/cn_patents_title_ipc.jsonl.gz", directory);
    gzFile file = gzopen (path, "r");
    cr_assert_not_null (file, "%s", path);
    enum { MOST = 20000 };
    test_document *documents = tt_alloc (MOST * sizeof *documents);
    size_t count = 0;
    while (count < MOST && gzgets (file, line, sizeof line))
        count += read_title (line, &documents[count]);
    gzclose (file);
    cr_assert_gt (count, 1000);
    static const char *const real[] = { "电池",
                                        "ti=\"一种\"",
                                        "石墨烯",
                                        "ic=H01M",
                                        "ti all \"检测 方法\"",
                                        "ic=G06F not ti=方法",
                                        "ti=\"显示面板\"",
                                        "无人机 or 机器人",
                                        "(半导体 or 芯片) and 封装",
                                        "ti any \"隧道, 桥梁\"" };
    enum { WATCHES = sizeof real / sizeof *real };
    static test_watch watches[WATCHES];
    open_rig (2);
    for (size_t i = 0; i < WATCHES; i++) {
        snprintf (watches[i].owner, sizeof watches[i].owner, "owner-%zu", i / 2);
        snprintf (watches[i].id, sizeof watches[i].id, "w%zu", i);
        watches[i].query = real[i];
        watch_put (client, &watches[i]);
    }
    documents_submit (client, documents, count, 200, NULL, NULL);
    size_t alerts = inboxes_check (client, watches, WATCHES, documents, count);
    fprintf (stderr, "real titles: %zu documents, %d watches, %zu alerts\n", count, WATCHES, alerts);
    free_documents (documents, count);
    free (documents);
    close_rig ();
}
