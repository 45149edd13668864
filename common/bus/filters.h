/* Which filters are subscribed at a publisher, and what was sent under each: the figures of the heartbeats. Private to bus/; pure. */
#ifndef TT_BUS_FILTERS_H
#define TT_BUS_FILTERS_H

#include "base/buffer.h"

#define TT_FILTERS_MAX 65536 /* more are served all the same, but without heartbeats of their own */

typedef struct tt_filters tt_filters;

typedef struct {
    uint64_t last;  /* highest sequence sent under the filter; 0 = none */
    uint64_t count; /* events sent under it */
} tt_filter_sent;

tt_filters *tt_filters_new (uint32_t partitions); /* never NULL */
void tt_filters_destroy (tt_filters **filters);
/* What XPUB tells: the first subscription of a filter, the last one gone. */
void tt_filters_add (tt_filters *filters, tt_bytes filter);
void tt_filters_remove (tt_filters *filters, tt_bytes filter);
/* An event was sent: every filter that is a prefix of its topic counts it. */
void tt_filters_sent (tt_filters *filters, tt_bytes topic, uint32_t partition, uint64_t sequence);
/* The figures begin anew: what was sent is not the stream's history any more. */
void tt_filters_forget (tt_filters *filters);
size_t tt_filters_count (const tt_filters *filters);
/* All of them; sent[partitions], borrowed for the call. */
typedef void tt_filter_visitor (void *context, tt_bytes filter, const tt_filter_sent *sent);
void tt_filters_visit (tt_filters *filters, tt_filter_visitor *visit, void *context);

#endif
