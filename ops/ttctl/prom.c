#include "prom.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

#define NUMBER_MAX 64
#define BUCKETS_MAX 256

struct ctl_prom {
    tt_arena *arena; /* of all texts */
    ctl_prom_sample *samples;
    size_t count, capacity;
    size_t refused;
};

/* -- one line -- */

typedef struct {
    const char *at, *end;
    tt_arena *arena;
} line;

static void
skip_blanks (line *l)
{
    while (l->at < l->end && (*l->at == ' ' || *l->at == '\t'))
        l->at++;
}

static bool
take (line *l, char wanted)
{
    if (l->at == l->end || *l->at != wanted)
        return false;
    l->at++;
    return true;
}

static bool
is_name_byte (char c, bool first, bool colon)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':')
           || (!first && c >= '0' && c <= '9');
}

/* NULL if there is none, or it is too long. */
static const char *
take_name (line *l, bool colon)
{
    const char *begin = l->at;
    while (l->at < l->end && is_name_byte (*l->at, l->at == begin, colon))
        l->at++;
    size_t size = (size_t)(l->at - begin);
    return size == 0 || size > CTL_PROM_NAME_MAX ? NULL : tt_arena_strndup (l->arena, begin, size);
}

/* The text between quotes, with \\, \" and \n taken for what they stand for; NULL if it does not end, or is too long. */
static const char *
take_text (line *l)
{
    char text[CTL_PROM_VALUE_MAX + 1];
    size_t size = 0;
    if (!take (l, '"'))
        return NULL;
    while (l->at < l->end && *l->at != '"' && size < CTL_PROM_VALUE_MAX) {
        char c = *l->at++;
        if (c == '\\' && l->at < l->end) {
            c = *l->at++;
            if (c == 'n')
                c = '\n';
            else if (c != '\\' && c != '"')
                return NULL;
        }
        if (c == '\0')
            return NULL;
        text[size++] = c;
    }
    return take (l, '"') ? tt_arena_strndup (l->arena, text, size) : NULL;
}

/* {name="value",...}, possibly with a comma at the end; nothing at all is fine. */
static bool
take_labels (line *l, ctl_prom_sample *sample)
{
    if (!take (l, '{'))
        return true;
    for (;;) {
        skip_blanks (l);
        if (take (l, '}'))
            return true;
        ctl_prom_label label = { .name = take_name (l, false) };
        skip_blanks (l);
        if (label.name == NULL || !take (l, '='))
            return false;
        skip_blanks (l);
        label.value = take_text (l);
        if (label.value == NULL || sample->label_count == CTL_PROM_LABELS_MAX)
            return false;
        sample->labels[sample->label_count++] = label;
        skip_blanks (l);
        if (!take (l, ',') && (l->at == l->end || *l->at != '}'))
            return false;
    }
}

static bool
take_number (line *l, double *value)
{
    char text[NUMBER_MAX + 1], *stopped;
    size_t size = 0;
    while (l->at < l->end && *l->at != ' ' && *l->at != '\t' && size < NUMBER_MAX)
        text[size++] = *l->at++;
    text[size] = '\0';
    *value = strtod (text, &stopped);
    return size > 0 && stopped == text + size;
}

static bool
read_sample (line *l, ctl_prom_sample *sample)
{
    double timestamp;
    sample->name = take_name (l, true);
    if (sample->name == NULL)
        return false;
    skip_blanks (l);
    if (!take_labels (l, sample))
        return false;
    skip_blanks (l);
    if (!take_number (l, &sample->value))
        return false;
    skip_blanks (l);
    if (l->at < l->end && !take_number (l, &timestamp))
        return false;
    skip_blanks (l);
    return l->at == l->end;
}

/* -- the page -- */

static void
keep (ctl_prom *page, const ctl_prom_sample *sample)
{
    if (page->count == page->capacity) {
        page->capacity = page->capacity ? 2 * page->capacity : 512;
        page->samples = tt_realloc (page->samples, page->capacity * sizeof *page->samples);
    }
    page->samples[page->count++] = *sample;
}

ctl_prom *
ctl_prom_parse (tt_bytes bytes)
{
    ctl_prom *page = tt_alloc_zero (1, sizeof *page);
    page->arena = tt_arena_new (0);
    const char *at = (const char *)bytes.data, *end = at ? at + bytes.size : at;
    for (const char *next; at < end; at = next) {
        const char *stop = memchr (at, '\n', (size_t)(end - at));
        next = stop ? stop + 1 : end;
        line l = { at, stop ? stop : end, page->arena };
        ctl_prom_sample sample = { 0 };
        if (l.end > l.at && l.end[-1] == '\r')
            l.end--;
        skip_blanks (&l);
        if (l.at == l.end || *l.at == '#')
            continue;
        if (page->count < CTL_PROM_SAMPLES_MAX && read_sample (&l, &sample))
            keep (page, &sample);
        else
            page->refused++;
    }
    return page;
}

