/* Clients of patent-alertd for its integration tests: short calls, and the check of everybody's inbox against the offline engine.
 */
#ifndef TT_TESTS_PATENT_RIG_H
#define TT_TESTS_PATENT_RIG_H

#include "bus/client.h"
#include "patent.h"

#define METHOD(name) "techtransfer.patent.v1.PatentAlert/" name
#define CALL(client, name, request, lower, reply, result)                                                                        \
    tt_client_call (client, METHOD (name), &(request)->base, &techtransfer__patent__v1__##lower##__descriptor,                   \
                    (ProtobufCMessage **)(reply), result)

/* A document in storage of its own. */
typedef struct {
    PatentDocument document;
    DocumentReference publication;
    Techtransfer__Patent__V1__LocalizedText title;
    Techtransfer__Patent__V1__LocalizedText *titles[1];
    char number[40], kind[8], family[40], date[16];
    char *ipc[4];
    char *text; /* owned */
} test_document;

typedef struct {
    char owner[40];
    char id[40];
    const char *query;
    Techtransfer__Patent__V1__Severity severity;
} test_watch;

/* family may be "". */
void document_init (test_document *d, const char *number, const char *kind, const char *family, const char *title,
                    const char *ipc);
void document_free (test_document *d);

tt_client *client_open (const char *endpoints);
/* Fails the test unless it is accepted. */
void watch_put (tt_client *client, const test_watch *watch);
/* `count` documents in commands of `bulk`, several under way; between(argument, n) is called when n commands were answered. Fails
 * the test unless each document was ACCEPTED, or UNCHANGED after a retry. */
void documents_submit (tt_client *client, test_document *documents, size_t count, size_t bulk, void (*between) (void *, size_t),
                       void *argument);

/* Waits until each owner's inbox holds one alert for each family of which a document matches, and checks each: numbers dense from
 * 1, each family once, the alert's watches exactly those that match its document, severity the highest, terms standing where they
 * are said to. Returns the number of alerts. */
size_t inboxes_check (tt_client *client, const test_watch *watches, size_t watch_count, const test_document *documents,
                      size_t count);

#endif
