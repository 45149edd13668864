#!/usr/bin/python3
"""What is kept and what goes: durable consumers, the cap, the age, request ids; as programs outside see it."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

FAST = ("--journal.trim-every", "100ms")
AT_ONCE = (*FAST, "--journal.keep", "0")


def put(daemon, first, count, keys=1):
    """In few at a time, so that the journal's entries are small."""
    load = commands.Load([daemon.endpoints["commands"]], keys=keys, window=8)
    load.next = first
    for number in range(first):
        load.acknowledged[number] = True  # not ours
    load.run(first + count)
    load.stop()


def heads(daemon):
    head, body = commands.call(daemon.endpoints["replay"], "techtransfer.v1.Journal/GetHeads", pb.GetHeadsRequest())
    assert head.code == pb.OK, head
    return list(pb.GetHeadsReply.FromString(body).partitions)


def busy(daemon):
    """The partition of the only key."""
    return next(h for h in heads(daemon) if h.head)


def rounds(daemon, count=3):
    """So many more rounds of the janitor are over."""
    begun = daemon.metric("janitor_rounds_total")
    suite.wait_for(lambda: daemon.metric("janitor_rounds_total") >= begun + count, "the janitor")


def follow(world, daemon, **options):
    subscriber = Subscriber("probe", [(daemon.endpoints["events"], daemon.endpoints["replay"])], **options)
    subscriber.stop = subscriber.close
    return world.own(subscriber)


def expect_refusal(code, what, *arguments, **options):
    try:
        what(*arguments, **options)
    except consumer.Refused as refused:
        assert refused.code == code, refused
        return str(refused)
    raise AssertionError(f"{what.__name__} {arguments} was not refused")


def test_the_cap_passes_a_stopped_consumer(world):
    world.with_redis()
    daemon = world.daemon(arguments=(*AT_ONCE, "--journal.cap", "200")).start()
    put(daemon, 0, 100)
    place = busy(daemon)
    archive = consumer.Consumer("archive", daemon.endpoints["commands"])
    assert archive.done(place.partition, 50, place.epoch) == 50
    put(daemon, 100, 900)
    suite.wait_for(lambda: busy(daemon).earliest > 780, "the cap to trim")
    rounds(daemon)
    place = busy(daemon)
    assert place.head == 1000 and place.earliest <= 801, place
    try:
        event = follow(world, daemon, checkpoint={place.partition: (51, "", place.epoch)}).next_event(10)
        raise AssertionError(f"what the cap took was not told: {event}")
    except OutOfRange as error:
        assert str(place.earliest) in str(error), error
    gone = place.earliest - 1 - 50
    listed = consumer.consumers(daemon.endpoints["commands"])["archive"]
    assert listed.lost == gone and listed.lag == place.head - place.earliest + 1, listed
    assert daemon.metric('journal_consumer_lost_events_total{consumer="archive"}') == gone
    assert daemon.metric("journal_capped_events_total") == gone
    assert "the cap takes events" in daemon.log_text()
    subscriber = follow(world, daemon, checkpoint={place.partition: (place.earliest, "", place.epoch)})
    for sequence in range(place.earliest, 1001):
        assert subscriber.next_event(suite.PATIENCE)[1].sequence == sequence
    archive.acknowledge(subscriber.checkpoint())
    rounds(daemon)
    listed = consumer.consumers(daemon.endpoints["commands"])["archive"]
    assert listed.lost == gone and listed.lag == 0, listed
    suite.wait_for(lambda: "events were trimmed before" in daemon.log_text(), "the end of the episode to be told")
    assert f'"events":"{gone}"' in daemon.log_text().replace(": ", ":"), daemon.log_text()[-1000:]


