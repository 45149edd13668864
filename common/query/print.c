/* The canonical text of a tree. */
#include <string.h>

#include "query/tree.h"

static void
print_term (const cql_clause *clause, tt_buffer *out)
{
    if (!clause->quoted) {
        tt_buffer_append (out, clause->written.data, clause->written.size);
        return;
    }
    tt_buffer_text (out, "\"");
    for (size_t i = 0; i < clause->written.size; i++) {
        if (clause->written.data[i] == '"' || clause->written.data[i] == '\\')
            tt_buffer_text (out, "\\");
        tt_buffer_append (out, &clause->written.data[i], 1);
    }
    tt_buffer_text (out, "\"");
}

/* The name under which the clause is read again as what it is: a text index that is also a class index has an alias for text
 * alone. */
static void
print_clause (const tt_cql *cql, const cql_clause *clause, tt_buffer *out)
{
    static const char *const relations[] = { "=", "==", "<", ">", "<=", ">=", " any ", " all ", " within " };
    static const char *const scopes[] = { "", "/low ", "/high ", "/same " };
    if (!clause->bare) {
        const tt_index *index = &cql->schema->indexes[clause->index];
        tt_buffer_text (out, clause->by_alias && index->classes ? index->aliases : index->name);
        tt_buffer_text (out, relations[clause->relation]);
        tt_buffer_text (out, scopes[clause->scope]);
    }
    print_term (clause, out);
}

static void
print_prox (const cql_prox *prox, tt_buffer *out)
{
    static const char *const units[] = { "", "/unit=sentence", "/unit=paragraph" };
    tt_buffer_printf (out, " prox/distance%s%u%s%s ", prox->least ? "=" : "<=", prox->most, units[prox->unit],
                      prox->ordered ? "/ordered=true" : "");
}

/* Left-associative and of equal precedence: only a right side can need parentheses. */
static void
print_node (const tt_cql *cql, const cql_node *node, tt_buffer *out)
{
    static const char *const operators[] = { [NODE_AND] = " and ", [NODE_OR] = " or ", [NODE_NOT] = " not " };
    if (node->kind == NODE_CLAUSE) {
        print_clause (cql, &node->clause, out);
        return;
    }
    print_node (cql, node->left, out);
    if (node->kind == NODE_PROX)
        print_prox (&node->prox, out);
    else
        tt_buffer_text (out, operators[node->kind]);
    bool nested = node->right->kind < NODE_PROX;
    tt_buffer_text (out, nested ? "(" : "");
    print_node (cql, node->right, out);
    tt_buffer_text (out, nested ? ")" : "");
}

void
tt_cql_print (const tt_cql *cql, tt_buffer *out)
{
    print_node (cql, cql->root, out);
}
