#!/usr/bin/python3
"""The bus on Redis Cluster and behind Sentinels, under load: a slot is moved, masters hand over or are killed. Afterwards, from the outside: every acknowledged
command is in the journal once, sequences are dense, a durable subscriber got each event once; and of moving a slot a client sees nothing but a longer wait."""
import collections
import os
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "integration"), HERE]
import redis_world
import suite

TOTAL = int(os.environ.get("TT_FAULT_COMMANDS", "20000")) // 2
PARTITIONS = 8


class Watched:
    """A load that notes which codes were answered and the longest time without an acknowledgement."""

    def __init__(self, load):
        self.load, self.codes, self.longest, self.last = load, collections.Counter(), 0.0, time.monotonic()
        take = load._take

        def watch(frames):
            self.codes[bus_kill.pb.ReplyHeader.FromString(frames[0]).code] += 1
            now = time.monotonic()
            self.longest, self.last = max(self.longest, now - self.last), now
            take(frames)
        load._take = watch


def begin(world, topology, *more):
    """Topology, two replicas on it, a load and a durable subscriber."""
    redis = world.own(topology(world.folder).start())
    arguments = [*redis.settings(), "--redis.timeout", "8s", *more]
    daemons = [world.daemon(name, redis="127.0.0.1:1", arguments=arguments).start() for name in ("first", "second")]
    load, durable = bus_kill.begin(world, daemons)
    load.silence = 12.0
    return redis, daemons, Watched(load), durable


def check(watched, durable, daemon, total=TOTAL):
    stored = bus_kill.read_journal(daemon)
    for partition, events in stored.items():
        assert [s for s, _ in events] == list(range(1, len(events) + 1)), f"partition {partition} is not dense"
    counted = collections.Counter(number for events in stored.values() for _, number in events)
    assert set(counted) == set(range(total)) and max(counted.values()) == 1, [n for n in range(total) if counted[n] != 1][:10]
    suite.wait_for(lambda: durable.error or len(durable.numbers) == total, f"the subscriber to have all ({len(durable.numbers)})", 60)
    if durable.error:
        raise durable.error
    durable.stop()
    assert all(n == 1 for n in durable.numbers.values()), "handed over more than once"
    print(f"     longest wait {watched.longest:.2f} s, codes {dict(watched.codes)}, {watched.load.retries} sent again, subscriber {dict(durable.counts)}", flush=True)


def slot_of(node, partition):
    return int(node.ask("CLUSTER", "KEYSLOT", f"{{probe.{partition}}}"))


def move_slot(redis, slot):
    source = redis.owner(slot)
    for _ in redis.move(slot, source, next(node for node in redis.masters() if node is not source)):
        pass


