"""A reliable subscriber in another language, written from proto/PROTOCOL.md (sections 3 and 4.3) alone.

next_event () hands over each matching event once, in order inside its partition, from the checkpoint on."""
import collections
import os
import struct
import time

import zmq

import envelope_pb2 as pb

OUT_OF_RANGE, DATA_LOSS = pb.OUT_OF_RANGE, pb.DATA_LOSS
LATER = (pb.UNAVAILABLE, pb.RESOURCE_EXHAUSTED, pb.ABORTED, pb.DEADLINE_EXCEEDED)  # section 2: the same may be asked again


class Refused(Exception):
    """What was asked will be refused as often as it is asked."""


class Loss(Exception):
    """Sequences `first` to `last` of a partition will not come (again); the next event is one from `resume` on."""

    def __init__(self, partition, first, last, resume, why):
        super().__init__(f"partition {partition}: {first} to {last}, going on at {resume}: {why}")
        self.partition, self.first, self.last, self.resume = partition, first, last, resume


class DataLoss(Loss):
    """They were handed over, and are not in the journal any more. What took their place follows."""


class OutOfRange(Loss):
    """They were trimmed before they could be read."""


def common(held, seen, epochs, head):
    """4.2: up to where what was seen is what the journal has. held, epochs: [(epoch, first sequence)], oldest first."""
    held = [line for line in held if line[1] <= seen]
    if not held:
        return min(seen, head)
    last = seen
    for epoch, first in reversed(held):
        for i, (name, _) in enumerate(epochs):
            if name == epoch:
                return min([last, head] + [following - 1 for _, following in epochs[i + 1:]])
        last = first - 1
    return 0


class Place:
    """A partition: the checkpoint, and what filtered mode must know."""

    def __init__(self, following=1, last_id="", epoch=""):
        self.next, self.last_id = following, last_id
        self.epochs = [(epoch, 1)] if epoch else []  # of what was seen, and what the journal has told of those above
        self.held = []          # live events that wait for a replay
        self.above = set()      # filtered: sequences handed over at or above next
        self.filters = {}       # filter -> {confirmed, highest, arrived, counted, instance}

    def epoch_at(self, sequence):
        return next((epoch for epoch, first in reversed(self.epochs) if first <= sequence), "") if sequence else ""

    def agrees(self, sequence, epoch):
        held = self.epoch_at(sequence)
        return not held or not epoch or held == epoch

    def begin(self, sequence, epoch):
        self.epochs = [line for line in self.epochs if line[1] < sequence] + [(epoch, sequence)]

    @property
    def seen(self):
        return max([self.next - 1, *self.above])


