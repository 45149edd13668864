/* Brute force: the tree against every value of the document, comparing bytes; and why it matched.
 *
 * Reads no term table and no hash, so that the percolator can be tested against it. */
#include <stdio.h>
#include <string.h>

#include "query/leaf.h"
#include "query/occurrence.h"
#include "query/wildcard.h"

/* Hits are collected here; NULL where only the answer is wanted. */
typedef struct {
    tt_hit *items;
    size_t count, room;
} hit_list;

typedef struct {
    const tt_document *document;
    hit_list *hits;
} evaluation;

static void
add_hit (const evaluation *e, const document_value *value, uint32_t offset, uint32_t length)
{
    hit_list *hits = e->hits;
    if (hits->count == hits->room) {
        hits->room = hits->room ? hits->room * 2 : 32;
        hits->items = tt_realloc (hits->items, hits->room * sizeof *hits->items);
    }
    hits->items[hits->count++] = (tt_hit){ .index = value->index, .ordinal = value->ordinal, .offset = offset, .length = length };
}

static void
add_occurrence_hit (const evaluation *e, occurrence o)
{
    const document_span *first = &e->document->spans[o.first];
    const document_span *last = &e->document->spans[o.last];
    add_hit (e, &e->document->values[e->document->places[o.first].value], first->offset,
             last->offset + last->length - first->offset);
}

/* Text */

static bool
token_at (const tt_document *document, uint32_t place, const cql_token *token)
{
    tt_bytes text = document_term_text (document, document->places[place].term);
    return token->wild ? tt_wildcard_matches (token->text, text) : tt_bytes_equal (token->text, text);
}

static bool
phrase_at (const tt_document *document, uint32_t place, const cql_term *term)
{
    for (size_t i = 0; i < term->token_count; i++)
        if (!token_at (document, place + (uint32_t)i, &term->tokens[i]))
            return false;
    return true;
}

/* All occurrences of a phrase in a value; with `whole` it must be the whole value. Stops at the first if list is NULL. */
static bool
find_phrase (const tt_document *document, const document_value *value, const cql_term *term, bool whole, occurrence_list *list)
{
    bool found = false;
    if (value->count < term->token_count || (whole && value->count != term->token_count))
        return false;
    uint32_t last = value->first + value->count - (uint32_t)term->token_count;
    for (uint32_t place = value->first; place <= last; place++) {
        if (!phrase_at (document, place, term))
            continue;
        found = true;
        if (list == NULL)
            return true;
        occurrence_add (list, place, place + (uint32_t)term->token_count - 1);
    }
    return found;
}

static bool
text_met (const evaluation *e, const cql_term *term, const document_value *value)
{
    occurrence_list list = { 0 };
    bool met = find_phrase (e->document, value, term, term->exact, e->hits ? &list : NULL);
    for (size_t i = 0; i < list.count; i++)
        add_occurrence_hit (e, list.items[i]);
    occurrence_free (&list);
    return met;
}

/* The other kinds */

/* Is one symbol an ancestor of the other, or the same? */
static bool
covers (const tt_symbol *upper, const tt_symbol *lower)
{
    if (upper->level > lower->level)
        return false;
    size_t n = upper->ends[upper->level];
    return lower->ends[upper->level] == n && memcmp (upper->text, lower->text, n) == 0;
}

/* "H01F1/00" stands for its whole main group. */
static tt_symbol
main_group (const tt_symbol *symbol)
{
    tt_symbol group = *symbol;
    if (group.level == TT_LEVEL_SUBGROUP && strcmp (group.text + group.ends[TT_LEVEL_GROUP], "/00") == 0) {
        group.level = TT_LEVEL_GROUP;
        group.ends[TT_LEVEL_SUBGROUP] = 0;
        group.text[group.ends[TT_LEVEL_GROUP]] = '\0';
    }
    return group;
}

static bool
symbol_pattern_met (tt_bytes pattern, const tt_symbol *symbol)
{
    for (int level = TT_LEVEL_SECTION; level <= (int)symbol->level; level++)
        if (tt_wildcard_matches (pattern, (tt_bytes){ (const uint8_t *)symbol->text, symbol->ends[level] }))
            return true;
    return false;
}

static bool
symbol_met (const cql_clause *clause, const cql_term *term, const tt_symbol *symbol)
{
    if (term->pattern)
        return symbol_pattern_met (term->text, symbol);
    tt_symbol wanted = main_group (&term->symbol);
    tt_symbol held = main_group (symbol);
    if (term->exact)
        return strcmp (term->symbol.text, symbol->text) == 0;
    if (clause->scope == SCOPE_LOW)
        return covers (&wanted, symbol);
    if (clause->scope == SCOPE_HIGH)
        return covers (&held, &wanted);
    return covers (&term->symbol, symbol);
}

/* Is it one of the ways to write the number? Letters inside numbers leave more than one reading of where the kind begins; all
 * count. */
static bool
number_met (const cql_term *term, const tt_number *number)
{
    char wanted[NUMBER_FORM_SIZE];
    char form[NUMBER_FORM_SIZE];
    size_t size = 0;
    int n = snprintf (wanted, sizeof wanted, "%s%s%s", term->number.country, term->number.number, term->number.kind);
    for (size_t i = 0; document_number_form (number, i, form, &size); i++) {
        tt_bytes text = { (const uint8_t *)form, size };
        if (term->pattern ? tt_wildcard_matches (term->text, text)
                          : tt_bytes_equal (text, (tt_bytes){ (const uint8_t *)wanted, (size_t)n }))
            return true;
    }
    return false;
}

static bool
code_met (const tt_document *document, const cql_term *term, const document_value *value)
{
    tt_bytes code = document_term_text (document, document->places[value->first].term);
    return term->pattern ? tt_wildcard_matches (term->text, code) : tt_bytes_equal (term->text, code);
}

