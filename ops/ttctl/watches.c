#include "watches.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "import/lines.h"

static void
reject (ctl_watches *w, const char *path, uint64_t line, const char *id, const char *reason)
{
    fprintf (stderr, "%s:%llu: %s%s%s\n", path, (unsigned long long)line, id, *id ? ": " : "", reason);
    w->bad++;
}

static bool
is_known (const ctl_watches *w, const json_t *seen, const char *id)
{
    return w->count > 0 && json_object_get (seen, id) != NULL;
}

static void
take (ctl_watches *w, const char *path, uint64_t line, const json_t *entry, json_t *seen)
{
    const json_t *given = json_object_get (entry, "id") ? json_object_get (entry, "id") : json_object_get (entry, "watch_id");
    const char *id = json_string_value (given), *query = json_string_value (json_object_get (entry, "query"));
    tt_error error = { 0 };
    if (id == NULL || *id == '\0' || query == NULL) {
        reject (w, path, line, "", "an object with the texts \"id\" and \"query\" is expected");
        return;
    }
    if (is_known (w, seen, id)) {
        reject (w, path, line, id, "this id was used before");
        return;
    }
    size_t size = json_string_length (json_object_get (entry, "query"));
    if (tt_percolator_put (w->index, w->count, query, size, NULL, &error) != TT_OK) {
        reject (w, path, line, id, error.message);
        return;
    }
    if ((w->count & (w->count - 1)) == 0)
        w->ids = tt_realloc (w->ids, (w->count ? w->count * 2 : 1) * sizeof *w->ids);
    w->ids[w->count++] = tt_strdup (id);
    json_object_set_new (seen, id, json_true ());
}

static void
take_line (ctl_watches *w, const char *path, const tt_line *line, json_t *seen)
{
    json_error_t where;
    char reason[256];
    size_t blanks = 0;
    while (blanks < line->text.size && strchr (" \t\r", line->text.data[blanks]) != NULL)
        blanks++;
    if (blanks == line->text.size)
        return;
    json_t *entry = json_loadb ((const char *)line->text.data, line->text.size, JSON_REJECT_DUPLICATES, &where);
    if (entry == NULL) {
        snprintf (reason, sizeof reason, "at byte %d: no JSON: %s", where.position, where.text);
        reject (w, path, line->number, "", reason);
        return;
    }
    take (w, path, line->number, entry, seen);
    json_decref (entry);
}

tt_status
ctl_watches_load (ctl_watches *watches, const char *path, tt_error *error)
{
    tt_source *source = NULL;
    *watches = (ctl_watches){ .index = tt_percolator_new (tt_schema_patent ()) };
    tt_status status = tt_source_open (&source, path, error);
    if (status != TT_OK)
        return status;
    tt_lines *lines = tt_lines_new (source, 1 << 20);
    json_t *seen = json_object ();
    for (;;) {
        tt_line line;
        bool more;
        status = tt_lines_next (lines, &line, &more, error);
        if (status != TT_OK || !more)
            break;
        if (line.too_long)
            reject (watches, path, line.number, "", "the line is longer than 1 MiB");
        else
            take_line (watches, path, &line, seen);
    }
    json_decref (seen);
    tt_lines_close (&lines);
    tt_source_close (&source);
    return status;
}

void
ctl_watches_free (ctl_watches *watches)
{
    tt_percolator_destroy (&watches->index);
    for (size_t i = 0; i < watches->count; i++)
        free (watches->ids[i]);
    free (watches->ids);
    *watches = (ctl_watches){ 0 };
}

static int
compare (const void *a, const void *b)
{
    return strcmp (*(const char *const *)a, *(const char *const *)b);
}

json_t *
ctl_watches_match (ctl_watches *watches, const tt_document *document)
{
    const uint64_t *numbers;
    size_t count = tt_percolator_match (watches->index, document, &numbers);
    const char **ids = tt_alloc (count * sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = watches->ids[numbers[i]];
    if (count > 1)
        qsort (ids, count, sizeof *ids, compare);
    json_t *list = json_array ();
    for (size_t i = 0; i < count; i++)
        json_array_append_new (list, json_string (ids[i]));
    free (ids);
    return list;
}
