/* The terms of one clause: from the text that was written to what is compared.
 *
 * Not for finding where a clause begins and ends (cql.c), nor for words and phrases (phrase.c). */
#include <string.h>

#include "base/text.h"
#include "query/class_tree.h"
#include "query/name.h"
#include "query/tree.h"
#include "query/wildcard.h"

/* A clause while it is built. */
typedef struct {
    cql_builder *builder;
    cql_clause *clause;
    cql_term few[4];
    cql_term *terms; /* few, or owned */
    size_t count, room;
} build;

static cql_term *
new_term (build *b)
{
    if (b->count == b->room) {
        size_t room = b->room * 4;
        cql_term *terms = tt_alloc (room * sizeof *terms);
        memcpy (terms, b->terms, b->count * sizeof *terms);
        if (b->terms != b->few)
            free (b->terms);
        b->terms = terms;
        b->room = room;
    }
    cql_term *term = &b->terms[b->count++];
    *term = (cql_term){ .exact = b->clause->relation == RELATION_EXACT || b->clause->scope == SCOPE_SAME };
    return term;
}

static const char *
index_name (const build *b)
{
    return b->builder->schema->indexes[b->clause->index].name;
}

static bool
has_wildcard (tt_bytes text)
{
    return tt_wildcard_prefix (text) < text.size;
}

/* A name is also met by a name that is the same but for its company form, written in any way. */
static void
add_normal_name (build *b, tt_bytes text)
{
    const cql_term *written = &b->terms[b->count - 1];
    bool one = b->clause->relation == RELATION_EQ || b->clause->relation == RELATION_EXACT;
    if (!one || written->token_count < 2 || !tt_schema_names (b->builder->schema, b->clause->index))
        return;
    uint32_t kept[TT_NAME_MAX_TOKENS];
    tt_tokens tokens = { 0 };
    tt_text_tokenise (text, &tokens);
    size_t count = has_wildcard (text) ? tokens.count : tt_name_core (text, &tokens, kept);
    if (count < tokens.count) {
        cql_token *core = tt_arena_alloc (b->builder->arena, count * sizeof *core);
        for (size_t i = 0; i < count; i++)
            core[i] = written->tokens[kept[i]]; /* without wildcards the phrase is the tokens, one by one */
        cql_term *term = new_term (b);
        term->tokens = core;
        term->token_count = count;
        term->exact = true;
    }
    tt_tokens_free (&tokens);
}

static tt_status
text_term (build *b, tt_bytes text, cql_term *term)
{
    tt_status status = cql_build_phrase (b->builder, b->clause, text, term);
    if (status == TT_OK)
        add_normal_name (b, text);
    return status;
}

/* Class symbols, numbers, dates, codes */

/* A pattern over the text forms of a value: capitals without spaces and separators. */
static tt_status
value_pattern (build *b, tt_bytes text, cql_term *term)
{
    char *out = tt_arena_alloc (b->builder->arena, text.size);
    size_t n = 0;
    bool class = b->clause->compares == TT_INDEX_CLASS;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool separator = c == ' ' || (!class && (c == '/' || c == '.' || c == '-'));
        if (!separator)
            out[n++] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    if (n > CQL_MAX_WILD_BYTES)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d bytes with wildcards",
                        b->builder->at, CQL_MAX_WILD_BYTES);
    term->pattern = true;
    term->text = (tt_bytes){ (const uint8_t *)out, n };
    return cql_check_pattern (b->builder, b->clause, term->text, false);
}

/* Is it below a main group, where only a tree knows what is below and above? */
static bool
is_deep (const tt_symbol *symbol)
{
    return symbol->level == TT_LEVEL_SUBGROUP && strcmp (strchr (symbol->text, '/'), "/00") != 0;
}

typedef struct {
    build *b;
    size_t most;
    bool full;
} symbol_taker;

static void
take_symbol (void *context, const tt_symbol *symbol)
{
    symbol_taker *taker = context;
    if (taker->b->count >= taker->most) {
        taker->full = true;
        return;
    }
    cql_term *term = new_term (taker->b);
    term->symbol = *symbol;
    term->exact = symbol->level == TT_LEVEL_SUBGROUP;
}

