"""The table of a campaign."""
import collections

GROUPS = (("lost", ("lost",)), ("doubled", ("doubled",)), ("out of order", ("order",)),
          ("other", ("invented", "capacity", "inbox", "count", "reply", "state", "linear", "delivery", "crash", "harness")))


def faults(results):
    total = collections.Counter()
    for result in results:
        total.update(result["faults"])
    return total


def longest(results):
    """(seconds, service, seed)."""
    return max(((seconds, service, r["seed"]) for r in results for service, seconds in r.get("unavailable", {}).items()), default=(0, "-", "-"))


def line(result):
    kinds = collections.Counter(kind for kind, _ in result["violations"])
    gap = max(result.get("unavailable", {"-": 0}).values(), default=0)
    return (f"{'FAIL' if result['violations'] else 'ok  '} seed {result['seed']}: {sum(result['faults'].values())} faults, {result.get('operations', 0)} operations"
            f" ({result.get('acknowledged', 0)} ok, {result.get('refused', 0)} refused, {result.get('unknown', 0)} unknown, {result.get('retried', 0)} retried),"
            f" {result.get('events', 0)} events, unavailable {gap:.1f} s, heal {' + '.join(map(str, result.get('heal_seconds', '-')))} s, converge"
            f" {result.get('converge_seconds', '-')} s, in all {result['seconds']} s{' ' + str(dict(kinds)) if kinds else ''}")


def table(results):
    total = collections.Counter()
    for result in results:
        total.update({key: result.get(key, 0) for key in ("operations", "acknowledged", "refused", "unknown", "retried", "again", "events", "received")})
    wrong = collections.Counter(kind for result in results for kind, _ in result["violations"])
    seconds, service, seed = longest(results)
    rows = [("episodes", len(results)), ("failed", sum(bool(r["violations"]) for r in results)),
            *((f"fault: {kind}", count) for kind, count in sorted(faults(results).items())), ("faults", sum(faults(results).values())),
            ("operations checked", total["operations"]), ("  acknowledged", total["acknowledged"]), ("  refused", total["refused"]),
            ("  outcome unknown", total["unknown"]), ("  sent more than once", total["retried"]), ("  repeated after the reply", total["again"]),
            ("events checked", total["events"]), ("events at subscribers", total["received"]),
            *((name, sum(wrong[k] for k in kinds)) for name, kinds in GROUPS),
            ("longest unavailability", f"{seconds:.1f} s ({service}, seed {seed})")]
    return "\n".join(f"| {name:<26} | {value!s:>32} |" for name, value in rows)
