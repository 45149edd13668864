/* finance pool, finance loan, finance exposure: risk pools, and what becomes of confirmed money. Amounts are given and shown in
 * yuan. */
#include <finance.pb-c.h>
#include <string.h>

#include "ctl.h"
#include "import/normal.h"

#define SERVICE "techtransfer.finance.v1.LoanMatch/"
#define MESSAGE(name) &techtransfer__finance__v1__##name##__descriptor

static int
refuse (const char *what, const char *why)
{
    fprintf (stderr, "ttctl: %s: %s\n", what, why);
    return CTL_USAGE;
}

static int
exchange (const ctl_args *args, json_t *fields)
{
    json_t *reply = NULL;
    int code = ctl_exchange (args, CTL_FINANCE, fields, &reply);
    json_decref (fields);
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK)
        ctl_print_record (reply);
    json_decref (reply);
    return code;
}

/* -- pools -- */

static int
run_pool_put (const ctl_args *args)
{
    const char *path = ctl_get (args, "policy");
    json_error_t error;
    json_t *pool = strcmp (path, "-") == 0 ? json_loadf (stdin, JSON_REJECT_DUPLICATES, &error)
                                           : json_load_file (path, JSON_REJECT_DUPLICATES, &error);
    if (pool == NULL) {
        fprintf (stderr, "ttctl: %s: line %d: %s\n", path, error.line, error.text);
        return CTL_REFUSED;
    }
    json_t *given = ctl_request (args);
    json_t *over = given ? json_object_get (given, "pool") : NULL;
    int code = !json_is_object (pool)                 ? refuse (path, "is no JSON object: a Pool")
               : given == NULL                        ? CTL_USAGE
               : json_object_update (pool, over) != 0 ? refuse (path, "cannot be used")
                                                      : exchange (args, json_pack ("{s:O}", "pool", pool));
    json_decref (given);
    json_decref (pool);
    return code;
}

/* -- disbursements -- */

/* "2027-06-30:250000" -> {due, principalFen}; NULL if it is not of that form. */
static json_t *
instalment_of (const char *text)
{
    const char *colon = strchr (text, ':');
    int64_t fen;
    if (colon == NULL || !tt_normal_money (colon + 1, 2, &fen))
        return NULL;
    return json_pack ("{s:s%, s:I}", "due", text, (size_t)(colon - text), "principalFen", (json_int_t)fen);
}

static int
run_disburse (const ctl_args *args)
{
    json_t *fields = ctl_request (args);
    json_t *list = json_array ();
    for (size_t i = 0; fields && i < ctl_count (args, "instalment"); i++) {
        const char *text = ctl_value_at (args, "instalment", i);
        if (json_array_append_new (list, instalment_of (text)) == 0)
            continue;
        json_decref (list);
        json_decref (fields);
        return refuse (text, "is not DATE:YUAN");
    }
    if (fields == NULL) {
        json_decref (list);
        return CTL_USAGE;
    }
    json_object_set_new (fields, "instalments", list);
    return exchange (args, fields);
}

/* -- the table -- */

