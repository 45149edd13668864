#include "import/import.h"

#include <achievement.pb-c.h>
#include <finance.pb-c.h>
#include <jansson.h>
#include <patent.pb-c.h>
#include <statistics.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "catalog/legal.h"
#include "import/decode.h"
#include "import/formats.h"
#include "import/legal.h"
#include "import/map_set.h"
#include "import/oai.h"
#include "import/rows.h"
#include "import/short.h"
#include "import/source.h"
#include "wire/json.h"

#define WITHDRAWAL (&techtransfer__achievement__v1__withdraw_achievement_request__descriptor)
#define SECRECY "secrecy" /* the field of an achievement, and so the target in maps */

struct tt_import {
    tt_import_kind kind;
    tt_rows *rows;
    tt_map_set maps;
    tt_import_record record;
    tt_buffer notes;
    tt_buffer id;
    tt_buffer decoded; /* the present record's text, where it was not UTF-8 */
    tt_error why;
    tt_oai_options oai;
    char *oai_source, *oai_owner; /* what it borrows */
    uint64_t number;     /* records handed out or passed over */
    tt_legal_list legal; /* of an element that holds several events */
    size_t legal_at;     /* how many of them were handed out */
    uint64_t elements;   /* seen so far, with events or not */
    const tt_catalog *catalog; /* for codes of legal events; NULL: there is none, and none is missed */
    tt_catalog *own_catalog;   /* the same, if it was opened here */
};

const char *
tt_import_kind_name (tt_import_kind kind)
{
    static const char *const names[]
        = { "patents", "achievements", "demands", "applications", "providers", "products", "watches", "observations", "legal-events" };
    return names[kind];
}

const ProtobufCMessageDescriptor *
tt_import_kind_type (tt_import_kind kind)
{
    static const ProtobufCMessageDescriptor *const types[] = {
        &techtransfer__patent__v1__patent_document__descriptor, &techtransfer__achievement__v1__achievement__descriptor,
        &techtransfer__achievement__v1__demand__descriptor,     &techtransfer__finance__v1__application__descriptor,
        &techtransfer__finance__v1__provider__descriptor,       &techtransfer__finance__v1__product__descriptor,
        &techtransfer__patent__v1__watch__descriptor,           &techtransfer__statistics__v1__observation__descriptor,
        &techtransfer__patent__v1__legal_event__descriptor,
    };
    return types[kind];
}

/* What the targets of a map belong to: NULL for patents, whose targets are short keys. */
static const ProtobufCMessageDescriptor *
map_type (tt_import_kind kind)
{
    return kind == TT_IMPORT_PATENTS ? NULL : tt_import_kind_type (kind);
}

static tt_status
map_of_header (tt_import *import, const char *path, tt_error *error)
{
    size_t count;
    const char *const *names = tt_rows_columns (import->rows, &count);
    return tt_map_set_choose (&import->maps, path, names, count, map_type (import->kind), error);
}

static tt_status
check_form (const tt_import *import, const char *path, tt_error *error)
{
    tt_rows_form form = tt_rows_what (import->rows);
    bool xml = form == TT_ROWS_XML, tagged = form == TT_ROWS_GREENBOOK || form == TT_ROWS_BRS;
    bool legal = import->kind == TT_IMPORT_LEGAL_EVENTS, patents = import->kind == TT_IMPORT_PATENTS;
    bool achievements = import->kind == TT_IMPORT_ACHIEVEMENTS;
    if ((xml && !patents && !legal && !achievements) || (tagged && !patents))
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: %s understood for patents%s only", path,
                        xml ? "XML is" : "tagged lines of the US office are", xml ? ", legal events and achievements" : "");
    return TT_OK;
}

