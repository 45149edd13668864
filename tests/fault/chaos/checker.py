"""All checks of a history. As a program: checker.py HISTORY..., exit code 1 on any violation."""
import sys

from checks import counts, delivery, effects, finance, inbox, journal, registers, state
from history import History, read

CHECKS = {"journal": journal, "effects": effects, "inbox": inbox, "state": state, "finance": finance, "counts": counts, "delivery": delivery,
          "registers": registers}


def violations(lines, only=None):
    history = History(lines)
    return [v for name, check in CHECKS.items() if only is None or name in only for v in check.check(history)]


def unavailability(history):
    """{service: longest time in which a command was being asked and none was acknowledged}."""
    longest = {}
    for service in sorted({o.service for o in history.operations.values()}):
        points = []
        for o in history.operations.values():
            if o.service == service:
                points.append((o.invoked, 1, o))
                if o.outcome != "unknown":
                    points.append((o.returned, 0, o))
        under_way, since, most = set(), 0.0, 0.0
        for when, begins, operation in sorted(points, key=lambda p: p[:2]):
            if begins:
                since = when if not under_way else since
                under_way.add(operation.id)
            else:
                most = max(most, when - since)
                under_way.discard(operation.id)
                since = when
        longest[service] = round(most, 2)
    return longest


def main():
    wrong = 0
    for path in sys.argv[1:]:
        lines = read(path)
        for v in violations(lines):
            wrong += 1
            print(f"{path}: {v.kind}: {v.what}")
        history = History(lines)
        print(f"{path}: {len(history.operations)} operations, {sum(map(len, history.events.values()))} events, unavailable {unavailability(history)}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
