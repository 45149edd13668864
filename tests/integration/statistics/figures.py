"""Reported figures through ttctl against a real statisticsd: import of the published series of the city (TT_REAL_DATA), vintages,
export and import again in both forms, targets beside what the suite counts, events, and the page's data."""
import argparse
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

from run import ANY, STREAMS, Failure, Run, get, until

NATIVE = '''indicator,period,district,value,numerator,denominator,status,department,source,unit
rd_gdp_share,2015,,2.4,,,E,STB,"bulletin, first ""edition""",%
rd_gdp_share,2015,,2.41,,,A,STB,yearbook,percent
rd_gdp_share,2016,,,265.64,10745.46,A,STB,yearbook,
rd_gdp_share,2017,,102,,,A,STB,over the limit,
rd_gdp_share,2017,,2.5,,,A,EIC,another department,
rd_gdp_share,2017,,2.5,,,A,STB,another unit,\u2030
hightech_firms_cum,2016,yinzhou,311,,,A,STB,table 4,
hightech_firms_cum,2016-13,,1739,,,A,STB,no such month,
T14.1,2016,,1739,,,A,STB,is an indicator,
T20.1,2018,,900,,,A,STB,report,\u9879
T20.1,2019,,900.5,,,A,STB,half an achievement,
T16.1,2018,,,,,M,TAL,not collected,
'''
REFUSED = {"over the limit": "value", "another department": "department", "another unit": "unit", "no such month": "period",
           "is an indicator": "indicator", "half an achievement": "value"}


class Client:
    def __init__(self, program, where, folder):
        self.program, self.folder = program, folder
        self.env = dict(os.environ, TT_STATISTICS_ENDPOINTS=where["commands"], TT_STATISTICS_EVENTS=where["events"],
                        TT_STATISTICS_REPLAY=where["replay"])

    def run(self, *args, code=0):
        done = subprocess.run([self.program, *args], capture_output=True, env=self.env, cwd=self.folder, check=False)
        if done.returncode != code:
            raise Failure("ttctl %s: %d, not %d\n%s" % (" ".join(args), done.returncode, code, done.stderr.decode()))
        return done.stdout.decode()

    def json(self, *args):
        return json.loads(self.run(*args, "--json"))

    def add(self, path, code, *more):
        name = os.path.basename(path) + ".rejects"
        counts = json.loads(self.run("statistics", "import", path, "--rejects", name, "--json", *more, code=code))
        rejects = []
        if counts["rejected"]:
            with open(os.path.join(self.folder, name), encoding="utf-8") as file:
                rejects = [json.loads(line) for line in file]
        return counts, rejects


def expect(what, got, wanted):
    if got != wanted:
        raise Failure("%s: %r, expected %r" % (what, got, wanted))


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(content)
    return path


def check_import(client):
    counts, rejects = client.add(write(client.folder, "native.csv", NATIVE), 4)
    expect("read, accepted", (counts["read"], counts["accepted"]), (12, 6))
    lines = NATIVE.splitlines()
    expect("rejects", len(rejects), len(REFUSED))
    for reject in rejects:
        line = lines[reject["line"] - 1]  # the place is that of the file
        wanted = next(field for source, field in REFUSED.items() if source in line)
        if wanted not in reject["reason"]:
            raise Failure("line %d: %s does not name %s" % (reject["line"], reject["reason"], wanted))
    revisions = client.json("observation", "list", "rd_gdp_share", "--all")["observations"]
    expect("both figures of 2015", [(o["period"], o["value"], o["revision"]) for o in revisions],
           [("2015", "2.4", "1"), ("2015", "2.41", "2"), ("2016", "2.472114", "1")])
    # Both came in one batch, perhaps within a millisecond: each must still be had again.
    first = next(int(o["reportedUnixMs"]) for o in revisions if o["value"] == "2.4")
    listed = client.json("observation", "list", "rd_gdp_share", "--as-of", iso(first))["observations"]
    expect("as of the first of the two", [o["value"] for o in listed if o["period"] == "2015"], ["2.4"])


