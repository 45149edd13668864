/* The account of one import: what was read, accepted and rejected, the reject file, and the state from which it can be resumed.
 *
 * The reject file is JSON Lines {"file","line","record","reason","text"}, made at the first rejection. Beside it stands "<reject
 * file>.state" while the import is under way: file, fingerprint, number and end of the last record whose outcome is certain,
 * counts, and how long the reject file was then; a resumed import cuts the reject file back to that, so that nothing is written
 * twice. One thread at a time. */
#ifndef TT_IMPORT_LEDGER_H
#define TT_IMPORT_LEDGER_H

#include "base/buffer.h"

typedef struct {
    uint64_t read;
    uint64_t accepted;  /* new or revised */
    uint64_t unchanged; /* of accepted: the service had it already */
    uint64_t withdrawn; /* of accepted: deletions that took effect */
    uint64_t quarantined; /* invalid, kept by the service to be mended */
    uint64_t rejected;
    uint64_t notes; /* records of which something was left out or cut */
} tt_ledger_counts;

typedef struct tt_ledger tt_ledger;

/* For an account whose state is kept elsewhere: no state is read or written. The reject file is cut back to `kept` bytes, 0: it
 * begins anew. Statuses of the system. */
TT_MUST_USE tt_status tt_ledger_continue (tt_ledger **out, const char *file, const char *rejects, uint64_t kept,
                                          tt_ledger_counts counts, tt_error *error);
/* Bytes in the reject file, all of them on the disk. INTERNAL if they cannot be written. */
TT_MUST_USE tt_status tt_ledger_kept (tt_ledger *ledger, uint64_t *kept, tt_error *error);

/* file: as the user named it. rejects: path of the reject file. Without resume an earlier reject file and state are removed. With
 * resume and no state the import begins at the start. FAILED_PRECONDITION if the state belongs to another file or content. */
TT_MUST_USE tt_status tt_ledger_open (tt_ledger **out, const char *file, const char *fingerprint, const char *rejects,
                                      bool resume, tt_error *error);
void tt_ledger_close (tt_ledger **ledger); /* keeps the state file; NULL inside is fine; nulls */

/* Where to go on: number and end of the last record that is settled; 0 at the start. */
void tt_ledger_resume_point (const tt_ledger *ledger, uint64_t *number, uint64_t *end);

/* One record rejected: a line in the reject file. text is cut at 64 KiB. INTERNAL if it cannot be written. */
TT_MUST_USE tt_status tt_ledger_reject (tt_ledger *ledger, uint64_t line, uint64_t record, const char *reason, tt_bytes text,
                                        tt_error *error);
tt_ledger_counts *tt_ledger_count (tt_ledger *ledger); /* for the caller to add to; tt_ledger_reject adds to rejected itself */

/* All records up to this one are settled: writes the state (a new file put in place of the old). */
TT_MUST_USE tt_status tt_ledger_settle (tt_ledger *ledger, uint64_t number, uint64_t end, tt_error *error);
/* The import is complete: the state goes, the reject file stays if there is any. */
void tt_ledger_finish (tt_ledger *ledger);

#endif
