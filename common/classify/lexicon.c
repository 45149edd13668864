#include "classify/lexicon.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "catalog/csv.h"

#define NOWHERE UINT32_MAX

/* Edges of a trie of bytes, in one open-addressed table: (node, byte) to node. */
typedef struct {
    uint64_t key; /* node << 8 | byte, plus 1; 0 is free */
    uint32_t child;
} edge;

struct tt_lexicon {
    tt_arena *arena;
    tt_lexicon_entry *entries;
    uint32_t *next; /* entry of the same term, or NOWHERE */
    size_t count, capacity;
    tt_lexicon_code codes[TT_LEXICON_CODES_MAX];
    size_t code_count;
    edge *edges;
    size_t edge_count, edge_capacity; /* a power of two */
    uint32_t *ends; /* of each node: first entry, or NOWHERE */
    size_t node_count, node_capacity;
};

static size_t
place_of (const tt_lexicon *x, uint64_t key)
{
    size_t mask = x->edge_capacity - 1, i = (size_t)((key * 0x9E3779B97F4A7C15u) >> 24) & mask;
    while (x->edges[i].key != 0 && x->edges[i].key != key)
        i = (i + 1) & mask;
    return i;
}

static void
grow_edges (tt_lexicon *x)
{
    edge *old = x->edges;
    size_t capacity = x->edge_capacity;
    x->edge_capacity = capacity == 0 ? 1024 : 2 * capacity;
    x->edges = tt_alloc_zero (x->edge_capacity, sizeof *x->edges);
    for (size_t i = 0; i < capacity; i++)
        if (old[i].key != 0)
            x->edges[place_of (x, old[i].key)] = old[i];
    free (old);
}

static uint32_t
add_node (tt_lexicon *x)
{
    if (x->node_count == x->node_capacity) {
        x->node_capacity = x->node_capacity == 0 ? 1024 : 2 * x->node_capacity;
        x->ends = tt_realloc (x->ends, x->node_capacity * sizeof *x->ends);
    }
    x->ends[x->node_count] = NOWHERE;
    return (uint32_t)x->node_count++;
}

static uint32_t
step (const tt_lexicon *x, uint32_t node, uint8_t byte)
{
    const edge *e = &x->edges[place_of (x, ((uint64_t)node << 8 | byte) + 1)];
    return e->key == 0 ? NOWHERE : e->child;
}

static uint32_t
grow (tt_lexicon *x, uint32_t node, uint8_t byte)
{
    uint32_t child = step (x, node, byte);
    if (child != NOWHERE)
        return child;
    if (2 * (x->edge_count + 1) > x->edge_capacity)
        grow_edges (x);
    child = add_node (x);
    uint64_t key = ((uint64_t)node << 8 | byte) + 1;
    x->edges[place_of (x, key)] = (edge){ .key = key, .child = child };
    x->edge_count++;
    return child;
}

static const char *
code_number (tt_lexicon *x, const char *scheme, const char *code, uint32_t *out)
{
    for (size_t i = 0; i < x->code_count; i++)
        if (strcmp (x->codes[i].scheme, scheme) == 0 && strcmp (x->codes[i].code, code) == 0) {
            *out = (uint32_t)i;
            return NULL;
        }
    if (x->code_count == TT_LEXICON_CODES_MAX)
        return "too many codes";
    *out = (uint32_t)x->code_count;
    x->codes[x->code_count++] = (tt_lexicon_code){ .scheme = tt_arena_strndup (x->arena, scheme, strlen (scheme)),
                                                   .code = tt_arena_strndup (x->arena, code, strlen (code)) };
    return NULL;
}

/* NULL, or what is wrong with the row. */
static const char *
add_entry (tt_lexicon *x, const char *scheme, const char *code, tt_bytes term, double weight)
{
    uint32_t number, node = 0;
    if (*scheme == '\0' || *code == '\0' || strlen (scheme) > 23 || strlen (code) > 31)
        return "scheme and code have 1 to 23 and 1 to 31 bytes";
    if (term.size == 0 || term.size > TT_LEXICON_TERM_MAX)
        return "a term has 1 to 128 bytes";
    if (!(weight > 0 && weight <= TT_LEXICON_WEIGHT_MAX))
        return "a weight is above 0 and at most 10";
    if (x->count == TT_LEXICON_TERMS_MAX)
        return "too many terms";
    const char *fault = code_number (x, scheme, code, &number);
    if (fault)
        return fault;
    for (size_t i = 0; i < term.size; i++)
        node = grow (x, node, term.data[i]);
    for (uint32_t e = x->ends[node]; e != NOWHERE; e = x->next[e])
        if (x->entries[e].code == number)
            return "this term stands for this code already";
    if (x->count == x->capacity) {
        x->capacity = x->capacity == 0 ? 1024 : 2 * x->capacity;
        x->entries = tt_realloc (x->entries, x->capacity * sizeof *x->entries);
        x->next = tt_realloc (x->next, x->capacity * sizeof *x->next);
    }
    x->entries[x->count] = (tt_lexicon_entry){
        .code = number, .term = tt_arena_strndup (x->arena, (const char *)term.data, term.size), .weight = weight
    };
    x->next[x->count] = x->ends[node];
    x->ends[node] = (uint32_t)x->count++;
    return NULL;
}

