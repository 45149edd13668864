/* The high watermark: up to which sequence the wished number of copies holds a journal. Private to store/; the readers' side is
 * in journal.h. */
#ifndef TT_STORE_CONFIRM_H
#define TT_STORE_CONFIRM_H

#include "store/entries.h"
#include "store/pipe.h"

/* True if everything in entries[from..] is on redis.replicas copies, or none are wished. Waits for them once, at most
 * redis.replica-timeout. */
bool tt_confirm_entries (tt_store *store, const tt_entries *entries, size_t from);

#endif
