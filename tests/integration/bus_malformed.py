#!/usr/bin/python3
"""Whatever a peer sends gets a clear error, costs nobody else anything, and the daemon lives on."""
import os
import random
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

SEED = int(os.environ.get("TT_SEED", "20120327"))


def works(daemon):
    """An ordinary command on a connection of its own."""
    head, _ = commands.call(daemon.endpoints["commands"], commands.PUT, pb.ProbePutRequest(key="still-there", payload=b"x"))
    assert daemon.alive() and head.code == pb.OK, head


def refused(daemon, frames, code, words, request_id=None, endpoint="commands"):
    peer = commands.socket(daemon.endpoints[endpoint])
    head, body = commands.exchange(peer, frames)
    peer.close()
    assert head.code == code, f"{pb.Code.Name(head.code)} instead of {pb.Code.Name(code)}: {head.message}"
    for word in words.split("|"):
        assert word in head.message, f"{word!r} is not in {head.message!r}"
    assert body == b""
    if request_id is not None:
        assert head.request_id == request_id, head
    return head


def test_number_of_frames(world):
    world.with_redis()
    daemon = world.daemon().start()
    good = [commands.header(), commands.put_body("a")]
    for endpoint in ("commands", "replay"):
        refused(daemon, [b""], pb.INVALID_ARGUMENT, "two frames|has 1", endpoint=endpoint)
        refused(daemon, [b"x"], pb.INVALID_ARGUMENT, "two frames|has 1", endpoint=endpoint)
        refused(daemon, [good[0]], pb.INVALID_ARGUMENT, "two frames|has 1", endpoint=endpoint)
        refused(daemon, good + [b"more"], pb.INVALID_ARGUMENT, "two frames|has 3", endpoint=endpoint)
        refused(daemon, good + [b"more"] * 5000, pb.INVALID_ARGUMENT, "two frames|has 5002", endpoint=endpoint)
    assert daemon.metric("commits_total") == 0 and daemon.metric("commands_replied_total{code=\"INVALID_ARGUMENT\"}") == 5
    works(daemon)


def test_delimiter_alone(world):
    world.with_redis()
    daemon = world.daemon().start()
    peer = commands.socket(daemon.endpoints["commands"])
    peer.send_multipart([b"", b""])
    reply = commands.receive(peer)
    assert reply[0] == b"" and pb.ReplyHeader.FromString(reply[1]).code == pb.INVALID_ARGUMENT
    peer.close()
    works(daemon)


def test_request_client(world):
    world.with_redis()
    daemon = world.daemon().start()
    peer = commands.socket(daemon.endpoints["commands"], commands.zmq.REQ)
    for number in range(20):
        head, body = commands.exchange(peer, [commands.header(), commands.put_body(f"req-{number}")])
        assert head.code == pb.OK and pb.ProbePutReply.FromString(body).partition < 8
    head, _ = commands.exchange(peer, [commands.header(method="no/Such"), b""])
    assert head.code == pb.UNIMPLEMENTED
    peer.close()


