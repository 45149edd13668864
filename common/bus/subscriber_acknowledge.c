/* The durable consumer of a subscriber: where it starts, and how far it is done. */
#include <stdio.h>

#include "bus/subscriber_inner.h"

static void
start_at (tt_subscriber *s, const uint64_t *from, const char *const *epochs, size_t count)
{
    s->from_count = count;
    s->from = tt_alloc_zero (count, sizeof *s->from);
    for (size_t i = 0; i < count; i++) {
        s->from[i].next = from[i];
        snprintf (s->from[i].epoch, sizeof s->from[i].epoch, "%s", epochs && epochs[i] ? epochs[i] : "");
    }
}

tt_status
tt_subscriber_register (tt_subscriber *s, const tt_subscriber_options *options, tt_error *error)
{
    tt_consumer_start start;
    if (options->from)
        start_at (s, options->from, options->from_epochs, options->from_count);
    if (options->consumer == NULL)
        return TT_OK;
    tt_consumer_options consumer = { .name = options->consumer, .commands = options->commands };
    tt_status status = tt_consumer_open (&s->consumer, &consumer, error);
    if (status != TT_OK || options->from)
        return status;
    status = tt_consumer_positions (s->consumer, &start, error);
    if (status == TT_OK)
        start_at (s, start.from, start.epochs, start.count);
    return status == TT_NOT_FOUND ? TT_OK : status;
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
