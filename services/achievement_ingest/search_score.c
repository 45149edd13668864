/* What records score, and the most that those of a window can. */
#include <string.h>

#include "search_match_inside.h"

/* Bounds */

static double
bound_words (const ingest_matcher *m, const ingest_plan_node *node, const ingest_scoring *scoring, uint32_t number,
             uint32_t first, uint32_t last)
{
    uint32_t weight = UINT32_MAX, ratio = 0;
    for (uint32_t i = node->word; i < node->word + node->term->token_count; i++) {
        uint32_t most, least;
        if (!ingest_cursor_bound (&m->words[i].cursor, first, last, &most, &least))
            return -1;
        weight = most < weight ? most : weight;
        ratio = least > ratio ? least : ratio;
    }
    if (!node->scored)
        return 0;
    return scoring->weights[number] * (INGEST_K1 + 1) / (1 + scoring->plain / weight + scoring->slope * ratio);
}

/* A phrase weighs no more in a record than any of its words. */
double
ingest_match_bound (const ingest_matcher *m, const ingest_scoring *scoring, uint32_t number, uint32_t first, uint32_t last)
{
    const ingest_plan_node *node = &m->plan->nodes[number];
    const uint32_t *children = m->plan->children + node->first;
    if (m->nodes[number].impossible)
        return -1;
    if (node->kind == INGEST_PLAN_WORDS)
        return bound_words (m, node, scoring, number, first, last);
    if (node->kind == INGEST_PLAN_CODE || node->kind == INGEST_PLAN_DAYS)
        return 0;
    if (node->kind == INGEST_PLAN_NOT)
        return ingest_match_bound (m, scoring, children[0], first, last);
    double sum = 0;
    bool any = false;
    for (uint32_t i = 0; i < node->count; i++) {
        double bound = ingest_match_bound (m, scoring, children[i], first, last);
        any |= bound >= 0;
        sum += bound >= 0 ? bound : 0;
        if (bound < 0 && node->kind != INGEST_PLAN_OR)
            return -1;
    }
    return any ? sum : -1;
}

double
ingest_matcher_bound (ingest_matcher *m, const ingest_scoring *scoring, uint32_t window)
{
    uint32_t first = window * INGEST_WINDOW;
    return ingest_match_bound (m, scoring, m->plan->node_count - 1, first, first + INGEST_WINDOW - 1);
}

/* Scores */

static void
score_hits (ingest_matcher *m, const ingest_scoring *scoring, uint32_t number, const uint64_t *mask)
{
    const match_node *state = &m->nodes[number];
    const uint16_t *length = m->segment->length + m->first;
    for (uint32_t i = 0; i < state->hit_count; i++) {
        const match_hit *hit = &state->hits[i];
        if (ingest_bit (mask, hit->at))
            m->scores[hit->at] += scoring->weights[number] * ingest_bm25 (scoring, hit->weight, length[hit->at]);
    }
}

/* Of the children of an `or` only those count that a record meets. */
static void
score_node (ingest_matcher *m, const ingest_scoring *scoring, uint32_t number, const uint64_t *mask)
{
    const ingest_plan_node *node = &m->plan->nodes[number];
    if (node->kind == INGEST_PLAN_WORDS && node->scored)
        score_hits (m, scoring, number, mask);
    uint32_t count = node->kind == INGEST_PLAN_NOT ? 1 : node->count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t child = m->plan->children[node->first + i];
        uint64_t own[INGEST_WINDOW_WORDS], any = 0;
        memcpy (own, mask, sizeof own);
        for (size_t k = 0; k < INGEST_WINDOW_WORDS; k++) {
            own[k] &= node->kind == INGEST_PLAN_OR ? m->nodes[child].bits[k] : UINT64_MAX;
            any |= own[k];
        }
        if (any)
            score_node (m, scoring, child, own);
    }
}

const double *
ingest_matcher_scores (ingest_matcher *m, const ingest_scoring *scoring)
{
    uint32_t root = m->plan->node_count - 1;
    memset (m->scores, 0, sizeof m->scores);
    score_node (m, scoring, root, m->nodes[root].bits);
    return m->scores;
}

uint32_t
ingest_matcher_having (ingest_matcher *m, const ingest_segment *segment, const uint64_t *live, bool all_live, tt_bytes word)
{
    ingest_cursor *c = &m->reader;
    uint32_t having = 0;
    ingest_cursor_open (c, ingest_lexicon_find (&segment->lexicons[INGEST_SUBJECT], word));
    if (all_live)
        return c->records;
    for (uint32_t from = 0; ingest_cursor_seek (c, from); from = c->record[c->at] + 1)
        for (c->at = 0, having += ingest_bit (live, c->record[0]); c->at + 1 < c->size; c->at++)
            having += ingest_bit (live, c->record[c->at + 1]);
    return having;
}
