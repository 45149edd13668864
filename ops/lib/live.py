#!/usr/bin/env python3
"""The events of all four streams as they happen, one short line each, a few a second; of the others only the number is said.

usage: live.py RATE TTCTL        (where the daemons are, ttctl reads from its environment)
"""
import json
import signal
import subprocess
import sys
import threading
import time

STREAMS = ("patent", "achievement", "finance", "statistics")
NAMES = ("title", "achievementTitle", "name", "label", "indicator", "roundId", "reason")


def text_of(event):
    """What a person wants to know of an event: the name of the thing, and the amount if there is one."""
    body = event.get("body") or {}
    thing = next((v for v in body.values() if isinstance(v, dict)), body)
    title = next((str(thing[k]) for k in NAMES if thing.get(k)), "")
    if not title and thing.get("titles"):
        title = thing["titles"][0].get("text", "")
    if thing.get("amountFen"):
        title = f"{thing.get('leg', '')} {int(thing['amountFen']) / 100:,.0f} yuan {title}".strip()
    return title


class Display:
    """Prints at most `rate` lines a second; thread-safe."""

    def __init__(self, rate):
        self.rate, self.lock = rate, threading.Lock()
        self.second, self.shown, self.hidden, self.last = 0, 0, 0, None

    def flush_hidden(self):
        if self.hidden:
            print(f"  live | ... and {self.hidden} more", flush=True)
        self.hidden = 0

    def show(self, event):
        with self.lock:
            what = (event["type"], event["subject"])
            if what == self.last:
                return  # the same thing, told to another party
            self.last = what
            now = int(time.monotonic())
            if now != self.second:
                self.flush_hidden()
                self.second, self.shown = now, 0
            if self.shown >= self.rate:
                self.hidden += 1
                return
            self.shown += 1
            kind = event["type"].rsplit(".", 1)[-1]
            text = f"{kind:22} {event['subject'][:36]:36} {text_of(event)[:60]}".rstrip()
            print(f"  live | {event['time'][11:19]} {text}", flush=True)

    def tick(self):
        with self.lock:
            if int(time.monotonic()) != self.second:
                self.flush_hidden()


def follow(process, display):
    for line in process.stdout:
        display.show(json.loads(line))


def main():
    rate, ttctl = int(sys.argv[1]), sys.argv[2]
    display = Display(rate)
    children = [subprocess.Popen([ttctl, "events", "--stream", s, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                for s in STREAMS]
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    for child in children:
        threading.Thread(target=follow, args=(child, display), daemon=True).start()
    while not done.wait(1):
        display.tick()
    for child in children:
        child.terminate()
    for child in children:
        child.wait()


if __name__ == "__main__":
    main()
