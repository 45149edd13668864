#include "achievements.h"

#include <math.h>
#include <string.h>

#define DAY_MS INT64_C (86400000)
#define PICK(source, list) ((char *)(list)[generated_below (source, sizeof (list) / sizeof *(list))])

static uint64_t
next_number (generated_source *source)
{
    uint64_t z = source->state += UINT64_C (0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C (0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C (0x94D049BB133111EB);
    return z ^ z >> 31;
}

uint32_t
generated_below (generated_source *source, uint32_t n)
{
    return (uint32_t)((next_number (source) >> 32) * n >> 32);
}

uint32_t
generated_zipf (generated_source *source, uint32_t n)
{
    double u = (double)(next_number (source) >> 11) / (double)(UINT64_C (1) << 53);
    uint32_t rank = (uint32_t)exp (u * log ((double)n + 1)) - 1;
    return rank < n ? rank : n - 1;
}

static void
append_character (uint32_t number, tt_buffer *out)
{
    uint32_t point = 0x4E00 + number;
    uint8_t bytes[3] = { (uint8_t)(0xE0 | point >> 12), (uint8_t)(0x80 | (point >> 6 & 0x3F)), (uint8_t)(0x80 | (point & 0x3F)) };
    tt_buffer_append (out, bytes, sizeof bytes);
}

/* Syllables, so that patterns of beginnings and ends have something to find. */
static void
append_latin (uint32_t rank, tt_buffer *out)
{
    static const char *const syllables[] = { "la", "ser", "con",  "tro", "mi",  "cro", "po", "ly", "ther", "mo", "nan",
                                             "o",  "gra", "phen", "sen", "sor", "bat", "te", "ry", "comp", "os", "ite" };
    uint32_t count = sizeof syllables / sizeof *syllables;
    do {
        tt_buffer_text (out, syllables[rank % count]);
        rank /= count;
    } while (rank > 0);
}

void
generated_word (const generated_world *world, bool chinese, uint32_t rank, tt_buffer *out)
{
    if (!chinese) {
        append_latin (rank, out);
        return;
    }
    generated_source source = { .state = world->seed ^ (rank * UINT64_C (0xD6E8FEB86659FD93)) };
    uint32_t size = rank % 9 == 0 ? 1 : rank % 9 < 7 ? 2 : 3;
    for (uint32_t i = 0; i < size; i++)
        append_character (generated_zipf (&source, world->characters), out);
}

/* Words with sentences and, now and then, a new line. */
static char *
text_of (const generated_world *world, generated_source *source, tt_arena *arena, bool chinese, uint32_t words)
{
    tt_buffer out = { 0 };
    for (uint32_t i = 0; i < words; i++) {
        uint32_t end = generated_below (source, 12);
        generated_word (world, chinese, generated_zipf (source, world->words), &out);
        if (chinese)
            tt_buffer_text (&out, end == 0 ? "。" : end == 1 ? "," : "");
        else
            tt_buffer_text (&out, end == 0 ? ". " : end == 1 ? ", " : " ");
        if (end == 0 && generated_below (source, 4) == 0)
            tt_buffer_text (&out, "\n");
    }
    char *text = tt_arena_strndup (arena, (const char *)out.data, out.size);
    tt_buffer_free (&out);
    return text;
}

static char *
name_of (const generated_world *world, generated_source *source, tt_arena *arena)
{
    static const char *const forms[] = { " GmbH", " Inc.", "有限公司", "大学", " University", "" };
    bool chinese = generated_below (source, 2) == 0;
    char *name = text_of (world, source, arena, chinese, 1 + generated_below (source, 2));
    return tt_arena_printf (arena, "%s%s", name, PICK (source, forms));
}

static char **
list_of (const generated_world *world, generated_source *source, tt_arena *arena, bool chinese, size_t count)
{
    char **list = tt_arena_alloc (arena, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = text_of (world, source, arena, chinese, 1 + generated_below (source, 2));
    return list;
}

static void
fill_codes (ingest_record *r, generated_source *source, tt_arena *arena)
{
    static const char *const districts[] = { "haishu", "jiangbei", "yinzhou", "beilun", "zhenhai", "" };
    static const char *const stages[] = { "lab", "pilot", "mass-production", "" };
    static const char *const forms[] = { "new-product", "new-process", "software", "" };
    static const char *const industries[] = { "C39", "C35", "C26", "I65", "M73", "" };
    static const char *const categories[] = { "applied", "basic", "soft", "" };
    r->district = PICK (source, districts);
    r->stage = PICK (source, stages);
    r->form = PICK (source, forms);
    r->industry = PICK (source, industries);
    r->category = PICK (source, categories);
    r->n_specials = generated_below (source, 3);
    r->specials = tt_arena_alloc (arena, 3 * sizeof *r->specials);
    for (size_t i = 0; i < r->n_specials; i++)
        r->specials[i] = 1 + generated_below (source, 12);
    if (generated_below (source, 10) > 0)
        r->completed_date = tt_arena_printf (arena, "%u-%02u-%02u", 2000 + generated_below (source, 21),
                                             1 + generated_below (source, 12), 1 + generated_below (source, 28));
}

ingest_record *
generated_record (const generated_world *world, tt_arena *arena, uint64_t n, uint64_t revision)
{
    static const char *const sources[] = { "kjcg-zj", "nb-market", "univ-tto", "district-list" };
    generated_source source = { .state = world->seed ^ n * UINT64_C (0xA24BAED4963EE407) ^ revision << 56 };
    ingest_record *r = tt_arena_alloc (arena, sizeof *r);
    *r = (ingest_record)TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    bool chinese = generated_below (&source, 10) < 6;
    r->source = (char *)sources[n % 4];
    r->source_id = tt_arena_printf (arena, "G-%08llu", (unsigned long long)n);
    r->achievement_id = tt_arena_printf (arena, "a-%016llx", (unsigned long long)n);
    r->title = text_of (world, &source, arena, chinese, 3 + generated_below (&source, 6));
    if (chinese && generated_below (&source, 2) == 0)
        r->title_en = text_of (world, &source, arena, false, 3 + generated_below (&source, 6));
    r->abstract = text_of (world, &source, arena, chinese, world->length / 2 + generated_below (&source, world->length));
    r->n_keywords = generated_below (&source, 5);
    r->keywords = list_of (world, &source, arena, chinese, r->n_keywords);
    r->n_owners = 1 + generated_below (&source, 2);
    r->owners = tt_arena_alloc (arena, 2 * sizeof *r->owners);
    for (size_t i = 0; i < r->n_owners; i++)
        r->owners[i] = name_of (world, &source, arena);
    fill_codes (r, &source, arena);
    r->revision = revision;
    r->registered_unix_ms = 1500000000000 + (int64_t)(n % 997) * DAY_MS;
    return r;
}
