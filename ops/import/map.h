/* Column maps: how the columns of a foreign file become the fields of a record, said in a text file.
 *
 *     # NASA technology transfer catalogue
 *     @kind achievements                     what the records become
 *     @when case_number set !center          a record with all of these columns, and without those behind a !, is of this kind:
 * the map is chosen by itself source    = "nasa-" + key(set)         target = expression source_id = id keywords  = split(topics,
 * ";") keywords  = category                   a target that is a list takes several lines legs[0].amount_fen = fen([amount,
 * yuan])
 *
 * An expression joins with + : "constants" (\n \t \" \\), column names (in [brackets] if they hold blanks or signs), and
 *     lower(x)  key(x): a-z 0-9 - _ . only  cut(x, n): at most n characters  hash(x): 16 hexadecimal digits
 *     lookup(x, "a=b;c=d"): b for a, else an error, or x itself if the last entry is "*=*"
 *     split(x, "separator"): a list  fen(x): yuan to fen  wan(x): 10,000 yuan to fen  date(x): to an ISO date
 * Where none of its columns has a value the target is left out. Targets of patents are the short keys (short.h), of everything
 * else the fields of the message by their name in the .proto. An immutable map may be read by any thread. */
#ifndef TT_IMPORT_MAP_H
#define TT_IMPORT_MAP_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"

typedef struct tt_map tt_map;

/* Parses a map. name stands in messages. type: the message that the targets belong to, NULL for patents. INVALID_ARGUMENT
 * "<name>:<line>: <reason>". */
TT_MUST_USE tt_status tt_map_parse (const char *name, const char *text, const ProtobufCMessageDescriptor *type, tt_map **out,
                                    tt_error *error);
/* A map for a table whose columns are already called like the targets; what is a list in the record is cut at ";".
 * INVALID_ARGUMENT if a column is no target. */
TT_MUST_USE tt_status tt_map_of_columns (const char *name, const char *const *columns, size_t count,
                                         const ProtobufCMessageDescriptor *type, tt_map **out, tt_error *error);
void tt_map_free (tt_map **map);

/* The @kind of a map's text, without parsing the rest, into out; "" if it names none. */
void tt_map_kind (const char *text, char out[32]);
/* How many columns @when wants, if the record has all of them and none that it excludes; else 0. The map with the most fits best:
 * what is excluded says nothing about what the record is. */
size_t tt_map_fits (const tt_map *map, const json_t *record);

/* A record (a JSON object: column to value) as the JSON object that the targets describe; *out is owned. INVALID_ARGUMENT
 * "<target>: <reason>". What was cut is said in *notes, a line each. */
TT_MUST_USE tt_status tt_map_apply (const tt_map *map, const json_t *record, json_t **out, tt_buffer *notes, tt_error *error);

/* Whether the map gives a target a value; and which one for this record (owned): false where the expression fails, NULL for none.
 */
bool tt_map_has (const tt_map *map, const char *target);
json_t *tt_map_value (const tt_map *map, const json_t *record, const char *target);

/* The maps that come with the suite: i from 0, false past the last. Static storage. */
bool tt_map_builtin (size_t i, const char **name, const char **text);

#endif
