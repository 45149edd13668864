/* A world of records in which a search can be compared with brute force: each record's document, and the index of all. */
#ifndef TEST_SEARCH_WORLD_H
#define TEST_SEARCH_WORLD_H

#include "query/document.h"
#include "search_run.h"
#include "support/achievements.h"

typedef struct {
    generated_world generated;
    size_t count;
    tt_document **documents; /* NULL: withdrawn */
    ingest_record **records; /* in arenas of their own */
    tt_arena **arenas;
    ingest_index *index;
} search_world;

void search_world_open (search_world *world, size_t count);
void search_world_close (search_world *world);
/* Puts record n at a revision, in place of what there is; revision 0 withdraws it. Published by search_world_publish. */
void search_world_put (search_world *world, size_t n, uint64_t revision);

/* Number of a record that was found, from the key that the generator gave it. */
size_t search_world_number (const ingest_search_found *found);

/* A random query over the achievement schema, with every kind of clause; CQL that can be parsed. */
void search_world_query (const search_world *world, generated_source *source, int depth, tt_buffer *out);

/* Brute force of match and score, for one record: reads documents and the tree, no index. */
typedef struct {
    const search_world *world;
    uint64_t state;          /* of the world: another one each time */
    double records, average; /* that live; length of one, words of titles and keywords counted twice */
} search_brute;
search_brute search_brute_of (const search_world *world);
bool search_brute_score (const search_brute *brute, const tt_cql *cql, size_t n, double *score);

#endif
