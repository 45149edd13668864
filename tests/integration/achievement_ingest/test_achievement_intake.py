"""Registered sources, and what becomes of their invalid records."""

import json
import os
import subprocess
import unittest

from harness import BUILD, Client, Refused, Stack, bodies, envelope, pb, record, redis, replay, uuid7

MARK = "MARKER-7c1f-SECRET"


class Intake(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.a, self.b = self.stack.start("a"), self.stack.start("b")
        self.client = Client(self.a["commands"], self.b["commands"])

    def put_source(self, mode, source="lab"):
        request = pb.PutSourceRequest(source=pb.Source(source=source, name="Laboratory", owner="Liu Yan", mode=mode))
        return self.client.call("PutSource", request, pb.PutSourceReply())

    def count(self, source="lab"):
        return self.client.call("GetSource", pb.GetSourceRequest(source=source), pb.GetSourceReply()).quarantined

    def page(self, **fields):
        return self.client.call("ListQuarantine", pb.ListQuarantineRequest(source="lab", **fields), pb.ListQuarantineReply())

    def release(self, key, **more):
        return self.client.call("ReleaseQuarantined", pb.ReleaseQuarantinedRequest(source="lab", key=key), pb.ReleaseQuarantinedReply(), **more)

    def mend(self, key, achievement, **more):
        request = pb.MendQuarantinedRequest(source="lab", key=key, achievement=achievement)
        return self.client.call("MendQuarantined", request, pb.MendQuarantinedReply(), **more)

    def discard(self, key):
        return self.client.call("DiscardQuarantined", pb.DiscardQuarantinedRequest(source="lab", key=key), pb.DiscardQuarantinedReply())

    def refused(self, code, call, *arguments):
        with self.assertRaises(Refused) as refusal:
            call(*arguments)
        self.assertEqual(refusal.exception.code, code, str(refusal.exception))

    def test_sources(self):
        self.assertTrue(self.put_source(pb.QUARANTINE).created)
        again = self.put_source(pb.QUARANTINE)
        self.assertEqual((again.created, again.source.revision), (False, 1), "the same again changes nothing")
        self.assertEqual(self.put_source(pb.REJECT).source.revision, 2)
        for name in ("alpha", "zeta"):
            self.put_source(pb.SOURCE_MODE_UNSPECIFIED, name)
        seen, after = [], ""
        while True:
            page = self.client.call("ListSources", pb.ListSourcesRequest(limit=1, after=after), pb.ListSourcesReply())
            seen += [(s.source, s.mode) for s in page.sources]
            after = page.next_after
            if not after:
                break
        self.assertEqual(seen, [("alpha", pb.REJECT), ("lab", pb.REJECT), ("zeta", pb.REJECT)])
        self.refused(envelope.NOT_FOUND, self.count, "nobody")
        self.refused(envelope.INVALID_ARGUMENT, self.put_source, 9)
        self.refused(envelope.INVALID_ARGUMENT, self.put_source, pb.REJECT, "Not A Name")

    def test_modes(self):
        bad = record("1", "石墨烯", stage="no-such")
        (result,) = self.client.submit(bad)
        self.assertEqual((result.outcome, result.code), (pb.REJECTED, envelope.INVALID_ARGUMENT))
        self.put_source(pb.REJECT)
        self.assertEqual(self.client.submit(bad)[0].outcome, pb.REJECTED)
        self.put_source(pb.QUARANTINE)
        good, kept, nameless = self.client.submit(record("2", "薄膜"), bad, record("", "没有标识"))
        self.assertEqual([r.outcome for r in (good, kept, nameless)], [pb.REGISTERED, pb.QUARANTINED, pb.QUARANTINED])
        self.assertEqual(list(kept.violations), ["stage: no such code in the list achievement_stage"])
        self.assertEqual(self.client.submit(bad)[0].quarantine_key, kept.quarantine_key)
        self.assertEqual(self.count(), 2, "the same record again takes no other row")
        events = bodies(replay(self.a["replay"]), "achievement/quarantined/lab/", pb.AchievementQuarantined)
        self.assertEqual(sorted(e.key for e in events), sorted([kept.quarantine_key, nameless.quarantine_key]))
        first = self.page(limit=1)
        rest = self.page(after=first.next_after)
        self.assertEqual({r.key for r in [*first.records, *rest.records]}, {kept.quarantine_key, nameless.quarantine_key})
        self.assertEqual(self.client.submit(record("3", "x", source="other", stage="no-such"))[0].outcome, pb.REJECTED)
        large = record("4", "x", stage="no-such", abstract="石" * 90000)
        self.assertEqual(self.client.submit(large)[0].outcome, pb.REJECTED)
        self.assertEqual(self.count(), 2)

    def test_mend_release_discard(self):
        self.put_source(pb.QUARANTINE)
        numbered = record("1", "石墨烯", registration_number="9001", stage="no-such", source_version=3)
        keys = [r.quarantine_key for r in self.client.submit(numbered, record("2", "x", form="no-such"), record("", "y"))]
        self.refused(envelope.INVALID_ARGUMENT, self.release, keys[0])
        self.refused(envelope.INVALID_ARGUMENT, self.mend, keys[0], record("1", "", registration_number="9001"))
        self.refused(envelope.INVALID_ARGUMENT, self.mend, keys[0], record("1", "x", source="other"))
        self.refused(envelope.NOT_FOUND, self.release, "0" * 32)
        self.refused(envelope.INVALID_ARGUMENT, self.release, "no key")
        self.assertEqual(self.count(), 3, "what is refused leaves the row")
        numbered.stage = ""
        same = uuid7()
        mended = self.mend(keys[0], numbered, request_id=same)
        self.assertEqual((mended.achievement.revision, mended.achievement.registration_number), (1, "9001"))
        self.assertGreater(mended.achievement.provenance.received_unix_ms, 0)
        self.assertEqual(self.mend(keys[0], numbered, request_id=same).achievement.revision, 1, "asked again under its id")
        self.refused(envelope.NOT_FOUND, self.mend, keys[0], record("1", "other", source_version=3))
        self.assertEqual(self.mend(keys[2], record("7", "y")).achievement.source_id, "7")
        self.discard(keys[1])
        self.refused(envelope.NOT_FOUND, self.discard, keys[1])
        self.assertEqual((self.count(), len(self.page().records)), (0, 0))
        registered = bodies(replay(self.b["replay"]), "achievement/registered/", pb.AchievementRegistered)
        self.assertEqual(sorted(e.achievement.source_id for e in registered), ["1", "7"])

    def test_overtaken(self):
        self.put_source(pb.QUARANTINE)
        bad = record("1", "石墨烯", stage="no-such", source_version=4)
        self.client.submit(bad)
        older = record("1", "旧", stage="no-such", source_version=2)
        self.assertEqual(self.client.submit(older)[0].code, envelope.FAILED_PRECONDITION, "the newer one stays")
        self.client.submit(record("1", "旧", source_version=3))
        self.assertEqual(len(self.page().records), 1, "an older version overtakes nothing")
        self.assertEqual(self.client.submit(record("1", "新", source_version=5))[0].outcome, pb.REVISED)
        page = self.page()
        self.assertEqual((len(page.records), page.dropped, self.count()), (0, 1, 0))

    def test_a_classified_record_leaves_no_trace(self):
        self.put_source(pb.QUARANTINE)
        secret = record(MARK, MARK, abstract=MARK, secrecy="机密" + MARK, completed_date=MARK, stage=MARK, district=MARK)
        (result,) = self.client.submit(secret)
        self.assertEqual((result.outcome, len(result.violations), result.quarantine_key), (pb.REJECTED, 1, ""))
        self.assertNotIn(MARK, str(result))
        key = self.client.submit(record("1", "x", stage="no-such"))[0].quarantine_key
        with self.assertRaises(Refused) as refusal:
            self.mend(key, secret)
        self.assertNotIn(MARK, str(refusal.exception))
        quoted = record("2", "x", completed_date="WRONG-DAY-MARK")
        self.assertNotIn("WRONG-DAY-MARK", str(self.client.submit(quoted)[0]), "violations quote nothing")
        for name, content in self.stack.files().items():
            self.assertNotIn(MARK.encode(), content, name)
        found = 0
        for name in redis(self.stack, "--scan").split("\n"):
            self.assertNotIn(MARK, name)
            dump = redis(self.stack, "--no-raw", "DUMP", name) if name else ""
            self.assertNotIn(MARK, dump)
            found += 1
        self.assertGreater(found, 3)

    def test_killed_between(self):
        self.put_source(pb.QUARANTINE)
        records = [record(str(i), "成果 %d" % i, stage="no-such" if i % 3 == 0 else "", source_version=1) for i in range(300)]
        batches = [(uuid7(), records[i:i + 50]) for i in range(0, 300, 50)]
        outcomes = []
        for i, (request_id, batch) in enumerate(batches):
            if i == 2:
                self.stack.kill("a")
            outcomes += [r.outcome for r in self.client.submit(*batch, request_id=request_id)]
            self.assertEqual(len(self.client.submit(*batch, request_id=request_id)), 50, "sent twice")
        self.assertEqual((outcomes.count(pb.REGISTERED), outcomes.count(pb.QUARANTINED)), (200, 100))
        self.assertEqual(self.count(), 100)
        keys = [r.key for r in self.page().records]
        self.assertEqual(len(set(keys)), 100)
        for key in keys[:50]:
            row = next(r for r in self.page(after=key[:-1], limit=1).records)
            row.achievement.stage = ""
            request_id = uuid7()
            for _ in range(2):
                self.assertEqual(self.mend(key, row.achievement, request_id=request_id).achievement.revision, 1)
        events = replay(self.b["replay"])
        self.assertEqual(len(bodies(events, "achievement/registered/", pb.AchievementRegistered)), 250)
        self.assertEqual(len(bodies(events, "achievement/quarantined/", pb.AchievementQuarantined)), 100)
        self.assertEqual(self.count(), 50)

    def ttctl(self, *arguments):
        command = [os.path.join(BUILD, "ops/ttctl/ttctl"), *arguments, "--endpoints", self.a["commands"]]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def test_by_ttctl(self):
        self.ttctl("achievement", "source", "put", "lab", "Laboratory", "--mode", "quarantine")
        self.assertIn("QUARANTINE", self.ttctl("achievement", "source", "list"))
        keys = [r.quarantine_key for r in self.client.submit(record("1", "x", stage="no-such"), record("2", "y", stage="no-such"))]
        self.assertIn("2", self.ttctl("achievement", "source", "show", "lab"))
        self.assertIn(keys[0], self.ttctl("achievement", "quarantine", "list", "lab"))
        row = json.loads(self.ttctl("achievement", "quarantine", "show", "lab", keys[0], "--json"))
        self.assertEqual(row["violations"], ["stage: no such code in the list achievement_stage"])
        del row["achievement"]["stage"]
        path = os.path.join(self.stack.directory.name, "mended.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(row["achievement"], file)
        self.ttctl("achievement", "quarantine", "mend", "lab", keys[0], path)
        with self.assertRaises(subprocess.CalledProcessError):
            self.ttctl("achievement", "quarantine", "release", "lab", keys[1])
        self.ttctl("achievement", "quarantine", "discard", "lab", keys[1])
        self.assertEqual((self.count(), self.client.get("lab", "1").achievement.title), (0, "x"))

    def progress(self):
        return self.client.call("GetSource", pb.GetSourceRequest(source="lab"), pb.GetSourceReply()).progress

    def send(self, first, last, request_id=None, bad=(), **fields):
        records = [record(str(n), "成果 %d" % n, source_version=1, stage="no-such" if n in bad else "") for n in range(first, last + 1)]
        values = dict(source="lab", first_sequence=first, last_sequence=last)
        values.update(fields)
        request = pb.SubmitAchievementsRequest(achievements=records, **values)
        return self.client.call("SubmitAchievements", request, pb.SubmitAchievementsReply(), request_id)

    def test_sequence_checkpoint_and_gaps(self):
        reply = self.send(1, 5)
        self.assertEqual((len(reply.results), list(reply.progress_violations)), (5, ["source: not registered"]))
        self.put_source(pb.QUARANTINE)
        reply = self.send(1, 5, checkpoint=b"page 1", bad=(2,))
        self.assertEqual((reply.checkpoint_moved, reply.progress.sequence, reply.progress.checkpoint_version), (True, 5, 1))
        self.assertEqual([r.outcome for r in reply.results], [pb.UNCHANGED, pb.QUARANTINED] + [pb.UNCHANGED] * 3)
        stale = self.send(6, 8, checkpoint=b"page x", checkpoint_version=0)
        self.assertEqual((stale.checkpoint_moved, stale.progress.checkpoint, stale.progress.sequence), (False, b"page 1", 8))
        self.assertEqual(self.client.get("lab", "8").achievement.revision, 1, "the records stand")
        self.send(12, 14, checkpoint=b"page 2", checkpoint_version=1)
        now = self.progress()
        self.assertEqual([(g.first, g.last) for g in now.gaps], [(9, 11)])
        self.assertEqual((now.sequence, now.checkpoint, now.checkpoint_version, now.gaps_seen), (14, b"page 2", 2, 1))
        gaps = bodies(replay(self.b["replay"]), "achievement/source-gap/lab/", pb.SourceGap)
        self.assertEqual([(g.missing.first, g.missing.last) for g in gaps], [(9, 11)])
        self.send(9, 11)
        self.assertEqual(len(self.progress().gaps), 0)
        for fields in (dict(first_sequence=9, last_sequence=8), dict(checkpoint=b"x" * 4097), dict(source="other"), dict(first_sequence=0)):
            self.assertEqual(len(self.send(20, 20, **fields).progress_violations) > 0, True, fields)
        self.assertEqual(self.progress().sequence, 14)
        self.assertEqual(self.progress(), self.progress())
        self.assertFalse(self.client.call("SubmitAchievements", pb.SubmitAchievementsRequest(achievements=[record("99", "x")]),
                                          pb.SubmitAchievementsReply()).HasField("progress"))

    def test_progress_through_a_kill(self):
        self.put_source(pb.QUARANTINE)
        version = 0
        for i in range(8):
            if i == 4:
                self.stack.kill("a")
            first, request_id = 50 * i + 1, uuid7()
            fields = dict(request_id=request_id, checkpoint=b"at %d" % i, checkpoint_version=version, bad=range(first, first + 50, 10))
            once, twice = self.send(first, first + 49, **fields), self.send(first, first + 49, **fields)
            self.assertEqual(once, twice)
            version = once.progress.checkpoint_version
            self.assertEqual((version, once.progress.sequence, once.checkpoint_moved), (i + 1, first + 49, True))
        self.assertEqual((self.progress().gaps_seen, self.count()), (0, 40))
        events = replay(self.b["replay"])
        self.assertEqual(len(bodies(events, "achievement/registered/", pb.AchievementRegistered)), 360)

    def test_real_records_with_some_broken(self):
        folder = os.path.join(os.environ.get("TT_REAL_DATA", os.path.join(os.environ["TT_SOURCE_DIR"], "../shared/data")), "achievements")
        files = [os.path.join(folder, name) for name in ("nasa_t2_technologies.jsonl.gz", "csl_papers_zh.jsonl.gz")]
        files = [path for path in files if os.path.exists(path)]
        if not files:
            self.skipTest("no real data in " + folder)
        for path in files:
            self.import_broken(path)

    def import_broken(self, path):
        ttctl = os.path.join(BUILD, "ops/ttctl/ttctl")
        work = self.stack.directory.name
        printed = subprocess.run([ttctl, "import", "achievements", path, "--dry-run", "--print", "--rejects", work + "/"], capture_output=True)
        records = [json.loads(line) for line in printed.stdout.decode().splitlines()]
        self.assertGreater(len(records), 100)
        records = list({(r["source"], r["sourceId"]): r for r in records}.values())
        for source in {r["source"] for r in records}:
            self.put_source(pb.QUARANTINE, source)
        broken = records[::7]
        for i, r in enumerate(broken):
            r.update({"stage": "no-such"} if i % 2 else {"title": ""})
        classified = records[1::50]
        for r in classified:
            r["secrecy"] = "secret"
        copy = os.path.join(work, os.path.basename(path) + ".broken.jsonl")
        with open(copy, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in records)
        quarantined = sum(r.get("secrecy") != "secret" for r in broken)
        for again in (False, True):
            done = subprocess.run([ttctl, "import", "achievements", copy, "--json", "--rejects", work + "/", "--endpoints", self.a["commands"]],
                                  capture_output=True, text=True)
            counts = json.loads(done.stdout)
            print("%s%s: %s" % (os.path.basename(path), " again" if again else "", done.stdout.strip()))
            self.assertEqual(counts["read"], len(records))
            self.assertEqual(counts["accepted"] + counts["quarantined"] + counts["rejected"], counts["read"])
            self.assertEqual((counts["quarantined"], counts["rejected"]), (quarantined, len(classified)))
        self.assertEqual(sum(self.count(source) for source in {r["source"] for r in records}), quarantined)


if __name__ == "__main__":
    unittest.main()
