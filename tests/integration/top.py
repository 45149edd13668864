#!/usr/bin/python3
"""ttctl top against running daemons: figures as JSON and as a table, daemons that are gone or lie, and the terminal that it takes and gives back."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import suite

TTCTL = os.environ.get("TT_TTCTL", "ttctl")


def address(daemon):
    return f"127.0.0.1:{daemon.endpoints['http_port']}"


def top(*arguments, code=0, environment=None):
    """Its standard output."""
    done = subprocess.run([TTCTL, "top", *arguments], capture_output=True, timeout=120, text=True, env=dict(os.environ, **(environment or {})))
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout if code != 2 else done.stderr


class Load(threading.Thread):
    """Puts all the time, every fourth one wrong, until it is stopped."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_, self.over, self.sent = daemon, threading.Event(), 0
        self.start()

    def run(self):
        peer = commands.socket(self.daemon_.endpoints["commands"])
        while not self.over.is_set():
            method = commands.PUT if self.sent % 4 else "techtransfer.v1.Probe/None"
            commands.exchange(peer, [commands.header(method), commands.put_body(f"key-{self.sent % 50}")])
            self.sent += 1
        peer.close()

    def stop(self):
        self.over.set()
        self.join()


def test_figures_of_replicas_under_load(world):
    world.with_redis()
    first, second = world.daemon("first").start(), world.daemon("second").start()
    load = world.own(Load(first))
    suite.wait_for(lambda: load.sent > 20, "the load")
    report = json.loads(top("--once", "--json", "--daemon", "probe=" + address(first), "--daemon", "probe=" + address(second)))
    one, two = report["daemons"]
    total = report["total"]
    assert (one["name"], two["name"], total["ready"]) == ("probe", "probe/2", 2)
    assert one["state"] == two["state"] == "ready" and 0.5 < one["interval_s"] < 60
    assert one["ok_per_s"] > 0 and set(one["refused"]) == {"UNIMPLEMENTED"} and one["refused_per_s"] > 0, one
    assert one["commits_per_s"] > 0 and two["commits_per_s"] == two["ok_per_s"] == 0
    assert one["published_per_s"] > 0 and two["published_per_s"] > 0, "each replica publishes the whole stream"
    for key in ("batch_p50_s", "batch_p99_s", "queue_p99_s", "commit_p50_s", "publish_delay_p99_s"):
        assert 0 < one[key] < 60, (key, one[key])
    assert one["redis_up"] == 1 and one["memory_bytes"] > 1 << 20 and one["open_fds"] > 5 and one["uptime_s"] > 0 and one["cpu"] > 0
    assert abs(total["ok_per_s"] - one["ok_per_s"]) < 1e-6 and total["memory_bytes"] == one["memory_bytes"] + two["memory_bytes"]
    table = top("--once", "--daemon", "probe=" + address(first), "--daemon", "probe=" + address(second))
    assert "2 of 2 ready" in table and "\033" not in table and re.search(r"^probe/2 +ready", table, re.M) and "UNIMPLEMENTED" in table, table


def test_daemons_that_are_not_well(world):
    redis = world.with_redis()
    well, gone = world.daemon("well", arguments=["--redis.timeout", "300ms"]).start(), world.daemon("gone").start()
    gone_at = address(gone)
    gone.kill()
    redis.kill()
    suite.wait_for(lambda: well.http("/readyz")[0] == 503, "the daemon to be not ready")
    report = json.loads(top("--once", "--json", "--daemon", "well=" + address(well), "--daemon", "gone=" + gone_at))
    one, two = report["daemons"]
    assert one["state"] == "not ready" and "Redis" in one["reason"] and one["redis_up"] == 0 and one["memory_bytes"] > 0, one
    assert two["state"] == "no answer" and two["reason"] and two["memory_bytes"] is None, two
    assert report["total"]["ready"] == 0
    top("--once", "--daemon", "gone=" + gone_at, code=3)


