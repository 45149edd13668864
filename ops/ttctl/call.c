/* A command that is one call: options to request, request to service, reply to the terminal. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "bus/client.h"
#include "base/clock.h"
#include "ctl.h"
#include "import/normal.h"
#include "wire/json.h"

static const char *const service_names[] = { "patent", "achievement", "finance", "statistics" };

const char *
ctl_service_name (ctl_service service)
{
    return service_names[service];
}

const char *
ctl_endpoints (const ctl_args *args, ctl_service service, int kind)
{
    static const char *const options[] = { "endpoints", "events", "replay" };
    static const char *const suffixes[] = { "ENDPOINTS", "EVENTS", "REPLAY" };
    static char fallback[40];
    char name[48] = "TT_";
    const char *given = ctl_get (args, options[kind]);
    if (given)
        return given;
    for (const char *c = service_names[service]; *c; c++)
        strncat (name, &(char){ (char)toupper ((unsigned char)*c) }, 1);
    snprintf (name + strlen (name), sizeof name - strlen (name), "_%s", suffixes[kind]);
    given = getenv (name);
    if (given && *given)
        return given;
    snprintf (fallback, sizeof fallback, "tcp://127.0.0.1:%d", 5710 + 10 * (int)service + kind);
    return fallback;
}

/* "severity" as an enum: "info" to "INFO". */
static json_t *
enum_value (const char *prefix, const char *text)
{
    char name[64];
    size_t n = (size_t)snprintf (name, sizeof name, "%.32s", prefix);
    for (; *text && n + 1 < sizeof name; text++)
        name[n++] = *text == '-' ? '_' : (char)toupper ((unsigned char)*text);
    name[n] = '\0';
    return json_string (name);
}

bool
ctl_time (const char *text, int64_t *unix_ms)
{
    char full[40], unit = 0, behind = 0;
    unsigned count;
    int32_t day;
    if (sscanf (text, "+%5u%c%c", &count, &unit, &behind) == 2 && unit && strchr ("dhm", unit)) {
        *unix_ms = tt_clock_unix_ms () + count * (unit == 'd' ? INT64_C (86400000) : unit == 'h' ? 3600000 : 60000);
        return true;
    }
    *unix_ms = 0;
    if (strcmp (text, "never") == 0)
        return true;
    if (tt_date_parse (text, &day) == TT_OK)
        snprintf (full, sizeof full, "%sT00:00:00Z", text);
    else
        snprintf (full, sizeof full, "%.39s", text);
    return tt_time_parse (full, unix_ms) == TT_OK && *unix_ms >= 0;
}

static json_t *
time_value (const char *text)
{
    int64_t unix_ms;
    return ctl_time (text, &unix_ms) ? json_integer (unix_ms) : NULL;
}

static json_t *
money_value (const char *text)
{
    int64_t fen = 0;
    return tt_normal_money (text, 2, &fen) ? json_integer (fen) : NULL;
}

/* AMOUNT[:MINIMUM[:PRICE[:TENOR]]] as a WantedLeg; amount and minimum in yuan. NULL if a part cannot be read. */
static json_t *
leg_value (const char *leg, const char *text)
{
    char part[4][32] = { "", "", "", "" };
    for (size_t i = 0; i < 4 && *text; i++) {
        size_t size = strcspn (text, ":");
        if (size >= sizeof part[0])
            return NULL;
        memcpy (part[i], text, size);
        text += size + (text[size] == ':');
    }
    json_t *out = json_object ();
    json_object_set_new (out, "leg", enum_value ("", leg));
    json_object_set_new (out, "amount_fen", money_value (part[0]));
    if (part[1][0])
        json_object_set_new (out, "minimum_fen", money_value (part[1]));
    if (part[2][0])
        json_object_set_new (out, "price_limit", json_string (part[2]));
    if (part[3][0])
        json_object_set_new (out, "tenor_months", json_string (part[3]));
    return out;
}

static json_t *
option_value (const ctl_option *option, const char *text)
{
    switch (option->value) {
    case CTL_ENUM:
        return enum_value (option->field && strchr (option->field, '=') ? strchr (option->field, '=') + 1 : "", text);
    case CTL_TIME:
        return time_value (text);
    case CTL_MONEY:
        return money_value (text);
    case CTL_LEG:
        return leg_value (option->name, text);
    case CTL_FLAG:
        return json_true ();
    case CTL_TEXT:
    case CTL_NUMBER:
        break;
    }
    return json_string (text);
}

/* Sets the value at a path of names with points, making the objects on the way; a list grows. */
static void
put_value (json_t *root, const char *path, bool list, json_t *value)
{
    const char *point;
    json_t *at = root;
    while ((point = strchr (path, '.'))) {
        char *name = tt_strndup (path, (size_t)(point - path));
        json_t *child = json_object_get (at, name);
        if (child == NULL)
            json_object_set_new (at, name, child = json_object ());
        free (name);
        at = child;
        path = point + 1;
    }
    if (!list) {
        json_object_set_new (at, path, value);
        return;
    }
    json_t *values = json_object_get (at, path);
    if (values == NULL)
        json_object_set_new (at, path, values = json_array ());
    json_array_append_new (values, value);
}

