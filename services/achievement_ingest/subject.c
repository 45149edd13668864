#include "subject.h"

#include <stdio.h>
#include <string.h>

#define HITS_MOST 256
#define EMPHASIS 2 /* weight of a word in a title or among keywords */

typedef struct {
    const char *value;
    char number[12]; /* room for a value that is no text */
} value_view;

/* Value `ordinal` of an index, in the order in which the document gets them; false past the last. */
typedef bool value_reader (const ingest_record *r, size_t ordinal, value_view *view);

static bool
one_text (const char *text, size_t ordinal, value_view *view)
{
    view->value = text;
    return ordinal == 0 && text[0] != '\0';
}

static bool
read_title (const ingest_record *r, size_t ordinal, value_view *view)
{
    const char *second = r->title[0] == '\0' ? "" : r->title_en;
    view->value = ordinal == 0 ? r->title : second;
    return ordinal < 2 && view->value[0] != '\0';
}

static bool
read_abstract (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->abstract, ordinal, view);
}

static bool
read_keyword (const ingest_record *r, size_t ordinal, value_view *view)
{
    view->value = ordinal < r->n_keywords ? r->keywords[ordinal] : NULL;
    return view->value != NULL;
}

static bool
read_owner (const ingest_record *r, size_t ordinal, value_view *view)
{
    view->value = ordinal < r->n_owners ? r->owners[ordinal] : NULL;
    return view->value != NULL;
}

static bool
read_person (const ingest_record *r, size_t ordinal, value_view *view)
{
    view->value = ordinal < r->n_people ? r->people[ordinal]->name : NULL;
    return view->value != NULL;
}

static bool
read_district (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->district, ordinal, view);
}

static bool
read_special (const ingest_record *r, size_t ordinal, value_view *view)
{
    if (ordinal >= r->n_specials)
        return false;
    snprintf (view->number, sizeof view->number, "%u", r->specials[ordinal]);
    view->value = view->number;
    return true;
}

static bool
read_stage (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->stage, ordinal, view);
}

static bool
read_form (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->form, ordinal, view);
}

static bool
read_category (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->category, ordinal, view);
}

static bool
read_industry (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->industry, ordinal, view);
}

static bool
read_source (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->source, ordinal, view);
}

static bool
read_date (const ingest_record *r, size_t ordinal, value_view *view)
{
    return one_text (r->completed_date, ordinal, view);
}

static const struct {
    const char *index;
    const char *field; /* of Achievement */
    value_reader *read;
} readers[] = { { "ti", "title", read_title },        { "ab", "abstract", read_abstract }, { "kw", "keywords", read_keyword },
                { "ow", "owners", read_owner },       { "pe", "people", read_person },     { "di", "district", read_district },
                { "sp", "specials", read_special },   { "st", "stage", read_stage },       { "fo", "form", read_form },
                { "ca", "category", read_category },  { "ind", "industry", read_industry }, { "so", "source", read_source },
                { "pd", "completed_date", read_date } };
#define READERS (sizeof readers / sizeof *readers)

void
ingest_subject_document (const ingest_record *record, tt_document *document)
{
    tt_document_reset (document);
    for (size_t i = 0; i < READERS; i++) {
        int index = tt_schema_find (tt_schema_achievement (), readers[i].index, strlen (readers[i].index));
        value_view view;
        for (size_t k = 0; readers[i].read (record, k, &view); k++)
            tt_document_add (document, index, tt_bytes_of_text (view.value));
    }
}

static bool
value_at (const ingest_record *record, const tt_hit *hit, value_view *view)
{
    const char *name = tt_schema_achievement ()->indexes[hit->index].name;
    for (size_t i = 0; i < READERS; i++)
        if (strcmp (readers[i].index, name) == 0)
            return readers[i].read (record, hit->ordinal, view);
    return false;
}

const char *
ingest_subject_field (const ingest_record *record, const tt_hit *hit, uint32_t *ordinal)
{
    const char *name = tt_schema_achievement ()->indexes[hit->index].name;
    *ordinal = hit->ordinal;
    if (strcmp (name, "ti") == 0) { /* two fields of one value each */
        *ordinal = 0;
        return hit->ordinal > 0 || record->title[0] == '\0' ? "title_en" : "title";
    }
    for (size_t i = 0; i < READERS; i++)
        if (strcmp (readers[i].index, name) == 0)
            return readers[i].field;
    return "";
}

static bool
holds (char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (words[i], word) == 0)
            return true;
    return false;
}

size_t
ingest_subject_words (const ingest_record *record, const tt_document *document, const tt_cql *cql, tt_arena *arena, char **words,
                      size_t most)
{
    tt_hit hits[HITS_MOST];
    size_t hit_count = tt_cql_explain (cql, document, hits, HITS_MOST), count = 0;
    for (size_t i = 0; i < hit_count && count < most; i++) {
        value_view view;
        if (!value_at (record, &hits[i], &view) || hits[i].offset + hits[i].length > strlen (view.value))
            continue;
        char *word = tt_arena_strndup (arena, view.value + hits[i].offset, hits[i].length);
        if (!holds (words, count, word))
            words[count++] = word;
    }
    return count;
}

void
ingest_subject_terms (const ingest_record *r, ingest_terms *terms)
{
    ingest_terms_clear (terms);
    ingest_terms_add (terms, r->title, true, EMPHASIS);
    ingest_terms_add (terms, r->title_en, true, EMPHASIS);
    for (size_t i = 0; i < r->n_keywords; i++)
        ingest_terms_add (terms, r->keywords[i], true, EMPHASIS);
    ingest_terms_add (terms, r->abstract, false, 1);
}

void
ingest_subject_wishes (const ingest_demand *d, ingest_terms *terms)
{
    ingest_terms_clear (terms);
    ingest_terms_add (terms, d->title, true, 1);
    ingest_terms_add (terms, d->text, false, 1);
}
