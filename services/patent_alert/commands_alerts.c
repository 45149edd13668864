#include "commands.h"

#include <string.h>

#include "inbox.h"
#include "service.h"
#include "watch.h"

#define EXAMINE_MAX 1000             /* inbox numbers looked at for one page */
#define PAGE_BYTES ((size_t)4 << 20) /* after which a page ends: an alert names all watches that matched, which may be thousands */

/* -- ListAlerts -- */

static void
answer_list (tt_txn *txn, const tt_rows *rows, uint64_t from, uint64_t head, uint32_t limit, bool unacknowledged_only)
{
    Techtransfer__Patent__V1__ListAlertsReply reply = TECHTRANSFER__PATENT__V1__LIST_ALERTS_REPLY__INIT;
    reply.alerts = tt_arena_alloc (tt_txn_arena (txn), (rows->count + 1) * sizeof *reply.alerts);
    uint64_t next = from + EXAMINE_MAX;
    size_t bytes = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (reply.n_alerts == limit || bytes >= PAGE_BYTES) {
            next = alert_number_read (rows->keys[i]);
            break;
        }
        Alert *alert = techtransfer__patent__v1__alert__unpack (NULL, rows->rows[i].value.size, rows->rows[i].value.data);
        if (alert == NULL)
            continue;
        if (unacknowledged_only && alert->acknowledged) {
            techtransfer__patent__v1__alert__free_unpacked (alert, NULL);
            continue;
        }
        reply.alerts[reply.n_alerts++] = alert;
        bytes += rows->rows[i].value.size;
    }
    reply.head = head;
    reply.next_number = next <= head ? next : 0;
    tt_txn_reply (txn, &reply.base);
    for (size_t i = 0; i < reply.n_alerts; i++)
        techtransfer__patent__v1__alert__free_unpacked (reply.alerts[i], NULL);
}

void
alert_list_alerts (tt_txn *txn, const void *message, void *context)
{
    (void)context;
    const Techtransfer__Patent__V1__ListAlertsRequest *request = message;
    tt_violations violations = { 0 };
    (void)alert_owner_check (request->owner, &violations);
    (void)alert_check_limit (request->limit, &violations);
    if (request->from_number > INT64_MAX)
        tt_violate (&violations, "from_number", "too high");
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    if (tt_txn_refused (txn))
        return;
    uint64_t from = request->from_number ? request->from_number : 1;
    uint32_t limit = request->limit ? request->limit : ALERT_PAGE_DEFAULT;
    tt_txn_at (txn, alert_text (request->owner));
    const tt_row *head = tt_txn_get (txn, ALERT_TABLE_INBOX_HEADS, alert_text (request->owner));
    if (head == NULL)
        return;
    uint64_t last = alert_number_read (head->value);
    uint32_t count = 0; /* without the filter no more than the page, and the one that begins the next */
    uint32_t wanted = request->unacknowledged_only ? EXAMINE_MAX : limit + 1;
    if (from <= last)
        count = last - from + 1 < wanted ? (uint32_t)(last - from + 1) : wanted;
    const tt_rows *rows = tt_txn_range (txn, alert_name_of (txn, ALERT_TABLE_INBOX, request->owner), from, count);
    if (rows)
        answer_list (txn, rows, from, last, limit, request->unacknowledged_only);
}

/* -- AcknowledgeAlerts -- */

static int
by_number (const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The numbers ascending, each once, in the arena. */
static size_t
distinct (tt_txn *txn, const uint64_t *numbers, size_t count, uint64_t **out)
{
    uint64_t *list = tt_arena_alloc (tt_txn_arena (txn), count * sizeof *list);
    memcpy (list, numbers, count * sizeof *list);
    qsort (list, count, sizeof *list, by_number);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    *out = list;
    return kept;
}

/* Marks one alert; true if it was not marked before. Refuses if there is none. */
static bool
mark (tt_txn *txn, const char *table, tt_bytes key, uint64_t number, const tt_row *row)
{
    Alert *alert = row->present ? techtransfer__patent__v1__alert__unpack (NULL, row->value.size, row->value.data) : NULL;
    if (alert == NULL) {
        tt_txn_refuse (txn, row->present ? TT_DATA_LOSS : TT_NOT_FOUND, "numbers: there is no alert %llu",
                       (unsigned long long)number);
        return false;
    }
    bool newly = !alert->acknowledged;
    alert->acknowledged = true;
    if (newly)
        tt_txn_put_message (txn, table, key, &alert->base);
    techtransfer__patent__v1__alert__free_unpacked (alert, NULL);
    return newly;
}

static void
decide_acknowledge (tt_txn *txn, const alert_service *service, const char *owner, const uint64_t *numbers, size_t count)
{
    Techtransfer__Patent__V1__AcknowledgeAlertsReply reply = TECHTRANSFER__PATENT__V1__ACKNOWLEDGE_ALERTS_REPLY__INIT;
    Techtransfer__Patent__V1__AlertAcknowledged event = TECHTRANSFER__PATENT__V1__ALERT_ACKNOWLEDGED__INIT;
    const char *table = alert_name_of (txn, ALERT_TABLE_INBOX, owner);
    for (size_t i = 0; i < count; i++)
        (void)tt_txn_get (txn, table, tt_number_key (txn, numbers[i]));
    if (tt_txn_pending (txn))
        return;
    event.owner = (char *)owner;
    event.numbers = tt_arena_alloc (tt_txn_arena (txn), count * sizeof *event.numbers);
    for (size_t i = 0; i < count && !tt_txn_refused (txn); i++) {
        tt_bytes key = tt_number_key (txn, numbers[i]);
        if (mark (txn, table, key, numbers[i], tt_txn_get (txn, table, key)))
            event.numbers[event.n_numbers++] = numbers[i];
    }
    if (tt_txn_refused (txn))
        return;
    reply.acknowledged = (uint32_t)event.n_numbers;
    reply.already = (uint32_t)(count - event.n_numbers);
    if (event.n_numbers > 0) {
        tt_buffer topic = { 0 };
        alert_acknowledged_topic (owner, &topic);
        tt_txn_event (txn, (const char *)alert_keep (txn, &topic).data, owner, &event.base);
        alert_count (service, ALERT_COUNT_ACKNOWLEDGED, 0, (int64_t)event.n_numbers);
    }
    tt_txn_reply (txn, &reply.base);
}

void
alert_acknowledge (tt_txn *txn, const void *message, void *context)
{
    const Techtransfer__Patent__V1__AcknowledgeAlertsRequest *request = message;
    tt_violations violations = { 0 };
    (void)alert_owner_check (request->owner, &violations);
    (void)tt_check_count (&violations, "numbers", request->n_numbers, 1, ALERT_BATCH_MAX);
    alert_refuse (txn, &violations);
    tt_violations_free (&violations);
    if (tt_txn_refused (txn))
        return;
    uint64_t *numbers = NULL;
    size_t count = distinct (txn, request->numbers, request->n_numbers, &numbers);
    tt_txn_at (txn, alert_text (request->owner));
    decide_acknowledge (txn, context, request->owner, numbers, count);
}
