#include "base/text_fold.h"

#include <opencc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Traditional to simplified, by code point. Compatibility ideographs (U+F900, U+2F800) are gone after NFKC. */
#define BASIC_FIRST 0x3400
#define BASIC_LAST 0x9FFF
#define EXTRA_FIRST 0x20000
#define EXTRA_LAST 0x323AF
static int32_t basic_plane[BASIC_LAST - BASIC_FIRST + 1];
static int32_t extra_planes[EXTRA_LAST - EXTRA_FIRST + 1];
static bool opened;

#define CLUSTER_OPTIONS (UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)
#define START_ROOM 64 /* decomposed code points of one character (the longest has 18) and its marks */

static int32_t *
table_slot (int32_t point)
{
    if (point >= BASIC_FIRST && point <= BASIC_LAST)
        return &basic_plane[point - BASIC_FIRST];
    if (point >= EXTRA_FIRST && point <= EXTRA_LAST)
        return &extra_planes[point - EXTRA_FIRST];
    return NULL;
}

static void
append_range (tt_buffer *out, int32_t first, int32_t last)
{
    for (int32_t c = first; c <= last; c++) {
        uint8_t *to = tt_buffer_reserve (out, 5);
        size_t n = (size_t)utf8proc_encode_char (c, to);
        to[n] = '\n';
        out->size += n + 1;
    }
}

/* Reads the converted lines of one range; a line that is not exactly one ideograph leaves the character as it is. */
static const char *
read_range (const char *line, int32_t first, int32_t last)
{
    for (int32_t c = first; line && c <= last; c++) {
        const char *end = line; /* not strchr: a sanitizer's looks at the whole rest of the text for each line */
        while (*end && *end != '\n')
            end++;
        if (*end == '\0')
            return NULL;
        utf8proc_int32_t to = -1;
        utf8proc_ssize_t n = utf8proc_iterate ((const uint8_t *)line, end - line, &to);
        bool one = n == end - line && table_slot (to) != NULL;
        *table_slot (c) = one ? to : c;
        line = end + 1;
    }
    return line;
}

/* Follows chains (a converted form that has a conversion of its own), so that folding twice is folding once. */
static void
settle_range (int32_t first, int32_t last)
{
    for (int32_t c = first; c <= last; c++) {
        int32_t to = *table_slot (c);
        for (int hops = 0; hops < 8 && *table_slot (to) != to; hops++)
            to = *table_slot (to);
        *table_slot (c) = *table_slot (to) == to ? to : c;
    }
}

static tt_status
load_table (tt_error *error)
{
    opencc_t converter = opencc_open ("t2s.json");
    if (converter == (opencc_t)-1)
        return tt_fail (error, TT_FAILED_PRECONDITION, "OpenCC cannot open t2s.json: %s", opencc_error ());
    tt_buffer all = { 0 };
    append_range (&all, BASIC_FIRST, BASIC_LAST);
    append_range (&all, EXTRA_FIRST, EXTRA_LAST);
    char *converted = opencc_convert_utf8 (converter, (const char *)all.data, all.size);
    const char *rest = converted ? read_range (converted, BASIC_FIRST, BASIC_LAST) : NULL;
    rest = read_range (rest, EXTRA_FIRST, EXTRA_LAST);
    tt_status status = TT_OK;
    if (rest == NULL)
        status = tt_fail (error, TT_FAILED_PRECONDITION, "OpenCC did not convert the list of ideographs: %s",
                          converted ? "lines are missing" : opencc_error ());
    if (converted)
        opencc_convert_utf8_free (converted);
    tt_buffer_free (&all);
    opencc_close (converter);
    return status;
}

tt_status
tt_fold_open (tt_error *error)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock (&once);
    tt_status status = TT_OK;
    if (!opened) {
        status = load_table (error);
        if (status == TT_OK) {
            settle_range (BASIC_FIRST, BASIC_LAST);
            settle_range (EXTRA_FIRST, EXTRA_LAST);
            opened = true;
        }
    }
    pthread_mutex_unlock (&once);
    return status;
}

static int32_t
simplify (int32_t point)
{
    int32_t *slot = table_slot (point);
    if (slot == NULL)
        return point;
    if (!opened) { /* also without assertions: half-folded text would never be found again */
        fputs ("tt_text_open must come before any text\n", stderr);
        abort ();
    }
    return *slot;
}

/* Vowels and finals of Hangul, conjoining ones and those that become conjoining: they can join the syllable before them. */
static bool
joins_hangul (int32_t c)
{
    return (c >= 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FF) || (c >= 0x314F && c <= 0x3163)
           || (c >= 0x3187 && c <= 0x318E) || c == 0x3133 || c == 0x3135 || c == 0x3136 || (c >= 0x313A && c <= 0x313F)
           || c == 0xFFA3 || c == 0xFFA5 || c == 0xFFA6 || (c >= 0xFFAA && c <= 0xFFAF) || (c >= 0xFFC2 && c <= 0xFFDC);
}

