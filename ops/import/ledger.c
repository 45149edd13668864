#include "import/ledger.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define MAX_TEXT 65536

struct tt_ledger {
    char *file;
    char *fingerprint;
    char *rejects;
    char *state;
    FILE *out; /* the reject file, once there is one */
    uint64_t number;
    uint64_t end;
    tt_ledger_counts counts;
};

static tt_status
system_failure (tt_error *error, const char *path)
{
    return tt_fail (error,
                    errno == ENOENT   ? TT_NOT_FOUND
                    : errno == EACCES ? TT_PERMISSION_DENIED
                                      : TT_INTERNAL,
                    "%s: %s", path, strerror (errno));
}

static uint64_t
number_of (const json_t *state, const char *key)
{
    json_int_t value = json_integer_value (json_object_get (state, key));
    return value < 0 ? 0 : (uint64_t)value;
}

static tt_status
same_import (const tt_ledger *ledger, const json_t *state, tt_error *error)
{
    const char *file = json_string_value (json_object_get (state, "file"));
    const char *fingerprint = json_string_value (json_object_get (state, "fingerprint"));
    if (file == NULL || fingerprint == NULL)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%s: is no state of an import", ledger->state);
    if (strcmp (file, ledger->file) != 0)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%s: belongs to the import of %.200s", ledger->state, file);
    if (strcmp (fingerprint, ledger->fingerprint) != 0)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%s: %.200s has changed since the import was interrupted", ledger->state,
                        file);
    return TT_OK;
}

/* Opens the reject file and cuts it back to what was settled. */
static tt_status
reopen_rejects (tt_ledger *ledger, uint64_t size, tt_error *error)
{
    if (size == 0) {
        unlink (ledger->rejects);
        return TT_OK;
    }
    ledger->out = fopen (ledger->rejects, "r+e");
    if (ledger->out == NULL || ftruncate (fileno (ledger->out), (off_t)size) != 0 || fseeko (ledger->out, 0, SEEK_END) != 0)
        return system_failure (error, ledger->rejects);
    return TT_OK;
}

static tt_status
load_state (tt_ledger *ledger, tt_error *error)
{
    json_error_t where;
    if (access (ledger->state, F_OK) != 0)
        return reopen_rejects (ledger, 0, error);
    json_t *state = json_load_file (ledger->state, 0, &where);
    if (state == NULL)
        return tt_fail (error, TT_FAILED_PRECONDITION, "%s: %s", ledger->state, where.text);
    tt_status status = same_import (ledger, state, error);
    ledger->number = number_of (state, "record");
    ledger->end = number_of (state, "offset");
    ledger->counts = (tt_ledger_counts){ .read = number_of (state, "read"),
                                         .accepted = number_of (state, "accepted"),
                                         .unchanged = number_of (state, "unchanged"),
                                         .withdrawn = number_of (state, "withdrawn"),
                                         .quarantined = number_of (state, "quarantined"),
                                         .rejected = number_of (state, "rejected"),
                                         .notes = number_of (state, "notes") };
    if (status == TT_OK)
        status = reopen_rejects (ledger, number_of (state, "reject_bytes"), error);
    json_decref (state);
    return status;
}

static char *
joined (const char *text, const char *more)
{
    tt_buffer buffer = { 0 };
    tt_buffer_printf (&buffer, "%s%s", text, more);
    tt_buffer_cstr (&buffer);
    return (char *)buffer.data;
}

tt_status
tt_ledger_open (tt_ledger **out, const char *file, const char *fingerprint, const char *rejects, bool resume, tt_error *error)
{
    tt_ledger *ledger = tt_alloc_zero (1, sizeof *ledger);
    ledger->file = tt_strdup (file);
    ledger->fingerprint = tt_strdup (fingerprint);
    ledger->rejects = tt_strdup (rejects);
    ledger->state = joined (rejects, ".state");
    tt_status status;
    if (resume) {
        status = load_state (ledger, error);
    } else {
        unlink (ledger->state);
        status = reopen_rejects (ledger, 0, error);
    }
    if (status != TT_OK)
        tt_ledger_close (&ledger);
    *out = ledger;
    return status;
}

tt_status
tt_ledger_continue (tt_ledger **out, const char *file, const char *rejects, uint64_t kept, tt_ledger_counts counts, tt_error *error)
{
    tt_ledger *ledger = tt_alloc_zero (1, sizeof *ledger);
    ledger->file = tt_strdup (file);
    ledger->rejects = tt_strdup (rejects);
    ledger->counts = counts;
    tt_status status = reopen_rejects (ledger, kept, error);
    if (status != TT_OK)
        tt_ledger_close (&ledger);
    *out = ledger;
    return status;
}

