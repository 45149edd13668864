#!/usr/bin/python3
"""Too much of everything: a client that floods, a subscriber that does not read, memory over its bound. Asserted are counts, never times."""
import os
import queue
import re
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite


def frames_of(key, payload):
    return [commands.header(), commands.put_body(key, payload)]


class Flood:
    """Keeps `window` commands under way on one connection, in a thread of its own, whatever is answered: a refused one is followed by a new one."""

    def __init__(self, endpoint, window, payload=b""):
        self.done, self.refused, self.retry_after = 0, 0, set()
        self.arguments = endpoint, window, payload
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        endpoint, window, payload = self.arguments
        peer, number = commands.socket(endpoint), 0
        for _ in range(window):
            peer.send_multipart(frames_of(f"flood-{number % 97}", payload))
            number += 1
        while not self.ending.is_set():
            if not peer.poll(50):
                continue
            head = pb.ReplyHeader.FromString(peer.recv_multipart()[0])
            assert len(head.request_id) == 16
            self.done += head.code == pb.OK
            if head.code != pb.OK:
                assert head.code == pb.RESOURCE_EXHAUSTED, head
                self.refused += 1
                self.retry_after.add(head.retry_after_ms)
            peer.send_multipart(frames_of(f"flood-{number % 97}", payload))
            number += 1
        peer.close()

    def stop(self):
        self.ending.set()
        self.thread.join(60)


def quantiles(times):
    times = sorted(times)
    return f"p50 {times[len(times) // 2] * 1e3:.1f} ms, p99 {times[len(times) * 99 // 100] * 1e3:.1f} ms, most {times[-1] * 1e3:.1f} ms"


def one_at_a_time(daemon, count):
    """How long each took, and how many were refused."""
    peer, times, refused = commands.socket(daemon.endpoints["commands"]), [], 0
    for number in range(count):
        began = time.monotonic()
        head, _ = commands.exchange(peer, frames_of(f"calm-{number}", b"x"), suite.PATIENCE)
        times.append(time.monotonic() - began)
        refused += head.code != pb.OK
    peer.close()
    return times, refused


def check_bounds(daemon, count, size):
    assert daemon.metric("commands_queued ") <= count
    assert daemon.metric("commands_queued_bytes_peak") <= size, daemon.metric("commands_queued_bytes_peak")


def test_flood_beside_a_calm_client(world):
    """The calm one is never refused, since it is never the one that has most waiting; and it is in the next batch, however many wait before it:
    while it waits for one, some batches of 64 are done, not the whole queue of 1000."""
    world.with_redis()
    daemon = world.daemon(arguments=["--commands.queue", "1000", "--commands.batch", "64"]).start()
    alone, _ = one_at_a_time(daemon, 200)
    flood = world.own(Flood(daemon.endpoints["commands"], 4000))
    suite.wait_for(lambda: flood.refused > 1000, "the flood to be refused")
    done = daemon.metric('commands_replied_total{code="OK"}')
    times, refused = one_at_a_time(daemon, 200)
    each = (daemon.metric('commands_replied_total{code="OK"}') - done) / 200
    waiting = daemon.metric("commands_queued ")
    flood.stop()
    print(f"     commands done for each of the calm client's: {each:.0f}, with {waiting:.0f} waiting")
    print(f"     one command at a time: alone {quantiles(alone)}; beside a flood {quantiles(times)}; flood {flood.done} done, {flood.refused} refused")
    assert refused == 0 and flood.done > 0, f"{refused} of 200 were refused"
    assert each < 450, f"{each} were done for each of the calm client's: it waited behind the others"
    assert flood.retry_after == {100}, flood.retry_after
    assert daemon.metric("commands_displaced_total") >= flood.refused
    check_bounds(daemon, 1000, 256 << 20)


