"""One episode: start, work under faults, heal, wait until everything agrees, judge. A process of its own; its result is one JSON object.

usage (by run.py): episode.py FOLDER OPTIONS-AS-JSON"""
import argparse
import collections
import json
import os
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "support"), os.path.join(HERE, "..", "..", "integration")]
import suite

QUIET = 3.0       # seconds without faults before the clients stop asking new things
PATIENCE = float(os.environ.get("TT_TEST_PATIENCE", "30")) * 2


class Episode:
    def __init__(self, folder, options):
        from history import Recorder
        from world import World
        self.folder, self.options = folder, options
        self.path = os.path.join(folder, "history.jsonl")
        self.recorder = Recorder(self.path)
        self.world = World(folder, options, self.recorder)
        self.result = {"seed": options.seed, "topology": options.topology, "faults": {}, "violations": []}
        self.give_up = threading.Event()
        self.last_try = float("inf")

    def run(self):
        began = time.monotonic()
        try:
            self.world.start()
            self.result["start_seconds"] = round(time.monotonic() - began, 1)
            self.work()
        except Exception:
            self.fail("harness", traceback.format_exc())
        finally:
            for crash in self.world.crashes:
                self.fail("crash", crash)
            self.world.stop()
            self.recorder.close()
        self.result["seconds"] = round(time.monotonic() - began, 1)
        return self.result

    def fail(self, kind, what):
        self.result["violations"].append([kind, what])

    def work(self):
        import faults
        import subscribers
        import workload
        options = self.options
        ends = time.monotonic() + options.seconds
        readers = subscribers.subscribers(self.world, self.recorder, options.seed)
        workers = workload.workers(self.world, self.recorder, options.seed, options.rate, ends, lambda: self.last_try)
        script = faults.Script(self.world, options.seed, options.seconds - QUIET, options.faults)
        for thread in (*readers, *workers, script):
            thread.start()
        script.join()
        self.result["faults"] = script.counts
        self.result["heal_seconds"] = [round(seconds, 1) for seconds in self.world.heal(PATIENCE)]  # Redis, then daemons
        self.last_try = max(ends, time.monotonic()) + PATIENCE
        for thread in workers:
            thread.join(timeout=PATIENCE + options.seconds)
            if thread.is_alive():
                self.fail("harness", f"client {thread.name} does not end")
        for thread in (script, *workers):
            if thread.error:
                self.fail("harness", "".join(traceback.format_exception(thread.error)))
        self.converge(readers)

    # -- the end --

    def known(self, lines):
        """What was ever named, to be asked for."""
        documents, records = set(), set()
        for line in lines:
            if line["e"] == "invoke" and line["method"].endswith("/SubmitPatents"):
                for d in line["request"]["documents"]:
                    p = d["publication"]
                    documents.add((f"{p['country']}.{p['number']}.{p['kind']}", d["family_id"]))
            if line["e"] == "invoke" and line["method"].endswith("/SubmitAchievements"):
                records.update(r["source_id"] for r in line["request"]["achievements"])
        return {"documents": sorted(documents), "records": sorted(records)}

    def lines_so_far(self):
        from history import read
        with self.recorder.lock:
            self.recorder.file.flush()
        return read(self.path)

    def converge(self, readers):
        """Looks at everything until it agrees, and agrees again a little later; what does not come in time is a violation."""
        import checker
        import observe
        began = time.monotonic()
        known = self.known(self.lines_so_far())
        heads, found, seen = None, [], []
        while True:
            now = {s: observe.heads_of(self.world.direct(s, "replay")[0]) for s in observe.SERVICES}
            settled, heads = now == heads, now
            if settled and all(reader.has(heads[reader.stream]) for reader in readers if reader.filters == ("",)):
                seen = observe.everything(self.world, known)
                found = checker.violations(self.lines_so_far() + seen)
                if not any(v.late for v in found):
                    break
            if time.monotonic() - began > PATIENCE:
                seen = seen or observe.everything(self.world, known)
                found = found or checker.violations(self.lines_so_far() + seen)
                break
            time.sleep(0.7)
        self.result["converge_seconds"] = round(time.monotonic() - began, 1)
        for reader in readers:
            reader.stop()
        for line in seen:
            self.recorder.write(line.pop("e"), **line)
        self.conclude(found)

    def conclude(self, found):
        import checker
        from history import History
        for violation in found:
            self.fail(violation.kind, violation.what)
        history = History(self.lines_so_far())
        operations = history.operations.values()
        self.result.update(
            operations=len(operations), acknowledged=sum(o.outcome == "ok" for o in operations), refused=sum(o.outcome == "fail" for o in operations),
            unknown=sum(o.outcome == "unknown" for o in operations), retried=sum(o.tries > 1 for o in operations),
            again=sum(len(o.again) for o in operations), events=sum(map(len, history.events.values())),
            received=sum(map(len, history.received.values())), unavailable=checker.unavailability(history),
            codes=dict(collections.Counter(str(o.code) for o in operations)))


def main():
    folder = sys.argv[1]
    options = argparse.Namespace(**json.loads(sys.argv[2]))
    sys.path.insert(0, options.protos)
    result = Episode(folder, options).run()
    with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, indent=1)
    sys.exit(1 if result["violations"] else 0)


if __name__ == "__main__":
    suite.die_with_parent()
    main()
