/* The standing-query index: what is filed where, changes that take effect at once, and no difference from brute force. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/percolator.h"
#include "unit/query/differential.h"
#include "unit/query/vocabulary.h"

TestSuite (percolator, .init = open_text);

static bool
put (tt_percolator *p, uint64_t id, const char *text)
{
    tt_error error = { 0 };
    bool scanned = false;
    cr_assert (tt_percolator_put (p, id, text, strlen (text), &scanned, &error) == TT_OK, "%s: %s", text, error.message);
    return scanned;
}

/* The answer as text: "1 5 7". */
static const char *
answer (tt_percolator *p, const tt_document *document)
{
    static char out[4096];
    const uint64_t *ids = NULL;
    size_t n = tt_percolator_match (p, document, &ids);
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && at < sizeof out - 24; i++)
        at += (size_t)snprintf (out + at, sizeof out - at, "%s%lu", i ? " " : "", (unsigned long)ids[i]);
    return out;
}

Test (percolator, answers_in_ascending_order_and_forgets_at_once)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    add_value (d, "ti", "氧化石墨烯薄膜 thin film");
    add_value (d, "ic", "H01F 1/053");
    put (p, 9, "ti=石墨烯");
    put (p, 3, "ic=H01F and ti=film");
    put (p, 5, "ti=film not ti=thin");
    put (p, UINT64_MAX, "ta any \"steel thin\"");
    cr_assert_str_eq (answer (p, d), "3 9 18446744073709551615");
    cr_assert (tt_percolator_remove (p, 9));
    cr_assert (!tt_percolator_remove (p, 9));
    cr_assert_str_eq (answer (p, d), "3 18446744073709551615");
    put (p, 3, "ti=steel");
    put (p, 5, "ti=\"thin film\"");
    cr_assert_str_eq (answer (p, d), "5 18446744073709551615");
    cr_assert (tt_percolator_count (p).queries == 3);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

Test (percolator, says_what_must_be_scanned)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    cr_assert (put (p, 1, "pd>=2015"));
    cr_assert (put (p, 2, "ti=steel or pd=2015"));
    cr_assert (put (p, 3, "ti=#a"));
    cr_assert (!put (p, 4, "ti=*phene"));
    cr_assert (!put (p, 5, "pd>=2015 and ti=steel"));
    cr_assert (!put (p, 6, "ti=graph*"));
    cr_assert (!put (p, 7, "pn=CN"));
    cr_assert (tt_percolator_count (p).scanned == 3);
    put (p, 2, "ti=steel");
    cr_assert (tt_percolator_remove (p, 1));
    cr_assert (tt_percolator_count (p).scanned == 1);
    tt_percolator_destroy (&p);
}

Test (percolator, keeps_the_old_query_when_the_new_one_is_refused)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    tt_error error = { 0 };
    add_value (d, "ti", "steel");
    put (p, 1, "ti=steel");
    cr_assert (tt_percolator_put (p, 1, "ti=(", 4, NULL, &error) == TT_INVALID_ARGUMENT);
    cr_assert_str_eq (answer (p, d), "1");
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* Filed under the rare word, once documents have shown which it is. */
Test (percolator, selects_by_rare_terms)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    for (uint64_t i = 0; i < 20; i++)
        put (p, i, "ti=electromagnetic and (ti=zinc or ti=tin)"); /* nothing is known yet: one long word looks rarer than two
                                                                     short ones */
    add_value (d, "ti", "electromagnetic field");
    for (int i = 0; i < 1000; i++)
        answer (p, d);
    uint64_t before = tt_percolator_count (p).candidates;
    for (int i = 0; i < 100; i++)
        answer (p, d);
    cr_assert (before >= 20 * 256);
    cr_assert (tt_percolator_count (p).candidates == before, "still filed under a term that is everywhere");
    put (p, 100, "ti=electromagnetic and (ti=manganese or ti=beryllium)"); /* by now it is known */
    answer (p, d);
    cr_assert (tt_percolator_count (p).candidates == before);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* A query is passed by unread where a second required term is missing. */
