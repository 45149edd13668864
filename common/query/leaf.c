#include "query/leaf.h"

#include "query/tree.h"

static size_t
count_leaves (const cql_node *node)
{
    if (node->kind == NODE_CLAUSE)
        return node->clause.term_count;
    return node->kind == NODE_PROX ? 1 : count_leaves (node->left) + count_leaves (node->right);
}

size_t
tt_cql_leaves (const tt_cql *cql)
{
    return count_leaves (cql->root);
}

static uint64_t
stored_of (const cql_node *node, size_t i)
{
    if (node->kind == NODE_CLAUSE)
        return node->clause.stored;
    if (node->kind == NODE_PROX)
        return cql_prox_stored (node);
    size_t left = count_leaves (node->left);
    return i < left ? stored_of (node->left, i) : stored_of (node->right, i - left);
}

uint64_t
tt_cql_leaf_stored (const tt_cql *cql, size_t i)
{
    return stored_of (cql->root, i);
}

/* -- deciding with three answers -- */

typedef struct {
    uint64_t met, open;
    size_t next;
} decision;

static tt_leaf_answer
decide_leaf (decision *d)
{
    uint64_t bit = UINT64_C (1) << d->next++;
    return d->met & bit ? TT_LEAF_YES : d->open & bit ? TT_LEAF_OPEN : TT_LEAF_NO;
}

static tt_leaf_answer
both (tt_leaf_answer a, tt_leaf_answer b)
{
    if (a == TT_LEAF_NO || b == TT_LEAF_NO)
        return TT_LEAF_NO;
    return a == TT_LEAF_OPEN || b == TT_LEAF_OPEN ? TT_LEAF_OPEN : TT_LEAF_YES;
}

static tt_leaf_answer
either (tt_leaf_answer a, tt_leaf_answer b)
{
    if (a == TT_LEAF_YES || b == TT_LEAF_YES)
        return TT_LEAF_YES;
    return a == TT_LEAF_OPEN || b == TT_LEAF_OPEN ? TT_LEAF_OPEN : TT_LEAF_NO;
}

static tt_leaf_answer
negate (tt_leaf_answer a)
{
    return a == TT_LEAF_OPEN ? a : a == TT_LEAF_YES ? TT_LEAF_NO : TT_LEAF_YES;
}

static tt_leaf_answer
decide_clause (decision *d, const cql_clause *clause)
{
    tt_leaf_answer answer = decide_leaf (d);
    for (size_t i = 1; i < clause->term_count; i++) {
        tt_leaf_answer next = decide_leaf (d);
        answer = clause->relation == RELATION_ALL ? both (answer, next) : either (answer, next);
    }
    return answer;
}

static tt_leaf_answer
decide (decision *d, const cql_node *node)
{
    if (node->kind == NODE_CLAUSE)
        return decide_clause (d, &node->clause);
    if (node->kind == NODE_PROX)
        return decide_leaf (d);
    tt_leaf_answer left = decide (d, node->left);
    tt_leaf_answer right = decide (d, node->right);
    if (node->kind == NODE_OR)
        return either (left, right);
    return both (left, node->kind == NODE_NOT ? negate (right) : right);
}

tt_leaf_answer
tt_cql_leaf_decide (const tt_cql *cql, uint64_t met, uint64_t open)
{
    decision d = { met, open, 0 };
    return count_leaves (cql->root) > TT_LEAVES_MAX ? TT_LEAF_OPEN : decide (&d, cql->root);
}
