/* The table of methods, and what several of them share. */
#include "commands.h"

#include "checks.h"

#define METHOD(called, handler, reads)                                                                                           \
    {                                                                                                                            \
        .name = "techtransfer.finance.v1.LoanMatch/" called,                                                                     \
        .request = &techtransfer__finance__v1__##handler##_request__descriptor, .read_only = reads, .handle = match_##handler    \
    }

const tt_method match_methods[] = {
    METHOD ("PutProvider", put_provider, false),
    METHOD ("PutProduct", put_product, false),
    METHOD ("ListProviders", list_providers, true),
    METHOD ("SubmitApplication", submit_application, false),
    METHOD ("ListApplications", list_applications, true),
    METHOD ("RunRound", run_round, false),
    METHOD ("GetRound", get_round, true),
    METHOD ("ListProposals", list_proposals, true),
    METHOD ("AcceptProposal", accept_proposal, false),
    METHOD ("DeclineProposal", decline_proposal, false),
    METHOD ("PutCap", put_cap, false),
    METHOD ("ListCaps", list_caps, true),
    METHOD ("GetCertificate", get_certificate, true),
    METHOD ("PutPool", put_pool, false),
    METHOD ("ListPools", list_pools, true),
    METHOD ("ResumePool", resume_pool, false),
    METHOD ("RecordDisbursement", record_disbursement, false),
    METHOD ("RecordRepayment", record_repayment, false),
    METHOD ("RecordDefault", record_default, false),
    METHOD ("GetLoan", get_loan, true),
    METHOD ("ListLoans", list_loans, true),
    METHOD ("GetExposure", get_exposure, true),
    METHOD ("ReserveCapacity", reserve_capacity, false),
};
const size_t match_method_count = sizeof match_methods / sizeof *match_methods;

bool
match_bad_names (tt_txn *txn, const char *market, const char *field, const char *value)
{
    tt_violations v = { 0 };
    tt_check_identifier (&v, "market", market);
    if (field)
        tt_check_identifier (&v, field, value);
    return match_refuse (txn, &v);
}

uint32_t
match_page_limit (tt_txn *txn, uint32_t limit)
{
    if (limit > 1000) {
        tt_txn_violation (txn, "limit", "%u is more than 1000", limit);
        return 0;
    }
    return limit ? limit : 100;
}