def test_request_header(world):
    world.with_redis()
    daemon = world.daemon().start()
    body, now = commands.put_body("a"), int(time.time() * 1000)
    raw = commands.header()
    for cut in (0, 1, 5, len(raw) - 1):
        refused(daemon, [raw[:cut], body] if cut else [b"\xff", body], pb.INVALID_ARGUMENT, "RequestHeader|")
    for size in (0, 1, 15, 17, 4000):
        wrong = pb.RequestHeader(request_id=b"\x01" * size, method=commands.PUT).SerializeToString()
        refused(daemon, [wrong, body], pb.INVALID_ARGUMENT, "request_id")
    for made, code, words in ((commands.uuid7(version=4), pb.INVALID_ARGUMENT, "version 7"), (commands.uuid7(variant=1), pb.INVALID_ARGUMENT, "version 7"),
                              (commands.uuid7(now + 700_000), pb.INVALID_ARGUMENT, "future"), (b"\xff" * 6 + b"\x70" + b"\0" + b"\x80" + b"\0" * 7, pb.INVALID_ARGUMENT, "future"),
                              (commands.uuid7(now - 3_700_000), pb.FAILED_PRECONDITION, "remembered"), (commands.uuid7(0), pb.FAILED_PRECONDITION, "remembered")):
        refused(daemon, [commands.header(request_id=made), body], code, words, request_id=made)
    accepted = commands.socket(daemon.endpoints["commands"])
    for made in (commands.uuid7(now + 500_000), commands.uuid7(now - 3_500_000)):
        assert commands.exchange(accepted, [commands.header(request_id=made), body])[0].code == pb.OK
    accepted.close()
    refused(daemon, [commands.header(method=""), body], pb.INVALID_ARGUMENT, "method")
    refused(daemon, [commands.header(method="m" * 129), body], pb.INVALID_ARGUMENT, "method")
    refused(daemon, [commands.header(method="m" * 5000), body], pb.INVALID_ARGUMENT, "")
    bad_text = b"\x0a\x10" + commands.uuid7() + b"\x12\x03a\xff\xfe"
    refused(daemon, [bad_text, body], pb.INVALID_ARGUMENT, "method|UTF-8")
    wrong_type = b"\x0a\x10" + commands.uuid7() + b"\x10\x05"
    refused(daemon, [wrong_type, body], pb.INVALID_ARGUMENT, "method")
    works(daemon)


def test_unknown_method(world):
    world.with_redis()
    daemon = world.daemon().start()
    for method in ("techtransfer.v1.Probe/Get", "techtransfer.v1.Probe/put", "techtransfer.v1.Probe/Put/", "x", "%s%n%n", "techtransfer.v1.Journal/Replay"):
        made = commands.uuid7()
        refused(daemon, [commands.header(method, made), b""], pb.UNIMPLEMENTED, method, request_id=made)
    refused(daemon, [commands.header(), b""], pb.UNIMPLEMENTED, commands.PUT, endpoint="replay")
    works(daemon)


def test_body(world):
    world.with_redis()
    daemon = world.daemon(arguments=["--commands.body-max", "128k"]).start()
    good = commands.put_body("key", b"payload")
    for wrong in (good[:-1], good[:3], b"\xff" * 20, b"\x0a\xff\xff\xff\xff\x0f", b"\x0b" * 40, b"\x12" + b"\xff" * 9 + b"\x7f"):
        refused(daemon, [commands.header(), wrong], pb.INVALID_ARGUMENT, "ProbePutRequest")
    head = refused(daemon, [commands.header(), b"\x0a\x02\xc3\x28"], pb.INVALID_ARGUMENT, "UTF-8")
    assert head.violations[0].path == "key", head
    head = refused(daemon, [commands.header(), b"\x0a\x03a\0b"], pb.INVALID_ARGUMENT, "NUL")  # it was once cut off at the NUL, silently
    assert head.violations[0].path == "key", head
    for key in ("", "k" * 129):
        head = refused(daemon, [commands.header(), commands.put_body(key)], pb.INVALID_ARGUMENT, "key")
        assert head.violations[0].path == "key" and "128" in head.violations[0].reason
    head = refused(daemon, [commands.header(), commands.put_body("k", b"x" * 65537)], pb.INVALID_ARGUMENT, "payload")
    assert head.violations[0].path == "payload"
    refused(daemon, [commands.header(), commands.put_body("k", b"x" * 200_000)], pb.INVALID_ARGUMENT, "limit|131072")
    refused(daemon, [commands.header(), b"\x78\x00" * 60_000], pb.INVALID_ARGUMENT, "tiny")  # would take forty times its size unpacked
    peer = commands.socket(daemon.endpoints["commands"])
    peer.send_multipart([commands.header(), b"x" * 400_000])  # a frame that is not even taken in
    assert commands.receive(peer, 1) is None
    peer.close()
    works(daemon)


