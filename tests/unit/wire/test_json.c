#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "patent.pb-c.h"
#include "sample.pb-c.h"
#include "wire/json.h"

#define Sample Techtransfer__Test__Sample
static const ProtobufCMessageDescriptor *const type = &techtransfer__test__sample__descriptor;

static Sample *
parse (const char *text)
{
    ProtobufCMessage *m = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_json_parse (type, tt_bytes_of_text (text), 0, NULL, &m, &error), TT_OK, "%s: %s", text, error.message);
    return (Sample *) m;
}

static void
drop (Sample *m)
{
    protobuf_c_message_free_unpacked (&m->base, NULL);
}

static void
expect_prints (const Sample *m, unsigned flags, const char *text)
{
    tt_buffer out = { 0 };
    cr_assert_eq (tt_json_print (&m->base, flags, &out, NULL), TT_OK);
    cr_expect_str_eq (tt_buffer_cstr (&out), text);
    tt_buffer_free (&out);
}

/* Read and written again it must be `expected`. */
static void
expect_again (const char *text, const char *expected)
{
    Sample *m = parse (text);
    expect_prints (m, 0, expected);
    drop (m);
}

static void
expect_refused (const char *text, const char *message)
{
    ProtobufCMessage *m = NULL;
    tt_error error = { 0 };
    cr_expect_eq (tt_json_parse (type, tt_bytes_of_text (text), 0, NULL, &m, &error), TT_INVALID_ARGUMENT, "%s", text);
    cr_expect_null (m);
    cr_expect (strstr (error.message, message), "%s: \"%s\" lacks \"%s\"", text, error.message, message);
}

Test (json, every_kind_of_field_in_its_canonical_form)
{
    static const char all[]
        = "{\"aInt32\":-2147483648,\"aSint32\":-1,\"aSfixed32\":7,\"aInt64\":\"-9223372036854775808\",\"aSint64\":\"-5\","
          "\"aSfixed64\":\"6\",\"aUint32\":4294967295,\"aFixed32\":8,\"aUint64\":\"18446744073709551615\",\"aFixed64\":\"10\","
          "\"aFloat\":0.5,\"aDouble\":-2.25,\"aBool\":true,\"aColour\":\"BLUE\",\"aString\":\"石墨烯\",\"aBytes\":\"AP8=\","
          "\"inner\":{\"aInt32\":1},\"numbers\":[1,0,-1],\"texts\":[\"\",\"b\"],\"blobs\":[\"AA==\",\"\"],\"items\":[{},{\"aBool\":true}],"
          "\"colours\":[\"RED\",\"COLOUR_UNSPECIFIED\",77],\"reals\":[\"NaN\",\"Infinity\",\"-Infinity\",1.5],"
          "\"choiceNumber\":\"0\",\"flags\":[true,false],\"wide\":[\"1\",\"2\"]}";
    expect_again (all, all);
}

Test (json, what_was_read_packs_and_unpacks_to_the_same)
{
    Sample *m = parse ("{\"inner\":{\"choice_message\":{\"a_string\":\"x\"}},\"reals\":[1.5,2],\"blobs\":[\"QUJD\"],\"choiceText\":\"\"}");
    size_t n = techtransfer__test__sample__get_packed_size (m);
    uint8_t *bytes = tt_alloc (n);
    techtransfer__test__sample__pack (m, bytes);
    Sample *back = techtransfer__test__sample__unpack (NULL, n, bytes);
    cr_assert_not_null (back);
    expect_prints (back, 0, "{\"inner\":{\"choiceMessage\":{\"aString\":\"x\"}},\"blobs\":[\"QUJD\"],\"reals\":[1.5,2.0],\"choiceText\":\"\"}");
    techtransfer__test__sample__free_unpacked (back, NULL);
    free (bytes);
    drop (m);
}

Test (json, both_spellings_of_names_and_numbers_are_taken)
{
    expect_again ("{\"a_int64\":5,\"aUint64\":\"7\",\"a_int32\":\"-3\",\"a_uint32\":2.0,\"a_double\":\"1e3\",\"a_colour\":1,\"a_bytes\":\"_-8\"}",
                  "{\"aInt32\":-3,\"aInt64\":\"5\",\"aUint32\":2,\"aUint64\":\"7\",\"aDouble\":1000.0,\"aColour\":\"RED\",\"aBytes\":\"/+8=\"}");
}

