/* Compiling trees into programs, and choosing the keys they are filed under. Running them: run.c. */
#include "query/program.h"

#include <stdio.h>
#include <string.h>

#include "query/pattern.h"

void
program_word (program_words *out, uint32_t word)
{
    if (out->count == out->room) {
        out->room = out->room ? out->room * 2 : 64;
        out->words = tt_realloc (out->words, out->room * sizeof *out->words);
    }
    out->words[out->count++] = word;
}

/* Compiling */

typedef struct {
    dictionary *d;
    program_words *out;
} compiler;

static size_t
begin (compiler *c, program_operation operation)
{
    program_word (c->out, (uint32_t)operation << 28);
    return c->out->count - 1;
}

static void
end (compiler *c, size_t head)
{
    c->out->words[head] |= (uint32_t)(c->out->count - head - 1);
}

static void
take_tokens (compiler *c, const cql_term *term, uint64_t stored)
{
    bool keyed = false;
    for (size_t i = 0; i < term->token_count; i++) {
        tt_bytes text = term->tokens[i].text;
        program_word (c->out, term->tokens[i].wild
                                  ? pattern_take (c->d, text, DICTIONARY_PATTERN (SPACE_WORD), (uint32_t)stored, &keyed)
                                  : dictionary_take (c->d, text, SPACE_WORD, (uint32_t)stored));
    }
}

static void
compile_key (compiler *c, const cql_clause *clause, tt_bytes key, uint8_t space)
{
    bool keyed = true;
    uint32_t stored = (uint32_t)clause->stored;
    uint32_t number
        = pattern_is (space) ? pattern_take (c->d, key, space, stored, &keyed) : dictionary_take (c->d, key, space, stored);
    program_word (c->out, (uint32_t)(keyed ? PROGRAM_KEY : PROGRAM_PATTERN) << 28 | number);
}

static void
compile_text (compiler *c, const cql_clause *clause, const cql_term *term)
{
    bool whole = term->exact;
    if (term->token_count == 1 && !whole) {
        compile_key (c, clause, term->tokens[0].text, term->tokens[0].wild ? DICTIONARY_PATTERN (SPACE_WORD) : SPACE_WORD);
        return;
    }
    size_t head = begin (c, whole ? PROGRAM_WHOLE : PROGRAM_PHRASE);
    take_tokens (c, term, clause->stored);
    end (c, head);
}

static void
compile_symbol_key (compiler *c, const cql_clause *clause, const char *before, const char *symbol, size_t size,
                    const char *behind)
{
    char key[TT_SYMBOL_TEXT_SIZE + 8];
    int n = snprintf (key, sizeof key, "%s%.*s%s", before, (int)size, symbol, behind);
    compile_key (c, clause, (tt_bytes){ (const uint8_t *)key, (size_t)n }, SPACE_CLASS);
}

/* The symbol, and each of its parents, as whole symbols; a main group is also written with /00. */
static void
compile_high (compiler *c, const cql_clause *clause, const tt_symbol *symbol, tt_symbol_level level)
{
    size_t head = begin (c, PROGRAM_OR);
    for (int i = TT_LEVEL_SECTION; i <= (int)level; i++)
        compile_symbol_key (c, clause, "=", symbol->text, symbol->ends[i], "");
    if (level == TT_LEVEL_GROUP)
        compile_symbol_key (c, clause, "=", symbol->text, symbol->ends[level], "/00");
    end (c, head);
}

static void
compile_class (compiler *c, const cql_clause *clause, const cql_term *term)
{
    const tt_symbol *symbol = &term->symbol;
    if (term->pattern) {
        compile_key (c, clause, term->text, DICTIONARY_PATTERN (SPACE_CLASS));
        return;
    }
    /* low and high come here only with a subgroup of /00, which stands for the group: others are taken apart by the parser */
    tt_symbol_level level = symbol->level == TT_LEVEL_SUBGROUP ? TT_LEVEL_GROUP : symbol->level;
    if (term->exact)
        compile_symbol_key (c, clause, "=", symbol->text, symbol->ends[symbol->level], "");
    else if (clause->scope == SCOPE_HIGH)
        compile_high (c, clause, symbol, level);
    else
        compile_symbol_key (c, clause, "", symbol->text, symbol->ends[clause->scope == SCOPE_LOW ? level : symbol->level], "");
}

