/* Expressions of a column map (map.h): parsing and evaluation. Part of map.c, apart from it because it is a language of its own.
 */
#ifndef TT_IMPORT_MAP_EXPR_H
#define TT_IMPORT_MAP_EXPR_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"

typedef struct tt_expr tt_expr;

/* Parses the text up to its end; the tree lives in the arena. INVALID_ARGUMENT "column <n>: <reason>". */
TT_MUST_USE tt_status tt_expr_parse (tt_arena *arena, const char *text, const tt_expr **out, tt_error *error);

/* The value of a column as it is, or with a separator cut into a list. Never fails; lives in the arena. */
const tt_expr *tt_expr_column (tt_arena *arena, const char *name, const char *separator);

/* The value for a record: a JSON string or a list of strings (owned), or *out = NULL where no column has a value. What was cut is
 * noted under the name `target`. INVALID_ARGUMENT if a value does not suit its function. */
TT_MUST_USE tt_status tt_expr_eval (const tt_expr *expr, const json_t *record, const char *target, json_t **out, tt_buffer *notes,
                                    tt_error *error);

#endif
