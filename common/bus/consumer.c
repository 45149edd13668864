#include "bus/consumer.h"

#include <string.h>

#include "base/clock.h"
#include "bus/client.h"
#include "envelope.pb-c.h"

#define PARTITIONS_MAX 1024
#define SIGN_OF_LIFE_US 60000000
#define NEVER UINT64_MAX
#define ACKNOWLEDGE "techtransfer.v1.Journal/AcknowledgeEvents"
#define LIST "techtransfer.v1.Journal/ListConsumers"

struct tt_consumer {
    char *name;
    tt_client *client;
    int64_t every_us;
    int64_t sent_us;     /* the last acknowledgement */
    int64_t all_sent_us; /* the last one of all partitions */
    uint64_t *said;      /* of each partition: acknowledged, or under way; NEVER: to be said again */
    uint32_t *places;    /* of the items under way: their partitions */
    size_t place_count;
    uint64_t *from; /* lent out by tt_consumer_positions, with the epochs */
    const char **epochs;
    ProtobufCMessage *listed; /* owns their texts */
};

tt_status
tt_consumer_open (tt_consumer **out, const tt_consumer_options *options, tt_error *error)
{
    *out = NULL;
    if (options->name == NULL || options->name[0] == '\0')
        return tt_fail (error, TT_INVALID_ARGUMENT, "consumer: a name is required");
    tt_client *client = NULL;
    tt_client_options client_options
        = { .endpoints = options->commands, .timeout_ms = options->timeout_ms ? options->timeout_ms : 10000 };
    tt_status status = tt_client_open (&client, &client_options, error);
    if (status != TT_OK)
        return status;
    tt_consumer *self = tt_alloc_zero (1, sizeof *self);
    self->name = tt_strdup (options->name);
    self->client = client;
    self->every_us = 1000 * (int64_t)(options->every_ms ? options->every_ms : 1000);
    self->said = tt_alloc (PARTITIONS_MAX * sizeof *self->said);
    self->places = tt_alloc (PARTITIONS_MAX * sizeof *self->places);
    self->from = tt_alloc (PARTITIONS_MAX * sizeof *self->from);
    self->epochs = tt_alloc (PARTITIONS_MAX * sizeof *self->epochs);
    for (size_t i = 0; i < PARTITIONS_MAX; i++)
        self->said[i] = NEVER;
    *out = self;
    return TT_OK;
}

static void
forget_list (tt_consumer *self)
{
    if (self->listed)
        protobuf_c_message_free_unpacked (self->listed, NULL);
    self->listed = NULL;
}

void
tt_consumer_close (tt_consumer **reference)
{
    tt_consumer *self = *reference;
    if (self == NULL)
        return;
    tt_client_close (&self->client);
    free (self->name);
    free (self->said);
    free (self->places);
    free (self->from);
    free (self->epochs);
    forget_list (self);
    free (self);
    *reference = NULL;
}

/* -- where it stands -- */

static tt_status
take_positions (tt_consumer *self, tt_consumer_start *start, tt_error *error)
{
    const Techtransfer__V1__ListConsumersReply *reply = (const Techtransfer__V1__ListConsumersReply *)self->listed;
    if (reply->n_consumers == 0)
        return tt_fail (error, TT_NOT_FOUND, "no consumer %s is registered", self->name);
    if (reply->partition_count > PARTITIONS_MAX)
        return tt_fail (error, TT_DATA_LOSS, "the service says that it has %u partitions", reply->partition_count);
    const Techtransfer__V1__Consumer *consumer = reply->consumers[0];
    for (uint32_t p = 0; p < reply->partition_count; p++) {
        self->from[p] = 1;
        self->epochs[p] = "";
    }
    for (size_t i = 0; i < consumer->n_partitions; i++) {
        const Techtransfer__V1__ConsumerPartition *at = consumer->partitions[i];
        if (at->partition >= reply->partition_count)
            continue;
        self->from[at->partition] = at->acknowledged + 1;
        self->epochs[at->partition] = at->epoch;
    }
    *start = (tt_consumer_start){ self->from, self->epochs, reply->partition_count };
    return TT_OK;
}

tt_status
tt_consumer_positions (tt_consumer *self, tt_consumer_start *start, tt_error *error)
{
    Techtransfer__V1__ListConsumersRequest request = TECHTRANSFER__V1__LIST_CONSUMERS_REQUEST__INIT;
    tt_call_result result = { 0 };
    *start = (tt_consumer_start){ 0 };
    request.consumer = self->name;
    forget_list (self);
    tt_status status = tt_client_call (self->client, LIST, &request.base, &techtransfer__v1__list_consumers_reply__descriptor,
                                       &self->listed, &result);
    return status == TT_OK ? take_positions (self, start, error) : tt_fail (error, status, "%s", result.message);
}

/* -- acknowledging -- */

/* What was under way is to be said again. */
static void
take_back (tt_consumer *self)
{
    for (size_t i = 0; i < self->place_count; i++)
        self->said[self->places[i]] = NEVER;
    self->place_count = 0;
}

