/* Blocks: how the events of one commit stand in a journal. Private to store/.
 *
 * One entry of the Redis stream holds all events that one commit call appends. Its id is "<sequence of the last event>-0";
 * fields: n  number of events, decimal e  epoch b  the events one after the other: topic, header and body, each with its length
 * in front (a varint as in protobuf); a record of a log is a body alone */
#ifndef TT_STORE_BLOCK_H
#define TT_STORE_BLOCK_H

#include "base/buffer.h"

#define TT_BLOCK_PARTS 3 /* of an event */

#define TT_BLOCK_LENGTH_MAX 10

/* Writes the length that stands in front of a part, to out[TT_BLOCK_LENGTH_MAX]; returns where the part begins. */
uint8_t *tt_block_length (uint8_t *out, size_t length);
/* Takes one part from the front of *rest. False if the bytes are no part: they may come from anywhere. */
bool tt_block_take (tt_bytes *rest, tt_bytes *part);

#endif
