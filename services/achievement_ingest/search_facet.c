#include "search_facet.h"

#include <stdio.h>
#include <string.h>

#define YEARS 10000

void
ingest_facets_free (ingest_facets *f)
{
    for (size_t i = 0; i < INGEST_FACETS; i++)
        free (f->lists[i].items);
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        free (f->counts[i]);
    free (f->years);
    free (f->year_texts);
    *f = (ingest_facets){ 0 };
}

void
ingest_facets_begin (ingest_facets *f, unsigned wanted)
{
    f->wanted = wanted;
    for (size_t i = 0; i < INGEST_FACETS; i++)
        f->lists[i].count = 0;
    if (!(wanted >> INGEST_FACET_YEAR & 1))
        return;
    if (f->years == NULL)
        f->years = tt_alloc (YEARS * sizeof *f->years);
    memset (f->years, 0, YEARS * sizeof *f->years);
}

void
ingest_facets_open (ingest_facets *f, const ingest_segment *segment)
{
    for (size_t i = 0; i < INGEST_COLUMNS; i++) {
        size_t count = segment->columns[i].count;
        if (!(f->wanted >> i & 1))
            continue;
        if (count > f->rooms[i]) {
            f->rooms[i] = count * 2;
            f->counts[i] = tt_realloc (f->counts[i], f->rooms[i] * sizeof *f->counts[i]);
        }
        memset (f->counts[i], 0, count * sizeof *f->counts[i]);
    }
}

static void
add (ingest_facet_list *list, const char *value, uint64_t count)
{
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 32;
        list->items = tt_realloc (list->items, list->room * sizeof *list->items);
    }
    list->items[list->count++] = (ingest_facet_count){ value, count };
}

/* Year of a day since 1970, proleptic Gregorian: days are shifted to begin on 1 March, in cycles of 400 years. */
static uint32_t
year_of (int32_t day)
{
    int64_t z = (int64_t)day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t year = yoe + era * 400 + (doy >= 306);
    return year < 0 || year >= YEARS ? 0 : (uint32_t)year;
}

static void
count_column (uint32_t *counts, const uint16_t *of, const uint64_t *bits, size_t words)
{
    for (size_t w = 0; w < words; w++)
        for (uint64_t word = bits[w]; word; word &= word - 1)
            counts[of[w * 64 + (size_t)__builtin_ctzll (word)]]++;
}

void
ingest_facets_count (ingest_facets *f, const ingest_segment *s, uint32_t first, const uint64_t *bits, size_t words)
{
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        if (f->wanted >> i & 1)
            count_column (f->counts[i], s->columns[i].of + first, bits, words);
    if (!(f->wanted >> INGEST_FACET_YEAR & 1))
        return;
    for (size_t w = 0; w < words; w++) {
        for (uint64_t word = bits[w]; word; word &= word - 1) {
            int32_t day = s->day[first + w * 64 + (size_t)__builtin_ctzll (word)];
            if (day != INGEST_NO_DAY)
                f->years[year_of (day)]++;
        }
    }
}

void
ingest_facets_close (ingest_facets *f, const ingest_segment *s)
{
    for (size_t i = 0; i < INGEST_COLUMNS; i++)
        for (uint32_t v = 0; f->wanted >> i & 1 && v < s->columns[i].count; v++)
            if (f->counts[i][v] > 0)
                add (&f->lists[i], s->columns[i].values[v], f->counts[i][v]);
}

/* Lists */

static int
by_value (const void *a, const void *b)
{
    return strcmp (((const ingest_facet_count *)a)->value, ((const ingest_facet_count *)b)->value);
}

static int
by_count (const void *a, const void *b)
{
    const ingest_facet_count *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp (x->value, y->value);
}

/* Counts of one value from several segments become one. */
static void
join (ingest_facet_list *list)
{
    size_t kept = 0;
    if (list->count > 0)
        qsort (list->items, list->count, sizeof *list->items, by_value);
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].value[0] == '\0')
            continue;
        if (kept > 0 && strcmp (list->items[kept - 1].value, list->items[i].value) == 0)
            list->items[kept - 1].count += list->items[i].count;
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    if (kept > 0)
        qsort (list->items, kept, sizeof *list->items, by_count);
}

/* The text of a small number, kept with the years'. */
static const char *
number_text (ingest_facets *f, uint32_t number)
{
    if (f->year_texts == NULL)
        f->year_texts = tt_alloc_zero (YEARS, sizeof *f->year_texts);
    snprintf (f->year_texts[number], sizeof *f->year_texts, "%u", number);
    return f->year_texts[number];
}

/* Does a number stand in the list of numbers before `end`? */
static bool
stands_before (const char *list, const char *end, unsigned long number)
{
    while (list < end) {
        char *next;
        if (strtoul (list, &next, 10) == number)
            return true;
        list = *next == ',' ? next + 1 : next;
    }
    return false;
}

/* A record that names a special twice counts once. */
static void
split_specials (ingest_facets *f)
{
    ingest_facet_list *list = &f->lists[INGEST_SPECIAL], single = { 0 };
    for (size_t i = 0; i < list->count; i++) {
        const char *at = list->items[i].value;
        while (*at) {
            char *end;
            unsigned long number = strtoul (at, &end, 10);
            if (number < YEARS && !stands_before (list->items[i].value, at, number))
                add (&single, number_text (f, (uint32_t)number), list->items[i].count);
            at = *end == ',' ? end + 1 : end;
        }
    }
    free (list->items);
    *list = single;
}

void
ingest_facets_finish (ingest_facets *f)
{
    split_specials (f);
    for (uint32_t year = 0; f->wanted >> INGEST_FACET_YEAR & 1 && year < YEARS; year++)
        if (f->years[year] > 0)
            add (&f->lists[INGEST_FACET_YEAR], number_text (f, year), f->years[year]);
    for (size_t i = 0; i < INGEST_FACETS; i++)
        join (&f->lists[i]);
}
