/* What was counted and how far: the rows of each source partition, and the transactions that change and read them.
 *
 * A source partition (partition 3 of the stream "patent") lives in the statistics partition that its name "patent/3" hashes to:
 *   position  "patent/3"                    Position: up to where it was counted, and in which epoch; guards everything below
 *   counts    "patent/3/alerts_raised"      CountRow: what it gave to one count and its details
 *   member    "patent/3/watches_active/..." district of a watch or demand that is there now
 *   undo      "patent/3/17"                 UndoRecord: what a run of events changed in these rows (undo.h)
 * They change in one commit, so that an event counts once whatever is replayed, delivered twice or consumed by several replicas.
 * stream "patent" -> number of its partitions, as decimal text, tells readers where to look. Not for how events arrive
 * (consumer.h). A portion belongs to one thread. */
#ifndef STATS_LEDGER_H
#define STATS_LEDGER_H

#include "effects.h"
#include "store/txn.h"
#include "tally.h"

#define STATS_STREAMS 3
extern const char *const stats_streams[STATS_STREAMS]; /* "patent", "achievement", "finance" */
#define STATS_SOURCE_PARTITIONS_MAX 1024
#define STATS_EPOCH_SIZE 40

typedef struct {
    uint64_t sequence; /* 0 = nothing */
    char epoch[STATS_EPOCH_SIZE];
    uint64_t undone;                        /* losses of the source so far: what is in hand from before the last one is refused */
    uint64_t doubtful_first, doubtful_last; /* lost in the source and perhaps still counted, or trimmed there and not counted; first 0 = the counts are exact */
    uint32_t undo_slot;                     /* of its undo record (undo.h) */
} stats_position;

typedef struct {
    uint64_t sequence;
    stats_effects effects;
} stats_portion_event;

/* A run of events of one source partition, all of one epoch. */
typedef struct {
    const char *stream;
    uint32_t partition;
    stats_position base; /* where its consumer stood before the first of them */
    char epoch[STATS_EPOCH_SIZE];
    stats_portion_event *events; /* by sequence */
    size_t count;
    uint32_t undo_slots; /* of its partition (undo.h); 0 = nothing is kept to take events back */
    size_t applied;      /* set by stats_ledger_apply: how many the last try counted; the others were counted before */
} stats_portion;

/* Handler, request: a stats_portion (its `applied` is written at every try). Counts what lies behind the stored position. Refuses
 * with ABORTED if the store stands before the base or in a third epoch, or if counts were taken back meanwhile: its consumer must
 * read the positions again. OUT_OF_RANGE: a count is full. DATA_LOSS: a stored row cannot be read. */
tt_handler stats_ledger_apply;

typedef struct {
    const char *stream;
    uint32_t partitions;
} stats_stream_size;
/* Handler, request: a stats_stream_size. Remembers how many partitions a stream has. */
tt_handler stats_ledger_know;

/* Inside a read-only handler: the known positions of a stream, in *positions[*count] (arena). False: something is not read yet.
 */
bool stats_ledger_positions (tt_txn *txn, const char *stream, stats_position **positions, uint32_t *count);
/* Inside a read-only handler: adds the counts of all streams, or of those called `name`, and sums. False: not read yet, or
 * refused. */
bool stats_ledger_counts (tt_txn *txn, const char *name, stats_tally *out);

#endif