#define LOAN_OPTIONS                                                                                                             \
    { "market", "market", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a city" },                                                      \
    {                                                                                                                            \
        "id", "proposal_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the confirmed proposal"                                   \
    }
#define ENTRY_OPTIONS                                                                                                            \
    { "entry", "entry_id", CTL_TEXT, CTL_REQUIRED, "of your own: the same again changes nothing" },                              \
        { "date", "date", CTL_TEXT, CTL_REQUIRED, "ISO date, not after today" },                                                 \
    {                                                                                                                            \
        "by", "by", CTL_TEXT, CTL_REQUIRED, "who says so"                                                                        \
    }

static const ctl_option pool_put_options[] = {
    { "market", "pool.market", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a city" },
    { "id", "pool.poolId", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a-z 0-9 - _ ." },
    { "policy", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a Pool as JSON; - is stdin" },
    { "balance", "pool.balanceFen", CTL_MONEY, 0, "instead of the policy's" },
    { "provider", "pool.providers", CTL_TEXT, CTL_REPEATED, "covers, instead of the policy's: all if none" },
    { "product", "pool.products", CTL_TEXT, CTL_REPEATED, "likewise: PROVIDER/PRODUCT" },
    { "district", "pool.districts", CTL_TEXT, CTL_REPEATED, "likewise: of the applicant" },
    { 0 },
};
static const ctl_option market_options[] = {
    { "market", "market", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a city" },
    { 0 },
};
static const ctl_option resume_options[] = {
    { "market", "market", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a city" },
    { "id", "pool_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the pool" },
    { "by", "by", CTL_TEXT, CTL_REQUIRED, "who says so" },
    { "reason", "reason", CTL_TEXT, CTL_REQUIRED, "why" },
    { 0 },
};
static const ctl_option disburse_options[] = {
    LOAN_OPTIONS,
    ENTRY_OPTIONS,
    { "amount", "amount_fen", CTL_MONEY, CTL_REQUIRED, "what is paid out" },
    { "instalment", NULL, CTL_TEXT, CTL_REPEATED, "DATE:YUAN, how it is to be repaid; together the amount" },
    { "last", "last", CTL_FLAG, 0, "nothing more comes: the rest's capacity comes back" },
    { "reason", "reason", CTL_TEXT, 0, "why" },
    { 0 },
};
static const ctl_option repay_options[] = {
    LOAN_OPTIONS,
    ENTRY_OPTIONS,
    { "principal", "principal_fen", CTL_MONEY, CTL_REQUIRED, "its capacity comes back" },
    { "interest", "interest_fen", CTL_MONEY, 0, "for the book" },
    { "reason", "reason", CTL_TEXT, 0, "why" },
    { 0 },
};
static const ctl_option default_options[] = {
    LOAN_OPTIONS,
    ENTRY_OPTIONS,
    { "reason", "reason", CTL_TEXT, CTL_REQUIRED, "why" },
    { 0 },
};
static const ctl_option loan_options[] = { LOAN_OPTIONS, { 0 } };
static const ctl_option loans_options[] = {
    { "market", "market", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a city" },
    { "limit", "limit", CTL_NUMBER, 0, "at most so many, 1 to 1000 (100)" },
    { "after", "after", CTL_TEXT, 0, "id after which the page begins" },
    { 0 },
};
static const ctl_option reserve_options[] = {
    { "market", "market", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "a city" },
    { "id", "reservation_id", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of your own: the same again changes nothing" },
    { "application", "application_id", CTL_TEXT, CTL_REQUIRED, "OPEN" },
    { "leg", "leg", CTL_ENUM, CTL_REQUIRED, "equity, loan, lease" },
    { "provider", "provider_id", CTL_TEXT, CTL_REQUIRED, "whose product" },
    { "product", "product_id", CTL_TEXT, CTL_REQUIRED, "which" },
    { "amount", "amount_fen", CTL_MONEY, CTL_REQUIRED, "what is held" },
    { "hold", "hold_seconds", CTL_NUMBER, 0, "how long (604800, 7 days)" },
    { 0 },
};
static const ctl_column pool_columns[] = {
    { "POOL", "poolId", false, false },         { "CAPACITY", "capacityFen", true, true },
    { "USED", "usedFen", true, true },          { "DISBURSED", "disbursedFen", true, true },
    { "LOST", "lostFen", true, true },          { "PAID", "paidFen", true, true },
    { "SUSPENDED", "suspended", false, false }, { 0 },
};
static const ctl_column loan_columns[] = {
    { "LOAN", "proposal.proposalId", false, false },
    { "APPLICANT", "proposal.applicant", false, false },
    { "PROVIDER", "proposal.providerId", false, false },
    { "POOL", "poolId", false, false },
    { "DISBURSED", "disbursedFen", true, true },
    { "REPAID", "repaidFen", true, true },
    { "LOST", "lostFen", true, true },
    { "STATE", "state", false, false },
    { 0 },
};
static const ctl_column exposure_columns[] = {
    { "KIND", "kind", false, false },
    { "ID", "id", false, false },
    { "HELD", "heldFen", true, true },
    { "CONFIRMED", "confirmedFen", true, true },
    { "DISBURSED", "disbursedFen", true, true },
    { "REPAID", "repaidFen", true, true },
    { "LOST", "lostFen", true, true },
    { 0 },
};

#define CALL(Method, name)                                                                                                       \
    .service = CTL_FINANCE, .method = SERVICE Method, .request = MESSAGE (name##_request), .reply = MESSAGE (name##_reply)

const ctl_command ctl_loan_commands[] = {
    { .name = "finance pool put",
      .summary = "Puts a risk pool: balance, leverage, what it covers, who bears losses",
      .examples = "  ttctl finance pool put ningbo pool services/loan_match/policies/ningbo-risk-pool.json --balance 10000000 "
                  "--provider bank-a",
      .options = pool_put_options,
      .run = run_pool_put,
      CALL ("PutPool", put_pool) },
    { .name = "finance pool list",
      .summary = "Lists the pools of a market",
      .examples = "  ttctl finance pool list ningbo",
      .options = market_options,
      .run = ctl_call,
      CALL ("ListPools", list_pools),
      .rows = "pools",
      .columns = pool_columns },
    { .name = "finance pool resume",
      .summary = "Resumes a pool that was suspended for its losses",
      .examples = "  ttctl finance pool resume ningbo pool --by 'risk officer' --reason 'balance restored'",
      .options = resume_options,
      .run = ctl_call,
      CALL ("ResumePool", resume_pool) },
    { .name = "finance reserve",
      .summary = "Reserves capacity of a product for an open application, between rounds",
      .examples = "  ttctl finance reserve ningbo res-1 --application app-17 --leg loan --provider bank-a --product pool-loan "
                  "--amount 500000",
      .options = reserve_options,
      .run = ctl_call,
      CALL ("ReserveCapacity", reserve_capacity) },
    { .name = "finance loan disburse",
      .summary = "Records that money of a confirmed proposal was paid out",
      .examples
      = "  ttctl finance loan disburse ningbo 698fc99829d2ea686dcf6a4856a7a3f6 --entry d1 --amount 500000 --date 2019-03-01 \\\n"
        "      --by bank-a --instalment 2019-09-01:200000 --instalment 2020-03-01:300000",
      .options = disburse_options,
      .run = run_disburse,
      CALL ("RecordDisbursement", record_disbursement) },
    { .name = "finance loan repay",
      .summary = "Records a repayment; the principal's capacity comes back",
      .examples
      = "  ttctl finance loan repay ningbo 698fc99829d2ea686dcf6a4856a7a3f6 --entry r1 --principal 200000 --interest 4350 \\\n"
        "      --date 2019-09-01 --by bank-a",
      .options = repay_options,
      .run = ctl_call,
      CALL ("RecordRepayment", record_repayment) },
    { .name = "finance loan default",
      .summary = "Records that what is outstanding is lost; the pool's rule splits it",
      .examples = "  ttctl finance loan default ningbo 698fc99829d2ea686dcf6a4856a7a3f6 --entry x --date 2019-12-01 --by bank-a "
                  "--reason insolvent",
      .options = default_options,
      .run = ctl_call,
      CALL ("RecordDefault", record_default) },
    { .name = "finance loan show",
      .summary = "Shows a loan with all entries of its book",
      .examples = "  ttctl finance loan show ningbo 698fc99829d2ea686dcf6a4856a7a3f6 --json",
      .options = loan_options,
      .run = ctl_call,
      CALL ("GetLoan", get_loan) },
    { .name = "finance loan list",
      .summary = "Lists loans",
      .examples = "  ttctl finance loan list ningbo",
      .options = loans_options,
      .run = ctl_call,
      CALL ("ListLoans", list_loans),
      .rows = "loans",
      .columns = loan_columns },
    { .name = "finance exposure",
      .summary = "Shows what is held, confirmed, disbursed, repaid and lost, by provider, pool, cell, cap, district and special",
      .examples = "  ttctl finance exposure ningbo",
      .options = market_options,
      .run = ctl_call,
      CALL ("GetExposure", get_exposure),
      .rows = "rows",
      .columns = exposure_columns },
    { 0 },
};
