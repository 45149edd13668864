"""Commands and their effects: what was acknowledged is in the journal once, what was refused is not there, what is unknown is there once or not at
all, and the same request id again gets the same answer."""
from checks import operation_of, short, wrong
from checks.journal import is_direct

ACCEPTED, REVISED = 1, 2                     # patent.SubmitOutcome
REGISTERED, RECORD_REVISED, DUPLICATE = 1, 2, 4  # achievement.IngestOutcome

# Event type -> what of its body tells it from others of the same command.
KEYS = {
    "WatchChanged": lambda b: (b["watch"]["owner"], b["watch"]["watch_id"], b["deleted"], b["watch"]["label"]),
    "PatentPublished": lambda b: (b["document_id"], b["document"]["titles"][0]["text"], b["correction"]),
    "AlertAcknowledged": lambda b: (b["owner"],),
    "LegalEventRecorded": lambda b: (b["event"]["text"], b["correction"]),
    "ProbeStored": lambda b: (b["key"], b["payload"]),
    "AchievementRegistered": lambda b: (b["achievement"]["source_id"], b["achievement"]["title"]),
    "AchievementRevised": lambda b: (b["achievement"]["source_id"], b["achievement"]["title"]),
    "AchievementWithdrawn": lambda b: (b["achievement"]["source_id"],),
    "AchievementDuplicate": lambda b: (b["source_id"],),
    "DemandChanged": lambda b: (b["demand"]["owner"], b["demand"]["demand_id"], b["deleted"], b["demand"]["title"]),
    "PushAnswered": lambda b: (b["push"]["owner"], b["push"]["number"], b["push"]["answer"]),
    "ProviderChanged": lambda b: (b["provider"]["market"], b["provider"]["name"]),
    "ProductChanged": lambda b: (b["product"]["market"], b["product"]["name"]),
    "ApplicationSubmitted": lambda b: (b["application"]["market"], b["application"]["application_id"]),
    "ProposalAccepted": lambda b: (b["proposal"]["proposal_id"],),
    "ProposalConfirmed": lambda b: (b["proposal"]["proposal_id"],),
    "ObservationReported": lambda b: (b["observation"]["indicator"], b["observation"]["period"], b["observation"]["value"]),
}


def expected(operation):
    """{(event type, key): (least, most)} of a command that was done; for one that is unknown `least` does not count."""
    request, reply = operation.request, operation.reply if operation.outcome == "ok" else None
    return MODELS[operation.method.rsplit("/", 1)[1]](request, reply)


def one(kind, *key):
    return {(kind, key): (1, 1)}


def put_watch(request, _):
    w = request["watch"]
    return one("WatchChanged", w["owner"], w["watch_id"], False, w["label"])


def put_demand(request, _):
    d = request["demand"]
    return one("DemandChanged", d["owner"], d["demand_id"], False, d["title"])


def submit_patents(request, reply):
    found = {}
    for i, document in enumerate(request["documents"]):
        p = document["publication"]
        outcome = reply["results"][i]["outcome"] if reply else 0
        for correction in (False, True):
            done = outcome == (REVISED if correction else ACCEPTED)
            found["PatentPublished", (f"{p['country']}.{p['number']}.{p['kind']}", document["titles"][0]["text"], correction)] = (
                (int(done), int(done)) if reply else (0, 1))
    return found


def submit_legal_events(request, reply):
    found = {}
    for i, event in enumerate(request["events"]):
        outcome = reply["results"][i]["outcome"] if reply else 0
        done = int(outcome == ACCEPTED)
        found["LegalEventRecorded", (event["text"], False)] = (done, done) if reply else (0, 1)
    return found


def submit_achievements(request, reply):
    found = {}
    for i, record in enumerate(request["achievements"]):
        outcome = reply["results"][i]["outcome"] if reply else None
        name, title = record["source_id"], record["title"]
        for kind, key, sure in (("AchievementRegistered", (name, title), REGISTERED), ("AchievementRevised", (name, title), RECORD_REVISED)):
            found[kind, key] = (int(outcome == sure), int(outcome in (sure, None)))
        for kind in ("AchievementWithdrawn", "AchievementDuplicate"):  # a duplicate that was one already is not told again
            found[kind, (name,)] = (0, int(outcome in (DUPLICATE, None)))
    return found


