/* Bringing a push to its owner: exactly once for each pair, dense numbers, and exactly one first push of each achievement.
 *
 * step 0, at the achievement: the first push of an achievement is claimed there, whole. What is claimed will be made.
 * step 1, at the owner of the claimed push: it is made, by whoever comes by, unless it is there already.
 * step 2, at the owner of this push, if it was not the claimed one: it is made, as not the first.
 *
 * So a push that is the first is in its inbox before any other push of that achievement is, whoever dies in between. */
#ifndef INGEST_INBOX_H
#define INGEST_INBOX_H

#include "store/txn.h"
#include "types.h"

/* What an evaluation found: these two belong together. The revisions say what was evaluated: if either is another by now, the
 * event of that change brings its own evaluation, and nothing is pushed here. Borrowed texts. */
typedef struct {
    const char *owner, *demand_id;
    uint64_t demand_revision;
    int64_t demand_created_unix_ms;
    const char *source, *source_id;
    uint64_t record_revision;
    bool by_query;
    double score;
    char **terms;
    size_t term_count; /* at most INGEST_PUSH_TERMS */
    const char *traceparent; /* of the event that was evaluated; NULL: none */
} ingest_order;

/* tt_handler: request is an ingest_order. Replies with the Push if this call made it; with nothing if there was nothing to do. */
void ingest_deliver (tt_txn *txn, const void *request, void *service);

/* The highest number of an inbox from its row; 0 if absent. */
uint64_t ingest_inbox_number (const tt_row *head);

#endif
