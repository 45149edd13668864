#include "query/cql.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "query/tree.h"

typedef struct {
    tt_cql *cql;
    const char *text;
    size_t size;
    size_t at;
    size_t depth;
    size_t clauses;
    bool may_prox; /* what was read last is a clause, which prox may follow */
    cql_builder builder;
    tt_error *error;
} parser;

/* Lexical */

static void
skip_space (parser *p)
{
    while (p->at < p->size && strchr (" \t\r\n", p->text[p->at]))
        p->at++;
}

/* Bytes of the word at `at`. */
static size_t
word_size (const parser *p, size_t at)
{
    size_t n = 0;
    while (at + n < p->size && cql_word_byte (p->text[at + n]))
        n++;
    return n;
}

static bool
is_word (const parser *p, size_t at, size_t size, const char *word)
{
    return strlen (word) == size && strncasecmp (p->text + at, word, size) == 0;
}

/* Takes a keyword if it stands here, whatever its case. */
static bool
take_keyword (parser *p, const char *keyword)
{
    skip_space (p);
    if (!is_word (p, p->at, word_size (p, p->at), keyword))
        return false;
    p->at += strlen (keyword);
    return true;
}

static bool
take_sign (parser *p, const char *sign)
{
    size_t n = strlen (sign);
    if (p->size - p->at < n || strncasecmp (p->text + p->at, sign, n) != 0)
        return false;
    p->at += n;
    return true;
}

static tt_status
expected (parser *p, size_t at, const char *what)
{
    if (at >= p->size)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected %s, found the end", p->size, what);
    size_t n = word_size (p, at);
    n = n == 0 ? 1 : n > 40 ? 40 : n;
    while (n > 1 && n < p->size - at && ((uint8_t)p->text[at + n] & 0xC0) == 0x80)
        n--;
    return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected %s, found \"%.*s\"", at, what, (int)n, p->text + at);
}

/* Terms */

static bool
reserved (const parser *p, size_t at, size_t size)
{
    static const char *const words[] = { "and", "or", "not", "prox" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_word (p, at, size, words[i]))
            return true;
    return size > 5 && strncasecmp (p->text + at, "prox/", 5) == 0;
}

static tt_status
take_quoted (parser *p, cql_clause *clause)
{
    size_t from = p->at++;
    char *out = tt_arena_alloc (p->cql->arena, p->size - from + 1);
    size_t n = 0;
    while (p->at < p->size && p->text[p->at] != '"') {
        bool escape = p->text[p->at] == '\\' && p->at + 1 < p->size && strchr ("\"\\", p->text[p->at + 1]);
        p->at += escape;
        out[n++] = p->text[p->at++];
    }
    if (p->at == p->size)
        return tt_fail (p->error, TT_INVALID_ARGUMENT,
                        "at byte %zu: expected a closing quote for the one at byte %zu, found the end", p->at, from);
    p->at++;
    clause->written = (tt_bytes){ (const uint8_t *)out, n };
    clause->quoted = true;
    return TT_OK;
}

/* A word or a quoted text; `what` says in an error what was expected. */
static tt_status
take_term (parser *p, cql_clause *clause, const char *what)
{
    skip_space (p);
    if (p->at < p->size && p->text[p->at] == '"')
        return take_quoted (p, clause);
    size_t n = word_size (p, p->at);
    if (n == 0 || reserved (p, p->at, n))
        return expected (p, p->at, what);
    clause->written = tt_arena_copy (p->cql->arena, (tt_bytes){ (const uint8_t *)p->text + p->at, n });
    p->at += n;
    return TT_OK;
}

/* Clauses */

/* One of the words, whatever its case, up to a slash; its number, or -1. */
static int
take_one_of (parser *p, const char *const *words, int count)
{
    size_t n = word_size (p, p->at);
    const char *slash = memchr (p->text + p->at, '/', n);
    n = slash ? (size_t)(slash - (p->text + p->at)) : n;
    for (int i = 0; i < count; i++) {
        if (is_word (p, p->at, n, words[i])) {
            p->at += n;
            return i;
        }
    }
    return -1;
}

