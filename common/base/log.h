/* The log: one JSON object a line on stderr, or text where stderr is a terminal.
 * Thread-safe: a line is one write(2). Secrets and classified content never go through here. */
#ifndef TT_BASE_LOG_H
#define TT_BASE_LOG_H

#include "base/status.h"

typedef enum { TT_LOG_DEBUG, TT_LOG_INFO, TT_LOG_WARNING, TT_LOG_ERROR, TT_LOG_OFF } tt_log_level;
typedef enum { TT_LOG_AUTO, TT_LOG_JSON, TT_LOG_TEXT } tt_log_form;

/* Program name (copied), least level written, form. May be called again (reload). */
void tt_log_configure (const char *program, tt_log_level level, tt_log_form form);
/* "debug", "info", "warning", "error", "off"; false if it is none of them. */
bool tt_log_level_parse (const char *text, tt_log_level *level);
bool tt_log_wants (tt_log_level level);

/* One line: what happened, then pairs of name and text value, ended by NULL:
 *     tt_log (TT_LOG_WARNING, "peer refused", "endpoint", endpoint, "reason", error.message, NULL);
 * Values are escaped; a NULL value is written as "". */
void tt_log (tt_log_level level, const char *event, ...) __attribute__ ((sentinel));
/* The same with a formatted message in place of pairs. */
void tt_logf (tt_log_level level, const char *event, const char *format, ...) TT_PRINTF (3, 4);

#endif
