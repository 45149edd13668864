/* A push: its identity, how it is told to a person, how it is answered. Pure.
 *
 *   not answered ──► INTERESTED ──► CONTRACTED (final)
 *        │  ▲              │  ▲          ▲
 *        │  └─ never       ▼  │          │
 *        └────────► NOT_RELEVANT ────────┘
 *
 * An owner may change the mind until there is a contract. Values only; no thread rule. */
#ifndef INGEST_PUSH_H
#define INGEST_PUSH_H

#include "types.h"

#define INGEST_PUSH_ID_SIZE 35 /* "p-", 32 hexadecimal digits, NUL */
#define INGEST_PUSH_TERMS 32

typedef Techtransfer__Achievement__V1__PushAnswer ingest_answer;

/* push_id: "p-" and XXH3-128 of owner, NUL, demand_id, NUL, achievement_id. */
void ingest_push_id (const char *owner, const char *demand_id, const char *achievement_id, char out[INGEST_PUSH_ID_SIZE]);
/* "query matched: a, b" or "words in common: a, b"; in the arena. */
const char *ingest_push_reason (tt_arena *arena, bool by_query, char *const *terms, size_t count);
/* May a push that is answered `from` be answered `to`? The same answer again is allowed. */
bool ingest_answer_allowed (ingest_answer from, ingest_answer to);

#endif