static void
compile_number (compiler *c, const cql_clause *clause, const cql_term *term)
{
    char key[NUMBER_FORM_SIZE];
    if (term->pattern) {
        compile_key (c, clause, term->text, DICTIONARY_PATTERN (SPACE_NUMBER));
        return;
    }
    int n = snprintf (key, sizeof key, "%s%s%s", term->number.country, term->number.number, term->number.kind);
    compile_key (c, clause, (tt_bytes){ (const uint8_t *)key, (size_t)n }, SPACE_NUMBER);
}

static void
compile_days (compiler *c, const cql_clause *clause, const cql_term *term)
{
    uint32_t key = pattern_take_days (c->d, term->first, term->last, (uint32_t)clause->stored);
    if (key != DICTIONARY_NONE) {
        program_word (c->out, (uint32_t)PROGRAM_KEY << 28 | key);
        return;
    }
    size_t head = begin (c, PROGRAM_DATE);
    program_word (c->out, (uint32_t)clause->stored);
    program_word (c->out, (uint32_t)term->first);
    program_word (c->out, (uint32_t)term->last);
    end (c, head);
}

static void
compile_term (compiler *c, const cql_clause *clause, const cql_term *term)
{
    switch (clause->compares) {
    case TT_INDEX_TEXT:
        compile_text (c, clause, term);
        break;
    case TT_INDEX_CLASS:
        compile_class (c, clause, term);
        break;
    case TT_INDEX_NUMBER:
        compile_number (c, clause, term);
        break;
    case TT_INDEX_DATE:
        compile_days (c, clause, term);
        break;
    default:
        compile_key (c, clause, term->text, term->pattern ? DICTIONARY_PATTERN (SPACE_CODE) : SPACE_CODE);
    }
}

static void
compile_clause (compiler *c, const cql_clause *clause)
{
    if (clause->term_count == 1) {
        compile_term (c, clause, clause->terms);
        return;
    }
    size_t head = begin (c, clause->relation == RELATION_ALL ? PROGRAM_AND : PROGRAM_OR);
    for (size_t i = 0; i < clause->term_count; i++)
        compile_term (c, clause, &clause->terms[i]);
    end (c, head);
}

static void
compile_prox (compiler *c, const cql_node *node)
{
    const cql_term *left = node->left->clause.terms;
    size_t head = begin (c, PROGRAM_PROX);
    program_word (c->out, (uint32_t)node->prox.unit | (uint32_t)node->prox.ordered << 2);
    program_word (c->out, node->prox.least);
    program_word (c->out, node->prox.most);
    program_word (c->out, (uint32_t)left->token_count);
    take_tokens (c, left, cql_prox_stored (node));
    take_tokens (c, node->right->clause.terms, cql_prox_stored (node));
    end (c, head);
}

static void compile_node (compiler *c, const cql_node *node);

/* A chain of one associative operator becomes one instruction. */
static void
compile_chain (compiler *c, const cql_node *node, cql_node_kind kind)
{
    if (node->kind != kind) {
        compile_node (c, node);
        return;
    }
    compile_chain (c, node->left, kind);
    compile_chain (c, node->right, kind);
}

static void
compile_node (compiler *c, const cql_node *node)
{
    if (node->kind == NODE_CLAUSE) {
        compile_clause (c, &node->clause);
    } else if (node->kind == NODE_PROX) {
        compile_prox (c, node);
    } else if (node->kind == NODE_NOT) {
        size_t head = begin (c, PROGRAM_NOT);
        compile_node (c, node->left);
        compile_node (c, node->right);
        end (c, head);
    } else {
        size_t head = begin (c, node->kind == NODE_AND ? PROGRAM_AND : PROGRAM_OR);
        compile_chain (c, node, node->kind);
        end (c, head);
    }
}

void
program_compile (const tt_cql *cql, dictionary *d, program_words *out)
{
    compiler c = { d, out };
    compile_node (&c, cql->root);
}

const uint32_t *
program_keys (const uint32_t *instruction, size_t *count)
{
    switch (program_operation_of (*instruction)) {
    case PROGRAM_KEY:
    case PROGRAM_PATTERN:
        *count = 1;
        return instruction;
    case PROGRAM_PHRASE:
    case PROGRAM_WHOLE:
        *count = program_length (*instruction);
        return instruction + 1;
    case PROGRAM_PROX:
        *count = program_length (*instruction) - 4;
        return instruction + 5;
    default:
        *count = 0;
        return instruction;
    }
}

