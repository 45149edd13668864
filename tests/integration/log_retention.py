#!/usr/bin/python3
"""Logs between replicas are trimmed whether or not all have read them: a replica that slept meanwhile builds its copy anew and misses nothing."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

COUNT = 300  # changes; far more than the cap
FLAGS = ("--journal.cap", "100", "--journal.trim-every", "100ms")


def log_extent(redis, service, log):
    """(records kept, head) of the partition that has the most."""
    def one(partition):
        head = int(redis.ask("HGET", f"tt:{{{service}.{partition}}}:meta", log).strip() or 0)
        entries = redis.ask("XRANGE", f"tt:{{{service}.{partition}}}:j:{log}", "-", "+", "COUNT", "1").splitlines()
        if "n" not in entries:
            return 0, head
        first = int(entries[0].split("-")[0]) - int(entries[entries.index("n") + 1]) + 1
        return head - first + 1, head

    return max((one(p) for p in range(8)), key=lambda extent: extent[1])


class Pair:
    """Two replicas of a daemon, of which one sleeps while the log runs past it."""

    def __init__(self, world, name, program, service, log):
        self.redis, self.service, self.log = world.with_redis(name), service, log
        self.replicas = []
        for replica in ("awake", "asleep"):
            daemon = world.daemon(f"{name}-{replica}", redis=self.redis, arguments=FLAGS)
            daemon.command[0] = program
            self.replicas.append(daemon.start())

    def sleep(self):
        os.kill(self.replicas[1].process.pid, signal.SIGSTOP)

    def wake(self):
        suite.wait_for(lambda: log_extent(self.redis, self.service, self.log)[0] < COUNT / 2, "the log to be trimmed")
        head = log_extent(self.redis, self.service, self.log)[1]
        assert head >= COUNT, head
        os.kill(self.replicas[1].process.pid, signal.SIGCONT)
        self.replicas[0].kill()

    def ask(self, replica, method, request, reply):
        head, body = commands.call(self.replicas[replica].endpoints["commands"], method, request, suite.PATIENCE)
        assert head.code == envelope.OK, head
        return reply.FromString(body)


def test_watches(world):
    service = "techtransfer.patent.v1.PatentAlert/"
    pair = Pair(world, "patent", PROGRAMS["patent-alertd"], "patent", "watches")
    pair.sleep()
    for n in range(COUNT):
        watch = patent.Watch(owner="ent-1", watch_id=f"w{n}", query=f"ti=word{n}")
        pair.ask(0, service + "PutWatch", patent.PutWatchRequest(watch=watch), patent.PutWatchReply)
    pair.wake()
    document = patent.PatentDocument(publication=patent.DocumentReference(country="CN", number="1234567", kind="A", date="2024-05-17"),
                                     titles=[patent.LocalizedText(language="en", text="of word0 and of word7 and of word299")])
    pair.ask(1, service + "SubmitPatents", patent.SubmitPatentsRequest(documents=[document]), patent.SubmitPatentsReply)

    def alerts():
        return pair.ask(1, service + "ListAlerts", patent.ListAlertsRequest(owner="ent-1"), patent.ListAlertsReply).alerts

    found = suite.wait_for(alerts, "the alert")
    assert sorted(match.watch_id for match in found[0].matches) == ["w0", "w299", "w7"], found
    assert "index of watches is built again" in pair.replicas[1].log_text()


def test_demands(world):
    service = "techtransfer.achievement.v1.AchievementIngest/"
    pair = Pair(world, "achievement", PROGRAMS["achievement-ingestd"], "achievement", "demands")
    pair.sleep()
    for n in range(COUNT):
        demand = achievement.Demand(owner="ent-1", demand_id=f"d{n}", title=f"graphene number{n}", query=f"ti=word{n}")
        pair.ask(0, service + "PutDemand", achievement.PutDemandRequest(demand=demand), achievement.PutDemandReply)
    pair.wake()
    record = achievement.Achievement(source="lab", source_id="1", title="about word5 and its uses", owners=["a laboratory"])
    pair.ask(1, service + "SubmitAchievements", achievement.SubmitAchievementsRequest(achievements=[record]), achievement.SubmitAchievementsReply)

    def pushes():
        return pair.ask(1, service + "ListPushes", achievement.ListPushesRequest(owner="ent-1"), achievement.ListPushesReply).pushes

    found = suite.wait_for(pushes, "the push")
    assert [push.demand_id for push in found] == ["d5"], found
    assert "copies are read anew" in pair.replicas[1].log_text()


def prepare():
    global achievement, commands, envelope, patent
    import achievement_pb2 as achievement
    import commands
    import envelope_pb2 as envelope
    import patent_pb2 as patent

    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    PROGRAMS = {os.path.basename(path): os.path.abspath(path) for path in os.environ["TT_DAEMONS"].split(":")}
    suite.main(prepare)
