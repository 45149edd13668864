#include "import/oai.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "import/build.h"
#include "import/formats.h"
#include "import/oai_forms.h"

#define SOURCE_MOST 64
#define DAY_MS INT64_C (86400000)

typedef Techtransfer__Achievement__V1__WithdrawAchievementRequest withdrawal;

typedef struct {
    const tt_oai_options *options;
    tt_buffer *notes;
    tt_buffer *id;
    char source[SOURCE_MOST + 1];
    uint64_t version;
    ProtobufCMessage *out;
} conversion;

bool
tt_oai_time (const char *text, int64_t *unix_ms, bool *day)
{
    int32_t days;
    *day = strlen (text) == 10 && tt_date_parse (text, &days) == TT_OK;
    if (*day)
        *unix_ms = days * DAY_MS;
    return *day || (strlen (text) == 20 && text[19] == 'Z' && tt_time_parse (text, unix_ms) == TT_OK);
}

static tt_status
take_version (conversion *c, const char *datestamp, tt_error *error)
{
    bool day;
    int64_t at;
    if (!tt_oai_time (datestamp, &at, &day) || at < 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "header.datestamp: \"%.40s\" is no day and no time in UTC", datestamp);
    int64_t asked = c->options->answered_ms, end = at + DAY_MS - 1;
    if (day)
        at = asked >= at && asked <= end ? asked : end;
    c->version = (uint64_t)(at / 1000);
    return TT_OK;
}

/* The repository in "oai:REPOSITORY:item", as a source may be called. */
static tt_status
take_source (conversion *c, const char *identifier, tt_error *error)
{
    const char *given = c->options->source;
    const char *from = given ? given : strncmp (identifier, "oai:", 4) == 0 ? identifier + 4 : "";
    size_t size = given ? strlen (given) : strcspn (from, ":"), used = 0;
    for (size_t i = 0; i < size && used < SOURCE_MOST; i++) {
        char letter = (char)tolower ((unsigned char)from[i]);
        c->source[used++] = isalnum ((unsigned char)letter) || strchr ("-_.", letter) ? letter : '-';
    }
    c->source[used] = '\0';
    return used > 0 ? TT_OK
                    : tt_fail (error, TT_INVALID_ARGUMENT, "\"%.60s\" names no repository: the source must be given", identifier);
}

/* Values of Dublin Core by the name of their element. */
static void
take_dublin_value (tt_draft *draft, const xmlNode *value, tt_buffer *text, tt_buffer *language)
{
    (void)tt_xml_text (value, text);
    const char *plain = tt_buffer_cstr (text);
    if (tt_xml_is (value, "title"))
        tt_draft_title (draft, plain, tt_xml_attribute (value, "lang", language));
    else if (tt_xml_is (value, "description"))
        tt_draft_abstract (draft, plain);
    else if (tt_xml_is (value, "creator"))
        tt_draft_person (draft, plain, "");
    else if (tt_xml_is (value, "publisher"))
        tt_draft_owner (draft, plain);
    else if (tt_xml_is (value, "subject"))
        tt_draft_keywords (draft, plain);
    else if (tt_xml_is (value, "date"))
        tt_draft_date (draft, plain);
    else if (tt_xml_is (value, "language"))
        tt_draft_language (draft, plain);
}

static void
take_dublin (const xmlNode *dc, tt_draft *draft)
{
    tt_buffer text = { 0 }, language = { 0 };
    for (const xmlNode *value = dc->children; value; value = value->next)
        if (value->type == XML_ELEMENT_NODE)
            take_dublin_value (draft, value, &text, &language);
    tt_buffer_free (&text);
    tt_buffer_free (&language);
}

static tt_status
withdraw (conversion *c)
{
    withdrawal *request = tt_alloc (sizeof *request);
    techtransfer__achievement__v1__withdraw_achievement_request__init (request);
    tt_build_set (&request->source, c->source);
    tt_build_set (&request->source_id, tt_buffer_cstr (c->id));
    tt_build_set (&request->reason, "deleted by the repository");
    c->out = &request->base;
    return TT_OK;
}

