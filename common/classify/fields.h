/* The 35 technology fields of WIPO (Schmoch 2008, concordance table): which field an IPC subclass or group belongs to. Read from
 * technology_fields.csv in the catalogue's directory: columns field, sector, name_en, name_zh, ipc; ipc has prefixes separated by blanks, the longest that
 * fits decides. Immutable after it was read. */
#ifndef TT_CLASSIFY_FIELDS_H
#define TT_CLASSIFY_FIELDS_H

#include "base/buffer.h"

#define TT_FIELD_COUNT 35

typedef struct tt_fields tt_fields;

/* INVALID_ARGUMENT "<path>:<line>: ..." for a field outside 1 to 35, a malformed prefix, or one that stands twice. */
TT_MUST_USE tt_status tt_fields_read (tt_fields **fields, const char *path, tt_error *error);
void tt_fields_destroy (tt_fields **fields);
/* The field of an IPC symbol ("H01F", "A61K 8/02", "a61k0008020000" is not read), or 0: none of them. */
uint32_t tt_fields_of (const tt_fields *fields, const char *ipc);
const char *tt_fields_name (const tt_fields *fields, uint32_t field); /* English; "" for a number outside */

#endif
