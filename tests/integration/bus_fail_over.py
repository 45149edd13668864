#!/usr/bin/python3
"""Fail-overs that lose the journals' ends: a real master and its replicas, replication cut under load, the master killed. Every subscriber (C and
Python, of everything and of a topic), the publisher and the processor notice; the ranges named are exactly what each had and the journal has not."""
import os
import re
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import redis_world
import suite

PARTITIONS = 8
STORED = "probe/stored/"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Server(suite.Redis):
    """A redis-server that others replicate from. Where the daemons find it is a Unix socket; replication needs a port."""

    def __init__(self, folder, name):
        super().__init__(folder, name)
        self.port = free_port()

    def start(self):
        self.process = suite.spawn(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--unixsocket", self.socket, "--dir", self.folder,
                                    "--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--repl-diskless-sync-delay", "0",
                                    "--daemonize", "no"], os.path.join(self.folder, "log"))
        suite.wait_for(self.answers, "redis-server to answer")
        return self

    def replicate(self, master):
        self.ask("REPLICAOF", "127.0.0.1", master.port)
        suite.wait_for(lambda: "master_link_status:up" in self.ask("INFO", "replication"), "the replica to be in step")
        return self

    def offset(self):
        return int(re.search(r"master_repl_offset:(\d+)", self.ask("INFO", "replication")).group(1))

    def cut_from(self, master):
        """In step with the master up to now, and no further: from now on it could be one itself."""
        suite.wait_for(lambda: self.offset() == master.offset(), "the replica to have everything")
        self.ask("REPLICAOF", "NO", "ONE")

    def heads(self, service="probe"):
        return [int(self.ask("HGET", f"tt:{{{service}.{p}}}:meta", "events").strip() or 0) for p in range(PARTITIONS)]


class History:
    """What a subscriber handed over and told, held against what it may."""

    def __init__(self, dense):
        self.dense = dense
        self.have = [{} for _ in range(PARTITIONS)]  # sequence -> id, of what was not told to be lost
        self.losses = []

    def event(self, partition, sequence, event_id):
        have = self.have[partition]
        assert sequence not in have, f"{sequence} of partition {partition} came twice"
        assert not self.dense or sequence == len(have) + 1, f"{sequence} of partition {partition} behind {len(have)}"
        have[sequence] = event_id

    def loss(self, partition, first, last):
        have = self.have[partition]
        assert max(have) == last, f"partition {partition}: {first} to {last} told, {max(have)} seen"
        self.losses.append((partition, first, last))
        for sequence in range(first, last + 1):
            have.pop(sequence)

    def total(self):
        return sum(map(len, self.have))


class InPython:
    """subscriber.py in a thread of its own."""

    def __init__(self, endpoints, filters):
        self.history, self.error, self.stopping = History(filters == ("",)), None, False
        self.thread = threading.Thread(target=self.run, args=(endpoints, filters), daemon=True)
        self.thread.start()

    def run(self, endpoints, filters):
        subscriber = Subscriber("probe", endpoints, filters)
        try:
            while not self.stopping:
                try:
                    event = subscriber.next_event(0.2)
                    if event:
                        self.history.event(event[1].partition, event[1].sequence, event[1].id)
                except DataLoss as loss:
                    self.history.loss(loss.partition, loss.first, loss.last)
        except Exception as error:
            self.error = error
        finally:
            subscriber.close()

    def look(self):
        if self.error:
            raise self.error
        return self.history

    def stop(self):
        self.stopping = True
        self.thread.join(timeout=20)


class InC:
    """The C subscriber as a process (follow.c)."""

    def __init__(self, world, name, endpoints, filters):
        self.history, self.at = History(filters == ("",)), 0
        self.log = os.path.join(world.folder, name)
        arguments = [world.programs["follow"], "probe", endpoints[0][0], endpoints[0][1], *[f for f in filters if f]]
        self.process = suite.spawn(arguments, self.log)

    def look(self):
        with open(self.log, encoding="utf-8") as file:
            file.seek(self.at)
            for line in iter(file.readline, ""):
                if not line.endswith("\n"):
                    break
                self.at += len(line)
                what, *values = line.split()
                if what == "event":
                    self.history.event(int(values[0]), int(values[1]), values[2])
                else:
                    assert what == "loss", line
                    self.history.loss(*map(int, values[:3]))
        return self.history

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=30)


