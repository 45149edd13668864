#include "import/legal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "import/formats.h"
#include "import/normal.h"

#define MAX_EVENTS 20000 /* in one element */
#define MAX_TEXT 20000   /* bytes of an event's text; the contract allows 100,000 characters */
#define MAX_PARTIES 100

tt_legal_event *
tt_legal_new (void)
{
    tt_legal_event *event = tt_alloc (sizeof *event);
    techtransfer__patent__v1__legal_event__init (event);
    return event;
}

void
tt_legal_free (tt_legal_event **event)
{
    if (*event)
        techtransfer__patent__v1__legal_event__free_unpacked (*event, NULL);
    *event = NULL;
}

void
tt_legal_list_free (tt_legal_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        tt_legal_free (&list->items[i].event);
        free (list->items[i].reason);
    }
    free (list->items);
    *list = (tt_legal_list){ 0 };
}

/* -- completing -- */

static bool
is_country (const char *text)
{
    return strlen (text) == 2 && isupper ((unsigned char)text[0]) && isupper ((unsigned char)text[1]);
}

static void
set_reference (tt_patent_reference **reference, const tt_docnum *number)
{
    if (*reference)
        techtransfer__patent__v1__document_reference__free_unpacked (*reference, NULL);
    *reference = tt_build_reference (number);
}

