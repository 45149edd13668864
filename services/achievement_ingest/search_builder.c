#include "search_builder.h"

#include <string.h>

#include "query/document_inside.h"
#include "search_postings.h"
#include "subject.h"

#define LIST_FIRST 16 /* bytes: most words stand in one record alone, and a buffer of its own accord begins with 256 */

/* A word and its list while it grows: for each record the gap from the one before, occurrences, heavy ones, gaps between places.
 */
typedef struct {
    uint64_t hash;
    uint32_t text, size; /* in the table's texts */
    uint32_t next;       /* record behind the last one in the list */
    tt_buffer list;
} word;

typedef struct {
    word *words;
    uint32_t count, room;
    uint32_t *slots; /* open addressing: word + 1 */
    uint32_t slot_count;
    tt_buffer texts;
} word_table;

struct ingest_builder {
    ingest_segment *segment;
    word_table tables[INGEST_SPACES];
    tt_document *document;
    uint32_t *place; /* of each place of the document: in its space */
    size_t place_room;
    uint32_t *run; /* scratch: the places of one word */
    size_t run_room;
    int field_of[TT_SCHEMA_MAX_INDEXES]; /* of an index of the schema; -1: none */
};

/* Words */

static void
open_table (word_table *t)
{
    *t = (word_table){ .slot_count = 1024 };
    t->slots = tt_alloc_zero (t->slot_count, sizeof *t->slots);
}

static void
close_table (word_table *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        tt_buffer_free (&t->words[i].list);
    free (t->words);
    free (t->slots);
    tt_buffer_free (&t->texts);
    *t = (word_table){ 0 };
}

static void
widen (word_table *t)
{
    free (t->slots);
    t->slot_count *= 2;
    t->slots = tt_alloc_zero (t->slot_count, sizeof *t->slots);
    for (uint32_t i = 0; i < t->count; i++) {
        uint32_t at = (uint32_t)t->words[i].hash & (t->slot_count - 1);
        while (t->slots[at])
            at = (at + 1) & (t->slot_count - 1);
        t->slots[at] = i + 1;
    }
}

static word *
word_of (word_table *t, uint64_t hash, tt_bytes text)
{
    uint32_t at = (uint32_t)hash & (t->slot_count - 1);
    for (; t->slots[at]; at = (at + 1) & (t->slot_count - 1)) {
        word *w = &t->words[t->slots[at] - 1];
        if (w->hash == hash && w->size == text.size && memcmp (t->texts.data + w->text, text.data, text.size) == 0)
            return w;
    }
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 512;
        t->words = tt_realloc (t->words, t->room * sizeof *t->words);
    }
    t->slots[at] = ++t->count;
    word *w = &t->words[t->count - 1];
    *w = (word){ .hash = hash, .text = (uint32_t)t->texts.size, .size = (uint32_t)text.size };
    w->list = (tt_buffer){ .data = tt_alloc (LIST_FIRST), .capacity = LIST_FIRST };
    tt_buffer_append (&t->texts, text.data, text.size);
    if (t->count * 2 > t->slot_count)
        widen (t);
    return &t->words[t->count - 1];
}

static void
post (ingest_builder *b, ingest_space space, const document_term *term, const uint32_t *places, uint32_t count)
{
    uint32_t record = b->segment->count, heavy = 0;
    for (uint32_t i = 0; i < count && space == INGEST_SUBJECT; i++)
        heavy += ingest_segment_field (b->segment, record, space, places[i]) != INGEST_ABSTRACT;
    word *w = word_of (&b->tables[space], term->hash, (tt_bytes){ b->document->texts.data + term->text, term->size });
    ingest_varint_write (&w->list, record - w->next);
    ingest_varint_write (&w->list, count);
    ingest_varint_write (&w->list, heavy);
    for (uint32_t i = 0, before = 0; i < count; before = places[i++])
        ingest_varint_write (&w->list, places[i] - before);
    w->next = record + 1;
}

/* Places of the subject come before those of names in a document, as its values do. */
static void
post_term (ingest_builder *b, const document_term *term)
{
    const tt_document *d = b->document;
    uint32_t count[INGEST_SPACES] = { 0 };
    if (term->count > b->run_room) {
        b->run_room = term->count * 2;
        b->run = tt_realloc (b->run, b->run_room * sizeof *b->run);
    }
    size_t n = 0;
    for (uint32_t at = term->first; at != DOCUMENT_NONE; at = d->places[at].next) {
        b->run[n++] = b->place[at];
        count[b->field_of[d->values[d->places[at].value].index] >= INGEST_OWNER]++;
    }
    if (count[INGEST_SUBJECT] > 0)
        post (b, INGEST_SUBJECT, term, b->run, count[INGEST_SUBJECT]);
    if (count[INGEST_NAMES] > 0)
        post (b, INGEST_NAMES, term, b->run + count[INGEST_SUBJECT], count[INGEST_NAMES]);
}

