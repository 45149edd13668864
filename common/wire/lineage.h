/* The epochs that a journal's history consists of, and where two such histories part.
 *
 * Redis replicates asynchronously: a fail-over may lose a journal's end, and its sequences are given out again. Each server
 * therefore begins a new epoch with its first append; a journal's lineage says which epochs it has and with which sequence each
 * begins (PROTOCOL.md, 4.2). An observer keeps the lineage of what it saw: held against the journal's, that tells exactly what of
 * it was lost. Pure, values only. */
#ifndef TT_WIRE_LINEAGE_H
#define TT_WIRE_LINEAGE_H

#include "base/buffer.h"

#define TT_EPOCH_SIZE 37 /* a UUID in text, with its NUL; what is longer is cut */
#define TT_EPOCHS_MAX 64 /* that a journal remembers */

typedef struct {
    char epoch[TT_EPOCH_SIZE];
    uint64_t first; /* the first sequence of the journal in it */
} tt_epoch;

/* Oldest first. Zero-initialise; one that has no epoch means "not known". */
typedef struct {
    tt_epoch *list; /* owned */
    size_t count, capacity;
} tt_lineage;

void tt_lineage_free (tt_lineage *lineage);
void tt_lineage_clear (tt_lineage *lineage);
/* The next epoch begins at `first`; those that begin there or later are forgotten, since they are not of this history. Of more
 * than TT_EPOCHS_MAX the oldest is forgotten. */
void tt_lineage_begin (tt_lineage *lineage, uint64_t first, tt_bytes epoch);
/* Appends an epoch as a journal lists it: one in which nothing of this journal was appended begins where the next one does. */
void tt_lineage_add (tt_lineage *lineage, uint64_t first, tt_bytes epoch);
/* Becomes a copy. */
void tt_lineage_copy (tt_lineage *lineage, const tt_epoch *epochs, size_t count);
/* The epoch of a sequence; "" if it is not known. */
const char *tt_lineage_at (const tt_lineage *lineage, uint64_t sequence);
/* True if `sequence` has this epoch, or either is not known: nothing contradicts. */
bool tt_lineage_agrees (const tt_lineage *lineage, uint64_t sequence, tt_bytes epoch);

/* Up to which sequence what was seen (up to `seen`, of the lineage `held`) is what the journal has (up to `head`, of the lineage
 * `epochs`): `seen` if nothing is missing, less if (result, seen] was lost, 0 if the two have nothing in common. With nothing
 * known of the held lineage, only the journal's end is looked at. */
uint64_t tt_lineage_common (const tt_lineage *held, uint64_t seen, const tt_epoch *epochs, size_t count, uint64_t head);

#endif
