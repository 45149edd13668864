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
    TT_INDEX_GROUP,  /* not stored: stands for several others ("txt" = ti, ab, pa, in); all compare alike */
    TT_INDEX_ABSENT  /* known, but this release holds no data for it: a query that uses it is refused by name */
} tt_index_kind;

#define TT_SCHEMA_MAX_INDEXES 48
#define TT_SCHEMA_MAX_STORED 28 /* indexes that hold values stand before all groups and absent ones, at most this many */

typedef struct {
    const char *name; /* "ti" */
    tt_index_kind kind;
    uint64_t members;     /* TT_INDEX_GROUP: bit i = index i of the schema */
    const char *describe; /* for help and documentation: "title" */
    const char *aliases;  /* other names, separated by one space; NULL: none */
    bool leading;         /* a term may begin with a wildcard */
    int classes;          /* 0, or the index that is meant where every term has the shape of a class symbol (see cl) */
    bool mark;            /* says more of a value that stands in another index */
    bool extension;       /* of this suite: no other parser of the language knows it */
} tt_index;

typedef struct {
    const tt_index *indexes;
    size_t count; /* at most TT_SCHEMA_MAX_INDEXES */
    /* Index of a term without one; may look at the term. NULL: the first GROUP. Returns an index number. */
    int (*infer) (const char *term, size_t size, bool quoted);
} tt_schema;

/* Number of the index with this name or alias (case-insensitive), or -1. */
int tt_schema_find (const tt_schema *schema, const char *name, size_t size);

/* The indexes that hold values behind an index: the bit of itself, or a group's members; 0 for an absent one. */
uint64_t tt_schema_stored (const tt_schema *schema, int index);

/* How values of an index compare: its kind, or for a group that of its members (text for text and names together). */
tt_index_kind tt_schema_compares (const tt_schema *schema, int index);

/* Number of the index that a mark of a document names: of those that say more of a class symbol or citation (ex, op, rf, oc,
 * cpci, cpca, cpcc, ci, cn, ai, an; in these letters), or -1. */
int tt_schema_find_mark (const tt_schema *schema, const char *name, size_t size);
/* Is every value behind an index a name (TT_INDEX_NAME)? */
bool tt_schema_names (const tt_schema *schema, int index);

/* The patent schema: all 32 indexes of the EPO, and the extensions cc (country), ls (legal event code), st (ST.27 category),
 * own (portfolio of the owner), class (ic or cpc) and claims text under cl. Static storage.
 *
 * A cited document is added to ct, and to ex, op, rf or oc beside it if it is known who cited it; a class symbol to ic or cpc,
 * and beside it to the index that tt_symbol_role names; each symbol of a CPC combination set to cpcc. Values of own are
 * "<owner>/<portfolio>" (see tt_cql_print_owned).
 *
 * `cl` is two things in the sources: OPS's "CPC or IPC symbol" and claims text. A clause on cl whose terms all have the shape of
 * a class symbol (a subclass at least: cl=H01F, cl all "G06T H04N") is the classification, written `class` in full; any other is
 * claims text, and `claims` is claims text always. Values are added to "cl". A bare term: country (pn), date (pd), class symbol
 * (class), number (num), one word of Latin letters (ia), else txt. A quoted term of several words goes to txt unless it is a
 * class symbol or a date. */
const tt_schema *tt_schema_patent (void);
/* The schema of achievements and demands: ti, ab, kw (keywords), ow (owner), pe (people), txt (ti ab kw), di (district), sp
 * (special), st (stage), fo (form), ca (category), ind (industry), so (source), pd (date). A bare term is txt. Static storage. */
const tt_schema *tt_schema_achievement (void);

#endif