def test_a_slow_consumer_holds_the_journal_and_removal_lets_it_go(world):
    world.with_redis()
    daemon = world.daemon(arguments=AT_ONCE).start()
    put(daemon, 0, 300)
    place = busy(daemon)
    commands_at = daemon.endpoints["commands"]
    fast, slow = consumer.Consumer("fast", commands_at), consumer.Consumer("slow", commands_at)
    slow.done(place.partition, 0)
    fast.done(place.partition, 300)
    rounds(daemon)
    assert busy(daemon).earliest == 1
    slow.done(place.partition, 120)
    suite.wait_for(lambda: busy(daemon).earliest > 1, "trimming behind the slow one")
    rounds(daemon)
    assert 121 - 8 <= busy(daemon).earliest <= 121, busy(daemon)
    assert daemon.metric('journal_consumer_lag_events{consumer="slow"}') == 180 and daemon.metric('journal_consumer_lag_events{consumer="fast"}') == 0
    first = follow(world, daemon, checkpoint=slow.checkpoint()).next_event(suite.PATIENCE)
    assert first[1].sequence == 121, first
    consumer.remove(commands_at, "slow")
    suite.wait_for(lambda: busy(daemon).earliest > 290, "what was held to go")
    assert list(consumer.consumers(commands_at)) == ["fast"] and slow.checkpoint() is None
    expect_refusal(pb.NOT_FOUND, consumer.remove, commands_at, "slow")
    rounds(daemon)
    assert 'consumer="slow"' not in daemon.http("/metrics")[1]
    assert daemon.metric("journal_capped_events_total") == 0


def test_acknowledgements(world):
    world.with_redis()
    daemon = world.daemon(arguments=FAST).start()
    put(daemon, 0, 20)
    place = busy(daemon)
    archive = consumer.Consumer("archive", daemon.endpoints["commands"])
    assert archive.done(place.partition, 12, place.epoch) == 12
    assert archive.done(place.partition, 5) == 12, "it went back"
    expect_refusal(pb.DATA_LOSS, archive.done, place.partition, 21, place.epoch)
    expect_refusal(pb.DATA_LOSS, archive.done, place.partition, 15, "of another history")
    expect_refusal(pb.INVALID_ARGUMENT, archive.done, 8, 0)
    expect_refusal(pb.INVALID_ARGUMENT, archive.done, place.partition, 1, "e" * 99)
    for name in ("", "Has Capitals", "n" * 65):
        expect_refusal(pb.INVALID_ARGUMENT, consumer.Consumer(name, archive.endpoint).done, 0, 0)
    listed = consumer.consumers(archive.endpoint)["archive"]
    assert [(p.partition, p.acknowledged, p.epoch, p.head, p.lag) for p in listed.partitions] == [(place.partition, 12, place.epoch, 20, 8)], listed
    assert abs(listed.acknowledged_unix_ms / 1000 - time.time()) < 600
    assert archive.checkpoint() == {place.partition: (13, "", place.epoch)}
    # One bad position does not hold up the others.
    items = [pb.ConsumerPosition(consumer="archive", partition=place.partition, sequence=99), pb.ConsumerPosition(consumer="archive", partition=place.partition, sequence=14)]
    reply = consumer.ask(archive.endpoint, "AcknowledgeEvents", pb.AcknowledgeEventsRequest(positions=items), pb.AcknowledgeEventsReply)
    assert [r.code for r in reply.results] == [pb.DATA_LOSS, pb.OK] and reply.results[1].sequence == 14, reply


