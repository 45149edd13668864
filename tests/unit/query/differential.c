#include "unit/query/differential.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/percolator.h"
#include "unit/query/vocabulary.h"

/* What a query is made of, by what stands in its text. */
static const struct {
    const char *name, *text;
} operators[] = {
    { "and", " and " },
    { "or", " or " },
    { "not", " not " },
    { "and not", " AND NOT " },
    { "any", " any " },
    { "all", " all " },
    { "whole value", "==" },
    { "within", " within " },
    { "less", "pd<" },
    { "greater", "pd>" },
    { "low", "=/low" },
    { "high", "=/high" },
    { "same", "=/same" },
    { "prox", " prox" },
    { "prox distance <=", "/distance<=" },
    { "prox distance =", "/distance=" },
    { "prox ordered", "/ordered=true" },
    { "prox sentence", "/unit=sentence" },
    { "prox paragraph", "/unit=paragraph" },
    { "wildcard *", "*" },
    { "wildcard ?", "?" },
    { "wildcard #", "#" },
    { "leading wildcard", "=*" },
    { "quoted", "=\"" },
    { "characters", "石" },
    { "parentheses", "(" },
};
#define OPERATORS (sizeof operators / sizeof *operators)
_Static_assert(OPERATORS <= DIFFERENTIAL_OPERATORS, "each has a counter");

typedef struct {
    tt_cql *cql;        /* NULL: none is stored under this number */
    uint32_t operators; /* a bit each */
} stored;

typedef struct {
    random_source random;
    tt_percolator *percolator;
    tt_document *document;
    stored *queries;
    size_t count;
    differential_result result;
} differential;

static uint32_t
operators_in (const char *text)
{
    uint32_t found = 0;
    for (size_t i = 0; i < OPERATORS; i++)
        if (strstr (text, operators[i].text))
            found |= UINT32_C (1) << i;
    return found;
}

/* Now and then one is only removed. */
static void
replace_query (differential *d, size_t id)
{
    stored *query = &d->queries[id];
    tt_buffer text = { 0 };
    tt_error error = { 0 };
    tt_cql_free (&query->cql);
    d->result.changes++;
    if (random_below (&d->random, 10) == 0) {
        (void)tt_percolator_remove (d->percolator, id);
        return;
    }
    random_query (&d->random, 2, &text);
    const char *query_text = tt_buffer_cstr (&text);
    if (tt_cql_parse (tt_schema_patent (), query_text, text.size, &query->cql, &error) != TT_OK
        || tt_percolator_put (d->percolator, id, query_text, text.size, NULL, &error) != TT_OK) {
        fprintf (stderr, "%s: %s\n", query_text, error.message);
        d->result.differences++;
    }
    query->operators = operators_in (query_text);
    tt_buffer_free (&text);
}

static void
report (differential *d, size_t id, bool expected)
{
    tt_buffer text = { 0 };
    if (d->result.differences++ >= 10 || d->queries[id].cql == NULL)
        return;
    tt_cql_print (d->queries[id].cql, &text);
    fprintf (stderr, "differs: %s: brute force says %s\n", tt_buffer_cstr (&text), expected ? "match" : "no match");
    tt_buffer_free (&text);
}

static void
count_match (differential *d, uint32_t found)
{
    d->result.matched++;
    for (; found; found &= found - 1)
        d->result.of_operator[__builtin_ctz (found)]++;
}

static void
compare (differential *d)
{
    const uint64_t *ids = NULL;
    random_document (&d->random, d->document);
    size_t n = tt_percolator_match (d->percolator, d->document, &ids);
    size_t at = 0;
    for (size_t id = 0; id < d->count; id++) {
        const stored *query = &d->queries[id];
        bool found = at < n && ids[at] == id;
        bool expected = query->cql && tt_cql_matches (query->cql, d->document);
        at += found;
        if (found != expected)
            report (d, id, expected);
        if (expected)
            count_match (d, query->operators);
        d->result.pairs += query->cql != NULL;
    }
    d->result.documents++;
    if (at != n) {
        fprintf (stderr, "an answer that is not ascending, or an unknown number\n");
        d->result.differences++;
    }
}

differential_result
differential_run (const differential_options *options)
{
    differential d = { .random = { options->seed }, .count = options->queries, .result = { .seed = options->seed } };
    d.percolator = tt_percolator_new (tt_schema_patent ());
    d.document = tt_document_new (tt_schema_patent ());
    d.queries = tt_alloc_zero (d.count, sizeof *d.queries);
    for (size_t id = 0; id < d.count; id++)
        replace_query (&d, id);
    while (d.result.pairs < options->pairs) {
        compare (&d);
        for (size_t i = 0; i < options->changes; i++)
            replace_query (&d, random_below (&d.random, (uint32_t)d.count));
        if (random_below (&d.random, 1000) == 0)
            tt_percolator_settle (d.percolator);
    }
    for (size_t id = 0; id < d.count; id++)
        tt_cql_free (&d.queries[id].cql);
    free (d.queries);
    tt_document_destroy (&d.document);
    tt_percolator_destroy (&d.percolator);
    return d.result;
}

void
differential_print (const differential_result *r)
{
    fprintf (stderr,
             "seed %" PRIu64 ": %" PRIu64 " pairs, %" PRIu64 " documents, %" PRIu64 " queries put or removed, %" PRIu64
             " matched, %" PRIu64 " differences\n",
             r->seed, r->pairs, r->documents, r->changes, r->matched, r->differences);
    for (size_t i = 0; i < OPERATORS; i++)
        fprintf (stderr, "  %-18s %10" PRIu64 " matched\n", operators[i].name, r->of_operator[i]);
}

const char *
differential_uncovered (const differential_result *r, uint64_t least)
{
    for (size_t i = 0; i < OPERATORS; i++)
        if (r->of_operator[i] < least)
            return operators[i].name;
    return NULL;
}
