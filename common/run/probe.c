#include "run/probe.h"

#include <stdio.h>
#include <string.h>

#include "envelope.pb-c.h"

#define KEY_MAX 128
#define PAYLOAD_MAX 65536

static void
put (tt_txn *txn, const void *message, void *service)
{
    (void) service;
    const Techtransfer__V1__ProbePutRequest *request = message;
    size_t size = strlen (request->key);
    if (size < 1 || size > KEY_MAX) {
        tt_txn_violation (txn, "key", "%zu bytes; 1 to %d are allowed", size, KEY_MAX);
        return;
    }
    if (request->payload.len > PAYLOAD_MAX) {
        tt_txn_violation (txn, "payload", "%zu bytes; at most %d are allowed", request->payload.len, PAYLOAD_MAX);
        return;
    }
    tt_bytes key = tt_bytes_of_text (request->key);
    tt_txn_at (txn, key);
    tt_txn_put_blind (txn, "probe", key, (tt_bytes){ request->payload.data, request->payload.len });
    Techtransfer__V1__ProbeStored stored = TECHTRANSFER__V1__PROBE_STORED__INIT;
    stored.key = request->key;
    stored.payload = request->payload;
    char *topic = tt_arena_printf (tt_txn_arena (txn), "%s/stored/", tt_txn_stream (txn));
    tt_txn_event (txn, topic, request->key, &stored.base);
    Techtransfer__V1__ProbePutReply reply = TECHTRANSFER__V1__PROBE_PUT_REPLY__INIT;
    reply.partition = tt_txn_partition (txn);
    tt_txn_reply (txn, &reply.base);
}

const tt_method tt_probe_method = {
    .name = "techtransfer.v1.Probe/Put",
    .request = &techtransfer__v1__probe_put_request__descriptor,
    .handle = put,
};
