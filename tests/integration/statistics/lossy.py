"""statisticsd while the Redis of its sources fails over and loses the end of their journals.

The sources' Redis is a master with a replica. The replica's link is cut, the master takes more events, statisticsd (on a Redis of its own) counts
them, the master is killed, and the sources go on on the replica: sequences that were counted are given out again to other events. At the end the
counts must equal a recount of the journals that survived; what could not be taken back must be shown as doubtful."""
import argparse
import json
import signal
import socket
import subprocess
import sys
import time

from run import ANY, PARTITIONS, STREAMS, Failure, Run, cells, get, positions, recount, until

EVENTS = 60000  # of each source: more than it makes while the test runs; it is stopped when it made enough


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Pair:
    """The sources' Redis: master and replica, which daemons know by one list of endpoints."""

    def __init__(self, run):
        self.run = run
        self.port = free_port()
        self.sockets = [run.dir + "/master.sock", run.dir + "/replica.sock"]
        self.endpoints = ",".join("unix:" + s for s in self.sockets)
        self.launch(0, "--port", str(self.port), "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0")
        self.launch(1, "--port", "0", "--replicaof", "127.0.0.1 %d" % self.port)
        until("the replica is in step", lambda: "master_link_status:up" in self.ask(1, "info", "replication"))

    def launch(self, which, *more):
        name = ("master", "replica")[which]
        self.run.start(name, ["redis-server", "--unixsocket", self.sockets[which], "--dir", self.run.dir, "--appendonly", "no", "--dbfilename",
                              name + ".rdb", "--save", "", *more])
        until(name, lambda: self.ask(which, "ping", check=False) == "PONG\n")

    def ask(self, which, *words, check=True):
        return subprocess.run(["redis-cli", "-s", self.sockets[which], *words], capture_output=True, check=check).stdout.decode()

    def cut(self):
        """The replica hears nothing any more. It is made a master at once, which nobody asks until the other one is gone."""
        self.ask(1, "replicaof", "no", "one")

    def recount(self, which):
        return recount(self.run, "unix:" + self.sockets[which])


def ahead(where, heads):
    """How far each stream was counted beyond these heads: the least of the three, by its sum over the partitions."""
    now = positions(where)
    if not now or any(len(now[s]) != PARTITIONS for s in STREAMS):
        return 0
    return min(sum(max(0, have - kept) for have, kept in zip(now[s], heads[s])) for s in STREAMS)


def shown(where):
    return {s["stream"]: s for s in json.loads(get(where, "/api/positions"))["streams"]}


class Scenario:
    """with Scenario (programs) as s: everything that it started ends with it; the logs stay if it failed."""

    def __init__(self, programs, undo=10000):
        self.run = Run(programs)
        self.flags = ("--statistics.undo=%d" % undo,)

    def __enter__(self):
        try:
            self.run.redis()
            self.pair = Pair(self.run)
            self.sources = {s: self.run.source(s, ANY, EVENTS, self.pair.endpoints) for s in STREAMS}
            self.one = self.replica("one")
            self.two = self.replica("two")
        except BaseException:
            self.run.close(keep=True)
            raise
        return self

    def __exit__(self, kind, *_):
        self.run.close(keep=kind is not None)

    def replica(self, name):
        return self.run.statistics(name, self.sources, self.flags)

    def lose(self, least):
        """Cuts the replica off and lets at least so many events of each stream be counted that it will not have; its heads."""
        until("a first part is counted", lambda: ahead(self.one, {s: [0] * PARTITIONS for s in STREAMS}) > 1000)
        self.pair.cut()
        heads = self.pair.recount(1)["heads"]
        until("events are counted that will be lost", lambda: ahead(self.one, heads) > least)
        return heads

    def fail_over(self):
        self.run.kill("master")

    def grown(self, heads, least):
        now = self.pair.recount(1)["heads"]
        return all(sum(now[s]) >= sum(heads[s][:PARTITIONS]) + least for s in STREAMS)

    def stop_sources(self):
        """No more events: the sources stay as publishers, for what has been committed."""
        for s in STREAMS:
            self.run.kill("source-" + s, signal.SIGTERM)
            self.sources[s] = self.run.source(s, [self.sources[s][k].rsplit(":", 1)[1] for k in ("commands", "events", "replay")], 0,
                                              "unix:" + self.pair.sockets[1])

    def settle(self, where, name):
        truth = self.pair.recount(1)
        heads = {s: truth["heads"][s] for s in STREAMS}
        until(name + " stands at the heads of what survived", lambda: positions(where) == heads)
        until(name + " shows the counts", lambda: get(where, "/api/counts") is not None, 15)
        return truth

    def equal(self, where, name):
        truth = self.settle(where, name)
        expected = sorted(truth["counts"])
        try:
            until(name + " counts what survived", lambda: cells(where) == expected, 15)
        except Failure:
            have, want = {tuple(c[:3]): c[3] for c in cells(where)}, {tuple(c[:3]): c[3] for c in expected}
            wrong = [(k, have.get(k), want.get(k)) for k in sorted(set(have) | set(want)) if have.get(k) != want.get(k)]
            raise Failure("%s: %d cells are wrong (cell, shown, true): %s" % (name, len(wrong), wrong[:8])) from None
        for s in shown(where).values():
            if any(p["doubtfulFirst"] for p in s["positions"]):
                raise Failure("%s: %s is doubtful: %s" % (name, s["stream"], s["positions"]))
        print("%s: %d events survived, %d cells, equal to the recount; %d counted ones were taken back" % (
            name, truth["events"], len(expected), self.taken_back()))
        return self.taken_back()

    def log(self):
        return "".join(open("%s/%s.log" % (self.run.dir, name), encoding="utf-8").read() for name in ("one", "two"))

    def taken_back(self):
        """Events, by both replicas in all their lives."""
        lines = [json.loads(line) for line in self.log().splitlines()]
        return sum(int(line["events"]) for line in lines if "was taken out of the counts" in line["event"])