def subscribers(world, daemon):
    endpoints = [(daemon.endpoints["events"], daemon.endpoints["replay"])]
    return {"python": world.own(InPython(endpoints, ("",))), "python, filtered": world.own(InPython(endpoints, (STORED,))),
            "c": world.own(InC(world, "c.log", endpoints, ("",))), "c, filtered": world.own(InC(world, "c-filtered.log", endpoints, (STORED,)))}


def wait_until_all_have(followers, total):
    for name, follower in followers.items():
        suite.wait_for(lambda: follower.look().total() == total, f"{name}: {follower.history.total()} of {total} events")


class Writer:
    def __init__(self, world, daemon):
        self.load = world.own(commands.Load([daemon.endpoints["commands"]], keys=97, silence=10))
        self.total = 0

    def write(self, count):
        self.total += count
        self.load.run(self.total)


def read_journal(daemon):
    """{partition: {sequence: id}} through the replay endpoint."""
    found = []
    for partition in range(PARTITIONS):
        found.append({})
        following, head = 1, 1
        while following <= head:
            request = pb.ReplayRequest(partition=partition, from_sequence=following, limit=5000)
            reply, body = commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/Replay", request)
            assert reply.code == pb.OK, reply
            page = pb.ReplayReply.FromString(body)
            for raw in page.events:
                header = pb.EventHeader.FromString(raw.header)
                found[-1][header.sequence] = header.id
            following, head = page.next_sequence, page.head.head
    return found


def expected(before, after):
    """[(partition, first, last)] of what was there and is not."""
    return sorted((p, after[p] + 1, before[p]) for p in range(PARTITIONS) if before[p] > after[p])


def wait_for_losses(followers, losses):
    for name, follower in followers.items():
        suite.wait_for(lambda: len(follower.look().losses) >= len(losses), f"{name}: losses {follower.history.losses}, expected {losses}")
        assert sorted(follower.history.losses) == losses, f"{name}: {sorted(follower.history.losses)}, expected {losses}"


def check_same(followers, daemon):
    journal = read_journal(daemon)
    for name, follower in followers.items():
        for partition in range(PARTITIONS):
            assert follower.look().have[partition] == journal[partition], f"{name}: partition {partition} is another one in the journal"


def servers(world, *names):
    made = [world.own(Server(world.folder, name)).start() for name in names]
    for replica in made[1:]:
        replica.replicate(made[0])
    return made


def lose(world, more):
    """More events are written after the cut than before the kill is noticed, or fewer, or none."""
    master, replica = servers(world, "one", "two")
    daemon = world.daemon(redis=f"{master.endpoint},{replica.endpoint}", arguments=["--redis.timeout", "2s", "--events.heartbeat", "300ms"]).start()
    writer, followers = Writer(world, daemon), subscribers(world, daemon)
    writer.write(300)
    wait_until_all_have(followers, 300)
    replica.cut_from(master)
    kept = replica.heads()
    writer.write(200)
    wait_until_all_have(followers, 500)
    seen = master.heads()
    losses = expected(seen, kept)
    assert sum(last - first + 1 for _, first, last in losses) == 200
    master.kill()
    if more:
        writer.write(more)  # at once: what is lost is replaced before anybody could look
    wait_for_losses(followers, losses)
    wait_until_all_have(followers, 300 + more)
    writer.write(50)
    wait_until_all_have(followers, 350 + more)
    check_same(followers, daemon)
    assert daemon.metric("journal_losses_total") == len(losses) and daemon.metric("journal_events_lost_total") == 200
    told = re.findall(r'"journal lost[^"]*","partition":"(\d+)","sequences":"(\d+) to (\d+)"', daemon.log_text())
    assert sorted(tuple(map(int, each)) for each in told) == losses, f"{told}, expected {losses}"


def test_nothing_written_since(world):
    lose(world, 0)


def test_less_written_than_lost(world):
    lose(world, 60)


def test_more_written_than_lost(world):
    lose(world, 500)


