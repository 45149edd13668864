/* A query and a document out of any bytes: the parser, the printer, brute force, the index and the outline must agree.
 *
 * The input is a query and, behind a line "%%", a document: lines "<index> <value>". What must hold, whatever the bytes:
 * - a query that is refused names a byte inside it and what was expected there;
 * - one that is taken is printed, read again as the same tree, and printed alike;
 * - the index answers as brute force does, and is empty again when the query is taken out;
 * - places that explain a match lie inside their values, and there are none where nothing matches;
 * - the outline's root holds where the query does.
 * Any difference ends the program by abort. */
#include <stdio.h>
#include <string.h>

#include "query/explain.h"
#include "query/percolator.h"
#include "unit/query/same_tree.h"
#include "unit/query/vocabulary.h"

#define MAX_VALUES 64
#define MAX_HITS 64

int LLVMFuzzerInitialize (int *count, char ***arguments);
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define MUST(holds)                                                                                                              \
    do {                                                                                                                         \
        if (!(holds)) {                                                                                                          \
            fprintf (stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds);                                          \
            abort ();                                                                                                            \
        }                                                                                                                        \
    } while (0)

static struct {
    tt_document *document;
    tt_percolator *index;
    struct {
        int index;
        size_t size;
    } values[MAX_VALUES]; /* as they were added, one after the other */
    size_t count;
} world;

int
LLVMFuzzerInitialize (int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    open_text ();
    open_scheme ();
    world.document = tt_document_new (tt_schema_patent ());
    world.index = tt_percolator_new (tt_schema_patent ());
    return 0;
}

/* The document */

static void
add (const uint8_t *line, size_t size)
{
    const uint8_t *space = size ? memchr (line, ' ', size) : NULL;
    size_t name = space ? (size_t)(space - line) : size;
    int index = tt_schema_find (tt_schema_patent (), (const char *)line, name);
    if (index < 0 || world.count == MAX_VALUES)
        return;
    size_t value = space ? size - name - 1 : 0;
    (void)tt_document_add (world.document, index, (tt_bytes){ line + size - value, value });
    world.values[world.count].index = index;
    world.values[world.count++].size = value;
}

static void
fill_document (const uint8_t *text, size_t size)
{
    tt_document_reset (world.document);
    world.count = 0;
    for (size_t at = 0; at < size;) {
        const uint8_t *end = memchr (text + at, '\n', size - at);
        size_t line = end ? (size_t)(end - text) - at : size - at;
        add (text + at, line);
        at += line + 1;
    }
}

/* What must hold */

static void
check_refusal (const tt_cql *cql, size_t size, const tt_error *error)
{
    size_t at = 0;
    MUST (cql == NULL);
    MUST (sscanf (error->message, "at byte %zu: expected", &at) == 1);
    MUST (at <= size);
}

static void
check_print (const tt_cql *cql)
{
    tt_buffer once = { 0 };
    tt_buffer twice = { 0 };
    tt_buffer owned = { 0 };
    tt_cql *again = NULL;
    tt_error error = { 0 };
    tt_cql_print (cql, &once);
    tt_cql_print_owned (cql, "ent-4", &owned);
    MUST (once.size <= TT_CQL_MAX_BYTES);
    MUST (tt_cql_parse (tt_schema_patent (), (const char *)once.data, once.size, &again, &error) == TT_OK);
    MUST (same_tree (cql->root, again->root));
    tt_cql_print (again, &twice);
    MUST (once.size == twice.size && memcmp (once.data, twice.data, once.size) == 0);
    tt_cql_free (&again);
    if (owned.size <= TT_CQL_MAX_BYTES) {
        MUST (tt_cql_parse (tt_schema_patent (), (const char *)owned.data, owned.size, &again, &error) == TT_OK);
        tt_cql_free (&again);
    }
    tt_buffer_free (&once);
    tt_buffer_free (&twice);
    tt_buffer_free (&owned);
}

static void
check_hits (const tt_cql *cql, bool matches)
{
    tt_hit hits[MAX_HITS];
    size_t count = tt_cql_explain (cql, world.document, hits, MAX_HITS);
    MUST (matches || count == 0);
    for (size_t i = 0; i < count; i++) {
        size_t v = 0;
        uint32_t before = 0;
        while (v < world.count && (world.values[v].index != hits[i].index || before != hits[i].ordinal))
            before += world.values[v++].index == hits[i].index;
        MUST (v < world.count);
        MUST (hits[i].offset <= world.values[v].size && hits[i].length <= world.values[v].size - hits[i].offset);
    }
}

static void
check_outline (const tt_cql *cql, bool matches)
{
    tt_cql_outline *outline = tt_cql_outline_new (cql);
    double share = tt_cql_outline_step (outline, 0)->share;
    MUST (share >= 0 && share <= 1);
    tt_cql_outline_observe (outline, world.document);
    MUST (tt_cql_outline_step (outline, 0)->matched == matches);
    share = tt_cql_outline_step (outline, 0)->share;
    MUST (share >= 0 && share <= 1);
    tt_cql_outline_destroy (&outline);
}

static void
check_index (const char *text, size_t size, bool matches)
{
    const uint64_t *ids = NULL;
    tt_anchor anchors[4];
    tt_error error = { 0 };
    bool scanned = false;
    MUST (tt_percolator_put (world.index, 7, text, size, &scanned, &error) == TT_OK);
    MUST ((tt_percolator_anchors (world.index, 7, anchors, 4) == 0) == scanned);
    MUST (tt_percolator_match (world.index, world.document, &ids) == (size_t)matches);
    MUST (tt_percolator_match (world.index, world.document, &ids) == (size_t)matches);
    MUST (tt_percolator_remove (world.index, 7));
    MUST (tt_percolator_match (world.index, world.document, &ids) == 0);
    MUST (tt_percolator_count (world.index).queries == 0 && tt_percolator_count (world.index).scanned == 0);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static const char mark[] = "\n%%\n";
    const uint8_t *end = size ? memmem (data, size, mark, sizeof mark - 1) : NULL;
    size_t query = end ? (size_t)(end - data) : size;
    size_t rest = end ? size - query - (sizeof mark - 1) : 0;
    char *text = tt_strndup (size ? (const char *)data : "", query); /* of its own, so that reading past it is noticed */
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    if (tt_cql_parse (tt_schema_patent (), text, query, &cql, &error) == TT_OK) {
        fill_document (end ? end + sizeof mark - 1 : data, rest);
        bool matches = tt_cql_matches (cql, world.document);
        check_print (cql);
        check_hits (cql, matches);
        check_outline (cql, matches);
        check_index (text, query, matches);
    } else {
        check_refusal (cql, query, &error);
    }
    tt_cql_free (&cql);
    free (text);
    return 0;
}
