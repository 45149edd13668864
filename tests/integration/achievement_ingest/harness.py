"""A private Redis, replicas of achievement-ingestd, and a client, for the integration tests.

Everything lives in a directory of its own and on a Unix socket; what was started is ended by its process id. Not a general client.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import zmq

BUILD = os.environ["TT_BUILD_DIR"]
PROTO = os.path.join(os.environ["TT_SOURCE_DIR"], "proto")
SERVICE = "techtransfer.achievement.v1.AchievementIngest/"


def compile_protos(directory):
    subprocess.run(
        ["protoc", "--proto_path=" + PROTO, "--python_out=" + directory, "envelope.proto", "achievement.proto"], check=True
    )
    sys.path.insert(0, directory)


_generated = tempfile.TemporaryDirectory(prefix="tt-proto-")
compile_protos(_generated.name)
import achievement_pb2 as pb  # noqa: E402  (made just now)
import envelope_pb2 as envelope  # noqa: E402


def wait_for(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)  # between two looks at the condition, not instead of it
    raise AssertionError("not within %d s: %s" % (seconds, what))


def uuid7():
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds << 80) | random
    value = (value & ~(0xF << 76)) | (7 << 76)
    value = (value & ~(0x3 << 62)) | (2 << 62)
    return uuid.UUID(int=value).bytes


class Stack:
    """Redis and any number of replicas. Use as a context."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="tt-ingest-")
        self.socket = os.path.join(self.directory.name, "redis.sock")
        self.redis = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.directory.name,
             "--appendonly", "yes", "--appendfsync", "everysec", "--logfile", "redis.log"],
            stdout=subprocess.DEVNULL,
        )
        wait_for("redis socket", lambda: os.path.exists(self.socket))
        self.replicas = {}
        return self

    def __exit__(self, *_):
        try:
            for name in list(self.replicas):
                self.stop(name)
        finally:
            for process in list(self.replicas.values()) + [self.redis]:
                process.kill()
                process.wait(20)
            self.directory.cleanup()

    def start(self, name, *flags):
        path = os.path.join(self.directory.name, name + ".json")
        if os.path.exists(path):
            os.unlink(path)
        log = open(os.path.join(self.directory.name, name + ".log"), "ab")
        self.replicas[name] = subprocess.Popen(
            [os.path.join(BUILD, "services/achievement_ingest/achievement-ingestd"), "--redis.endpoints", "unix:" + self.socket,
             "--commands.endpoint", self.ipc(name, "c"), "--events.endpoint", self.ipc(name, "e"),
             "--replay.endpoint", self.ipc(name, "r"), "--http.bind", "127.0.0.1:0", "--endpoints.file", path,
             "--instance", name, *flags],
            stderr=log,
        )
        log.close()
        wait_for("endpoints of " + name, lambda: os.path.exists(path) or self.died(name))
        with open(path) as file:
            return json.load(file)

    def ipc(self, name, what):
        """Not a free TCP port: when its replica is killed another program could get it, and answer."""
        return "ipc://%s/%s.%s" % (self.directory.name, name, what)

    def died(self, name):
        if self.replicas[name].poll() is not None:
            with open(os.path.join(self.directory.name, name + ".log")) as file:
                raise AssertionError(name + " ended: " + file.read())
        return False

    def log(self, name):
        with open(os.path.join(self.directory.name, name + ".log"), encoding="utf-8") as file:
            return file.read()

    def files(self):
        """Everything that Redis (append-only file) and the daemons (logs) have written."""
        out = {}
        for folder, _, names in os.walk(self.directory.name):
            for name in names:
                if os.path.isfile(os.path.join(folder, name)):
                    with open(os.path.join(folder, name), "rb") as file:
                        out[name] = file.read()
        return out

    def stop(self, name):
        process = self.replicas.pop(name)
        process.terminate()
        if process.wait(30) != 0:
            raise AssertionError("%s ended with %d: %s" % (name, process.returncode, self.log(name)))

    def kill(self, name):
        process = self.replicas.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(10)


class Refused(Exception):
    def __init__(self, header):
        super().__init__(header.message)
        self.code = header.code
        self.violations = {v.path: v.reason for v in header.violations}


