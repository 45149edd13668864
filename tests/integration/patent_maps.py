#!/usr/bin/python3
"""Maps of stored patents against a recount of what was published, on real data, over two replicas of which one is killed; and documents that are
kept for so many days alone."""
import collections
import datetime
import glob
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

TTCTL = os.environ.get("TT_TTCTL", "ttctl")
REAL = os.path.join(os.environ.get("TT_REAL_DATA", os.path.join(suite.ROOT, "..", "shared", "data")), "patents")
FILES = ("lens_drones_biblio.jsonl.gz", "us_grants_1976_2025_biblio.jsonl.gz", "cn_patents_title_ipc.jsonl.gz")


def ttctl(daemons, *arguments, code=0):
    environment = dict(os.environ, TT_PATENT_ENDPOINTS=",".join(d.endpoints["commands"] for d in daemons),
                       TT_PATENT_EVENTS=",".join(d.endpoints["events"] for d in daemons),
                       TT_PATENT_REPLAY=",".join(d.endpoints["replay"] for d in daemons))
    done = subprocess.run([TTCTL, *arguments], capture_output=True, timeout=300, text=True, env=environment)
    assert done.returncode == code, (arguments, done.returncode, done.stdout[-500:], done.stderr[-2000:])
    return done.stdout


def replicas(world, arguments=()):
    """Two, on one Redis."""
    world.with_redis()
    return [world.daemon(name, arguments=arguments).start() for name in ("first", "second")]


def published(daemons):
    """Every stored document as it was published last."""
    documents = {}
    lines = ttctl(daemons[:1], "events", "patent/published/", "--from", "1", "--replay-only", "--json").splitlines()
    for line in lines:
        body = find(json.loads(line), "documentId")
        documents[body["documentId"]] = body["document"]
    return documents


def find(value, key):
    """The object that has the key, wherever it is."""
    if isinstance(value, dict):
        if key in value:
            return value
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        found = find(inner, key)
        if found:
            return found
    return None


# -- the recount ---------------------------------------------------------------------------------------------------------------------------


def subclasses(document, schemes, size=4):
    symbols = [symbol for scheme in schemes for symbol in document.get(scheme, ())]
    symbols = [re.sub(r"\s", "", symbol).upper() for symbol in symbols]
    return {symbol[:size] for symbol in symbols if re.fullmatch(r"[A-HY](\d\d([A-Z](\d.*)?)?)?", symbol) and len(symbol) >= size}


def years(document):
    return {document["publication"]["date"][:4]} if document["publication"].get("date") else set()


def countries(document):
    return {document["publication"]["country"]}


def recount(documents, rows, columns):
    of_rows, of_columns, cells = collections.Counter(), collections.Counter(), collections.Counter()
    for document in documents:
        of_rows.update(rows(document))
        of_columns.update(columns(document))
        cells.update((r, c) for r in rows(document) for c in columns(document))
    return of_rows, of_columns, cells


def compare(daemon, documents, rows, columns, *arguments, selects=lambda document: True):
    chosen = [document for document in documents.values() if selects(document)]
    of_rows, of_columns, cells = recount(chosen, rows, columns)
    reply = json.loads(ttctl([daemon], "patent", "map", *arguments, "--row-limit", "200", "--column-limit", "200", "--json"))
    assert int(reply["matched"]) == len(chosen), (arguments, reply["matched"], len(chosen))
    assert int(reply["documents"]) == len(documents), (reply["documents"], len(documents))
    names = [line.get("key") for line in reply["rows"]]
    across = [line.get("key") for line in reply["columns"]]
    assert len([name for name in names if name]) == min(200, len(of_rows)), (arguments, len(names), len(of_rows))
    for line in reply["rows"]:
        assert "key" not in line or int(line["documents"]) == of_rows[line["key"]], (arguments, line, of_rows[line["key"]])
    for line in reply["columns"]:
        assert "key" not in line or int(line["documents"]) == of_columns[line["key"]], (arguments, line, of_columns[line["key"]])
    numbers = [int(cell) for cell in reply["cells"]]
    for r, row in enumerate(names):
        for c, column in enumerate(across):
            if row and column:
                assert numbers[r * len(across) + c] == cells[row, column], (arguments, row, column)
    if None in names and None not in across and columns is not subclasses:
        rest = collections.Counter()
        for document in chosen:
            if rows(document) - set(names):
                rest.update(columns(document))
        for c, column in enumerate(across):
            assert numbers[names.index(None) * len(across) + c] == rest[column], (arguments, "rest", column)
    assert len(chosen) > 0, "nothing was compared"


def both(document):
    return subclasses(document, ("ipc", "cpc"))


