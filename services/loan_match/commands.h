/* The methods of LoanMatch: each decodes nothing and commits nothing itself, but decides inside a transaction (store/txn.h).
 * All take the method's request message and a match_service. */
#ifndef LOAN_MATCH_COMMANDS_H
#define LOAN_MATCH_COMMANDS_H

#include "bus/service.h"
#include "catalog/catalog.h"
#include "finance.h"
#include "ledger.h"

/* What handlers share; read only once it is open. */
typedef struct {
    tt_catalog *catalog; /* owned */
} match_service;

extern const tt_method match_methods[];
extern const size_t match_method_count;

tt_handler match_put_provider, match_put_product, match_list_providers;
tt_handler match_submit_application, match_list_applications;
tt_handler match_run_round, match_get_round, match_get_certificate;
tt_handler match_put_cap, match_list_caps;
tt_handler match_put_pool, match_list_pools, match_resume_pool;
tt_handler match_record_disbursement, match_record_repayment, match_record_default;
tt_handler match_get_loan, match_list_loans, match_get_exposure, match_reserve_capacity;
tt_handler match_list_proposals, match_accept_proposal, match_decline_proposal;

/* For the processor; the request is a match_place. */
typedef struct {
    const char *market;
    const char *id; /* of a round, proposal or application */
} match_place;
tt_handler match_resume_round;      /* goes on with a round that is not finished; otherwise nothing */
tt_handler match_expire_proposal;   /* if its deadline has passed and it is still held */
tt_handler match_close_application; /* if its validity is over and it is OPEN */

/* Whether the market's caps are nested with this cap or product in the place of the one of its name (the other NULL). False: pending, or refused
 * because two cross. No two changes that together would cross can pass each other. */
bool match_keeps_nested (tt_txn *txn, const char *market, const finance_cap *cap, const finance_product *product);

/* Puts a cap that has been checked for form, if it may be put; used_fen and revision are filled in. False: pending or refused. */
typedef enum { MATCH_CAP_SAME, MATCH_CAP_CHANGED, MATCH_CAP_CREATED } match_cap_change;
bool match_set_cap (tt_txn *txn, finance_cap *cap, match_cap_change *change);

/* All caps of a market, retired ones too, by cap_id, without what is used; a guard: none is put meanwhile. False: pending or refused. */
bool match_caps_of (tt_txn *txn, const char *market, const finance_cap *const **caps, size_t *count);

/* Pools (commands_pool.c). The pool that backs a loan, and the cell of it: of those whose caps the proposal draws on, the first by id. NULL with
 * *found MATCH_ABSENT: none; the row guards the commit. */
finance_pool *match_pool_of (tt_txn *txn, const finance_proposal *proposal, match_found *found, const char **cell_id);
/* Writes a pool whose sums changed; suspends it, with its cap and an event, if more is lost than its rule allows. False: pending or refused. */
bool match_settle_pool (tt_txn *txn, finance_pool *pool, const char *by, const char *reason);

/* True, and the transaction refused, if one of the names is no identifier. A name after `market` ends with NULL. */
bool match_bad_names (tt_txn *txn, const char *market, const char *field, const char *value);

/* A request's page size: 0 means 100; refused (and 0 returned) above 1000. */
uint32_t match_page_limit (tt_txn *txn, uint32_t limit);

#endif
