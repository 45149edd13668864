/* What may be forgotten of journals and request ids, and where a journal and its durable consumers stand.
 *
 * A durable consumer is a row of the table TT_CONSUMERS (packed techtransfer.v1.ConsumerPartition: acknowledged, epoch,
 * acknowledged_unix_ms) and a member of the sorted index of the same name, whose score is the sequence that it has acknowledged; run/consumers.c
 * writes both. Everything here may be done by several replicas at once: it is idempotent, and atomic in each partition. */
#ifndef TT_STORE_RETENTION_H
#define TT_STORE_RETENTION_H

#include "base/arena.h"
#include "store/journal.h"

#define TT_CONSUMERS "consumers"           /* table and index */
#define TT_CONSUMERS_LOST "consumers.lost" /* numbers by consumer: events trimmed before it had acknowledged them; written by the trim function */

typedef struct {
    int64_t keep_ms;       /* events younger than that stay, also if all have acknowledged them */
    uint64_t cap;          /* events that a journal may hold: what is beyond goes, also if nobody has acknowledged it; >= 1 */
    uint64_t remember_max; /* request ids that a partition remembers; those made in the last minute or two stay in any case */
    uint64_t step;         /* most events to trim of one journal in one call; 0 = 100,000 */
} tt_retention_options;

typedef struct {
    uint64_t trimmed;     /* events */
    uint64_t capped;      /* of these: somebody registered had not acknowledged them */
    uint64_t kept;        /* events in all journals and logs */
    uint64_t ids_kept, ids_dropped;
    bool more;            /* a journal has more to trim than the step */
} tt_retention_counts;

/* Called for each consumer, or consumer group ("group matcher"), that lost events. Of a group the number is an upper bound: what it had
 * acknowledged out of order counts too. */
typedef void tt_loss_visitor (void *context, uint32_t partition, tt_bytes who, uint64_t events);

/* One round over all partitions: trims their journals and logs and drops request ids. The journal of events is trimmed below what all
 * consumers and groups have acknowledged and what is younger than keep; if no consumer is registered, below the cap alone. Logs are trimmed
 * by age and cap: the copies that follow them begin anew (TT_OUT_OF_RANGE). Blocks for a few round trips. now: milliseconds since 1970.
 * visit may be NULL. TT_UNAVAILABLE: some partitions may have been done. */
TT_MUST_USE tt_status tt_retention_run (tt_store *store, const tt_retention_options *options, int64_t now_unix_ms, tt_loss_visitor *visit,
                                        void *context, tt_retention_counts *counts, tt_error *error);

typedef struct {
    tt_bytes name;
    tt_bytes row; /* packed ConsumerPartition */
    uint64_t lost;
} tt_consumer_standing;

typedef struct {
    uint64_t head;     /* 0 = nothing yet */
    uint64_t earliest; /* lowest sequence kept, 0 = none */
    const char *epoch;
    const char *epochs; /* lines, see tt_standing_has */
    size_t consumer_count;
    const tt_consumer_standing *consumers; /* by acknowledged sequence */
} tt_standing;

/* The standing of each partition's journal of events, standings[P]; consumers: "" none, "*" all, or one name. What they point to lives in the
 * arena. One round trip. */
TT_MUST_USE tt_status tt_standing_read (tt_store *store, const char *consumers, tt_arena *arena, tt_standing *standings, tt_error *error);
/* Is the event with this sequence, seen in this epoch ("" = not known), still the one in the journal (or was trimmed since)? *end: the last
 * one that is. False also if the epoch is not known; then *end is the head. */
bool tt_standing_has (const tt_standing *standing, uint64_t sequence, const char *epoch, uint64_t *end);

#endif
