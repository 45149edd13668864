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

/* Words */

bool
ingest_match_seek (ingest_matcher *m, const ingest_plan_node *node, uint32_t *record, bool plain)
{
    uint32_t from = node->word, end = node->word + (uint32_t)node->term->token_count;
    for (uint32_t i = from, agreed = 0; agreed < end - from; i = i + 1 < end ? i + 1 : from) {
        agreed++;
        if (plain && m->plan->words[i].wild)
            continue;
        ingest_cursor *cursor = &m->words[i].cursor;
        if (!ingest_cursor_seek (cursor, *record))
            return false;
        if (ingest_cursor_record (cursor) > *record) {
            *record = ingest_cursor_record (cursor);
            agreed = 1;
        }
    }
    return true;
}

/* Places of the phrase's beginning, if the word `lead` stands at these. */
static void
begin_starts (match_places *starts, const uint32_t *places, uint32_t count, uint32_t lead)
{
    if (starts->room < count) {
        starts->room = count * 2;
        starts->items = tt_realloc (starts->items, starts->room * sizeof *starts->items);
    }
    starts->count = 0;
    for (uint32_t i = 0; i < count; i++)
        if (places[i] >= lead)
            starts->items[starts->count++] = places[i] - lead;
}

/* Keeps the starts at which word `number` of the phrase stands at its distance; both ascend. */
static void
keep_common (match_places *starts, const uint32_t *places, uint32_t count, uint32_t number)
{
    uint32_t kept = 0, k = 0;
    for (uint32_t i = 0; i < starts->count; i++) {
        while (k < count && places[k] < starts->items[i] + number)
            k++;
        if (k < count && places[k] == starts->items[i] + number)
            starts->items[kept++] = starts->items[i];
    }
    starts->count = kept;
}

/* Keeps those that are a value as a whole. */
static void
keep_whole (ingest_matcher *m, const ingest_plan_node *node, uint32_t record, match_places *starts)
{
    uint32_t kept = 0;
    if (starts->count == 0)
        return;
    ingest_layout_read (&m->layout, m->segment, record, node->space);
    for (uint32_t i = 0; i < starts->count; i++) {
        uint32_t rank = ingest_layout_rank (&m->layout, INGEST_VALUES, starts->items[i]);
        const uint32_t *value = m->layout.starts[INGEST_VALUES] + rank - 1;
        if (value[0] == starts->items[i] && value[1] - value[0] - 1 == node->term->token_count)
            starts->items[kept++] = starts->items[i];
    }
    starts->count = kept;
}

static void
keep_fields (const ingest_matcher *m, ingest_space space, uint32_t fields, uint32_t record, match_places *starts)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < starts->count; i++)
        if (fields >> ingest_segment_field (m->segment, record, space, starts->items[i]) & 1)
            starts->items[kept++] = starts->items[i];
    starts->count = kept;
}

void
ingest_match_starts (ingest_matcher *m, const ingest_plan_node *node, const match_node *state, uint32_t fields, uint32_t record,
                     match_places *starts)
{
    uint32_t count, lead = state->lead - node->word;
    const uint32_t *places = ingest_cursor_places (&m->words[state->lead].cursor, &count);
    begin_starts (starts, places, count, lead);
    for (uint32_t i = 0; i < node->term->token_count && starts->count > 0; i++) {
        if (i == lead)
            continue;
        places = ingest_cursor_places (&m->words[node->word + i].cursor, &count);
        keep_common (starts, places, count, i);
    }
    if (!node->everywhere)
        keep_fields (m, node->space, fields, record, starts);
    if (node->term->exact)
        keep_whole (m, node, record, starts);
}

static uint32_t
weigh_starts (const ingest_matcher *m, const ingest_plan_node *node, uint32_t record, const match_places *starts)
{
    uint32_t weight = starts->count;
    for (uint32_t i = 0; i < starts->count && node->space == INGEST_SUBJECT; i++)
        weight += ingest_segment_field (m->segment, record, node->space, starts->items[i]) != INGEST_ABSTRACT;
    return weight;
}

static void
note_hit (match_node *state, uint32_t at, uint32_t weight)
{
    if (state->hit_count == state->hit_room) {
        state->hit_room = state->hit_room ? state->hit_room * 2 : 256;
        state->hits = tt_realloc (state->hits, state->hit_room * sizeof *state->hits);
    }
    state->hits[state->hit_count++] = (match_hit){ .at = (uint16_t)at, .weight = weight };
}

