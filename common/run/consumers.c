#include "run/consumers.h"

#include <stdio.h>
#include <string.h>

#include "wire/validate.h"

#define POSITIONS_MAX 1024        /* acknowledged in one command */
#define CONSUMERS_MAX 1024        /* of a stream */
#define CONSUMER_PLACES_MAX 65536 /* consumers times partitions: what a list of them can hold */
#define COUNT_TABLE "consumers.count"
#define COUNT_KEY "all"
#define SIGN_OF_LIFE_MS 60000 /* an acknowledgement of the same position is written down after so long */

typedef Techtransfer__V1__ConsumerPartition consumer_row;

static void *
take (void *arena, size_t size)
{
    return tt_arena_alloc (arena, size);
}

static void
leave (void *arena, void *memory)
{
    (void)arena;
    (void)memory; /* the arena frees all at once */
}

/* The row of a consumer in a partition; one with all defaults if the bytes are none. */
static const consumer_row *
row_of (tt_arena *arena, tt_bytes packed)
{
    static const consumer_row nothing = TECHTRANSFER__V1__CONSUMER_PARTITION__INIT;
    ProtobufCAllocator allocator = { take, leave, arena };
    const consumer_row *row = techtransfer__v1__consumer_partition__unpack (&allocator, packed.size, packed.data);
    return row ? row : &nothing;
}

static uint32_t
consumers_max (uint32_t partitions)
{
    return CONSUMER_PLACES_MAX / partitions < CONSUMERS_MAX ? CONSUMER_PLACES_MAX / partitions : CONSUMERS_MAX;
}

static tt_bytes
count_key (void)
{
    return tt_bytes_of_text (COUNT_KEY);
}

/* Puts a consumer's position; `fresh`: it becomes one more. */
static void
put_position (tt_txn *txn, const char *consumer, uint64_t sequence, const char *epoch, bool fresh)
{
    consumer_row row = TECHTRANSFER__V1__CONSUMER_PARTITION__INIT;
    tt_bytes key = tt_bytes_of_text (consumer);
    row.acknowledged = sequence;
    row.epoch = (char *)epoch;
    row.acknowledged_unix_ms = tt_txn_now (txn);
    tt_txn_put_message (txn, TT_CONSUMERS, key, &row.base);
    tt_txn_index_put (txn, TT_CONSUMERS, key, (int64_t)sequence);
    if (fresh)
        tt_txn_add (txn, COUNT_TABLE, count_key (), 1, 0, consumers_max (tt_txn_partitions (txn)));
}

static bool
is_name (tt_txn *txn, const char *name)
{
    tt_violations violations = { .count = 0 };
    bool good = tt_check_identifier (&violations, "consumer", name);
    if (!good)
        tt_txn_violation (txn, "consumer", "%s", violations.items[0].reason);
    tt_violations_free (&violations);
    return good;
}

/* -- acknowledging: a position of a bulk command -- */

static void
answer (tt_txn *txn, tt_status code, const char *message, uint64_t sequence)
{
    Techtransfer__V1__AcknowledgeResult result = TECHTRANSFER__V1__ACKNOWLEDGE_RESULT__INIT;
    result.code = (uint32_t)code;
    result.message = (char *)message;
    result.sequence = sequence;
    tt_txn_reply (txn, &result.base);
}

/* What is wrong with a position by itself, or NULL. */
static const char *
fault_of (tt_txn *txn, const Techtransfer__V1__ConsumerPosition *position)
{
    tt_violations violations = { .count = 0 };
    const char *fault = NULL;
    if (!tt_check_identifier (&violations, "consumer", position->consumer))
        fault = tt_arena_printf (tt_txn_arena (txn), "consumer: %s", violations.items[0].reason);
    else if (position->partition >= tt_txn_partitions (txn))
        fault = tt_arena_printf (tt_txn_arena (txn), "partition: %u is not from 0 to %u", position->partition, tt_txn_partitions (txn) - 1);
    else if (strlen (position->epoch) >= TT_EPOCH_SIZE)
        fault = tt_arena_printf (tt_txn_arena (txn), "epoch: at most %d bytes are allowed", TT_EPOCH_SIZE - 1);
    tt_violations_free (&violations);
    return fault;
}