def test_deadline(world):
    world.with_redis()
    daemon = world.daemon().start()
    now = int(time.time() * 1000)
    made = commands.uuid7()
    refused(daemon, [commands.header(request_id=made, deadline=now - 5), commands.put_body("late")], pb.DEADLINE_EXCEEDED, "deadline", request_id=made)
    refused(daemon, [commands.header(deadline=-1), commands.put_body("late")], pb.INVALID_ARGUMENT, "deadline")
    peer = commands.socket(daemon.endpoints["commands"])
    head, _ = commands.exchange(peer, [commands.header(request_id=made, deadline=now + 60_000), commands.put_body("late")])
    assert head.code == pb.OK and not head.replayed, "nothing may have been remembered of the first try"
    peer.close()


def test_same_request_id_again(world):
    world.with_redis()
    daemon = world.daemon().start()
    peer, made = commands.socket(daemon.endpoints["commands"]), commands.uuid7()
    first = commands.exchange(peer, [commands.header(request_id=made), commands.put_body("one")])
    again = commands.exchange(peer, [commands.header(request_id=made), commands.put_body("one")])
    assert not first[0].replayed and again[0].replayed and first[1] == again[1]
    for _ in range(100):
        peer.send_multipart([commands.header(request_id=made), commands.put_body("one")])
    replies = [pb.ReplyHeader.FromString(commands.receive(peer)[0]) for _ in range(100)]
    assert all(reply.code == pb.OK and reply.replayed for reply in replies)
    _, body = commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/GetHeads", pb.GetHeadsRequest())
    assert sum(p.head for p in pb.GetHeadsReply.FromString(body).partitions) == 1
    peer.close()


def random_message(chance):
    frames = [chance.randbytes(chance.choice((0, 0, 1, 2, 8, 16, 60, 300, 5000))) for _ in range(chance.choice((1, 1, 2, 2, 2, 3, 5)))]
    kind = chance.random()
    if kind < 0.3:  # a good header, and a body of anything
        frames = [commands.header(), frames[-1]]
    elif kind < 0.6:  # a good command with some bytes changed
        whole = [bytearray(commands.header()), bytearray(commands.put_body("key-%d" % chance.randrange(50), chance.randbytes(20)))]
        for _ in range(chance.randrange(1, 4)):
            part = chance.choice(whole)
            part[chance.randrange(len(part))] = chance.randrange(256)
        frames = [bytes(part) for part in whole]
    return frames


def throw_dice(world, endpoint, count, window):
    world.with_redis()
    daemon = world.daemon().start()
    print(f"     seed {SEED}, TT_SEED changes it")
    chance, peer = random.Random(SEED), commands.socket(daemon.endpoints[endpoint])
    answered, codes = 0, set()
    for begin in range(0, count, window):
        for _ in range(window):
            peer.send_multipart(random_message(chance))
        for _ in range(window):
            reply = commands.receive(peer)
            assert reply is not None, f"only {answered} of {begin + window} got an answer"
            codes.add(pb.ReplyHeader.FromString(reply[-2]).code)
            answered += 1
    peer.close()
    assert pb.INVALID_ARGUMENT in codes and not codes & {pb.INTERNAL, pb.UNAVAILABLE}, codes
    works(daemon)


def test_random_commands(world):
    throw_dice(world, "commands", 6000, 200)


def test_random_replay_requests(world):
    throw_dice(world, "replay", 2000, 50)


def test_random_subscriptions(world):
    world.with_redis()
    daemon = world.daemon(arguments=["--events.heartbeat", "100ms"]).start()
    chance, peer = random.Random(SEED), commands.socket(daemon.endpoints["events"], commands.zmq.XSUB)
    for _ in range(2000):
        peer.send(bytes([chance.choice((0, 1, 1, 2, 255))]) + chance.randbytes(chance.choice((0, 1, 5, 600, 3000))))
        peer.send(b"\x01" + b"probe/%d/" % chance.randrange(10**6))
    peer.send(b"")
    suite.wait_for(lambda: daemon.metric("subscribed_filters") >= 1900, "the filters to be counted")
    peer.close()
    works(daemon)


