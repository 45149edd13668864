#include "upload.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "wire/json.h"

#include <achievement.pb-c.h>
#include <finance.pb-c.h>
#include <patent.pb-c.h>
#include <statistics.pb-c.h>

#define WINDOW 16           /* batches under way */
#define BATCH_BYTES 1048576 /* a batch is sent when it is so large */
#define BATCH_ITEMS 1024    /* or holds so many records, rejected ones included */
#define KEPT_TEXT 65536     /* of a record, for the reject file */

/* What the source has deleted goes by a command of its own, one record each. */
#define WITHDRAW "techtransfer.achievement.v1.AchievementIngest/WithdrawAchievement"

/* A record on its way to being settled. */
typedef struct {
    uint64_t number, line, end;
    char *reason; /* NULL: sent, or accepted; owned */
    tt_buffer text;
    bool sent;
    bool noted;
    bool unchanged;
    bool withdrawn;
    bool quarantined;
} item;

typedef struct {
    item *items;
    size_t count;
    size_t sent; /* of them */
    uint64_t ticket;
    tt_buffer body;
    bool under_way;
    bool withdrawal;
} batch;

typedef struct {
    const tt_upload *upload;
    batch ring[WINDOW];
    size_t first, count; /* batches not settled, the last of them perhaps still being filled */
    const tt_import_record *held; /* read, but not of the batch that was being filled; borrowed from the import */
    tt_error *error;
} sender;

/* Each request holds its records in field 1, one message after the other; those that take one record are sent with one. */
static const struct {
    const char *method;
    const ProtobufCMessageDescriptor *reply;
    bool many;
} targets[TT_IMPORT_KIND_COUNT] = {
    [TT_IMPORT_PATENTS]
    = { "techtransfer.patent.v1.PatentAlert/SubmitPatents", &techtransfer__patent__v1__submit_patents_reply__descriptor, true },
    [TT_IMPORT_ACHIEVEMENTS] = { "techtransfer.achievement.v1.AchievementIngest/SubmitAchievements",
                                 &techtransfer__achievement__v1__submit_achievements_reply__descriptor, true },
    [TT_IMPORT_DEMANDS] = { "techtransfer.achievement.v1.AchievementIngest/PutDemand",
                            &techtransfer__achievement__v1__put_demand_reply__descriptor, false },
    [TT_IMPORT_APPLICATIONS] = { "techtransfer.finance.v1.LoanMatch/SubmitApplication",
                                 &techtransfer__finance__v1__submit_application_reply__descriptor, false },
    [TT_IMPORT_PROVIDERS]
    = { "techtransfer.finance.v1.LoanMatch/PutProvider", &techtransfer__finance__v1__put_provider_reply__descriptor, false },
    [TT_IMPORT_PRODUCTS]
    = { "techtransfer.finance.v1.LoanMatch/PutProduct", &techtransfer__finance__v1__put_product_reply__descriptor, false },
    [TT_IMPORT_WATCHES]
    = { "techtransfer.patent.v1.PatentAlert/PutWatch", &techtransfer__patent__v1__put_watch_reply__descriptor, false },
    [TT_IMPORT_OBSERVATIONS] = { "techtransfer.statistics.v1.Statistics/PutObservation",
                                 &techtransfer__statistics__v1__put_observation_reply__descriptor, false },
    [TT_IMPORT_LEGAL_EVENTS] = { "techtransfer.patent.v1.PatentAlert/SubmitLegalEvents",
                                 &techtransfer__patent__v1__submit_legal_events_reply__descriptor, true },
};

static void
append_message (tt_buffer *body, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size (message);
    protobuf_c_message_pack (message, tt_buffer_reserve (body, size));
    body->size += size;
}

static void
append_field (tt_buffer *body, const ProtobufCMessage *message)
{
    uint64_t left = protobuf_c_message_get_packed_size (message);
    tt_buffer_append (body, "\x0a", 1);
    do {
        uint8_t byte = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
        tt_buffer_append (body, &byte, 1);
        left >>= 7;
    } while (left > 0);
    append_message (body, message);
}

