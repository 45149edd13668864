"""Single entities as versioned registers: a watch, a demand, a provider, an observation. Puts answer with the revision that they made, deletes say
whether something was there, lists read. Each entity's operations must be linearizable."""
from collections import defaultdict

from checks import wrong
from checks.linearize import IMPOSSIBLE, INFINITY, Step, TooHard, linearizable

NOT_FOUND = 5


def put(content, revision):
    """revision None: not known what it answered."""
    def apply(state):
        made = (state[0] + 1 if state else 1, content)
        return made if revision in (None, made[0]) else IMPOSSIBLE
    return apply


def delete(sure):
    return lambda state: None if state or not sure else IMPOSSIBLE


def read(value):
    return lambda state: state if state == value else IMPOSSIBLE


class Entities:
    """Steps of all entities of one kind, by name."""

    def __init__(self):
        self.steps = defaultdict(list)
        self.names = set()

    def put(self, operation, name, content, revision):
        self.names.add(name)
        if operation.outcome == "ok":
            self.steps[name].append(Step(operation.invoked, operation.returned, put(content, revision), operation.id))
        elif operation.outcome == "unknown" or operation.doubt:
            self.steps[name].append(Step(operation.invoked, INFINITY, put(content, None), operation.id))

    def delete(self, operation, name):
        self.names.add(name)
        if operation.outcome == "ok":
            self.steps[name].append(Step(operation.invoked, operation.returned, delete(True), operation.id))
            return
        if operation.outcome == "fail" and operation.code == NOT_FOUND:
            self.steps[name].append(Step(operation.invoked, operation.returned, read(None), operation.id))
        if operation.outcome == "unknown" or operation.doubt:  # a try of which nothing is known may still be done, also later
            self.steps[name].append(Step(operation.invoked, INFINITY, delete(True), operation.id))

    def list(self, operation, found, prefix):
        """found: {name: (revision, content)} of all entities whose name begins with prefix."""
        if operation.outcome == "ok":
            for name in [n for n in self.names if n.startswith(prefix)]:
                self.steps[name].append(Step(operation.invoked, operation.returned, read(found.get(name)), operation.id))

    def check(self, what):
        for name, steps in sorted(self.steps.items()):
            try:
                if linearizable(steps, None) is None:
                    yield wrong("linear", f"{what} {name}: no order explains its {len(steps)} operations {[s.name for s in steps][:40]}")
            except TooHard:
                continue


def owned(history, put_name, delete_name, list_name, part, identity, field, content):
    entities = Entities()
    for o in history.of(put_name):
        one = o.request[part]
        entities.put(o, f"{one['owner']}/{one[identity]}", one[content], o.reply[part]["revision"] if o.outcome == "ok" else None)
    for o in history.of(delete_name):
        entities.delete(o, f"{o.request['owner']}/{o.request[identity]}")
    for o in history.of(list_name):
        found = {f"{w['owner']}/{w[identity]}": (w["revision"], w[content]) for w in o.reply[field]} if o.outcome == "ok" else {}
        entities.list(o, found, o.request["owner"] + "/")
    return entities


def providers(history):
    entities = Entities()
    for o in history.of("PutProvider"):
        p = o.request["provider"]
        entities.put(o, f"{p['market']}/{p['provider_id']}", p["name"], o.reply["provider"]["revision"] if o.outcome == "ok" else None)
    for o in history.of("ListProviders"):
        found = {f"{p['market']}/{p['provider_id']}": (p["revision"], p["name"]) for p in o.reply["providers"]} if o.outcome == "ok" else {}
        entities.list(o, found, o.request["market"] + "/")
    return entities


def observations(history):
    entities = Entities()
    for o in history.of("PutObservation"):
        p = o.request["observation"]
        entities.put(o, f"{p['indicator']}/{p['district']}/{p['period']}", p["value"], o.reply["observation"]["revision"] if o.outcome == "ok" else None)
    for o in history.of("ListObservations"):
        found = {}
        for p in o.reply["observations"] if o.outcome == "ok" else ():
            found[f"{p['indicator']}/{p['district']}/{p['period']}"] = (p["revision"], p["value"])
        entities.list(o, found, f"{o.request['indicator']}/{o.request['district']}/")
    return entities


def check(history):
    yield from owned(history, "PutWatch", "DeleteWatch", "ListWatches", "watch", "watch_id", "watches", "label").check("watch")
    yield from owned(history, "PutDemand", "DeleteDemand", "ListDemands", "demand", "demand_id", "demands", "title").check("demand")
    yield from providers(history).check("provider")
    yield from observations(history).check("observation")
