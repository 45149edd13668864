/* What the answers to a demand's pushes make of later ones. An achievement's fields are its industry and each of its specials; of each field
 * the demand keeps how many answers say INTERESTED (I) and NOT_RELEVANT (N) now. A later achievement's score by words is multiplied with
 *
 *   1 + (0.05 * sum of I - 0.15 * sum of N) / fields      over its own fields, at least 0.5 and at most 1.2
 *
 * so that an answer weighs fully for an achievement of the same fields and less for one that shares a few; the product ends at 1. An answer
 * that is changed takes the former one back. All of it stands in the demand: replicas and a rebuild agree. Pure; values only. */
#ifndef INGEST_LEANING_H
#define INGEST_LEANING_H

#include "fit.h"
#include "push.h"

#define INGEST_FIELDS_MOST 256 /* kept of a demand; answers about further fields change nothing */

/* Changes demand->answers (to new memory in the arena, sorted by field) by an answer that was `from` and is `to`. False if that changes
 * nothing. */
bool ingest_leaning_note (tt_arena *arena, ingest_demand *demand, const ingest_push *push, ingest_answer from, ingest_answer to);

/* A score by words with the factor. */
double ingest_leaning_score (const ingest_limits *limits, const ingest_traits *traits, double score);

#endif
