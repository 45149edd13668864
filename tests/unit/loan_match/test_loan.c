/* The book of a loan and the split of a loss, by figures computed by hand. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "loan.h"
#include "wire/json.h"

static finance_share shares[4];
static finance_share *rule[4] = { &shares[0], &shares[1], &shares[2], &shares[3] };

static void
set_rule (const uint32_t *weights, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        techtransfer__finance__v1__loss_share__init (&shares[i]);
        shares[i].weight = weights[i];
    }
}

static void
expect_split (int64_t amount, const uint32_t *weights, const int64_t *wanted, size_t count)
{
    int64_t parts[4], sum = 0;
    set_rule (weights, count);
    match_split_loss (amount, rule, count, parts);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq (parts[i], wanted[i], "%lld: part %zu is %lld, not %lld", (long long)amount, i, (long long)parts[i],
                      (long long)wanted[i]);
        sum += parts[i];
    }
    cr_expect_eq (sum, amount);
}

/* City, district, bank 4:4:2. Of 1,003 fen: 401.2, 401.2, 200.6, so the bank has the odd fen; of 1,001: 400.4, 400.4, 200.2, the
 * city has it; of 1,004: 401.6, 401.6, 200.8: three fen short by rounding down is two: bank, then city. */
Test (loss, four_four_two_by_hand)
{
    const uint32_t weights[] = { 4, 4, 2 };
    expect_split (1000000, weights, (int64_t[]){ 400000, 400000, 200000 }, 3);
    expect_split (1003, weights, (int64_t[]){ 401, 401, 201 }, 3);
    expect_split (1001, weights, (int64_t[]){ 401, 400, 200 }, 3);
    expect_split (1004, weights, (int64_t[]){ 402, 401, 201 }, 3);
    expect_split (1, weights, (int64_t[]){ 1, 0, 0 }, 3);
    expect_split (0, weights, (int64_t[]){ 0, 0, 0 }, 3);
}

Test (loss, large_amounts_and_equal_remainders)
{
    expect_split (9007199254740991, (const uint32_t[]){ 1000000, 1000000, 1000000 },
                  (int64_t[]){ 3002399751580331, 3002399751580330, 3002399751580330 }, 3);
    expect_split (11, (const uint32_t[]){ 1, 1, 1, 1 }, (int64_t[]){ 3, 3, 3, 2 }, 4);
}

/* Whatever the weights: parts sum, and none is a fen or more away from its exact share. */
Test (loss, sums_exactly_for_all_small_ones)
{
    int64_t parts[3];
    for (uint32_t a = 1; a <= 7; a++)
        for (uint32_t b = 1; b <= 7; b++)
            for (int64_t amount = 0; amount <= 60; amount++) {
                const uint32_t weights[] = { a, b, 3 };
                set_rule (weights, 3);
                match_split_loss (amount, rule, 3, parts);
                cr_assert_eq (parts[0] + parts[1] + parts[2], amount);
                for (size_t i = 0; i < 3; i++) {
                    int64_t off = parts[i] * (a + b + 3) - amount * weights[i];
                    cr_assert (off < (int64_t)(a + b + 3) && -off < (int64_t)(a + b + 3));
                }
            }
}

/* -- entries -- */

static finance_proposal confirmed;
static finance_loan loan;
static finance_entry *book[8];

static void
open_book (int64_t amount)
{
    techtransfer__finance__v1__proposal__init (&confirmed);
    techtransfer__finance__v1__loan__init (&loan);
    confirmed.proposal_id = (char *)"p";
    confirmed.amount_fen = amount;
    loan.proposal = &confirmed;
    loan.entries = book;
}

static finance_entry
entry_of (int kind, int64_t amount, const char *date)
{
    finance_entry e = TECHTRANSFER__FINANCE__V1__LOAN_ENTRY__INIT;
    e.kind = (Techtransfer__Finance__V1__EntryKind)kind;
    e.amount_fen = amount;
    e.date = (char *)date;
    e.entry_id = (char *)date;
    return e;
}

static tt_status
apply (finance_entry *e)
{
    tt_error error = { 0 };
    tt_status status = match_loan_apply (&loan, e, &error);
    if (status == TT_OK)
        book[loan.n_entries++] = e;
    return status;
}

enum {
    DISBURSE = FINANCE (ENTRY_KIND__DISBURSEMENT),
    REPAY = FINANCE (ENTRY_KIND__REPAYMENT),
    LOSE = FINANCE (ENTRY_KIND__DEFAULT)
};

