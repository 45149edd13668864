"""achievement-ingestd as its users see it: real daemon, real Redis, real sockets."""

import random
import unittest

from harness import Client, Refused, Stack, bodies, envelope, pb, record, redis, replay, uuid7, wait_for

GRAPHENE = record("1", "氧化石墨烯薄膜的制备方法", abstract="石墨烯 薄膜 用于 超级电容器 电极", district="yinzhou", specials=[2])
BATTERY = record("2", "Solid state lithium battery separator", abstract="A ceramic separator for solid state lithium batteries")


class OneReplica(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.endpoints = self.stack.start("a")
        self.client = Client(self.endpoints["commands"])

    def events(self):
        return replay(self.endpoints["replay"])

    def inbox_of(self, owner, count):
        return wait_for("%d pushes for %s" % (count, owner), lambda: self.pushes_if(owner, count))

    def pushes_if(self, owner, count):
        pushes = self.client.inbox(owner)
        return pushes if len(pushes) >= count else None

    def settle(self):
        """Waits until the processor has acknowledged everything: nothing more will be pushed."""

        def idle():
            for partition in range(8):
                info = redis(self.stack, "XINFO", "GROUPS", "tt:{achievement.%d}:j:events" % partition).split("\n")
                if info == [""] or "no such key" in info[0]:
                    continue
                fields = dict(zip(info[0::2], info[1::2]))
                length = redis(self.stack, "HGET", "tt:{achievement.%d}:meta" % partition, "events").strip()
                if fields["pending"] != "0" or fields["last-delivered-id"].split("-")[0] != (length or "0"):
                    return False
            return True

        wait_for("the processor to be idle", idle)

    def test_push_in_both_directions_once(self):
        self.client.put_demand(owner="ent-1", demand_id="before", title="石墨烯", query="ti=石墨烯 and ab=电容器")
        self.client.submit(GRAPHENE, BATTERY)
        self.client.put_demand(owner="ent-1", demand_id="after", title="solid state lithium battery separator wanted")
        pushes = self.inbox_of("ent-1", 2)
        self.settle()
        pushes = self.client.inbox("ent-1")
        self.assertEqual([p.number for p in pushes], [1, 2])
        by_demand = {p.demand_id: p for p in pushes}
        self.assertEqual(by_demand["before"].source_id, "1")
        self.assertTrue(by_demand["before"].by_query)
        self.assertIn("石墨烯", list(by_demand["before"].terms))
        self.assertEqual(by_demand["after"].source_id, "2")
        self.assertIn("battery", list(by_demand["after"].terms))
        pushed = bodies(self.events(), "achievement/push/ent-1/", pb.AchievementPushed)
        self.assertEqual(len(pushed), 2)
        self.assertTrue(all(p.first_push_of_achievement for p in pushed))
        self.assertEqual({p.district for p in pushed}, {"yinzhou", ""})

    def test_query_demand_after_achievements(self):
        self.client.submit(GRAPHENE, BATTERY)
        self.client.put_demand(owner="ent-1", demand_id="late", title="x", query='ti="lithium battery"')
        (push,) = self.inbox_of("ent-1", 1)
        self.assertEqual((push.source_id, push.score), ("2", 1.0))

    def test_first_push_is_told_once_for_each_achievement(self):
        for i in range(6):
            self.client.put_demand(owner="ent-%d" % i, demand_id="d", title="x", query="ti=battery")
        self.client.submit(BATTERY, record("3", "Another battery"))
        for i in range(6):
            self.inbox_of("ent-%d" % i, 2)
        pushed = bodies(self.events(), "achievement/push/", pb.AchievementPushed)
        self.assertEqual(len(pushed), 12)
        self.assertEqual(sum(p.first_push_of_achievement for p in pushed), 2)

    def test_limits_of_a_demand(self):
        self.client.put_demand(owner="ent-1", demand_id="cheap", title="x", query="ti=battery", budget_fen=1000)
        self.client.put_demand(owner="ent-1", demand_id="here", title="x", query="ti=battery", district="haishu")
        self.client.put_demand(owner="ent-1", demand_id="late", title="x", query="ti=battery", deadline="2001-01-01")
        self.client.put_demand(owner="ent-1", demand_id="any", title="x", query="ti=battery")
        self.client.submit(record("4", "Battery", price_fen=5000, district="yinzhou"))
        self.inbox_of("ent-1", 1)
        self.settle()
        self.assertEqual([p.demand_id for p in self.client.inbox("ent-1")], ["any"])

    def test_same_request_id_again(self):
        request_id = uuid7()
        first = self.client.submit(GRAPHENE, BATTERY, request_id=request_id)
        again = self.client.submit(GRAPHENE, BATTERY, request_id=request_id)
        self.assertEqual([r.outcome for r in first], [pb.REGISTERED] * 2)
        self.assertEqual(list(again), list(first))
        other = self.client.submit(GRAPHENE, BATTERY)
        self.assertEqual([r.outcome for r in other], [pb.UNCHANGED] * 2)
        self.assertEqual(len(bodies(self.events(), "achievement/registered/", pb.AchievementRegistered)), 2)

    def test_versions(self):
        def outcome(version, title):
            (result,) = self.client.submit(record("v", title, source_version=version))
            return result.outcome

        self.assertEqual(outcome(2, "one"), pb.REGISTERED)
        self.assertEqual(outcome(2, "one"), pb.UNCHANGED)
        self.assertEqual(outcome(2, "other"), pb.REJECTED)
        self.assertEqual(outcome(1, "one"), pb.REJECTED)
        self.assertEqual(outcome(3, "other"), pb.REVISED)
        self.assertEqual(self.client.get("lab", "v").achievement.revision, 2)

    def test_duplicates_by_registration_number(self):
        (a,) = self.client.submit(record("a", "One", registration_number="33-2017-y 0001"))
        (b,) = self.client.submit(record("b", "Same", registration_number="３３-2017-Y0001", district="yinzhou"))
        self.assertEqual((b.outcome, b.rung, b.achievement_id), (pb.DUPLICATE, "registration_number", a.achievement_id))
        self.assertEqual(self.client.get("lab", "b").duplicate_of, a.achievement_id)
        (again,) = self.client.submit(record("b", "Same", registration_number="33-2017-Y0001", district="yinzhou"))
        self.assertEqual(again.outcome, pb.DUPLICATE)
        self.client.withdraw("lab", "a")
        (freed,) = self.client.submit(record("b", "Same", registration_number="33-2017-Y0001", district="yinzhou"))
        self.assertEqual(freed.outcome, pb.REGISTERED)
        (revived,) = self.client.submit(record("a", "One", registration_number="33-2017-Y0001", source_version=1))
        self.assertEqual(revived.outcome, pb.DUPLICATE)
        events = self.events()
        self.assertEqual(len(bodies(events, "achievement/registered/", pb.AchievementRegistered)), 2)
        self.assertEqual(len(bodies(events, "achievement/withdrawn/none/none/", pb.AchievementWithdrawn)), 1)
        self.assertEqual(len(bodies(events, "achievement/duplicate/lab/", pb.AchievementDuplicate)), 2)

    def test_number_race_has_one_holder(self):
        ids = []
        for i in range(40):
            number = "RACE-%d" % (i % 4)
            request = pb.SubmitAchievementsRequest(
                achievements=[record("r-%d-%d" % (i, k), "Race", registration_number=number) for k in range(5)])
            ids.extend(self.client.call("SubmitAchievements", request, pb.SubmitAchievementsReply()).results)
        self.assertEqual(sum(r.outcome == pb.REGISTERED for r in ids), 4)
        self.assertEqual(sum(r.outcome == pb.DUPLICATE for r in ids), 196)

    def test_withdrawn(self):
        self.client.submit(BATTERY)
        self.assertFalse(self.client.withdraw("lab", "2").already)
        self.assertTrue(self.client.withdraw("lab", "2").already)
        self.client.put_demand(owner="ent-1", demand_id="d", title="x", query="ti=battery")
        (result,) = self.client.submit(BATTERY)
        self.assertEqual(result.outcome, pb.REJECTED)
        self.settle()
        self.assertEqual(self.client.inbox("ent-1"), [])
        revived = record("2", "Solid state lithium battery separator", source_version=1)
        self.assertEqual(self.client.submit(revived)[0].outcome, pb.REGISTERED)
        (push,) = self.inbox_of("ent-1", 1)
        self.assertEqual(push.source_id, "2")
        with self.assertRaises(Refused) as refused:
            self.client.withdraw("lab", "nobody")
        self.assertEqual(refused.exception.code, envelope.NOT_FOUND)

    def test_classified_leaves_no_trace(self):
        secret = record("s-77-zebra", "Zebra warhead", abstract="zebra", registration_number="ZEBRA-1", secrecy="secret", stage="zebra")
        results = self.client.submit(secret, GRAPHENE)
        self.assertEqual([r.outcome for r in results], [pb.REJECTED, pb.REGISTERED])
        self.assertEqual(list(results[0].violations), ["secrecy: only public records are taken; nothing of this one was kept"])
        self.assertEqual(results[0].achievement_id, "")
        files = self.stack.files()
        self.assertTrue(any("石墨烯".encode() in content for content in files.values()))  # what is kept can be seen so
        self.assertEqual([name for name, content in files.items() if b"zebra" in content.lower()], [])

    def test_violations_name_the_field(self):
        bad = record("b 1", "", stage="9", form="Q", district="atlantis", specials=[3, 99], industry="Z9", trl=14, price_fen=-1,
                     keywords=["a", ""], completed_date="2017-02-29", registration_number="no/slash", owners=[])
        (result,) = self.client.submit(bad)
        paths = {v.split(":")[0] for v in result.violations}
        self.assertEqual(paths, {"title", "stage", "form", "district", "specials[1]", "industry", "trl", "price_fen", "keywords[1]",
                                 "completed_date", "registration_number", "owners"})
        with self.assertRaises(Refused) as refused:
            self.client.put_demand(owner="ent 1", demand_id="d", title="t", query="ti=a and", stages=["7"], deadline="soon")
        paths = refused.exception.violations
        self.assertEqual(set(paths), {"demand.owner", "demand.query", "demand.stages[0]", "demand.deadline"})
        self.assertRegex(paths["demand.query"], r"at byte \d+")

    def test_demands_are_listed_and_deleted(self):
        for i in range(5):
            self.client.put_demand(owner="ent-1", demand_id="d-%d" % i, title="Demand %d" % i)
        self.client.put_demand(owner="ent-10", demand_id="other", title="Other")
        first = self.client.call("ListDemands", pb.ListDemandsRequest(owner="ent-1", limit=3), pb.ListDemandsReply())
        self.assertEqual([d.demand_id for d in first.demands], ["d-0", "d-1", "d-2"])
        rest = self.client.call("ListDemands", pb.ListDemandsRequest(owner="ent-1", limit=3, after=first.next_after),
                                pb.ListDemandsReply())
        self.assertEqual(([d.demand_id for d in rest.demands], rest.next_after), (["d-3", "d-4"], ""))
        self.client.delete_demand("ent-1", "d-0")
        with self.assertRaises(Refused):
            self.client.delete_demand("ent-1", "d-0")
        self.assertEqual(self.client.put_demand(owner="ent-1", demand_id="d-1", title="Demand 1").demand.revision, 1)
        self.assertEqual(self.client.put_demand(owner="ent-1", demand_id="d-1", title="New").demand.revision, 2)

    def test_answers(self):
        self.client.put_demand(owner="ent-1", demand_id="d", title="x", query="ti=battery")
        self.client.submit(BATTERY)
        self.inbox_of("ent-1", 1)

        def answer(value, number=1):
            return self.client.call("AnswerPush", pb.AnswerPushRequest(owner="ent-1", number=number, answer=value),
                                    pb.AnswerPushReply()).push

        self.assertEqual(answer(pb.NOT_RELEVANT).answer, pb.NOT_RELEVANT)
        answer(pb.NOT_RELEVANT)
        answer(pb.CONTRACTED)
        for value, number in ((pb.INTERESTED, 1), (pb.INTERESTED, 2), (pb.PUSH_ANSWER_UNSPECIFIED, 1)):
            with self.assertRaises(Refused):
                answer(value, number)
        self.assertEqual(len(bodies(self.events(), "achievement/push-answered/ent-1/", pb.PushAnswered)), 2)
        self.assertEqual(self.client.inbox("ent-1")[0].answer, pb.CONTRACTED)


class TwoReplicas(unittest.TestCase):
    """Both accept commands and share the work; one is killed in the middle and comes back."""

    def test_each_pair_once_whatever_dies(self):
        words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "theta", "kappa", "lambda", "sigma"]
        dice = random.Random(2017)
        with Stack() as stack:
            a, b = stack.start("a"), stack.start("b")
            clients = [Client(a["commands"], b["commands"]), Client(b["commands"], a["commands"])]
            records, demands = {}, {}
            for i in range(300):
                client = clients[i % 2]
                word = dice.choice(words)
                if i % 3 == 2:
                    demands[("ent-%d" % (i % 5), "d-%d" % i)] = word
                    client.put_demand(owner="ent-%d" % (i % 5), demand_id="d-%d" % i, title="x", query="ti=" + word)
                else:
                    title = " ".join(dice.sample(words, 2))
                    records[str(i)] = title
                    client.submit(record(str(i), title))
                if i == 120:
                    stack.kill("a")
                if i == 180:
                    restarted = stack.start("a")
                    clients = [Client(restarted["commands"], b["commands"]), Client(b["commands"], restarted["commands"])]
                if i == 240:
                    stack.kill("b")
            wanted = {(o, d, r) for (o, d), w in demands.items() for r, t in records.items() if w in t.split()}
            client = Client(restarted["commands"])
            got = []

            def complete():
                got[:] = [p for n in range(5) for p in client.inbox("ent-%d" % n)]
                return len(got) >= len(wanted) and not stack.died("a")

            wait_for("%d pushes" % len(wanted), complete, 60)
            pairs = [(p.owner, p.demand_id, p.source_id) for p in got]
            self.assertEqual(len(pairs), len(set(pairs)))
            self.assertEqual(set(pairs), wanted)
            for n in range(5):
                numbers = [p.number for p in got if p.owner == "ent-%d" % n]
                self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
            events = replay(restarted["replay"])
            pushed = bodies(events, "achievement/push/", pb.AchievementPushed)
            self.assertEqual(sorted(p.push.push_id for p in pushed), sorted(p.push_id for p in got))
            firsts = [p.push.achievement_id for p in pushed if p.first_push_of_achievement]
            self.assertEqual(len(firsts), len(set(firsts)))
            self.assertEqual(set(firsts), {p.achievement_id for p in got})


if __name__ == "__main__":
    unittest.main(verbosity=2)
