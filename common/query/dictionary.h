/* The terms that stored queries use, each once: text, references, and the queries filed under it.
 *
 * Internal to query/. A term is a number from 0, stable while it is referenced; numbers are used again. Owned by one thread. */
#ifndef TT_QUERY_DICTIONARY_H
#define TT_QUERY_DICTIONARY_H

#include "query/document_inside.h"

#define DICTIONARY_NONE UINT32_MAX

/* Spaces of terms beyond those of documents: patterns over a document's space, and the first bytes of words. */
#define DICTIONARY_PATTERN(space) ((uint8_t)(SPACE_COUNT + (space)))
#define DICTIONARY_PREFIX ((uint8_t)(2 * SPACE_COUNT))
#define DICTIONARY_PREFIX_BYTES 3

/* A query filed under a term. */
typedef struct {
    uint32_t query;
    uint32_t stored; /* the indexes in which the term counts; POSTING_SURE: the query is this term and nothing else */
    uint32_t also;   /* another term without which the query cannot match, to pass it by unread; DICTIONARY_NONE: there is none */
} posting;
#define POSTING_SURE (UINT32_C (1) << 31)

typedef struct {
    uint64_t hash;
    uint32_t text; /* offset in the dictionary's texts */
    uint32_t size;
    uint32_t references; /* 0: the number is free */
    uint32_t posting_count;
    uint32_t posting_room; /* 0: the posting, if any, is `one` */
    uint8_t space;
    union {
        posting one;
        posting *many; /* owned */
    } postings;
} dictionary_term;

typedef struct {
    dictionary_term *terms; /* owned, as all below */
    size_t count, room;
    uint32_t *present; /* beside terms: free for whoever matches; 0 when a term is taken */
    uint32_t *unused;  /* numbers to use again */
    size_t unused_count, unused_room;
    uint64_t *slots; /* open addressing: upper half of the hash, and number + 1; 0 = empty */
    size_t slot_count, slots_used;
    tt_buffer texts;
    size_t dead;     /* bytes of texts that no term uses */
    size_t prefixes; /* terms in DICTIONARY_PREFIX now */
    size_t posting_bytes;
} dictionary;

void dictionary_open (dictionary *d);
void dictionary_close (dictionary *d);

uint64_t dictionary_hash (tt_bytes text, uint8_t space);
/* The number of a term, or DICTIONARY_NONE. */
uint32_t dictionary_find (const dictionary *d, uint64_t hash, tt_bytes text, uint8_t space);
/* The same, adding it if it is new; one more reference. */
uint32_t dictionary_take (dictionary *d, tt_bytes text, uint8_t space);
/* One reference less; at none the term is forgotten (it must have no postings). */
void dictionary_drop (dictionary *d, uint32_t term);

void dictionary_post (dictionary *d, uint32_t term, posting p);
/* Takes one posting of the query out. */
void dictionary_unpost (dictionary *d, uint32_t term, uint32_t query);

static inline const posting *
dictionary_postings (const dictionary_term *term)
{
    return term->posting_room ? term->postings.many : &term->postings.one;
}

static inline tt_bytes
dictionary_text (const dictionary *d, uint32_t term)
{
    return (tt_bytes){ d->texts.data + d->terms[term].text, d->terms[term].size };
}

size_t dictionary_bytes (const dictionary *d); /* memory held */

#endif
