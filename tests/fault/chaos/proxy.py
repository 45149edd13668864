"""A userland TCP proxy with faults: a process of its own that relays links, and the object by which a test steers it.

A link has a listening port, a target and a mode:
  open     everything passes, after `delay` seconds
  refuse   all connections are closed, new ones are closed at once
  stall    nothing passes in either direction, connections stay
  mute     what the server sends does not pass: requests arrive, replies do not
Not for: knowing what passes."""
import asyncio
import json
import os
import subprocess
import sys
import threading

HOST = "127.0.0.1"
CHUNK = 65536


class Link:
    def __init__(self, port):
        self.target = port
        self.mode, self.delay = "open", 0.0
        self.changed = asyncio.Event()
        self.writers = set()
        self.port = 0

    async def serve(self):
        server = await asyncio.start_server(self.accept, HOST, 0, limit=CHUNK)
        self.port = server.sockets[0].getsockname()[1]
        self.server = server

    def set(self, mode, delay):
        self.mode, self.delay = mode, delay
        if mode == "refuse":
            for writer in list(self.writers):
                writer.transport.abort()
        self.changed.set()
        self.changed = asyncio.Event()

    def passes(self, to_client):
        return self.mode == "open" or (self.mode == "mute" and not to_client)

    async def accept(self, reader, writer):
        if self.mode == "refuse":
            writer.transport.abort()
            return
        self.writers.add(writer)
        back = None
        try:
            back_reader, back = await asyncio.open_connection(HOST, self.target, limit=CHUNK)
            self.writers.add(back)
            await asyncio.gather(self.pump(reader, back, False), self.pump(back_reader, writer, True))
        except OSError:
            pass
        finally:
            for one in (writer, back):
                if one is not None:
                    self.writers.discard(one)
                    one.transport.abort()

    async def pump(self, reader, writer, to_client):
        try:
            while data := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                while not self.passes(to_client):
                    if self.mode == "refuse":
                        return
                    await self.changed.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


async def control(links, line):
    order = json.loads(line)
    if order["do"] == "add":
        link = links[order["name"]] = Link(order["target"])
        await link.serve()
        return {"port": link.port}
    links[order["name"]].set(order["mode"], order["delay"])
    return {}


async def serve():
    links = {}
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(await control(links, line)), flush=True)


class Proxy:
    """Starts the process; add () and set () may be called from any thread."""

    def __init__(self, log, guard):
        """guard: what a child does before it becomes the program (dies with its parent)."""
        with open(log, "ab") as errors:
            self.process = subprocess.Popen([sys.executable, "-B", os.path.abspath(__file__)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=errors, preexec_fn=guard)
        self.lock = threading.Lock()
        self.links = {}

    def _order(self, **order):
        with self.lock:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

    def add(self, name, target):
        """The port on which the link listens."""
        self.links[name] = self._order(do="add", name=name, target=target)["port"]
        return self.links[name]

    def set(self, name, mode="open", delay=0.0):
        self._order(do="set", name=name, mode=mode, delay=delay)

    def stop(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


if __name__ == "__main__":
    asyncio.run(serve())
