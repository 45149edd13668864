/* Column maps: what they make of a record, what is refused and where. */
#include <achievement.pb-c.h>
#include <criterion/criterion.h>
#include <finance.pb-c.h>
#include <string.h>

#include "import/import.h"
#include "import/map.h"

#define ACHIEVEMENT &techtransfer__achievement__v1__achievement__descriptor
#define APPLICATION &techtransfer__finance__v1__application__descriptor

static void
expect_map (const char *text, const ProtobufCMessageDescriptor *type, const char *record, const char *expected,
            const char *expected_notes)
{
    tt_map *map;
    tt_error error = { 0 };
    tt_buffer notes = { 0 };
    json_t *in = json_loads (record, 0, NULL), *out = NULL, *wanted = json_loads (expected, 0, NULL);
    cr_assert_eq (tt_map_parse ("m", text, type, &map, &error), TT_OK, "%s", error.message);
    cr_assert_eq (tt_map_apply (map, in, &out, &notes, &error), TT_OK, "%s", error.message);
    char *shown = json_dumps (out, 0);
    cr_expect (json_equal (out, wanted), "%s", shown);
    cr_expect_str_eq (tt_buffer_cstr (&notes), expected_notes);
    free (shown);
    json_decref (in);
    json_decref (out);
    json_decref (wanted);
    tt_buffer_free (&notes);
    tt_map_free (&map);
}

Test (map, functions)
{
    expect_map ("# a comment\n\n@when id\nsource = \"nasa-\" + key(set)\nsource_id = id\ntitle = cut(title, 3)\nkeywords = "
                "split(kw, \";\")\n"
                "keywords = category\nabstract = a + \"\\n\" + b\nprice_fen = fen([price, yuan])\ncompleted_date = "
                "date(done)\nstage = lower(missing)\n",
                ACHIEVEMENT,
                "{\"id\": 17, \"set\": \"Patent Issued\", \"title\": \"石墨烯膜\", \"kw\": \" a;b ;; c\", \"category\": [\"x\", "
                "\"y\"], \"b\": \"two\","
                " \"price, yuan\": \"1,250.50\", \"done\": \"2019年3月1日\"}",
                "{\"source\": \"nasa-patent-issued\", \"source_id\": \"17\", \"title\": \"石墨烯\", \"keywords\": [\"a\", \"b\", "
                "\"c\", \"x\", \"y\"],"
                " \"abstract\": \"\\ntwo\", \"price_fen\": \"125050\", \"completed_date\": \"2019-03-01\"}",
                "title: cut to 3 characters\n");
}

Test (map, targets_inside_messages)
{
    expect_map ("market = \"ningbo\"\nlegs[0].leg = \"EQUITY\"\nlegs[0].amount_fen = wan(e)\nlegs[1].leg = "
                "\"LOAN\"\nlegs[1].amount_fen = fen(l)\n",
                APPLICATION, "{\"e\": \"3.5\", \"l\": \"10\"}",
                "{\"market\": \"ningbo\", \"legs\": [{\"leg\": \"EQUITY\", \"amount_fen\": \"3500000\"}, {\"leg\": \"LOAN\", "
                "\"amount_fen\": \"1000\"}]}",
                "");
}

static void
refused (const char *text, const char *reason)
{
    tt_map *map;
    tt_error error = { 0 };
    cr_expect_eq (tt_map_parse ("m", text, APPLICATION, &map, &error), TT_INVALID_ARGUMENT, "%s", text);
    cr_expect_str_eq (error.message, reason);
    cr_expect_null (map);
}

Test (map, refused_with_the_line)
{
    refused ("", "m: holds no \"target = expression\"");
    refused ("\nwhat is this", "m:2: \"target = expression\" is expected");
    refused ("markt = a", "m:1: there is no field \"markt\" in Application");
    refused ("legs = a", "m:1: a field inside it must be named: legs");
    refused ("legs.leg = a", "m:1: it is a list, an index is wanted, as in [0]: legs");
    refused ("market[0] = a", "m:1: it is no list: market");
    refused ("market.x = a", "m:1: it has no fields inside: market");
    refused ("legs[99].leg = a", "m:1: no field can be called so: legs[99].leg");
    refused ("market = ", "m:1: market: column 1: a column, a \"constant\" or a function is expected");
    refused ("market = \"a", "m:1: market: column 4: a constant without its closing quote");
    refused ("market = upper(a)", "m:1: market: column 8: no function is called \"upper\"");
    refused ("market = cut(a)", "m:1: market: column 7: a second argument is expected");
    refused ("market = a b", "m:1: market: column 4: \"+\" or the end of the line is expected");
    refused ("@if a", "m:1: no directive is called @if");
}

