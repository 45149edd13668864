"""Each durable subscriber got each event of its filter once, in order, whatever was cut; none was told of lost history."""
from checks import wrong


def check(history):
    for line in history.troubles:
        yield wrong("delivery", f"subscriber {line['subscriber']}: {line['what']}")
    for name, lines in sorted(history.received.items()):
        stream, filters = name.split(" ")
        got = {}
        for line in lines:
            got.setdefault(line["partition"], []).append((line["sequence"], line["id"]))
        for (other, partition), journal in sorted(history.events.items()):
            if other == stream:
                wanted = [(e["sequence"], e["id"]) for e in journal if filters == "whole" or e["topic"].startswith(filters)]
                yield from compare(f"{name} {partition}", wanted, got.pop(partition, []))
        if got:
            yield wrong("delivery", f"{name}: events of partitions that have none: {sorted(got)}")


def compare(where, wanted, got):
    if got == wanted:
        return
    if len(set(got)) < len(got):
        yield wrong("doubled", f"{where}: {len(got) - len(set(got))} events were handed over more than once")
    missing = set(wanted) - set(got)
    if missing:
        yield wrong("lost", f"{where}: {len(missing)} events were not handed over, first {min(missing)}", late=True)
    strange = set(got) - set(wanted)
    if strange:
        yield wrong("invented", f"{where}: {len(strange)} events were handed over that are not in the journal, first {min(strange)}")
    if got != sorted(got):
        yield wrong("order", f"{where}: events were handed over out of order")


