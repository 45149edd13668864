/* MARC 21 in XML (MARCXML): the fields of a bibliographic record that have a place in an Achievement. Field numbers as in the MARC 21
 * format for bibliographic data of the Library of Congress. */
#include <ctype.h>
#include <string.h>

#include "import/oai_forms.h"

/* Cataloguing punctuation between a subfield and the next. */
static const char *
trimmed (tt_buffer *text)
{
    size_t size = text->size;
    while (size > 0 && strchr (" /:;,=", text->data[size - 1]))
        size--;
    text->size = size;
    return tt_buffer_cstr (text);
}

/* The first subfield of these codes, joined by blanks in the order in which they stand. */
static const char *
subfields (const xmlNode *field, const char *codes, tt_buffer *out)
{
    tt_buffer text = { 0 }, code = { 0 };
    tt_buffer_clear (out);
    for (const xmlNode *s = tt_xml_find (field, "subfield"); s; s = tt_xml_next (s, "subfield")) {
        const char *name = tt_xml_attribute (s, "code", &code);
        if (strlen (name) != 1 || strchr (codes, name[0]) == NULL)
            continue;
        tt_buffer_printf (out, "%s%s", out->size ? " " : "", tt_xml_text (s, &text));
    }
    tt_buffer_free (&text);
    tt_buffer_free (&code);
    return trimmed (out);
}

typedef struct {
    tt_draft *draft;
    tt_buffer a, b;
} reader;

static void
take_title (reader *r, const xmlNode *field, const char *language)
{
    tt_draft_title (r->draft, subfields (field, "abnp", &r->a), language);
}

static void
take_person (reader *r, const xmlNode *field)
{
    const char *name = subfields (field, "a", &r->a), *organisation = subfields (field, "u", &r->b);
    tt_draft_person (r->draft, name, organisation);
}

/* Each subfield a is a word of its own. */
static void
take_words (reader *r, const xmlNode *field)
{
    for (const xmlNode *s = tt_xml_find (field, "subfield"); s; s = tt_xml_next (s, "subfield"))
        if (strcmp (tt_xml_attribute (s, "code", &r->a), "a") == 0) {
            (void)tt_xml_text (s, &r->b);
            if (r->b.size > 0 && r->b.data[r->b.size - 1] == '.')
                r->b.size--;
            tt_draft_keywords (r->draft, trimmed (&r->b));
        }
}

/* "c2019." says a year, "2019-05-20" a day. */
static void
take_date (reader *r, const xmlNode *field)
{
    const char *text = subfields (field, "c", &r->a);
    while (*text && !isdigit ((unsigned char)*text))
        text++;
    tt_draft_date (r->draft, text);
}

static void
take_field (reader *r, const xmlNode *field, const char *tag)
{
    if (strcmp (tag, "245") == 0)
        take_title (r, field, "");
    else if (strcmp (tag, "242") == 0)
        take_title (r, field, subfields (field, "y", &r->b));
    else if (strcmp (tag, "520") == 0)
        tt_draft_abstract (r->draft, subfields (field, "ab", &r->a));
    else if (strcmp (tag, "650") == 0 || strcmp (tag, "653") == 0)
        take_words (r, field);
    else if (strcmp (tag, "100") == 0 || strcmp (tag, "700") == 0)
        take_person (r, field);
    else if (strcmp (tag, "110") == 0 || strcmp (tag, "710") == 0)
        tt_draft_owner (r->draft, subfields (field, "ab", &r->a));
    else if (strcmp (tag, "041") == 0)
        tt_draft_language (r->draft, subfields (field, "a", &r->a));
    else if (strcmp (tag, "260") == 0 || strcmp (tag, "264") == 0)
        take_date (r, field);
}

static void
take_publishers (reader *r, const xmlNode *record)
{
    tt_buffer tag = { 0 };
    for (const xmlNode *f = tt_xml_find (record, "datafield"); f; f = tt_xml_next (f, "datafield")) {
        const char *name = tt_xml_attribute (f, "tag", &tag);
        if (strcmp (name, "260") == 0 || strcmp (name, "264") == 0)
            tt_draft_owner (r->draft, subfields (f, "b", &r->a));
    }
    tt_buffer_free (&tag);
}

void
tt_marc_take (const xmlNode *record, tt_draft *draft)
{
    reader r = { .draft = draft };
    tt_buffer tag = { 0 };
    for (const xmlNode *f = tt_xml_find (record, "datafield"); f; f = tt_xml_next (f, "datafield"))
        take_field (&r, f, tt_xml_attribute (f, "tag", &tag));
    if (draft->record->n_owners == 0)
        take_publishers (&r, record);
    tt_buffer_free (&r.a);
    tt_buffer_free (&r.b);
    tt_buffer_free (&tag);
}

static const xmlNode *
tagged (const xmlNode *record, const char *element, const char *wanted)
{
    tt_buffer tag = { 0 };
    const xmlNode *f = tt_xml_find (record, element);
    while (f && strcmp (tt_xml_attribute (f, "tag", &tag), wanted) != 0)
        f = tt_xml_next (f, element);
    tt_buffer_free (&tag);
    return f;
}

const char *
tt_marc_number (const xmlNode *record, tt_buffer *out)
{
    const char *number = tt_xml_text (tagged (record, "controlfield", "001"), out);
    return *number ? number : subfields (tagged (record, "datafield", "024"), "a", out);
}

bool
tt_marc_is_deleted (const xmlNode *record)
{
    const xmlNode *leader = tt_xml_find (record, "leader");
    xmlChar *text = leader ? xmlNodeGetContent (leader) : NULL;
    bool deleted = text && strlen ((const char *)text) > 5 && text[5] == 'd';
    xmlFree (text);
    return deleted;
}
