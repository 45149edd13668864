#!/usr/bin/python3
"""Filing surges from outside: a made history in which one applicant suddenly files more, over two replicas that are killed; a steady one; the same
surge seen again the next day; and what the alert says."""
import datetime
import math
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from alerts import Killing, told
from alerts_rig import Patents, suite

WINDOW, TRAILING = 10, 4
SETTINGS = ["--surge.window-days", str(WINDOW), "--surge.trailing", str(TRAILING), "--surge.every", "2s", "--surge.quiet", "1s"]
LAST = datetime.date(2024, 5, 31)
TEST = "conditional beta-binomial, pooled dispersion; Tarone, Benjamini-Hochberg"


def back(days):
    return (LAST - datetime.timedelta(days=days)).isoformat()


def filing(p, number, applicant, symbol, date, title="pump", country="CN"):
    document = p.document(str(number), title=title, date=date, ipc=[symbol], country=country)
    document.applicants.add(name=applicant, country="CN")
    return document


def steady(p, applicants=40):
    """One document of each applicant in each window."""
    return [filing(p, 100000 + n * 100 + w, f"Steady {n} GmbH", "F04B1/00", back(w * WINDOW + n % WINDOW)) for n in range(applicants) for w in range(TRAILING + 1)]


def surge(p, count=12, applicant="Acme, Inc.", first=500000, last=0):
    """Its documents of the window; of every third one the title speaks of a cell."""
    return [filing(p, first + n, applicant, "H01M10/05", back(last + n % WINDOW), "battery cell" if n % 3 == 2 else "battery") for n in range(count)]


def rounds(p):
    return sum(r.metric("patent_surge_rounds_total") for r in p.replicas if r.alive())


def wait_rounds(p, more=1):
    before = rounds(p)
    suite.wait_for(lambda: rounds(p) >= before + more, "a round for surges")


def test_a_surge_is_told_once_to_each_owner_while_replicas_are_killed(world):
    p = Patents(world, arguments=SETTINGS)
    p.portfolio("ent-4", "cells", query="ti=cell")
    p.watch("ent-1", "battery", "ti=battery", ("SURGE",), severity=p.pb.NOTICE)
    p.watch("ent-1", "cell", "ti=cell", ("SURGE", "PUBLICATION"), severity=p.pb.CRITICAL)
    p.watch("ent-2", "cell", "ti=cell and pa=acme", ("SURGE",))
    p.watch("ent-3", "pump", "ti=pump", ("SURGE",))
    p.watch("ent-3", "publications", "ti=battery", ("LAPSE",))
    p.watch("ent-4", "own", "own=cells", ("SURGE",))
    p.watch("ent-5", "abroad", "ti=battery", ("SURGE",), overseas=True)
    p.submit(*steady(p))
    documents = surge(p)
    with Killing(p) as killing:
        p.submit(*documents, filing(p, 499999, "ACME CORP", "H01M4/00", back(WINDOW)))
        suite.wait_for(lambda: any(a.trigger == p.pb.SURGE for a in p.inbox("ent-1")), "the surge")
        suite.wait_for(lambda: killing.kills >= 2, "two kills")
    p.settled()
    found = p.events("SurgeFound")
    assert len(found) == 1, found
    check_figures(p, found[0], documents)
    one = [a for a in p.inbox("ent-1") if a.trigger == p.pb.SURGE]
    assert len(one) == 1 and one[0].surge == found[0].surge, one
    newest = [d for d in found[0].documents]
    titles = {f"CN.{d.publication.number}.A": d.titles[0].text for d in documents}
    assert one[0].document_id == newest[0].document_id and one[0].severity == p.pb.CRITICAL, one[0]
    assert [m.watch_id for m in one[0].matches] == ["battery", "cell"], one[0]
    terms = {m.watch_id: [(t.field, t.text) for t in m.terms] for m in one[0].matches}
    assert terms["battery"] == [("ti", "battery")], terms
    assert bool(terms["cell"]) == ("cell" in titles[newest[0].document_id]), "terms are of the alert's document alone"
    first_cell = next(d.document_id for d in newest if "cell" in titles[d.document_id])
    for owner in ("ent-2", "ent-4"):
        alerts_of = p.wait_inbox(owner, 1)
        assert alerts_of[0].document_id == first_cell and alerts_of[0].surge == found[0].surge, alerts_of
    assert p.inbox("ent-3") == [] and p.inbox("ent-5") == []
    for owner in ("ent-1", "ent-2"):
        assert set(told(p, owner).values()) == {1}, told(p, owner)
    p.withdraw(one[0].document_id, reason="published in error")
    p.settled()
    assert not any(a.retracted for a in p.inbox("ent-1") if a.trigger == p.pb.SURGE), "a surge does not rest on one document"


