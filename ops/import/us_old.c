/* US grants in the ST.32 form (PATDOC) and US applications in the pap form, 2001 to 2004. */
#include <stdio.h>
#include <string.h>

#include "import/formats.h"
#include "import/normal.h"

/* ST.32: the elements are the INID codes of WIPO ST.9 (B110 number, B540 title, B721 inventor ...). */

static bool
st32_number (const xmlNode *bib, const char *number_path, const char *date_path, const char *kind_path, const char *country,
             bool trim, tt_docnum *out)
{
    tt_buffer number = { 0 }, date = { 0 }, kind = { 0 };
    bool found = tt_form_number (country, tt_xml_path_text (bib, number_path, &number), trim,
                                 kind_path ? tt_xml_path_text (bib, kind_path, &kind) : "",
                                 tt_xml_path_text (bib, date_path, &date), out);
    tt_buffer_free (&number);
    tt_buffer_free (&date);
    tt_buffer_free (&kind);
    return found;
}

static tt_status
st32_numbers (const xmlNode *bib, tt_patent *patent, tt_buffer *text, tt_error *error)
{
    tt_docnum number;
    if (st32_number (bib, "B200/B210", "B200/B220", NULL, "US", false, &number))
        patent->application = tt_build_reference (&number);
    for (const xmlNode *p = tt_xml_find (bib, "B300"); p; p = tt_xml_next (p, "B300"))
        if (st32_number (p, "B310", "B320", NULL, tt_xml_path_text (p, "B330/CTRY", text), false, &number))
            tt_build_add ((void ***)&patent->priorities, &patent->n_priorities, tt_build_reference (&number));
    const char *country = tt_xml_path_text (bib, "B100/B190", text);
    if (!st32_number (bib, "B100/B110", "B100/B140", "B100/B130", *country ? country : "US", true, &number))
        return tt_fail (error, TT_INVALID_ARGUMENT, "B110: no document number");
    return tt_form_publication (patent, &number, tt_xml_path_text (bib, "B100/B140", text), error);
}

/* "Last, First" of NAM, or the organisation's name. */
static void
st32_party (tt_patent_party ***list, size_t *count, const xmlNode *holder, tt_buffer *text)
{
    const xmlNode *party = tt_xml_find (holder, "PARTY-US");
    tt_buffer name = { 0 };
    tt_buffer_text (&name, tt_xml_path_text (party, "NAM/ONM", text));
    if (name.size == 0)
        tt_buffer_text (&name, tt_xml_path_text (party, "NAM/SNM", text));
    const char *first = tt_xml_path_text (party, "NAM/FNM", text);
    if (*first)
        tt_buffer_printf (&name, "%s%s", name.size ? ", " : "", first);
    const char *country = tt_xml_path_text (party, "ADR/CTRY", text);
    bool domestic = *country == '\0' && tt_xml_find (party, "ADR/STATE");
    tt_build_party (list, count, tt_buffer_cstr (&name), domestic ? "US" : country);
    tt_buffer_free (&name);
}

/* The raw content, because folding white space would move the columns of "B60R  900". */
static void
st32_class (const xmlNode *node, tt_patent *patent)
{
    xmlChar *raw = xmlNodeGetContent (node);
    size_t size = raw ? strlen ((char *)raw) : 0;
    while (size > 0 && strchr (" \r\n\t", raw[size - 1]))
        raw[--size] = '\0';
    if (size > 0 && !tt_build_ipc (patent, (char *)raw))
        tt_build_locarno (patent, (char *)raw);
    xmlFree (raw);
}

static void
st32_classes (const xmlNode *bib, tt_patent *patent)
{
    const xmlNode *classes = tt_xml_find (bib, "B500/B510");
    for (const xmlNode *c = classes ? classes->children : NULL; c; c = c->next)
        if (tt_xml_is (c, "B511") || tt_xml_is (c, "B512"))
            st32_class (c, patent);
}

static void
st32_citations (const xmlNode *bib, tt_patent *patent, tt_buffer *text)
{
    tt_docnum number;
    for (const xmlNode *c = tt_xml_find (bib, "B500/B560/B561"); c; c = tt_xml_next (c, "B561")) {
        const char *country = tt_xml_path_text (c, "PCIT/DOC/CTRY", text);
        if (st32_number (c, "PCIT/DOC/DNUM", "PCIT/DOC/DATE", "PCIT/DOC/KIND", *country ? country : "US", true, &number)
            && number.country[0])
            tt_build_citation (patent, &number,
                               tt_xml_find (c, "CITED-BY-EXAMINER") ? "ex"
                               : tt_xml_find (c, "CITED-BY-OTHER")  ? "oc"
                                                                    : NULL);
    }
}

tt_status
tt_patent_of_st32 (const xmlNode *root, tt_patent *patent, tt_error *error)
{
    tt_buffer text = { 0 };
    const xmlNode *bib = tt_xml_find (root, "SDOBI");
    tt_status status = st32_numbers (bib, patent, &text, error);
    if (status == TT_OK) {
        tt_build_text (&patent->titles, &patent->n_titles, "en", tt_xml_path_text (bib, "B500/B540", &text));
        tt_build_text (&patent->abstracts, &patent->n_abstracts, "en", tt_xml_path_text (root, "SDOAB", &text));
        for (const xmlNode *c = tt_xml_find (root, "SDOCL/CL/CLM"); c; c = tt_xml_next (c, "CLM"))
            tt_build_text (&patent->claims, &patent->n_claims, "en", tt_xml_text (c, &text));
        st32_classes (bib, patent);
        for (const xmlNode *p = tt_xml_find (bib, "B700/B720/B721"); p; p = tt_xml_next (p, "B721"))
            st32_party (&patent->inventors, &patent->n_inventors, p, &text);
        for (const xmlNode *p = tt_xml_find (bib, "B700/B730/B731"); p; p = tt_xml_next (p, "B731"))
            st32_party (&patent->applicants, &patent->n_applicants, p, &text);
        st32_citations (bib, patent, &text);
        tt_build_set (&patent->source, "uspto");
    }
    tt_buffer_free (&text);
    return status;
}

