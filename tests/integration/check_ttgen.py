#!/usr/bin/env python3
"""Checks the generator: the same seed gives the same bytes, counts and fractions are kept, every record is what the .proto files and the
catalogue allow, watches hit a realistic part of the patents, and wrong use is refused.

    tests/integration/check_ttgen.py PATH/TO/ttgen"""
import hashlib, json, os, subprocess, sys, unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check_samples as samples

KINDS = ["patents", "watches", "achievements", "demands", "providers", "products", "applications"]
# Of `ttgen patents --count 1000 --seed 42`. A change of vocabulary or wording changes it, and is a change that users of a seed notice.
GOLDEN = "e2fe4f0c9e1373668fdac108e52183bd960902dfaa56fd3bff0ecd1893cbc9ec"
ttgen = ""


def run(*arguments, stdout=subprocess.PIPE):
    environment = dict(os.environ, TT_CATALOG_DIR=samples.CATALOG)
    return subprocess.run([ttgen, *map(str, arguments)], stdout=stdout, stderr=subprocess.PIPE, env=environment)


def output(*arguments):
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def records(*arguments):
    return [json.loads(line) for line in output(*arguments).decode().splitlines()]


def parses(line):
    try:
        json.loads(line)
        return True
    except ValueError:
        return False


class Generator(unittest.TestCase):
    def setUp(self):
        samples.problems.clear()

    def test_same_seed_same_bytes(self):
        for kind in KINDS:
            first = output(kind, "--count", 300, "--seed", 11)
            self.assertEqual(first, output(kind, "--count", 300, "--seed", 11), kind)
            self.assertNotEqual(first, output(kind, "--count", 300, "--seed", 12), kind)
        self.assertEqual(hashlib.sha256(output("patents", "--count", 1000, "--seed", 42)).hexdigest(), GOLDEN)

    def test_a_record_does_not_depend_on_the_count(self):
        for kind in KINDS:
            whole = output(kind, "--count", 50, "--seed", 3)
            parts = output(kind, "--count", 20, "--seed", 3) + output(kind, "--count", 30, "--first", 20, "--seed", 3)
            self.assertEqual(whole, parts, kind)

    def test_counts(self):
        for kind in KINDS:
            for count in (0, 1, 777):
                self.assertEqual(len(records(kind, "--count", count)), count)

    def test_messages_and_codes(self):
        _, proto = self.protos
        codes, providers, a, f = samples.Codes(), set(), proto["achievement"], proto["finance"]
        from google.protobuf import json_format
        for kind, message, check in (
                ("achievements", a.Achievement, lambda p, m: samples.check_achievement(codes, p, m)),
                ("demands", a.Demand, lambda p, m: samples.check_demand(codes, p, m)),
                ("providers", f.Provider, lambda p, m: providers.add(m.provider_id)),
                ("products", f.Product, lambda p, m: samples.check_product(codes, p, m, providers)),
                ("applications", f.Application, lambda p, m: samples.check_application(codes, p, m))):
            for number, record in enumerate(records(kind, "--count", 1000, "--seed", 5)):
                check(f"{kind} {number}", json_format.ParseDict(record, message()))
        self.assertEqual(samples.problems, [])
        self.assertEqual({r["kind"] for r in records("providers", "--count", 200)}, set(f.ProviderKind.keys()) - {"PROVIDER_KIND_UNSPECIFIED"})

    def test_patents_and_watches(self):
        patents = records("patents", "--count", 2000, "--seed", 8)
        families = {}
        for p in patents:
            families.setdefault(p["family"], []).append(p)
            self.assertLess(p["ad"], p["pd"])
        self.assertTrue(0.1 < 1 - len(families) / len(patents) < 0.2)
        samples.check_patents([(p["pn"], p) for p in patents])
        self.assertEqual(samples.problems, [])
        hits = sorted(sum(query.hits(p) for p in patents) for query in (samples.Query(w["query"]) for w in records("watches", "--count", 250, "--seed", 8)))
        silent = sum(h == 0 for h in hits)
        self.assertTrue(0.2 < silent / len(hits) < 0.8, f"{silent} watches without a hit")
        self.assertLess(hits[-1], len(patents) / 3)
        self.assertGreater(sum(hits), len(patents) / 2)

    def test_languages(self):
        chinese = output("patents", "--count", 200, "--language", "zh").decode()
        self.assertEqual({json.loads(line)["lang"] for line in chinese.splitlines()}, {"zh"})
        output("patents", "--count", 200, "--language", "en").decode("ascii")
        self.assertEqual({p["lang"] for p in records("patents", "--count", 200)}, {"zh", "en"})

    def test_duplicates(self):
        some = records("achievements", "--count", 4000, "--duplicates", "0.25")
        ids, numbers, again, copied = set(), set(), 0, 0
        for r in some:
            key, number = (r["source"], r["sourceId"]), r["registrationNumber"]
            again += key in ids
            copied += key not in ids and number in numbers
            ids.add(key)
            numbers.add(number)
        self.assertTrue(0.22 < (again + copied) / len(some) < 0.28)
        self.assertGreater(min(again, copied), 300)
        self.assertEqual(len({r["sourceId"] for r in records("achievements", "--count", 4000)}), 4000)

    def test_invalid(self):
        for kind in KINDS:
            good = output(kind, "--count", 2000).splitlines()
            bad = output(kind, "--count", 2000, "--invalid", "0.2").splitlines()
            self.assertEqual(len(bad), 2000)
            self.assertTrue(0.16 < sum(a != b for a, b in zip(good, bad)) / 2000 < 0.24, kind)
            self.assertTrue(60 < sum(not parses(line) for line in bad) < 140, kind)

    def test_wrong_use(self):
        for arguments in ([], ["nothing"], ["patents", "watches"], ["patents", "--count", "-1"], ["patents", "--count", "many"], ["patents", "--language", "fr"],
                          ["patents", "--invalid", "1.5"], ["watches", "--duplicates", "0.1"], ["patents", "--no-such"]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertTrue(done.stderr, arguments)
        self.assertIn(b"Examples:", output("--help"))
        self.assertEqual(run("patents", "--catalog", "/nonexistent").returncode, 1)
        with open("/dev/full", "wb") as full:
            self.assertEqual(run("patents", "--count", 1000, stdout=full).returncode, 1)


if __name__ == "__main__":
    ttgen = sys.argv.pop(1)
    Generator.protos = samples.load_protos()
    unittest.main()
