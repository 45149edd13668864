#include "search_plan.h"

#include <string.h>

#define GROW(array, count, room)                                                                                                 \
    do {                                                                                                                         \
        if ((count) == (room)) {                                                                                                 \
            (room) = (room) ? (room)*2 : 16;                                                                                     \
            (array) = tt_realloc ((array), (room) * sizeof *(array));                                                            \
        }                                                                                                                        \
    } while (0)

#define SUBJECT_FIELDS (1U << INGEST_TITLE | 1U << INGEST_ABSTRACT | 1U << INGEST_KEYWORD)
#define NAME_FIELDS (1U << INGEST_OWNER | 1U << INGEST_PERSON)

/* Children of a node that is being made. */
typedef struct {
    uint32_t *items;
    uint32_t count, room;
} node_list;

static void
push (node_list *list, uint32_t node)
{
    GROW (list->items, list->count, list->room);
    list->items[list->count++] = node;
}

static uint32_t
add_node (ingest_plan *plan, const ingest_plan_node *node)
{
    GROW (plan->nodes, plan->node_count, plan->node_room);
    plan->nodes[plan->node_count] = *node;
    return plan->node_count++;
}

/* A node over a list, which is freed; a list of one is that one. */
static uint32_t
add_parent (ingest_plan *plan, ingest_plan_kind kind, node_list *list, const cql_prox *prox)
{
    uint32_t made = list->items[0];
    if (list->count > 1) {
        ingest_plan_node node = { .kind = kind, .first = plan->child_count, .count = list->count, .prox = prox };
        for (uint32_t i = 0; i < list->count; i++) {
            GROW (plan->children, plan->child_count, plan->child_room);
            plan->children[plan->child_count++] = list->items[i];
        }
        made = add_node (plan, &node);
    }
    free (list->items);
    return made;
}

static uint32_t
fields_of (uint64_t stored)
{
    uint32_t fields = 0;
    for (int i = 0; i < TT_SCHEMA_MAX_INDEXES; i++)
        if (stored >> i & 1)
            fields |= 1U << ingest_field_of (tt_schema_achievement ()->indexes[i].name);
    return fields;
}

static uint32_t
add_words (ingest_plan *plan, const cql_clause *clause, const cql_term *term, uint64_t stored, bool positive)
{
    ingest_plan_node node = { .kind = INGEST_PLAN_WORDS, .term = term, .clause = clause, .fields = fields_of (stored) };
    node.space = node.fields & NAME_FIELDS ? INGEST_NAMES : INGEST_SUBJECT;
    node.everywhere = !term->exact && node.fields == (node.space == INGEST_NAMES ? NAME_FIELDS : SUBJECT_FIELDS);
    node.scored = positive && node.space == INGEST_SUBJECT;
    node.word = plan->word_count;
    for (size_t i = 0; i < term->token_count; i++) {
        GROW (plan->words, plan->word_count, plan->word_room);
        plan->words[plan->word_count++] = (ingest_plan_word){
            .text = term->tokens[i].text, .wild = term->tokens[i].wild, .scored = node.scored, .at = clause->at
        };
    }
    return add_node (plan, &node);
}

static uint32_t
add_term (ingest_plan *plan, const cql_clause *clause, const cql_term *term, bool positive)
{
    if (clause->compares == TT_INDEX_TEXT)
        return add_words (plan, clause, term, clause->stored, positive);
    ingest_plan_node node = { .kind = INGEST_PLAN_DAYS, .term = term, .clause = clause };
    if (clause->compares != TT_INDEX_DATE) {
        node.kind = INGEST_PLAN_CODE;
        node.column = ingest_column_of (tt_schema_achievement ()->indexes[clause->index].name);
    }
    return add_node (plan, &node);
}

static uint32_t
add_clause (ingest_plan *plan, const cql_clause *clause, bool positive)
{
    node_list list = { 0 };
    for (size_t i = 0; i < clause->term_count; i++)
        push (&list, add_term (plan, clause, &clause->terms[i], positive));
    return add_parent (plan, clause->relation == RELATION_ALL ? INGEST_PLAN_AND : INGEST_PLAN_OR, &list, NULL);
}

static uint32_t
add_prox (ingest_plan *plan, const cql_node *node, bool positive)
{
    node_list list = { 0 };
    uint64_t stored = cql_prox_stored (node);
    push (&list, add_words (plan, &node->left->clause, node->left->clause.terms, stored, positive));
    push (&list, add_words (plan, &node->right->clause, node->right->clause.terms, stored, positive));
    return add_parent (plan, INGEST_PLAN_PROX, &list, &node->prox);
}

static uint32_t add_tree (ingest_plan *plan, const cql_node *node, bool positive);

/* a and b and c, taken from the left, is one node of three. */
static void
push_chain (ingest_plan *plan, const cql_node *node, cql_node_kind kind, bool positive, node_list *list)
{
    if (node->kind != kind) {
        push (list, add_tree (plan, node, positive));
        return;
    }
    push_chain (plan, node->left, kind, positive, list);
    push_chain (plan, node->right, kind, positive, list);
}

static uint32_t
add_tree (ingest_plan *plan, const cql_node *node, bool positive)
{
    node_list list = { 0 };
    switch (node->kind) {
    case NODE_CLAUSE:
        return add_clause (plan, &node->clause, positive);
    case NODE_PROX:
        return add_prox (plan, node, positive);
    case NODE_NOT:
        push (&list, add_tree (plan, node->left, positive));
        push (&list, add_tree (plan, node->right, false));
        return add_parent (plan, INGEST_PLAN_NOT, &list, NULL);
    default:
        push_chain (plan, node, node->kind, positive, &list);
        return add_parent (plan, node->kind == NODE_AND ? INGEST_PLAN_AND : INGEST_PLAN_OR, &list, NULL);
    }
}

void
ingest_plan_make (ingest_plan *plan, const tt_cql *cql)
{
    *plan = (ingest_plan){ 0 };
    add_tree (plan, cql->root, true);
}

void
ingest_plan_free (ingest_plan *plan)
{
    free (plan->nodes);
    free (plan->children);
    free (plan->words);
    *plan = (ingest_plan){ 0 };
}
