/* The checker against files that somebody changed: every change that matters is found, and bytes changed by chance do no harm. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "loan_match/round.h"
#include "unit/loan_match/sample.h"
#include "unit/loan_match/stability.h"
#include "verify/verify.h"
#include "wire/json.h"

#define TYPE (&techtransfer__finance__v1__certificate__descriptor)

/* A certificate of a random market that has some of everything. */
static tt_bytes
make (tt_arena *arena, uint64_t seed)
{
    match_snapshot s = random_snapshot (arena, &seed, 10, 30, 60);
    finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
    tt_bytes bytes;
    add_random_caps (arena, &seed, &s);
    round.market = (char *)"ningbo";
    round.round_id = (char *)"r";
    cr_assert_eq (match_round_run (&s, NULL, arena, &round, &bytes, NULL), TT_OK);
    return bytes;
}

static finance_certificate *
read_back (tt_bytes bytes)
{
    ProtobufCMessage *message = NULL;
    cr_assert_eq (verify_read (TYPE, bytes, &message, NULL), TT_OK);
    return (finance_certificate *)message;
}

/* The violation of a certificate, freed with it; static storage. */
static const char *
violation (finance_certificate *c)
{
    static char text[2048];
    verify_result result;
    verify_run (c, true, &result);
    snprintf (text, sizeof text, "%s", result.valid ? "" : tt_buffer_cstr (&result.violation));
    cr_assert (result.valid || *text);
    tt_buffer_free (&result.violation);
    protobuf_c_message_free_unpacked (&c->base, NULL);
    return text;
}

/* The hash of a snapshot that was changed, so that what comes after it is reached. */
static void
seal (finance_certificate *c)
{
    size_t size = protobuf_c_message_get_packed_size (&c->snapshot->base);
    uint8_t *bytes = tt_alloc (size + 1);
    protobuf_c_message_pack (&c->snapshot->base, bytes);
    tt_sha256_text ((tt_bytes){ bytes, size }, c->snapshot_hash);
    free (bytes);
}

/* *place becomes a message of its own that says what `other` says. */
static void
repeat (void *place, const ProtobufCMessage *other)
{
    ProtobufCMessage **at = place;
    size_t size = protobuf_c_message_get_packed_size (other);
    uint8_t *bytes = tt_alloc (size + 1);
    protobuf_c_message_pack (other, bytes);
    protobuf_c_message_free_unpacked (*at, NULL);
    *at = protobuf_c_message_unpack (other->descriptor, NULL, size, bytes);
    free (bytes);
}

static void
swap_texts (char **a, char **b)
{
    char *text = *a;
    *a = *b;
    *b = text;
}

static size_t
closing_of_kind (const finance_certificate *c, int kind)
{
    size_t i = 0;
    while (i < c->n_closings && (int)c->closings[i]->kind != kind)
        i++;
    cr_assert_lt (i, c->n_closings, "no closing of kind %d", kind);
    return i;
}

/* The first market from a seed on in which minimums were met in every way. */
static tt_bytes
make_with_closings (tt_arena *arena, uint64_t seed)
{
    for (;; seed++) {
        tt_bytes bytes = make (arena, seed);
        finance_certificate *c = read_back (bytes);
        unsigned kinds = 0;
        for (size_t i = 0; i < c->n_closings; i++)
            kinds |= 1U << c->closings[i]->kind;
        protobuf_c_message_free_unpacked (&c->base, NULL);
        if ((kinds & 0x1e) == 0x1e)
            return bytes;
    }
}