static bool
take_relation (parser *p, cql_relation *relation)
{
    static const char *const signs[] = { "==", "<=", ">=", "=", "<", ">" };
    static const cql_relation by_sign[] = { RELATION_EXACT, RELATION_LE, RELATION_GE, RELATION_EQ, RELATION_LT, RELATION_GT };
    static const char *const words[] = { "any", "all", "within" };
    static const cql_relation by_word[] = { RELATION_ANY, RELATION_ALL, RELATION_WITHIN };
    skip_space (p);
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if (take_sign (p, signs[i])) {
            *relation = by_sign[i];
            return true;
        }
    }
    int word = take_one_of (p, words, 3);
    if (word >= 0)
        *relation = by_word[word];
    return word >= 0;
}

static tt_status
take_scope (parser *p, cql_clause *clause)
{
    static const char *const names[] = { "/low", "/high", "/same" };
    static const cql_scope scopes[] = { SCOPE_LOW, SCOPE_HIGH, SCOPE_SAME };
    skip_space (p);
    if (p->at == p->size || p->text[p->at] != '/')
        return TT_OK;
    size_t n = word_size (p, p->at);
    bool may = clause->relation == RELATION_EQ || clause->relation == RELATION_ANY || clause->relation == RELATION_ALL;
    for (size_t i = 0; i < 3 && may; i++) {
        if (is_word (p, p->at, n, names[i])) {
            clause->scope = scopes[i];
            p->at += n;
            return TT_OK;
        }
    }
    return expected (p, p->at, "a term, or =/low, =/high or =/same");
}

static tt_status
take_index (parser *p, cql_clause *clause, const char *name, size_t size, size_t at)
{
    clause->index = tt_schema_find (p->cql->schema, name, size);
    if (clause->index < 0)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected the name of an index, found \"%.*s\"", at,
                        size > 40 ? 40 : (int)size, name);
    const tt_index *index = &p->cql->schema->indexes[clause->index];
    clause->by_alias = !is_word (p, at, size, index->name);
    if (index->kind == TT_INDEX_ABSENT)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected another index: %s (%s) is not supported yet", at,
                        index->name, index->describe);
    return TT_OK;
}

/* A term without an index. */
static void
infer_index (const parser *p, cql_clause *clause)
{
    const tt_schema *schema = p->cql->schema;
    clause->bare = true;
    if (schema->infer) {
        clause->index = schema->infer ((const char *)clause->written.data, clause->written.size, clause->quoted);
        return;
    }
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->indexes[i].kind == TT_INDEX_GROUP) {
            clause->index = (int)i;
            return;
        }
    }
}

/* After the first word: is it an index, followed by a relation and a term? Otherwise it is a bare term. */
static tt_status
take_rest (parser *p, cql_clause *clause, size_t *at)
{
    size_t end = p->at;
    if (clause->quoted || !take_relation (p, &clause->relation)) {
        p->at = end;
        infer_index (p, clause);
        return TT_OK;
    }
    tt_bytes name = clause->written;
    tt_status status = take_index (p, clause, (const char *)name.data, name.size, *at);
    if (status == TT_OK)
        status = take_scope (p, clause);
    skip_space (p);
    *at = p->at;
    return status == TT_OK ? take_term (p, clause, "a term behind the relation") : status;
}

static tt_status
parse_clause (parser *p, const char *what, const cql_node **out)
{
    skip_space (p);
    if (p->clauses++ == TT_CQL_MAX_CLAUSES)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d clauses", p->at, TT_CQL_MAX_CLAUSES);
    cql_node *node = tt_arena_zero (p->cql->arena, sizeof *node);
    node->kind = NODE_CLAUSE;
    size_t at = p->at;
    tt_status status = take_term (p, &node->clause, what);
    if (status == TT_OK)
        status = take_rest (p, &node->clause, &at);
    p->builder.at = at;
    node->clause.at = (uint32_t)at;
    if (status == TT_OK)
        status = cql_build_clause (&p->builder, &node->clause);
    *out = node;
    return status;
}

/* prox */

static tt_status
take_distance (parser *p, cql_relation relation, cql_prox *prox)
{
    size_t at = p->at;
    uint32_t n = 0;
    while (p->at < p->size && p->text[p->at] >= '0' && p->text[p->at] <= '9' && n <= CQL_MAX_DISTANCE)
        n = n * 10 + (uint32_t)(p->text[p->at++] - '0');
    if (p->at == at || n > CQL_MAX_DISTANCE || (relation == RELATION_LT && n == 0))
        return expected (p, at, "a distance from 0 to 10000 (with <, from 1)");
    prox->most = relation == RELATION_LT ? n - 1 : n;
    prox->least = relation == RELATION_EQ ? n : 0;
    return TT_OK;
}

enum { MODIFIER_DISTANCE, MODIFIER_ORDERED, MODIFIER_UNIT };

