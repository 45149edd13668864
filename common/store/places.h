/* How far the reader of journals is in each partition, and whether that is still in their history. Private to store/.
 *
 * A new connection may lead to a server that came up without the end of what was seen: it is asked before anything is read from
 * it, on that connection, so that there is no doubt who answered. Owned by one thread. */
#ifndef TT_STORE_PLACES_H
#define TT_STORE_PLACES_H

#include "store/journal.h"
#include "store/listen.h"

typedef struct {
    char *service, *name;
    uint32_t count;                   /* P */
    uint64_t *next;                   /* of each partition: one past the highest sequence seen */
    tt_lineage *lineage;              /* of the journal up to there */
    char (*server)[TT_SERVER_SIZE];   /* of each partition: that was asked last */
    uint64_t moves;                   /* times that it was another one than before */
    tt_loss *losses;                  /* found since the owner set loss_count to 0; at most one of each partition */
    size_t loss_count;
} tt_places;

void tt_places_init (tt_places *places, const char *service, const char *name, uint32_t partitions);
void tt_places_free (tt_places *places);
void tt_places_set (tt_places *places, uint32_t partition, const tt_position *position);
/* The entry was seen. */
void tt_places_take (tt_places *places, const tt_entry *entry);
/* False if an entry that follows what was seen is of another epoch than what is known: then a check must come first. */
bool tt_places_know (const tt_places *places, const tt_entry *entries, size_t count);

/* Asks the server behind an ear, which is connected and has nothing under way, for the history of its partitions (blocks for one
 * round trip). TT_DATA_LOSS if what was seen is not in it: what of it is gone is added to the losses, the error names the first
 * of them, and the places stand at what is left. */
TT_MUST_USE tt_status tt_places_check (tt_places *places, tt_listen *listen, size_t ear, tt_error *error);
/* Connects the ear if need be, and asks then. Another status than OK and DATA_LOSS: it is not connected. */
TT_MUST_USE tt_status tt_places_connect (tt_places *places, tt_listen *listen, size_t ear, tt_error *error);
/* Sequences were seen, and are gone, or were skipped. */
tt_status tt_places_lose (tt_places *places, tt_loss loss, const char *how, tt_error *error);

#endif
