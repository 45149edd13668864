/* consumers: whom a stream's journal is kept for, and how far they are. */
#include <envelope.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ctl.h"

#define SERVICE "techtransfer.v1.Journal/"
#define MESSAGE(name) &techtransfer__v1__##name##__descriptor

static const ctl_option list_options[] = {
    { "consumer", "consumer", CTL_TEXT, CTL_OPERAND, "only this one; without it all" },
    { "stream", NULL, CTL_TEXT, 0, "patent, achievement, finance or statistics; without it all four" },
    { "partitions", NULL, CTL_FLAG, 0, "a line for each partition" },
    { 0 },
};
static const ctl_option reset_options[] = {
    { "consumer", "consumer", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "its name" },
    { "to", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED | CTL_REPEATED, "earliest, head, or PARTITION:SEQUENCE, the last event that it is done with" },
    { "stream", NULL, CTL_TEXT, CTL_REQUIRED, "patent, achievement, finance or statistics" },
    { "create", "create", CTL_FLAG, 0, "register it where it is not" },
    { 0 },
};
static const ctl_option remove_options[] = {
    { "consumer", "consumer", CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "its name" },
    { "stream", NULL, CTL_TEXT, CTL_REQUIRED, "patent, achievement, finance or statistics" },
    { 0 },
};
static const ctl_column consumer_columns[] = {
    { "STREAM", "stream", false, false }, { "CONSUMER", "name", false, false },    { "LAG", "lag", false, true },
    { "LOST", "lost", false, true },      { "LAST SEEN", "seen", false, false }, { 0 },
};
static const ctl_column partition_columns[] = {
    { "STREAM", "stream", false, false },
    { "CONSUMER", "name", false, false },
    { "PART", "partition", false, true },
    { "ACKNOWLEDGED", "acknowledged", false, true },
    { "HEAD", "head", false, true },
    { "EARLIEST", "earliest", false, true },
    { "LAG", "lag", false, true },
    { "LOST", "lost", false, true },
    { "LAST SEEN", "seen", false, false },
    { 0 },
};

/* The service of this stream; CTL_NO_SERVICE after a message. */
static ctl_service
service_of (const char *stream)
{
    for (int s = 0; s < CTL_SERVICE_COUNT; s++)
        if (strcmp (stream, ctl_service_name ((ctl_service)s)) == 0)
            return (ctl_service)s;
    fprintf (stderr, "ttctl: --stream: \"%s\" is none of patent, achievement, finance, statistics\n", stream);
    return CTL_NO_SERVICE;
}

/* -- list -- */

/* A line of the table: a consumer or one of its partitions; what JSON leaves out because it is 0 is shown as 0. */
static void
add_row (json_t *rows, const char *stream, const json_t *name, const json_t *of)
{
    static const char *const numbers[] = { "partition", "acknowledged", "head", "earliest", "lag", "lost" };
    char seen[TT_TIME_TEXT_SIZE] = "";
    json_t *row = json_object (), *time = json_object_get (of, "acknowledgedUnixMs");
    json_object_set_new (row, "stream", json_string (stream));
    json_object_set (row, "name", (json_t *)name);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_t *number = json_object_get (of, numbers[i]);
        json_object_set_new (row, numbers[i], number ? json_incref (number) : json_string ("0"));
    }
    if (time)
        tt_time_format (json_is_string (time) ? strtoll (json_string_value (time), NULL, 10) : json_integer_value (time), seen);
    json_object_set_new (row, "seen", json_string (seen));
    json_array_append_new (rows, row);
}

static void
add_rows (json_t *rows, const char *stream, const json_t *reply, bool by_partition)
{
    size_t i, p;
    const json_t *consumer, *partition;
    json_array_foreach (json_object_get (reply, "consumers"), i, consumer)
    {
        const json_t *name = json_object_get (consumer, "name");
        if (!by_partition)
            add_row (rows, stream, name, consumer);
        else
            json_array_foreach (json_object_get (consumer, "partitions"), p, partition)
                add_row (rows, stream, name, partition);
    }
}

static int
list_one (const ctl_args *args, ctl_service service, json_t *fields, json_t *rows)
{
    json_t *reply = NULL;
    const char *stream = ctl_service_name (service);
    int code = ctl_exchange (args, service, fields, &reply);
    if (code == CTL_OK && ctl_has (args, "json")) {
        json_object_set_new (reply, "stream", json_string (stream));
        if (json_object_get (reply, "consumers") == NULL)
            json_object_set_new (reply, "consumers", json_array ());
        ctl_print_json (reply);
    } else if (code == CTL_OK) {
        add_rows (rows, stream, reply, ctl_has (args, "partitions"));
    }
    json_decref (reply);
    return code;
}

