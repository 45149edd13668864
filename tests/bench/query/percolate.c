/* Documents a second through the standing-query index, on one thread: US titles and abstracts of TT_REAL_DATA against watches
 * made from words of the same documents. Prints figures; no pass or fail. Usage: bench_percolate [watches...], by default 10000
 * 100000. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/text.h"
#include "query/percolator.h"

#define MAX_DOCUMENTS 5000
#define LEAST_SECONDS 3

typedef struct {
    json_t *documents[MAX_DOCUMENTS];
    size_t count;
    uint64_t random;
} corpus;

static void
load (corpus *c)
{
    static char line[1 << 20];
    char path[1024];
    const char *data = getenv ("TT_REAL_DATA");
    snprintf (path, sizeof path, "%s/patents/us_grants_2018_title_abstract.jsonl.gz",
              data ? data : TT_SOURCE_DIR "/../shared/data");
    gzFile file = gzopen (path, "rb");
    if (file == NULL) {
        fprintf (stderr, "cannot read %s: set TT_REAL_DATA\n", path);
        exit (1);
    }
    while (c->count < MAX_DOCUMENTS && gzgets (file, line, sizeof line)) {
        json_t *document = json_loads (line, 0, NULL);
        if (document)
            c->documents[c->count++] = document;
    }
    gzclose (file);
}

static uint32_t
random_below (corpus *c, uint32_t n)
{
    c->random = c->random * UINT64_C (6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(c->random >> 33) % n;
}

static const char *
field (const json_t *document, const char *name)
{
    const char *text = json_string_value (json_object_get (document, name));
    return text ? text : "";
}

/* A word of at least four letters, from somewhere in the text. */
static void
pick_word (corpus *c, const char *text, char out[64])
{
    size_t size = strlen (text);
    snprintf (out, 64, "device");
    for (int tries = 0; tries < 20 && size > 0; tries++) {
        size_t at = random_below (c, (uint32_t)size);
        while (at > 0 && isalnum ((unsigned char)text[at - 1]))
            at--;
        size_t n = 0;
        while (n < 63 && isalpha ((unsigned char)text[at + n]))
            n++;
        if (n >= 4) {
            memcpy (out, text + at, n);
            out[n] = '\0';
            return;
        }
    }
}

/* Two to four words, as watches are written: conjunctions, alternatives, exclusions, phrases. */
static void
make_watch (corpus *c, char *out, size_t room)
{
    const json_t *document = c->documents[random_below (c, (uint32_t)c->count)];
    char w[4][64];
    for (int i = 0; i < 4; i++)
        pick_word (c, field (document, i < 2 ? "ti" : "ab"), w[i]);
    switch (random_below (c, 6)) {
    case 0:
        snprintf (out, room, "ti=\"%s\" and ab=\"%s\"", w[0], w[2]);
        break;
    case 1:
        snprintf (out, room, "ta=\"%s\" and (ta=\"%s\" or ta=\"%s\") not ti=\"%s\"", w[0], w[2], w[3], w[1]);
        break;
    case 2:
        snprintf (out, room, "ti=\"%s %s\"", w[0], w[1]);
        break;
    case 3:
        snprintf (out, room, "ta all \"%s %s %s\"", w[0], w[2], w[3]);
        break;
    case 4:
        snprintf (out, room, "ab=\"%s\" prox/distance<=5 ab=\"%s\" and pd>=2015", w[2], w[3]);
        break;
    default:
        snprintf (out, room, "ti=\"%s\" and ti=\"%s\" and ta=\"%s\"", w[0], w[1], w[2]);
    }
}

static void
fill (tt_document *d, const json_t *document)
{
    static const char *const names[] = { "ti", "ab", "pd" };
    tt_document_reset (d);
    for (size_t i = 0; i < 3; i++)
        if (tt_document_add (d, tt_schema_find (tt_schema_patent (), names[i], 2), tt_bytes_of_text (field (document, names[i])))
            != 0)
            fprintf (stderr, "a value of %s was skipped\n", names[i]);
}

static void
measure (corpus *c, size_t watches)
{
    char query[512];
    tt_error error = { 0 };
    tt_percolator *p = tt_percolator_new (tt_schema_patent ());
    tt_document *d = tt_document_new (tt_schema_patent ());
    const uint64_t *ids = NULL;
    int64_t start = tt_clock_monotonic_us ();
    for (size_t i = 0; i < watches; i++) {
        make_watch (c, query, sizeof query);
        if (tt_percolator_put (p, i, query, strlen (query), NULL, &error) != TT_OK)
            fprintf (stderr, "%s: %s\n", query, error.message);
    }
    double put_seconds = (double)(tt_clock_monotonic_us () - start) / 1e6;
    for (size_t i = 0; i < watches / 4 + c->count; i++) { /* long enough for the anchors to settle */
        fill (d, c->documents[i % c->count]);
        tt_percolator_match (p, d, &ids);
    }
    tt_percolator_counts before = tt_percolator_count (p);
    uint64_t documents = 0;
    uint64_t matches = 0;
    start = tt_clock_monotonic_us ();
    int64_t now = start;
    for (; now - start < LEAST_SECONDS * 1000000; now = tt_clock_monotonic_us ()) {
        for (size_t i = 0; i < c->count; i++, documents++) {
            fill (d, c->documents[i]);
            matches += tt_percolator_match (p, d, &ids);
        }
    }
    tt_percolator_counts after = tt_percolator_count (p);
    double seconds = (double)(now - start) / 1e6;
    printf ("figure percolate.docs_per_s.%zuk %.0f docs/s\n", watches / 1000, (double)documents / seconds);
    printf ("figure percolate.candidates_per_doc.%zuk %.1f queries\n", watches / 1000,
            (double)(after.candidates - before.candidates) / (double)documents);
    printf ("figure percolate.matches_per_doc.%zuk %.2f queries\n", watches / 1000, (double)matches / (double)documents);
    printf ("figure percolate.bytes_per_watch.%zuk %.0f bytes\n", watches / 1000, (double)after.bytes / (double)watches);
    printf ("figure percolate.puts_per_s.%zuk %.0f watches/s\n", watches / 1000, (double)watches / put_seconds);
    fflush (stdout);
    tt_document_destroy (&d);
    tt_percolator_destroy (&p);
}

/* Reading alone: what a document costs before any query is asked. */
static void
measure_reading (corpus *c)
{
    tt_document *d = tt_document_new (tt_schema_patent ());
    uint64_t documents = 0;
    int64_t start = tt_clock_monotonic_us ();
    int64_t now = start;
    for (; now - start < 1000000; now = tt_clock_monotonic_us ())
        for (size_t i = 0; i < c->count; i++, documents++)
            fill (d, c->documents[i]);
    printf ("figure percolate.reading_us %.2f us\n", (double)(now - start) / (double)documents);
    tt_document_destroy (&d);
}

int
main (int argc, char **argv)
{
    static corpus c = { .random = 7 };
    tt_error error = { 0 };
    if (tt_text_open (&error) != TT_OK) {
        fprintf (stderr, "%s\n", error.message);
        return 1;
    }
    load (&c);
    printf ("%zu documents\n", c.count);
    measure_reading (&c);
    if (argc < 2) {
        measure (&c, 10000);
        measure (&c, 100000);
    }
    for (int i = 1; i < argc; i++)
        measure (&c, strtoul (argv[i], NULL, 10));
    for (size_t i = 0; i < c.count; i++)
        json_decref (c.documents[i]);
    return 0;
}