/* 100 promised, 80 drawn and no more; due 30 in February and 50 in March. 20 come in time, at the end of March 60 are overdue. */
Test (loan, late_and_partial_repayments)
{
    Techtransfer__Finance__V1__Instalment first = TECHTRANSFER__FINANCE__V1__INSTALMENT__INIT, second = first;
    Techtransfer__Finance__V1__Instalment *plan[] = { &first, &second };
    open_book (100);
    first.due = (char *)"2026-02-01";
    first.principal_fen = 30;
    second.due = (char *)"2026-03-01";
    second.principal_fen = 50;
    finance_entry drawn = entry_of (DISBURSE, 80, "2026-01-01");
    drawn.last = true;
    drawn.instalments = plan;
    drawn.n_instalments = 2;
    cr_assert_eq (apply (&drawn), TT_OK);
    cr_expect_eq (drawn.released_fen, 20);
    finance_entry early = entry_of (REPAY, 20, "2026-02-01"), late = entry_of (REPAY, 60, "2026-03-31");
    cr_assert_eq (apply (&early), TT_OK);
    cr_expect_eq (early.overdue_fen, 0);
    cr_expect_eq (match_loan_overdue (&loan, "2026-02-02"), 10);
    cr_assert_eq (apply (&late), TT_OK);
    cr_expect_eq (late.overdue_fen, 60);
    cr_expect_eq (late.released_fen, 60);
    cr_expect_eq (loan.state, FINANCE (LOAN_STATE__REPAID));
    cr_expect_eq (match_loan_outstanding (&loan), 0);
}

Test (loan, what_is_lost_is_what_is_outstanding)
{
    open_book (100);
    finance_entry drawn = entry_of (DISBURSE, 70, "2026-01-01"), back = entry_of (REPAY, 25, "2026-02-01");
    finance_entry lost = entry_of (LOSE, 0, "2026-06-01");
    cr_assert_eq (apply (&drawn), TT_OK);
    cr_assert_eq (apply (&back), TT_OK);
    cr_assert_eq (apply (&lost), TT_OK);
    cr_expect_eq (lost.amount_fen, 45);
    cr_expect_eq (lost.released_fen, 30); /* never drawn */
    cr_expect_eq (loan.state, FINANCE (LOAN_STATE__DEFAULTED));
    cr_expect_eq (loan.disbursed_fen, loan.repaid_fen + loan.lost_fen);
}

/* Every state against every kind; what is refused changes nothing. */
Test (loan, the_table_of_states)
{
    static const bool allowed[4][4] = { { 0, 1, 0, 0 }, { 0, 1, 1, 1 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } };
    for (int state = 0; state < 4; state++)
        for (int kind = DISBURSE; kind <= LOSE; kind++) {
            finance_entry first = entry_of (DISBURSE, 50, "2026-01-01"), e = entry_of (kind, 10, "2026-02-01");
            open_book (100);
            if (state > 0)
                cr_assert_eq (apply (&first), TT_OK);
            loan.state = (Techtransfer__Finance__V1__LoanState)state;
            finance_loan before = loan;
            tt_status status = apply (&e);
            cr_expect_eq (status, allowed[state][kind] ? TT_OK : TT_FAILED_PRECONDITION, "state %d kind %d", state, kind);
            cr_expect (status == TT_OK || memcmp (&before, &loan, sizeof loan) == 0);
        }
}

Test (loan, sums_and_dates_are_kept)
{
    open_book (100);
    finance_entry over = entry_of (DISBURSE, 101, "2026-01-02"), drawn = entry_of (DISBURSE, 100, "2026-01-02");
    finance_entry more = entry_of (DISBURSE, 1, "2026-01-03"), before = entry_of (REPAY, 1, "2026-01-01");
    finance_entry much = entry_of (REPAY, 101, "2026-01-03");
    cr_expect_eq (apply (&over), TT_FAILED_PRECONDITION);
    cr_assert_eq (apply (&drawn), TT_OK);
    cr_expect_eq (apply (&more), TT_FAILED_PRECONDITION);
    cr_expect_eq (apply (&before), TT_FAILED_PRECONDITION);
    cr_expect_eq (apply (&much), TT_FAILED_PRECONDITION);
    cr_expect_eq (match_loan_outstanding (&loan), 100);
}

Test (loan, the_same_entry_is_known_again)
{
    finance_entry a = entry_of (REPAY, 10, "2026-01-01"), b = a;
    b.recorded_unix_ms = 5;
    cr_expect (match_loan_repeats (&a, &b));
    b.amount_fen = 11;
    cr_expect_not (match_loan_repeats (&a, &b));
}

/* The policy that is shipped: 4:4:2, leverage 10, with its source. Of 1,234,567 fen lost: 493,826.8, 493,826.8, 246,913.4. */
Test (policy, the_shipped_pool_by_hand)
{
    char text[4096];
    ProtobufCMessage *message = NULL;
    tt_error error = { 0 };
    FILE *file = fopen (TT_SOURCE_DIR "/services/loan_match/policies/ningbo-risk-pool.json", "r");
    cr_assert_not_null (file);
    size_t size = fread (text, 1, sizeof text, file);
    fclose (file);
    tt_status status = tt_json_parse (&techtransfer__finance__v1__pool__descriptor, (tt_bytes){ (const uint8_t *)text, size }, 0,
                                      NULL, &message, &error);
    cr_assert_eq (status, TT_OK, "%s", error.message);
    const finance_pool *pool = (const finance_pool *)message;
    int64_t parts[3];
    cr_assert_eq (pool->n_shares, 3);
    cr_expect_eq (pool->leverage, 10);
    cr_expect (pool->source[0] != '\0');
    cr_expect (pool->shares[0]->from_pool && pool->shares[1]->from_pool && !pool->shares[2]->from_pool);
    match_split_loss (1234567, pool->shares, 3, parts);
    cr_expect (parts[0] == 493827 && parts[1] == 493827 && parts[2] == 246913);
    protobuf_c_message_free_unpacked (message, NULL);
}
