#include "validate.h"

#include <string.h>

#include "base/clock.h"
#include "identity.h"
#include "query/cql.h"

#define TITLE_MAX 512
#define TEXT_MAX 20000
#define NAME_MAX_CHARACTERS 256
#define SHORT_MAX 128
#define LIST_MAX 64
#define PATENTS_MAX 256
#define CODES_MAX 64
#define TRL_MAX 13
#define IPC_MAX 32
#define PROVENANCE_MAX 64
#define DESCRIPTION_MAX 2000

bool
ingest_classified (const ingest_record *record)
{
    return record->secrecy && record->secrecy[0] != '\0' && strcmp (record->secrecy, "public") != 0;
}

static void
check_code (tt_violations *v, const tt_catalog *catalog, const char *field, const char *list, const char *code)
{
    if (code[0] != '\0' && !tt_catalog_code (catalog, list, code))
        tt_violate (v, field, "no such code in the list %s", list);
}

/* A form of an applied result, or of a theoretical one. */
static void
check_form (tt_violations *v, const tt_catalog *catalog, const char *code)
{
    if (code[0] != '\0' && !tt_catalog_code (catalog, "achievement_form_applied", code)
        && !tt_catalog_code (catalog, "achievement_form_other", code))
        tt_violate (v, "form", "no such code in the lists achievement_form_applied and achievement_form_other");
}

static void
check_district (tt_violations *v, const tt_catalog *catalog, const char *key)
{
    if (key[0] != '\0' && !tt_catalog_district_by_key (catalog, key))
        tt_violate (v, "district", "no such district");
}

static void
check_industry (tt_violations *v, const tt_catalog *catalog, const char *industry)
{
    if (industry[0] != '\0' && !tt_catalog_industry (catalog, industry))
        tt_violate (v, "industry", "expected a section letter of GB/T 4754, or letter and two digits");
}

/* Each text of a repeated field: path "keywords[2]". */
static void
check_texts (tt_violations *v, const char *field, char *const *texts, size_t count, size_t least, size_t most, size_t length)
{
    if (!tt_check_count (v, field, count, least, most))
        return;
    for (size_t i = 0; i < count; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        tt_check_text (v, NULL, texts[i], 1, length);
        tt_violations_leave (v, mark);
    }
}

static void
check_code_list (tt_violations *v, const tt_catalog *catalog, const char *field, const char *list, char *const *codes,
                 size_t count)
{
    if (!tt_check_count (v, field, count, 0, CODES_MAX))
        return;
    for (size_t i = 0; i < count; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        if (!tt_catalog_code (catalog, list, codes[i]))
            tt_violate (v, NULL, "no such code in the list %s", list);
        tt_violations_leave (v, mark);
    }
}

static void
check_people (tt_violations *v, const ingest_record *r)
{
    if (!tt_check_count (v, "people", r->n_people, 0, LIST_MAX))
        return;
    for (size_t i = 0; i < r->n_people; i++) {
        size_t mark = tt_violations_enter (v, "people[%zu]", i);
        tt_check_text (v, "name", r->people[i]->name, 1, SHORT_MAX);
        tt_check_text (v, "organisation", r->people[i]->organisation, 0, NAME_MAX_CHARACTERS);
        tt_violations_leave (v, mark);
    }
}

static void
check_specials (tt_violations *v, const tt_catalog *catalog, const ingest_record *r)
{
    if (!tt_check_count (v, "specials", r->n_specials, 0, CODES_MAX))
        return;
    for (size_t i = 0; i < r->n_specials; i++) {
        size_t mark = tt_violations_enter (v, "specials[%zu]", i);
        if (!tt_catalog_special_by_id (catalog, r->specials[i]))
            tt_violate (v, NULL, "no such special");
        tt_violations_leave (v, mark);
    }
}

static void
check_number (tt_violations *v, const char *number)
{
    tt_arena *arena = tt_arena_new (1024);
    if (!tt_check_text (v, "registration_number", number, 0, 4 * SHORT_MAX)) {
        tt_arena_destroy (&arena);
        return;
    }
    if (!ingest_normal_number (arena, number))
        tt_violate (v, "registration_number", "expected at most 32 of A-Z 0-9 -");
    tt_arena_destroy (&arena);
}

void
ingest_validate_identity (const char *source, const char *source_id, tt_violations *v)
{
    tt_check_identifier (v, "source", source);
    tt_check_text (v, "source_id", source_id, 1, SHORT_MAX);
}

static void
check_classification (const ingest_record *r, const tt_catalog *catalog, tt_violations *v)
{
    check_district (v, catalog, r->district);
    check_specials (v, catalog, r);
    check_industry (v, catalog, r->industry);
    check_code (v, catalog, "hightech_field", "hightech_field", r->hightech_field);
    check_code (v, catalog, "category", "achievement_category", r->category);
    check_code (v, catalog, "attribute", "achievement_attribute", r->attribute);
    check_code (v, catalog, "stage", "achievement_stage", r->stage);
    check_form (v, catalog, r->form);
    tt_check_range (v, "trl", r->trl, 0, TRL_MAX);
    check_code (v, catalog, "level", "achievement_level", r->level);
    check_code (v, catalog, "evaluation_method", "evaluation_method", r->evaluation_method);
    check_code_list (v, catalog, "conversion_modes", "conversion_mode", r->conversion_modes, r->n_conversion_modes);
}

