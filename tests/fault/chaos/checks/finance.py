"""Capacity is never exceeded at any place of the journal; proposals live once; queries agree with the events."""
from collections import Counter, defaultdict

from checks import short, wrong

HELD, CONFIRMED = "held", "confirmed"
OPEN, IN_PROPOSAL, FUNDED = 1, 2, 3  # finance.ApplicationState


class Market:
    """The ledger of a market as its events tell it."""

    def __init__(self):
        self.capacity = {}           # provider, or provider/product -> fen
        self.limit = {}              # provider -> most for one applicant, 0 = none
        self.names = {}
        self.taken = Counter()       # provider, provider/product, (provider, applicant) -> held and confirmed
        self.confirmed = Counter()
        self.proposals = {}          # id -> state: held, then confirmed, released
        self.accepted = defaultdict(set)
        self.told = Counter()        # (proposal, party) -> times
        self.applications = {}
        self.by_application = defaultdict(list)

    def move(self, proposal, sign, counter):
        product = f"{proposal['provider_id']}/{proposal['product_id']}"
        for key in (proposal["provider_id"], product, (proposal["provider_id"], proposal["applicant"])):
            counter[key] += sign * proposal["amount_fen"]

    def exceeded(self):
        for key, capacity in self.capacity.items():
            if self.taken[key] > capacity:
                yield f"{key}: {self.taken[key]} of {capacity}"
        for key, taken in self.taken.items():
            limit = self.limit.get(key[0], 0) if isinstance(key, tuple) else 0
            if limit and taken > limit:
                yield f"exposure {key}: {taken} of {limit}"


def check(history):
    markets = defaultdict(Market)
    rounds = Counter()
    proposals = Counter()
    for event in history.bodies("finance", *HANDLERS):
        kind, body = short(event["type"]), event["body"]
        market = markets[market_of(body)]
        before = set(market.exceeded())
        yield from HANDLERS[kind](market, body)
        for what in set(market.exceeded()) - before:
            # An exposure limit may be lowered below what is promised already; a capacity may not.
            if kind == "ProposalMade" or not what.startswith("exposure"):
                yield wrong("capacity", f"exceeded at {event['partition']}/{event['sequence']} by {kind}: {what}")
        if kind == "RoundCompleted":
            rounds[body["round"]["market"], body["round"]["round_id"]] += 1
        if kind == "ProposalMade":
            proposals[body["proposal"]["market"], body["proposal"]["round_id"]] += 1
    yield from ended(history, rounds, proposals)
    yield from decisions(history, markets)
    for name, market in markets.items():
        yield from shown(history, name, market)


def market_of(body):
    return next(part for part in body.values() if isinstance(part, dict))["market"]


def provider_changed(market, body):
    p = body["provider"]
    market.capacity[p["provider_id"]], market.limit[p["provider_id"]] = p["capacity_fen"], p["exposure_limit_fen"]
    market.names[p["provider_id"]] = p["name"]
    return ()


def product_changed(market, body):
    p = body["product"]
    key = f"{p['provider_id']}/{p['product_id']}"
    market.capacity[key], market.names[key] = p["capacity_fen"], p["name"]
    return ()


def application_submitted(market, body):
    market.applications[body["application"]["application_id"]] = body["application"]
    return ()


def proposal_made(market, body):
    """Told twice: to the applicant, which counts, and to the provider."""
    proposal, party = body["proposal"], body["party"]
    name = proposal["proposal_id"]
    market.told[name, party] += 1
    if market.told[name, party] > 1 or party not in (proposal["applicant"], proposal["provider_id"]):
        yield wrong("doubled", f"proposal {name} is told to {party} {market.told[name, party]} times")
    if party == proposal["applicant"] and name not in market.proposals:
        market.proposals[name] = HELD
        market.by_application[proposal["application_id"]].append(name)
        market.move(proposal, 1, market.taken)


def proposal_accepted(market, body):
    name, party = body["proposal"]["proposal_id"], body["party"]
    if market.proposals.get(name) != HELD or party in market.accepted[name]:
        yield wrong("doubled", f"proposal {name}, {market.proposals.get(name)}, is accepted by {party} again or too late")
    market.accepted[name].add(party)


def proposal_confirmed(market, body):
    proposal = body["proposal"]
    if market.proposals.get(proposal["proposal_id"]) != HELD:
        yield wrong("doubled", f"proposal {proposal['proposal_id']} is confirmed although it is {market.proposals.get(proposal['proposal_id'])}")
        return
    market.proposals[proposal["proposal_id"]] = CONFIRMED
    market.accepted[proposal["proposal_id"]] |= {proposal["applicant"], proposal["provider_id"]}
    market.move(proposal, 1, market.confirmed)


