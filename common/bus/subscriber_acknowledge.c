/* The durable consumer of a subscriber: where it starts, and how far it is done. */
#include <string.h>

#include "bus/subscriber_inner.h"

tt_status
tt_subscriber_register (tt_subscriber *s, const tt_subscriber_options *options, tt_error *error)
{
    const uint64_t *from;
    size_t count;
    if (options->consumer == NULL)
        return TT_OK;
    tt_consumer_options consumer = { .name = options->consumer, .commands = options->commands };
    tt_status status = tt_consumer_open (&s->consumer, &consumer, error);
    if (status != TT_OK || options->from)
        return status;
    status = tt_consumer_positions (s->consumer, &from, &count, error);
    if (status == TT_NOT_FOUND)
        return TT_OK;
    if (status != TT_OK)
        return status;
    s->from = tt_realloc (s->from, (count + 1) * sizeof *s->from);
    s->from_count = count;
    memcpy (s->from, from, count * sizeof *s->from);
    return TT_OK;
}

tt_status
tt_subscriber_acknowledge (tt_subscriber *s, int wait_ms, tt_error *error)
{
    size_t count;
    const uint64_t *positions = tt_subscriber_positions (s, &count);
    if (s->consumer == NULL)
        return tt_fail (error, TT_FAILED_PRECONDITION, "the subscriber was opened without a consumer");
    if (count == 0)
        return TT_OK;
    const char **epochs = tt_alloc (count * sizeof *epochs);
    for (uint32_t p = 0; p < count; p++)
        epochs[p] = tt_tracker_epoch (s->parts.tracker, p);
    tt_status status = tt_consumer_acknowledge (s->consumer, positions, epochs, count, wait_ms, error);
    free (epochs);
    return status;
}
