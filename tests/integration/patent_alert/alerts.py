#!/usr/bin/python3
"""patent-alertd from outside, with kills of both replicas in between: each trigger raises each alert once, digests and retractions are told once,
back-fills are complete, and a watch can be paused, muted, braked and run out."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import alerts_rig
from alerts_rig import Patents, day, suite

ALL = ("PUBLICATION", "GRANT", "LAPSE", "EXPIRY", "TRANSFER", "LICENCE", "PLEDGE", "PRESERVATION", "INVALIDATION", "RESTORATION", "OPPOSITION",
       "LITIGATION", "CITATION", "OVERSEAS_FAMILY")
CODES = {"CF01": "LAPSE", "CX01": "EXPIRY", "TR01": "TRANSFER", "EE01": "LICENCE", "PE01": "PLEDGE", "PP01": "PRESERVATION", "IW01": "INVALIDATION",
         "RR01": "RESTORATION", "GR01": "GRANT", "CP02": None, "XX99": None}
MOST_KILLS = 6
OK, FAILED_PRECONDITION, NOT_FOUND = 0, 9, 5


class Killing:
    """Kills one replica after the other while the test goes on. The thread that starts a process must outlive it (suite.die_with_parent), so it is
    parked, not ended."""

    def __init__(self, patents):
        self.patents, self.kills, self.failure = patents, 0, None
        self.enough, self.idle = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            while self.kills < MOST_KILLS and not self.enough.wait(0.7):
                self.patents.kill_one(self.kills % len(self.patents.replicas))
                self.kills += 1
        except AssertionError as failure:
            self.failure = failure
        self.idle.set()
        threading.Event().wait()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *what):
        self.enough.set()
        self.idle.wait()
        assert self.failure is None, self.failure


def told(p, owner):
    """Each alert's number by how often it was told as an event."""
    counts = {}
    for event in p.events("AlertRaised"):
        if event.alert.owner == owner:
            counts[event.alert.number] = counts.get(event.alert.number, 0) + 1
    return counts