def proposal_released(market, body):
    proposal = body["proposal"]
    if market.proposals.get(proposal["proposal_id"]) != HELD:
        yield wrong("doubled", f"proposal {proposal['proposal_id']} is released although it is {market.proposals.get(proposal['proposal_id'])}")
        return
    market.proposals[proposal["proposal_id"]] = "released"
    market.move(proposal, -1, market.taken)


HANDLERS = {"ProviderChanged": provider_changed, "ProductChanged": product_changed, "ApplicationSubmitted": application_submitted,
            "ProposalMade": proposal_made, "ProposalAccepted": proposal_accepted, "ProposalConfirmed": proposal_confirmed,
            "ProposalReleased": proposal_released, "RoundCompleted": lambda market, body: ()}


def ended(history, rounds, proposals):
    """A round that was begun ends once, with as many proposals as it says."""
    for key, count in rounds.items():
        if count > 1:
            yield wrong("doubled", f"round {key} is completed {count} times")
    for key in proposals:
        if key not in rounds:
            yield wrong("lost", f"round {key} has proposals but no end", late=True)
    for operation in history.of("RunRound"):
        key = (operation.request["market"], operation.request["round_id"])
        if operation.outcome == "ok":
            if rounds[key] == 0:
                yield wrong("lost", f"{operation}: round {key} was acknowledged but is not in the journal")
            if proposals[key] != 2 * operation.reply["proposals"]:
                yield wrong("lost", f"{operation}: {operation.reply['proposals']} proposals were acknowledged, {proposals[key]} events are there, not twice as many")
            yield from alike(operation)
        if operation.outcome == "fail" and operation.doubt == 0 and rounds[key]:
            yield wrong("invented", f"{operation} was refused, but round {key} ran")


def alike(operation):
    for line in operation.again:
        if line["code"] != 0 or line["reply"] != operation.reply:
            yield wrong("reply", f"{operation} was answered otherwise the second time: {line['code']}")


def decisions(history, markets):
    for operation in history.of("AcceptProposal", "DeclineProposal"):
        request = operation.request
        market, name = markets[request["market"]], request["proposal_id"]
        if operation.outcome != "ok":
            continue
        if operation.method.endswith("AcceptProposal") and request["party"] not in market.accepted[name]:
            yield wrong("lost", f"{operation}: {request['party']} accepted {name}, which no event tells")
        if operation.method.endswith("DeclineProposal") and market.proposals.get(name) != "released":
            yield wrong("lost", f"{operation}: {request['party']} declined {name}, which is {market.proposals.get(name)}")


def shown(history, name, market):
    reply = history.asked("ListProviders").get(name)
    if reply:
        for kind, identity in (("providers", lambda p: p["provider_id"]), ("products", lambda p: f"{p['provider_id']}/{p['product_id']}")):
            told = {k: (market.names[k], market.capacity[k], market.taken[k] - market.confirmed[k], market.confirmed[k])
                    for k in market.names if ("/" in k) == (kind == "products")}
            seen = {identity(p): (p["name"], p["capacity_fen"], p["held_fen"], p["confirmed_fen"]) for p in reply[kind]}
            if told != seen:
                yield wrong("state", f"ListProviders of {name}, {kind}: {seen}; the journal: {told}", late=True)
    reply = history.asked("ListProposals").get(name)
    if reply and not reply["next_after"]:
        states = {1: HELD, 2: CONFIRMED}
        seen = {p["proposal_id"]: states.get(p["state"], "released") for p in reply["proposals"]}
        if seen != market.proposals:
            wrongly = {k for k in seen.keys() | market.proposals if seen.get(k) != market.proposals.get(k)}
            yield wrong("state", f"ListProposals of {name}: {[(k, seen.get(k), market.proposals.get(k)) for k in sorted(wrongly)[:5]]}", late=True)
        if HELD in seen.values():
            yield wrong("lost", f"proposals of {name} are held past their time", late=True)
    reply = history.asked("ListApplications").get(name)
    if reply and not reply["next_after"]:
        seen = {a["application_id"]: a["state"] for a in reply["applications"]}
        told = {a: state_of(market, a) for a in market.applications}
        if seen != told:
            wrongly = [k for k in seen.keys() | told if seen.get(k) != told.get(k)]
            yield wrong("state", f"ListApplications of {name}: {[(k, seen.get(k), told.get(k)) for k in sorted(wrongly)[:5]]}", late=True)


def state_of(market, application):
    states = {market.proposals[name] for name in market.by_application[application]}
    return IN_PROPOSAL if HELD in states else FUNDED if CONFIRMED in states else OPEN