def test_reset(world):
    world.with_redis()
    daemon = world.daemon(arguments=(*FAST, "--journal.cap", "100")).start()
    put(daemon, 0, 400)
    suite.wait_for(lambda: busy(daemon).earliest > 290, "the cap to trim")
    rounds(daemon)
    place, at = busy(daemon), daemon.endpoints["commands"]
    expect_refusal(pb.NOT_FOUND, consumer.reset, at, "archive", pb.RESET_TO_HEAD)
    assert consumer.reset(at, "archive", pb.RESET_TO_HEAD, create=True) == 8

    def stands():
        return {p.partition: p.acknowledged for p in consumer.consumers(at)["archive"].partitions}

    everywhere = {p: 0 for p in range(8)}
    assert stands() == {**everywhere, place.partition: 400}
    assert consumer.reset(at, "archive", pb.RESET_TO_EARLIEST) == 8 and stands()[place.partition] == place.earliest - 1
    assert consumer.reset(at, "archive", pb.RESET_TO_POSITIONS, {place.partition: 350}) == 1 and stands() == {**everywhere, place.partition: 350}
    other = (place.partition + 1) % 8
    for wrong in ({place.partition: 401}, {place.partition: place.earliest - 2}, {place.partition: 360, other: 1}):
        expect_refusal(pb.OUT_OF_RANGE, consumer.reset, at, "archive", pb.RESET_TO_POSITIONS, wrong)
    assert stands() == {**everywhere, place.partition: 350}, "a refused reset changed something"
    for target, wrong in ((pb.RESET_TO_POSITIONS, {}), (pb.RESET_TO_POSITIONS, {9: 1}), (pb.RESET_TO_HEAD, {0: 0}), (pb.RESET_TARGET_UNSPECIFIED, {})):
        expect_refusal(pb.INVALID_ARGUMENT, consumer.reset, at, "archive", target, wrong)
    consumer.remove(at, "archive")
    assert not consumer.consumers(at)
    # Registered in one partition only: a reset leaves it at that.
    consumer.Consumer("single", at).done(place.partition, 380)
    assert consumer.reset(at, "single", pb.RESET_TO_HEAD) == 1
    assert [p.partition for p in consumer.consumers(at)["single"].partitions] == [place.partition]


def test_consumers_are_bounded(world):
    world.with_redis()
    daemon = world.daemon(arguments=FAST).start()
    at = daemon.endpoints["commands"]
    items = [pb.ConsumerPosition(consumer=f"consumer-{n}", partition=0) for n in range(1024)]
    reply = consumer.ask(at, "AcknowledgeEvents", pb.AcknowledgeEventsRequest(positions=items), pb.AcknowledgeEventsReply)
    assert all(r.code == pb.OK for r in reply.results)
    one_more = consumer.Consumer("one-more", at)
    expect_refusal(pb.FAILED_PRECONDITION, one_more.done, 0, 0)
    expect_refusal(pb.FAILED_PRECONDITION, consumer.reset, at, "one-more", pb.RESET_TO_HEAD, create=True)
    assert consumer.Consumer("consumer-7", at).done(0, 0) == 0
    consumer.remove(at, "consumer-7")
    assert one_more.done(0, 0) == 0
    assert len(consumer.consumers(at)) == 1024
    rounds(daemon)
    assert daemon.http("/metrics")[1].count("journal_consumer_lag_events{") == 1024


def test_two_replicas_trim_and_count_once(world):
    world.with_redis()
    one = world.daemon("one", arguments=(*AT_ONCE, "--journal.cap", "150")).start()
    two = world.daemon("two", arguments=(*AT_ONCE, "--journal.cap", "150")).start()
    put(one, 0, 10)
    place = busy(one)
    consumer.Consumer("stopped", two.endpoints["commands"]).done(place.partition, 0)
    put(two, 10, 1490)
    suite.wait_for(lambda: busy(one).earliest > 1340, "the cap to trim")
    rounds(one)
    rounds(two)
    gone = busy(one).earliest - 1
    for name in ("journal_trimmed_events_total", "journal_capped_events_total"):
        assert one.metric(name) + two.metric(name) == gone, (name, one.metric(name), two.metric(name), gone)
    assert consumer.consumers(one.endpoints["commands"])["stopped"].lost == gone


def test_young_events_are_kept(world):
    world.with_redis()
    daemon = world.daemon(arguments=(*FAST, "--journal.keep", "4s")).start()
    put(daemon, 0, 50)
    put_at, place = time.monotonic(), busy(daemon)
    consumer.Consumer("archive", daemon.endpoints["commands"]).done(place.partition, 50)
    suite.wait_for(lambda: busy(daemon).earliest > 40, "the events to become old")
    assert time.monotonic() - put_at > 3, "they were young"
    assert busy(daemon).earliest <= 50


