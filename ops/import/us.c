/* US grants and applications, DTD v4.x. */
#include <stdio.h>
#include <string.h>

#include "import/formats.h"
#include "import/normal.h"

/* Scratch for the texts of one document, so that a converter needs no allocation for each field. */
typedef struct {
    tt_buffer a, b, c, d;
} scratch;

static void
scratch_free (scratch *s)
{
    tt_buffer_free (&s->a);
    tt_buffer_free (&s->b);
    tt_buffer_free (&s->c);
    tt_buffer_free (&s->d);
}

/* A document-id. Zeros before the number go only where the number is a publication's. */
static bool
document_id (const xmlNode *id, bool trim, scratch *s, tt_docnum *out)
{
    if (id == NULL)
        return false;
    const char *country = tt_xml_path_text (id, "country", &s->a);
    const char *number = tt_xml_path_text (id, "doc-number", &s->b);
    const char *kind = tt_xml_path_text (id, "kind", &s->c);
    const char *date = tt_xml_path_text (id, "date", &s->d);
    return tt_form_number (country, number, trim, kind, date, out);
}

/* Provisional applications are claimed like foreign ones, and are priorities of kind P in DOCDB; the office gives them apart. */
static void
take_provisionals (const xmlNode *biblio, tt_patent *patent, scratch *s)
{
    tt_docnum number;
    const xmlNode *p = tt_xml_find (biblio, "us-related-documents/us-provisional-application");
    for (; p; p = tt_xml_next (p, "us-provisional-application")) {
        if (!document_id (tt_xml_find (p, "document-id"), false, s, &number) || number.country[0] == '\0')
            continue;
        memcpy (number.kind, "P", 2);
        tt_build_add ((void ***)&patent->priorities, &patent->n_priorities, tt_build_reference (&number));
    }
}

static tt_status
take_numbers (const xmlNode *biblio, tt_patent *patent, scratch *s, tt_error *error)
{
    tt_docnum number;
    if (document_id (tt_xml_find (biblio, "application-reference/document-id"), false, s, &number))
        patent->application = tt_build_reference (&number);
    if (!document_id (tt_xml_find (biblio, "publication-reference/document-id"), true, s, &number))
        return tt_fail (error, TT_INVALID_ARGUMENT, "publication-reference: no document number");
    tt_status status = tt_form_publication (patent, &number, tt_buffer_cstr (&s->d), error);
    const xmlNode *claim = tt_xml_find (biblio, "priority-claims/priority-claim");
    for (; claim; claim = tt_xml_next (claim, "priority-claim"))
        if (document_id (claim, false, s, &number))
            tt_build_add ((void ***)&patent->priorities, &patent->n_priorities, tt_build_reference (&number));
    take_provisionals (biblio, patent, s);
    return status;
}

/* A symbol in parts: section, class, subclass, main-group, subgroup. */
static void
symbol_of_parts (const xmlNode *node, scratch *s, char out[64])
{
    static const char *const parts[] = { "section", "class", "subclass", "main-group", "subgroup" };
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < 5 && n < 48; i++) {
        const char *text = tt_xml_path_text (node, parts[i], &s->a);
        n += (size_t)snprintf (out + n, 64 - n, "%s%.12s", i == 4 && *text ? "/" : "", text);
    }
}

/* Symbols that classify together: what is in a set is said by marks, for its symbols need not stand alone. */
static void
take_combinations (const xmlNode *group, tt_patent *patent, scratch *s)
{
    char symbol[64], plain[TT_CLASS_SIZE];
    for (const xmlNode *set = tt_xml_find (group, "combination-set"); set; set = tt_xml_next (set, "combination-set"))
        for (const xmlNode *r = tt_xml_find (set, "combination-rank"); r; r = tt_xml_next (r, "combination-rank")) {
            symbol_of_parts (tt_xml_find (r, "classification-cpc"), s, symbol);
            if (tt_normal_class (symbol, plain))
                tt_build_mark (patent, "cpcc", plain);
        }
}

