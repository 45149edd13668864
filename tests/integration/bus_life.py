#!/usr/bin/python3
"""The life of a daemon where its surroundings are wrong or change: settings, ports, Redis absent, foreign, killed; signals under load."""
import os
import signal
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite


def ends(daemon, code, *words):
    """It must end by itself with this exit code and name the reason."""
    daemon.launch()
    daemon.process.wait(timeout=suite.PATIENCE)
    text = daemon.log_text()
    assert daemon.process.returncode == code, f"exit code {daemon.process.returncode}: {text}"
    for word in words:
        assert word in text, f"{word!r} is not in {text!r}"
    assert not os.path.exists(daemon.file)


def works(daemon, key="works"):
    head, _ = commands.call(daemon.endpoints["commands"], commands.PUT, pb.ProbePutRequest(key=key, payload=b"x"))
    assert daemon.alive() and head.code == pb.OK, head


def journal_total(redis):
    return sum(int(redis.ask("HGET", f"tt:{{probe.{p}}}:meta", "events").strip() or 0) for p in range(8))


def test_unknown_setting(world):
    world.with_redis()
    ends(world.daemon("flag", arguments=["--redis.endpoint", "x"]), 2, "redis.endpoint", "redis.endpoints")
    ends(world.daemon("value", arguments=["--store.partitions", "0"]), 2, "store.partitions", "1024")
    ends(world.daemon("text", arguments=["--redis.timeout", "soon"]), 2, "redis.timeout", "soon")
    ends(world.daemon("environment", environment={"TT_REDIS_ENDPOINT": "x"}), 2, "TT_REDIS_ENDPOINT")
    path = os.path.join(world.folder, "wrong.zpl")
    with open(path, "w", encoding="utf-8") as file:
        file.write("redis\n    timeout = 5s\n    timeuot = 6s\n")
    ends(world.daemon("file", arguments=["--config", path]), 2, "wrong.zpl:3", "timeuot")
    ends(world.daemon("absent", arguments=["--config", path + ".none"]), 2, "wrong.zpl.none")


def test_port_in_use(world):
    world.with_redis()
    first = world.daemon("first").start()
    for key in ("commands", "events", "replay"):
        ends(world.daemon("second-" + key, arguments=[f"--{key}.endpoint", first.endpoints[key]]), 1, first.endpoints[key], "in use")
    port = first.endpoints["http_port"]
    ends(world.daemon("second-http", arguments=["--http.bind", f"127.0.0.1:{port}"]), 1, str(port), "in use")
    ends(world.daemon("nowhere", arguments=["--commands.endpoint", "tcp://256.0.0.1:1"]), 1, "256.0.0.1")
    ends(world.daemon("nothing", arguments=["--events.endpoint", "not an endpoint"]), 1, "not an endpoint")
    works(first)


def test_unwritable_endpoints_file(world):
    world.with_redis()
    daemon = world.daemon("a", arguments=["--endpoints.file", os.path.join(world.folder, "none", "file.json")])
    ends(daemon, 1, "endpoints.file", "No such file or directory")
    path = os.path.join(world.folder, "folder.json")
    os.mkdir(path)
    ends(world.daemon("b", arguments=["--endpoints.file", path]), 1, "endpoints.file", path)
    assert os.listdir(world.folder).count("folder.json") == 1
    left = [name for name in os.listdir(world.folder) if name.startswith("folder.json.")]
    assert not left, f"left behind: {left}"


def test_other_number_of_partitions(world):
    redis = world.with_redis()
    first = world.daemon("first").start()
    ends(world.daemon("second", arguments=["--store.partitions", "16"]), 1, "8 partitions", "16")
    works(first)
    redis.ask("HSET", "tt:{probe}:service", "partitions", "many")
    ends(world.daemon("third"), 1, "many partitions")