static tt_status
take_results (tt_consumer *self, tt_bytes body, tt_error *error)
{
    tt_status status = TT_OK;
    Techtransfer__V1__AcknowledgeEventsReply *reply
        = techtransfer__v1__acknowledge_events_reply__unpack (NULL, body.size, body.data);
    if (reply == NULL || reply->n_results != self->place_count) {
        take_back (self);
        status = tt_fail (error, TT_DATA_LOSS, "the reply to an acknowledgement cannot be read");
    }
    for (size_t i = 0; status == TT_OK && i < self->place_count; i++) {
        if (reply->results[i]->code == 0)
            continue;
        self->said[self->places[i]] = NEVER;
        status = reply->results[i]->code < TT_STATUS_COUNT ? (tt_status)reply->results[i]->code : TT_UNKNOWN;
        status = tt_fail (error, status, "consumer %s: %s", self->name, reply->results[i]->message);
    }
    for (size_t i = 0; reply && i < self->place_count; i++)
        if (reply->results[i]->code)
            self->said[self->places[i]] = NEVER;
    self->place_count = 0;
    if (reply)
        techtransfer__v1__acknowledge_events_reply__free_unpacked (reply, NULL);
    return status;
}

/* What came of the acknowledgement under way. TT_OK also if nothing came within wait_ms. */
static tt_status
hear (tt_consumer *self, int wait_ms, tt_error *error)
{
    tt_client_reply reply;
    if (self->place_count == 0)
        return TT_OK;
    tt_status status = tt_client_receive (self->client, wait_ms, &reply);
    if (status == TT_DEADLINE_EXCEEDED)
        return TT_OK;
    if (status == TT_OK && reply.result.code == TT_OK)
        return take_results (self, reply.body, error);
    take_back (self);
    return tt_fail (error, status == TT_OK ? reply.result.code : status, "consumer %s: %s", self->name,
                    status == TT_OK ? reply.result.message : "its acknowledgement is gone");
}

/* The positions that moved, as items of a request. */
static size_t
gather (tt_consumer *self, const uint64_t *positions, const char *const *epochs, size_t count,
        Techtransfer__V1__ConsumerPosition *items)
{
    bool all = tt_clock_monotonic_us () - self->all_sent_us >= SIGN_OF_LIFE_US || self->all_sent_us == 0;
    self->place_count = 0;
    for (uint32_t p = 0; p < count && p < PARTITIONS_MAX; p++) {
        if (!all && self->said[p] == positions[p])
            continue;
        Techtransfer__V1__ConsumerPosition *item = &items[self->place_count];
        *item = (Techtransfer__V1__ConsumerPosition)TECHTRANSFER__V1__CONSUMER_POSITION__INIT;
        item->consumer = self->name;
        item->partition = p;
        item->sequence = self->said[p] = positions[p];
        item->epoch = (char *)(epochs && epochs[p] ? epochs[p] : "");
        self->places[self->place_count++] = p;
    }
    if (all)
        self->all_sent_us = tt_clock_monotonic_us ();
    return self->place_count;
}

static tt_status
say (tt_consumer *self, const uint64_t *positions, const char *const *epochs, size_t count, tt_error *error)
{
    Techtransfer__V1__AcknowledgeEventsRequest request = TECHTRANSFER__V1__ACKNOWLEDGE_EVENTS_REQUEST__INIT;
    Techtransfer__V1__ConsumerPosition *items = tt_alloc ((count + 1) * sizeof *items);
    Techtransfer__V1__ConsumerPosition **list = tt_alloc ((count + 1) * sizeof *list);
    tt_status status = TT_OK;
    request.n_positions = gather (self, positions, epochs, count, items);
    for (size_t i = 0; i < request.n_positions; i++)
        list[i] = &items[i];
    request.positions = list;
    self->sent_us = tt_clock_monotonic_us ();
    if (request.n_positions > 0) {
        size_t size = techtransfer__v1__acknowledge_events_request__get_packed_size (&request);
        uint8_t *body = tt_alloc (size);
        techtransfer__v1__acknowledge_events_request__pack (&request, body);
        status = tt_client_send (self->client, ACKNOWLEDGE, (tt_bytes){ body, size }, NULL, error);
        free (body);
    }
    if (status != TT_OK)
        take_back (self);
    free (items);
    free (list);
    return status;
}

tt_status
tt_consumer_acknowledge (tt_consumer *self, const uint64_t *positions, const char *const *epochs, size_t count, int wait_ms,
                         tt_error *error)
{
    tt_status status = hear (self, wait_ms, error);
    if (status != TT_OK || self->place_count > 0)
        return self->place_count > 0 && wait_ms ? tt_fail (error, TT_DEADLINE_EXCEEDED, "consumer %s: no answer", self->name)
                                                : status;
    if (wait_ms == 0 && tt_clock_monotonic_us () - self->sent_us < self->every_us && self->sent_us)
        return TT_OK;
    status = say (self, positions, epochs, count, error);
    if (status != TT_OK || wait_ms == 0)
        return status;
    status = hear (self, wait_ms, error);
    return status == TT_OK && self->place_count > 0 ? tt_fail (error, TT_DEADLINE_EXCEEDED, "consumer %s: no answer", self->name)
                                                    : status;
}