/* One word, wherever it stands: its list says it all. */
static void
match_word_alone (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    ingest_cursor *c = &m->words[node->word].cursor;
    uint32_t record = m->first + ingest_next_bit (filter, 0, m->end - m->first);
    while (record < m->end && ingest_cursor_seek (c, record)) {
        for (; c->at < c->size && c->record[c->at] < m->end; c->at++) {
            uint32_t at = c->record[c->at] - m->first;
            if (!ingest_bit (filter, at))
                continue;
            ingest_set_bit (state->bits, at);
            if (node->scored)
                note_hit (state, at, ingest_cursor_weight (c));
        }
        if (c->at < c->size)
            break;
        c->at--; /* the block's last; what comes is behind it */
        record = c->record[c->at] + 1;
        record = record < m->end ? m->first + ingest_next_bit (filter, record - m->first, m->end - m->first) : m->end;
    }
}

static void
match_words (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    uint32_t end = m->end - m->first;
    if (node->everywhere && node->term->token_count == 1) {
        match_word_alone (m, node, state, filter);
        return;
    }
    for (uint32_t at = ingest_next_bit (filter, 0, end); at < end; at = ingest_next_bit (filter, at + 1, end)) {
        uint32_t record = m->first + at;
        if (!ingest_match_seek (m, node, &record, false) || record >= m->end)
            return;
        at = record - m->first;
        if (!ingest_bit (filter, at))
            continue;
        ingest_match_starts (m, node, state, node->fields, record, &m->starts[0]);
        if (m->starts[0].count == 0)
            continue;
        ingest_set_bit (state->bits, at);
        if (node->scored)
            note_hit (state, at, weigh_starts (m, node, record, &m->starts[0]));
    }
}

/* prox */

/* What distance is counted in. */
static uint32_t
measure (const ingest_matcher *m, cql_unit unit, uint32_t place)
{
    if (unit == UNIT_WORD)
        return place;
    return ingest_layout_rank (&m->layout, unit == UNIT_SENTENCE ? INGEST_SENTENCES : INGEST_PARAGRAPHS, place);
}

/* Does one of `others` begin behind `last`, in the same value and at the right distance? */
static bool
one_behind (const ingest_matcher *m, const cql_prox *prox, uint32_t last, const match_places *others)
{
    uint32_t value = ingest_layout_rank (&m->layout, INGEST_VALUES, last), from = measure (m, prox->unit, last);
    for (uint32_t i = 0; i < others->count; i++) {
        uint32_t place = others->items[i];
        if (place <= last)
            continue;
        if (ingest_layout_rank (&m->layout, INGEST_VALUES, place) != value)
            return false;
        uint32_t distance = measure (m, prox->unit, place) - from;
        if (distance >= prox->least)
            return distance <= prox->most;
    }
    return false;
}

static bool
any_behind (const ingest_matcher *m, const cql_prox *prox, const match_places *ones, size_t size, const match_places *others)
{
    for (uint32_t i = 0; i < ones->count; i++)
        if (one_behind (m, prox, ones->items[i] + (uint32_t)size - 1, others))
            return true;
    return false;
}

static bool
near_at (ingest_matcher *m, const ingest_plan_node *node, const ingest_plan_node *sides[2], match_node *states[2],
         uint32_t record)
{
    for (size_t i = 0; i < 2; i++) {
        ingest_match_starts (m, sides[i], states[i], sides[i]->fields, record, &m->starts[i]);
        if (m->starts[i].count == 0)
            return false;
    }
    ingest_layout_read (&m->layout, m->segment, record, sides[0]->space);
    return any_behind (m, node->prox, &m->starts[0], sides[0]->term->token_count, &m->starts[1])
           || (!node->prox->ordered && any_behind (m, node->prox, &m->starts[1], sides[1]->term->token_count, &m->starts[0]));
}

static void
match_prox (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
{
    const uint32_t *children = m->plan->children + node->first;
    const ingest_plan_node *sides[2] = { &m->plan->nodes[children[0]], &m->plan->nodes[children[1]] };
    match_node *states[2] = { &m->nodes[children[0]], &m->nodes[children[1]] };
    uint32_t end = m->end - m->first;
    states[0]->hit_count = states[1]->hit_count = 0;
    for (uint32_t at = ingest_next_bit (filter, 0, end); at < end; at = ingest_next_bit (filter, at + 1, end)) {
        uint32_t record = m->first + at, other;
        do {
            other = record;
            if (!ingest_match_seek (m, sides[0], &record, false) || !ingest_match_seek (m, sides[1], &record, false)
                || record >= m->end)
                return;
        } while (other != record);
        at = record - m->first;
        if (!ingest_bit (filter, at) || !near_at (m, node, sides, states, record))
            continue;
        ingest_set_bit (state->bits, at);
        for (size_t i = 0; i < 2; i++)
            if (sides[i]->scored)
                note_hit (states[i], at, weigh_starts (m, sides[i], record, &m->starts[i]));
    }
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
            [INGEST_PLAN_PROX] = match_prox,
            [INGEST_PLAN_WORDS] = match_words };
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