class Stranger:
    """Something on a TCP port that is no Redis."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer:
            try:
                while peer.recv(4096):
                    self.asked.set()
                    peer.sendall(self.answer)
            except OSError:
                pass

    def stop(self):
        self.listener.close()


def test_something_else_answers_for_redis(world):
    for name, answer, words in (("http", b"HTTP/1.1 400 Bad Request\r\n\r\n", "rotocol"), ("mute", b"", "Redis"), ("error", b"-ERR unknown command\r\n", None),
                                ("old", b"$71\r\nredis_version:6.2.12\r\nrun_id:" + 40 * b"0" + b"\r\n\r\n", None), ("other", b":1\r\n", None)):
        stranger = world.own(Stranger(answer))
        daemon = world.daemon(name, redis=f"127.0.0.1:{stranger.port}", arguments=["--redis.timeout", "300ms"])
        if words is None:
            ends(daemon, 1, "cannot start", {"error": "unknown command", "old": "Redis 7", "other": "no Redis"}[name])
            continue
        daemon.launch()
        suite.wait_for(lambda: "waiting for Redis" in daemon.log_text(), f"{name}: the daemon to say that it waits")
        assert words in daemon.log_text(), daemon.log_text()
        assert not os.path.exists(daemon.file) and daemon.terminate() == 0, daemon.log_text()


def test_redis_comes_later(world):
    redis = suite.Redis(world.folder)
    daemon = world.daemon(redis=redis).launch()
    suite.wait_for(lambda: "waiting for Redis" in daemon.log_text(), "the daemon to say that it waits")
    assert daemon.alive() and not os.path.exists(daemon.file)
    world.own(redis).start()
    suite.wait_for(lambda: os.path.exists(daemon.file), "the daemon to bind")
    with open(daemon.file, encoding="utf-8") as file:
        daemon.endpoints = suite.json.load(file)
    suite.wait_for(lambda: daemon.http("/readyz")[0] == 200, "the daemon to be ready")
    works(daemon)


def test_redis_never_comes(world):
    daemon = world.daemon(redis="unix:" + os.path.join(world.folder, "none.sock")).launch()
    suite.wait_for(lambda: "waiting for Redis" in daemon.log_text(), "the daemon to say that it waits")
    assert daemon.terminate() == 0, daemon.log_text()


def test_redis_killed_while_running(world):
    redis = world.with_redis()
    daemon = world.daemon(arguments=["--redis.timeout", "500ms"]).start()
    works(daemon)
    redis.kill()
    peer, made = commands.socket(daemon.endpoints["commands"]), commands.uuid7()
    frames = [commands.header(request_id=made), commands.put_body("while-away")]
    head, _ = commands.exchange(peer, frames)
    assert head.code == pb.UNAVAILABLE and head.retry_after_ms > 0 and head.request_id == made, head
    asking = commands.socket(daemon.endpoints["replay"])
    head, _ = commands.exchange(asking, [commands.header("techtransfer.v1.Journal/GetHeads"), b""])
    assert head.code == pb.UNAVAILABLE and head.retry_after_ms > 0, head
    suite.wait_for(lambda: daemon.http("/readyz")[0] == 503, "the daemon to be not ready")
    assert daemon.http("/healthz")[0] == 200 and "Redis" in daemon.http("/readyz")[1]
    redis.start()
    suite.wait_for(lambda: daemon.http("/readyz")[0] == 200, "the daemon to be ready again")
    works(daemon)
    head, _ = commands.exchange(peer, frames)
    assert head.code == pb.OK, head
    assert journal_total(redis) == 3
    peer.close()
    asking.close()


def test_redis_flushed_while_running(world):
    """The commit function is gone: it is loaded again, and the loss of history is logged."""
    redis = world.with_redis()
    daemon = world.daemon().start()
    works(daemon)
    redis.ask("FUNCTION", "FLUSH")
    works(daemon, "after")
    assert journal_total(redis) == 2


def test_termination_while_busy(world):
    redis = world.with_redis()
    daemon = world.daemon().start()
    peer = commands.socket(daemon.endpoints["commands"])
    sent = {commands.uuid7(): number for number in range(5000)}
    for made, number in sent.items():
        peer.send_multipart([commands.header(request_id=made), commands.put_body(f"k{number}", struct.pack(">Q", number))])
    answered = []
    while len(answered) < 200:
        answered.append(commands.receive(peer))
    daemon.process.send_signal(signal.SIGTERM)
    while (reply := commands.receive(peer, 3 if daemon.process.poll() is None else 0.3)) is not None:
        answered.append(reply)
    assert daemon.process.wait(timeout=suite.PATIENCE) == 0, daemon.log_text()
    heads = [pb.ReplyHeader.FromString(frames[0]) for frames in answered]
    assert all(head.code == pb.OK for head in heads)
    accepted = journal_total(redis)
    assert len({head.request_id for head in heads}) == len(heads) == accepted, f"{accepted} were done, {len(heads)} were answered"
    again = world.daemon("again").start()
    other = commands.socket(again.endpoints["commands"])
    done = {head.request_id for head in heads}
    for made, number in sent.items():
        other.send_multipart([commands.header(request_id=made), commands.put_body(f"k{number}", struct.pack(">Q", number))])
    for _ in sent:
        head = pb.ReplyHeader.FromString(commands.receive(other)[0])
        assert head.code == pb.OK and head.replayed == (head.request_id in done), head
    assert journal_total(redis) == len(sent)
    peer.close()
    other.close()


def test_second_termination_ends_at_once(world):
    world.with_redis()
    daemon = world.daemon(arguments=["--redis.timeout", "60s"]).start()
    world.redis.kill()
    peer = commands.socket(daemon.endpoints["commands"])
    peer.send_multipart([commands.header(), commands.put_body("stuck")])
    suite.wait_for(lambda: daemon.metric("commands_received_total") >= 1, "the command to be taken")
    daemon.process.send_signal(signal.SIGTERM)
    suite.wait_for(lambda: "stopping" in daemon.log_text(), "the daemon to begin to stop")
    began = time.monotonic()

    def gone():
        if daemon.process.poll() is None:
            daemon.process.send_signal(signal.SIGTERM)
        return daemon.process.poll() is not None

    suite.wait_for(gone, "the second SIGTERM to end it", 10)
    assert time.monotonic() - began < 10
    peer.close()


def test_hangup_reloads(world):
    world.with_redis()
    path = os.path.join(world.folder, "daemon.zpl")

    def write(level, more=""):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"log\n    level = {level}\n{more}")

    write("info")
    daemon = world.daemon(arguments=["--config", path]).start()

    def hang_up(words):
        known = daemon.log_text().count(words)
        daemon.process.send_signal(signal.SIGHUP)
        suite.wait_for(lambda: daemon.log_text().count(words) > known, f"the log to say {words!r}")

    write("debug", "store\n    partitions = 9\n")
    hang_up("configuration read again")
    assert "store.partitions" in daemon.log_text() and "log.level" in daemon.log_text()
    write("noisy")
    hang_up("configuration kept")
    assert "noisy" in daemon.log_text()
    os.unlink(path)
    hang_up("configuration kept")
    write("info")
    hang_up("configuration read again")
    works(daemon)
    assert daemon.terminate() == 0


def prepare():
    global commands, pb
    import commands
    import envelope_pb2 as pb
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