def test_two_fail_overs_in_a_row(world):
    """The third server had less than the second: all that the second one wrote is gone, and more."""
    first, second, third = servers(world, "one", "two", "three")
    daemon = world.daemon(redis=f"{first.endpoint},{second.endpoint},{third.endpoint}",
                          arguments=["--redis.timeout", "2s", "--events.heartbeat", "300ms"]).start()
    writer, followers = Writer(world, daemon), subscribers(world, daemon)
    writer.write(200)
    wait_until_all_have(followers, 200)
    third.cut_from(first)
    writer.write(100)
    wait_until_all_have(followers, 300)
    second.cut_from(first)
    writer.write(100)
    wait_until_all_have(followers, 400)
    losses = expected(first.heads(), second.heads())
    first.kill()
    wait_for_losses(followers, losses)
    writer.write(150)
    wait_until_all_have(followers, 450)
    losses = sorted(losses + expected(second.heads(), third.heads()))
    second.kill()
    writer.write(400)
    wait_for_losses(followers, losses)
    wait_until_all_have(followers, 600)
    check_same(followers, daemon)


def test_a_fail_over_that_loses_nothing(world):
    master, replica = servers(world, "one", "two")
    daemon = world.daemon(redis=f"{master.endpoint},{replica.endpoint}", arguments=["--redis.timeout", "2s", "--events.heartbeat", "300ms"]).start()
    writer, followers = Writer(world, daemon), subscribers(world, daemon)
    writer.write(300)
    wait_until_all_have(followers, 300)
    replica.cut_from(master)
    master.kill()
    writer.write(300)
    wait_until_all_have(followers, 600)
    check_same(followers, daemon)
    assert all(not follower.look().losses for follower in followers.values())
    assert daemon.metric("journal_losses_total") == 0, daemon.log_text()


def test_a_former_master_calls_nothing_lost(world):
    """Its replay server was connected before it was deposed, and does not have what others have seen since: it looks again at who is master before it says so."""
    master, replica = servers(world, "one", "two")
    arguments = ["--redis.timeout", "2s"]
    old = world.daemon("old", redis=f"{master.endpoint},{replica.endpoint}", arguments=arguments).start()
    writer = Writer(world, old)
    writer.write(100)
    read_journal(old)  # so its connection for replay is made
    replica.cut_from(master)
    new = world.daemon("new", redis=replica.endpoint, arguments=arguments).start()
    later = Writer(world, new)
    later.load.next, later.total = 100, 100
    for number in range(100):
        later.load.acknowledged[number] = True
    later.write(200)
    seen = read_journal(new)
    partition = max(range(PARTITIONS), key=lambda p: len(seen[p]))
    head = max(seen[partition])
    assert head > len(read_journal(old)[partition]), "the former master does not have it"
    _, body = commands.call(new.endpoints["replay"], "techtransfer.v1.Journal/Replay", pb.ReplayRequest(partition=partition, from_sequence=head, limit=1))
    epoch = pb.EventHeader.FromString(pb.ReplayReply.FromString(body).events[0].header).epoch
    master.ask("CONFIG", "SET", "masteruser", "nobody", "masterauth", "nothing")
    master.ask("REPLICAOF", "127.0.0.1", replica.port)
    request = pb.ReplayRequest(partition=partition, from_sequence=head + 1, limit=1, epoch=epoch, after_id=seen[partition][head])
    reply, body = commands.call(old.endpoints["replay"], "techtransfer.v1.Journal/Replay", request)
    assert reply.code == pb.OK, reply
    assert pb.ReplayReply.FromString(body).head.head == head
    request.epoch = "01a211c7-0000-7000-8000-000000000000"
    request.after_id = ""
    reply, _ = commands.call(old.endpoints["replay"], "techtransfer.v1.Journal/Replay", request)
    assert reply.code == pb.DATA_LOSS, "what nobody has is lost"


# -- a processor --


def submit(daemon, first, count):
    documents = [patent.PatentDocument(publication=patent.DocumentReference(country="CN", number=str(10000 + n), kind="A", date="2024-05-17"),
                                       titles=[patent.LocalizedText(language="zh", text=f"mark{n % 3}")]) for n in range(first, first + count)]
    head, body = commands.call(daemon.endpoints["commands"], "techtransfer.patent.v1.PatentAlert/SubmitPatents",
                               patent.SubmitPatentsRequest(documents=documents), suite.PATIENCE)
    assert head.code == pb.OK, head
    results = patent.SubmitPatentsReply.FromString(body).results
    assert all(r.outcome == patent.ACCEPTED for r in results), results
    return {r.document_id for r in results}


def put_watch(daemon, owner, query):
    watch = patent.Watch(owner=owner, watch_id="w", query=query)
    head, _ = commands.call(daemon.endpoints["commands"], "techtransfer.patent.v1.PatentAlert/PutWatch", patent.PutWatchRequest(watch=watch), suite.PATIENCE)
    assert head.code == pb.OK, head


