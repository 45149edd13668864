/* Segments into one: the living records of each, numbered anew in their order; lists are joined word by word. */
#include <string.h>

#include "search_builder.h"
#include "search_postings.h"

#define DEAD UINT32_MAX

typedef struct {
    ingest_segment *const *segments;
    size_t count;
    uint32_t **to; /* of each segment: the new number of each record, or DEAD */
    ingest_segment *out;
    ingest_posting_list list;
    ingest_cursor cursor;
} merger;

static bool
is_set (const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

static void
copy_bytes (tt_buffer *to, uint32_t *ends, uint32_t record, const tt_buffer *from, const uint32_t *at, uint32_t i)
{
    tt_buffer_append (to, from->data + at[i], at[i + 1] - at[i]);
    ends[record + 1] = (uint32_t)to->size;
}

/* Only what a living record has, so that there are never more values than records. */
static uint16_t
copy_value (ingest_column *out, const ingest_column *from, uint16_t value, uint32_t *known)
{
    if (known[value] == DEAD)
        known[value] = ingest_column_value (out, from->values[value]);
    return (uint16_t)known[value];
}

static void
copy_record (ingest_segment *out, const ingest_segment *s, uint32_t i, uint32_t *const *columns)
{
    ingest_segment_grow (out);
    uint32_t n = out->count;
    out->registered[n] = s->registered[i];
    out->revision[n] = s->revision[i];
    out->day[n] = s->day[i];
    out->length[n] = s->length[i];
    out->ends[0][n] = s->ends[0][i];
    out->ends[1][n] = s->ends[1][i];
    out->owners_end[n] = s->owners_end[i];
    for (size_t c = 0; c < INGEST_COLUMNS; c++)
        out->columns[c].of[n] = copy_value (&out->columns[c], &s->columns[c], s->columns[c].of[i], columns[c]);
    copy_bytes (&out->keys, out->key_at, n, &s->keys, s->key_at, i);
    copy_bytes (&out->layouts, out->layout_at, n, &s->layouts, s->layout_at, i);
    out->count++;
}

static void
copy_records (merger *m, size_t which, const uint64_t *live)
{
    const ingest_segment *s = m->segments[which];
    uint32_t *columns[INGEST_COLUMNS];
    for (size_t c = 0; c < INGEST_COLUMNS; c++) {
        columns[c] = tt_alloc ((s->columns[c].count + 1) * sizeof *columns[c]);
        memset (columns[c], 0xFF, (s->columns[c].count + 1) * sizeof *columns[c]); /* DEAD */
    }
    m->to[which] = tt_alloc ((s->count + 1) * sizeof *m->to[which]);
    for (uint32_t i = 0; i < s->count; i++) {
        m->to[which][i] = is_set (live, i) ? m->out->count : DEAD;
        if (is_set (live, i))
            copy_record (m->out, s, i, columns);
    }
    for (size_t c = 0; c < INGEST_COLUMNS; c++)
        free (columns[c]);
}

static void
join_list (merger *m, size_t which, tt_bytes bytes)
{
    ingest_cursor *c = &m->cursor;
    ingest_cursor_open (c, bytes);
    for (uint32_t from = 0; ingest_cursor_seek (c, from); from = ingest_cursor_record (c) + 1) {
        uint32_t to = m->to[which][ingest_cursor_record (c)];
        uint32_t count;
        const uint32_t *places = ingest_cursor_places (c, &count);
        if (to != DEAD)
            ingest_postings_add (&m->list, (ingest_posting){ to, count, c->heavy[c->at] }, places);
    }
}

static int
compare (const tt_buffer *a, const tt_buffer *b)
{
    size_t least = a->size < b->size ? a->size : b->size;
    int order = memcmp (a->data, b->data, least);
    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

/* The least word among the walks that have one left; NULL at the end. */
static const tt_buffer *
least_word (const ingest_lexicon_walk *walks, const bool *more, size_t count)
{
    const tt_buffer *least = NULL;
    for (size_t i = 0; i < count; i++)
        if (more[i] && (least == NULL || compare (&walks[i].word, least) < 0))
            least = &walks[i].word;
    return least;
}

static void
join_words (merger *m, ingest_space space)
{
    ingest_lexicon *out = &m->out->lexicons[space];
    ingest_lexicon_walk *walks = tt_alloc_zero (m->count, sizeof *walks);
    bool *more = tt_alloc (m->count * sizeof *more);
    tt_buffer word = { 0 };
    for (size_t i = 0; i < m->count; i++) {
        ingest_lexicon_walk_begin (&walks[i], &m->segments[i]->lexicons[space], TT_BYTES_NONE);
        more[i] = ingest_lexicon_walk_next (&walks[i]);
    }
    for (const tt_buffer *least; (least = least_word (walks, more, m->count)) != NULL;) {
        tt_buffer_clear (&word);
        tt_buffer_append (&word, least->data, least->size);
        ingest_postings_clear (&m->list);
        for (size_t i = 0; i < m->count; i++) {
            if (!more[i] || compare (&walks[i].word, &word) != 0)
                continue;
            join_list (m, i, walks[i].list);
            more[i] = ingest_lexicon_walk_next (&walks[i]);
        }
        if (m->list.count == 0)
            continue;
        ingest_postings_write (&m->list, m->out->length, &out->lists);
        ingest_lexicon_add (out, (tt_bytes){ word.data, word.size });
    }
    for (size_t i = 0; i < m->count; i++)
        ingest_lexicon_walk_end (&walks[i]);
    tt_buffer_free (&word);
    free (more);
    free (walks);
}

ingest_segment *
ingest_segment_merge (ingest_segment *const *segments, const uint64_t *const *live, size_t count)
{
    merger m = { .segments = segments, .count = count, .out = ingest_segment_new () };
    m.to = tt_alloc_zero (count, sizeof *m.to);
    for (size_t i = 0; i < count; i++)
        copy_records (&m, i, live[i]);
    for (int space = 0; space < INGEST_SPACES; space++)
        join_words (&m, (ingest_space)space);
    ingest_segment_seal (m.out);
    for (size_t i = 0; i < count; i++)
        free (m.to[i]);
    free (m.to);
    ingest_postings_free (&m.list);
    ingest_cursor_free (&m.cursor);
    return m.out;
}
