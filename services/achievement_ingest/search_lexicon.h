/* The words of a segment in order, each with the bytes of its list: front-coded in groups of 16, about 12 bytes a word.
 * Written once, then read by any thread. */
#ifndef INGEST_SEARCH_LEXICON_H
#define INGEST_SEARCH_LEXICON_H

#include "base/buffer.h"

/* Zero-initialise: {0}. */
typedef struct {
    tt_buffer text;
    uint32_t *group_text;  /* owned; where each group begins in text */
    uint64_t *group_lists; /* owned; and its first list in the lists */
    size_t groups, room;
    uint32_t words;
    tt_buffer last;    /* while it is being written: the word before */
    uint64_t last_end; /* and the end of its list */
    tt_buffer lists;
} ingest_lexicon;

void ingest_lexicon_free (ingest_lexicon *lexicon);
uint64_t ingest_lexicon_bytes (const ingest_lexicon *lexicon);
/* Adds a word behind all others; its list is what was appended to lexicon->lists since the word before. */
void ingest_lexicon_add (ingest_lexicon *lexicon, tt_bytes word);
/* No word comes any more: gives back what is not needed. */
void ingest_lexicon_finish (ingest_lexicon *lexicon);

/* The list of a word; none if it is not there. Borrowed from the lexicon. */
tt_bytes ingest_lexicon_find (const ingest_lexicon *lexicon, tt_bytes word);

/* Walks over the words in order. */
typedef struct {
    const ingest_lexicon *lexicon;
    uint32_t next; /* number of the next word */
    const uint8_t *at;
    uint64_t list_at;
    tt_buffer word; /* owned */
    tt_bytes list;
} ingest_lexicon_walk;

/* Begins at the first word that is `from` or behind it (none: the first). */
void ingest_lexicon_walk_begin (ingest_lexicon_walk *walk, const ingest_lexicon *lexicon, tt_bytes from);
/* The next word and its list in walk->word and walk->list, until the next call; false past the last. */
bool ingest_lexicon_walk_next (ingest_lexicon_walk *walk);
void ingest_lexicon_walk_end (ingest_lexicon_walk *walk);

#endif