void
ctl_prom_free (ctl_prom **page)
{
    if (*page == NULL)
        return;
    tt_arena_destroy (&(*page)->arena);
    free ((*page)->samples);
    free (*page);
    *page = NULL;
}

size_t
ctl_prom_count (const ctl_prom *page)
{
    return page->count;
}

const ctl_prom_sample *
ctl_prom_at (const ctl_prom *page, size_t i)
{
    return &page->samples[i];
}

size_t
ctl_prom_refused (const ctl_prom *page)
{
    return page->refused;
}

/* -- questions -- */

const char *
ctl_prom_label_of (const ctl_prom_sample *sample, const char *name)
{
    for (size_t i = 0; i < sample->label_count; i++)
        if (strcmp (sample->labels[i].name, name) == 0)
            return sample->labels[i].value;
    return NULL;
}

static bool
is_asked_for (const ctl_prom_sample *sample, const char *name, const char *label, const char *value)
{
    if (strcmp (sample->name, name) != 0)
        return false;
    const char *has = label ? ctl_prom_label_of (sample, label) : NULL;
    return label == NULL || (has && strcmp (has, value) == 0);
}

bool
ctl_prom_sum (const ctl_prom *page, const char *name, const char *label, const char *value, double *sum)
{
    bool found = false;
    *sum = 0;
    for (size_t i = 0; page && i < page->count; i++)
        if (is_asked_for (&page->samples[i], name, label, value) && isfinite (page->samples[i].value)) {
            *sum += page->samples[i].value;
            found = true;
        }
    return found;
}

bool
ctl_prom_growth (const ctl_prom *before, const ctl_prom *after, const char *name, const char *label, const char *value,
                 double *growth)
{
    double was = 0, is = 0;
    if (!ctl_prom_sum (after, name, label, value, &is))
        return false;
    (void)ctl_prom_sum (before, name, label, value, &was);
    *growth = is >= was ? is - was : is;
    return true;
}

typedef struct {
    double bound;
    double count; /* cumulative */
} bucket;

/* The place of a bound among the buckets, which ascend; made if it is new. NULL if there is no room. */
static bucket *
bucket_at (bucket *buckets, size_t *count, double bound)
{
    size_t i = *count;
    while (i > 0 && buckets[i - 1].bound >= bound)
        i--;
    if (i < *count && buckets[i].bound == bound)
        return &buckets[i];
    if (*count == BUCKETS_MAX)
        return NULL;
    memmove (buckets + i + 1, buckets + i, (*count - i) * sizeof *buckets);
    buckets[i] = (bucket){ bound, 0 };
    ++*count;
    return &buckets[i];
}

/* Adds the buckets of all series, times `sign`. */
static void
add_buckets (const ctl_prom *page, const char *name, double sign, bucket *buckets, size_t *count)
{
    char full[CTL_PROM_NAME_MAX + 16];
    snprintf (full, sizeof full, "%.*s_bucket", CTL_PROM_NAME_MAX, name);
    for (size_t i = 0; page && i < page->count; i++) {
        const ctl_prom_sample *sample = &page->samples[i];
        const char *bound = strcmp (sample->name, full) == 0 ? ctl_prom_label_of (sample, "le") : NULL;
        double le = bound ? strtod (bound, NULL) : NAN;
        bucket *b = isnan (le) || !isfinite (sample->value) ? NULL : bucket_at (buckets, count, le);
        if (b)
            b->count += sign * sample->value;
    }
}

/* Where in the bucket: evenly spread, as Prometheus's histogram_quantile. */
static double
interpolate (const bucket *buckets, size_t i, double rank)
{
    double low = i > 0 ? buckets[i - 1].bound : 0, below = i > 0 ? buckets[i - 1].count : 0, inside = buckets[i].count - below;
    if (isinf (buckets[i].bound))
        return low;
    return inside > 0 ? low + (buckets[i].bound - low) * (rank - below) / inside : buckets[i].bound;
}

bool
ctl_prom_quantile (const ctl_prom *before, const ctl_prom *after, const char *name, double q, double *result)
{
    bucket buckets[BUCKETS_MAX];
    size_t count = 0;
    add_buckets (after, name, 1, buckets, &count);
    add_buckets (before, name, -1, buckets, &count);
    if (count > 0 && buckets[count - 1].count < 0) { /* begun anew in between */
        count = 0;
        add_buckets (after, name, 1, buckets, &count);
    }
    double all = count > 0 ? buckets[count - 1].count : 0;
    if (all <= 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (buckets[i].count >= q * all) {
            *result = interpolate (buckets, i, q * all);
            return true;
        }
    return false;
}
