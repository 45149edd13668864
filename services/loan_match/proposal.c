#include "proposal.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "base/buffer.h"
#include "base/clock.h"

#define HELD FINANCE (PROPOSAL_STATE__HELD)

static const struct {
    Techtransfer__Finance__V1__ProposalState from;
    match_step step;
    Techtransfer__Finance__V1__ProposalState to; /* of an accept: if it is the second one */
} transitions[] = {
    { HELD, MATCH_ACCEPT, FINANCE (PROPOSAL_STATE__CONFIRMED) },
    { HELD, MATCH_DECLINE, FINANCE (PROPOSAL_STATE__DECLINED) },
    { HELD, MATCH_EXPIRE, FINANCE (PROPOSAL_STATE__EXPIRED) },
};

static Techtransfer__Finance__V1__ProposalState
target (Techtransfer__Finance__V1__ProposalState state, match_step step)
{
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++)
        if (transitions[i].from == state && transitions[i].step == step)
            return transitions[i].to;
    return FINANCE (PROPOSAL_STATE__PROPOSAL_STATE_UNSPECIFIED);
}

bool
match_step_allowed (Techtransfer__Finance__V1__ProposalState state, match_step step)
{
    return target (state, step) != FINANCE (PROPOSAL_STATE__PROPOSAL_STATE_UNSPECIFIED);
}

match_party
match_party_of (const finance_proposal *proposal, const char *party)
{
    if (strcmp (party, proposal->applicant) == 0)
        return MATCH_APPLICANT;
    return strcmp (party, proposal->provider_id) == 0 ? MATCH_PROVIDER : MATCH_NO_PARTY;
}

const char *
match_state_name (Techtransfer__Finance__V1__ProposalState state)
{
    static const char *const names[] = { "UNSPECIFIED", "HELD", "CONFIRMED", "DECLINED", "EXPIRED" };
    return (size_t)state < sizeof names / sizeof *names ? names[state] : "UNKNOWN";
}

const char *
match_leg_name (Techtransfer__Finance__V1__Leg leg)
{
    static const char *const names[] = { "unspecified", "equity", "loan", "lease" };
    return (size_t)leg < sizeof names / sizeof *names ? names[leg] : "unknown";
}

static void
decide (finance_proposal *p, match_step step, int64_t now)
{
    p->state = target (p->state, step);
    p->decided_unix_ms = now;
    p->revision++;
}

static match_outcome
accept (finance_proposal *p, match_party party, int64_t now)
{
    protobuf_c_boolean *mine = party == MATCH_APPLICANT ? &p->applicant_accepted : &p->provider_accepted;
    if (*mine)
        return MATCH_UNCHANGED;
    *mine = 1;
    if (p->applicant_accepted && p->provider_accepted) {
        decide (p, MATCH_ACCEPT, now);
        return MATCH_CONFIRMED;
    }
    p->revision++;
    return MATCH_ACCEPTED;
}

/* A party that says again what already led to the decision learns the same outcome. */
static bool
repeats (const finance_proposal *p, match_step step, match_party party)
{
    bool accepted = party == MATCH_APPLICANT ? p->applicant_accepted : p->provider_accepted;
    return step == MATCH_ACCEPT && p->state == FINANCE (PROPOSAL_STATE__CONFIRMED) && accepted;
}

static tt_status
in_time (const finance_proposal *p, match_step step, int64_t now, tt_error *error)
{
    char deadline[TT_TIME_TEXT_SIZE];
    tt_time_format (p->deadline_unix_ms, deadline);
    if (step == MATCH_EXPIRE && now < p->deadline_unix_ms)
        return tt_fail (error, TT_FAILED_PRECONDITION, "proposal %s is held until %s", p->proposal_id, deadline);
    if (step != MATCH_EXPIRE && now >= p->deadline_unix_ms)
        return tt_fail (error, TT_FAILED_PRECONDITION, "the deadline of proposal %s passed at %s", p->proposal_id, deadline);
    return TT_OK;
}

tt_status
match_step_apply (finance_proposal *p, match_step step, match_party party, int64_t now, match_outcome *outcome, tt_error *error)
{
    *outcome = MATCH_UNCHANGED;
    if (step != MATCH_EXPIRE && party == MATCH_NO_PARTY)
        return tt_fail (error, TT_INVALID_ARGUMENT, "neither the applicant \"%s\" nor the provider \"%s\"", p->applicant,
                        p->provider_id);
    if (repeats (p, step, party))
        return TT_OK;
    if (!match_step_allowed (p->state, step))
        return tt_fail (error, TT_FAILED_PRECONDITION, "proposal %s is %s", p->proposal_id, match_state_name (p->state));
    tt_status status = in_time (p, step, now, error);
    if (status != TT_OK)
        return status;
    if (step == MATCH_ACCEPT) {
        *outcome = accept (p, party, now);
        return TT_OK;
    }
    decide (p, step, now);
    *outcome = step == MATCH_DECLINE ? MATCH_DECLINED : MATCH_EXPIRED;
    return TT_OK;
}

void
match_proposal_id (const finance_proposal *p, char out[MATCH_PROPOSAL_ID_SIZE])
{
    tt_buffer text = { 0 };
    /* No part can hold a "/". */
    tt_buffer_printf (&text, "%s/%s/%s/%d/%s/%s", p->market, p->round_id, p->application_id, (int)p->leg, p->provider_id,
                      p->product_id);
    XXH128_hash_t hash = XXH3_128bits (text.data, text.size);
    snprintf (out, MATCH_PROPOSAL_ID_SIZE, "%016llx%016llx", (unsigned long long)hash.high64, (unsigned long long)hash.low64);
    tt_buffer_free (&text);
}