/* A subgroup with all that is below or above it in the scheme, behind itself. What is above a main group needs no scheme. */
static tt_status
expand_symbol (build *b, const tt_symbol *symbol)
{
    bool low = b->clause->scope == SCOPE_LOW;
    symbol_taker taker = { b, b->count + TT_CQL_MAX_SUBGROUPS, false };
    bool known = false;
    b->terms[b->count - 1].exact = true;
    for (int i = 0; i < TT_CLASS_SCHEMES; i++) /* of `class` both; an IPC symbol in cpc is one of CPC, too, as a rule */
        known |= tt_class_tree_visit ((tt_class_scheme)i, symbol, low, take_symbol, &taker);
    if (!known)
        return tt_fail (
            b->builder->error, TT_INVALID_ARGUMENT,
            "at byte %zu: expected a main group (H01F1/00) or less: no scheme was given that has the subgroup %s for %s",
            b->builder->at, symbol->text, low ? "/low" : "/high");
    if (taker.full)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a class with at most %d subdivisions",
                        b->builder->at, TT_CQL_MAX_SUBGROUPS);
    return TT_OK;
}

static tt_status
class_term (build *b, tt_bytes text, cql_term *term)
{
    bool tree = b->clause->scope == SCOPE_LOW || b->clause->scope == SCOPE_HIGH;
    if (has_wildcard (text) && b->clause->scope == SCOPE_PREFIX)
        return value_pattern (b, text, term);
    if (!tt_symbol_parse (text, &term->symbol))
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a class symbol such as H01F or H01F1/053",
                        b->builder->at);
    tt_symbol symbol = term->symbol;
    return tree && is_deep (&symbol) ? expand_symbol (b, &symbol) : TT_OK;
}

static tt_status
number_term (build *b, tt_bytes text, cql_term *term)
{
    if (has_wildcard (text))
        return value_pattern (b, text, term);
    if (!tt_number_parse (text, &term->number))
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a number such as CN111504366B, or a country", b->builder->at);
    return TT_OK;
}

static tt_status
date_term (build *b, tt_bytes text, cql_term *term)
{
    if (!tt_date_range (text, &term->first, &term->last))
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a date such as 2015, 201507, 20150731 or 2015-07-31", b->builder->at);
    int32_t first = term->first;
    int32_t last = term->last;
    switch (b->clause->relation) {
    case RELATION_LT:
        term->first = INT32_MIN;
        term->last = first - 1;
        break;
    case RELATION_LE:
        term->first = INT32_MIN;
        break;
    case RELATION_GT:
        term->first = last + 1;
        term->last = INT32_MAX;
        break;
    case RELATION_GE:
        term->last = INT32_MAX;
        break;
    default:
        break;
    }
    return TT_OK;
}

static tt_status
code_term (build *b, tt_bytes text, cql_term *term)
{
    tt_buffer code = { 0 };
    tt_text_normalise (text, &code);
    term->text = tt_arena_copy (b->builder->arena, (tt_bytes){ code.data, code.size });
    tt_buffer_free (&code);
    term->pattern = has_wildcard (term->text);
    if (term->text.size == 0)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a code", b->builder->at);
    if (term->pattern && term->text.size > CQL_MAX_WILD_BYTES)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d bytes with wildcards",
                        b->builder->at, CQL_MAX_WILD_BYTES);
    return term->pattern ? cql_check_pattern (b->builder, b->clause, term->text, false) : TT_OK;
}

static tt_status
add_term (build *b, tt_bytes text)
{
    static tt_status (*const make[]) (build *, tt_bytes, cql_term *) = { [TT_INDEX_TEXT] = text_term,
                                                                         [TT_INDEX_CLASS] = class_term,
                                                                         [TT_INDEX_DATE] = date_term,
                                                                         [TT_INDEX_NUMBER] = number_term,
                                                                         [TT_INDEX_CODE] = code_term };
    return make[b->clause->compares](b, text, new_term (b));
}

/* Lists */