void
program_release (const uint32_t *words, dictionary *d)
{
    size_t count = 0;
    const uint32_t *keys = program_keys (words, &count);
    for (size_t i = 0; i < count; i++)
        pattern_drop (d, keys[i] & PROGRAM_VALUE);
    if (!program_nests (*words))
        return;
    const uint32_t *stop = words + 1 + program_length (*words);
    for (const uint32_t *inner = words + 1; inner < stop; inner += 1 + program_length (*inner))
        program_release (inner, d);
}

/* Anchors */

typedef struct {
    const dictionary *d;
    program_frequency *frequency;
    const void *context;
    program_anchors *out;
} chooser;

static void
add_anchor (program_anchors *out, uint32_t key)
{
    if (out->count == out->room) {
        out->room = out->room ? out->room * 2 : 16;
        out->keys = tt_realloc (out->keys, out->room * sizeof *out->keys);
    }
    out->keys[out->count++] = key;
}

/* Days are none, for they do not become rare: too many documents have today's. Nor are patterns without a bit. Of keys seen
 * equally often the longer one is taken to be rarer. */
uint64_t
program_key_cost (const dictionary *d, uint32_t key, program_frequency *frequency, const void *context)
{
    const dictionary_key *k = &d->keys[key];
    uint8_t space = 0;
    if (k->space == DICTIONARY_RANGE
        || (pattern_is ((uint8_t)k->space) && pattern_piece (dictionary_text (d, key), (uint8_t)k->space, &space).size == 0))
        return PROGRAM_NO_ANCHOR;
    return frequency (context, k) * 64 + 63 - (k->size < 63 ? k->size : 63);
}

/* Appends the rarest of the keys an instruction names. */
static uint64_t
choose_key (const chooser *c, const uint32_t *instruction)
{
    size_t count = 0;
    const uint32_t *keys = program_keys (instruction, &count);
    uint64_t best = PROGRAM_NO_ANCHOR;
    uint32_t rarest = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t cost = program_key_cost (c->d, keys[i] & PROGRAM_VALUE, c->frequency, c->context);
        if (cost < best) {
            best = cost;
            rarest = keys[i] & PROGRAM_VALUE;
        }
    }
    if (best != PROGRAM_NO_ANCHOR)
        add_anchor (c->out, rarest);
    return best;
}

static uint64_t choose (const chooser *c, const uint32_t *words);

/* The cheapest part is enough: its anchors take the place of a dearer part's. */
static uint64_t
choose_all (const chooser *c, const uint32_t *words)
{
    program_anchors *out = c->out;
    size_t base = out->count;
    uint64_t best = PROGRAM_NO_ANCHOR;
    const uint32_t *stop = words + 1 + program_length (*words);
    for (const uint32_t *inner = words + 1; inner < stop; inner += 1 + program_length (*inner)) {
        size_t from = out->count;
        uint64_t cost = choose (c, inner);
        size_t count = out->count - from;
        out->count = from;
        if (cost < best) {
            memmove (out->keys + base, out->keys + from, count * sizeof *out->keys);
            out->count = base + count;
            best = cost;
        }
    }
    return best;
}

/* Every part needs its anchors. */
static uint64_t
choose_any (const chooser *c, const uint32_t *words)
{
    size_t base = c->out->count;
    uint64_t sum = 0;
    const uint32_t *stop = words + 1 + program_length (*words);
    for (const uint32_t *inner = words + 1; inner < stop; inner += 1 + program_length (*inner)) {
        uint64_t cost = choose (c, inner);
        if (cost == PROGRAM_NO_ANCHOR) {
            c->out->count = base;
            return PROGRAM_NO_ANCHOR;
        }
        sum += cost;
    }
    return sum;
}

static uint64_t
choose (const chooser *c, const uint32_t *words)
{
    switch (program_operation_of (*words)) {
    case PROGRAM_AND:
        return choose_all (c, words);
    case PROGRAM_OR:
        return choose_any (c, words);
    case PROGRAM_NOT:
        return choose (c, words + 1);
    default:
        return choose_key (c, words);
    }
}

void
program_choose (const uint32_t *words, const dictionary *d, program_frequency *frequency, const void *context,
                program_anchors *out)
{
    const chooser c = { d, frequency, context, out };
    out->count = 0;
    out->cost = choose (&c, words);
}