def test_large_commands_beside_small_ones(world):
    """Bytes are what is short: the client of large commands is refused, not the one of small ones. The bodies are too large for the probe on
    purpose: to be told so they have to wait like any other."""
    world.with_redis()
    daemon = world.daemon(arguments=["--commands.queue-bytes", "2M", "--commands.body-max", "300k"]).start()
    peer = commands.socket(daemon.endpoints["commands"])
    ending, seen = threading.Event(), {}

    def pour():
        large = commands.put_body("large", bytes(250_000))
        for _ in range(60):
            peer.send_multipart([commands.header(), large])
        while not ending.is_set():
            if peer.poll(50):
                code = pb.ReplyHeader.FromString(peer.recv_multipart()[0]).code
                seen[code] = seen.get(code, 0) + 1
                peer.send_multipart([commands.header(), large])
        peer.close()

    thread = threading.Thread(target=pour, daemon=True)
    thread.start()
    suite.wait_for(lambda: seen.get(pb.INVALID_ARGUMENT, 0) > 20 and seen.get(pb.RESOURCE_EXHAUSTED, 0) > 20, "large commands to be worked on and refused")
    times, refused = one_at_a_time(daemon, 100)
    ending.set()
    thread.join(60)
    print(f"     one command at a time beside large ones: {quantiles(times)}")
    assert refused == 0 and set(seen) == {pb.INVALID_ARGUMENT, pb.RESOURCE_EXHAUSTED}, (refused, seen)
    check_bounds(daemon, 8192, 2 << 20)


def die_flooding(endpoint):
    """In a process of its own: sends until all queues on the way are full, then waits to be killed."""
    context = zmq.Context()
    peer = context.socket(zmq.DEALER)
    peer.sndhwm = 0
    peer.connect(endpoint)
    for number in range(20_000):
        peer.send_multipart(frames_of(f"flood-{number}", bytes(5000)))
    threading.Event().wait()


def test_flooder_that_dies(world):
    """Its queue is full and its connection breaks: libzmq failed an assertion when the next ZMTP heartbeat was due, and took the daemon with it."""
    redis = world.with_redis()
    daemon = world.daemon(arguments=["--redis.timeout", "60s"]).start()
    works = commands.socket(daemon.endpoints["commands"])
    commands.exchange(works, frames_of("before", b""))
    redis.process.send_signal(suite.signal.SIGSTOP)
    child = os.fork()
    if child == 0:
        suite.die_with_parent()
        die_flooding(daemon.endpoints["commands"])
    port = daemon.endpoints["commands"].rsplit(":", 1)[1]

    def stalled():
        """The daemon has stopped reading: the system holds bytes for it."""
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table][1:]
        return any(row[1].endswith(f":{int(port):04X}") and int(row[4].split(":")[1], 16) > 20_000 for row in rows)

    suite.wait_for(stalled, "the daemon's queues to be full")
    os.kill(child, suite.signal.SIGKILL)
    os.waitpid(child, 0)
    over = time.monotonic() + 5  # longer than two seconds, the time between two heartbeats
    suite.wait_for(lambda: not daemon.alive() or time.monotonic() > over, "the time in which heartbeats are due to be over")
    assert daemon.alive(), daemon.log_text()
    redis.process.send_signal(suite.signal.SIGCONT)
    head, _ = commands.exchange(works, frames_of("after", b""), suite.PATIENCE)
    assert head.code == pb.OK and daemon.alive()
    works.close()


# -- subscribers --


class Stopped:
    """A subscriber of the plainest kind that reads nothing after its subscription is in force, until it is told to."""

    def __init__(self, daemon):
        self.context = zmq.Context()
        self.peer = self.context.socket(zmq.SUB)
        self.peer.linger, self.peer.rcvhwm, self.peer.rcvbuf = 0, 1, 4096
        self.peer.connect(daemon.endpoints["events"])
        self.peer.subscribe(b"")
        while self.peer.recv_multipart()[0] != b"":
            pass

    def read_all(self):
        count = 0
        while self.peer.poll(300):
            count += len(self.peer.recv_multipart()) == 3
        return count

    def stop(self):
        self.peer.close()
        self.context.term()


def put(daemon, first, count, padding):
    load = commands.Load([daemon.endpoints["commands"]], keys=40, padding=padding)
    load.next = first
    load.acknowledged = {number: True for number in range(first)}
    load.run(first + count)
    load.stop()