/* A number that came without its country holds it itself. */
static tt_status
complete_number (tt_patent_reference **reference, const char *field, const char *office, tt_docnum_kind what, tt_error *error)
{
    tt_docnum number;
    tt_error why = { 0 };
    if (*reference == NULL || (*reference)->country[0])
        return TT_OK;
    if ((*reference)->number[0] == '\0') {
        techtransfer__patent__v1__document_reference__free_unpacked (*reference, NULL);
        *reference = NULL;
        return TT_OK;
    }
    if (tt_docnum_parse ((*reference)->number, office, what, &number, &why) != TT_OK)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s.number: %s", field, why.message);
    if (number.country[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s.country: missing", field);
    set_reference (reference, &number);
    return TT_OK;
}

static tt_status
complete_date (char **date, const char *field, tt_error *error)
{
    char iso[11];
    if ((*date)[0] == '\0')
        return TT_OK;
    if (!tt_normal_date (*date, iso))
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: \"%.40s\" is not a day", field, *date);
    tt_build_set (date, iso);
    return TT_OK;
}

tt_status
tt_legal_complete (tt_legal_event *event, tt_error *error)
{
    const char *office = event->office;
    tt_status status = complete_number (&event->publication, "publication", office, TT_DOCNUM_PUBLICATION, error);
    if (status == TT_OK)
        status = complete_number (&event->application, "application", office, TT_DOCNUM_APPLICATION, error);
    if (status == TT_OK)
        status = complete_date (&event->effective_date, "effective_date", error);
    if (status == TT_OK)
        status = complete_date (&event->announced_date, "announced_date", error);
    if (status != TT_OK)
        return status;
    const tt_patent_reference *right = event->publication ? event->publication : event->application;
    if (right == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "publication: missing, and application too");
    if (event->office[0] == '\0')
        tt_build_set (&event->office, right->country);
    if (!is_country (event->office))
        return tt_fail (error, TT_INVALID_ARGUMENT, "office: \"%.20s\" is no code of two capital letters", event->office);
    if (event->code[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "code: missing");
    if (strlen (event->code) > 32)
        return tt_fail (error, TT_INVALID_ARGUMENT, "code: \"%.40s\" is longer than 32 characters", event->code);
    return TT_OK;
}

/* -- elements -- */

typedef struct {
    tt_legal_list *list;
    tt_docnum publication, application;
    bool has_publication, has_application;
    tt_buffer family, text, all;
} reader;

static void
set_numbers (const reader *r, tt_legal_event *event)
{
    if (r->has_publication)
        set_reference (&event->publication, &r->publication);
    if (r->has_application)
        set_reference (&event->application, &r->application);
    if (r->family.size > 0)
        tt_build_set (&event->family_id, (const char *)r->family.data);
}

/* Takes the event over. */
static void
add_event (reader *r, tt_legal_event *event)
{
    tt_legal_list *list = r->list;
    tt_error why = { 0 };
    if (list->count > MAX_EVENTS) {
        tt_legal_free (&event);
        return;
    }
    if ((list->count & (list->count + 1)) == 0)
        list->items = tt_realloc (list->items, (list->count * 2 + 2) * sizeof *list->items);
    tt_legal_item *item = &list->items[list->count++];
    *item = (tt_legal_item){ .event = event };
    tt_build_set (&event->source, "epo");
    tt_status status = list->count > MAX_EVENTS
                           ? tt_fail (&why, TT_INVALID_ARGUMENT, "more than %d events of one right", MAX_EVENTS)
                           : tt_legal_complete (event, &why);
    if (status == TT_OK)
        return;
    item->reason = tt_strdup (why.message);
    tt_legal_free (&item->event);
}

static void
set_date (char **field, const char *value)
{
    char iso[11];
    if (tt_normal_date (value, iso))
        tt_build_set (field, iso);
}

/* "desc: value" behind what is there. */
static void
add_text (tt_buffer *all, const char *what, const char *value)
{
    if (*value == '\0' || all->size + strlen (value) > MAX_TEXT)
        return;
    if (all->size > 0)
        tt_buffer_text (all, "; ");
    if (*what)
        tt_buffer_printf (all, "%s: ", what);
    tt_buffer_text (all, value);
}

/* -- INPADOC: ops:legal in a family member -- */

/* Fields whose description names somebody who has a part in the right. */
static bool
is_party (const char *desc)
{
    static const char *const words[] = { "OWNER", "PROPRIETOR", "ASSIGNEE", "LICENSEE", "OPPONENT", "REQUESTER", "PLEDGEE" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcasestr (desc, words[i]))
            return true;
    return false;
}

typedef struct {
    tt_legal_event *event;
    char country[8]; /* to which the event refers */
    char national[40];
} inpadoc;

static void
take_detail (reader *r, inpadoc *i, const xmlNode *field)
{
    tt_buffer desc = { 0 };
    const char *what = tt_xml_attribute (field, "desc", &desc);
    const char *value = tt_xml_text (field, &r->text);
    if (tt_xml_is (field, "L501EP"))
        snprintf (i->country, sizeof i->country, "%s", value);
    else if (tt_xml_is (field, "L502EP"))
        snprintf (i->national, sizeof i->national, "%s", value);
    else if (tt_xml_is (field, "L525EP") || strcasecmp (what, "Effective DATE") == 0)
        set_date (&i->event->effective_date, value);
    else if (is_party (what) && i->event->n_parties < MAX_PARTIES)
        tt_build_party (&i->event->parties, &i->event->n_parties, value, "");
    else
        add_text (&r->all, tt_xml_is (field, "L510EP") ? "" : what, value);
    tt_buffer_free (&desc);
}

/* What the event itself says of the right, where the family member does not: F is an application, P a publication. */
static void
take_own_number (reader *r, const xmlNode *legal, tt_legal_event *event)
{
    tt_buffer country = { 0 }, number = { 0 }, kind = { 0 };
    tt_docnum own;
    bool filed = tt_xml_path_text (legal, "L002EP", &r->text)[0] == 'F';
    bool good = tt_form_number (tt_xml_path_text (legal, "L001EP", &country), tt_xml_path_text (legal, "L003EP", &number), false,
                                tt_xml_path_text (legal, "L004EP", &kind), "", &own);
    if (good && own.country[0] && filed && event->application == NULL)
        set_reference (&event->application, &own);
    else if (good && own.country[0] && !filed && event->publication == NULL)
        set_reference (&event->publication, &own);
    tt_buffer_free (&country);
    tt_buffer_free (&number);
    tt_buffer_free (&kind);
}

/* What is said of the right in one country is filed under that country: a European patent lapses in twenty of them on one day,
 * and those are twenty events. A reference to a national code is that office's word. */
static void
take_code (reader *r, const xmlNode *legal, inpadoc *i)
{
    const char *code = tt_xml_attribute (legal, "code", &r->text);
    if (*code == '\0')
        code = tt_xml_path_text (legal, "L008EP", &r->text);
    bool national = is_country (i->country);
    tt_build_set (&i->event->code, national && i->national[0] && strcmp (code, "REG") == 0 ? i->national : code);
    tt_build_set (&i->event->office, national ? i->country : tt_xml_path_text (legal, "L001EP", &r->text));
}

static void
take_legal (reader *r, const xmlNode *legal)
{
    inpadoc i = { .event = tt_legal_new () };
    tt_buffer_clear (&r->all);
    add_text (&r->all, "", tt_xml_attribute (legal, "desc", &r->text));
    const xmlNode *details = tt_xml_find (legal, "L500EP");
    for (const xmlNode *field = details ? details->children : NULL; field; field = field->next)
        if (field->type == XML_ELEMENT_NODE)
            take_detail (r, &i, field);
    set_numbers (r, i.event);
    take_own_number (r, legal, i.event);
    take_code (r, legal, &i);
    set_date (&i.event->announced_date, tt_xml_path_text (legal, "L007EP", &r->text));
    tt_build_set (&i.event->text, tt_buffer_cstr (&r->all));
    add_event (r, i.event);
}

static void
take_member (reader *r, const xmlNode *member)
{
    r->has_publication = tt_form_docdb_reference (member, "publication-reference", &r->publication);
    r->has_application = tt_form_docdb_reference (member, "application-reference", &r->application);
    tt_xml_attribute (member, "family-id", &r->family);
    for (const xmlNode *legal = tt_xml_find (member, "legal"); legal; legal = tt_xml_next (legal, "legal"))
        take_legal (r, legal);
}

/* -- European Patent Register -- */

static bool
register_number (const xmlNode *biblio, const char *path, reader *r, tt_docnum *out)
{
    tt_buffer number = { 0 }, kind = { 0 }, date = { 0 };
    const xmlNode *id = tt_xml_find (biblio, path);
    bool good = id
                && tt_form_number (tt_xml_path_text (id, "country", &r->text), tt_xml_path_text (id, "doc-number", &number),
                                   false, tt_xml_path_text (id, "kind", &kind), tt_xml_path_text (id, "date", &date), out);
    tt_buffer_free (&number);
    tt_buffer_free (&kind);
    tt_buffer_free (&date);
    return good && out->country[0];
}

static tt_legal_event *
register_event (reader *r, const char *code)
{
    tt_legal_event *event = tt_legal_new ();
    set_numbers (r, event);
    tt_build_set (&event->office, "EP");
    tt_build_set (&event->code, code);
    tt_buffer_clear (&r->all);
    return event;
}

static void
add_texts (reader *r, const xmlNode *holder, const char *name)
{
    for (const xmlNode *t = tt_xml_find (holder, name); t; t = tt_xml_next (t, name))
        add_text (&r->all, "", tt_xml_text (t, &r->text));
}

static void
take_dossier_events (reader *r, const xmlNode *document)
{
    const xmlNode *e = tt_xml_find (document, "events-data/dossier-event");
    for (; e; e = tt_xml_next (e, "dossier-event")) {
        tt_legal_event *event = register_event (r, tt_xml_path_text (e, "event-code", &r->text));
        set_date (&event->effective_date, tt_xml_path_text (e, "event-date/date", &r->text));
        set_date (&event->announced_date, tt_xml_path_text (e, "gazette-reference/date", &r->text));
        add_texts (r, e, "event-text");
        tt_build_set (&event->text, tt_buffer_cstr (&r->all));
        add_event (r, event);
    }
}

static void
take_steps (reader *r, const xmlNode *document)
{
    const xmlNode *s = tt_xml_find (document, "procedural-data/procedural-step");
    for (; s; s = tt_xml_next (s, "procedural-step")) {
        tt_legal_event *event = register_event (r, tt_xml_path_text (s, "procedural-step-code", &r->text));
        set_date (&event->effective_date, tt_xml_path_text (s, "procedural-step-date/date", &r->text));
        add_texts (r, s, "procedural-step-text");
        tt_build_set (&event->text, tt_buffer_cstr (&r->all));
        add_event (r, event);
    }
}

/* States of the patent and lapses have no code of their own in the register: the element's name is taken, with the state's
 * number. */
static void
take_states (reader *r, const xmlNode *document)
{
    char code[40];
    const xmlNode *s = tt_xml_find (document, "ep-patent-statuses/ep-patent-status");
    for (; s; s = tt_xml_next (s, "ep-patent-status")) {
        snprintf (code, sizeof code, "status-%.16s", tt_xml_attribute (s, "status-code", &r->text));
        tt_legal_event *event = register_event (r, code);
        set_date (&event->effective_date, tt_xml_attribute (s, "change-date", &r->text));
        tt_build_set (&event->text, tt_xml_text (s, &r->text));
        add_event (r, event);
    }
}

/* The lapses of one state of the register. */
#define MAX_LAPSES 200

/* The register repeats the whole list at each change. The newest holds: lapses that are in older ones only were wrong. */
static const xmlNode *
newest_term (reader *r, const xmlNode *biblio)
{
    const xmlNode *newest = NULL;
    char latest[16] = "", date[16];
    for (const xmlNode *t = tt_xml_find (biblio, "term-of-grant"); t; t = tt_xml_next (t, "term-of-grant")) {
        snprintf (date, sizeof date, "%s", tt_xml_attribute (t, "change-date", &r->text));
        if (newest && strcmp (date, latest) <= 0)
            continue;
        newest = t;
        memcpy (latest, date, sizeof latest);
    }
    return newest;
}

/* When the lapse of this event was first in the list. */
static void
first_announced (reader *r, const xmlNode *biblio, tt_legal_event *event)
{
    char iso[11], date[11];
    for (const xmlNode *t = tt_xml_find (biblio, "term-of-grant"); t; t = tt_xml_next (t, "term-of-grant"))
        for (const xmlNode *l = tt_xml_find (t, "lapsed-in-country"); l; l = tt_xml_next (l, "lapsed-in-country")) {
            if (strcmp (tt_xml_path_text (l, "country", &r->text), event->office) != 0
                || !tt_normal_date (tt_xml_path_text (l, "date", &r->text), date) || strcmp (date, event->effective_date) != 0
                || !tt_normal_date (tt_xml_attribute (t, "change-date", &r->text), iso))
                continue;
            if (event->announced_date[0] == '\0' || strcmp (iso, event->announced_date) < 0)
                tt_build_set (&event->announced_date, iso);
        }
}

static void
take_lapses (reader *r, const xmlNode *biblio)
{
    const xmlNode *l = tt_xml_find (newest_term (r, biblio), "lapsed-in-country");
    for (int i = 0; l && i < MAX_LAPSES; l = tt_xml_next (l, "lapsed-in-country"), i++) {
        tt_legal_event *event = register_event (r, "lapsed-in-country");
        tt_build_set (&event->office, tt_xml_path_text (l, "country", &r->text));
        set_date (&event->effective_date, tt_xml_path_text (l, "date", &r->text));
        first_announced (r, biblio, event);
        add_event (r, event);
    }
}

static void
take_register (reader *r, const xmlNode *document)
{
    const xmlNode *biblio = tt_xml_find (document, "bibliographic-data");
    r->has_publication = register_number (biblio, "publication-reference/document-id", r, &r->publication);
    r->has_application = register_number (biblio, "application-reference/document-id", r, &r->application);
    take_states (r, document);
    take_dossier_events (r, document);
    take_steps (r, document);
    take_lapses (r, biblio);
}

tt_status
tt_legal_of_xml (tt_bytes text, uint64_t line, tt_legal_list *list, tt_error *error)
{
    xmlDoc *document;
    reader r = { .list = list };
    *list = (tt_legal_list){ 0 };
    tt_status status = tt_form_parse (text, line, &document, error);
    if (status != TT_OK)
        return status;
    const xmlNode *root = xmlDocGetRootElement (document);
    if (tt_xml_is (root, "family-member"))
        take_member (&r, root);
    else if (tt_xml_is (root, "register-document"))
        take_register (&r, root);
    else
        status = tt_fail (error, TT_INVALID_ARGUMENT, "root element <%.60s> holds no legal events that are understood",
                          (const char *)root->name);
    xmlFreeDoc (document);
    tt_buffer_free (&r.family);
    tt_buffer_free (&r.text);
    tt_buffer_free (&r.all);
    return status;
}
