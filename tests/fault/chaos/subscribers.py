"""Durable subscribers: they keep a checkpoint, are begun anew from it again and again, and write down what they are handed."""
import random
import threading
import time

from subscriber import DataLoss, OutOfRange, Subscriber

LIFE = 4.0  # seconds after which one is begun anew, about


class Durable(threading.Thread):
    def __init__(self, name, stream, endpoints, filters, recorder, seed):
        super().__init__(daemon=True, name=name)
        self.stream, self.endpoints, self.filters, self.recorder = stream, endpoints, filters, recorder
        self.random = random.Random(seed)
        self.next = {}         # partition -> first sequence not yet handed over
        self.ended = threading.Event()
        self.checkpoint = None
        self.above = {}        # filtered: what was handed over above the checkpoint, and its epochs; a checkpoint alone would have it handed over again

    def run(self):
        while not self.ended.is_set():
            try:
                self.live()
            except (DataLoss, OutOfRange) as error:
                self.recorder.write("trouble", subscriber=self.name, what=f"{type(error).__name__}: {error}")
                return
            except Exception as error:  # a defect of the subscriber or of what it was sent: told as trouble too
                self.recorder.write("trouble", subscriber=self.name, what=repr(error))
                return

    def live(self):
        until = time.monotonic() + LIFE * (0.5 + self.random.random())
        self.random.shuffle(self.endpoints)
        subscriber = Subscriber(self.stream, self.endpoints, filters=self.filters, checkpoint=self.checkpoint, silence=3.0)
        for partition, (handed, epochs) in self.above.items():
            place = subscriber.places[partition]
            place.above, place.epochs = set(handed), list(epochs)
        try:
            while time.monotonic() < until and not self.ended.is_set() or subscriber.ready:
                event = subscriber.next_event(0.1)
                if event:
                    self.take(*event)
            self.checkpoint = subscriber.checkpoint()
            self.above = {number: (place.above, place.epochs) for number, place in subscriber.places.items()}
        finally:
            subscriber.close()

    def take(self, _topic, head, _body):
        self.next[head.partition] = head.sequence + 1
        self.recorder.write("received", subscriber=self.name, stream=head.stream, partition=head.partition, sequence=head.sequence, id=head.id)

    def has(self, heads):
        """Whether it stands at these heads: {partition: sequence}."""
        return all(self.next.get(partition, 1) > head for partition, head in heads.items())

    def stop(self):
        self.ended.set()
        self.join(timeout=30)


FILTERED = {"patent/alert/": "patent"}


def subscribers(world, recorder, seed):
    """One of each whole stream, one of alerts only."""
    made = []
    for filters, stream in [("", s) for s in ("patent", "achievement", "finance", "statistics")] + list(FILTERED.items()):
        endpoints = list(zip(world.public(stream, "events"), world.public(stream, "replay")))
        name = f"{stream} {filters or 'whole'}"
        made.append(Durable(name, stream, endpoints, (filters,), recorder, f"{seed}/{name}"))
    return made