class Liar:
    """Answers any request on a TCP port with the same bytes, which may have no end."""

    def __init__(self, answer, endless=b""):
        self.answer, self.endless = answer, endless
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer,), daemon=True).start()

    def talk(self, peer):
        with peer:
            try:
                peer.recv(4096)
                peer.sendall(self.answer)
                while self.endless:
                    peer.sendall(self.endless)
            except OSError:
                pass

    def stop(self):
        self.listener.close()


def test_liars_are_bounded_and_harmless(world):
    ok = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    nasty = b"commands_replied_total{code=\"\x1b]0;x\x07\xff\"} 5\nredis_up 1e400\nprocessor_lag NaN\nx{\n" + b"\x1b[2J" * 10
    liars = {"endless": Liar(ok, b"a 1\n" * 10000), "nasty": Liar(ok + nasty), "mute": Liar(b"", b""), "noise": Liar(os.urandom(5000)),
             "moved": Liar(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
             "hangs": Liar(b"HTTP/1.1 200 OK\r\n")}
    hangs = socket.create_server(("127.0.0.1", 0))
    arguments = [word for name, liar in liars.items() for word in ("--daemon", f"{name}={world.own(liar).address}")]
    arguments += ["--daemon", f"silent=127.0.0.1:{hangs.getsockname()[1]}"]
    began = time.monotonic()
    report = json.loads(top("--once", "--json", *arguments))
    assert time.monotonic() - began < suite.PATIENCE
    states = {one["name"]: (one["state"], one["reason"]) for one in report["daemons"]}
    assert "too large" in states["endless"][1] and states["nasty"][0] == "ready" and states["moved"][0] != "ready", states
    assert all(states[name][0] == "no answer" for name in ("mute", "noise", "silent")), states
    table = top("--once", *arguments)
    assert all(character not in table for character in "\033\a\r"), table
    hangs.close()


def test_every_metric_is_described(world):
    world.with_redis()
    daemon = world.daemon().start()
    with open(os.path.join(suite.ROOT, "ops", "README.md"), encoding="utf-8") as file:
        described = set(re.findall(r"`([a-z_]+)(?:\{[a-z]+\})?`", file.read()))
    names = set(re.findall(r"^# TYPE (\S+)", daemon.http("/metrics")[1], re.M))
    assert len(names) > 40 and names <= described, f"ops/README.md says nothing of {sorted(names - described)}"


def test_wrong_command_lines(world):
    for words in (["--daemon", "x"], ["--daemon", "x=y"], ["--daemon", "=h:1"], ["--daemon", "a/b=h:1"], ["--interval", "0"], ["--interval", "3601"],
                  ["--daemon", "x=http://h:1"], []):
        text = top(*words, code=2)
        assert text.startswith("ttctl: "), (words, text)
    assert "--once" in top(code=2), "no terminal: it says what there is instead"


def test_addresses_from_the_environment(world):
    world.with_redis()
    daemon = world.daemon().start()
    report = json.loads(top("--once", "--json", environment={"TT_PATENT_HTTP": f"{address(daemon)},{address(daemon)}", "TT_FINANCE_HTTP": address(daemon)}))
    assert [one["name"] for one in report["daemons"]] == ["patent", "patent/2", "achievement", "finance", "statistics"]
    assert report["daemons"][3]["address"] == address(daemon) and report["daemons"][3]["state"] == "ready"
    assert report["daemons"][4]["address"] == "127.0.0.1:5743"


class Terminal:
    """ttctl top on a pseudo terminal, and what stands on its screen."""

    def __init__(self, *arguments, rows=30, columns=120):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave, self.seen = slave, b""
        self.resize(rows, columns)
        self.process = subprocess.Popen([TTCTL, "top", *arguments], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 65536)

    def frames(self):
        """Each whole drawing as lines of plain text: they begin at the home position."""
        self.read()
        frames = self.seen.decode("utf-8", "replace").replace("\r\r\n", "\r\n").split("\033[H\033[K")[1:]  # the line discipline adds a \r
        return [[re.sub(r"\033\[[0-9;?]*[A-Za-z]", "", line) for line in frame.split("\r\n")] for frame in frames]

    def wait_for_frame(self, condition, what):
        def found():
            frames = self.frames()
            return frames[-1] if frames and condition(frames[-1]) else None
        return suite.wait_for(found, what)

    def end(self, expected):
        self.process.wait(timeout=suite.PATIENCE)
        self.read()
        assert self.process.returncode == expected, (self.process.returncode, self.seen[-400:])
        assert self.seen.count(b"\033[?1049h") == self.seen.count(b"\033[?1049l") >= 1
        assert self.seen.rstrip().endswith(b"\033[?1049l"), self.seen[-100:]
        assert self.seen.count(b"\033[?25l") == self.seen.count(b"\033[?25h") and self.seen.count(b"\033[?7l") == self.seen.count(b"\033[?7h")
        assert termios.tcgetattr(self.slave) == self.before, "the terminal is as it was"

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=30)
        os.close(self.master)
        os.close(self.slave)


