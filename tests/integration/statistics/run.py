"""statisticsd against a private Redis: three sources of random events, two replicas, kill -9 in the middle of everything.

At the end the counts of both replicas must equal a recount of the journals, the positions their heads, and nothing may be reported lost."""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

STREAMS = ("patent", "achievement", "finance")
PARTITIONS = 8
ANY = ("*", "*", "*")  # ports that are free
EVENTS = 4000  # of each source, at least


class Failure(Exception):
    pass


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise Failure("waited %d s for: %s" % (seconds, what))


class Run:
    def __init__(self, programs):
        self.programs = programs
        self.dir = tempfile.mkdtemp(prefix="statistics-")
        self.socket = os.path.join(self.dir, "redis.sock")
        self.children = {}

    def start(self, name, argv, env=None):
        log = open(os.path.join(self.dir, name + ".log"), "ab")
        child = subprocess.Popen(argv, stdout=log, stderr=log, env=dict(os.environ, **(env or {})))
        log.close()
        self.children[name] = child

    def kill(self, name, number=signal.SIGKILL):
        child = self.children.pop(name)
        child.send_signal(number)
        return child.wait(timeout=30)

    def alive(self, name):
        code = self.children[name].poll()
        if code is not None:
            raise Failure("%s ended with %d" % (name, code))

    def redis(self):
        self.start("redis", ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.dir, "--appendonly", "yes",
                             "--appendfsync", "always", "--save", ""])
        until("redis", lambda: subprocess.run(["redis-cli", "-s", self.socket, "ping"], capture_output=True).stdout == b"PONG\n")

    def daemon(self, name, program, ports, extra=(), env=None, redis=None):
        """ports: (commands, events, replay); redis: another one than the run's; returns where it listens."""
        where = os.path.join(self.dir, name + ".json")
        if os.path.exists(where):
            os.remove(where)
        flags = ["--redis.endpoints=" + (redis or "unix:" + self.socket), "--http.bind=127.0.0.1:0", "--endpoints.file=" + where, "--log.form=json"]
        flags += ["--%s.endpoint=tcp://127.0.0.1:%s" % pair for pair in zip(("commands", "events", "replay"), ports)]
        self.start(name, [program, *flags, *extra], env)
        log = os.path.join(self.dir, name + ".log")

        def port_is_taken():
            """By somebody's outgoing connection: a port that was free for a moment is anybody's."""
            with open(log, encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
            return ports != ANY and lines and "Address already in use" in lines[-1]

        def listening():
            if self.children[name].poll() is not None and port_is_taken():
                self.start(name, [program, *flags, *extra], env)
            self.alive(name)
            return os.path.exists(where)

        until(name + " listens", listening)
        with open(where, encoding="utf-8") as file:
            return json.load(file)

    def source(self, stream, ports, events=EVENTS, redis=None):
        seed = str(7 + STREAMS.index(stream))
        return self.daemon("source-" + stream, self.programs.source, ports,
                           env={"SOURCE_STREAM": stream, "SOURCE_SEED": seed, "SOURCE_EVENTS": str(events)}, redis=redis)

    def statistics(self, name, sources, extra=()):
        flags = ["--statistics.sources.%s.%s=%s" % (s, kind, sources[s][kind]) for s in STREAMS for kind in ("events", "replay", "commands")]
        return self.daemon(name, self.programs.statisticsd, ANY, (*flags, *extra))

    def close(self, keep):
        for name in list(self.children):
            self.kill(name)
        if not keep:
            shutil.rmtree(self.dir)


def get(where, path):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (where["http_port"], path), timeout=10) as answer:
            return answer.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def positions(where):
    body = get(where, "/api/positions")
    if body is None:
        return None
    return {s["stream"]: [p["sequence"] for p in s["positions"]] for s in json.loads(body)["streams"]}


def consumed(where):
    now = positions(where)
    return sum(sum(p) for p in now.values()) if now else 0


def ports_of(where):
    return tuple(where[k].rsplit(":", 1)[1] for k in ("commands", "events", "replay"))


def recount(run, redis=None):
    done = subprocess.run([run.programs.recount, redis or "unix:" + run.socket, str(PARTITIONS)], capture_output=True, check=False)
    if done.returncode != 0:
        raise Failure("recount: " + done.stderr.decode())
    return json.loads(done.stdout)


def cells(where):
    body = get(where, "/api/counts")
    return sorted([c["name"], c["district"], c["special"], int(c["value"])] for c in json.loads(body)["counts"])


def compare(run, where, name):
    """Both sides read until the daemon stands at the heads; then cell by cell."""
    truth = recount(run)
    heads = {s: truth["heads"][s] for s in STREAMS}
    until(name + " counted up to the heads", lambda: positions(where) == heads)
    expected = sorted(truth["counts"])
    until(name + " shows the counts of the journals", lambda: cells(where) == expected, 15)
    print("%s: %d events, %d cells, equal to the recount" % (name, truth["events"], len(expected)))


def check_losses(where, name):
    for s in json.loads(get(where, "/api/positions"))["streams"]:
        for key in ("losses", "lost", "malformed", "unknown"):
            if s[key]:
                raise Failure("%s: %s %s of %s: %s" % (name, s[key], key, s["stream"], s["lastLoss"]))


