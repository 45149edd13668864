/* The names of the keys in Redis. One place, so that PROTOCOL.md's table and the code cannot drift apart.
 *
 *   tt:{patent}:service        hash   what the service was set up with: partitions
 *   tt:{patent.3}:meta         hash   epoch; head sequence of each journal under the journal's name; buckets of request ids
 *   tt:{patent.3}:j:events     stream journal (and logs under their own names)
 *   tt:{patent.3}:t:<table>    hash   rows: key -> 8 bytes version, then the value
 *   tt:{patent.3}:n:<table>    hash   numbers: key -> decimal integer
 *   tt:{patent.3}:x:<index>    zset   sorted index
 *   tt:{patent.3}:r:<bucket>   hash   request ids made in one span of time -> outcome; expires as a whole
 *   tt:{patent.3}:w:           string while a slot is moved: written and deleted, so that WAIT has something to wait for */
#ifndef TT_STORE_KEYS_H
#define TT_STORE_KEYS_H

#include "base/buffer.h"

/* Appends "tt:{<service>.<partition>}:" to *out. */
void tt_key_prefix (tt_buffer *out, const char *service, uint32_t partition);
/* Replaces *out by the key of a kind ('t', 'n', 'x', 'j', 'r', 'w') and name; kind 'm' is the meta key, name unused. */
void tt_key (tt_buffer *out, const char *service, uint32_t partition, char kind, const char *name);

#endif