tt_status
tt_ledger_kept (tt_ledger *ledger, uint64_t *kept, tt_error *error)
{
    off_t size = 0;
    if (ledger->out && (fflush (ledger->out) != 0 || fsync (fileno (ledger->out)) != 0 || (size = ftello (ledger->out)) < 0))
        return system_failure (error, ledger->rejects);
    *kept = (uint64_t)size;
    return TT_OK;
}

void
tt_ledger_close (tt_ledger **out)
{
    tt_ledger *ledger = *out;
    if (ledger == NULL)
        return;
    if (ledger->out)
        fclose (ledger->out);
    free (ledger->file);
    free (ledger->fingerprint);
    free (ledger->rejects);
    free (ledger->state);
    free (ledger);
    *out = NULL;
}

void
tt_ledger_resume_point (const tt_ledger *ledger, uint64_t *number, uint64_t *end)
{
    *number = ledger->number;
    *end = ledger->end;
}

tt_ledger_counts *
tt_ledger_count (tt_ledger *ledger)
{
    return &ledger->counts;
}

/* The text as a JSON string: cut on a character boundary; what is no UTF-8 is said as the place where it stops to be. */
static json_t *
bounded_text (tt_bytes text)
{
    size_t size = text.size < MAX_TEXT ? text.size : MAX_TEXT, wrong;
    while (size > 0 && size < text.size && (text.data[size] & 0xc0) == 0x80)
        size--;
    if (!tt_text_valid ((tt_bytes){ text.data, size }, &wrong))
        size = wrong;
    return json_stringn ((const char *)text.data, size);
}

tt_status
tt_ledger_reject (tt_ledger *ledger, uint64_t line, uint64_t record, const char *reason, tt_bytes text, tt_error *error)
{
    if (ledger->out == NULL && (ledger->out = fopen (ledger->rejects, "we")) == NULL)
        return system_failure (error, ledger->rejects);
    json_t *value = text.size ? bounded_text (text) : json_string ("");
    size_t wrong;
    if (!tt_text_valid (tt_bytes_of_text (reason), &wrong))
        reason = "the record is no UTF-8";
    json_t *entry = json_pack ("{s:s, s:I, s:I, s:s, s:o}", "file", ledger->file, "line", (json_int_t)line, "record",
                               (json_int_t)record, "reason", reason, "text", value);
    if (entry == NULL)
        return tt_fail (error, TT_INTERNAL, "%s: a rejection could not be written down", ledger->rejects);
    int bad = json_dumpf (entry, ledger->out, JSON_COMPACT);
    json_decref (entry);
    if (bad || fputc ('\n', ledger->out) == EOF)
        return system_failure (error, ledger->rejects);
    ledger->counts.rejected++;
    return TT_OK;
}

static tt_status
write_state (const tt_ledger *ledger, uint64_t reject_bytes, tt_error *error)
{
    char *fresh = joined (ledger->state, ".new");
    const tt_ledger_counts *c = &ledger->counts;
    json_t *state
        = json_pack ("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "file", ledger->file, "fingerprint",
                     ledger->fingerprint, "record", (json_int_t)ledger->number, "offset", (json_int_t)ledger->end, "read",
                     (json_int_t)c->read, "accepted", (json_int_t)c->accepted, "unchanged", (json_int_t)c->unchanged, "withdrawn",
                     (json_int_t)c->withdrawn, "quarantined", (json_int_t)c->quarantined, "rejected", (json_int_t)c->rejected, "notes", (json_int_t)c->notes, "reject_bytes", (json_int_t)reject_bytes);
    tt_status status = TT_OK;
    if (state == NULL)
        status = tt_fail (error, TT_INVALID_ARGUMENT, "the name of the file is no UTF-8");
    else if (json_dump_file (state, fresh, JSON_INDENT (1)) != 0 || rename (fresh, ledger->state) != 0)
        status = system_failure (error, ledger->state);
    json_decref (state);
    free (fresh);
    return status;
}

tt_status
tt_ledger_settle (tt_ledger *ledger, uint64_t number, uint64_t end, tt_error *error)
{
    off_t size = 0;
    ledger->number = number;
    ledger->end = end;
    if (ledger->out && (fflush (ledger->out) != 0 || (size = ftello (ledger->out)) < 0))
        return system_failure (error, ledger->rejects);
    return ledger->state ? write_state (ledger, (uint64_t)size, error) : TT_OK;
}

void
tt_ledger_finish (tt_ledger *ledger)
{
    if (ledger->state)
        unlink (ledger->state);
}
