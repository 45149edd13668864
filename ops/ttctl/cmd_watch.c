/* watch pause, resume, mute, digest: one thing of a standing query changed, all others left as they are. */
#include <patent.pb-c.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"

#define SERVICE "techtransfer.patent.v1.PatentAlert/"
#define MESSAGE(name) &techtransfer__patent__v1__##name##__descriptor
#define PUT .service = CTL_PATENT, .method = SERVICE "PutWatch", .request = MESSAGE (put_watch_request), .reply = MESSAGE (put_watch_reply)

static const ctl_command list_command = { .name = "watch list",
                                          .service = CTL_PATENT,
                                          .method = SERVICE "ListWatches",
                                          .request = MESSAGE (list_watches_request),
                                          .reply = MESSAGE (list_watches_reply) };

static const ctl_option which_options[] = {
    { "owner", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose watch it is" },
    { "id", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the watch" },
    { 0 },
};
static const ctl_option mute_options[] = {
    { "owner", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose watch it is" },
    { "id", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the watch" },
    { "until", NULL, CTL_TIME, CTL_OPERAND | CTL_REQUIRED, "2026-12-01, 2026-12-01T08:00:00+08:00, +7d, +12h, +30m, or never: not muted" },
    { 0 },
};
static const ctl_option digest_options[] = {
    { "owner", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "whose watch it is" },
    { "id", NULL, CTL_TEXT, CTL_OPERAND | CTL_REQUIRED, "of the watch" },
    { "delivery", "delivery=DELIVERY_", CTL_ENUM, CTL_OPERAND | CTL_REQUIRED, "at-once, daily, weekly" },
    { 0 },
};

/* The watch of a page that bears the id (owned), or NULL. */
static json_t *
pick (json_t *reply, const char *id)
{
    size_t i;
    json_t *watch;
    json_array_foreach (json_object_get (reply, "watches"), i, watch)
    {
        const char *name = json_string_value (json_object_get (watch, "watchId"));
        if (name && strcmp (name, id) == 0)
            return json_incref (watch);
    }
    return NULL;
}

/* An exit code; *watch is owned. The list is by id, so that what begins just before the id is on the first page. */
static int
find_watch (const ctl_args *args, json_t **watch)
{
    ctl_args list = { .command = &list_command, .values = args->values };
    const char *owner = ctl_get (args, "owner"), *id = ctl_get (args, "id");
    char *after = strdup ("");
    int code = CTL_OK;
    *watch = NULL;
    for (bool more = true; more && *watch == NULL && code == CTL_OK;) {
        json_t *fields = json_pack ("{s:s, s:i, s:s}", "owner", owner, "limit", 1000, "after", after), *reply = NULL;
        code = ctl_exchange (&list, CTL_PATENT, fields, &reply);
        json_decref (fields);
        if (code != CTL_OK)
            break;
        *watch = pick (reply, id);
        const char *next = json_string_value (json_object_get (reply, "nextAfter"));
        more = next && *next && strcmp (after, id) < 0;
        free (after);
        after = strdup (next ? next : "");
        json_decref (reply);
    }
    free (after);
    if (code == CTL_OK && *watch == NULL) {
        fprintf (stderr, "ttctl: owner %s has no watch %s\n", owner, id);
        code = CTL_REFUSED;
    }
    return code;
}

/* Puts the watch with one field changed; the value is taken. */
static int
change (const ctl_args *args, const char *field, json_t *value)
{
    json_t *watch = NULL, *reply = NULL;
    int code = find_watch (args, &watch);
    if (code == CTL_OK) {
        json_object_set (watch, field, value);
        json_t *fields = json_pack ("{s:o}", "watch", watch);
        code = ctl_exchange (args, CTL_PATENT, fields, &reply);
        json_decref (fields);
    }
    if (code == CTL_OK && ctl_has (args, "json"))
        ctl_print_json (reply);
    else if (code == CTL_OK)
        ctl_print_record (json_object_get (reply, "watch"));
    json_decref (value);
    json_decref (reply);
    return code;
}

static int
pause_watch (const ctl_args *args)
{
    return change (args, "paused", json_true ());
}

static int
resume_watch (const ctl_args *args)
{
    return change (args, "paused", json_false ());
}

static int
mute_watch (const ctl_args *args)
{
    int64_t until = 0;
    (void)ctl_time (ctl_get (args, "until"), &until); /* checked by ctl_parse */
    return change (args, "muteUntilUnixMs", json_integer (until));
}

static int
digest_watch (const ctl_args *args)
{
    json_t *request = ctl_request (args);
    if (request == NULL)
        return CTL_USAGE;
    int code = change (args, "delivery", json_incref (json_object_get (request, "delivery")));
    json_decref (request);
    return code;
}

const ctl_command ctl_watch_commands[] = {
    { .name = "watch pause",
      .summary = "Makes a standing query see nothing until it is resumed",
      .details = "What passes meanwhile is not made up for.",
      .examples = "  ttctl watch pause ent-4 graphene",
      .options = which_options,
      .run = pause_watch,
      PUT },
    { .name = "watch resume",
      .summary = "Makes a paused standing query see again",
      .examples = "  ttctl watch resume ent-4 graphene",
      .options = which_options,
      .run = resume_watch,
      PUT },
    { .name = "watch mute",
      .summary = "Lets a standing query's alerts go to the inbox untold until a time; then one digest tells of them",
      .examples = "  ttctl watch mute ent-4 graphene +7d\n  ttctl watch mute ent-4 graphene never",
      .options = mute_options,
      .run = mute_watch,
      PUT },
    { .name = "watch digest",
      .summary = "Tells a standing query's alerts at once, or in a daily or weekly digest",
      .details = "Digests are events: ttctl events patent/digest/<owner>/ shows them.",
      .examples = "  ttctl watch digest ent-4 graphene weekly\n  ttctl watch digest ent-4 graphene at-once",
      .options = digest_options,
      .run = digest_watch,
      PUT },
    { 0 },
};