/* Which elements of an XML container are records of the kind. */
static void
choose_elements (tt_import_kind kind, tt_rows_options *rows)
{
    static const char *const legal[] = { "family-member", "register-document", NULL };
    static const char *const patent[] = { "exchange-document", "fulltext-document", NULL };
    static const char *const achievement[] = { "record", "error", NULL };
    rows->elements = kind == TT_IMPORT_LEGAL_EVENTS ? legal : kind == TT_IMPORT_ACHIEVEMENTS ? achievement : patent;
    rows->barren = kind == TT_IMPORT_LEGAL_EVENTS   ? "no family member and no document of the register in this answer of the EPO"
                   : kind == TT_IMPORT_ACHIEVEMENTS ? "no record in this answer of OAI-PMH"
                                                    : "no exchange-document in this answer of the EPO";
}

static void
keep_oai_options (tt_import *import, const tt_import_options *options)
{
    import->oai_source = options->source ? tt_strdup (options->source) : NULL;
    import->oai_owner = options->owner ? tt_strdup (options->owner) : NULL;
    import->oai = (tt_oai_options){ import->oai_source, import->oai_owner, options->answered_ms };
}

tt_status
tt_import_open (tt_import **out, const char *path, const tt_import_options *options, tt_error *error)
{
    tt_error local = { 0 };
    bool legal = options->kind == TT_IMPORT_LEGAL_EVENTS;
    tt_rows_options rows = { .max_record = options->max_record, .encoding = options->encoding };
    tt_import *import = tt_alloc_zero (1, sizeof *import);
    import->kind = options->kind;
    choose_elements (options->kind, &rows);
    keep_oai_options (import, options);
    tt_status status = options->map ? tt_map_set_load (&import->maps, options->map, map_type (import->kind), &local)
                                    : tt_map_set_builtin (&import->maps, tt_import_kind_name (import->kind),
                                                          map_type (import->kind), &local);
    if (status == TT_OK)
        status = tt_rows_open (&import->rows, path, &rows, &local);
    if (status == TT_OK && tt_rows_what (import->rows) == TT_ROWS_TABLE && !import->maps.chosen)
        status = map_of_header (import, path, &local);
    if (status == TT_OK)
        status = check_form (import, path, &local);
    if (status == TT_OK && legal && options->catalog == NULL && tt_catalog_open (&import->own_catalog, NULL, NULL) != TT_OK)
        import->own_catalog = NULL;
    import->catalog = options->catalog ? options->catalog : import->own_catalog;
    if (status != TT_OK) {
        (void)tt_fail (error, status, "%s", local.message);
        tt_import_close (&import);
    }
    *out = import;
    return status;
}

static void
forget_record (tt_import *import)
{
    if (import->record.message)
        protobuf_c_message_free_unpacked (import->record.message, NULL);
    tt_buffer_clear (&import->notes);
    tt_buffer_clear (&import->id);
    import->record = (tt_import_record){ .notes = "" };
    import->why = (tt_error){ 0 };
}

void
tt_import_close (tt_import **out)
{
    tt_import *import = *out;
    if (import == NULL)
        return;
    forget_record (import);
    tt_map_set_free (&import->maps);
    tt_rows_close (&import->rows);
    tt_buffer_free (&import->notes);
    tt_buffer_free (&import->id);
    tt_buffer_free (&import->decoded);
    tt_legal_list_free (&import->legal);
    tt_catalog_close (&import->own_catalog);
    free (import->oai_source);
    free (import->oai_owner);
    free (import);
    *out = NULL;
}

static tt_status
refuse (tt_import *import, const char *reason)
{
    return tt_fail (&import->why, TT_INVALID_ARGUMENT, "%s", reason);
}

static void
keep_id (tt_import *import, const json_t *record)
{
    const char *pn = json_string_value (json_object_get (record, "pn"));
    if (pn && *pn)
        tt_buffer_text (&import->id, pn);
}

static tt_status
short_patent (tt_import *import, const json_t *record)
{
    tt_patent *patent;
    keep_id (import, record);
    tt_status status = tt_patent_of_short (record, &patent, &import->notes, &import->why);
    import->record.message = patent ? &patent->base : NULL;
    return status;
}

