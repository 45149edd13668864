#include "classes.h"

#include <stdio.h>
#include <string.h>

static const char *const schemes[INGEST_SCHEMES] = { "special", "industry", "stage", "form" };
static char nothing[] = "";

const char *
ingest_scheme_at (size_t i)
{
    return i < INGEST_SCHEMES ? schemes[i] : NULL;
}

bool
ingest_scheme_known (const char *scheme)
{
    for (size_t i = 0; i < INGEST_SCHEMES; i++)
        if (strcmp (schemes[i], scheme) == 0)
            return true;
    return false;
}

bool
ingest_class_known (const tt_catalog *catalog, const char *scheme, const char *code)
{
    if (strcmp (scheme, "special") == 0) {
        size_t digits = strspn (code, "0123456789");
        return digits > 0 && digits < 4 && code[digits] == '\0' && code[0] != '0' && tt_catalog_special_by_id (catalog, (uint32_t)atoi (code)) != NULL;
    }
    if (strcmp (scheme, "industry") == 0)
        return tt_catalog_industry (catalog, code) != NULL;
    if (strcmp (scheme, "stage") == 0)
        return tt_catalog_code (catalog, "achievement_stage", code) != NULL;
    return strcmp (scheme, "form") == 0
           && (tt_catalog_code (catalog, "achievement_form_applied", code) || tt_catalog_code (catalog, "achievement_form_other", code));
}

/* The field of a scheme that has one code. */
static char **
field_of (ingest_record *record, const char *scheme)
{
    return strcmp (scheme, "industry") == 0 ? &record->industry : strcmp (scheme, "stage") == 0 ? &record->stage : &record->form;
}

char **
ingest_class_codes (tt_arena *arena, const ingest_record *record, const char *scheme, size_t *count)
{
    ingest_record copy = *record;
    if (strcmp (scheme, "special") != 0) {
        char **code = tt_arena_alloc (arena, sizeof *code);
        *code = *field_of (&copy, scheme);
        *count = (*code)[0] != '\0';
        return code;
    }
    *count = record->n_specials;
    char **codes = tt_arena_alloc (arena, (*count + 1) * sizeof *codes);
    for (size_t i = 0; i < *count; i++)
        codes[i] = tt_arena_printf (arena, "%u", record->specials[i]);
    return codes;
}

void
ingest_class_set (tt_arena *arena, ingest_record *record, const char *scheme, char *const *codes, size_t count)
{
    if (strcmp (scheme, "special") != 0) {
        *field_of (record, scheme) = count > 0 ? codes[0] : nothing;
        return;
    }
    record->specials = tt_arena_alloc (arena, (count + 1) * sizeof *record->specials);
    record->n_specials = count;
    for (size_t i = 0; i < count; i++)
        record->specials[i] = (uint32_t)strtoul (codes[i], NULL, 10);
}

void
ingest_classes_clear (ingest_record *record)
{
    record->n_proposed = record->n_decided = record->n_technology_fields = 0;
    record->proposed = NULL;
    record->decided = NULL;
    record->technology_fields = NULL;
}

void
ingest_classes_declared (tt_arena *arena, ingest_record *record)
{
    for (size_t i = 0; i < record->n_decided; i++) {
        const ingest_class_decision *d = record->decided[i];
        ingest_class_set (arena, record, d->scheme, d->declared, d->n_declared);
    }
    ingest_classes_clear (record);
}

static bool
same_codes (char *const *a, size_t a_count, char *const *b, size_t b_count)
{
    bool same = a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = strcmp (a[i], b[i]) == 0;
    return same;
}

void
ingest_classes_carry (tt_arena *arena, const ingest_record *stored, ingest_record *record)
{
    record->n_decided = 0;
    record->decided = tt_arena_alloc (arena, (stored->n_decided + 1) * sizeof *record->decided);
    for (size_t i = 0; i < stored->n_decided; i++) {
        ingest_class_decision *d = stored->decided[i];
        size_t count;
        char **codes = ingest_class_codes (arena, record, d->scheme, &count);
        if (!same_codes (codes, count, d->declared, d->n_declared))
            continue;
        ingest_class_set (arena, record, d->scheme, d->codes, d->n_codes);
        record->decided[record->n_decided++] = d;
    }
}

static bool
is_decided (const ingest_record *record, const char *scheme)
{
    for (size_t i = 0; i < record->n_decided; i++)
        if (strcmp (record->decided[i]->scheme, scheme) == 0)
            return true;
    return false;
}

static ingest_proposal *
message_of (tt_arena *arena, const char *scheme, const tt_class_proposal *found)
{
    ingest_proposal *p = tt_arena_alloc (arena, sizeof *p);
    techtransfer__achievement__v1__class_proposal__init (p);
    p->scheme = (char *)scheme;
    p->code = (char *)found->code;
    p->score = found->score;
    p->method = (char *)found->method;
    p->n_terms = found->term_count;
    p->terms = tt_arena_alloc (arena, (found->term_count + 1) * sizeof *p->terms);
    for (size_t i = 0; i < found->term_count; i++)
        p->terms[i] = (char *)found->terms[i];
    return p;
}

