"""The seeded work of an episode: clients of each service, each a thread that does one command after the other, of mixed kinds. Few entities, so that
clients meet; everything written is unique, so that the checker can tell whose it was. Not for: judging anything."""
import random
import threading
import time

import achievement_pb2 as achievement
import envelope_pb2 as envelope
import finance_pb2 as finance
import patent_pb2 as patent
import statistics_pb2 as statistics

import words
from clients import Client

OWNERS = [f"ent-{i}" for i in range(4)]
DISTRICTS = ("", "haishu", "jiangbei", "yinzhou")
MARKETS = ("ningbo", "wenzhou")
FUNDS = [f"fund-{i}" for i in range(3)]
NUMBERS = [f"REG-2026-{i}" for i in range(5)]
MILLION = 100_000_000  # fen
INDICATORS = ("rd_personnel_fte", "sei_value_added")
DEPARTMENTS = {"rd_personnel_fte": "STB", "sei_value_added": "DRC"}
YEARS = [str(year) for year in range(2012, 2016)]


class Worker(threading.Thread):
    """One client; `kinds`: (weight, function) of the commands of its service."""

    service, package, kinds = "", "", ()

    def __init__(self, name, endpoints, recorder, seed, rate, ends, until):
        super().__init__(daemon=True, name=name)
        self.random = random.Random(seed)
        self.client = Client(name, self.service, endpoints, recorder, self.random, until)
        self.rate, self.ends, self.recorder = rate, ends, recorder
        self.count = 0
        self.error = None

    def run(self):
        try:
            self.prepare()
            weights = [weight for weight, _ in self.kinds]
            while time.monotonic() < self.ends:
                self.random.choices(self.kinds, weights)[0][1](self)
                time.sleep(min(self.random.expovariate(self.rate), 1.0))
        except Exception as error:  # told by the episode
            self.error = error
        finally:
            self.client.close()

    def prepare(self):
        pass

    def unique(self):
        self.count += 1
        return f"{self.name}-{self.count}"

    def ask(self, module, name, request, **fields):
        return self.client.call(f"{self.package}/{name}", getattr(module, name + "Request")(**fields) if request is None else request,
                                getattr(module, name + "Reply"))


class Probe(Worker):
    package = "techtransfer.v1.Probe"

    def put(self):
        request = envelope.ProbePutRequest(key=f"k{self.random.randrange(8)}", payload=self.unique().encode())
        self.client.call(self.package + "/Put", request, envelope.ProbePutReply)

    kinds = ((1, put),)


class Patents(Worker):
    service, package = "patent", "techtransfer.patent.v1.PatentAlert"

    def prepare(self):
        """Watches that stay: what they take must be told."""
        self.mine = []
        for _ in range(2):
            self.put_watch("stays-" + self.unique())

    def put_watch(self, watch_id=None):
        watch = patent.Watch(owner=self.random.choice(OWNERS), watch_id=watch_id or f"w{self.random.randrange(2)}", query=words.query(self.random),
                             label=self.unique(), severity=self.random.randrange(1, 5), triggers=(patent.PUBLICATION, patent.LAPSE))
        self.ask(patent, "PutWatch", None, watch=watch)

    def delete_watch(self):
        self.ask(patent, "DeleteWatch", None, owner=self.random.choice(OWNERS), watch_id=f"w{self.random.randrange(2)}")

    def list_watches(self):
        self.ask(patent, "ListWatches", None, owner=self.random.choice(OWNERS), limit=1000)

    def document(self):
        if self.mine and self.random.random() < 0.15:  # a correction
            made = patent.PatentDocument()
            made.CopyFrom(self.random.choice(self.mine))
            made.revision += 1
        else:
            made = patent.PatentDocument(family_id=f"f{self.random.randrange(60)}" if self.random.random() < 0.4 else "", ipc=["H01F1/053"])
            number = self.unique().upper().replace("-", "")
            made.publication.country, made.publication.number, made.publication.kind = self.random.choice(("CN", "US")), number, "A"
            made.publication.date = "2019-07-01"
        del made.titles[:]
        made.titles.add(language="en", text=words.title(self.random))
        return made

    def submit(self):
        documents = [self.document() for _ in range(self.random.choice((1, 1, 2, 4)))]
        documents = list({(d.publication.country, d.publication.number): d for d in documents}.values())
        if self.ask(patent, "SubmitPatents", None, documents=documents):
            self.mine = [*self.mine, *documents][-20:]

    def lapse(self):
        """Of a document that was accepted, or (an orphan) of one that will be."""
        if not self.mine:
            return
        if self.random.random() < 0.3:
            coming = self.document()
            self.lapse_of(coming)
            if self.ask(patent, "SubmitPatents", None, documents=[coming]):
                self.mine = [*self.mine, coming][-20:]
        else:
            self.lapse_of(self.random.choice(self.mine))

    def lapse_of(self, document):
        event = patent.LegalEvent(publication=document.publication, office=document.publication.country, code="CF01", category="H", text=self.unique())
        event.parties.add(name=event.text)  # no two are the same event
        self.ask(patent, "SubmitLegalEvents", None, events=[event])

    def list_alerts(self):
        return self.ask(patent, "ListAlerts", None, owner=self.random.choice(OWNERS), limit=1000)

    def acknowledge(self):
        listed = self.list_alerts()
        if listed and listed.alerts:
            some = self.random.sample(list(listed.alerts), min(3, len(listed.alerts)))
            self.ask(patent, "AcknowledgeAlerts", None, owner=some[0].owner, numbers=[alert.number for alert in some])

    kinds = ((9, submit), (3, lapse), (4, put_watch), (3, delete_watch), (4, list_watches), (2, acknowledge))


