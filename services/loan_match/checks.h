/* Whether the messages of commands are in the form that finance.proto asks for. Violations name the path. Not for rules that
 * depend on the state. */
#ifndef LOAN_MATCH_CHECKS_H
#define LOAN_MATCH_CHECKS_H

#include "catalog/catalog.h"
#include "finance.h"
#include "store/txn.h"
#include "wire/validate.h"

void match_check_provider (tt_violations *v, const finance_provider *provider);
void match_check_cap (tt_violations *v, const finance_cap *cap, const tt_catalog *catalog);
void match_check_product (tt_violations *v, const finance_product *product, const tt_catalog *catalog);
/* now: milliseconds since 1970; a validity that is over already is a violation. */
void match_check_application (tt_violations *v, const finance_application *application, const tt_catalog *catalog, int64_t now);

void match_check_pool (tt_violations *v, const finance_pool *pool, const tt_catalog *catalog);
/* What the commands about loans have in common with the entry that they become. now: milliseconds since 1970. */
void match_check_entry (tt_violations *v, const finance_entry *entry, int64_t now);

/* Refuses the transaction with all of them; true if there were any. Frees *v. */
bool match_refuse (tt_txn *txn, tt_violations *v);

#endif
