#!/usr/bin/python3
"""kill -9 in the middle of a load: of the daemon, of Redis, of one of two replicas, of all in turn. Afterwards, from the outside: every acknowledged command is
in the journal exactly once, sequences are dense, a durable subscriber got each event exactly once."""
import collections
import os
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration")]
import suite

TOTAL = int(os.environ.get("TT_FAULT_COMMANDS", "20000"))


class Durable:
    """A consumer in a thread of its own, that keeps its checkpoint with what it has taken, and is itself begun anew several times."""

    def __init__(self, endpoints):
        self.endpoints = endpoints
        self.numbers = collections.Counter()
        self.sequences = collections.defaultdict(list)
        self.counts = collections.Counter()
        self.error = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def life(self, checkpoint, events):
        """At most so many events; the new checkpoint."""
        subscriber = Subscriber("probe", self.endpoints, checkpoint=checkpoint)
        try:
            while not self.ended.is_set() and events > 0 or subscriber.ready:
                event = subscriber.next_event(0.2)
                if event:
                    self.numbers[struct.unpack(">Q", pb.ProbeStored.FromString(event[2]).payload)[0]] += 1
                    self.sequences[event[1].partition].append(event[1].sequence)
                    events -= 1
            return subscriber.checkpoint()
        finally:
            self.counts += subscriber.counts
            subscriber.close()

    def run(self):
        try:
            checkpoint = None
            while not self.ended.is_set():
                checkpoint = self.life(checkpoint, 7000)
        except Exception as error:  # told by check ()
            self.error = error

    def stop(self):
        self.ended.set()
        self.thread.join(timeout=30)


