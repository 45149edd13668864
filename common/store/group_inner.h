/* The inside of a consumer group, shared by group.c (reading, acknowledging), group_name.c (which group of Redis it is) and group_back.c
 * (setting it back). Private to store/. */
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
    uint32_t *generation; /* of each partition: how often the group was set back there, as far as is known */
    char (*epoch)[TT_EPOCH_SIZE]; /* of each partition: its newest, when tt_group_done asked last */
    uint32_t claim_idle_ms;
    int64_t next_claim_us;
    bool created; /* the groups are there, as far as is known */
    tt_entries entries; /* of the blocks that were taken */
    tt_block_places blocks;
    redisReply **claimed; /* of each partition: the last claim, which entries may point into; or NULL */
    size_t begin, end;    /* of the entries: what was handed out last */
    size_t acknowledged;  /* of the blocks */
    size_t density;       /* entries in a block, as it was at the last read */
    tt_buffer request, key;
};

#define TT_GROUP_NAME_SIZE 160

/* group_name.c. A group that was set back is another group for Redis: what somebody acknowledges late, of what the earlier one gave out, does
 * nothing to it. "matcher" is the first, "matcher.1" what became of it.
 *
 * The name in one partition, as far as is known. */
void tt_group_name (const tt_group *group, uint32_t partition, char out[TT_GROUP_NAME_SIZE]);
/* Learns the names, makes the groups that are missing, and removes what a set-back left behind. */
TT_MUST_USE tt_status tt_group_find (tt_group *group, tt_error *error);
/* What of the pipeline that just ran could not be done, but "it is there already". */
TT_MUST_USE tt_status tt_group_made (const tt_group *group, tt_error *error);
/* One command about the group for each partition: words before the key, words behind it; each list ends with NULL. TT_GROUP_SELF
 * stands for the group's name there. */
#define TT_GROUP_SELF ""
TT_MUST_USE tt_status tt_group_for_all (tt_group *group, const char *const *before, const char *const *behind, tt_error *error);
void tt_group_add (tt_group *group, uint32_t partition, const char *const *before, const char *const *behind);
/* The named value of one group in an element of an XINFO GROUPS reply, or NULL. */
const redisReply *tt_group_field (const redisReply *info, const char *field);
/* This group's element of a partition's XINFO GROUPS reply; NULL if it is not there. */
const redisReply *tt_group_info (const tt_group *group, uint32_t partition, const redisReply *reply);

/* group_back.c. On one Redis all partitions are read at once, under one name: those that were set back less often become as the others, where they are. */
TT_MUST_USE tt_status tt_group_level (tt_group *group, tt_error *error);
/* group.c. Claims, acknowledgements and reads go where the partitions are found to be next. */
void tt_group_drop_ears (tt_group *group);

#endif