static void
clear_batch (batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        free (b->items[i].reason);
        tt_buffer_free (&b->items[i].text);
    }
    free (b->items);
    tt_buffer_free (&b->body);
    *b = (batch){ 0 };
}

static void
add_record (batch *b, const tt_import_record *record)
{
    if (b->items == NULL)
        b->items = tt_alloc_zero (BATCH_ITEMS, sizeof *b->items);
    item *it = &b->items[b->count++];
    *it = (item){ .number = record->number, .line = record->line, .end = record->end, .noted = record->notes[0] != '\0' };
    tt_buffer_append (&it->text, record->text.data, record->text.size < KEPT_TEXT ? record->text.size : KEPT_TEXT);
    if (record->reason) {
        it->reason = tt_strdup (record->reason);
        return;
    }
    it->sent = true;
    b->sent++;
    b->withdrawal = record->withdrawal;
    if (record->withdrawal)
        append_message (&b->body, record->message);
    else
        append_field (&b->body, record->message);
}

static tt_status
print_record (const sender *s, const tt_import_record *record)
{
    json_t *json = NULL;
    if (s->upload->print == NULL || record->message == NULL)
        return TT_OK;
    tt_status status = tt_json_from_message (record->message, 0, &json, s->error);
    if (status == TT_OK && (json_dumpf (json, s->upload->print, JSON_COMPACT) != 0 || fputc ('\n', s->upload->print) == EOF))
        status = tt_fail (s->error, TT_INTERNAL, "a record could not be written");
    json_decref (json);
    return status;
}

static bool
is_full (const sender *s, const batch *b)
{
    size_t most = targets[s->upload->kind].many && !b->withdrawal ? s->upload->batch : 1;
    return b->sent >= most || b->body.size >= BATCH_BYTES || b->count == BATCH_ITEMS;
}

static tt_status
settle_item (sender *s, const item *it)
{
    tt_ledger *ledger = s->upload->ledger;
    tt_ledger_counts *counts = tt_ledger_count (ledger);
    counts->read++;
    counts->notes += it->noted;
    if (it->reason)
        return tt_ledger_reject (ledger, it->line, it->number, it->reason, (tt_bytes){ it->text.data, it->text.size }, s->error);
    if (it->quarantined) {
        counts->quarantined++;
        return TT_OK;
    }
    counts->accepted++;
    counts->unchanged += it->unchanged;
    counts->withdrawn += it->withdrawn;
    return TT_OK;
}

/* The batches at the front whose outcome is known, in order. */
static tt_status
settle (sender *s)
{
    while (s->count > 0 && !s->ring[s->first].under_way) {
        batch *b = &s->ring[s->first];
        tt_status status = TT_OK;
        for (size_t i = 0; i < b->count && status == TT_OK; i++)
            status = settle_item (s, &b->items[i]);
        if (status == TT_OK && b->count > 0)
            status = tt_ledger_settle (s->upload->ledger, b->items[b->count - 1].number, b->items[b->count - 1].end, s->error);
        if (status != TT_OK)
            return status;
        clear_batch (b);
        s->first = (s->first + 1) % WINDOW;
        s->count--;
    }
    if (s->upload->progress)
        s->upload->progress (s->upload->context, tt_ledger_count (s->upload->ledger));
    return TT_OK;
}

static void
reject_item (item *it, const char *reason)
{
    free (it->reason);
    it->reason = tt_strdup (reason);
}

/* What the service says of one record of a batch. */
static void
take_result (item *it, const json_t *result)
{
    const char *outcome = json_string_value (json_object_get (result, "outcome"));
    tt_buffer reason = { 0 };
    if (outcome && strcmp (outcome, "REJECTED") != 0) {
        it->unchanged = strcmp (outcome, "UNCHANGED") == 0;
        it->quarantined = strcmp (outcome, "QUARANTINED") == 0;
        return;
    }
    const json_t *violations = json_object_get (result, "violations");
    for (size_t i = 0; i < json_array_size (violations); i++)
        tt_buffer_printf (&reason, "%s%s", i ? "; " : "", json_string_value (json_array_get (violations, i)));
    reject_item (it, reason.size ? tt_buffer_cstr (&reason) : "refused by the service without a reason");
    tt_buffer_free (&reason);
}

