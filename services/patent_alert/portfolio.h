/* Portfolios: named sets of an owner's publications, and all of them in memory, asked with a document or a number. Pure; an index is owned by
 * one thread. */
#ifndef ALERT_PORTFOLIO_H
#define ALERT_PORTFOLIO_H

#include "patent.h"
#include "query/percolator.h"
#include "wire/validate.h"

#define ALERT_PORTFOLIO_MAX 10000 /* publications in one */

/* Adds what is wrong; true if nothing is. */
bool alert_portfolio_check (const Portfolio *portfolio, tt_violations *violations);
bool alert_portfolio_same (const Portfolio *a, const Portfolio *b);
/* Appends country and number of "CN.111504366.B", "CN111504366B" or "CN111504366": kinds do not count. False if it is none of these. */
bool alert_portfolio_number (const char *publication, tt_buffer *out);
/* "patent/portfolio/ent-4/" */
void alert_portfolio_topic (const char *owner, tt_buffer *out);

typedef struct alert_portfolios alert_portfolios;

alert_portfolios *alert_portfolios_new (void); /* never NULL */
void alert_portfolios_destroy (alert_portfolios **portfolios);

/* Files or replaces. INVALID_ARGUMENT if its query does not parse: then there is none of this name any more. */
TT_MUST_USE tt_status alert_portfolios_put (alert_portfolios *portfolios, const Portfolio *portfolio, tt_error *error);
void alert_portfolios_remove (alert_portfolios *portfolios, const char *owner, const char *name);
size_t alert_portfolios_count (const alert_portfolios *portfolios);

/* The portfolios that hold this publication, as "owner/name", by number or (document not NULL) by query; in no order. *names is borrowed
 * until the next call. */
size_t alert_portfolios_holding (alert_portfolios *portfolios, const DocumentReference *publication, const tt_document *document,
                                 const char *const **names);

#endif
