"""Faults: what can be done to a world, and a seeded script of them. Each fault is a generator: it does, yields for how many seconds it lasts, and
undoes. Two may overlap, never on the same kind of target."""
import random
import signal
import threading
import time

from redis_world import Cluster, One, Sentinel, disk_left, fill_disk, free_disk

LONG = 3.0         # seconds, the longest single fault
LINK_MODES = ("refuse", "stall", "mute", "delay")


def any_replica(world, chance):
    return chance.choice(world.replicas)


def last(chance, longest=LONG):
    return 0.2 + chance.random() * (longest - 0.2)


# -- daemons --


def kill_daemon(world, chance, say):
    replica = any_replica(world, chance)
    say(replica.name)
    with world.lock:
        replica.kill()
    yield last(chance)
    replica.wanted = True


def kill_service(world, chance, say):
    """Both replicas of one service at once."""
    service = chance.choice(sorted({replica.service for replica in world.replicas}))
    say(service)
    with world.lock:
        for replica in world.of(service):
            replica.kill()
    yield last(chance, 1.5)
    for replica in world.of(service):
        replica.wanted = True


def pause_daemon(world, chance, say):
    replica = any_replica(world, chance)
    say(replica.name)
    process = replica.process
    process.send_signal(signal.SIGSTOP)
    yield last(chance, 4.0)
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)


def roll(world, chance, say):
    """A rolling upgrade of one service: each replica is asked to end, and comes back from the other build."""
    service = chance.choice(sorted({replica.service for replica in world.replicas}))
    say(service)
    for replica in world.of(service):
        with world.lock:
            if not replica.alive():
                continue
            replica.wanted, replica.ended = False, True
            replica.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        while replica.process.poll() is None and time.monotonic() - began < 10:
            yield 0.05
        if replica.process.poll() is None:
            world.recorder.write("note", what=f"{replica.name} did not end within 10 s of SIGTERM")
            replica.kill()
        elif replica.process.returncode != 0:
            world.crashes.append(f"{replica.name} ended with {replica.process.returncode} on SIGTERM: {replica.log_text()[-600:]}")
        world.other_build(replica)
        replica.wanted = True
        began = time.monotonic()
        while not replica.ready() and time.monotonic() - began < 4:
            yield 0.1
    yield 0.0


# -- links --


def disturb(world, chance, name, say):
    mode = chance.choice(LINK_MODES)
    delay = chance.choice((0.01, 0.05, 0.2)) if mode == "delay" else 0.0
    say(f"{name} {mode} {delay or ''}".strip())
    world.proxy.set(name, "open" if mode == "delay" else mode, delay)
    yield last(chance)
    if mode in ("stall", "mute") and chance.random() < 0.5:
        world.proxy.set(name, "refuse")  # what was held back is lost, as when a middle box forgets a connection
        yield 0.1
    world.proxy.set(name)


def store_link(world, chance, say):
    """One Redis: between one daemon and Redis. Else: before one node, for everybody."""
    yield from disturb(world, chance, chance.choice(sorted(world.links("store/") + world.links("node/"))), say)


def client_link(world, chance, say):
    yield from disturb(world, chance, chance.choice(sorted(world.links("commands/"))), say)


def event_link(world, chance, say):
    yield from disturb(world, chance, chance.choice(sorted(world.links("events/") + world.links("replay/"))), say)


# -- Redis --


def kill_redis(world, chance, say):
    node = world.topology.nodes[0]
    say(node.name)
    with world.lock:
        node.kill()
    yield last(chance, 2.0)
    node.wanted = True


def pause_redis(world, chance, say):
    node = chance.choice(world.topology.nodes)
    say(node.name)
    process = node.process
    process.send_signal(signal.SIGSTOP)
    yield last(chance, 2.5)
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)


def full_disk(world, chance, say):
    """Redis ends when it cannot write and is kept down, as by a supervisor that waits for space."""
    node = world.topology.nodes[0]
    real = getattr(node, "ram_disk", False)
    say(f"{node.name}, {'a full file system' if real else 'a limit of file size'}")
    if real:
        fill_disk(node)
    else:
        node.limit_files(1)
    with world.lock:
        node.wanted = False
    yield last(chance, 2.0)
    world.recorder.write("note", what=f"disk: {disk_left(node)} bytes left, Redis {'still runs' if node.alive() else 'has ended'}")
    free_disk(node)
    with world.lock:
        if node.alive():
            node.limit_files(None)
        node.wanted = True


def kill_master(world, chance, say):
    """The master comes back after a fail-over has begun, or before."""
    masters = world.topology.masters()
    if not masters:
        return
    node = chance.choice(masters)
    say(node.name)
    with world.lock:
        node.kill()
    yield chance.choice((0.5, 4.0))
    node.wanted = True


