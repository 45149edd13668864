#include "bus/holdback.h"

typedef struct {
    tt_held *first;
    tt_held **tail;
} queue;

struct tt_holdback {
    queue *queues; /* owned */
    uint32_t partitions;
    size_t count, max_events;
    size_t bytes, max_bytes;
};

tt_holdback *
tt_holdback_new (uint32_t partitions, size_t max_events, size_t max_bytes)
{
    tt_holdback *h = tt_alloc_zero (1, sizeof *h);
    h->queues = tt_alloc_zero (partitions, sizeof *h->queues);
    h->partitions = partitions;
    h->max_events = max_events;
    h->max_bytes = max_bytes;
    for (uint32_t i = 0; i < partitions; i++)
        h->queues[i].tail = &h->queues[i].first;
    return h;
}

void
tt_holdback_destroy (tt_holdback **holdback)
{
    if (*holdback == NULL)
        return;
    tt_holdback_clear (*holdback);
    free ((*holdback)->queues);
    free (*holdback);
    *holdback = NULL;
}

tt_held *
tt_held_new (void)
{
    tt_held *held = tt_alloc (sizeof *held);
    held->next = NULL;
    zmq_msg_init (&held->topic);
    zmq_msg_init (&held->header);
    zmq_msg_init (&held->body);
    return held;
}

void
tt_held_destroy (tt_held **held)
{
    if (*held == NULL)
        return;
    zmq_msg_close (&(*held)->topic);
    zmq_msg_close (&(*held)->header);
    zmq_msg_close (&(*held)->body);
    free (*held);
    *held = NULL;
}

static size_t
size_of (tt_held *held)
{
    return sizeof *held + zmq_msg_size (&held->topic) + zmq_msg_size (&held->header) + zmq_msg_size (&held->body);
}

static void
empty_queue (tt_holdback *holdback, uint32_t partition)
{
    for (tt_held *held; (held = tt_holdback_pop (holdback, partition));)
        tt_held_destroy (&held);
}

bool
tt_holdback_push (tt_holdback *holdback, uint32_t partition, tt_held **held)
{
    size_t size = size_of (*held);
    if (holdback->count >= holdback->max_events || holdback->bytes + size > holdback->max_bytes) {
        empty_queue (holdback, partition);
        tt_held_destroy (held);
        return false;
    }
    queue *q = &holdback->queues[partition];
    *q->tail = *held;
    q->tail = &(*held)->next;
    holdback->count++;
    holdback->bytes += size;
    *held = NULL;
    return true;
}

tt_held *
tt_holdback_pop (tt_holdback *holdback, uint32_t partition)
{
    queue *q = &holdback->queues[partition];
    tt_held *held = q->first;
    if (held == NULL)
        return NULL;
    q->first = held->next;
    if (q->first == NULL)
        q->tail = &q->first;
    held->next = NULL;
    holdback->count--;
    holdback->bytes -= size_of (held);
    return held;
}

bool
tt_holdback_empty (const tt_holdback *holdback, uint32_t partition)
{
    return holdback->queues[partition].first == NULL;
}

size_t
tt_holdback_count (const tt_holdback *holdback)
{
    return holdback->count;
}

void
tt_holdback_clear (tt_holdback *holdback)
{
    for (uint32_t i = 0; i < holdback->partitions; i++)
        empty_queue (holdback, i);
}
