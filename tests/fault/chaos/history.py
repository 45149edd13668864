"""The history of an episode: one JSON object a line, written while it runs, read by the checker. Nothing else goes from one to the other.

  invoke    t op client service method request           a command is asked
  done      t op outcome code reply tries doubt replayed its outcome: ok, fail (refused) or unknown; doubt: tries of which nothing is known
  again     t op code reply replayed                     an acknowledged command sent once more under the same id
  received  t subscriber stream partition sequence id    an event as a durable subscriber got it
  trouble   t subscriber what                            a subscriber was told of lost history, or failed
  fault     t kind what until                            a fault; until: when it was undone
  event     stream partition sequence id previous topic type trace body      as replayed at the end
  heads     stream replica heads                         {partition: [head, id]} of one replica at the end
  query     name args reply                              an answer at the end
  note      whatever else belongs to the record"""
import json
import threading
import time


class Recorder:
    def __init__(self, path):
        self.file = open(path, "w", encoding="utf-8")
        self.lock = threading.Lock()
        self.operations = 0

    def write(self, kind, /, **fields):
        line = json.dumps({"e": kind, "t": round(time.monotonic(), 6), **fields}, ensure_ascii=False, separators=(",", ":"))
        with self.lock:
            if not self.file.closed:
                self.file.write(line + "\n")

    def number(self):
        with self.lock:
            self.operations += 1
            return self.operations

    def close(self):
        with self.lock:
            self.file.close()


def plain(message):
    """A protobuf message as Python values, fields with their defaults; bytes as text."""
    return {field.name: value_of(field, getattr(message, field.name)) for field in message.DESCRIPTOR.fields}


def value_of(field, value):
    if field.label == field.LABEL_REPEATED:
        return [scalar(field, one) for one in value]
    return scalar(field, value)


def scalar(field, value):
    if field.type == field.TYPE_MESSAGE:
        return plain(value)
    if field.type == field.TYPE_BYTES:
        return value.decode("utf-8", "replace")
    return value


class Operation:
    """A command from asking to outcome. ok, fail, unknown; unknown also when the history ends before it."""

    def __init__(self, line):
        self.id, self.client, self.service, self.method = line["op"], line["client"], line["service"], line["method"]
        self.request, self.invoked = line["request"], line["t"]
        self.outcome, self.returned, self.code, self.reply, self.doubt, self.tries = "unknown", float("inf"), None, None, 1, 1
        self.replayed = False
        self.again = []

    def end(self, line):
        self.outcome, self.code, self.reply = line["outcome"], line["code"], line["reply"]
        self.doubt, self.tries, self.replayed = line["doubt"], line["tries"], line["replayed"]
        if self.outcome != "unknown":
            self.returned = line["t"]

    def __repr__(self):
        return f"op {self.id} {self.method.rsplit('.', 1)[-1]} {self.outcome}"


class History:
    """A history read back, sorted into what the checks ask for."""

    def __init__(self, lines):
        self.operations, self.events, self.heads, self.queries = {}, {}, {}, {}
        self.received, self.troubles, self.faults, self.notes = {}, [], [], []
        for line in lines:
            getattr(self, "_" + line["e"])(line)
        for journal in self.events.values():
            journal.sort(key=lambda event: event["sequence"])

    def _invoke(self, line):
        self.operations[line["op"]] = Operation(line)

    def _done(self, line):
        self.operations[line["op"]].end(line)

    def _again(self, line):
        self.operations[line["op"]].again.append(line)

    def _event(self, line):
        self.events.setdefault((line["stream"], line["partition"]), []).append(line)

    def _heads(self, line):
        self.heads[line["stream"], line["replica"]] = {int(p): head for p, head in line["heads"].items()}

    def _query(self, line):
        self.queries[line["name"], line["args"]] = line["reply"]

    def _received(self, line):
        self.received.setdefault(line["subscriber"], []).append(line)

    def _trouble(self, line):
        self.troubles.append(line)

    def _fault(self, line):
        self.faults.append(line)

    def _note(self, line):
        self.notes.append(line)

    def of(self, *methods):
        return [o for o in self.operations.values() if o.method.rsplit("/", 1)[1] in methods]

    def bodies(self, stream, *types):
        """Events of these types (their last part), partition by partition, in order."""
        for (name, _), journal in sorted(self.events.items()):
            if name == stream:
                yield from (event for event in journal if event["type"].rsplit(".", 1)[1] in types)

    def asked(self, name):
        return {args: reply for (other, args), reply in self.queries.items() if other == name}


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.endswith("\n")]
