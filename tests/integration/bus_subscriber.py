#!/usr/bin/python3
"""The events of a daemon as a program in another language sees them: live, joining late, a gap, filters, a restart, a checkpoint."""
import collections
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite


def put(daemon, first, count, keys=40):
    load = commands.Load([daemon.endpoints["commands"]], keys=keys)
    load.next = first
    for number in range(first):
        load.acknowledged[number] = True  # not ours
    load.run(first + count)
    load.stop()


def endpoints(*daemons):
    return [(d.endpoints["events"], d.endpoints["replay"]) for d in daemons]


class Seen:
    """What a subscriber handed over, checked as it comes: each sequence once and ascending in its partition."""

    def __init__(self):
        self.last = collections.defaultdict(int)
        self.numbers = []

    def take(self, event, dense=True):
        topic, head, body = event
        stored = pb.ProbeStored.FromString(body)
        assert topic == "probe/stored/" and head.type == "techtransfer.v1.ProbeStored" and head.subject == stored.key, head
        assert head.source == "techtransfer/probe" and head.stream == "probe" and head.partitionkey == stored.key, head
        last = self.last[head.partition]
        assert head.sequence == last + 1 if dense else head.sequence > last, f"{head.sequence} behind {last} in partition {head.partition}"
        self.last[head.partition] = head.sequence
        self.numbers.append(struct.unpack(">Q", stored.payload[:8])[0])

    def take_until(self, subscriber, count, dense=True):
        while len(self.numbers) < count:
            event = subscriber.next_event(suite.PATIENCE)
            assert event, f"{len(self.numbers)} of {count} events came; {dict(subscriber.counts)}"
            self.take(event, dense)

    def check_all(self, count):
        assert sorted(self.numbers) == list(range(count)), f"{len(self.numbers)} events, {len(set(self.numbers))} different ones"


def follow(world, daemon, **options):
    return world.own(Stoppable("probe", endpoints(daemon), **options))


def nothing_more(subscriber, seconds=1.5):
    """Long enough for a heartbeat to provoke a false replay."""
    event = subscriber.next_event(seconds)
    assert event is None, f"{event[1]} came again"


def test_live_events(world):
    world.with_redis()
    daemon = world.daemon().start()
    subscriber, seen = follow(world, daemon), Seen()
    suite.wait_for(lambda: subscriber.next_event(0.01) is None and not subscriber.waiting, "the subscription to be in force")
    put(daemon, 0, 500)
    seen.take_until(subscriber, 500)
    seen.check_all(500)
    nothing_more(subscriber)
    assert subscriber.counts["replayed"] == 0, subscriber.counts


def test_join_with_replay(world):
    world.with_redis()
    daemon = world.daemon().start()
    put(daemon, 0, 3000)
    subscriber, seen = follow(world, daemon), Seen()
    put(daemon, 3000, 1000)
    seen.take_until(subscriber, 4000)
    seen.check_all(4000)
    nothing_more(subscriber)
    assert subscriber.counts["replayed"] >= 3000, subscriber.counts


def test_gap_is_replayed(world):
    world.with_redis()
    daemon = world.daemon().start()
    subscriber, seen = follow(world, daemon), Seen()
    suite.wait_for(lambda: subscriber.next_event(0.01) is None and not subscriber.waiting, "the subscription to be in force")
    subscriber.drop = lambda head: head.sequence % 7 == 3
    put(daemon, 0, 1000)
    seen.take_until(subscriber, 1000)
    seen.check_all(1000)
    assert subscriber.counts["dropped on purpose"] > 0 and subscriber.counts["gaps"] > 0, subscriber.counts
    nothing_more(subscriber)


def test_lost_tail_is_noticed_by_heartbeat(world):
    world.with_redis()
    daemon = world.daemon().start()
    subscriber, seen = follow(world, daemon), Seen()
    suite.wait_for(lambda: subscriber.next_event(0.01) is None and not subscriber.waiting, "the subscription to be in force")
    subscriber.drop = lambda head: True
    put(daemon, 0, 100)
    seen.take_until(subscriber, 100)
    seen.check_all(100)
    assert subscriber.counts["dropped on purpose"] == 100, subscriber.counts


def test_slow_subscriber_loses_and_recovers(world):
    """It does not read while more is published than all queues hold."""
    world.with_redis()
    daemon = world.daemon(arguments=["--events.high-water-mark", "100"]).start()
    subscriber, quick = follow(world, daemon, high_water_mark=10, silence=30), follow(world, daemon)
    for each in (subscriber, quick):
        suite.wait_for(lambda: each.next_event(0.01) is None and not each.waiting, "the subscription to be in force")
    load = world.own(commands.Load([daemon.endpoints["commands"]], keys=40, padding=30_000))
    load.run(1500)
    seen = Seen()
    seen.take_until(subscriber, 1500)
    seen.check_all(1500)
    assert subscriber.counts["replayed"] > 0, subscriber.counts  # told by a gap, or by a heartbeat that did not follow


