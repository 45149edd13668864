/* Topics: paths of escaped segments, each followed by "/", so that the prefix "patent/alert/ent-4/" never takes "ent-42".
 *
 * A filter is a prefix: empty, or ending in "/". Thread-safe: values only. */
#ifndef TT_WIRE_TOPIC_H
#define TT_WIRE_TOPIC_H

#include "base/buffer.h"

#define TT_TOPIC_MAX 512 /* bytes of a topic or filter */

/* Appends one segment and its "/". Bytes outside A-Z a-z 0-9 - _ . ~ are written as %XX (capital hexadecimal digits, RFC 3986);
 * letters keep their case. NULL and "" become "none". */
void tt_topic_append (tt_buffer *out, const char *segment);

/* Appends several segments; NULL ends the list, so an optional segment is passed as "":
 *     tt_topic_build (&topic, "patent", "alert", owner, "info", NULL);  =>  patent/alert/ent-4/info/ */
void tt_topic_build (tt_buffer *out, const char *first, ...) __attribute__ ((sentinel));

/* True if it is 2 to TT_TOPIC_MAX bytes of non-empty segments of unreserved characters and %XX, each followed by "/". */
bool tt_topic_valid (tt_bytes topic);
/* True if it is empty or a valid topic. */
bool tt_filter_valid (tt_bytes filter);
/* True if `topic` begins with `filter`. Both are valid. */
bool tt_topic_matches (tt_bytes filter, tt_bytes topic);

#endif