/* Trimming follows acknowledgements: one of events that the journal does not have would let it trim others that take their numbers. */
static bool
was_lost (tt_txn *txn, const tt_standing *standing, const Techtransfer__V1__ConsumerPosition *position)
{
    uint64_t end;
    if (tt_standing_has (standing, position->sequence, position->epoch, &end))
        return false;
    answer (txn, TT_DATA_LOSS,
            position->sequence <= end
                ? tt_arena_printf (tt_txn_arena (txn), "partition %u: the epoch %s is not in its history", position->partition, position->epoch)
                : tt_arena_printf (tt_txn_arena (txn), "partition %u: of what was seen the journal has only what is up to sequence %llu",
                                   position->partition, (unsigned long long)end),
            0);
    return true;
}

static void
acknowledge (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const Techtransfer__V1__ConsumerPosition *position = message;
    const char *fault = fault_of (txn, position);
    if (fault) {
        answer (txn, TT_INVALID_ARGUMENT, fault, 0);
        return;
    }
    tt_txn_at_partition (txn, position->partition);
    const tt_standing *standing = tt_txn_standing (txn, position->partition, "");
    const tt_row *row = tt_txn_get (txn, TT_CONSUMERS, tt_bytes_of_text (position->consumer));
    if (tt_txn_pending (txn) || was_lost (txn, standing, position))
        return;
    if (!row->present && tt_txn_bound_failed (txn, COUNT_TABLE, count_key ())) {
        answer (txn, TT_FAILED_PRECONDITION,
                tt_arena_printf (tt_txn_arena (txn), "there are %u consumers: no more can be registered", consumers_max (tt_txn_partitions (txn))),
                0);
        return;
    }
    const consumer_row *known = row_of (tt_txn_arena (txn), row->value);
    uint64_t sequence = known->acknowledged > position->sequence ? known->acknowledged : position->sequence;
    if (!row->present || sequence > known->acknowledged)
        put_position (txn, position->consumer, sequence, position->epoch, !row->present);
    else if (tt_txn_now (txn) - known->acknowledged_unix_ms >= SIGN_OF_LIFE_MS)
        put_position (txn, position->consumer, sequence, known->epoch, false);
    answer (txn, TT_OK, "", sequence);
}

/* -- resetting: one partition a step -- */

typedef Techtransfer__V1__ResetConsumerRequest reset_request;

/* The standings of all partitions, with the consumer where it is registered; false: not read yet. */
static bool
read_all (tt_txn *txn, const char *consumer, const tt_standing ***standings)
{
    uint32_t partitions = tt_txn_partitions (txn);
    *standings = tt_arena_alloc (tt_txn_arena (txn), partitions * sizeof **standings);
    for (uint32_t p = 0; p < partitions; p++)
        (*standings)[p] = tt_txn_standing (txn, p, consumer);
    return !tt_txn_pending (txn);
}

static uint32_t
count_registered (tt_txn *txn, const tt_standing **standings)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < tt_txn_partitions (txn); p++)
        count += standings[p]->consumer_count > 0;
    return count;
}

static uint32_t
target_count (const tt_txn *txn, const reset_request *request)
{
    return request->target == TECHTRANSFER__V1__RESET_TARGET__RESET_TO_POSITIONS ? (uint32_t)request->n_positions : tt_txn_partitions (txn);
}

static uint32_t
target_partition (const reset_request *request, uint32_t i)
{
    return request->target == TECHTRANSFER__V1__RESET_TARGET__RESET_TO_POSITIONS ? request->positions[i]->partition : i;
}

