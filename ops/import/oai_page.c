#include "import/oai_page.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "import/normal.h"

#define PIECE 65536
#define LEVELS 3 /* the elements around the records: OAI-PMH, ListRecords, resumptionToken */

typedef struct {
    tt_oai_page *page;
    xmlParserCtxt *parser;
    tt_error *error; /* the first thing that is wrong */
    size_t depth;
    char names[LEVELS][24]; /* of the open elements, cut */
    bool answered;
    tt_buffer text; /* of the value at hand */
    bool keep;      /* it is wanted */
} reader;

static void
stop (reader *r, const char *reason)
{
    if (r->error->code == TT_OK)
        (void)tt_fail (r->error, TT_INVALID_ARGUMENT, "line %d: %s", xmlSAX2GetLineNumber (r->parser), reason);
    xmlStopParser (r->parser);
}

static bool
within (const reader *r, const char *second)
{
    return strcmp (r->names[1], second) == 0;
}

static bool
in_list (const reader *r)
{
    return within (r, "ListRecords") || within (r, "GetRecord");
}

static bool
is_wanted (const reader *r)
{
    const char *third = r->names[2];
    if (r->depth == 2)
        return within (r, "responseDate") || within (r, "error");
    return r->depth == 3 && ((within (r, "Identify") && strcmp (third, "description") != 0) || (in_list (r) && strcmp (third, "resumptionToken") == 0));
}

/* Attributes come as name, prefix, address, begin and end of the value. */
static void
copy_attribute (const xmlChar **attributes, int count, const char *name, char *out, size_t room)
{
    for (int i = 0; i < count; i++)
        if (strcmp ((const char *)attributes[5 * i], name) == 0)
            snprintf (out, room, "%.*s", (int)(attributes[5 * i + 4] - attributes[5 * i + 3]), (const char *)attributes[5 * i + 3]);
}

static uint64_t
number_attribute (const xmlChar **attributes, int count, const char *name)
{
    char text[24] = "";
    unsigned long long value = 0;
    copy_attribute (attributes, count, name, text, sizeof text);
    return text[0] >= '0' && text[0] <= '9' && sscanf (text, "%18llu", &value) == 1 ? value : 0;
}

static void
take_attributes (reader *r, const xmlChar **attributes, int count)
{
    tt_oai_page *page = r->page;
    if (r->depth == 2 && within (r, "error") && page->error_code[0] == '\0') {
        snprintf (page->error_code, sizeof page->error_code, "error");
        copy_attribute (attributes, count, "code", page->error_code, sizeof page->error_code);
    } else if (r->depth == 3 && in_list (r) && strcmp (r->names[2], "resumptionToken") == 0) {
        page->list_size = number_attribute (attributes, count, "completeListSize");
        page->cursor = number_attribute (attributes, count, "cursor");
    }
}

static void
start_element (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *address, int spaces, const xmlChar **declared,
               int count, int defaulted, const xmlChar **attributes)
{
    reader *r = ((xmlParserCtxt *)data)->_private;
    (void)prefix, (void)address, (void)spaces, (void)declared, (void)defaulted;
    if (r->depth == 0 && strcmp ((const char *)name, "OAI-PMH") != 0) {
        stop (r, "the root element is not OAI-PMH");
        return;
    }
    if (r->depth < LEVELS)
        snprintf (r->names[r->depth], sizeof r->names[0], "%s", (const char *)name);
    r->depth++;
    r->page->records += r->depth == 3 && in_list (r) && strcmp (r->names[2], "record") == 0;
    r->page->identified = r->page->identified || (r->depth == 2 && within (r, "Identify"));
    if (r->depth <= LEVELS) {
        tt_buffer_clear (&r->text);
        r->keep = is_wanted (r);
        take_attributes (r, attributes, count);
    }
}

static void
characters (void *data, const xmlChar *text, int size)
{
    reader *r = ((xmlParserCtxt *)data)->_private;
    if (!r->keep)
        return;
    if (r->text.size + (size_t)size >= TT_OAI_TEXT)
        stop (r, "a value of more than 4,095 bytes around the records");
    else
        tt_buffer_append (&r->text, text, (size_t)size);
}

static void
set (char *field, size_t room, const char *text)
{
    size_t size = strlen (text);
    if (size >= room) /* a character is not cut */
        for (size = room - 1; size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80;)
            size--;
    snprintf (field, room, "%.*s", (int)size, text);
}