def compare_all(daemon, documents):
    compare(daemon, documents, both, years)
    compare(daemon, documents, lambda d: subclasses(d, ("cpc",), 3), countries, "--rows", "class", "--columns", "country", "--level", "class", "--scheme", "cpc")
    compare(daemon, documents, countries, years, "--rows", "country")
    compare(daemon, documents, both, countries, "pd>=2017 and cc=US", "--columns", "country",
            selects=lambda d: d["publication"]["country"] == "US" and d["publication"].get("date", "") >= "2017")
    compare(daemon, documents, both, years, "ti=method and ic=B64C",
            selects=lambda d: any(re.search(r"\bmethod\b", t["text"], re.I) for t in d["titles"]) and "B64C" in subclasses(d, ("ipc",)))
    compare(daemon, documents, both, countries, "ti=一种", "--columns", "country",
            selects=lambda d: any("一种" in re.sub(r"\s", "", t["text"]) or "一種" in t["text"] for t in d["titles"]))


def test_maps_are_a_recount_also_after_kills(world):
    files = [os.path.join(REAL, name) for name in FILES]
    if not all(os.path.exists(name) for name in files):
        print("  skipped: no real data at", REAL)
        return
    first, second = replicas(world)
    for name in files:
        importing = world.own(Import(world, [first, second], name))
        suite.wait_for(lambda: second.metric("patent_documents_submitted_total") > 0 or importing.done(), "the import to be under way")
        second.restart_on_same_ports()
        importing.finish()
    documents = published([first, second])
    assert len(documents) > 20000, len(documents)
    compare_all(first, documents)
    compare_all(second, documents)
    second.restart_on_same_ports()  # loaded from the tables this time, not from the journal
    compare_all(second, documents)
    assert second.metric("patent_map_loads_total") == 1
    assert second.metric("patent_unreadable_records_total") == 0
    assert second.metric("patent_map_documents ") == len(documents)


class Import:
    """An import that runs while other things happen."""

    def __init__(self, world, daemons, path):
        self.log = os.path.join(world.folder, "import.log")
        environment = dict(os.environ, TT_PATENT_ENDPOINTS=",".join(d.endpoints["commands"] for d in daemons))
        self.process = suite.spawn([TTCTL, "import", "patents", path, "--rejects", os.path.join(world.folder, "rejects")], self.log, env=environment)

    def done(self):
        return self.process.poll() is not None

    def finish(self):
        code = self.process.wait(timeout=300)
        assert code == 0, (code, open(self.log, encoding="utf-8").read()[-2000:])

    def stop(self):
        if not self.done():
            self.process.kill()
            self.process.wait(timeout=30)


# -- retention -----------------------------------------------------------------------------------------------------------------------------


def write_documents(world, name, dates, first=0):
    path = os.path.join(world.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        for n, date in enumerate(dates, first):
            document = {"publication": {"country": "CN", "number": str(1000000 + n), "kind": "A", "date": date},
                        "titles": [{"language": "en", "text": f"document {n}"}], "ipc": ["H01M10/00"]}
            file.write(json.dumps(document) + "\n")
    return path


def map_of(daemon, *arguments):
    return json.loads(ttctl([daemon], "patent", "map", *arguments, "--json"))


def test_documents_are_kept_for_so_many_days(world):
    daemons = replicas(world, ("--documents.keep-days", "30"))
    day = lambda back: (datetime.date.today() - datetime.timedelta(days=back)).isoformat()
    old, young = [day(40 + n % 500) for n in range(700)], [day(n % 20) for n in range(300)]
    path = write_documents(world, "documents.jsonl", old + young + [""])
    ttctl(daemons, "import", "patents", path)
    for daemon in daemons:
        daemon.restart_on_same_ports()  # a pass begins when a daemon has loaded
    for daemon in daemons:
        suite.wait_for(lambda: int(map_of(daemon).get("documents", 0)) == len(young) + 1, "the old documents to go", 90)
    removed = [json.loads(line) for line in ttctl(daemons[:1], "events", "patent/removed/", "--from", "1", "--replay-only", "--json").splitlines()]
    ids = [id for event in removed for id in find(event, "documentIds")["documentIds"]]
    assert sorted(ids) == sorted(f"CN.{1000000 + n}.A" for n in range(len(old))), len(ids)
    assert sum(int(line["documents"]) for line in map_of(daemons[0], "ti=document", "--rows", "country", "--columns", "country")["rows"]) == len(young) + 1


TESTS = (test_maps_are_a_recount_also_after_kills, test_documents_are_kept_for_so_many_days)

if __name__ == "__main__":
    suite.main(lambda: TESTS)
