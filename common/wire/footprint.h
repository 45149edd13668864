/* How much memory unpacking takes, told from the packed bytes: two bytes on the wire can become hundreds in memory, so that a small frame of
 * empty items would take a daemon's memory. Not for checking values (validate.h). No thread rule. */
#ifndef TT_WIRE_FOOTPRINT_H
#define TT_WIRE_FOOTPRINT_H

#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"

/* Bytes that protobuf-c allocates for this message, rounded up; SIZE_MAX if messages are nested deeper than 64. What stands behind something
 * that cannot be read is not counted: unpacking ends there too. */
size_t tt_wire_footprint (const ProtobufCMessageDescriptor *type, tt_bytes packed);
/* How many times a field stands in a packed message (not in those inside it). */
size_t tt_wire_count (tt_bytes packed, uint32_t field);

#endif
