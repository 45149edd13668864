/* The canonical text of a tree.
 *
 * Spaced for people, unless that is longer than a query may be: then spaces are left out wherever the parser needs none, which is
 * never longer than the text that was parsed. So what is printed can always be read again. */
#include <stdio.h>
#include <string.h>

#include "query/tree.h"

typedef struct {
    const tt_cql *cql;
    const char *owner; /* of the portfolios that `own` names, or NULL */
    bool tight;
    tt_buffer *out;
    size_t begin; /* of what is printed, in *out */
} printer;

/* Appends a piece, behind a space if it is `apart` from what is before it. */
static void
put (const printer *p, bool apart, const char *text, size_t size)
{
    tt_buffer *out = p->out;
    bool touches = out->size > p->begin && cql_word_byte ((char)out->data[out->size - 1]) && size > 0 && cql_word_byte (text[0]);
    if (apart && out->size > p->begin && (!p->tight || touches))
        tt_buffer_text (out, " ");
    tt_buffer_append (out, text, size);
}

static void
put_text (const printer *p, bool apart, const char *text)
{
    put (p, apart, text, strlen (text));
}

/* A backslash is written twice only where one alone would be taken off. */
static void
put_quoted (const printer *p, bool apart, tt_bytes text)
{
    tt_buffer quoted = { 0 };
    tt_buffer_text (&quoted, "\"");
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool last = i + 1 == text.size;
        if (c == '"' || (c == '\\' && (last || text.data[i + 1] == '"' || text.data[i + 1] == '\\')))
            tt_buffer_text (&quoted, "\\");
        tt_buffer_append (&quoted, &c, 1);
    }
    tt_buffer_text (&quoted, "\"");
    put (p, apart, (const char *)quoted.data, quoted.size);
    tt_buffer_free (&quoted);
}

/* The words of the term, each with "owner/" before it. */
static void
put_owned (const printer *p, bool apart, const cql_clause *clause)
{
    tt_buffer owned = { 0 };
    for (size_t i = 0; i < clause->term_count; i++)
        tt_buffer_printf (&owned, "%s%s/%.*s", i ? " " : "", p->owner, (int)clause->terms[i].text.size,
                          (const char *)clause->terms[i].text.data);
    put_quoted (p, apart, (tt_bytes){ owned.data, owned.size });
    tt_buffer_free (&owned);
}

static bool
names_portfolio (const printer *p, const cql_clause *clause)
{
    return p->owner && strcmp (p->cql->schema->indexes[clause->index].name, "own") == 0;
}

/* Index, relation and scope; returns whether the term stands apart from them. A text index that is also a class index has an
 * alias for text alone. */
static bool
put_head (const printer *p, const cql_clause *clause)
{
    static const char *const relations[] = { "=", "==", "<", ">", "<=", ">=", "any", "all", "within" };
    static const char *const scopes[] = { "", "/low", "/high", "/same" };
    if (clause->bare)
        return true;
    const tt_index *index = &p->cql->schema->indexes[clause->written_index];
    put_text (p, true, clause->by_alias && index->classes ? index->aliases : index->name);
    bool word = clause->relation >= RELATION_ANY;
    put_text (p, word, relations[clause->relation]);
    if (clause->scope == SCOPE_PREFIX)
        return word;
    put_text (p, word && !p->tight, scopes[clause->scope]);
    return true;
}

static void
put_clause (const printer *p, const cql_clause *clause)
{
    bool apart = put_head (p, clause);
    if (names_portfolio (p, clause))
        put_owned (p, apart, clause);
    else if (clause->quoted)
        put_quoted (p, apart, clause->written);
    else
        put (p, apart, (const char *)clause->written.data, clause->written.size);
}

static void
put_prox (const printer *p, const cql_prox *prox)
{
    static const char *const units[] = { "", "/unit=sentence", "/unit=paragraph" };
    char text[96];
    char distance[32] = "";
    if (prox->least > 0 || prox->most == CQL_MAX_DISTANCE)
        snprintf (distance, sizeof distance, "/distance%s%u", prox->least ? "=" : "<=", prox->most);
    else if (prox->most != (prox->unit == UNIT_WORD ? 1U : 0U))
        snprintf (distance, sizeof distance, "/distance<%u", prox->most + 1);
    snprintf (text, sizeof text, "prox%s%s%s", distance, units[prox->unit], prox->ordered ? "/ordered=true" : "");
    put_text (p, true, text);
}

/* Left-associative and of equal precedence: only a right side can need parentheses. */
static void
put_node (const printer *p, const cql_node *node, bool apart)
{
    static const char *const operators[] = { [NODE_AND] = "and", [NODE_OR] = "or", [NODE_NOT] = "not" };
    if (node->kind == NODE_CLAUSE) {
        if (!apart) /* behind a parenthesis: nothing is before the first piece */
            put_clause (&(printer){ p->cql, p->owner, p->tight, p->out, p->out->size }, &node->clause);
        else
            put_clause (p, &node->clause);
        return;
    }
    put_node (p, node->left, apart);
    if (node->kind == NODE_PROX)
        put_prox (p, &node->prox);
    else
        put_text (p, true, operators[node->kind]);
    bool nested = node->right->kind < NODE_PROX;
    if (nested)
        put_text (p, true, "(");
    put_node (p, node->right, !nested);
    if (nested)
        put_text (p, false, ")");
}

static void
print (printer *p)
{
    p->begin = p->out->size;
    put_node (p, p->cql->root, true);
    if (p->out->size - p->begin <= TT_CQL_MAX_BYTES)
        return;
    p->out->size = p->begin;
    p->tight = true;
    put_node (p, p->cql->root, true);
}

void
tt_cql_print (const tt_cql *cql, tt_buffer *out)
{
    print (&(printer){ .cql = cql, .out = out });
}

void
tt_cql_print_owned (const tt_cql *cql, const char *owner, tt_buffer *out)
{
    print (&(printer){ .cql = cql, .owner = owner, .out = out });
}

void
cql_print_clause (const tt_cql *cql, const cql_clause *clause, tt_buffer *out)
{
    put_clause (&(printer){ .cql = cql, .out = out, .begin = out->size }, clause);
}

void
cql_print_prox (const cql_prox *prox, tt_buffer *out)
{
    put_prox (&(printer){ .out = out, .begin = out->size }, prox);
}
