/* Running programs on a document. */
#include <string.h>

#include "query/program.h"
#include "query/wildcard.h"

static void
note_found (program_run *run, uint32_t term)
{
    if (run->found_count == run->found_room) {
        run->found_room = run->found_room ? run->found_room * 2 : 256;
        run->found = tt_realloc (run->found, run->found_room * sizeof *run->found);
    }
    run->found[run->found_count++] = term;
}

/* Keeps in which indexes a pattern or prefix was found; more adds to what is known. */
static void
note_stored (program_run *run, uint32_t term, uint64_t stored)
{
    uint32_t *present = &run->dictionary->present[term];
    if (*present == 0) {
        if (run->pattern_count == run->pattern_room) {
            run->pattern_room = run->pattern_room ? run->pattern_room * 2 : 16;
            run->pattern_stored = tt_realloc (run->pattern_stored, run->pattern_room * sizeof *run->pattern_stored);
        }
        run->pattern_stored[run->pattern_count++] = 0;
        *present = (uint32_t)run->pattern_count;
        note_found (run, term);
    }
    run->pattern_stored[*present - 1] |= stored;
}

static void
find_prefix (program_run *run, tt_bytes text, uint64_t stored)
{
    text.size = DICTIONARY_PREFIX_BYTES;
    uint32_t term = dictionary_find (run->dictionary, dictionary_hash (text, DICTIONARY_PREFIX), text, DICTIONARY_PREFIX);
    if (term != DICTIONARY_NONE)
        note_stored (run, term, stored);
}

void
program_begin (program_run *run, dictionary *d, const tt_document *document)
{
    run->document = document;
    run->dictionary = d;
    run->found_count = run->pattern_count = 0;
    for (size_t i = 0; i < document->term_count; i++) {
        const document_term *t = &document->terms[i];
        tt_bytes text = document_term_text (document, (uint32_t)i);
        uint32_t term = dictionary_find (d, t->hash, text, (uint8_t)t->space);
        if (term != DICTIONARY_NONE) {
            d->present[term] = (uint32_t)i + 1;
            note_found (run, term);
        }
        if (d->prefixes && t->space == SPACE_WORD && t->size >= DICTIONARY_PREFIX_BYTES)
            find_prefix (run, text, t->stored);
    }
}

void
program_end (program_run *run)
{
    for (size_t i = 0; i < run->found_count; i++)
        run->dictionary->present[run->found[i]] = 0;
    run->found_count = run->pattern_count = 0;
}

void
program_run_free (program_run *run)
{
    free (run->found);
    free (run->pattern_stored);
    occurrence_free (&run->left);
    occurrence_free (&run->right);
    *run = (program_run){ 0 };
}

/* Patterns */

static bool
is_word_pattern (const program_run *run, uint32_t term)
{
    return run->dictionary->terms[term].space == DICTIONARY_PATTERN (SPACE_WORD);
}

/* The indexes in which a pattern matches some term, found out once a document. */
static uint64_t
pattern_stored (program_run *run, uint32_t term)
{
    const tt_document *document = run->document;
    uint32_t present = run->dictionary->present[term];
    if (present)
        return run->pattern_stored[present - 1];
    tt_bytes pattern = dictionary_text (run->dictionary, term);
    term_space space = (term_space)(run->dictionary->terms[term].space - SPACE_COUNT);
    uint64_t stored = 0;
    for (size_t i = 0; i < document->term_count; i++) {
        const document_term *t = &document->terms[i];
        if (t->space == space && (t->stored & ~stored)
            && tt_wildcard_matches (pattern, document_term_text (document, (uint32_t)i)))
            stored |= t->stored;
    }
    note_stored (run, term, stored);
    return stored;
}

/* Phrases */

typedef struct {
    uint64_t stored;
    bool whole;
    const uint32_t *terms;
    size_t count;
} phrase;

static bool
stands_at (const program_run *run, uint32_t place, uint32_t term)
{
    uint32_t held = run->document->places[place].term;
    if (is_word_pattern (run, term))
        return tt_wildcard_matches (dictionary_text (run->dictionary, term), document_term_text (run->document, held));
    return run->dictionary->present[term] == held + 1;
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
        if (i != pivot && !stands_at (run, place - (uint32_t)pivot + (uint32_t)i, p->terms[i]))
            return false;
    return true;
}

/* The rarest plain term of the phrase in this document: *pivot, p->count if all are patterns. False if some term is missing. */
static bool
choose_pivot (program_run *run, const phrase *p, size_t *pivot)
{
    uint32_t least = UINT32_MAX;
    *pivot = p->count;
    for (size_t i = 0; i < p->count; i++) {
        if (is_word_pattern (run, p->terms[i])) {
            if (!(pattern_stored (run, p->terms[i]) & p->stored))
                return false;
            continue;
        }
        uint32_t present = run->dictionary->present[p->terms[i]];
        if (present == 0 || !(run->document->terms[present - 1].stored & p->stored))
            return false;
        if (run->document->terms[present - 1].count < least) {
            least = run->document->terms[present - 1].count;
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
            if (stands_at (run, place, p->terms[0]) && try_place (run, p, place, 0, list))
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
    uint32_t place = run->document->terms[run->dictionary->present[p->terms[pivot]] - 1].first;
    for (; place != DOCUMENT_NONE; place = run->document->places[place].next)
        if (try_place (run, p, place, pivot, list))
            return true;
    return list && list->count > 0;
}

/* Instructions */

static bool
run_term (const program_run *run, const uint32_t *words)
{
    uint32_t present = run->dictionary->present[words[2]];
    return present && (run->document->terms[present - 1].stored & words[1]);
}

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
    const cql_prox prox = { .unit = (cql_unit)(words[2] & 3), .ordered = words[2] >> 2 & 1, .least = words[3], .most = words[4] };
    const phrase left = { .stored = words[1], .terms = words + 6, .count = words[5] };
    const phrase right = { .stored = words[1], .terms = words + 6 + words[5], .count = program_length (*words) - 5 - words[5] };
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
    case PROGRAM_TERM:
        return run_term (run, words);
    case PROGRAM_PATTERN:
        return pattern_stored (run, words[2]) & words[1];
    case PROGRAM_PHRASE: {
        const phrase p = { .stored = words[1] & ~PROGRAM_WHOLE,
                           .whole = words[1] & PROGRAM_WHOLE,
                           .terms = words + 2,
                           .count = program_length (*words) - 1 };
        return find_phrase (run, &p, NULL);
    }
    case PROGRAM_DATE:
        return run_date (run, words);
    case PROGRAM_PROX:
        return run_prox (run, words);
    }
    return false;
}
