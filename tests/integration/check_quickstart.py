"""The quickstart from outside: it ends by itself with its summary, leaves nothing running, and says clearly what is wrong."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT, BUILD = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
SAMPLES = ROOT / "tests" / "data"


def environment():
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TT_")}
    return dict(kept, NO_COLOR="1")


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tt-quickstart-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.input = self.folder / "input"
        self.input.mkdir()
        for name in ("watches", "demands", "providers", "products", "achievements", "applications", "observations"):
            shutil.copy(SAMPLES / f"{name}.jsonl", self.input)
        shutil.copy(SAMPLES / "patents" / "patents.jsonl", self.input)
        shutil.copy(SAMPLES / "patents" / "us_grants.xml", self.input / "patents_us.xml")

    def command(self, *options):
        return [str(ROOT / "ops" / "quickstart"), "--programs", str(BUILD), "--dir", str(self.folder / "run"), *options]

    def run_it(self, *options):
        return subprocess.run(self.command(*options), capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=240,
                              env=environment(), check=False)

    def pids(self):
        texts = [p.read_text(encoding="utf-8") for p in (self.folder / "run" / "endpoints").glob("*.json")]
        return [int(re.search(r'"pid":(\d+)', t).group(1)) for t in texts]

    def test_once_ends_with_its_summary_beside_a_taken_port(self):
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", 26112))  # the replay of the second daemon
            other.listen()
            done = self.run_it("--once", "--input", str(self.input), "--ports", "26100")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("port 26112 is in use", done.stderr)
        self.assertIn("patent-alertd: commands tcp://127.0.0.1:26100,", done.stdout)
        self.assertNotIn("26110", done.stdout)
        in_all = re.search(r"^in all\s+([\d,]+)\s+([\d,]+)\s+[\d,]+\s+([\d,]+)", done.stdout, re.MULTILINE)
        read, accepted, rejected = (int(n.replace(",", "")) for n in in_all.groups())
        records = sum(1 for p in self.input.glob("*.jsonl") for line in p.read_text(encoding="utf-8").splitlines() if line.strip())
        records += (self.input / "patents_us.xml").read_text(encoding="utf-8").count("<us-patent-grant ")
        self.assertEqual((read, accepted, rejected), (records, records, 0))
        self.assertRegex(done.stdout, r"alerts_raised +[1-9]")
        self.assertRegex(done.stdout, r"pushes_made +[1-9]")
        self.assertRegex(done.stdout, r"capital_confirmed +[1-9][\d,]* yuan")
        self.assertRegex(done.stdout, r"found +\S+ +in \w+\[\d+\] bytes")
        self.assertEqual(len(re.findall(r"^ ?\d+  \w+ .*(?:REPORTED|ACCELERATE|ON_TRACK|ACHIEVED|LIMITED|DETERIORATING|NO_BASELINE)$",
                                        done.stdout, re.MULTILINE)), 11)
        self.assertEqual([p for p in self.pids() if is_alive(p)], [])

    def test_interrupt_stops_everything(self):
        with open(self.folder / "out", "w+", encoding="utf-8") as out:
            process = subprocess.Popen(self.command("--input", str(self.input), "--ports", "26200", "--rate", "0"), stdout=out,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment(), start_new_session=True)
            limit = time.monotonic() + 200
            while "Ctrl-C" not in pathlib.Path(out.name).read_text(encoding="utf-8"):
                self.assertIsNone(process.poll(), pathlib.Path(out.name).read_text(encoding="utf-8"))
                self.assertLess(time.monotonic(), limit)
                time.sleep(0.1)
            pids = self.pids()
            self.assertEqual(len(pids), 4)
            self.assertTrue(all(is_alive(p) for p in pids))
            ttctl = next(self.folder.rglob("ttctl"))
            shown = subprocess.run([ttctl, "top", "--once"], capture_output=True, text=True, timeout=100, cwd=ttctl.parent)
            self.assertIn("4 of 4 ready", shown.stdout, shown)
            os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(process.wait(60), 0)
            self.assertEqual([p for p in pids if is_alive(p)], [])

    def test_a_file_that_cannot_be_imported_stops_it(self):
        (self.input / "patents_us.xml").write_bytes(b"\x00\x01 this is no patent file")
        done = self.run_it("--once", "--input", str(self.input), "--ports", "26300", "--rate", "0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("importing patents from", done.stderr)
        self.assertEqual([p for p in self.pids() if is_alive(p)], [])

    def test_wrong_command_lines(self):
        (self.folder / "file").write_text("", encoding="utf-8")
        for options, said in ((("--dir", str(self.folder / "file" / "run"), "--once"), "cannot be made"), (("--input", "/nowhere"), "no directory"),
                              (("--input", str(self.folder)), "holds none of the files"), (("--what",), "no such option"),
                              (("--ports", "x"), "whole number"), (("--dir",), "value is missing")):
            with self.subTest(options=options):
                done = self.run_it(*options)
                self.assertEqual(done.returncode, 1)
                self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
