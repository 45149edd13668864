#include "queries.h"

#include <string.h>

#include "base/text.h"

const char *const query_kind_names[KINDS]
    = { "word", "two_words", "phrase", "any_of_four", "filtered", "not", "prox", "pattern" };

/* Parts of a hundred. */
static const uint32_t parts[KINDS] = { 20, 22, 20, 10, 14, 5, 6, 3 };

/* Puts a word of a record's title or abstract; with `run`, that many tokens as they follow each other. */
static void
append_word (const ingest_record *r, generated_source *s, uint32_t run, tt_buffer *out)
{
    tt_tokens tokens = { 0 };
    const char *text = generated_below (s, 2) ? r->title : r->abstract;
    tt_text_tokenise (tt_bytes_of_text (text), &tokens);
    bool chinese = (uint8_t)text[0] >= 0x80;
    uint32_t want = run ? run : chinese ? 2 : 1;
    uint32_t from = generated_below (s, (uint32_t)tokens.count);
    tt_buffer_text (out, "\"");
    for (uint32_t i = 0; i < want && from + i < tokens.count; i++) {
        tt_bytes word = tt_token_text (&tokens, from + i);
        tt_buffer_printf (out, "%s%.*s", i && !chinese ? " " : "", (int)word.size, (const char *)word.data);
    }
    tt_buffer_text (out, "\"");
    tt_tokens_free (&tokens);
}

static void
append_joined (const ingest_record *r, generated_source *s, uint32_t count, const char *between, tt_buffer *out)
{
    for (uint32_t i = 0; i < count; i++) {
        tt_buffer_text (out, i ? between : "");
        append_word (r, s, 0, out);
    }
}

static void
append_pattern (const generated_world *world, generated_source *s, tt_buffer *out)
{
    tt_buffer word = { 0 };
    while (word.size < 6) {
        tt_buffer_clear (&word);
        generated_word (world, false, 1000 + generated_zipf (s, world->words), &word);
    }
    tt_buffer_printf (out, "%.*s*", (int)(word.size - 1), (const char *)word.data);
    tt_buffer_free (&word);
}

query_kind
make_query (const generated_world *world, tt_arena *arena, uint64_t records, uint64_t i, tt_buffer *out)
{
    static const char *const filters[]
        = { " and ind=C39", " and pd>=2015", " and di=yinzhou and st=pilot", " and pd within \"2010 2012\"" };
    generated_source s = { .state = world->seed * 31 + i };
    uint32_t at = generated_below (&s, 100), kind = 0;
    for (; at >= parts[kind]; kind++)
        at -= parts[kind];
    const ingest_record *r = generated_record (world, arena, generated_below (&s, (uint32_t)records), 1);
    tt_buffer_clear (out);
    switch (kind) {
    case KIND_TWO:
        append_joined (r, &s, 2, " and ", out);
        break;
    case KIND_PHRASE:
        append_word (r, &s, 3, out);
        break;
    case KIND_ANY:
        append_joined (r, &s, 4, " or ", out);
        break;
    case KIND_FILTER:
        append_word (r, &s, 0, out);
        tt_buffer_text (out, filters[generated_below (&s, 4)]);
        break;
    case KIND_NOT:
        append_joined (r, &s, 2, " not ", out);
        break;
    case KIND_PROX:
        tt_buffer_text (out, "ab=");
        append_word (r, &s, 0, out);
        tt_buffer_text (out, " prox/distance<=5 ab=");
        append_word (r, &s, 0, out);
        break;
    case KIND_PATTERN:
        append_pattern (world, &s, out);
        break;
    default:
        append_word (r, &s, 0, out);
    }
    return (query_kind)kind;
}
