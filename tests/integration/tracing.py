#!/usr/bin/python3
"""traceparent from a command to its events and to what follows from those, through all four daemons, as a client and as the log see it."""
import json
import os
import secrets
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

FOLDERS = {"patent-alertd": "patent_alert", "achievement-ingestd": "achievement_ingest", "loan-matchd": "loan_match", "statisticsd": "statistics"}


def new_trace(flags="01"):
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-{flags}"


def daemon(world, name, *arguments):
    program = os.path.join(os.environ["TT_BUILD_DIR"], "services", FOLDERS[name], name)
    if world.redis is None:
        world.with_redis()
    return world.own(suite.Daemon(program, world.folder, world.redis, name, ["--log.level", "debug", *arguments])).start()


def send(where, method, request, trace):
    """The reply's header and body."""
    peer = commands.socket(where.endpoints["commands"])
    header = pb.RequestHeader(request_id=commands.uuid7(), method=method, traceparent=trace)
    head, body = commands.exchange(peer, [header.SerializeToString(), request.SerializeToString()])
    peer.close()
    assert head.code == pb.OK, head
    return head, body


def events(where):
    """Headers of all events in the journal."""
    peer, found = commands.socket(where.endpoints["replay"]), []
    for partition in range(8):
        request = pb.ReplayRequest(partition=partition, from_sequence=1, limit=5000)
        head, body = commands.exchange(peer, [commands.header("techtransfer.v1.Journal/Replay"), request.SerializeToString()])
        assert head.code == pb.OK, head
        found += [pb.EventHeader.FromString(event.header) for event in pb.ReplayReply.FromString(body).events]
    peer.close()
    return found


def of_type(where, name, count=1):
    """At least so many events whose type ends in `name`, waited for."""
    def found():
        those = [event for event in events(where) if event.type.endswith("." + name)]
        return those if len(those) >= count else None
    return suite.wait_for(found, f"{count} x {name}")


def follows(event, trace):
    """The event is of this trace, under a parent-id of its own."""
    version, trace_id, parent_id, flags = event.traceparent.split("-")
    wanted = trace.split("-")
    assert version == "00" and trace_id == wanted[1] and flags == wanted[3], (event.traceparent, trace)
    assert parent_id not in (wanted[2], "0" * 16) and len(parent_id) == 16
    return parent_id


def log_lines(where, step):
    lines = []
    for line in where.log_text().splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            if entry.get("event") == step or entry.get("message") == step or entry.get("msg") == step:
                lines.append(entry)
    return lines


def log_says(where, step, **wanted):
    return suite.wait_for(lambda: [line for line in log_lines(where, step) if all(line.get(k) == v for k, v in wanted.items())],
                          f"the log of {step!r} with {wanted}")


def test_patent_publication_to_alert_and_count(world):
    patents = daemon(world, "patent-alertd")
    statistics = daemon(world, "statisticsd", *(f"--statistics.sources.patent.{kind}={patents.endpoints[kind]}" for kind in ("events", "replay")))
    watch = patent_pb2.PutWatchRequest(watch=patent_pb2.Watch(owner="ent-1", watch_id="w", query="ti=magnet"))
    watch.watch.triggers.append(1)
    send(patents, "techtransfer.patent.v1.PatentAlert/PutWatch", watch, "")
    request, trace = patent_pb2.SubmitPatentsRequest(), new_trace()
    for number in range(2):
        document = request.documents.add()
        document.publication.country, document.publication.number, document.publication.kind = "CN", f"10000{number}", "A"
        document.publication.date = "2020-01-01"
        document.titles.add(language="en", text=f"Magnet number {number}")
        document.ipc.append("H01F1/053")
    send(patents, "techtransfer.patent.v1.PatentAlert/SubmitPatents", request, trace)
    published, alerts = of_type(patents, "PatentPublished", 2), of_type(patents, "AlertRaised", 2)
    causes = {follows(event, trace) for event in published}
    effects = {follows(event, trace) for event in alerts}
    assert len(causes) == len(effects) == 2 and not causes & effects
    (changed,) = of_type(patents, "WatchChanged")
    assert changed.traceparent == "", "a command without a trace begins none"
    trace_id = trace.split("-")[1]
    decided = log_says(patents, "event decided", trace_id=trace_id, type="techtransfer.patent.v1.AlertRaised")
    assert {line["parent_id"] for line in decided} == causes and {line["span_id"] for line in decided} >= effects
    log_says(patents, "command done", trace_id=trace_id, parent_id=trace.split("-")[2], method="techtransfer.patent.v1.PatentAlert/SubmitPatents")
    for step in ("event published", "event worked on"):
        log_says(patents, step, trace_id=trace_id, type="techtransfer.patent.v1.PatentPublished")
    log_says(statistics, "event counted", trace_id=trace_id, type="techtransfer.patent.v1.AlertRaised")


