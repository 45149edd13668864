"""Does the checker see what it should? A true history is told to it with one seeded lie after the other; each must be caught under the kind of
violation that it is. usage: lies.py HISTORY [SEED]"""
import copy
import json
import random
import sys

import checker
from checks import operation_of, short


class NothingToLieAbout(Exception):
    pass


class Liar:
    def __init__(self, lines, seed):
        self.lines, self.random = [json.loads(line) for line in lines], random.Random(seed)

    def some(self, kind, condition=lambda line: True):
        found = [line for line in self.lines if line["e"] == kind and condition(line)]
        return self.one_of(found)

    def one_of(self, found):
        if not found:
            raise NothingToLieAbout
        return self.random.choice(found)

    def events(self, *types, condition=lambda line: True):
        return self.some("event", lambda line: short(line["type"]) in types and condition(line))

    def place(self, event):
        return [line for line in self.lines if line["e"] == "event" and (line["stream"], line["partition"]) == (event["stream"], event["partition"])]

    def renumber(self, journal):
        """So that the lie is consistent: places, chain and heads are those of a journal that looks whole."""
        for number, event in enumerate(journal, 1):
            event["sequence"], event["previous"] = number, journal[number - 2]["id"] if number > 1 else ""
        where = journal[0]["stream"], str(journal[0]["partition"])
        for line in self.lines:
            if line["e"] == "heads" and line["stream"] == where[0]:
                key = where[1] if where[1] in line["heads"] else int(where[1])
                line["heads"][key] = [len(journal), journal[-1]["id"], [event["id"] for event in journal]]

    def remove(self, event, tidy=True):
        journal = [line for line in self.place(event) if line is not event]
        self.lines = [line for line in self.lines if line is not event]
        if tidy:
            self.renumber(journal)

    def insert_again(self, event, identity):
        journal = self.place(event)
        twin = dict(copy.deepcopy(event), id=identity)
        journal.insert(journal.index(event) + 1, twin)
        self.lines.append(twin)
        self.renumber(journal)


# -- lies: each a function of the liar, with the kinds of which at least one must be found --


def drop_event(liar):
    liar.remove(liar.events("WatchChanged", "PatentPublished", "ProbeStored", "ObservationReported", "DemandChanged"))


def drop_event_leaving_a_hole(liar):
    event = liar.events("PatentPublished", condition=lambda e: 1 < e["sequence"] < len(liar.place(e)))
    liar.remove(event, tidy=False)


def drop_alert(liar):
    liar.remove(liar.events("AlertRaised"))


def drop_alert_and_its_place_in_the_inbox(liar):
    """The owner's last alert, from journal and inbox, so that both agree: only the model of watches can tell."""
    stays = {line["request"]["watch"]["watch_id"] for line in liar.lines if line["e"] == "invoke" and line["method"].endswith("PutWatch")
             and line["request"]["watch"]["watch_id"].startswith("stays")}
    last = {}
    for line in liar.lines:
        if line["e"] == "event" and short(line["type"]) == "AlertRaised":
            alert = line["body"]["alert"]
            if alert["number"] >= last.get(alert["owner"], (0, None))[0]:
                last[alert["owner"]] = alert["number"], line
    # One that a watch which was there from the beginning took.
    fit = [line for _, line in last.values() if any(m["watch_id"] in stays for m in line["body"]["alert"]["matches"])]
    event = liar.one_of(fit)
    alert = event["body"]["alert"]
    listed = liar.some("query", lambda q: q["name"] == "ListAlerts" and q["args"] == alert["owner"])
    listed["reply"]["alerts"] = [a for a in listed["reply"]["alerts"] if a["alert_id"] != alert["alert_id"]]
    liar.remove(event)


def drop_push(liar):
    liar.remove(liar.events("AchievementPushed"))


def double_event(liar):
    liar.insert_again(liar.events("ProbeStored", "PatentPublished", "ObservationReported"), "another-id")


def double_id(liar):
    event = liar.events("ProbeStored")
    liar.insert_again(event, event["id"])


def double_alert(liar):
    liar.insert_again(liar.events("AlertRaised"), "another-id")


def double_confirmation(liar):
    liar.insert_again(liar.events("ProposalConfirmed"), "another-id")


