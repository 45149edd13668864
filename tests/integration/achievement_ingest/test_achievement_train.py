"""Models trained by ttctl: measured on real papers (TT_REAL_DATA), used by the daemon where better, refused where broken."""

import gzip
import json
import os
import subprocess
import tempfile
import unittest

from harness import BUILD, Client, Stack, pb, record

SOURCE = os.environ["TT_SOURCE_DIR"]
REAL = os.environ.get("TT_REAL_DATA", os.path.join(SOURCE, "../shared/data"))
PAPERS = os.path.join(REAL, "achievements/csl_papers_zh.jsonl.gz")
TITLES = os.path.join(REAL, "achievements/csl_titles_category_zh.tsv.gz")
DISCIPLINES = os.path.join(SOURCE, "tests/data/classes/disciplines.csv")


def ttctl(*arguments, code=0):
    done = subprocess.run([os.path.join(BUILD, "ops/ttctl/ttctl"), *arguments], capture_output=True, text=True)
    if done.returncode != code:
        raise AssertionError("%s: %d %s" % (arguments, done.returncode, done.stderr))
    return done


class Train(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="tt-train-"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, objects):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(o, ensure_ascii=False) + "\n" for o in objects)
        return self.path(name)

    def train(self, *arguments):
        return json.loads(ttctl("achievement", "train", *arguments, "--json").stdout)

    @unittest.skipUnless(os.path.exists(PAPERS), "no real data (TT_REAL_DATA)")
    def test_real_papers(self):
        with gzip.open(TITLES, "rt", encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file][1:]
        also = self.write("titles.jsonl", [{"title": t, "category": c} for t, c in rows])
        figures = self.train(PAPERS, "--label", "category", "--lexicon", DISCIPLINES, "--also", also)
        self.assertGreaterEqual(figures["accuracy"], 0.80)
        self.assertGreaterEqual(figures["macro_f1"], 0.64)
        self.assertGreaterEqual(figures["lexicon_accuracy"], 0.62)
        self.assertEqual(sum(sum(row.values()) for row in figures["table"].values()), 1481)

    def test_daemon_takes_the_better_and_refuses_the_broken(self):
        words = {"2": "甲乙丙", "9": "丁戊己"}  # the lexicon knows nothing of these
        labelled = self.write("labels.jsonl", [{"title": w * (i + 1), "special": s} for s, w in words.items() for i in range(6)])
        model = self.path("special.model")
        figures = self.train(labelled, "--label", "special", "--bits", "12", "--output", model)
        self.assertEqual((figures["accuracy"], figures["lexicon_accuracy"]), (1.0, 0.0))
        first = open(model, "rb").read()
        self.train(labelled, "--label", "special", "--bits", "12", "--output", model)
        self.assertEqual(open(model, "rb").read(), first, "training is deterministic")
        with Stack() as stack:
            client = Client(stack.start("a", "--classify.model.special", model)["commands"])
            client.submit(record("1", "丁戊己的研究"))
            best = client.get("lab", "1").achievement.proposed[0]
            self.assertEqual((best.scheme, best.code, best.method), ("special", "9", "model"))
            self.assertTrue(any("戊" in term for term in best.terms))
            with open(self.path("broken.model"), "wb") as file:
                file.write(first[:-1] + bytes([first[-1] ^ 1]))
            for flags in (["--classify.model.special", self.path("broken.model")], ["--classify.model.stage", model]):
                with self.assertRaises(AssertionError):
                    stack.start("b", *flags)
                stack.replicas.pop("b")


if __name__ == "__main__":
    unittest.main()
