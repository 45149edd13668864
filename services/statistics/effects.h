/* What an event of another service changes in the counts. Pure: type and body in, a short list of effects out.
 *
 * An effect says what is counted and where it belongs; sums over districts and specials are made of it later (tally.h). Most
 * events say all of it themselves. A watch or a demand is a member: it counts once however often it is put, so its effect says
 * only whether it is there now, and who applies the effect compares with what was there before. Not for indicators. Values only;
 * no thread rule. */
#ifndef STATS_EFFECTS_H
#define STATS_EFFECTS_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

typedef enum {
    STATS_PATENTS_PUBLISHED, /* corrections are not counted again; detail: country */
    STATS_ALERTS_RAISED,    /* told at once or by a digest, also those that the digest left out as retracted */
    STATS_ALERTS_RETRACTED, /* of those that had been told */
    STATS_WATCHES_ACTIVE,          /* a member: owner/watch_id */
    STATS_ACHIEVEMENTS_REGISTERED, /* those that stand: withdrawn ones are taken back, revised ones move */
    STATS_DUPLICATES,
    STATS_DEMANDS_OPEN, /* a member: owner/demand_id */
    STATS_PUSHES_MADE,
    STATS_ACHIEVEMENTS_PUSHED, /* each achievement once: target T20.1 */
    STATS_APPLICATIONS_SUBMITTED,
    STATS_ROUNDS_COMPLETED,
    STATS_PROPOSALS_MADE,
    STATS_PROPOSALS_RELEASED,
    STATS_CAPITAL_CONFIRMED_FEN, /* fen; detail: leg */
    STATS_CONTRACTS,             /* those that stand, in the seller's district; detail of all three: type. Cancelled ones are taken back, corrected ones move */
    STATS_CONTRACT_FEN,
    STATS_CONTRACT_TECHNOLOGY_FEN, /* what of it is for technology */
    STATS_COUNT_NAMES
} stats_count;

typedef struct {
    const char *name;   /* "patents_published" */
    const char *stream; /* that feeds it: "patent" */
    bool members;
} stats_count_kind;

/* Of a count, static storage. */
const stats_count_kind *stats_count_kind_of (stats_count count);

typedef struct {
    stats_count count;
    const char *detail;       /* "" = none */
    const char *district;     /* "" = none */
    const uint32_t *specials; /* distinct */
    size_t special_count;
    int64_t delta;      /* of a member: 1 = there, -1 = gone (district and specials then say nothing) */
    const char *member; /* NULL, or the member's key */
} stats_effect;

#define STATS_EFFECTS_MAX 6
#define STATS_SPECIAL_MAX 99 /* numbers of specials in events: 1 to this */

typedef struct {
    stats_effect items[STATS_EFFECTS_MAX];
    size_t count;
} stats_effects;

/* A message in the arena; NULL if the bytes are none of this type. */
ProtobufCMessage *stats_unpack (const ProtobufCMessageDescriptor *type, tt_bytes bytes, tt_arena *arena);

/* Effects of an event; memory of the texts is the arena's. type: full name of the body's message. TT_UNIMPLEMENTED: the type is
 * not known here. TT_INVALID_ARGUMENT: the body is not of its type, or a key in it has no allowed form; the error says what. None
 * in both. */
TT_MUST_USE tt_status stats_effects_of (const char *type, tt_bytes body, tt_arena *arena, stats_effects *out, tt_error *error);

#endif
