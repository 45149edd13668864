/* The keys that stored queries ask for, each once: a text of some space in some indexes, references, and the queries filed under
 * it.
 *
 * Internal to query/. A key is a number from 0, stable while it is referenced; numbers are used again. A document sets the bits
 * of the keys that it has, so that whether a key is met is one bit in a piece of memory that stays in the processor's cache.
 * Owned by one thread. */
#ifndef TT_QUERY_DICTIONARY_H
#define TT_QUERY_DICTIONARY_H

#include "query/document_inside.h"
#include "query/pool.h"

#define DICTIONARY_NONE UINT32_MAX

/* Spaces of keys beyond those of documents. */
#define DICTIONARY_PATTERN(space) ((uint8_t)(SPACE_COUNT + (space)))    /* words with wildcards over a document's space */
#define DICTIONARY_PREFIX(space) ((uint8_t)(2 * SPACE_COUNT + (space))) /* the first bytes of patterns */
#define DICTIONARY_PIECE ((uint8_t)(3 * SPACE_COUNT))                   /* bytes from inside patterns of words */
#define DICTIONARY_RANGE ((uint8_t)(3 * SPACE_COUNT + 1))               /* days: first and last */
#define DICTIONARY_EVERY ((uint8_t)(3 * SPACE_COUNT + 2))               /* what every document has */
#define DICTIONARY_PIECE_BYTES 3                                        /* of prefixes, too */

/* Bits before those of the keys: one that is always set, then one for each hash of two words that stand side by side. */
#define DICTIONARY_SET_BIT 0
#define DICTIONARY_PAIR_BIT 64
#define DICTIONARY_PAIRS 4096
#define DICTIONARY_KEY_BIT (DICTIONARY_PAIR_BIT + DICTIONARY_PAIRS)

/* A query filed under a key, with what refuses it without reading it: three bits of a document are an index into the table, whose
 * bit says whether the query matches or (POSTING_UNSURE) may match. Three times 24 bits, so that it is 16 bytes. */
typedef struct {
    uint32_t query;
    uint32_t first;  /* bit << 8 | table */
    uint32_t second; /* bit << 8 | POSTING_UNSURE or 0 */
    uint32_t third;  /* bit */
} posting;
#define POSTING_UNSURE 1u
#define POSTING_MAX_BIT 0xFFFFFFu

typedef struct {
    union {
        posting *many; /* owned; where posting_room > DICTIONARY_SMALL */
        uint32_t run;  /* in dictionary.postings; where posting_room > 0 */
    } at;
    uint32_t posting_count, posting_room;
    uint32_t text;      /* offset in the dictionary's texts */
    uint32_t size : 24; /* bytes of it */
    uint32_t space : 8;
    uint32_t references; /* 0: the number is free */
    uint32_t tag;        /* upper half of the hash */
    uint32_t stored;     /* the indexes in which it counts, a bit each */
} dictionary_key;
#define DICTIONARY_SMALL 16

/* A key of DICTIONARY_RANGE. */
typedef struct {
    uint32_t key;
    uint32_t stored;
    int32_t first, last; /* days, both included */
} dictionary_range;
#define DICTIONARY_MAX_RANGES 1024 /* each is compared with every document */

typedef struct {
    dictionary_key *keys; /* owned, as all below */
    uint32_t *places;     /* beside keys: of a key that is present the number of the document's term + 1; else 0 */
    uint32_t *bits;       /* DICTIONARY_KEY_BIT + key: it is present */
    size_t count, room;
    uint32_t *unused; /* numbers to use again */
    size_t unused_count, unused_room;
    uint64_t *slots; /* open addressing: tag, and number + 1; 0 = empty */
    size_t slot_count, slots_used;
    tt_buffer texts;
    size_t dead;   /* bytes of texts that no key uses */
    pool postings; /* of keys with few */
    size_t posting_bytes;
    dictionary_range ranges[DICTIONARY_MAX_RANGES];
    size_t range_count;
    size_t prefixes, pieces;   /* keys in these spaces now */
    uint64_t piece_filter[64]; /* by dictionary_piece_hash: some piece may have it */
} dictionary;

void dictionary_open (dictionary *d);
void dictionary_close (dictionary *d);

uint64_t dictionary_hash (tt_bytes text, uint8_t space);
/* The number of a key, added if it is new; one more reference. */
uint32_t dictionary_take (dictionary *d, tt_bytes text, uint8_t space, uint32_t stored);
/* One reference less; at none the key is forgotten (it must have no postings). */
void dictionary_drop (dictionary *d, uint32_t key);

/* Walks the keys of a text, whatever their indexes: the first at or behind slot *at, which moves behind it; DICTIONARY_NONE past
 * the last. Begin with *at = dictionary_slot (d, hash). */
uint32_t dictionary_next (const dictionary *d, size_t *at, uint64_t hash, tt_bytes text, uint8_t space);
static inline size_t
dictionary_slot (const dictionary *d, uint64_t hash)
{
    return (size_t)(hash >> 32) & (d->slot_count - 1);
}

/* Files; returns the place among the key's postings. */
uint32_t dictionary_post (dictionary *d, uint32_t key, posting p);
/* Takes the posting at a place out. The last one moves there: returns its query, or DICTIONARY_NONE if it was the last itself. */
uint32_t dictionary_unpost (dictionary *d, uint32_t key, uint32_t place);

static inline posting *
dictionary_postings (const dictionary *d, const dictionary_key *key)
{
    return key->posting_room > DICTIONARY_SMALL ? key->at.many : (posting *)(void *)(d->postings.words + key->at.run);
}

static inline tt_bytes
dictionary_text (const dictionary *d, uint32_t key)
{
    return (tt_bytes){ d->texts.data + d->keys[key].text, d->keys[key].size };
}

static inline bool
dictionary_bit (const dictionary *d, uint32_t bit)
{
    return d->bits[bit >> 5] >> (bit & 31) & 1;
}

static inline void
dictionary_set (dictionary *d, uint32_t bit)
{
    d->bits[bit >> 5] |= UINT32_C (1) << (bit & 31);
}

/* The bit of two words side by side, by their hashes. */
static inline uint32_t
dictionary_pair (uint64_t left, uint64_t right)
{
    return DICTIONARY_PAIR_BIT + (uint32_t)((left * 3 + right) * UINT64_C (0x9E3779B97F4A7C15) >> 52);
}

/* Six bits for the word of piece_filter, six for the bit. */
static inline uint32_t
dictionary_piece_hash (const uint8_t *piece)
{
    return (piece[0] * 2654435761u + piece[1] * 40503u * 65537u + piece[2] * 2246822519u) >> 20;
}

size_t dictionary_bytes (const dictionary *d); /* memory held */

#endif
