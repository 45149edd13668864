/* The terms of one clause: from the text that was written to what is compared.
 *
 * Not for finding where a clause begins and ends (cql.c). */
#include <string.h>

#include "base/text.h"
#include "query/tree.h"
#include "query/wildcard.h"

#define MAX_TOKENS 512 /* of one phrase */

/* A clause while it is built. */
typedef struct {
    cql_builder *builder;
    cql_clause *clause;
    size_t at; /* byte position of the term in the query */
    tt_error *error;
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

/* Text: phrases */

typedef struct {
    build *b;
    cql_token tokens[MAX_TOKENS];
    size_t count;
    char pattern[CQL_MAX_WILD_BYTES]; /* the word that is being glued together */
    size_t pattern_size;
    bool wild; /* it has a wildcard */
} phrase;

static tt_status
add_token (phrase *p, tt_bytes text, bool wild)
{
    if (p->count == MAX_TOKENS)
        return tt_fail (p->b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d words in a term", p->b->at,
                        MAX_TOKENS);
    p->tokens[p->count++] = (cql_token){ tt_arena_copy (p->b->builder->arena, text), wild };
    return TT_OK;
}

static size_t
real_characters (tt_bytes pattern)
{
    size_t n = 0;
    for (size_t i = 0; i < pattern.size; i++)
        n += !tt_wildcard_is (pattern.data[i]) && (pattern.data[i] & 0xC0) != 0x80;
    return n;
}

static tt_status
check_pattern (build *b, tt_bytes pattern, bool may_lead)
{
    size_t real = real_characters (pattern);
    if (tt_wildcard_is (pattern.data[0]) && !may_lead)
        return tt_fail (b->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a letter or digit first: %s takes no leading wildcard", b->at, index_name (b));
    if (real == 0)
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a letter or digit beside the wildcards", b->at);
    if (real < 3 && memchr (pattern.data, '*', pattern.size))
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at least 3 characters beside *", b->at);
    if (b->builder->wild_words++ == TT_CQL_MAX_WILD_WORDS)
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d words with wildcards in a query", b->at,
                        TT_CQL_MAX_WILD_WORDS);
    return TT_OK;
}

/* Ends the word that is being glued together. */
static tt_status
flush_word (phrase *p)
{
    tt_bytes word = { (const uint8_t *)p->pattern, p->pattern_size };
    bool wild = p->wild;
    p->pattern_size = 0;
    p->wild = false;
    if (word.size == 0)
        return TT_OK;
    tt_status status = wild ? check_pattern (p->b, word, p->b->builder->schema->indexes[p->b->clause->index].leading) : TT_OK;
    return status == TT_OK ? add_token (p, word, wild) : status;
}

static tt_status
glue (phrase *p, tt_bytes piece, bool wild)
{
    if (p->pattern_size + piece.size > sizeof p->pattern)
        return tt_fail (p->b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a word with wildcards of at most %d bytes",
                        p->b->at, CQL_MAX_WILD_BYTES);
    memcpy (p->pattern + p->pattern_size, piece.data, piece.size);
    p->pattern_size += piece.size;
    p->wild |= wild;
    return TT_OK;
}

/* A wildcard that touches no word, only characters that are tokens of their own, or nothing. At the edge of the term * and ? add
 * nothing, for a phrase of characters is found inside longer text anyway; # is one token of one character. */
static tt_status
lone_wildcard (phrase *p, uint8_t wildcard, bool edge)
{
    if (wildcard == '#')
        return add_token (p, (tt_bytes){ (const uint8_t *)"#", 1 }, true);
    if (edge)
        return TT_OK;
    return tt_fail (p->b->error, TT_INVALID_ARGUMENT,
                    "at byte %zu: expected # or prox: %c cannot stand between characters that are words of their own", p->b->at,
                    wildcard);
}

/* Everything between token `from` and token `to` (bytes of the term): wildcards, and separators, which end a word. */
static tt_status
take_gap (phrase *p, tt_bytes term, size_t from, size_t to, bool word_follows)
{
    tt_status status = TT_OK;
    for (size_t i = from; i < to && status == TT_OK; i++) {
        uint8_t c = term.data[i];
        bool to_word = word_follows;
        for (size_t k = i + 1; k < to; k++)
            to_word = to_word && tt_wildcard_is (term.data[k]);
        if (!tt_wildcard_is (c))
            status = flush_word (p);
        else if (p->pattern_size > 0 || to_word)
            status = glue (p, (tt_bytes){ &c, 1 }, true);
        else
            status = lone_wildcard (p, c, from == 0 || to == term.size);
    }
    return status;
}

static tt_status
take_wild_tokens (phrase *p, tt_bytes term, const tt_tokens *tokens)
{
    size_t before = 0;
    tt_status status = TT_OK;
    if (tt_wildcard_is (term.data[0]) && !p->b->builder->schema->indexes[p->b->clause->index].leading)
        return check_pattern (p->b, term, false);
    for (size_t i = 0; i < tokens->count && status == TT_OK; i++) {
        const tt_token *token = &tokens->tokens[i];
        tt_bytes text = tt_token_text (tokens, i);
        bool alone = tt_text_alone (text);
        status = take_gap (p, term, before, token->offset, !alone);
        before = token->offset + token->length;
        if (status == TT_OK && alone) {
            status = flush_word (p);
            status = status == TT_OK ? add_token (p, text, false) : status;
        } else if (status == TT_OK) {
            status = p->pattern_size && !p->wild ? flush_word (p) : TT_OK;
            status = status == TT_OK ? glue (p, text, false) : status;
        }
    }
    if (status == TT_OK)
        status = take_gap (p, term, before, term.size, false);
    return status == TT_OK ? flush_word (p) : status;
}

static tt_status
take_tokens (phrase *p, tt_bytes term)
{
    tt_tokens tokens = { 0 };
    tt_text_tokenise (term, &tokens);
    tt_status status = TT_OK;
    if (tokens.count == 0)
        status = tt_fail (p->b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a term with letters or digits", p->b->at);
    else if (has_wildcard (term))
        status = take_wild_tokens (p, term, &tokens);
    else
        for (size_t i = 0; i < tokens.count && status == TT_OK; i++)
            status = add_token (p, tt_token_text (&tokens, i), false);
    tt_tokens_free (&tokens);
    return status;
}

static tt_status
text_term (build *b, tt_bytes text, cql_term *term)
{
    phrase *p = tt_alloc (sizeof *p);
    p->b = b;
    p->count = p->pattern_size = 0;
    p->wild = false;
    tt_status status = take_tokens (p, text);
    if (status == TT_OK) {
        cql_token *tokens = tt_arena_alloc (b->builder->arena, p->count * sizeof *tokens);
        memcpy (tokens, p->tokens, p->count * sizeof *tokens);
        term->tokens = tokens;
        term->token_count = p->count;
    }
    free (p);
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
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d bytes with wildcards", b->at,
                        CQL_MAX_WILD_BYTES);
    term->pattern = true;
    term->text = (tt_bytes){ (const uint8_t *)out, n };
    return check_pattern (b, term->text, false);
}

static tt_status
check_scope (build *b, const tt_symbol *symbol)
{
    bool deep = symbol->level == TT_LEVEL_SUBGROUP && strcmp (strchr (symbol->text, '/'), "/00") != 0;
    if ((b->clause->scope == SCOPE_LOW || b->clause->scope == SCOPE_HIGH) && deep)
        return tt_fail (b->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a main group (H01F1/00) or less: the tree of subgroups for %s is not held yet",
                        b->at, b->clause->scope == SCOPE_LOW ? "/low" : "/high");
    return TT_OK;
}

static tt_status
class_term (build *b, tt_bytes text, cql_term *term)
{
    if (has_wildcard (text) && b->clause->scope == SCOPE_PREFIX)
        return value_pattern (b, text, term);
    if (!tt_symbol_parse (text, &term->symbol))
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a class symbol such as H01F or H01F1/053", b->at);
    return check_scope (b, &term->symbol);
}

static tt_status
number_term (build *b, tt_bytes text, cql_term *term)
{
    if (has_wildcard (text))
        return value_pattern (b, text, term);
    if (!tt_number_parse (text, &term->number))
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a number such as CN111504366B, or a country",
                        b->at);
    return TT_OK;
}