def check_figures(p, event, documents):
    s = event.surge
    assert (s.applicant_key, s.subclass, s.test) == ("acme", "H01M", TEST) and s.applicant in ("Acme, Inc.", "ACME CORP"), s
    assert (s.first_date, s.last_date, s.window_days, s.trailing, s.bound) == (back(WINDOW - 1), back(0), WINDOW, TRAILING, 0.05), s
    assert (s.count, s.earlier, s.pairs) == (12, 1, 41), s
    assert math.isclose(s.expected, 52 / 161) and 0 < s.p <= s.q <= 0.05 and s.dispersion >= 1, s
    ids = [d.document_id for d in event.documents]
    expected = sorted(((d.publication.date, d.publication.number) for d in documents), key=lambda k: (-int(k[0].replace("-", "")), k[1]))
    assert ids == [f"CN.{number}.A" for _, number in expected], ids


def test_the_same_surge_is_not_told_again_the_next_day_but_a_later_one_is(world):
    p = Patents(world, arguments=SETTINGS)
    p.watch("ent-1", "battery", "ti=battery", ("SURGE",))
    p.submit(*steady(p), *surge(p))
    first = p.wait_inbox("ent-1", 1)[0]
    wait_rounds(p, 0)
    p.submit(*surge(p, 3, first=600000, last=-1))  # of the day after, and before
    suite.wait_for(lambda: sum(r.metric("patent_surges_known_total") for r in p.replicas) >= 1, "the same surge to be found again")
    assert p.wait_inbox("ent-1", 1)[0].alert_id == first.alert_id
    later = -2 * WINDOW
    p.submit(*(filing(p, 700000 + n, f"Steady {n % 40} GmbH", "F04B1/00", back(later + n // 8)) for n in range(80)))
    p.submit(*surge(p, 30, first=800000, last=later))
    second = p.wait_inbox("ent-1", 2)[1]
    assert second.surge.surge_id != first.surge.surge_id and second.surge.last_date == back(later), second
    assert len(p.events("SurgeFound")) == 2
    check_list(p, first.surge)


def check_list(p, surge):
    """A person sees whose surge it is, in what, and how far it is above what was expected."""
    environment = dict(os.environ, TT_PATENT_ENDPOINTS=",".join(r.endpoints["commands"] for r in p.replicas))
    done = subprocess.run([os.environ["TT_TTCTL"], "alerts", "list", "ent-1"], capture_output=True, timeout=60, text=True, env=environment, check=True)
    head, line = done.stdout.splitlines()[:2]
    assert all(title in head for title in ("SURGE OF", "CLASS", "FILED", "EXPECTED")) and "?" not in head, head
    assert all(text in line for text in (surge.applicant, "H01M", "12", f"{surge.expected:.4g}")), line
    none = subprocess.run([os.environ["TT_TTCTL"], "alerts", "list", "ent-9"], capture_output=True, timeout=60, text=True, env=environment, check=True)
    assert "SURGE" not in none.stdout, none.stdout


def test_a_steady_history_gives_none(world):
    p = Patents(world, arguments=SETTINGS)
    p.watch("ent-1", "all", "ti=pump", ("SURGE",))
    p.submit(*steady(p, 80))
    suite.wait_for(lambda: rounds(p) >= 1, "a round for surges")
    p.submit(filing(p, 900000, "Steady 1 GmbH", "F04B1/00", back(-1)))
    wait_rounds(p)
    assert p.events("SurgeFound") == [] and p.inbox("ent-1") == []


def test_future_dates_and_half_a_history_make_no_round(world):
    p = Patents(world, replicas=1, arguments=SETTINGS[:4] + ["--surge.every", "1d", "--surge.quiet", "1d"])
    p.watch("ent-1", "battery", "ti=battery", ("SURGE",))
    future = (datetime.date.today() + datetime.timedelta(days=30)).isoformat()
    p.submit(*steady(p), *surge(p), *(filing(p, 700000 + n, "Acme", "H01M10/05", future, "battery") for n in range(20)))
    p.settled()
    assert rounds(p) == 0, "documents came just now"
    p.replicas[0].command[-4:] = SETTINGS[4:]
    p.kill_one(0)
    alert = p.wait_inbox("ent-1", 1)[0]
    assert alert.surge.last_date == back(0) and alert.surge.count == 12, alert


def load():
    global commands
    import commands
    return [value for name, value in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(load)
