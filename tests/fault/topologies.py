#!/usr/bin/python3
"""The Redis topologies of tests/support/redis_world.py, by themselves: they come up, write, fail over and come back. Without daemons."""
import os
import sys
import tempfile
import time
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "chaos")]
import redis_world
import suite
from proxy import Proxy


def with_topology(kind, test, relayed):
    folder = tempfile.mkdtemp(prefix="tt-redis-")
    began = time.monotonic()
    proxy = Proxy(os.path.join(folder, "proxy.log"), suite.die_with_parent) if relayed else None
    topology = kind(folder)
    try:
        topology.start((lambda node: proxy.add(node.name, node.port)) if relayed else None)
        up = time.monotonic() - began
        test(topology, proxy)
        print(f"ok   {test.__name__} (up in {up:.1f} s, in all {time.monotonic() - began:.1f} s)", flush=True)
    finally:
        topology.stop()
        if proxy:
            proxy.stop()
        shutil.rmtree(folder, ignore_errors=True)


def until(condition, what):
    suite.wait_for(condition, what)


def write(node, key="k"):
    return node.ask("INCR", key, check=False).strip()


def test_one_full_disk(topology, _):
    """A file that may not grow stops Redis at its next write, and nothing acknowledged is lost."""
    node = topology.nodes[0]
    assert write(node) == "1"
    node.limit_files(1)
    write(node)
    until(lambda: not node.alive(), "Redis to end at a failed write")
    node.start()
    assert node.ask("GET", "k").strip() in ("1", "2")
    assert int(write(node)) > 1


def test_one_full_file_system(topology, _):
    node = topology.nodes[0]
    node.kill()
    shutil.rmtree(node.data)
    os.mkdir(node.data)
    if not redis_world.ram_disk_on(node, 8):
        print("     a file system cannot be mounted here: left out")
        return
    node.start()
    assert write(node) == "1"
    redis_world.fill_disk(node)
    for i in range(2000):  # what is written fills the last block of the file first
        if not node.alive() or node.ask("SET", f"key-{i}", "x" * 100, check=False).strip() != "OK":
            break
    until(lambda: not node.alive(), "Redis to end on a full disk")
    redis_world.free_disk(node)
    node.start()
    assert node.ask("GET", "k").strip() == "1"
    assert int(node.ask("DBSIZE").split()[-1]) >= i, "an acknowledged write is lost"


def told(topology):
    """The port that all Sentinels name; None while they differ."""
    ports = {int(s.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", topology.name).split()[1]) for s in topology.sentinels}
    return ports.pop() if len(ports) == 1 else None


def test_sentinel_fails_over(topology, proxy):
    master = topology.masters()[0]
    assert write(master) == "1" and master.ask("WAIT", 1, 2000).strip() == "1"
    master.kill()
    until(lambda: topology.masters() and topology.masters()[0] is not master, "the replica to become master")
    after = topology.masters()[0]
    assert write(after) == "2"
    master.wanted = True
    until(lambda: topology.supervise() is not None and topology.whole(), "the old master to come back as a replica")
    # A Sentinel that did not lead the fail-over hears of it from the others; one that is still busy with it starts no other.
    until(lambda: told(topology) == after.public, "every Sentinel to know the new master")
    until(lambda: topology.fail_over() == "OK", "an orderly fail-over to begin")
    until(lambda: topology.masters() == [master] and topology.whole(), "an orderly fail-over back")
    assert master.ask("GET", "k").strip() == "2"


def test_cluster_fails_over(topology, proxy):
    public = {n.public for n in topology.nodes}

    def told():  # a replica is told of when it has got something
        return {int(line) for line in topology.nodes[1].ask("CLUSTER", "SLOTS").split() if line.isdigit()} & public

    until(lambda: told() == public, "the cluster to tell the relays' ports")
    master = next(n for n in topology.masters() if write(n, "k") == "1")
    assert master.ask("WAIT", 1, 2000).strip() == "1"
    master.kill()
    until(lambda: any(write(n) == "2" for n in topology.masters() if n is not master), "the replica to become master")
    master.wanted = True
    until(lambda: topology.supervise() is not None and topology.whole(), "the old master to come back as a replica")
    assert topology.fail_over(master) == "OK"
    until(lambda: master.info("role") == "master" and topology.whole(), "an orderly fail-over back")
    assert master.ask("GET", "k").strip() == "2"


def test_cluster_survives_a_cut(topology, proxy):
    """A relay that refuses cuts replica and clients off, not the cluster's own links: no fail-over."""
    master = topology.masters()[0]
    proxy.set(master.name, "refuse")
    replica = next(n for n in topology.replicas() if n.info("master_port") == str(master.public))
    until(lambda: replica.info("master_link_status") == "down", "the replica to lose its master")
    proxy.set(master.name)
    until(topology.whole, "the cluster to be whole again")
    assert master.info("role") == "master"


def main():
    with_topology(redis_world.One, test_one_full_disk, False)
    with_topology(redis_world.One, test_one_full_file_system, False)
    with_topology(redis_world.Sentinel, test_sentinel_fails_over, True)
    with_topology(redis_world.Cluster, test_cluster_fails_over, True)
    with_topology(redis_world.Cluster, test_cluster_survives_a_cut, True)


if __name__ == "__main__":
    main()
