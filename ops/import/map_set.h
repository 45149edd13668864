/* The column maps that an import has to choose from: one that the user named, or the built-in ones of its kind. One thread at a
 * time. */
#ifndef TT_IMPORT_MAP_SET_H
#define TT_IMPORT_MAP_SET_H

#include "import/map.h"

#define TT_MAP_SET_MOST 32

/* Zero-initialised: empty. */
typedef struct {
    tt_map *maps[TT_MAP_SET_MOST]; /* tried for each record; with `chosen` only the first */
    size_t count;
    bool chosen; /* the map was named, or follows from the header: always applied */
} tt_map_set;

/* A built-in map by its name, else a file, and no other. Statuses of tt_source_open and tt_map_parse. */
TT_MUST_USE tt_status tt_map_set_load (tt_map_set *set, const char *wanted, const ProtobufCMessageDescriptor *type,
                                       tt_error *error);
/* The built-in maps of this @kind. */
TT_MUST_USE tt_status tt_map_set_builtin (tt_map_set *set, const char *kind, const ProtobufCMessageDescriptor *type,
                                          tt_error *error);
/* For a table without a named map: the one that fits its header best for all its rows, else its columns must be called like the
 * fields: INVALID_ARGUMENT if not. */
TT_MUST_USE tt_status tt_map_set_choose (tt_map_set *set, const char *name, const char *const *columns, size_t count,
                                         const ProtobufCMessageDescriptor *type, tt_error *error);
void tt_map_set_free (tt_map_set *set); /* empties it */

/* The map that fits a record best, borrowed, or NULL: none fits, or two fit equally well and it would be a guess. */
const tt_map *tt_map_set_best (const tt_map_set *set, const json_t *record);

#endif
