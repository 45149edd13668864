#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sample.pb-c.h"
#include "wire/footprint.h"
#include "wire/validate.h"

#define Sample Techtransfer__Test__Sample
#define SAMPLE_INIT TECHTRANSFER__TEST__SAMPLE__INIT

static void
expect_item (const tt_violations *v, size_t i, const char *text)
{
    tt_buffer out = { 0 };
    cr_assert_lt (i, v->count);
    tt_violations_text (v, i, &out);
    cr_expect_str_eq (tt_buffer_cstr (&out), text);
    tt_buffer_free (&out);
}

Test (validate, paths_follow_enter_and_leave)
{
    tt_violations v = { 0 };
    tt_violate (&v, "limit", "too %s", "large");
    size_t outer = tt_violations_enter (&v, "documents[%d]", 3);
    size_t inner = tt_violations_enter (&v, "publication");
    tt_violate (&v, "date", "required");
    tt_violations_leave (&v, inner);
    tt_violate (&v, NULL, "refused");
    tt_violations_leave (&v, outer);
    expect_item (&v, 0, "limit: too large");
    expect_item (&v, 1, "documents[3].publication.date: required");
    expect_item (&v, 2, "documents[3]: refused");
    tt_violations_free (&v);
}

Test (validate, the_collector_is_bounded_and_counts_on)
{
    tt_violations v = { 0 };
    tt_field_violation room[TT_VIOLATIONS_MAX];
    for (int i = 0; i < 100; i++)
        tt_violate (&v, "x", "%d", i);
    cr_expect_eq (v.count, TT_VIOLATIONS_MAX);
    cr_expect_eq (v.total, 100);
    cr_expect_eq (tt_violations_view (&v, room, 3), 3);
    cr_expect (tt_bytes_equal (room[2].reason, tt_bytes_of_text ("2")));
    tt_violations_clear (&v);
    cr_expect_eq (v.total, 0);
    tt_violations_free (&v);
}

Test (validate, a_reason_is_utf8_whatever_it_quotes)
{
    tt_violations v = { 0 };
    tt_violate (&v, "x", "got \xFFz\xC3");
    expect_item (&v, 0, "x: got ?z?");
    tt_violations_free (&v);
}

Test (validate, identifiers)
{
    tt_violations v = { 0 };
    char longest[66] = { 0 };
    memset (longest, 'a', 64);
    cr_expect (tt_check_identifier (&v, "id", "a-z_0.9"));
    cr_expect (tt_check_identifier (&v, "id", longest));
    longest[64] = 'a';
    cr_expect_not (tt_check_identifier (&v, "id", longest));
    cr_expect_not (tt_check_identifier (&v, "id", ""));
    cr_expect_not (tt_check_identifier (&v, "id", NULL));
    cr_expect_not (tt_check_identifier (&v, "id", "Ab"));
    cr_expect_not (tt_check_identifier (&v, "id", "a/b"));
    cr_expect_not (tt_check_identifier (&v, "id", "硅"));
    cr_expect_eq (v.total, 6);
    tt_violations_free (&v);
}

Test (validate, text_is_measured_in_code_points)
{
    tt_violations v = { 0 };
    cr_expect (tt_check_text (&v, "t", "石墨烯", 1, 3));
    cr_expect_not (tt_check_text (&v, "t", "石墨烯", 1, 2));
    cr_expect_not (tt_check_text (&v, "t", "", 1, 2));
    cr_expect (tt_check_text (&v, "t", NULL, 0, 2));
    expect_item (&v, 0, "t: 3 characters, at most 2 are allowed");
    expect_item (&v, 1, "t: required");
    tt_violations_free (&v);
}

Test (validate, dates_decimals_money_and_counts)
{
    tt_violations v = { 0 };
    cr_expect (tt_check_date (&v, "d", "2020-02-29", true));
    cr_expect (tt_check_date (&v, "d", "", false));
    cr_expect_not (tt_check_date (&v, "d", "2019-02-29", true));
    cr_expect_not (tt_check_date (&v, "d", "", true));
    cr_expect (tt_check_decimal (&v, "r", "4.35", true));
    cr_expect_not (tt_check_decimal (&v, "r", "4,35", false));
    cr_expect (tt_check_money (&v, "m", TT_MONEY_MAX, 0, TT_MONEY_MAX));
    cr_expect_not (tt_check_money (&v, "m", -1, 0, TT_MONEY_MAX));
    cr_expect_not (tt_check_money (&v, "m", TT_MONEY_MAX + 1, 0, TT_MONEY_MAX));
    cr_expect_not (tt_check_count (&v, "c", 0, 1, 512));
    cr_expect (tt_check_range (&v, "n", 13, 1, 13));
    cr_expect_not (tt_check_range (&v, "n", 14, 1, 13));
    cr_expect (tt_check_bytes (&v, "b", 16, 16, 16));
    cr_expect_not (tt_check_bytes (&v, "b", 15, 16, 16));
    cr_expect_eq (v.total, 8);
    expect_item (&v, 0, "d: \"2019-02-29\" is not a date \"YYYY-MM-DD\"");
    tt_violations_free (&v);
}

Test (validate, enums)
{
    tt_violations v = { 0 };
    const ProtobufCEnumDescriptor *colour = &techtransfer__test__colour__descriptor;
    cr_expect (tt_check_enum (&v, "e", colour, 1, true));
    cr_expect (tt_check_enum (&v, "e", colour, 0, false));
    cr_expect_not (tt_check_enum (&v, "e", colour, 0, true));
    cr_expect_not (tt_check_enum (&v, "e", colour, 9, false));
    expect_item (&v, 1, "e: 9 is no Colour");
    tt_violations_free (&v);
}

