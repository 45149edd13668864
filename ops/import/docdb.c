/* Exchange documents of the EPO: DOCDB deliveries (v2.5.x) and answers of Open Patent Services (3.2). */
#include <stdio.h>
#include <string.h>

#include "import/formats.h"
#include "import/normal.h"

/* In this order: the normalised form first. */
static const char *const form_names[] = { "docdb", "epodoc", "docdba", "original" };
#define FORM_COUNT (sizeof form_names / sizeof form_names[0])

/* DOCDB deliveries say data-format, OPS says document-id-type on the document-id or data-format on the party. Nothing said is
 * docdb. */
static bool
has_form (const xmlNode *node, const char *form)
{
    tt_buffer value = { 0 };
    const char *said = tt_xml_attribute (node, "data-format", &value);
    if (*said == '\0')
        said = tt_xml_attribute (node, "document-id-type", &value);
    bool same = strcmp (*said ? said : "docdb", form) == 0;
    tt_buffer_free (&value);
    return same;
}

static bool
read_id (const xmlNode *id, bool trim, tt_docnum *out)
{
    tt_buffer country = { 0 }, number = { 0 }, kind = { 0 }, date = { 0 };
    bool found = tt_form_number (tt_xml_path_text (id, "country", &country), tt_xml_path_text (id, "doc-number", &number), trim,
                                 tt_xml_path_text (id, "kind", &kind), tt_xml_path_text (id, "date", &date), out);
    if (found && out->country[0] == '\0') {
        char iso[sizeof out->date];
        memcpy (iso, out->date, sizeof iso);
        found = tt_docnum_parse (tt_buffer_cstr (&number), "", TT_DOCNUM_APPLICATION, out, NULL) == TT_OK && out->country[0];
        memcpy (out->date, iso, sizeof iso);
    }
    tt_buffer_free (&country);
    tt_buffer_free (&number);
    tt_buffer_free (&kind);
    tt_buffer_free (&date);
    return found;
}

/* The date that the same reference gives in another form: OPS puts the filing date on the epodoc form only. */
static void
borrow_date (const xmlNode *first_id, tt_docnum *out)
{
    tt_buffer date = { 0 };
    for (const xmlNode *id = first_id; id && out->date[0] == '\0'; id = tt_xml_next (id, "document-id"))
        if (!tt_normal_date (tt_xml_path_text (id, "date", &date), out->date))
            out->date[0] = '\0';
    tt_buffer_free (&date);
}

/* The best form of a reference: among the document-ids in `holder` (OPS), or among `holder` and its siblings of that name
 * (DOCDB). */
static bool
best_reference (const xmlNode *holder, const char *name, tt_docnum *out)
{
    for (size_t f = 0; f + 1 < FORM_COUNT; f++)
        for (const xmlNode *h = holder; h; h = tt_xml_next (h, name)) {
            const xmlNode *first = tt_xml_find (h, "document-id");
            for (const xmlNode *id = first; id; id = tt_xml_next (id, "document-id")) {
                const xmlNode *marked = xmlHasProp ((xmlNode *)id, BAD_CAST "document-id-type") ? id : h;
                if (has_form (marked, form_names[f]) && read_id (id, false, out)) {
                    borrow_date (first, out);
                    return true;
                }
            }
        }
    return false;
}

bool
tt_form_docdb_reference (const xmlNode *node, const char *name, tt_docnum *out)
{
    const xmlNode *first = tt_xml_find (node, name);
    return first && best_reference (first, name, out) && out->country[0];
}

/* Priority claims: in DOCDB each claim comes once in each form, in OPS once with the forms inside. */
static void
take_priorities (const xmlNode *data, tt_patent *patent)
{
    const xmlNode *first = tt_xml_find (data, "priority-claims/priority-claim");
    tt_docnum number;
    for (const xmlNode *claim = first; claim; claim = tt_xml_next (claim, "priority-claim")) {
        bool marked = xmlHasProp ((xmlNode *)claim, BAD_CAST "data-format") != NULL;
        if (marked && !has_form (claim, "docdb"))
            continue;
        xmlNode *id = tt_xml_find (claim, "document-id");
        for (xmlNode *other = id; other; other = tt_xml_next (other, "document-id"))
            if (has_form (other, "docdb"))
                id = other;
        if (id && read_id (id, false, &number)) {
            borrow_date (tt_xml_find (claim, "document-id"), &number);
            tt_build_add ((void ***)&patent->priorities, &patent->n_priorities, tt_build_reference (&number));
        }
    }
}