/* Layouts */

typedef struct {
    tt_buffer starts[3];
    uint32_t count[3], last[3];
} layout_writer;

static void
note_start (layout_writer *w, int kind, uint32_t place)
{
    ingest_varint_write (&w->starts[kind], place - w->last[kind]);
    w->last[kind] = place;
    w->count[kind]++;
}

static void
finish_layout (layout_writer *w, tt_buffer *out)
{
    for (int kind = 0; kind < 3; kind++) {
        ingest_varint_write (out, w->count[kind]);
        tt_buffer_append (out, w->starts[kind].data, w->starts[kind].size);
        tt_buffer_free (&w->starts[kind]);
    }
}

/* Gives the places of one value their numbers in its space, from *next on. */
static void
lay_value (ingest_builder *b, const document_value *value, layout_writer *w, uint32_t *next)
{
    const document_span *spans = b->document->spans;
    note_start (w, INGEST_VALUES, *next);
    for (uint32_t i = value->first; i < value->first + value->count; i++, ++*next) {
        b->place[i] = *next;
        if (i > value->first && spans[i].sentence != spans[i - 1].sentence)
            note_start (w, INGEST_SENTENCES, *next);
        if (i > value->first && spans[i].paragraph != spans[i - 1].paragraph)
            note_start (w, INGEST_PARAGRAPHS, *next);
    }
    ++*next; /* stays empty */
}

/* The places of all texts; where fields end goes into the record's arrays. */
static void
lay_out (ingest_builder *b)
{
    ingest_segment *s = b->segment;
    const tt_document *d = b->document;
    layout_writer writers[INGEST_SPACES] = { 0 };
    uint32_t next[INGEST_SPACES] = { 0 }, record = s->count, words = 0;
    s->ends[0][record] = s->ends[1][record] = s->owners_end[record] = 0;
    for (size_t i = 0; i < d->value_count; i++) {
        int field = b->field_of[d->values[i].index];
        if (field < 0)
            continue;
        ingest_space space = field >= INGEST_OWNER ? INGEST_NAMES : INGEST_SUBJECT;
        lay_value (b, &d->values[i], &writers[space], &next[space]);
        if (field == INGEST_TITLE)
            s->ends[0][record] = s->ends[1][record] = next[space];
        else if (field == INGEST_ABSTRACT)
            s->ends[1][record] = next[space];
        else if (field == INGEST_OWNER)
            s->owners_end[record] = next[space];
        words += space == INGEST_NAMES ? 0 : d->values[i].count * (field == INGEST_ABSTRACT ? 1 : 2);
    }
    s->length[record] = (uint16_t)(words > UINT16_MAX ? UINT16_MAX : words);
    for (size_t space = 0; space < INGEST_SPACES; space++) {
        note_start (&writers[space], INGEST_VALUES, next[space]);
        finish_layout (&writers[space], &s->layouts);
    }
    s->layout_at[record + 1] = (uint32_t)s->layouts.size;
}

/* Records */

ingest_builder *
ingest_builder_new (void)
{
    ingest_builder *b = tt_alloc_zero (1, sizeof *b);
    b->segment = ingest_segment_new ();
    b->document = tt_document_new (tt_schema_achievement ());
    for (size_t i = 0; i < INGEST_SPACES; i++)
        open_table (&b->tables[i]);
    for (size_t i = 0; i < tt_schema_achievement ()->count; i++)
        b->field_of[i] = ingest_field_of (tt_schema_achievement ()->indexes[i].name);
    return b;
}

void
ingest_builder_destroy (ingest_builder **builder)
{
    ingest_builder *b = *builder;
    if (b == NULL)
        return;
    for (size_t i = 0; i < INGEST_SPACES; i++)
        close_table (&b->tables[i]);
    tt_document_destroy (&b->document);
    ingest_segment_leave (&b->segment);
    free (b->place);
    free (b->run);
    free (b);
    *builder = NULL;
}

uint32_t
ingest_builder_count (const ingest_builder *builder)
{
    return builder->segment->count;
}

tt_bytes
ingest_builder_key (const ingest_builder *builder, uint32_t record)
{
    return ingest_segment_key (builder->segment, record);
}

