#include <string.h>

#include "base/clock.h"
#include "query/wildcard.h"
#include "search_match_inside.h"

#define KEPT_BYTES ((size_t)1 << 20) /* of a scratch buffer from one search to the next */

ingest_matcher *
ingest_matcher_new (void)
{
    return tt_alloc_zero (1, sizeof (ingest_matcher));
}

void
ingest_matcher_destroy (ingest_matcher **matcher)
{
    ingest_matcher *m = *matcher;
    if (m == NULL)
        return;
    for (uint32_t i = 0; i < m->word_room; i++) {
        ingest_cursor_free (&m->words[i].cursor);
        tt_buffer_free (&m->words[i].made);
    }
    for (uint32_t i = 0; i < m->node_room; i++) {
        free (m->nodes[i].hits);
        free (m->nodes[i].meets);
    }
    free (m->words);
    free (m->nodes);
    free (m->order);
    free (m->starts[0].items);
    free (m->starts[1].items);
    ingest_layout_free (&m->layout);
    ingest_postings_free (&m->list);
    free (m->gathered);
    free (m->sorted);
    ingest_cursor_free (&m->reader);
    free (m);
    *matcher = NULL;
}

static void *
widen (void *array, uint32_t *room, uint32_t wanted, size_t size)
{
    if (wanted <= *room)
        return array;
    array = tt_realloc (array, wanted * size);
    memset ((uint8_t *)array + *room * size, 0, (wanted - *room) * size);
    *room = wanted;
    return array;
}

/* What a search for a broad pattern took is not kept for good. */
static void
give_back (ingest_matcher *m)
{
    for (uint32_t i = 0; i < m->word_room; i++)
        if (m->words[i].made.capacity > KEPT_BYTES)
            tt_buffer_free (&m->words[i].made);
    if (m->gathered_room * sizeof *m->gathered > KEPT_BYTES) {
        free (m->gathered);
        free (m->sorted);
        m->gathered = m->sorted = NULL;
        m->gathered_room = m->sorted_room = 0;
        ingest_postings_free (&m->list);
    }
}

void
ingest_matcher_begin (ingest_matcher *m, const ingest_plan *plan, const ingest_search_limits *limits)
{
    give_back (m);
    m->plan = plan;
    m->limits = limits;
    m->words = widen (m->words, &m->word_room, plan->word_count, sizeof *m->words);
    m->nodes = widen (m->nodes, &m->node_room, plan->node_count, sizeof *m->nodes);
    m->order = widen (m->order, &m->order_room, plan->child_count, sizeof *m->order);
    if (plan->child_count > 0)
        memcpy (m->order, plan->children, plan->child_count * sizeof *m->order);
}

/* A segment */

static tt_status
open_words (ingest_matcher *m, const ingest_plan_node *node, match_node *state, tt_error *error)
{
    tt_status status = TT_OK;
    bool patterns = false;
    state->impossible = false;
    for (uint32_t i = node->word; i < node->word + node->term->token_count && !state->impossible; i++) {
        match_word *word = &m->words[i];
        patterns |= m->plan->words[i].wild;
        if (m->plan->words[i].wild)
            continue;
        word->list = ingest_lexicon_find (&m->segment->lexicons[node->space], m->plan->words[i].text);
        ingest_cursor_open (&word->cursor, word->list);
        state->impossible = word->list.size == 0;
    }
    if (patterns && !state->impossible)
        status = ingest_match_expand (m, node, error);
    state->lead = node->word;
    for (uint32_t i = node->word; i < node->word + node->term->token_count && !state->impossible; i++) {
        state->impossible = m->words[i].cursor.records == 0;
        if (m->words[i].cursor.records < m->words[state->lead].cursor.records)
            state->lead = i;
    }
    state->cost = state->impossible ? 0 : m->words[state->lead].cursor.records;
    return status;
}

static bool
code_meets (const cql_term *term, tt_bytes code)
{
    return code.size > 0 && (term->pattern ? tt_wildcard_matches (term->text, code) : tt_bytes_equal (term->text, code));
}

/* A value of the column of specials is several, between commas. */
static bool
value_meets (const ingest_plan_node *node, const char *value)
{
    if (node->column != INGEST_SPECIAL)
        return code_meets (node->term, tt_bytes_of_text (value));
    for (;;) {
        size_t n = strcspn (value, ",");
        if (code_meets (node->term, (tt_bytes){ (const uint8_t *)value, n }))
            return true;
        if (value[n] == '\0')
            return false;
        value += n + 1;
    }
}

