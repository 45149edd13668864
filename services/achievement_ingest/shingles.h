/* The character shingles of a text, and how much two texts have in common. A text is taken as its tokens (base/text.h: NFKC,
 * case, traditional to simplified), so that punctuation, width and script make no difference; Latin words are set apart by one
 * space, characters that stand alone (Han, Kana, Hangul) by nothing. Not for finding candidates among many texts. Pure; a set
 * belongs to one thread. */
#ifndef INGEST_SHINGLES_H
#define INGEST_SHINGLES_H

#include "base/text.h"

/* A set of shingle hashes. Zero-initialise: {0}. */
typedef struct {
    uint64_t *hashes; /* owned; ascending and distinct after ingest_shingles_close */
    size_t count;
    size_t capacity;
    tt_tokens tokens; /* scratch */
    tt_buffer points; /* scratch */
} ingest_shingles;

/* Empties the set; memory is kept. */
void ingest_shingles_clear (ingest_shingles *set);
/* Adds the shingles of one text (title, abstract); none reaches over two calls. width: characters of a shingle, at least 1, where
 * one that stands alone counts `alone` of them (1: every character is alike; 3: a Chinese one weighs as much as three letters). A
 * text that is shorter is one shingle; an empty one has none. */
void ingest_shingles_add (ingest_shingles *set, const char *text, uint32_t width, uint32_t alone);
/* Sorts and makes distinct. Before any comparison. */
void ingest_shingles_close (ingest_shingles *set);
void ingest_shingles_free (ingest_shingles *set);

typedef struct {
    size_t shared;
    double jaccard;     /* shared / all of both, 0 to 1; 0 if both are empty */
    double containment; /* shared / the smaller one, 0 to 1: an abridged text is contained in the whole one; 0 if one is empty */
} ingest_overlap;
ingest_overlap ingest_shingles_compare (const ingest_shingles *a, const ingest_shingles *b);

#endif
