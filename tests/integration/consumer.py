"""A durable consumer in another language, written from proto/PROTOCOL.md (section 6) alone."""
import commands
import envelope_pb2 as pb

SERVICE = "techtransfer.v1.Journal/"


class Refused(Exception):
    """A command or a position was refused; `code` says why."""

    def __init__(self, code, message):
        super().__init__(f"{code}: {message}")
        self.code = code


def ask(endpoint, method, request, reply):
    head, body = commands.call(endpoint, SERVICE + method, request)
    if head.code != pb.OK:
        raise Refused(head.code, head.message)
    return reply.FromString(body)


def consumers(endpoint, name=""):
    """Name to Consumer."""
    reply = ask(endpoint, "ListConsumers", pb.ListConsumersRequest(consumer=name), pb.ListConsumersReply)
    return {consumer.name: consumer for consumer in reply.consumers}


def reset(endpoint, name, target, positions=(), create=False):
    """positions: {partition: sequence}; how many partitions were set."""
    listed = [pb.PartitionPosition(partition=p, sequence=s) for p, s in dict(positions).items()]
    request = pb.ResetConsumerRequest(consumer=name, target=target, positions=listed, create=create)
    return ask(endpoint, "ResetConsumer", request, pb.ResetConsumerReply).partitions


def remove(endpoint, name):
    ask(endpoint, "RemoveConsumer", pb.RemoveConsumerRequest(consumer=name), pb.RemoveConsumerReply)


class Consumer:
    """Beside a Subscriber: what its checkpoint () gave and the owner has made durable is what acknowledge () takes."""

    def __init__(self, name, endpoint):
        self.name, self.endpoint = name, endpoint

    def checkpoint(self):
        """Where a Subscriber is to begin; None if the consumer is not registered."""
        known = consumers(self.endpoint, self.name)
        return {p.partition: (p.acknowledged + 1, "", p.epoch) for p in known[self.name].partitions} if known else None

    def acknowledge(self, checkpoint):
        """{partition: (next, last_id, epoch)}. Where the service says that the consumer stands now; Refused at the first position that is."""
        items = [pb.ConsumerPosition(consumer=self.name, partition=p, sequence=at[0] - 1, epoch=at[2]) for p, at in sorted(checkpoint.items())]
        reply = ask(self.endpoint, "AcknowledgeEvents", pb.AcknowledgeEventsRequest(positions=items), pb.AcknowledgeEventsReply)
        for result in reply.results:
            if result.code != pb.OK:
                raise Refused(result.code, result.message)
        return {item.partition: result.sequence for item, result in zip(items, reply.results)}

    def done(self, partition, sequence, epoch=""):
        return self.acknowledge({partition: (sequence + 1, "", epoch)})[partition]
