#!/usr/bin/python3
"""Records a second through achievement-ingestd: validate, identity, classify, commit, push, with standing demands. One Redis, one client, all
on this machine. Prints figures; no pass or fail.

  end_to_end.py BUILD [--demands N] [--records N] [--batch N] [--window N] [--fsync always|everysec] [--generated]

Real US titles and abstracts of TT_REAL_DATA against demands made of them: nine of ten a query of three words of a title or five of an abstract, the
others the whole text. With --generated those of ttgen, of so few topics that each record goes to 77 demands: the load is then that of the pushes.

`accepted` ends with the last reply, `pushed` when the last event of the journal has been worked on. Processor time is that of the daemon's threads and
of Redis between the first record and the last event."""
import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import suite

SERVICE = "techtransfer.achievement.v1.AchievementIngest/"
TICKS = os.sysconf("SC_CLK_TCK")


def generated(build, kind, count, seed, message):
    """ttgen's lines as messages."""
    lines = subprocess.run([os.path.join(build, "ops", "ttgen", "ttgen"), kind, "--count", str(count), "--seed", str(seed), "--catalog",
                            os.path.join(ROOT, "common", "catalog", "data")], check=True, capture_output=True, text=True).stdout.splitlines()
    return [json_format.ParseDict(json.loads(line), message(), ignore_unknown_fields=True) for line in lines]


