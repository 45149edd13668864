#!/usr/bin/python3
"""services/patent_alert/WALK.md, the life of one watch, says what ttctl really prints: every command of it is run against a daemon, and the text that comes of it
is held against the file. Times are masked. `--write` behind the program's options makes the file anew."""
import difflib
import os
import re
import shlex
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import alerts_rig
from alerts_rig import Patents, suite

FILE = os.path.join(suite.ROOT, "services", "patent_alert", "WALK.md")
MASKS = ((r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<time>"), (r"UnixMs\":\"\d+\"", "UnixMs\":\"<ms>\""), (r"\"seconds\":[0-9.e-]+", "\"seconds\":<seconds>"))

HEAD = """# The life of one watch

An IP department, owner `ent-4`, watches graphene. What follows is real: `tests/integration/patent_alert/walk.py` runs each command and compares what it prints
with this page (times are masked as `<time>` and `<ms>`).
"""
OLD = """{"publication":{"country":"CN","number":"104000001","kind":"A","date":"2014-08-20"},"titles":[{"language":"zh","text":"一种石墨烯薄膜的制备方法"}],"ipc":["C01B32/184"]}
{"publication":{"country":"CN","number":"104000002","kind":"A","date":"2014-08-20"},"titles":[{"language":"zh","text":"一种齿轮箱"}],"ipc":["F16H57/02"]}
"""
NEW = """{"publication":{"country":"CN","number":"121000001","kind":"A","date":"2026-11-20"},"titles":[{"language":"zh","text":"氧化石墨烯散热膜"}],"ipc":["C01B32/198"],"applicants":[{"name":"某某新材料公司"}]}
"""
MORE = """{"publication":{"country":"CN","number":"121000002","kind":"A","date":"2026-11-21"},"titles":[{"language":"zh","text":"石墨烯传感器"}],"ipc":["G01N27/00"]}
"""
LATER = """{"publication":{"country":"CN","number":"121000003","kind":"A","date":"2026-11-22"},"titles":[{"language":"zh","text":"石墨烯电极"}],"ipc":["H01M4/587"]}
"""
LAST = """{"publication":{"country":"CN","number":"121000004","kind":"A","date":"2026-11-22"},"titles":[{"language":"zh","text":"石墨烯纤维"}],"ipc":["D01F9/12"]}
"""
FILES = {"old.jsonl": OLD, "new.jsonl": NEW, "more.jsonl": MORE, "later.jsonl": LATER, "last.jsonl": LAST}


class Walk:
    def __init__(self, world):
        self.patents = Patents(world, replicas=1)
        self.world, self.text = world, HEAD
        for name, content in FILES.items():
            with open(os.path.join(world.folder, name), "w", encoding="utf-8") as file:
                file.write(content)

    def say(self, text):
        self.text += f"\n{text}\n"

    def run(self, *lines):
        """Commands as a person types them; what they print goes under them."""
        self.text += "\n```\n"
        for line in lines:
            self.text += f"$ {line}\n{mask(self.output(line))}"
        self.text += "```\n"

    def output(self, line):
        words = shlex.split(line)
        assert words[0] in ("ttctl", "cat"), line
        program = [os.environ["TT_TTCTL"]] if words[0] == "ttctl" else ["cat"]
        ends = self.patents.replicas[0].endpoints
        environment = dict(os.environ, **{f"TT_PATENT_{name}": ends[key] for name, key in (("ENDPOINTS", "commands"), ("EVENTS", "events"), ("REPLAY", "replay"))})
        done = subprocess.run(program + words[1:], cwd=self.world.folder, env=environment, capture_output=True, timeout=suite.PATIENCE)
        assert done.returncode == 0, f"{line}: {done.returncode} {done.stderr.decode()}"
        return done.stdout.decode()

    def restart(self, *arguments):
        self.patents.replicas[0].command += arguments
        self.patents.kill_one(0)


