/* One request of a harvest over HTTP into a file: one attempt, bounded in time and size. Whether it is tried again is the
 * harvest's decision. libcurl does the talking; one thread. */
#ifndef TTCTL_OAI_HTTP_H
#define TTCTL_OAI_HTTP_H

#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"

typedef struct {
    uint64_t most;     /* bytes of an answer, decoded */
    uint32_t silent_s; /* seconds in which nothing comes before it is given up; the whole may take sixty times that */
    bool (*stopped) (void *context); /* asked often; true: give up at once */
    void *context;
} oai_http_options;

typedef struct oai_http oai_http;

TT_MUST_USE tt_status oai_http_open (oai_http **out, const oai_http_options *options, tt_error *error);
void oai_http_close (oai_http **http); /* NULL inside is fine; nulls */

/* GET of URL with these words behind it (encoded already) into `file`, from its start on. Up to five redirections, to http and
 * https only. *wait_ms: what Retry-After asks for, -1 if nothing.
 * UNAVAILABLE: worth another attempt (no connection, cut off, 429, 408, 5xx). RESOURCE_EXHAUSTED: larger than `most`.
 * NOT_FOUND, PERMISSION_DENIED, FAILED_PRECONDITION: other answers. INVALID_ARGUMENT: no address that may be asked, or an answer
 * that is no XML. CANCELLED: stopped. INTERNAL: the file cannot be written. */
TT_MUST_USE tt_status oai_http_get (oai_http *http, const char *url, const char *words, FILE *file, int64_t *wait_ms,
                                    tt_error *error);
/* "&name=" and the value, encoded, appended; nothing for an empty one. */
void oai_http_word (oai_http *http, const char *name, const char *value, tt_buffer *words);

#endif