static void
symbol_of_parts (const xmlNode *node, tt_buffer *text, tt_buffer *out)
{
    static const char *const parts[] = { "section", "class", "subclass", "main-group" };
    tt_buffer_clear (out);
    for (size_t i = 0; i < 4; i++)
        tt_buffer_text (out, tt_xml_path_text (node, parts[i], text));
    const char *subgroup = tt_xml_path_text (node, "subgroup", text);
    if (*subgroup)
        tt_buffer_printf (out, "/%s", subgroup);
}

static void
take_cpc (const xmlNode *data, tt_patent *patent, tt_buffer *text)
{
    tt_buffer symbol = { 0 };
    const xmlNode *c = tt_xml_find (data, "patent-classifications/patent-classification");
    for (; c; c = tt_xml_next (c, "patent-classification")) {
        const char *scheme = tt_xml_attribute (tt_xml_find (c, "classification-scheme"), "scheme", text);
        if (strncmp (scheme, "CPC", 3) != 0)
            continue;
        tt_xml_path_text (c, "classification-symbol", &symbol);
        if (symbol.size == 0)
            symbol_of_parts (c, text, &symbol);
        if (tt_build_cpc (patent, tt_buffer_cstr (&symbol)))
            tt_build_role (patent, true, tt_buffer_cstr (&symbol), NULL, tt_xml_path_text (c, "classification-value", text));
    }
    tt_buffer_free (&symbol);
}

/* Symbols of the padded form must keep their columns: the raw content, not the folded text. */
static void
raw_ipc (const xmlNode *node, tt_patent *patent)
{
    xmlChar *raw = node ? xmlNodeGetContent (node) : NULL;
    if (raw)
        tt_build_ipc (patent, (const char *)raw);
    xmlFree (raw);
}

static void
take_classes (const xmlNode *data, tt_patent *patent, tt_buffer *text)
{
    const xmlNode *c = tt_xml_find (data, "classifications-ipcr/classification-ipcr");
    for (; c; c = tt_xml_next (c, "classification-ipcr"))
        raw_ipc (tt_xml_find (c, "text"), patent);
    if (patent->n_ipc == 0) {
        const xmlNode *old = tt_xml_find (data, "classification-ipc");
        raw_ipc (tt_xml_find (old, "main-classification"), patent);
        for (c = tt_xml_find (old, "further-classification"); c; c = tt_xml_next (c, "further-classification"))
            raw_ipc (c, patent);
        for (c = tt_xml_find (old, "text"); c; c = tt_xml_next (c, "text"))
            raw_ipc (c, patent);
    }
    take_cpc (data, patent, text);
}

/* "BOSCH GMBH [DE]" as epodoc writes it. */
static void
add_named (tt_patent_party ***list, size_t *count, const char *name, const char *country)
{
    size_t size = strlen (name);
    char code[3] = "";
    if (size > 4 && name[size - 1] == ']' && name[size - 4] == '[') {
        memcpy (code, name + size - 3, 2);
        size -= 4;
    }
    while (size > 0 && strchr (" ,", name[size - 1]))
        size--;
    char *plain = tt_strndup (name, size);
    tt_build_party (list, count, plain, *country ? country : code);
    free (plain);
}

/* All parties of the best form that is there. */
static void
take_parties (const xmlNode *first, const char *name, const char *name_path, tt_patent_party ***list, size_t *count)
{
    tt_buffer text = { 0 }, country = { 0 };
    for (size_t f = 0; f < FORM_COUNT && *count == 0; f++)
        for (const xmlNode *p = first; p; p = tt_xml_next (p, name))
            if (has_form (p, form_names[f]))
                add_named (list, count, tt_xml_path_text (p, name_path, &text),
                           tt_xml_path_text (p, "residence/country", &country));
    tt_buffer_free (&text);
    tt_buffer_free (&country);
}

