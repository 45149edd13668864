/* Where documents are found that the processor does not have in hand: by a number, by a family, and whether they are void by now. Handlers of
 * store/txn.h for the processor; each request carries its answer, valid until the batch ends. */
#ifndef ALERT_PLACES_H
#define ALERT_PLACES_H

#include "patent.h"
#include "store/txn.h"

#define ALERT_ORPHANS_PAGE 256
#define ALERT_MEMBERS_MAX 64

/* Files a document under a number key, and then finds the legal events that were waiting for one: a legal event that finds no place is an
 * orphan in the same partition, so one of the two sees the other. */
typedef struct {
    const char *key; /* legal.h */
    const char *family;
    const char *document_id;
    void *service;
    tt_bytes events[ALERT_ORPHANS_PAGE]; /* LegalEventRecorded */
    bool corrected[ALERT_ORPHANS_PAGE];  /* taken back already */
    size_t event_count;
    bool more; /* there are more than these */
} alert_registration;
tt_handler alert_register;

/* They are attached: no orphans any more. */
typedef struct {
    const char *key;
    char **event_ids;
    size_t count;
} alert_attachment;
tt_handler alert_attach;

/* The document that a legal event is about: the named publication if it is stored, else the latest of the number. */
typedef struct {
    const char *event_id;
    const DocumentReference *publication; /* may be NULL */
    tt_bytes document;                    /* none: it is not stored */
    bool corrected;                       /* the event has been taken back */
} alert_lookup;
tt_handler alert_look_up;
/* The number has a place, but its documents went: lets the event wait for one as orphans do, uncounted. Look it up again afterwards. */
tt_handler alert_await;

/* Documents of a family. */
typedef struct {
    const char *family;
    tt_bytes documents[ALERT_MEMBERS_MAX];
    size_t count;
} alert_members;
tt_handler alert_find_members;

/* Is the cause of alerts void by now? A document (family not NULL) of this revision, or a legal event. */
typedef struct {
    const char *family;
    const char *id;
    uint64_t revision;
    bool is_void;
    char reason[300];
} alert_voidness;
tt_handler alert_check_void;

/* Of a cause: the alerts that it has raised, in one partition of owners, after a member. Rows are left out; keys are members of
 * ALERT_INDEX_CAUSES. */
typedef struct {
    uint32_t partition;
    tt_bytes after;
    const tt_rows *rows;
} alert_caused;
#define ALERT_CAUSED_PAGE 256 /* each may be another owner's, and so a transaction */
tt_handler alert_find_caused;

#endif