static void
take_cpc (const xmlNode *list, tt_patent *patent, scratch *s)
{
    char symbol[64];
    for (const xmlNode *group = list ? list->children : NULL; group; group = group->next) {
        take_combinations (group, patent, s);
        for (const xmlNode *c = tt_xml_find (group, "classification-cpc"); c; c = tt_xml_next (c, "classification-cpc")) {
            symbol_of_parts (c, s, symbol);
            if (tt_build_cpc (patent, symbol))
                tt_build_role (patent, true, symbol, NULL, tt_xml_path_text (c, "classification-value", &s->a));
        }
    }
}

static void
take_old_ipc (const xmlNode *ipc, tt_patent *patent, scratch *s)
{
    tt_build_ipc (patent, tt_xml_path_text (ipc, "main-classification", &s->a));
    for (const xmlNode *n = tt_xml_find (ipc, "further-classification"); n; n = tt_xml_next (n, "further-classification"))
        tt_build_ipc (patent, tt_xml_text (n, &s->a));
}

static void
take_classes (const xmlNode *biblio, tt_patent *patent, scratch *s)
{
    char symbol[64];
    const xmlNode *c = tt_xml_find (biblio, "classifications-ipcr/classification-ipcr");
    for (; c; c = tt_xml_next (c, "classification-ipcr")) {
        symbol_of_parts (c, s, symbol);
        if (!tt_build_ipc (patent, symbol))
            continue;
        char level[2] = { tt_xml_path_text (c, "classification-level", &s->a)[0], '\0' };
        tt_build_role (patent, false, symbol, level, tt_xml_path_text (c, "classification-value", &s->a));
    }
    take_old_ipc (tt_xml_find (biblio, "classification-ipc"), patent, s);
    take_cpc (tt_xml_find (biblio, "classifications-cpc"), patent, s);
    const xmlNode *locarno = tt_xml_find (biblio, "classification-locarno");
    tt_build_locarno (patent, tt_xml_path_text (locarno, "main-classification", &s->a));
    for (c = tt_xml_find (locarno, "further-classification"); c; c = tt_xml_next (c, "further-classification"))
        tt_build_locarno (patent, tt_xml_text (c, &s->a));
}

/* An organisation's name, or "Last, First, Suffix" of a person. */
static const char *
party_name (const xmlNode *party, scratch *s)
{
    const xmlNode *book = tt_xml_find (party, "addressbook");
    book = book ? book : party;
    tt_buffer_clear (&s->a);
    tt_buffer_text (&s->a, tt_xml_path_text (book, "orgname", &s->b));
    if (s->a.size > 0)
        return tt_buffer_cstr (&s->a);
    static const char *const parts[] = { "last-name", "first-name", "middle-name", "suffix", "name" };
    for (size_t i = 0; i < 5; i++) {
        const char *text = tt_xml_path_text (book, parts[i], &s->b);
        if (*text && s->a.size > 0)
            tt_buffer_text (&s->a, i == 2 ? " " : ", ");
        tt_buffer_text (&s->a, text);
    }
    return tt_buffer_cstr (&s->a);
}

static const char *
party_country (const xmlNode *party, scratch *s)
{
    const char *country = tt_xml_path_text (party, "addressbook/address/country", &s->b);
    if (*country == '\0')
        country = tt_xml_path_text (party, "residence/country", &s->b);
    return *country ? country : tt_xml_path_text (party, "address/country", &s->b);
}

static void
add_party (tt_patent_party ***list, size_t *count, const xmlNode *party, scratch *s)
{
    const char *name = party_name (party, s);
    tt_build_party (list, count, name, party_country (party, s));
}

/* Whether an applicant is one only because it invented. */
static bool
is_inventor (const xmlNode *applicant, scratch *s)
{
    return strcmp (tt_xml_attribute (applicant, "app-type", &s->c), "applicant-inventor") == 0;
}