json_t *
ctl_request (const ctl_args *args)
{
    json_t *request = json_object ();
    for (const ctl_option *o = args->command->options; o && o->name; o++) {
        if (o->field == NULL || !ctl_has (args, o->name))
            continue;
        char path[80];
        snprintf (path, sizeof path, "%.*s", (int)strcspn (o->field, "="), o->field);
        if (o->value == CTL_FLAG)
            put_value (request, path, false, json_true ());
        for (size_t i = 0; i < ctl_count (args, o->name); i++) {
            json_t *value = option_value (o, ctl_value_at (args, o->name, i));
            if (value == NULL) {
                fprintf (stderr, "ttctl: --%s: \"%s\" cannot be read\n", o->name, ctl_value_at (args, o->name, i));
                json_decref (request);
                return NULL;
            }
            put_value (request, path, (o->flags & CTL_REPEATED) || o->value == CTL_LEG, value);
        }
    }
    return request;
}

static int
report_failure (const ctl_args *args, ctl_service service, tt_status status, const tt_call_result *result)
{
    const char *endpoints = ctl_endpoints (args, service, 0);
    if (status == TT_DEADLINE_EXCEEDED || status == TT_UNAVAILABLE) {
        fprintf (stderr, "ttctl: no answer from %s (%s): %s\n", service_names[service], endpoints,
                 result->message);
        return CTL_UNREACHABLE;
    }
    fprintf (stderr, "ttctl: refused, %s: %s\n", tt_status_name (status), result->message);
    for (size_t i = 0; i < result->violation_count; i++)
        fprintf (stderr, "  %s: %s\n", result->violations[i].path, result->violations[i].reason);
    return CTL_REFUSED;
}

static int
send_request (const ctl_args *args, ctl_service service, const ProtobufCMessage *request, ProtobufCMessage **reply)
{
    tt_error error = { 0 };
    tt_client *client = NULL;
    tt_call_result result = { 0 };
    const char *trace = ctl_get (args, "traceparent");
    bool new_trace = trace && strcmp (trace, "new") == 0;
    tt_client_options options = { .endpoints = ctl_endpoints (args, service, 0),
                                  .traceparent = new_trace ? NULL : trace,
                                  .trace = new_trace,
                                  .timeout_ms = (uint32_t)(ctl_number (args, "timeout", 30) % 86400 * 1000) };
    if (tt_client_open (&client, &options, &error) != TT_OK) {
        fprintf (stderr, "ttctl: %s: %s\n", options.endpoints, error.message);
        return CTL_USAGE;
    }
    tt_status status = tt_client_call (client, args->command->method, request, args->command->reply, reply, &result);
    tt_client_close (&client);
    if (new_trace)
        fprintf (stderr, "traceparent: %s\n", result.traceparent);
    return status == TT_OK ? CTL_OK : report_failure (args, service, status, &result);
}

/* The reply as a table, a record, or JSON; what a page leaves over is said on stderr. */
static void
show_reply (const ctl_args *args, json_t *reply)
{
    const ctl_command *command = args->command;
    const char *next = json_string_value (json_object_get (reply, "nextAfter"));
    const json_t *number = json_object_get (reply, "nextNumber"), *warning;
    size_t i;
    if (ctl_has (args, "json")) {
        if (command->rows && strchr (command->rows, '.') == NULL && ctl_at (reply, command->rows) == NULL)
            json_object_set_new (reply, command->rows, json_array ()); /* an empty list is a list, for those who go through it */
        ctl_print_json (reply);
        return;
    }
    if (command->head)
        ctl_print_head (ctl_at (reply, command->head));
    if (command->rows)
        ctl_print_table (ctl_at (reply, command->rows), command->columns);
    else
        ctl_print_record (reply);
    json_array_foreach (json_object_get (reply, "warnings"), i, warning)
        fprintf (stderr, "warning: %s\n", json_string_value (warning));
    if (next && *next)
        fprintf (stderr, "more: --after %s\n", next);
    if (json_is_string (number))
        fprintf (stderr, "more: --from %s\n", json_string_value (number));
}

int
ctl_exchange (const ctl_args *args, ctl_service service, json_t *fields, json_t **shown)
{
    tt_error error = { 0 };
    ProtobufCMessage *request = NULL, *reply = NULL;
    int code = CTL_USAGE;
    *shown = NULL;
    if (tt_json_to_message (args->command->request, fields, 0, NULL, &request, &error) != TT_OK) {
        fprintf (stderr, "ttctl: %s\n", error.message);
        goto out;
    }
    code = send_request (args, service, request, &reply);
    if (code == CTL_OK && tt_json_from_message (reply, 0, shown, &error) != TT_OK) {
        fprintf (stderr, "ttctl: the reply cannot be shown: %s\n", error.message);
        code = CTL_REFUSED;
    }
out:
    if (request)
        protobuf_c_message_free_unpacked (request, NULL);
    if (reply)
        protobuf_c_message_free_unpacked (reply, NULL);
    return code;
}

int
ctl_call (const ctl_args *args)
{
    json_t *fields = ctl_request (args), *shown = NULL;
    if (fields == NULL)
        return CTL_USAGE;
    int code = ctl_exchange (args, args->command->service, fields, &shown);
    if (code == CTL_OK)
        show_reply (args, shown);
    json_decref (fields);
    json_decref (shown);
    return code;
}
