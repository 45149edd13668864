/* Journals: what was committed, in order, partition by partition. The truth that events are copies of.
 *
 * A journal is the partition's list of events ("events"), or a log that the service's replicas keep for themselves (any other name, written
 * by tt_txn_log). Sequences are dense from 1. Entries are borrowed until the next call on the same object.
 * Each object is owned by one thread. */
#ifndef TT_STORE_JOURNAL_H
#define TT_STORE_JOURNAL_H

#include "store/store.h"
#include "wire/lineage.h"

typedef struct {
    uint32_t partition;
    uint64_t sequence;
    tt_bytes epoch;  /* the part of the journal's history that it belongs to */
    tt_bytes topic;  /* empty in a log */
    tt_bytes header; /* packed EventHeader without its place (stream, partition, sequence, previous_id, epoch); empty in a log */
    tt_bytes body;   /* packed message */
} tt_entry;

#define TT_JOURNAL_EVENTS "events"

/* The highest sequence of each of the P journals of this name; heads[P]. One round trip. */
TT_MUST_USE tt_status tt_journal_heads (tt_store *store, const char *name, uint64_t *heads, tt_error *error);
/* Entries from a sequence on, at most `limit`; fewer do not mean that the end was reached. TT_OUT_OF_RANGE if `from` is below what is kept (*earliest, may be NULL, says from where);
 * none and TT_OK at the end. *entries is borrowed until the next call on this store. */
TT_MUST_USE tt_status tt_journal_read (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint32_t limit,
                                       const tt_entry **entries, size_t *count, uint64_t *earliest, tt_error *error);
/* Epochs (wire/lineage.h): a server of Redis that was not the last to write begins a new one with its first append, since a fail-over may have
 * lost the journal's end, and its sequences would be given out again. Who holds a position (the last sequence that it saw, and that one's epoch)
 * can ask whether that is still in the history:
 *   TT_OK: everything up to the position is there as it was seen (or was trimmed since);
 *   TT_DATA_LOSS: [*lost_first, position.sequence] were seen and are gone; *lost_first is 1 if the epoch is not in the history, so that nothing
 *   of what was seen can be vouched for.
 * position.sequence 0 is always in the history. One round trip. */
typedef struct {
    uint64_t sequence;
    char epoch[TT_EPOCH_SIZE]; /* "" = not known: only the journal's end is looked at */
} tt_position;
TT_MUST_USE tt_status tt_journal_check (tt_store *store, const char *name, uint32_t partition, const tt_position *position,
                                        uint64_t *lost_first, tt_error *error);
/* The head of each of the P journals of this name, and the epoch of the entry at it; positions[P]. One round trip. */
TT_MUST_USE tt_status tt_journal_positions (tt_store *store, const char *name, tt_position *positions, tt_error *error);

/* Where a journal stands. Pointers are borrowed until the next call on the store. */
typedef struct {
    uint32_t partition;
    uint64_t head;             /* 0 = nothing yet */
    uint64_t earliest;         /* the lowest sequence kept; 0 = none */
    char epoch[TT_EPOCH_SIZE]; /* of the entry at the head; "" if there is none */
    const tt_epoch *epochs;    /* of the whole history, oldest first, at most TT_EPOCHS_MAX */
    size_t epoch_count;
    tt_entry last;             /* the one at the head; all empty if it is not kept. Not filled in by tt_journal_page */
} tt_stand;
/* All P journals of a name; stands[P]. One round trip. */
TT_MUST_USE tt_status tt_journal_stands (tt_store *store, const char *name, tt_stand *stands, tt_error *error);
/* The entry before `from`, if it is kept, and at most `limit` from there on. None if `from` is not kept: then stand->earliest says from where on
 * there are some. *stand is never older than the entries. One round trip, two where one commit appended more than `limit`. */
TT_MUST_USE tt_status tt_journal_page (tt_store *store, const char *name, uint32_t partition, uint64_t from, uint32_t limit,
                                       const tt_entry **entries, size_t *count, tt_stand *stand, tt_error *error);

#define TT_SERVER_SIZE 41 /* a server's run_id, with its NUL */

/* Sequences that were seen in a journal and are gone, both included. */
typedef struct {
    uint32_t partition;
    uint64_t first, last;
} tt_loss;

/* High watermark: with redis.replicas, lowers heads[P], as they were just read of the journals of events, to what so many copies hold; what lies
 * above must not leave the service, since a fail-over could take it back. One round trip, at most redis.replica-timeout; none where all is
 * known already. Without redis.replicas nothing changes. TT_UNAVAILABLE: some could not be asked; heads are lowered all the same. */
TT_MUST_USE tt_status tt_journal_confirm (tt_store *store, uint64_t *heads, tt_error *error);

/* Follows all P journals of a name from given positions on; wakes as soon as something is appended. Has its own connection. */
typedef struct tt_tail tt_tail;
/* seen[P]: the last entry before those that are wanted. The options are the store's. Does not connect yet. */
TT_MUST_USE tt_status tt_tail_open (tt_tail **out, const tt_store_options *options, const char *name, const tt_position *seen,
                                    tt_error *error);