def real(options):
    """Records and demands of real texts."""
    spec = importlib.util.spec_from_file_location("patent_bench", os.path.join(ROOT, "tests", "bench", "patent", "end_to_end.py"))
    patent_bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(patent_bench)
    texts, chance = patent_bench.corpus(options.records), random.Random(7)
    records = []
    for n in range(options.records):  # where the texts are at an end, other abstracts with the titles
        title, abstract = texts[n % len(texts)], texts[(n + 7 * (n // len(texts))) % len(texts)]
        records.append(achievement.Achievement(source="bench", source_id=str(n), title=(title.get("ti") or "untitled")[:512], owners=["Bench"],
                                               abstract=(abstract.get("ab") or "")[:20000], industry="C%d" % chance.randrange(13, 43),
                                               specials=[chance.randrange(1, 13)]))
    demands = [achievement.Demand(owner=f"o{n % 2000}", demand_id=f"d{n}", title="wanted", query=query.replace("ta=", "ab="))
               for n, query in enumerate(patent_bench.queries(texts, options.demands * 9 // 10, chance, False))]
    for n in range(len(demands), options.demands):
        text = chance.choice(texts)
        demands.append(achievement.Demand(owner=f"o{n % 2000}", demand_id=f"d{n}", title=(text.get("ti") or "untitled")[:512], text=(text.get("ab") or "")[:20000]))
    return records, demands


class Peer:
    """One DEALER with a window of commands under way."""

    def __init__(self, endpoint):
        self.socket = commands.socket(endpoint)
        self.under_way = set()
        self.outcomes = {}

    def take(self, reply):
        assert self.socket.poll(120000), "no answer"
        frames = self.socket.recv_multipart()
        head = envelope.ReplyHeader.FromString(frames[0])
        assert head.code == 0, head
        self.under_way.remove(head.request_id)
        for result in reply.FromString(frames[1]).results if reply else ():
            self.outcomes[result.outcome] = self.outcomes.get(result.outcome, 0) + 1

    def call_all(self, method, bodies, window, reply=None):
        for body in bodies:
            while len(self.under_way) >= window:
                self.take(reply)
            request_id = commands.uuid7()
            self.under_way.add(request_id)
            self.socket.send_multipart([commands.header(SERVICE + method, request_id), body])
        while self.under_way:
            self.take(reply)


def processor_times(pid):
    """Seconds of each thread, by its number."""
    times = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        times[int(thread)] = (int(fields[11]) + int(fields[12])) / TICKS
    return times


def heads(redis):
    """Entries in all journals."""
    asked = "".join("HGET tt:{achievement.%d}:meta events\n" % p for p in range(8))
    out = subprocess.run(["redis-cli", "-s", redis.socket], input=asked, capture_output=True, check=True, text=True).stdout
    return sum(int(line) for line in out.split() if line.isdigit())


def settle(daemon, redis):
    """Until every event has been worked on; pushes are events too."""
    while daemon.metric("processor_events_total") < heads(redis):
        time.sleep(0.05)
    return time.monotonic()


def run(world, options):
    redis = world.with_redis()
    redis.ask("CONFIG", "SET", "appendfsync", options.fsync)
    program = os.path.join(options.build, "services", "achievement_ingest", "achievement-ingestd")
    daemon = world.own(suite.Daemon(program, world.folder, redis, "ingest", ["--log.level", "warning", *options.flag])).start()
    peer = Peer(daemon.endpoints["commands"])
    if options.generated:
        records = generated(options.build, "achievements", options.records, 11, achievement.Achievement)
        wanted = generated(options.build, "demands", options.demands, 7, achievement.Demand)
    else:
        records, wanted = real(options)
    demands = [achievement.PutDemandRequest(demand=d).SerializeToString() for d in wanted]
    bodies = [achievement.SubmitAchievementsRequest(achievements=records[i:i + options.batch]).SerializeToString()
              for i in range(0, len(records), options.batch)]
    began = time.monotonic()
    peer.call_all("PutDemand", demands, 256)
    settle(daemon, redis)
    print(f"figure ingest.demands_put_per_s {len(demands) / (time.monotonic() - began):.0f} demands/s", flush=True)
    before, redis_before = processor_times(daemon.process.pid), sum(processor_times(redis.process.pid).values())
    events, batches = daemon.metric("processor_events_total"), daemon.metric("command_batch_seconds_count")
    began = time.monotonic()
    peer.call_all("SubmitAchievements", bodies, options.window, achievement.SubmitAchievementsReply)
    accepted = time.monotonic() - began
    at_accepted = processor_times(daemon.process.pid)
    pushed = settle(daemon, redis) - began
    after = processor_times(daemon.process.pid)
    pushes = daemon.metric("processor_events_total") - events - sum(peer.outcomes.get(o, 0) for o in (achievement.REGISTERED, achievement.REVISED))
    print(f"figure ingest.accepted_per_s {len(records) / accepted:.0f} records/s\nfigure ingest.pushed_per_s {len(records) / pushed:.0f} records/s\n"
          f"figure ingest.pushes_per_record {pushes / len(records):.2f} pushes\n"
          f"figure ingest.command_batches {daemon.metric('command_batch_seconds_count') - batches:.0f} batches", flush=True)
    for outcome, count in sorted(peer.outcomes.items()):
        print(f"figure ingest.outcome_{achievement.IngestOutcome.Name(outcome).lower()} {count} records")
    for thread in sorted(after, key=lambda t: before.get(t, 0) - after[t]):
        spent = after[thread] - before.get(thread, 0)
        if spent >= 0.05:
            until = at_accepted.get(thread, 0) - before.get(thread, 0)
            print(f"figure ingest.thread_{thread - daemon.process.pid}_s {spent:.2f} s of processor time, {until:.2f} until accepted")
    print(f"figure ingest.redis_s {sum(processor_times(redis.process.pid).values()) - redis_before:.2f} s of processor time")


def main():
    global achievement, commands, envelope, json_format
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--demands", type=int, default=10000)
    parser.add_argument("--records", type=int, default=20000)
    parser.add_argument("--batch", type=int, default=256, help="records in a command")
    parser.add_argument("--window", type=int, default=8, help="commands under way")
    parser.add_argument("--fsync", choices=("always", "everysec"), default="always")
    parser.add_argument("--generated", action="store_true", help="records and demands of ttgen")
    parser.add_argument("--flag", action="append", default=[], help="a flag of the daemon's, as --flag=--push.threshold=35")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tt-proto-") as folder:
        suite.compile_protos(folder)
        import achievement_pb2 as achievement, commands, envelope_pb2 as envelope
        from google.protobuf import json_format
        world = suite.World(options.build)
        try:
            run(world, options)
        finally:
            world.close()


if __name__ == "__main__":
    main()
