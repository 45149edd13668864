"""The checks of a history, one file for each promise. Each takes a History and yields Violations; none knows of daemons, sockets or Redis."""
import collections

# kind: lost, doubled, order, invented, capacity, inbox, count, reply, state, linear, delivery. late: it may only be late, so look again.
Violation = collections.namedtuple("Violation", "kind what late")


def wrong(kind, what, late=False):
    return Violation(kind, what, late)


def short(type_name):
    return type_name.rsplit(".", 1)[1]


def operation_of(event):
    """Number of the command that an event carries in its trace context, or 0."""
    parts = event["trace"].split("-")
    return int(parts[1], 16) if len(parts) == 4 else 0