def check_pages(where):
    for path, kind in (("/", b"<!doctype html>"), ("/style.css", b"--ground"), ("/app.js", b"use strict"), ("/api/catalog", b"yinzhou")):
        body = get(where, path)
        if not body or kind not in body:
            raise Failure("%s does not give what it should" % path)
    request = urllib.request.Request("http://127.0.0.1:%d/" % where["http_port"])
    with urllib.request.urlopen(request, timeout=10) as answer:
        if "script-src 'self'" not in answer.headers["Content-Security-Policy"] or not answer.headers["ETag"]:
            raise Failure("the page lacks its policy or its tag")
        request.add_header("If-None-Match", answer.headers["ETag"])
    try:
        urllib.request.urlopen(request, timeout=10)
        raise Failure("an unchanged page is sent again")
    except urllib.error.HTTPError as error:
        if error.code != 304:
            raise
    metrics = get(where, "/metrics")
    if b'statistics_count{name="alerts_raised"}' not in metrics or b'consumer_live{stream="patent"} 1' not in metrics:
        raise Failure("the metrics lack counts or consumers")


def forget_counts(run):
    """As after a fail-over to an empty replica of Redis, under the feet of running consumers."""
    cli = ["redis-cli", "-s", run.socket]
    keys = ["tt:{statistics.%d}:t:%s" % (p, table) for p in range(PARTITIONS) for table in ("position", "counts", "member")]
    subprocess.run([*cli, "del", *keys], capture_output=True, check=True)


def stored_positions(run):
    """The source partitions that have a position."""
    return {key for p in range(PARTITIONS) for key in subprocess.run(
        ["redis-cli", "-s", run.socket, "hkeys", "tt:{statistics.%d}:t:position" % p], capture_output=True, check=True).stdout.split()}


def check_hole(run, sources):
    """Counted anew from journals of which one has lost its beginning: the hole is told and measured, the rest is counted."""
    cli = ["redis-cli", "-s", run.socket]
    heads = {s: recount(run)["heads"][s] for s in STREAMS}
    run.kill("one")
    run.kill("two")
    keys = subprocess.run([*cli, "--scan", "--pattern", "tt:{statistics.*"], capture_output=True, check=True).stdout.split()
    subprocess.run([*cli, "del", *keys], capture_output=True, check=True)
    journal = "tt:{patent.0}:j:events"
    listed = subprocess.run([*cli, "xrange", journal, "-", "+"], capture_output=True, check=True).stdout
    ends = [int(end) for end in re.findall(rb"^([0-9]+)-0$", listed, re.MULTILINE)]
    lost = next(end for end in ends if end >= 10 or end == ends[-2])  # Redis trims whole blocks
    done = subprocess.run([*cli, "xtrim", journal, "minid", "%d-0" % (lost + 1)], capture_output=True, check=True)
    if int(done.stdout) < 1:
        raise Failure("the journal could not be trimmed: %s" % done.stdout)
    where = run.statistics("one", sources)
    until("all that is left is counted", lambda: positions(where) == heads)
    told = {s["stream"]: s for s in json.loads(get(where, "/api/positions"))["streams"]}
    if told["patent"]["lost"] != lost or told["patent"]["losses"] < 1 or not told["patent"]["lastLoss"]:
        raise Failure("%d events are missing, told was: %s" % (lost, told["patent"]))
    marks = [(p["doubtfulFirst"], p["doubtfulLast"]) for p in told["patent"]["positions"]]
    if marks != [(1, lost)] + [(0, 0)] * 7 or any(p["doubtfulFirst"] for p in told["finance"]["positions"]):
        raise Failure("what is missing in the counts is marked with them, not %s" % marks)
    if told["finance"]["lost"] or b'consumer_lost_events_total{stream="patent"} %d\n' % lost not in get(where, "/metrics"):
        raise Failure("the hole is not where it should be")
    print("a hole of %d events: %s" % (lost, told["patent"]["lastLoss"]))


def main():
    parser = argparse.ArgumentParser()
    for name in ("statisticsd", "source", "recount", "observe"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keep", action="store_true", help="keep everything running for a look")
    run = Run(parser.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the finally below ends what was started
    good = False
    try:
        run.redis()
        sources = {s: run.source(s, ANY) for s in STREAMS}
        one = run.statistics("one", sources)
        two = run.statistics("two", sources)
        until("a first part is counted", lambda: consumed(one) > EVENTS // 2)
        run.kill("one")
        one = run.statistics("one", sources)
        until("more is counted", lambda: consumed(one) > EVENTS)
        forget_counts(run)
        run.kill("redis")
        run.redis()
        run.kill("two")
        until("more is counted", lambda: consumed(one) > 3 * EVENTS // 2)
        run.kill("source-patent")
        sources["patent"] = run.source("patent", ports_of(sources["patent"]))
        two = run.statistics("two", sources)
        until("all is committed", lambda: recount(run)["events"] >= 3 * EVENTS and stable(run))
        for name, where in (("one", one), ("two", two)):
            compare(run, where, name)
            check_losses(where, name)
            check_pages(where)
        if subprocess.run([run.programs.observe, one["commands"]], check=False).returncode != 0:
            raise Failure("observations are not what they should be")
        before = stored_positions(run)
        forget_counts(run)  # now that the sources are quiet: no event comes that would tell
        until("it is noticed and all is counted anew", lambda: stored_positions(run) == before)
        if run.kill("one", signal.SIGTERM) != 0:
            raise Failure("one does not end cleanly")
        one = run.statistics("one", sources)
        compare(run, one, "one after a restart")
        if not run.programs.keep:
            check_hole(run, sources)
        good = True
        if run.programs.keep:
            print("http://127.0.0.1:%d/  redis %s" % (one["http_port"], run.socket), flush=True)
            signal.pause()
    except (Failure, subprocess.SubprocessError, KeyError) as error:
        print("FAILED: %s\nlogs: %s" % (error, run.dir), file=sys.stderr)
    finally:
        run.close(keep=not good)
    return 0 if good else 1


def stable(run):
    """Nothing is committed any more: recounts, while each of which every source had time for many commits, agree."""
    before = recount(run)["events"]
    return all(recount(run)["events"] == before for _ in range(10))


if __name__ == "__main__":
    sys.exit(main())
