/* The search against brute force on real achievements, with words and phrases of their own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "query/document.h"
#include "search_run.h"
#include "subject.h"
#include "support/achievements.h"
#include "support/real_achievements.h"

#define QUERIES 400

typedef struct {
    ingest_index *index;
    tt_document **documents;
    char **texts; /* title and abstract, to take words from */
    size_t count;
} real_world;

static void
take (void *context, const ingest_record *record)
{
    real_world *w = context;
    w->documents = tt_realloc (w->documents, (w->count + 1) * sizeof *w->documents);
    w->texts = tt_realloc (w->texts, (w->count + 1) * sizeof *w->texts);
    w->documents[w->count] = tt_document_new (tt_schema_achievement ());
    ingest_subject_document (record, w->documents[w->count]);
    tt_buffer text = { 0 };
    tt_buffer_printf (&text, "%s. %s", record->title, record->abstract);
    tt_buffer_cstr (&text);
    w->texts[w->count++] = (char *)text.data;
    ingest_record numbered = *record;
    char id[24];
    snprintf (id, sizeof id, "%08zu", w->count - 1);
    numbered.source_id = id;
    ingest_index_put (w->index, &numbered);
}

/* One to three words of a record, as they follow each other. */
static void
append_words (const real_world *w, generated_source *s, tt_buffer *out)
{
    static const char *const forms[] = { "txt=\"", "ti=\"", "ab=\"", "ab any \"" };
    tt_tokens tokens = { 0 };
    const char *text = w->texts[generated_below (s, (uint32_t)w->count)];
    tt_text_tokenise (tt_bytes_of_text (text), &tokens);
    uint32_t from = generated_below (s, (uint32_t)tokens.count), more = 1 + generated_below (s, 3);
    tt_buffer_text (out, forms[generated_below (s, 4)]);
    for (uint32_t i = from; i < from + more && i < tokens.count; i++)
        tt_buffer_printf (out, "%s%.*s", i > from ? " " : "", (int)tt_token_text (&tokens, i).size,
                          (const char *)tt_token_text (&tokens, i).data);
    tt_buffer_text (out, "\"");
    tt_tokens_free (&tokens);
}

static uint64_t
brute_count (const real_world *w, const tt_cql *cql, bool *matches)
{
    uint64_t count = 0;
    for (size_t i = 0; i < w->count; i++)
        count += matches[i] = tt_cql_matches (cql, w->documents[i]);
    return count;
}

static size_t
number_of (const ingest_search_found *found)
{
    tt_bytes key = ingest_segment_key (found->segment, found->record);
    size_t number = 0;
    for (size_t i = key.size - 8; i < key.size; i++)
        number = number * 10 + (key.data[i] - '0');
    return number;
}

static void
compare (const real_world *w, ingest_run *run, const ingest_snapshot *snapshot, const char *query, bool *matches)
{
    ingest_search_wish wish = { .limit = (uint32_t)w->count, .limits = { .expansion_words = 1000, .expansion_places = 1000000 } };
    const ingest_search_result *result = NULL;
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    cr_assert_eq (tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &error), TT_OK, "%s: %s", query,
                  error.message);
    cr_assert_eq (ingest_run_search (run, snapshot, cql, &wish, &result, &error), TT_OK, "%s", error.message);
    cr_assert_eq (result->total, brute_count (w, cql, matches), "%s", query);
    for (size_t i = 0; i < result->count; i++)
        cr_assert (matches[number_of (&result->found[i])], "%s: record %zu does not match", query, number_of (&result->found[i]));
    tt_cql_free (&cql);
}

Test (search_real, finds_what_brute_force_finds)
{
    static const char *const operators[] = { " and ", " or ", " not " };
    real_world w = { .index = ingest_index_new () };
    generated_source s = { .state = 11 };
    tt_error error = { 0 };
    tt_buffer query = { 0 };
    cr_assert_eq (tt_text_open (&error), TT_OK, "%s", error.message);
    if (real_achievements (take, &w) == 0) {
        ingest_index_destroy (&w.index);
        cr_skip_test ("without the real records");
    }
    ingest_index_publish (w.index);
    ingest_run *run = ingest_run_new ();
    ingest_snapshot *snapshot = ingest_index_take (w.index);
    bool *matches = tt_alloc (w.count);
    for (size_t i = 0; i < QUERIES; i++) {
        tt_buffer_clear (&query);
        append_words (&w, &s, &query);
        for (uint32_t k = generated_below (&s, 3); k > 0; k--) {
            tt_buffer_text (&query, operators[generated_below (&s, 3)]);
            append_words (&w, &s, &query);
        }
        compare (&w, run, snapshot, tt_buffer_cstr (&query), matches);
    }
    ingest_snapshot_leave (&snapshot);
    ingest_run_destroy (&run);
    ingest_index_destroy (&w.index);
    for (size_t i = 0; i < w.count; i++) {
        tt_document_destroy (&w.documents[i]);
        free (w.texts[i]);
    }
    free (w.documents);
    free (w.texts);
    free (matches);
    tt_buffer_free (&query);
}