Test (percolator, looks_for_a_second_term_first)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    put (p, 1, "ti=electromagnetic and ti=zinc");
    put (p, 2, "ti=\"electromagnetic zinc\"");
    put (p, 3, "ti=electromagnetic prox ti=zinc");
    put (p, 4, "ti all \"zinc electromagnetic\" not ti=tin");
    put (p, 5, "ti=electromagnetic not ti=zinc");
    add_value (d, "ti", "electromagnetic tin");
    cr_assert_str_eq (answer (p, d), "5");
    cr_assert (tt_percolator_count (p).evaluated == 0);
    add_value (d, "ti", "zinc and electromagnetic zinc");
    cr_assert_str_eq (answer (p, d), "1 2 3");
    cr_assert (tt_percolator_count (p).evaluated == 2, "the phrase and prox alone are to be looked for");
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* Candidates and evaluations that one more document costs. */
static void
cost (tt_percolator *p, const tt_document *document, uint64_t *candidates, uint64_t *evaluated)
{
    tt_percolator_counts before = tt_percolator_count (p);
    answer (p, document);
    *candidates = tt_percolator_count (p).candidates - before.candidates;
    *evaluated = tt_percolator_count (p).evaluated - before.evaluated;
}

Test (percolator, finds_wildcards_and_prox_without_trying_all)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    char text[96];
    uint64_t candidates = 0;
    uint64_t evaluated = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        snprintf (text, sizeof text, "ti=*q%03lux", (unsigned long)i);
        cr_assert (!put (p, 4 * i, text));
        snprintf (text, sizeof text, "ab=v%03lu#y", (unsigned long)i);
        cr_assert (!put (p, 4 * i + 1, text));
        snprintf (text, sizeof text, "ti=u%03lu prox/distance<=2 ti=t%03lu", (unsigned long)i, (unsigned long)(i + 1) % 1000);
        cr_assert (!put (p, 4 * i + 2, text));
        snprintf (text, sizeof text, "pn=CN%03lu*", (unsigned long)i);
        cr_assert (!put (p, 4 * i + 3, text));
    }
    add_value (d, "ti", "abq007x u001 and t002, u009 t001");
    add_value (d, "ab", "v042zy");
    add_value (d, "pn", "CN5001A");
    cr_assert_str_eq (answer (p, d), "6 28 169 2003");
    cost (p, d, &candidates, &evaluated);
    cr_assert_leq (candidates, 12);
    cr_assert_eq (evaluated, 1);
    for (uint64_t i = 0; i < 4000; i++)
        cr_assert (tt_percolator_remove (p, i));
    cost (p, d, &candidates, &evaluated);
    cr_assert_eq (candidates, 0);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* The first 1024 have a bit each; the others are evaluated, and answer alike. */
Test (percolator, has_room_for_any_number_of_date_ranges)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    char text[96];
    const uint64_t *ids = NULL;
    for (uint64_t i = 0; i < 3000; i++) {
        snprintf (text, sizeof text, "ti=steel and pd>=%04lu", 1000 + (unsigned long)i);
        put (p, i, text);
    }
    add_value (d, "ti", "steel");
    add_value (d, "pd", "2015-06-30");
    cr_assert_eq (tt_percolator_match (p, d, &ids), 1016);
    cr_assert_eq (ids[1015], 1015);
    for (uint64_t i = 0; i < 1000; i++)
        cr_assert (tt_percolator_remove (p, i));
    cr_assert_eq (tt_percolator_match (p, d, &ids), 16);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* Three other keys decide: nothing is evaluated, whatever the operators between them. */