/* The one record of a withdrawal; `already`, or unknown to the service, is unchanged. */
static tt_status
take_withdrawal (sender *s, batch *b, const tt_client_reply *reply)
{
    Techtransfer__Achievement__V1__WithdrawAchievementReply *done = NULL;
    bool unknown = reply->result.code == TT_NOT_FOUND;
    if (!unknown)
        done = techtransfer__achievement__v1__withdraw_achievement_reply__unpack (NULL, reply->body.size, reply->body.data);
    if (!unknown && done == NULL)
        return tt_fail (s->error, TT_DATA_LOSS, "the reply of the service cannot be read");
    for (size_t i = 0; i < b->count; i++)
        if (b->items[i].sent) {
            b->items[i].unchanged = unknown || done->already;
            b->items[i].withdrawn = !b->items[i].unchanged;
        }
    if (done)
        techtransfer__achievement__v1__withdraw_achievement_reply__free_unpacked (done, NULL);
    return TT_OK;
}

/* Of a service that takes one record: whether it says that it had the same already. */
static tt_status
take_one (sender *s, batch *b, tt_bytes body)
{
    const ProtobufCMessageDescriptor *type = targets[s->upload->kind].reply;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name (type, "changed");
    if (!field)
        return TT_OK;
    ProtobufCMessage *message = protobuf_c_message_unpack (type, NULL, body.size, body.data);
    if (message == NULL)
        return tt_fail (s->error, TT_DATA_LOSS, "the reply of the service cannot be read");
    bool changed = *(const protobuf_c_boolean *)((const uint8_t *)message + field->offset);
    protobuf_c_message_free_unpacked (message, NULL);
    for (size_t i = 0; i < b->count; i++)
        b->items[i].unchanged = b->items[i].sent && !changed;
    return TT_OK;
}

static tt_status
take_results (sender *s, batch *b, tt_bytes body)
{
    const ProtobufCMessageDescriptor *type = targets[s->upload->kind].reply;
    json_t *reply = NULL;
    size_t next = 0;
    if (!targets[s->upload->kind].many)
        return take_one (s, b, body);
    ProtobufCMessage *message = protobuf_c_message_unpack (type, NULL, body.size, body.data);
    if (message == NULL)
        return tt_fail (s->error, TT_DATA_LOSS, "the reply of the service cannot be read");
    tt_status status = tt_json_from_message (message, 0, &reply, s->error);
    protobuf_c_message_free_unpacked (message, NULL);
    const json_t *results = json_object_get (reply, "results");
    if (status == TT_OK && json_array_size (results) != b->sent)
        status = tt_fail (s->error, TT_DATA_LOSS, "the service answered for %zu records, %zu were sent",
                          json_array_size (results), b->sent);
    for (size_t i = 0; i < b->count && status == TT_OK; i++)
        if (b->items[i].sent)
            take_result (&b->items[i], json_array_get (results, next++));
    json_decref (reply);
    return status;
}

/* The service refuses the command as such: what is wrong with the records is their rejection, anything else ends the upload. */
static tt_status
take_refusal (sender *s, batch *b, const tt_call_result *result)
{
    tt_buffer reason = { 0 };
    bool of_records = result->code == TT_INVALID_ARGUMENT || result->code == TT_NOT_FOUND || result->code == TT_ALREADY_EXISTS
                      || result->code == TT_FAILED_PRECONDITION || result->code == TT_OUT_OF_RANGE;
    if (!of_records)
        return tt_fail (s->error, result->code, "%s: %s", tt_status_name (result->code), result->message);
    tt_buffer_text (&reason, result->message);
    for (size_t i = 0; i < result->violation_count; i++)
        tt_buffer_printf (&reason, "; %s: %s", result->violations[i].path, result->violations[i].reason);
    for (size_t i = 0; i < b->count; i++)
        if (b->items[i].sent)
            reject_item (&b->items[i], tt_buffer_cstr (&reason));
    tt_buffer_free (&reason);
    return TT_OK;
}

