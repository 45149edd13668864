"""The linearizability checker on histories that are known to be right and known to be wrong, by hand and by the thousand: random ones of a real
register are right; with one answer changed they are judged as a search through all orders judges them."""
import itertools
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from checks.linearize import IMPOSSIBLE, INFINITY, Step, TooHard, linearizable
from checks.registers import delete, put, read


def steps(*rows):
    return [Step(begin, end, apply, i) for i, (begin, end, apply) in enumerate(rows)]


def by_all_orders(history, state):
    """The definition, literally."""
    sure = [s for s in history if s.end < INFINITY]
    unsure = [s for s in history if s.end == INFINITY]
    for count in range(len(unsure) + 1):
        for chosen in itertools.combinations(unsure, count):
            for order in itertools.permutations([*sure, *chosen]):
                if any(b.end < a.begin for i, a in enumerate(order) for b in order[i + 1:]):
                    continue
                now = state
                for step in order:
                    now = step.apply(now)
                    if now is IMPOSSIBLE:
                        break
                else:
                    return True
    return False


class ByHand(unittest.TestCase):
    def good(self, *rows):
        self.assertIsNotNone(linearizable(steps(*rows), None))

    def bad(self, *rows):
        self.assertIsNone(linearizable(steps(*rows), None))

    def test_nothing_happened(self):
        self.good()

    def test_one_after_the_other(self):
        self.good((0, 1, put("a", 1)), (2, 3, read((1, "a"))), (4, 5, put("b", 2)), (6, 7, read((2, "b"))), (8, 9, delete(True)), (10, 11, read(None)))

    def test_stale_read(self):
        self.bad((0, 1, put("a", 1)), (2, 3, put("b", 2)), (4, 5, read((1, "a"))))

    def test_read_beside_a_put_sees_either(self):
        self.good((0, 1, put("a", 1)), (2, 5, put("b", 2)), (3, 4, read((1, "a"))))
        self.good((0, 1, put("a", 1)), (2, 5, put("b", 2)), (3, 4, read((2, "b"))))

    def test_new_then_old(self):
        self.bad((0, 1, put("a", 1)), (2, 9, put("b", 2)), (3, 4, read((2, "b"))), (5, 6, read((1, "a"))))

    def test_lost_update(self):
        self.bad((0, 3, put("a", 1)), (1, 4, put("b", 1)))

    def test_done_twice(self):
        self.bad((0, 1, put("a", 1)), (2, 3, read((2, "a"))))

    def test_unknown_may_be_done_or_not(self):
        self.good((0, 1, put("a", 1)), (2, INFINITY, put("b", None)), (3, 4, read((2, "b"))))
        self.good((0, 1, put("a", 1)), (2, INFINITY, put("b", None)), (3, 4, read((1, "a"))))

    def test_unknown_may_be_done_late_but_once(self):
        self.good((0, 1, put("a", 1)), (2, INFINITY, put("b", None)), (3, 4, read((1, "a"))), (5, 6, read((2, "b"))))
        self.bad((0, 1, put("a", 1)), (2, INFINITY, put("b", None)), (3, 4, read((2, "b"))), (5, 6, read((1, "a"))))

    def test_unknown_is_not_done_before_it_was_asked(self):
        self.bad((0, 1, read((1, "b"))), (2, INFINITY, put("b", None)))

    def test_refused_deletion_is_a_read_of_nothing(self):
        self.good((0, 1, read(None)), (2, 3, put("a", 1)))
        self.bad((0, 1, put("a", 1)), (2, 3, read(None)))

    def test_search_is_given_up_rather_than_guessed(self):
        rows = [(0, 10, put(str(i), None)) for i in range(14)] + [(11, 12, read((99, "x")))]
        with self.assertRaises(TooHard):
            linearizable(steps(*rows), None, most=200)


class ByTheThousand(unittest.TestCase):
    def history(self, chance, count, false):
        """Operations of a register at an instant each, told with intervals around it; one answer is wrong if `false`."""
        state, rows = None, []
        for i in range(count):
            at = i * 10 + 5
            begin, end = at - chance.randrange(1, 25), at + chance.randrange(1, 25)
            kind = chance.choice(("put", "delete", "read"))
            if kind == "put":
                state = (state[0] + 1 if state else 1, f"v{i}")
                rows.append([begin, end, put, (f"v{i}", state[0])])
            elif kind == "delete":
                rows.append([begin, end, delete, (True,)] if state else [begin, end, read, (None,)])
                state = None
            else:
                rows.append([begin, end, read, (state,)])
            if chance.random() < 0.15 and rows[-1][2] is put:
                rows[-1][1], rows[-1][3] = INFINITY, (rows[-1][3][0], None)
        if false:
            row = chance.choice(rows)
            row[2], row[3] = read, (chance.choice((None, (1, "v0"), (2, "v1"))),)
        return steps(*[(begin, end, make(*given)) for begin, end, make, given in rows])

    def test_true_histories_are_found_right(self):
        for seed in range(300):
            self.assertIsNotNone(linearizable(self.history(random.Random(seed), 60, False), None), f"seed {seed}")

    def test_judges_as_the_definition_does(self):
        verdicts = set()
        for seed in range(600):
            history = self.history(random.Random(seed), 6, True)
            verdict = linearizable(history, None) is not None
            verdicts.add(verdict)
            self.assertEqual(verdict, by_all_orders(history, None), f"seed {seed}")
        self.assertEqual(verdicts, {True, False})


if __name__ == "__main__":
    unittest.main()