Test (percolator, settles_up_to_four_keys_unread)
{
    static const struct {
        const char *query;
        bool matches;
    } cases[] = { { "ti=a and ti=b and ti=c", true },
                  { "ti=a and (ti=x or ti=b) not ti=y", true },
                  { "ti=a not (ti=x or ti=c)", false },
                  { "(ti=a and ti=x) or (ti=b and ti=c)", true },
                  { "ti=a and ti=b not ti=c", false },
                  { "ti=a and pd within \"2014 2016\"", true },
                  { "ti=a not pd=2015", false },
                  { "(ti=a or ti=x or ti=y or ti=z or ti=w) and pd=2015", true },
                  { "cpc=H01F not ti=x", true },
                  { "ti=a and ti=bcd*", true } };
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    size_t n = sizeof cases / sizeof *cases;
    tt_buffer expected = { 0 };
    for (uint64_t i = 0; i < n; i++) {
        put (p, i, cases[i].query);
        if (cases[i].matches)
            tt_buffer_printf (&expected, "%s%lu", expected.size ? " " : "", (unsigned long)i);
    }
    add_value (d, "ti", "a b c bcdef");
    add_value (d, "cpc", "H01F1/053");
    add_value (d, "pd", "2015-06-30");
    cr_assert_str_eq (answer (p, d), tt_buffer_cstr (&expected));
    cr_assert_eq (tt_percolator_count (p).evaluated, 0);
    tt_buffer_free (&expected);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* Filed while nothing was known; then what is often asked for is taken to be common. */
Test (percolator, settles_by_what_is_often_asked_for)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    char text[64];
    uint64_t candidates = 0;
    uint64_t evaluated = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        snprintf (text, sizeof text, "ti=telecommunications and ti=z%lu", (unsigned long)i);
        put (p, i, text);
    }
    add_value (d, "ti", "telecommunications z7");
    tt_percolator_settle (p);
    cost (p, d, &candidates, &evaluated);
    cr_assert_leq (candidates, 3);
    cr_assert_str_eq (answer (p, d), "7");
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* More answers than are sorted by inserting, under numbers in no order. */
Test (percolator, sorts_many_answers)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    const uint64_t *ids = NULL;
    for (uint64_t i = 0; i < 5000; i++)
        put (p, (i * 7919 % 5000) << 40 | i, "ti=a or ti=b");
    add_value (d, "ti", "b a");
    cr_assert_eq (tt_percolator_match (p, d, &ids), 5000);
    for (size_t i = 1; i < 5000; i++)
        cr_assert (ids[i - 1] < ids[i]);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

Test (percolator, gives_memory_back_to_later_queries)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    char text[64];
    uint64_t peak = 0;
    for (int round = 0; round < 20; round++) {
        for (uint64_t i = 0; i < 2000; i++) {
            snprintf (text, sizeof text, "ti=w%dx%lu and ab=\"film y%lu\"", round, (unsigned long)i, (unsigned long)i);
            put (p, i, text);
        }
        for (uint64_t i = 0; i < 2000; i++)
            cr_assert (tt_percolator_remove (p, i));
        if (round == 1)
            peak = tt_percolator_count (p).bytes;
    }
    cr_assert (tt_percolator_count (p).queries == 0);
    cr_assert (tt_percolator_count (p).bytes <= peak + peak / 2, "%lu then %lu bytes", (unsigned long)peak,
               (unsigned long)tt_percolator_count (p).bytes);
    tt_percolator_destroy (&p);
}

Test (percolator, equals_brute_force, .timeout = 280)
{
    const char *seed = getenv ("TT_TEST_SEED");
    open_scheme ();
    differential_result r = differential_run (
        &(differential_options){ .seed = seed ? strtoull (seed, NULL, 0) : 20260101, .pairs = 1200000, .queries = 400, .changes = 3 });
    differential_print (&r);
    cr_expect (r.pairs >= 1200000);
    cr_expect (r.matched >= 100000);
    cr_expect (r.differences == 0);
    cr_expect_null (differential_uncovered (&r, 20), "%s", differential_uncovered (&r, 20));
}
