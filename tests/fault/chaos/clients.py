"""A client that keeps to PROTOCOL.md 2.2: no reply or a retriable code -> the same frames again, to another replica, on a fresh connection. One
command at a time; each is recorded from asking to outcome. Its commands carry their number in the trace context, so that events tell whose they are."""
import time

import zmq

import commands
import envelope_pb2 as pb
from history import plain

SILENCE = 0.8          # seconds without a reply after which a client asks elsewhere
ABANDON = 0.02         # how often a client gives a silent command up instead
AGAIN = 0.06           # how often an acknowledged command is sent once more


def traceparent(operation):
    return f"00-{operation:032x}-{1:016x}-01"


class Client:
    def __init__(self, name, service, endpoints, recorder, random, until):
        """until: function that gives the instant after which nothing is tried again."""
        self.name, self.service, self.endpoints, self.recorder = name, service, endpoints, recorder
        self.random, self.until = random, until
        self.turn = random.randrange(len(endpoints))
        self.socket = None

    def close(self):
        if self.socket is not None:
            self.socket.close()
        self.socket = None

    def _connect(self):
        if self.socket is None:
            made = commands.CONTEXT.socket(zmq.DEALER)
            made.linger = 0
            made.heartbeat_ivl, made.heartbeat_timeout = 2000, 6000
            made.connect(self.endpoints[self.turn % len(self.endpoints)])
            self.socket = made

    def _elsewhere(self):
        self.close()
        self.turn += 1

    def _reply(self, request_id, seconds):
        """Header and body of the reply to this request, or None."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.socket.poll(int(left * 1000) + 1):
                frames = self.socket.recv_multipart()
                head = pb.ReplyHeader.FromString(frames[0])
                if head.request_id == request_id:
                    return head, frames[1]
        return None

    def call(self, method, request, reply_type):
        """The reply message, or None if it was refused or nothing is known."""
        number = self.recorder.number()
        request_id = commands.uuid7()
        header = pb.RequestHeader(request_id=request_id, method=method, traceparent=traceparent(number)).SerializeToString()
        frames = [header, request.SerializeToString()]
        self.recorder.write("invoke", op=number, client=self.name, service=self.service, method=method, request=plain(request))
        outcome, head, body, tries, doubt = self._until_final(frames, request_id)
        message = reply_type.FromString(body) if outcome == "ok" else None
        self.recorder.write("done", op=number, outcome=outcome, code=head.code if head else None, tries=tries, doubt=doubt,
                            reply=plain(message) if message else {"message": head.message if head else ""}, replayed=bool(head and head.replayed))
        if outcome == "ok" and self.random.random() < AGAIN:
            self._again(number, frames, request_id, reply_type)
        return message

    def _until_final(self, frames, request_id):
        tries = doubt = 0
        while True:
            self._connect()
            self.socket.send_multipart(frames)
            tries += 1
            got = self._reply(request_id, SILENCE)
            if got is None:
                doubt += 1
                self._elsewhere()
                if self.random.random() < ABANDON or time.monotonic() > self.until():
                    return "unknown", None, b"", tries, doubt
                continue
            head, body = got
            if head.code not in commands.RETRIABLE:
                return ("ok" if head.code == pb.OK else "fail"), head, body, tries, doubt
            doubt += head.code == pb.UNAVAILABLE
            if time.monotonic() > self.until():
                return "unknown", head, b"", tries, doubt
            time.sleep(min(max(head.retry_after_ms, 20), 500) / 1000)
            if head.code == pb.UNAVAILABLE:
                self._elsewhere()

    def _again(self, number, frames, request_id, reply_type):
        """The same id once more, mostly to the other replica; whatever is answered finally is recorded."""
        if self.random.random() < 0.7:
            self._elsewhere()
        outcome, head, body, _, _ = self._until_final(frames, request_id)
        if outcome != "unknown":
            message = reply_type.FromString(body) if outcome == "ok" else None
            self.recorder.write("again", op=number, code=head.code, reply=plain(message) if message else {}, replayed=head.replayed)