void tt_tail_close (tt_tail **tail);
/* Descriptor to poll for reading; -1 before the first connection. */
int tt_tail_fd (const tt_tail *tail);
/* False while a part of the journals cannot be heard, or waits for copies (high watermark): then call tt_tail_read at least every 100 ms. */
bool tt_tail_connected (const tt_tail *tail);
/* What has arrived, without blocking (with redis.replicas: waiting for the copies for at most a quarter of a second); ascending in each
 * partition. *entries is borrowed until the next call. TT_UNAVAILABLE while the connection is being made again (nothing is lost: it goes on where it
 * was). TT_DATA_LOSS if sequences that were seen are not in the history any more, which is looked at whenever a connection is made and whenever another
 * epoch shows, before anything of it is handed out; or if sequences were skipped. It goes on behind what is left. */
TT_MUST_USE tt_status tt_tail_read (tt_tail *tail, const tt_entry **entries, size_t *count, tt_error *error);

/* What the last TT_DATA_LOSS was about; borrowed until the next call. */
const tt_loss *tt_tail_losses (const tt_tail *tail, size_t *count);

/* A share of the service's own journal: replicas that read under one group name divide the entries among them; what a dead one had taken
 * is claimed by another. An entry may come twice: effects must be idempotent. */
typedef struct tt_group tt_group;
typedef struct {
    const char *name;       /* "matcher" */
    const char *consumer;   /* this replica: unique among those alive */
    uint32_t claim_idle_ms; /* entries unacknowledged for so long are claimed; 0 = 5000 */
} tt_group_options;
TT_MUST_USE tt_status tt_group_open (tt_group **out, const tt_store_options *store, const tt_group_options *options, tt_error *error);
void tt_group_close (tt_group **group);
/* As tt_tail_fd and tt_tail_connected. */
int tt_group_fd (const tt_group *group);
bool tt_group_connected (const tt_group *group);
/* Entries for this replica (new ones or claimed ones), at most `limit` and at most one batch unacknowledged at a time. Non-blocking.
 * Redis gives out and remembers blocks of entries, so the rest of a block comes with the next reads, and a block whose middle was
 * acknowledged when the replica died comes again as a whole. */
TT_MUST_USE tt_status tt_group_read (tt_group *group, uint32_t limit, const tt_entry **entries, size_t *count, tt_error *error);
/* TT_DATA_LOSS: what this replica took is not in the history any more (tt_tail_read says when that is looked at); tt_group_losses says what. What it had in
 * hand is forgotten. */
const tt_loss *tt_group_losses (const tt_group *group, size_t *count);
/* What follows from the entries in hand must not be written to other servers than those that they are from before tt_group_renew, since they may be unknown
 * there: the store takes no others (tt_store_pin). */
void tt_group_pin (const tt_group *group, tt_store *store);
/* Connects anew and asks whether what was taken is in the history there: TT_OK, TT_DATA_LOSS as above, TT_UNAVAILABLE. */
TT_MUST_USE tt_status tt_group_renew (tt_group *group, tt_error *error);
/* What was taken and not acknowledged is dropped; it comes again if it is still there. */
void tt_group_forget (tt_group *group);
/* The server (run_id) that a partition was last asked on; "": none yet. Borrowed until the next call. */
const char *tt_group_server (const tt_group *group, uint32_t partition);
/* The epoch that its journals were in when tt_group_done was called last; "": none. Likewise borrowed. */
const char *tt_group_epoch (const tt_group *group, uint32_t partition);
/* How often a partition was found on another server than before. */
uint64_t tt_group_moves (const tt_group *group);
/* done[P]: everything up to there was acknowledged, and the epoch there. One round trip. TT_UNAVAILABLE also where another replica has set the group
 * back: the next read finds it again. */
TT_MUST_USE tt_status tt_group_done (tt_group *group, tt_position *done, tt_error *error);
/* Everything above done[P] is given out again, for all replicas; never forward. What of it was given out before is acknowledged in vain from then
 * on: the entry stays with whom it is given to next. */
TT_MUST_USE tt_status tt_group_set_back (tt_group *group, const uint64_t *done, tt_error *error);
/* Everything of the last tt_group_read is done. */
TT_MUST_USE tt_status tt_group_acknowledge (tt_group *group, tt_error *error);
/* Entries of the journals that no replica has taken yet, and one for each block of them (all that one commit appended) that was taken and not
 * acknowledged. */
TT_MUST_USE tt_status tt_group_lag (tt_group *group, uint64_t *lag, tt_error *error);

/* All rows of a table in one partition, page by page (a snapshot that may miss or double rows that change meanwhile: read the log's head
 * first, then the rows, then the log from that head on). The callback gets borrowed bytes; false stops. */
typedef bool tt_row_visitor (void *context, tt_bytes key, uint64_t version, tt_bytes value);
TT_MUST_USE tt_status tt_table_visit (tt_store *store, uint32_t partition, const char *table, tt_row_visitor *visit, void *context,
                                      tt_error *error);

#endif
