"""Technology contracts through the daemon, through ttctl, through two replicas of which one dies, and into the counts."""

import json
import os
import random
import subprocess
import unittest
import urllib.request

from harness import BUILD, Client, Refused, Stack, bodies, envelope, pb, replay, uuid7, wait_for

TYPES = ["development", "transfer", "consulting", "service", "licence"]


def contract(number, **fields):
    values = dict(contract_number=number, type=pb.DEVELOPMENT, title="硅碳负极材料开发", buyer=pb.ContractParty(name="Ent 4"),
                  seller=pb.ContractParty(name="Institute", district="yinzhou"), amount_fen=1000, technology_amount_fen=600, date="2018-03-05")
    values.update(fields)
    return pb.Contract(**values)


def register(client, c, request_id=None):
    return client.call("RegisterContract", pb.RegisterContractRequest(contract=c), pb.RegisterContractReply(), request_id)


def correct(client, c, revision, request_id=None):
    request = pb.CorrectContractRequest(contract=c, revision=revision, reason="typing error")
    return client.call("CorrectContract", request, pb.CorrectContractReply(), request_id)


def cancel(client, number, request_id=None, **fields):
    request = pb.CancelContractRequest(contract_number=number, reason="never performed", **fields)
    return client.call("CancelContract", request, pb.CancelContractReply(), request_id)


def all_contracts(client, limit=0):
    found, request = [], pb.ListContractsRequest(limit=limit)
    while True:
        page = client.call("ListContracts", request, pb.ListContractsReply())
        found += page.contracts
        if not page.more:
            return found
        request = pb.ListContractsRequest(partition=page.next_partition, after=page.next_after, limit=limit)


