/* The inside of a consumer group, shared by group.c (reading, acknowledging) and group_back.c (setting it back). Private to
 * store/. */
#ifndef TT_STORE_GROUP_INNER_H
#define TT_STORE_GROUP_INNER_H

#include "store/confirm.h"
#include "store/listen.h"
#include "store/places.h"

struct tt_group {
    tt_listen *listen;
    const redisReply **held; /* of each ear: what came and waits for the copies; borrowed from the listener */
    size_t ears;
    tt_places places;    /* the highest that was taken of each partition */
    tt_store *store;     /* for acknowledging and claiming, while the listener waits: on the same servers */
    tt_store *confirmer; /* for the high watermark, while entries borrow from the store; NULL where no copies are wished */
    char *name, *consumer;
    uint32_t claim_idle_ms;
    int64_t next_claim_us;
    bool created;
    tt_entries entries; /* of the blocks that were taken */
    tt_block_places blocks;
    redisReply **claimed; /* of each partition: the last claim, which entries may point into; or NULL */
    size_t begin, end;    /* of the entries: what was handed out last */
    size_t acknowledged;  /* of the blocks */
    size_t density;       /* entries in a block, as it was at the last read */
    tt_buffer request, key;
};

/* One command about the group for each partition: words before the key, words behind it; each list ends with NULL. */
TT_MUST_USE tt_status tt_group_for_all (tt_group *group, const char *const *before, const char *const *behind, tt_error *error);
/* The named value of one group in an element of an XINFO GROUPS reply, or NULL. */
const redisReply *tt_group_field (const redisReply *info, const char *field);
/* This group's element of an XINFO GROUPS reply; NULL if it is not there. */
const redisReply *tt_group_info (const tt_group *group, const redisReply *reply);

#endif
