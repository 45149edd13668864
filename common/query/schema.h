/* What a query may ask of a document: the indexes of CQL, by name, and how their values compare.
 * A service has one schema, in static storage. Values only; no thread rule. */
#ifndef TT_QUERY_SCHEMA_H
#define TT_QUERY_SCHEMA_H

#include <stdint.h>

#include "base/status.h"

typedef enum {
    TT_INDEX_TEXT,   /* tokens and phrases (base/text.h), `any`, `all` */
    TT_INDEX_NAME,   /* as text; a value is a person or organisation, so a phrase never crosses values */
    TT_INDEX_CLASS,  /* IPC or CPC symbol: "H01F1/053", prefix of a symbol matches ("H01F" matches "H01F1/053") */
    TT_INDEX_DATE,   /* a day; = compares with the precision given, < > <= >= within */
    TT_INDEX_NUMBER, /* publication number: "CN111504366B", with or without kind */
    TT_INDEX_CODE,   /* a code compared whole, case-insensitive: country, district, stage */
    TT_INDEX_GROUP   /* not stored: stands for several others ("txt" = ti, ab, cl, ...) */
} tt_index_kind;

#define TT_SCHEMA_MAX_INDEXES 48

typedef struct {
    const char *name;     /* "ti" */
    tt_index_kind kind;
    uint64_t members;     /* TT_INDEX_GROUP: bit i = index i of the schema */
    const char *describe; /* for help and documentation: "title" */
} tt_index;

typedef struct {
    const tt_index *indexes;
    size_t count;         /* at most TT_SCHEMA_MAX_INDEXES */
    /* Index of a term without one; may look at the term. NULL: the first GROUP. Returns an index number. */
    int (*infer) (const char *term, size_t size, bool quoted);
} tt_schema;

/* Number of the index with this name (case-insensitive), or -1. */
int tt_schema_find (const tt_schema *schema, const char *name, size_t size);

/* The patent schema: every one of the EPO indexes that this release supports, plus cl (claims), cc (country). Static storage. */
const tt_schema *tt_schema_patent (void);
/* The schema of achievements and demands: ti, ab, kw (keywords), ow (owner), pe (people), txt (ti ab kw), di (district), sp (special),
 * st (stage), fo (form), ca (category), ind (industry), so (source), pd (date). Static storage. */
const tt_schema *tt_schema_achievement (void);

#endif
