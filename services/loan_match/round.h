/* A round: a snapshot of a market in, who gets what and why the rest got nothing out, as the message that is published and as the
 * certificate that anybody can check.
 *
 * Pure and deterministic to the byte: the order of the input has no influence. Not for proposals (proposal.h) and not for keeping
 * the round (commands_round.c). */
#ifndef LOAN_MATCH_ROUND_H
#define LOAN_MATCH_ROUND_H

#include "market.h"

/* Computes the round of a snapshot (which is sorted in place). *round comes with market, round_id and ran_unix_ms set and the
 * rest initialised; everything that is put into it lives in the arena or is borrowed from the snapshot. Allocations stand by
 * application_id, leg, provider_id, product_id; unmatched legs by application_id, leg; closings in the order in which they were
 * made. *certificate: the packed Certificate, in the arena. options: NULL for the defaults (allocate.h). TT_OUT_OF_RANGE if the
 * wanted amounts do not fit a sum of 63 bits, TT_FAILED_PRECONDITION if caps cross, TT_RESOURCE_EXHAUSTED from the allocation. */
TT_MUST_USE tt_status match_round_run (match_snapshot *snapshot, const match_options *options, tt_arena *arena,
                                       finance_round *round, tt_bytes *certificate, tt_error *error);

/* The second half of it: what an allocation of a sorted snapshot's market comes to. */
TT_MUST_USE tt_status match_round_fill (const match_snapshot *snapshot, const match_market *market, const match_result *result,
                                        tt_arena *arena, finance_round *round, tt_bytes *certificate, tt_error *error);

/* An allocation that could not be proposed. */
typedef struct {
    uint32_t index;     /* in round->allocations */
    const char *reason; /* borrowed by the round */
} match_drop;

/* Takes allocations out of the round: each moves to the end of the unmatched legs, with its reason. drops[count]: each index
 * once. The certificate stays: it says what the snapshot gave. */
void match_round_drop (finance_round *round, tt_arena *arena, const match_drop *drops, size_t count);

#endif