class OneReplica(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.endpoints = self.stack.start("a")
        self.client = Client(self.endpoints["commands"])

    def refusal(self, call):
        with self.assertRaises(Refused) as refused:
            call()
        return refused.exception

    def test_life_of_a_contract(self):
        about = [pb.ContractAchievement(source="lab", source_id="1")]
        first = register(self.client, contract("2018-3302 000123", achievements=about)).contract
        self.assertEqual((first.contract_number, first.revision), ("2018-3302000123", 1))
        self.assertRegex(first.achievements[0].achievement_id, "^a-[0-9a-f]{16}$")
        again = register(self.client, contract("２０１８-3302000123", achievements=about))
        self.assertTrue(again.unchanged)
        self.assertEqual(again.contract, first)
        other = contract("2018-3302000123", amount_fen=900, type=pb.LICENCE, seller=pb.ContractParty(name="Institute", district="cixi"))
        self.assertEqual(self.refusal(lambda: register(self.client, other)).code, envelope.ALREADY_EXISTS)
        self.assertEqual(self.refusal(lambda: correct(self.client, other, 2)).code, envelope.FAILED_PRECONDITION)
        now = correct(self.client, other, 1).contract
        self.assertEqual((now.revision, now.registered_unix_ms), (2, first.registered_unix_ms))
        self.assertTrue(correct(self.client, other, 1).unchanged)
        self.assertEqual(self.refusal(lambda: cancel(self.client, "2018-3302000123", revision=1)).code, envelope.FAILED_PRECONDITION)
        self.assertFalse(cancel(self.client, "2018-3302000123", revision=2).already)
        self.assertTrue(cancel(self.client, "2018-3302000123").already)
        self.assertEqual(self.refusal(lambda: register(self.client, other)).code, envelope.FAILED_PRECONDITION)
        self.assertEqual(self.refusal(lambda: cancel(self.client, "X-1")).code, envelope.NOT_FOUND)
        shown = self.client.call("GetContract", pb.GetContractRequest(contract_number="2018-3302000123"), pb.GetContractReply()).contract
        self.assertEqual((shown.cancelled, shown.revision), (True, 3))
        events = replay(self.endpoints["replay"])
        self.assertEqual(len(bodies(events, "achievement/contract-registered/yinzhou/", pb.ContractRegistered)), 1)
        (corrected,) = bodies(events, "achievement/contract-corrected/cixi/", pb.ContractCorrected)
        self.assertEqual((corrected.previous, corrected.contract, corrected.reason), (first, now, "typing error"))
        (cancelled,) = bodies(events, "achievement/contract-cancelled/cixi/", pb.ContractCancelled)
        self.assertEqual((cancelled.contract.cancelled, cancelled.reason), (True, "never performed"))

    def test_violations_name_the_field(self):
        bad = contract("no/slash", type=9, technology_amount_fen=1001, seller=pb.ContractParty(district="atlantis"), date="soon",
                       achievements=[pb.ContractAchievement(), pb.ContractAchievement(source="lab")])
        refused = self.refusal(lambda: register(self.client, bad))
        self.assertEqual(refused.code, envelope.INVALID_ARGUMENT)
        self.assertEqual(set(refused.violations), {"contract." + path for path in (
            "contract_number", "type", "technology_amount_fen", "seller.name", "seller.district", "date", "achievements[0].achievement_id",
            "achievements[1].source_id")})
        self.assertEqual(set(self.refusal(lambda: correct(self.client, contract("X-1", title=""), 0)).violations), {"contract.title", "revision"})

    def test_pages_hold_each_once(self):
        for i in range(25):
            register(self.client, contract("P-%d" % i))
        for limit in (1, 3, 0):
            numbers = [c.contract_number for c in all_contracts(self.client, limit)]
            self.assertEqual(sorted(numbers), sorted("P-%d" % i for i in range(25)))

    def ttctl(self, *arguments, check=True):
        command = [os.path.join(BUILD, "ops/ttctl/ttctl"), "achievement", "contract", *arguments, "--endpoints", self.endpoints["commands"]]
        return subprocess.run(command, check=check, capture_output=True, text=True)

    def test_ttctl(self):
        fields = ["--type", "service", "--buyer", "Ent 4", "--seller", "Institute", "--seller-district", "cixi", "--date", "2018-03-05",
                  "--achievement", "lab/1", "--achievement", "a-0123456789abcdef"]
        self.ttctl("put", "T-1", "检测", *fields, "--amount", "12.50")
        self.assertIn("unchanged", self.ttctl("put", "T-1", "检测", *fields, "--amount", "12.50").stderr)
        self.assertEqual(self.ttctl("put", "T-1", "检测", *fields, "--amount", "13", check=False).returncode, 1)
        self.ttctl("correct", "T-1", "检测", *fields, "--amount", "13", "--technology-amount", "2", "--revision", "1")
        shown = json.loads(self.ttctl("show", "T-1", "--json").stdout)["contract"]
        self.assertEqual((shown["amountFen"], shown["technologyAmountFen"], shown["type"], len(shown["achievements"])), ("1300", "200", "SERVICE", 2))
        self.ttctl("cancel", "T-1", "--reason", "never performed")
        (listed,) = json.loads(self.ttctl("list", "--json").stdout)["contracts"]
        self.assertTrue(listed["cancelled"])
        self.assertIn("T-1", self.ttctl("list").stdout)


def counts_of(contracts):
    cells = {}
    for c in contracts:
        for name, amount in (("contracts", 1), ("contract_fen", c.amount_fen), ("contract_technology_fen", c.technology_amount_fen)):
            for full in (name, name + "/" + TYPES[c.type - 1]):
                for district in {"", c.seller.district}:
                    cells[full, district] = cells.get((full, district), 0) + (0 if c.cancelled else amount)
    return {key: value for key, value in cells.items() if value}


class TwoReplicas(unittest.TestCase):
    """Random commands at two replicas, some of them twice; one is killed again and again. Then the register, a recount of the journal and the
    counts of statisticsd must agree."""

    def statistics(self, stack, endpoints):
        path = os.path.join(stack.directory.name, "statistics.json")
        flags = ["--statistics.sources.achievement.%s=%s" % (kind, endpoints[kind]) for kind in ("events", "replay", "commands")]
        with open(os.path.join(stack.directory.name, "statistics.log"), "ab") as log:
            stack.replicas["statistics"] = subprocess.Popen(
                [os.path.join(BUILD, "services/statistics/statisticsd"), "--redis.endpoints", "unix:" + stack.socket, "--http.bind", "127.0.0.1:0",
                 "--commands.endpoint", stack.ipc("s", "c"), "--events.endpoint", stack.ipc("s", "e"), "--replay.endpoint", stack.ipc("s", "r"),
                 "--endpoints.file", path, *flags], stderr=log)
        wait_for("statisticsd", lambda: os.path.exists(path) or stack.died("statistics"))
        with open(path, encoding="utf-8") as file:
            return json.load(file)["http_port"]

    def shown(self, port):
        with urllib.request.urlopen("http://127.0.0.1:%d/api/counts" % port, timeout=10) as answer:
            counts = json.load(answer)["counts"]
        return {(c["name"], c["district"]): int(c["value"]) for c in counts if c["name"].startswith("contract") and int(c["value"])}

    def test_counts_are_exact_whatever_dies(self):
        dice = random.Random(2018)
        with Stack() as stack:
            ends = {name: stack.start(name) for name in ("a", "b")}
            port = self.statistics(stack, ends["b"])
            client = Client(ends["a"]["commands"], ends["b"]["commands"])
            for i in range(400):
                number, identity = "K-%d" % dice.randrange(60), uuid7()
                amount = dice.randrange(10**6)
                c = contract(number, type=dice.randrange(1, 6), amount_fen=amount, technology_amount_fen=dice.randrange(amount + 1),
                             seller=pb.ContractParty(name="Institute", district=dice.choice(["", "yinzhou", "cixi"])))
                commands = [lambda: register(client, c, identity), lambda: correct(client, c, dice.randrange(1, 4), identity),
                            lambda: cancel(client, number, identity)]
                command = dice.choices(commands, [6, 6, 1])[0]
                state = dice.getstate()
                for _ in range(1 + (i % 5 == 0)):
                    dice.setstate(state)
                    try:
                        command()
                    except Refused as refused:
                        self.assertIn(refused.code, (envelope.ALREADY_EXISTS, envelope.FAILED_PRECONDITION, envelope.NOT_FOUND))
                if i % 100 == 40:
                    stack.kill("a")
                if i % 100 == 80:
                    stack.start("a")
            stored = all_contracts(client)
            latest, told = {}, []
            for topic, _, body in replay(ends["b"]["replay"]):
                for kind in (pb.ContractRegistered, pb.ContractCorrected, pb.ContractCancelled):
                    name = kind.DESCRIPTOR.name.replace("Contract", "contract-").lower()
                    if topic.startswith("achievement/" + name + "/"):
                        event = kind.FromString(body)
                        told.append(event.contract.contract_number)
                        if kind is pb.ContractCorrected:
                            self.assertEqual(event.previous, latest[event.contract.contract_number])
                        latest[event.contract.contract_number] = event.contract
            self.assertEqual({c.contract_number: c for c in stored}, latest)
            self.assertEqual(len(told), sum(c.revision for c in stored), "each revision is told once")
            self.assertTrue(any(c.cancelled for c in stored) and any(c.revision > 2 for c in stored))
            expected = counts_of(stored)
            wait_for("the counts of the register", lambda: self.shown(port) == expected)


if __name__ == "__main__":
    unittest.main(verbosity=2)
