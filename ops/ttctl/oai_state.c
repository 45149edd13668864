#include "oai_state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "import/oai.h"

#define DAY_MS INT64_C (86400000)

static tt_status
system_failure (tt_error *error, const char *path)
{
    return tt_fail (error, errno == EACCES ? TT_PERMISSION_DENIED : TT_INTERNAL, "%s: %s", path, strerror (errno));
}

static char *
joined (const char *text, const char *more)
{
    tt_buffer buffer = { 0 };
    tt_buffer_printf (&buffer, "%s%s", text, more);
    tt_buffer_cstr (&buffer);
    return (char *)buffer.data;
}

static const char *
text_of (const json_t *json, const char *key)
{
    const char *text = json_string_value (json_object_get (json, key));
    return text ? text : "";
}

static uint64_t
number_of (const json_t *json, const char *key)
{
    json_int_t value = json_integer_value (json_object_get (json, key));
    return value < 0 ? 0 : (uint64_t)value;
}

static tt_status
check_binding (const oai_state *state, const json_t *json, const char *path, tt_error *error)
{
    const char *wanted[][2]
        = { { "url", state->url }, { "set", state->set }, { "prefix", state->prefix }, { "source", state->source } };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const char *found = json_string_value (json_object_get (json, wanted[i][0]));
        if (found == NULL)
            return tt_fail (error, TT_FAILED_PRECONDITION, "%s: is no state of a harvest", path);
        if (strcmp (found, wanted[i][1]) != 0)
            return tt_fail (error, TT_FAILED_PRECONDITION, "%s: belongs to the harvest with %s \"%.200s\": choose another --state",
                            path, wanted[i][0], found);
    }
    return TT_OK;
}

static void
take (oai_state *state, const json_t *json)
{
    state->in_list = json_is_true (json_object_get (json, "in_list"));
    snprintf (state->from, sizeof state->from, "%s", text_of (json, "from"));
    snprintf (state->until, sizeof state->until, "%s", text_of (json, "until"));
    snprintf (state->token, sizeof state->token, "%s", text_of (json, "token"));
    state->answered_ms = (int64_t)number_of (json, "answered_ms");
    state->done_ms = (int64_t)number_of (json, "done_ms");
    state->pages = number_of (json, "pages");
    state->kept = number_of (json, "reject_bytes");
    state->counts = (tt_ledger_counts){ .read = number_of (json, "read"),
                                        .accepted = number_of (json, "accepted"),
                                        .unchanged = number_of (json, "unchanged"),
                                        .withdrawn = number_of (json, "withdrawn"),
                                        .quarantined = number_of (json, "quarantined"),
                                        .rejected = number_of (json, "rejected"),
                                        .notes = number_of (json, "notes") };
}