static void
take_applicants (const xmlNode *first, const char *name, bool inventors, tt_patent *patent, scratch *s)
{
    for (const xmlNode *party = first; party; party = tt_xml_next (party, name))
        if (is_inventor (party, s) == inventors)
            add_party (&patent->applicants, &patent->n_applicants, party, s);
}

static void
take_parties (const xmlNode *biblio, tt_patent *patent, scratch *s)
{
    const xmlNode *newer = tt_xml_find (biblio, "us-parties"), *parties = newer ? newer : tt_xml_find (biblio, "parties");
    const char *name = newer ? "us-applicant" : "applicant";
    const xmlNode *applicant = tt_xml_find (parties, newer ? "us-applicants/us-applicant" : "applicants/applicant");
    const xmlNode *party = tt_xml_find (biblio, "assignees/assignee");
    for (; party; party = tt_xml_next (party, "assignee"))
        add_party (&patent->applicants, &patent->n_applicants, party, s);
    take_applicants (applicant, name, false, patent, s);
    if (patent->n_applicants == 0)
        take_applicants (applicant, name, true, patent, s);
    for (party = tt_xml_find (parties, "inventors/inventor"); party; party = tt_xml_next (party, "inventor"))
        add_party (&patent->inventors, &patent->n_inventors, party, s);
    for (party = applicant; party; party = tt_xml_next (party, name))
        if (is_inventor (party, s))
            add_party (&patent->inventors, &patent->n_inventors, party, s);
}

/* "cited by examiner" and so on, which index that is. */
static const char *
who_cited (const xmlNode *citation, scratch *s)
{
    const char *category = tt_xml_path_text (citation, "category", &s->b);
    return strcmp (category, "cited by examiner") == 0    ? "ex"
           : strcmp (category, "cited by applicant") == 0 ? "rf"
           : *category                                    ? "oc"
                                                          : NULL;
}

static void
take_citations (const xmlNode *biblio, tt_patent *patent, scratch *s)
{
    const xmlNode *newer = tt_xml_find (biblio, "us-references-cited");
    const char *name = newer ? "us-citation" : "citation";
    tt_docnum number;
    const xmlNode *c = tt_xml_find (newer ? newer : tt_xml_find (biblio, "references-cited"), name);
    for (; c; c = tt_xml_next (c, name))
        if (document_id (tt_xml_find (c, "patcit/document-id"), true, s, &number) && number.country[0])
            tt_build_citation (patent, &number, who_cited (c, s));
}

static void
take_texts (const xmlNode *root, const xmlNode *biblio, tt_patent *patent, scratch *s)
{
    const char *language = tt_xml_attribute (root, "lang", &s->b);
    tt_build_text (&patent->titles, &patent->n_titles, language, tt_xml_path_text (biblio, "invention-title", &s->a));
    tt_build_text (&patent->abstracts, &patent->n_abstracts, language, tt_xml_path_text (root, "abstract", &s->a));
    for (const xmlNode *c = tt_xml_find (root, "claims/claim"); c; c = tt_xml_next (c, "claim"))
        tt_build_text (&patent->claims, &patent->n_claims, language, tt_xml_text (c, &s->a));
}

tt_status
tt_patent_of_us (const xmlNode *root, tt_patent *patent, tt_error *error)
{
    scratch s = { 0 };
    const xmlNode *biblio = tt_xml_find (root, "us-bibliographic-data-grant");
    biblio = biblio ? biblio : tt_xml_find (root, "us-bibliographic-data-application");
    if (biblio == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "no bibliographic data in it");
    tt_status status = take_numbers (biblio, patent, &s, error);
    if (status == TT_OK) {
        take_classes (biblio, patent, &s);
        take_parties (biblio, patent, &s);
        take_citations (biblio, patent, &s);
        take_texts (root, biblio, patent, &s);
        tt_build_set (&patent->source, "uspto");
    }
    scratch_free (&s);
    return status;
}
