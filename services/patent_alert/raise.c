/* What the processor commits in an owner's partition: alerts, digests, retractions. Handlers of store/txn.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "inbox.h"
#include "matcher.h"
#include "service.h"
#include "watch.h"
#include "wire/topic.h"

#define DIGEST_MAX 1000
#define LEFT_OUT_MAX 10000

static const char *
digest_key (tt_txn *txn, const char *owner, int64_t due_unix_ms)
{
    return tt_arena_printf (tt_txn_arena (txn), "%s/%" PRId64, owner, due_unix_ms);
}

/* -- brake -- */

/* The owner is told by the event; the row and the log show it. */
static void
show_brake (tt_txn *txn, const alert_service *service, const char *owner, const char *watch_id, bool braked)
{
    tt_buffer key = { 0 };
    alert_watch_key (owner, watch_id, &key);
    tt_bytes name = alert_keep (txn, &key);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_WATCHES, name);
    Watch *watch = row && row->present ? techtransfer__patent__v1__watch__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (watch == NULL)
        return; /* deleted meanwhile */
    watch->braked = braked;
    watch->revision++;
    tt_txn_put_message (txn, ALERT_TABLE_WATCHES, name, &watch->base);
    alert_watch_announce (txn, watch, false);
    alert_count (service, ALERT_COUNT_BRAKED, 0, braked);
    techtransfer__patent__v1__watch__free_unpacked (watch, NULL);
}

typedef struct {
    tt_bytes key;
    RateRow rate;
    bool changed;
} rated;

/* The rate of one matched watch after this alert; false: not read yet. */
static bool
rate_of (tt_txn *txn, const alert_service *service, const alert_order *order, size_t i, rated *out)
{
    tt_buffer key = { 0 };
    alert_watch_key (order->alert->owner, order->alert->matches[i]->watch_id, &key);
    out->key = alert_keep (txn, &key);
    techtransfer__patent__v1__rate_row__init (&out->rate);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_RATES, out->key);
    if (row == NULL)
        return false;
    RateRow *stored = row->present ? techtransfer__patent__v1__rate_row__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (stored) {
        out->rate.day = stored->day;
        out->rate.count = stored->count;
        out->rate.braked = stored->braked;
        techtransfer__patent__v1__rate_row__free_unpacked (stored, NULL);
    }
    uint32_t most = order->terms[i].most_per_day ? order->terms[i].most_per_day : service->clockwork.most_per_day;
    out->changed = alert_rate_count (&out->rate, alert_delivery_day (&service->clockwork, tt_txn_now (txn)), most);
    if (out->changed) /* its row is to be changed: asked for here, so that all is there when the decision is made */
        return tt_txn_get (txn, ALERT_TABLE_WATCHES, out->key) != NULL;
    return true;
}

/* Counts the alert for its watches and says how it is told. False: something is not read yet. A back-fill is what was asked for: it brakes
 * nobody. */
static bool
route (tt_txn *txn, const alert_service *service, const alert_order *order, alert_route *out)
{
    size_t count = order->alert->n_matches;
    rated *rates = tt_arena_zero (tt_txn_arena (txn), (count + 1) * sizeof *rates);
    bool counted = !order->alert->backfilled, complete = true;
    for (size_t i = 0; counted && i < count; i++)
        complete = rate_of (txn, service, order, i, &rates[i]) && complete;
    if (!complete)
        return false;
    for (size_t i = 0; i < count; i++) {
        alert_route one = alert_delivery_route (&service->clockwork, &order->terms[i], rates[i].rate.braked, tt_txn_now (txn));
        *out = i == 0 ? one : alert_delivery_sooner (*out, one);
        if (!counted)
            continue;
        tt_txn_put_message (txn, ALERT_TABLE_RATES, rates[i].key, &rates[i].rate.base);
        if (rates[i].changed)
            show_brake (txn, service, order->alert->owner, order->alert->matches[i]->watch_id, rates[i].rate.braked);
    }
    return true;
}

/* -- raising -- */

static tt_bytes
pack (tt_txn *txn, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    uint8_t *packed = tt_arena_alloc (tt_txn_arena (txn), size + 1);
    protobuf_c_message_pack (message, packed);
    return (tt_bytes){ packed, size };
}

