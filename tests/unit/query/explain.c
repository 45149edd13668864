/* How a query is explained: the outline of its tree, estimates, what the index files it under, and portfolios by owner. */
#include "query/explain.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "query/percolator.h"
#include "unit/query/vocabulary.h"

TestSuite (explain, .init = open_text);

static tt_cql *
parsed (const char *text)
{
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    cr_assert (tt_cql_parse (tt_schema_patent (), text, strlen (text), &cql, &error) == TT_OK, "%s: %s", text, error.message);
    return cql;
}

/* One line for each step: depth, clause or operation, index, what is looked for, why. */
static const char *
outlined (const char *query)
{
    static tt_buffer out;
    tt_cql *cql = parsed (query);
    tt_cql_outline *outline = tt_cql_outline_new (cql);
    const tt_cql_step *s;
    tt_buffer_clear (&out);
    for (size_t i = 0; (s = tt_cql_outline_step (outline, i)); i++)
        tt_buffer_printf (&out, "%zu %s|%s|%s|%s%s\n", s->depth, *s->clause ? s->clause : s->operation, s->index, s->looked_for,
                          s->inferred, s->extension ? "|extension" : "");
    tt_cql_outline_destroy (&outline);
    tt_cql_free (&cql);
    return tt_buffer_cstr (&out);
}

Test (explain, outline_of_a_tree)
{
    cr_expect_str_eq (outlined ("TI=Thin-Film and (smith or CN) not own=magnets"), "0 not|||\n"
                                                                                   "1 and|||\n"
                                                                                   "2 ti=Thin-Film|ti|[thin film]|\n"
                                                                                   "2 or|||\n"
                                                                                   "3 smith|ia|[smith]|letters only\n"
                                                                                   "3 CN|pn|CN|the code of a country\n"
                                                                                   "1 own=magnets|own|magnets||extension\n");
    cr_expect_str_eq (outlined ("ab=a prox/distance<3/unit=sentence ab=b*cd"),
                      "0 prox/distance<3/unit=sentence|||\n1 ab=a|ab|[a]|\n1 ab=b*cd|ab|[b*cd]|\n");
    cr_expect_str_eq (outlined ("pa=\"Apple Inc\""), "0 pa=\"Apple Inc\"|pa|[apple inc] or the whole value [apple]|\n");
    cr_expect_str_eq (outlined ("pd>=201607"), "0 pd>=201607|pd|2016-07-01 to any day|\n");
    cr_expect_str_eq (outlined ("pd>9999"), "0 pd>9999|pd|the day after 9999-12-31 to any day|\n");
    cr_expect_str_eq (outlined ("2016"), "0 2016|pd|2016-01-01 to 2016-12-31|a date\n");
    cr_expect_str_eq (outlined ("H01F1/053"),
                      "0 H01F1/053|class|H01F1/053 and what begins with it|the pattern of a class symbol|extension\n");
    cr_expect_str_eq (outlined ("CN111504366B"), "0 CN111504366B|num|CN111504366B|the pattern of a number\n");
    cr_expect_str_eq (outlined ("5g"), "0 5g|txt|[5g]|none of country, date, class, number, letters: text\n");
    cr_expect_str_eq (outlined ("ic any /high \"H01 H01F\""),
                      "0 ic any /high \"H01 H01F\"|ic|H01 and its parents or H01F and its parents|\n");
    cr_expect_str_eq (
        outlined ("ti all \"a b c d e f g h i\""),
        "0 ti all \"a b c d e f g h i\"|ti|[a] and [b] and [c] and [d] and [e] and [f] and [g] and [h] ... 9 in all|\n");
}

static double
share (const char *query)
{
    tt_cql *cql = parsed (query);
    tt_cql_outline *outline = tt_cql_outline_new (cql);
    double is = tt_cql_outline_step (outline, 0)->share;
    cr_expect (tt_cql_outline_documents (outline) == 0);
    tt_cql_outline_destroy (&outline);
    tt_cql_free (&cql);
    return is;
}

Test (explain, default_shares_are_in_order)
{
    static const char *const queries[]
        = { "pn=CN111504366", "ic=H01F1/053", "ti=\"graphene oxide film\"", "ic=H01F1", "ic=H01F", "ti=graphene", "ic=H01",
            "ti=of",          "ic=H" };
    for (size_t i = 0; i + 1 < sizeof queries / sizeof queries[0]; i++)
        cr_expect (share (queries[i]) < share (queries[i + 1]), "%s %g, %s %g", queries[i], share (queries[i]), queries[i + 1],
                   share (queries[i + 1]));
    double a = share ("ti=laser");
    double b = share ("ti=fiber");
    cr_expect (fabs (share ("ti=laser and ti=fiber") - a * b) < 1e-12);
    cr_expect (fabs (share ("ti=laser or ti=fiber") - (a + b - a * b)) < 1e-12);
    cr_expect (fabs (share ("ti=laser not ti=fiber") - a * (1 - b)) < 1e-12);
    cr_expect (share ("pd within \"2010 2039\"") <= 1);
}

