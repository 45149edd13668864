/* What the forms of the patent offices share: choosing the converter by the root element, numbers in parts. */
#include "import/formats.h"

#include <stdio.h>
#include <string.h>

#include "import/normal.h"

static const struct {
    const char *root;
    tt_status (*convert) (const xmlNode *, tt_patent *, tt_error *);
} forms[] = {
    { "us-patent-grant", tt_patent_of_us },
    { "us-patent-application", tt_patent_of_us },
    { "PATDOC", tt_patent_of_st32 },
    { "patent-application-publication", tt_patent_of_pap },
    { "exchange-document", tt_patent_of_docdb },
};

/* Elements of the EPO's answers that are no document of their own, and why. */
static const struct {
    const char *root, *reason;
} parts_only[] = {
    { "fulltext-document", "claims or description alone, without title: the answer with the bibliographic data is the document" },
};

bool
tt_form_number (const char *country, const char *number, bool trim, const char *kind, const char *date, tt_docnum *out)
{
    *out = (tt_docnum){ .number = "" };
    if (!tt_docnum_clean (number, trim, out->number) || strlen (kind) > 4)
        return false;
    snprintf (out->country, sizeof out->country, "%s", strlen (country) == 2 ? country : "");
    snprintf (out->kind, sizeof out->kind, "%s", kind);
    if (!tt_normal_date (date, out->date))
        out->date[0] = '\0';
    return true;
}

tt_status
tt_form_publication (tt_patent *patent, const tt_docnum *number, const char *date, tt_error *error)
{
    if (*date && number->date[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "publication.date: \"%.20s\" is not a day", date);
    patent->publication = tt_build_reference (number);
    return TT_OK;
}

static tt_status
convert (const xmlNode *root, tt_patent *patent, tt_error *error)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (tt_xml_is (root, forms[i].root)) {
            tt_status status = forms[i].convert (root, patent, error);
            return status == TT_OK ? tt_patent_complete (patent, error) : status;
        }
    for (size_t i = 0; i < sizeof parts_only / sizeof parts_only[0]; i++)
        if (tt_xml_is (root, parts_only[i].root))
            return tt_fail (error, TT_INVALID_ARGUMENT, "%s", parts_only[i].reason);
    return tt_fail (error, TT_INVALID_ARGUMENT, "root element <%.60s> is no form of patent document that is understood",
                    (const char *)root->name);
}

/* "line 3: ..." counted from the start of the document, as a place in the file. */
static void
place_in_file (tt_error *error, uint64_t line)
{
    unsigned within;
    int used = 0;
    char rest[sizeof error->message];
    if (line > 0 && sscanf (error->message, "line %u: %n", &within, &used) == 1 && used > 0) {
        snprintf (rest, sizeof rest, "%s", error->message + used);
        tt_fail (error, error->code, "line %llu: %s", (unsigned long long)(line - 1 + within), rest);
    }
}

tt_status
tt_form_parse (tt_bytes text, uint64_t line, xmlDoc **document, tt_error *error)
{
    tt_error local = { 0 };
    tt_status status = tt_xml_parse (text, document, &local);
    if (status == TT_OK)
        return TT_OK;
    place_in_file (&local, line);
    return tt_fail (error, status, "%s", local.message);
}

tt_status
tt_patent_of_xml (tt_bytes text, uint64_t line, tt_patent **out, tt_error *error)
{
    xmlDoc *document;
    *out = NULL;
    tt_status status = tt_form_parse (text, line, &document, error);
    if (status != TT_OK)
        return status;
    tt_patent *patent = tt_patent_new ();
    status = convert (xmlDocGetRootElement (document), patent, error);
    if (status != TT_OK)
        tt_patent_free (&patent);
    xmlFreeDoc (document);
    *out = patent;
    return status;
}
