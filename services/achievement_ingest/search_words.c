/* Words, phrases and prox in a window: where they stand in a record, and what they weigh there. */
#include "search_match_inside.h"

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

void
ingest_match_words (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
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

void
ingest_match_prox (ingest_matcher *m, const ingest_plan_node *node, match_node *state, const uint64_t *filter)
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
