/* Rounds over documents: windows, pairs, chance. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "filings.h"

static void
add (ctl_filings *f, int32_t day, const char *applicant, const char *symbol)
{
    char date[TT_DATE_TEXT_SIZE];
    tt_date_format (day, date);
    tt_patent patent = TECHTRANSFER__PATENT__V1__PATENT_DOCUMENT__INIT;
    tt_patent_reference publication = TECHTRANSFER__PATENT__V1__DOCUMENT_REFERENCE__INIT;
    tt_patent_party party = TECHTRANSFER__PATENT__V1__PATENT_PARTY__INIT;
    tt_patent_party *parties[] = { &party };
    char *symbols[] = { (char *)symbol, (char *)symbol };
    publication.date = date;
    party.name = (char *)applicant;
    patent.publication = &publication;
    patent.applicants = parties;
    patent.n_applicants = 1;
    patent.cpc = symbols;
    patent.n_cpc = 2; /* the same class twice counts once */
    cr_assert (ctl_filings_add (f, &patent));
}

struct seen {
    const ctl_filings *filings;
    size_t rounds, findings;
    char last[160];
};

static void
see (void *context, const ctl_surge_round *round)
{
    struct seen *seen = context;
    seen->rounds++;
    seen->findings += round->count;
    if (round->count > 0)
        snprintf (seen->last, sizeof seen->last, "%d-%d %s %s %u", (int)round->first, (int)round->last,
                  ctl_filings_applicant (seen->filings, round->found[0].pair), ctl_filings_class (seen->filings, round->found[0].pair),
                  round->found[0].count);
}

static const ctl_surge_options options = { .window_days = 10, .trailing = 4, .least = 3, .bound = 0.05 };

Test (filings, a_surge_is_found_in_its_window_under_one_name)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK);
    ctl_filings *f = ctl_filings_new (false, 4);
    for (int32_t day = 0; day < 100; day++)
        add (f, day, day % 2 ? "Steady Works Ltd" : "Other GmbH", "H01F1/053");
    for (int32_t day = 80; day < 90; day++)
        add (f, day, day % 2 ? "Surging Optics, Inc." : "SURGING OPTICS CORP", "G02B6/00");
    struct seen seen = { .filings = f };
    ctl_filings_rounds (f, &options, see, &seen);
    cr_expect_eq (seen.rounds, 6);
    cr_expect_eq (seen.findings, 1);
    cr_expect_str_eq (seen.last, "80-89 surging optics G02B 10");
    ctl_filings_destroy (&f);
}

Test (filings, chance_finds_seldom_more_than_the_bound)
{
    tt_error error = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK);
    ctl_filings *f = ctl_filings_new (false, 4);
    char name[32];
    for (int32_t i = 0; i < 3000; i++) {
        snprintf (name, sizeof name, "Maker %c%c", 'A' + i % 17 % 26, 'A' + (i * i) % 23);
        add (f, i / 15, name, i % 3 ? "H01F1/00" : "G02B6/00");
    }
    struct seen seen = { .filings = f };
    uint64_t seed = 11, alarmed = 0, rounds = 0;
    for (int i = 0; i < 20; i++) {
        seen.rounds = seen.findings = 0;
        ctl_filings_shuffle (f, &seed);
        ctl_filings_rounds (f, &options, see, &seen);
        alarmed += seen.findings;
        rounds += seen.rounds;
    }
    cr_expect_eq (rounds, 20 * 16);
    cr_expect_lt (alarmed, rounds / 10);
    ctl_filings_destroy (&f);
}
