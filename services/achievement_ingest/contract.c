#include "contract.h"

#include <string.h>

#include "identity.h"

#define TITLE_MAX 512
#define NAME_MAX_CHARACTERS 256
#define NUMBER_TEXT_MAX 128
#define ACHIEVEMENTS_MAX 64
#define SOURCE_ID_MAX 128

typedef Techtransfer__Achievement__V1__ContractAchievement contract_achievement;
typedef Techtransfer__Achievement__V1__ContractParty contract_party;

bool
ingest_validate_contract_number (const char *number, tt_violations *v)
{
    if (!tt_check_text (v, "contract_number", number, 1, NUMBER_TEXT_MAX))
        return false;
    tt_arena *arena = tt_arena_new (1024);
    const char *normal = ingest_normal_number (arena, number);
    bool right = normal && normal[0] != '\0';
    if (!right)
        tt_violate (v, "contract_number", "expected 1 to 32 of A-Z 0-9 -");
    tt_arena_destroy (&arena);
    return right;
}

static void
check_party (tt_violations *v, const tt_catalog *catalog, const char *field, const contract_party *party)
{
    if (!party) {
        tt_violate (v, field, "required");
        return;
    }
    size_t mark = tt_violations_enter (v, "%s", field);
    tt_check_text (v, "name", party->name, 1, NAME_MAX_CHARACTERS);
    if (party->district[0] != '\0' && !tt_catalog_district_by_key (catalog, party->district))
        tt_violate (v, "district", "no such district");
    tt_violations_leave (v, mark);
}

static bool
is_achievement_id (const char *id)
{
    return strlen (id) == INGEST_ID_SIZE - 1 && strncmp (id, "a-", 2) == 0
           && strspn (id + 2, "0123456789abcdef") == INGEST_ID_SIZE - 3;
}

/* The id that an element names, however it does. */
static void
id_of (const contract_achievement *a, char out[INGEST_ID_SIZE])
{
    if (a->source[0] == '\0')
        memcpy (out, a->achievement_id, INGEST_ID_SIZE);
    else
        ingest_achievement_id (a->source, a->source_id, out);
}

static bool
check_achievement (tt_violations *v, const contract_achievement *a)
{
    if (a->source[0] == '\0' && a->source_id[0] == '\0') {
        if (!is_achievement_id (a->achievement_id))
            tt_violate (v, "achievement_id", "expected \"a-\" and 16 hexadecimal digits, or source and source_id");
        return is_achievement_id (a->achievement_id);
    }
    if (!tt_check_identifier (v, "source", a->source) || !tt_check_text (v, "source_id", a->source_id, 1, SOURCE_ID_MAX))
        return false;
    char id[INGEST_ID_SIZE];
    id_of (a, id);
    bool right = a->achievement_id[0] == '\0' || strcmp (a->achievement_id, id) == 0;
    if (!right)
        tt_violate (v, "achievement_id", "is not that of source and source_id");
    return right;
}

static void
check_achievements (tt_violations *v, const ingest_contract *c)
{
    char ids[ACHIEVEMENTS_MAX][INGEST_ID_SIZE];
    size_t known = 0;
    if (!tt_check_count (v, "achievements", c->n_achievements, 0, ACHIEVEMENTS_MAX))
        return;
    for (size_t i = 0; i < c->n_achievements; i++) {
        size_t mark = tt_violations_enter (v, "achievements[%zu]", i);
        if (check_achievement (v, c->achievements[i])) {
            id_of (c->achievements[i], ids[known]);
            for (size_t k = 0; k < known; k++)
                if (strcmp (ids[k], ids[known]) == 0)
                    tt_violate (v, NULL, "stands twice");
            known++;
        }
        tt_violations_leave (v, mark);
    }
}

void
ingest_validate_contract (const ingest_contract *c, const tt_catalog *catalog, tt_violations *v)
{
    ingest_validate_contract_number (c->contract_number, v);
    tt_check_enum (v, "type", &techtransfer__achievement__v1__contract_type__descriptor, (int)c->type, true);
    tt_check_text (v, "title", c->title, 1, TITLE_MAX);
    check_party (v, catalog, "buyer", c->buyer);
    check_party (v, catalog, "seller", c->seller);
    if (tt_check_money (v, "amount_fen", c->amount_fen, 0, INGEST_CONTRACT_MOST_FEN))
        tt_check_money (v, "technology_amount_fen", c->technology_amount_fen, 0, c->amount_fen);
    check_achievements (v, c);
    tt_check_date (v, "date", c->date, true);
    if (c->hightech_field[0] != '\0' && !tt_catalog_code (catalog, "hightech_field", c->hightech_field))
        tt_violate (v, "hightech_field", "no such code in the list hightech_field");
}

