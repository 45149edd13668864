/* Status codes and the error detail that goes with them.
 *
 * One enum for the whole suite, with the numbers of google.rpc.Code, so that a status found deep in the store can stand in a
 * reply as it is. A function that can fail returns tt_status; where a person needs to know more it also fills a tt_error.
 * No thread rule: values only. */
#ifndef TT_BASE_STATUS_H
#define TT_BASE_STATUS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define TT_MUST_USE __attribute__ ((warn_unused_result))
#define TT_PRINTF(format_index, first_index) __attribute__ ((format (printf, format_index, first_index)))

typedef enum {
    TT_OK = 0,
    TT_CANCELLED = 1,
    TT_UNKNOWN = 2,
    TT_INVALID_ARGUMENT = 3,
    TT_DEADLINE_EXCEEDED = 4,
    TT_NOT_FOUND = 5,
    TT_ALREADY_EXISTS = 6,
    TT_PERMISSION_DENIED = 7,
    TT_RESOURCE_EXHAUSTED = 8,
    TT_FAILED_PRECONDITION = 9,
    TT_ABORTED = 10,
    TT_OUT_OF_RANGE = 11,
    TT_UNIMPLEMENTED = 12,
    TT_INTERNAL = 13,
    TT_UNAVAILABLE = 14,
    TT_DATA_LOSS = 15,
    TT_UNAUTHENTICATED = 16,
    TT_STATUS_COUNT
} tt_status;

/* What went wrong, for a person. Zero-initialise: {0}. */
typedef struct {
    tt_status code;
    char message[480]; /* NUL-terminated UTF-8, truncated on a character boundary */
} tt_error;

/* The name of a code as google.rpc.Code writes it ("INVALID_ARGUMENT"). Static storage; "UNKNOWN" for a number outside. */
const char *tt_status_name (tt_status status);

/* Fills *error (may be NULL) and returns code, so that a failing function ends with `return tt_fail (error, TT_..., "...")`. */
tt_status tt_fail (tt_error *error, tt_status code, const char *format, ...) TT_PRINTF (3, 4);

/* Puts "<prefix>: " before the message already in *error (may be NULL); returns error->code, or TT_INTERNAL if error is NULL. */
tt_status tt_fail_prefix (tt_error *error, const char *format, ...) TT_PRINTF (2, 3);

#endif
