/* The certificate of a round, put together from what the round computed. What it must satisfy is in CERTIFICATE.md; who checks
 * that shares nothing with this (ops/verify). Pure. */
#ifndef LOAN_MATCH_CERTIFICATE_H
#define LOAN_MATCH_CERTIFICATE_H

#include "market.h"

#define MATCH_CERTIFICATE_FORMAT "techtransfer-certificate-1"

/* round: with allocations, unmatched legs and totals. Packed bytes in the arena; the hash of the snapshot is put into the round
 * too. */
tt_bytes match_certificate_make (const match_snapshot *snapshot, const match_market *market, const match_result *result,
                                 finance_round *round, tt_arena *arena);

/* A message that lives in the arena, with its defaults. */
void *match_new_message (tt_arena *arena, const ProtobufCMessageDescriptor *type);

#endif