Test (explain, shares_that_were_observed)
{
    tt_cql *cql = parsed ("ti=film and (ti=thin or ti=steel)");
    tt_cql_outline *outline = tt_cql_outline_new (cql);
    tt_document *d = tt_document_new (tt_schema_patent ());
    static const char *const titles[] = { "thin film", "film", "thin glass", "glass" };
    for (size_t i = 0; i < 4; i++) {
        tt_document_reset (d);
        add_value (d, "ti", titles[i]);
        tt_cql_outline_observe (outline, d);
    }
    cr_expect (tt_cql_outline_documents (outline) == 4);
    static const uint64_t matched[] = { 1, 2, 2, 2, 0 };
    static const double shares[] = { 0.5 * (1 - 0.5 * (1 - 0.125)), 0.5, 1 - 0.5 * (1 - 0.125), 0.5, 0.125 };
    for (size_t i = 0; i < 5; i++) {
        const tt_cql_step *s = tt_cql_outline_step (outline, i);
        cr_expect (s->matched == matched[i], "step %zu: %lu", i, (unsigned long)s->matched);
        cr_expect (fabs (s->share - shares[i]) < 1e-12, "step %zu: %g", i, s->share);
    }
    cr_expect (tt_cql_outline_step (outline, 5) == NULL);
    tt_document_destroy (&d);
    tt_cql_outline_destroy (&outline);
    tt_cql_free (&cql);
}

/* The anchors of a query as "kind:text/indexes ...". */
static const char *
anchored (tt_percolator *p, const char *query)
{
    static tt_buffer out;
    tt_anchor anchors[8];
    bool scanned = false;
    cr_assert (tt_percolator_put (p, 9, query, strlen (query), &scanned, NULL) == TT_OK);
    size_t count = tt_percolator_anchors (p, 9, anchors, 8);
    cr_expect (scanned == (count == 0));
    tt_buffer_clear (&out);
    for (size_t i = 0; i < count; i++) {
        tt_buffer_printf (&out, "%s%s:%.*s/", i ? " " : "", anchors[i].kind, (int)anchors[i].text.size,
                          (const char *)anchors[i].text.data);
        for (size_t k = 0; k < tt_schema_patent ()->count; k++)
            if (anchors[i].indexes >> k & 1)
                tt_buffer_text (&out, tt_schema_patent ()->indexes[k].name);
    }
    return tt_buffer_cstr (&out);
}

Test (explain, anchors_of_a_query)
{
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    cr_expect (tt_percolator_anchors (p, 9, NULL, 0) == 0);
    cr_expect_str_eq (anchored (p, "ti=electromagnetic and ab=zinc"), "word:electromagnetic/ti");
    cr_expect_str_eq (anchored (p, "ta=zinc or pn=CN1"), "word:zinc/tiab number:CN1/pn");
    cr_expect_str_eq (anchored (p, "ti=graph*"), "prefix:gra/ti");
    cr_expect_str_eq (anchored (p, "pd>2015"), "");
    cr_expect_str_eq (anchored (p, "ic=H01F not ti=zinc"), "class:H01F/ic");
    cr_expect_str_eq (anchored (p, "ls=MM4A"), "code:mm4a/ls");
    tt_document *d = tt_document_new (tt_schema_patent ());
    const uint64_t *ids = NULL;
    add_value (d, "ti", "electromagnetic field");
    for (int i = 0; i < 10; i++)
        tt_percolator_match (p, d, &ids);
    cr_expect_str_eq (anchored (p, "ti=electromagnetic and ab=zinc"), "word:zinc/ab");
    tt_anchor anchor;
    cr_expect_str_eq (anchored (p, "ti=electromagnetic"), "word:electromagnetic/ti");
    cr_expect (tt_percolator_anchors (p, 9, &anchor, 1) == 1 && anchor.seen == 10, "%lu", (unsigned long)anchor.seen);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

static const char *
owned (const char *query)
{
    static tt_buffer out;
    tt_cql *cql = parsed (query);
    tt_buffer_clear (&out);
    tt_cql_print_owned (cql, "ent-4", &out);
    tt_cql_free (&cql);
    return tt_buffer_cstr (&out);
}

Test (explain, portfolios_are_their_owners)
{
    cr_expect_str_eq (owned ("own=Magnets and ti=film"), "own=\"ent-4/magnets\" and ti=film");
    cr_expect_str_eq (owned ("own any \"a,b\""), "own any \"ent-4/a ent-4/b\"");
    cr_expect_str_eq (owned ("own=\"ent-5/magnets\""), "own=\"ent-4/ent-5/magnets\"");
    cr_expect_str_eq (owned ("own=magn*"), "own=\"ent-4/magn*\"");
    cr_expect_str_eq (owned ("own=\"a\\\"b\""), "own=\"ent-4/a\\\"b\"");
    tt_document *d = tt_document_new (tt_schema_patent ());
    add_value (d, "own", "ent-4/magnets");
    tt_cql *mine = parsed ("own=\"ent-4/magnets\"");
    tt_cql *other = parsed ("own=\"ent-5/magnets\"");
    cr_expect (tt_cql_matches (mine, d) && !tt_cql_matches (other, d));
    tt_cql_free (&mine);
    tt_cql_free (&other);
    tt_document_destroy (&d);
}
