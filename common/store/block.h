/* Blocks: how the events of one commit stand in a journal. Private to store/.
 *
 * One entry of the Redis stream holds all events that one commit call appends: its id is "<sequence of the last event>-0", its
 * fields are n  number of events, decimal      e  epoch      b  the events one after the other and each event is topic, header
 * and body, each with its length in front (a varint as in protobuf); a record of a log is a body alone. */
#ifndef TT_STORE_BLOCK_H
#define TT_STORE_BLOCK_H

#include "base/buffer.h"

#define TT_BLOCK_PARTS 3 /* of an event */

/* Bytes that the parts take with their lengths. */
size_t tt_block_size (const tt_bytes *parts, size_t count);
/* Writes them to out[tt_block_size]. */
void tt_block_write (uint8_t *out, const tt_bytes *parts, size_t count);
/* Takes one part from the front of *rest. False if the bytes are no part: they may come from anywhere. */
bool tt_block_take (tt_bytes *rest, tt_bytes *part);

#endif
