/* The standing demands, for asking "who wants this achievement?": a percolator for those with a query, an index of chosen terms
 * for those that are matched by their words. Terms are chosen by how common they are now, and chosen anew when the collections
 * have grown by a quarter. Owned by one thread. */
#ifndef INGEST_DEMAND_INDEX_H
#define INGEST_DEMAND_INDEX_H

#include "corpus.h"
#include "query/percolator.h"
#include "subject.h"

typedef struct ingest_demand_index ingest_demand_index;

/* corpus is borrowed: it knows how common terms are. */
ingest_demand_index *ingest_demand_index_new (const ingest_corpus *corpus, const ingest_settings *settings); /* never NULL */
void ingest_demand_index_destroy (ingest_demand_index **index);

/* Files a demand, replacing the one with the same owner and demand_id. *demand is taken (freed by the index, also on failure).
 * INVALID_ARGUMENT if its query cannot be parsed: then the demand is not there. */
TT_MUST_USE tt_status ingest_demand_index_put (ingest_demand_index *index, ingest_demand **demand, tt_error *error);
bool ingest_demand_index_remove (ingest_demand_index *index, const char *owner, const char *demand_id);

/* A filed demand. */
typedef struct {
    const ingest_demand *demand;
    ingest_limits limits;
    const ingest_wanted *wanted; /* none for a demand with a query */
    size_t wanted_count;
    const char *const *words; /* wanted_count texts */
} ingest_standing;
/* False if there is none. Borrowed until the next change of the index. */
bool ingest_demand_index_find (ingest_demand_index *index, const char *owner, const char *demand_id, ingest_standing *out);

typedef struct {
    ingest_standing standing;
    double score;  /* 1 for a query */
    uint32_t hits; /* bit i: wanted[i] occurs; 0 for a query */
} ingest_match;
/* The demands that want a record: all whose query matches, then by words the best settings->best_of_record, best first. Limits
 * and deadlines (today: day number) are kept. *matches is borrowed until the next call or change. */
size_t ingest_demand_index_match (ingest_demand_index *index, const ingest_traits *traits, const ingest_terms *terms,
                                  const tt_document *document, int32_t today, const ingest_match **matches);

/* Demands that are open past their deadline, at most `most` into out, which must be expired (expiry.h). Borrowed until the next change. One that
 * cannot be filed is not found. */
size_t ingest_demand_index_overdue (const ingest_demand_index *index, int32_t today, const ingest_demand **out, size_t most);

size_t ingest_demand_index_count (const ingest_demand_index *index);

#endif
