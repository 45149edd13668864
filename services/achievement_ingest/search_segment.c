#include "search_segment.h"

#include <pthread.h>
#include <string.h>
#include <xxhash.h>

#include "base/text.h"
#include "base/uuid.h"
#include "search_postings.h"

static int
find_name (const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp (names[i], name) == 0)
            return i;
    return -1;
}

int
ingest_field_of (const char *index)
{
    static const char *const names[INGEST_FIELDS] = { "ti", "ab", "kw", "ow", "pe" };
    return find_name (names, INGEST_FIELDS, index);
}

int
ingest_column_of (const char *index)
{
    static const char *const names[INGEST_COLUMNS] = { "di", "sp", "st", "fo", "ca", "ind", "so" };
    return find_name (names, INGEST_COLUMNS, index);
}

ingest_segment *
ingest_segment_new (void)
{
    ingest_segment *s = tt_alloc_zero (1, sizeof *s);
    atomic_init (&s->users, 1);
    return s;
}

ingest_segment *
ingest_segment_keep (ingest_segment *segment)
{
    atomic_fetch_add_explicit (&segment->users, 1, memory_order_relaxed);
    return segment;
}

static void
free_column (ingest_column *column)
{
    for (uint32_t i = 0; i < column->count; i++) {
        free (column->values[i]);
        free (column->normal[i]);
    }
    free (column->values);
    free (column->normal);
    free (column->of);
    ingest_hash_free (&column->places);
}

void
ingest_segment_leave (ingest_segment **segment)
{
    ingest_segment *s = *segment;
    *segment = NULL;
    if (s == NULL || atomic_fetch_sub_explicit (&s->users, 1, memory_order_acq_rel) > 1)
        return;
    free (s->registered);
    free (s->revision);
    free (s->day);
    free (s->length);
    free (s->ends[0]);
    free (s->ends[1]);
    free (s->owners_end);
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        free_column (&s->columns[i]);
    free (s->key_at);
    free (s->layout_at);
    tt_buffer_free (&s->keys);
    tt_buffer_free (&s->layouts);
    for (size_t i = 0; i < INGEST_SPACES; i++)
        ingest_lexicon_free (&s->lexicons[i]);
    free (s);
}

/* What each array is of; with it all are grown and measured alike. */
#define EACH_ARRAY(s, DO)                                                                                                        \
    DO ((s)->registered)                                                                                                         \
    DO ((s)->revision)                                                                                                           \
    DO ((s)->day)                                                                                                                \
    DO ((s)->length)                                                                                                             \
    DO ((s)->ends[0])                                                                                                            \
    DO ((s)->ends[1])                                                                                                            \
    DO ((s)->owners_end)                                                                                                         \
    DO ((s)->key_at)                                                                                                             \
    DO ((s)->layout_at)

static void
resize (ingest_segment *s, uint32_t room)
{
#define RESIZE(array) array = tt_realloc (array, ((size_t)room + 1) * sizeof *(array));
    EACH_ARRAY (s, RESIZE)
#undef RESIZE
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        s->columns[i].of = tt_realloc (s->columns[i].of, ((size_t)room + 1) * sizeof *s->columns[i].of);
    s->room = room;
}

void
ingest_segment_grow (ingest_segment *s)
{
    if (s->count < s->room)
        return;
    resize (s, s->room ? s->room * 2 : 16);
    if (s->count == 0)
        s->key_at[0] = s->layout_at[0] = 0;
}

static void
shrink (tt_buffer *buffer)
{
    if (buffer->size > 0 && buffer->size < buffer->capacity) {
        buffer->data = tt_realloc (buffer->data, buffer->size);
        buffer->capacity = buffer->size;
    }
}

void
ingest_segment_seal (ingest_segment *s)
{
    ingest_segment_grow (s);
    resize (s, s->count);
    shrink (&s->keys);
    shrink (&s->layouts);
    for (size_t i = 0; i < INGEST_SPACES; i++)
        ingest_lexicon_finish (&s->lexicons[i]);
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        ingest_hash_free (&s->columns[i].places);
}

