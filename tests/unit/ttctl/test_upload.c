/* An upload against a service that the test plays: what is sent, in which order it is settled, refusals, and going on after the
 * service was lost. */
#include <criterion/criterion.h>
#include <czmq.h>
#include <patent.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "upload.h"
#include "wire/envelope.h"

/* Answers `commands` commands, then falls silent. Documents whose number ends in 7 are rejected; those seen before are UNCHANGED.
 */
typedef struct {
    zsock_t *router;
    size_t commands; /* how many it answers */
    bool seen[1000];
    size_t documents, doubles;
} service;

static void
answer (service *s, zmsg_t *message)
{
    zframe_t *peer = zmsg_pop (message), *header = zmsg_pop (message), *body = zmsg_pop (message);
    tt_request_header request;
    tt_error error = { 0 };
    tt_buffer reply = { 0 };
    cr_assert_eq (tt_request_header_decode ((tt_bytes){ zframe_data (header), zframe_size (header) }, &request, &error), TT_OK);
    Techtransfer__Patent__V1__SubmitPatentsRequest *in
        = techtransfer__patent__v1__submit_patents_request__unpack (NULL, zframe_size (body), zframe_data (body));
    cr_assert_not_null (in);
    Techtransfer__Patent__V1__SubmitPatentsReply out = TECHTRANSFER__PATENT__V1__SUBMIT_PATENTS_REPLY__INIT;
    Techtransfer__Patent__V1__SubmitPatentResult results[64], *list[64];
    char reason[] = "publication: a number that ends in 7", *why[] = { reason };
    for (size_t i = 0; i < in->n_documents; i++) {
        int number = atoi (in->documents[i]->publication->number);
        list[i] = &results[i];
        techtransfer__patent__v1__submit_patent_result__init (&results[i]);
        results[i].outcome = s->seen[number] ? TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__UNCHANGED
                                             : TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__ACCEPTED;
        if (number % 10 == 7) {
            results[i].outcome = TECHTRANSFER__PATENT__V1__SUBMIT_OUTCOME__REJECTED;
            results[i].violations = why;
            results[i].n_violations = 1;
        }
        s->doubles += s->seen[number];
        s->documents += !s->seen[number];
        s->seen[number] = true;
    }
    out.results = list;
    out.n_results = in->n_documents;
    tt_reply_header_encode (&(tt_reply_header){ .request_id = request.request_id }, &reply);
    zmsg_t *back = zmsg_new ();
    uint8_t packed[8192];
    zmsg_append (back, &peer);
    zmsg_addmem (back, reply.data, reply.size);
    zmsg_addmem (back, packed, techtransfer__patent__v1__submit_patents_reply__pack (&out, packed));
    zmsg_send (&back, s->router);
    techtransfer__patent__v1__submit_patents_request__free_unpacked (in, NULL);
    tt_buffer_free (&reply);
    zframe_destroy (&header);
    zframe_destroy (&body);
}

static void
serve (zsock_t *pipe, void *context)
{
    service *s = context;
    zpoller_t *poller = zpoller_new (pipe, s->router, NULL);
    zsock_signal (pipe, 0);
    for (;;) {
        void *ready = zpoller_wait (poller, -1);
        if (ready == pipe || ready == NULL)
            break;
        zmsg_t *message = zmsg_recv (s->router);
        if (s->commands > 0 && zmsg_size (message) == 3) {
            s->commands--;
            answer (s, message);
        }
        zmsg_destroy (&message);
    }
    zpoller_destroy (&poller);
}

static char folder[64], input[128], rejects[128], endpoint[64];

static void
write_input (void)
{
    strcpy (folder, "/tmp/tt-upload-XXXXXX");
    cr_assert_not_null (mkdtemp (folder));
    snprintf (input, sizeof input, "%s/in.jsonl", folder);
    snprintf (rejects, sizeof rejects, "%s/r.jsonl", folder);
    FILE *file = fopen (input, "w");
    for (int i = 1; i <= 200; i++)
        fprintf (file, i % 50 == 0 ? "{\"pn\": \"US%d\"}\n" : "{\"pn\": \"US%d\", \"ti\": \"t\"}\n", i);
    fclose (file);
}

