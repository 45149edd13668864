/* Rounds of the search for filing surges over documents whose counts were made by hand, and when a round is due. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "surges.h"

#define LAST 20000 /* the last day of the window */
#define WINDOW 10
#define TRAILING 4

static alert_columns *columns;
static uint32_t next_number;

static void
set_up (void)
{
    cr_assert_eq (tt_text_open (NULL), TT_OK);
    columns = alert_columns_new ();
    next_number = 1;
}

static void
tear_down (void)
{
    alert_columns_destroy (&columns);
}

/* Parts of a document, with spaces between; "_" stands for a space in a name. */
static size_t
split (char *text, char **parts, size_t most)
{
    size_t count = 0;
    for (char *at = strtok (text, " "); at && count < most; at = strtok (NULL, " ")) {
        parts[count++] = at;
        for (; *at; at++)
            if (*at == '_')
                *at = ' ';
    }
    return count;
}

/* Returns the place. */
static size_t
add (const char *applicants, const char *ipc, const char *cpc, int32_t day)
{
    PatentDocument document = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
    DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
    Techtransfer__Patent__V1__PatentParty parties[8], *list[8];
    char names[256], symbols[2][256], date[TT_DATE_TEXT_SIZE] = "", id[32], *name_list[8], *symbol_lists[2][8];
    snprintf (names, sizeof names, "%s", applicants);
    snprintf (symbols[0], sizeof symbols[0], "%s", ipc);
    snprintf (symbols[1], sizeof symbols[1], "%s", cpc);
    document.n_applicants = split (names, name_list, 8);
    for (size_t i = 0; i < document.n_applicants; i++) {
        techtransfer__patent__v1__patent_party__init (&parties[i]);
        parties[i].name = name_list[i];
        list[i] = &parties[i];
    }
    document.applicants = list;
    document.ipc = symbol_lists[0];
    document.n_ipc = split (symbols[0], symbol_lists[0], 8);
    document.cpc = symbol_lists[1];
    document.n_cpc = split (symbols[1], symbol_lists[1], 8);
    if (day != ALERT_NO_DAY)
        tt_date_format (day, date);
    publication.country = (char *)"CN";
    publication.date = date;
    document.publication = &publication;
    snprintf (id, sizeof id, "CN.%06u.A", next_number++);
    alert_columns_put (columns, 0, id, &document, ALERT_NO_DAY);
    return alert_columns_places (columns) - 1;
}

/* A steady history of so many applicants: each one document in each window. */
static void
add_steady (size_t applicants)
{
    char name[32];
    for (size_t i = 0; i < applicants; i++)
        for (int32_t window = 0; window <= TRAILING; window++) {
            snprintf (name, sizeof name, "Steady_%zu", i);
            (void)add (name, "A01B1/00", "", LAST - window * WINDOW - (int32_t)(i % WINDOW));
        }
}

static const alert_surge_rule rule = { .window_days = WINDOW, .trailing = TRAILING, .least = 3, .bound = 0.05 };

Test (surge_round, finds_who_files_more_and_names_the_documents_newest_first, .init = set_up, .fini = tear_down)
{
    alert_surge_round round;
    add_steady (40);
    (void)add ("Acme_Inc.", "H01M10/05", "", LAST - WINDOW); /* one document of the window before */
    for (int32_t i = 0; i < 9; i++)                          /* in both schemes and twice over: each counts once */
        (void)add (i % 2 ? "ACME_CORP Acme,_Inc." : "Acme_Inc.", "H01M10/05 H01M4/02", "H01M2/00", LAST - 9 + i);
    alert_surge_round_make (columns, &rule, LAST, &round);
    cr_assert_eq (round.count, 1);
    cr_expect_eq (round.pairs, 41);
    cr_expect_eq (round.first_day, LAST - 9);
    const alert_surge_find *find = &round.finds[0];
    cr_expect_str_eq (find->applicant, "acme");
    cr_expect_str_eq (find->label, "Acme Inc.");
    cr_expect_str_eq (find->subclass, "H01M");
    cr_expect_eq (find->surge.count, 9);
    cr_expect_eq (find->surge.earlier, 1);
    cr_expect_float_eq (find->surge.expected, 49.0 / 161, 1e-12); /* 49 documents in the window, 161 before it */
    cr_expect_leq (find->surge.q, 0.05);
    cr_assert_eq (find->place_count, 9);
    for (size_t i = 0; i < 9; i++) {
        alert_place place;
        cr_assert (alert_columns_at (columns, find->places[i], &place));
        cr_expect_eq (place.published_day, LAST - 1 - (int32_t)i);
    }
    alert_surge_round_free (&round);
}

Test (surge_round, a_steady_history_gives_none, .init = set_up, .fini = tear_down)
{
    alert_surge_round round;
    add_steady (100);
    alert_surge_round_make (columns, &rule, LAST, &round);
    cr_expect_eq (round.count, 0);
    cr_expect_eq (round.pairs, 100);
    alert_surge_round_free (&round);
}

Test (surge_round, what_is_outside_the_windows_does_not_count, .init = set_up, .fini = tear_down)
{
    alert_surge_round round;
    add_steady (40);
    for (int32_t i = 0; i < 9; i++) {
        (void)add ("Later", "H01M10/05", "", LAST + 1);
        (void)add ("Earlier", "H01M10/05", "", LAST - (TRAILING + 1) * WINDOW);
        (void)add ("Undated", "H01M10/05", "", ALERT_NO_DAY);
        (void)add ("", "H01M10/05", "", LAST);
        (void)add ("Classless", "", "", LAST);
    }
    alert_surge_round_make (columns, &rule, LAST, &round);
    cr_expect_eq (round.pairs, 40);
    cr_expect_eq (round.count, 0);
    alert_surge_round_free (&round);
    cr_expect_eq (alert_surge_last_day (columns, LAST), LAST);
    cr_expect_eq (alert_surge_last_day (columns, LAST + 5), LAST + 1);
    cr_expect_eq (alert_surge_last_day (columns, 1), ALERT_NO_DAY);
}