def test_slots_move_under_load(world):
    redis, daemons, watched, durable = begin(world, redis_world.Cluster)

    def move_all():
        for partition in range(PARTITIONS):
            move_slot(redis, slot_of(redis.nodes[0], partition))

    mover = threading.Thread(target=move_all, daemon=True)
    watched.load.run(TOTAL, at={TOTAL // 5: mover.start})
    mover.join(timeout=60)
    assert not mover.is_alive()
    assert set(watched.codes) == {bus_kill.pb.OK}, f"an error reached a client: {dict(watched.codes)}"
    check(watched, durable, daemons[0])


def test_nothing_is_made_at_the_target_of_a_slot_before_its_time(world):
    """A refused command looks for its request id, which is asked at the target (ASK), and then waits for the copies there: what it writes for that must
    not be a key that the source still has, or the slot can never be moved (BUSYKEY)."""
    redis = world.own(redis_world.Cluster(world.folder).start())
    daemon = world.daemon("patent", redis="127.0.0.1:1", program=world.programs["patent"],
                          arguments=[*redis.settings(), "--redis.replicas", "1"]).start()
    head, _ = commands.call(daemon.endpoints["commands"], "techtransfer.patent.v1.PatentAlert/PutWatch",
                            patent_pb.PutWatchRequest(watch=patent_pb.Watch(owner="ent-1", watch_id="w", query="ti=laser")))
    assert head.code == pb.OK, head
    meta = next(f"tt:{{patent.{p}}}:meta" for p in range(PARTITIONS) for node in redis.masters()
                if node.ask("EXISTS", f"tt:{{patent.{p}}}:t:watches", check=False).strip() == "1")
    slot = int(redis.nodes[0].ask("CLUSTER", "KEYSLOT", meta))
    source = redis.owner(slot)
    target = next(node for node in redis.masters() if node is not source)
    for _ in (mover := redis.move(slot, source, target, last=meta)):
        if source.ask("CLUSTER", "GETKEYSINSLOT", slot, 10).split() == [meta]:
            break
    head, _ = commands.call(daemon.endpoints["commands"], "techtransfer.patent.v1.PatentAlert/DeleteWatch",
                            patent_pb.DeleteWatchRequest(owner="ent-1", watch_id="unknown"))
    assert head.code == pb.NOT_FOUND, head
    assert meta not in target.ask("CLUSTER", "GETKEYSINSLOT", slot, 100).split()
    for _ in mover:
        pass
    head, _ = commands.call(daemon.endpoints["commands"], "techtransfer.patent.v1.PatentAlert/DeleteWatch",
                            patent_pb.DeleteWatchRequest(owner="ent-1", watch_id="w"))
    assert head.code == pb.OK, head


def test_masters_hand_over(world):
    redis, daemons, watched, durable = begin(world, redis_world.Cluster)

    def hand_over():
        replica = redis.replicas()[0]
        suite.wait_for(lambda: replica.info("master_link_status") in ("up", ""), "the replica to be connected")
        suite.wait_for(lambda: redis.fail_over(replica) and began(replica), "the replica to become master")

    def began(replica):
        """A fail-over that was asked for may be given up, as when the other is busy; then it is asked for again."""
        over = time.monotonic() + 5
        suite.wait_for(lambda: replica.info("role") == "master" or time.monotonic() > over, "the fail-over to be through, or given up")
        return replica.info("role") == "master"

    watched.load.run(TOTAL, at=bus_kill.quarters(hand_over, hand_over, hand_over))
    check(watched, durable, daemons[1])


def test_master_killed_with_a_copy(world):
    redis, daemons, watched, durable = begin(world, redis_world.Cluster, "--redis.replicas", "1")
    ended = threading.Event()

    def back(node):
        suite.wait_for(lambda: any("fail" in line.split()[2] for line in redis.nodes[-1].ask("CLUSTER", "NODES").splitlines()), "the death to be noticed")
        suite.wait_for(lambda: len(redis.masters()) == 3, "the replica to take over")
        node.launch()
        ended.wait()  # a process of ours ends with the thread that has started it

    def kill():
        victim = redis.masters()[0]
        victim.kill()
        threading.Thread(target=back, args=(victim,), daemon=True).start()

    watched.load.run(TOTAL, at={TOTAL // 3: kill})
    check(watched, durable, daemons[0])
    ended.set()
    assert watched.codes.keys() <= {bus_kill.pb.OK, bus_kill.pb.UNAVAILABLE}


def test_master_stopped_behind_sentinels(world):
    """Hangs instead of dying: the connections stay open and say nothing."""
    redis, daemons, watched, durable = begin(world, redis_world.Sentinel, "--redis.replicas", "1", "--redis.timeout", "4s")

    def hang():
        victim = redis.masters()[0]
        victim.send_signal(signal.SIGSTOP)
        suite.wait_for(lambda: any(n is not victim and n.info("role") == "master" for n in redis.nodes), "the replica to take over")
        victim.send_signal(signal.SIGCONT)

    watched.load.run(TOTAL, at={TOTAL // 3: hang})
    check(watched, durable, daemons[0])


def prepare():
    global bus_kill, commands, patent_pb, pb
    import commands
    import envelope_pb2 as pb
    import patent_pb2 as patent_pb
    import bus_kill as module
    module.prepare()
    bus_kill = module
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