Test (map, values_that_do_not_suit)
{
    tt_map *map;
    tt_error error = { 0 };
    tt_buffer notes = { 0 };
    json_t *record = json_pack ("{s:s, s:[s,s]}", "money", "much", "list", "a", "b"), *out;
    cr_assert_eq (tt_map_parse ("m", "legs[0].amount_fen = fen(money)", APPLICATION, &map, &error), TT_OK);
    cr_expect_eq (tt_map_apply (map, record, &out, &notes, &error), TT_INVALID_ARGUMENT);
    cr_expect_str_eq (error.message, "legs[0].amount_fen: \"much\" is no amount of money in whole fen");
    tt_map_free (&map);
    cr_assert_eq (tt_map_parse ("m", "market = list", APPLICATION, &map, &error), TT_OK);
    cr_expect_eq (tt_map_apply (map, record, &out, &notes, &error), TT_INVALID_ARGUMENT);
    cr_expect_str_eq (error.message, "market: one value is expected, the record gives a list");
    tt_map_free (&map);
    json_decref (record);
    tt_buffer_free (&notes);
}

Test (map, every_built_in_map_parses)
{
    const char *name, *text;
    char kind[32];
    size_t n = 0;
    for (; tt_map_builtin (n, &name, &text); n++) {
        tt_map *map;
        tt_error error = { 0 };
        tt_map_kind (text, kind);
        int k = 0;
        while (k < TT_IMPORT_KIND_COUNT && strcmp (tt_import_kind_name ((tt_import_kind)k), kind) != 0)
            k++;
        cr_assert_lt (k, TT_IMPORT_KIND_COUNT, "%s: no kind is called \"%s\"", name, kind);
        const ProtobufCMessageDescriptor *type = k == TT_IMPORT_PATENTS ? NULL : tt_import_kind_type ((tt_import_kind)k);
        cr_expect_eq (tt_map_parse (name, text, type, &map, &error), TT_OK, "%s", error.message);
        tt_map_free (&map);
    }
    cr_expect_geq (n, 6);
}

/* Which built-in map a record gets was once decided by what a map excludes: NASA's records were read as paper titles. */
static void
expect_builtin (const char *record_text, const char *expected)
{
    json_t *record = json_loads (record_text, 0, NULL);
    const char *name, *text, *best = "none";
    size_t most = 0;
    for (size_t i = 0; tt_map_builtin (i, &name, &text); i++) {
        tt_map *map = NULL;
        tt_error error = { 0 };
        char kind[32];
        tt_map_kind (text, kind);
        if (strcmp (kind, "achievements") != 0)
            continue;
        cr_assert_eq (tt_map_parse (name, text, ACHIEVEMENT, &map, &error), TT_OK, "%s", error.message);
        size_t fits = tt_map_fits (map, record);
        cr_expect (fits == 0 || fits != most, "%s fits as well as %s", name, best);
        if (fits > most) {
            most = fits;
            best = name;
        }
        tt_map_free (&map);
    }
    cr_expect_str_eq (best, expected);
    json_decref (record);
}

Test (map, the_builtin_map_that_says_most_of_a_record)
{
    expect_builtin ("{\"id\": \"6\", \"case_number\": \"X-1\", \"set\": \"patent\", \"title\": \"t\", \"abstract\": \"a\", \"category\": \"c\", "
                    "\"center\": \"ARC\"}",
                    "nasa_t2");
    expect_builtin ("{\"title\": \"t\", \"category\": \"c\"}", "csl_titles");
    expect_builtin ("{\"title\": \"t\", \"abstract\": \"a\", \"keywords\": [], \"discipline\": \"d\", \"category\": \"c\"}", "csl_papers");
    expect_builtin ("{\"source\": \"s\", \"title\": \"t\", \"category\": \"Y\"}", "none");
}

Test (map, a_lookup_takes_whole_entries_and_refuses_what_has_none)
{
    expect_map ("market = lookup(a + \"|\" + b, \"x|y=one;x|yy=two\")\nindustry = lookup(c, \"p=q;*=*\")\n", APPLICATION,
                "{\"a\": \"x\", \"b\": \"yy\", \"c\": \"else\"}", "{\"market\": \"two\", \"industry\": \"else\"}", "");
    tt_map *map;
    tt_error error = { 0 };
    tt_buffer notes = { 0 };
    json_t *out = NULL, *in = json_loads ("{\"a\": \"x\"}", 0, NULL);
    cr_assert_eq (tt_map_parse ("m", "market = lookup(a, \"xx=one;x\")", APPLICATION, &map, &error), TT_OK, "%s", error.message);
    cr_expect_eq (tt_map_apply (map, in, &out, &notes, &error), TT_INVALID_ARGUMENT);
    cr_expect_str_eq (error.message, "market: the map has no entry for \"x\"");
    json_decref (in);
    tt_buffer_free (&notes);
    tt_map_free (&map);
}
