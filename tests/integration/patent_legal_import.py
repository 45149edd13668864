#!/usr/bin/python3
"""Legal events from an office's file to an owner's inbox: ttctl import legal-events, over two replicas, one of them killed; the same file again tells
nobody anything; what the catalogue does not know is kept and counted."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

TTCTL = os.environ.get("TT_TTCTL", "ttctl")
GAZETTE = ("申请号,公开公告号,法律状态代码,法律状态公告日,生效日,法律状态信息,变更后权利人\n"
           "{applications}"
           "CN201410999999.1,CN109999999B,CF01,2019-05-14,2019-05-01,没有这一文献,\n"
           "CN201410000001.0,CN104000001A,ZZ99,2019-05-14,,不在目录里的代码,\n"
           "CN201410000002.9,CN104000002A,CF01,2019-13-41,,日期有误,\n")
RIGHTS = 40


def ttctl(daemons, *arguments, code=0):
    environment = dict(os.environ, TT_PATENT_ENDPOINTS=",".join(d.endpoints["commands"] for d in daemons),
                       TT_PATENT_EVENTS=",".join(d.endpoints["events"] for d in daemons),
                       TT_PATENT_REPLAY=",".join(d.endpoints["replay"] for d in daemons))
    done = subprocess.run([TTCTL, *arguments], capture_output=True, timeout=300, text=True, env=environment)
    assert done.returncode == code, (arguments, done.returncode, done.stdout[-800:], done.stderr[-2000:])
    return done.stdout


def load(daemons, path, rejects):
    """The last line of an import, of which some rows are refused."""
    return json.loads(ttctl(daemons, "import", "legal-events", path, "--json", "--rejects", rejects, code=4).splitlines()[-1])


def number(n):
    return 104000001 + n


def write(world, name, text, encoding="utf-8"):
    path = os.path.join(world.folder, name)
    with open(path, "w", encoding=encoding) as file:
        file.write(text)
    return path


def documents(world):
    lines = [{"publication": {"country": "CN", "number": str(number(n)), "kind": "A", "date": "2014-08-20"},
              "titles": [{"language": "zh", "text": f"第{n}种石墨烯薄膜"}], "ipc": ["C01B32/182"]} for n in range(RIGHTS)]
    return write(world, "documents.jsonl", "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def gazette(world):
    """Every second right lapses, of every fourth the owner changes, too. In the office's own encoding."""
    rows = []
    for n in range(0, RIGHTS, 2):
        rows.append(f",CN{number(n)}A,CF01,2019-05-14,2019-05-01,未缴年费专利权终止,\n")
        if n % 4 == 0:
            rows.append(f",CN{number(n)}A,TR01,2018-03-06,2018-02-20,专利权的转移,宁波某某新材料有限公司\n")
    return write(world, "gazette.csv", GAZETTE.format(applications="".join(rows)), "gb18030")


def inbox(daemons, owner):
    text = ttctl(daemons, "alerts", "list", owner, "--limit", "1000", "--json")
    return [alert for line in text.splitlines() for alert in (json.loads(line).get("alerts") or [json.loads(line)]) if "alertId" in alert]


def told(alerts):
    return sorted((alert["trigger"], alert["documentId"]) for alert in alerts)


def wanted():
    lapses = [("LAPSE", f"CN.{number(n)}.A") for n in range(0, RIGHTS, 2)]
    return sorted(lapses + [("TRANSFER", f"CN.{number(n)}.A") for n in range(0, RIGHTS, 4)])


def test_a_gazette_reaches_the_inbox_once(world):
    world.with_redis()
    first, second = daemons = [world.daemon(name).start() for name in ("first", "second")]
    ttctl(daemons, "watch", "put", "ent-1", "graphene", "ti=石墨烯", "--trigger", "lapse", "--trigger", "transfer")
    ttctl(daemons, "watch", "put", "ent-2", "magnets", "ti=钕铁硼", "--trigger", "lapse")
    ttctl(daemons, "import", "patents", documents(world))
    path, rejects = gazette(world), os.path.join(world.folder, "rejects.jsonl")
    counts = load(daemons, path, rejects)
    second.restart_on_same_ports()
    suite.wait_for(lambda: len(inbox(daemons, "ent-1")) == len(wanted()), "every event to be told")
    assert told(inbox(daemons, "ent-1")) == wanted()
    assert inbox(daemons, "ent-2") == []
    check_counts(counts, rejects)
    again = load(daemons, path, rejects)
    assert again["unchanged"] == counts["accepted"], (counts, again)
    ttctl(daemons, "patent", "legal", "submit", "CN", "CF01", f"CN.{number(1)}", "--date", "2020-01-02")
    suite.wait_for(lambda: len(inbox(daemons, "ent-1")) == len(wanted()) + 1, "one more event")
    assert [alert["number"] for alert in inbox(daemons, "ent-1")] == [str(n + 1) for n in range(len(wanted()) + 1)]


def check_counts(counts, rejects):
    """The row with a date that is none is refused with its place; the unknown code and the unknown right are kept."""
    assert (counts["read"], counts["accepted"], counts["rejected"]) == (len(wanted()) + 3, len(wanted()) + 2, 1), counts
    with open(rejects, encoding="utf-8") as file:
        refused = [json.loads(line) for line in file]
    assert len(refused) == 1 and "2019-13-41" in json.dumps(refused[0]), refused


TESTS = (test_a_gazette_reaches_the_inbox_once,)

if __name__ == "__main__":
    suite.main(lambda: TESTS)
