"""SearchAchievements, GET /search and ttctl achievement search: real daemons, real Redis, real sockets."""

import json
import os
import re
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness import BUILD, SERVICE, Client, Refused, Stack, envelope, pb, record, redis, uuid7, wait_for

GRAPHENE = record("1", "氧化石墨烯薄膜的制备方法", abstract="石墨烯 薄膜 用于 超级电容器 电极。", district="yinzhou", specials=[2],
                  industry="C39", completed_date="2019-03-01", keywords=["石墨烯"])
BATTERY = record("2", "Solid state lithium battery separator", abstract="A ceramic separator for solid state lithium batteries",
                 completed_date="2020-07-15", industry="C38")


class Search(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(Stack())
        self.endpoints = self.stack.start("a", "--search.time-limit", "20s", "--search.fresh-wait", "10s")
        self.client = Client(self.endpoints["commands"])
        wait_for("the index", self.ready)

    def ready(self):
        try:
            self.find("nothing")
        except Refused as refused:
            self.assertIn("index is being read", str(refused))
            return False
        return True

    def find(self, query, client=None, **fields):
        return (client or self.client).call("SearchAchievements", pb.SearchAchievementsRequest(query=query, **fields),
                                               pb.SearchAchievementsReply())

    def ids(self, query, client=None, **fields):
        reply = self.find(query, client, **fields)
        self.assertFalse(reply.behind)
        return [h.achievement.source_id for h in reply.hits]

    def url(self, path, **arguments):
        return "http://127.0.0.1:%d%s?%s" % (self.endpoints["http_port"], path, urllib.parse.urlencode(arguments))

    def test_what_was_accepted_is_found_at_once(self):
        for n in range(40):
            self.client.submit(record("n%d" % n, "number q%d of a row" % n))
            self.assertEqual(self.ids("ti=q%d" % n), ["n%d" % n])
        self.client.submit(record("n7", "now about something else", source_version=2))
        self.assertEqual(self.ids("ti=q7"), [])
        self.assertEqual(self.ids("something"), ["n7"])
        self.client.withdraw("lab", "n8")
        self.assertEqual(self.ids("ti=q8"), [])

    def test_two_replicas_and_a_restart(self):
        b = Client(self.stack.start("b", "--search.fresh-wait", "10s")["commands"])
        wait_for("the index of b", lambda: self.found_by(b, "nothing", []))
        self.client.submit(GRAPHENE, BATTERY)
        self.assertEqual(self.ids("石墨烯", b), ["1"])
        self.stack.stop("b")
        b = Client(self.stack.start("b", "--search.fresh-wait", "10s")["commands"])
        wait_for("the index of b", lambda: self.found_by(b, "lithium", ["2"]))

    def found_by(self, client, query, wanted):
        try:
            return [h.achievement.source_id for h in self.find(query, client).hits] == wanted
        except Refused:
            return False

    def test_highlights_and_facets(self):
        self.client.submit(GRAPHENE, BATTERY)
        reply = self.find("石墨烯 or lithium", facets=["industry", "year", "special", "district"])
        self.assertEqual(reply.total, 2)
        facets = {f.facet: {v.value: v.count for v in f.values} for f in reply.facets}
        self.assertEqual(facets, {"industry": {"C38": 1, "C39": 1}, "year": {"2019": 1, "2020": 1}, "special": {"2": 1},
                                  "district": {"yinzhou": 1}})
        hit = [h for h in reply.hits if h.achievement.source_id == "1"][0]
        self.assertGreater(hit.score, 0)
        words = {(h.field, getattr(hit.achievement, h.field).encode()[h.offset : h.offset + h.length].decode())
                 for h in hit.highlights if h.field in ("title", "abstract")}
        self.assertEqual(words, {("title", "石墨烯"), ("abstract", "石墨烯")})
        self.assertIn(("keywords", 0), {(h.field, h.ordinal) for h in hit.highlights})

    def test_pages_while_records_come_and_go(self):
        self.client.submit(*[record("p%03d" % n, "paged " * (1 + n % 5) + "x%d" % n) for n in range(200)])
        seen, cursor = [], ""
        for page in range(100):
            reply = self.find("paged", limit=10, cursor=cursor)
            seen += [h.achievement.source_id for h in reply.hits]
            cursor = reply.next_cursor
            if not cursor:
                break
            self.client.submit(*[record("new-%d-%d" % (page, n), "paged anew %s" % ("lengthy " * n)) for n in range(20)])
        old = [s for s in seen if s.startswith("p")]
        self.assertEqual(len(seen), len(set(seen)), "a record stood on two pages")
        self.assertEqual(sorted(old), ["p%03d" % n for n in range(200)])
        with self.assertRaises(Refused):
            self.find("other", cursor=self.find("paged", limit=1).next_cursor)

    def test_errors_say_what_is_wrong(self):
        for fields, what in (({"query": "ti=("}, "byte"), ({"query": ""}, "query"), ({"query": "a", "facets": ["colour"]}, "facets[0]"),
                             ({"query": "a", "limit": 101}, "limit"), ({"query": "a", "cursor": "!!"}, "cursor")):
            with self.assertRaises(Refused) as caught:
                self.find(**fields)
            self.assertEqual(caught.exception.code, 3)
            self.assertIn(what, str(caught.exception))

    def test_the_web(self):
        self.client.submit(GRAPHENE, BATTERY)
        with urllib.request.urlopen(self.url("/search", q="石墨烯", facets="industry")) as response:
            reply = json.load(response)
        self.assertEqual([h["achievement"]["sourceId"] for h in reply["hits"]], ["1"])
        self.assertEqual(reply["facets"][0]["values"], [{"value": "C39", "count": "1"}])
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(self.url("/search", q="ti=("))
        self.assertEqual(caught.exception.code, 400)
        self.assertIn("byte", json.load(caught.exception)["message"])
        for path in ("/", "/search.js", "/search.css"):
            with urllib.request.urlopen(self.url(path)) as response:
                text = response.read().decode()
                self.assertIn("default-src 'none'", response.headers["Content-Security-Policy"])
            self.assertNotIn("http://", text.replace("http://www.w3.org", ""))
            self.assertNotIn("https://", text)

    def test_commands_are_not_held_up(self):
        """A search of some hundred milliseconds is under way: a command that came after it is answered before it."""
        words = " ".join("w%d" % n for n in range(300))
        for n in range(20):
            self.client.submit(*[record("b%d-%d" % (n, k), "bulk %d" % k, abstract=words) for k in range(100)])
        wait_for("the records", lambda: self.find("bulk", count=True).total == 2000)
        request = pb.SearchAchievementsRequest(query=" or ".join(["w###"] * 16))
        searcher = Client(self.endpoints["commands"])
        searcher.connect()
        header = envelope.RequestHeader(request_id=uuid7(), method=SERVICE + "SearchAchievements")
        searcher.socket.send_multipart([header.SerializeToString(), request.SerializeToString()])
        wait_for("the search to be begun", lambda: self.metric("commands_received_total") >= 23)
        self.client.submit(record("c", "while another searches"))
        self.assertEqual(searcher.socket.poll(0), 0, "the search was answered first")
        answer = envelope.ReplyHeader.FromString(searcher.socket.recv_multipart()[0])
        self.assertEqual(answer.code, 0, answer.message)

    def metric(self, name):
        with urllib.request.urlopen(self.url("/metrics")) as response:
            return sum(float(line.split()[-1]) for line in response.read().decode().split("\n") if line.startswith(name))

    def test_what_costs_too_much_is_refused(self):
        self.stack.stop("a")
        self.endpoints = self.stack.start("a", "--search.expansion", "50", "--search.time-limit", "20s", "--search.fresh-wait", "10s")
        self.client = Client(self.endpoints["commands"])
        wait_for("the index", self.ready)
        self.client.submit(record("1", "wide", abstract=" ".join("w%d" % n for n in range(300))))
        self.assertEqual(self.ids("w29#"), ["1"])
        with self.assertRaises(Refused) as caught:
            self.find("wide and w###")
        self.assertEqual(caught.exception.code, envelope.RESOURCE_EXHAUSTED)
        self.assertIn('at byte 9: the pattern "w###"', str(caught.exception))
        self.assertEqual(self.metric('searches_total{result="costly"}'), 1)

    def test_without_redis_a_search_says_so(self):
        self.stack.stop("a")
        self.endpoints = self.stack.start("a", "--search.fresh-wait", "50ms", "--redis.timeout", "300ms")
        self.client = Client(self.endpoints["commands"])
        self.client.submit(GRAPHENE)
        wait_for("the record", lambda: self.found_by(self.client, "石墨烯", ["1"]))
        os.kill(self.stack.redis.pid, signal.SIGSTOP)
        try:
            with self.assertRaises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(self.url("/search", q="石墨烯"))
            self.assertEqual(caught.exception.code, 503)
            self.assertEqual(json.load(caught.exception)["code"], "UNAVAILABLE")
            self.assertGreater(self.metric("searches_behind_total"), 0)
        finally:
            os.kill(self.stack.redis.pid, signal.SIGCONT)
        self.client.submit(record("3", "石墨烯 again"))
        wait_for("both records", lambda: self.found_by(self.client, "石墨烯 not again", ["1"]) and self.found_by(self.client, "again", ["3"]))

    def test_more_questions_than_may_wait(self):
        """Of 600 at once most are refused or too late, and every one is answered."""
        words = " ".join("w%d" % n for n in range(300))
        for n in range(20):
            self.client.submit(*[record("b%d-%d" % (n, k), "bulk %d" % k, abstract=words) for k in range(100)])
        wait_for("the records", lambda: self.find("bulk", count=True).total == 2000)
        request = pb.SearchAchievementsRequest(query=" or ".join(["w###"] * 16)).SerializeToString()
        searcher, codes = Client(self.endpoints["commands"]), {}
        searcher.connect()
        for _ in range(600):
            header = envelope.RequestHeader(request_id=uuid7(), method=SERVICE + "SearchAchievements", deadline_unix_ms=time.time_ns() // 1_000_000 + 1500)
            searcher.socket.send_multipart([header.SerializeToString(), request])
        for _ in range(600):
            self.assertGreater(searcher.socket.poll(60000), 0, "no reply")
            code = envelope.ReplyHeader.FromString(searcher.socket.recv_multipart()[0]).code
            codes[code] = codes.get(code, 0) + 1
        self.assertLessEqual(set(codes), {0, envelope.DEADLINE_EXCEEDED, envelope.RESOURCE_EXHAUSTED})
        self.assertGreater(codes[envelope.RESOURCE_EXHAUSTED], 0)
        self.assertEqual(self.metric("questions_displaced_total"), codes[envelope.RESOURCE_EXHAUSTED])
        self.assertEqual(self.ids("bulk", limit=1), self.ids("bulk", limit=1))

    def test_a_log_that_was_trimmed_is_read_anew_from_the_tables(self):
        flags = ("--journal.keep", "0", "--journal.cap", "100", "--journal.trim-every", "100ms", "--search.fresh-wait", "10s")
        self.stack.stop("a")
        self.endpoints = self.stack.start("a", *flags)
        self.client = Client(self.endpoints["commands"])
        wait_for("the index", self.ready)
        b = Client(self.stack.start("b", *flags)["commands"])
        self.client.submit(record("first", "standing"), record("gone", "standing"))
        self.assertEqual(sorted(self.ids("standing")), ["first", "gone"])
        os.kill(self.stack.replicas["a"].pid, signal.SIGSTOP)
        try:
            b.withdraw("lab", "gone")
            for n in range(20):
                b.submit(*[record("t%d-%d" % (n, k), "standing %d" % k) for k in range(100)])
            wait_for("the log to be trimmed", lambda: self.first_kept() > 100)
        finally:
            os.kill(self.stack.replicas["a"].pid, signal.SIGCONT)
        wait_for("all of them", lambda: self.find("standing", count=True).total == 2001)
        self.assertEqual(self.metric("search_rebuilds_total"), 1)

    def first_kept(self):
        """The lowest sequence of the log of records that is kept, in the partition where it is highest."""
        streams = [redis(self.stack, "--no-raw", "XINFO", "STREAM", "tt:{achievement.%d}:j:achievements" % p) for p in range(8)]
        return max(int(re.search(r'"first-entry"\s+\d+\) 1\) "(\d+)-0"', s).group(1)) for s in streams)

    def test_ttctl(self):
        self.client.submit(GRAPHENE, BATTERY)
        ttctl = [os.path.join(BUILD, "ops/ttctl/ttctl"), "achievement", "search"]
        where = ["--endpoints", self.endpoints["commands"]]
        done = subprocess.run(ttctl + ["石墨烯 or lithium", "--sort", "completion", "--facets", "industry,year"] + where,
                              capture_output=True, text=True, check=True)
        lines = done.stdout.split("\n")
        self.assertEqual(lines[0], "2 found in 2 records")
        self.assertIn("lithium", lines[2])
        self.assertIn("石墨烯", lines[3])
        self.assertIn("1  2019", [line.strip() for line in lines])
        done = subprocess.run(ttctl + ["lithium", "--limit", "1", "--json"] + where, capture_output=True, text=True, check=True)
        self.assertEqual(json.loads(done.stdout)["hits"][0]["achievement"]["sourceId"], "2")
        self.assertEqual(subprocess.run(ttctl + ["ti=("] + where, capture_output=True).returncode, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
