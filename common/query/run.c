/* Running programs on a document. */
#include <string.h>

#include "query/pattern.h"
#include "query/program.h"
#include "query/wildcard.h"

#define FETCH_AHEAD 8 /* terms of the document */

static void
note_found (program_run *run, uint32_t key)
{
    if (run->found_count == run->found_room) {
        run->found_room = run->found_room ? run->found_room * 2 : 256;
        run->found = tt_realloc (run->found, run->found_room * sizeof *run->found);
    }
    run->found[run->found_count++] = key;
}

/* The document has this key. Who is filed there will be looked at soon. */
static void
note_key (program_run *run, uint32_t key, uint32_t place)
{
    dictionary *d = run->dictionary;
    if (dictionary_bit (d, DICTIONARY_KEY_BIT + key))
        return;
    dictionary_set (d, DICTIONARY_KEY_BIT + key);
    d->places[key] = place;
    note_found (run, key);
    if (d->keys[key].posting_count > 0)
        __builtin_prefetch (dictionary_postings (d, &d->keys[key]));
}

/* Patterns that are found through some bytes of this term. */
static void
find_patterns (program_run *run, tt_bytes piece, uint8_t space, const document_term *term, tt_bytes text)
{
    const dictionary *d = run->dictionary;
    uint64_t hash = dictionary_hash (piece, space);
    size_t at = dictionary_slot (d, hash);
    uint32_t key = dictionary_next (d, &at, hash, piece, space);
    if (key == DICTIONARY_NONE)
        return;
    const posting *patterns = dictionary_postings (d, &d->keys[key]);
    for (uint32_t i = 0; i < d->keys[key].posting_count; i++) {
        uint32_t pattern = patterns[i].query;
        if ((d->keys[pattern].stored & term->stored) && d->keys[pattern].space == DICTIONARY_PATTERN (term->space)
            && !dictionary_bit (d, DICTIONARY_KEY_BIT + pattern) && tt_wildcard_matches (dictionary_text (d, pattern), text))
            note_key (run, pattern, 1);
    }
}

static void
find_pieces (program_run *run, const document_term *term, tt_bytes text)
{
    const dictionary *d = run->dictionary;
    for (size_t at = 0; at + DICTIONARY_PIECE_BYTES <= text.size; at++) {
        uint32_t hash = dictionary_piece_hash (text.data + at);
        if (d->piece_filter[hash >> 6] >> (hash & 63) & 1)
            find_patterns (run, (tt_bytes){ text.data + at, DICTIONARY_PIECE_BYTES }, DICTIONARY_PIECE, term, text);
    }
}

static void
find_term (program_run *run, uint32_t number)
{
    dictionary *d = run->dictionary;
    const document_term *term = &run->document->terms[number];
    tt_bytes text = document_term_text (run->document, number);
    uint32_t key = 0;
    for (size_t at = dictionary_slot (d, term->hash);
         (key = dictionary_next (d, &at, term->hash, text, (uint8_t)term->space)) != DICTIONARY_NONE;)
        if (d->keys[key].stored & term->stored)
            note_key (run, key, number + 1);
    if (d->prefixes && text.size >= DICTIONARY_PIECE_BYTES)
        find_patterns (run, (tt_bytes){ text.data, DICTIONARY_PIECE_BYTES }, DICTIONARY_PREFIX (term->space), term, text);
    if (d->pieces && term->space == SPACE_WORD)
        find_pieces (run, term, text);
}

static void
find_days (program_run *run)
{
    const dictionary *d = run->dictionary;
    for (size_t v = 0; v < run->document->value_count && d->range_count > 0; v++) {
        const document_value *value = &run->document->values[v];
        if (value->compares != TT_INDEX_DATE)
            continue;
        for (size_t i = 0; i < d->range_count; i++)
            if (value->day >= d->ranges[i].first && value->day <= d->ranges[i].last && (d->ranges[i].stored >> value->index & 1))
                note_key (run, d->ranges[i].key, 1);
    }
}

static void
set_pairs (program_run *run)
{
    const tt_document *document = run->document;
    for (size_t v = 0; v < document->value_count; v++) {
        const document_value *value = &document->values[v];
        if (value->compares != TT_INDEX_TEXT)
            continue;
        uint64_t before = 0;
        for (uint32_t i = value->first; i < value->first + value->count; i++) {
            uint64_t hash = document->terms[document->places[i].term].hash;
            if (i > value->first)
                dictionary_set (run->dictionary, dictionary_pair (before, hash));
            before = hash;
        }
    }
}

