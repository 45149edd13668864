/* How another program uses the suite: puts a watch, then shows its owner's alerts as they come, from the first one on.
 *
 *     cc client.c $(pkg-config --cflags --libs techtransfer) -o client
 *     ./client ent-4 'ti=石墨烯 and ic=H01M'
 */
#include <stdio.h>
#include <string.h>

#include "bus/client.h"
#include "bus/subscriber.h"
#include "patent.pb-c.h"

#define PUT_WATCH "techtransfer.patent.v1.PatentAlert/PutWatch"

static int
put_watch (char *owner, char *query)
{
    Techtransfer__Patent__V1__PutWatchRequest request = TECHTRANSFER__PATENT__V1__PUT_WATCH_REQUEST__INIT;
    Techtransfer__Patent__V1__Watch watch = TECHTRANSFER__PATENT__V1__WATCH__INIT;
    tt_client_options options = { .endpoints = "tcp://127.0.0.1:5710" };
    tt_client *client = NULL;
    tt_error error = { 0 };
    tt_call_result result;
    if (tt_client_open (&client, &options, &error) != TT_OK)
        return fprintf (stderr, "%s\n", error.message);
    watch.owner = owner;
    watch.watch_id = (char *)"example";
    watch.query = query;
    request.watch = &watch;
    tt_status status = tt_client_call (client, PUT_WATCH, &request.base, &techtransfer__patent__v1__put_watch_reply__descriptor,
                                       NULL, &result);
    if (status != TT_OK)
        fprintf (stderr, "%s: %s\n", tt_status_name (status), result.message);
    tt_client_close (&client);
    return status != TT_OK;
}

static void
show (const tt_event *event)
{
    Techtransfer__Patent__V1__AlertRaised *raised
        = techtransfer__patent__v1__alert_raised__unpack (NULL, event->body.size, event->body.data);
    if (raised && raised->alert)
        printf ("%s %s\n", raised->alert->document_id, raised->alert->title);
    if (raised)
        techtransfer__patent__v1__alert_raised__free_unpacked (raised, NULL);
}

static int
follow (const char *owner)
{
    char filter[128];
    const char *filters[] = { filter };
    tt_subscriber_options options = { .stream = "patent", .events = "tcp://127.0.0.1:5711", .replay = "tcp://127.0.0.1:5712" };
    tt_subscriber *subscriber = NULL;
    tt_error error = { 0 };
    snprintf (filter, sizeof filter, "patent/alert/%s/", owner);
    options.filters = filters;
    options.filter_count = 1;
    if (tt_subscriber_open (&subscriber, &options, &error) != TT_OK)
        return fprintf (stderr, "%s\n", error.message);
    for (;;) {
        tt_event event;
        if (tt_subscriber_next (subscriber, -1, &event, &error) == TT_OK)
            show (&event);
        else
            fprintf (stderr, "%s\n", error.message); /* it goes on at the next call */
    }
}

int
main (int argc, char **argv)
{
    if (argc != 3) {
        fprintf (stderr, "usage: %s OWNER QUERY\n", argv[0]);
        return 2;
    }
    return put_watch (argv[1], argv[2]) != 0 ? 1 : follow (argv[1]);
}
