/* A document against watches of several owners: who is told, why, how severely. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/text.h"
#include "inbox.h"
#include "matcher.h"

static void
put (alert_watch_index *index, const char *owner, const char *id, const char *query, Techtransfer__Patent__V1__Severity severity)
{
    Watch w = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    w.owner = (char *)owner;
    w.watch_id = (char *)id;
    w.query = (char *)query;
    w.label = (char *)"label";
    w.severity = severity;
    cr_assert_eq (alert_watch_index_put (index, &w, NULL), TT_OK);
}

static alert_order *
match (alert_watch_index *index, alert_view *view, alert_occasion occasion, tt_arena *arena, size_t *count, size_t *skipped)
{
    const alert_watch_entry *const *entries = NULL;
    *skipped = alert_view_fill (view, occasion.document);
    size_t matched = alert_watch_index_match (index, alert_view_document (view), &entries);
    occasion.now_unix_ms = 1000000;
    return alert_match (entries, matched, view, &occasion, alert_watch_index_crew (index), arena, count);
}

static bool
has_term (const WatchMatch *match, const char *field, uint32_t ordinal, const char *text, uint32_t offset)
{
    for (size_t i = 0; i < match->n_terms; i++) {
        const MatchedTerm *t = match->terms[i];
        if (strcmp (t->field, field) == 0 && t->ordinal == ordinal && strcmp (t->text, text) == 0 && t->offset == offset
            && t->length == strlen (text))
            return true;
    }
    return false;
}

Test (matcher, one_alert_for_each_owner_with_all_watches_and_reasons)
{
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    alert_watch_index *index = alert_watch_index_new ();
    alert_view *view = alert_view_new ();
    tt_arena *arena = tt_arena_new (0);
    put (index, "b", "w1", "ti=石墨烯", 1);
    put (index, "b", "w2", "ic=H01M and pa=大学", 3);
    put (index, "b", "w3", "ti=无人机", 4);
    put (index, "a", "w1", "pn=CN111504366", 2);
    put (index, "c", "w1", "in=nobody", 2);
    put (index, "d", "w1", "ai=H01M and ai=H01F and ex=US77", 2);
    PatentDocument d = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
    DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
    Techtransfer__Patent__V1__LocalizedText title = TECHTRANSFER__PATENT__V1__LOCALIZED_TEXT__INIT, *titles[] = { &title };
    Techtransfer__Patent__V1__PatentParty one = TECHTRANSFER__PATENT__V1__PATENT_PARTY__INIT, two = one,
                                          *parties[] = { &one, &two };
    char *ipc[] = { (char *)"not a symbol", (char *)"H01M10/0525" };
    char *marks[] = { (char *)"ai H01M10/0525", (char *)"ex US77A", (char *)"ti steel", (char *)"ai H01F1/053" };
    publication.country = (char *)"CN";
    publication.number = (char *)"111504366";
    publication.kind = (char *)"B";
    title.text = (char *)"氧化石墨烯薄膜";
    one.name = (char *)"某某公司";
    two.name = (char *)"清华大学";
    d.publication = &publication;
    d.titles = titles;
    d.n_titles = 1;
    d.ipc = ipc;
    d.n_ipc = 2;
    d.marks = marks;
    d.n_marks = 4;
    d.applicants = parties;
    d.n_applicants = 2;
    size_t count = 0, skipped = 0;
    alert_occasion occasion = { .trigger = TRIGGER (PUBLICATION), .document = &d };
    alert_order *orders = match (index, view, occasion, arena, &count, &skipped);
    const Alert *alerts[3] = { orders[0].alert, orders[1].alert, orders[2].alert };
    cr_assert_eq (count, 3);
    cr_assert_eq (skipped, 2);
    cr_assert_str_eq (alerts[2]->owner, "d");
    cr_assert (has_term (alerts[2]->matches[0], "ai", 1, "H01F1/053", 0));
    cr_assert (has_term (alerts[2]->matches[0], "ex", 0, "US77A", 0));
    cr_assert_str_eq (alerts[0]->owner, "a");
    cr_assert_eq (alerts[0]->severity, 2);
    cr_assert_str_eq (alerts[1]->owner, "b");
    cr_assert_eq (alerts[1]->severity, 3);
    cr_assert_eq (alerts[1]->n_matches, 2);
    cr_assert_str_eq (alerts[1]->document_id, "CN.111504366.B");
    cr_assert_str_eq (alerts[1]->family_id, "CN111504366");
    char id[ALERT_ID_SIZE];
    alert_id ("b", "CN111504366", TECHTRANSFER__PATENT__V1__TRIGGER__PUBLICATION, "", id);
    cr_assert_str_eq (alerts[1]->alert_id, id);
    cr_assert (has_term (alerts[1]->matches[0], "ti", 0, "石墨烯", 6));
    cr_assert (has_term (alerts[1]->matches[1], "ic", 1, "H01M10/0525", 0)
               || has_term (alerts[1]->matches[1], "ic", 1, "H01M", 0));
    cr_assert (has_term (alerts[1]->matches[1], "pa", 1, "大学", 6));
    tt_arena_destroy (&arena);
    alert_view_destroy (&view);
    alert_watch_index_destroy (&index);
}

/* Entries are read again after a fail-over: a watch that was put since must not get what was published before it. */
Test (matcher, a_watch_that_is_younger_than_the_document_does_not_get_it)
{
    static const struct {
        int64_t created, since, published;
        size_t expected;
    } cases[] = {
        { 5000, 5000, 4000, 1 },  /* within what clocks may differ by */
        { 5000, 5000, 90000, 1 }, /* older */
        { 50000, 50000, 50000 - ALERT_CLOCKS_MS, 1 },
        { 50000, 50000, 49999 - ALERT_CLOCKS_MS, 0 },
        { 5000, 50000, 6000, 0 }, /* it asks another thing by now */
        { 50000, 0, 6000, 0 },    /* of an earlier version: it was put then, at the latest */
        { 50000, 50000, 0, 1 },   /* nobody knows when */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        alert_watch_index *index = alert_watch_index_new ();
        alert_view *view = alert_view_new ();
        tt_arena *arena = tt_arena_new (0);
        Watch w = TECHTRANSFER__PATENT__V1__WATCH__INIT;
        w.owner = w.watch_id = (char *)"a";
        w.query = (char *)"ti=mark";
        w.created_unix_ms = cases[i].created;
        w.since_unix_ms = cases[i].since;
        cr_assert_eq (alert_watch_index_put (index, &w, NULL), TT_OK);
        PatentDocument d = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
        DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
        Techtransfer__Patent__V1__LocalizedText title = TECHTRANSFER__PATENT__V1__LOCALIZED_TEXT__INIT, *titles[] = { &title };
        publication.country = (char *)"CN";
        publication.number = (char *)"1";
        title.text = (char *)"mark";
        d.publication = &publication;
        d.titles = titles;
        d.n_titles = 1;
        size_t count = 0, skipped = 0;
        alert_occasion occasion = { .trigger = TRIGGER (PUBLICATION), .document = &d, .happened_unix_ms = cases[i].published };
        (void)match (index, view, occasion, arena, &count, &skipped);
        cr_expect_eq (count, cases[i].expected, "case %zu", i);
        alert_watch_index_destroy (&index);
        alert_view_destroy (&view);
        tt_arena_destroy (&arena);
    }
}

