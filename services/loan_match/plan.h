/* How a round that is being turned into proposals is written down, so that any replica can go on with it: the plan (proposals
 * still to be made) and the progress. Both are kept in the store in the protobuf wire format, and are nobody's business outside
 * this service. Pure. Not for carrying it out (commands_round.c). */
#ifndef LOAN_MATCH_PLAN_H
#define LOAN_MATCH_PLAN_H

#include "base/arena.h"
#include "base/buffer.h"
#include "finance.h"

/* A proposal to be made, if application and product are still what they were in the snapshot. */
typedef struct {
    finance_proposal *proposal;
    uint64_t application_revision;
    uint64_t product_revision;
} match_plan_item;

/* Why an allocation was not proposed. */
typedef enum {
    MATCH_FITS,
    MATCH_APPLICATION_CHANGED,
    MATCH_PRODUCT_CHANGED,
    MATCH_NO_CAPACITY,
    MATCH_NO_EXPOSURE,
    MATCH_NO_LEAD_EQUITY, /* the lead equity that it follows was dropped */
    MATCH_LEG_TOO_SMALL, /* others of its leg were dropped, and what is left is below the leg's minimum */
    MATCH_FIT_COUNT
} match_fit;
/* As Unmatched.reason says it. Static storage. */
const char *match_fit_text (match_fit fit);

/* Where a round stands. The plan is kept in rows of many items; (row, offset) is the next item. */
typedef struct {
    bool done;
    uint32_t rows; /* of the plan */
    uint32_t row, offset;
    uint32_t total;           /* allocations */
    uint32_t taken;           /* allocations proposed or dropped so far */
    uint32_t made;            /* proposals made */
    int64_t deadline_unix_ms; /* of its proposals */
    const char *traceparent;  /* of the command that began it; NULL or "": none. Decoded: arena */
    uint8_t *fits;            /* arena: match_fit of each allocation, in the order of the round; total bytes */
} match_progress;

void match_plan_encode (const match_plan_item *items, size_t count, tt_buffer *out);
/* Items and proposals live in the arena. TT_DATA_LOSS if these are not bytes of match_plan_encode. */
TT_MUST_USE tt_status match_plan_decode (tt_bytes bytes, tt_arena *arena, match_plan_item **items, size_t *count,
                                         tt_error *error);
void match_progress_encode (const match_progress *progress, tt_buffer *out);
TT_MUST_USE tt_status match_progress_decode (tt_bytes bytes, tt_arena *arena, match_progress *progress, tt_error *error);

/* How many of items[from..count) belong together in one step: at least one whole application, then further whole ones while there are no
 * more than `most` items. An application is never divided: minimums hold for all of a leg, and what follows lead equity goes with it. */
size_t match_plan_slice (const match_plan_item *items, size_t count, size_t from, size_t most);

/* A message from packed bytes, all of it in the arena; NULL if it cannot be read. */
void *match_unpack (tt_arena *arena, const ProtobufCMessageDescriptor *type, tt_bytes bytes);

#endif
