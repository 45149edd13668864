#!/usr/bin/env python3
"""Puts watches and observations, JSON Lines, one command each, and prints one line of JSON with the counts as an import does.

usage: put.py watches|observations TTCTL FILE
"""
import gzip
import json
import subprocess
import sys

WATCH_FIELDS = {"id", "owner", "query", "label", "severity"}


def watch_arguments(record):
    unknown = set(record) - WATCH_FIELDS
    if unknown:
        raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
    options = [f"--{name}={record[name]}" for name in ("label", "severity") if record.get(name)]
    return ["watch", "put", f"--owner={record['owner']}", f"--id={record['id']}", f"--query={record['query']}", *options]


def observation_arguments(record):
    return ["observation", "put", *(f"--{name}={value}" for name, value in record.items())]


ARGUMENTS = {"watches": watch_arguments, "observations": observation_arguments}


def put(ttctl, arguments, line):
    """None, or why it was refused."""
    try:
        command = arguments(json.loads(line))
    except KeyError as missing:
        return f"field missing: {missing}"
    except (ValueError, TypeError, AttributeError) as wrong:
        return f"not a record: {wrong}"
    done = subprocess.run([ttctl, *command, "--json"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        sys.exit(done.stderr.strip())
    return None if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")


def main():
    kind, ttctl, path = sys.argv[1:]
    counts = {"file": path, "kind": kind, "read": 0, "accepted": 0, "rejected": 0}
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            reason = put(ttctl, ARGUMENTS[kind], line)
            counts["read"] += 1
            counts["rejected" if reason else "accepted"] += 1
            if reason:
                print(f"{path}:{number}: {reason}", file=sys.stderr)
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
