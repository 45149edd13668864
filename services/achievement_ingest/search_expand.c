/* Patterns: the words of a segment that one stands for become a list like any other, of those records only that the other words
 * of its phrase leave. */
#include <string.h>

#include "base/clock.h"
#include "query/wildcard.h"
#include "search_match_inside.h"

#define LOOK_EVERY 1024 /* words between two looks at the clock */

/* The longest run of a pattern without a wildcard: a word must hold it, which is sooner said than whether it matches. */
static tt_bytes
literal_of (tt_bytes pattern)
{
    tt_bytes best = TT_BYTES_NONE;
    for (size_t at = 0; at < pattern.size; at++) {
        size_t n = tt_wildcard_prefix ((tt_bytes){ pattern.data + at, pattern.size - at });
        if (n > best.size)
            best = (tt_bytes){ pattern.data + at, n };
        at += n;
    }
    return best;
}

/* Where the plain words of the phrase stand, if there are such; else every living record. */
static void
find_candidates (ingest_matcher *m, const ingest_plan_node *node)
{
    bool plain = false;
    for (size_t i = 0; i < node->term->token_count; i++)
        plain |= !node->term->tokens[i].wild;
    size_t words = (m->segment->count + 63) / 64;
    memcpy (m->candidates, m->live, words * sizeof *m->candidates);
    if (!plain)
        return;
    memset (m->candidates, 0, words * sizeof *m->candidates);
    for (uint32_t record = 0; record < m->segment->count && ingest_match_seek (m, node, &record, true); record++)
        if (ingest_bit (m->live, record))
            ingest_set_bit (m->candidates, record);
    for (uint32_t i = node->word; i < node->word + node->term->token_count; i++)
        if (!m->plan->words[i].wild) /* back to the front */
            ingest_cursor_open (&m->words[i].cursor, m->words[i].list);
}

/* Notes the places of one word in the candidates, as record and place in one number. */
static void
gather (ingest_matcher *m, tt_bytes list)
{
    ingest_cursor *c = &m->reader;
    ingest_cursor_open (c, list);
    for (uint32_t record = ingest_next_bit (m->candidates, 0, m->segment->count); record < m->segment->count;
         record = ingest_next_bit (m->candidates, record + 1, m->segment->count)) {
        if (!ingest_cursor_seek (c, record))
            return;
        record = ingest_cursor_record (c);
        if (!ingest_bit (m->candidates, record))
            continue;
        uint32_t count;
        const uint32_t *places = ingest_cursor_places (c, &count);
        while (m->gathered_count + count > m->gathered_room) {
            m->gathered_room = m->gathered_room ? m->gathered_room * 2 : 4096;
            m->gathered = tt_realloc (m->gathered, m->gathered_room * sizeof *m->gathered);
        }
        for (uint32_t i = 0; i < count; i++)
            m->gathered[m->gathered_count++] = (uint64_t)record << 32 | places[i];
    }
}

