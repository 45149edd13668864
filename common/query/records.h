/* The stored queries by the caller's number, and what is kept of each: its run in the pool of programs.
 *
 * Internal to query/. A record is a number from 0; numbers are used again, the last one given back first. Owned by one thread. */
#ifndef TT_QUERY_RECORDS_H
#define TT_QUERY_RECORDS_H

#include "query/pool.h"

#define RECORDS_NONE UINT32_MAX

typedef struct {
    uint64_t *ids;  /* owned, as all below: the caller's numbers */
    uint32_t *runs; /* beside ids; POOL_NONE: the record is free */
    size_t count, room;
    uint32_t *unused;
    size_t unused_count, unused_room;
    uint32_t *slots; /* open addressing by id: record + 1 */
    size_t slot_count;
} records;

void records_open (records *r);
void records_close (records *r);
/* RECORDS_NONE if there is none. */
uint32_t records_find (const records *r, uint64_t id);
/* A new one for an id that has none; its run is to be set. */
uint32_t records_add (records *r, uint64_t id);
void records_remove (records *r, uint32_t record);

static inline size_t
records_used (const records *r)
{
    return r->count - r->unused_count;
}
size_t records_bytes (const records *r);

#endif