/* Does the code point belong to the cluster before it, which has `count` code points? Marks, what joins Hangul, the half-width
 * voiced sound marks of Katakana, and what normalisation drops. */
static bool
extends (int32_t point, size_t count)
{
    if (point < 0xAD || (point >= BASIC_FIRST && point <= BASIC_LAST))
        return false;
    if (joins_hangul (point))
        return count < START_ROOM / 2; /* beyond that it is no syllable: a run of vowels is cut, never dropped */
    if (point == 0xFF9E || point == 0xFF9F)
        return true;
    const utf8proc_property_t *property = utf8proc_get_property (point);
    return property->category == UTF8PROC_CATEGORY_MN || property->category == UTF8PROC_CATEGORY_MC
           || property->category == UTF8PROC_CATEGORY_ME || property->ignorable || property->combining_class != 0;
}

static int
combining_class (int32_t point)
{
    return utf8proc_get_property (point)->combining_class;
}

/* Canonical order: marks sorted by combining class, stable, between starters. count is at most START_ROOM. */
static void
order_marks (int32_t *points, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        int32_t point = points[i];
        int rank = combining_class (point);
        size_t j = i;
        for (; rank != 0 && j > 0 && combining_class (points[j - 1]) > rank; j--)
            points[j] = points[j - 1];
        points[j] = point;
    }
}

/* Appends the decomposition of one code point if it fits. */
static void
decompose (int32_t point, int32_t *points, size_t *count)
{
    int boundary = 0;
    utf8proc_int32_t piece[START_ROOM];
    utf8proc_ssize_t n = utf8proc_decompose_char (point, piece, START_ROOM, CLUSTER_OPTIONS, &boundary);
    if (n > 0 && *count + (size_t)n <= START_ROOM) {
        memcpy (points + *count, piece, (size_t)n * sizeof *piece);
        *count += (size_t)n;
    }
}

size_t
tt_fold_cluster (tt_bytes text, size_t at, int32_t *points, size_t *count)
{
    utf8proc_int32_t point = -1;
    utf8proc_ssize_t took = utf8proc_iterate (text.data + at, (utf8proc_ssize_t)(text.size - at), &point);
    *count = 0;
    if (took <= 0) {
        points[(*count)++] = 0xFFFD;
        return 1;
    }
    size_t end = at + (size_t)took;
    int32_t next = 0;
    took = end < text.size ? utf8proc_iterate (text.data + end, (utf8proc_ssize_t)(text.size - end), &next) : 0;
    if (point >= BASIC_FIRST && point <= BASIC_LAST && (took <= 0 || !extends (next, 1))) { /* an ideograph on its own */
        points[(*count)++] = simplify (point);
        return end - at;
    }
    decompose (point, points, count);
    while (took > 0 && extends (next, *count)) {
        decompose (next, points, count);
        end += (size_t)took;
        took = end < text.size ? utf8proc_iterate (text.data + end, (utf8proc_ssize_t)(text.size - end), &next) : 0;
    }
    order_marks (points, *count);
    utf8proc_ssize_t n = utf8proc_normalize_utf32 (points, (utf8proc_ssize_t)*count, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    *count = n > 0 ? (size_t)n : 0;
    for (size_t i = 0; i < *count; i++)
        points[i] = simplify (points[i]);
    return end - at;
}

static bool
stands_alone (int32_t c)
{
    return (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3105 && c <= 0x318E) || (c >= 0x31A0 && c <= 0x31FF)
           || (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7FB) || (c >= 0x1100 && c <= 0x11FF)
           || (c >= 0x2E80 && c <= 0x2FDF) || (c >= 0x3005 && c <= 0x3007) || (c >= 0x3021 && c <= 0x3029)
           || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFF66 && c <= 0xFFDC) || (c >= 0x1B000 && c <= 0x1B16F)
           || (c >= 0x20000 && c <= 0x3FFFF);
}

tt_char_class
tt_fold_class (int32_t c)
{
    if (c == '\n' || c == '\r' || c == 0x0B || c == 0x0C || c == 0x85 || c == 0x2028 || c == 0x2029)
        return TT_CHAR_BREAK;
    if (c == ' ' || c == '\t')
        return TT_CHAR_SPACE;
    if (c == '.' || c == '!' || c == '?' || c == 0x3002)
        return TT_CHAR_STOP;
    switch (utf8proc_category (c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return stands_alone (c) ? TT_CHAR_ALONE : TT_CHAR_WORD;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return TT_CHAR_MARK;
    case UTF8PROC_CATEGORY_ZS:
        return TT_CHAR_SPACE;
    default:
        return TT_CHAR_OTHER;
    }
}
