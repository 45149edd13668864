"""A command client in Python, for tests: one DEALER, any number in flight, retries under the same request id (PROTOCOL.md, section 2)."""
import os
import struct
import time

import zmq

import envelope_pb2 as pb

CONTEXT = zmq.Context()
PUT = "techtransfer.v1.Probe/Put"
RETRIABLE = (pb.RESOURCE_EXHAUSTED, pb.ABORTED, pb.UNAVAILABLE)


def uuid7(unix_ms=None, version=7, variant=2):
    unix_ms = int(time.time() * 1000) if unix_ms is None else unix_ms
    random = bytearray(os.urandom(10))
    random[0] = version << 4 | random[0] & 0x0F
    random[2] = variant << 6 | random[2] & 0x3F
    return struct.pack(">Q", unix_ms)[2:] + bytes(random)


def header(method=PUT, request_id=None, deadline=0):
    return pb.RequestHeader(request_id=request_id or uuid7(), method=method, deadline_unix_ms=deadline).SerializeToString()


def put_body(key, payload=b""):
    return pb.ProbePutRequest(key=key, payload=payload).SerializeToString()


def socket(endpoint, kind=zmq.DEALER):
    made = CONTEXT.socket(kind)
    made.linger = 0
    made.sndhwm = made.rcvhwm = 100000
    made.connect(endpoint)
    return made


def receive(peer, seconds=30):
    """The next message as a list of frames, or None."""
    return peer.recv_multipart() if peer.poll(int(seconds * 1000)) else None


def exchange(peer, frames, seconds=30):
    """Sends frames as they are; the reply's header and body."""
    peer.send_multipart(frames)
    reply = receive(peer, seconds)
    assert reply is not None, f"no reply within {seconds} s"
    reply = reply[1:] if reply[0] == b"" and len(reply) == 3 else reply
    assert len(reply) == 2, f"a reply of {len(reply)} frames"
    return pb.ReplyHeader.FromString(reply[0]), reply[1]


def call(endpoint, method, request, seconds=30):
    """One command on a connection of its own, retried; header and body of its reply."""
    request_id, until = uuid7(), time.monotonic() + seconds
    while True:
        peer = socket(endpoint)
        try:
            peer.send_multipart([header(method, request_id), request.SerializeToString()])
            reply = receive(peer, 2)
        finally:
            peer.close()
        if reply is not None:
            head = pb.ReplyHeader.FromString(reply[0])
            if head.code not in RETRIABLE:
                return head, reply[1]
        assert time.monotonic() < until, f"{method}: no final reply within {seconds} s"


class Load:
    """Puts numbered payloads, `window` in flight, until each is acknowledged. A reply that does not come in time, or a retriable one, is
    followed by the same frames on a fresh connection to the next endpoint."""

    def __init__(self, endpoints, keys=997, window=256, silence=1.0, padding=0):
        self.endpoints, self.keys, self.window, self.silence, self.padding = list(endpoints), keys, window, silence, bytes(padding)
        self.under_way = {}
        self.acknowledged = {}  # number -> replayed
        self.retries = 0
        self.next = 0
        self.turn = 0
        self.peer = None
        self.heard = time.monotonic()

    def _connect(self):
        if self.peer:
            self.peer.close()
        self.peer = socket(self.endpoints[self.turn % len(self.endpoints)])
        self.turn += 1
        self.heard = time.monotonic()
        for request_id in self.under_way:
            self._send(request_id)

    def _send(self, request_id):
        number = self.under_way[request_id]
        self.peer.send_multipart([header(PUT, request_id), put_body(f"key-{number % self.keys}", struct.pack(">Q", number) + self.padding)])

    def _take(self, frames):
        head = pb.ReplyHeader.FromString(frames[0])
        self.heard = time.monotonic()
        number = self.under_way.get(head.request_id)
        if number is None:
            return  # the second answer to a retry
        if head.code in RETRIABLE:
            self.retries += 1
            self._send(head.request_id)
            return
        assert head.code == pb.OK, f"command {number}: {head.code} {head.message}"
        del self.under_way[head.request_id]
        self.acknowledged[number] = head.replayed

    def run(self, total, at=None, seconds=240):
        """Until `total` are acknowledged. at: {number of acknowledgements: what to call then}."""
        at, until = dict(at or {}), time.monotonic() + seconds
        if self.peer is None:
            self._connect()
        while len(self.acknowledged) < total:
            while self.next < total and len(self.under_way) < self.window:
                request_id = uuid7()
                self.under_way[request_id] = self.next
                self.next += 1
                self._send(request_id)
            if self.peer.poll(50):
                self._take(self.peer.recv_multipart())
            elif time.monotonic() - self.heard > self.silence:
                self.retries += len(self.under_way)
                self._connect()
            for mark in [m for m in at if m <= len(self.acknowledged)]:
                at.pop(mark)()
            assert time.monotonic() < until, f"{len(self.acknowledged)} of {total} acknowledged within {seconds} s"

    def stop(self):
        if self.peer:
            self.peer.close()
