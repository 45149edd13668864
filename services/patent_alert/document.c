#include "document.h"

#include <ctype.h>
#include <string.h>
#include <xxhash.h>

#include "query/schema.h"
#include "wire/topic.h"

#define TEXT_MAX 1000000
#define NAME_MAX_CHARACTERS 1000
#define SYMBOL_MAX 32
#define MARK_MAX 64
#define LIST_MAX 10000

void
alert_document_id (const PatentDocument *document, tt_buffer *out)
{
    const DocumentReference *p = document->publication;
    tt_buffer_printf (out, "%s.%s%s%s", p->country, p->number, p->kind[0] ? "." : "", p->kind);
}

static void
family (const char *family_id, const char *country, size_t country_size, const char *number, size_t number_size, tt_buffer *out)
{
    if (family_id[0]) {
        tt_buffer_text (out, family_id);
        return;
    }
    tt_buffer_append (out, country, country_size);
    tt_buffer_append (out, number, number_size);
}

void
alert_document_family (const PatentDocument *document, tt_buffer *out)
{
    const DocumentReference *p = document->publication;
    family (document->family_id, p->country, strlen (p->country), p->number, strlen (p->number), out);
}

bool
alert_document_family_of_id (const char *document_id, const char *family_id, tt_buffer *out)
{
    const char *number = strchr (document_id, '.');
    if (number == NULL || number - document_id != 2)
        return false;
    number++;
    size_t size = strcspn (number, ".");
    if (size == 0)
        return false;
    family (family_id, document_id, 2, number, size, out);
    return true;
}

/* -- form -- */

static bool
consists_of (const char *text, const char *allowed)
{
    return text[strspn (text, allowed)] == '\0';
}

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool
check_country (tt_violations *v, const char *country, bool required)
{
    if (country[0] == '\0' && !required)
        return true;
    if (strlen (country) == 2 && consists_of (country, CAPITALS))
        return true;
    tt_violate (v, "country", "expected two capital letters (WIPO ST.3), got \"%.16s\"", country);
    return false;
}

static bool
check_reference (tt_violations *v, const DocumentReference *reference)
{
    bool ok = check_country (v, reference->country, true);
    size_t size = strlen (reference->number);
    if (size < 1 || size > 32 || !consists_of (reference->number, CAPITALS DIGITS)) {
        tt_violate (v, "number", "expected 1 to 32 of A-Z 0-9, got \"%.40s\"", reference->number);
        ok = false;
    }
    if (strlen (reference->kind) > 4 || !consists_of (reference->kind, CAPITALS DIGITS)) {
        tt_violate (v, "kind", "expected at most 4 of A-Z 0-9, got \"%.16s\"", reference->kind);
        ok = false;
    }
    return tt_check_date (v, "date", reference->date, false) && ok;
}

static bool
check_references (tt_violations *v, const char *field, DocumentReference **references, size_t count)
{
    bool ok = tt_check_count (v, field, count, 0, LIST_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        ok = check_reference (v, references[i]);
        tt_violations_leave (v, mark);
    }
    return ok;
}

static bool
check_language (tt_violations *v, const char *language)
{
    if (language[0] == '\0'
        || (strlen (language) == 2 && islower ((unsigned char)language[0]) && islower ((unsigned char)language[1])))
        return true;
    tt_violate (v, "language", "expected two small letters (ISO 639-1) or nothing, got \"%.16s\"", language);
    return false;
}

static bool
check_texts (tt_violations *v, const char *field, Techtransfer__Patent__V1__LocalizedText **texts, size_t count, size_t least)
{
    bool ok = tt_check_count (v, field, count, least, LIST_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        ok = check_language (v, texts[i]->language);
        ok = tt_check_text (v, "text", texts[i]->text, 1, TEXT_MAX) && ok;
        tt_violations_leave (v, mark);
    }
    return ok;
}

static bool
check_symbols (tt_violations *v, const char *field, char **symbols, size_t count)
{
    bool ok = tt_check_count (v, field, count, 0, LIST_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        ok = tt_check_text (v, NULL, symbols[i], 1, SYMBOL_MAX);
        tt_violations_leave (v, mark);
    }
    return ok;
}

static bool
check_parties (tt_violations *v, const char *field, Techtransfer__Patent__V1__PatentParty **parties, size_t count)
{
    bool ok = tt_check_count (v, field, count, 0, LIST_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        size_t mark = tt_violations_enter (v, "%s[%zu]", field, i);
        ok = tt_check_text (v, "name", parties[i]->name, 1, NAME_MAX_CHARACTERS);
        ok = check_country (v, parties[i]->country, false) && ok;
        tt_violations_leave (v, mark);
    }
    return ok;
}