static void
open_code (ingest_matcher *m, const ingest_plan_node *node, match_node *state)
{
    const ingest_column *column = &m->segment->columns[node->column];
    if (column->count > state->meets_room) {
        state->meets_room = column->count * 2;
        state->meets = tt_realloc (state->meets, state->meets_room);
    }
    state->impossible = true;
    for (uint32_t i = 0; i < column->count; i++) {
        state->meets[i] = value_meets (node, column->normal[i]);
        state->impossible = state->impossible && !state->meets[i];
    }
    state->cost = m->segment->count / 4;
}

static void
sort_by_cost (ingest_matcher *m, const ingest_plan_node *node)
{
    uint32_t *order = m->order + node->first;
    for (uint32_t i = 1; i < node->count; i++) {
        uint32_t one = order[i], k = i;
        for (; k > 0 && m->nodes[order[k - 1]].cost > m->nodes[one].cost; k--)
            order[k] = order[k - 1];
        order[k] = one;
    }
}

static void
open_parent (ingest_matcher *m, const ingest_plan_node *node, match_node *state)
{
    const uint32_t *children = m->plan->children + node->first;
    uint64_t sum = 0, least = UINT64_MAX;
    uint32_t impossible = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        const match_node *child = &m->nodes[children[i]];
        impossible += child->impossible;
        sum += child->cost;
        least = child->cost < least ? child->cost : least;
    }
    bool all = node->kind == INGEST_PLAN_AND || node->kind == INGEST_PLAN_PROX;
    state->impossible = all ? impossible > 0 : impossible == node->count;
    state->cost = node->kind == INGEST_PLAN_OR ? sum : least;
    if (node->kind == INGEST_PLAN_NOT) {
        state->impossible = m->nodes[children[0]].impossible;
        state->cost = m->nodes[children[0]].cost;
    }
    if (node->kind == INGEST_PLAN_AND)
        sort_by_cost (m, node);
}

tt_status
ingest_matcher_open (ingest_matcher *m, const ingest_segment *segment, const uint64_t *live, tt_error *error)
{
    tt_status status = TT_OK;
    m->segment = segment;
    m->live = live;
    for (uint32_t i = 0; i < m->plan->node_count && status == TT_OK; i++) {
        const ingest_plan_node *node = &m->plan->nodes[i];
        match_node *state = &m->nodes[i];
        state->hit_count = 0;
        if (node->kind == INGEST_PLAN_WORDS)
            status = open_words (m, node, state, error);
        else if (node->kind == INGEST_PLAN_CODE)
            open_code (m, node, state);
        else if (node->kind == INGEST_PLAN_DAYS)
            *state = (match_node){ .hits = state->hits,
                                   .hit_room = state->hit_room,
                                   .meets = state->meets,
                                   .meets_room = state->meets_room,
                                   .cost = segment->count / 4 };
        else
            open_parent (m, node, state);
    }
    return status;
}

/* Columns */

static void
match_code (const ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    const uint16_t *of = m->segment->columns[node->column].of;
    for (uint32_t at = m->first; at < m->end; at += 64) {
        uint64_t word = 0;
        uint32_t count = m->end - at < 64 ? m->end - at : 64;
        if (filter[(at - m->first) / 64] == 0)
            continue;
        for (uint32_t i = 0; i < count; i++)
            word |= (uint64_t)state->meets[of[at + i]] << i;
        state->bits[(at - m->first) / 64] = word & filter[(at - m->first) / 64];
    }
}

static void
match_days (const ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    int32_t first = node->term->first == INGEST_NO_DAY ? INGEST_NO_DAY + 1 : node->term->first, last = node->term->last;
    for (uint32_t at = m->first; at < m->end; at += 64) {
        const int32_t *day = m->segment->day + at;
        uint64_t word = 0;
        uint32_t count = m->end - at < 64 ? m->end - at : 64;
        if (filter[(at - m->first) / 64] == 0)
            continue;
        for (uint32_t i = 0; i < count; i++)
            word |= (uint64_t)(day[i] >= first && day[i] <= last) << i;
        state->bits[(at - m->first) / 64] = word & filter[(at - m->first) / 64];
    }
}

/* Nodes */

static bool
any_set (const uint64_t *bits)
{
    uint64_t all = 0;
    for (size_t i = 0; i < INGEST_WINDOW_WORDS; i++)
        all |= bits[i];
    return all != 0;
}

static void match_node_of (ingest_matcher *m, uint32_t number, const uint64_t *filter);

static void
match_and (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    memcpy (state->bits, filter, sizeof state->bits);
    for (uint32_t i = 0; i < node->count && any_set (state->bits); i++) {
        uint32_t child = m->order[node->first + i];
        match_node_of (m, child, state->bits);
        memcpy (state->bits, m->nodes[child].bits, sizeof state->bits);
    }
}

