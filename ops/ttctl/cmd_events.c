/* events: what happened and what happens, from any of the four streams. */
#include <achievement.pb-c.h>
#include <finance.pb-c.h>
#include <patent.pb-c.h>
#include <stdio.h>
#include <statistics.pb-c.h>
#include <string.h>

#include "base/clock.h"
#include "bus/subscriber.h"
#include "ctl.h"
#include "wire/json.h"

#define MAX_FILTERS 64
#define MAX_PARTITIONS 1024

static const ProtobufCMessageDescriptor *const bodies[] = {
    &techtransfer__patent__v1__patent_published__descriptor,
    &techtransfer__patent__v1__alert_raised__descriptor,
    &techtransfer__patent__v1__alert_acknowledged__descriptor,
    &techtransfer__patent__v1__watch_changed__descriptor,
    &techtransfer__patent__v1__legal_event_recorded__descriptor,
    &techtransfer__patent__v1__patent_withdrawn__descriptor,
    &techtransfer__patent__v1__alert_retracted__descriptor,
    &techtransfer__patent__v1__alert_digest__descriptor,
    &techtransfer__patent__v1__surge_found__descriptor,
    &techtransfer__patent__v1__portfolio_changed__descriptor,
    &techtransfer__patent__v1__patents_removed__descriptor,
    &techtransfer__achievement__v1__achievement_registered__descriptor,
    &techtransfer__achievement__v1__achievement_revised__descriptor,
    &techtransfer__achievement__v1__achievement_withdrawn__descriptor,
    &techtransfer__achievement__v1__achievement_duplicate__descriptor,
    &techtransfer__achievement__v1__demand_changed__descriptor,
    &techtransfer__achievement__v1__achievement_pushed__descriptor,
    &techtransfer__achievement__v1__push_answered__descriptor,
    &techtransfer__finance__v1__provider_changed__descriptor,
    &techtransfer__finance__v1__product_changed__descriptor,
    &techtransfer__finance__v1__application_submitted__descriptor,
    &techtransfer__finance__v1__round_completed__descriptor,
    &techtransfer__finance__v1__proposal_made__descriptor,
    &techtransfer__finance__v1__proposal_accepted__descriptor,
    &techtransfer__finance__v1__proposal_confirmed__descriptor,
    &techtransfer__finance__v1__proposal_released__descriptor,
    &techtransfer__finance__v1__cap_changed__descriptor,
    &techtransfer__statistics__v1__observation_reported__descriptor,
    &techtransfer__statistics__v1__indicator_changed__descriptor,
    &techtransfer__statistics__v1__target_changed__descriptor,
};

/* The body as JSON; NULL if this program does not know its type or cannot read it. */
static json_t *
body_json (const tt_event *event)
{
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (strcmp (bodies[i]->name, event->type) != 0)
            continue;
        json_t *out = NULL;
        ProtobufCMessage *message = protobuf_c_message_unpack (bodies[i], NULL, event->body.size, event->body.data);
        if (message && tt_json_from_message (message, 0, &out, NULL) != TT_OK)
            out = NULL;
        if (message)
            protobuf_c_message_free_unpacked (message, NULL);
        return out;
    }
    return NULL;
}

static void
show_event (const tt_event *event, bool json)
{
    json_t *body = body_json (event);
    if (json) {
        json_t *line = json_pack ("{s:s, s:i, s:I, s:s, s:s, s:s, s:s, s:o?}", "topic", event->topic, "partition",
                                  (int)event->partition, "sequence", (json_int_t)event->sequence, "id", event->id, "type",
                                  event->type, "subject", event->subject, "time", event->time, "body", body);
        if (event->traceparent[0])
            json_object_set_new (line, "traceparent", json_string (event->traceparent));
        ctl_print_json (line);
        json_decref (line);
    } else {
        char *text = body ? json_dumps (body, JSON_COMPACT) : NULL;
        printf ("%s  %u/%llu  %s  %s\n", event->time, event->partition, (unsigned long long)event->sequence, event->topic,
                text ? text : event->type);
        free (text);
        json_decref (body);
    }
    fflush (stdout);
}

/* The stream that a topic belongs to ("patent/alert/..."), or that the user names. */
static bool
choose_stream (const ctl_args *args, ctl_service *service)
{
    const char *first = ctl_get (args, "topic"), *name = ctl_get_or (args, "stream", first ? first : "");
    size_t size = strcspn (name, "/");
    for (int s = 0; s < CTL_SERVICE_COUNT; s++) {
        const char *known = ctl_service_name ((ctl_service)s);
        if (strlen (known) == size && memcmp (known, name, size) == 0) {
            *service = (ctl_service)s;
            return true;
        }
    }
    fprintf (stderr,
             "ttctl: which stream? Give --stream or a topic that begins with patent/, achievement/, finance/ or statistics/\n");
    return false;
}

