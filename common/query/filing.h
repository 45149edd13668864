/* How a query is filed under one of its keys: the three bits of a document and the table that refuse it, or settle it, unread.
 *
 * Internal to query/. Pure. */
#ifndef TT_QUERY_FILING_H
#define TT_QUERY_FILING_H

#include "query/program.h"

/* The posting of a program under `anchor`, which a document that comes to it has. `documents`: behind the frequencies. Exact (not
 * POSTING_UNSURE) where at most three other keys decide; else what these three say is necessary. */
posting filing_posting (const uint32_t *words, uint32_t query, uint32_t anchor, const dictionary *d, program_frequency *frequency,
                        const void *context, uint64_t documents);

#endif