def swap_events(liar):
    """Two of which the second was asked after the first was acknowledged."""
    returned = {line["op"]: line["t"] for line in liar.lines if line["e"] == "done" and line["outcome"] == "ok"}
    invoked = {line["op"]: line["t"] for line in liar.lines if line["e"] == "invoke"}
    pairs = []
    for event in [line for line in liar.lines if line["e"] == "event" and short(line["type"]) == "ProbeStored"]:
        journal = liar.place(event)
        for other in journal[journal.index(event) + 1:]:
            if short(other["type"]) == "ProbeStored" and returned.get(operation_of(event), 1e18) < invoked[operation_of(other)]:
                pairs.append((journal, event, other))
    journal, one, other = liar.one_of(pairs)
    i, k = journal.index(one), journal.index(other)
    journal[i], journal[k] = other, one
    liar.renumber(journal)


def swap_revisions(liar):
    """Two changes of the same watch."""
    event = liar.events("WatchChanged", condition=lambda e: not e["body"]["deleted"] and e["body"]["watch"]["revision"] > 1)
    journal = liar.place(event)
    name = event["body"]["watch"]["owner"], event["body"]["watch"]["watch_id"]
    before = [e for e in journal[:journal.index(event)] if short(e["type"]) == "WatchChanged" and not e["body"]["deleted"]
              and (e["body"]["watch"]["owner"], e["body"]["watch"]["watch_id"]) == name][-1]
    i, k = journal.index(before), journal.index(event)
    journal[i], journal[k] = event, before
    liar.renumber(journal)


def exceed_capacity(liar):
    event = liar.events("ProposalMade", condition=lambda e: e["body"]["party"] == e["body"]["proposal"]["applicant"])
    event["body"]["proposal"]["amount_fen"] += 10 ** 12


def lower_capacity(liar):
    """To a thousandth, where something is held or confirmed: told by the messages themselves, which name what is taken."""
    event = liar.events("ProductChanged", "ProviderChanged", condition=lambda e: sum(
        part["held_fen"] + part["confirmed_fen"] for part in e["body"].values()) > 0)
    for part in event["body"].values():
        part["capacity_fen"] = 1


def alter_count(liar):
    counts = liar.some("query", lambda q: q["name"] == "GetCounts")["reply"]["counts"]
    liar.one_of(counts)["value"] += 1


def forget_position(liar):
    liar.some("query", lambda q: q["name"] == "GetCounts")["reply"]["positions"][0]["sequence"] -= 1


def alter_state(liar):
    reply = liar.some("query", lambda q: q["name"] == "ListWatches" and q["reply"]["watches"])["reply"]
    liar.one_of(reply["watches"])["label"] = "another"


def hold_more(liar):
    reply = liar.some("query", lambda q: q["name"] == "ListProviders")["reply"]
    liar.one_of(reply["products"])["held_fen"] += 1


def gap_in_inbox(liar):
    event = liar.events("AlertRaised")
    event["body"]["alert"]["number"] += 1


def effect_of_refused(liar):
    """A refused deletion becomes one that was done."""
    refused = liar.some("done", lambda d: d["outcome"] == "ok" and any(
        e["e"] == "event" and operation_of(e) == d["op"] and short(e["type"]) in ("WatchChanged", "DemandChanged") for e in liar.lines))
    refused.update(outcome="fail", code=5, doubt=0, reply={"message": "refused"})


def effect_of_nobody(liar):
    event = liar.events("ProbeStored")
    event["trace"] = f"00-{10 ** 9:032x}-{1:016x}-01"


def other_answer(liar):
    again = liar.some("again", lambda a: a["code"] == 0 and a["replayed"] and "watch" in a["reply"] or "demand" in a["reply"])
    again["reply"] = dict(again["reply"], created="what")


def not_handed_over(liar):
    line = liar.some("received")
    liar.lines = [other for other in liar.lines if other is not line]


def handed_over_twice(liar):
    liar.lines.append(dict(liar.some("received")))


def handed_over_late(liar):
    """Of one subscriber and partition, two events change places."""
    line = liar.some("received")
    same = [o for o in liar.lines if o["e"] == "received" and (o["subscriber"], o["partition"]) == (line["subscriber"], line["partition"])]
    one, other = same[0], same[-1]
    if one is other:
        raise NothingToLieAbout
    one["sequence"], other["sequence"] = other["sequence"], one["sequence"]
    one["id"], other["id"] = other["id"], one["id"]


