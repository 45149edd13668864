/* The life of a proposal: every state against every step, both parties, the deadline to the millisecond. */
#include <criterion/criterion.h>

#include "proposal.h"

#define HELD FINANCE (PROPOSAL_STATE__HELD)

static finance_proposal
held (void)
{
    finance_proposal p = TECHTRANSFER__FINANCE__V1__PROPOSAL__INIT;
    p.market = (char *)"ningbo";
    p.proposal_id = (char *)"p";
    p.round_id = (char *)"r";
    p.application_id = (char *)"a";
    p.applicant = (char *)"ent";
    p.provider_id = (char *)"bank";
    p.product_id = (char *)"loan";
    p.state = HELD;
    p.deadline_unix_ms = 1000;
    p.revision = 1;
    return p;
}

Test (proposal, only_held_ones_can_change)
{
    for (int state = 0; state <= 5; state++)
        for (int step = 0; step < MATCH_STEP_COUNT; step++) {
            finance_proposal p = held ();
            match_outcome outcome;
            p.state = (Techtransfer__Finance__V1__ProposalState)state;
            cr_assert_eq (match_step_allowed (p.state, (match_step)step), state == (int)HELD);
            int64_t now = step == MATCH_EXPIRE ? 1000 : 999;
            tt_status status = match_step_apply (&p, (match_step)step, MATCH_PROVIDER, now, &outcome, NULL);
            cr_assert_eq (status, state == (int)HELD ? TT_OK : TT_FAILED_PRECONDITION, "state %d step %d", state, step);
            if (state != (int)HELD) {
                cr_assert_eq ((int)p.state, state);
                cr_assert_eq (p.revision, 1);
            }
        }
}

Test (proposal, both_must_accept_in_either_order)
{
    for (int first = MATCH_APPLICANT; first <= MATCH_PROVIDER; first++) {
        finance_proposal p = held ();
        match_outcome outcome;
        match_party second = first == MATCH_APPLICANT ? MATCH_PROVIDER : MATCH_APPLICANT;
        cr_assert_eq (match_step_apply (&p, MATCH_ACCEPT, (match_party)first, 1, &outcome, NULL), TT_OK);
        cr_assert_eq (outcome, MATCH_ACCEPTED);
        cr_assert_eq (match_step_apply (&p, MATCH_ACCEPT, (match_party)first, 2, &outcome, NULL), TT_OK);
        cr_assert_eq (outcome, MATCH_UNCHANGED);
        cr_assert_eq (p.state, HELD);
        cr_assert_eq (match_step_apply (&p, MATCH_ACCEPT, second, 3, &outcome, NULL), TT_OK);
        cr_assert_eq (outcome, MATCH_CONFIRMED);
        cr_assert_eq (p.state, FINANCE (PROPOSAL_STATE__CONFIRMED));
        cr_assert_eq (p.decided_unix_ms, 3);
        cr_assert_eq (p.revision, 3);
        cr_assert_eq (match_step_apply (&p, MATCH_ACCEPT, second, 5000, &outcome, NULL), TT_OK,
                      "said again, it is the same answer");
        cr_assert_eq (outcome, MATCH_UNCHANGED);
        cr_assert_eq (match_step_apply (&p, MATCH_DECLINE, second, 4, &outcome, NULL), TT_FAILED_PRECONDITION);
    }
}

Test (proposal, the_deadline_is_exact)
{
    static const struct {
        match_step step;
        int64_t now;
        tt_status status;
    } cases[] = {
        { MATCH_ACCEPT, 999, TT_OK },
        { MATCH_ACCEPT, 1000, TT_FAILED_PRECONDITION },
        { MATCH_DECLINE, 999, TT_OK },
        { MATCH_DECLINE, 1000, TT_FAILED_PRECONDITION },
        { MATCH_EXPIRE, 999, TT_FAILED_PRECONDITION },
        { MATCH_EXPIRE, 1000, TT_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        finance_proposal p = held ();
        match_outcome outcome;
        tt_error error = { 0 };
        cr_assert_eq (match_step_apply (&p, cases[i].step, MATCH_APPLICANT, cases[i].now, &outcome, &error), cases[i].status,
                      "case %zu", i);
        if (cases[i].status != TT_OK)
            cr_assert_not_null (strstr (error.message, "1970-01-01T00:00:01.000Z"), "%s", error.message);
    }
}

Test (proposal, strangers_are_refused)
{
    finance_proposal p = held ();
    match_outcome outcome;
    tt_error error = { 0 };
    cr_assert_eq (match_party_of (&p, "ent"), MATCH_APPLICANT);
    cr_assert_eq (match_party_of (&p, "bank"), MATCH_PROVIDER);
    cr_assert_eq (match_party_of (&p, "ban"), MATCH_NO_PARTY);
    cr_assert_eq (match_step_apply (&p, MATCH_ACCEPT, MATCH_NO_PARTY, 1, &outcome, &error), TT_INVALID_ARGUMENT);
    cr_assert_str_eq (error.message, "neither the applicant \"ent\" nor the provider \"bank\"");
}

Test (proposal, id_depends_on_round_application_leg_and_product_only)
{
    finance_proposal p = held (), q = held ();
    char a[MATCH_PROPOSAL_ID_SIZE], b[MATCH_PROPOSAL_ID_SIZE];
    q.amount_fen = 7;
    match_proposal_id (&p, a);
    match_proposal_id (&q, b);
    cr_assert_str_eq (a, b);
    cr_assert_eq (strlen (a), 32);
    q.leg = FINANCE (LEG__LOAN);
    match_proposal_id (&q, b);
    cr_assert_str_neq (a, b);
}