static void
tell_now (tt_txn *txn, const Alert *alert)
{
    Techtransfer__Patent__V1__AlertRaised event = TECHTRANSFER__PATENT__V1__ALERT_RAISED__INIT;
    tt_buffer topic = { 0 };
    event.alert = (Alert *)alert;
    alert_topic (alert->owner, alert->severity, &topic);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, alert->alert_id, &event.base);
}

/* Every change of what waits goes through the digest's row: that is what guards telling it. False: not read yet. */
static bool
keep_for_digest (tt_txn *txn, const Alert *alert, const alert_route *route, tt_bytes number)
{
    const char *key = digest_key (txn, alert->owner, route->due_unix_ms);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_DIGESTS, alert_text (key));
    if (row == NULL)
        return false;
    AlertDigest fresh = TECHTRANSFER__PATENT__V1__ALERT_DIGEST__INIT;
    AlertDigest *stored = row->present ? techtransfer__patent__v1__alert_digest__unpack (NULL, row->value.size, row->value.data) : NULL;
    AlertDigest *digest = stored ? stored : &fresh;
    if (stored == NULL) {
        fresh.owner = alert->owner;
        fresh.period = (char *)route->period;
        fresh.due_unix_ms = route->due_unix_ms;
        fresh.first_number = alert->number;
    }
    digest->last_number = alert->number;
    tt_txn_put_message (txn, ALERT_TABLE_DIGESTS, alert_text (key), &digest->base);
    tt_txn_index_put (txn, ALERT_INDEX_DIGESTS, alert_text (key), route->due_unix_ms);
    tt_txn_index_put (txn, alert_name_of (txn, ALERT_INDEX_DIGEST, key), number, (int64_t)alert->number);
    if (stored)
        techtransfer__patent__v1__alert_digest__free_unpacked (stored, NULL);
    return true;
}

/* Under what a retraction finds it: the document, and the legal event. A surge does not rest on one document: nothing takes it back. */
static void
file_causes (tt_txn *txn, const Alert *alert)
{
    const char *causes[2] = { alert->surge ? "" : alert->document_id, alert->legal_event ? alert->legal_event->event_id : "" };
    for (int i = 0; i < 2; i++)
        if (causes[i][0])
            tt_txn_index_put (txn, ALERT_INDEX_CAUSES,
                              alert_text (tt_arena_printf (tt_txn_arena (txn), "%s\t%s\t%020" PRIu64, causes[i], alert->owner, alert->number)), 0);
}

void
alert_raise (tt_txn *txn, const void *request, void *context)
{
    const alert_order *order = request;
    const alert_service *service = context;
    tt_bytes owner = alert_text (order->alert->owner), id = alert_text (order->alert->alert_id);
    alert_route way = { 0 };
    tt_txn_at (txn, owner);
    const tt_row *known = tt_txn_get (txn, ALERT_TABLE_ALERTS, id);
    const tt_row *head = tt_txn_get (txn, ALERT_TABLE_INBOX_HEADS, owner);
    if (known == NULL || head == NULL || known->present || !route (txn, service, order, &way))
        return;
    Alert alert = *order->alert;
    alert.number = alert_number_read (head->value) + 1;
    alert.raised_unix_ms = tt_txn_now (txn);
    alert.digest_unix_ms = way.due_unix_ms;
    tt_bytes number = tt_number_key (txn, alert.number);
    if (way.due_unix_ms == 0)
        tell_now (txn, &alert);
    else if (!keep_for_digest (txn, &alert, &way, number))
        return;
    tt_txn_put (txn, ALERT_TABLE_ALERTS, id, number);
    tt_txn_put (txn, ALERT_TABLE_INBOX_HEADS, owner, number);
    tt_txn_put_blind (txn, alert_name_of (txn, ALERT_TABLE_INBOX, alert.owner), number, pack (txn, &alert.base));
    file_causes (txn, &alert);
    tt_txn_reply (txn, &alert.base); /* tells the processor that it was raised just now */
}

/* -- digests -- */