Test (validate, utf8_of_all_strings_with_their_paths)
{
    tt_violations v = { 0 };
    Sample bad = SAMPLE_INIT, chosen = SAMPLE_INIT, top = SAMPLE_INIT;
    Sample *items[] = { &chosen, &bad };
    char *texts[] = { (char *) "good", (char *) "b\xE7" };
    bad.a_string = (char *) "\xC0\x80";
    chosen.choice_case = TECHTRANSFER__TEST__SAMPLE__CHOICE_CHOICE_NUMBER;
    chosen.choice_number = 1; /* shares its place with a string pointer, which must not be followed */
    top.items = items;
    top.n_items = 2;
    top.texts = texts;
    top.n_texts = 2;
    top.inner = &chosen;
    cr_expect_not (tt_validate_utf8 (&top.base, &v));
    cr_expect_eq (v.total, 2);
    expect_item (&v, 0, "texts[1]: not UTF-8 at byte 1");
    expect_item (&v, 1, "items[1].a_string: not UTF-8 at byte 0");
    tt_violations_clear (&v);
    bad.a_string = (char *) "石墨烯";
    top.n_texts = 1;
    cr_expect (tt_validate_utf8 (&top.base, &v));
    tt_violations_free (&v);
}

Test (validate, nesting_is_bounded)
{
    enum { N = 80 };
    static Sample chain[N];
    tt_violations v = { 0 };
    for (int i = 0; i < N; i++)
        techtransfer__test__sample__init (&chain[i]);
    for (int i = 0; i + 1 < N; i++)
        chain[i].inner = &chain[i + 1];
    cr_expect_not (tt_validate_utf8 (&chain[0].base, &v));
    cr_expect_eq (v.total, 1);
    cr_expect (tt_validate_utf8 (&chain[N - 60].base, &v));
    tt_violations_free (&v);
}

static bool
no_nul (const char *bytes, size_t size, tt_violations *v)
{
    return tt_validate_no_nul (&techtransfer__test__sample__descriptor, (tt_bytes){ (const uint8_t *) bytes, size }, v);
}

/* Unpacked, such text ends at its NUL, and nobody can tell. */
Test (validate, nul_in_text_is_found_in_packed_bytes)
{
    tt_violations v = { 0 };
    cr_expect (no_nul ("", 0, &v));
    cr_expect (no_nul ("\x7a\x02" "ab\x82\x01\x02" "a\0", 9, &v), "in a field of bytes it may stand");
    cr_expect (no_nul ("\x08\x00\x7a\x02" "ab", 6, &v), "a number of 0 is no text");
    cr_expect (no_nul ("\xfa\x3f\x01\0", 4, &v), "a field that is not known is skipped");
    cr_expect_eq (v.total, 0);
    cr_expect_not (no_nul ("\x7a\x03" "a\0b", 5, &v));
    expect_item (&v, 0, "a_string: text must not hold a NUL");
    tt_violations_clear (&v);
    /* texts[1]; items[1].inner.texts[0]; choice_text */
    cr_expect_not (no_nul ("\x9a\x01\x01" "a" "\x9a\x01\x01\0" "\xaa\x01\x00" "\xaa\x01\x07\x8a\x01\x04\x9a\x01\x01\0" "\xc2\x01\x02" "a\0", 26, &v));
    cr_assert_eq (v.total, 3);
    expect_item (&v, 0, "texts[1]: text must not hold a NUL");
    expect_item (&v, 1, "items[1].inner.texts[0]: text must not hold a NUL");
    expect_item (&v, 2, "choice_text: text must not hold a NUL");
    tt_violations_clear (&v);
    cr_expect (no_nul ("\x9a\x01\x7f\0", 4, &v), "what cannot be read is left to unpacking");
    tt_violations_free (&v);
}

/* The index of each violation was once counted from the start again: minutes for a frame of this size. */
Test (validate, nuls_in_very_many_fields_cost_no_square, .timeout = 20)
{
    tt_buffer packed = { 0 };
    tt_violations v = { 0 };
    for (int i = 0; i < 500000; i++)
        tt_buffer_append (&packed, "\x9a\x01\x01\0", 4);
    cr_expect_not (no_nul ((const char *)packed.data, packed.size, &v));
    cr_expect_eq (v.total, 500000);
    expect_item (&v, 3, "texts[3]: text must not hold a NUL");
    tt_violations_free (&v);
    tt_buffer_free (&packed);
}

Test (validate, footprint_of_empty_items_is_seen_before_they_are_made)
{
    const ProtobufCMessageDescriptor *type = &techtransfer__test__sample__descriptor;
    tt_buffer packed = { 0 };
    for (int i = 0; i < 1000; i++)
        tt_buffer_append (&packed, "\xaa\x01\x00", 3);
    tt_bytes bytes = { packed.data, packed.size };
    cr_expect_geq (tt_wire_footprint (type, bytes), 1001 * sizeof (Sample));
    cr_expect_eq (tt_wire_count (bytes, 21), 1000);
    cr_expect_eq (tt_wire_count (bytes, 20), 0);
    tt_buffer_clear (&packed);
    for (int i = 0; i < 70; i++) {
        tt_buffer outer = { 0 };
        tt_buffer_append (&outer, "\x8a\x01", 2);
        size_t n = packed.size;
        for (; n >= 0x80; n >>= 7)
            tt_buffer_append (&outer, &(uint8_t){ (uint8_t)(n | 0x80) }, 1);
        tt_buffer_append (&outer, &(uint8_t){ (uint8_t)n }, 1);
        tt_buffer_append (&outer, packed.data, packed.size);
        tt_buffer_free (&packed);
        packed = outer;
    }
    cr_expect_eq (tt_wire_footprint (type, (tt_bytes){ packed.data, packed.size }), SIZE_MAX);
    tt_buffer_free (&packed);
}