def test_forgotten_request_ids_are_said_to_be(world):
    world.with_redis()
    daemon = world.daemon(arguments=(*FAST, "--store.remember-max", "1000", "--store.partitions", "1")).start()
    now = int(time.time() * 1000)
    peer = commands.socket(daemon.endpoints["commands"])
    sent = [commands.uuid7(now - 1800000 + 500 * n) for n in range(3000)]  # made 30 to 5 minutes ago
    for number, request_id in enumerate(sent):
        peer.send_multipart([commands.header(request_id=request_id), commands.put_body(f"key-{number}")])
    for _ in sent:
        reply = commands.receive(peer, suite.PATIENCE)
        assert reply is not None and pb.ReplyHeader.FromString(reply[0]).code == pb.OK, reply
    suite.wait_for(lambda: 0 < daemon.metric("request_ids_kept") <= 1000, "ids to be forgotten")
    rounds(daemon)
    kept = daemon.metric("request_ids_kept")
    assert kept > 1000 - 2 * 120 and daemon.metric("request_ids_forgotten_total") == 3000 - kept, kept
    assert "store.remember-max" in daemon.log_text()
    head, _ = commands.exchange(peer, [commands.header(request_id=sent[10]), commands.put_body("key-10")])
    assert head.code == pb.FAILED_PRECONDITION and "only for ids made since 20" in head.message and "cannot be said" in head.message, head
    head, _ = commands.exchange(peer, [commands.header(request_id=sent[-10]), commands.put_body("key-2990")])
    assert head.code == pb.OK and head.replayed, head
    head, _ = commands.exchange(peer, [commands.header(request_id=commands.uuid7(now - 3700000)), commands.put_body("key")])
    assert head.code == pb.FAILED_PRECONDITION and "cannot be said" in head.message, head
    peer.close()


def test_ttctl(world):
    """The program is named by TT_TTCTL. It knows the four streams; the probe daemon stands in for one."""
    world.with_redis()
    daemon = world.daemon(arguments=FAST).start()
    put(daemon, 0, 30)
    place = busy(daemon)

    def run(*words, code=0):
        where = ("--stream", "patent", "--endpoints", daemon.endpoints["commands"], "--timeout", "60")
        done = subprocess.run([os.environ["TT_TTCTL"], "consumers", *words, *where], capture_output=True, timeout=100)
        assert done.returncode == code, (words, done)
        return (done.stdout if code == 0 else done.stderr).decode()

    assert json.loads(run("list", "--json")) == {"stream": "patent", "partitionCount": 8, "consumers": []}
    assert run("list") == ""
    assert "NOT_FOUND" in run("reset", "archive", "head", code=1)
    assert "8" in run("reset", "archive", "head", "--create")
    assert json.loads(run("reset", "archive", f"{place.partition}:12", "--json")) == {"partitions": 1}
    listed = json.loads(run("list", "archive", "--json"))["consumers"][0]
    assert listed["name"] == "archive" and listed["lag"] == "18" and len(listed["partitions"]) == 8, listed
    lines = run("list").splitlines()
    assert lines[0].split() == ["STREAM", "CONSUMER", "LAG", "LOST", "LAST", "SEEN"] and lines[1].split()[:4] == ["patent", "archive", "18", "0"], lines
    table = run("list", "--partitions").splitlines()
    assert len(table) == 9 and table[1 + place.partition].split()[2:8] == [str(place.partition), "12", "30", "1", "18", "0"], table
    for wrong in (("reset", "archive", "tail"), ("reset", "archive", "head", "earliest"), ("reset", "archive", "1:2:3"), ("reset", "archive")):
        run(*wrong, code=2)
    assert "OUT_OF_RANGE" in run("reset", "archive", f"{place.partition}:31", code=1)
    run("remove", "archive")
    assert "NOT_FOUND" in run("remove", "archive", code=1)
    assert json.loads(run("list", "--json"))["consumers"] == []


def prepare():
    global commands, consumer, pb, OutOfRange, Subscriber
    import commands
    import envelope_pb2 as pb
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import consumer
    from subscriber import OutOfRange, Subscriber

    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
