#include "import/map_set.h"

#include <string.h>

#include "import/source.h"

#define MAX_MAP_SIZE 1048576

static tt_status
add_map (tt_map_set *set, const char *name, const char *text, const ProtobufCMessageDescriptor *type, tt_error *error)
{
    tt_map *map;
    tt_status status = tt_map_parse (name, text, type, &map, error);
    if (status == TT_OK)
        set->maps[set->count++] = map;
    return status;
}

static tt_status
read_map_file (const char *path, tt_buffer *text, tt_error *error)
{
    tt_source *source;
    size_t got = 1;
    tt_status status = tt_source_open (&source, path, error);
    while (status == TT_OK && got > 0 && text->size <= MAX_MAP_SIZE) {
        status = tt_source_read (source, tt_buffer_reserve (text, 65536), 65536, &got, error);
        text->size += status == TT_OK ? got : 0;
    }
    tt_source_close (&source);
    if (status == TT_OK && text->size > MAX_MAP_SIZE)
        return tt_fail (error, TT_INVALID_ARGUMENT, "%s: too large for a column map", path);
    return status;
}

tt_status
tt_map_set_load (tt_map_set *set, const char *wanted, const ProtobufCMessageDescriptor *type, tt_error *error)
{
    const char *name, *text;
    tt_buffer content = { 0 };
    set->chosen = true;
    for (size_t i = 0; tt_map_builtin (i, &name, &text); i++)
        if (strcmp (name, wanted) == 0)
            return add_map (set, name, text, type, error);
    tt_status status = read_map_file (wanted, &content, error);
    if (status == TT_OK)
        status = add_map (set, wanted, tt_buffer_cstr (&content), type, error);
    else
        (void)tt_fail_prefix (error, "column map");
    tt_buffer_free (&content);
    return status;
}

tt_status
tt_map_set_builtin (tt_map_set *set, const char *kind, const ProtobufCMessageDescriptor *type, tt_error *error)
{
    const char *name, *text;
    char named[32];
    tt_status status = TT_OK;
    for (size_t i = 0; status == TT_OK && set->count < TT_MAP_SET_MOST && tt_map_builtin (i, &name, &text); i++) {
        tt_map_kind (text, named);
        if (strcmp (named, kind) == 0)
            status = add_map (set, name, text, type, error);
    }
    return status;
}

void
tt_map_set_free (tt_map_set *set)
{
    while (set->count > 0)
        tt_map_free (&set->maps[--set->count]);
}

const tt_map *
tt_map_set_best (const tt_map_set *set, const json_t *record)
{
    const tt_map *best = NULL;
    size_t most = 0;
    if (set->chosen)
        return set->maps[0];
    for (size_t i = 0; i < set->count; i++) {
        size_t fits = tt_map_fits (set->maps[i], record);
        if (fits >= most && fits > 0)
            best = fits == most ? NULL : set->maps[i];
        most = fits > most ? fits : most;
    }
    return best;
}

/* A table is of one kind, whichever of its cells are empty: the map that fits the header is that of every row. */
static void
choose_map (tt_map_set *set, const tt_map *wanted)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->maps[i] == wanted) {
            tt_map *first = set->maps[0];
            set->maps[0] = set->maps[i];
            set->maps[i] = first;
        }
    set->chosen = true;
}

tt_status
tt_map_set_choose (tt_map_set *set, const char *name, const char *const *columns, size_t count,
                   const ProtobufCMessageDescriptor *type, tt_error *error)
{
    tt_map *map;
    json_t *header = json_object ();
    for (size_t i = 0; i < count; i++)
        json_object_set_new (header, columns[i], json_true ());
    const tt_map *fits = tt_map_set_best (set, header);
    json_decref (header);
    if (fits)
        choose_map (set, fits);
    if (fits || count == 0)
        return TT_OK;
    tt_error why = { 0 };
    tt_status status = tt_map_of_columns (name, columns, count, type, &map, &why);
    if (status != TT_OK)
        return tt_fail (error, status, "%.300s (a column map says what the columns are: --map FILE)", why.message);
    tt_map_set_free (set);
    set->maps[set->count++] = map;
    set->chosen = true;
    return TT_OK;
}
