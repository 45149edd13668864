/* A compact copy of the achievements that count, for asking "which are nearest to this demand?" and "how common is this term?".
 *
 * An inverted index over term hashes: four bytes for each distinct term of a record and about 100 for the record itself; no text
 * is kept. What is replaced or removed stays as a dead slot until a third of all are dead; then the index is written anew. Not
 * for CQL, which needs the text. Owned by one thread. */
#ifndef INGEST_CORPUS_H
#define INGEST_CORPUS_H

#include "fit.h"
#include "similarity.h"

typedef struct ingest_corpus ingest_corpus;

ingest_corpus *ingest_corpus_new (void); /* never NULL */
void ingest_corpus_destroy (ingest_corpus **corpus);

/* Puts a record under its key ("<source>/<source_id>"), replacing what was there. Everything is copied. */
void ingest_corpus_put (ingest_corpus *corpus, const char *key, uint64_t revision, const ingest_traits *traits,
                        const ingest_terms *terms);
bool ingest_corpus_remove (ingest_corpus *corpus, const char *key);
/* Revision of the record under a key; 0 if there is none. */
uint64_t ingest_corpus_revision (const ingest_corpus *corpus, const char *key);

uint32_t ingest_corpus_count (const ingest_corpus *corpus); /* records */
uint32_t ingest_corpus_having (const ingest_corpus *corpus,
                               uint64_t term);              /* with this term; dead ones count until the next rewriting */
double ingest_corpus_average (const ingest_corpus *corpus); /* length of a record in terms */
uint64_t ingest_corpus_bytes (const ingest_corpus *corpus); /* memory */

typedef struct {
    const char *key; /* borrowed until the next put or remove */
    uint64_t revision;
    double score;  /* 0 to 1 */
    uint32_t hits; /* bit i: wanted[i] occurs */
} ingest_found;

/* The records nearest to what is wanted that fit the limits and are good enough (ingest_near), best first; at most `most` into
 * out. */
size_t ingest_corpus_best (ingest_corpus *corpus, const ingest_wanted *wanted, size_t count, const ingest_limits *limits,
                           const ingest_settings *settings, ingest_found *out, size_t most);

#endif