def filtered(world, drop):
    world.with_redis()
    daemon = world.daemon(arguments=["--events.heartbeat", "200ms"]).start()
    subscriber, seen = follow(world, daemon, filters=("probe/stored/",)), Seen()
    assert not subscriber.dense
    suite.wait_for(lambda: subscriber.next_event(0.01) is None and not subscriber.waiting, "the subscription to be in force")
    subscriber.drop = drop
    put(daemon, 0, 600)
    while len(seen.numbers) < 600:
        event = subscriber.next_event(suite.PATIENCE)
        assert event, f"{len(seen.numbers)} of 600 events came; {dict(subscriber.counts)}"
        seen.numbers.append(struct.unpack(">Q", pb.ProbeStored.FromString(event[2]).payload)[0])
    seen.check_all(600)
    nothing_more(subscriber)
    return daemon, subscriber


def test_filtered_subscriber(world):
    daemon, subscriber = filtered(world, None)
    assert subscriber.counts["gaps"] == 0, subscriber.counts
    other = follow(world, daemon, filters=("probe/other/",))
    suite.wait_for(lambda: other.next_event(0.01) is None and not other.waiting, "the other subscription to be in force")
    put(daemon, 600, 100)
    suite.wait_for(lambda: other.next_event(0.05) is None and sum(n - 1 for n, _, _ in other.checkpoint().values()) == 700,
                   "heartbeats to move the position of a filter that matches nothing")
    assert other.counts["delivered"] == 0


def test_filtered_subscriber_with_losses(world):
    _, subscriber = filtered(world, lambda head: head.sequence % 5 == 2)
    assert subscriber.counts["dropped on purpose"] > 50 and subscriber.counts["gaps"] > 0, subscriber.counts


def test_publisher_killed_and_restarted(world):
    world.with_redis()
    daemon = world.daemon().start()
    subscriber, seen = follow(world, daemon), Seen()
    put(daemon, 0, 300)
    seen.take_until(subscriber, 200)
    daemon.restart_on_same_ports()
    put(daemon, 300, 300)
    seen.take_until(subscriber, 600)
    seen.check_all(600)
    nothing_more(subscriber)


def test_failover_to_the_other_replica(world):
    world.with_redis()
    first, second = world.daemon("first").start(), world.daemon("second").start()
    subscriber, seen = world.own(Stoppable("probe", endpoints(first, second))), Seen()
    put(first, 0, 200)
    seen.take_until(subscriber, 200)
    first.kill()
    put(second, 200, 200)
    seen.take_until(subscriber, 400)
    seen.check_all(400)
    assert subscriber.counts["failovers"] >= 1, subscriber.counts


def test_checkpoint(world):
    world.with_redis()
    daemon = world.daemon().start()
    put(daemon, 0, 400)
    one, seen = follow(world, daemon), Seen()
    seen.take_until(one, 400)
    nothing_more(one)
    checkpoint = one.checkpoint()
    one.close()
    put(daemon, 400, 250)
    two = follow(world, daemon, checkpoint=checkpoint)
    seen.take_until(two, 650)
    seen.check_all(650)
    assert two.counts["delivered"] == 250, two.counts


def test_rewritten_history_is_told(world):
    world.with_redis()
    daemon = world.daemon().start()
    put(daemon, 0, 100, keys=1)
    one, seen = follow(world, daemon), Seen()
    seen.take_until(one, 100)
    checkpoint = one.checkpoint()
    one.close()
    number = max(checkpoint, key=lambda p: checkpoint[p][0])
    following, _, epoch = checkpoint[number]
    for wrong in ((following, "0190b3a4-0000-7000-8000-000000000000", epoch), (following, "", "another-epoch"), (following + 5, "", epoch)):
        two = follow(world, daemon, checkpoint={**checkpoint, number: wrong})
        try:
            event = two.next_event(5)
        except DataLoss:
            continue
        raise AssertionError(f"{wrong} was taken for the same history: {event}")


def test_trimmed_journal_is_told(world):
    redis = world.with_redis()
    daemon = world.daemon().start()
    put(daemon, 0, 100, keys=1)
    heads, _ = commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/GetHeads", pb.GetHeadsRequest())
    assert heads.code == pb.OK
    number = next(p for p in range(8) if "100" in redis.ask("HGET", f"tt:{{probe.{p}}}:meta", "events"))
    journal = f"tt:{{probe.{number}}}:j:events"
    ends = [int(word.split("-")[0]) for word in redis.ask("XRANGE", journal, "-", "+").split() if re.fullmatch(r"[0-9]+-0", word)]
    lost = max(end for end in ends if end < 100)  # Redis trims whole blocks
    redis.ask("XTRIM", journal, "MINID", f"{lost + 1}-0")
    try:
        event = follow(world, daemon).next_event(10)
        raise AssertionError(f"the lost beginning was not told: {event}")
    except OutOfRange as error:
        assert str(lost + 1) in str(error), error
    _, body = commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/GetHeads", pb.GetHeadsRequest())
    assert pb.GetHeadsReply.FromString(body).partitions[number].earliest == lost + 1
    subscriber, seen = follow(world, daemon, checkpoint={number: (lost + 1, "", "")}), Seen()
    seen.last[number] = lost
    seen.take_until(subscriber, 100 - lost)
    assert sorted(seen.numbers) == list(range(lost, 100))


def prepare():
    global commands, pb, DataLoss, OutOfRange, Stoppable
    import commands
    import envelope_pb2 as pb
    from subscriber import DataLoss, OutOfRange, Subscriber

    class Stoppable(Subscriber):
        stop = Subscriber.close

    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