class Client:
    """One command at a time; sent again under the same id to the next endpoint until it is answered."""

    def __init__(self, *endpoints):
        self.endpoints = list(endpoints)
        self.context = zmq.Context.instance()
        self.socket = None
        self.replayed = False

    def connect(self):
        if self.socket:
            self.socket.close(0)
            self.endpoints.append(self.endpoints.pop(0))
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.connect(self.endpoints[0])

    def call(self, method, request, reply, request_id=None, seconds=60):
        header = envelope.RequestHeader(request_id=request_id or uuid7(), method=SERVICE + method)
        frames = [header.SerializeToString(), request.SerializeToString()]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.socket:
                self.connect()
            self.socket.send_multipart(frames)
            if not self.socket.poll(3000):
                self.connect()
                continue
            answer = envelope.ReplyHeader()
            got = self.socket.recv_multipart()
            answer.ParseFromString(got[0])
            if answer.request_id != header.request_id:
                continue
            if answer.code == envelope.UNAVAILABLE:
                continue
            if answer.code != envelope.OK:
                raise Refused(answer)
            self.replayed = answer.replayed
            reply.ParseFromString(got[1])
            return reply
        raise AssertionError("no answer to " + method)

    def submit(self, *records, request_id=None):
        request = pb.SubmitAchievementsRequest(achievements=records)
        return self.call("SubmitAchievements", request, pb.SubmitAchievementsReply(), request_id).results

    def withdraw(self, source, source_id):
        request = pb.WithdrawAchievementRequest(source=source, source_id=source_id, reason="asked for")
        return self.call("WithdrawAchievement", request, pb.WithdrawAchievementReply())

    def get(self, source, source_id):
        request = pb.GetAchievementRequest(source=source, source_id=source_id)
        return self.call("GetAchievement", request, pb.GetAchievementReply())

    def put_demand(self, request_id=None, **fields):
        request = pb.PutDemandRequest(demand=pb.Demand(**fields))
        return self.call("PutDemand", request, pb.PutDemandReply(), request_id)

    def delete_demand(self, owner, demand_id):
        return self.call("DeleteDemand", pb.DeleteDemandRequest(owner=owner, demand_id=demand_id), pb.DeleteDemandReply())

    def inbox(self, owner):
        pushes, number = [], 1
        while number:
            request = pb.ListPushesRequest(owner=owner, from_number=number, limit=1000)
            page = self.call("ListPushes", request, pb.ListPushesReply())
            pushes.extend(page.pushes)
            number = page.next_number
        return pushes


def replay(endpoint):
    """All events of the journal, by partition, as (topic, header, body)."""
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(endpoint)

    def ask(method, request, reply):
        header = envelope.RequestHeader(request_id=uuid7(), method="techtransfer.v1.Journal/" + method)
        socket.send_multipart([header.SerializeToString(), request.SerializeToString()])
        if not socket.poll(10000):
            raise AssertionError("no answer to " + method)
        got = socket.recv_multipart()
        answer = envelope.ReplyHeader()
        answer.ParseFromString(got[0])
        if answer.code != envelope.OK:
            raise Refused(answer)
        reply.ParseFromString(got[1])
        return reply

    heads = ask("GetHeads", envelope.GetHeadsRequest(), envelope.GetHeadsReply())
    events = []
    for head in heads.partitions:
        at = 1
        while at <= head.head:
            page = ask("Replay", envelope.ReplayRequest(partition=head.partition, from_sequence=at, limit=5000),
                       envelope.ReplayReply())
            for event in page.events:
                header = envelope.EventHeader()
                header.ParseFromString(event.header)
                events.append((event.topic, header, event.body))
            at = page.next_sequence
    socket.close(0)
    return events


def bodies(events, prefix, kind):
    out = []
    for topic, _, body in events:
        if topic.startswith(prefix):
            message = kind()
            message.ParseFromString(body)
            out.append(message)
    return out


def record(source_id, title, **fields):
    values = dict(source="lab", source_id=source_id, title=title, owners=["Ningbo Institute of Materials"])
    values.update(fields)
    return pb.Achievement(**values)


def redis(stack, *arguments):
    output = subprocess.run(["redis-cli", "-s", stack.socket, *arguments], capture_output=True, check=True, text=True)
    return output.stdout


__all__ = ["Client", "Refused", "Stack", "bodies", "envelope", "pb", "record", "redis", "replay", "uuid7", "wait_for"]