static tt_status
date_term (build *b, tt_bytes text, cql_term *term)
{
    if (!tt_date_range (text, &term->first, &term->last))
        return tt_fail (b->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a date such as 2015, 201507, 20150731 or 2015-07-31", b->at);
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
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a code", b->at);
    if (term->pattern && term->text.size > CQL_MAX_WILD_BYTES)
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d bytes with wildcards", b->at,
                        CQL_MAX_WILD_BYTES);
    return term->pattern ? check_pattern (b, term->text, false) : TT_OK;
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
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d words in a list", b->at,
                        TT_CQL_MAX_CLAUSES);
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
        status = tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at least one word", b->at);
    return status;
}

static tt_status
add_within (build *b)
{
    tt_status status = add_words (b);
    if (status != TT_OK)
        return status;
    if (b->count != 2 || b->terms[0].first > b->terms[1].last)
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected two dates, the earlier one first", b->at);
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
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected =, ==, any or all: %s is no date", b->at,
                        index_name (b));
    if (r == RELATION_ALL && date)
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected =, <, >, <=, >=, any or within: %s is a date",
                        b->at, index_name (b));
    if (b->clause->scope != SCOPE_PREFIX && b->clause->compares != TT_INDEX_CLASS)
        return tt_fail (b->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a term: /low, /high, /same are for classes, %s is none", b->at, index_name (b));
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
cql_build_clause (cql_builder *builder, cql_clause *clause, size_t at, tt_error *error)
{
    const tt_index *index = &builder->schema->indexes[clause->index];
    if (index->classes && !clause->by_alias && (clause->scope != SCOPE_PREFIX || all_symbols (clause)))
        clause->index = index->classes;
    clause->compares = tt_schema_compares (builder->schema, clause->index);
    clause->stored = tt_schema_stored (builder->schema, clause->index);
    build b = { .builder = builder, .clause = clause, .at = at, .error = error };
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