static tt_status
take_reply (sender *s, const tt_client_reply *reply)
{
    for (size_t i = 0; i < s->count; i++) {
        batch *b = &s->ring[(s->first + i) % WINDOW];
        if (!b->under_way || b->ticket != reply->ticket)
            continue;
        b->under_way = false;
        if (b->withdrawal && (reply->result.code == TT_OK || reply->result.code == TT_NOT_FOUND))
            return take_withdrawal (s, b, reply);
        return reply->result.code == TT_OK ? take_results (s, b, reply->body) : take_refusal (s, b, &reply->result);
    }
    return TT_OK;
}

/* Waits for one reply, and settles what it lets settle. */
static tt_status
wait_one (sender *s)
{
    tt_client_reply reply;
    tt_status status = tt_client_receive (s->upload->client, -1, &reply);
    if (status != TT_OK)
        return tt_fail (s->error, status == TT_NOT_FOUND ? TT_INTERNAL : status, "no reply from the service");
    status = take_reply (s, &reply);
    return status == TT_OK ? settle (s) : status;
}

/* A record and its deletion must not overtake each other: commands of one kind wait until those of the other are answered. The
 * batch that waits is no settled one, although nothing of it is sent yet. */
static tt_status
let_others_pass (sender *s, batch *b)
{
    tt_status status = TT_OK;
    b->under_way = true;
    b->ticket = UINT64_MAX;
    while (status == TT_OK && s->count > 1 && s->ring[s->first].under_way && s->ring[s->first].withdrawal != b->withdrawal)
        status = wait_one (s);
    return status;
}

/* Sends the batch that was being filled; a batch of rejected records only has nothing to send. */
static tt_status
launch (sender *s, batch *b)
{
    if (b->sent == 0 || s->upload->client == NULL)
        return settle (s);
    tt_status status = let_others_pass (s, b);
    if (status != TT_OK)
        return status;
    status = tt_client_send (s->upload->client, b->withdrawal ? WITHDRAW : targets[s->upload->kind].method,
                             (tt_bytes){ b->body.data, b->body.size }, &b->ticket, s->error);
    b->under_way = status == TT_OK;
    tt_buffer_free (&b->body);
    return status;
}

/* A batch to fill, once there is room in the window. */
static tt_status
open_batch (sender *s, batch **out)
{
    tt_status status = TT_OK;
    while (status == TT_OK && s->count == WINDOW)
        status = wait_one (s);
    *out = &s->ring[(s->first + s->count) % WINDOW];
    s->count += status == TT_OK;
    return status;
}

static tt_status
next_record (sender *s, const tt_import_record **record)
{
    *record = s->held;
    s->held = NULL;
    return *record ? TT_OK : tt_import_next (s->upload->import, record, s->error);
}

static tt_status
fill_and_launch (sender *s, bool *more)
{
    batch *b;
    const tt_import_record *record = NULL;
    tt_status status = open_batch (s, &b);
    while (status == TT_OK && !is_full (s, b)) {
        status = next_record (s, &record);
        if (status != TT_OK || record == NULL)
            break;
        if (b->sent > 0 && record->message && record->withdrawal != b->withdrawal) {
            s->held = record;
            break;
        }
        add_record (b, record);
        status = print_record (s, record);
    }
    *more = record != NULL;
    return status == TT_OK ? launch (s, b) : status;
}

tt_status
tt_upload_run (const tt_upload *upload, tt_error *error)
{
    sender s = { .upload = upload, .error = error };
    bool more = true;
    tt_status status = TT_OK;
    while (status == TT_OK && more)
        status = fill_and_launch (&s, &more);
    while (status == TT_OK && s.count > 0)
        status = upload->client && s.ring[s.first].under_way ? wait_one (&s) : settle (&s);
    for (size_t i = 0; i < WINDOW; i++)
        clear_batch (&s.ring[i]);
    return status;
}