static int
run_list (const ctl_args *args)
{
    int worst = CTL_OK, first = 0, last = CTL_SERVICE_COUNT - 1;
    if (ctl_has (args, "stream")) {
        first = last = (int)service_of (ctl_get (args, "stream"));
        if (first == CTL_NO_SERVICE)
            return CTL_USAGE;
    } else if (ctl_has (args, "endpoints")) {
        fprintf (stderr, "ttctl: --endpoints: of which stream? Give --stream\n");
        return CTL_USAGE;
    }
    json_t *fields = ctl_request (args), *rows = json_array ();
    for (int s = first; fields && s <= last; s++) {
        int code = list_one (args, (ctl_service)s, fields, rows);
        worst = code > worst ? code : worst;
    }
    if (json_array_size (rows) > 0)
        ctl_print_table (rows, ctl_has (args, "partitions") ? partition_columns : consumer_columns);
    json_decref (rows);
    json_decref (fields);
    return fields ? worst : CTL_USAGE;
}

/* -- reset and remove -- */

static bool
add_position (json_t *fields, const char *text)
{
    unsigned partition;
    unsigned long long sequence;
    char rest;
    if (sscanf (text, "%u:%llu%c", &partition, &sequence, &rest) != 2) {
        fprintf (stderr, "ttctl: --to: \"%s\" is neither earliest nor head nor PARTITION:SEQUENCE\n", text);
        return false;
    }
    json_t *list = json_object_get (fields, "positions");
    if (list == NULL)
        json_object_set_new (fields, "positions", list = json_array ());
    json_array_append_new (list, json_pack ("{s:I, s:I}", "partition", (json_int_t)partition, "sequence", (json_int_t)sequence));
    return true;
}

static bool
add_target (const ctl_args *args, json_t *fields)
{
    const char *first = ctl_get (args, "to");
    bool earliest = strcmp (first, "earliest") == 0, head = strcmp (first, "head") == 0;
    if ((earliest || head) && ctl_count (args, "to") > 1) {
        fprintf (stderr, "ttctl: --to %s stands alone\n", first);
        return false;
    }
    const char *target = earliest ? "RESET_TO_EARLIEST" : head ? "RESET_TO_HEAD" : "RESET_TO_POSITIONS";
    json_object_set_new (fields, "target", json_string (target));
    for (size_t i = 0; !earliest && !head && i < ctl_count (args, "to"); i++)
        if (!add_position (fields, ctl_value_at (args, "to", i)))
            return false;
    return true;
}

static int
run_change (const ctl_args *args)
{
    ctl_service service = service_of (ctl_get (args, "stream"));
    json_t *fields = service == CTL_NO_SERVICE ? NULL : ctl_request (args), *reply = NULL;
    int code = CTL_USAGE;
    if (fields && (!ctl_has (args, "to") || add_target (args, fields)))
        code = ctl_exchange (args, service, fields, &reply);
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK)
        ctl_print_record (reply);
    json_decref (fields);
    json_decref (reply);
    return code;
}

const ctl_command ctl_consumer_commands[] = {
    { .name = "consumers list",
      .summary = "Lists the durable consumers of the streams: how far behind they are, and what they lost",
      .details = "LAG: events kept and not acknowledged. LOST: events that the journal's cap took before they were acknowledged.\n"
                 "With --json one line for each stream.",
      .examples = "  ttctl consumers list\n  ttctl consumers list statisticsd --stream patent --partitions",
      .options = list_options,
      .run = run_list,
      .service = CTL_NO_SERVICE,
      .method = SERVICE "ListConsumers",
      .request = MESSAGE (list_consumers_request),
      .reply = MESSAGE (list_consumers_reply) },
    { .name = "consumers reset",
      .summary = "Moves a durable consumer to another place in the journal, also back",
      .details = "Stop the consumer before, and let it start from there: it is not told.",
      .examples = "  ttctl consumers reset archive earliest --stream patent\n"
                  "  ttctl consumers reset archive head --stream finance --create\n"
                  "  ttctl consumers reset archive 0:1200 3:977 --stream patent",
      .options = reset_options,
      .run = run_change,
      .service = CTL_NO_SERVICE,
      .method = SERVICE "ResetConsumer",
      .request = MESSAGE (reset_consumer_request),
      .reply = MESSAGE (reset_consumer_reply) },
    { .name = "consumers remove",
      .summary = "Takes a durable consumer out: the journal is no longer kept for it",
      .details = "Stop the consumer before: one that runs registers itself again.",
      .examples = "  ttctl consumers remove archive --stream patent",
      .options = remove_options,
      .run = run_change,
      .service = CTL_NO_SERVICE,
      .method = SERVICE "RemoveConsumer",
      .request = MESSAGE (remove_consumer_request),
      .reply = MESSAGE (remove_consumer_reply) },
    { 0 },
};