def test_bytes_that_are_no_zeromq(world):
    import socket
    world.with_redis()
    daemon = world.daemon().start()
    chance = random.Random(SEED)
    for key in ("commands", "events", "replay"):
        port = int(daemon.endpoints[key].rsplit(":", 1)[1])
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
                raw.sendall(chance.choice((b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 10 + chance.randbytes(500), chance.randbytes(64))))
    works(daemon)


def test_replay_requests(world):
    world.with_redis()
    daemon = world.daemon().start()
    works(daemon)
    method = "techtransfer.v1.Journal/Replay"
    for request, code, words in ((pb.ReplayRequest(partition=8, from_sequence=1), pb.INVALID_ARGUMENT, "partition"),
                                 (pb.ReplayRequest(partition=0), pb.INVALID_ARGUMENT, "from_sequence"),
                                 (pb.ReplayRequest(partition=0, from_sequence=1, limit=5001), pb.INVALID_ARGUMENT, "limit"),
                                 (pb.ReplayRequest(partition=0, from_sequence=1, filters=["a"]), pb.INVALID_ARGUMENT, "filters[0]"),
                                 (pb.ReplayRequest(partition=0, from_sequence=1, filters=["", "a//"]), pb.INVALID_ARGUMENT, "filters[1]"),
                                 (pb.ReplayRequest(partition=0, from_sequence=1, filters=["a/"] * 257), pb.INVALID_ARGUMENT, "256"),
                                 (pb.ReplayRequest(partition=0, from_sequence=99), pb.DATA_LOSS, "partition 0"),
                                 (pb.ReplayRequest(partition=0, from_sequence=2**63), pb.DATA_LOSS, "partition 0"),
                                 (pb.ReplayRequest(partition=0, from_sequence=2**64 - 1), pb.DATA_LOSS, "partition 0")):
        refused(daemon, [commands.header(method), request.SerializeToString()], code, words, endpoint="replay")
    refused(daemon, [commands.header(method), b"\x08"], pb.INVALID_ARGUMENT, "ReplayRequest", endpoint="replay")
    refused(daemon, [commands.header(method), b"\x10\x01\x22\x02\xc3\x28"], pb.INVALID_ARGUMENT, "ReplayRequest", endpoint="replay")
    works(daemon)


def test_flood(world):
    redis = world.with_redis()
    daemon = world.daemon(arguments=["--commands.queue", "50", "--commands.batch", "10"]).start()
    peer, total = commands.socket(daemon.endpoints["commands"]), 20_000
    sent = {}
    for number in range(total):
        made = commands.uuid7()
        sent[made] = number
        peer.send_multipart([commands.header(request_id=made), commands.put_body(f"k{number % 100}", struct.pack(">Q", number))])
    done = full = 0
    while sent:
        reply = commands.receive(peer, 20)
        assert reply is not None, f"{len(sent)} commands got no answer"
        head = pb.ReplyHeader.FromString(reply[0])
        assert head.request_id in sent, "an answer that nobody asked for, or the second one"
        del sent[head.request_id]
        assert head.code in (pb.OK, pb.RESOURCE_EXHAUSTED), head
        if head.code == pb.RESOURCE_EXHAUSTED:
            assert head.retry_after_ms > 0 and "queue" in head.message, head
            full += 1
        else:
            done += 1
    assert done and full, (done, full)
    stored = sum(int(redis.ask("HGET", f"tt:{{probe.{p}}}:meta", "events").strip() or 0) for p in range(8))
    assert stored == done, f"{done} were acknowledged, {stored} are in the journal"
    peer.close()
    works(daemon)


def prepare():
    global commands, pb
    import commands
    import envelope_pb2 as pb
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