/* The event of a surge may be read again after its newest document is gone: another document of another family, the same alert. */
Test (matcher, a_surge_is_one_alert_whatever_the_family_of_the_document)
{
    alert_watch_index *index = alert_watch_index_new ();
    alert_view *view = alert_view_new ();
    tt_arena *arena = tt_arena_new (0);
    Surge surge = TECHTRANSFER__PATENT__V1__SURGE__INIT;
    Trigger listens = TRIGGER (SURGE);
    Watch w = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    const char *ids[3];
    w.owner = w.watch_id = (char *)"a";
    w.query = (char *)"ti=mark";
    w.triggers = &listens;
    w.n_triggers = 1;
    cr_assert_eq (alert_watch_index_put (index, &w, NULL), TT_OK);
    for (int i = 0; i < 3; i++) {
        PatentDocument d = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
        DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
        Techtransfer__Patent__V1__LocalizedText title = TECHTRANSFER__PATENT__V1__LOCALIZED_TEXT__INIT, *titles[] = { &title };
        publication.country = (char *)"CN";
        publication.number = (char *)(i == 0 ? "1" : "2");
        title.text = (char *)"mark";
        d.publication = &publication;
        d.titles = titles;
        d.n_titles = 1;
        surge.surge_id = (char *)(i == 2 ? "other" : "one");
        size_t count = 0, skipped = 0;
        alert_occasion occasion = { .trigger = TRIGGER (SURGE), .document = &d, .surge = &surge, .distinction = surge.surge_id };
        alert_order *orders = match (index, view, occasion, arena, &count, &skipped);
        cr_assert_eq (count, 1);
        cr_expect_eq (orders[0].alert->surge, &surge);
        ids[i] = orders[0].alert->alert_id;
    }
    cr_expect_str_eq (ids[0], ids[1]);
    cr_expect_str_neq (ids[0], ids[2]);
    alert_watch_index_destroy (&index);
    alert_view_destroy (&view);
    tt_arena_destroy (&arena);
}