Test (json, null_is_the_default)
{
    expect_again ("{\"aInt32\":null,\"texts\":null,\"inner\":null,\"choiceText\":null,\"choiceNumber\":\"4\"}", "{\"choiceNumber\":\"4\"}");
}

Test (json, defaults_are_written_when_asked_for)
{
    Techtransfer__Patent__V1__DeleteWatchRequest m = TECHTRANSFER__PATENT__V1__DELETE_WATCH_REQUEST__INIT;
    expect_prints ((const Sample *) &m, TT_JSON_DEFAULTS, "{\"owner\":\"\",\"watchId\":\"\"}");
    expect_prints ((const Sample *) &m, 0, "{}");
}

Test (json, errors_name_the_path)
{
    ProtobufCMessage *m = NULL;
    tt_error error = { 0 };
    const char *text = "{\"documents\":[{},{},{},{\"publication\":{\"date\":5}}]}";
    cr_assert_eq (tt_json_parse (&techtransfer__patent__v1__submit_patents_request__descriptor, tt_bytes_of_text (text), 0, NULL, &m, &error),
                  TT_INVALID_ARGUMENT);
    cr_expect_str_eq (error.message, "documents[3].publication.date: expected a string, not an integer");
    expect_refused ("{\"nope\":1}", "nope: Sample has no such field");
    expect_refused ("{\"items\":[{\"inner\":{\"x\":1}}]}", "items[0].inner.x: ");
    expect_refused ("[]", "the message: expected an object, not an array");
    expect_refused ("{\"aInt32\":2147483648}", "a_int32: 2147483648 is outside -2147483648 to 2147483647");
    expect_refused ("{\"aUint32\":-1}", "a_uint32: -1 is outside");
    expect_refused ("{\"aUint64\":\"18446744073709551616\"}", "at most 64 bits");
    expect_refused ("{\"aInt64\":\"9223372036854775808\"}", "is outside");
    expect_refused ("{\"aInt64\":\"-9223372036854775809\"}", "is outside");
    expect_refused ("{\"aInt64\":\" 1\"}", "expected an integer");
    expect_refused ("{\"aInt64\":1.5}", "expected an integer");
    expect_refused ("{\"aInt64\":1e300}", "expected an integer");
    expect_refused ("{\"aBool\":1}", "true or false");
    expect_refused ("{\"aBool\":\"true\"}", "true or false");
    expect_refused ("{\"aFloat\":1e39}", "does not fit a float");
    expect_refused ("{\"aDouble\":\"nan\"}", "expected a number");
    expect_refused ("{\"aDouble\":\"\"}", "expected a number");
    expect_refused ("{\"aColour\":\"GREEN\"}", "\"GREEN\" is no Colour");
    expect_refused ("{\"aBytes\":\"*\"}", "not base64");
    expect_refused ("{\"aString\":\"a\\u0000b\"}", "NUL");
    expect_refused ("{\"texts\":\"x\"}", "texts: expected an array");
    expect_refused ("{\"texts\":[\"a\",null]}", "texts[1]: null");
    expect_refused ("{\"a_int32\":1,\"aInt32\":2}", "a_int32: given twice");
    expect_refused ("{\"choiceText\":\"a\",\"choiceBytes\":\"\"}", "oneof");
}

Test (json, half_read_messages_are_freed)
{
    expect_refused ("{\"items\":[{\"texts\":[\"a\",\"b\",3]}]}", "items[0].texts[2]");
    expect_refused ("{\"choiceMessage\":{\"aString\":\"x\",\"aInt32\":[]}}", "choice_message.a_int32");
    expect_refused ("{\"blobs\":[\"QUJD\",\"QUJD\",1]}", "blobs[2]");
    expect_refused ("{\"aString\":\"x\",\"aBytes\":\"QUJD\",\"zz\":0}", "zz");
}

Test (json, text_that_is_no_json_is_refused_with_its_place)
{
    expect_refused ("{\"aInt32\":\n 1,}", "line 2");
    expect_refused ("", "line 1");
    expect_refused ("{} x", "line 1");
    expect_refused ("{\"aInt32\":1,\"aInt32\":2}", "duplicate");
    expect_refused ("{\"aString\":\"\xC0\x80\"}", "unable to decode byte 0xc0");
    expect_refused ("{\"aUint64\":18446744073709551615}", "too big");
}