#define CAUGHT(change, expected)                                                                                                 \
    do {                                                                                                                         \
        finance_certificate *c = read_back (bytes);                                                                              \
        change;                                                                                                                  \
        const char *text = violation (c);                                                                                        \
        cr_assert_not_null (strstr (text, expected), #change ": \"%s\"", text);                                                  \
    } while (0)

Test (verify, finds_what_was_changed)
{
    tt_arena *arena = tt_arena_new (0);
    tt_bytes bytes = make_with_closings (arena, 81);
    cr_assert_str_eq (violation (read_back (bytes)), "");
    CAUGHT (c->format[0] = 'T', "the format is");
    CAUGHT (c->snapshot->format[0] = 'T', "no snapshot of format");
    CAUGHT (c->market[0] = 'x', "the snapshot is of market");
    CAUGHT (c->snapshot->applications[0]->score++, "the snapshot's hash is");
    CAUGHT (repeat (&c->snapshot->applications[1], &c->snapshot->applications[0]->base), "not in order behind the one before it");
    CAUGHT (c->snapshot->products[0]->ticket_min_fen = -1, "out of range");
    CAUGHT (c->snapshot->applications[0]->legs[0]->amount_fen = INT64_MAX, "out of range");
    CAUGHT (c->acceptable_pairs++, "pairs of a leg and a product are acceptable");
    CAUGHT (free (c->product_order[--c->n_product_order]), "product_order has");
    CAUGHT (swap_texts (&c->product_order[0], &c->product_order[1]), "where the prices put");
    CAUGHT (swap_texts (&c->rankings[0]->legs[0], &c->rankings[0]->legs[1]), "where the policy puts");
    CAUGHT (protobuf_c_message_free_unpacked (&c->rankings[--c->n_rankings]->base, NULL), "rankings");
    CAUGHT (c->allocations[0]->amount_fen += 1000000, "wants");
    CAUGHT (c->allocations[0]->amount_fen = 0, "0 fen of");
    CAUGHT (c->allocations[0]->amount_fen = 1, "is given");
    CAUGHT (repeat (&c->allocations[0], &c->allocations[1]->base), "a second time");
    CAUGHT (c->allocations[0]->product_id[0] = 'x', "no acceptable pair");
    CAUGHT (c->unmatched[0]->missing_fen++, "does not say so");
    CAUGHT (c->unmatched[0]->reason[0] = 'x', "is not the reason");
    CAUGHT (protobuf_c_message_free_unpacked (&c->unmatched[--c->n_unmatched]->base, NULL), "does not say so");
    CAUGHT (c->totals[0]->allocated_fen++, "totals[0] says");
    CAUGHT (protobuf_c_message_free_unpacked (&c->totals[--c->n_totals]->base, NULL), "totals");
    CAUGHT (c->closings[0]->given_fen = c->closings[0]->needed_fen, "is not below what was needed");
    CAUGHT (c->closings[0]->needed_fen++, "this is not the");
    CAUGHT (c->closings[closing_of_kind (c, FINANCE (CLOSING_KIND__CLOSE_TAIL))]->further++, "another number of products");
    CAUGHT (c->closings[closing_of_kind (c, FINANCE (CLOSING_KIND__CLOSE_CUT))]->capacity_fen = INT64_MAX, "is not cut to less");
    CAUGHT (c->closings[0]->application_id[0] = 'x', "there is no such leg");
    tt_arena_destroy (&arena);
}

/* A forger who knows the hash: with another limit the allocation does not fit any more. */
Test (verify, finds_a_forged_snapshot)
{
    tt_arena *arena = tt_arena_new (0);
    tt_bytes bytes = make (arena, 82);
    int caught = 0, tried = 0;
    for (size_t i = 0; i < 10; i++) {
        finance_certificate *c = read_back (bytes);
        c->snapshot->providers[i]->capacity_fen = c->snapshot->providers[i]->held_fen + 100;
        seal (c);
        tried++;
        caught += *violation (c) != '\0';
    }
    cr_assert_geq (caught, tried / 2, "%d of %d", caught, tried);
    CAUGHT ((c->snapshot->caps[0]->retired = true, seal (c)), "is retired");
    tt_arena_destroy (&arena);
}

Test (verify, reads_json_as_well)
{
    tt_arena *arena = tt_arena_new (0);
    finance_certificate *c = read_back (make (arena, 83));
    tt_buffer text = { 0 };
    cr_assert_eq (tt_json_print (&c->base, TT_JSON_INDENT, &text, NULL), TT_OK);
    protobuf_c_message_free_unpacked (&c->base, NULL);
    cr_assert_str_eq (violation (read_back ((tt_bytes){ text.data, text.size })), "");
    tt_buffer_free (&text);
    tt_arena_destroy (&arena);
}

Test (verify, what_is_neither_is_refused)
{
    ProtobufCMessage *message = NULL;
    tt_error error = { 0 };
    cr_assert_eq (verify_read (TYPE, TT_BYTES_NONE, &message, &error), TT_INVALID_ARGUMENT);
    cr_assert_eq (verify_read (TYPE, tt_bytes_of_text (" {\"a\": 1}"), &message, &error), TT_INVALID_ARGUMENT);
    cr_assert_eq (verify_read (TYPE, tt_bytes_of_text ("\xff\xff"), &message, &error), TT_INVALID_ARGUMENT);
    cr_assert_null (message);
}

/* Bytes changed by chance: always an answer. What they make of the snapshot goes to the allocator too, if it is in order, and
 * what that makes of it is right. */
Test (verify, chance_does_no_harm, .timeout = 600)
{
    tt_arena *arena = tt_arena_new (0);
    tt_bytes bytes = make (arena, 84);
    uint64_t seed = 85;
    int readable = 0, computed = 0;
    for (int n = 0; n < 2000; n++) {
        tt_bytes copy = tt_arena_copy (arena, bytes);
        ProtobufCMessage *message = NULL;
        tt_buffer wrong = { 0 };
        for (uint32_t k = 0; k <= random_next (&seed, 3); k++)
            ((uint8_t *)(uintptr_t)copy.data)[random_next (&seed, (uint32_t)copy.size)] = (uint8_t)random_next (&seed, 256);
        if (verify_read (TYPE, copy, &message, NULL) != TT_OK)
            continue;
        readable++;
        finance_certificate *c = (finance_certificate *)message;
        if (c->snapshot && verify_snapshot (c->snapshot, &wrong)) {
            finance_round round = TECHTRANSFER__FINANCE__V1__ROUND__INIT;
            match_snapshot s = match_snapshot_of (c->snapshot, arena);
            tt_bytes again;
            round.market = c->snapshot->market;
            round.round_id = (char *)"r";
            if (match_round_run (&s, NULL, arena, &round, &again, NULL) == TT_OK) {
                cr_assert_str_eq (violation (read_back (again)), "");
                computed++;
            }
        }
        tt_buffer_free (&wrong);
        violation (c);
    }
    printf ("chance: %d readable, %d computed\n", readable, computed);
    cr_assert_gt (computed, 100);
    tt_arena_destroy (&arena);
}