static void
match_or (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    for (uint32_t i = 0; i < node->count; i++) {
        uint32_t child = m->plan->children[node->first + i];
        match_node_of (m, child, filter);
        for (size_t k = 0; k < INGEST_WINDOW_WORDS; k++)
            state->bits[k] |= m->nodes[child].bits[k];
    }
}

static void
match_not (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    uint32_t left = m->plan->children[node->first], right = m->plan->children[node->first + 1];
    match_node_of (m, left, filter);
    memcpy (state->bits, m->nodes[left].bits, sizeof state->bits);
    if (!any_set (state->bits))
        return;
    match_node_of (m, right, state->bits);
    for (size_t k = 0; k < INGEST_WINDOW_WORDS; k++)
        state->bits[k] &= ~m->nodes[right].bits[k];
}

/* Sets the node's bits: those of the filter that meet it. As deep as the query is nested. */
static void
match_node_of (ingest_matcher *m, uint32_t number, const uint64_t *filter)
{
    static void (*const match[]) (ingest_matcher *, const ingest_plan_node *, match_node *, const uint64_t *)
        = { [INGEST_PLAN_AND] = match_and,
            [INGEST_PLAN_OR] = match_or,
            [INGEST_PLAN_NOT] = match_not,
            [INGEST_PLAN_PROX] = ingest_match_prox,
            [INGEST_PLAN_WORDS] = ingest_match_words };
    const ingest_plan_node *node = &m->plan->nodes[number];
    match_node *state = &m->nodes[number];
    memset (state->bits, 0, sizeof state->bits);
    state->hit_count = 0;
    if (state->impossible)
        return;
    if (node->kind == INGEST_PLAN_CODE)
        match_code (m, node, state, filter);
    else if (node->kind == INGEST_PLAN_DAYS)
        match_days (m, node, state, filter);
    else
        match[node->kind](m, node, state, filter);
}

/* Children in the order of what they can add to a score in the window, the least first; returns how many of the first ones cannot
 * reach `least` even together. */
static uint32_t
sort_by_bound (ingest_matcher *m, const ingest_plan_node *node, const ingest_scoring *scoring, double least)
{
    uint32_t *order = m->order + node->first, weak = 0;
    double sum = 0;
    for (uint32_t i = 0; i < node->count; i++) {
        uint32_t one = m->plan->children[node->first + i], k = i;
        double bound = ingest_match_bound (m, scoring, one, m->first, m->end - 1);
        m->nodes[one].bound = bound < 0 ? 0 : bound;
        for (; k > 0 && m->nodes[order[k - 1]].bound > m->nodes[one].bound; k--)
            order[k] = order[k - 1];
        order[k] = one;
    }
    while (weak < node->count && (sum += m->nodes[order[weak]].bound) * (1 + INGEST_ROUNDING) < least)
        weak++;
    return weak;
}

/* What meets the weak children alone cannot reach `least`: they are asked only about what the others found. */
static bool
match_strong (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter, uint32_t weak)
{
    memset (state->bits, 0, sizeof state->bits);
    for (uint32_t i = node->count; i > 0; i--) {
        uint32_t child = m->order[node->first + i - 1];
        if (i == weak)
            filter = state->bits;
        match_node_of (m, child, filter);
        for (size_t k = 0; k < INGEST_WINDOW_WORDS && i > weak; k++)
            state->bits[k] |= m->nodes[child].bits[k];
    }
    return weak > 0;
}

const uint64_t *
ingest_matcher_window (ingest_matcher *m, uint32_t window, const ingest_scoring *scoring, double least, bool *partly)
{
    uint64_t live[INGEST_WINDOW_WORDS] = { 0 };
    uint32_t root = m->plan->node_count - 1, weak = 0;
    const ingest_plan_node *node = &m->plan->nodes[root];
    m->first = window * INGEST_WINDOW;
    m->end = m->segment->count < m->first + INGEST_WINDOW ? m->segment->count : m->first + INGEST_WINDOW;
    *partly = false;
    if (m->first >= m->segment->count || m->nodes[root].impossible)
        return NULL;
    memcpy (live, m->live + m->first / 64, (m->end - m->first + 63) / 64 * sizeof *live);
    if (node->kind == INGEST_PLAN_OR && least > 0)
        weak = sort_by_bound (m, node, scoring, least);
    if (weak > 0)
        *partly = match_strong (m, node, &m->nodes[root], live, weak);
    else
        match_node_of (m, root, live);
    return any_set (m->nodes[root].bits) ? m->nodes[root].bits : NULL;
}
