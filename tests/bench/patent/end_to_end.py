#!/usr/bin/python3
"""Documents a second through patent-alertd, and the time from an accepted document (its reply) to the alert at a subscriber: real US titles and abstracts of
TT_REAL_DATA against watches made of words of the same documents. Prints figures; no pass or fail. One Redis, one client, all on this machine.

  end_to_end.py BUILD [--watches N] [--documents N] [--rate N] [--replicas N] [--broad]

The speed is that of a run in which the client submits as fast as it is answered, until the last alert has come; the times are of a run at
`rate` documents a second, one document in a command, of which each stands alone."""
import argparse
import gzip
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import suite

OWNERS = 2000
SERVICE = "techtransfer.patent.v1.PatentAlert/"
WINDOW = 64


def corpus(count):
    path = os.path.join(os.environ.get("TT_REAL_DATA", os.path.join(ROOT, "..", "shared", "data")), "patents", "us_grants_2018_title_abstract.jsonl.gz")
    if not os.path.exists(path):
        sys.exit(f"cannot read {path}: set TT_REAL_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for _, line in zip(range(count), file)]


def text_of(record, name):
    return record.get(name) or ""


def words_of(text):
    return sorted(set(re.findall(r"[a-z]{5,}", text.lower())))


def queries(records, count, chance, broad):
    """Three words of a title, or five of an abstract; broad: two, or three, of which ten times as many match a document."""
    title_words, abstract_words = (2, 3) if broad else (3, 5)
    made = []
    while len(made) < count:
        record = chance.choice(records)
        title, abstract = words_of(text_of(record, "ti")), words_of(text_of(record, "ab"))
        if chance.random() < 0.5 and len(title) >= title_words:
            made.append(" and ".join(f"ti={w}" for w in chance.sample(title, title_words)))
        elif len(abstract) >= abstract_words:
            made.append(" and ".join(f"ta={w}" for w in chance.sample(abstract, abstract_words)))
    return made


class Peer:
    """One DEALER with a window of commands under way."""

    def __init__(self, endpoint):
        self.socket = commands.socket(endpoint)
        self.under_way, self.answered = {}, {}

    def send(self, method, body, name=None):
        request_id = commands.uuid7()
        self.under_way[request_id] = name
        self.socket.send_multipart([commands.header(SERVICE + method, request_id), body])

    def receive(self, seconds=60):
        """One answer is taken."""
        assert self.socket.poll(int(seconds * 1000)), "no answer"
        self.take()

    def take(self):
        frames = self.socket.recv_multipart()
        head = envelope.ReplyHeader.FromString(frames[0])
        assert head.code == 0, head
        self.answered[self.under_way.pop(head.request_id)] = time.monotonic()

    def call_all(self, method, bodies, window=WINDOW):
        for n, body in enumerate(bodies):
            self.send(method, body, n)
            while len(self.under_way) >= window:
                self.receive()
        while self.under_way:
            self.receive()


class Alerts:
    """A subscriber: when the first and the last alert of each document came."""

    def __init__(self, endpoint):
        self.socket = commands.CONTEXT.socket(zmq.SUB)
        self.socket.linger, self.socket.rcvhwm = 0, 0
        self.socket.subscribe(b"patent/alert/")
        self.socket.connect(endpoint)
        self.first, self.count, self.late = {}, 0, 0

    def take(self, milliseconds):
        """What has come by now; waits at most so long for the first."""
        while self.socket.poll(milliseconds):
            now, frames = time.monotonic(), self.socket.recv_multipart()
            milliseconds = 0
            if frames[1] == b"":  # a heartbeat
                continue
            document = patent.AlertRaised.FromString(frames[2]).alert.document_id
            self.first.setdefault(document, now)
            self.count, self.late = self.count + 1, now


def document(record, number):
    one = patent.PatentDocument(publication=patent.DocumentReference(country="US", number=str(number), kind="A1", date="2018-06-19"))
    one.titles.add(language="en", text=text_of(record, "ti")[:2000] or "untitled")
    if abstract := text_of(record, "ab"):
        one.abstracts.add(language="en", text=abstract)
    return one


def settle(daemon, documents, alerts):
    """Until the daemon has matched so many documents and raised no further alert since."""
    while daemon.metric("patent_documents_matched_total") < documents:
        alerts.take(20)
    while alerts.count < daemon.metric('patent_alerts_total{effect="raised"}'):
        alerts.take(20)


def speed(daemon, peer, alerts, records, first):
    began, done = time.monotonic(), daemon.metric("patent_documents_matched_total")
    before = alerts.count
    batches = [patent.SubmitPatentsRequest(documents=[document(r, first + k + i) for i, r in enumerate(records[k:k + 32])]).SerializeToString()
               for k in range(0, len(records), 32)]
    for n, body in enumerate(batches):
        peer.send("SubmitPatents", body, f"s{n}")
        alerts.take(0)
        while len(peer.under_way) >= 8:
            peer.receive()
    while peer.under_way:
        peer.receive()
        alerts.take(0)
    settle(daemon, done + len(records), alerts)
    seconds = max(alerts.late, max(peer.answered.values())) - began
    return len(records) / seconds, (alerts.count - before) / len(records)


def latencies(daemon, peer, alerts, records, first, rate):
    """Seconds from the reply to the first alert of each document that has one. The client polls both sockets, so neither waits for the other."""
    poller, names, done = zmq.Poller(), {}, daemon.metric("patent_documents_matched_total")
    poller.register(peer.socket, zmq.POLLIN)
    poller.register(alerts.socket, zmq.POLLIN)
    began = time.monotonic()
    for n, record in enumerate(records):
        name = f"US.{first + n}.A1"
        names[name] = name
        peer.send("SubmitPatents", patent.SubmitPatentsRequest(documents=[document(record, first + n)]).SerializeToString(), name)
        while (left := began + (n + 1) / rate - time.monotonic()) > 0:
            for socket, _ in poller.poll(left * 1000):
                peer.take() if socket is peer.socket else alerts.take(0)
    while peer.under_way:
        peer.receive()
    settle(daemon, done + len(records), alerts)
    return sorted(max(0.0, alerts.first[name] - peer.answered[name]) for name in names if name in alerts.first)


def run(world, options):
    world.with_redis()
    program = os.path.join(options.build, "services", "patent_alert", "patent-alertd")
    daemon = world.own(suite.Daemon(program, world.folder, world.redis, "patent", ["--alerts.most-per-day", "0", "--log.level", "warning"])).start()
    for n in range(1, options.replicas):
        world.own(suite.Daemon(program, world.folder, world.redis, f"patent-{n}", ["--alerts.most-per-day", "0", "--log.level", "warning"])).start()
    records, chance = corpus(4000), random.Random(7)
    peer, alerts = Peer(daemon.endpoints["commands"]), Alerts(daemon.endpoints["events"])
    began = time.monotonic()
    peer.call_all("PutWatch", (patent.PutWatchRequest(watch=patent.Watch(owner=f"o{n % OWNERS}", watch_id=f"w{n}", query=q)).SerializeToString()
                               for n, q in enumerate(queries(records, options.watches, chance, options.broad))))
    print(f"figure patent.watches_put_per_s {options.watches / (time.monotonic() - began):.0f} watches/s", flush=True)
    while daemon.metric("patent_watches ") < options.watches:
        alerts.take(50)
    peer.answered.clear()
    rate, each = speed(daemon, peer, alerts, [chance.choice(records) for _ in range(options.documents)], 10_000_000)
    print(f"figure patent.end_to_end_docs_per_s {rate:.0f} documents/s\nfigure patent.alerts_per_document {each:.2f} alerts", flush=True)
    times = latencies(daemon, peer, alerts, [chance.choice(records) for _ in range(options.rate * 10)], 20_000_000, options.rate)
    for percent in (50, 99):
        print(f"figure patent.alert_p{percent}_ms {1000 * times[min(len(times) - 1, len(times) * percent // 100)]:.2f} ms")


def main():
    global commands, envelope, patent, zmq
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--watches", type=int, default=100000)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--rate", type=int, default=50, help="documents a second while times are taken")
    parser.add_argument("--broad", action="store_true", help="watches that take ten times as many documents")
    parser.add_argument("--replicas", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tt-proto-") as folder:
        suite.compile_protos(folder)
        import commands, envelope_pb2 as envelope, patent_pb2 as patent, zmq
        world = suite.World(options.build)
        try:
            run(world, options)
        finally:
            world.close()


if __name__ == "__main__":
    main()