static tt_status
by_contract (tt_import *import, const json_t *record)
{
    ProtobufCMessage *message = NULL;
    tt_status status = tt_json_to_message (tt_import_kind_type (import->kind), record, 0, NULL, &message, &import->why);
    import->record.message = message;
    if (status == TT_OK && import->kind == TT_IMPORT_PATENTS)
        status = tt_patent_complete ((tt_patent *)message, &import->why);
    if (status == TT_OK && import->kind == TT_IMPORT_LEGAL_EVENTS)
        status = tt_legal_complete ((tt_legal_event *)message, &import->why);
    return status;
}

static tt_status
mapped (tt_import *import, const tt_map *map, const json_t *record)
{
    json_t *fields;
    tt_status status = tt_map_apply (map, record, &fields, &import->notes, &import->why);
    if (status != TT_OK)
        return status;
    status = import->kind == TT_IMPORT_PATENTS ? short_patent (import, fields) : by_contract (import, fields);
    json_decref (fields);
    return status;
}

/* Classified records are refused, and nothing of them is kept: not in the reject file either. */
static tt_status
conceal (tt_import *import, const char *reason)
{
    import->record.secret = true;
    import->record.text = TT_BYTES_NONE;
    tt_buffer_clear (&import->notes);
    tt_buffer_clear (&import->id);
    return refuse (import, reason);
}

/* Whether an achievement says that it is classified; asked before it is converted, because what is wrong with a record is quoted.
 */
static bool
is_classified (const tt_import *import, const json_t *record)
{
    if (import->kind != TT_IMPORT_ACHIEVEMENTS)
        return false;
    const tt_map *map = tt_map_set_best (&import->maps, record);
    json_t *mapped = map && tt_map_has (map, SECRECY) ? tt_map_value (map, record, SECRECY) : NULL;
    const json_t *level = mapped ? mapped : json_object_get (record, SECRECY);
    const char *text = json_string_value (level);
    bool classified = level && !json_is_null (level) && !(text && (*text == '\0' || strcmp (text, "public") == 0));
    json_decref (mapped);
    return classified;
}

/* What cannot be read may be classified all the same, if a level of secrecy is stated anywhere in it. */
static bool
may_be_classified (const tt_import *import, tt_bytes text)
{
    bool stated = text.size > 0 && memmem (text.data, text.size, SECRECY, strlen (SECRECY)) != NULL;
    size_t count = 0;
    const char *const *columns = tt_rows_columns (import->rows, &count);
    for (size_t i = 0; columns && i < count; i++)
        stated = stated || strcmp (columns[i], SECRECY) == 0;
    for (size_t i = 0; i < import->maps.count; i++)
        stated = stated || tt_map_has (import->maps.maps[i], SECRECY);
    return stated && import->kind == TT_IMPORT_ACHIEVEMENTS;
}

static tt_status
unreadable (tt_import *import, const char *reason, tt_bytes text)
{
    return may_be_classified (import, text)
               ? conceal (import, "it cannot be read, and states a level of secrecy: nothing of it is kept")
               : refuse (import, reason);
}

static tt_status
convert_object (tt_import *import, const json_t *record)
{
    if (!json_is_object (record))
        return refuse (import, "a JSON object is expected");
    if (is_classified (import, record))
        return conceal (import, "secrecy: classified records are refused; nothing of it is kept");
    const tt_map *map = tt_map_set_best (&import->maps, record);
    bool is_short = import->kind == TT_IMPORT_PATENTS && json_object_get (record, "pn") && !import->maps.chosen;
    return is_short ? short_patent (import, record) : map ? mapped (import, map, record) : by_contract (import, record);
}

