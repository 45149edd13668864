/* Scores as README.md defines them, from the documents, term by term and without any index. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "query/document_inside.h"
#include "query/tree.h"
#include "query/wildcard.h"
#include "search_world.h"

#define SUBJECT 7u /* ti, ab, kw are the first three of the schema */

static bool
token_is (const tt_document *d, uint32_t place, const cql_token *token)
{
    tt_bytes text = document_term_text (d, d->places[place].term);
    return token->wild ? tt_wildcard_matches (token->text, text) : tt_bytes_equal (token->text, text);
}

/* Occurrences of a phrase in the values of some indexes, those in titles and keywords twice. */
static double
occurrences (const tt_document *d, uint64_t stored, const cql_term *term)
{
    double weight = 0;
    for (size_t v = 0; v < d->value_count; v++) {
        const document_value *value = &d->values[v];
        bool whole = !term->exact || value->count == term->token_count;
        for (uint32_t i = 0; stored >> value->index & 1 && whole && i + term->token_count <= value->count; i++) {
            size_t k = 0;
            while (k < term->token_count && token_is (d, value->first + i + (uint32_t)k, &term->tokens[k]))
                k++;
            if (k == term->token_count)
                weight += value->index == 1 ? 1 : 2;
        }
    }
    return weight;
}

static double
length_of (const tt_document *d)
{
    double length = 0;
    for (size_t v = 0; v < d->value_count; v++)
        if (d->values[v].index < 3)
            length += d->values[v].count * (d->values[v].index == 1 ? 1 : 2);
    return length;
}

search_brute
search_brute_of (const search_world *world)
{
    static uint64_t states;
    search_brute b = { .world = world, .state = ++states };
    double length = 0;
    for (size_t n = 0; n < world->count; n++) {
        b.records += world->documents[n] != NULL;
        length += world->documents[n] ? length_of (world->documents[n]) : 0;
    }
    b.average = b.records > 0 ? length / b.records : 1;
    return b;
}

static double
having (const search_brute *b, const cql_token *token)
{
    const cql_term term = { .tokens = token, .token_count = 1 };
    double count = 0;
    for (size_t n = 0; n < b->world->count; n++)
        count += b->world->documents[n] && occurrences (b->world->documents[n], SUBJECT, &term) > 0;
    return count;
}

/* Counting a word in all records once is enough as long as they stay as they are. */
static double
idf (const search_brute *b, const cql_token *token)
{
    static struct {
        uint64_t state;
        char text[64];
        double having;
    } known[64];
    if (token->wild)
        return 1;
    size_t place = (token->text.data[0] + token->text.data[token->text.size - 1] * 7u) % 64;
    if (known[place].state != b->state || strlen (known[place].text) != token->text.size
        || memcmp (known[place].text, token->text.data, token->text.size) != 0) {
        known[place].state = b->state;
        snprintf (known[place].text, sizeof known[place].text, "%.*s", (int)token->text.size, (const char *)token->text.data);
        known[place].having = having (b, token);
    }
    return log (1 + (b->records - known[place].having + 0.5) / (known[place].having + 0.5));
}

static double
term_score (const search_brute *b, const tt_document *d, uint64_t stored, const cql_term *term)
{
    double weight = occurrences (d, stored, term), sum = 0;
    if (weight == 0 || !(stored & SUBJECT))
        return 0;
    for (size_t i = 0; i < term->token_count; i++)
        sum += idf (b, &term->tokens[i]);
    return sum * 2.2 * weight / (weight + 1.2 * (1 - 0.75 + 0.75 * length_of (d) / b->average));
}

static double node_score (const search_brute *b, const tt_document *d, const tt_cql *cql, const cql_node *node);

/* Is the part of the tree met? Asked of brute force, as a query of its own. */
static bool
met (const tt_document *d, const tt_cql *cql, const cql_node *node)
{
    tt_cql part = *cql;
    part.root = node;
    return tt_cql_matches (&part, d);
}

static double
node_score (const search_brute *b, const tt_document *d, const tt_cql *cql, const cql_node *node)
{
    double sum = 0;
    if (!met (d, cql, node))
        return 0;
    if (node->kind == NODE_PROX)
        return term_score (b, d, cql_prox_stored (node), node->left->clause.terms)
               + term_score (b, d, cql_prox_stored (node), node->right->clause.terms);
    if (node->kind != NODE_CLAUSE)
        return node_score (b, d, cql, node->left) + (node->kind == NODE_NOT ? 0 : node_score (b, d, cql, node->right));
    for (size_t i = 0; node->clause.compares == TT_INDEX_TEXT && i < node->clause.term_count; i++)
        sum += term_score (b, d, node->clause.stored, &node->clause.terms[i]);
    return sum;
}

bool
search_brute_score (const search_brute *b, const tt_cql *cql, size_t n, double *score)
{
    const tt_document *d = b->world->documents[n];
    if (d == NULL || !tt_cql_matches (cql, d))
        return false;
    if (score)
        *score = node_score (b, d, cql, cql->root);
    return true;
}
