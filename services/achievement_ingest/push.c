#include "push.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

void
ingest_push_id (const char *owner, const char *demand_id, const char *achievement_id, char out[INGEST_PUSH_ID_SIZE])
{
    tt_buffer text = { 0 };
    tt_buffer_append (&text, owner, strlen (owner) + 1);
    tt_buffer_append (&text, demand_id, strlen (demand_id) + 1);
    tt_buffer_append (&text, achievement_id, strlen (achievement_id));
    XXH128_hash_t hash = XXH3_128bits (text.data, text.size);
    tt_buffer_free (&text);
    snprintf (out, INGEST_PUSH_ID_SIZE, "p-%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64, (uint64_t)hash.low64);
}

const char *
ingest_push_reason (tt_arena *arena, bool by_query, char *const *terms, size_t count)
{
    tt_buffer text = { 0 };
    tt_buffer_text (&text, by_query ? "query matched" : "words in common");
    for (size_t i = 0; i < count; i++)
        tt_buffer_printf (&text, "%s %s", i == 0 ? ":" : ",", terms[i]);
    const char *out = tt_arena_strndup (arena, tt_buffer_cstr (&text), text.size);
    tt_buffer_free (&text);
    return out;
}

bool
ingest_answer_allowed (ingest_answer from, ingest_answer to)
{
    static const bool allowed[4][4] = {
        /* from \ to      none   interested  not relevant  contracted */
        /* none */ { true, true, true, true },
        /* interested */ { false, true, true, true },
        /* not relevant */ { false, true, true, true },
        /* contracted */ { false, false, false, true },
    };
    return (unsigned)from < 4 && (unsigned)to < 4 && allowed[from][to];
}
