/* follow: prints what the C subscriber hands over and tells, one line each, until it is stopped. For tests.
 *
 *     follow STREAM EVENTS REPLAY [FILTER]
 *
 *     event <partition> <sequence> <id> <epoch>
 *     loss <partition> <first> <last> <resume>         DATA_LOSS
 *     trimmed <partition> <first> <last> <resume>      OUT_OF_RANGE
 *     failed <status> <message>                        and it ends with 1 */
#include <inttypes.h>
#include <stdio.h>

#include "bus/subscriber.h"

static void
print_loss (const char *what, const tt_subscriber_loss *loss)
{
    printf ("%s %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", what, loss->partition, loss->first, loss->last, loss->resume);
}

static int
follow (tt_subscriber *subscriber)
{
    for (;;) {
        tt_event event;
        tt_error error = { 0 };
        tt_status status = tt_subscriber_next (subscriber, 500, &event, &error);
        if (status == TT_OK)
            printf ("event %" PRIu32 " %" PRIu64 " %s %s\n", event.partition, event.sequence, event.id, event.epoch);
        else if (status == TT_DATA_LOSS)
            print_loss ("loss", tt_subscriber_lost (subscriber));
        else if (status == TT_OUT_OF_RANGE)
            print_loss ("trimmed", tt_subscriber_lost (subscriber));
        else if (status != TT_DEADLINE_EXCEEDED && status != TT_UNAVAILABLE) {
            printf ("failed %s %s\n", tt_status_name (status), error.message);
            return 1;
        }
    }
}

int
main (int argc, char **argv)
{
    if (argc < 4) {
        fprintf (stderr, "usage: follow STREAM EVENTS REPLAY [FILTER]\n");
        return 2;
    }
    setvbuf (stdout, NULL, _IOLBF, 0);
    const char *filter = argc > 4 ? argv[4] : "";
    tt_subscriber_options options
        = { .stream = argv[1], .events = argv[2], .replay = argv[3], .filters = &filter, .filter_count = 1 };
    tt_subscriber *subscriber = NULL;
    tt_error error = { 0 };
    if (tt_subscriber_open (&subscriber, &options, &error) != TT_OK) {
        printf ("failed open %s\n", error.message);
        return 1;
    }
    int result = follow (subscriber);
    tt_subscriber_close (&subscriber);
    return result;
}