static bool
between_words (uint8_t byte)
{
    return byte == ' ' || byte == ',' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The next word of a list from *at; size 0 at the end. A class symbol may have a space in it: "H01F 1/053". */
static tt_bytes
next_word (const cql_clause *clause, tt_bytes text, size_t *at)
{
    while (*at < text.size && between_words (text.data[*at]))
        ++*at;
    size_t from = *at;
    while (*at < text.size && !between_words (text.data[*at]))
        ++*at;
    size_t more = *at;
    if (clause->compares == TT_INDEX_CLASS && more > from) {
        while (more < text.size && text.data[more] == ' ')
            more++;
        bool group = more < text.size && text.data[more] >= '0' && text.data[more] <= '9';
        while (group && more < text.size && !between_words (text.data[more]))
            more++;
        *at = group ? more : *at;
    }
    return (tt_bytes){ text.data + from, *at - from };
}

/* Where byte `offset` of the clause's term stands in the query: behind the opening quote and any backslashes that were taken off.
 */
static size_t
place_in_query (const build *b, size_t offset)
{
    const char *raw = b->builder->query + b->builder->at;
    size_t at = b->clause->quoted ? 1 : 0;
    for (size_t i = 0; i < offset; i++, at++)
        at += b->clause->quoted && raw[at] == '\\' && (raw[at + 1] == '"' || raw[at + 1] == '\\');
    return b->builder->at + at;
}

static tt_status
add_words (build *b)
{
    size_t begin = b->builder->at;
    size_t at = 0;
    size_t words = 0;
    tt_status status = TT_OK;
    for (tt_bytes word = next_word (b->clause, b->clause->written, &at); word.size && status == TT_OK;
         word = next_word (b->clause, b->clause->written, &at)) {
        size_t place = place_in_query (b, (size_t)(word.data - b->clause->written.data));
        b->builder->at = place;
        if (words++ == TT_CQL_MAX_CLAUSES)
            status = tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d words in a list", place,
                              TT_CQL_MAX_CLAUSES);
        else
            status = add_term (b, word);
        b->builder->at = begin;
    }
    if (status == TT_OK && words == 0)
        status = tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at least one word", begin);
    return status;
}

static tt_status
add_within (build *b)
{
    tt_status status = add_words (b);
    if (status != TT_OK)
        return status;
    if (b->count != 2 || b->terms[0].first > b->terms[1].last)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected two dates, the earlier one first",
                        b->builder->at);
    b->terms[0].last = b->terms[1].last;
    b->count = 1;
    return TT_OK;
}

/* Which relations an index understands. */
static tt_status
check_relation (build *b)
{
    cql_relation r = b->clause->relation;
    bool date = b->clause->compares == TT_INDEX_DATE;
    bool order = r == RELATION_LT || r == RELATION_LE || r == RELATION_GT || r == RELATION_GE || r == RELATION_WITHIN;
    if (order && !date)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected =, ==, any or all: %s is no date",
                        b->builder->at, index_name (b));
    if (r == RELATION_ALL && date)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected =, <, >, <=, >=, any or within: %s is a date", b->builder->at, index_name (b));
    if (b->clause->scope != SCOPE_PREFIX && b->clause->compares != TT_INDEX_CLASS)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a term: /low, /high, /same are for classes, %s is none", b->builder->at,
                        index_name (b));
    if (r == RELATION_ALL && (b->clause->scope == SCOPE_LOW || b->clause->scope == SCOPE_HIGH))
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected any, =/low or =/high: all takes neither",
                        b->builder->at);
    return TT_OK;
}

/* Do all words of the term look like class symbols, a subclass at least? */
static bool
all_symbols (const cql_clause *clause)
{
    tt_symbol whole;
    if (clause->relation != RELATION_ANY && clause->relation != RELATION_ALL)
        return tt_symbol_parse (clause->written, &whole) && whole.level >= TT_LEVEL_SUBCLASS;
    cql_clause as_class = *clause;
    as_class.compares = TT_INDEX_CLASS;
    size_t at = 0;
    size_t count = 0;
    for (tt_bytes word = next_word (&as_class, clause->written, &at); word.size;
         word = next_word (&as_class, clause->written, &at)) {
        tt_symbol symbol;
        if (!tt_symbol_parse (word, &symbol) || symbol.level < TT_LEVEL_SUBCLASS)
            return false;
        count++;
    }
    return count > 0;
}

tt_status
cql_build_clause (cql_builder *builder, cql_clause *clause)
{
    const tt_index *index = &builder->schema->indexes[clause->index];
    clause->written_index = clause->index;
    if (index->classes && !clause->by_alias && (clause->scope != SCOPE_PREFIX || all_symbols (clause)))
        clause->index = index->classes;
    clause->compares = tt_schema_compares (builder->schema, clause->index);
    clause->stored = tt_schema_stored (builder->schema, clause->index);
    build b = { .builder = builder, .clause = clause, .room = sizeof b.few / sizeof b.few[0] };
    b.terms = b.few;
    tt_status status = check_relation (&b);
    if (status == TT_OK && clause->relation == RELATION_WITHIN)
        status = add_within (&b);
    else if (status == TT_OK && (clause->relation == RELATION_ANY || clause->relation == RELATION_ALL))
        status = add_words (&b);
    else if (status == TT_OK)
        status = add_term (&b, clause->written);
    if (status == TT_OK) {
        cql_term *terms = tt_arena_alloc (builder->arena, b.count * sizeof *terms);
        memcpy (terms, b.terms, b.count * sizeof *terms);
        clause->terms = terms;
        clause->term_count = b.count;
    }
    if (b.terms != b.few)
        free (b.terms);
    return status;
}