static tt_status
take_value (parser *p, int modifier, cql_relation relation, cql_prox *prox)
{
    static const char *const orders[] = { "false", "true" };
    static const char *const units[] = { "word", "sentence", "paragraph" };
    if (modifier == MODIFIER_DISTANCE)
        return take_distance (p, relation, prox);
    int value = modifier == MODIFIER_UNIT ? take_one_of (p, units, 3) : take_one_of (p, orders, 2);
    if (value < 0)
        return expected (p, p->at, modifier == MODIFIER_UNIT ? "word, sentence or paragraph" : "true or false");
    if (modifier == MODIFIER_UNIT)
        prox->unit = (cql_unit)value;
    else
        prox->ordered = value == 1;
    return TT_OK;
}

static tt_status
take_modifier (parser *p, cql_prox *prox, unsigned *seen)
{
    static const char *const names[] = { "distance", "ordered", "unit" };
    skip_space (p);
    size_t at = p->at;
    int modifier = take_one_of (p, names, 3);
    if (modifier < 0)
        return expected (p, at, "distance, ordered or unit");
    if (*seen >> modifier & 1)
        return expected (p, at, "each of distance, ordered and unit at most once");
    *seen |= 1U << modifier;
    skip_space (p);
    at = p->at;
    cql_relation relation = RELATION_ANY;
    bool some = take_relation (p, &relation);
    bool less = relation == RELATION_LT || relation == RELATION_LE;
    if (!some || (relation != RELATION_EQ && !(less && modifier == MODIFIER_DISTANCE)))
        return expected (p, at, modifier == MODIFIER_DISTANCE ? "=, < or <= behind distance" : "=");
    skip_space (p);
    return take_value (p, modifier, relation, prox);
}

/* The modifiers behind "prox". Without a distance it is 1 for words (side by side), 0 for the others (in the same one). */
static tt_status
take_modifiers (parser *p, cql_prox *prox)
{
    unsigned seen = 0;
    size_t at = p->at;
    *prox = (cql_prox){ 0 };
    for (skip_space (p); p->at < p->size && p->text[p->at] == '/'; skip_space (p)) {
        p->at++;
        tt_status status = take_modifier (p, prox, &seen);
        if (status != TT_OK)
            return status;
        if (p->at < p->size && cql_word_byte (p->text[p->at]) && p->text[p->at] != '/')
            return expected (p, p->at, "a space or / behind a modifier of prox");
    }
    if (!(seen >> MODIFIER_DISTANCE & 1))
        prox->most = prox->unit == UNIT_WORD ? 1 : 0;
    if (prox->unit == UNIT_WORD && prox->most == 0)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a distance of at least 1 word", at);
    return TT_OK;
}

static bool
fits_prox (const cql_clause *clause)
{
    return clause->compares == TT_INDEX_TEXT && clause->relation == RELATION_EQ;
}

static tt_status
parse_prox (parser *p, const char *what, const cql_node **out)
{
    skip_space (p);
    size_t left_at = p->at;
    tt_status status = parse_clause (p, what, out);
    skip_space (p);
    bool prox = p->size - p->at >= 4 && strncasecmp (p->text + p->at, "prox", 4) == 0
                && (word_size (p, p->at) == 4 || p->text[p->at + 4] == '/');
    p->may_prox = !prox;
    if (status != TT_OK || !prox)
        return status;
    p->at += 4;
    cql_node *node = tt_arena_zero (p->cql->arena, sizeof *node);
    node->kind = NODE_PROX;
    node->left = *out;
    status = take_modifiers (p, &node->prox);
    skip_space (p);
    size_t right_at = p->at;
    if (status == TT_OK)
        status = parse_clause (p, "a term after \"prox\"", &node->right);
    if (status != TT_OK)
        return status;
    *out = node;
    if (!fits_prox (&node->left->clause) || !fits_prox (&node->right->clause))
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected a text term with = on both sides of prox",
                        fits_prox (&node->left->clause) ? right_at : left_at);
    if (cql_prox_stored (node) == 0)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected the index of the other side of prox", right_at);
    return TT_OK;
}

/* Expressions */

static tt_status parse_query (parser *p, const char *what, const cql_node **out);