/* tt_check_date quotes what it was given. */
static void
check_day (tt_violations *v, const char *field, const char *day)
{
    int32_t days;
    if (day[0] != '\0' && tt_date_parse (day, &days) != TT_OK)
        tt_violate (v, field, "expected a day as YYYY-MM-DD");
}

static void
check_provenance (tt_violations *v, const Techtransfer__Achievement__V1__Provenance *p)
{
    if (!p)
        return;
    tt_check_text (v, "provenance.datestamp", p->datestamp, 0, PROVENANCE_MAX);
    tt_check_text (v, "provenance.importer", p->importer, 0, PROVENANCE_MAX);
}

void
ingest_validate_record (const ingest_record *r, const tt_catalog *catalog, tt_violations *v)
{
    if (ingest_classified (r)) {
        tt_violate (v, "secrecy", "only public records are taken; nothing of this one was kept");
        return;
    }
    if (!tt_validate_utf8 (&r->base, v))
        return;
    ingest_validate_identity (r->source, r->source_id, v);
    check_number (v, r->registration_number);
    tt_check_text (v, "title", r->title, 1, TITLE_MAX);
    tt_check_text (v, "title_en", r->title_en, 0, TITLE_MAX);
    tt_check_text (v, "abstract", r->abstract, 0, TEXT_MAX);
    check_texts (v, "keywords", r->keywords, r->n_keywords, 0, LIST_MAX, SHORT_MAX);
    check_texts (v, "owners", r->owners, r->n_owners, 1, LIST_MAX, NAME_MAX_CHARACTERS);
    check_people (v, r);
    check_classification (r, catalog, v);
    check_texts (v, "patents", r->patents, r->n_patents, 0, PATENTS_MAX, SHORT_MAX);
    check_texts (v, "ipc", r->ipc, r->n_ipc, 0, PATENTS_MAX, IPC_MAX);
    tt_check_money (v, "price_fen", r->price_fen, 0, TT_MONEY_MAX);
    tt_check_text (v, "contact", r->contact, 0, NAME_MAX_CHARACTERS);
    check_day (v, "completed_date", r->completed_date);
    check_provenance (v, r->provenance);
}

static void
check_query (const char *query, tt_violations *v, tt_buffer *warnings)
{
    if (query[0] == '\0' || !tt_check_bytes (v, "query", strlen (query), 0, TT_CQL_MAX_BYTES))
        return;
    tt_cql *cql = NULL;
    tt_error error = { 0 };
    if (tt_cql_parse (tt_schema_achievement (), query, strlen (query), &cql, &error) != TT_OK)
        tt_violate (v, "query", "%s", error.message);
    const char *warning;
    for (size_t i = 0; cql && (warning = tt_cql_warning (cql, i)) != NULL; i++)
        tt_buffer_printf (warnings, "query: %s\n", warning);
    tt_cql_free (&cql);
}

static void
check_deadline (const char *deadline, int32_t today, tt_violations *v, tt_buffer *warnings)
{
    int32_t days;
    if (!tt_check_date (v, "deadline", deadline, false) || deadline[0] == '\0')
        return;
    if (tt_date_parse (deadline, &days) == TT_OK && days < today)
        tt_buffer_text (warnings, "deadline: has passed, so nothing will be pushed\n");
}

/* Who answers an open challenge must know what it is worth, and until when. */
static void
check_award (const ingest_demand *d, tt_violations *v)
{
    bool challenge = d->kind == TECHTRANSFER__ACHIEVEMENT__V1__DEMAND_KIND__CHALLENGE;
    if (!challenge && d->award_fen != 0)
        tt_violate (v, "award_fen", "only a challenge has an award");
    if (challenge)
        tt_check_money (v, "award_fen", d->award_fen, 1, TT_MONEY_MAX);
    if (challenge && d->deadline[0] == '\0')
        tt_violate (v, "deadline", "required of a challenge");
}

void
ingest_validate_demand (const ingest_demand *d, const tt_catalog *catalog, int32_t today, tt_violations *v, tt_buffer *warnings)
{
    if (!tt_validate_utf8 (&d->base, v))
        return;
    tt_check_identifier (v, "owner", d->owner);
    tt_check_identifier (v, "demand_id", d->demand_id);
    tt_check_enum (v, "kind", &techtransfer__achievement__v1__demand_kind__descriptor, (int)d->kind, false);
    tt_check_text (v, "title", d->title, 1, TITLE_MAX);
    tt_check_text (v, "text", d->text, 0, TEXT_MAX);
    check_query (d->query, v, warnings);
    check_industry (v, catalog, d->industry);
    check_district (v, catalog, d->district);
    check_code_list (v, catalog, "stages", "achievement_stage", d->stages, d->n_stages);
    check_code_list (v, catalog, "forms", "achievement_form_applied", d->forms, d->n_forms);
    tt_check_money (v, "budget_fen", d->budget_fen, 0, TT_MONEY_MAX);
    check_deadline (d->deadline, today, v, warnings);
    check_award (d, v);
}

void
ingest_validate_source (const ingest_source *s, tt_violations *v)
{
    if (!tt_validate_utf8 (&s->base, v))
        return;
    tt_check_identifier (v, "source", s->source);
    tt_check_text (v, "name", s->name, 1, SHORT_MAX);
    tt_check_text (v, "description", s->description, 0, DESCRIPTION_MAX);
    tt_check_text (v, "owner", s->owner, 0, SHORT_MAX);
    tt_check_enum (v, "mode", &techtransfer__achievement__v1__source_mode__descriptor, (int)s->mode, false);
}