def test_achievement_and_demand_to_push(world):
    ingest, traces = daemon(world, "achievement-ingestd"), [new_trace() for _ in range(4)]
    service = "techtransfer.achievement.v1.AchievementIngest/"

    def demand(number, title, query, trace):
        one = achievement_pb2.Demand(owner="ent-1", demand_id=number, title=title, query=query)
        send(ingest, service + "PutDemand", achievement_pb2.PutDemandRequest(demand=one), trace)

    def achievement(number, title, abstract, trace):
        one = achievement_pb2.Achievement(source="s", source_id=number, title=title, abstract=abstract, owners=["Institute"])
        send(ingest, service + "SubmitAchievements", achievement_pb2.SubmitAchievementsRequest(achievements=[one]), trace)

    demand("before", "x", "ti=battery", traces[0])
    log_says(ingest, "event worked on", trace_id=traces[0].split("-")[1])  # or its own look at what is stored would find the pair first
    achievement("1", "Solid state lithium battery separator", "A ceramic separator for solid state lithium batteries", traces[1])
    (push,) = of_type(ingest, "AchievementPushed")
    follows(push, traces[1])
    demand("query", "x", 'ti="lithium battery"', traces[2])
    demand("words", "solid state lithium battery separator wanted", "", traces[3])
    pushes = of_type(ingest, "AchievementPushed", 3)
    assert {event.traceparent.split("-")[1] for event in pushes} == {trace.split("-")[1] for trace in traces[1:]}
    for event in of_type(ingest, "DemandChanged", 3) + of_type(ingest, "AchievementRegistered"):
        assert event.traceparent.split("-")[1] in {trace.split("-")[1] for trace in traces}
    everything = [event.traceparent.split("-")[2] for event in events(ingest)]
    assert len(set(everything)) == len(everything), "each event has a parent-id of its own"


def test_application_to_round_to_proposal(world):
    loans, service = daemon(world, "loan-matchd"), "techtransfer.finance.v1.LoanMatch/"
    data = os.path.join(suite.ROOT, "tests", "data")
    applied, ran = new_trace(), new_trace("00")

    def put(kind, method, field, make, trace=""):
        with open(os.path.join(data, kind + ".jsonl"), encoding="utf-8") as file:
            for line in file:
                request = make()
                json_format.ParseDict(json.loads(line), getattr(request, field))
                send(loans, service + method, request, trace)

    put("providers", "PutProvider", "provider", finance_pb2.PutProviderRequest)
    put("products", "PutProduct", "product", finance_pb2.PutProductRequest)
    put("applications", "SubmitApplication", "application", finance_pb2.SubmitApplicationRequest, applied)
    _, body = send(loans, service + "RunRound", finance_pb2.RunRoundRequest(market="ningbo", round_id="r1"), ran)
    made = finance_pb2.RunRoundReply.FromString(body).proposals
    assert made > 24, "a round of several steps"
    for event in of_type(loans, "ApplicationSubmitted"):
        follows(event, applied)
    proposed = of_type(loans, "ProposalMade", 2 * made)
    ids = {follows(event, ran) for event in proposed + of_type(loans, "RoundCompleted")}
    assert len(ids) == 2 * made + 1