static bool
check_marks (tt_violations *v, char **marks, size_t count)
{
    bool ok = tt_check_count (v, "marks", count, 0, LIST_MAX);
    for (size_t i = 0; ok && i < count; i++) {
        size_t mark = tt_violations_enter (v, "marks[%zu]", i);
        const char *space = strchr (marks[i], ' ');
        ok = tt_check_text (v, NULL, marks[i], 1, MARK_MAX);
        if (ok && (space == NULL || tt_schema_find_mark (tt_schema_patent (), marks[i], (size_t)(space - marks[i])) < 0)) {
            tt_violate (v, NULL,
                        "expected \"<index> <value>\" with ex, op, rf, oc, cpci, cpca, cpcc, ci, cn, ai or an, got \"%.40s\"",
                        marks[i]);
            ok = false;
        }
        tt_violations_leave (v, mark);
    }
    return ok;
}

static bool
check_publication (tt_violations *v, const PatentDocument *document)
{
    if (document->publication == NULL) {
        tt_violate (v, "publication", "required");
        return false;
    }
    size_t mark = tt_violations_enter (v, "publication");
    bool ok = check_reference (v, document->publication);
    tt_violations_leave (v, mark);
    return ok;
}

bool
alert_document_check (const PatentDocument *d, tt_violations *v)
{
    bool ok = check_publication (v, d);
    if (d->application) {
        size_t mark = tt_violations_enter (v, "application");
        ok = check_reference (v, d->application) && ok;
        tt_violations_leave (v, mark);
    }
    ok = check_references (v, "priorities", d->priorities, d->n_priorities) && ok;
    ok = tt_check_text (v, "family_id", d->family_id, 0, 64) && ok;
    ok = check_texts (v, "titles", d->titles, d->n_titles, 1) && ok;
    ok = check_texts (v, "abstracts", d->abstracts, d->n_abstracts, 0) && ok;
    ok = check_texts (v, "claims", d->claims, d->n_claims, 0) && ok;
    ok = check_symbols (v, "ipc", d->ipc, d->n_ipc) && ok;
    ok = check_symbols (v, "cpc", d->cpc, d->n_cpc) && ok;
    ok = check_symbols (v, "locarno", d->locarno, d->n_locarno) && ok;
    ok = check_parties (v, "applicants", d->applicants, d->n_applicants) && ok;
    ok = check_parties (v, "inventors", d->inventors, d->n_inventors) && ok;
    ok = check_references (v, "citations", d->citations, d->n_citations) && ok;
    ok = check_marks (v, d->marks, d->n_marks) && ok;
    return tt_check_text (v, "source", d->source, 0, 128) && ok;
}

bool
alert_country_check (const char *country, bool required, tt_violations *violations)
{
    return check_country (violations, country, required);
}

bool
alert_reference_check (const DocumentReference *reference, tt_violations *violations)
{
    return check_reference (violations, reference);
}

bool
alert_document_is_grant (const PatentDocument *document)
{
    const DocumentReference *p = document->publication;
    return p->kind[0] == 'B' || (p->kind[0] == 'C' && strcmp (p->country, "CN") == 0);
}

/* -- versions -- */

void
alert_document_hash (const PatentDocument *document, uint8_t out[16])
{
    PatentDocument content = *document; /* shallow: only the two scalars below are changed */
    content.source = (char *)"";
    content.revision = 0;
    tt_buffer packed = { 0 };
    size_t size = techtransfer__patent__v1__patent_document__get_packed_size (&content);
    techtransfer__patent__v1__patent_document__pack (&content, tt_buffer_reserve (&packed, size));
    XXH128_canonicalFromHash ((XXH128_canonical_t *)out, XXH3_128bits (packed.data, size));
    tt_buffer_free (&packed);
}

alert_document_relation
alert_document_compare (const PatentDocument *stored, const PatentDocument *submitted)
{
    if (stored == NULL)
        return ALERT_DOCUMENT_NEW;
    uint8_t a[16], b[16];
    alert_document_hash (stored, a);
    alert_document_hash (submitted, b);
    if (memcmp (a, b, sizeof a) == 0)
        return ALERT_DOCUMENT_UNCHANGED;
    if (submitted->revision == stored->revision)
        return ALERT_DOCUMENT_CONFLICTING;
    return submitted->revision > stored->revision ? ALERT_DOCUMENT_REVISED : ALERT_DOCUMENT_OLDER;
}

/* A letter, two digits, a letter: "H01F". */
static bool
names_subclass (const char *symbol)
{
    return strlen (symbol) >= 4 && isupper ((unsigned char)symbol[0]) && isdigit ((unsigned char)symbol[1])
           && isdigit ((unsigned char)symbol[2]) && isupper ((unsigned char)symbol[3]);
}

void
alert_document_topic (const PatentDocument *document, tt_buffer *out)
{
    char subclass[5] = "";
    for (size_t i = 0; i < document->n_ipc && subclass[0] == '\0'; i++)
        if (names_subclass (document->ipc[i]))
            memcpy (subclass, document->ipc[i], 4);
    tt_topic_build (out, "patent", "published", document->publication->country, subclass[0] ? subclass : "none", NULL);
}
