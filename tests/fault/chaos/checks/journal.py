"""Journals: dense from 1, chained, each id once, the same from every replica; effects in the order of the commands that caused them."""
from checks import operation_of, wrong


def check(history):
    yield from replicas_agree(history)
    ids = set()
    for (stream, partition), journal in sorted(history.events.items()):
        place = f"{stream}/{partition}"
        yield from dense(place, journal)
        for event in journal:
            if event["id"] in ids:
                yield wrong("doubled", f"{place}: event {event['id']} is there twice")
            ids.add(event["id"])
        yield from in_time(history, place, journal)


def replicas_agree(history):
    for (stream, replica), heads in sorted(history.heads.items()):
        for partition, (head, head_id, ids) in heads.items():
            journal = history.events.get((stream, partition), [])
            if len(journal) != head or ids != [event["id"] for event in journal] or (head and ids[-1:] != [head_id]):
                yield wrong("order", f"{stream}/{partition}: replica {replica} shows {len(ids)} events and head {head}, replica 0 replays {len(journal)}",
                            late=True)


def dense(place, journal):
    for number, event in enumerate(journal, 1):
        if event["sequence"] != number:
            yield wrong("lost" if event["sequence"] > number else "doubled", f"{place}: sequence {event['sequence']} where {number} should be")
            return
        if number > 1 and event["previous"] and event["previous"] != journal[number - 2]["id"]:
            yield wrong("order", f"{place}: {number} names {event['previous']} as the one before, which is {journal[number - 2]['id']}")


def in_time(history, place, journal):
    """A command that was acknowledged before another was asked lies before it in the journal."""
    earliest, whose = float("inf"), None
    for event in reversed(journal):
        operation = history.operations.get(operation_of(event))
        if operation is None or not is_direct(event):
            continue
        if earliest < operation.invoked:
            yield wrong("order", f"{place}: {operation} at {event['sequence']} was asked after {whose}, which lies behind it, was acknowledged")
            return
        if operation.returned < earliest and operation.outcome == "ok":
            earliest, whose = operation.returned, operation


# What a command causes at once; other events follow from these.
DIRECT = {"WatchChanged", "PatentPublished", "LegalEventRecorded", "AlertAcknowledged", "ProbeStored", "AchievementRegistered", "AchievementRevised", "AchievementWithdrawn",
          "AchievementDuplicate", "DemandChanged", "PushAnswered", "ProviderChanged", "ProductChanged", "ApplicationSubmitted", "ProposalAccepted",
          "ProposalConfirmed", "ObservationReported"}


def is_direct(event):
    return event["type"].rsplit(".", 1)[1] in DIRECT