def mask(text):
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def life(w):
    p = w.patents
    w.say("## Created, and back-filled\n\nTwo documents were there before the watch:")
    w.run("cat old.jsonl", "ttctl import patents old.jsonl --json")
    p.settled()
    w.say("The watch asks for them too. It speaks of publications and of lapses.")
    w.run("ttctl watch put ent-4 graphene 'ti=石墨烯' --label '石墨烯' --severity warning --trigger publication --trigger lapse --backfill all")
    suite.wait_for(lambda: p.backfill("ent-4", "graphene").state == p.pb.BACKFILL_DONE, "the back-fill")
    w.say("A moment later:")
    w.run("ttctl patent backfill ent-4 graphene", "ttctl alerts list ent-4")

    w.say("## An alert, with its reason\n\nA document is published. The alert names the watch, the field and the bytes: 石墨烯 stands at byte 6 of the title, inside 氧化石墨烯.")
    w.run("ttctl import patents new.jsonl --json")
    p.wait_inbox("ent-4", 2)
    w.run("ttctl alerts list ent-4 --from 2 --json")
    w.say("The annual fee of the old one is not paid; the office's code is CF01, category H. The event finds its document by number:")
    w.run("ttctl patent legal submit CN CF01 CN.104000001 --date 2026-11-23 --text 未缴年费专利权终止")
    p.wait_inbox("ent-4", 3)
    w.run("ttctl alerts list ent-4")

    w.say("## Muted\n\nWhile the watch is muted its alerts get their numbers, and nobody is told. Its first three alerts were events; the fourth is none.")
    w.run("ttctl watch mute ent-4 graphene +30m", "ttctl import patents more.jsonl --json")
    p.wait_inbox("ent-4", 4)
    w.run("ttctl alerts list ent-4 --from 4", "ttctl events patent/alert/ent-4/ --from 1 --count 3")
    w.run("ttctl watch mute ent-4 graphene never")

    w.say("## In a digest\n\nFrom now on once a day. Two documents come, and one of them is withdrawn before the digest is due:")
    w.restart("--digest.at", time.strftime("%H:%M:%S", time.gmtime(time.time() + 8 * 3600 + 25)))
    w.run("ttctl watch digest ent-4 graphene daily", "ttctl import patents later.jsonl --json")
    p.wait_inbox("ent-4", 5)
    w.run("ttctl import patents last.jsonl --json", "ttctl patent withdraw CN.121000003.A --reason 'published in error'")
    p.wait_inbox("ent-4", 6)
    suite.wait_for(lambda: p.inbox("ent-4")[4].retracted, "the retraction")
    suite.wait_for(lambda: p.events("AlertDigest"), "the digest")
    w.say("The digest is one event. It tells the numbers that are left, and which one it left out:")
    w.run("ttctl events patent/digest/ent-4/ --from 1 --count 1")

    w.say("## Retracted\n\nThe lapse was a mistake of the office, which takes it back; and the document of alert 2 is withdrawn. Both alerts had been told, so the owner is told that they are void. "
          "The numbers stay.")
    event_id = next(a.legal_event.event_id for a in p.inbox("ent-4") if a.legal_event.event_id)
    w.run(f"ttctl patent legal submit CN CF01 CN.104000001 --category Y --corrects {event_id}", "ttctl patent withdraw CN.121000001.A")
    suite.wait_for(lambda: len(p.events("AlertRetracted")) == 2, "two retractions")
    w.run("ttctl events patent/alert-retracted/ent-4/ --from 1 --count 2", "ttctl alerts list ent-4")
    w.say("What is read is acknowledged, and the watch has served:")
    w.run("ttctl alerts ack ent-4 1 2 3 4 5 6", "ttctl watch delete ent-4 graphene")


def test_the_walk_is_true(world):
    w = Walk(world)
    life(w)
    if os.environ.get("TT_WRITE"):
        with open(FILE, "w", encoding="utf-8") as file:
            file.write(w.text)
        return
    with open(FILE, encoding="utf-8") as file:
        written = file.read()
    difference = difflib.unified_diff(written.splitlines(), w.text.splitlines(), FILE, "what the commands print", lineterm="")
    assert written == w.text, "\n".join(difference)


if __name__ == "__main__":
    if "--write" in sys.argv:
        sys.argv.remove("--write")
        os.environ["TT_WRITE"] = "1"
    suite.main(lambda: [test_the_walk_is_true])
