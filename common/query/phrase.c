/* Text terms: a word, a phrase, with or without wildcards, as the tokens that are looked for.
 *
 * A wildcard belongs to the word that it touches; the tokeniser knows nothing of wildcards, so words and wildcards are glued here
 * by their places in the term. Not for the patterns of symbols and numbers, which have no words (clause.c). */
#include <string.h>

#include "base/text.h"
#include "query/tree.h"
#include "query/wildcard.h"

#define MAX_TOKENS 512 /* of one phrase */

typedef struct {
    cql_builder *builder;
    const cql_clause *clause;
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
        return tt_fail (p->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d words in a term",
                        p->builder->at, MAX_TOKENS);
    p->tokens[p->count++] = (cql_token){ tt_arena_copy (p->builder->arena, text), wild };
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

tt_status
cql_check_pattern (cql_builder *b, const cql_clause *clause, tt_bytes pattern, bool may_lead)
{
    size_t real = real_characters (pattern);
    if (tt_wildcard_is (pattern.data[0]) && !may_lead)
        return tt_fail (b->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a letter or digit first: %s takes no leading wildcard", b->at,
                        b->schema->indexes[clause->index].name);
    if (real == 0)
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a letter or digit beside the wildcards", b->at);
    if (real < 3 && memchr (pattern.data, '*', pattern.size))
        return tt_fail (b->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at least 3 characters beside *", b->at);
    if (b->wild_words++ == TT_CQL_MAX_WILD_WORDS)
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
    tt_status status
        = wild ? cql_check_pattern (p->builder, p->clause, word, p->builder->schema->indexes[p->clause->index].leading) : TT_OK;
    return status == TT_OK ? add_token (p, word, wild) : status;
}

static tt_status
glue (phrase *p, tt_bytes piece, bool wild)
{
    if (p->pattern_size + piece.size > sizeof p->pattern)
        return tt_fail (p->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a word with wildcards of at most %d bytes",
                        p->builder->at, CQL_MAX_WILD_BYTES);
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
    return tt_fail (p->builder->error, TT_INVALID_ARGUMENT,
                    "at byte %zu: expected # or prox: %c cannot stand between characters that are words of their own",
                    p->builder->at, wildcard);
}

/* Everything between token `from` and token `to` (bytes of the term): wildcards, and separators, which end a word. */
static tt_status
take_gap (phrase *p, tt_bytes term, size_t from, size_t to, bool word_follows)
{
    tt_status status = TT_OK;
    size_t last = to; /* behind the last separator: from there on all are wildcards */
    while (last > from && tt_wildcard_is (term.data[last - 1]))
        last--;
    for (size_t i = from; i < to && status == TT_OK; i++) {
        uint8_t c = term.data[i];
        bool to_word = word_follows && i >= last;
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
    if (tt_wildcard_is (term.data[0]) && !p->builder->schema->indexes[p->clause->index].leading)
        return cql_check_pattern (p->builder, p->clause, term, false);
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
        status = tt_fail (p->builder->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a term with letters or digits",
                          p->builder->at);
    else if (tt_wildcard_prefix (term) < term.size)
        status = take_wild_tokens (p, term, &tokens);
    else
        for (size_t i = 0; i < tokens.count && status == TT_OK; i++)
            status = add_token (p, tt_token_text (&tokens, i), false);
    tt_tokens_free (&tokens);
    return status;
}

tt_status
cql_build_phrase (cql_builder *builder, const cql_clause *clause, tt_bytes text, cql_term *term)
{
    phrase *p = tt_alloc (sizeof *p);
    p->builder = builder;
    p->clause = clause;
    p->count = p->pattern_size = 0;
    p->wild = false;
    tt_status status = take_tokens (p, text);
    if (status == TT_OK) {
        cql_token *tokens = tt_arena_alloc (builder->arena, p->count * sizeof *tokens);
        memcpy (tokens, p->tokens, p->count * sizeof *tokens);
        term->tokens = tokens;
        term->token_count = p->count;
    }
    free (p);
    return status;
}