def test_every_trigger_once_while_replicas_are_killed(world):
    p = Patents(world)
    Trigger = p.pb.Trigger
    p.portfolio("ent-1", "core", ["CN900000001B"])
    p.watch("ent-1", "all", "ti=graphene", ALL)
    p.watch("ent-1", "again", "ti=film", ALL)
    p.watch("ent-2", "lapses", "ls=CF01 and ti=graphene and st=H", ("LAPSE",))
    p.watch("ent-3", "silent", "ti=nothing", ALL)
    expected, lapses = set(), 0
    with Killing(p) as killing:
        for n in range(40):
            if n in (10, 20, 30):
                suite.wait_for(lambda: killing.kills >= n // 10, "a kill")
            number, family = f"{100000000 + n}", f"F{n}" if n % 4 == 0 else ""
            application = p.pb.DocumentReference(country="CN", number=f"20201{n:07d}5" if n % 2 else f"20201{n:07d}")
            first = p.document(number, application=application, family_id=family)
            second = p.document(number, kind="B", date="2022-05-01", application=application, family_id=family)
            if n % 5 == 0:
                second.citations.add(country="CN", number="900000001", kind="A")
            legal = [p.legal(number if n % 3 else "", code, application=None if n % 3 else application) for code in CODES]
            key = family or f"CN{number}"
            if n % 2:  # before any document: orphans
                assert all(r.orphan for r in p.submit_legal(*legal))
                p.submit(first, second)
            else:
                p.submit(first)
                p.submit_legal(*legal)
                p.submit(second)
            if family:
                p.submit(p.document(number, country="US", kind="A1", date="2021-01-01", family_id=family))
                expected.add((key, "OVERSEAS_FAMILY", "US"))
            expected |= {(key, "PUBLICATION", ""), (key, "GRANT", "CN")}
            if n % 5 == 0:
                expected.add((key, "CITATION", "900000001"))
            expected |= {(key, trigger, code) for code, trigger in CODES.items() if trigger not in (None, "GRANT")}
            lapses += 1
        again = p.submit_legal(*legal)
        assert all(r.outcome == p.pb.UNCHANGED for r in again), again
        alerts = p.wait_inbox("ent-1", len(expected))
    assert killing.kills >= 2, "no replica was killed"
    p.settled()
    alerts = p.wait_inbox("ent-1", len(expected))

    def key(a):
        name = Trigger.Name(a.trigger)
        which = {"GRANT": "CN", "OVERSEAS_FAMILY": "US", "CITATION": a.cited.number}.get(name, a.legal_event.code)
        return a.family_id, name, which

    assert {key(a) for a in alerts} == expected, {key(a) for a in alerts} ^ expected
    assert all([m.watch_id for m in a.matches] == ["again", "all"] for a in alerts), "all watches that match are named"
    assert told(p, "ent-1") == {a.number: 1 for a in alerts}, "each is told once"
    p.wait_inbox("ent-2", lapses)
    assert {t.field for a in p.inbox("ent-2") for m in a.matches for t in m.terms} == {"ls", "ti", "st"}
    assert p.inbox("ent-3") == []
    living = [r for r in p.replicas if r.alive()]
    assert sum(r.metric("patent_legal_unmapped_total") for r in living) >= 0


def test_orphans_are_bounded_counted_and_attached(world):
    p = Patents(world, replicas=1, arguments=["--legal.orphans-max", "1024"])  # 128 for each of 8 partitions
    p.watch("ent-1", "w", "ti=graphene", ("LAPSE",))
    events = [p.legal("123456789", "CF01", date=f"2020-{1 + n // 28:02d}-{1 + n % 28:02d}") for n in range(130)]
    results = p.submit_legal(*events)
    assert [r.outcome for r in results].count(p.pb.REJECTED) == 2 and results[-1].code == 8, results[-1]
    unknown = p.submit_legal(p.legal("55", "ZZ77", office="XY"))[0]
    assert unknown.outcome == p.pb.ACCEPTED and unknown.trigger == 0 and unknown.category == ""
    assert p.replicas[0].metric("patent_legal_unmapped_total") >= 1
    p.submit(p.document("123456789"))
    p.wait_inbox("ent-1", 128)
    p.settled()
    suite.wait_for(lambda: p.replicas[0].metric("patent_legal_attached_total") >= 128, "the orphans to be attached")
    assert p.submit_legal(events[-1])[0].outcome == p.pb.ACCEPTED, "there is room again"
    p.wait_inbox("ent-1", 129)


def test_legal_events_have_revisions_and_are_checked(world):
    p = Patents(world, replicas=1)
    event = p.legal("1", "CF01", text="first")
    first = p.submit_legal(event)[0]
    assert first.outcome == p.pb.ACCEPTED and first.category == "H" and first.trigger == p.pb.LAPSE
    assert p.submit_legal(event)[0].outcome == p.pb.UNCHANGED
    event.text = "second"
    clash = p.submit_legal(event)[0]
    assert clash.outcome == p.pb.REJECTED and clash.code == FAILED_PRECONDITION and "revision" in clash.violations[0]
    event.revision = 1
    assert p.submit_legal(event)[0].outcome == p.pb.REVISED
    wrong = [p.legal("", "CF01"), p.legal("1", "CF01", office="cn"), p.legal("1", ""), p.legal("1", "CF01", date="2024-02-30"),
             p.legal("1", "CF01", corrects="something"), p.legal("1", "CF01", category="hh")]
    for n, (result, place) in enumerate(zip(p.submit_legal(*wrong), ("publication", "office", "code", "effective_date", "corrects", "category"))):
        assert result.outcome == p.pb.REJECTED and any(v.startswith(f"events[{n}].{place}") for v in result.violations), result


def test_a_retraction_is_told_once_and_the_inbox_stays_dense(world):
    p = Patents(world)
    p.watch("ent-1", "w", "ti=graphene", ("PUBLICATION", "LAPSE"))
    p.watch("ent-2", "w", "ti=film", ("PUBLICATION", "LAPSE"))
    numbers = [f"{200 + n}" for n in range(30)]
    p.submit(*(p.document(n) for n in numbers))
    lapses = p.submit_legal(*(p.legal(n, "CF01") for n in numbers))
    p.wait_inbox("ent-1", 60)
    with Killing(p) as killing:
        for n in numbers[:10]:
            p.withdraw(f"CN.{n}.A", reason="published in error")
        for r, n in list(zip(lapses, numbers))[10:20]:
            p.submit_legal(p.legal(n, "CF01", category="Y", corrects=r.event_id))
        late = p.legal("999", "CF01")  # taken back before its document is there: never raised
        event_id = p.submit_legal(late)[0].event_id
        p.submit_legal(p.legal("999", "XX", category="Y", corrects=event_id))
        p.submit(p.document("999"))
        suite.wait_for(lambda: sum(a.retracted for a in p.inbox("ent-1")) == 30, "30 retracted alerts")
        suite.wait_for(lambda: killing.kills >= 2, "two kills")
    p.settled()
    for owner in ("ent-1", "ent-2"):
        alerts = p.wait_inbox(owner, 61)
        void = {a.number for a in alerts if a.retracted}
        assert len(void) == 30, "20 of withdrawn documents, 10 of corrected events"
        assert all(a.retracted_unix_ms and a.retracted_reason for a in alerts if a.retracted)
        numbers_told = [n for e in p.events("AlertRetracted") if e.owner == owner for n in e.numbers]
        assert sorted(numbers_told) == sorted(void), "told once each"
    assert p.withdraw("CN.200.A").already
    assert p.submit(p.document("200"))[0].code == FAILED_PRECONDITION
    assert p.submit(p.document("200", revision=1))[0].outcome == p.pb.ACCEPTED
    p.call("WithdrawPatent", p.pb.WithdrawPatentRequest(document_id="CN.77.A"), None, code=NOT_FOUND)


def test_taking_back_orphans_loses_no_other_legal_event(world):
    p = Patents(world, replicas=1)
    p.watch("ent-1", "w", "ti=graphene", ("LAPSE",))
    filed = {f"{1000 + n}": p.pb.DocumentReference(country="CN", number=f"20203{n:07d}") for n in range(40)}
    void = p.submit_legal(*(p.legal(n, "CF01") for n in filed))  # taken back while they wait, beside others that hold
    p.submit_legal(*(p.legal(n, "XX", category="Y", corrects=r.event_id) for n, r in zip(filed, void)))
    p.submit_legal(*(p.legal("", "CF01", application=application) for application in filed.values()))
    p.submit(*(p.document(n, application=application) for n, application in filed.items()))
    p.settled()
    alerts = p.wait_inbox("ent-1", len(filed))
    assert {a.document_id for a in alerts} == {f"CN.{n}.A" for n in filed}
    assert all(a.legal_event.event_id.startswith("a.CN20203") and not a.retracted for a in alerts)


def test_an_index_that_could_not_be_built_to_its_end_is_not_used(world):
    p = Patents(world, replicas=1)
    p.watch("ent-1", "v", "ti=copper")
    p.watch("ent-1", "w", "ti=graphene")
    p.settled()
    (table,) = world.redis.ask("KEYS", "tt:{patent.*}:t:watches").split()
    meta = table.replace("t:watches", "meta")
    head = int(world.redis.ask("HGET", meta, "watches"))
    world.redis.ask("RENAME", table, table + "-aside")
    world.redis.ask("SET", table, "no table")
    world.redis.ask("HSET", meta, "watches", head - 1)  # the log's end is lost: the index is built again, which fails
    suite.wait_for(lambda: "index of watches is built again" in p.replicas[0].log_text(), "the loss to be noticed")
    world.redis.ask("DEL", table)
    world.redis.ask("RENAME", table + "-aside", table)
    p.submit(p.document("1400"))
    p.settled()
    (alert,) = p.wait_inbox("ent-1", 1)
    assert alert.document_id == "CN.1400.A"


def test_a_document_that_many_owners_were_told_of_is_withdrawn(world):
    p = Patents(world, replicas=1)
    owners = [f"ent-{n}" for n in range(2600)]  # above 256 in each of 8 partitions
    for owner in owners:
        p.watch(owner, "w", "ti=graphene")
    p.submit(p.document("1300"))
    p.settled()
    p.withdraw("CN.1300.A")
    told = suite.wait_for(lambda: (lambda e: e if len(e) >= len(owners) else None)(p.events("AlertRetracted")), "all to be told")
    assert sorted(e.owner for e in told) == sorted(owners)
    p.settled()
    assert p.replicas[0].alive() and len(p.events("AlertRetracted")) == len(owners)


def remove_all(p, count):
    """Until so many documents are kept no longer: a pass begins when a replica has loaded."""
    for n in range(len(p.replicas)):
        p.kill_one(n)
    suite.wait_for(lambda: sum(len(e.document_ids) for e in p.events("PatentsRemoved")) == count, "the old documents to go", 90)


def test_a_document_that_is_kept_no_longer_is_withdrawn(world):
    p = Patents(world, arguments=["--documents.keep-days", "30"])
    p.watch("ent-1", "w", "ti=graphene")
    p.submit(p.document("1200"), p.document("1201", revision=3))
    p.wait_inbox("ent-1", 2)
    p.settled()
    remove_all(p, 2)
    assert not p.withdraw("CN.1200.A").already and not p.withdraw("CN.1201.A", reason="published in error").already
    alerts = suite.wait_for(lambda: (lambda a: a if all(x.retracted for x in a) else None)(p.inbox("ent-1")), "the alerts to be taken back")
    assert {a.retracted_reason for a in alerts} == {"publication withdrawn", "published in error"}
    assert sorted(n for e in p.events("AlertRetracted") for n in e.numbers) == [1, 2]
    assert p.withdraw("CN.1200.A").already
    assert p.submit(p.document("1201", revision=3))[0].code == FAILED_PRECONDITION
    assert p.submit(p.document("1201", revision=4))[0].outcome == p.pb.ACCEPTED
    p.settled()
    remove_all(p, 3)
    assert not p.withdraw("CN.1201.A").already, "of a later revision"
    assert [(e.document_id, e.revision) for e in p.events("PatentWithdrawn")].count(("CN.1201.A", 4)) == 1
    p.call("WithdrawPatent", p.pb.WithdrawPatentRequest(document_id="CN.77.A"), None, code=NOT_FOUND)


def test_legal_events_wait_for_a_document_that_went(world):
    p = Patents(world, arguments=["--documents.keep-days", "30"])
    p.watch("ent-1", "w", "ti=graphene", ("LAPSE",))
    p.submit(p.document("1100", date=day()), p.document("1101"))
    p.settled()
    p.withdraw("CN.1100.A")
    remove_all(p, 1)
    p.call("GetPatent", p.pb.GetPatentRequest(document_id="CN.1101.A"), None, code=NOT_FOUND)
    p.submit_legal(p.legal("1100", "CF01"), p.legal("1101", "CF01"))
    p.settled()
    assert p.inbox("ent-1") == []
    results = p.submit(p.document("1100", date=day(), revision=1), p.document("1101"))
    assert [r.outcome for r in results] == [p.pb.ACCEPTED] * 2, results
    p.settled()
    assert {a.document_id for a in p.wait_inbox("ent-1", 2)} == {"CN.1100.A", "CN.1101.A"}


def test_a_page_of_large_alerts_is_short(world):
    p = Patents(world, replicas=1)
    for n in range(240):
        p.watch("ent-1", f"w-{n}", "ti=graphene", label="x" * 120)
    p.submit(*(p.document(f"{1600 + n}") for n in range(250)))
    alerts = p.wait_inbox("ent-1", 250)
    assert sum(a.ByteSize() for a in alerts) > 6 << 20, "or the test shows nothing"
    first = p.call("ListAlerts", p.pb.ListAlertsRequest(owner="ent-1", limit=1000), p.pb.ListAlertsReply)
    assert first.ByteSize() < 5 << 20 and first.next_number == len(first.alerts) + 1, first.ByteSize()


def test_what_is_told_of_a_document_that_is_withdrawn_meanwhile_is_taken_back(world):
    p = Patents(world, replicas=1)
    p.watch("ent-1", "w", "ti=graphene", ("LAPSE",))
    p.submit(p.document("1700"), p.document("1701"))
    p.settled()
    (documents,) = [t for t in world.redis.ask("KEYS", "tt:{patent.*}:t:documents").split() if "CN.1700.A" in world.redis.ask("HKEYS", t).split()]
    gone = p.pb.PatentWithdrawn(document_id="CN.1700.A", reason="meanwhile")
    # As whoever finds the document before, and looks for its withdrawal after the other replica has worked on that.
    world.redis.ask("HSET", documents.replace("t:documents", "t:withdrawn"), "CN.1700.A", "\x01" * 8 + gone.SerializeToString().decode("ascii"))
    p.submit_legal(p.legal("1700", "CF01"), p.legal("1701", "CF01"))
    p.settled()
    alerts = p.wait_inbox("ent-1", 2)
    assert {(a.document_id, a.retracted_reason) for a in alerts} == {("CN.1700.A", "meanwhile"), ("CN.1701.A", "")}
    p.watch("ent-2", "w", "ti=graphene", backfill=2)
    suite.wait_for(lambda: p.backfill("ent-2", "w").state == p.pb.BACKFILL_DONE, "the back-fill's end")
    assert {(a.document_id, a.retracted_reason) for a in p.inbox("ent-2")} == {("CN.1700.A", "meanwhile"), ("CN.1701.A", "")}


def soon(seconds):
    """A time of day in UTC+8 so many seconds from now, as digest.at wants it."""
    return time.strftime("%H:%M:%S", time.gmtime(time.time() + 8 * 3600 + seconds))


def test_a_digest_tells_once_what_is_left(world):
    p = Patents(world, arguments=["--digest.at", soon(12)])
    p.watch("ent-1", "daily", "ti=graphene", ("PUBLICATION",), delivery=1)
    p.watch("ent-2", "daily", "ti=graphene", ("PUBLICATION",), delivery=1)
    p.watch("ent-2", "urgent", "ti=battery", ("PUBLICATION",))
    p.submit(*(p.document(f"{300 + n}") for n in range(40)), *(p.document(f"{400 + n}", title="graphene battery") for n in range(5)))
    p.wait_inbox("ent-1", 45)
    p.wait_inbox("ent-2", 45)
    assert told(p, "ent-1") == {} and len(told(p, "ent-2")) == 5, "an urgent watch is not delayed by another one"
    for n in range(3):
        p.withdraw(f"CN.{300 + n}.A")
    suite.wait_for(lambda: sum(a.retracted for a in p.inbox("ent-1")) == 3, "three retracted alerts")
    with Killing(p):
        suite.wait_for(lambda: len(p.events("AlertDigest")) >= 2, "two digests")
    p.settled()
    digests = p.events("AlertDigest")
    assert sorted(d.owner for d in digests) == ["ent-1", "ent-2"], "each once"
    for digest in digests:
        alerts = p.inbox(digest.owner)
        void = {a.number for a in alerts if a.retracted}
        late = {a.number for a in alerts if a.digest_unix_ms == digest.due_unix_ms} - void
        assert set(digest.numbers) == late and set(digest.left_out) == void, (late, void, digest)
        assert digest.period == "daily" and (digest.first_number, digest.last_number) == (min(late), max(late))
    assert p.events("AlertRetracted") == [], "nobody had been told of them"


def test_a_digest_whose_row_is_broken_stops_no_other(world):
    p = Patents(world, replicas=1, arguments=["--digest.at", soon(10)])
    owners = [f"ent-{n}" for n in range(16)]
    for owner in owners:
        p.watch(owner, "daily", "ti=graphene", ("PUBLICATION",), delivery=1)
    p.submit(p.document("1500"))
    for owner in owners:
        p.wait_inbox(owner, 1)
    table = sorted(world.redis.ask("KEYS", "tt:{patent.*}:t:digests").split())[0]
    key = world.redis.ask("HKEYS", table).split()[0]
    world.redis.ask("HSET", table, key, "\x01" * 8 + "\x7f\x7f")
    suite.wait_for(lambda: len(p.events("AlertDigest")) >= len(owners), "the digests", 60)
    p.settled()
    digests = p.events("AlertDigest")
    assert sorted(d.owner for d in digests) == sorted(owners)
    assert all(list(d.numbers) == [1] and d.due_unix_ms == digests[0].due_unix_ms for d in digests), digests


def test_a_backfill_is_complete_once_while_replicas_are_killed(world):
    p = Patents(world, arguments=["--backfill.rate", "300"])
    old = [p.document(f"{500 + n}", date=f"{2000 + n % 20}-06-01", title="graphene film" if n % 2 else "steel pipe") for n in range(600)]
    p.submit(*old)
    lapsed = p.submit_legal(*(p.legal(f"{501 + 2 * n}", "CF01") for n in range(20)))
    p.submit_legal(p.legal("501", "X", category="Y", corrects=lapsed[0].event_id))
    p.settled()
    there = time.monotonic()
    suite.wait_for(lambda: time.monotonic() > there + 10.5, "the time by which clocks may differ to pass: what is old is not live")
    p.watch("ent-1", "all", "ti=graphene", ("PUBLICATION", "LAPSE"), backfill=2)
    p.watch("ent-2", "since", "ti=graphene", ("PUBLICATION",), backfill=1, backfill_since="2015-01-01")
    p.watch("ent-3", "none", "ti=graphene", ("PUBLICATION",))
    with Killing(p) as killing:
        p.submit(*(p.document(f"{2000 + n}") for n in range(10)))  # live ones meanwhile
        suite.wait_for(lambda: p.backfill("ent-1", "all").state == p.pb.BACKFILL_DONE, "the back-fill's end", 120)
        suite.wait_for(lambda: p.backfill("ent-2", "since").state == p.pb.BACKFILL_DONE, "the other back-fill's end", 120)
        assert killing.kills >= 2
    p.settled()
    alerts = p.wait_inbox("ent-1", 300 + 19 + 10)
    assert any(a.backfilled for a in alerts) and {a.document_id for a in alerts if a.backfilled} <= {f"CN.{n}.A" for n in [*range(500, 1100), *range(2000, 2010)]}
    wanted = sum(1 for d in old if d.titles[0].text.startswith("graphene") and d.publication.date >= "2015-01-01")
    assert len(p.wait_inbox("ent-2", wanted + 10)) == wanted + 10
    p.wait_inbox("ent-3", 10)
    progress = p.backfill("ent-1", "all")
    assert progress.partitions_done == progress.partitions and progress.examined >= 600 and progress.finished_unix_ms
    assert told(p, "ent-1") == {a.number: 1 for a in alerts}
    p.call("GetBackfill", p.pb.GetBackfillRequest(owner="ent-3", watch_id="none"), None, code=NOT_FOUND)


def years_before(iso, years):
    return f"{int(iso[:4]) - years}{iso[4:]}"


def test_due_dates_are_told_once_with_their_rule(world):
    p = Patents(world)
    soon_due, later = day(30), day(200)
    if soon_due.endswith("02-29") or later.endswith("02-29"):
        soon_due, later = day(31), day(201)
    p.portfolio("ent-1", "core", ["CN600B", "CN601B", "CN605B"])

    def granted(number, filed, **fields):
        application = p.pb.DocumentReference(country="CN", number="2010" + number, date=filed)
        return p.document(number, kind="B", date=years_before(filed, -3), application=application, **fields)

    p.submit(granted("600", years_before(soon_due, 20)), granted("601", years_before(later, 20)), granted("602", years_before(soon_due, 20)),
             granted("605", years_before(soon_due, 10)), p.document("603"))
    p.settled()
    def terms():  # annuities and their graces fall due as well, by the calendar
        return [a for a in p.inbox("ent-1") if a.due_rule.startswith("term")]

    p.watch("ent-1", "due", "own=core", ("DUE",), due_within_days=60)
    p.watch("ent-2", "due", "ti=graphene", ("DUE",), due_within_days=60, overseas=True)
    with Killing(p) as killing:
        suite.wait_for(lambda: len(terms()) == 1, "the term of CN600")
        suite.wait_for(lambda: killing.kills >= 2, "two kills")
    p.submit(granted("604", years_before(soon_due, 20)))  # not of the portfolio
    p.portfolio("ent-1", "core", ["CN600B", "CN601B", "CN602B", "CN605B"])
    p.watch("ent-1", "due", "own=core", ("DUE",), due_within_days=61)  # it asks anew: a pass right away
    alerts = suite.wait_for(lambda: (lambda a: a if len(a) >= 2 else None)(terms()), "the term of CN602")
    assert {a.document_id for a in alerts} == {"CN.600.B", "CN.602.B"}
    assert all(a.due_date == soon_due and "cn-invention-term" in a.due_rule for a in alerts), alerts
    p.watch("ent-1", "due", "own=core", ("DUE",), due_within_days=365)
    suite.wait_for(lambda: any(a.document_id == "CN.601.B" and a.due_date == later for a in terms()), "the later one")
    assert p.inbox("ent-2") == [] and len(terms()) == 3
    annuities = [a for a in p.inbox("ent-1") if a.due_rule.startswith("annuity") and a.document_id == "CN.605.B"]
    assert [a.due_date for a in annuities] == [soon_due] and "cn-invention-annuity" in annuities[0].due_rule, annuities


def test_portfolios_are_their_owners_alone(world):
    p = Patents(world)
    created = p.portfolio("ent-1", "core", ["CN.700.B", "US701B2"])
    assert created.created and created.portfolio.revision == 1
    assert not p.portfolio("ent-1", "core", ["CN.700.B", "US701B2"]).created
    p.portfolio("ent-1", "batteries", query="ti=battery")
    p.portfolio("ent-2", "core", ["CN799"])
    p.watch("ent-1", "mine", "own=core or own=batteries", ("PUBLICATION", "CITATION"))
    p.watch("ent-2", "mine", "own=core", ("PUBLICATION", "CITATION"))
    citing = p.document("750", title="gear")
    citing.citations.add(country="US", number="701", kind="B2")
    citing.citations.add(country="CN", number="798")
    p.submit(p.document("700", title="gear"), p.document("710", title="solid battery"), citing, p.document("720", title="gear"))
    alerts = p.wait_inbox("ent-1", 3)
    assert {(a.document_id, a.cited.number) for a in alerts} == {("CN.700.A", ""), ("CN.710.A", ""), ("CN.750.A", "701")}
    assert p.inbox("ent-2") == []
    p.call("DeletePortfolio", p.pb.DeletePortfolioRequest(owner="ent-1", name="core"), p.pb.DeletePortfolioReply)
    p.submit(p.document("700", kind="B", title="gear", family_id="other"))
    listed = p.call("ListPortfolios", p.pb.ListPortfoliosRequest(owner="ent-1"), p.pb.ListPortfoliosReply)
    assert [x.name for x in listed.portfolios] == ["batteries"]
    p.settled()
    p.wait_inbox("ent-1", 3)
    for bad, place in ((["nonsense"], "publications"), ([], "publications")):
        request = p.pb.PutPortfolioRequest(portfolio=p.pb.Portfolio(owner="ent-1", name="x", publications=bad))
        head = p.call("PutPortfolio", request, None, code=3)
        assert head.violations[0].path.startswith(f"portfolio.{place}"), head
    own = p.pb.PutPortfolioRequest(portfolio=p.pb.Portfolio(owner="ent-1", name="x", query="own=core"))
    assert "own" in p.call("PutPortfolio", own, None, code=3).violations[0].reason


def test_watches_are_paused_muted_and_run_out(world):
    p = Patents(world)
    now = lambda: int(time.time() * 1000)
    p.watch("ent-1", "w", "ti=graphene", paused=True)
    p.watch("ent-2", "w", "ti=graphene", expires_unix_ms=now() - 1)
    end = now() + 4000
    p.watch("ent-3", "w", "ti=graphene", mute_until_unix_ms=end)
    p.watch("ent-4", "w", "ti=graphene", overseas=True)
    p.submit(p.document("800"), p.document("801", country="US", kind="A1"))
    p.wait_inbox("ent-3", 2)
    p.wait_inbox("ent-4", 1)
    assert p.inbox("ent-1") == [] and p.inbox("ent-2") == [] and told(p, "ent-3") == {}
    (digest,) = suite.wait_for(lambda: p.events("AlertDigest"), "the end of the mute")
    assert (digest.period, digest.due_unix_ms, list(digest.numbers)) == ("muted", end, [1, 2])
    p.watch("ent-1", "w", "ti=graphene")
    p.submit(p.document("802"))
    (alert,) = p.wait_inbox("ent-1", 1)
    assert alert.document_id == "CN.802.A", "what passed while it was paused is not made up for"
    p.wait_inbox("ent-3", 3)
    suite.wait_for(lambda: told(p, "ent-3") == {3: 1}, "it is told again")


def test_a_watch_that_says_too_much_is_braked(world):
    p = Patents(world)
    p.watch("ent-1", "w", "ti=graphene", most_per_day=5)
    with Killing(p):
        for n in range(20):
            p.submit(p.document(f"{900 + n}"))
        p.wait_inbox("ent-1", 20)
    p.settled()
    alerts = p.wait_inbox("ent-1", 20)
    assert told(p, "ent-1") == {n: 1 for n in range(1, 6)}
    assert all((a.digest_unix_ms > 0) == (a.number > 5) for a in alerts)
    braked = [e.watch for e in p.events("WatchChanged") if e.watch.braked]
    assert len(braked) == 1 and braked[0].watch_id == "w", "its owner is told once"
    listed = p.call("ListWatches", p.pb.ListWatchesRequest(owner="ent-1"), p.pb.ListWatchesReply)
    assert listed.watches[0].braked
    assert not p.watch("ent-1", "w", "ti=graphene", most_per_day=50).braked, "a change takes the brake off"
    p.submit(p.document("950"))
    suite.wait_for(lambda: 21 in told(p, "ent-1"), "it is told at once again")
    assert len(world.redis.ask("KEYS", "tt:{patent.*}:t:rates").split()) == 1
    p.call("DeleteWatch", p.pb.DeleteWatchRequest(owner="ent-1", watch_id="w"), p.pb.DeleteWatchReply)
    assert world.redis.ask("KEYS", "tt:{patent.*}:t:rates").split() == [], "its rate goes with it"


def prepare():
    return [value for name, value in globals().items() if name.startswith("test_")]


def load():
    global commands
    import commands
    return prepare()


if __name__ == "__main__":
    suite.main(load)
