#!/usr/bin/python3
"""ttctl achievement harvest against a repository that breaks in every way, and against kill -9 of the harvester and of the daemon: no record is
missing or twice, counted by the events of the daemon."""
import collections
import json
import os
import resource
import signal
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

TTCTL = os.environ.get("TT_TTCTL", "ttctl")
SERVER = os.path.join(suite.ROOT, "tests", "support", "oai_server.py")


class Repository:
    def __init__(self, world, **settings):
        self.file = os.path.join(world.folder, "port")
        self.process = suite.spawn([sys.executable, "-B", SERVER, self.file], os.path.join(world.folder, "repository.log"))
        suite.wait_for(lambda: os.path.exists(self.file), "the repository")
        with open(self.file, encoding="utf-8") as file:
            self.base = f"http://127.0.0.1:{file.read()}"
        self.url = self.base + "/oai"
        self.set(**settings)

    def set(self, **settings):
        urllib.request.urlopen(urllib.request.Request(self.base + "/control", json.dumps(settings).encode(), method="PUT"), timeout=30).close()

    def log(self):
        with urllib.request.urlopen(self.base + "/log", timeout=30) as answer:
            return json.loads(answer.read())

    def lists(self):
        return [entry for entry in self.log() if entry.get("verb") == "ListRecords"]

    def stop(self):
        self.process.kill()
        self.process.wait(timeout=30)


def records(count, first=1, day="2026-01-02", deleted=()):
    return [[n, f"{day}T00:{n // 60 % 60:02}:{n % 60:02}Z", n in deleted] for n in range(first, first + count)]


class Harvest:
    """ttctl in the world's folder, against its daemon and repository."""

    def __init__(self, world, **settings):
        world.with_redis()
        self.folder = world.folder
        self.daemon = world.daemon().start()
        self.repository = world.own(Repository(world, **settings))
        self.state_file = os.path.join(self.folder, "s.harvest.json")
        self.rejects_file = os.path.join(self.folder, "s.harvest.rejects.jsonl")

    def environment(self):
        return dict({k: v for k, v in os.environ.items() if "proxy" not in k.lower()}, TT_ACHIEVEMENT_ENDPOINTS=self.daemon.endpoints["commands"],
                    TT_ACHIEVEMENT_EVENTS=self.daemon.endpoints["events"], TT_ACHIEVEMENT_REPLAY=self.daemon.endpoints["replay"])

    def command(self, *arguments):
        return [TTCTL, "achievement", "harvest", self.repository.url, "--source", "s", "--json", *arguments]

    def run(self, *arguments, code=0):
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=300, env=self.environment(), cwd=self.folder)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return dict(json.loads(done.stdout), stderr=done.stderr) if done.stdout else done.stderr

    def start(self, *arguments):
        return subprocess.Popen(self.command(*arguments), env=self.environment(), cwd=self.folder, stdout=subprocess.PIPE,
                                      stderr=subprocess.DEVNULL, preexec_fn=suite.die_with_parent)

    def state(self):
        with open(self.state_file, encoding="utf-8") as file:
            return json.load(file)

    def events(self, kind):
        done = subprocess.run([TTCTL, "events", f"achievement/{kind}/", "--from", "1", "--replay-only", "--json"], capture_output=True, text=True, timeout=120,
                              env=self.environment(), check=True)
        return collections.Counter(find(json.loads(line), "sourceId")["sourceId"] for line in done.stdout.splitlines())

    def expect_each_once(self, numbers):
        wanted = collections.Counter(f"oai:test:{n}" for n in numbers)
        found = self.events("registered")
        assert found == wanted, (wanted - found, found - wanted)


def find(value, key):
    """The object that has the key, wherever it is."""
    if isinstance(value, dict):
        if key in value:
            return value
        value = list(value.values())
    for part in value if isinstance(value, list) else []:
        found = find(part, key)
        if found:
            return found
    return None


