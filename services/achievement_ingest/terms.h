/* The terms of a text, as similarity counts them: Latin words without stop words and plural s, and pairs of neighbouring Chinese
 * characters (so no segmentation is needed). Not for CQL, which has tokens of its own. Not thread-safe; reusable. */
#ifndef INGEST_TERMS_H
#define INGEST_TERMS_H

#include "base/text.h"
#include "hash_map.h"

typedef struct {
    uint64_t hash;
    uint32_t count; /* weighted occurrences */
    uint32_t word;  /* offset of its text in words, NUL-terminated */
    bool title;     /* stands in a title or among keywords */
} ingest_term;

/* Zero-initialise: {0}. */
typedef struct {
    ingest_term *terms; /* owned; distinct */
    size_t count;
    size_t capacity;
    uint32_t length; /* sum of all counts */
    tt_buffer words;
    ingest_hash_map places;
    tt_tokens tokens;
} ingest_terms;

void ingest_terms_clear (ingest_terms *terms);
/* Adds the terms of a text; each occurrence counts `weight`. */
void ingest_terms_add (ingest_terms *terms, const char *text, bool title, uint32_t weight);
void ingest_terms_free (ingest_terms *terms);
/* The term as a person may read it; borrowed until the next add. */
const char *ingest_term_word (const ingest_terms *terms, size_t i);
/* True for words that say nothing about a subject. */
bool ingest_stop_word (tt_bytes word);

#endif