def check_round_trip(client, other):
    for form in ("csv", "sdmx"):
        for scope in ((), ("--all",)):
            first, again = "first." + form, "again." + form
            client.run("statistics", "export", "--format", form, "--out", first, *scope)
            path = os.path.join(client.folder, first)
            if not scope:  # the same figures again are no revision
                before = client.run("statistics", "export", "--all")
                counts, _ = client.add(path, 0)
                expect("unchanged", counts["unchanged"], counts["read"])
                expect("revisions after the same again", client.run("statistics", "export", "--all"), before)
            target = other()  # an empty service comes to hold the same
            target.add(path, 0)
            target.run("statistics", "export", "--format", form, "--out", again, *scope)
            with open(path, "rb") as one, open(os.path.join(target.folder, again), "rb") as two:
                expect("the export of what was imported (%s %s)" % (form, scope), two.read(), one.read())


def iso(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + ".%03dZ" % (ms % 1000)


def check_vintages(client):
    """Every figure that was ever accepted is had again at its own time, and what lay between two of them is told."""
    times = []
    for value in ("5", "6", "7"):
        client.run("observation", "put", "T22.1", "2016", value, "--department", "STB", "--source", "s")
    client.run("observation", "put", "T22.1", "2017", "--status", "M", "--department", "STB", "--source", "s")
    for o in client.json("observation", "list", "T22.1", "--all")["observations"]:
        times.append((int(o["reportedUnixMs"]), o["period"], o.get("value", "")))
    expect("no two at one time", len({ms for ms, period, _ in times if period == "2016"}), 3)
    for ms, period, value in times:
        listed = client.json("observation", "list", "T22.1", "--as-of", iso(ms))["observations"]
        expect("as of revision", [o.get("value", "") for o in listed if o["period"] == period], [value])
        target = client.json("targets", "T22.1", "--as-of", iso(ms))["targets"][0]
        expect("the target as of it", target["value"], next(v for m, p, v in reversed(times) if p == "2016" and m <= ms))
        expect("nothing before", client.json("observation", "list", "T22.1", "--as-of", iso(times[0][0] - 1)).get("observations", []), [])
    def changes(before):
        return client.json("observation", "compare", "T22.1", "--before", iso(before)).get("changes", [])

    expect("changes since the first", [(c["kind"], c["after"]["period"]) for c in changes(times[0][0])], [("REVISED", "2016"), ("ADDED", "2017")])
    expect("since before it", [c["kind"] for c in changes(1)],
           ["ADDED", "ADDED"])
    client.run("observation", "put", "T22.1", "2016", "--status", "O", "--department", "STB", "--source", "s")
    expect("removed", [c["kind"] for c in changes(times[-1][0])],
           ["REMOVED"])


def still(client, where):
    streams = json.loads(get(where, "/api/positions") or b'{"streams": []}')["streams"]
    before = client.run("counts")
    return "achievements_pushed" in before and all(s["live"] for s in streams) and all(client.run("counts") == before for _ in range(10))


def check_targets(client, where):
    targets = {t["id"]: t for t in client.json("targets")["targets"]}
    expect("targets", len(targets), 34)
    pushed = {c["name"]: c["value"] for c in client.json("counts", "achievements_pushed")["counts"] if not c.get("district") and not c.get("special")}
    expect("derived of T20.1", targets["T20.1"]["derived"], pushed["achievements_pushed"])
    expect("difference of T20.1", int(targets["T20.1"]["difference"]), 900 - int(pushed["achievements_pushed"]))
    expect("progress of T20.1", targets["T20.1"]["progress"], "30")
    expect("T08.1 is not reported", (targets["T08.1"].get("status"), targets["T08.1"].get("value", "")), ("NOT_REPORTED", ""))
    expect("T16.1 is missing, not zero", (targets["T16.1"].get("status"), targets["T16.1"].get("value", "")), ("NOT_REPORTED", ""))
    expect("T14.1 is its indicator", targets["T14.1"]["indicator"], "hightech_firms_cum")
    shown = until("the page has them", lambda: [t for t in json.loads(get(where, "/api/targets") or b"{}").get("targets", []) if t["id"] == "T20.1" and t["value"] == "900"])
    expect("the page's status", shown[0]["status"], targets["T20.1"]["status"])
    until("the page has the revisions", lambda: [o["value"] for o in json.loads(get(where, "/api/series") or b"{}").get("observations", [])
                                                 if (o["indicator"], o["period"]) == ("rd_gdp_share", "2015")] == ["2.4", "2.41"])
    told = client.run("events", "statistics/target/T20.1/", "--from", "1", "--replay-only", "--json")
    if "TargetChanged" not in told or "NOT_REPORTED" not in told:
        raise Failure("no change of T20.1 was told: %s" % told)


def check_real(client, folder):
    """What the published series gives: a conflict is two vintages, what is no figure of the 11 and the 34 is refused."""
    path = os.path.join(folder, "stats", "ningbo_sti_series.csv")
    if not os.path.exists(path):
        print("skipped: no %s (TT_REAL_DATA)" % path)
        return
    counts, rejects = client.add(path, 4)
    expect("read, accepted, rejected", (counts["read"], counts["accepted"], counts["rejected"]), (65, 17, 48))
    with open(path, encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for reject in rejects:
        if not re.search('no entry for "', reject["reason"]) or json.loads(reject["text"])["indicator"] != rows[reject["line"] - 1][2]:
            raise Failure("reject without reason or place: %s" % reject)
    expect("the two of 2015", [(o["value"], o["status"]) for o in client.json("observation", "list", "rd_gdp_share", "--all")["observations"]
                               if o["period"] == "2015"], [("2.4", "E"), ("2.41", "A")])
    shown = {i["id"]: (i.get("value", ""), i.get("period", ""), i["status"]) for i in client.json("indicators")["indicators"]}
    expect("the 11", shown, {
        1: ("2.85", "2020", "LIMITED"), 2: ("7.35", "2014", "ON_TRACK"), 3: ("34.7", "2014", "NO_BASELINE"), 4: ("", "", "NOT_REPORTED"),
        5: ("23", "2016", "ON_TRACK"), 6: ("", "", "NOT_REPORTED"), 7: ("1739", "2016", "NO_BASELINE"), 8: ("10548", "2017", "NO_BASELINE"),
        9: ("", "", "NOT_REPORTED"), 10: ("81.8", "2017", "NO_BASELINE"), 11: ("", "", "NOT_REPORTED")})


def main():
    parser = argparse.ArgumentParser()
    for name in ("statisticsd", "source", "ttctl", "data"):
        parser.add_argument("--" + name, required=True)
    programs = parser.parse_args()
    runs, good = [], False

    def begin(sources=None):
        run = Run(programs)
        runs.append(run)
        run.redis()
        if sources is None:
            sources = {s: run.source(s, ANY, events=300) for s in STREAMS}
        where = run.statistics("one", sources)
        return run, where, sources, Client(programs.ttctl, where, run.dir)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        _, where, sources, client = begin()
        check_import(client)
        until("all is counted and still", lambda: still(client, where))
        check_targets(client, where)
        check_round_trip(client, lambda: begin(sources)[3])
        check_vintages(client)
        check_real(begin(sources)[3], os.environ.get("TT_REAL_DATA", programs.data))
        good = True
    except (Failure, subprocess.SubprocessError, KeyError) as error:
        print("FAILED: %r\nlogs: %s" % (error, [r.dir for r in runs]), file=sys.stderr)
    finally:
        for run in runs:
            run.close(keep=not good)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
