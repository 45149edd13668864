#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "demand_index.h"

static void
open_text (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

TestSuite (demand_index, .init = open_text);

static tt_status
put (ingest_demand_index *index, const char *id, const char *title, const char *query, const char *deadline)
{
    ingest_demand *d = tt_alloc (sizeof *d);
    techtransfer__achievement__v1__demand__init (d);
    d->owner = tt_strdup ("ent-1");
    d->demand_id = tt_strdup (id);
    d->title = tt_strdup (title);
    d->query = tt_strdup (query);
    d->deadline = tt_strdup (deadline);
    tt_error error = { 0 };
    return ingest_demand_index_put (index, &d, &error);
}

/* Ids of the demands that want an achievement with this title, joined. */
static const char *
wanting (ingest_demand_index *index, const char *title)
{
    static char out[256];
    ingest_record r = TECHTRANSFER__ACHIEVEMENT__V1__ACHIEVEMENT__INIT;
    r.title = (char *)title;
    tt_document *document = tt_document_new (tt_schema_achievement ());
    ingest_terms terms = { 0 };
    ingest_subject_document (&r, document);
    ingest_subject_terms (&r, &terms);
    ingest_traits traits = ingest_traits_of (&r);
    const ingest_match *matches;
    size_t count = ingest_demand_index_match (index, &traits, &terms, document, 100, &matches);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat (out, i > 0 ? " " : "");
        strcat (out, matches[i].standing.demand->demand_id);
    }
    ingest_terms_free (&terms);
    tt_document_destroy (&document);
    return out;
}

Test (demand_index, queries_and_words)
{
    ingest_settings settings = ingest_settings_default ();
    ingest_corpus *corpus = ingest_corpus_new ();
    ingest_demand_index *index = ingest_demand_index_new (corpus, &settings);
    cr_assert_eq (put (index, "q", "x", "ti=\"fuel cell\"", ""), TT_OK);
    cr_assert_eq (put (index, "w", "fuel cell power", "", ""), TT_OK);
    cr_assert_eq (put (index, "other", "graphene film", "", ""), TT_OK);
    cr_assert_eq (put (index, "over", "x", "ti=fuel", "1970-01-05"), TT_OK);
    cr_assert_eq (put (index, "bad", "x", "ti=fuel and", ""), TT_INVALID_ARGUMENT);
    cr_assert_eq (ingest_demand_index_count (index), 4);
    cr_assert_str_eq (wanting (index, "Fuel cell power management"), "q w");
    cr_assert_str_eq (wanting (index, "Cell phones"), "");
    cr_assert_eq (put (index, "w", "wind turbine", "", ""), TT_OK);
    cr_assert_str_eq (wanting (index, "Fuel cell power management"), "q");
    cr_assert_eq (put (index, "q", "graphene film", "", ""), TT_OK); /* from query to words */
    cr_assert_str_eq (wanting (index, "Graphene film"), "other q");
    cr_assert (ingest_demand_index_remove (index, "ent-1", "q"));
    cr_assert_not (ingest_demand_index_remove (index, "ent-1", "q"));
    cr_assert_str_eq (wanting (index, "Graphene film"), "other");
    ingest_demand_index_destroy (&index);
    ingest_corpus_destroy (&corpus);
}

/* Only what is open and over: the sweeper must not find a demand again that is expired. */
Test (demand_index, overdue_demands)
{
    ingest_settings settings = ingest_settings_default ();
    ingest_corpus *corpus = ingest_corpus_new ();
    ingest_demand_index *index = ingest_demand_index_new (corpus, &settings);
    const ingest_demand *found[4];
    cr_assert_eq (put (index, "open", "x", "ti=fuel", ""), TT_OK);
    cr_assert_eq (put (index, "last-day", "x", "ti=fuel", "1970-01-11"), TT_OK);
    cr_assert_eq (put (index, "over", "x", "ti=fuel", "1970-01-05"), TT_OK);
    cr_assert_eq (put (index, "words", "fuel cell", "", "1970-01-05"), TT_OK);
    cr_expect_eq (ingest_demand_index_overdue (index, 10, found, 4), 2);
    cr_expect_str_eq (found[0]->demand_id, "over");
    cr_expect_eq (ingest_demand_index_overdue (index, 11, found, 4), 3);
    cr_expect_eq (ingest_demand_index_overdue (index, 11, found, 1), 1);
    ((ingest_demand *)found[0])->state = TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_STATE__EXPIRED;
    cr_expect_eq (ingest_demand_index_overdue (index, 11, found, 4), 2);
    ingest_demand_index_destroy (&index);
    ingest_corpus_destroy (&corpus);
}

/* Many demands come: terms are chosen anew, ids are used again, and the best come first up to the limit. */
Test (demand_index, growth_and_limit)
{
    ingest_settings settings = ingest_settings_default ();
    ingest_corpus *corpus = ingest_corpus_new ();
    ingest_demand_index *index = ingest_demand_index_new (corpus, &settings);
    char id[16], title[64];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 300; i++) {
            snprintf (id, sizeof id, "d%d", i);
            snprintf (title, sizeof title, "magnet topic%d", i % 10);
            cr_assert_eq (put (index, id, title, "", ""), TT_OK);
            if (i % 3 == round)
                cr_assert (ingest_demand_index_remove (index, "ent-1", id));
        }
    cr_assert_eq (ingest_demand_index_count (index), 200);
    size_t listed = 1;
    for (const char *p = wanting (index, "Magnet topic7"); *p; p++)
        listed += *p == ' ';
    cr_assert_eq (listed, 20);
    ingest_standing standing;
    cr_assert (ingest_demand_index_find (index, "ent-1", "d0", &standing));
    cr_assert_not (ingest_demand_index_find (index, "ent-1", "d2", &standing));
    cr_assert_str_eq (standing.words[0], "topic0");
    ingest_demand_index_destroy (&index);
    ingest_corpus_destroy (&corpus);
}