def test_whole_list_and_what_changed_since(world):
    h = Harvest(world, records=records(95, deleted=(7,)), untitled=20)
    result = h.run(code=4)
    assert (result["read"], result["accepted"], result["rejected"], result["pages"], result["complete"]) == (95, 94, 1, 10, True), result
    h.expect_each_once(n for n in range(1, 96) if n not in (7, 20))
    with open(h.rejects_file, encoding="utf-8") as file:
        reject, = [json.loads(line) for line in file]
    assert reject["reason"] == "title: missing" and "oai:test:20<" in reject["text"], reject
    first = h.repository.log()
    assert first[0]["verb"] == "Identify" and "OAI-PMH harvester" in first[0]["agent"] and "from" not in first[1]
    done = h.state()["done_ms"]
    # what changes afterwards: one is revised, one deleted, one new
    h.repository.set(clear=True, untitled=0, answered="2099-01-01T00:00:00Z",
                     records=records(95)[:90] + [[3, "2098-01-01T00:00:00Z", False], [5, "2098-01-01T00:00:01Z", True], [96, "2098-01-01T00:00:02Z", False]])
    result = h.run()
    assert (result["read"], result["withdrawn"], result["unchanged"]) == (3, 1, 0), result
    asked = h.repository.lists()[0]["from"]
    assert asked == suite.time.strftime("%Y-%m-%dT%H:%M:%SZ", suite.time.gmtime(done // 1000 - 1)), (asked, done)
    assert h.events("revised") == {"oai:test:3": 1} and h.events("withdrawn") == {"oai:test:5": 1}
    assert h.events("registered")["oai:test:96"] == 1
    # nothing new: noRecordsMatch is a complete harvest
    h.repository.set(clear=True, records=records(2), answered="2099-06-01T00:00:00Z")
    assert h.run()["read"] == 0 and h.state()["done_ms"] > done
    assert h.repository.lists()[0]["from"] == "2098-12-31T23:59:59Z"


def test_harvester_killed_at_each_page(world):
    h = Harvest(world, records=records(60, deleted=(33,)), untitled=11)
    for page in range(1, 7):
        h.repository.set(clear=True, hold=1 if page == 1 else 2)
        process = h.start()
        # the page before is settled, this one is asked for
        suite.wait_for(lambda: len(h.repository.lists()) == (1 if page == 1 else 2), "the request")
        process.kill()
        process.wait(timeout=30)
        h.repository.set(hold=0)
        assert page == 1 and not os.path.exists(h.state_file) or h.state()["pages"] == page - 1, (page, h.state())
    result = h.run(code=4)
    assert (result["read"], result["accepted"], result["rejected"], result["unchanged"]) == (60, 59, 1, 1), result  # the deletion was of an unknown record
    h.expect_each_once(n for n in range(1, 61) if n not in (33, 11))
    with open(h.rejects_file, encoding="utf-8") as file:
        assert len(file.readlines()) == 1
    assert not os.path.exists(h.state_file + ".page")


def test_harvester_killed_with_pages_under_way(world):
    """The page is there whole and nothing of it acknowledged when the harvester dies."""
    h = Harvest(world, records=records(50))
    path = h.state_file + ".page"
    for page in range(1, 5):
        h.repository.set(clear=True, hold=2)
        process = h.start()
        suite.wait_for(lambda: len(h.repository.lists()) == 2, "the page before to be settled")
        h.daemon.process.send_signal(signal.SIGSTOP)
        h.repository.set(hold=0)
        suite.wait_for(lambda: holds(path, f"oai:test:{page * 10 + 1}<", "</OAI-PMH>"), "the page")
        process.kill()
        process.wait(timeout=30)
        process.stdout.close()
        h.daemon.process.send_signal(signal.SIGCONT)
        assert h.state()["pages"] == page, (page, h.state())
    h.repository.set(clear=True)
    h.run()
    assert len(h.repository.lists()) == 1  # the last page alone was left
    h.expect_each_once(range(1, 51))


def holds(path, *texts):
    with open(path, encoding="utf-8") as file:
        content = file.read()
    return all(text in content for text in texts)


def test_daemon_killed_at_each_page(world):
    h = Harvest(world, records=records(50))
    codes = []
    for page in range(1, 6):
        h.repository.set(clear=True, hold=1)
        process = h.start("--timeout", "1")
        suite.wait_for(lambda: len(h.repository.lists()) == 1, "the request")
        h.daemon.kill()
        h.repository.set(hold=0)
        codes.append(process.wait(timeout=60))
        process.stdout.close()
        h.daemon.restart_on_same_ports()
        h.repository.set(clear=True, hold=2 if page < 5 else 0)
        process = h.start()
        if page < 5:
            suite.wait_for(lambda: len(h.repository.lists()) == 2, "the next page")
            process.kill()
        process.wait(timeout=60)
        process.stdout.close()
    assert codes == [3] * 5, codes
    assert h.run()["read"] == 0 or not h.state()["in_list"]
    h.expect_each_once(range(1, 51))


def test_polite_and_patient(world):
    h = Harvest(world, records=records(70),
                faults={"1": "503 1", "3": "429 1", "5": "500", "7": "cut", "9": "cut-silently", "11": "gzip", "identify": ""})
    result = h.run()
    assert result["read"] == 70 and result["requests"] == 1 + 7 + 5, result
    times = [entry["time"] for entry in h.repository.lists()]
    assert times[1] - times[0] >= 1 and times[3] - times[2] >= 1, times  # what Retry-After asked for
    assert times[5] - times[4] >= 0.25, times
    h.expect_each_once(range(1, 71))
    h.repository.set(faults={"*": "503 7200"})
    assert "come back in 7200 seconds" in h.run("--state", "other", code=3)["stderr"]
    h.repository.set(clear=True, faults={"*": "500"})
    assert "HTTP status 500" in h.run("--state", "other", "--retries", "2", code=3)["stderr"]
    assert len(h.repository.lists()) == 3
    h.repository.set(clear=True, faults={"*": "404"})
    h.run("--state", "other", code=1)
    assert len(h.repository.lists()) == 1


def test_expired_tokens(world):
    h = Harvest(world, records=records(50), faults={"3": "error badResumptionToken"})
    result = h.run()
    assert result["restarts"] == 1 and (result["read"], result["unchanged"]) == (70, 20), result
    h.expect_each_once(range(1, 51))
    h.repository.set(clear=True, faults={str(n): "error badResumptionToken" for n in range(2, 100, 2)})
    result = h.run("--state", "other", code=3)
    assert "expired 4 times" in result["stderr"] and len(h.repository.lists()) == 8, result


def test_what_is_wrong_is_refused_with_the_place(world):
    h = Harvest(world, records=records(30))
    cases = (("mangled", 1, "line 6"), ("bomb", 1, "line 2: a DOCTYPE"), ("html", 1, "no XML"), ("gzip-twice", 1, "no XML"),
             ("error cannotDisseminateFormat", 1, "cannotDisseminateFormat"), ("error badArgument", 1, "badArgument"),
             ("empty-endless", 1, "16 pages without a record"), ("circle", 1, "in a circle"), ("redirect file:///etc/passwd", 1, "rotocol"),
             ("huge 3", 1, "larger than 1048576 bytes"))
    for fault, code, reason in cases:
        h.repository.set(faults={"*": fault})
        result = h.run("--page-limit", "1", "--state", "wrong-" + fault.split()[0], code=code)
        assert reason in result["stderr"], (fault, result)
    h.repository.set(faults={"*": "endless"})
    assert "more than 40 pages" in h.run("--pages", "40", "--state", "endless", code=1)["stderr"]
    h.repository.set(faults={"identify": "html"})
    h.run("--state", "identify", code=1)
    h.repository.set(faults={}, protocol="1.1")
    assert 'version "1.1"' in h.run("--state", "identify", code=1)["stderr"]
    assert h.events("registered") == {"oai:test:1": 1}  # the one record of the endless lists


def test_huge_page_in_bounded_memory(world):
    h = Harvest(world, faults={"1": "huge 100"})
    h.run("--page-limit", "200", code=4)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert most < 100 << 10, f"{most} KiB for a page of 100 MiB"


def test_signals_stop_behind_the_page(world):
    h = Harvest(world, records=records(50), hold=3)
    for number in (signal.SIGTERM, signal.SIGINT):
        process = h.start()
        suite.wait_for(lambda: len(h.repository.lists()) == 3, "the third page")
        process.send_signal(number)
        pages = h.state()["pages"]
        h.repository.set(hold=0)
        assert process.wait(timeout=60) == 5
        result = json.loads(process.stdout.read())
        process.stdout.close()
        assert h.state()["pages"] == pages + 1 and not result["complete"], (pages, h.state(), result)
        h.repository.set(clear=True, hold=2)
        if number == signal.SIGTERM:
            h.repository.set(hold=0, records=records(80), clear=True)
            h.repository.set(hold=3)
    h.repository.set(hold=0)
    h.run()
    h.expect_each_once(range(1, 81))


def test_state_is_bound_and_locked(world):
    h = Harvest(world, records=records(30), hold=2)
    process = h.start()
    suite.wait_for(lambda: len(h.repository.lists()) == 2, "the second page")
    assert "another harvest" in h.run(code=1)["stderr"]
    process.kill()
    process.wait(timeout=30)
    process.stdout.close()
    h.repository.set(hold=0)
    assert "set" in h.run("--set", "theses", code=1)["stderr"]
    assert "is under way" in h.run("--from", "2025-01-01", code=1)["stderr"]
    before = h.state()
    assert h.run("--dry-run")["read"] == 30 and h.state() == before
    h.run()
    h.expect_each_once(range(1, 31))
    h.run("--source", "B", code=2)


def test_marc_and_days(world):
    """A repository that knows days alone: what changes later on the day of a harvest is not lost."""
    entries = [[n, "2026-01-02", False] for n in range(1, 16)]
    h = Harvest(world, records=entries, granularity="YYYY-MM-DD", answered="2026-01-02T10:00:00Z", deleted="no")
    result = h.run("--prefix", "marc21")
    assert result["accepted"] == 15 and "deletions are kept: no" in result["stderr"], result
    h.expect_each_once(range(1, 16))
    h.repository.set(clear=True, answered="2026-01-03T10:00:00Z", records=[[1, "2026-01-02", True], *entries[1:]])
    result = h.run("--prefix", "marc21")
    assert h.repository.lists()[0]["from"] == "2026-01-01"
    assert result["withdrawn"] == 1 and result["rejected"] == 0, result
    h.repository.set(clear=True, answered="2026-01-04T10:00:00Z", records=[[1, "2026-01-03", False], *entries[1:]])
    result = h.run("--prefix", "marc21")
    assert result["unchanged"] == 14 and result["rejected"] == 0, result
    assert h.events("registered")["oai:test:1"] == 2 and h.events("withdrawn") == {"oai:test:1": 1}


def prepare():
    return [value for name, value in globals().items() if name.startswith("test_")]


suite.main(prepare)
