#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "corpus.h"
#include "subject.h"

static void
open_text (void)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
}

TestSuite (corpus, .init = open_text);

static void
put (ingest_corpus *corpus, const char *key, uint64_t revision, const char *title)
{
    static ingest_terms terms;
    ingest_traits traits = { .price_fen = (int64_t)revision };
    ingest_terms_clear (&terms);
    ingest_terms_add (&terms, title, true, 2);
    ingest_corpus_put (corpus, key, revision, &traits, &terms);
}

static size_t
search (ingest_corpus *corpus, const char *words, const ingest_limits *limits, ingest_found *found, size_t most)
{
    static ingest_terms terms;
    ingest_settings settings = ingest_settings_default ();
    ingest_wanted wanted[INGEST_WANTED_MAX];
    ingest_terms_clear (&terms);
    ingest_terms_add (&terms, words, true, 1);
    for (size_t i = 0; i < terms.count; i++)
        wanted[i] = (ingest_wanted){ .hash = terms.terms[i].hash, .weight = 1, .title = true };
    return ingest_corpus_best (corpus, wanted, terms.count, limits, &settings, found, most);
}

Test (corpus, best_first_within_limits)
{
    ingest_corpus *corpus = ingest_corpus_new ();
    ingest_limits any = ingest_limits_of (&(ingest_demand)TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT);
    ingest_found found[4];
    put (corpus, "s/1", 1, "solar electric propulsion thruster");
    put (corpus, "s/2", 2, "solar electric propulsion for a very long and other unrelated journey across icy moons");
    put (corpus, "s/3", 3, "graphene film");
    cr_assert_eq (search (corpus, "solar electric propulsion", &any, found, 4), 2);
    cr_assert_str_eq (found[0].key, "s/1");
    cr_assert_gt (found[0].score, found[1].score);
    cr_assert_eq (found[0].hits, 7);
    cr_assert_eq (search (corpus, "solar electric propulsion", &any, found, 1), 1);
    cr_assert_str_eq (found[0].key, "s/1");
    any.budget_fen = 1;
    cr_assert_eq (search (corpus, "solar electric propulsion", &any, found, 4), 1);
    ingest_corpus_destroy (&corpus);
    cr_assert_null (corpus);
}

/* Replaced and removed records are gone at once, also after the rewriting that they cause. */
Test (corpus, survives_rewriting)
{
    ingest_corpus *corpus = ingest_corpus_new ();
    ingest_limits any = ingest_limits_of (&(ingest_demand)TECHTRANSFER__ACHIEVEMENT__V1__DEMAND__INIT);
    ingest_found found[8];
    char key[32], title[64];
    for (uint64_t round = 1; round <= 3; round++)
        for (int i = 0; i < 1000; i++) {
            snprintf (key, sizeof key, "s/%d", i);
            snprintf (title, sizeof title, "word%d round%d", i, (int)round);
            put (corpus, key, round, title);
        }
    for (int i = 0; i < 900; i++) {
        snprintf (key, sizeof key, "s/%d", i);
        cr_assert (ingest_corpus_remove (corpus, key));
        cr_assert_not (ingest_corpus_remove (corpus, key));
    }
    cr_assert_eq (ingest_corpus_count (corpus), 100);
    cr_assert_eq (ingest_corpus_revision (corpus, "s/950"), 3);
    cr_assert_eq (ingest_corpus_revision (corpus, "s/5"), 0);
    cr_assert_eq (search (corpus, "word950 round3", &any, found, 8), 1);
    cr_assert_str_eq (found[0].key, "s/950");
    cr_assert_eq (search (corpus, "word950 round2", &any, found, 8), 0);
    cr_assert_eq (search (corpus, "word5 round3", &any, found, 8), 0);
    cr_assert_float_eq (ingest_corpus_average (corpus), 4.0, 1e-9);
    ingest_corpus_destroy (&corpus);
}