/* DOCDB's phases of a citation as indexes; those of searches are in ct alone. */
static const char *
who_cited (const xmlNode *citation, tt_buffer *text)
{
    static const char *const phases[][2] = { { "APP", "rf" }, { "EXA", "ex" }, { "OPP", "op" }, { "FOP", "op" },
                                             { "TPO", "oc" }, { "115", "oc" }, { "APL", "oc" } };
    const char *phase = tt_xml_attribute (citation, "cited-phase", text);
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (strcmp (phase, phases[i][0]) == 0)
            return phases[i][1];
    return NULL;
}

static void
take_citations (const xmlNode *data, tt_patent *patent, tt_buffer *text)
{
    tt_docnum number;
    for (const xmlNode *c = tt_xml_find (data, "references-cited/citation"); c; c = tt_xml_next (c, "citation")) {
        const xmlNode *cited = tt_xml_find (c, "patcit");
        if (cited && best_reference (cited, "patcit", &number))
            tt_build_citation (patent, &number, who_cited (c, text));
    }
}

static void
take_texts (const xmlNode *root, const xmlNode *data, tt_patent *patent, tt_buffer *text)
{
    tt_buffer language = { 0 };
    for (const xmlNode *t = tt_xml_find (data, "invention-title"); t; t = tt_xml_next (t, "invention-title"))
        tt_build_text (&patent->titles, &patent->n_titles, tt_xml_attribute (t, "lang", &language), tt_xml_text (t, text));
    for (const xmlNode *a = tt_xml_find (root, "abstract"); a; a = tt_xml_next (a, "abstract"))
        tt_build_text (&patent->abstracts, &patent->n_abstracts, tt_xml_attribute (a, "lang", &language), tt_xml_text (a, text));
    tt_buffer_free (&language);
}

/* The publication as the attributes of the element name it; its date may stand in the reference only (OPS). */
static tt_status
take_publication (const xmlNode *root, const xmlNode *data, tt_patent *patent, tt_error *error)
{
    tt_buffer country = { 0 }, number = { 0 }, kind = { 0 }, date = { 0 };
    tt_docnum given, named;
    tt_status status;
    bool found
        = tt_form_number (tt_xml_attribute (root, "country", &country), tt_xml_attribute (root, "doc-number", &number), false,
                          tt_xml_attribute (root, "kind", &kind), tt_xml_attribute (root, "date-publ", &date), &given);
    if (best_reference (tt_xml_find (data, "publication-reference"), "publication-reference", &named)) {
        if (!found)
            given = named;
        else if (given.date[0] == '\0' && date.size == 0)
            memcpy (given.date, named.date, sizeof given.date);
        found = true;
    }
    status = found ? tt_form_publication (patent, &given, tt_buffer_cstr (&date), error)
                   : tt_fail (error, TT_INVALID_ARGUMENT, "publication-reference: no document number");
    tt_buffer_free (&country);
    tt_buffer_free (&number);
    tt_buffer_free (&kind);
    tt_buffer_free (&date);
    return status;
}

static void
take_rest (const xmlNode *root, const xmlNode *data, tt_patent *patent)
{
    tt_buffer text = { 0 };
    tt_docnum number;
    if (best_reference (tt_xml_find (data, "application-reference"), "application-reference", &number))
        patent->application = tt_build_reference (&number);
    take_priorities (data, patent);
    take_classes (data, patent, &text);
    take_parties (tt_xml_find (data, "parties/applicants/applicant"), "applicant", "applicant-name/name", &patent->applicants,
                  &patent->n_applicants);
    take_parties (tt_xml_find (data, "parties/inventors/inventor"), "inventor", "inventor-name/name", &patent->inventors,
                  &patent->n_inventors);
    take_citations (data, patent, &text);
    take_texts (root, data, patent, &text);
    tt_build_set (&patent->family_id, tt_xml_attribute (root, "family-id", &text));
    tt_build_set (&patent->source, "epo");
    tt_buffer_free (&text);
}

tt_status
tt_patent_of_docdb (const xmlNode *root, tt_patent *patent, tt_error *error)
{
    const xmlNode *data = tt_xml_find (root, "bibliographic-data");
    tt_status status = take_publication (root, data, patent, error);
    if (status == TT_OK)
        take_rest (root, data, patent);
    return status;
}
