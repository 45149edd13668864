/* A command between decoding and reply: one transaction, or one for each item of a bulk command. Private to bus/. Pure: no socket. */
#ifndef TT_BUS_COMMAND_H
#define TT_BUS_COMMAND_H

#include "bus/service.h"
#include "wire/envelope.h"
#include "wire/validate.h"

typedef struct {
    const tt_method *method;
    tt_txn **txns;
    size_t txn_count;
    tt_txn *closing; /* behind those, or NULL */
    bool bad_traceparent; /* the header's was none: ignored, as W3C Trace Context says */
} tt_command;

/* The method with this name, or NULL. */
const tt_method *tt_method_find (const tt_method *methods, size_t count, tt_bytes name);

/* The body as the method's message, in the arena. INVALID_ARGUMENT as below. */
TT_MUST_USE tt_status tt_command_decode (const tt_method *method, tt_bytes body, tt_arena *arena, const ProtobufCMessage **message,
                                         tt_violations *violations, tt_error *error);

/* Decodes the body and adds the transactions to the batch. INVALID_ARGUMENT with violations if the body is no such message, holds text
 * that is no UTF-8, or a bulk command has no items or too many. */
TT_MUST_USE tt_status tt_command_begin (tt_command *command, const tt_method *method, const tt_request_header *header, tt_bytes body,
                                        tt_batch *batch, tt_arena *arena, void *service, tt_violations *violations, tt_error *error);

/* After the batch ran: fills the reply header (all but the request id) and the body, both in the arena. */
void tt_command_finish (const tt_command *command, tt_arena *arena, tt_reply_header *header, tt_bytes *body);

#endif
