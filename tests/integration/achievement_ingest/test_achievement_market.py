"""The market of demands: challenges, expiry by any replica, answers that change later pushes."""

import datetime
import unittest

from harness import Client, Refused, Stack, bodies, pb, record, replay, uuid7, wait_for

YESTERDAY = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=2)).date().isoformat()
FILLERS = "zirconia porosity wetting shrinkage tension stack cathode anode tray oven roller coating slurry drying cutting winding".split()


def list_demands(client, owner):
    return client.call("ListDemands", pb.ListDemandsRequest(owner=owner), pb.ListDemandsReply()).demands


def answer(client, push, value, request_id=None):
    request = pb.AnswerPushRequest(owner=push.owner, number=push.number, answer=value)
    return client.call("AnswerPush", request, pb.AnswerPushReply(), request_id).push


class Challenges(unittest.TestCase):
    def test_award_and_deadline_are_required_of_a_challenge(self):
        with Stack() as stack:
            client = Client(stack.start("a")["commands"])
            with self.assertRaises(Refused) as refused:
                client.put_demand(owner="ent-1", demand_id="c", title="x", kind=pb.CHALLENGE)
            self.assertEqual(set(refused.exception.violations), {"demand.award_fen", "demand.deadline"})
            with self.assertRaises(Refused) as refused:
                client.put_demand(owner="ent-1", demand_id="c", title="x", award_fen=5)
            self.assertEqual(set(refused.exception.violations), {"demand.award_fen"})
            put = client.put_demand(owner="ent-1", demand_id="c", title="x", kind=pb.CHALLENGE, award_fen=5, deadline="2099-12-31", state=pb.EXPIRED)
            self.assertEqual((put.demand.award_fen, put.demand.state), (5, pb.OPEN))


class Expiry(unittest.TestCase):
    """Two replicas sweep; one is killed meanwhile. Each passing of a deadline is told once."""

    def events(self, endpoints):
        return bodies(replay(endpoints["replay"]), "achievement/demand-expired/", pb.DemandExpired)

    def test_once_and_revived_by_another_deadline(self):
        with Stack() as stack:
            a, b = stack.start("a"), stack.start("b")
            client = Client(b["commands"], a["commands"])
            for i in range(150):
                client.put_demand(owner="ent-%d" % (i % 3), demand_id="d-%d" % i, title="x", query="ti=battery", deadline=YESTERDAY)
                if i == 60:
                    stack.kill("a")
            client.put_demand(owner="ent-0", demand_id="open", title="x", query="ti=battery", deadline="2099-12-31")
            stack.start("a")
            wait_for("150 expired demands", lambda: len(self.events(b)) >= 150)
            told = [(e.demand.owner, e.demand.demand_id) for e in self.events(b)]
            self.assertEqual((len(told), len(set(told))), (150, 150))
            states = {d.demand_id: d.state for n in range(3) for d in list_demands(client, "ent-%d" % n)}
            self.assertEqual([name for name, state in states.items() if state == pb.OPEN], ["open"])

            again = client.put_demand(owner="ent-1", demand_id="d-1", title="y", query="ti=battery", deadline=YESTERDAY).demand
            self.assertEqual((again.state, again.revision), (pb.EXPIRED, 2), "another text does not open it")
            client.submit(record("1", "A battery"))
            (push,) = wait_for("the push of the open demand", lambda: client.inbox("ent-0"))
            self.assertEqual(push.demand_id, "open")

            revived = client.put_demand(owner="ent-1", demand_id="d-1", title="y", query="ti=battery", deadline="2099-12-31").demand
            self.assertEqual(revived.state, pb.OPEN)
            (push,) = wait_for("the push of the revived demand", lambda: client.inbox("ent-1"))
            self.assertEqual((push.demand_id, push.source_id), ("d-1", "1"))
            client.put_demand(owner="ent-1", demand_id="d-1", title="y", query="ti=battery", deadline=YESTERDAY)
            wait_for("the second passing", lambda: len(self.events(b)) == 151)
            self.assertEqual(client.inbox("ent-2"), [])


class Answers(unittest.TestCase):
    """The score of later achievements of the field falls; an answer that is sent again changes nothing more; a restart gives the same."""

    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.a, self.b = self.stack.start("a"), self.stack.start("b")
        self.client = Client(self.a["commands"], self.b["commands"])
        self.count = 0

    def achievement(self, industry):
        """Alike in what the demand looks for and in length; otherwise its own words."""
        self.count += 1
        words = [FILLERS[(self.count * k) % len(FILLERS)] + str(self.count) for k in range(1, 12)]
        return record("%s-%d" % (industry, self.count), "Solid state lithium battery separator", abstract=" ".join(words), industry=industry, specials=[5])

    def pushed(self, *industries):
        """Submits one of each industry and returns the scores of those that are pushed once all are evaluated: a demand of its own, by a query,
        tells when."""
        records = [self.achievement(industry) for industry in industries]
        self.client.submit(*records)
        wanted = {r.source_id for r in records}
        wait_for("the achievements at the marker", lambda: wanted <= {p.source_id for p in self.client.inbox("ent-marker")})
        last = record("last-%d" % self.count, "Marker of the end")
        self.client.submit(last)
        wait_for("the marker", lambda: last.source_id in {p.source_id for p in self.client.inbox("ent-marker")})
        found = {p.source_id.split("-")[0]: p for p in self.client.inbox("ent-1") if p.source_id in wanted}
        return [found.get(industry) for industry in industries]

    def test_answers_change_later_pushes(self):
        self.client.put_demand(owner="ent-1", demand_id="d", title="solid state lithium battery separator")
        self.client.put_demand(owner="ent-marker", demand_id="m", title="x", query="ti=separator or ti=marker")
        first, other = self.pushed("C39", "C26")
        self.assertEqual((first.industry, list(first.specials)), ("C39", [5]))
        self.assertAlmostEqual(first.score, other.score)

        identity = uuid7()
        for _ in range(2):
            answer(self.client, first, pb.NOT_RELEVANT, identity)
        answer(self.client, first, pb.NOT_RELEVANT)
        (demand,) = list_demands(self.client, "ent-1")
        self.assertEqual({a.field: (a.interested, a.not_relevant) for a in demand.answers}, {"industry/C39": (0, 1), "special/5": (0, 1)})
        self.assertEqual(demand.revision, 1)
        lower, half = self.pushed("C39", "C26")
        self.assertAlmostEqual(lower.score / half.score, 0.85 / 0.925)

        self.stack.kill("a")
        self.a = self.stack.start("a")
        lower, half = self.pushed("C39", "C26")
        self.assertAlmostEqual(lower.score / half.score, 0.85 / 0.925)

        answer(self.client, other, pb.INTERESTED)
        second = lower
        answer(self.client, second, pb.CONTRACTED)
        lower, higher = self.pushed("C39", "C26")
        # special/5 has one of each: 0.05 - 0.15; C39: -0.15; C26: +0.05
        self.assertAlmostEqual(lower.score / higher.score, (1 - 0.25 / 2) / (1 - 0.05 / 2))

        refused = 0
        while lower and refused < 12:
            answer(self.client, lower, pb.NOT_RELEVANT)
            refused += 1
            (lower,) = self.pushed("C39")
        self.assertIsNone(lower, "what was refused so often is not pushed any more")
        self.assertEqual(len(list_demands(self.client, "ent-1")), 1, "a contract closes nothing")


if __name__ == "__main__":
    unittest.main(verbosity=2)