static void
set_fields (const tt_fields *fields, tt_arena *arena, ingest_record *record)
{
    bool seen[TT_FIELD_COUNT + 1] = { false };
    for (size_t i = 0; i < record->n_ipc; i++)
        seen[tt_fields_of (fields, record->ipc[i])] = true;
    record->n_technology_fields = 0;
    record->technology_fields = tt_arena_alloc (arena, TT_FIELD_COUNT * sizeof *record->technology_fields);
    for (uint32_t field = 1; field <= TT_FIELD_COUNT; field++)
        if (seen[field])
            record->technology_fields[record->n_technology_fields++] = field;
}

void
ingest_classes_propose (tt_classifier *classifier, const tt_fields *fields, const ingest_class_settings *settings, tt_arena *arena,
                        ingest_record *record)
{
    const tt_class_text text = { .title = record->title,
                                 .title_en = record->title_en,
                                 .abstract = record->abstract,
                                 .keywords = record->keywords,
                                 .keyword_count = record->n_keywords,
                                 .ipc = record->ipc,
                                 .ipc_count = record->n_ipc,
                                 .trl = record->trl };
    tt_class_proposal found[INGEST_PROPOSALS_MAX];
    bool read = false;
    record->n_proposed = 0;
    record->proposed = tt_arena_alloc (arena, (INGEST_SCHEMES * INGEST_PROPOSALS_MAX + 1) * sizeof *record->proposed);
    set_fields (fields, arena, record);
    for (size_t i = 0; i < INGEST_SCHEMES; i++) {
        size_t declared;
        ingest_class_codes (arena, record, schemes[i], &declared);
        if (declared > 0 || is_decided (record, schemes[i]))
            continue;
        if (!read)
            tt_classifier_read (classifier, &text);
        read = true;
        size_t count = tt_classifier_propose (classifier, schemes[i], settings->threshold, arena, found, settings->most);
        for (size_t k = 0; k < count; k++)
            record->proposed[record->n_proposed++] = message_of (arena, schemes[i], &found[k]);
    }
}

/* Takes the scheme's proposals out of the record; their codes, best first. */
static char **
take_proposed (tt_arena *arena, ingest_record *record, const char *scheme, size_t *count)
{
    char **codes = tt_arena_alloc (arena, (record->n_proposed + 1) * sizeof *codes);
    ingest_proposal **left = tt_arena_alloc (arena, (record->n_proposed + 1) * sizeof *left);
    size_t rest = 0;
    *count = 0;
    for (size_t i = 0; i < record->n_proposed; i++) {
        if (strcmp (record->proposed[i]->scheme, scheme) == 0)
            codes[(*count)++] = record->proposed[i]->code;
        else
            left[rest++] = record->proposed[i];
    }
    record->proposed = left;
    record->n_proposed = rest;
    return codes;
}

/* The scheme's place among the decisions, in a list of the record's own. */
static ingest_class_decision **
place_of (tt_arena *arena, ingest_record *record, const char *scheme)
{
    ingest_class_decision **list = tt_arena_alloc (arena, (record->n_decided + 1) * sizeof *list);
    size_t at = record->n_decided;
    for (size_t i = 0; i < record->n_decided; i++) {
        list[i] = record->decided[i];
        if (strcmp (list[i]->scheme, scheme) == 0)
            at = i;
    }
    if (at == record->n_decided)
        list[record->n_decided++] = NULL;
    record->decided = list;
    return &list[at];
}

ingest_class_decision *
ingest_classes_decide (tt_arena *arena, ingest_record *record, const ingest_verdict *verdict)
{
    size_t current, proposed;
    char **codes = ingest_class_codes (arena, record, verdict->scheme, &current);
    char **best = take_proposed (arena, record, verdict->scheme, &proposed);
    bool confirms = verdict->n_codes == 0 && !verdict->none;
    char **expected = current > 0 ? codes : best;
    size_t expected_count = current > 0 ? current : proposed > 0;
    if (confirms && expected_count == 0)
        return NULL;
    ingest_class_decision *d = tt_arena_alloc (arena, sizeof *d), **place = place_of (arena, record, verdict->scheme);
    techtransfer__achievement__v1__class_decision__init (d);
    d->scheme = verdict->scheme;
    d->codes = confirms ? expected : verdict->codes;
    d->n_codes = confirms ? expected_count : verdict->n_codes;
    d->declared = *place ? (*place)->declared : codes;
    d->n_declared = *place ? (*place)->n_declared : current;
    d->proposed = *place ? (*place)->proposed : best;
    d->n_proposed = *place ? (*place)->n_proposed : proposed;
    d->corrected = !same_codes (d->codes, d->n_codes, expected, expected_count);
    *place = d;
    ingest_class_set (arena, record, verdict->scheme, d->codes, d->n_codes);
    return d;
}
