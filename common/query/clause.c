/* The terms of one clause: from the text that was written to what is compared.
 *
 * Not for finding where a clause begins and ends (cql.c), nor for words and phrases (phrase.c). */
#include <string.h>

#include "base/text.h"
#include "query/tree.h"
#include "query/wildcard.h"

/* A clause while it is built. */
typedef struct {
    cql_builder *builder;
    cql_clause *clause;
    cql_term *terms;
    size_t count;
} build;

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

static tt_status
text_term (build *b, tt_bytes text, cql_term *term)
{
    return cql_build_phrase (b->builder, b->clause, text, term);
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

static tt_status
check_scope (build *b, const tt_symbol *symbol)
{
    bool deep = symbol->level == TT_LEVEL_SUBGROUP && strcmp (strchr (symbol->text, '/'), "/00") != 0;
    if ((b->clause->scope == SCOPE_LOW || b->clause->scope == SCOPE_HIGH) && deep)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a main group (H01F1/00) or less: the tree of subgroups for %s is not held yet",
                        b->builder->at, b->clause->scope == SCOPE_LOW ? "/low" : "/high");
    return TT_OK;
}

static tt_status
class_term (build *b, tt_bytes text, cql_term *term)
{
    if (has_wildcard (text) && b->clause->scope == SCOPE_PREFIX)
        return value_pattern (b, text, term);
    if (!tt_symbol_parse (text, &term->symbol))
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a class symbol such as H01F or H01F1/053",
                        b->builder->at);
    return check_scope (b, &term->symbol);
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
    if (b->count == TT_CQL_MAX_CLAUSES)
        return tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d words in a list",
                        b->builder->at, TT_CQL_MAX_CLAUSES);
    cql_term *term = &b->terms[b->count++];
    *term = (cql_term){ 0 };
    return make[b->clause->compares](b, text, term);
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

static tt_status
add_words (build *b)
{
    size_t at = 0;
    tt_status status = TT_OK;
    for (tt_bytes word = next_word (b->clause, b->clause->written, &at); word.size && status == TT_OK;
         word = next_word (b->clause, b->clause->written, &at))
        status = add_term (b, word);
    if (status == TT_OK && b->count == 0)
        status = tt_fail (b->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at least one word", b->builder->at);
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
    return TT_OK;
}

/* Do all words of the term look like class symbols, a subclass at least? */
static bool
all_symbols (const cql_clause *clause)
{
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
    return count == 1 || (count > 1 && (clause->relation == RELATION_ANY || clause->relation == RELATION_ALL));
}

tt_status
cql_build_clause (cql_builder *builder, cql_clause *clause)
{
    const tt_index *index = &builder->schema->indexes[clause->index];
    if (index->classes && !clause->by_alias && (clause->scope != SCOPE_PREFIX || all_symbols (clause)))
        clause->index = index->classes;
    clause->compares = tt_schema_compares (builder->schema, clause->index);
    clause->stored = tt_schema_stored (builder->schema, clause->index);
    build b = { .builder = builder, .clause = clause };
    b.terms = tt_alloc (TT_CQL_MAX_CLAUSES * sizeof *b.terms);
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
    free (b.terms);
    return status;
}