static uint64_t
target_sequence (const reset_request *request, uint32_t i, const tt_standing *standing)
{
    if (request->target == TECHTRANSFER__V1__RESET_TARGET__RESET_TO_POSITIONS)
        return request->positions[i]->sequence;
    bool earliest = request->target == TECHTRANSFER__V1__RESET_TARGET__RESET_TO_EARLIEST;
    return earliest && standing->earliest ? standing->earliest - 1 : standing->head;
}

static void
check_form (tt_txn *txn, const reset_request *request)
{
    uint32_t partitions = tt_txn_partitions (txn);
    if (!is_name (txn, request->consumer))
        return;
    bool listed = request->target == TECHTRANSFER__V1__RESET_TARGET__RESET_TO_POSITIONS;
    if (request->target < TECHTRANSFER__V1__RESET_TARGET__RESET_TO_POSITIONS || request->target > TECHTRANSFER__V1__RESET_TARGET__RESET_TO_HEAD)
        tt_txn_violation (txn, "target", "RESET_TO_POSITIONS, RESET_TO_EARLIEST or RESET_TO_HEAD is expected");
    else if (listed ? request->n_positions < 1 || request->n_positions > partitions : request->n_positions > 0)
        tt_txn_violation (txn, "positions", "%zu positions; 1 to %u with RESET_TO_POSITIONS and else none are allowed", request->n_positions,
                          partitions);
    bool *seen = tt_arena_zero (tt_txn_arena (txn), partitions * sizeof *seen);
    for (size_t i = 0; i < request->n_positions && !tt_txn_refused (txn); i++) {
        uint32_t partition = request->positions[i]->partition;
        char *path = tt_arena_printf (tt_txn_arena (txn), "positions[%zu].partition", i);
        if (partition >= partitions)
            tt_txn_violation (txn, path, "%u is not from 0 to %u", partition, partitions - 1);
        else if (seen[partition])
            tt_txn_violation (txn, path, "%u is there twice", partition);
        else
            seen[partition] = true;
    }
}

/* Before the first step, so that a request that cannot be fulfilled changes nothing. */
static void
check_state (tt_txn *txn, const reset_request *request, const tt_standing **standings)
{
    if (count_registered (txn, standings) == 0 && !request->create)
        tt_txn_refuse (txn, TT_NOT_FOUND, "no consumer %s is registered", request->consumer);
    for (size_t i = 0; i < request->n_positions && !tt_txn_refused (txn); i++) {
        const Techtransfer__V1__PartitionPosition *position = request->positions[i];
        const tt_standing *standing = standings[position->partition];
        uint64_t least = standing->earliest ? standing->earliest - 1 : standing->head;
        if (position->sequence < least || position->sequence > standing->head)
            tt_txn_refuse (txn, TT_OUT_OF_RANGE, "partition %u: %llu is not from %llu (before the earliest that is kept) to %llu (the head)",
                           position->partition, (unsigned long long)position->sequence, (unsigned long long)least,
                           (unsigned long long)standing->head);
    }
}

/* One partition; where the consumer is not registered and not to be, nothing. */
static void
reset_one (tt_txn *txn, const reset_request *request, const tt_standing *standing)
{
    const tt_row *row = tt_txn_get (txn, TT_CONSUMERS, tt_bytes_of_text (request->consumer));
    if (row == NULL || (!row->present && !request->create))
        return;
    if (!row->present && tt_txn_bound_failed (txn, COUNT_TABLE, count_key ()))
        tt_txn_refuse (txn, TT_FAILED_PRECONDITION, "there are %u consumers: no more can be registered", consumers_max (tt_txn_partitions (txn)));
    else {
        uint64_t sequence = target_sequence (request, tt_txn_step (txn), standing);
        bool at_head = sequence == standing->head; /* of what is older the present epoch says nothing */
        put_position (txn, request->consumer, sequence, at_head ? standing->epoch : "", !row->present);
    }
}

