/* The bound of a daemon's memory: every queue has its own, but what many peers cost together, and what libzmq and the allocator
 * keep, only the system can tell. A thread reads the resident size five times a second, without allocating.
 *
 * Over the bound: `over` is true (commands are refused), once a second the parts are asked to cut off the peers that cost most,
 * and free memory is given back. It ends when a tenth is free again, or two seconds after it was last above. Told once an episode. Private to run/. */
#ifndef TT_RUN_MEMORY_H
#define TT_RUN_MEMORY_H

#include <stdatomic.h>

#include "base/buffer.h"
#include "base/counters.h"

typedef struct tt_memory tt_memory;

typedef struct {
    uint64_t max;          /* bytes */
    atomic_bool *over;     /* borrowed, false; for those that refuse work */
    tt_counters *counters; /* borrowed */
    size_t (*relieve) (
        void *argument,
        tt_buffer *names); /* cuts off peers; how many, named in `names` (appended); from the thread of the watch */
    void *argument;
} tt_memory_options;

/* Starts the watch. TT_UNAVAILABLE if the resident size cannot be read. */
TT_MUST_USE tt_status tt_memory_open (tt_memory **out, const tt_memory_options *options, tt_error *error);
void tt_memory_close (tt_memory **memory); /* after it nobody is asked to relieve any more */

/* The decision, pure. */
typedef struct {
    bool over;
    int64_t relieved_us; /* the last time that something was done about it */
    int64_t above_us;    /* the last time that it was above the bound */
} tt_memory_state;
typedef enum { TT_MEMORY_NOTHING, TT_MEMORY_BEGINS, TT_MEMORY_LASTS, TT_MEMORY_ENDS } tt_memory_step;
/* BEGINS and LASTS: something is to be done. An episode ends a tenth below the bound, or when it has stayed below for two seconds. */
tt_memory_step tt_memory_decide (tt_memory_state *state, uint64_t resident, uint64_t max, int64_t now_us);

#endif