def inbox(daemon, owner):
    """Documents alerted, by their place; places are dense."""
    found, following = [], 1
    while following:
        head, body = commands.call(daemon.endpoints["commands"], "techtransfer.patent.v1.PatentAlert/ListAlerts",
                                   patent.ListAlertsRequest(owner=owner, from_number=following, limit=1000), suite.PATIENCE)
        assert head.code == pb.OK, head
        page = patent.ListAlertsReply.FromString(body)
        found += [(alert.number, alert.document_id) for alert in page.alerts]
        following = page.next_number
    assert [number for number, _ in found] == list(range(1, len(found) + 1)), found
    return [document for _, document in found]


def stored(daemon, document):
    head, _ = commands.call(daemon.endpoints["commands"], "techtransfer.patent.v1.PatentAlert/GetPatent", patent.GetPatentRequest(document_id=document),
                            suite.PATIENCE)
    return head.code == pb.OK


def test_processor_and_inboxes_agree_with_the_surviving_history(world):
    master, replica = servers(world, "one", "two")
    settings = ["--redis.timeout", "2s"]
    both = f"{master.endpoint},{replica.endpoint}"
    daemons = [world.daemon(name, redis=both, arguments=settings, program=world.programs["patent"]).start() for name in ("first", "second")]
    owners = [f"owner-{n}" for n in range(12)]
    for owner in owners:
        put_watch(daemons[0], owner, "ti=mark1")
    documents = submit(daemons[0], 0, 300)
    wanted = {d for d in documents if (int(d.split(".")[1]) - 10000) % 3 == 1}
    for owner in owners:
        suite.wait_for(lambda: set(inbox(daemons[1], owner)) == wanted, "the alerts of the first documents")
    replica.cut_from(master)
    kept = replica.heads("patent")
    for first in range(300, 600, 50):
        documents |= submit(daemons[0], first, 50)
    suite.wait_for(lambda: sum(d.metric("processor_lag") for d in daemons) == 0 and len(inbox(daemons[0], owners[0])) == 200, "the alerts of the others")
    losses = expected(master.heads("patent"), kept)
    submitted = time.monotonic()
    master.kill()
    suite.wait_for(lambda: time.monotonic() > submitted + 11, "the documents to be older than clocks may differ")
    put_watch(daemons[0], "late", "ti=mark1")  # younger than every document: none of the old ones is its business
    documents |= submit(daemons[0], 1000, 150)
    surviving = {d for d in documents if stored(daemons[0], d)}
    assert len(surviving) == 300 + 150, f"{len(surviving)} documents are left"
    wanted = {d for d in surviving if (int(d.split(".")[1]) - 10000) % 3 == 1}
    for owner in owners:
        suite.wait_for(lambda: set(inbox(daemons[1], owner)) == wanted, f"the inbox of {owner} to agree with the documents that are left")
        assert len(inbox(daemons[1], owner)) == len(wanted)
    assert set(inbox(daemons[1], "late")) == {d for d in wanted if int(d.split(".")[1]) >= 11000}
    told = [tuple(map(int, each)) for d in daemons
            for each in re.findall(r'"journal lost: entries[^"]*","partition":"(\d+)","sequences":"(\d+) to (\d+)"', d.log_text())]
    assert told and sum(d.metric("processor_losses_total") for d in daemons) == len(told), told
    for partition, first, last in losses:  # somebody worked on the last entry of each
        assert (partition, first, last) in told, f"{sorted(told)}, expected {losses}"
    assert sum(d.metric("processor_rederivations_total") for d in daemons) == 0, "what loses an effect loses the acknowledgement behind it"


def test_a_stuck_processor_is_not_ready(world):
    redis = world.with_redis()
    daemon = world.daemon(program=world.programs["patent"], arguments=["--processor.stuck-after", "400ms"]).start()
    suite.wait_for(lambda: daemon.http("/readyz")[0] == 200, "the daemon to be ready")
    submit(daemon, 0, 3)
    suite.wait_for(lambda: daemon.metric("processor_events_total") == 3, "the documents to be worked on")
    redis.ask("DEL", "tt:{patent.5}:j:events")
    redis.ask("SET", "tt:{patent.5}:j:events", "no journal")
    suite.wait_for(lambda: daemon.http("/readyz")[0] == 503, "the daemon to be not ready")
    status, body = daemon.http("/readyz")
    assert status == 503 and "WRONGTYPE" in body, body
    assert daemon.http("/healthz")[0] == 200
    redis.ask("DEL", "tt:{patent.5}:j:events")
    suite.wait_for(lambda: daemon.http("/readyz")[0] == 200, "the daemon to be ready again")