void
program_begin (program_run *run, dictionary *d, const tt_document *document, bool with_pairs)
{
    run->document = document;
    run->dictionary = d;
    run->found_count = 0;
    for (size_t i = 0; i < document->term_count; i++) {
        if (i + FETCH_AHEAD < document->term_count)
            __builtin_prefetch (&d->slots[dictionary_slot (d, document->terms[i + FETCH_AHEAD].hash)]);
        find_term (run, (uint32_t)i);
    }
    find_days (run);
    if (with_pairs)
        set_pairs (run);
}

void
program_end (program_run *run)
{
    dictionary *d = run->dictionary;
    for (size_t i = 0; i < run->found_count; i++) {
        uint32_t bit = DICTIONARY_KEY_BIT + run->found[i];
        d->bits[bit >> 5] &= ~(UINT32_C (1) << (bit & 31));
        d->places[run->found[i]] = 0;
    }
    memset (d->bits + DICTIONARY_PAIR_BIT / 32, 0, DICTIONARY_PAIRS / 8);
    run->found_count = 0;
}

void
program_run_free (program_run *run)
{
    free (run->found);
    occurrence_free (&run->left);
    occurrence_free (&run->right);
    *run = (program_run){ 0 };
}

/* Patterns */

enum { PLACE_UNKNOWN, PLACE_NO, PLACE_YES }; /* of a pattern without a bit */

static bool
try_pattern (const program_run *run, uint32_t key)
{
    const tt_document *document = run->document;
    const dictionary_key *k = &run->dictionary->keys[key];
    tt_bytes pattern = dictionary_text (run->dictionary, key);
    for (size_t i = 0; i < document->term_count; i++) {
        const document_term *t = &document->terms[i];
        if (DICTIONARY_PATTERN (t->space) == k->space && (t->stored & k->stored)
            && tt_wildcard_matches (pattern, document_term_text (document, (uint32_t)i)))
            return true;
    }
    return false;
}

/* Found out once a document, unless the document's own bytes have told already. */
static bool
pattern_met (program_run *run, uint32_t key)
{
    uint8_t space = 0;
    if (pattern_piece (dictionary_text (run->dictionary, key), (uint8_t)run->dictionary->keys[key].space, &space).size > 0)
        return dictionary_bit (run->dictionary, DICTIONARY_KEY_BIT + key);
    uint32_t *place = &run->dictionary->places[key];
    if (*place == PLACE_UNKNOWN) {
        *place = try_pattern (run, key) ? PLACE_YES : PLACE_NO;
        note_found (run, key);
    }
    return *place == PLACE_YES;
}

/* Phrases */

typedef struct {
    uint32_t stored;
    bool whole;
    const uint32_t *keys;
    size_t count;
} phrase;

static phrase
phrase_of (const program_run *run, const uint32_t *keys, size_t count, bool whole)
{
    return (phrase){ .stored = run->dictionary->keys[keys[0]].stored, .whole = whole, .keys = keys, .count = count };
}

static bool
is_pattern (const program_run *run, uint32_t key)
{
    return pattern_is ((uint8_t)run->dictionary->keys[key].space);
}

static bool
stands_at (const program_run *run, uint32_t place, uint32_t key)
{
    uint32_t held = run->document->places[place].term;
    if (is_pattern (run, key))
        return tt_wildcard_matches (dictionary_text (run->dictionary, key), document_term_text (run->document, held));
    return run->dictionary->places[key] == held + 1;
}

/* Does the phrase stand with its token `pivot` at this place? */
static bool
phrase_around (const program_run *run, const phrase *p, uint32_t place, size_t pivot)
{
    const document_value *value = &run->document->values[run->document->places[place].value];
    size_t before = place - value->first;
    if (!(p->stored >> value->index & 1) || before < pivot || before - pivot + p->count > value->count)
        return false;
    if (p->whole && value->count != p->count)
        return false;
    for (size_t i = 0; i < p->count; i++)
        if (i != pivot && !stands_at (run, place - (uint32_t)pivot + (uint32_t)i, p->keys[i]))
            return false;
    return true;
}