def check(world, load, durable, redis, daemon):
    assert len(load.acknowledged) == TOTAL
    heads = pb.GetHeadsReply.FromString(commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/GetHeads", pb.GetHeadsRequest())[1])
    total = sum(head.head for head in heads.partitions)
    assert total == TOTAL, f"{TOTAL} acknowledged, heads say {total}"
    stored = read_journal(daemon)
    for partition, events in stored.items():
        assert [s for s, _ in events] == list(range(1, len(events) + 1)), f"partition {partition} is not dense"
        assert len(events) == int(redis.ask("HGET", f"tt:{{probe.{partition}}}:meta", "events").strip() or 0)
    counted = collections.Counter(number for events in stored.values() for _, number in events)
    assert set(counted) == set(range(TOTAL)) and max(counted.values()) == 1, [n for n, c in counted.items() if c != 1][:10]
    suite.wait_for(lambda: durable.error or len(durable.numbers) == TOTAL, f"the subscriber to have all ({len(durable.numbers)})", 60)
    if durable.error:
        raise durable.error
    durable.stop()
    wrong = [n for n, c in durable.numbers.items() if c != 1]
    assert not wrong and sum(durable.numbers.values()) == TOTAL, f"handed over more than once: {wrong[:10]}"
    assert all(s == list(range(1, len(s) + 1)) for s in durable.sequences.values()), "the subscriber's order is not the journal's"
    replayed = sum(load.acknowledged.values())
    print(f"     {load.retries} sent again, {replayed} answered from memory; subscriber {dict(durable.counts)}", flush=True)


def read_journal(daemon):
    """{partition: [(sequence, number)]} through the replay endpoint."""
    found = {}
    for partition in range(8):
        found[partition], following, head = [], 1, 1
        while following <= head:
            request = pb.ReplayRequest(partition=partition, from_sequence=following, limit=5000)
            reply, body = commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/Replay", request)
            assert reply.code == pb.OK, reply
            page = pb.ReplayReply.FromString(body)
            for raw in page.events:
                sequence = pb.EventHeader.FromString(raw.header).sequence
                found[partition].append((sequence, struct.unpack(">Q", pb.ProbeStored.FromString(raw.body).payload)[0]))
            following, head = page.next_sequence, page.head.head
    return found


def begin(world, daemons):
    load = world.own(commands.Load([d.endpoints["commands"] for d in daemons], window=512))
    durable = world.own(Durable([(d.endpoints["events"], d.endpoints["replay"]) for d in daemons]))
    return load, durable


def test_daemon_killed(world):
    redis = world.with_redis()
    daemon = world.daemon().start()
    load, durable = begin(world, [daemon])
    load.run(TOTAL, at=quarters(*3 * [daemon.restart_on_same_ports]))
    check(world, load, durable, redis, daemon)


def test_redis_killed(world):
    redis = world.with_redis()
    daemon = world.daemon(arguments=["--redis.timeout", "1s"]).start()
    load, durable = begin(world, [daemon])
    load.run(TOTAL, at=quarters(redis.restart, redis.restart, redis.restart))
    check(world, load, durable, redis, daemon)


def test_one_of_two_replicas_killed(world):
    redis = world.with_redis()
    first, second = world.daemon("first").start(), world.daemon("second").start()
    load, durable = begin(world, [first, second])
    other = world.own(commands.Load([second.endpoints["commands"]], window=64))  # both work at once: the second client's numbers lie behind
    other.next = TOTAL // 2
    for number in range(TOTAL // 2):
        other.acknowledged[number] = False
    worker = threading.Thread(target=other.run, args=(TOTAL,), daemon=True)
    worker.start()
    load.run(TOTAL // 2, at={TOTAL // 8: first.kill})
    worker.join(timeout=240)
    assert not worker.is_alive()
    load.acknowledged.update({n: replayed for n, replayed in other.acknowledged.items() if n >= TOTAL // 2})
    load.retries += other.retries
    check(world, load, durable, redis, second)


def test_all_killed_in_turn(world):
    redis = world.with_redis()
    first, second = world.daemon("first", arguments=["--redis.timeout", "1s"]).start(), world.daemon("second", arguments=["--redis.timeout", "1s"]).start()
    load, durable = begin(world, [first, second])
    load.run(TOTAL, at={TOTAL // 6: first.restart_on_same_ports, 2 * TOTAL // 6: redis.restart, 3 * TOTAL // 6: second.restart_on_same_ports,
                        4 * TOTAL // 6: redis.restart, 5 * TOTAL // 6: first.restart_on_same_ports})
    check(world, load, durable, redis, first)


# -- the same with the project's own client and subscriber (drive.c) --


def in_c(world, daemons, at, filters=()):
    """Runs drive on these daemons and calls at[n] () once n commands are acknowledged; the journal is checked afterwards."""
    lists = [",".join(d.endpoints[key] for d in daemons) for key in ("commands", "events", "replay")]
    process = subprocess.Popen([world.drive, *lists, str(TOTAL), *filters], stdout=subprocess.PIPE, text=True, preexec_fn=suite.die_with_parent)
    world.own(Ended(process))
    watchdog = threading.Timer(240, process.kill)
    watchdog.start()
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("acknowledged"):
            for mark in [m for m in at if m <= int(line.split()[1])]:
                at.pop(mark)()
    watchdog.cancel()
    told = "".join("     " + line for line in said if not line.startswith("acknowledged"))
    assert process.wait() == 0, told
    assert not at, f"ended before {at}"
    print(told, end="", flush=True)
    stored = read_journal(daemons[-1])
    assert all([s for s, _ in events] == list(range(1, len(events) + 1)) for events in stored.values())
    numbers = sorted(int.from_bytes(struct.pack(">Q", number), "little") for events in stored.values() for _, number in events)
    assert numbers == list(range(TOTAL)), f"{len(numbers)} events of {len(set(numbers))} commands"


class Ended:
    def __init__(self, process):
        self.process = process

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def quarters(*actions):
    return {(i + 1) * TOTAL // (len(actions) + 1): action for i, action in enumerate(actions)}


def test_c_daemon_killed(world):
    world.with_redis()
    daemon = world.daemon().start()
    again = daemon.restart_on_same_ports
    in_c(world, [daemon], quarters(again, again, again))


def test_c_redis_killed(world):
    redis = world.with_redis()
    daemon = world.daemon(arguments=["--redis.timeout", "1s"]).start()
    in_c(world, [daemon], quarters(redis.restart, redis.restart, redis.restart))


def test_c_one_of_two_replicas_killed(world):
    world.with_redis()
    first, second = world.daemon("first").start(), world.daemon("second").start()
    in_c(world, [first, second], quarters(first.kill))


def test_c_all_killed_in_turn_filtered(world):
    redis = world.with_redis()
    first, second = world.daemon("first", arguments=["--redis.timeout", "1s"]).start(), world.daemon("second", arguments=["--redis.timeout", "1s"]).start()
    in_c(world, [first, second], quarters(first.restart_on_same_ports, redis.restart, second.restart_on_same_ports, redis.restart), ["probe/stored/"])


def prepare():
    global commands, pb, Subscriber
    import commands
    import envelope_pb2 as pb
    from subscriber import Subscriber
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
