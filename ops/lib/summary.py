#!/usr/bin/env python3
"""The summary of a quickstart: what was read, what came of it, one alert in full, the indicators.

usage: summary.py TTCTL RESULTS_DIRECTORY WATCH_FILE...
"""
import gzip
import json
import pathlib
import subprocess
import sys


def call(ttctl, *arguments):
    done = subprocess.run([ttctl, *arguments, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"ttctl {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def owners_of(paths):
    """Who is named as owner in files of JSON Lines."""
    owners = {}
    for path in paths:
        opener = gzip.open if path.endswith(".gz") else open
        with opener(path, "rt", encoding="utf-8-sig") as lines:
            for line in lines:
                try:
                    owners[json.loads(line)["owner"]] = True
                except (ValueError, KeyError, TypeError):
                    continue  # such a record was refused, or its owner comes from a map
    return list(owners)


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}")


def show_files(results):
    heading("What was read")
    print(f"{'KIND':14}{'READ':>9}{'ACCEPTED':>10}{'UNCHANGED':>11}{'REJECTED':>10}  FILE")
    total = [0, 0, 0, 0]
    for path in sorted(results.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            values = [row.get(name, 0) for name in ("read", "accepted", "unchanged", "rejected")]
            total = [a + b for a, b in zip(total, values)]
            print(f"{path.stem:14}{values[0]:9,}{values[1]:10,}{values[2]:11,}{values[3]:10,}  {pathlib.Path(row['file']).name}")
    print(f"{'in all':14}{total[0]:9,}{total[1]:10,}{total[2]:11,}{total[3]:10,}")
    if total[1] + total[3] != total[0]:
        sys.exit("read is not accepted + rejected: records were lost")


def show_alert(alert):
    print(f"  document   {alert['documentId']}  {alert.get('publicationDate', '')}  family {alert.get('familyId', '')}")
    print(f"  title      {alert.get('title', '')}")
    print(f"  for        {alert['owner']}, number {alert['number']} of its inbox; {alert['trigger'].lower()}, {alert['severity'].lower()}")
    for match in alert.get("matches", []):
        print(f"  watch      {match['watchId']}  {match.get('label', '')}")
        for term in match.get("terms", []):
            place = f"{term['field']}[{term.get('ordinal', 0)}] bytes {term.get('offset', 0)}-{term.get('offset', 0) + term['length']}"
            print(f"    found    {term['text']}  in {place}")


def show_alerts(ttctl, owners):
    heading("Alerts")
    best, total = None, 0
    for owner in owners:
        reply = call(ttctl, "alerts", "list", owner, "--limit=200")
        head = int(reply.get("head", 0))
        total += head
        if head:
            print(f"  {owner:24}{head:8,}")
        for alert in reply.get("alerts", []):
            terms = {(t["field"], t["text"].lower()) for m in alert.get("matches", []) for t in m.get("terms", [])}
            if best is None or len(terms) > best[0]:
                best = (len(terms), alert)
    print(f"  {'in all':24}{total:8,}")
    if best:
        print("\nOne of them in full:")
        show_alert(best[1])


def show_pushes(ttctl):
    """One push of each of a few owners, as they stand in the journal."""
    heading("Pushes of achievements to those who asked (a few)")
    done = subprocess.run([ttctl, "events", "achievement/push/", "--from", "1", "--replay-only", "--json"], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"ttctl events achievement/push/: {done.stderr.strip()}")
    by_owner = {}
    for line in done.stdout.splitlines():
        push = json.loads(line)["body"]["push"]
        by_owner.setdefault(push["owner"], push)
    for owner, push in list(by_owner.items())[:6]:
        print(f"  {owner}/{push['demandId']}: {push.get('achievementTitle', '')}\n      {push.get('reason', '')}")
    if not by_owner:
        print("  none")


def show_counts(ttctl):
    heading("What statisticsd counted")
    for row in call(ttctl, "counts").get("counts", []):
        if row.get("district") or row.get("special"):
            continue
        value = int(row.get("value", 0))
        money = "_fen" in row["name"]
        print(f"  {row['name'].replace('_fen', ''):28}{value / 100 if money else value:>20,.0f}{' yuan' if money else ''}")


def show_indicators(ttctl):
    heading("The 11 indicators against their targets")
    sys.stdout.flush()
    if subprocess.run([ttctl, "indicators"], check=False).returncode != 0:
        sys.exit("ttctl indicators failed")


def main():
    ttctl, results, *watch_files = sys.argv[1:]
    show_files(pathlib.Path(results))
    show_alerts(ttctl, owners_of(watch_files))
    show_pushes(ttctl)
    show_counts(ttctl)
    show_indicators(ttctl)


if __name__ == "__main__":
    main()
