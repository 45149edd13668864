"""Inboxes: numbers dense from 1, equal to the events, and equal to a model of which standing query takes which record."""
from collections import defaultdict

import words
from checks import operation_of, wrong

PUBLICATION, LAPSE = 1, 3  # patent.Trigger


def check(history):
    yield from listed(history, "patent", "AlertRaised", "alert", "ListAlerts", "alerts", "alert_id")
    yield from listed(history, "achievement", "AchievementPushed", "push", "ListPushes", "pushes", "push_id")
    yield from alerts(history)
    yield from legal(history)
    yield from pushes(history)


def listed(history, stream, kind, part, query, field, identity):
    """Events of an owner are numbered 1, 2, 3 in the order of the journal, and are what the owner's inbox shows."""
    told, known = defaultdict(list), set()
    for event in history.bodies(stream, kind):
        one = event["body"][part]
        told[one["owner"]].append((one["number"], one[identity]))
        if one[identity] in known:
            yield wrong("doubled", f"{kind} {one[identity]} of {one['owner']} was made twice")
        known.add(one[identity])
    for owner, reply in history.asked(query).items():
        events = told.pop(owner, [])
        if [number for number, _ in events] != list(range(1, len(events) + 1)):
            yield wrong("inbox", f"{kind} of {owner}: numbers {[n for n, _ in events][:50]} are not 1, 2, 3 ...")
        if [(one["number"], one[identity]) for one in reply[field]] != events:
            yield wrong("inbox", f"{query} of {owner} shows {len(reply[field])}, the journal {len(events)}, or others", late=True)
    for owner in told:
        yield wrong("invented", f"{kind} for {owner}, who is not known")


# -- alerts --


class Standing:
    """One version of a standing query, from when it may have been in force to when it may have ended."""

    def __init__(self, name, query, label, asked, acknowledged):
        self.name, self.query, self.label = name, query, label
        self.asked, self.acknowledged = asked, acknowledged
        self.last = True  # nobody asked to change or delete it afterwards


def standing_queries(history, put, delete, part, name):
    """{owner: [Standing]}. A version is the last one of its name if it is the only one that was ever asked for."""
    found, asked = defaultdict(list), defaultdict(int)
    for operation in history.of(put):
        q = operation.request[part]
        asked[q["owner"], q[name]] += 1
        if operation.outcome != "fail" or operation.doubt:
            found[q["owner"]].append(Standing(q[name], q["query"], q.get("label") or q["title"], operation.invoked,
                                              operation.returned if operation.outcome == "ok" else float("inf")))
    for operation in history.of(delete):
        asked[operation.request["owner"], operation.request[name]] += 1
    for owner, versions in found.items():
        for version in versions:
            version.last = asked[owner, version.name] == 1
    return found


def alerts(history):
    """The first document of a family that an owner's watch takes raises one alert; a watch that was acknowledged before and stays must be in it."""
    watches = standing_queries(history, "PutWatch", "DeleteWatch", "watch", "watch_id")
    families = defaultdict(list)
    for event in history.bodies("patent", "PatentPublished"):
        d = event["body"]["document"]
        operation = history.operations.get(operation_of(event))
        family = d["family_id"] or d["publication"]["country"] + d["publication"]["number"]
        families[family].append((event["body"]["document_id"], d["titles"][0]["text"], operation.invoked if operation else 0.0))
    raised = {}
    for event in history.bodies("patent", "AlertRaised"):
        alert = event["body"]["alert"]
        if alert["trigger"] != PUBLICATION:
            continue
        if (alert["owner"], alert["family_id"]) in raised:
            yield wrong("doubled", f"two alerts of {alert['owner']} for family {alert['family_id']}")
        raised[alert["owner"], alert["family_id"]] = alert
        yield from justified(alert, watches[alert["owner"]], families[alert["family_id"]])
    for family, documents in families.items():
        for owner, versions in watches.items():
            yield from due(owner, family, documents, versions, raised.get((owner, family)))


