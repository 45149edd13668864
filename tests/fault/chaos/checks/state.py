"""State by query equals what the journal says; a record's events are a possible life; revisions count up by one."""
from collections import defaultdict

from checks import short, wrong


def check(history):
    yield from entities(history, "patent", "WatchChanged", "watch", "watch_id", "ListWatches", "watches", ("label", "query", "revision"))
    yield from entities(history, "achievement", "DemandChanged", "demand", "demand_id", "ListDemands", "demands", ("title", "query", "revision"))
    yield from documents(history)
    yield from records(history)
    yield from observations(history)


def entities(history, stream, kind, part, name, query, field, compared):
    """What an owner puts and deletes."""
    state = defaultdict(dict)
    for event in history.bodies(stream, kind):
        one = event["body"][part]
        before = state[one["owner"]].get(one[name])
        if event["body"]["deleted"]:
            if before is None:
                yield wrong("doubled", f"{one['owner']}/{one[name]} is deleted at {event['sequence']} of {stream}/{event['partition']}, but was not there")
            state[one["owner"]].pop(one[name], None)
            continue
        if one["revision"] != (before["revision"] + 1 if before else 1):
            yield wrong("order", f"{one['owner']}/{one[name]} becomes revision {one['revision']} after {before and before['revision']}")
        state[one["owner"]][one[name]] = one
    for owner, reply in history.asked(query).items():
        shown = {one[name]: {c: one[c] for c in compared} for one in reply[field]}
        told = {key: {c: one[c] for c in compared} for key, one in state[owner].items()}
        if shown != told:
            yield wrong("state", f"{query} of {owner} shows {sorted(shown.items())}, the journal {sorted(told.items())}"[:800], late=True)


def documents(history):
    last = {}
    for event in history.bodies("patent", "PatentPublished"):
        d = event["body"]["document"]
        key = f"{event['body']['document_id']} {d['family_id']}"
        if event["body"]["correction"] != (key in last):
            yield wrong("doubled" if key in last else "lost", f"{key} is published as {'a correction' if key not in last else 'new'} at {event['sequence']}")
        last[key] = d
    for key, reply in history.asked("GetPatent").items():
        told = last.get(key)
        if (reply and reply["document"]) != told:
            yield wrong("state", f"GetPatent {key} is not what the journal says: {str(reply)[:200]}, {str(told)[:200]}", late=True)


def records(history):
    live, withdrawn = {}, set()
    for event in history.bodies("achievement", "AchievementRegistered", "AchievementRevised", "AchievementWithdrawn"):
        record, kind = event["body"]["achievement"], short(event["type"])
        name = record["source_id"]
        if (kind == "AchievementRegistered") == (name in live):
            yield wrong("doubled" if name in live else "lost", f"{name} is told as {kind} although it is {'' if name in live else 'not '}registered")
        if kind == "AchievementWithdrawn":
            live.pop(name, None)
            withdrawn.add(name)
        else:
            live[name] = record
    holders = {}
    for name, reply in history.asked("GetAchievement").items():
        stands = reply is not None and not reply["achievement"]["withdrawn"] and not reply["duplicate_of"]
        if stands != (name in live) or (stands and reply["achievement"] != live[name]):
            yield wrong("state", f"GetAchievement {name}: {str(reply)[:300]}; the journal: {str(live.get(name))[:300]}", late=True)
        number = stands and reply["achievement"]["registration_number"]
        if number and holders.setdefault(number, name) != name:
            yield wrong("doubled", f"{number} is held by {holders[number]} and {name}")


def observations(history):
    told = defaultdict(list)
    for event in history.bodies("statistics", "ObservationReported"):
        one = event["body"]["observation"]
        series = told[f"{one['indicator']}/{one['district']}", one["period"]]
        series.append(one)
        if one["revision"] != len(series):
            yield wrong("order", f"{one['indicator']} {one['period']}: revision {one['revision']} where {len(series)} should be")
    for key, reply in history.asked("ListObservations").items():
        shown = defaultdict(list)
        for one in reply["observations"]:
            shown[key, one["period"]].append(one)
        if shown != {k: v for k, v in told.items() if k[0] == key}:
            yield wrong("state", f"ListObservations {key} shows others than the journal", late=True)