def withdraw(request, reply):
    """A duplicate that is withdrawn is told nowhere; checks/records.py knows which were told."""
    return {("AchievementWithdrawn", (request["source_id"],)): (0, int(not reply or not reply["already"]))}


def acknowledge(request, reply):
    done = int(bool(reply and reply["acknowledged"]))
    return {("AlertAcknowledged", (request["owner"],)): (done, done if reply else 1)}


def decide(request, _):
    return {(kind, (request["proposal_id"],)): (0, 1) for kind in ("ProposalAccepted", "ProposalConfirmed")}


def put_observation(request, reply):
    o = request["observation"]
    changed = int(not reply or reply["changed"])
    return {("ObservationReported", (o["indicator"], o["period"], o["value"])): (changed, changed)}


MODELS = {
    "Put": lambda request, _: one("ProbeStored", request["key"], request["payload"]),
    "PutWatch": put_watch,
    "DeleteWatch": lambda r, _: one("WatchChanged", r["owner"], r["watch_id"], True, ""),
    "SubmitPatents": submit_patents,
    "SubmitLegalEvents": submit_legal_events,
    "AcknowledgeAlerts": acknowledge,
    "SubmitAchievements": submit_achievements,
    "WithdrawAchievement": withdraw,
    "PutDemand": put_demand,
    "DeleteDemand": lambda r, _: one("DemandChanged", r["owner"], r["demand_id"], True, ""),
    "AnswerPush": lambda r, _: {("PushAnswered", (r["owner"], r["number"], r["answer"])): (0, 1)},
    "PutProvider": lambda r, _: one("ProviderChanged", r["provider"]["market"], r["provider"]["name"]),
    "PutProduct": lambda r, _: one("ProductChanged", r["product"]["market"], r["product"]["name"]),
    "SubmitApplication": lambda r, _: one("ApplicationSubmitted", r["application"]["market"], r["application"]["application_id"]),
    "AcceptProposal": decide,
    "PutObservation": put_observation,
}


def check(history):
    caused = {}
    for journal in history.events.values():
        for event in journal:
            if is_direct(event):
                key = (short(event["type"]), KEYS[short(event["type"])](event["body"]))
                effects = caused.setdefault(operation_of(event), {})
                effects[key] = effects.get(key, 0) + 1
    for operation in history.operations.values():
        if operation.method.rsplit("/", 1)[1] in MODELS:
            yield from of_one(operation, caused.pop(operation.id, {}))
            yield from answered_alike(operation)
    for number, effects in caused.items():
        yield wrong("invented", f"nobody asked for {list(effects)[:3]} (command {number})")


def of_one(operation, effects):
    wanted = expected(operation)
    for key, count in effects.items():
        least, most = wanted.get(key, (0, 0))
        if operation.outcome == "fail" and operation.doubt == 0:
            yield wrong("invented", f"{operation} was refused with {operation.code}, but {key} is there")
        elif key not in wanted:
            yield wrong("invented", f"{operation} does not cause {key}")
        elif count > most:
            yield wrong("doubled", f"{operation}: {key} is there {count} times, not {most}")
    if operation.outcome == "ok":
        for key, (least, _) in wanted.items():
            if effects.get(key, 0) < least:
                yield wrong("lost", f"{operation} was acknowledged, but {key} is not there")


BULK = {"SubmitPatents": {ACCEPTED, REVISED}, "SubmitLegalEvents": {ACCEPTED, REVISED}, "SubmitAchievements": {REGISTERED, RECORD_REVISED}}
# What may have had no effect, and so is decided anew.
OPEN = {"AcknowledgeAlerts", "AcceptProposal", "AnswerPush", "WithdrawAchievement"}


def answered_alike(operation):
    """A command that had an effect is answered from memory."""
    method = operation.method.rsplit("/", 1)[1]
    for line in operation.again:
        if method in BULK:
            pairs = zip(operation.reply["results"], line["reply"].get("results", []))
            alike = line["code"] == 0 and len(line["reply"]["results"]) == len(operation.reply["results"]) and all(
                a == b for a, b in pairs if a["outcome"] in BULK[method])
        elif method in OPEN and not line["replayed"]:
            continue
        else:
            alike = line["code"] == 0 and line["replayed"] and line["reply"] == operation.reply
        if not alike:
            yield wrong("reply", f"{operation} was answered {str(operation.reply)[:300]}, and again {line['code']} {str(line['reply'])[:300]}")