tt_status
oai_state_load (oai_state *state, const char *path, tt_error *error)
{
    json_error_t where;
    if (access (path, F_OK) != 0 && errno == ENOENT)
        return TT_OK;
    json_t *json = json_load_file (path, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%s: %s", path, where.text);
    tt_status status = check_binding (state, json, path, error);
    if (status == TT_OK)
        take (state, json);
    json_decref (json);
    return status;
}

static json_t *
as_json (const oai_state *s)
{
    const tt_ledger_counts *c = &s->counts;
    return json_pack ("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "url", s->url,
                      "set", s->set, "prefix", s->prefix, "source", s->source, "in_list", s->in_list, "from", s->from, "until",
                      s->until, "token", s->token, "answered_ms", (json_int_t)s->answered_ms, "done_ms", (json_int_t)s->done_ms,
                      "pages", (json_int_t)s->pages, "reject_bytes", (json_int_t)s->kept, "read", (json_int_t)c->read, "accepted",
                      (json_int_t)c->accepted, "unchanged", (json_int_t)c->unchanged, "withdrawn", (json_int_t)c->withdrawn,
                      "quarantined", (json_int_t)c->quarantined, "rejected", (json_int_t)c->rejected, "notes", (json_int_t)c->notes);
}

/* The name in the folder is on the disk only when the folder is. */
static bool
sync_folder (const char *path)
{
    const char *slash = strrchr (path, '/');
    char *folder = slash ? tt_strndup (path, slash == path ? 1 : (size_t)(slash - path)) : tt_strdup (".");
    int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync (fd) == 0;
    if (fd >= 0)
        close (fd);
    free (folder);
    return good;
}

static bool
write_whole (const json_t *json, const char *path)
{
    FILE *file = fopen (path, "we");
    bool good = file && json_dumpf (json, file, JSON_INDENT (1)) == 0 && fputc ('\n', file) != EOF && fflush (file) == 0
                && fsync (fileno (file)) == 0;
    if (file && fclose (file) != 0)
        good = false;
    return good;
}

tt_status
oai_state_save (const oai_state *state, const char *path, tt_error *error)
{
    json_t *json = as_json (state);
    if (json == NULL)
        return tt_fail (error, TT_INVALID_ARGUMENT, "the state cannot be written: an address or a name is no UTF-8");
    char *fresh = joined (path, ".new");
    bool good = write_whole (json, fresh) && rename (fresh, path) == 0 && sync_folder (path);
    tt_status status = good ? TT_OK : system_failure (error, path);
    json_decref (json);
    free (fresh);
    return status;
}

/* Whether the name still leads to the file: the process that had it before may have removed it. */
static bool
is_current (const char *name, int fd)
{
    struct stat here, there;
    return fstat (fd, &here) == 0 && stat (name, &there) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

tt_status
oai_state_lock (const char *path, FILE **page, tt_error *error)
{
    char *name = joined (path, ".page");
    int fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    tt_status status = TT_OK;
    *page = NULL;
    if (fd < 0)
        status = system_failure (error, name);
    else if (flock (fd, LOCK_EX | LOCK_NB) != 0 || !is_current (name, fd))
        status = tt_fail (error, TT_ABORTED, "%s: another harvest is at work with this state", path);
    else if ((*page = fdopen (fd, "r+")) == NULL)
        status = system_failure (error, name);
    if (status != TT_OK && fd >= 0)
        close (fd);
    free (name);
    return status;
}

void
oai_state_unlock (const char *path, FILE **page)
{
    if (*page == NULL)
        return;
    char *name = joined (path, ".page");
    unlink (name);
    fclose (*page);
    free (name);
    *page = NULL;
}

static void
format_time (int64_t unix_ms, bool by_day, char out[OAI_TIME_SIZE])
{
    char text[TT_TIME_TEXT_SIZE];
    tt_time_format (unix_ms, text); /* the protocol has no fractions */
    snprintf (out, OAI_TIME_SIZE, "%.*s%s", by_day ? 10 : 19, text, by_day ? "" : "Z");
}

void
oai_state_next_from (int64_t done_ms, bool by_day, char out[OAI_TIME_SIZE])
{
    out[0] = '\0';
    if (done_ms > 0)
        format_time (done_ms - (by_day ? DAY_MS : 1000), by_day, out);
}

bool
oai_state_bound (const char *text, bool by_day, bool end, char out[OAI_TIME_SIZE])
{
    int64_t at;
    bool day;
    if (!tt_oai_time (text, &at, &day))
        return false;
    format_time (at + (day && end ? DAY_MS - 1 : 0), by_day, out);
    return true;
}

int64_t
oai_state_done (const oai_state *state)
{
    bool day;
    int64_t from = 0, until = state->answered_ms, done = state->answered_ms;
    if (state->from[0] && !tt_oai_time (state->from, &from, &day))
        return state->done_ms;
    if (state->until[0] && tt_oai_time (state->until, &until, &day) && until < done)
        done = until;
    bool gap = state->done_ms > 0 && from > state->done_ms;
    return gap || done < state->done_ms ? state->done_ms : done;
}
