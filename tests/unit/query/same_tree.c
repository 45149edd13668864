#include "unit/query/same_tree.h"

#include <string.h>

static bool
same_term (const cql_term *x, const cql_term *y)
{
    bool same = x->token_count == y->token_count && x->pattern == y->pattern && x->exact == y->exact && x->first == y->first
                && x->last == y->last && tt_bytes_equal (x->text, y->text)
                && memcmp (&x->symbol, &y->symbol, sizeof x->symbol) == 0
                && memcmp (&x->number, &y->number, sizeof x->number) == 0;
    for (size_t k = 0; same && k < x->token_count; k++)
        same = x->tokens[k].wild == y->tokens[k].wild && tt_bytes_equal (x->tokens[k].text, y->tokens[k].text);
    return same;
}

static bool
same_clause (const cql_clause *a, const cql_clause *b)
{
    bool same = a->index == b->index && a->stored == b->stored && a->relation == b->relation && a->scope == b->scope
                && a->term_count == b->term_count && a->bare == b->bare && a->quoted == b->quoted
                && tt_bytes_equal (a->written, b->written);
    for (size_t i = 0; same && i < a->term_count; i++)
        same = same_term (&a->terms[i], &b->terms[i]);
    return same;
}

bool
same_tree (const cql_node *a, const cql_node *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == NODE_CLAUSE)
        return same_clause (&a->clause, &b->clause);
    bool prox = a->prox.unit == b->prox.unit && a->prox.ordered == b->prox.ordered && a->prox.least == b->prox.least
                && a->prox.most == b->prox.most;
    return prox && same_tree (a->left, b->left) && same_tree (a->right, b->right);
}