def test_observation_to_indicator(world):
    statistics, trace = daemon(world, "statisticsd"), new_trace()
    request = statistics_pb2.PutObservationRequest()
    json_format.ParseDict({"indicator": "rd_gdp_share", "period": "2017", "value": "2.65", "department": "STB", "source": "sample"}, request.observation)
    send(statistics, "techtransfer.statistics.v1.Statistics/PutObservation", request, trace)
    (reported,), (changed,) = of_type(statistics, "ObservationReported"), of_type(statistics, "IndicatorChanged")
    assert follows(reported, trace) != follows(changed, trace)


def test_what_is_no_traceparent_is_ignored_and_counted(world):
    world.with_redis()
    probed = world.daemon().start()
    good = new_trace()
    bad = ["x", good.upper(), good[:-1], good + "-01", "ff" + good[2:], "00-" + "0" * 32 + good[35:], good[:36] + "0" * 16 + good[52:]]
    for number, trace in enumerate(bad):
        send(probed, commands.PUT, pb.ProbePutRequest(key=f"bad-{number}"), trace)
    assert probed.metric("command_traceparent_invalid_total") == len(bad)
    assert [event.traceparent for event in events(probed)] == [""] * len(bad)
    send(probed, commands.PUT, pb.ProbePutRequest(key="later"), "01" + good[2:] + "-what-comes-later")
    (event,) = [event for event in events(probed) if event.traceparent]
    follows(event, good)
    assert probed.metric("command_traceparent_invalid_total") == len(bad)


def test_a_retry_keeps_the_trace_of_the_first_try(world):
    world.with_redis()
    probed = world.daemon().start()
    first, again, made = new_trace(), new_trace(), commands.uuid7()
    peer = commands.socket(probed.endpoints["commands"])
    for trace in (first, again):
        header = pb.RequestHeader(request_id=made, method=commands.PUT, traceparent=trace)
        head, _ = commands.exchange(peer, [header.SerializeToString(), pb.ProbePutRequest(key="k").SerializeToString()])
        assert head.code == pb.OK and head.replayed == (trace == again), head
    (event,) = events(probed)
    follows(event, first)
    peer.close()


def ttctl(where, *words):
    environment = dict(os.environ, TT_STATISTICS_ENDPOINTS=where.endpoints["commands"], TT_STATISTICS_EVENTS=where.endpoints["events"],
                       TT_STATISTICS_REPLAY=where.endpoints["replay"])
    return subprocess.run([os.environ["TT_TTCTL"], *words], capture_output=True, text=True, timeout=120, env=environment)


def test_ttctl_begins_a_trace_and_shows_it(world):
    statistics = daemon(world, "statisticsd")
    path = os.path.join(suite.ROOT, "tests", "data", "observations.jsonl")
    given = new_trace()
    done = ttctl(statistics, "import", "observations", path, "--traceparent", given, "--rejects", os.path.join(world.folder, "rejects"))
    assert done.returncode == 0, done
    shown = ttctl(statistics, "events", "--stream", "statistics", "--from", "1", "--replay-only", "--json")
    events_shown = [json.loads(line) for line in shown.stdout.splitlines()]
    assert len(events_shown) >= 20 and all(event["traceparent"].startswith(given[:35]) for event in events_shown), shown
    done = ttctl(statistics, "counts", "--traceparent", "new")
    assert done.returncode == 0 and len(done.stderr.split("traceparent: ")[1].strip()) == 55, done
    assert ttctl(statistics, "counts", "--traceparent", "00-nothing").returncode == 2


def prepare():
    global commands, pb, json_format, patent_pb2, achievement_pb2, finance_pb2, statistics_pb2
    import commands
    import envelope_pb2 as pb
    from google.protobuf import json_format
    import achievement_pb2
    import finance_pb2
    import patent_pb2
    import statistics_pb2
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