Test (json, unknown_fields_can_be_skipped_and_are_counted)
{
    ProtobufCMessage *m = NULL;
    size_t ignored = 0;
    const char *text = "{\"new\":{\"deep\":[1]},\"aColour\":\"GREEN\",\"aInt32\":4,\"inner\":{\"later\":null}}";
    cr_assert_eq (tt_json_parse (type, tt_bytes_of_text (text), TT_JSON_IGNORE_UNKNOWN, &ignored, &m, NULL), TT_OK);
    cr_expect_eq (ignored, 3);
    cr_expect_eq (((Sample *) m)->a_int32, 4);
    cr_expect_eq (((Sample *) m)->a_colour, 0);
    drop ((Sample *) m);
}

static char *
nested (int depth)
{
    tt_buffer text = { 0 };
    for (int i = 1; i < depth; i++)
        tt_buffer_text (&text, "{\"inner\":");
    tt_buffer_text (&text, "{}");
    for (int i = 1; i < depth; i++)
        tt_buffer_text (&text, "}");
    tt_buffer_cstr (&text);
    return (char *) text.data;
}

Test (json, nesting_is_bounded_both_ways)
{
    char *deepest = nested (TT_JSON_DEPTH_MAX), *deeper = nested (TT_JSON_DEPTH_MAX + 1);
    expect_again (deepest, deepest);
    expect_refused (deeper, "nested deeper than 64");
    Sample *m = parse (deepest), top = TECHTRANSFER__TEST__SAMPLE__INIT;
    json_t *json;
    top.inner = m;
    cr_expect_eq (tt_json_from_message (&top.base, 0, &json, NULL), TT_INVALID_ARGUMENT);
    cr_expect_null (json);
    drop (m);
    free (deepest);
    free (deeper);
}

Test (json, a_string_that_is_not_utf8_is_not_written)
{
    Sample inner = TECHTRANSFER__TEST__SAMPLE__INIT, top = TECHTRANSFER__TEST__SAMPLE__INIT, *items[] = { &inner };
    tt_error error = { 0 };
    json_t *json;
    inner.a_string = (char *) "ab\xFF";
    top.items = items;
    top.n_items = 1;
    cr_expect_eq (tt_json_from_message (&top.base, 0, &json, &error), TT_INVALID_ARGUMENT);
    cr_expect_str_eq (error.message, "items[0].a_string: not UTF-8 at byte 2");
}

/* Whatever is done to good text, the reader says yes or no, and a yes can be written again. */
Test (json, changed_text_never_breaks_the_reader)
{
    static const char good[] = "{\"aInt32\":-1,\"aUint64\":\"18446744073709551615\",\"aDouble\":1.5,\"aColour\":\"RED\",\"aString\":\"石\",\"aBytes\":\"AP8=\","
                               "\"items\":[{\"texts\":[\"a\",\"b\"]},{}],\"choiceText\":null,\"reals\":[\"NaN\",1],\"flags\":[true]}";
    static const char pieces[] = "{}[]\":,0123456789-+.eEnulltrueaAT\\/=";
    int taken = 0;
    srandom (5);
    for (int i = 0; i < 20000; i++) {
        char text[sizeof good];
        ProtobufCMessage *m = NULL;
        memcpy (text, good, sizeof good);
        for (long k = random () % 3; k >= 0; k--)
            text[random () % (long) (sizeof good - 1)] = random () % 4 ? pieces[random () % (long) (sizeof pieces - 1)] : (char) random ();
        tt_error error = { 0 };
        tt_status status = tt_json_parse (type, (tt_bytes){ (uint8_t *) text, sizeof good - 1 }, random () % 2 ? TT_JSON_IGNORE_UNKNOWN : 0, NULL, &m, &error);
        cr_assert (status == TT_OK ? m != NULL : status == TT_INVALID_ARGUMENT && m == NULL && error.message[0]);
        if (m) {
            tt_buffer out = { 0 };
            cr_assert_eq (tt_json_print (m, 0, &out, NULL), TT_OK);
            tt_buffer_free (&out);
            drop ((Sample *) m);
            taken++;
        }
    }
    cr_expect (taken > 100 && taken < 19900, "%d", taken);
}