class Following:
    """A reliable subscriber in a thread of its own, which counts the events that it was handed."""

    def __init__(self, daemon, **options):
        self.subscriber = Subscriber("probe", [(daemon.endpoints["events"], daemon.endpoints["replay"])], **options)
        suite.wait_for(lambda: self.subscriber.next_event(0.01) is None and not self.subscriber.waiting, "the subscription to be in force")
        self.numbers, self.errors = [], queue.Queue()
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.ending.is_set():
                event = self.subscriber.next_event(0.1)
                if event:
                    self.numbers.append(struct.unpack(">Q", pb.ProbeStored.FromString(event[2]).payload[:8])[0])
        except Exception as error:  # told by check
            self.errors.put(error)

    def check(self, count):
        suite.wait_for(lambda: len(self.numbers) >= count or not self.errors.empty(), f"{count} events")
        assert self.errors.empty(), self.errors.get()
        assert sorted(self.numbers) == list(range(count)), f"{len(self.numbers)} events, {len(set(self.numbers))} different ones"

    def stop(self):
        self.ending.set()
        self.thread.join(60)
        self.subscriber.close()


def said(daemon, words):
    return re.findall(rf'.*"event":"{words}".*', daemon.log_text())


def test_slow_subscriber_is_told_once(world):
    """It reads nothing while events come: told once, with its address; the one beside it loses nothing and never has to replay. When it reads again
    the episode ends, or it is gone."""
    world.with_redis()
    daemon = world.daemon(arguments=["--events.high-water-mark", "500"]).start()
    beside = world.own(Following(daemon))
    slow = world.own(Stopped(daemon))
    for first in range(0, 4000, 200):  # never more than the one beside can hold, however slow the machine is
        put(daemon, first, 200, 10_000)
        beside.check(first + 200)
    suite.wait_for(lambda: daemon.metric("subscriber_slow_episodes_total") == 1, "the episode to be noticed")
    for first in range(4000, 5000, 200):
        put(daemon, first, 200, 10_000)
        beside.check(first + 200)
    assert beside.subscriber.counts["gaps"] == 0 and beside.subscriber.counts["replayed"] == 0, beside.subscriber.counts
    lines = said(daemon, "slow subscriber")
    assert len(lines) == 1 and len(re.findall(r"127\.0\.0\.1:\d+", lines[0])) == 1, lines
    assert daemon.metric("subscriber_slow_episodes_total") == 1 and daemon.metric("subscriber_queue_full_total") >= 1
    assert daemon.metric("events_published_while_slow_total") >= 1
    slow.read_all()
    suite.wait_for(lambda: daemon.metric("subscribers_slow") == 0, "the episode to end")
    ended = said(daemon, "slow subscriber has caught up") + said(daemon, "slow subscriber is gone")
    assert len(ended) == 1 and re.search(r"127\.0\.0\.1:\d+", lines[0]).group() in ended[0], ended
    assert daemon.metric("subscriber_slow_episodes_total") == 1 and daemon.metric("subscribers_cut_total") == 0


# -- memory --


def keeps_memory(world):
    """True of a daemon with a sanitizer: its allocator gives nothing back, so that an episode does not end."""
    with open(world.program, "rb") as program:
        text = program.read()
    if b"__asan_init" not in text and b"__tsan_init" not in text:
        return False
    print("     skipped: a sanitizer keeps what is freed")
    return True


def resident(daemon):
    return suite.wait_for(lambda: daemon.metric("memory_resident_bytes"), "the daemon to measure its memory")


def test_memory_is_bounded(world):
    """A subscriber that does not read, under a mark that would let its queue grow to gigabytes: when memory is over its bound it is disconnected, and
    nobody else; commands are refused until then; the episode is told once and ends; what it lacked it replays."""
    if keeps_memory(world):
        return
    world.with_redis()
    base = resident(world.daemon("first").start())
    room = 96 << 20  # what the allocator keeps after an episode must not be near it
    daemon = world.daemon(arguments=["--events.high-water-mark", "1000000", "--memory.max", str(int(base) + room)]).start()
    beside, reliable = world.own(Following(daemon)), world.own(Following(daemon))
    slow = world.own(Stopped(daemon))
    total = 0
    while daemon.metric("memory_episodes_total") == 0:
        assert total < 20_000, f"{total} events of 30,000 bytes, and memory has not grown over {base + room}: {resident(daemon)}"
        put(daemon, total, 500, 30_000)
        total += 500
    put(daemon, total, 500, 30_000)  # refused ones are sent again until they are done
    total += 500
    suite.wait_for(lambda: daemon.metric("memory_over") == 0, "memory to go below its bound")
    print(f"     {total} events; resident at first {base / 1e6:.0f} MB, bound {(base + room) / 1e6:.0f} MB, at the end {resident(daemon) / 1e6:.0f} MB")
    beside.check(total)
    reliable.check(total)
    assert daemon.metric("subscribers_cut_total") >= 1
    episodes = lambda: {len(said(daemon, "memory is over its bound")), daemon.metric("memory_episodes_total"), len(said(daemon, "memory is below its bound again"))}
    suite.wait_for(lambda: len(episodes()) == 1, "every episode to be told once and ended")  # replays of those cut off may have begun another
    assert slow.read_all() < total