static uint64_t
column_bytes (const ingest_column *column, uint32_t records)
{
    uint64_t bytes = (uint64_t)records * sizeof *column->of + (uint64_t)column->room * 2 * sizeof (char *);
    for (uint32_t i = 0; i < column->count; i++)
        bytes += strlen (column->values[i]) + strlen (column->normal[i]) + 32;
    return bytes;
}

uint64_t
ingest_segment_bytes (const ingest_segment *s)
{
    uint64_t bytes = sizeof *s + s->keys.capacity + s->layouts.capacity;
#define ADD(array) bytes += (s->room + UINT64_C (1)) * sizeof *(array);
    EACH_ARRAY (s, ADD)
#undef ADD
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        bytes += column_bytes (&s->columns[i], s->room);
    for (size_t i = 0; i < INGEST_SPACES; i++)
        bytes += ingest_lexicon_bytes (&s->lexicons[i]);
    return bytes;
}

/* Columns */

static char *
normal_form (const char *value)
{
    tt_buffer normal = { 0 };
    tt_text_normalise (tt_bytes_of_text (value), &normal);
    tt_buffer_cstr (&normal);
    return (char *)normal.data;
}

static uint64_t seed;

static void
make_seed (void)
{
    tt_random_bytes (&seed, sizeof seed);
}

/* Sources are named from outside: the hash has a seed that nobody knows. */
uint16_t
ingest_column_value (ingest_column *column, const char *value)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once (&once, make_seed);
    uint64_t hash = XXH3_64bits_withSeed (value, strlen (value), seed);
    const uint32_t *known = ingest_hash_find (&column->places, hash);
    if (known)
        return (uint16_t)*known;
    if (column->count == column->room) {
        column->room = column->room ? column->room * 2 : 8;
        column->values = tt_realloc (column->values, column->room * sizeof *column->values);
        column->normal = tt_realloc (column->normal, column->room * sizeof *column->normal);
    }
    column->values[column->count] = tt_strdup (value);
    column->normal[column->count] = normal_form (value);
    ingest_hash_set (&column->places, hash, column->count);
    return (uint16_t)column->count++;
}

/* Layouts */

void
ingest_layout_free (ingest_layout *layout)
{
    for (size_t i = 0; i < 3; i++)
        free (layout->starts[i]);
    *layout = (ingest_layout){ 0 };
}

static void
add_start (ingest_layout *layout, int kind, uint32_t place)
{
    if (layout->count[kind] == layout->room[kind]) {
        layout->room[kind] = layout->room[kind] ? layout->room[kind] * 2 : 16;
        layout->starts[kind] = tt_realloc (layout->starts[kind], layout->room[kind] * sizeof (uint32_t));
    }
    layout->starts[kind][layout->count[kind]++] = place;
}

static const uint8_t *
read_starts (ingest_layout *layout, int kind, const uint8_t *at)
{
    uint32_t place = 0;
    layout->count[kind] = 0;
    for (uint32_t n = ingest_varint_read (&at); n > 0; n--)
        add_start (layout, kind, place += ingest_varint_read (&at));
    return at;
}

/* Of the subject: starts of values, sentences and paragraphs, each as a number and gaps; then the same of names. */
void
ingest_layout_read (ingest_layout *layout, const ingest_segment *segment, uint32_t record, ingest_space space)
{
    const uint8_t *at = segment->layouts.data + segment->layout_at[record];
    for (int s = 0; s <= (int)space; s++)
        for (int kind = INGEST_VALUES; kind <= INGEST_PARAGRAPHS; kind++)
            at = read_starts (layout, kind, at);
}

uint32_t
ingest_layout_rank (const ingest_layout *layout, int kind, uint32_t place)
{
    size_t low = 0, high = layout->count[kind];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (layout->starts[kind][middle] <= place)
            low = middle + 1;
        else
            high = middle;
    }
    return (uint32_t)low;
}