static void
reset (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const reset_request *request = message;
    uint32_t step = tt_txn_step (txn);
    const tt_standing **standings = NULL;
    check_form (txn, request);
    if (tt_txn_refused (txn))
        return;
    uint32_t last = target_count (txn, request) - 1, partition = target_partition (request, step);
    if ((step == 0 || step == last) && !read_all (txn, request->consumer, &standings))
        return;
    if (step == 0)
        check_state (txn, request, standings);
    if (tt_txn_refused (txn))
        return;
    tt_txn_at_partition (txn, partition);
    const tt_standing *standing = tt_txn_standing (txn, partition, request->consumer);
    if (standing)
        reset_one (txn, request, standing);
    if (tt_txn_pending (txn) || tt_txn_refused (txn))
        return;
    if (step < last) {
        tt_txn_then (txn);
        return;
    }
    Techtransfer__V1__ResetConsumerReply reply = TECHTRANSFER__V1__RESET_CONSUMER_REPLY__INIT;
    for (uint32_t i = 0; i <= last; i++)
        reply.partitions += request->create || standings[target_partition (request, i)]->consumer_count > 0;
    tt_txn_reply (txn, &reply.base);
}

/* -- removing: one partition a step -- */

static void
remove_one (tt_txn *txn, tt_bytes name)
{
    int64_t lost = 0;
    const tt_row *row = tt_txn_get (txn, TT_CONSUMERS, name);
    if (!tt_txn_number (txn, TT_CONSUMERS_LOST, name, &lost) || row == NULL || !row->present)
        return;
    tt_txn_delete (txn, TT_CONSUMERS, name);
    tt_txn_index_remove (txn, TT_CONSUMERS, name);
    tt_txn_add (txn, COUNT_TABLE, count_key (), -1, 0, CONSUMERS_MAX);
    if (lost) /* the trim function drops numbers without a consumer; who takes the name before that begins at 0 */
        tt_txn_add (txn, TT_CONSUMERS_LOST, name, -lost, 0, INT64_C (1) << 53);
}

static void
remove_consumer (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const Techtransfer__V1__RemoveConsumerRequest *request = message;
    uint32_t step = tt_txn_step (txn);
    const tt_standing **standings;
    if (!is_name (txn, request->consumer))
        return;
    if (step == 0 && !read_all (txn, request->consumer, &standings))
        return;
    if (step == 0 && count_registered (txn, standings) == 0) {
        tt_txn_at_partition (txn, 0);
        tt_txn_refuse (txn, TT_NOT_FOUND, "no consumer %s is registered", request->consumer);
        return;
    }
    tt_txn_at_partition (txn, step);
    remove_one (txn, tt_bytes_of_text (request->consumer));
    if (step + 1 < tt_txn_partitions (txn))
        tt_txn_then (txn);
    Techtransfer__V1__RemoveConsumerReply reply = TECHTRANSFER__V1__REMOVE_CONSUMER_REPLY__INIT;
    tt_txn_reply (txn, &reply.base);
}

/* -- listing -- */

struct place {
    uint32_t partition;
    const tt_standing *standing;
    const tt_consumer_standing *consumer;
};

