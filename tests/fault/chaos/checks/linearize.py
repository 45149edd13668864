"""Is a history of one object linearizable? The search of Wing and Gong (1993) with the memoisation of Lowe (2017): take operations that nothing
undone was acknowledged before, apply them to a sequential model, and never visit a pair of (done, state) twice.

An operation has an interval and a function of the state: apply (state) -> the next state, or IMPOSSIBLE if what it returned does not fit. One whose
outcome is unknown has an end of infinity and may be left out for ever."""
import collections

IMPOSSIBLE = object()
Step = collections.namedtuple("Step", "begin end apply name")  # end == inf: it may be left out
INFINITY = float("inf")


class TooHard(Exception):
    """The search was given up: nothing is known."""


def linearizable(steps, state, most=2_000_000):
    """An order of steps (names) that explains the history, or None. state must be hashable."""
    steps = sorted(steps, key=lambda s: (s.begin, s.end))
    needed = sum(1 << i for i, s in enumerate(steps) if s.end < INFINITY)
    seen = set()
    stack = [(0, state, ())]
    while stack:
        done, now, path = stack.pop()
        if done & needed == needed:
            return unwind(path)
        if (done, now) in seen:
            continue
        seen.add((done, now))
        if len(seen) > most:
            raise TooHard(f"{len(steps)} operations, {len(seen)} states")
        for i in reversed(candidates(steps, done)):
            following = steps[i].apply(now)
            if following is not IMPOSSIBLE:
                stack.append((done | 1 << i, following, (steps[i].name, path)))
    return None


def candidates(steps, done):
    """Those not done that no operation, itself not done, ended before."""
    found, earliest = [], INFINITY
    for i, step in enumerate(steps):
        if step.begin > earliest:
            break
        if not done >> i & 1:
            found.append(i)
            earliest = min(earliest, step.end)
    return [i for i in found if steps[i].begin <= earliest]


def unwind(path):
    names = []
    while path:
        name, path = path
        names.append(name)
    return names[::-1]
