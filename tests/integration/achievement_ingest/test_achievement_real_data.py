"""Real records: the NASA technology catalogue and Chinese papers as achievements, the topics of an SBIR call as demands. Counts are
printed as `figure` lines; the pushes go to the file named by TT_PUSHES_FILE, if that is set, for reading."""

import gzip
import json
import os
import re
import sys
import time
import unittest

DATA = os.environ.get("TT_REAL_DATA") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../../shared/data")
if not os.path.isdir(os.path.join(DATA, "achievements")):
    print("skipped: TT_REAL_DATA names no directory with achievements/")
    sys.exit(77)

from harness import Client, Stack, bodies, pb, redis, replay, wait_for  # noqa: E402


def lines(name):
    with gzip.open(os.path.join(DATA, name), "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def nasa():
    for r in lines("achievements/nasa_t2_technologies.jsonl.gz"):
        number = re.sub(r"[^A-Z0-9-]", "", (r.get("case_number") or "").upper())[:32]
        yield pb.Achievement(source="nasa", source_id=r["id"], title=r["title"][:512], abstract=(r.get("abstract") or "")[:20000],
                             owners=["NASA " + (r.get("center") or "")], keywords=[r["category"]] if r.get("category") else [],
                             registration_number=number)


def csl():
    for i, r in enumerate(lines("achievements/csl_papers_zh.jsonl.gz")):
        yield pb.Achievement(source="csl", source_id=str(i), title=r["title"][:512], abstract=r["abstract"][:20000],
                             owners=["CSL"], keywords=[k[:128] for k in r["keywords"] if k][:64])


def sbir():
    for r in lines("demands/sbir_topics_2015_1.jsonl.gz"):
        text = (r.get("objective") or "") + "\n" + (r.get("description") or "")
        yield pb.Demand(owner="sbir", demand_id=r["topic_number"].lower(), title=r["title"][:512], text=text[:20000])


def settle(stack):
    def idle():
        for partition in range(8):
            info = redis(stack, "XINFO", "GROUPS", "tt:{achievement.%d}:j:events" % partition).split("\n")
            fields = dict(zip(info[0::2], info[1::2]))
            head = redis(stack, "HGET", "tt:{achievement.%d}:meta" % partition, "events").strip()
            if fields["pending"] != "0" or fields["last-delivered-id"].split("-")[0] != (head or "0"):
                return False
        return True

    wait_for("the processor to be idle", idle, 120)


class RealData(unittest.TestCase):
    def load(self, client, records):
        records, counts, began = list(records), {}, time.monotonic()
        for i in range(0, len(records), 256):
            for result in client.submit(*records[i:i + 256]):
                self.assertFalse(result.violations, list(result.violations))
                name = pb.IngestOutcome.Name(result.outcome)
                counts[name] = counts.get(name, 0) + 1
        self.assertEqual(sum(counts.values()), len(records))
        return counts, time.monotonic() - began

    def run_order(self, order):
        with Stack() as stack:
            endpoints = stack.start("a")
            client = Client(endpoints["commands"])
            for step in order:
                if step == "demands":
                    for demand in sbir():
                        client.call("PutDemand", pb.PutDemandRequest(demand=demand), pb.PutDemandReply())
                else:
                    for name, records in (("nasa", nasa()), ("csl", csl())):
                        counts, seconds = self.load(client, records)
                        print("figure", "ingest.%s %s seconds %.2f" % (name, counts, seconds))
                settle(stack)
            pushes = client.inbox("sbir")
            self.assertEqual([p.number for p in pushes], list(range(1, len(pushes) + 1)))
            self.assertEqual(len({p.push_id for p in pushes}), len(pushes))
            events = replay(endpoints["replay"])
            pushed = bodies(events, "achievement/push/", pb.AchievementPushed)
            self.assertEqual(len(pushed), len(pushes))
            first = sum(p.first_push_of_achievement for p in pushed)
            self.assertEqual(first, len({p.achievement_id for p in pushes}))
            name = "-then-".join(order)
            print("figure", "pushes.%s %d demands %d achievements %d" % (name, len(pushes), len({p.demand_id for p in pushes}), first))
            return pushes

    def test_demands_after_achievements(self):
        pushes = self.run_order(["achievements", "demands"])
        self.assertTrue(30 < len(pushes) < 400, len(pushes))
        titles = {d.demand_id: d.title for d in sbir()}
        if os.environ.get("TT_PUSHES_FILE"):
            with open(os.environ["TT_PUSHES_FILE"], "w", encoding="utf-8") as file:
                for p in sorted(pushes, key=lambda p: (p.demand_id, -p.score)):
                    file.write("%.2f %s <- %s | %s\n" % (p.score, titles[p.demand_id], p.achievement_title, p.reason))

    def test_achievements_after_demands(self):
        pushes = self.run_order(["demands", "achievements"])
        self.assertTrue(10 < len(pushes) < 1500, len(pushes))  # how common words are is learnt on the way


if __name__ == "__main__":
    unittest.main(verbosity=2)