def kill_copy(world, chance, say):
    copies = [node for node in world.topology.nodes if node.alive() and node.info("role") == "slave"]
    if not copies:
        return
    node = chance.choice(copies)
    say(node.name)
    with world.lock:
        node.kill()
    yield last(chance, 2.0)
    node.wanted = True


def fail_over(world, chance, say):
    """An orderly one, as before maintenance."""
    if isinstance(world.topology, Sentinel):
        say(world.topology.fail_over())
    else:
        replicas = world.topology.replicas()
        if not replicas:
            return
        node = chance.choice(replicas)
        say(f"{node.name}: {world.topology.fail_over(node)}")
    yield 1.0


def move_slot(world, chance, say):
    """A partition's slot goes to another master while commands run, key by key with pauses."""
    topology = world.topology
    service, partition = chance.choice(("patent", "achievement", "finance", "statistics")), chance.randrange(8)
    masters = topology.masters()
    if len(masters) < 2:
        return
    slot = int(masters[0].ask("CLUSTER", "KEYSLOT", f"{{{service}.{partition}}}"))
    source = topology.owner(slot)
    others = [node for node in masters if node is not source]
    if source is None or not others:
        return
    target = chance.choice(others)
    say(f"{service}.{partition}, slot {slot}, {source.name} to {target.name}")
    for _ in topology.move(slot, source, target):
        yield chance.random() * 0.1


COMMON = {"kill daemon": (4, kill_daemon), "kill service": (2, kill_service), "pause daemon": (3, pause_daemon), "rolling restart": (2, roll),
          "store link": (4, store_link), "client link": (3, client_link), "event link": (2, event_link), "pause redis": (2, pause_redis)}
KINDS = {
    One.kind: {**COMMON, "kill redis": (3, kill_redis), "full disk": (2, full_disk)},
    Sentinel.kind: {**COMMON, "kill master": (4, kill_master), "kill copy": (1, kill_copy), "fail-over": (3, fail_over)},
    Cluster.kind: {**COMMON, "kill master": (4, kill_master), "kill copy": (1, kill_copy), "fail-over": (4, fail_over), "move slot": (4, move_slot)},
}
REDIS = {"kill redis", "full disk", "pause redis", "kill master", "kill copy", "fail-over", "move slot"}  # one of these at a time
DAEMON = {"kill daemon", "kill service", "pause daemon", "rolling restart"}                  # likewise


def plan(seed, kinds, seconds):
    """[(instant, kind, generator of random numbers)]: what is done and when, if nothing is in its way. Each fault draws from a generator of its own, so that
    how long others take does not change what it does."""
    chance = random.Random(f"{seed}/faults")
    names, weights = list(kinds), [weight for weight, _ in kinds.values()]
    made, at = [], 1.0
    while names and at < seconds:
        made.append((at, chance.choices(names, weights)[0], random.Random(chance.random())))
        at += 0.4 + chance.random() * 1.6
    return made


class Script(threading.Thread):
    """Does the planned faults in their order; one that is in another's way waits. Everything is undone when it has ended."""

    def __init__(self, world, seed, seconds, only=()):
        super().__init__(daemon=True)
        self.world, self.seconds = world, seconds
        self.kinds = {name: kind for name, kind in KINDS[world.topology.kind].items() if not only or name in only}
        self.plan = plan(seed, self.kinds, seconds)
        self.running = []  # [generator, instant of its next step, kind, what, begun]
        self.counts = {}
        self.error = None

    def run(self):
        try:
            began = time.monotonic()
            while self.plan or self.running:
                now = time.monotonic() - began
                if self.plan and now > self.plan[0][0] and len(self.running) < 2 and not self.blocked(self.plan[0][1]):
                    _, name, chance = self.plan.pop(0)
                    if now < self.seconds:
                        self.begin(name, chance)
                if now > self.seconds:
                    self.plan = []
                self.step()
                time.sleep(0.02)
        except Exception as error:  # told by the episode
            self.error = error

    def blocked(self, name):
        busy = {kind for _, _, kind, _, _ in self.running}
        return name in busy or any(name in group and busy & group for group in (REDIS, DAEMON))

    def begin(self, name, chance):
        what = []
        self.counts[name] = self.counts.get(name, 0) + 1
        self.running.append([self.kinds[name][1](self.world, chance, what.append), 0.0, name, what, time.monotonic()])

    def step(self):
        for entry in list(self.running):
            fault, due, name, what, begun = entry
            if time.monotonic() < due:
                continue
            try:
                entry[1] = time.monotonic() + next(fault)
            except StopIteration:
                self.running.remove(entry)
                self.world.recorder.write("fault", kind=name, what=" ".join(what), begun=begun)
