#include "places.h"

#include <stdio.h>
#include <string.h>

#include "legal.h"
#include "service.h"

#define PLACE_MAX 16 /* documents of one number */

static PlaceRow *
read_place (const tt_row *row)
{
    return row->present ? techtransfer__patent__v1__place_row__unpack (NULL, row->value.size, row->value.data) : NULL;
}

static void
free_place (PlaceRow *place)
{
    if (place)
        techtransfer__patent__v1__place_row__free_unpacked (place, NULL);
}

static bool
is_listed (const PlaceRow *place, const alert_registration *r)
{
    for (size_t i = 0; place && i < place->n_documents && i < place->n_families; i++)
        if (strcmp (place->documents[i], r->document_id) == 0 && strcmp (place->families[i], r->family) == 0)
            return true;
    return false;
}

/* The oldest makes room. */
static void
list_document (tt_txn *txn, const alert_registration *r, const PlaceRow *stored)
{
    PlaceRow place = TECHTRANSFER__PATENT__V1__PLACE_ROW__INIT;
    char *families[PLACE_MAX], *documents[PLACE_MAX];
    size_t count = stored ? stored->n_documents : 0, first = count >= PLACE_MAX ? count - PLACE_MAX + 1 : 0;
    alert_count (r->service, ALERT_COUNT_PLACES_FULL, 0, first > 0);
    place.families = families;
    place.documents = documents;
    for (size_t i = first; i < count && i < stored->n_families; i++) {
        families[place.n_families++] = stored->families[i];
        documents[place.n_documents++] = stored->documents[i];
    }
    families[place.n_families++] = (char *)r->family;
    documents[place.n_documents++] = (char *)r->document_id;
    tt_txn_put_message (txn, ALERT_TABLE_PLACES, alert_text (r->key), &place.base);
}

static bool
has_prefix (tt_bytes member, tt_bytes prefix)
{
    return member.size >= prefix.size && memcmp (member.data, prefix.data, prefix.size) == 0;
}

static void
take_orphans (tt_txn *txn, alert_registration *r)
{
    tt_bytes prefix = alert_text (tt_arena_printf (tt_txn_arena (txn), "%s-", r->key));
    const tt_rows *rows = tt_txn_page (txn, ALERT_INDEX_ORPHANS, prefix, ALERT_ORPHANS_PAGE, ALERT_TABLE_LEGAL);
    r->event_count = 0;
    r->more = false;
    for (size_t i = 0; rows && i < rows->count && has_prefix (rows->keys[i], prefix); i++) {
        const tt_row *corrected = tt_txn_get (txn, ALERT_TABLE_CORRECTED, rows->keys[i]);
        if (corrected && rows->rows[i].present) {
            r->corrected[r->event_count] = corrected->present;
            r->events[r->event_count++] = rows->rows[i].value;
        }
        r->more = i + 1 == ALERT_ORPHANS_PAGE;
    }
}

void
alert_register (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    alert_registration *r = (alert_registration *)request;
    tt_txn_at (txn, alert_text (r->key));
    if (tt_txn_step (txn) > 0) {
        take_orphans (txn, r);
        return;
    }
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_PLACES, alert_text (r->key));
    if (row == NULL)
        return;
    PlaceRow *place = read_place (row);
    if (!is_listed (place, r))
        list_document (txn, r, place);
    free_place (place);
    tt_txn_then (txn);
}

/* -- orphans -- */

void
alert_attach (tt_txn *txn, const void *request, void *context)
{
    const alert_attachment *a = request;
    int64_t attached = 0;
    tt_txn_at (txn, alert_text (a->key));
    for (size_t i = 0; i < a->count; i++)
        (void)tt_txn_get (txn, ALERT_TABLE_LEGAL, alert_text (a->event_ids[i]));
    if (tt_txn_pending (txn))
        return;
    for (size_t i = 0; i < a->count; i++) {
        tt_bytes id = alert_text (a->event_ids[i]);
        const tt_row *row = tt_txn_get (txn, ALERT_TABLE_LEGAL, id);
        LegalRecord *record
            = row->present ? techtransfer__patent__v1__legal_event_recorded__unpack (NULL, row->value.size, row->value.data) : NULL;
        if (record && record->orphan) {
            record->orphan = false;
            tt_txn_put_message (txn, ALERT_TABLE_LEGAL, id, &record->base);
            attached++;
        }
        tt_txn_index_remove (txn, ALERT_INDEX_ORPHANS, id);
        if (record)
            techtransfer__patent__v1__legal_event_recorded__free_unpacked (record, NULL);
    }
    if (attached > 0)
        tt_txn_add (txn, ALERT_TABLE_ORPHANS, alert_text ("all"), -attached, INT64_MIN >> 12, INT64_MAX >> 12);
    alert_count (context, ALERT_COUNT_ATTACHED, 0, attached);
}