/* What is left stays due; a digest of which all was told is closed. */
static void
close_digest (tt_txn *txn, const char *key, AlertDigest *rest, bool done)
{
    if (done) {
        tt_txn_delete (txn, ALERT_TABLE_DIGESTS, alert_text (key));
        tt_txn_index_remove (txn, ALERT_INDEX_DIGESTS, alert_text (key));
        return;
    }
    tt_txn_put_message (txn, ALERT_TABLE_DIGESTS, alert_text (key), &rest->base);
}

static void
tell_some (tt_txn *txn, const char *key, AlertDigest *digest, const tt_rows *waiting)
{
    tt_buffer topic = { 0 };
    size_t count = waiting->count < DIGEST_MAX ? waiting->count : DIGEST_MAX;
    uint64_t *numbers = tt_arena_alloc (tt_txn_arena (txn), (count + 1) * sizeof *numbers);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = alert_number_read (waiting->keys[i]);
        tt_txn_index_remove (txn, alert_name_of (txn, ALERT_INDEX_DIGEST, key), waiting->keys[i]);
    }
    AlertDigest event = *digest;
    event.numbers = numbers;
    event.n_numbers = count;
    event.first_number = count ? numbers[0] : 0;
    event.last_number = count ? numbers[count - 1] : 0;
    tt_topic_build (&topic, "patent", "digest", digest->owner, NULL);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, key, &event.base);
    tt_txn_reply (txn, &event.base);
    AlertDigest rest = *digest;
    rest.n_left_out = 0;
    rest.first_number = event.last_number + 1;
    close_digest (txn, key, &rest, waiting->count <= DIGEST_MAX);
}

/* Of a row that cannot be read: its key and what waits say enough. */
static AlertDigest
digest_of_key (tt_txn *txn, const char *key)
{
    AlertDigest digest = TECHTRANSFER__PATENT__V1__ALERT_DIGEST__INIT;
    size_t size = strcspn (key, "/");
    digest.owner = tt_arena_strndup (tt_txn_arena (txn), key, size);
    digest.period = (char *)"daily";
    digest.due_unix_ms = key[size] ? strtoll (key + size + 1, NULL, 10) : 0;
    return digest;
}

void
alert_tell_digest (tt_txn *txn, const void *request, void *context)
{
    const char *key = request;
    tt_txn_at (txn, (tt_bytes){ (const uint8_t *)key, strcspn (key, "/") });
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_DIGESTS, alert_text (key));
    if (row == NULL || !row->present)
        return; /* another replica was sooner */
    const tt_rows *waiting
        = tt_txn_due (txn, alert_name_of (txn, ALERT_INDEX_DIGEST, key), INT64_C (1) << 53, DIGEST_MAX + 1, NULL);
    if (waiting == NULL)
        return;
    AlertDigest known = digest_of_key (txn, key);
    AlertDigest *digest = techtransfer__patent__v1__alert_digest__unpack (NULL, row->value.size, row->value.data);
    alert_count (context, ALERT_COUNT_UNREADABLE, 0, digest == NULL);
    tell_some (txn, key, digest ? digest : &known, waiting);
    if (digest)
        techtransfer__patent__v1__alert_digest__free_unpacked (digest, NULL);
}

/* -- retraction -- */

/* A digest that alerts are taken out of. A row that was put is read as it was before, so it is kept here until all are through. */
typedef struct opened {
    struct opened *next;
    const char *key;
    AlertDigest *digest; /* NULL: there is none any more */
    bool changed;
} opened;

static opened *
open_digest (tt_txn *txn, opened **list, const Alert *alert, size_t room)
{
    const char *key = digest_key (txn, alert->owner, alert->digest_unix_ms);
    for (opened *o = *list; o; o = o->next)
        if (strcmp (o->key, key) == 0)
            return o;
    opened *o = tt_arena_zero (tt_txn_arena (txn), sizeof *o);
    const tt_row *row = tt_txn_get (txn, ALERT_TABLE_DIGESTS, alert_text (key));
    AlertDigest *digest
        = row && row->present ? techtransfer__patent__v1__alert_digest__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (digest)
        digest->left_out = tt_realloc (digest->left_out, (digest->n_left_out + room) * sizeof *digest->left_out);
    *o = (opened){ *list, key, digest, false };
    return *list = o;
}