static tt_status
convert_json (tt_import *import, tt_bytes text)
{
    json_error_t where;
    json_t *record = json_loadb ((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &where);
    if (record == NULL) {
        char reason[sizeof where.text + 64];
        snprintf (reason, sizeof reason, "no JSON: column %d: %s", where.column, where.text);
        return unreadable (import, reason, text);
    }
    tt_status status = convert_object (import, record);
    json_decref (record);
    return status;
}

/* The text as UTF-8. What is no UTF-8 although it says so is mended where it is running text; JSON and tables are not. */
static tt_status
decode (tt_import *import, const tt_row *row, tt_bytes *text)
{
    size_t strays = 0;
    *text = row->text;
    tt_status status = tt_decode (text, row->encoding ? row->encoding : "", &import->decoded, &strays, &import->why);
    if (strays > 0)
        tt_buffer_printf (&import->notes, "%zu bytes are no UTF-8, read as Windows-1252\n", strays);
    return status;
}

static tt_status
convert_tagged (tt_import *import, tt_rows_form form, tt_bytes text)
{
    tt_patent *patent = tt_patent_new ();
    tt_status status = form == TT_ROWS_BRS ? tt_patent_of_brs (text, patent, &import->why)
                                           : tt_patent_of_greenbook (text, patent, &import->notes, &import->why);
    if (status == TT_OK)
        status = tt_patent_complete (patent, &import->why);
    import->record.message = &patent->base;
    return status;
}

static tt_status
convert_document (tt_import *import, const tt_row *row)
{
    tt_patent *patent;
    tt_bytes text;
    tt_rows_form form = tt_rows_what (import->rows);
    tt_status status = decode (import, row, &text);
    if (status != TT_OK)
        return status;
    if (form != TT_ROWS_XML)
        return convert_tagged (import, form, text);
    if (import->kind == TT_IMPORT_LEGAL_EVENTS)
        return tt_legal_of_xml (text, row->line, &import->legal, &import->why);
    if (import->kind == TT_IMPORT_ACHIEVEMENTS)
        return tt_achievement_of_oai (text, row->line, &import->oai, &import->record.message, &import->notes, &import->id, &import->why);
    status = tt_patent_of_xml (text, row->line, &patent, &import->why);
    import->record.message = patent ? &patent->base : NULL;
    return status;
}

static tt_status
convert (tt_import *import, const tt_row *row)
{
    if (row->broken)
        return unreadable (import, row->broken, row->text);
    switch (tt_rows_what (import->rows)) {
    case TT_ROWS_XML:
    case TT_ROWS_GREENBOOK:
    case TT_ROWS_BRS:
        return convert_document (import, row);
    case TT_ROWS_JSON:
        return convert_json (import, row->text);
    case TT_ROWS_TABLE:
        return convert_object (import, row->columns);
    }
    return TT_INTERNAL;
}

static void
finish (tt_import *import, tt_status status)
{
    tt_import_record *record = &import->record;
    if (status != TT_OK) {
        if (record->message)
            protobuf_c_message_free_unpacked (record->message, NULL);
        record->message = NULL;
        record->reason = import->why.message;
    }
    record->withdrawal = record->message && record->message->descriptor == WITHDRAWAL;
    record->notes = tt_buffer_cstr (&import->notes);
    record->id = import->id.size ? tt_buffer_cstr (&import->id) : NULL;
}

/* Codes without a category are kept; that they are unknown is counted with the notes. */
static void
note_code (tt_import *import)
{
    const tt_legal_event *event = (const tt_legal_event *)import->record.message;
    if (import->kind != TT_IMPORT_LEGAL_EVENTS || event == NULL || import->catalog == NULL || event->category[0])
        return;
    if (tt_catalog_legal_code (import->catalog, event->office, event->code) == NULL)
        tt_buffer_printf (&import->notes, "code: \"%s\" of %s is not in the catalogue, kept\n", event->code, event->office);
}

static void
hand_out (tt_import *import, const tt_row *row, tt_status status, const tt_import_record **record)
{
    import->record.number = ++import->number;
    import->record.line = row->line;
    import->record.end = row->end;
    if (!import->record.secret)
        import->record.text = row->text;
    note_code (import);
    finish (import, status);
    *record = &import->record;
}

/* The next event of the element at hand; false if there is none. */
static bool
next_event (tt_import *import, const tt_import_record **record)
{
    if (import->legal_at == import->legal.count)
        return false;
    tt_legal_item *item = &import->legal.items[import->legal_at++];
    import->record.message = item->event ? &item->event->base : NULL;
    item->event = NULL;
    tt_status status = item->reason ? refuse (import, item->reason) : TT_OK;
    hand_out (import, tt_rows_current (import->rows), status, record);
    return true;
}

/* Elements until one holds events, or is refused. A file with none at all is no file of legal events. */
static tt_status
next_events (tt_import *import, const tt_import_record **record, tt_error *error)
{
    const tt_row *row = NULL;
    while (!next_event (import, record)) {
        tt_status status = tt_rows_next (import->rows, &row, error);
        if (status != TT_OK)
            return status;
        if (row == NULL && (import->elements == 0 || import->number > 0))
            return TT_OK;
        tt_legal_list_free (&import->legal);
        import->legal_at = 0;
        status = row ? convert (import, row) : refuse (import, "no legal event in any element of the file");
        import->elements++;
        if (status != TT_OK) {
            hand_out (import, tt_rows_current (import->rows), status, record);
            return TT_OK;
        }
    }
    return TT_OK;
}

tt_status
tt_import_next (tt_import *import, const tt_import_record **record, tt_error *error)
{
    const tt_row *row;
    *record = NULL;
    forget_record (import);
    if (import->kind == TT_IMPORT_LEGAL_EVENTS && tt_rows_what (import->rows) == TT_ROWS_XML)
        return next_events (import, record, error);
    tt_status status = tt_rows_next (import->rows, &row, error);
    if (status != TT_OK || row == NULL)
        return status;
    import->record.text = row->text;
    hand_out (import, row, convert (import, row), record);
    return TT_OK;
}

/* Past one record; *end: where it ends, *more = false at the end of the file. */
static tt_status
pass (tt_import *import, uint64_t *end, bool *more, tt_error *error)
{
    const tt_import_record *record = NULL;
    const tt_row *row = NULL;
    bool several = import->kind == TT_IMPORT_LEGAL_EVENTS && tt_rows_what (import->rows) == TT_ROWS_XML;
    tt_status status = several ? tt_import_next (import, &record, error) : tt_rows_next (import->rows, &row, error);
    *more = status == TT_OK && (record || row);
    if (*more)
        *end = record ? record->end : row->end;
    if (row)
        import->number++;
    return status;
}

tt_status
tt_import_skip (tt_import *import, uint64_t number, uint64_t end, tt_error *error)
{
    uint64_t at = end;
    while (import->number < number) {
        bool more;
        tt_status status = pass (import, &at, &more, error);
        if (status != TT_OK)
            return status;
        if (!more)
            return tt_fail (error, TT_OUT_OF_RANGE,
                            "the file has only %llu records, the import had come to %llu: it is another file",
                            (unsigned long long)import->number, (unsigned long long)number);
    }
    if (at != end)
        return tt_fail (error, TT_OUT_OF_RANGE, "record %llu ends at byte %llu, not at %llu as before: it is another file",
                        (unsigned long long)number, (unsigned long long)at, (unsigned long long)end);
    return TT_OK;
}

const char *
tt_import_fingerprint (const tt_import *import)
{
    return tt_rows_fingerprint (import->rows);
}

uint64_t
tt_import_position (const tt_import *import)
{
    return tt_rows_position (import->rows);
}

uint64_t
tt_import_size (const tt_import *import)
{
    return tt_rows_size (import->rows);
}