/* The rarest plain word of the phrase in this document: *pivot, p->count if all are patterns. False if some word is missing. */
static bool
choose_pivot (program_run *run, const phrase *p, size_t *pivot)
{
    uint32_t least = UINT32_MAX;
    *pivot = p->count;
    for (size_t i = 0; i < p->count; i++) {
        if (is_pattern (run, p->keys[i])) {
            if (!pattern_met (run, p->keys[i]))
                return false;
            continue;
        }
        uint32_t place = run->dictionary->places[p->keys[i]];
        if (place == 0)
            return false;
        if (run->document->terms[place - 1].count < least) {
            least = run->document->terms[place - 1].count;
            *pivot = i;
        }
    }
    return true;
}

/* Occurrence at the pivot's place, if there is one: added to the list, or reported as enough (true) if list is NULL. */
static bool
try_place (const program_run *run, const phrase *p, uint32_t place, size_t pivot, occurrence_list *list)
{
    if (!phrase_around (run, p, place, pivot))
        return false;
    if (list == NULL)
        return true;
    occurrence_add (list, place - (uint32_t)pivot, place - (uint32_t)pivot + (uint32_t)p->count - 1);
    return false;
}

/* A phrase of patterns alone: every place of the text values is tried. */
static bool
scan_phrase (const program_run *run, const phrase *p, occurrence_list *list)
{
    for (size_t v = 0; v < run->document->value_count; v++) {
        const document_value *value = &run->document->values[v];
        if (!(p->stored >> value->index & 1))
            continue;
        for (uint32_t place = value->first; place < value->first + value->count; place++)
            if (stands_at (run, place, p->keys[0]) && try_place (run, p, place, 0, list))
                return true;
    }
    return list && list->count > 0;
}

static bool
find_phrase (program_run *run, const phrase *p, occurrence_list *list)
{
    size_t pivot = 0;
    if (!choose_pivot (run, p, &pivot))
        return false;
    if (pivot == p->count)
        return scan_phrase (run, p, list);
    uint32_t place = run->document->terms[run->dictionary->places[p->keys[pivot]] - 1].first;
    for (; place != DOCUMENT_NONE; place = run->document->places[place].next)
        if (try_place (run, p, place, pivot, list))
            return true;
    return list && list->count > 0;
}

/* Instructions */

static bool
run_date (const program_run *run, const uint32_t *words)
{
    for (size_t i = 0; i < run->document->value_count; i++) {
        const document_value *value = &run->document->values[i];
        if ((words[1] >> value->index & 1) && value->day >= (int32_t)words[2] && value->day <= (int32_t)words[3])
            return true;
    }
    return false;
}

static bool
run_prox (program_run *run, const uint32_t *words)
{
    const cql_prox prox = { .unit = (cql_unit)(words[1] & 3), .ordered = words[1] >> 2 & 1, .least = words[2], .most = words[3] };
    const phrase left = phrase_of (run, words + 5, words[4], false);
    const phrase right = phrase_of (run, words + 5 + words[4], program_length (*words) - 4 - words[4], false);
    run->left.count = run->right.count = 0;
    return find_phrase (run, &left, &run->left) && find_phrase (run, &right, &run->right)
           && occurrence_any_near (run->document, &prox, &run->left, &run->right);
}

/* AND stops at the first that fails, OR at the first that holds. */
static bool
run_list (program_run *run, const uint32_t *words, bool all)
{
    const uint32_t *stop = words + 1 + program_length (*words);
    for (const uint32_t *inner = words + 1; inner < stop; inner += 1 + program_length (*inner))
        if (program_matches (run, inner) != all)
            return !all;
    return all;
}

bool
program_matches (program_run *run, const uint32_t *words)
{
    switch (program_operation_of (*words)) {
    case PROGRAM_AND:
    case PROGRAM_OR:
        return run_list (run, words, program_operation_of (*words) == PROGRAM_AND);
    case PROGRAM_NOT:
        return program_matches (run, words + 1) && !program_matches (run, words + 2 + program_length (words[1]));
    case PROGRAM_KEY:
        return dictionary_bit (run->dictionary, DICTIONARY_KEY_BIT + (*words & PROGRAM_VALUE));
    case PROGRAM_PATTERN:
        return pattern_met (run, *words & PROGRAM_VALUE);
    case PROGRAM_PHRASE:
    case PROGRAM_WHOLE: {
        const phrase p = phrase_of (run, words + 1, program_length (*words), program_operation_of (*words) == PROGRAM_WHOLE);
        return find_phrase (run, &p, NULL);
    }
    case PROGRAM_DATE:
        return run_date (run, words);
    case PROGRAM_PROX:
        return run_prox (run, words);
    }
    return false;
}
