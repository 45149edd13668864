/* A query as a flat run of 32-bit words over the keys of a dictionary.
 *
 * Internal to query/. Not for explaining (evaluate.c). An instruction is a head word, its operation in the upper 4 bits, and the words
 * behind it. KEY and PATTERN have their key in the other 28 bits and nothing behind; of the rest these bits are the number of words behind:
 *   AND, OR   two or more instructions
 *   NOT       two instructions: the first and not the second
 *   PHRASE    keys of its words, all with the same indexes; WHOLE: they are the whole value
 *   DATE      indexes, first day, last day
 *   PROX      unit | ordered << 2, least, most, number of left keys, left keys..., right keys... */
#ifndef TT_QUERY_PROGRAM_H
#define TT_QUERY_PROGRAM_H

#include "query/dictionary.h"
#include "query/occurrence.h"

typedef enum {
    PROGRAM_AND,
    PROGRAM_OR,
    PROGRAM_NOT,
    PROGRAM_KEY,     /* met if the key's bit is set */
    PROGRAM_PATTERN, /* met if the pattern of the key matches a term; found out when it is asked */
    PROGRAM_PHRASE,
    PROGRAM_WHOLE,
    PROGRAM_DATE,
    PROGRAM_PROX
} program_operation;
#define PROGRAM_VALUE 0x0FFFFFFFu

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

/* Words behind the head. */
static inline uint32_t
program_length (uint32_t head)
{
    program_operation operation = program_operation_of (head);
    return operation == PROGRAM_KEY || operation == PROGRAM_PATTERN ? 0 : head & PROGRAM_VALUE;
}

/* The keys that an instruction itself names (none for AND, OR, NOT, DATE): *count words from the address returned, whose lower 28 bits
 * each are a key. */
const uint32_t *program_keys (const uint32_t *instruction, size_t *count);
/* AND, OR and NOT have instructions inside. */
static inline bool
program_nests (uint32_t head)
{
    return program_operation_of (head) <= PROGRAM_NOT;
}

/* Appends the program of a tree. Each key named is one reference taken in the dictionary; program_release gives them back. */
void program_compile (const tt_cql *cql, dictionary *d, program_words *out);
void program_release (const uint32_t *words, dictionary *d);

/* The required keys of a program: at least one of them is met by every document that matches. */
typedef struct {
    uint32_t *keys; /* owned; a key may stand there twice */
    size_t count, room;
    uint64_t cost; /* expected candidates: documents seen with these keys; PROGRAM_NO_ANCHOR: there are none */
} program_anchors;
#define PROGRAM_NO_ANCHOR UINT64_MAX

/* In how many documents a key was seen. */
typedef uint64_t program_frequency (const void *context, const dictionary_key *key);

/* Chooses the set that selects fewest documents. */
void program_choose (const uint32_t *words, const dictionary *d, program_frequency *frequency, const void *context,
                     program_anchors *out);
/* What filing under this key costs, in the unit of program_anchors.cost; PROGRAM_NO_ANCHOR: nothing can be filed there. */
uint64_t program_key_cost (const dictionary *d, uint32_t key, program_frequency *frequency, const void *context);

/* One document being matched: the bits and places of the keys that it has, and what was found out about patterns. Zero-initialise, keep
 * between documents; program_begin and program_end around each. */
typedef struct {
    const tt_document *document;
    dictionary *dictionary;
    uint32_t *found; /* owned: keys whose bit or place is set, to be cleared at the end */
    size_t found_count, found_room;
    occurrence_list left, right;
} program_run;

/* with_pairs: sets the bits of words side by side, too. */
void program_begin (program_run *run, dictionary *d, const tt_document *document, bool with_pairs);
void program_end (program_run *run);
void program_run_free (program_run *run);

bool program_matches (program_run *run, const uint32_t *words);

#endif
