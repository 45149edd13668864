"""What the tests of patent-alertd in Python share: two replicas, calls that go to whichever lives, and everything there is to see of it from outside:
the inbox, and the journal of events."""
import datetime
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import suite

suite.PATIENCE = max(suite.PATIENCE, 120)  # daemons are killed and started while other tests have the machine
SERVICE = "techtransfer.patent.v1.PatentAlert/"
PROGRAM = "services/patent_alert/patent-alertd"


def modules():
    import commands
    import envelope_pb2
    import patent_pb2
    return commands, envelope_pb2, patent_pb2


def day(offset=0):
    """ISO date of today in UTC+8, and so many days on."""
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
    return (today + datetime.timedelta(days=offset)).isoformat()


class Patents:
    def __init__(self, world, replicas=2, arguments=()):
        self.commands, self.envelope, self.pb = modules()
        self.world = world
        if world.redis is None:
            world.with_redis()
        program = os.path.join(os.environ["TT_BUILD_DIR"], PROGRAM)
        self.replicas = [world.own(suite.Daemon(program, world.folder, world.redis, f"patent-{n}", arguments)).start() for n in range(replicas)]

    # -- commands

    def call(self, method, request, reply_type, code=0):
        """One command, to any replica, again until there is a final reply; the reply, or the header if another code is expected."""
        request_id, until, last = self.commands.uuid7(), time.monotonic() + suite.PATIENCE, None
        while True:
            peer = self.commands.socket(random.choice(self.replicas).endpoints["commands"])
            try:
                peer.send_multipart([self.commands.header(SERVICE + method, request_id), request.SerializeToString()])
                reply = self.commands.receive(peer, 3)
            finally:
                peer.close()
            last = reply or last
            if reply is not None:
                head = self.envelope.ReplyHeader.FromString(reply[0])
                if head.code not in self.commands.RETRIABLE:
                    assert head.code == code, f"{method}: {head}"
                    return reply_type.FromString(reply[1]) if code == 0 else head
            assert time.monotonic() < until, f"{method}: no final reply; the last was {last}"

    def watch(self, owner, name, query, triggers=(), **fields):
        request = self.pb.PutWatchRequest(watch=self.pb.Watch(owner=owner, watch_id=name, query=query, **fields))
        request.watch.triggers.extend(self.pb.Trigger.Value(t) for t in triggers)
        return self.call("PutWatch", request, self.pb.PutWatchReply).watch

    def portfolio(self, owner, name, publications=(), query=""):
        request = self.pb.PutPortfolioRequest(portfolio=self.pb.Portfolio(owner=owner, name=name, publications=publications, query=query))
        return self.call("PutPortfolio", request, self.pb.PutPortfolioReply)

    def document(self, number, title="graphene film", country="CN", kind="A", date="2020-05-01", **fields):
        one = self.pb.PatentDocument(publication=self.pb.DocumentReference(country=country, number=number, kind=kind, date=date), **fields)
        one.titles.add(language="en", text=title)
        return one

    def submit(self, *documents):
        results = []
        for first in range(0, len(documents), 256):
            request = self.pb.SubmitPatentsRequest(documents=documents[first:first + 256])
            results += self.call("SubmitPatents", request, self.pb.SubmitPatentsReply).results
        return results

    def legal(self, number, code, office="CN", date="2024-03-01", **fields):
        where = {"publication": self.pb.DocumentReference(country=office, number=number)} if number else {}
        return self.pb.LegalEvent(office=office, code=code, effective_date=date, **where, **fields)

    def submit_legal(self, *events):
        return self.call("SubmitLegalEvents", self.pb.SubmitLegalEventsRequest(events=events), self.pb.SubmitLegalEventsReply).results

    def withdraw(self, document_id, reason="", family=""):
        return self.call("WithdrawPatent", self.pb.WithdrawPatentRequest(document_id=document_id, reason=reason, family_id=family), self.pb.WithdrawPatentReply)

    def backfill(self, owner, name):
        return self.call("GetBackfill", self.pb.GetBackfillRequest(owner=owner, watch_id=name), self.pb.GetBackfillReply)

    # -- what is to be seen

    def inbox(self, owner):
        """All alerts; the numbers are dense and each id is there once."""
        alerts, start = [], 1
        while start:
            reply = self.call("ListAlerts", self.pb.ListAlertsRequest(owner=owner, from_number=start, limit=1000), self.pb.ListAlertsReply)
            alerts += reply.alerts
            start = reply.next_number
        assert [a.number for a in alerts] == list(range(1, len(alerts) + 1)), "the inbox is not dense"
        assert len({a.alert_id for a in alerts}) == len(alerts), "an alert twice"
        return alerts

    def wait_inbox(self, owner, count):
        alerts = suite.wait_for(lambda: (lambda a: a if len(a) >= count else None)(self.inbox(owner)), f"{count} alerts of {owner}")
        assert len(alerts) == count, f"{owner} has {len(alerts)} alerts, {count} are right: {[self.say(a) for a in alerts]}"
        return alerts

    def say(self, alert):
        return f"{alert.number} {self.pb.Trigger.Name(alert.trigger)} {alert.document_id} {alert.legal_event.event_id}{alert.due_date}{alert.cited.number}"

    def events(self, name):
        """The bodies of all events of this type, from any replica's replay."""
        found, wanted = [], f"techtransfer.patent.v1.{name}"
        for partition in range(8):
            start = 1
            while page := self.replay(partition, start):
                for event in page:
                    header = self.envelope.EventHeader.FromString(event.header)
                    start = header.sequence + 1
                    if header.type == wanted:
                        found.append(getattr(self.pb, name).FromString(event.body))
        return found

    def replay(self, partition, start):
        request = self.envelope.ReplayRequest(partition=partition, from_sequence=start, limit=1000)
        until = time.monotonic() + suite.PATIENCE
        while True:
            peer = self.commands.socket(random.choice(self.replicas).endpoints["replay"])
            peer.send_multipart([self.commands.header("techtransfer.v1.Journal/Replay"), request.SerializeToString()])
            reply = self.commands.receive(peer, 3)
            peer.close()
            if reply is not None and self.envelope.ReplyHeader.FromString(reply[0]).code == 0:
                return self.envelope.ReplayReply.FromString(reply[1]).events
            assert time.monotonic() < until, f"no replay of partition {partition} from {start}: {reply}"

    def settled(self):
        """Everything that was accepted has been worked on: the group lags behind nothing, by a measurement of each living replica from now on (one every two
        seconds, and four ticks a second)."""
        living = [r for r in self.replicas if r.alive()]
        ticks = {r: r.metric("processor_ticks_total") for r in living}
        suite.wait_for(lambda: all(r.metric("processor_ticks_total") >= ticks[r] + 9 for r in living), "ticks")
        suite.wait_for(lambda: all(r.metric("processor_lag") == 0 for r in living), "the processors to have worked on everything")

    def kill_one(self, n):
        """SIGKILL, and a new process on other ports: the old ones may be anybody's by now."""
        self.replicas[n].kill()
        self.replicas[n].start()