static int
by_name_and_partition (const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    size_t n = x->consumer->name.size < y->consumer->name.size ? x->consumer->name.size : y->consumer->name.size;
    int order = memcmp (x->consumer->name.data, y->consumer->name.data, n);
    if (order == 0)
        order = (x->consumer->name.size > y->consumer->name.size) - (x->consumer->name.size < y->consumer->name.size);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

static size_t
places_of (tt_arena *arena, const tt_standing *const *standings, uint32_t partitions, struct place **places)
{
    size_t count = 0, n = 0;
    for (uint32_t p = 0; p < partitions; p++)
        count += standings[p]->consumer_count;
    *places = tt_arena_alloc (arena, (count + 1) * sizeof **places);
    for (uint32_t p = 0; p < partitions; p++)
        for (size_t i = 0; i < standings[p]->consumer_count; i++)
            (*places)[n++] = (struct place){ p, standings[p], &standings[p]->consumers[i] };
    qsort (*places, count, sizeof **places, by_name_and_partition);
    return count;
}

static consumer_row *
describe (tt_arena *arena, const struct place *place)
{
    const tt_standing *standing = place->standing;
    consumer_row *row = tt_arena_alloc (arena, sizeof *row);
    *row = *row_of (arena, place->consumer->row);
    row->partition = place->partition;
    row->head = standing->head;
    row->earliest = standing->earliest;
    row->lost = place->consumer->lost;
    uint64_t gone = standing->earliest ? standing->earliest - 1 : standing->head;
    uint64_t done = row->acknowledged > gone ? row->acknowledged : gone;
    row->lag = standing->head > done ? standing->head - done : 0;
    return row;
}

static Techtransfer__V1__Consumer *
add_up (tt_arena *arena, const struct place *places, size_t count)
{
    Techtransfer__V1__Consumer *consumer = tt_arena_alloc (arena, sizeof *consumer);
    *consumer = (Techtransfer__V1__Consumer)TECHTRANSFER__V1__CONSUMER__INIT;
    consumer->name = tt_arena_strndup (arena, (const char *)places->consumer->name.data, places->consumer->name.size);
    consumer->partitions = tt_arena_alloc (arena, count * sizeof *consumer->partitions);
    for (size_t i = 0; i < count; i++) {
        consumer_row *row = consumer->partitions[consumer->n_partitions++] = describe (arena, &places[i]);
        consumer->lag += row->lag;
        consumer->lost += row->lost;
        if (row->acknowledged_unix_ms > consumer->acknowledged_unix_ms)
            consumer->acknowledged_unix_ms = row->acknowledged_unix_ms;
    }
    return consumer;
}

size_t
tt_consumers_list (tt_arena *arena, const tt_standing *const *standings, uint32_t partitions, Techtransfer__V1__Consumer ***list)
{
    struct place *places;
    size_t count = places_of (arena, standings, partitions, &places), consumers = 0;
    *list = tt_arena_alloc (arena, (count + 1) * sizeof **list);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && tt_bytes_equal (places[end].consumer->name, places[begin].consumer->name);)
            end++;
        (*list)[consumers++] = add_up (arena, places + begin, end - begin);
    }
    return consumers;
}

static void
list (tt_txn *txn, const void *message, void *service)
{
    (void)service;
    const Techtransfer__V1__ListConsumersRequest *request = message;
    const tt_standing **standings;
    if (request->consumer[0] && !is_name (txn, request->consumer))
        return;
    if (!read_all (txn, request->consumer[0] ? request->consumer : "*", &standings))
        return;
    Techtransfer__V1__ListConsumersReply reply = TECHTRANSFER__V1__LIST_CONSUMERS_REPLY__INIT;
    reply.partition_count = tt_txn_partitions (txn);
    reply.n_consumers = tt_consumers_list (tt_txn_arena (txn), standings, reply.partition_count, &reply.consumers);
    tt_txn_reply (txn, &reply.base);
}

#define REQUEST(name) &techtransfer__v1__##name##__descriptor
const tt_method tt_consumer_methods[TT_CONSUMER_METHODS] = {
    { .name = "techtransfer.v1.Journal/AcknowledgeEvents",
      .request = REQUEST (acknowledge_events_request),
      .items = "positions",
      .max_items = POSITIONS_MAX,
      .handle = acknowledge },
    { .name = "techtransfer.v1.Journal/ResetConsumer", .request = REQUEST (reset_consumer_request), .handle = reset },
    { .name = "techtransfer.v1.Journal/RemoveConsumer", .request = REQUEST (remove_consumer_request), .handle = remove_consumer },
    { .name = "techtransfer.v1.Journal/ListConsumers", .request = REQUEST (list_consumers_request), .read_only = true, .handle = list },
};