class Achievements(Worker):
    service, package = "achievement", "techtransfer.achievement.v1.AchievementIngest"

    def prepare(self):
        self.mine = {}
        for _ in range(2):
            self.put_demand("stays-" + self.unique())

    def put_demand(self, demand_id=None):
        demand = achievement.Demand(owner=self.random.choice(OWNERS), demand_id=demand_id or f"d{self.random.randrange(2)}", title=self.unique(),
                                    query=words.query(self.random))
        self.ask(achievement, "PutDemand", None, demand=demand)

    def delete_demand(self):
        self.ask(achievement, "DeleteDemand", None, owner=self.random.choice(OWNERS), demand_id=f"d{self.random.randrange(2)}")

    def list_demands(self):
        self.ask(achievement, "ListDemands", None, owner=self.random.choice(OWNERS), limit=1000)

    def record(self):
        if self.mine and self.random.random() < 0.3:
            source_id = self.random.choice(list(self.mine))
            version = self.mine[source_id] + 1
        else:
            source_id, version = self.unique(), 1
        self.mine[source_id] = version
        made = achievement.Achievement(source="lab", source_id=source_id, source_version=version, title=words.title(self.random), owners=["Institute"],
                                       district=self.random.choice(DISTRICTS), specials=self.random.sample((1, 2, 3), self.random.randrange(3)))
        if self.random.random() < 0.2:
            made.registration_number = self.random.choice(NUMBERS)
        return made

    def submit(self):
        records = {r.source_id: r for r in (self.record() for _ in range(self.random.choice((1, 1, 2, 3))))}
        self.ask(achievement, "SubmitAchievements", None, achievements=list(records.values()))

    def withdraw(self):
        if self.mine:
            self.ask(achievement, "WithdrawAchievement", None, source="lab", source_id=self.random.choice(list(self.mine)), reason=self.unique())

    def answer(self):
        listed = self.ask(achievement, "ListPushes", None, owner=self.random.choice(OWNERS), limit=1000)
        if listed and listed.pushes:
            one = self.random.choice(listed.pushes)
            self.ask(achievement, "AnswerPush", None, owner=one.owner, number=one.number, answer=self.random.choice((1, 2)))

    kinds = ((8, submit), (2, withdraw), (4, put_demand), (3, delete_demand), (4, list_demands), (2, answer))