/* Topics are prefixes that end in "/". */
static bool
read_filters (const ctl_args *args, ctl_service service, const char *filters[MAX_FILTERS], size_t *count)
{
    const char *stream = ctl_service_name (service);
    *count = ctl_count (args, "topic");
    if (*count > MAX_FILTERS) {
        fprintf (stderr, "ttctl: at most %d topics\n", MAX_FILTERS);
        return false;
    }
    for (size_t i = 0; i < *count; i++) {
        filters[i] = ctl_value_at (args, "topic", i);
        size_t size = strlen (filters[i]);
        if (size == 0 || filters[i][size - 1] != '/' || strncmp (filters[i], stream, strlen (stream)) != 0) {
            fprintf (stderr, "ttctl: \"%s\": a topic begins with its stream and ends in /, as %s/\n", filters[i], stream);
            return false;
        }
    }
    return true;
}

/* What the subscriber reports besides events: lost history is said and passed over; silence ends a run that has an end. */
static bool
go_on (tt_status status, const tt_error *error)
{
    if (status != TT_DEADLINE_EXCEEDED)
        fprintf (stderr, "ttctl: %s: %s\n", tt_status_name (status), error->message);
    return status == TT_DEADLINE_EXCEEDED || status == TT_DATA_LOSS || status == TT_OUT_OF_RANGE || status == TT_UNAVAILABLE;
}

static int
follow (const ctl_args *args, tt_subscriber *subscriber)
{
    uint64_t most = ctl_number (args, "count", 0), seen = 0;
    int64_t patience = (int64_t)ctl_number (args, "timeout", 0) * 1000000, heard = tt_clock_monotonic_us ();
    bool until_live = ctl_has (args, "replay-only");
    int code = CTL_OK;
    while (most == 0 || seen < most) {
        tt_event event;
        tt_error error = { 0 };
        tt_status status = tt_subscriber_next (subscriber, 200, &event, &error);
        if (status == TT_OK) {
            show_event (&event, ctl_has (args, "json"));
            seen++;
            heard = tt_clock_monotonic_us ();
            continue;
        }
        code = status == TT_UNAVAILABLE ? CTL_UNREACHABLE : code;
        if (!go_on (status, &error))
            return CTL_REFUSED;
        if (until_live && tt_subscriber_is_live (subscriber))
            return CTL_OK;
        if (patience > 0 && tt_clock_monotonic_us () - heard > patience)
            return most > 0 || until_live ? CTL_UNREACHABLE : code;
    }
    return CTL_OK;
}

static int
run_events (const ctl_args *args)
{
    static uint64_t from[MAX_PARTITIONS];
    const char *filters[MAX_FILTERS];
    tt_error error = { 0 };
    tt_subscriber *subscriber = NULL;
    ctl_service service;
    tt_subscriber_options options
        = { .filters = filters, .live_only = !ctl_has (args, "from") && !ctl_has (args, "replay-only") };
    if (!choose_stream (args, &service) || !read_filters (args, service, filters, &options.filter_count))
        return CTL_USAGE;
    for (size_t i = 0; i < MAX_PARTITIONS; i++)
        from[i] = ctl_number (args, "from", 1) ? ctl_number (args, "from", 1) : 1;
    if (!options.live_only) {
        options.from = from;
        options.from_count = MAX_PARTITIONS;
    }
    char *events = tt_strdup (ctl_endpoints (args, service, 1));
    options.stream = ctl_service_name (service);
    options.events = events;
    options.replay = ctl_endpoints (args, service, 2);
    int code = CTL_USAGE;
    if (tt_subscriber_open (&subscriber, &options, &error) == TT_OK)
        code = follow (args, subscriber);
    else
        fprintf (stderr, "ttctl: %s\n", error.message);
    tt_subscriber_close (&subscriber);
    free (events);
    return code;
}

static const ctl_option event_options[] = {
    { "topic", NULL, CTL_TEXT, CTL_OPERAND | CTL_REPEATED, "prefix that ends in /: patent/alert/ent-4/" },
    { "stream", NULL, CTL_TEXT, 0, "patent, achievement, finance, statistics; needed without a topic" },
    { "from", NULL, CTL_NUMBER, 0, "replay from this sequence of each partition first; without it only what comes" },
    { "replay-only", NULL, CTL_FLAG, 0, "stop when everything up to now has been shown" },
    { "count", NULL, CTL_NUMBER, 0, "stop after so many" },
    { "events", NULL, CTL_TEXT, 0, "where the service publishes, several with commas" },
    { "replay", NULL, CTL_TEXT, 0, "where it replays, in the same order" },
    { 0 },
};

const ctl_command ctl_event_commands[] = {
    { .name = "events",
      .summary = "Shows events: first replayed, with --from, then as they happen",
      .details
      = "One line for each event: time, partition/sequence, topic, body. --timeout N stops after N seconds without an event.",
      .examples = "  ttctl events patent/alert/ent-4/\n"
                  "  ttctl events --stream finance --from 1 --replay-only --json\n"
                  "  ttctl events --from 1 --count 10 achievement/registered/",
      .options = event_options,
      .run = run_events,
      .service = CTL_NO_SERVICE },
    { 0 },
};
