"""What an episode runs on: a Redis topology, two replicas of each daemon, relays in front of everything, a supervisor that starts what has ended."""
import json
import os
import signal
import threading
import time
import traceback

import suite
from redis_world import HOST, TOPOLOGIES, One, ram_disk_on

from proxy import Proxy

DAEMONS = {"patent": ("patent_alert", "patent-alertd"), "achievement": ("achievement_ingest", "achievement-ingestd"),
           "finance": ("loan_match", "loan-matchd"), "statistics": ("statistics", "statisticsd")}
SOURCES = ("patent", "achievement", "finance")
SOCKETS = ("commands", "events", "replay")
CATALOG = os.path.join(suite.ROOT, "common", "catalog", "data")
RAM_DISK_MB = 48


class Replica(suite.Daemon):
    """A daemon whose ports stay and which is started without waiting for it."""

    def __init__(self, build, service, number, folder, arguments):
        where, name = DAEMONS[service]
        self.service, self.name = service, f"{service}{number}"
        super().__init__(os.path.join(build, "services", where, name), folder, "unset", self.name, arguments, {"TT_CATALOG_DIR": CATALOG})
        at = self.command.index("--redis.endpoints")
        del self.command[at:at + 2]
        self.wanted = False   # the supervisor keeps it up
        self.ended = False    # its end was somebody's doing
        self.public = {}      # socket -> endpoint that clients use

    def launch(self):
        self.wanted, self.ended = True, False
        return super().launch()

    def read_endpoints(self):
        if os.path.exists(self.file):
            with open(self.file, encoding="utf-8") as file:
                self.endpoints = json.load(file)
            return True
        return False

    def ready(self):
        return self.alive() and self.read_endpoints() and self.http("/readyz")[0] == 200

    def kill(self):
        self.wanted, self.ended = False, True
        super().kill()

    stop = kill


class World:
    def __init__(self, folder, options, recorder):
        self.folder, self.options, self.recorder = folder, options, recorder
        self.topology = TOPOLOGIES[options.topology](folder)
        self.proxy = None
        self.replicas = []
        self.crashes = []      # daemons that a signal ended which nobody sent, with the end of their log
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.supervisor = None

    # -- start --

    def start(self):
        self.proxy = Proxy(os.path.join(self.folder, "proxy.log"), suite.die_with_parent)
        if isinstance(self.topology, One) and not self.options.no_ram_disk:
            ram_disk_on(self.topology.nodes[0], RAM_DISK_MB)
        self.topology.start(None if self.options.topology == "one" else lambda node: self.proxy.add(f"node/{node.name}", node.port))
        for service in SOURCES:
            self._start_service(service)
        self._start_service("statistics")
        self.supervisor = threading.Thread(target=self._supervise, daemon=True)
        self.supervisor.start()

    def _settings(self, service, number):
        found = ["--redis.timeout", "1s", "--log.level", "debug", "--probe.enabled=true", *self.topology.settings(self._reach(f"{service}{number}"))]
        if self.options.replicas_confirm:
            found += ["--redis.replicas", str(self.options.replicas_confirm), "--redis.replica-timeout", "500ms"]
        if service == "achievement":
            found += ["--push.backfill", "10000"]
        if service == "statistics":
            for stream in SOURCES:
                replicas = self.of(stream)
                found += [f"--statistics.sources.{stream}.events", ",".join(r.public["events"] for r in replicas),
                          f"--statistics.sources.{stream}.replay", ",".join(r.public["replay"] for r in replicas)]
        return found

    def _reach(self, name):
        """One Redis: each daemon has a relay of its own to it."""
        if self.options.topology != "one":
            return None
        return lambda node: self.proxy.add(f"store/{name}", node.port)

    def _start_service(self, service):
        made = [Replica(self.options.build, service, i, self.folder, self._settings(service, i)) for i in range(2)]
        for replica in made:
            replica.launch()
        for replica in made:
            suite.wait_for(lambda replica=replica: replica.ready() or not replica.alive(), f"{replica.name} to be ready")
            if not replica.alive():
                raise AssertionError(f"{replica.name} ended: {replica.log_text()[-500:]}")
            for key in SOCKETS:
                endpoint = replica.endpoints[key]
                replica.command[replica.command.index(f"--{key}.endpoint") + 1] = endpoint
                port = self.proxy.add(f"{key}/{replica.name}", int(endpoint.rsplit(":", 1)[1]))
                replica.public[key] = f"tcp://{HOST}:{port}"
        self.replicas += made

    # -- asked while it runs --

    def of(self, service):
        return [replica for replica in self.replicas if replica.service == service]

    def public(self, service, key):
        return [replica.public[key] for replica in self.of(service)]

    def direct(self, service, key):
        return [replica.endpoints[key] for replica in self.of(service)]

    def other_build(self, replica):
        """The next start of this replica is from the other build, if there is one."""
        builds = [self.options.build, self.options.build2 or self.options.build]
        at = 0 if replica.command[0].startswith(builds[1] + os.sep) else 1
        where, name = DAEMONS[replica.service]
        replica.command[0] = os.path.join(builds[at], "services", where, name)

    def links(self, prefix):
        return [name for name in self.proxy.links if name.startswith(prefix)]

    # -- the supervisor: what systemd or Kubernetes would do. Only it starts again what has ended: a child dies with the thread that made it --

    def _supervise(self):
        try:
            while not self.stopping.wait(0.2):
                self._look_after()
        except Exception:  # told by the episode
            self.crashes.append("the harness's supervisor: " + traceback.format_exc())

    def _look_after(self):
        with self.lock:
            for name in self.topology.supervise():
                self.recorder.write("note", what=f"{name} had ended and was started again")
            for replica in self.replicas:
                if replica.wanted and not replica.alive():
                    self._start_again(replica)

    def _start_again(self, replica):
        code = replica.process.returncode
        if not replica.ended:
            self.recorder.write("note", what=f"{replica.name} had ended with {code} and was started again")
        if not replica.ended and code < 0 or "Sanitizer" in replica.log_text()[-20000:]:
            self.crashes.append(f"{replica.name} ended with {code}: {replica.log_text()[-600:]}")
        replica.launch()

    # -- the end --

    def heal(self, seconds):
        """Everything is let run; how long Redis and then the daemons took to stand again."""
        began = time.monotonic()
        for name in list(self.proxy.links):
            self.proxy.set(name)
        with self.lock:
            for thing in [*self.replicas, *self.topology.everyone()]:
                if thing.alive():
                    thing.process.send_signal(signal.SIGCONT)
                else:
                    thing.wanted = True
        suite.wait_for(self.topology.whole, "Redis to be whole again", seconds)
        whole = time.monotonic()
        for replica in self.replicas:
            suite.wait_for(replica.ready, f"{replica.name} to be ready again", seconds)
        return whole - began, time.monotonic() - whole

    def stop(self):
        self.stopping.set()
        if self.supervisor:
            self.supervisor.join(timeout=30)
        for replica in self.replicas:
            replica.kill()
        self.topology.stop()
        if self.proxy:
            self.proxy.stop()