static int
by_number (const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* By record, counting; then by place within each, where there are few. */
static void
sort_gathered (ingest_matcher *m)
{
    uint32_t *ends = tt_alloc_zero (m->segment->count + 1, sizeof *ends);
    if (m->gathered_count > m->sorted_room) {
        m->sorted_room = m->gathered_room;
        m->sorted = tt_realloc (m->sorted, m->sorted_room * sizeof *m->sorted);
    }
    for (size_t i = 0; i < m->gathered_count; i++)
        ends[(m->gathered[i] >> 32) + 1]++;
    for (uint32_t i = 0; i < m->segment->count; i++)
        ends[i + 1] += ends[i];
    for (size_t i = 0; i < m->gathered_count; i++)
        m->sorted[ends[m->gathered[i] >> 32]++] = m->gathered[i];
    for (size_t i = 0, n; i < m->gathered_count; i += n) {
        n = ends[m->sorted[i] >> 32] - i;
        if (n > 1)
            qsort (m->sorted + i, n, sizeof *m->sorted, by_number);
    }
    free (ends);
}

/* What was gathered, as the list of the pattern. */
static void
make_list (ingest_matcher *m, const ingest_plan_node *node, match_word *word)
{
    static const uint8_t pad[INGEST_POSTINGS_PAD] = { 0 };
    match_places places = { 0 };
    ingest_postings_clear (&m->list);
    sort_gathered (m);
    for (size_t i = 0; i < m->gathered_count;) {
        ingest_posting posting = { .record = (uint32_t)(m->sorted[i] >> 32) };
        for (; i < m->gathered_count && m->sorted[i] >> 32 == posting.record; i++) {
            if (places.room == posting.count) {
                places.room = places.room * 2 + 16;
                places.items = tt_realloc (places.items, places.room * sizeof *places.items);
            }
            uint32_t place = (uint32_t)m->sorted[i];
            places.items[posting.count++] = place;
            posting.heavy += node->space == INGEST_SUBJECT
                             && ingest_segment_field (m->segment, posting.record, node->space, place) != INGEST_ABSTRACT;
        }
        ingest_postings_add (&m->list, posting, places.items);
    }
    free (places.items);
    tt_buffer_clear (&word->made);
    if (m->list.count > 0)
        ingest_postings_write (&m->list, m->segment->length, &word->made);
    word->list = (tt_bytes){ word->made.data, word->made.size };
    tt_buffer_append (&word->made, pad, sizeof pad);
    word->list.data = word->made.data;
    ingest_cursor_open (&word->cursor, word->list);
}

static tt_status
check_bounds (const ingest_matcher *m, const ingest_plan_word *word, uint32_t seen, uint32_t words, tt_error *error)
{
    if (words > m->limits->expansion_words || m->gathered_count > m->limits->expansion_places)
        return tt_fail (error, TT_RESOURCE_EXHAUSTED,
                        "at byte %u: the pattern \"%.*s\" stands for more than %u words or %u places; give more of the word",
                        word->at, (int)word->text.size, (const char *)word->text.data, m->limits->expansion_words,
                        m->limits->expansion_places);
    if (seen % LOOK_EVERY == 0 && m->limits->deadline_us && tt_clock_monotonic_us () > m->limits->deadline_us)
        return tt_fail (error, TT_DEADLINE_EXCEEDED, "at byte %u: the pattern \"%.*s\" took too long; give more of the word",
                        word->at, (int)word->text.size, (const char *)word->text.data);
    return TT_OK;
}

static tt_status
expand (ingest_matcher *m, const ingest_plan_node *node, uint32_t number, tt_error *error)
{
    const ingest_plan_word *pattern = &m->plan->words[number];
    tt_bytes prefix = { pattern->text.data, tt_wildcard_prefix (pattern->text) }, literal = literal_of (pattern->text);
    ingest_lexicon_walk walk = { 0 };
    tt_status status = TT_OK;
    uint32_t words = 0;
    m->gathered_count = 0;
    ingest_lexicon_walk_begin (&walk, &m->segment->lexicons[node->space], prefix);
    for (uint32_t seen = 0; status == TT_OK && ingest_lexicon_walk_next (&walk); seen++) {
        if (walk.word.size < prefix.size || (prefix.size && memcmp (walk.word.data, prefix.data, prefix.size) != 0))
            break;
        bool may = literal.size == 0 || memmem (walk.word.data, walk.word.size, literal.data, literal.size) != NULL;
        if (may && tt_wildcard_matches (pattern->text, (tt_bytes){ walk.word.data, walk.word.size })) {
            gather (m, walk.list);
            words++;
        }
        status = check_bounds (m, pattern, seen, words, error);
    }
    ingest_lexicon_walk_end (&walk);
    if (status == TT_OK)
        make_list (m, node, &m->words[number]);
    return status;
}

tt_status
ingest_match_expand (ingest_matcher *m, const ingest_plan_node *node, tt_error *error)
{
    tt_status status = TT_OK;
    find_candidates (m, node);
    for (uint32_t i = node->word; i < node->word + node->term->token_count && status == TT_OK; i++)
        if (m->plan->words[i].wild)
            status = expand (m, node, i, error);
    return status;
}