/* -- looking up -- */

/* All are asked for before any is looked at. */
static tt_bytes
choose (tt_txn *txn, const alert_lookup *l, const PlaceRow *place)
{
    tt_bytes chosen = TT_BYTES_NONE;
    char exact[80] = "";
    if (l->publication && l->publication->kind[0])
        snprintf (exact, sizeof exact, "%s.%s.%s", l->publication->country, l->publication->number, l->publication->kind);
    for (size_t i = 0; place && i < place->n_documents && i < place->n_families; i++) {
        const tt_row *row
            = tt_txn_get_at (txn, alert_text (place->families[i]), ALERT_TABLE_DOCUMENTS, alert_text (place->documents[i]));
        if (row == NULL || !row->present)
            continue;
        chosen = row->value;
        if (strcmp (place->documents[i], exact) == 0)
            return chosen;
    }
    return chosen;
}

void
alert_look_up (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    alert_lookup *l = (alert_lookup *)request;
    tt_bytes key = alert_legal_key (l->event_id);
    tt_txn_at (txn, key);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_PLACES, key);
    const tt_row *corrected = tt_txn_get (txn, ALERT_TABLE_CORRECTED, alert_text (l->event_id));
    if (row == NULL || corrected == NULL)
        return;
    PlaceRow *place = read_place (row);
    l->document = choose (txn, l, place);
    l->corrected = corrected->present;
    free_place (place);
}

void
alert_await (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    const alert_lookup *l = request;
    tt_txn_at (txn, alert_legal_key (l->event_id));
    tt_txn_index_put (txn, ALERT_INDEX_ORPHANS, alert_text (l->event_id), 0);
}

void
alert_find_members (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    alert_members *m = (alert_members *)request;
    tt_txn_at (txn, alert_text (m->family));
    const char *index = tt_arena_printf (tt_txn_arena (txn), "%s%s", ALERT_INDEX_FAMILY, m->family);
    const tt_rows *rows = tt_txn_page (txn, index, TT_BYTES_NONE, ALERT_MEMBERS_MAX, ALERT_TABLE_DOCUMENTS);
    m->count = 0;
    for (size_t i = 0; rows && i < rows->count; i++)
        if (rows->rows[i].present)
            m->documents[m->count++] = rows->rows[i].value;
}

/* -- what is void -- */

static void
check_withdrawn (tt_txn *txn, alert_voidness *v)
{
    tt_txn_at (txn, alert_text (v->family));
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_WITHDRAWN, alert_text (v->id));
    v->is_void = false;
    if (row == NULL || !row->present)
        return;
    PatentWithdrawn *gone = techtransfer__patent__v1__patent_withdrawn__unpack (NULL, row->value.size, row->value.data);
    if (gone && gone->revision >= v->revision) {
        v->is_void = true;
        snprintf (v->reason, sizeof v->reason, "%.256s", gone->reason[0] ? gone->reason : "publication withdrawn");
    }
    if (gone)
        techtransfer__patent__v1__patent_withdrawn__free_unpacked (gone, NULL);
}

void
alert_check_void (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    alert_voidness *v = (alert_voidness *)request;
    if (v->family) {
        check_withdrawn (txn, v);
        return;
    }
    tt_txn_at (txn, alert_legal_key (v->id));
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_CORRECTED, alert_text (v->id));
    v->is_void = row && row->present;
    if (v->is_void)
        snprintf (v->reason, sizeof v->reason, "corrected by legal event %.*s", (int)row->value.size, (const char *)row->value.data);
}

void
alert_find_caused (tt_txn *txn, const void *request, void *context)
{
    (void)context;
    alert_caused *c = (alert_caused *)request;
    tt_txn_at_partition (txn, c->partition);
    c->rows = tt_txn_page (txn, ALERT_INDEX_CAUSES, c->after, ALERT_CAUSED_PAGE, NULL);
}
