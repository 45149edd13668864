"""GetCounts equals a recount of the journals, and its positions their heads."""
from collections import Counter

from checks import short, wrong

LEGS = {1: "equity", 2: "loan", 3: "lease"}
CONTRACT_TYPES = {1: "development", 2: "transfer", 3: "consulting", 4: "service", 5: "licence"}
EXPIRED = 1


class Recount:
    def __init__(self):
        self.cells = Counter()
        self.members = {}

    def add(self, name, delta, district="", specials=(), detail=""):
        for full in (name, f"{name}/{detail}") if detail else (name,):
            for special in (0, *dict.fromkeys(specials)):
                self.cells[full, "", special] += delta
                if district:
                    self.cells[full, district, special] += delta

    def member(self, name, key, there, district=""):
        """Putting what is there again counts nothing more; deleting takes back what was added."""
        before = self.members.pop((name, key), None)
        if before is not None:
            self.add(name, -1, before)
        if there:
            self.members[name, key] = district
            self.add(name, 1, district)

    def place(self, name, delta, record, detail=""):
        self.add(name, delta, record["district"], record["specials"], detail)

    def published(self, b):
        if not b["correction"]:
            self.add("patents_published", 1, detail=b["document"]["publication"]["country"])

    def alert(self, _):
        self.add("alerts_raised", 1)

    def watch(self, b):
        self.member("watches_active", f"{b['watch']['owner']}/{b['watch']['watch_id']}", not b["deleted"])

    def registered(self, b):
        self.place("achievements_registered", 1, b["achievement"])

    def revised(self, b):
        self.add("achievements_registered", -1, b["previous_district"], b["previous_specials"])
        self.place("achievements_registered", 1, b["achievement"])

    def withdrawn(self, b):
        self.place("achievements_registered", -1, b["achievement"])

    def duplicate(self, _):
        self.add("duplicates", 1)

    def demand(self, b):
        self.member("demands_open", f"{b['demand']['owner']}/{b['demand']['demand_id']}", not b["deleted"] and not b["demand"]["state"] == EXPIRED, b["demand"]["district"])

    def expired(self, b):
        self.member("demands_open", f"{b['demand']['owner']}/{b['demand']['demand_id']}", False)

    def contract(self, contract, sign):
        seller, kind = contract["seller"], CONTRACT_TYPES[contract["type"]]
        for name, amount in (("contracts", 1), ("contract_fen", contract["amount_fen"]), ("contract_technology_fen", contract["technology_amount_fen"])):
            self.add(name, sign * amount, seller["district"], (), kind)

    def contract_registered(self, b):
        self.contract(b["contract"], 1)

    def contract_corrected(self, b):
        self.contract(b["previous"], -1)
        self.contract(b["contract"], 1)

    def contract_cancelled(self, b):
        self.contract(b["contract"], -1)

    def pushed(self, b):
        self.place("pushes_made", 1, b)
        if b["first_push_of_achievement"]:
            self.place("achievements_pushed", 1, b)

    def application(self, b):
        if not b["revised"]:
            self.place("applications_submitted", 1, b["application"])

    def round(self, _):
        self.add("rounds_completed", 1)

    def made(self, b):
        if b["party"] == b["proposal"]["applicant"]:
            self.place("proposals_made", 1, b["proposal"])

    def released(self, b):
        self.place("proposals_released", 1, b["proposal"])

    def confirmed(self, b):
        self.place("capital_confirmed_fen", b["proposal"]["amount_fen"], b["proposal"], LEGS[b["proposal"]["leg"]])


COUNTED = {"PatentPublished": Recount.published, "AlertRaised": Recount.alert, "WatchChanged": Recount.watch, "AchievementRegistered": Recount.registered,
           "AchievementRevised": Recount.revised, "AchievementWithdrawn": Recount.withdrawn, "AchievementDuplicate": Recount.duplicate,
           "DemandChanged": Recount.demand, "DemandExpired": Recount.expired, "ContractRegistered": Recount.contract_registered,
           "ContractCorrected": Recount.contract_corrected, "ContractCancelled": Recount.contract_cancelled, "AchievementPushed": Recount.pushed, "ApplicationSubmitted": Recount.application,
           "RoundCompleted": Recount.round, "ProposalMade": Recount.made, "ProposalReleased": Recount.released, "ProposalConfirmed": Recount.confirmed}


def check(history):
    reply = history.asked("GetCounts").get("")
    if reply is None:
        return
    recount = Recount()
    for (stream, _), journal in sorted(history.events.items()):
        for event in journal if stream != "statistics" else ():
            if short(event["type"]) in COUNTED:
                COUNTED[short(event["type"])](recount, event["body"])
    told = {key: value for key, value in recount.cells.items() if value}
    shown = {(c["name"], c["district"], c["special"]): c["value"] for c in reply["counts"]}
    wrongly = sorted(key for key in told.keys() | shown if told.get(key) != shown.get(key))
    if wrongly:
        yield wrong("count", f"{len(wrongly)} counts: " + ", ".join(f"{k}: {shown.get(k)} shown, {told.get(k)} recounted" for k in wrongly[:6]), late=True)
    heads = {key: len(journal) for key, journal in history.events.items() if key[0] != "statistics"}
    positions = {(p["stream"], p["partition"]): p["sequence"] for p in reply["positions"] if p["sequence"]}
    if positions != heads:
        yield wrong("count", f"statistics stand at {sorted(positions.items())}, the journals at {sorted(heads.items())}", late=True)