/* pap: names in plain words. */

static tt_status
pap_numbers (const xmlNode *bib, tt_patent *patent, tt_buffer *text, tt_error *error)
{
    tt_docnum number;
    if (st32_number (bib, "domestic-filing-data/application-number/doc-number", "domestic-filing-data/filing-date", NULL, "US",
                     false, &number))
        patent->application = tt_build_reference (&number);
    for (const xmlNode *p = tt_xml_find (bib, "foreign-priority-data"); p; p = tt_xml_next (p, "foreign-priority-data"))
        if (st32_number (p, "priority-application-number/doc-number", "filing-date", NULL,
                         tt_xml_path_text (p, "country-code", text), false, &number))
            tt_build_add ((void ***)&patent->priorities, &patent->n_priorities, tt_build_reference (&number));
    if (!st32_number (bib, "document-id/doc-number", "document-id/document-date", "document-id/kind-code", "US", true, &number))
        return tt_fail (error, TT_INVALID_ARGUMENT, "document-id: no document number");
    return tt_form_publication (patent, &number, tt_xml_path_text (bib, "document-id/document-date", text), error);
}

static void
pap_name (const xmlNode *name, tt_buffer *text, tt_buffer *out)
{
    static const char *const parts[] = { "family-name", "given-name", "middle-name", "name-suffix" };
    tt_buffer_clear (out);
    for (size_t i = 0; i < 4; i++) {
        const char *part = tt_xml_path_text (name, parts[i], text);
        if (*part)
            tt_buffer_printf (out, "%s%s", out->size == 0 ? "" : i == 2 ? " " : ", ", part);
    }
}

static void
pap_inventors (const xmlNode *bib, tt_patent *patent, tt_buffer *text)
{
    tt_buffer name = { 0 };
    const xmlNode *list = tt_xml_find (bib, "inventors");
    for (const xmlNode *p = list ? list->children : NULL; p; p = p->next) {
        const xmlNode *home = tt_xml_find (p, "residence");
        pap_name (tt_xml_find (p, "name"), text, &name);
        const char *country = tt_xml_path_text (home, "residence-us/country-code", text);
        if (*country == '\0')
            country = tt_xml_path_text (home, "residence-non-us/country-code", text);
        tt_build_party (&patent->inventors, &patent->n_inventors, tt_buffer_cstr (&name), country);
    }
    tt_buffer_free (&name);
}

static void
pap_assignee (const xmlNode *assignee, tt_patent *patent, tt_buffer *text)
{
    tt_buffer name = { 0 };
    tt_buffer_text (&name, tt_xml_path_text (assignee, "organization-name", text));
    if (name.size == 0)
        pap_name (tt_xml_find (assignee, "name"), text, &name);
    tt_build_party (&patent->applicants, &patent->n_applicants, tt_buffer_cstr (&name),
                    tt_xml_path_text (assignee, "address/country/country-code", text));
    tt_buffer_free (&name);
}

static void
pap_classes (const xmlNode *technical, tt_patent *patent, tt_buffer *text)
{
    const xmlNode *ipc = tt_xml_find (technical, "classification-ipc");
    tt_build_ipc (patent, tt_xml_path_text (ipc, "classification-ipc-primary/ipc", text));
    const xmlNode *c = tt_xml_find (ipc, "classification-ipc-secondary");
    for (; c; c = tt_xml_next (c, "classification-ipc-secondary"))
        tt_build_ipc (patent, tt_xml_path_text (c, "ipc", text));
}

tt_status
tt_patent_of_pap (const xmlNode *root, tt_patent *patent, tt_error *error)
{
    tt_buffer text = { 0 };
    const xmlNode *bib = tt_xml_find (root, "subdoc-bibliographic-information"),
                  *technical = tt_xml_find (bib, "technical-information");
    tt_status status = pap_numbers (bib, patent, &text, error);
    if (status == TT_OK) {
        tt_build_text (&patent->titles, &patent->n_titles, "en", tt_xml_path_text (technical, "title-of-invention", &text));
        tt_build_text (&patent->abstracts, &patent->n_abstracts, "en", tt_xml_path_text (root, "subdoc-abstract", &text));
        for (const xmlNode *c = tt_xml_find (root, "subdoc-claims/claim"); c; c = tt_xml_next (c, "claim"))
            tt_build_text (&patent->claims, &patent->n_claims, "en", tt_xml_text (c, &text));
        pap_classes (technical, patent, &text);
        pap_inventors (bib, patent, &text);
        for (const xmlNode *p = tt_xml_find (bib, "assignee"); p; p = tt_xml_next (p, "assignee"))
            pap_assignee (p, patent, &text);
        tt_build_set (&patent->source, "uspto");
    }
    tt_buffer_free (&text);
    return status;
}
