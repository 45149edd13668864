#!/usr/bin/env python3
"""Makes a larger load of patents out of the samples, and says what alerts must follow from it.

usage: copies.py make PATENTS.jsonl TIMES >LOAD.jsonl     each patent TIMES times, each copy a publication and a family of its own
       copies.py expect WATCHES.jsonl <MATCHES            owner and number of alerts, from the output of ttctl match --json on the load
"""
import collections
import json
import re
import sys


def make(path, times):
    with open(path, encoding="utf-8") as lines:
        patents = [json.loads(line) for line in lines if line.strip()]
    for copy in range(times):
        for number, patent in enumerate(patents):
            serial = copy * len(patents) + number
            country, kind = re.fullmatch(r"([A-Z]{2}).*?([A-Z]\d?)", patent["pn"]).groups()
            print(json.dumps({**patent, "pn": f"{country}77{serial:07}{kind}", "family": f"77{serial:07}"}, ensure_ascii=False))


def expect(watches_path):
    """An owner gets one alert for a document, however many of the owner's watches it hits."""
    with open(watches_path, encoding="utf-8") as lines:
        owner_of = {w["id"]: w["owner"] for w in map(json.loads, lines)}
    alerts = collections.Counter()
    for line in sys.stdin:
        alerts.update({owner_of[watch] for watch in json.loads(line)["watches"]})
    for owner in sorted(set(owner_of.values())):
        print(owner, alerts[owner])


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "make":
        make(sys.argv[2], int(sys.argv[3]))
    elif len(sys.argv) == 3 and sys.argv[1] == "expect":
        expect(sys.argv[2])
    else:
        sys.exit(__doc__)
