"""A campaign of episodes, several at once; see ops/chaos --help."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "support")]
import report
import suite


def arguments():
    parser = argparse.ArgumentParser(prog="ops/chaos", description="Runs the suite under faults and checks from outside that nothing is lost or doubled.",
                                     epilog="What each fault does, what is checked and how to read a failure: tests/fault/README.md")
    add = parser.add_argument
    add("--topology", choices=("one", "sentinel", "cluster"), default="one", help="one Redis, a master with a replica and Sentinels, or a cluster of 3+3")
    add("--episodes", type=int, default=1, help="how many (default 1)")
    add("--seed", type=int, default=1, help="of the first episode; the others count on (default 1)")
    add("--seconds", type=float, default=15, help="of work in one episode, 6 to 120 (default 15)")
    add("--jobs", type=int, default=min(4, os.cpu_count() or 1), help="episodes at once")
    add("--rate", type=float, default=8, help="commands a second of each of the 13 clients (default 8)")
    add("--replicas-confirm", type=int, default=0, metavar="N", help="redis.replicas of the daemons: copies that confirm before a reply")
    add("--build", default=os.path.join(suite.ROOT, "build", "release"), help="build directory of the daemons (default build/release)")
    add("--build2", help="another build, for the rolling restarts")
    add("--faults", type=lambda text: text.split(","), default=[], metavar="KIND,...", help="only these kinds (default all); 'none' for none")
    add("--no-ram-disk", action="store_true", help="limit Redis's files instead of mounting a small file system (which needs root)")
    add("--keep", default=os.path.join(suite.ROOT, "run", "chaos"), help="where the folders of failed episodes are kept (default run/chaos)")
    add("--keep-all", action="store_true", help="keep the others too")
    add("--lies", action="store_true", help="try the checker on a history of a good episode: lies that it must find")
    add("--json", metavar="FILE", help="write all results there")
    options = parser.parse_args()
    if not 6 <= options.seconds <= 120 or options.episodes < 1 or options.jobs < 1 or not 0.1 <= options.rate <= 100:
        parser.error("out of range: --seconds 6..120, --episodes 1.., --jobs 1.., --rate 0.1..100")
    options.build, options.build2 = os.path.abspath(options.build), options.build2 and os.path.abspath(options.build2)
    if not os.path.exists(os.path.join(options.build, "services", "statistics", "statisticsd")):
        parser.error(f"no daemons in {options.build}: build first, or say --build")
    return options


def repeat(options, seed):
    """The command that does this episode again."""
    words = ["ops/chaos", f"--topology {options.topology}", f"--seed {seed}", f"--seconds {options.seconds:g}", f"--rate {options.rate:g}"]
    words += [f"--replicas-confirm {options.replicas_confirm}"] * bool(options.replicas_confirm)
    words += [f"--faults '{','.join(options.faults)}'"] * bool(options.faults) + ["--no-ram-disk"] * options.no_ram_disk
    return " ".join(words + [f"--build {os.path.relpath(options.build, suite.ROOT)}"] + [f"--build2 {options.build2}"] * bool(options.build2))


def own_mounts(options):
    """What an episode mounts goes with its processes, however they end."""
    own = ["unshare", "--mount"]
    allowed = not options.no_ram_disk and subprocess.run([*own, "true"], capture_output=True).returncode == 0
    options.no_ram_disk = options.no_ram_disk or not allowed
    return own if allowed else []


class Running:
    def __init__(self, options, folder, protos, seed):
        self.seed, self.folder = seed, os.path.join(folder, str(seed))
        os.mkdir(self.folder)
        mounts = own_mounts(options)
        given = dict(vars(options), seed=seed, protos=protos)
        self.process = subprocess.Popen([*mounts, sys.executable, "-B", os.path.join(HERE, "episode.py"), self.folder, json.dumps(given)],
                                        stdin=subprocess.DEVNULL, stdout=open(os.path.join(self.folder, "episode.log"), "wb"),
                                        stderr=subprocess.STDOUT, preexec_fn=suite.die_with_parent)
        self.until = time.monotonic() + options.seconds + 20 * suite.PATIENCE

    def over(self):
        if self.process.poll() is None and time.monotonic() > self.until:
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None

    def result(self):
        path = os.path.join(self.folder, "result.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        with open(os.path.join(self.folder, "episode.log"), encoding="utf-8", errors="replace") as file:
            return {"seed": self.seed, "faults": {}, "seconds": 0, "violations": [["harness", "the episode left no result: " + file.read()[-3000:]]]}


def keep(options, running):
    kept = os.path.join(options.keep, f"{options.topology}-{running.seed}")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(running.folder, kept, ignore=lambda folder, names: [n for n in names if n == "s" or n == "filler"])
    return kept


def tell(options, running, result):
    print(report.line(result), flush=True)
    if result["violations"] or options.keep_all:
        print(f"     kept in {keep(options, running)}")
    if result["violations"]:
        for kind, what in result["violations"][:12]:
            print(f"     {kind}: {what[:1500]}")
        print(f"     again: {repeat(options, running.seed)}", flush=True)


def lie(running, result):
    done = subprocess.run([sys.executable, "-B", os.path.join(HERE, "lies.py"), os.path.join(running.folder, "history.jsonl")], capture_output=True, text=True)
    print("     " + "\n     ".join([line for line in done.stdout.splitlines() if not line.startswith("ok")] + done.stderr.splitlines()[-5:]), flush=True)
    if done.returncode:
        result["violations"].append(["harness", "the checker did not find all lies"])


def campaign(options, folder, protos):
    waiting = list(range(options.seed, options.seed + options.episodes))
    running, results = [], []
    while waiting or running:
        while waiting and len(running) < options.jobs:
            running.append(Running(options, folder, protos, waiting.pop(0)))
        time.sleep(0.1)
        for one in [r for r in running if r.over()]:
            running.remove(one)
            results.append(one.result())
            tell(options, one, results[-1])
            if options.lies and not results[-1]["violations"]:
                options.lies = False
                lie(one, results[-1])
            shutil.rmtree(one.folder, ignore_errors=True)
    return results


def main():
    options = arguments()
    folder = tempfile.mkdtemp(prefix="tt-chaos-")
    try:
        protos = os.path.join(folder, "protos")
        os.mkdir(protos)
        suite.compile_protos(protos)
        results = campaign(options, folder, protos)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(report.table(results))
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, ensure_ascii=False, indent=1)
    sys.exit(1 if any(r["violations"] for r in results) else 0)


if __name__ == "__main__":
    main()
