/* Events gathered from one stream until they are committed: a portion for each source partition, and where the consumer stands in
 * each. Pure bookkeeping: no socket, no store. Owned by one thread. */
#ifndef STATS_PORTIONS_H
#define STATS_PORTIONS_H

#include "ledger.h"

typedef struct {
    const char *stream;
    tt_arena *arena;           /* of the effects in hand */
    stats_position *positions; /* [capacity], as last committed or taken from the store */
    stats_portion *portions;   /* [capacity] */
    uint32_t capacity;         /* partitions with room */
    size_t gathered;           /* events in all portions */
    uint32_t undo_slots;       /* of each partition (undo.h) */
} stats_portions;

/* What becomes of an event. */
typedef enum {
    STATS_TAKEN,
    STATS_FULL,   /* commit first: a new epoch begins, or there is no room */
    STATS_DOUBLE, /* not behind the last one: passed over */
    STATS_REFUSED /* its partition cannot exist */
} stats_taking;

#define STATS_GATHER_MAX 256 /* events in all portions */

void stats_portions_init (stats_portions *portions, const char *stream, uint32_t undo_slots);
void stats_portions_free (stats_portions *portions);
/* Forgets what is in hand and stands at these positions. */
void stats_portions_restart (stats_portions *portions, const stats_position *positions, uint32_t count);
/* Takes one event. *lost is how many sequences are missing before it (0 where the epoch changed). */
stats_taking stats_portions_take (stats_portions *portions, uint32_t partition, uint64_t sequence, const char *epoch,
                                  const stats_effects *effects, uint64_t *lost);
/* The source has lost everything from `first` on: those events in hand are dropped. *base: where the partition stands as
 * committed; epoch: of the last event that was taken before the loss. False if nothing is known of this partition. */
bool stats_portions_lose (stats_portions *portions, uint32_t partition, uint64_t first, stats_position *base,
                          char epoch[STATS_EPOCH_SIZE]);
/* The loss is on record as the undone-th of its partition: what is still in hand belongs to the history that survived. */
void stats_portions_survive (stats_portions *portions, uint32_t partition, uint64_t undone);
/* True if the store stands where it cannot have gone on from here: before a position that was committed, or after a loss that is
 * not known here. */
bool stats_portions_went_back (const stats_portions *portions, const stats_position *stored, uint32_t count);
/* Everything in hand was committed: stand behind it, hands empty. */
void stats_portions_done (stats_portions *portions);

#endif
