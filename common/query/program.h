/* A query as a flat run of 32-bit words over the terms of a dictionary.
 *
 * Internal to query/. Not for explaining (evaluate.c). An instruction is a head word, its operation in the upper 4 bits and the
 * number of words behind it in the others, then: AND, OR   two or more instructions              NOT     two instructions: the
 * first and not the second TERM      indexes, term                         PATTERN indexes, term PHRASE    indexes |
 * PROGRAM_WHOLE, terms...     DATE    indexes, first day, last day PROX      indexes, unit | ordered << 2, least, most, number of
 * left terms, left terms..., right terms... */
#ifndef TT_QUERY_PROGRAM_H
#define TT_QUERY_PROGRAM_H

#include "query/dictionary.h"
#include "query/occurrence.h"

typedef enum {
    PROGRAM_AND,
    PROGRAM_OR,
    PROGRAM_NOT,
    PROGRAM_TERM,
    PROGRAM_PATTERN,
    PROGRAM_PHRASE,
    PROGRAM_DATE,
    PROGRAM_PROX
} program_operation;

#define PROGRAM_WHOLE (UINT32_C (1) << 31)

/* A growable run of words. Zero-initialise: {0}. */
typedef struct {
    uint32_t *words; /* owned */
    size_t count, room;
} program_words;

void program_word (program_words *out, uint32_t word);

static inline program_operation
program_operation_of (uint32_t head)
{
    return (program_operation)(head >> 28);
}

static inline uint32_t
program_length (uint32_t head)
{
    return head & 0x0FFFFFFF;
}

/* The terms that an instruction itself names (none for AND, OR, NOT, DATE): *count of them from the address returned. */
const uint32_t *program_terms (const uint32_t *instruction, size_t *count);
/* AND, OR and NOT have instructions inside. */
static inline bool
program_nests (uint32_t head)
{
    return program_operation_of (head) <= PROGRAM_NOT;
}

/* Appends the program of a tree. Each term named is one reference taken in the dictionary; program_release gives them back. */
void program_compile (const tt_cql *cql, dictionary *d, program_words *out);
void program_release (const uint32_t *words, dictionary *d);

/* The required terms of a program: at least one of them stands in every document that matches. */
typedef struct {
    uint32_t term;
    uint32_t stored;
} program_anchor;
typedef struct {
    program_anchor *items; /* owned */
    size_t count, room;
    uint64_t cost; /* expected candidates: documents seen with these terms; UINT64_MAX: there are none */
} program_anchors;

/* In how many documents a term (its hash and space) was seen. */
typedef uint64_t program_frequency (const void *context, uint64_t hash, uint8_t space);

/* Chooses the set that selects fewest documents. A word with wildcards can be filed under its first bytes, a term in
 * DICTIONARY_PREFIX. The caller holds a reference on each anchor afterwards. */
void program_choose (const uint32_t *words, dictionary *d, program_frequency *frequency, const void *context,
                     program_anchors *out);
/* What filing under this term costs, in the unit of program_anchors.cost. */
uint64_t program_term_cost (const dictionary *d, uint32_t term, program_frequency *frequency, const void *context);

/* The rarest term without which the program cannot match, other than `not_this`; patterns are none. DICTIONARY_NONE if there is
 * none. */
uint32_t program_second (const uint32_t *words, const dictionary *d, program_frequency *frequency, const void *context,
                         uint32_t not_this);

/* One document being matched: which dictionary terms it has (dictionary.present: number of the document's term + 1), and what was
 * found out about patterns. Zero-initialise, keep between documents; program_begin and program_end around each. */
typedef struct {
    const tt_document *document;
    dictionary *dictionary;
    uint32_t *found; /* owned: dictionary terms that are present, to be cleared at the end */
    size_t found_count, found_room;
    uint64_t *pattern_stored; /* owned: indexes in which a pattern matches; present: its place here + 1 */
    size_t pattern_count, pattern_room;
    occurrence_list left, right;
} program_run;

void program_begin (program_run *run, dictionary *d, const tt_document *document);
void program_end (program_run *run);
void program_run_free (program_run *run);

bool program_matches (program_run *run, const uint32_t *words);

#endif