def test_cut_subscriber_replays(world):
    """A reliable subscriber that stands still until it is cut off for memory has, in the end, every event once."""
    if keeps_memory(world):
        return
    world.with_redis()
    base = resident(world.daemon("first").start())
    daemon = world.daemon(arguments=["--events.high-water-mark", "1000000", "--memory.max", str(int(base) + (48 << 20))]).start()
    still = world.own(Following(daemon, high_water_mark=10, silence=60))
    still.ending.set()
    still.thread.join(60)
    total = 0
    while daemon.metric("subscribers_cut_total") == 0:
        assert total < 20_000, f"{total} events, and nobody was cut off"
        put(daemon, total, 500, 30_000)
        total += 500
    still.ending.clear()
    still.thread = threading.Thread(target=still.run, daemon=True)
    still.thread.start()
    still.check(total)
    assert still.subscriber.counts["replayed"] > 0, still.subscriber.counts


def test_memory_that_never_suffices(world):
    """Every command is refused with a reason and a time, the daemon lives, and says so once."""
    world.with_redis()
    daemon = world.daemon(arguments=["--memory.max", "2M"]).start()
    suite.wait_for(lambda: daemon.metric("memory_over") == 1, "the daemon to measure its memory")
    peer = commands.socket(daemon.endpoints["commands"])
    for _ in range(20):
        frames = frames_of("never", b"")
        head, _ = commands.exchange(peer, frames)
        assert head.code == pb.RESOURCE_EXHAUSTED and head.retry_after_ms == 500 and "memory" in head.message, head
        assert head.request_id == pb.RequestHeader.FromString(frames[0]).request_id
    peer.close()
    assert daemon.alive() and len(said(daemon, "memory is over its bound")) == 1
    head, _ = commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/GetHeads", pb.GetHeadsRequest())
    assert head.code == pb.OK, head


# -- replay --


def test_replay_takes_turns(world):
    """One client asks for a hundred pages at once, again and again; another one's page comes after a few of them, not after all."""
    world.with_redis()
    daemon = world.daemon().start()
    put(daemon, 0, 4000, 2000)
    many, one = commands.socket(daemon.endpoints["replay"]), commands.socket(daemon.endpoints["replay"])

    def ask(peer, partition):
        request = pb.ReplayRequest(partition=partition, from_sequence=1, limit=5000)
        peer.send_multipart([commands.header("techtransfer.v1.Journal/Replay"), request.SerializeToString()])

    commands.exchange(one, [commands.header("techtransfer.v1.Journal/GetHeads"), b""])
    for number in range(100):
        ask(many, number % 8)
    suite.wait_for(lambda: daemon.metric("replay_requests_queued") > 40, "the pages to wait")
    ask(one, 0)
    before = 0
    while not one.poll(0):
        if many.poll(10):
            assert pb.ReplyHeader.FromString(many.recv_multipart()[0]).code == pb.OK
            before += 1
        assert before < 100, "all pages of one client came before the other's"
    assert pb.ReplyHeader.FromString(one.recv_multipart()[0]).code == pb.OK
    print(f"     {before} of 100 pages were read before the other client's")
    while before < 100:
        assert commands.receive(many) is not None
        before += 1
    many.close()
    one.close()


def prepare():
    global commands, pb, zmq, Subscriber
    import commands
    import envelope_pb2 as pb
    import zmq
    from subscriber import Subscriber
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
