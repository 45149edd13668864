#!/usr/bin/env python3
"""Rounds as files, with ttctl alone: computed from the sample market, checked, computed again to the byte, and tampered with.

usage: round_files.py TTCTL"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

DATA = pathlib.Path(__file__).parent.parent / "data"


def run(*arguments, code=0):
    done = subprocess.run([sys.argv[1], *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{arguments}: {done.returncode}, not {code}: {done.stderr}"
    return done


def records(name):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def snapshot(shuffle):
    lists = {"providers": records("providers.jsonl"), "products": records("products.jsonl"), "applications": records("applications.jsonl")}
    guiding = [p["providerId"] for p in lists["providers"] if p["kind"] == "GUIDING_FUND"]
    lists["caps"] = [{"market": "ningbo", "capId": "guiding-each", "perApplicant": True, "limitFen": "500000000", "providers": guiding}]
    for records_of_kind in lists.values():
        shuffle(records_of_kind)
    return {"format": "techtransfer-snapshot-1", "market": "ningbo", **lists}


def refused(path, certificate, expected):
    path.write_text(json.dumps(certificate), encoding="utf-8")
    said = run("finance", "verify", path, code=1).stderr
    assert expected in said, f"\"{expected}\" is not in: {said}"


def tampered(folder, certificate):
    """Each allocation taken out in turn leaves two that would rather have each other, or a leg below its minimum, or a lie about what is missing."""
    path = folder / "tampered.json"
    blocking = 0
    for i in range(0, len(certificate["allocations"]), 7):
        changed = json.loads(json.dumps(certificate))
        del changed["allocations"][i]
        path.write_text(json.dumps(changed), encoding="utf-8")
        blocking += "would both rather have more of each other" in run("finance", "verify", path, code=1).stderr
    assert blocking > 10, blocking
    changed = json.loads(json.dumps(certificate))
    changed["snapshot"]["applications"][0]["score"] = 999
    refused(path, changed, "the snapshot's hash is")
    refused(path, {**certificate, "format": "another"}, "the format is")
    refused(path, {**certificate, "surprise": 1}, "no such field")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        source, first = folder / "snapshot.json", folder / "first.pb"
        source.write_text(json.dumps(snapshot(lambda list_of: None)), encoding="utf-8")
        shown = json.loads(run("finance", "round", "--input", source, "--certificate", first, "--id", "r", "--at", 7, "--json").stdout)
        checked = json.loads(run("finance", "verify", first, "--json").stdout)
        assert checked["valid"] and str(checked["allocatedFen"]) == shown["allocatedFen"], (checked, shown["allocatedFen"])
        assert checked["allocatedFen"] <= checked["boundFen"] <= checked["wantedFen"], checked
        for seed in range(3):
            source.write_text(json.dumps(snapshot(random.Random(seed).shuffle)), encoding="utf-8")
            again = folder / "again.pb"
            run("finance", "round", "--input", source, "--certificate", again, "--id", "r", "--at", 7)
            assert again.read_bytes() == first.read_bytes(), f"another order of the input ({seed}) gives other bytes"
        as_json = folder / "round.json"
        run("finance", "round", "--input", first, "--certificate", as_json, "--id", "r", "--at", 7)
        assert "price of stability" in run("finance", "verify", as_json).stdout
        tampered(folder, json.loads(as_json.read_text(encoding="utf-8")))
        source.write_text('{"format": "techtransfer-snapshot-1", "products": [{"providerId": "a"}]}', encoding="utf-8")
        assert "out of range" in run("finance", "round", "--input", source, "--certificate", folder / "x.pb", code=1).stderr
        run("finance", "verify", folder / "none.pb", code=1)
    print("rounds as files: computed, checked, the same from any order, tampering found")


if __name__ == "__main__":
    main()
