"""Classes proposed, confirmed and corrected through the daemon; the labels that come of it."""

import json
import os
import subprocess
import unittest

from harness import BUILD, Client, Refused, Stack, bodies, pb, record, replay


class Classes(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.endpoints = self.stack.start("a")
        self.client = Client(self.endpoints["commands"])

    def confirm(self, source_id, **fields):
        verdicts = fields.pop("verdicts")
        request = pb.ConfirmClassesRequest(source="lab", source_id=source_id, decided_by="officer", **fields)
        for scheme, codes in verdicts:
            request.verdicts.add(scheme=scheme, codes=codes)
        return self.client.call("ConfirmClasses", request, pb.ConfirmClassesReply()).achievement

    def labels(self):
        found, request = [], pb.ListLabelsRequest(limit=1)
        while True:
            reply = self.client.call("ListLabels", request, pb.ListLabelsReply())
            found += reply.labels
            if not reply.more:
                return found
            request = pb.ListLabelsRequest(partition=reply.next_partition, after=reply.next_after, limit=1)

    def get(self, source_id):
        request = pb.GetAchievementRequest(source="lab", source_id=source_id)
        return self.client.call("GetAchievement", request, pb.GetAchievementReply()).achievement

    def test_confirm_correct_and_submit_again(self):
        first = record("1", "氧化石墨烯薄膜的制备", district="yinzhou", source_version=1)
        self.client.submit(first, record("2", "石墨烯散热膜", source_version=1), record("3", "钕铁硼永磁", source_version=1))
        stored = self.get("1")
        specials = [p for p in stored.proposed if p.scheme == "special"]
        self.assertEqual((specials[0].code, specials[0].method), ("5", "lexicon"))
        self.assertIn("石墨烯", list(specials[0].terms))
        self.assertEqual(list(stored.specials), [])

        now = self.confirm("1", verdicts=[("special", [])], revision=stored.revision)
        self.assertEqual((list(now.specials), now.revision), ([5], 2))
        self.assertFalse(now.decided[0].corrected)
        self.assertTrue(self.confirm("2", verdicts=[("special", ["2", "5"]), ("industry", ["C39"])]).decided[0].corrected)
        events = replay(self.endpoints["replay"])
        revised = bodies(events, "achievement/revised/", pb.AchievementRevised)
        self.assertEqual(sorted((e.achievement.source_id, list(e.achievement.specials), list(e.previous_specials)) for e in revised),
                         [("1", [5], []), ("2", [2, 5], [])])
        self.assertEqual(len(bodies(events, "achievement/classified/yinzhou/5/", pb.AchievementClassified)), 1)
        self.assertEqual({(label.source_id, label.decided[0].codes[0]) for label in self.labels()}, {("1", "5"), ("2", "2")})

        (result,) = self.client.submit(first)
        self.assertEqual(result.outcome, pb.UNCHANGED)
        first.source_version, first.abstract = 2, "另一段摘要"
        self.client.submit(first)
        self.assertEqual(list(self.get("1").specials), [5], "the decision holds")
        first.source_version, first.specials[:] = 3, [7]
        self.client.submit(first)
        self.assertEqual((list(self.get("1").specials), len(self.get("1").decided)), ([7], 0), "a declared code wins")

    def ttctl(self, *arguments):
        command = [os.path.join(BUILD, "ops/ttctl/ttctl"), "achievement", *arguments, "--endpoints", self.endpoints["commands"]]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def test_officers_and_labels_by_ttctl(self):
        self.client.submit(*[record(str(i), "石墨烯散热膜", abstract="第 %d 批" % i) for i in range(12)])
        for i in range(12):
            code = ["--code", "3"] if i % 2 else []
            self.ttctl("confirm", "lab", str(i), "special", *code, "--by", "officer")
        self.ttctl("confirm", "lab", "0", "industry", "--none", "--by", "officer")
        path = os.path.join(self.stack.directory.name, "labels.jsonl")
        self.ttctl("train", "--export-labels", path)
        with open(path, encoding="utf-8") as file:
            lines = {line["sourceId"]: line for line in map(json.loads, file)}
        self.assertEqual(sorted(lines), sorted(str(i) for i in range(12)))
        self.assertEqual([lines[str(i)]["special"] for i in range(12)], [["3"] if i % 2 else ["5"] for i in range(12)])
        self.assertNotIn("industry", lines["0"])
        self.assertEqual(lines["7"]["abstract"], "第 7 批")

    def test_what_is_refused(self):
        self.client.submit(record("1", "石墨烯", source_version=1))
        for verdicts in ([], [("special", ["99"])], [("colour", ["1"])], [("stage", ["1", "2"])], [("form", ["1"]), ("form", ["2"])], [("form", [])]):
            with self.assertRaises(Refused, msg=str(verdicts)):
                self.confirm("1", verdicts=verdicts)
        with self.assertRaises(Refused):
            self.confirm("1", verdicts=[("special", [])], revision=9)
        with self.assertRaises(Refused):
            self.confirm("none", verdicts=[("special", ["1"])])
        self.assertEqual((self.get("1").revision, self.labels()), (1, []))


if __name__ == "__main__":
    unittest.main()
