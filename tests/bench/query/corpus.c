#include "bench/query/corpus.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

#include "base/text.h"

#define MAX_LINES 10000
#define WORD_SLOTS (1 << 17)

/* Lines of a file, parsed. */
typedef struct {
    json_t *lines[MAX_LINES];
    size_t count;
} table;

static void
read_table (table *t, const char *name)
{
    static char line[1 << 20];
    char path[1024];
    const char *data = getenv ("TT_REAL_DATA");
    snprintf (path, sizeof path, "%s/patents/%s", data ? data : TT_SOURCE_DIR "/../shared/data", name);
    gzFile file = gzopen (path, "rb");
    if (file == NULL) {
        fprintf (stderr, "cannot read %s: set TT_REAL_DATA\n", path);
        exit (1);
    }
    while (t->count < MAX_LINES && gzgets (file, line, sizeof line)) {
        json_t *document = json_loads (line, 0, NULL);
        if (document)
            t->lines[t->count++] = document;
    }
    gzclose (file);
}

static const char *
field (const json_t *line, const char *name)
{
    const char *text = json_string_value (json_object_get (line, name));
    return text ? text : "";
}

/* Words */

static uint32_t
take_word (corpus *c, uint32_t *slots, tt_bytes text)
{
    size_t at = XXH3_64bits (text.data, text.size) & (WORD_SLOTS - 1);
    for (; slots[at]; at = (at + 1) & (WORD_SLOTS - 1)) {
        const char *held = c->words[slots[at] - 1].text;
        if (strlen (held) == text.size && memcmp (held, text.data, text.size) == 0)
            return slots[at] - 1;
    }
    c->words = tt_realloc (c->words, (c->word_count + 1) * sizeof *c->words);
    c->words[c->word_count] = (corpus_word){ .text = tt_strndup ((const char *)text.data, text.size) };
    slots[at] = (uint32_t)++c->word_count;
    return slots[at] - 1;
}

static void
note_words (corpus *c, corpus_document *d, uint32_t *slots, tt_tokens *tokens, const char *text)
{
    tt_text_tokenise (tt_bytes_of_text (text), tokens);
    for (size_t i = 0; i < tokens->count && d->word_count < CORPUS_WORDS - 1; i++) {
        uint32_t word = take_word (c, slots, tt_token_text (tokens, i));
        d->words[d->word_count++] = word;
        if (c->words[word].last == c->count + 1)
            continue;
        c->words[word].last = (uint32_t)c->count + 1;
        c->words[word].documents++;
    }
    d->words[d->word_count++] = CORPUS_NO_WORD; /* no phrase goes past the end of a value */
}

/* Documents */

static void
take_biblio (corpus_document *d, const json_t *biblio)
{
    const json_t *classes = json_object_get (biblio, "cpc");
    for (size_t i = 0; i < json_array_size (classes) && d->class_count < CORPUS_CLASSES; i++)
        d->classes[d->class_count++] = tt_strdup (json_string_value (json_array_get (classes, i)));
    const char *applicant = json_string_value (json_array_get (json_object_get (biblio, "pa"), 0));
    d->applicant = applicant ? tt_strdup (applicant) : NULL;
    d->date = tt_strdup (field (biblio, "pd"));
}

/* Both files are sorted by number: so one walk finds what they have in common. */
static int
compare_numbers (const char *a, const char *b)
{
    size_t x = strlen (a);
    size_t y = strlen (b);
    return x != y ? (x > y) - (x < y) : strcmp (a, b);
}

static int
by_number (const void *a, const void *b)
{
    return compare_numbers (field (*(json_t *const *)a, "pn"), field (*(json_t *const *)b, "pn"));
}

static const json_t *
biblio_of (const table *biblio, size_t *at, const char *number, size_t i)
{
    while (*at < biblio->count && compare_numbers (field (biblio->lines[*at], "pn"), number) < 0)
        ++*at;
    if (*at < biblio->count && strcmp (field (biblio->lines[*at], "pn"), number) == 0)
        return biblio->lines[*at];
    return biblio->lines[i * 4001 % biblio->count];
}

enum { TITLE, ABSTRACT, CLASS, APPLICANT, DATE, INDEXES };
static int numbers[INDEXES]; /* of the patent schema's indexes */

static void
find_indexes (void)
{
    static const char *const names[INDEXES] = { "ti", "ab", "cpc", "pa", "pd" };
    for (size_t i = 0; i < INDEXES; i++)
        numbers[i] = tt_schema_find (tt_schema_patent (), names[i], strlen (names[i]));
}

static void
add (tt_document *document, int index, const char *value)
{
    if (tt_document_add (document, numbers[index], tt_bytes_of_text (value)) != 0)
        fprintf (stderr, "a value was skipped: %s\n", value);
}

void
corpus_load (corpus *c)
{
    static table grants, biblio;
    tt_tokens tokens = { 0 };
    find_indexes ();
    uint32_t *slots = tt_alloc_zero (WORD_SLOTS, sizeof *slots);
    read_table (&grants, "us_grants_2018_title_abstract.jsonl.gz");
    read_table (&biblio, "us_grants_1976_2025_biblio.jsonl.gz");
    qsort (grants.lines, grants.count, sizeof *grants.lines, by_number);
    qsort (biblio.lines, biblio.count, sizeof *biblio.lines, by_number);
    size_t at = 0;
    *c = (corpus){ .documents = tt_alloc_zero (grants.count, sizeof *c->documents) };
    for (size_t i = 0; i < grants.count; i++, c->count++) {
        corpus_document *d = &c->documents[i];
        d->title = tt_strdup (field (grants.lines[i], "ti"));
        d->abstract = tt_strdup (field (grants.lines[i], "ab"));
        take_biblio (d, biblio_of (&biblio, &at, field (grants.lines[i], "pn"), i));
        note_words (c, d, slots, &tokens, d->title);
        note_words (c, d, slots, &tokens, d->abstract);
    }
    for (size_t i = 0; i < grants.count; i++)
        json_decref (grants.lines[i]);
    for (size_t i = 0; i < biblio.count; i++)
        json_decref (biblio.lines[i]);
    tt_tokens_free (&tokens);
    free (slots);
}

void
corpus_free (corpus *c)
{
    for (size_t i = 0; i < c->count; i++) {
        corpus_document *d = &c->documents[i];
        for (size_t k = 0; k < d->class_count; k++)
            free (d->classes[k]);
        free (d->title);
        free (d->abstract);
        free (d->applicant);
        free (d->date);
    }
    for (size_t i = 0; i < c->word_count; i++)
        free (c->words[i].text);
    free (c->words);
    free (c->documents);
    *c = (corpus){ 0 };
}

void
corpus_fill (const corpus *c, size_t i, tt_document *document)
{
    const corpus_document *d = &c->documents[i];
    tt_document_reset (document);
    add (document, TITLE, d->title);
    add (document, ABSTRACT, d->abstract);
    for (size_t k = 0; k < d->class_count; k++)
        add (document, CLASS, d->classes[k]);
    if (d->applicant)
        add (document, APPLICANT, d->applicant);
    add (document, DATE, d->date);
}