static void
fill_columns (ingest_segment *s, const ingest_record *r)
{
    tt_buffer specials = { 0 };
    for (size_t i = 0; i < r->n_specials; i++)
        tt_buffer_printf (&specials, "%s%u", i ? "," : "", r->specials[i]);
    const char *values[INGEST_COLUMNS] = { [INGEST_DISTRICT] = r->district, [INGEST_SPECIAL] = tt_buffer_cstr (&specials),
                                           [INGEST_STAGE] = r->stage,       [INGEST_FORM] = r->form,
                                           [INGEST_CATEGORY] = r->category, [INGEST_INDUSTRY] = r->industry,
                                           [INGEST_SOURCE] = r->source };
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        s->columns[i].of[s->count] = ingest_column_value (&s->columns[i], values[i]);
    tt_buffer_free (&specials);
}

static int32_t
day_of (const tt_document *d)
{
    for (size_t i = 0; i < d->value_count; i++)
        if (d->values[i].compares == TT_INDEX_DATE)
            return d->values[i].day;
    return INGEST_NO_DAY;
}

void
ingest_builder_add (ingest_builder *b, const ingest_record *record)
{
    ingest_segment *s = b->segment;
    ingest_subject_document (record, b->document);
    ingest_segment_grow (s);
    if (b->document->place_count > b->place_room) {
        b->place_room = b->document->place_count * 2;
        b->place = tt_realloc (b->place, b->place_room * sizeof *b->place);
    }
    lay_out (b);
    for (size_t i = 0; i < b->document->term_count; i++)
        if (b->document->terms[i].space == SPACE_WORD)
            post_term (b, &b->document->terms[i]);
    fill_columns (s, record);
    s->day[s->count] = day_of (b->document);
    s->registered[s->count] = record->registered_unix_ms;
    s->revision[s->count] = record->revision;
    tt_buffer_printf (&s->keys, "%s/%s", record->source, record->source_id);
    s->key_at[s->count + 1] = (uint32_t)s->keys.size;
    s->count++;
}

/* Sealing */

typedef struct {
    tt_bytes text;
    const tt_buffer *list;
} sorted_word;

static int
by_text (const void *a, const void *b)
{
    const sorted_word *x = a, *y = b;
    size_t least = x->text.size < y->text.size ? x->text.size : y->text.size;
    int order = memcmp (x->text.data, y->text.data, least);
    return order != 0 ? order : (x->text.size > y->text.size) - (x->text.size < y->text.size);
}

static void
read_list (const tt_buffer *from, ingest_posting_list *list, uint32_t **run, size_t *room)
{
    const uint8_t *at = from->data, *end = from->data + from->size;
    ingest_postings_clear (list);
    for (uint32_t record = 0; at < end; record++) {
        record += ingest_varint_read (&at);
        uint32_t count = ingest_varint_read (&at), heavy = ingest_varint_read (&at);
        if (count > *room) {
            *room = count * 2;
            *run = tt_realloc (*run, *room * sizeof **run);
        }
        for (uint32_t i = 0, place = 0; i < count; i++)
            (*run)[i] = place += ingest_varint_read (&at);
        ingest_postings_add (list, (ingest_posting){ record, count, heavy }, *run);
    }
}

static void
write_table (ingest_builder *b, word_table *t, ingest_lexicon *lexicon)
{
    sorted_word *sorted = tt_alloc ((t->count + 1) * sizeof *sorted);
    for (uint32_t i = 0; i < t->count; i++)
        sorted[i] = (sorted_word){ { t->texts.data + t->words[i].text, t->words[i].size }, &t->words[i].list };
    qsort (sorted, t->count, sizeof *sorted, by_text);
    ingest_posting_list list = { 0 };
    for (uint32_t i = 0; i < t->count; i++) {
        read_list (sorted[i].list, &list, &b->run, &b->run_room);
        ingest_postings_write (&list, b->segment->length, &lexicon->lists);
        ingest_lexicon_add (lexicon, sorted[i].text);
    }
    ingest_postings_free (&list);
    free (sorted);
}

ingest_segment *
ingest_builder_seal (ingest_builder *b)
{
    ingest_segment *s = b->segment;
    for (size_t i = 0; i < INGEST_SPACES; i++) {
        write_table (b, &b->tables[i], &s->lexicons[i]);
        close_table (&b->tables[i]);
        open_table (&b->tables[i]);
    }
    ingest_segment_seal (s);
    b->segment = ingest_segment_new ();
    return s;
}
