/* The canonical text of a tree. */
#include <string.h>

#include "query/tree.h"

typedef struct {
    const tt_cql *cql;
    const char *owner; /* of the portfolios that `own` names, or NULL */
    tt_buffer *out;
} printer;

static void
print_quoted (tt_bytes text, tt_buffer *out)
{
    tt_buffer_text (out, "\"");
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            tt_buffer_text (out, "\\");
        tt_buffer_append (out, &text.data[i], 1);
    }
    tt_buffer_text (out, "\"");
}

static void
print_term (const cql_clause *clause, tt_buffer *out)
{
    if (clause->quoted)
        print_quoted (clause->written, out);
    else
        tt_buffer_append (out, clause->written.data, clause->written.size);
}

/* The words of the term, each with "owner/" before it. */
static void
print_owned (const printer *p, const cql_clause *clause)
{
    tt_buffer owned = { 0 };
    for (size_t i = 0; i < clause->term_count; i++)
        tt_buffer_printf (&owned, "%s%s/%.*s", i ? " " : "", p->owner, (int)clause->terms[i].text.size,
                          (const char *)clause->terms[i].text.data);
    print_quoted ((tt_bytes){ owned.data, owned.size }, p->out);
    tt_buffer_free (&owned);
}

static bool
names_portfolio (const printer *p, const cql_clause *clause)
{
    return p->owner && strcmp (p->cql->schema->indexes[clause->index].name, "own") == 0;
}

/* The name under which the clause is read again as what it is: a text index that is also a class index has an alias for text
 * alone. */
static void
print_head (const tt_cql *cql, const cql_clause *clause, tt_buffer *out)
{
    static const char *const relations[] = { "=", "==", "<", ">", "<=", ">=", " any ", " all ", " within " };
    static const char *const scopes[] = { "", "/low ", "/high ", "/same " };
    if (clause->bare)
        return;
    const tt_index *index = &cql->schema->indexes[clause->index];
    tt_buffer_text (out, clause->by_alias && index->classes ? index->aliases : index->name);
    tt_buffer_text (out, relations[clause->relation]);
    tt_buffer_text (out, scopes[clause->scope]);
}

void
cql_print_clause (const tt_cql *cql, const cql_clause *clause, tt_buffer *out)
{
    print_head (cql, clause, out);
    print_term (clause, out);
}

void
cql_print_prox (const cql_prox *prox, tt_buffer *out)
{
    static const char *const units[] = { "", "/unit=sentence", "/unit=paragraph" };
    tt_buffer_printf (out, "prox/distance%s%u%s%s", prox->least ? "=" : "<=", prox->most, units[prox->unit],
                      prox->ordered ? "/ordered=true" : "");
}

/* Left-associative and of equal precedence: only a right side can need parentheses. */
static void
print_node (const printer *p, const cql_node *node)
{
    static const char *const operators[] = { [NODE_AND] = "and", [NODE_OR] = "or", [NODE_NOT] = "not" };
    if (node->kind == NODE_CLAUSE) {
        print_head (p->cql, &node->clause, p->out);
        if (names_portfolio (p, &node->clause))
            print_owned (p, &node->clause);
        else
            print_term (&node->clause, p->out);
        return;
    }
    print_node (p, node->left);
    tt_buffer_text (p->out, " ");
    if (node->kind == NODE_PROX)
        cql_print_prox (&node->prox, p->out);
    else
        tt_buffer_text (p->out, operators[node->kind]);
    bool nested = node->right->kind < NODE_PROX;
    tt_buffer_text (p->out, nested ? " (" : " ");
    print_node (p, node->right);
    tt_buffer_text (p->out, nested ? ")" : "");
}

void
tt_cql_print (const tt_cql *cql, tt_buffer *out)
{
    const printer p = { cql, NULL, out };
    print_node (&p, cql->root);
}

void
tt_cql_print_owned (const tt_cql *cql, const char *owner, tt_buffer *out)
{
    const printer p = { cql, owner, out };
    print_node (&p, cql->root);
}