static const char *
add_row (tt_lexicon *x, const tt_csv_row *row, const int columns[4])
{
    for (int i = 0; i < 4; i++)
        if ((size_t)columns[i] >= row->count)
            return "too few fields";
    for (size_t i = 0; i < row->count; i++)
        if (!tt_text_valid ((tt_bytes){ (const uint8_t *)row->fields[i].text, row->fields[i].size }, NULL))
            return "not UTF-8";
    char *end;
    const char *number = row->fields[columns[3]].text;
    double weight = strtod (number, &end);
    if (end == number || *end != '\0')
        return "the weight is no number";
    tt_buffer term = { 0 };
    tt_text_normalise (tt_bytes_of_text (row->fields[columns[2]].text), &term);
    const char *fault = add_entry (x, row->fields[columns[0]].text, row->fields[columns[1]].text, (tt_bytes){ term.data, term.size }, weight);
    tt_buffer_free (&term);
    return fault;
}

static tt_status
read_rows (tt_lexicon *x, tt_csv *csv, const char *name, tt_error *error)
{
    static const char *const names[4] = { "scheme", "code", "term", "weight" };
    int columns[4];
    const tt_csv_row *row;
    tt_status status = tt_csv_next (csv, &row, error);
    if (status != TT_OK)
        return status;
    for (int i = 0; i < 4; i++) {
        columns[i] = row ? tt_csv_find (row, names[i]) : -1;
        if (columns[i] < 0)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s:1: no column %s", name, names[i]);
    }
    while ((status = tt_csv_next (csv, &row, error)) == TT_OK && row) {
        const char *fault = add_row (x, row, columns);
        if (fault)
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s:%llu: %s", name, (unsigned long long)row->line, fault);
    }
    return status;
}

static tt_status
read_csv (tt_lexicon **out, tt_csv *csv, const char *name, tt_error *error)
{
    tt_lexicon *x = tt_alloc_zero (1, sizeof *x);
    x->arena = tt_arena_new (0);
    grow_edges (x);
    add_node (x);
    tt_status status = read_rows (x, csv, name, error);
    if (status != TT_OK)
        tt_lexicon_destroy (&x);
    *out = x;
    return status;
}

tt_status
tt_lexicon_parse (tt_lexicon **out, tt_bytes bytes, const char *name, tt_error *error)
{
    tt_csv *csv = tt_csv_new_bytes (bytes, &(tt_csv_options){ .name = name });
    tt_status status = read_csv (out, csv, name, error);
    tt_csv_close (&csv);
    return status;
}

tt_status
tt_lexicon_read (tt_lexicon **out, const char *path, tt_error *error)
{
    tt_csv *csv = NULL;
    *out = NULL;
    tt_status status = tt_csv_open (&csv, path, NULL, error);
    if (status == TT_OK)
        status = read_csv (out, csv, path, error);
    tt_csv_close (&csv);
    return status;
}

void
tt_lexicon_destroy (tt_lexicon **lexicon)
{
    tt_lexicon *x = *lexicon;
    if (!x)
        return;
    tt_arena_destroy (&x->arena);
    free (x->entries);
    free (x->next);
    free (x->edges);
    free (x->ends);
    free (x);
    *lexicon = NULL;
}

size_t
tt_lexicon_size (const tt_lexicon *x)
{
    return x->count;
}

const tt_lexicon_entry *
tt_lexicon_entry_at (const tt_lexicon *x, size_t i)
{
    return &x->entries[i];
}

size_t
tt_lexicon_codes (const tt_lexicon *x)
{
    return x->code_count;
}

tt_lexicon_code
tt_lexicon_code_at (const tt_lexicon *x, size_t code)
{
    return x->codes[code];
}

static bool
is_letter (uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Behind a Latin term a word ends; an English plural is the same word. */
static bool
ends_word (tt_bytes text, size_t end)
{
    if (!is_letter (text.data[end - 1]) || end >= text.size || !is_letter (text.data[end]))
        return true;
    return text.data[end] == 's' && (end + 1 == text.size || !is_letter (text.data[end + 1]));
}

static size_t
note (uint32_t entry, bool titled, tt_lexicon_hit *hits, size_t count, size_t room)
{
    for (size_t i = 0; i < count; i++)
        if (hits[i].entry == entry) {
            hits[i].count++;
            hits[i].titled = hits[i].titled || titled;
            return count;
        }
    if (count < room)
        hits[count++] = (tt_lexicon_hit){ .entry = entry, .count = 1, .titled = titled };
    return count;
}

size_t
tt_lexicon_find (const tt_lexicon *x, tt_bytes text, size_t title_end, tt_lexicon_hit *hits, size_t room)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size; at++) {
        uint8_t c = text.data[at];
        if ((c & 0xC0) == 0x80 || (is_letter (c) && at > 0 && is_letter (text.data[at - 1])))
            continue;
        uint32_t node = 0;
        for (size_t i = at; i < text.size && (node = step (x, node, text.data[i])) != NOWHERE; i++)
            for (uint32_t e = ends_word (text, i + 1) ? x->ends[node] : NOWHERE; e != NOWHERE; e = x->next[e])
                count = note (e, at < title_end, hits, count, room);
    }
    return count;
}

double
tt_lexicon_evidence (const tt_lexicon *x, const tt_lexicon_hit *hits, size_t count, uint32_t code)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const tt_lexicon_entry *entry = &x->entries[hits[i].entry];
        if (entry->code == code)
            sum += entry->weight * sqrt ((double)hits[i].count) * (hits[i].titled ? 2 : 1);
    }
    return sum;
}