def legal(history):
    """Each legal event raises one alert for each owner whose watch takes its document; a watch that was acknowledged before both were sent, stays, and takes
    every version of the document, must be in it."""
    watches, documents = standing_queries(history, "PutWatch", "DeleteWatch", "watch", "watch_id"), defaultdict(list)
    for event in history.bodies("patent", "PatentPublished"):
        p, operation = event["body"]["document"]["publication"], history.operations.get(operation_of(event))
        documents[p["country"], p["number"]].append((event["body"]["document"]["titles"][0]["text"], operation.invoked if operation else 0.0))
    raised = {}
    for event in history.bodies("patent", "AlertRaised"):
        alert = event["body"]["alert"]
        if alert["trigger"] != LAPSE:
            continue
        key = alert["owner"], alert["legal_event"]["event_id"]
        if key in raised:
            yield wrong("doubled", f"two alerts of {alert['owner']} for legal event {key[1]}")
        raised[key] = alert
        p = alert["legal_event"]["publication"]
        titles = [title for title, _ in documents[p["country"], p["number"]]]
        for match in alert["matches"]:
            if not any(v.name == match["watch_id"] and v.label == match["label"] and words.matches(v.query, t) for v in watches[alert["owner"]] for t in titles):
                yield wrong("invented", f"watch {alert['owner']}/{match['watch_id']} \"{match['label']}\" does not take {titles}, of which {key[1]} is")
    for event in history.bodies("patent", "LegalEventRecorded"):
        body, operation = event["body"]["event"], history.operations.get(operation_of(event))
        of = documents[body["publication"]["country"], body["publication"]["number"]]
        sent = min([asked for _, asked in of] + [operation.invoked if operation else 0.0])
        for owner, versions in watches.items():
            for v in versions:
                if of and v.last and v.acknowledged < sent and all(words.matches(v.query, title) for title, _ in of):
                    alert = raised.get((owner, body["event_id"]))
                    if alert is None or v.name not in [m["watch_id"] for m in alert["matches"]]:
                        yield wrong("lost", f"watch {owner}/{v.name} takes every version of {body['publication']}, but legal event {body['event_id']} is not "
                                    "told for it", late=True)


def justified(alert, versions, documents):
    about = [title for document, title, _ in documents if document == alert["document_id"] and title == alert["title"]]
    if not about:
        yield wrong("invented", f"an alert of {alert['owner']} is about {alert['document_id']} \"{alert['title']}\", which nobody published")
        return
    for match in alert["matches"]:
        if not any(v.name == match["watch_id"] and v.label == match["label"] and words.matches(v.query, about[0]) for v in versions):
            yield wrong("invented", f"watch {alert['owner']}/{match['watch_id']} \"{match['label']}\" does not take \"{about[0]}\"")


def due(owner, family, documents, versions, alert):
    for document, title, asked in documents:
        for version in versions:
            if version.last and version.acknowledged < asked and words.matches(version.query, title):
                if alert is None:
                    yield wrong("lost", f"watch {owner}/{version.name} stood before {document} of family {family} was sent and takes it, but there is "
                                "no alert", late=True)
                    return
                if (alert["document_id"], alert["title"]) == (document, title) and version.name not in [m["watch_id"] for m in alert["matches"]]:
                    yield wrong("lost", f"the alert of {owner} for {document} does not name watch {version.name}")


# -- pushes --


def pushes(history):
    """Each pair of demand and achievement that fit is pushed once; a pair of which both sides stayed must have been."""
    demands = standing_queries(history, "PutDemand", "DeleteDemand", "demand", "demand_id")
    titles, live = defaultdict(set), {}
    for event in history.bodies("achievement", "AchievementRegistered", "AchievementRevised", "AchievementWithdrawn"):
        record = event["body"]["achievement"]
        titles[record["source_id"]].add(record["title"])
        live[record["source_id"]] = None if event["type"].endswith("Withdrawn") else record["title"]
    made, first = set(), defaultdict(int)
    for event in history.bodies("achievement", "AchievementPushed"):
        push = event["body"]["push"]
        pair = (push["owner"], push["demand_id"], push["source_id"])
        if pair in made:
            yield wrong("doubled", f"{pair} was pushed twice")
        made.add(pair)
        first[push["source_id"]] += event["body"]["first_push_of_achievement"]
        if not any(v.name == push["demand_id"] and words.matches(v.query, title) for v in demands[push["owner"]] for title in titles[push["source_id"]]):
            yield wrong("invented", f"{pair} was pushed, but no version of the demand takes one of the achievement")
    yield from (wrong("count", f"{count} pushes of achievement {name} were its first") for name, count in first.items() if count != 1)
    for owner, versions in demands.items():
        for version in versions:
            if version.last and version.acknowledged < float("inf"):
                for name, title in live.items():
                    if title and words.matches(version.query, title) and (owner, version.name, name) not in made:
                        yield wrong("lost", f"demand {owner}/{version.name} takes {name} \"{title}\", but it was not pushed", late=True)
