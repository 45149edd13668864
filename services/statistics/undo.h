/* Taking counted events back: where a source lost the end of its journal in a fail-over, the counts must be those of the history
 * that survived.
 *
 * Each commit of a portion leaves, beside the counts, what it changed: the cells that it added and what its members were before.
 * Records of a source partition lie in a ring of slots: a run that ends at sequence s lies in slot s / STATS_UNDO_RUN modulo the
 * number of slots, so old ones are overwritten and nothing is deleted; a portion that ends in the slot of the one before is
 * merged into its record. The position names the slot of its record, a record holds the position before it: a chain, newest
 * first, in which a record counts only if it ends at exactly the position that names it. Not for noticing a loss (consumer.h). */
#ifndef STATS_UNDO_H
#define STATS_UNDO_H

#include "ledger.h"

#define STATS_UNDO_RUN 64
/* Slots that hold at least this many events, whatever the portions; 0 for none. */
uint32_t stats_undo_slots_for (uint64_t events);

typedef struct {
    const char *key; /* "watches_active/<owner>/<id>" */
    bool present;    /* before the run */
    const char *district;
} stats_undo_member;

/* What a run of events changed. */
typedef struct {
    stats_tally changes;
    stats_undo_member *members;
    size_t member_count;
    uint64_t events;
} stats_undo_run;

/* Inside stats_ledger_apply: asks for what stats_undo_keep needs. */
void stats_undo_read (tt_txn *txn, const stats_portion *portion, const stats_position *stored);
/* Puts the record of a run that leads from `stored` to `next`, and names its slot in *next. False after refusing. */
bool stats_undo_keep (tt_txn *txn, const stats_portion *portion, const stats_position *stored, stats_position *next,
                      stats_undo_run *run);

typedef enum {
    STATS_UNDO_NONE, /* nothing that was lost had been counted: go on behind the loss, with now.undone */
    STATS_UNDO_DONE, /* taken back: read the positions again, the journal may know more to say about the one that is reached */
    STATS_UNDO_DOUBT /* the records do not reach back to `first`: taken back as far as they do; the position stands behind the
                        loss and is marked doubtful. Read the positions again */
} stats_undo_result;

/* A loss in a source partition, as its consumer was told. */
typedef struct {
    const char *stream;
    uint32_t partition;
    uint64_t first, last;         /* the lost sequences; first 0 or 1: nothing can be vouched for */
    uint64_t resume;              /* where the history that survived goes on */
    stats_position base;          /* where the consumer stands in the store */
    char epoch[STATS_EPOCH_SIZE]; /* of the last event that it was handed */
    /* set at every try; the last one stands */
    stats_undo_result result;
    uint64_t events; /* taken back */
    stats_position now;
} stats_loss;

/* Handler, request: a stats_loss (its answer is written). Takes the runs that end at or behind `first` out of the counts, all in
 * one commit that the position guards. ABORTED: the store does not stand where the consumer believes, and not in the history that
 * was lost either: read the positions again, the journal is the judge of them. DATA_LOSS: a stored row cannot be read. */
tt_handler stats_undo_take_back;

#endif