def while_running(programs):
    """Both replicas live; one is killed when the first counts are taken back."""
    with Scenario(programs) as s:
        heads = s.lose(1500)
        s.fail_over()
        until("something is taken back", lambda: any(p["undone"] for t in shown(s.one).values() for p in t["positions"]))
        s.run.kill("one")
        s.one = s.replica("one")
        until("the sources go on", lambda: s.grown(heads, 1000))
        s.stop_sources()
        if not all(s.equal(where, name) for where, name in ((s.one, "one"), (s.two, "two"))):
            raise Failure("nothing was taken back")


def while_asleep(programs):
    """One replica is stopped with events of the lost history in hand, and wakes up when the other one has taken them back and gone on."""
    with Scenario(programs) as s:
        heads = s.lose(1500)
        s.run.children["two"].send_signal(signal.SIGSTOP)
        s.fail_over()
        until("something is taken back", lambda: any(p["undone"] for t in shown(s.one).values() for p in t["positions"]))
        until("the sources go on", lambda: s.grown(heads, 1000))
        s.run.children["two"].send_signal(signal.SIGCONT)
        s.stop_sources()
        if not all(s.equal(where, name) for where, name in ((s.one, "one"), (s.two, "two"))):
            raise Failure("nothing was taken back")


def while_down(programs):
    """No statisticsd runs while the sources fail over and grow past where they were: only the epochs tell."""
    with Scenario(programs) as s:
        heads = s.lose(1500)
        counted = positions(s.one)
        s.run.kill("one")
        s.run.kill("two")
        s.fail_over()
        until("the sources are past what was counted",
              lambda: all(a > b for t in STREAMS for a, b in zip(s.pair.recount(1)["heads"][t], counted[t])), 120)
        s.one = s.replica("one")
        s.two = s.replica("two")
        s.stop_sources()
        if not all(s.equal(where, name) for where, name in ((s.one, "one"), (s.two, "two"))):
            raise Failure("nothing was taken back")
        print("while both were down, %d events that they had counted were lost" % sum(
            max(0, c - h) for t in STREAMS for c, h in zip(counted[t], heads[t])))


def too_far(programs):
    """More is lost than can be taken back: said so, by log, metric and page, and it goes on."""
    with Scenario(programs, undo=64) as s:
        heads = s.lose(8 * 1000)
        s.fail_over()
        until("the sources go on", lambda: s.grown(heads, 500))
        s.stop_sources()
        s.settle(s.one, "one")
        doubtful = [p for t in shown(s.one).values() for p in t["positions"] if p["doubtfulFirst"]]
        if not doubtful or any(p["doubtfulFirst"] > p["doubtfulLast"] for p in doubtful):
            raise Failure("thousands are lost, 64 can be taken back, and nothing is doubtful: %s" % shown(s.one))
        metrics = get(s.one, "/metrics").decode()
        gauge = sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines() if line.startswith("statistics_doubtful_partitions{"))
        if gauge != len(doubtful):
            raise Failure("%d partitions are doubtful, the gauge says %s" % (len(doubtful), gauge))
        if "counts are in doubt" not in s.log():
            raise Failure("the log does not say that counts are in doubt")
        print("one: %d source partitions are doubtful and shown so" % len(doubtful))


SCENARIOS = (while_running, while_asleep, while_down, too_far)


def main():
    parser = argparse.ArgumentParser()
    for name in ("statisticsd", "source", "recount"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("scenarios", nargs="*", help="names; all without any")
    programs = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    wanted = [f for f in SCENARIOS if not programs.scenarios or f.__name__ in programs.scenarios]
    failed = not wanted
    for scenario in wanted:
        began = time.monotonic()
        try:
            scenario(programs)
            print("ok   %s (%.1f s)" % (scenario.__name__, time.monotonic() - began), flush=True)
        except (Failure, subprocess.SubprocessError, KeyError, OSError) as error:
            print("FAILED %s: %s" % (scenario.__name__, error), flush=True)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