static void
take_identify (tt_oai_page *page, const char *name, const char *text)
{
    if (strcmp (name, "repositoryName") == 0)
        set (page->repository, sizeof page->repository, text);
    else if (strcmp (name, "protocolVersion") == 0)
        set (page->protocol, sizeof page->protocol, text);
    else if (strcmp (name, "granularity") == 0)
        set (page->granularity, sizeof page->granularity, text);
    else if (strcmp (name, "deletedRecord") == 0)
        set (page->deleted, sizeof page->deleted, text);
}

static void
take_value (reader *r, const char *text)
{
    tt_oai_page *page = r->page;
    if (within (r, "responseDate")) {
        r->answered = tt_time_parse (text, &page->answered_ms) == TT_OK && page->answered_ms > 0;
        if (!r->answered)
            stop (r, "responseDate is no time in UTC");
    } else if (within (r, "error")) {
        if (page->error_text[0] == '\0')
            set (page->error_text, sizeof page->error_text, text);
    } else if (within (r, "Identify")) {
        take_identify (page, r->names[2], text);
    } else {
        set (page->token, sizeof page->token, text);
    }
}

static void
end_element (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *address)
{
    reader *r = ((xmlParserCtxt *)data)->_private;
    (void)name, (void)prefix, (void)address;
    if (r->keep && r->depth <= LEVELS) {
        tt_buffer folded = { 0 };
        tt_normal_fold ((tt_bytes){ r->text.data, r->text.size }, false, &folded);
        take_value (r, tt_buffer_cstr (&folded));
        tt_buffer_free (&folded);
    }
    if (r->depth <= LEVELS)
        r->keep = false;
    r->depth--;
    if (r->depth < LEVELS)
        r->names[r->depth][0] = '\0';
}

static void
refuse_doctype (void *data, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
    (void)name, (void)id, (void)system;
    stop (((xmlParserCtxt *)data)->_private, "a DOCTYPE, which OAI-PMH does not have");
}

static void
keep_first (void *data, xmlError *why)
{
    reader *r = ((xmlParserCtxt *)data)->_private;
    if (why->level == XML_ERR_FATAL && r->error->code == TT_OK && why->message)
        (void)tt_fail (r->error, TT_INVALID_ARGUMENT, "line %d: %.*s", why->line, (int)strcspn (why->message, "\n"), why->message);
}

static tt_status
feed (reader *r, tt_source *source, tt_error *failure)
{
    char *piece = tt_alloc (PIECE);
    size_t got = 1;
    tt_status status = TT_OK;
    while (status == TT_OK && got > 0 && r->error->code == TT_OK) {
        status = tt_source_read (source, piece, PIECE, &got, failure);
        if (status == TT_OK && r->error->code == TT_OK)
            xmlParseChunk (r->parser, piece, (int)got, got == 0);
    }
    free (piece);
    return status;
}

static tt_status
judge (const reader *r, tt_error *error)
{
    if (r->error->code != TT_OK)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s", r->error->message);
    if (!r->parser->wellFormed)
        return tt_fail (error, TT_INVALID_ARGUMENT, "not well-formed XML");
    if (!r->answered)
        return tt_fail (error, TT_INVALID_ARGUMENT, "no responseDate: no answer of OAI-PMH");
    return TT_OK;
}

tt_status
tt_oai_page_read (tt_source *source, tt_oai_page *page, tt_error *error)
{
    static xmlSAXHandler handler = { .initialized = XML_SAX2_MAGIC,
                                     .startElementNs = start_element,
                                     .endElementNs = end_element,
                                     .characters = characters,
                                     .cdataBlock = characters,
                                     .internalSubset = refuse_doctype,
                                     .serror = (xmlStructuredErrorFunc)keep_first };
    tt_error first = { 0 };
    reader r = { .page = page, .error = &first };
    *page = (tt_oai_page){ 0 };
    xmlInitParser ();
    r.parser = xmlCreatePushParserCtxt (&handler, NULL, NULL, 0, NULL);
    if (r.parser == NULL)
        return tt_fail (error, TT_INTERNAL, "cannot start the XML parser");
    r.parser->_private = &r;
    r.parser->userData = r.parser;
    xmlCtxtUseOptions (r.parser, XML_PARSE_NONET);
    r.parser->_private = &r;
    tt_status status = feed (&r, source, error);
    if (status == TT_OK)
        status = judge (&r, error);
    tt_buffer_free (&r.text);
    xmlFreeDoc (r.parser->myDoc);
    xmlFreeParserCtxt (r.parser);
    return status;
}
