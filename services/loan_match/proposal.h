/* The life of a proposal: what each step does to it. Pure: the caller commits what comes out.
 *
 *            both accepted before the deadline
 *    HELD ------------------------------------> CONFIRMED    capacity stays taken
 *     |  \----- a party declines -------------> DECLINED     capacity released
 *     \-------- the deadline has passed ------> EXPIRED      capacity released
 *
 * The last three are final. Not for capacity (capacity.h). Thread-safe. */
#ifndef LOAN_MATCH_PROPOSAL_H
#define LOAN_MATCH_PROPOSAL_H

#include "base/status.h"
#include "finance.h"

typedef enum { MATCH_NO_PARTY, MATCH_APPLICANT, MATCH_PROVIDER } match_party;

/* Which party of the proposal this name is. */
match_party match_party_of (const finance_proposal *proposal, const char *party);

typedef enum { MATCH_ACCEPT, MATCH_DECLINE, MATCH_EXPIRE, MATCH_STEP_COUNT } match_step;

/* What a step came to. */
typedef enum {
    MATCH_UNCHANGED, /* the same party said the same before: nothing to write */
    MATCH_ACCEPTED,  /* one of two */
    MATCH_CONFIRMED,
    MATCH_DECLINED,
    MATCH_EXPIRED
} match_outcome;

/* True if the table allows the step from this state. */
bool match_step_allowed (Techtransfer__Finance__V1__ProposalState state, match_step step);

/* Applies a step at `now` (milliseconds since 1970) to *proposal: state, acceptances, decided_unix_ms, revision; the reason is
 * the caller's. TT_FAILED_PRECONDITION with the reason: the state is final, an accept or decline at or after the deadline, an
 * expiry before it. TT_INVALID_ARGUMENT: an accept or decline by no party. Then nothing is changed. */
TT_MUST_USE tt_status match_step_apply (finance_proposal *proposal, match_step step, match_party party, int64_t now,
                                        match_outcome *outcome, tt_error *error);

#define MATCH_PROPOSAL_ID_SIZE 33
/* The id that a proposal of this round, application, leg and product always has: 32 hexadecimal digits (XXH3-128). */
void match_proposal_id (const finance_proposal *proposal, char out[MATCH_PROPOSAL_ID_SIZE]);

/* "HELD", "equity": names of states, and of legs as topics write them. Static storage. */
const char *match_state_name (Techtransfer__Finance__V1__ProposalState state);
const char *match_leg_name (Techtransfer__Finance__V1__Leg leg);

#endif