class Finance(Worker):
    service, package = "finance", "techtransfer.finance.v1.LoanMatch"

    def prepare(self):
        for market in MARKETS:
            for fund in FUNDS:
                self.put_provider(market, fund)
                self.put_product(market, fund)

    def put_provider(self, market=None, fund=None):
        provider = finance.Provider(market=market or self.random.choice(MARKETS), provider_id=fund or self.random.choice(FUNDS), kind=finance.FUND,
                                    name=self.unique(), capacity_fen=self.random.randrange(20, 60) * MILLION,
                                    exposure_limit_fen=self.random.choice((0, 12 * MILLION)))
        self.ask(finance, "PutProvider", None, provider=provider)

    def put_product(self, market=None, fund=None):
        product = finance.Product(market=market or self.random.choice(MARKETS), provider_id=fund or self.random.choice(FUNDS), product_id="equity",
                                  leg=finance.EQUITY, name=self.unique(), ticket_min_fen=MILLION // 10, ticket_max_fen=8 * MILLION,
                                  capacity_fen=self.random.randrange(10, 40) * MILLION, price="10")
        self.ask(finance, "PutProduct", None, product=product)

    def apply(self):
        made = finance.Application(market=self.random.choice(MARKETS), application_id=self.unique(), applicant=self.random.choice(OWNERS), name="Applicant",
                                   district=self.random.choice(DISTRICTS[1:]), industry="C39", stage="growth", specials=[self.random.randrange(1, 4)],
                                   score=self.random.randrange(1000))
        made.legs.add(leg=finance.EQUITY, amount_fen=self.random.randrange(1, 9) * MILLION, price_limit="20")
        self.ask(finance, "SubmitApplication", None, application=made)

    def round(self):
        self.ask(finance, "RunRound", None, market=self.random.choice(MARKETS), round_id=self.unique(), hold_seconds=self.random.randrange(2, 6))

    def decide(self):
        market = self.random.choice(MARKETS)
        listed = self.ask(finance, "ListProposals", None, market=market, limit=1000)
        held = [p for p in listed.proposals if p.state == finance.HELD] if listed else []
        for one in self.random.sample(held, min(2, len(held))):
            if self.random.random() < 0.25:
                self.ask(finance, "DeclineProposal", None, market=market, proposal_id=one.proposal_id, party=self.random.choice((one.applicant, one.provider_id)),
                         reason=self.unique())
                continue
            for party in self.random.sample((one.applicant, one.provider_id), self.random.choice((1, 2, 2))):
                self.ask(finance, "AcceptProposal", None, market=market, proposal_id=one.proposal_id, party=party)

    def list_providers(self):
        self.ask(finance, "ListProviders", None, market=self.random.choice(MARKETS))

    kinds = ((8, apply), (3, round), (4, decide), (2, put_provider), (2, put_product), (3, list_providers))


class Statistics(Worker):
    service, package = "statistics", "techtransfer.statistics.v1.Statistics"

    def put(self):
        indicator = self.random.choice(INDICATORS)
        self.count += 1
        value = int(self.name.rsplit("-", 1)[1]) * 100_000 + self.count
        made = statistics.Observation(indicator=indicator, period=self.random.choice(YEARS), district=self.random.choice(DISTRICTS[:2]), value=str(value),
                                      department=DEPARTMENTS[indicator], source=self.unique())
        self.ask(statistics, "PutObservation", None, observation=made)

    def list(self):
        self.ask(statistics, "ListObservations", None, indicator=self.random.choice(INDICATORS), district=self.random.choice(DISTRICTS[:2]))

    def counts(self):
        self.ask(statistics, "GetCounts", None)

    kinds = ((6, put), (3, list), (1, counts))


def probe_of(service):
    return type("Probe", (Probe,), {"service": service})


TEAMS = (("patent", Patents, 3), ("achievement", Achievements, 3), ("finance", Finance, 3), ("statistics", Statistics, 2),
         ("patent", probe_of("patent"), 1), ("statistics", probe_of("statistics"), 1))


def workers(world, recorder, seed, rate, ends, until):
    """All clients of an episode, not yet started."""
    made = []
    for service, kind, count in TEAMS:
        for _ in range(count):
            name = f"{service[:4]}-{len(made)}"
            made.append(kind(name, world.public(service, "commands"), recorder, f"{seed}/{name}", rate, ends, until))
    return made
