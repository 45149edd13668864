#include "search_cursor.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "wire/base64.h"

#define VERSION 1
#define KEY_MAX 256
#define WORDS_MAX 4096 /* more than a query of 4,096 bytes has */

/* Fixed part; the numbers of records that have each word and the key follow. */
typedef struct {
    uint64_t check; /* of all behind it: a cursor that was cut or mixed up is told so */
    uint64_t query;
    uint64_t records, length;
    double score;
    int64_t registered;
    int32_t day;
    uint32_t words;
    uint16_t key_size;
    uint8_t version, order;
    uint8_t unused[4];
} fixed_part;

static uint64_t
check_of (tt_bytes bytes)
{
    return XXH3_64bits (bytes.data + sizeof (uint64_t), bytes.size - sizeof (uint64_t));
}

static char *
url_safe (tt_arena *arena, tt_bytes bytes)
{
    tt_buffer text = { 0 };
    tt_base64_encode (bytes, &text);
    while (text.size > 0 && text.data[text.size - 1] == '=')
        text.size--;
    char *out = tt_arena_strndup (arena, (const char *)text.data, text.size);
    for (char *c = out; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    tt_buffer_free (&text);
    return out;
}

char *
ingest_cursor_write (tt_arena *arena, const char *query, ingest_order_kind order, const ingest_search_statistics *statistics,
                     const ingest_search_position *position)
{
    fixed_part fixed;
    memset (&fixed, 0, sizeof fixed);
    fixed.query = XXH3_64bits (query, strlen (query));
    fixed.records = statistics->records;
    fixed.length = statistics->length;
    fixed.score = position->score;
    fixed.registered = position->registered;
    fixed.day = position->day;
    fixed.words = (uint32_t)statistics->count;
    fixed.key_size = (uint16_t)position->key.size;
    fixed.version = VERSION;
    fixed.order = (uint8_t)order;
    tt_buffer bytes = { 0 };
    tt_buffer_append (&bytes, &fixed, sizeof fixed);
    if (statistics->count > 0)
        tt_buffer_append (&bytes, statistics->having, statistics->count * sizeof *statistics->having);
    tt_buffer_append (&bytes, position->key.data, position->key.size);
    uint64_t check = check_of ((tt_bytes){ bytes.data, bytes.size });
    memcpy (bytes.data, &check, sizeof check);
    char *text = url_safe (arena, (tt_bytes){ bytes.data, bytes.size });
    tt_buffer_free (&bytes);
    return text;
}

static bool
is_sound (const fixed_part *fixed, tt_bytes bytes, const char *query, ingest_order_kind order)
{
    return fixed->version == VERSION && fixed->order == (uint8_t)order && fixed->query == XXH3_64bits (query, strlen (query))
           && fixed->words <= WORDS_MAX && fixed->key_size <= KEY_MAX
           && bytes.size == sizeof *fixed + fixed->words * sizeof (uint32_t) + fixed->key_size && fixed->check == check_of (bytes)
           && isfinite (fixed->score);
}

bool
ingest_cursor_read (tt_arena *arena, const char *text, const char *query, ingest_order_kind order,
                    ingest_search_statistics *statistics, ingest_search_position *position)
{
    tt_buffer decoded = { 0 };
    fixed_part fixed;
    bool good = tt_base64_decode (tt_bytes_of_text (text), &decoded) && decoded.size >= sizeof fixed;
    if (good) {
        memcpy (&fixed, decoded.data, sizeof fixed);
        good = is_sound (&fixed, (tt_bytes){ decoded.data, decoded.size }, query, order);
    }
    if (good) {
        tt_bytes rest = tt_arena_copy (arena, (tt_bytes){ decoded.data + sizeof fixed, decoded.size - sizeof fixed });
        statistics->records = fixed.records;
        statistics->length = fixed.length;
        statistics->count = fixed.words;
        statistics->having = tt_arena_alloc (arena, (fixed.words + 1) * sizeof (uint32_t));
        if (fixed.words > 0)
            memcpy (statistics->having, rest.data, fixed.words * sizeof (uint32_t));
        *position = (ingest_search_position){ .score = fixed.score, .registered = fixed.registered, .day = fixed.day };
        position->key = (tt_bytes){ rest.data + fixed.words * sizeof (uint32_t), fixed.key_size };
    }
    tt_buffer_free (&decoded);
    return good;
}