static void
close_digests (tt_txn *txn, opened *list)
{
    for (opened *o = list; o; o = o->next) {
        if (o->changed)
            tt_txn_put_message (txn, ALERT_TABLE_DIGESTS, alert_text (o->key), &o->digest->base);
        if (o->digest)
            techtransfer__patent__v1__alert_digest__free_unpacked (o->digest, NULL);
    }
}

/* Takes an alert out of the digest that it waits in; false: it has been told. */
static bool
leave_out (tt_txn *txn, opened **list, const Alert *alert, tt_bytes number, size_t room)
{
    if (alert->digest_unix_ms == 0)
        return false;
    opened *o = open_digest (txn, list, alert, room);
    if (o->digest == NULL || alert->number < o->digest->first_number)
        return false;
    if (o->digest->n_left_out < LEFT_OUT_MAX)
        o->digest->left_out[o->digest->n_left_out++] = alert->number;
    o->changed = true;
    tt_txn_index_remove (txn, alert_name_of (txn, ALERT_INDEX_DIGEST, o->key), number);
    return true;
}

static Alert *
read_alert (tt_txn *txn, const char *table, uint64_t number)
{
    const tt_row *row = tt_txn_get (txn, table, tt_number_key (txn, number));
    return row && row->present ? techtransfer__patent__v1__alert__unpack (NULL, row->value.size, row->value.data) : NULL;
}

/* Asks for all rows that the decision needs; false: some are not there yet. */
static bool
load_retraction (tt_txn *txn, const alert_retraction *request, const char *table)
{
    for (size_t i = 0; i < request->count; i++) {
        Alert *alert = read_alert (txn, table, request->numbers[i]);
        if (alert && alert->digest_unix_ms)
            (void)tt_txn_get (txn, ALERT_TABLE_DIGESTS, alert_text (digest_key (txn, alert->owner, alert->digest_unix_ms)));
        if (alert)
            techtransfer__patent__v1__alert__free_unpacked (alert, NULL);
    }
    return !tt_txn_pending (txn);
}

/* Marks one; true if its owner had been told of it. */
static bool
retract_one (tt_txn *txn, const alert_service *service, const alert_retraction *request, const char *table, uint64_t number, opened **list)
{
    Alert *stored = read_alert (txn, table, number);
    bool told = false;
    if (stored && !stored->retracted) {
        Alert alert = *stored;
        tt_bytes key = tt_number_key (txn, number);
        alert.retracted = true;
        alert.retracted_reason = (char *)request->reason;
        alert.retracted_unix_ms = tt_txn_now (txn);
        tt_txn_put_message (txn, table, key, &alert.base);
        told = !leave_out (txn, list, &alert, key, request->count);
        alert_count (service, ALERT_COUNT_RETRACTED, 0, 1);
    }
    if (stored)
        techtransfer__patent__v1__alert__free_unpacked (stored, NULL);
    return told;
}

void
alert_retract (tt_txn *txn, const void *message, void *context)
{
    const alert_retraction *request = message;
    Techtransfer__Patent__V1__AlertRetracted event = TECHTRANSFER__PATENT__V1__ALERT_RETRACTED__INIT;
    tt_buffer topic = { 0 };
    tt_txn_at (txn, alert_text (request->owner));
    const char *table = alert_name_of (txn, ALERT_TABLE_INBOX, request->owner);
    if (!load_retraction (txn, request, table))
        return;
    event.owner = (char *)request->owner;
    event.cause = (char *)request->cause;
    event.reason = (char *)request->reason;
    event.numbers = tt_arena_alloc (tt_txn_arena (txn), (request->count + 1) * sizeof *event.numbers);
    opened *list = NULL;
    for (size_t i = 0; i < request->count; i++)
        if (retract_one (txn, context, request, table, request->numbers[i], &list))
            event.numbers[event.n_numbers++] = request->numbers[i];
    close_digests (txn, list);
    if (event.n_numbers == 0)
        return;
    tt_topic_build (&topic, "patent", "alert-retracted", request->owner, NULL);
    tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, request->owner, &event.base);
    tt_txn_reply (txn, &event.base);
}
