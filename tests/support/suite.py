"""What tests of whole programs share: a private redis-server, daemons on free ports, waiting on conditions, a runner.

Every process is started here, ends with the test (also when the test is killed) and is stopped by its own id."""
import argparse
import ctypes
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PATIENCE = float(os.environ.get("TT_TEST_PATIENCE", "30"))  # seconds that a condition may take on a slow machine


def wait_for(condition, what, seconds=None):
    """The first true value of condition(); AssertionError naming `what` when it does not come in time."""
    until = time.monotonic() + (seconds or PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.005)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def spawn(arguments, log, **options):
    with open(log, "ab") as out:
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=die_with_parent, **options)


class Redis:
    """A redis-server of the test's own: Unix socket, append-only file synced at every write, no snapshots."""

    def __init__(self, folder, name="redis"):
        self.folder = os.path.join(folder, name)
        os.mkdir(self.folder)
        self.socket = os.path.join(self.folder, "redis.sock")
        self.endpoint = "unix:" + self.socket
        self.process = None

    def start(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = spawn(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder, "--save", "", "--appendonly", "yes",
                              "--appendfsync", "always", "--daemonize", "no"], os.path.join(self.folder, "log"))
        wait_for(self.answers, "redis-server to answer")
        return self

    def answers(self):
        return self.process.poll() is None and os.path.exists(self.socket) and self.ask("PING", check=False).strip() == "PONG"

    def ask(self, *words, check=True):
        done = subprocess.run(["redis-cli", "-s", self.socket, *map(str, words)], capture_output=True, timeout=60)
        if check and done.returncode != 0:
            raise AssertionError(f"redis-cli {words}: {done.stderr!r}")
        return done.stdout.decode("utf-8", "replace")

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(timeout=30)

    stop = kill

    def restart(self):
        self.kill()
        self.start()


class Daemon:
    """A daemon on free ports; `arguments` are added to its command line. The system chooses the ports: "*" would take the lowest free one, which a
    daemon of another test may take as soon as this one is killed."""

    def __init__(self, program, folder, redis, name="daemon", arguments=(), environment=None):
        self.file = os.path.join(folder, name + ".json")
        self.log = os.path.join(folder, name + ".log")
        self.command = [program, "--endpoints.file", self.file, "--commands.endpoint", "tcp://127.0.0.1:0", "--events.endpoint", "tcp://127.0.0.1:0",
                        "--replay.endpoint", "tcp://127.0.0.1:0", "--http.bind", "127.0.0.1:0", "--redis.endpoints",
                        redis if isinstance(redis, str) else redis.endpoint, "--log.form", "json", *arguments]
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self.endpoints = {}

    def launch(self):
        """Starts without waiting."""
        if os.path.exists(self.file):
            os.unlink(self.file)
        self.process = spawn(self.command, self.log, env=self.environment)
        return self

    def start(self):
        self.launch()
        wait_for(lambda: os.path.exists(self.file) or self.process.poll() is not None, "the daemon to bind")
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}: {self.log_text()[-2000:]}")
        with open(self.file, encoding="utf-8") as file:
            self.endpoints = json.load(file)
        wait_for(lambda: self.http("/readyz")[0] == 200, "the daemon to be ready")
        return self

    def restart_on_same_ports(self):
        """Ends it with SIGKILL and starts it on the ports that it had, as a supervisor would."""
        self.kill()
        for key in ("commands", "events", "replay"):
            self.command[self.command.index(f"--{key}.endpoint") + 1] = self.endpoints[key]
        return self.start()

    def alive(self):
        return self.process.poll() is None

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def http(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.endpoints['http_port']}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, line):
        """Sum of the samples whose line begins with `line`."""
        return sum(float(text.rsplit(" ", 1)[1]) for text in self.http("/metrics")[1].splitlines() if text.startswith(line))

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(timeout=30)

    def terminate(self, seconds=None):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=seconds or PATIENCE)

    stop = kill


class World:
    """One test's folder, Redis and daemons; everything is stopped at the end."""

    def __init__(self, program):
        self.program = program
        self.folder = tempfile.mkdtemp(prefix="tt-test-")
        self.things = []
        self.drive = None
        self.programs = {}
        self.redis = None

    def with_redis(self, name="redis"):
        redis = Redis(self.folder, name).start()
        self.things.append(redis)
        self.redis = self.redis or redis
        return redis

    def daemon(self, name="daemon", redis=None, arguments=(), environment=None, program=None):
        daemon = Daemon(program or self.program, self.folder, redis or self.redis, name, arguments, environment)
        self.things.append(daemon)
        return daemon

    def own(self, thing):
        """Has a stop ()."""
        self.things.append(thing)
        return thing

    def close(self):
        for thing in reversed(self.things):
            thing.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def compile_protos(folder):
    """Python modules of proto/ in `folder`, importable from then on."""
    names = [name for name in sorted(os.listdir(os.path.join(ROOT, "proto"))) if name.endswith(".proto")]
    subprocess.run(["protoc", "-I", os.path.join(ROOT, "proto"), "--python_out", folder, *names], check=True, timeout=120)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()


def main(prepare):
    """Runs the tests that prepare() returns (after the message classes are importable): functions that take a World. Their names are
    printed; a name on the command line runs only that one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--probed", required=True, help="path of the probe daemon")
    parser.add_argument("--drive", help="path of the C client and subscriber that a test drives")
    parser.add_argument("--program", action="append", default=[], help="NAME=PATH of another program that a test runs")
    parser.add_argument("tests", nargs="*")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="tt-proto-")
    failed = 0
    try:
        compile_protos(folder)
        tests = [test for test in prepare() if not options.tests or test.__name__ in options.tests]
        assert tests, "no such test"
        for test in tests:
            failed += not run_one(test, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if failed else 0)


def run_one(test, options):
    world = World(os.path.abspath(options.probed))
    world.drive = options.drive
    world.programs = {name: os.path.abspath(path) for name, path in (each.split("=", 1) for each in options.program)}
    began = time.monotonic()
    try:
        test(world)
        print(f"ok   {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        return True
    except Exception:
        print(f"FAIL {test.__name__}\n{traceback.format_exc()}", flush=True)
        for thing in world.things:
            if isinstance(thing, Daemon) and os.path.exists(thing.log):
                print(f"--- {thing.log}\n{thing.log_text()[-3000:]}", flush=True)
        return False
    finally:
        world.close()
