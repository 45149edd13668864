/* The contract of proto/ as text: each message with its fields and the bytes of one fixed example, each service with its rpcs. */
#ifndef TT_TESTS_CONTRACT_H
#define TT_TESTS_CONTRACT_H

#include <protobuf-c/protobuf-c.h>

#include "base/buffer.h"

extern const ProtobufCMessageDescriptor *const contract_messages[];
extern const size_t contract_message_count;
extern const ProtobufCServiceDescriptor *const contract_services[];
extern const size_t contract_service_count;

/* A message with every field set to a value that follows from its number; nested messages to a depth of three. Owned:
 * protobuf_c_message_free_unpacked (m, NULL). */
ProtobufCMessage *contract_example (const ProtobufCMessageDescriptor *type);

/* Appends the whole contract, as it stands in golden.txt. */
void contract_print (tt_buffer *out);

#endif
