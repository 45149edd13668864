/* The history of a partition as meta keeps it: one line for each epoch (journal.h, epochs). Private to store/; in journal.c. */
#ifndef TT_STORE_EPOCHS_H
#define TT_STORE_EPOCHS_H

#include "store/journal.h"

/* *end: the last sequence of this journal that belongs to what the holder of the epoch has seen ("" = not known: the head). False: the epoch is not
 * in the history. */
bool tt_epochs_end (const char *lines, const char *name, uint64_t head, const char *epoch, uint64_t *end);

#endif
