/* Short names for the generated messages of finance.proto, for this folder only. */
#ifndef LOAN_MATCH_FINANCE_H
#define LOAN_MATCH_FINANCE_H

#include "finance.pb-c.h"

typedef Techtransfer__Finance__V1__Provider finance_provider;
typedef Techtransfer__Finance__V1__Product finance_product;
typedef Techtransfer__Finance__V1__Mandate finance_mandate;
typedef Techtransfer__Finance__V1__Application finance_application;
typedef Techtransfer__Finance__V1__WantedLeg finance_leg;
typedef Techtransfer__Finance__V1__Proposal finance_proposal;
typedef Techtransfer__Finance__V1__Round finance_round;
typedef Techtransfer__Finance__V1__Allocation finance_allocation;
typedef Techtransfer__Finance__V1__Unmatched finance_unmatched;

#define FINANCE(name) TECHTRANSFER__FINANCE__V1__##name

#endif
