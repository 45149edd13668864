/* Retention of documents: which are due, and taking them out. The rule is pure; the handler is one of store/txn.h. */
#ifndef ALERT_REMOVAL_H
#define ALERT_REMOVAL_H

#include "archive.h"
#include "store/txn.h"

#define ALERT_REMOVAL_MAX 64 /* documents of one transaction, and so of one event */

typedef struct {
    int32_t keep_days; /* 0: for ever */
    bool by_arrival;   /* from the last arrival (a correction arrives anew), or from the publication date */
} alert_retention;

/* Has the document been kept long enough, today? By arrival, a document whose arrival is not known counts from its publication. One that has no
 * date to count from is kept. */
bool alert_removal_due (const alert_retention *rule, int32_t published_day, int32_t arrived_day, int32_t today);

typedef struct {
    uint32_t partition;
    alert_retention rule;
    int32_t today;
    size_t count;
    char *ids[ALERT_REMOVAL_MAX];
    size_t removed; /* set by the handler */
} alert_removal;

/* Takes those of the ids out whose rows are due, in one transaction with one event that names them; their revisions stay, for WithdrawPatent. What is gone or not due any longer is left
 * alone, so that replicas may sweep at the same time. */
tt_handler alert_remove_documents;

#endif
