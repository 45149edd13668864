/* The checker of a round's certificate: what it says is recomputed from its snapshot and held against the rules of
 * services/loan_match/CERTIFICATE.md, by a program that shares nothing with the one that made it but the form of the file.
 *
 * Nothing in the file is believed: it may be broken or forged. Memory and time grow with the applications times the products.
 * Thread-safe. */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include <finance.pb-c.h>

#include "base/buffer.h"

typedef Techtransfer__Finance__V1__Certificate verify_certificate;
typedef Techtransfer__Finance__V1__Snapshot verify_snapshot_message;

/* A file's bytes as a Certificate or Snapshot: packed, or JSON if the first byte that is no blank is "{". *out is owned
 * (protobuf_c_message_free_unpacked). TT_INVALID_ARGUMENT if it is neither, or another format. */
TT_MUST_USE tt_status verify_read (const ProtobufCMessageDescriptor *type, tt_bytes bytes, ProtobufCMessage **out,
                                   tt_error *error);

typedef struct {
    bool valid;
    tt_buffer violation; /* the first one found, several lines, with the figures of both parties; free it */
    uint32_t legs, products, pairs, closings, closed_pairs;
    int64_t wanted, allocated;
    int64_t wanted_of[4], allocated_of[4]; /* by Leg */
    int64_t bound;                         /* the most that any allocation could give under the same limits; -1: not computed */
    uint32_t would_fit;                    /* closed pairs that could take their least ticket now: what minimums cost */
} verify_result;

/* Checks all of it; with_bound computes `bound` too. *result is filled in any case. */
void verify_run (const verify_certificate *certificate, bool with_bound, verify_result *result);

/* Whether a snapshot is in order, each thing once, and in range; if not, what is wrong is appended. */
bool verify_snapshot (const verify_snapshot_message *snapshot, tt_buffer *violation);

#endif
