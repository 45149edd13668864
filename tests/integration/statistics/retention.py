"""statisticsd as a durable consumer of its sources: what it has counted is trimmed there, what it has not is kept, what the cap took is told.

Its position is its own; the sources only learn of it, so that after any restart it goes on where it was."""
import argparse
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from run import ANY, STREAMS, Failure, Run, check_losses, consumed, get, ports_of, positions, until

EVENTS = 1500
QUICK = ["--journal.keep=0", "--journal.trim-every=100ms"]


def metric(where, line):
    body = get(where, "/metrics")
    return sum(float(text.rsplit(" ", 1)[1]) for text in body.decode().splitlines() if text.startswith(line)) if body else 0


def source(run, stream, events, seed, ports=ANY, extra=()):
    return run.daemon("source-" + stream, run.programs.source, ports, [*QUICK, *extra],
                      env={"SOURCE_STREAM": stream, "SOURCE_SEED": str(seed), "SOURCE_EVENTS": str(events)})


def lag(sources):
    return sum(metric(where, 'journal_consumer_lag_events{consumer="statisticsd"}') for where in sources.values())


def registered(sources):
    return all(b'journal_consumer_lag_events{consumer="statisticsd"}' in (get(where, "/metrics") or b"") for where in sources.values())


def redis(run, *words):
    return subprocess.run(["redis-cli", "-s", run.socket, *words], capture_output=True, check=True).stdout.decode().strip()


def head(run, stream, partition):
    return int(redis(run, "hget", "tt:{%s.%d}:meta" % (stream, partition), "events") or 0)


def total(run, stream):
    return sum(head(run, stream, p) for p in range(8))


def told(where, stream):
    return next(s for s in json.loads(get(where, "/api/positions"))["streams"] if s["stream"] == stream)


def restarts_where_it_was(run):
    """Counted, trimmed, killed; more comes meanwhile and is kept, although it would be old enough to go; then it is counted without a hole."""
    sources = {s: source(run, s, EVENTS, 7 + n) for n, s in enumerate(STREAMS)}
    where = run.statistics("one", sources)
    until("all is counted", lambda: consumed(where) >= 3 * EVENTS)
    until("all is acknowledged", lambda: registered(sources) and lag(sources) == 0)
    until("what was counted is trimmed", lambda: all(metric(w, "journal_trimmed_events_total") > EVENTS / 2 for w in sources.values()))
    run.kill("one")
    before = {s: total(run, s) for s in STREAMS}
    for n, s in enumerate(STREAMS):
        run.kill("source-" + s)
        sources[s] = source(run, s, EVENTS, 70 + n, ports_of(sources[s]))
    until("more is committed", lambda: all(total(run, s) >= before[s] + EVENTS for s in STREAMS))
    rounds = {s: metric(sources[s], "janitor_rounds_total") for s in STREAMS}
    until("the janitors look again", lambda: all(metric(sources[s], "janitor_rounds_total") > rounds[s] + 2 for s in STREAMS))
    where = run.statistics("one", sources)
    heads = {s: [head(run, s, p) for p in range(8)] for s in STREAMS}
    until("the rest is counted", lambda: positions(where) == heads)
    check_losses(where, "one")
    if any(metric(w, "journal_capped_events_total") for w in sources.values()):
        raise Failure("something was taken from a consumer")
    print("counted %d events, trimmed behind it, restarted, no hole" % sum(map(sum, heads.values())))
    return sources


def the_cap_passes_it(run, sources):
    """It stands still while the cap passes it: both sides say the same number."""
    run.kill("one", signal.SIGTERM)
    run.kill("source-patent")
    before = total(run, "patent")
    sources["patent"] = source(run, "patent", 4 * EVENTS, 700, ports_of(sources["patent"]), ["--journal.cap=100"])
    until("more is committed", lambda: total(run, "patent") >= before + 4 * EVENTS)
    until("the cap has passed", lambda: metric(sources["patent"], 'journal_consumer_lost_events_total{consumer="statisticsd"}') > EVENTS)
    rounds = metric(sources["patent"], "janitor_rounds_total")
    until("the janitor looks again", lambda: metric(sources["patent"], "janitor_rounds_total") > rounds + 2)
    lost = metric(sources["patent"], 'journal_consumer_lost_events_total{consumer="statisticsd"}')
    where = run.statistics("one", sources)
    heads = [head(run, "patent", p) for p in range(8)]
    until("what is left is counted", lambda: (positions(where) or {}).get("patent") == heads)
    seen = told(where, "patent")
    if seen["lost"] != lost or seen["losses"] < 1 or not re.search("earliest|kept", seen["lastLoss"]):
        raise Failure("the source lost %d, statisticsd says %s" % (lost, seen))
    marked = sum(p["doubtfulLast"] - p["doubtfulFirst"] + 1 for p in seen["positions"] if p["doubtfulFirst"])
    if marked != lost:
        raise Failure("%d sequences are marked as missing in the counts" % marked)
    if metric(where, 'consumer_lost_events_total{stream="patent"}') != lost:
        raise Failure("the metric says another number")
    print("the cap took %d events, both sides say so: %s" % (lost, seen["lastLoss"]))


def main():
    parser = argparse.ArgumentParser()
    for name in ("statisticsd", "source"):
        parser.add_argument("--" + name, required=True)
    run = Run(parser.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the finally below ends what was started
    good = False
    try:
        run.redis()
        the_cap_passes_it(run, restarts_where_it_was(run))
        good = True
    except (Failure, subprocess.SubprocessError, KeyError) as error:
        print("FAILED: %s\nlogs: %s" % (error, run.dir), file=sys.stderr)
    finally:
        run.close(keep=not good)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