/* One go at the file; the ledger's counts into *counts. */
static tt_status
upload (bool resume, uint32_t timeout_ms, tt_ledger_counts *counts)
{
    tt_error error = { 0 };
    tt_import *import = NULL;
    tt_ledger *ledger = NULL;
    tt_client *client = NULL;
    uint64_t number, end;
    cr_assert_eq (tt_import_open (&import, input, &(tt_import_options){ .kind = TT_IMPORT_PATENTS }, &error), TT_OK);
    cr_assert_eq (tt_ledger_open (&ledger, input, tt_import_fingerprint (import), rejects, resume, &error), TT_OK, "%s",
                  error.message);
    tt_ledger_resume_point (ledger, &number, &end);
    cr_assert_eq (tt_import_skip (import, number, end, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_client_open (&client, &(tt_client_options){ .endpoints = endpoint, .timeout_ms = timeout_ms }, &error),
                  TT_OK);
    tt_upload job = { .import = import, .ledger = ledger, .client = client, .kind = TT_IMPORT_PATENTS, .batch = 10 };
    tt_status status = tt_upload_run (&job, &error);
    *counts = *tt_ledger_count (ledger);
    if (status == TT_OK)
        tt_ledger_finish (ledger);
    tt_client_close (&client);
    tt_ledger_close (&ledger);
    tt_import_close (&import);
    return status;
}

static size_t
lines_of (const char *path)
{
    FILE *file = fopen (path, "r");
    size_t n = 0;
    for (int c; file && (c = fgetc (file)) != EOF;)
        n += c == '\n';
    if (file)
        fclose (file);
    return n;
}

static zactor_t *
start (service *s, size_t commands)
{
    zsys_handler_set (NULL);
    *s = (service){ .router = zsock_new (ZMQ_ROUTER), .commands = commands };
    int port = zsock_bind (s->router, "tcp://127.0.0.1:*");
    cr_assert_gt (port, 0);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    return zactor_new (serve, s);
}

static void
stop (service *s, zactor_t **actor)
{
    zactor_destroy (actor);
    zsock_destroy (&s->router);
    unlink (input);
    unlink (rejects);
    rmdir (folder);
}

Test (upload, everything_is_accounted_for)
{
    service s;
    tt_ledger_counts counts;
    write_input ();
    zactor_t *actor = start (&s, 1000);
    cr_expect_eq (upload (false, 10000, &counts), TT_OK);
    cr_expect_eq (counts.read, 200);
    cr_expect_eq (counts.rejected, 4 + 20, "4 without a title, 20 that the service refused");
    cr_expect_eq (counts.accepted, 176);
    cr_expect_eq (lines_of (rejects), 24);
    cr_expect_eq (s.documents, 196);
    cr_expect_eq (s.doubles, 0);
    stop (&s, &actor);
}

Test (upload, goes_on_after_the_service_was_lost)
{
    service s;
    tt_ledger_counts first, second;
    write_input ();
    zactor_t *actor = start (&s, 7);
    cr_expect_eq (upload (false, 300, &first), TT_DEADLINE_EXCEEDED);
    cr_expect (first.read >= 70 && first.read < 80, "seven batches are settled, not %d records", (int)first.read);
    size_t before = s.documents;
    zactor_destroy (&actor);
    s.commands = 1000;
    actor = zactor_new (serve, &s);
    cr_expect_eq (upload (true, 10000, &second), TT_OK);
    cr_expect_eq (second.read, 200);
    cr_expect_eq (second.accepted, 176);
    cr_expect_eq (second.rejected, 24);
    cr_expect_eq (lines_of (rejects), 24, "no rejection is written twice");
    cr_expect (s.documents == 196 && before >= 69, "all of them reached the service");
    stop (&s, &actor);
}
