/* W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/): the value of `traceparent`,
 * "00-<trace-id, 32 digits>-<parent-id, 16 digits>-<flags, 2 digits>", digits being 0-9 and a-f.
 *
 * A command carries the caller's; each event that follows has the same trace-id and a parent-id of its own, which whatever
 * follows from that event has as its cause. Not for sampling and not for sending spans anywhere. Thread-safe: values only. */
#ifndef TT_WIRE_TRACE_H
#define TT_WIRE_TRACE_H

#include "base/buffer.h"

#define TT_TRACE_TEXT_SIZE 56 /* 55 characters and the NUL */

typedef struct {
    uint8_t trace_id[16]; /* never all zero */
    uint8_t parent_id[8]; /* never all zero */
    bool sampled;         /* the one flag of level 1; others are not passed on */
} tt_trace;

/* False, *out untouched, if it is none: too short, digits in capitals, an id of zeros, version ff. Of a version after 00 what
 * level 1 knows is taken, and what follows behind another "-" is passed over; a value of version 00 has exactly 55 characters. */
bool tt_trace_parse (tt_bytes text, tt_trace *out);
/* As version 00, NUL-terminated. */
void tt_trace_format (const tt_trace *trace, char out[TT_TRACE_TEXT_SIZE]);
/* A trace that nothing has caused: random ids, not sampled. */
tt_trace tt_trace_begin (void);
/* The same trace with a new parent-id. */
tt_trace tt_trace_child (const tt_trace *cause);

/* One line of the log at debug level: `step`, trace_id and parent_id of the cause, one more pair, and the span_id of what follows
 * from it (the parent-id of the traceparent `own`; NULL or "": nothing does). No line if `cause` is no trace. Cheap while debug
 * is not logged. */
void tt_trace_log (const char *step, tt_bytes cause, const char *name, tt_bytes value, const char *own);

#endif