static void
forget_unknown (ProtobufCMessage *message)
{
    message->n_unknown_fields = 0;
    message->unknown_fields = NULL;
}

static contract_party *
party_copy (tt_arena *arena, const contract_party *in)
{
    contract_party *copy = tt_arena_alloc (arena, sizeof *copy);
    *copy = *in;
    forget_unknown (&copy->base);
    return copy;
}

static contract_achievement *
achievement_copy (tt_arena *arena, const contract_achievement *in)
{
    contract_achievement *copy = tt_arena_alloc (arena, sizeof *copy);
    char id[INGEST_ID_SIZE];
    *copy = *in;
    forget_unknown (&copy->base);
    id_of (in, id);
    copy->achievement_id = tt_arena_strndup (arena, id, strlen (id));
    return copy;
}

ingest_contract *
ingest_contract_normalised (tt_arena *arena, const ingest_contract *in)
{
    ingest_contract *c = tt_arena_alloc (arena, sizeof *c);
    *c = *in;
    forget_unknown (&c->base);
    c->contract_number = (char *)ingest_normal_number (arena, in->contract_number);
    c->buyer = party_copy (arena, in->buyer);
    c->seller = party_copy (arena, in->seller);
    c->achievements = tt_arena_alloc (arena, (in->n_achievements + 1) * sizeof *c->achievements);
    for (size_t i = 0; i < in->n_achievements; i++)
        c->achievements[i] = achievement_copy (arena, in->achievements[i]);
    c->revision = 0;
    c->registered_unix_ms = 0;
    c->cancelled = false;
    return c;
}

static tt_bytes
packed_content (const ingest_contract *contract, tt_buffer *out)
{
    ingest_contract bare = *contract;
    bare.revision = 0;
    bare.registered_unix_ms = 0;
    bare.cancelled = false;
    size_t size = protobuf_c_message_get_packed_size (&bare.base);
    out->size += protobuf_c_message_pack (&bare.base, tt_buffer_reserve (out, size + 1));
    return (tt_bytes){ out->data, out->size };
}

bool
ingest_same_contract (const ingest_contract *a, const ingest_contract *b)
{
    tt_buffer x = { 0 }, y = { 0 };
    bool same = tt_bytes_equal (packed_content (a, &x), packed_content (b, &y));
    tt_buffer_free (&x);
    tt_buffer_free (&y);
    return same;
}

static const ingest_contract_verdict write_it = { .step = INGEST_CONTRACT_WRITE };
static const ingest_contract_verdict unchanged = { .step = INGEST_CONTRACT_UNCHANGED };

static ingest_contract_verdict
refused (tt_status code, const char *reason)
{
    return (ingest_contract_verdict){ INGEST_CONTRACT_REFUSED, code, reason };
}

ingest_contract_verdict
ingest_judge_registration (const ingest_contract *stored, const ingest_contract *in)
{
    if (!stored)
        return write_it;
    if (stored->cancelled)
        return refused (TT_FAILED_PRECONDITION, "the contract was cancelled");
    return ingest_same_contract (stored, in) ? unchanged
                                             : refused (TT_ALREADY_EXISTS, "the contract number is registered with other content: correct it");
}

ingest_contract_verdict
ingest_judge_correction (const ingest_contract *stored, const ingest_contract *in, uint64_t revision)
{
    if (!stored)
        return refused (TT_NOT_FOUND, "no such contract");
    if (stored->cancelled)
        return refused (TT_FAILED_PRECONDITION, "the contract was cancelled");
    bool same = ingest_same_contract (stored, in);
    if (same && (revision == stored->revision || revision + 1 == stored->revision))
        return unchanged; /* nothing to correct, or this very correction has been made */
    return revision == stored->revision ? write_it : refused (TT_FAILED_PRECONDITION, "the contract is at another revision by now");
}

ingest_contract_verdict
ingest_judge_cancellation (const ingest_contract *stored, uint64_t revision)
{
    if (!stored)
        return refused (TT_NOT_FOUND, "no such contract");
    if (stored->cancelled)
        return unchanged;
    return revision == 0 || revision == stored->revision ? write_it
                                                         : refused (TT_FAILED_PRECONDITION, "the contract is at another revision by now");
}
