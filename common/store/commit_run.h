/* The commit of a run of units that do not meet, by the faster function of commit_run.lua. Private to store/.
 *
 * Two units meet if the later touches a row that the earlier writes, or if one adds to a number. Such runs, and those that the function
 * refused (a request id was known, a version had changed), go through tt_commit_add, which looks at each unit by itself. */
#ifndef TT_STORE_COMMIT_RUN_H
#define TT_STORE_COMMIT_RUN_H

#include "store/commit.h"

/* Adds the commit of units of ONE partition, in order, of which no two meet; returns the number of the command. */
size_t tt_commit_run_add (tt_store *store, tt_unit *const *units, size_t count);
/* Takes the answer of command i into the units: each COMMITTED, or each AGAIN. Statuses as tt_commit_result. */
TT_MUST_USE tt_status tt_commit_run_result (tt_store *store, size_t i, tt_unit *const *units, size_t count, tt_error *error);

#endif