static tt_status
parse_expression (parser *p, const char *what, const cql_node **out)
{
    skip_space (p);
    if (p->at == p->size || p->text[p->at] != '(')
        return parse_prox (p, what, out);
    size_t opening = p->at++;
    if (p->depth == TT_CQL_MAX_DEPTH)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected at most %d nested parentheses", opening,
                        TT_CQL_MAX_DEPTH);
    p->depth++;
    tt_status status = parse_query (p, "a term after \"(\"", out);
    p->depth--;
    if (status != TT_OK)
        return status;
    skip_space (p);
    if (p->at == p->size)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected \")\" for the \"(\" at byte %zu, found the end",
                        p->at, opening);
    if (p->text[p->at] != ')')
        return expected (p, p->at, p->may_prox ? "and, or, not, prox or \")\"" : "and, or, not or \")\"");
    p->at++;
    p->may_prox = false;
    return TT_OK;
}

static bool
take_operator (parser *p, cql_node_kind *kind, const char **what)
{
    if (take_keyword (p, "and")) {
        bool not = take_keyword (p, "not");
        *kind = not ? NODE_NOT : NODE_AND;
        *what = not ? "a term after \"and not\"" : "a term after \"and\"";
    } else if (take_keyword (p, "or")) {
        *kind = NODE_OR;
        *what = "a term after \"or\"";
    } else if (take_keyword (p, "not")) {
        *kind = NODE_NOT;
        *what = "a term after \"not\"";
    } else {
        return false;
    }
    return true;
}

static void
warn_mix (parser *p, size_t at)
{
    tt_cql *cql = p->cql;
    if (cql->warning_count < sizeof cql->warnings / sizeof cql->warnings[0])
        cql->warnings[cql->warning_count++]
            = tt_arena_printf (cql->arena,
                               "at byte %zu: and, or, not have equal precedence and are taken from left to right; parentheses "
                               "would make this mix clear",
                               at);
}

static tt_status
parse_query (parser *p, const char *what, const cql_node **out)
{
    tt_status status = parse_expression (p, what, out);
    bool warned = false;
    bool seen[NODE_NOT + 1] = { false };
    while (status == TT_OK) {
        skip_space (p);
        size_t at = p->at;
        cql_node_kind kind;
        if (!take_operator (p, &kind, &what))
            break;
        /* "a and b not c" is the same however it is taken; every other mix is not */
        bool mixed = kind == NODE_OR ? seen[NODE_AND] || seen[NODE_NOT] : seen[NODE_OR] || (kind == NODE_AND && seen[NODE_NOT]);
        seen[kind] = true;
        if (mixed && !warned) {
            warn_mix (p, at);
            warned = true;
        }
        cql_node *node = tt_arena_zero (p->cql->arena, sizeof *node);
        node->kind = kind;
        node->left = *out;
        status = parse_expression (p, what, &node->right);
        *out = node;
    }
    return status;
}

static tt_status
parse_all (parser *p)
{
    size_t wrong = 0;
    if (p->size > TT_CQL_MAX_BYTES)
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %d: expected the end: a query has at most %d bytes",
                        TT_CQL_MAX_BYTES, TT_CQL_MAX_BYTES);
    if (!tt_text_valid ((tt_bytes){ (const uint8_t *)p->text, p->size }, &wrong))
        return tt_fail (p->error, TT_INVALID_ARGUMENT, "at byte %zu: expected UTF-8 text", wrong);
    tt_status status = parse_query (p, "a term", &p->cql->root);
    if (status != TT_OK)
        return status;
    skip_space (p);
    return p->at == p->size ? TT_OK
                            : expected (p, p->at, p->may_prox ? "and, or, not, prox or the end" : "and, or, not or the end");
}

tt_status
tt_cql_parse (const tt_schema *schema, const char *text, size_t size, tt_cql **out, tt_error *error)
{
    tt_cql *cql = tt_alloc_zero (1, sizeof *cql);
    cql->schema = schema;
    cql->arena = tt_arena_new (4096);
    parser p = { .cql = cql, .text = text, .size = size, .error = error };
    p.builder = (cql_builder){ .schema = schema, .arena = cql->arena, .query = text, .error = error };
    tt_status status = parse_all (&p);
    if (status != TT_OK)
        tt_cql_free (&cql);
    *out = cql;
    return status;
}

void
tt_cql_free (tt_cql **cql)
{
    if (*cql == NULL)
        return;
    tt_arena_destroy (&(*cql)->arena);
    free (*cql);
    *cql = NULL;
}

const char *
tt_cql_warning (const tt_cql *cql, size_t i)
{
    return i < cql->warning_count ? cql->warnings[i] : NULL;
}