class Subscriber:
    def __init__(self, stream, endpoints, filters=("",), checkpoint=None, high_water_mark=100000, silence=3.0):
        """endpoints: [(events, replay), ...]. checkpoint: what checkpoint () gave, or None: from the beginning."""
        self.stream, self.endpoints, self.filters = stream, list(endpoints), [f.encode() for f in filters]
        self.dense = b"" in self.filters or f"{stream}/".encode() in self.filters
        self.general = f"heartbeat/{stream}/".encode()
        self.context = zmq.Context.instance()
        self.high_water_mark, self.silence = high_water_mark, silence
        self.places = {p: Place(*at) for p, at in (checkpoint or {}).items()}
        self.ready = collections.deque()
        self.events = self.replay = None
        self.turn = -1
        self.counts = collections.Counter()
        self.drop = None        # for tests: a function that says whether a live event is lost on its way
        self._connect()

    # -- connection ---------------------------------------------------------------------------------------------------------------

    def _connect(self):
        self.close()
        self.turn += 1
        events, self.replay_endpoint = self.endpoints[self.turn % len(self.endpoints)]
        self.events = self.context.socket(zmq.SUB)
        self.events.linger = 0
        self.events.rcvhwm = self.high_water_mark
        for prefix in {self.general, *self.filters}:
            self.events.subscribe(prefix)
        self.events.connect(events)
        self.counts["connections"] += 1
        self.welcomed = False
        self._begin_again()

    def _begin_again(self):
        """Step 2: hold back until each filter's first heartbeat on this connection."""
        self.waiting = set(self.filters)
        self.goals = {}
        self.instance = self.number = None
        self.heard = time.monotonic()
        for place in self.places.values():
            place.held = []
            place.filters = {}

    def close(self):
        for socket in (self.events, self.replay):
            if socket is not None:
                socket.close()
        self.events = self.replay = None

    # -- replay -------------------------------------------------------------------------------------------------------------------

    def _request_id(self):
        random = bytearray(os.urandom(10))
        random[0] = 0x70 | random[0] & 0x0F
        random[2] = 0x80 | random[2] & 0x3F
        return struct.pack(">Q", int(time.time() * 1000))[2:] + bytes(random)

    def _ask(self, method, request):
        """Header and body of the reply; None: nobody answers."""
        if self.replay is None:
            self.replay = self.context.socket(zmq.DEALER)
            self.replay.linger = 0
            self.replay.connect(self.replay_endpoint)
        head = pb.RequestHeader(request_id=self._request_id(), method="techtransfer.v1.Journal/" + method)
        self.replay.send_multipart([head.SerializeToString(), request.SerializeToString()])
        until = time.monotonic() + self.silence
        while time.monotonic() < until:
            if self.replay.poll(100):
                reply_head, body = self.replay.recv_multipart()
                reply = pb.ReplyHeader.FromString(reply_head)
                if reply.request_id == head.request_id:
                    return reply, body
        self.replay.close()
        self.replay = None
        return None

    def _lose(self, kind, number, first, last, resume, why):
        """Told in its turn: behind what was handed over before, before anything that comes now."""
        place = self.places[number]
        self.ready.append(kind(number, first, last, resume, why))
        if kind is DataLoss:
            place.above = {s for s in place.above if s < first}
        for f in place.filters.values():
            f["confirmed"] = f["highest"] = resume - 1
        place.next, place.last_id = resume, ""

    def _judge_history(self, number, head, vouched):
        """Is what was handed over in the journal? What it says of its epochs is known from now on."""
        place = self.places[number]
        epochs = [(e.epoch, e.first_sequence) for e in head.epochs]
        seen = place.seen
        kept = max(common(place.epochs, seen, epochs, head.head), min(vouched, seen))
        place.epochs = epochs
        if kept < seen:
            self._lose(DataLoss, number, kept + 1, seen, min(place.next, kept + 1), "they are not in the journal any more")
        return kept == seen

    def _refused(self, number, code):
        """The journal cannot go on from where this stands: its heads say why. False: nobody answers."""
        answer = self._ask("GetHeads", pb.GetHeadsRequest())
        if answer is None or answer[0].code != pb.OK:
            return False
        place = self.places[number]
        head = next(h for h in pb.GetHeadsReply.FromString(answer[1]).partitions if h.partition == number)
        earliest = head.earliest or head.head + 1
        if not self._judge_history(number, head, 0):
            return True
        if place.next < earliest:
            self._lose(OutOfRange, number, place.next, earliest - 1, earliest, f"the first kept is {earliest}")
        elif code == DATA_LOSS:
            self._lose(DataLoss, number, place.next - 1, place.next - 1, place.next - 1, "another event is there, and perhaps before it")
        return True

    def _page(self, number, place):
        """One page handed over; where the journal's head is. None: not now."""
        request = pb.ReplayRequest(partition=number, from_sequence=place.next, limit=1000, after_id=place.last_id,
                                   epoch=place.epoch_at(place.next - 1), filters=[f.decode() for f in self.filters])
        answer = self._ask("Replay", request)
        if answer is None or answer[0].code in LATER:
            return None
        reply, body = answer
        if reply.code in (OUT_OF_RANGE, DATA_LOSS):
            return place.next if self._refused(number, reply.code) else None
        if reply.code != pb.OK:
            raise Refused(f"{pb.Code.Name(reply.code)}: {reply.message}")
        page = pb.ReplayReply.FromString(body)
        if not self._judge_history(number, page.head, place.next - 1):
            return place.next
        last, moved = None, page.next_sequence != place.next
        for raw in page.events:
            last = pb.EventHeader.FromString(raw.header)
            if last.sequence >= place.next and last.sequence not in place.above:
                self._hand_over(raw.topic, last, raw.body)
                self.counts["replayed"] += 1
        place.next = page.next_sequence
        place.above = {s for s in place.above if s >= place.next}
        if last is not None and last.sequence == place.next - 1:
            place.last_id = last.id
        elif place.next == page.head.head + 1:
            place.last_id = page.head.head_id or ("" if moved else place.last_id)  # empty: the journal grew meanwhile
        else:
            place.last_id = ""
        return page.head.head

    def _replay_to(self, number, goal, at_least_once=False):
        """Step 3. False: nobody answers; the connection is given up."""
        place = self.places[number]
        while place.next <= goal or at_least_once:
            at_least_once = False
            head = self._page(number, place)
            if head is None:
                self._connect()
                return False
            if place.next > head:
                break  # a publisher had more than the journal has by now
        for f in place.filters.values():
            f["confirmed"] = max(f["confirmed"], place.next - 1)
        return True

    # -- live ---------------------------------------------------------------------------------------------------------------------

    def _hand_over(self, topic, head, body):
        self.ready.append((topic, head, body))
        self.counts["delivered"] += 1

    def _filters_of(self, topic):
        return [f for f in self.filters if topic.encode().startswith(f)]

    def _offer(self, topic, head, body):
        """Step 5. False: the journal must be asked: something before it is missing, or it is of another history."""
        place = self.places[head.partition]
        follows = head.sequence == place.next
        chained = follows and place.last_id and head.previous_id == place.last_id
        if not chained and not place.agrees(head.sequence, head.epoch):
            return False
        if head.sequence < place.next or head.sequence in place.above:
            self.counts["duplicates"] += 1
            return True
        if follows and place.last_id and head.previous_id and head.previous_id != place.last_id:
            return False
        if self.dense and not follows:
            return False
        if head.epoch and place.epoch_at(head.sequence) != head.epoch:
            place.begin(head.sequence if place.epochs else 1, head.epoch)
        if self.dense:
            place.next, place.last_id = head.sequence + 1, head.id
        else:
            place.above.add(head.sequence)
            for f in self._filters_of(topic):
                state = place.filters.get(f)
                if state:
                    state["highest"] = max(state["highest"], head.sequence)
        self._hand_over(topic, head, body)
        return True

    def _offer_or_replay(self, topic, head, body):
        """Once more behind the replay, unless that brought it or another event under its sequence. False: the connection was given up."""
        if self._offer(topic, head, body):
            return True
        self.counts["gaps"] += 1
        if not self._replay_to(head.partition, head.sequence - 1, at_least_once=True):
            return False
        self._offer(topic, head, body)
        return True

    def _live(self, topic, head, body):
        if self.drop and self.drop(head):
            self.counts["dropped on purpose"] += 1
            return
        place = self.places.setdefault(head.partition, Place())
        for f in self._filters_of(topic):
            if f in place.filters:
                place.filters[f]["arrived"] += 1
        if self.waiting:
            place.held.append((topic, head, body))
        else:
            self._offer_or_replay(topic, head, body)

    # -- heartbeats ---------------------------------------------------------------------------------------------------------------

    def _heartbeat(self, topic, beat):
        self.heard = time.monotonic()
        if topic != self.general and topic not in self.filters:
            return
        if self.instance not in (None, beat.instance):
            self._begin_again()
        self.instance = beat.instance
        for head in beat.partitions:
            self.places.setdefault(head.partition, Place())
        if topic == self.general:
            if self.number is not None and beat.number != self.number + 1:
                self._begin_again()
                self.instance = beat.instance
            self.number = beat.number
        if self.waiting:
            self._first_heartbeat(topic, beat)
            return
        for head in beat.partitions:
            if not self._judge(topic, beat, head):
                return

    def _remember_filter(self, topic, beat, head):
        place = self.places[head.partition]
        place.filters[topic] = {"confirmed": place.next - 1, "highest": 0, "arrived": 0, "counted": head.match_count}

    def _first_heartbeat(self, topic, beat):
        if topic not in self.waiting:
            return
        self.waiting.discard(topic)
        for head in beat.partitions:
            self._remember_filter(topic, beat, head)
            self.goals[head.partition] = max(self.goals.get(head.partition, 0), head.head)
        if self.waiting:
            return
        for number, goal in sorted(self.goals.items()):
            if not self._replay_to(number, goal, at_least_once=True):
                return
        self._release()

    def _release(self):
        """Step 4."""
        for number, place in self.places.items():
            held, place.held = place.held, []
            for topic, head, body in held:
                if not self._offer_or_replay(topic, head, body):
                    return

    def _judge(self, topic, beat, head):
        """Step 6. False: the connection was given up."""
        place = self.places[head.partition]
        other = head.head + 1 == place.next and place.last_id and head.head_id and head.head_id != place.last_id
        missing = self.dense and head.head >= place.next
        behind = head.head < place.next - 1  # the publisher is, or the journal has lost something
        if other or missing or behind or not place.agrees(head.head, head.epoch):
            self.counts["gaps"] += 1
            return self._replay_to(head.partition, head.head, at_least_once=True)
        if self.dense:
            return True
        return topic not in self.filters or self._judge_filter(topic, head, place)

    def _judge_filter(self, topic, head, place):
        state = place.filters[topic]
        told = head.match_count != 0 or head.last_match == 0
        lost = told and head.match_count - state["counted"] != state["arrived"]
        state["counted"], state["arrived"] = head.match_count, 0
        if lost or head.last_match > max(state["highest"], state["confirmed"]):
            self.counts["gaps"] += 1
            if not self._replay_to(head.partition, head.head, at_least_once=True):
                return False
        state["confirmed"] = max(state["confirmed"], head.head)
        least = min(f["confirmed"] for f in place.filters.values())
        if least >= place.next:
            place.next = least + 1
            place.last_id = head.head_id if least == head.head else ""
            place.above = {s for s in place.above if s >= place.next}
        return True

    # -- for the owner ------------------------------------------------------------------------------------------------------------

    def _take(self, frames):
        if len(frames) == 1 and frames[0] == self.general + b"welcome":
            if self.welcomed:
                self._begin_again()  # step 7: it was connected again
            self.welcomed = True
        elif len(frames) == 3 and frames[1] == b"":
            self._heartbeat(frames[0], pb.Heartbeat.FromString(frames[2]))
        elif len(frames) == 3:
            self._live(frames[0].decode(), pb.EventHeader.FromString(frames[1]), frames[2])

    def next_event(self, seconds):
        """(topic, header, body), or None when none came in time. DataLoss or OutOfRange: goes on behind it at the next call."""
        until = time.monotonic() + seconds
        while not self.ready:
            left = until - time.monotonic()
            if left <= 0:
                return None
            if self.events.poll(int(min(left, 0.1) * 1000) + 1):
                self._take(self.events.recv_multipart())
            elif time.monotonic() - self.heard > self.silence:
                self.counts["failovers"] += 1
                self._connect()
        event = self.ready.popleft()
        if isinstance(event, Loss):
            raise event
        return event

    def checkpoint(self):
        """After the events handed over so far: {partition: (next, last_id, epoch)}. Only when nothing waits to be handed over."""
        assert not self.ready
        return {number: (place.next, place.last_id, place.epoch_at(place.next - 1)) for number, place in self.places.items()}
