"""What a user can read at the end: the journals by replay, of each replica, and the answers to all queries. Written into the history."""
import commands
import envelope_pb2 as envelope
import patent_pb2 as patent
import achievement_pb2 as achievement
import finance_pb2 as finance
import statistics_pb2 as statistics

import workload
from history import plain

MODULES = {"patent": patent, "achievement": achievement, "finance": finance, "statistics": statistics, "": envelope}
SERVICES = {"patent": "techtransfer.patent.v1.PatentAlert", "achievement": "techtransfer.achievement.v1.AchievementIngest",
            "finance": "techtransfer.finance.v1.LoanMatch", "statistics": "techtransfer.statistics.v1.Statistics"}


class Unanswered(AssertionError):
    pass


class Reader:
    """Queries on one endpoint."""

    def __init__(self, endpoint):
        self.peer = commands.socket(endpoint)

    def close(self):
        self.peer.close()

    def ask(self, method, request, reply_type, seconds=10):
        """The reply; None if it is NOT_FOUND."""
        frames = [commands.header(method), request.SerializeToString()]
        for _ in range(20):
            self.peer.send_multipart(frames)
            got = commands.receive(self.peer, seconds)
            if got is None:
                raise Unanswered(f"{method}: no answer within {seconds} s")
            head = envelope.ReplyHeader.FromString(got[0])
            if head.code == envelope.OK:
                return reply_type.FromString(got[1])
            if head.code == envelope.NOT_FOUND:
                return None
            if head.code not in commands.RETRIABLE:
                raise Unanswered(f"{method}: {head.code} {head.message}")
            frames = [commands.header(method), frames[1]]
        raise Unanswered(f"{method}: {head.code} {head.message}")


def body_of(type_name, body):
    package, name = type_name.rsplit(".", 1)
    module = MODULES[package.split(".")[1] if package.count(".") == 2 else ""]
    return plain(getattr(module, name).FromString(body))


def replay(reader, partition):
    """All events of a partition."""
    following, head = 1, 1
    while following <= head:
        request = envelope.ReplayRequest(partition=partition, from_sequence=following, limit=5000)
        page = reader.ask("techtransfer.v1.Journal/Replay", request, envelope.ReplayReply)
        for raw in page.events:
            yield raw.topic, envelope.EventHeader.FromString(raw.header), raw.body
        following, head = page.next_sequence, page.head.head


def heads_of(endpoint):
    """{partition: head}."""
    reader = Reader(endpoint)
    try:
        reply = reader.ask("techtransfer.v1.Journal/GetHeads", envelope.GetHeadsRequest(), envelope.GetHeadsReply)
        return {head.partition: head.head for head in reply.partitions}
    finally:
        reader.close()


def journals(world, write):
    """Events as the first replica replays them, and what each replica's events are, in short."""
    for stream in SERVICES:
        for number, endpoint in enumerate(world.direct(stream, "replay")):
            reader = Reader(endpoint)
            try:
                heads = reader.ask("techtransfer.v1.Journal/GetHeads", envelope.GetHeadsRequest(), envelope.GetHeadsReply)
                ids = {}
                for head in heads.partitions:
                    ids[head.partition] = []
                    for topic, event, body in replay(reader, head.partition):
                        ids[head.partition].append(event.id)
                        if number == 0:
                            write("event", stream=stream, partition=event.partition, sequence=event.sequence, id=event.id, previous=event.previous_id,
                                  topic=topic, type=event.type, subject=event.subject, trace=event.traceparent, epoch=event.epoch,
                                  body=body_of(event.type, body))
                write("heads", stream=stream, replica=number, heads={h.partition: [h.head, h.head_id, ids[h.partition]] for h in heads.partitions})
            finally:
                reader.close()


class Asker:
    """Asks the replicas of a service in turn and writes the answers down."""

    def __init__(self, world, service, write):
        self.readers = [Reader(endpoint) for endpoint in world.direct(service, "commands")]
        self.service, self.write, self.turn = service, write, 0

    def close(self):
        for reader in self.readers:
            reader.close()

    def ask(self, name, args, **fields):
        self.turn += 1
        module = MODULES[self.service]
        request = getattr(module, name + "Request")(**fields)
        reply = self.readers[self.turn % len(self.readers)].ask(f"{SERVICES[self.service]}/{name}", request, getattr(module, name + "Reply"))
        self.write("query", name=name, args=args, reply=None if reply is None else plain(reply))


def patents(asker, known):
    for owner in workload.OWNERS:
        asker.ask("ListWatches", owner, owner=owner, limit=1000)
        asker.ask("ListAlerts", owner, owner=owner, limit=1000)
    for document_id, family in known["documents"]:
        asker.ask("GetPatent", f"{document_id} {family}", document_id=document_id, family_id=family)


def achievements(asker, known):
    for owner in workload.OWNERS:
        asker.ask("ListDemands", owner, owner=owner, limit=1000)
        asker.ask("ListPushes", owner, owner=owner, limit=1000)
    for source_id in known["records"]:
        asker.ask("GetAchievement", source_id, source="lab", source_id=source_id)


def finances(asker, known):
    del known
    for market in workload.MARKETS:
        asker.ask("ListProviders", market, market=market)
        asker.ask("ListApplications", market, market=market, limit=1000)
        asker.ask("ListProposals", market, market=market, limit=1000)


def counts(asker, known):
    del known
    asker.ask("GetCounts", "")
    for indicator in workload.INDICATORS:
        for district in workload.DISTRICTS[:2]:
            asker.ask("ListObservations", f"{indicator}/{district}", indicator=indicator, district=district, all_revisions=True)


ASKED = {"patent": patents, "achievement": achievements, "finance": finances, "statistics": counts}


def everything(world, known):
    """The lines of one look at everything."""
    lines = []

    def write(kind, /, **fields):
        lines.append({"e": kind, **fields})

    journals(world, write)
    for service, ask in ASKED.items():
        asker = Asker(world, service, write)
        try:
            ask(asker, known)
        finally:
            asker.close()
    return lines
