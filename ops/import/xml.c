#include "import/xml.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <string.h>

#include "import/normal.h"

#define MAX_TEXT ((size_t)4 << 20) /* bytes of one text; the contract allows a million characters */

/* What joins its neighbours without a gap. Everything else that is not a paragraph separates words. */
static const char *const inline_names[] = {
    "b",           "i",
    "u",           "o",
    "sub",         "sup",
    "sub2",        "sup2",
    "smallcaps",   "figref",
    "bold",        "SB",
    "SP",          "italic",
    "highlight",   "subscript",
    "superscript", "PDAT",
    "HIL",         "STEXT",
    "BOLD",        "mi",
    "mo",          "mn",
    "mrow",        "msub",
    "msup",        "msubsup",
    "ITALIC",      "PTEXT",
    "math",        "em",
    "span",        "cross-reference",
    "claim-ref",   "crossref",
    "CLREF",       "FGREF",
    "emphasis",    "underline",
    "small-caps",  "dependent-claim-reference",
    "UL",          "SMALLCAPS",
};
static const char *const paragraph_names[] = { "p", "paragraph", "PARA" };

static const char *
local_name (const xmlNode *node)
{
    const char *colon = strrchr ((const char *)node->name, ':');
    return colon ? colon + 1 : (const char *)node->name;
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

/* Keeps the first fatal error: what follows it is mostly its consequence. */
static void
keep_first (void *data, xmlError *why)
{
    xmlParserCtxt *context = data;
    tt_error *first = context->_private;
    if (why->level == XML_ERR_FATAL && first->code == TT_OK && why->message)
        (void)tt_fail (first, TT_INVALID_ARGUMENT, "line %d: %.*s", why->line, (int)strcspn (why->message, "\n"), why->message);
}

/* Any attempt to load something from outside (DTD, external entity) yields nothing. */
static xmlParserInput *
load_nothing (const char *url, const char *id, xmlParserCtxt *context)
{
    (void)url;
    (void)id;
    (void)context;
    return NULL;
}

static void
prepare (void)
{
    static bool done;
    if (done)
        return;
    xmlInitParser ();
    xmlSetExternalEntityLoader (load_nothing);
    done = true;
}

/* Where a DOCTYPE would stand: behind the XML declaration. */
static size_t
behind_declaration (tt_bytes text)
{
    const uint8_t *end = text.size > 5 && memcmp (text.data, "<?xml", 5) == 0 ? memmem (text.data, text.size, "?>", 2) : NULL;
    return end ? (size_t)(end - text.data) + 2 : 0;
}

static void
feed (xmlParserCtxt *context, const uint8_t *data, size_t size)
{
    while (size > 0) {
        int piece = size > (1u << 24) ? 1 << 24 : (int)size;
        xmlParseChunk (context, (const char *)data, piece, 0);
        data += piece;
        size -= (size_t)piece;
    }
}

/* An element taken out of its container has lost its DOCTYPE, and without one an entity by name is an error of form. With one
 * whose declarations are elsewhere, and never loaded, it stays what it is: a reference, which the text writer knows how to read.
 */
static void
feed_document (xmlParserCtxt *context, tt_bytes text)
{
    static const char elsewhere[] = "<!DOCTYPE document SYSTEM \"elsewhere\">";
    size_t head = text.size < 4096 ? text.size : 4096, at = 0;
    if (memmem (text.data, head, "<!DOCTYPE", 9) == NULL) {
        at = behind_declaration (text);
        feed (context, text.data, at);
        feed (context, (const uint8_t *)elsewhere, sizeof elsewhere - 1);
    }
    feed (context, text.data + at, text.size - at);
    xmlParseChunk (context, NULL, 0, 1);
}

tt_status
tt_xml_parse (tt_bytes text, xmlDoc **out, tt_error *error)
{
    tt_error first = { 0 };
    prepare ();
    *out = NULL;
    xmlParserCtxt *context = xmlCreatePushParserCtxt (NULL, NULL, NULL, 0, NULL);
    if (context == NULL)
        return tt_fail (error, TT_INTERNAL, "cannot start the XML parser");
    xmlCtxtUseOptions (context,
                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA | XML_PARSE_COMPACT
                           | XML_PARSE_IGNORE_ENC);
    context->_private = &first;
    context->sax->serror = (xmlStructuredErrorFunc)keep_first;
    feed_document (context, text);
    xmlDoc *document = context->myDoc;
    if (document == NULL || !context->wellFormed || xmlDocGetRootElement (document) == NULL) {
        xmlFreeDoc (document);
        document = NULL;
        (void)tt_fail (error, TT_INVALID_ARGUMENT, "%s", first.code ? first.message : "not well-formed XML");
    }
    xmlFreeParserCtxt (context);
    *out = document;
    return document ? TT_OK : TT_INVALID_ARGUMENT;
}

static xmlNode *
first_named (const xmlNode *from, const char *name, size_t size)
{
    for (const xmlNode *node = from; node; node = node->next)
        if (node->type == XML_ELEMENT_NODE && strlen (local_name (node)) == size && memcmp (local_name (node), name, size) == 0)
            return (xmlNode *)node;
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
    return (xmlNode *)node;
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
    size_t white;
    for (const char *end = text + strlen (text); text < end && w->out->size < MAX_TEXT; text++) {
        if ((white = tt_normal_white ((const uint8_t *)text, (size_t)(end - text))) > 0) {
            open_gap (w, GAP_SPACE);
            text += white - 1;
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
        && strpbrk ((const char *)entity->content, "&<") == NULL)
        write_text (w, (const char *)entity->content);
    else if (tt_normal_entity ((const char *)node->name, &value))
        write_text (w, tt_buffer_cstr (&value));
    else {
        tt_buffer_printf (&value, "&%s;", (const char *)node->name);
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
                write_text (w, (const char *)child->content);
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
    xmlChar *value = node ? xmlGetProp ((xmlNode *)node, BAD_CAST name) : NULL;
    if (value) {
        tt_normal_fold (tt_bytes_of_text ((const char *)value), false, out);
        xmlFree (value);
    }
    return tt_buffer_cstr (out);
}
