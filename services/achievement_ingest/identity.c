#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/text.h"
#include "classes.h"

#define NUMBER_MAX 32

void
ingest_achievement_id (const char *source, const char *source_id, char out[INGEST_ID_SIZE])
{
    tt_buffer text = { 0 };
    tt_buffer_append (&text, source, strlen (source) + 1);
    tt_buffer_append (&text, source_id, strlen (source_id));
    snprintf (out, INGEST_ID_SIZE, "a-%016" PRIx64, (uint64_t)XXH3_64bits (text.data, text.size));
    tt_buffer_free (&text);
}

/* NFKC folds case down; numbers are written in capitals. */
static char
capital (char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

const char *
ingest_normal_number (tt_arena *arena, const char *number)
{
    tt_buffer folded = { 0 };
    tt_text_normalise (tt_bytes_of_text (number), &folded);
    char *out = tt_arena_alloc (arena, folded.size + 1);
    size_t n = 0;
    bool valid = true;
    for (size_t i = 0; i < folded.size; i++) {
        char c = capital ((char)folded.data[i]);
        if (c == ' ')
            continue;
        valid = valid && ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-');
        out[n++] = c;
    }
    out[n] = '\0';
    tt_buffer_free (&folded);
    return valid && n <= NUMBER_MAX ? out : NULL;
}

bool
ingest_row_counts (const ingest_row *row)
{
    return row && row->achievement && !row->achievement->withdrawn && row->duplicate_of[0] == '\0';
}

static ingest_record
content_of (tt_arena *arena, const ingest_record *record)
{
    static const ingest_record none = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    ingest_record bare = *record;
    bare.achievement_id = none.achievement_id;
    bare.source_version = 0;
    bare.registered_unix_ms = 0;
    bare.revision = 0;
    bare.withdrawn = false;
    bare.provenance = NULL;
    ingest_classes_declared (arena, &bare);
    return bare;
}

bool
ingest_same_content (const ingest_record *a, const ingest_record *b)
{
    tt_arena *arena = tt_arena_new (0);
    ingest_record x = content_of (arena, a), y = content_of (arena, b);
    size_t size = protobuf_c_message_get_packed_size (&x.base);
    bool same = size == protobuf_c_message_get_packed_size (&y.base);
    if (same) {
        uint8_t *bytes = tt_alloc (2 * size + 1);
        protobuf_c_message_pack (&x.base, bytes);
        protobuf_c_message_pack (&y.base, bytes + size);
        same = memcmp (bytes, bytes + size, size) == 0;
        free (bytes);
    }
    tt_arena_destroy (&arena);
    return same;
}

static bool
same_record (const ingest_record *a, const ingest_record *b)
{
    return strcmp (a->source, b->source) == 0 && strcmp (a->source_id, b->source_id) == 0;
}

static bool
bears (const ingest_row *row, const char *number)
{
    return ingest_row_counts (row) && strcmp (row->achievement->registration_number, number) == 0;
}

ingest_claim_state
ingest_claim_judge (const ingest_record *claim, const ingest_row *holder, const ingest_record *me)
{
    if (!claim)
        return INGEST_CLAIM_FREE;
    if (same_record (claim, me))
        return INGEST_CLAIM_MINE;
    uint64_t reached = holder && holder->achievement ? holder->achievement->revision : 0;
    if (reached < claim->revision) /* its step to that revision may still come */
        return INGEST_CLAIM_HELD;
    return bears (holder, claim->registration_number) ? INGEST_CLAIM_HELD : INGEST_CLAIM_FREE;
}

bool
ingest_claim_needed (const ingest_record *claim, ingest_claim_state state, const ingest_row *mine)
{
    if (state != INGEST_CLAIM_MINE)
        return state == INGEST_CLAIM_FREE;
    uint64_t reached = mine && mine->achievement ? mine->achievement->revision : 0;
    return !bears (mine, claim->registration_number) && claim->revision != reached + 1;
}

ingest_sight
ingest_sight_of (const ingest_row *stored, const ingest_record *incoming)
{
    if (!stored || !stored->achievement)
        return INGEST_NEW;
    const ingest_record *old = stored->achievement;
    if (incoming->source_version != old->source_version)
        return incoming->source_version > old->source_version ? INGEST_NEWER : INGEST_OLDER;
    if (old->withdrawn)
        return INGEST_TOMBSTONE;
    if (ingest_same_content (old, incoming))
        return INGEST_SAME;
    return old->source_version == 0 ? INGEST_NEWER : INGEST_CONFLICT;
}

const char *
ingest_sight_refusal (ingest_sight sight)
{
    switch (sight) {
    case INGEST_OLDER:
        return "a higher version of this record is stored";
    case INGEST_CONFLICT:
        return "this version is stored with other content; a revision needs a higher version";
    case INGEST_TOMBSTONE:
        return "the record was withdrawn at this version; a higher version revives it";
    default:
        return NULL;
    }
}

static ingest_telling
telling_of (bool counted, bool counts)
{
    if (counts)
        return counted ? INGEST_TELL_REVISED : INGEST_TELL_REGISTERED;
    return counted ? INGEST_TELL_WITHDRAWN : INGEST_TELL_NOTHING;
}

ingest_decision
ingest_decide (ingest_sight sight, const ingest_row *stored, const ingest_record *incoming, const ingest_record *claim,
               ingest_claim_state state)
{
    bool numbered = incoming->registration_number[0] != '\0';
    bool counted = ingest_row_counts (stored);
    ingest_decision d = { .rung = sight == INGEST_NEW ? "" : "source_id" };
    if (sight == INGEST_SAME && counted) {
        d.outcome = TECHTRANSFER__ACHIEVEMENT__V1__INGEST_OUTCOME__UNCHANGED;
        return d;
    }
    if (numbered && ingest_claim_needed (claim, state, stored)) {
        d.again = true;
        return d;
    }
    d.duplicate = numbered && state == INGEST_CLAIM_HELD;
    d.write = sight != INGEST_SAME || !d.duplicate;
    d.telling = d.write ? telling_of (counted, !d.duplicate) : INGEST_TELL_NOTHING;
    if (d.duplicate) {
        d.outcome = TECHTRANSFER__ACHIEVEMENT__V1__INGEST_OUTCOME__DUPLICATE;
        d.rung = "registration_number";
    } else {
        d.outcome = counted ? TECHTRANSFER__ACHIEVEMENT__V1__INGEST_OUTCOME__REVISED
                            : TECHTRANSFER__ACHIEVEMENT__V1__INGEST_OUTCOME__REGISTERED;
    }
    return d;
}