static tt_status
register_record (conversion *c, const xmlNode *dc, const xmlNode *marc, tt_error *error)
{
    tt_achievement *record = tt_alloc (sizeof *record);
    techtransfer__achievement__v1__achievement__init (record);
    tt_draft draft = { .record = record, .notes = c->notes };
    c->out = &record->base;
    tt_build_set (&record->source, c->source);
    tt_build_set (&record->source_id, tt_buffer_cstr (c->id));
    record->source_version = c->version;
    if (dc)
        take_dublin (dc, &draft);
    else
        tt_marc_take (marc, &draft);
    tt_draft_finish (&draft, c->options->owner);
    if (record->title[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "title: missing");
    return record->n_owners ? TT_OK : tt_fail (error, TT_INVALID_ARGUMENT, "owners: neither a publisher nor a person is named");
}

static tt_status
of_metadata (conversion *c, const xmlNode *record, tt_error *error)
{
    const xmlNode *metadata = tt_xml_find (record, "metadata");
    const xmlNode *dc = tt_xml_find (metadata, "dc"), *marc = tt_xml_find (metadata, "record");
    const xmlNode *first = metadata ? metadata->children : NULL;
    while (first && first->type != XML_ELEMENT_NODE)
        first = first->next;
    if (metadata == NULL || first == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "metadata: missing");
    if (dc == NULL && marc == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "metadata: <%.60s> is neither oai_dc nor marc21", (const char *)first->name);
    return register_record (c, dc, marc, error);
}

static tt_status
of_protocol (conversion *c, const xmlNode *record, const xmlNode *header, tt_error *error)
{
    tt_buffer text = { 0 };
    tt_xml_path_text (header, "identifier", c->id);
    tt_status status = c->id->size ? TT_OK : tt_fail (error, TT_INVALID_ARGUMENT, "header.identifier: missing");
    if (status == TT_OK)
        status = take_source (c, tt_buffer_cstr (c->id), error);
    if (status == TT_OK)
        status = take_version (c, tt_xml_path_text (header, "datestamp", &text), error);
    bool deleted = strcmp (tt_xml_attribute (header, "status", &text), "deleted") == 0;
    if (status == TT_OK)
        status = deleted ? withdraw (c) : of_metadata (c, record, error);
    tt_buffer_free (&text);
    return status;
}

static tt_status
of_marc (conversion *c, const xmlNode *record, tt_error *error)
{
    (void)tt_marc_number (record, c->id);
    if (c->id->size == 0)
        return tt_fail (error, TT_INVALID_ARGUMENT, "neither a number (001, 024) nor a header of OAI-PMH");
    tt_status status = take_source (c, tt_buffer_cstr (c->id), error);
    if (status != TT_OK)
        return status;
    return tt_marc_is_deleted (record) ? withdraw (c) : register_record (c, NULL, record, error);
}

static tt_status
of_error (const xmlNode *root, tt_error *error)
{
    tt_buffer code = { 0 }, text = { 0 };
    tt_xml_attribute (root, "code", &code);
    tt_xml_text (root, &text);
    tt_status status = tt_fail (error, TT_INVALID_ARGUMENT, "%.60s: %.200s", code.size ? tt_buffer_cstr (&code) : "error",
                                tt_buffer_cstr (&text));
    tt_buffer_free (&code);
    tt_buffer_free (&text);
    return status;
}

static tt_status
of_root (conversion *c, const xmlNode *root, tt_error *error)
{
    const xmlNode *header = tt_xml_find (root, "header");
    if (tt_xml_is (root, "error"))
        return of_error (root, error);
    if (!tt_xml_is (root, "record"))
        return tt_fail (error, TT_INVALID_ARGUMENT, "root element <%.60s> is no record of OAI-PMH or MARC", (const char *)root->name);
    return header ? of_protocol (c, root, header, error) : of_marc (c, root, error);
}

tt_status
tt_achievement_of_oai (tt_bytes text, uint64_t line, const tt_oai_options *options, ProtobufCMessage **out, tt_buffer *notes,
                       tt_buffer *id, tt_error *error)
{
    xmlDoc *document;
    conversion c = { .options = options, .notes = notes, .id = id };
    *out = NULL;
    tt_status status = tt_form_parse (text, line, &document, error);
    if (status != TT_OK)
        return status;
    status = of_root (&c, xmlDocGetRootElement (document), error);
    xmlFreeDoc (document);
    if (status != TT_OK && c.out) {
        protobuf_c_message_free_unpacked (c.out, NULL);
        c.out = NULL;
    }
    *out = c.out;
    return status;
}