def test_terminal_draws_resizes_and_is_given_back(world):
    world.with_redis()
    daemon = world.daemon().start()
    load = world.own(Load(daemon))
    terminal = world.own(Terminal("--daemon", "probe=" + address(daemon)))
    frame = terminal.wait_for_frame(lambda lines: any(re.search(r"^probe +ready +[1-9]", line) for line in lines), "a rate on the screen")
    assert "1 of 1 ready" in frame[0] and any(line.startswith("PROCESS") for line in frame) and any("UNIMPLEMENTED" in line for line in frame), frame
    assert termios.tcgetattr(terminal.slave)[3] & (termios.ICANON | termios.ECHO) == 0
    for rows, columns in ((24, 80), (8, 40), (3, 20), (60, 200)):
        terminal.resize(rows, columns)
        known = len(terminal.frames())
        frame = terminal.wait_for_frame(lambda lines: len(terminal.frames()) > known + 1 and len(lines) == rows, f"a screen of {rows} lines")
        assert max(map(len, frame)) <= columns, (columns, frame)
    assert any("reconnects/s" in line for line in frame)
    os.write(terminal.master, b"x")
    assert terminal.process.poll() is None
    load.stop()
    daemon.kill()
    terminal.wait_for_frame(lambda lines: "0 of 1 ready" in lines[0] and any("no answer" in line for line in lines), "the daemon's death on the screen")
    os.write(terminal.master, b"q")
    terminal.end(0)


def test_terminal_is_given_back_after_signals(world):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        terminal = world.own(Terminal("--daemon", "none=127.0.0.1:1"))
        terminal.wait_for_frame(lambda lines: "0 of 1 ready" in lines[0], "the first screen")
        terminal.process.send_signal(number)
        terminal.end(-number)
    terminal = world.own(Terminal("--daemon", "none=127.0.0.1:1"))
    terminal.wait_for_frame(lambda lines: "0 of 1 ready" in lines[0], "the first screen")
    os.write(terminal.master, b"\x03")
    terminal.end(-signal.SIGINT)


def test_stop_and_continue(world):
    """^Z gives the terminal back; fg takes it again and draws."""
    terminal = world.own(Terminal("--daemon", "none=127.0.0.1:1"))
    terminal.wait_for_frame(lambda lines: "0 of 1 ready" in lines[0], "the first screen")
    terminal.process.send_signal(signal.SIGTSTP)
    suite.wait_for(lambda: os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT), "it to stop")
    terminal.read()
    assert terminal.seen.endswith(b"\033[?1049l") and termios.tcgetattr(terminal.slave) == terminal.before
    known = len(terminal.frames())
    terminal.process.send_signal(signal.SIGCONT)
    terminal.wait_for_frame(lambda lines: len(terminal.frames()) > known, "the screen again")
    os.write(terminal.master, b"q")
    terminal.end(0)


def prepare():
    global commands
    import commands
    return [test for name, test in globals().items() if name.startswith("test_")]


if __name__ == "__main__":
    suite.main(prepare)
