#include "import/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

#include "import/normal.h"

#define MAX_TEXT ((size_t) 4 << 20) /* bytes of one text; the contract allows a million characters */

/* What joins its neighbours without a gap. Everything else that is not a paragraph separates words. */
static const char *const inline_names[] = {
    "b",    "i",    "u",    "o",      "sub",       "sup",       "sub2",        "sup2",    "smallcaps", "figref",
    "bold", "SB",   "SP",   "italic", "highlight", "subscript", "superscript", "PDAT",    "HIL",       "STEXT",
    "BOLD", "mi",   "mo",   "mn",     "mrow",      "msub",      "msup",        "msubsup", "ITALIC",    "PTEXT",
    "math", "em",   "span", "cross-reference", "claim-ref", "crossref", "CLREF", "FGREF", "emphasis", "underline",
    "small-caps", "dependent-claim-reference", "UL", "SMALLCAPS",
};
static const char *const paragraph_names[] = { "p", "paragraph", "PARA" };

static const char *
local_name (const xmlNode *node)
{
    const char *colon = strrchr ((const char *) node->name, ':');
    return colon ? colon + 1 : (const char *) node->name;
}

static bool
among (const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp (name, names[i]) == 0)
            return true;
    return false;
}

bool
tt_xml_is (const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp (local_name (node), name) == 0;
}

/* The parser's own message, without its line break. */
static tt_status
parse_failure (xmlParserCtxt *context, tt_error *error)
{
    const xmlError *why = xmlCtxtGetLastError (context);
    if (why == NULL || why->message == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "not well-formed XML");
    return tt_fail (error, TT_INVALID_ARGUMENT, "line %d: %.*s", why->line, (int) strcspn (why->message, "\n"), why->message);
}

/* Any attempt to load something from outside (DTD, external entity) yields nothing. */
static xmlParserInput *
load_nothing (const char *url, const char *id, xmlParserCtxt *context)
{
    (void) url;
    (void) id;
    (void) context;
    return NULL;
}

static void
ignore_errors (void *context, const char *format, ...)
{
    (void) context;
    (void) format;
}

static void
prepare (void)
{
    static bool done;
    if (done)
        return;
    xmlInitParser ();
    xmlSetExternalEntityLoader (load_nothing);
    xmlSetGenericErrorFunc (NULL, ignore_errors);
    done = true;
}

tt_status
tt_xml_parse (tt_bytes text, xmlDoc **out, tt_error *error)
{
    prepare ();
    *out = NULL;
    xmlParserCtxt *context = xmlNewParserCtxt ();
    if (context == NULL)
        return tt_fail (error, TT_INTERNAL, "cannot start the XML parser");
    int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_COMPACT;
    int size = text.size > INT32_MAX ? INT32_MAX : (int) text.size;
    xmlDoc *document = xmlCtxtReadMemory (context, (const char *) text.data, size, NULL, NULL, options);
    tt_status status = TT_OK;
    if (document == NULL || !context->wellFormed || xmlDocGetRootElement (document) == NULL) {
        status = parse_failure (context, error);
        xmlFreeDoc (document);
        document = NULL;
    }
    xmlFreeParserCtxt (context);
    *out = document;
    return status;
}

static xmlNode *
first_named (const xmlNode *from, const char *name, size_t size)
{
    for (const xmlNode *node = from; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && strlen (local_name (node)) == size && memcmp (local_name (node), name, size) == 0)
            return (xmlNode *) node;
    return NULL;
}

xmlNode *
tt_xml_find (const xmlNode *node, const char *path)
{
    while (node && *path) {
        size_t size = strcspn (path, "/");
        node = first_named (node->children, path, size);
        path += size + (path[size] == '/');
    }
    return (xmlNode *) node;
}

xmlNode *
tt_xml_next (const xmlNode *node, const char *name)
{
    return first_named (node->next, name, strlen (name));
}

typedef enum { GAP_NONE, GAP_SPACE, GAP_BREAK } gap;

typedef struct {
    tt_buffer *out;
    gap pending;
    int depth;
} writer;

static void
open_gap (writer *w, gap wanted)
{
    if (wanted > w->pending)
        w->pending = wanted;
}

static void
close_gap (writer *w)
{
    if (w->pending != GAP_NONE && w->out->size > 0)
        tt_buffer_append (w->out, w->pending == GAP_BREAK ? "\n" : " ", 1);
    w->pending = GAP_NONE;
}

static void
write_text (writer *w, const char *text)
{
    for (; *text && w->out->size < MAX_TEXT; text++) {
        bool blank = strchr (" \t\r\n", *text) != NULL;
        bool hard_space = strncmp (text, "\xc2\xa0", 2) == 0;
        if (blank || hard_space) {
            open_gap (w, GAP_SPACE);
            text += hard_space;
            continue;
        }
        close_gap (w);
        tt_buffer_append (w->out, text, 1);
    }
}

static void
write_reference (writer *w, const xmlNode *node)
{
    tt_buffer value = { 0 };
    const xmlEntity *entity = xmlGetDocEntity (node->doc, node->name);
    if (entity && entity->etype == XML_INTERNAL_GENERAL_ENTITY && entity->content
        && strpbrk ((const char *) entity->content, "&<") == NULL)
        write_text (w, (const char *) entity->content);
    else if (tt_normal_entity ((const char *) node->name, &value))
        write_text (w, tt_buffer_cstr (&value));
    else {
        tt_buffer_printf (&value, "&%s;", (const char *) node->name);
        write_text (w, tt_buffer_cstr (&value));
    }
    tt_buffer_free (&value);
}

static void write_children (writer *w, const xmlNode *node);

static void
write_element (writer *w, const xmlNode *node)
{
    const char *name = local_name (node);
    bool joined = among (name, inline_names, sizeof inline_names / sizeof inline_names[0]);
    bool paragraph = among (name, paragraph_names, sizeof paragraph_names / sizeof paragraph_names[0]);
    gap around = joined ? GAP_NONE : paragraph ? GAP_BREAK : GAP_SPACE;
    open_gap (w, around);
    write_children (w, node);
    open_gap (w, around);
}

static void
write_children (writer *w, const xmlNode *node)
{
    if (++w->depth <= 256)
        for (const xmlNode *child = node->children; child; child = child->next) {
            if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
                write_text (w, (const char *) child->content);
            else if (child->type == XML_ENTITY_REF_NODE)
                write_reference (w, child);
            else if (child->type == XML_ELEMENT_NODE)
                write_element (w, child);
        }
    w->depth--;
}

const char *
tt_xml_text (const xmlNode *node, tt_buffer *out)
{
    tt_buffer_clear (out);
    if (node) {
        writer w = { .out = out };
        write_children (&w, node);
    }
    return tt_buffer_cstr (out);
}

const char *
tt_xml_path_text (const xmlNode *node, const char *path, tt_buffer *out)
{
    return tt_xml_text (tt_xml_find (node, path), out);
}

const char *
tt_xml_attribute (const xmlNode *node, const char *name, tt_buffer *out)
{
    tt_buffer_clear (out);
    xmlChar *value = node ? xmlGetProp ((xmlNode *) node, BAD_CAST name) : NULL;
    if (value) {
        tt_normal_fold (tt_bytes_of_text ((const char *) value), false, out);
        xmlFree (value);
    }
    return tt_buffer_cstr (out);
}