static bool
value_met (const evaluation *e, const cql_clause *clause, const cql_term *term, const document_value *value)
{
    const tt_document *d = e->document;
    bool met = false;
    switch (clause->compares) {
    case TT_INDEX_TEXT:
        return text_met (e, term, value);
    case TT_INDEX_CLASS:
        met = symbol_met (clause, term, &d->symbols[value->parsed]);
        break;
    case TT_INDEX_NUMBER:
        met = number_met (term, &d->numbers[value->parsed]);
        break;
    case TT_INDEX_DATE:
        met = value->day >= term->first && value->day <= term->last;
        break;
    default:
        met = code_met (d, term, value);
    }
    if (met && e->hits)
        add_hit (e, value, 0, value->size);
    return met;
}

/* Clauses and nodes */

static bool
term_met (const evaluation *e, const cql_clause *clause, const cql_term *term)
{
    bool met = false;
    for (size_t i = 0; i < e->document->value_count && (!met || e->hits); i++) {
        const document_value *value = &e->document->values[i];
        if (clause->stored >> value->index & 1)
            met |= value_met (e, clause, term, value);
    }
    return met;
}

static bool
clause_met (const evaluation *e, const cql_clause *clause)
{
    size_t met = 0;
    for (size_t i = 0; i < clause->term_count; i++)
        met += term_met (e, clause, &clause->terms[i]);
    return clause->relation == RELATION_ALL ? met == clause->term_count : met > 0;
}

static void
find_side (const evaluation *e, uint64_t stored, const cql_clause *clause, occurrence_list *list)
{
    for (size_t i = 0; i < e->document->value_count; i++)
        if (stored >> e->document->values[i].index & 1)
            find_phrase (e->document, &e->document->values[i], clause->terms, false, list);
}

static void
add_near_hits (const evaluation *e, const cql_prox *prox, const occurrence_list *ones, bool is_left,
               const occurrence_list *others)
{
    for (size_t i = 0; i < ones->count; i++)
        if (occurrence_near (e->document, prox, ones->items[i], is_left, others))
            add_occurrence_hit (e, ones->items[i]);
}

static bool
prox_met (const evaluation *e, const cql_node *node)
{
    occurrence_list left = { 0 };
    occurrence_list right = { 0 };
    find_side (e, cql_prox_stored (node), &node->left->clause, &left);
    find_side (e, cql_prox_stored (node), &node->right->clause, &right);
    bool met = occurrence_any_near (e->document, &node->prox, &left, &right);
    if (met && e->hits) {
        add_near_hits (e, &node->prox, &left, true, &right);
        add_near_hits (e, &node->prox, &right, false, &left);
    }
    occurrence_free (&left);
    occurrence_free (&right);
    return met;
}

/* Hits of a branch that turns out false are taken back. */
static bool
node_met (const evaluation *e, const cql_node *node)
{
    size_t before = e->hits ? e->hits->count : 0;
    const evaluation silent = { e->document, NULL };
    bool met = false;
    switch (node->kind) {
    case NODE_AND:
        met = node_met (e, node->left) && node_met (e, node->right);
        break;
    case NODE_OR:
        met = node_met (e, node->left);
        if (!met || e->hits)
            met |= node_met (e, node->right);
        break;
    case NODE_NOT:
        met = node_met (e, node->left) && !node_met (&silent, node->right);
        break;
    case NODE_PROX:
        met = prox_met (e, node);
        break;
    case NODE_CLAUSE:
        met = clause_met (e, &node->clause);
        break;
    }
    if (!met && e->hits)
        e->hits->count = before;
    return met;
}

/* Leaves: leaf.h is told by the same rules as everything above. */

static void
leaf_matches (const evaluation *e, const cql_node *node, size_t *next, uint64_t *met)
{
    if (node->kind == NODE_CLAUSE) {
        for (size_t i = 0; i < node->clause.term_count; i++, (*next)++)
            if (*next < TT_LEAVES_MAX && term_met (e, &node->clause, &node->clause.terms[i]))
                *met |= UINT64_C (1) << *next;
        return;
    }
    if (node->kind == NODE_PROX) {
        if (*next < TT_LEAVES_MAX && prox_met (e, node))
            *met |= UINT64_C (1) << *next;
        (*next)++;
        return;
    }
    leaf_matches (e, node->left, next, met);
    leaf_matches (e, node->right, next, met);
}

uint64_t
tt_cql_leaf_match (const tt_cql *cql, const tt_document *document)
{
    const evaluation e = { document, NULL };
    size_t next = 0;
    uint64_t met = 0;
    leaf_matches (&e, cql->root, &next, &met);
    return met;
}

bool
tt_cql_matches (const tt_cql *cql, const tt_document *document)
{
    const evaluation e = { document, NULL };
    return node_met (&e, cql->root);
}

static int
compare_hits (const void *a, const void *b)
{
    const tt_hit *x = a;
    const tt_hit *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    if (x->ordinal != y->ordinal)
        return x->ordinal < y->ordinal ? -1 : 1;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return (x->length > y->length) - (x->length < y->length);
}

size_t
tt_cql_explain (const tt_cql *cql, const tt_document *document, tt_hit *hits, size_t max)
{
    hit_list list = { 0 };
    const evaluation e = { document, &list };
    size_t written = 0;
    node_met (&e, cql->root);
    if (list.count > 0)
        qsort (list.items, list.count, sizeof *list.items, compare_hits);
    for (size_t i = 0; i < list.count && written < max; i++)
        if (i == 0 || compare_hits (&list.items[i - 1], &list.items[i]) != 0)
            hits[written++] = list.items[i];
    free (list.items);
    return written;
}
