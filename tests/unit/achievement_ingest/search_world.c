#include "search_world.h"

#include <string.h>

#include "subject.h"

void
search_world_open (search_world *w, size_t count)
{
    *w = (search_world){ .count = count, .generated = { .seed = 7, .words = 400, .characters = 90, .length = 24 } };
    w->documents = tt_alloc_zero (count, sizeof *w->documents);
    w->records = tt_alloc_zero (count, sizeof *w->records);
    w->arenas = tt_alloc_zero (count, sizeof *w->arenas);
    w->index = ingest_index_new ();
    for (size_t n = 0; n < count; n++)
        search_world_put (w, n, 1);
    ingest_index_publish (w->index);
}

void
search_world_close (search_world *w)
{
    for (size_t n = 0; n < w->count; n++) {
        tt_document_destroy (&w->documents[n]);
        tt_arena_destroy (&w->arenas[n]);
    }
    ingest_index_destroy (&w->index);
    free (w->documents);
    free (w->records);
    free (w->arenas);
}

void
search_world_put (search_world *w, size_t n, uint64_t revision)
{
    if (revision == 0) {
        tt_bytes key = ingest_pair_key (w->arenas[n], w->records[n]->source, w->records[n]->source_id);
        ingest_index_remove (w->index, key);
        tt_document_destroy (&w->documents[n]);
        return;
    }
    tt_arena_destroy (&w->arenas[n]);
    w->arenas[n] = tt_arena_new (4096);
    w->records[n] = generated_record (&w->generated, w->arenas[n], n, revision);
    if (w->documents[n] == NULL)
        w->documents[n] = tt_document_new (tt_schema_achievement ());
    ingest_subject_document (w->records[n], w->documents[n]);
    ingest_index_put (w->index, w->records[n]);
}

size_t
search_world_number (const ingest_search_found *found)
{
    tt_bytes key = ingest_segment_key (found->segment, found->record);
    size_t number = 0;
    for (size_t i = key.size - 8; i < key.size; i++) /* "<source>/G-00000042" */
        number = number * 10 + (key.data[i] - '0');
    return number;
}

/* Queries */

static void
append_words (const search_world *w, generated_source *s, uint32_t count, const char *between, bool wild, tt_buffer *out)
{
    bool chinese = generated_below (s, 2) == 0;
    for (uint32_t i = 0; i < count; i++) {
        tt_buffer_text (out, i && (!chinese || strcmp (between, " ") != 0) ? between : "");
        size_t before = out->size;
        generated_word (&w->generated, chinese, generated_zipf (s, w->generated.words), out);
        if (!wild)
            continue;
        if (chinese)
            tt_buffer_text (out, "#");
        else if (out->size - before >= 3)
            tt_buffer_text (out, generated_below (s, 2) ? "*" : "?");
    }
}

static void
append_text_clause (const search_world *w, generated_source *s, tt_buffer *out)
{
    static const char *const indexes[] = { "ti", "ab", "kw", "txt", "txt" };
    const char *index = indexes[generated_below (s, 5)];
    switch (generated_below (s, 8)) {
    case 0:
        tt_buffer_printf (out, "%s any \"", index);
        append_words (w, s, 1 + generated_below (s, 3), ",", false, out);
        break;
    case 1:
        tt_buffer_printf (out, "%s all \"", index);
        append_words (w, s, 1 + generated_below (s, 2), ",", false, out);
        break;
    case 2:
        tt_buffer_printf (out, "%s=\"", index);
        append_words (w, s, 1, " ", true, out);
        break;
    case 3:
        tt_buffer_printf (out, "%s==\"", strcmp (index, "txt") == 0 ? "kw" : index);
        append_words (w, s, 1 + generated_below (s, 2), " ", false, out);
        break;
    default:
        tt_buffer_printf (out, "%s=\"", index);
        append_words (w, s, 1 + (generated_below (s, 3) == 0), " ", false, out);
    }
    tt_buffer_text (out, "\"");
}

static void
append_prox (const search_world *w, generated_source *s, tt_buffer *out)
{
    static const char *const how[] = { "",
                                       "/distance<=3",
                                       "/distance=2/ordered=true",
                                       "/unit=sentence",
                                       "/unit=paragraph/ordered=true",
                                       "/unit=sentence/distance=1",
                                       "/unit=paragraph/distance<=2" };
    static const char *const indexes[] = { "ab", "txt", "ti" };
    const char *index = indexes[generated_below (s, 3)];
    tt_buffer_printf (out, "%s=\"", index);
    append_words (w, s, 1, " ", generated_below (s, 8) == 0, out);
    tt_buffer_printf (out, "\" prox%s %s=\"", how[generated_below (s, 7)], generated_below (s, 4) ? index : "txt");
    append_words (w, s, 1, " ", false, out);
    tt_buffer_text (out, "\"");
}

static void
append_other_clause (const search_world *w, generated_source *s, tt_buffer *out)
{
    static const char *const codes[] = {
        "di=haishu", "di any \"Jiangbei,beilun\"", "sp=3",     "sp any \"1 12\"", "st=pilot",      "fo=software", "ca=applied",
        "ind=c39",   "ind any \"C35 I65\"",        "so=univ*", "st=mass*",        "sp all \"1 2\""
    };
    static const char *const days[]
        = { "pd=2010", "pd<2005", "pd>=2018-06", "pd within \"2003 200911\"", "pd any \"2001 2002-07\"", "pd<=2012-03-15" };
    uint32_t kind = generated_below (s, 10);
    if (kind < 4)
        tt_buffer_text (out, codes[generated_below (s, 12)]);
    else if (kind < 6)
        tt_buffer_text (out, days[generated_below (s, 6)]);
    else {
        uint32_t n = generated_below (s, (uint32_t)w->count);
        const ingest_record *r = w->records[n];
        const char *name = r->owners[generated_below (s, (uint32_t)r->n_owners)];
        size_t whole = strcspn (name, kind == 6 ? "." : "");
        tt_buffer_printf (out, "ow%s\"%.*s\"", kind == 7 ? " any " : kind == 8 ? "==" : "=", (int)whole, name);
    }
}

void
search_world_query (const search_world *w, generated_source *s, int depth, tt_buffer *out)
{
    static const char *const operators[] = { " and ", " or ", " not ", " and ", " or " };
    uint32_t kind = generated_below (s, depth > 0 ? 10 : 6);
    if (kind < 3)
        append_text_clause (w, s, out);
    else if (kind == 3)
        append_other_clause (w, s, out);
    else if (kind == 4)
        append_prox (w, s, out);
    else if (kind == 5)
        append_words (w, s, 1, " ", false, out);
    else {
        tt_buffer_text (out, "(");
        search_world_query (w, s, depth - 1, out);
        for (uint32_t i = 1 + generated_below (s, 2); i > 0; i--) {
            tt_buffer_text (out, operators[generated_below (s, 5)]);
            search_world_query (w, s, depth - 1, out);
        }
        tt_buffer_text (out, ")");
    }
}