Test (surge_round, times_without_documents_say_nothing, .init = set_up, .fini = tear_down)
{
    alert_surge_round round;
    alert_surge_round_make (columns, &rule, LAST, &round); /* no document at all */
    cr_expect_eq (round.count, 0);
    alert_surge_round_free (&round);
    for (int32_t i = 0; i < 9; i++)
        (void)add ("Acme", "H01M10/05", "", LAST); /* a history that begins here */
    alert_surge_round_make (columns, &rule, LAST, &round);
    cr_expect_eq (round.count, 0);
    alert_surge_round_free (&round);
}

Test (surge_round, at_most_64_documents_are_named_and_ties_do_not_depend_on_the_order, .init = set_up, .fini = tear_down)
{
    alert_surge_round round;
    alert_place place;
    add_steady (40);
    next_number = 900; /* arrives first, and has the highest ids */
    for (int i = 0; i < 40; i++)
        (void)add ("Acme", "H01M10/05", "", LAST);
    next_number = 500;
    for (int i = 0; i < 40; i++)
        (void)add ("Acme", "H01M10/05", "", LAST);
    alert_surge_round_make (columns, &rule, LAST, &round);
    cr_assert_eq (round.count, 1);
    cr_expect_eq (round.finds[0].surge.count, 80);
    cr_assert_eq (round.finds[0].place_count, ALERT_SURGE_DOCUMENTS);
    cr_assert (alert_columns_at (columns, round.finds[0].places[0], &place));
    cr_expect_str_eq (place.id, "CN.000500.A");
    cr_assert (alert_columns_at (columns, round.finds[0].places[63], &place));
    cr_expect_str_eq (place.id, "CN.000923.A");
    alert_surge_round_free (&round);
}

Test (surge_round, a_document_has_at_most_1000_pairs, .init = set_up, .fini = tear_down)
{
    PatentDocument document = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
    DocumentReference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
    static Techtransfer__Patent__V1__PatentParty parties[3000], *list[3000];
    static char names[3000][16];
    char *symbols[] = { (char *)"H01M10/05", (char *)"H01G1/00" };
    alert_surge_round round;
    for (size_t i = 0; i < 3000; i++) {
        techtransfer__patent__v1__patent_party__init (&parties[i]);
        snprintf (names[i], sizeof names[i], "Holder %zu", i);
        parties[i].name = names[i];
        list[i] = &parties[i];
    }
    publication.country = (char *)"CN";
    publication.date = (char *)"2020-01-01";
    document.publication = &publication;
    document.applicants = list;
    document.n_applicants = 3000;
    document.ipc = symbols;
    document.n_ipc = 2;
    alert_columns_put (columns, 0, "CN.1.A", &document, ALERT_NO_DAY);
    alert_surge_round_make (columns, &rule, alert_day_of ("2020-01-01"), &round);
    cr_expect_eq (round.pairs, 1000);
    alert_surge_round_free (&round);
}

Test (surge_round, windows_that_share_a_day_overlap)
{
    cr_expect (alert_surge_overlaps (10, 19, 19, 28));
    cr_expect (alert_surge_overlaps (19, 28, 10, 19));
    cr_expect (alert_surge_overlaps (10, 19, 12, 13));
    cr_expect_not (alert_surge_overlaps (10, 19, 20, 29));
    cr_expect_not (alert_surge_overlaps (20, 29, 10, 19));
}

static bool
is_due (int64_t now, int64_t done, int64_t loaded, int64_t changed)
{
    const alert_surge_pace pace = { .every_ms = 1000, .quiet_ms = 60 };
    return alert_surge_due (&pace, &(alert_surge_times){ now, done, loaded, changed });
}

Test (surge_round, is_due_when_it_is_quiet_or_long_overdue)
{
    cr_expect_not (is_due (10059, 0, 9900, 10000)); /* the first: documents came just now */
    cr_expect (is_due (10060, 0, 9900, 10000));
    cr_expect_not (is_due (9999, 0, 9000, 9998)); /* they pour in, and */
    cr_expect (is_due (10000, 0, 9000, 9998));    /* never stopped for so long */
    cr_expect_not (is_due (10999, 10000, 1, 1));  /* quiet, but one was made just now */
    cr_expect (is_due (11000, 10000, 1, 1));
    cr_expect_not (is_due (11999, 10000, 1, 11990));
    cr_expect (is_due (12000, 10000, 1, 11990));
    cr_expect (is_due (10000, 99999, 1, 1)); /* made in the future: by a clock that was wrong */
    const alert_surge_pace never = { .every_ms = 0, .quiet_ms = 0 };
    cr_expect_not (alert_surge_due (&never, &(alert_surge_times){ 10000, 0, 1, 1 }));
}

Test (surge_round, ids_tell_surges_apart)
{
    char a[ALERT_SURGE_ID_SIZE], b[ALERT_SURGE_ID_SIZE];
    alert_surge_id ("acme", "H01M", "2024-01-31", a);
    alert_surge_id ("acme", "H01M", "2024-01-31", b);
    cr_expect_str_eq (a, b);
    cr_expect_eq (strlen (a), 32);
    alert_surge_id ("acme", "H01M", "2024-02-01", b);
    cr_expect_str_neq (a, b);
    alert_surge_id ("acme", "H01G", "2024-01-31", b);
    cr_expect_str_neq (a, b);
    alert_surge_id ("acme corp", "H01M", "2024-01-31", b);
    cr_expect_str_neq (a, b);
}
