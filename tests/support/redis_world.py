"""Redis as an operator may run it, for tests: one server, a master with a replica and Sentinels, a cluster of three masters and three replicas.

Everything listens on free ports of loopback, lives in the test's folder, dies with the test and is ended by its own process id. A node can be put
behind a relay (`announce`: node -> port that the others and the clients are told), so that connections can be cut from outside."""
import os
import random
import resource
import shutil
import socket
import subprocess
import time

from suite import spawn, wait_for

HOST = "127.0.0.1"
SLOTS = 16384


def free_port(below=0):
    """A port on which nobody listens, and none on port + `below` either. Not from the range that the system hands out itself."""
    chooser = random.SystemRandom()
    while True:
        port = chooser.randrange(12000, 22000)
        if all(can_bind(p) for p in {port, port + below}):
            return port


def can_bind(port):
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
            return True
        except OSError:
            return False


class Node:
    """One redis-server (or Sentinel) on a TCP port of its own, with a Unix socket for the test."""

    def __init__(self, folder, name, options=(), bus=False):
        self.name = name
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder, exist_ok=True)
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.data, exist_ok=True)
        self.port = free_port(10000 if bus else 0)
        self.public = self.port  # what others are told
        self.socket = os.path.join(self.folder, "s")
        self.options = list(options)
        self.process = None
        self.wanted = False  # a supervisor keeps it up

    def command(self):
        fixed = ["--port", self.port, "--bind", HOST, "--unixsocket", self.socket, "--dir", self.data, "--daemonize", "no"]
        return ["redis-server", *map(str, fixed), *map(str, self.options)]

    def launch(self):
        """Starts without waiting."""
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.wanted = True
        # Python ignores SIGXFSZ, and so will Redis: past the limit of a file's size a write fails, as on a full disk.
        self.process = spawn(self.command(), os.path.join(self.folder, "log"), restore_signals=False)
        return self

    def start(self):
        self.launch()
        wait_for(self.answers, f"{self.name} to answer")
        return self

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def answers(self):
        return self.alive() and os.path.exists(self.socket) and self.ask("PING", check=False).strip() == "PONG"

    def ask(self, *words, check=True, seconds=60):
        try:
            done = subprocess.run(["redis-cli", "-s", self.socket, *map(str, words)], capture_output=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            if check:
                raise
            return ""
        if check and done.returncode != 0:
            raise AssertionError(f"redis-cli {words}: {done.stderr!r}")
        return done.stdout.decode("utf-8", "replace")

    def info(self, field):
        for line in self.ask("INFO", check=False, seconds=5).splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1].strip()
        return ""

    def limit_files(self, size):
        """Most bytes of any file that it writes from now on; None: no limit."""
        value = resource.RLIM_INFINITY if size is None else size
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (value, resource.RLIM_INFINITY))

    def send_signal(self, number):
        if self.alive():
            self.process.send_signal(number)

    def kill(self):
        self.wanted = False
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait(timeout=30)

    stop = kill

    def log_text(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()


def durable(*more):
    return ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0", *more]


class Topology:
    """nodes: all servers that hold data; masters (): those that are masters now. `settings ()`: flags of a daemon for these endpoints."""

    kind = ""

    def __init__(self, folder):
        self.folder = folder
        self.nodes = []
        self.sentinels = []

    def everyone(self):
        return self.nodes + self.sentinels

    def stop(self):
        for node in reversed(self.everyone()):
            node.kill()
            ram_disk_off(node)

    def masters(self):
        return [node for node in self.nodes if node.alive() and node.info("role") == "master"]

    def supervise(self):
        """Starts again what has ended although it is wanted; the names."""
        back = [node for node in self.everyone() if node.wanted and not node.alive()]
        for node in back:
            node.launch()
        return [node.name for node in back]

    def whole(self):
        """True when every node answers and every replica is connected."""
        return all(node.answers() for node in self.everyone()) and all(
            node.info("loading") == "0" and (node.info("role") == "master" or node.info("master_link_status") == "up") for node in self.nodes)


class One(Topology):
    kind = "one"

    def __init__(self, folder):
        super().__init__(folder)
        self.nodes = [Node(folder, "redis", durable())]

    def start(self, announce=None):
        """announce: function from a node to the port that is told; called when the node listens."""
        node = self.nodes[0].start()
        node.public = announce(node) if announce else node.port
        return self

    def settings(self, reach=None):
        """reach: function from a node to the port by which this daemon gets there."""
        return ["--redis.endpoints", f"{HOST}:{reach(self.nodes[0]) if reach else self.nodes[0].public}"]


class Sentinel(Topology):
    """A master, a replica and three Sentinels of quorum two."""

    kind = "sentinel"
    name = "tt"

    def __init__(self, folder):
        super().__init__(folder)
        self.nodes = [Node(folder, f"redis{i}", durable()) for i in range(2)]
        self.sentinels = [Node(folder, f"sentinel{i}") for i in range(3)]

    def start(self, announce=None):
        for node in self.nodes:
            node.public = announce(node) if announce else node.port
            node.options += ["--replica-announce-ip", HOST, "--replica-announce-port", node.public]
        master, replica = self.nodes
        master.start()
        replica.options += ["--replicaof", HOST, master.public]
        replica.start()
        # From now on who is whose replica is in the files, as with any Redis under Sentinel.
        for node in self.nodes:
            self._with_file(node)
        wait_for(lambda: replica.info("master_link_status") == "up", "the replica to be connected")
        for sentinel in self.sentinels:
            path = os.path.join(sentinel.folder, "sentinel.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"port {sentinel.port}\nbind {HOST}\nunixsocket {sentinel.socket}\ndir {sentinel.data}\n"
                           f"sentinel monitor {self.name} {HOST} {master.public} 2\nsentinel down-after-milliseconds {self.name} 1000\n"
                           f"sentinel failover-timeout {self.name} 4000\nsentinel parallel-syncs {self.name} 1\n")
            sentinel.command = lambda path=path: ["redis-server", path, "--sentinel"]
            sentinel.start()
        wait_for(lambda: all(self._ready(s) for s in self.sentinels), "the Sentinels to know each other")
        return self

    @staticmethod
    def _with_file(node):
        """Restarts it from a configuration file, which Sentinel's CONFIG REWRITE keeps up to date."""
        path = os.path.join(node.folder, "redis.conf")
        words = node.command()[1:]
        with open(path, "w", encoding="utf-8") as file:
            at = 0
            while at < len(words):
                values = []
                while at + 1 + len(values) < len(words) and not words[at + 1 + len(values)].startswith("--"):
                    values.append(words[at + 1 + len(values)] or '""')
                file.write(f"{words[at][2:]} {' '.join(values)}\n")
                at += 1 + len(values)
        node.kill()
        node.command = lambda: ["redis-server", path]
        node.start()

    def _ready(self, sentinel):
        lines = sentinel.ask("SENTINEL", "MASTER", self.name, check=False).splitlines()
        fields = dict(zip(lines[0::2], lines[1::2]))
        return fields.get("num-slaves") == "1" and fields.get("num-other-sentinels") == "2" and fields.get("flags") == "master"

    def settings(self, reach=None):
        return ["--redis.endpoints", ",".join(f"{HOST}:{s.public}" for s in self.sentinels), "--redis.sentinel", self.name]

    def fail_over(self):
        """Asks for an orderly fail-over; what the Sentinel answered."""
        return next(s for s in self.sentinels if s.alive()).ask("SENTINEL", "FAILOVER", self.name, check=False).strip()

    def whole(self):
        return super().whole() and len(self.masters()) == 1


class Cluster(Topology):
    """Three masters and three replicas, cluster-node-timeout 2000."""

    kind = "cluster"

    def __init__(self, folder):
        super().__init__(folder)
        extra = ["--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-node-timeout", "2000", "--cluster-announce-ip", HOST]
        self.nodes = [Node(folder, f"node{i}", durable(*extra), bus=True) for i in range(6)]

    def start(self, announce=None):
        for node in self.nodes:
            node.port = free_port(10000)  # chosen anew just before it is taken: others choose too
            node.public = announce(node) if announce else node.port
            node.options += ["--cluster-announce-port", node.public, "--cluster-announce-bus-port", node.port + 10000]
            node.launch()
        for node in self.nodes:
            wait_for(node.answers, f"{node.name} to answer")
        first = self.nodes[0]
        for i, node in enumerate(self.nodes):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", i + 1)
            if node is not first:
                node.ask("CLUSTER", "MEET", HOST, first.public, first.port + 10000)
        for i, node in enumerate(self.nodes[:3]):
            node.ask("CLUSTER", "ADDSLOTSRANGE", i * SLOTS // 3, (i + 1) * SLOTS // 3 - 1)
        wait_for(lambda: all(n.ask("CLUSTER", "NODES").count("connected") >= 6 for n in self.nodes), "the nodes to know each other")
        for i, node in enumerate(self.nodes[3:]):
            master = self.nodes[i].ask("CLUSTER", "MYID").strip()
            wait_for(lambda node=node, master=master: node.ask("CLUSTER", "REPLICATE", master, check=False).strip() == "OK", "the replica to be told")
        wait_for(self.whole, "the cluster to be whole")
        return self

    def settings(self, reach=None):
        return ["--redis.endpoints", ",".join(f"{HOST}:{node.public}" for node in self.nodes)]

    def whole(self):
        """Every node also sees all others, each in its role."""
        return all(n.answers() and "cluster_state:ok" in n.ask("CLUSTER", "INFO", check=False) and self._sees_all(n) for n in self.nodes) and super().whole()

    def _sees_all(self, node):
        flags = [line.split()[2] for line in node.ask("CLUSTER", "NODES", check=False).splitlines() if line]
        return len(flags) == len(self.nodes) and sum("slave" in f for f in flags) == 3 and not any("fail" in f or "handshake" in f for f in flags)

    def replicas(self):
        return [node for node in self.nodes if node.alive() and node.info("role") == "slave"]

    def owner(self, slot):
        """The master that holds a slot; None while nobody says so."""
        for node in self.masters():
            for line in node.ask("CLUSTER", "NODES", check=False, seconds=5).splitlines():
                words = line.split()
                held = (r.split("-") for r in words[8:] if not r.startswith("["))
                if "myself" in words[2] and any(int(r[0]) <= slot <= int(r[-1]) for r in held):
                    return node
        return None

    def move(self, slot, source, target, last=None, seconds=60):
        """Moves a slot as redis-cli --cluster reshard does it; a generator that yields after each step, and goes on until it is done. The key `last`
        goes last."""
        ids = {node: node.ask("CLUSTER", "MYID").strip() for node in (source, target)}
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[source])
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[target])
        until, replace = time.monotonic() + seconds, ()
        yield
        while keys := sorted(source.ask("CLUSTER", "GETKEYSINSLOT", slot, 1000).split(), key=lambda key: key == last):
            said = source.ask("MIGRATE", HOST, target.port, keys[0], 0, 5000, *replace, check=False)
            replace = ("REPLACE",) if "IOERR" in said else ()  # it may have arrived without being deleted here
            if "BUSYKEY" in said or time.monotonic() > until:
                raise RuntimeError(f"slot {slot}, key {keys[0]}, {source.name} to {target.name}: {said.strip()}")
            yield
        target.ask("CLUSTER", "SETSLOT", slot, "NODE", ids[target])
        for node in self.masters():
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", ids[target], check=False, seconds=5)

    @staticmethod
    def fail_over(replica):
        return replica.ask("CLUSTER", "FAILOVER", check=False, seconds=5).strip()


TOPOLOGIES = {kind.kind: kind for kind in (One, Sentinel, Cluster)}


# -- a disk that can be filled --


def ram_disk_on(node, megabytes):
    """Puts the node's data, which must be empty, on a file system of that size; False where that is not allowed."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", node.data], capture_output=True)
    node.ram_disk = done.returncode == 0
    return node.ram_disk


def ram_disk_off(node):
    if getattr(node, "ram_disk", False):
        wait_for(lambda: subprocess.run(["umount", node.data], capture_output=True).returncode == 0, f"{node.data} to be let go of")
        node.ram_disk = False


def fill_disk(node):
    """Until nothing more fits; to be undone by free_disk."""
    with open(os.path.join(node.data, "filler"), "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


def free_disk(node):
    path = os.path.join(node.data, "filler")
    if os.path.exists(path):
        os.unlink(path)


def disk_left(node):
    return shutil.disk_usage(node.data).free