def stale_read(liar):
    """A list, asked when nobody was changing anything, that shows a watch as it was never then."""
    read_line = liar.some("done", lambda d: "watches" in d["reply"] and d["reply"]["watches"])
    liar.one_of(read_line["reply"]["watches"])["revision"] += 40


def stale_content(liar):
    """A list shows a watch as an earlier one, of the same owner and name, that had long been replaced."""
    put = {line["op"]: line["request"]["watch"] for line in liar.lines if line["e"] == "invoke" and line["method"].endswith("/PutWatch")}
    done = {line["op"]: line for line in liar.lines if line["e"] == "done" and line["op"] in put and line["outcome"] == "ok"}
    asked = {line["op"]: line["t"] for line in liar.lines if line["e"] == "invoke"}
    choices = []
    for line in liar.lines:
        for watch in line["reply"].get("watches", ()) if line["e"] == "done" and line["outcome"] == "ok" else ():
            older = [d for d in done.values() if (d["reply"]["watch"]["owner"], d["reply"]["watch"]["watch_id"]) == (watch["owner"], watch["watch_id"])
                     and d["t"] < asked[line["op"]]]
            newer = [d for d in older if d["reply"]["watch"]["label"] == watch["label"]]
            replaced = [d for d in older if newer and d["t"] < asked[newer[0]["op"]]]
            choices += [(watch, d) for d in replaced]
    watch, older = liar.one_of(choices)
    watch.update(older["reply"]["watch"])


def two_first_pushes(liar):
    event = liar.events("AchievementPushed", condition=lambda e: not e["body"]["first_push_of_achievement"])
    event["body"]["first_push_of_achievement"] = True


# What each lie is, and the check that must find it by itself, whatever others find: "check: kinds".
LIES = (
    (drop_event, "effects: lost"), (drop_event_leaving_a_hole, "journal: lost"), (drop_alert, "inbox: inbox"),
    (drop_alert_and_its_place_in_the_inbox, "inbox: lost"), (drop_push, "inbox: lost inbox"), (double_event, "effects: doubled"),
    (double_id, "journal: doubled"), (double_alert, "inbox: doubled"), (double_confirmation, "finance: doubled"), (swap_events, "journal: order"),
    (swap_revisions, "state: order"), (exceed_capacity, "finance: capacity"), (lower_capacity, "finance: capacity"), (alter_count, "counts: count"),
    (forget_position, "counts: count"), (alter_state, "state: state"), (hold_more, "finance: state"), (gap_in_inbox, "inbox: inbox"),
    (effect_of_refused, "effects: invented"), (effect_of_nobody, "effects: invented"), (other_answer, "effects: reply"),
    (not_handed_over, "delivery: lost"), (handed_over_twice, "delivery: doubled"), (handed_over_late, "delivery: order"),
    (stale_read, "registers: linear"), (stale_content, "registers: linear"), (two_first_pushes, "inbox: count"))
SEEDS = 2


def caught(lines, lie, expected, seed):
    liar = Liar(lines, f"{seed}/{lie.__name__}")
    try:
        lie(liar)
    except NothingToLieAbout:
        print(f"none {lie.__name__} (seed {seed}): the history is too short for it")
        return None
    check, kinds = expected.split(": ")
    found = {v.kind for v in checker.violations(liar.lines, only=[check])}
    good = bool(found & set(kinds.split()))
    print(f"{'ok  ' if good else 'FAIL'} {lie.__name__} (seed {seed}): {check} finds {sorted(found) or 'nothing'}, expected {kinds}")
    return good


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = file.readlines()
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    honest = checker.violations([json.loads(line) for line in lines])
    for violation in honest:
        print(f"FAIL the history itself: {violation.kind}: {violation.what}")
    told = [caught(lines, lie, expected, seed) for lie, expected in LIES for seed in range(first, first + SEEDS)]
    print(f"{len(told)} lies: {told.count(True)} caught, {told.count(False)} not caught, {told.count(None)} could not be told")
    sys.exit(1 if honest or False in told or told.count(None) > len(told) // 4 else 0)


if __name__ == "__main__":
    main()