def holds(node, key):
    return node.ask("EXISTS", key, check=False).strip() == "1"


def replica_of(redis, master):
    name = master.ask("CLUSTER", "MYID").strip()
    mine = lambda node: next(line.split() for line in node.ask("CLUSTER", "NODES").splitlines() if "myself" in line)
    return next(node for node in redis.replicas() if mine(node)[3] == name)


def cut(redis):
    """A master and its replica, which has all up to now, and gets no more."""
    master = redis.masters()[0]
    replica = replica_of(redis, master)
    suite.wait_for(lambda: int(replica.info("slave_repl_offset")) >= int(master.info("master_repl_offset")), "the replica to have everything")
    replica.ask("CONFIG", "SET", "masteruser", "nobody", "masterauth", "nothing")  # when it comes back, it is not let in
    master.ask("CLIENT", "KILL", "TYPE", "replica", check=False)
    suite.wait_for(lambda: replica.info("master_link_status") == "down", "the replica to be cut off")
    return master, replica


def of_watch(documents):
    return {d for d in documents if (int(d.split(".")[1]) - 10000) % 3 == 1}


def test_effects_on_a_lost_master_are_derived_again(world):
    """In a cluster an entry may be acknowledged on one master while what followed from it, on another, is lost."""
    redis = world.own(redis_world.Cluster(world.folder).start())
    settings = [*redis.settings(), "--redis.timeout", "4s"]
    daemons = [world.daemon(name, redis="127.0.0.1:1", arguments=settings, program=world.programs["patent"]).start() for name in ("first", "second")]
    owners = [f"owner-{n}" for n in range(24)]
    for owner in owners:
        put_watch(daemons[0], owner, "ti=mark1")
    documents = submit(daemons[0], 0, 300)
    for owner in owners:
        suite.wait_for(lambda: set(inbox(daemons[1], owner)) == of_watch(documents), "the alerts of the first documents")
    master, replica = cut(redis)
    there = {owner for owner in owners if any(holds(master, f"tt:{{patent.{p}}}:t:inbox.{owner}") for p in range(PARTITIONS))}
    assert 0 < len(there) < len(owners), there
    for first in range(300, 600, 50):
        documents |= submit(daemons[0], first, 50)
    for owner in owners:
        suite.wait_for(lambda: set(inbox(daemons[0], owner)) == of_watch(documents), "the alerts of the others")
    suite.wait_for(lambda: sum(d.metric("processor_lag") for d in daemons) == 0, "all to be acknowledged")
    master.kill()
    replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")
    suite.wait_for(lambda: sum(d.metric("processor_rederivations_total") for d in daemons) >= 1, "a replica to set the group back")
    documents |= submit(daemons[0], 1000, 150)
    surviving = {d for d in documents if stored(daemons[0], d)}
    assert 300 + 150 < len(surviving) < 750, f"{len(surviving)} documents are left: some were lost, some are on the other masters"
    for owner in owners:
        suite.wait_for(lambda: set(inbox(daemons[1], owner)) >= of_watch(surviving), f"the inbox of {owner} to have all documents that are left")
        found = inbox(daemons[1], owner)
        assert len(found) == len(set(found)), "no alert twice"
        assert owner not in there or set(found) == of_watch(surviving), "an inbox that was lost speaks of what is left"
    before = sum(d.metric("processor_rederivations_total") for d in daemons)
    daemons[0].stop()
    again = world.daemon("again", redis="127.0.0.1:1", arguments=settings, program=world.programs["patent"]).start()
    submit(again, 2000, 20)
    suite.wait_for(lambda: again.metric("processor_events_total") + daemons[1].metric("processor_events_total") > 0 and daemons[1].metric("processor_lag") == 0,
                   "the new ones to be worked on")
    assert again.metric("processor_rederivations_total") == 0, "a mark of now asks for nothing"
    print(f"     {len(surviving)} of 750 documents left, {len(there)} inboxes lost their end, {before:.0f} set-backs", flush=True)


def prepare():
    global commands, pb, patent, DataLoss, Subscriber
    import commands
    import envelope_pb2 as pb
    import patent_pb2 as patent
    from subscriber import DataLoss, Subscriber
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
