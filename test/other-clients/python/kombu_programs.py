"""Delays, dead letters and mistakes with kombu, as its documentation has them: entities, producers, SimpleQueue, pidbox."""

import socket
import time

from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed
from kombu import Connection, Consumer, Exchange, Producer, Queue
from kombu.pidbox import Mailbox

from checks import URL, check, deaths, finish


def receive(connection, queue, settle):
    """Hands the next message of a queue to `settle` and resolves with it."""
    taken = []

    def take(body, message):
        settle(message)
        taken.append((body, message))

    with Consumer(connection.default_channel, [queue], callbacks=[take], prefetch_count=1):
        end = time.monotonic() + 20
        while not taken and time.monotonic() < end:
            try:
                connection.drain_events(timeout=1)
            except socket.timeout:
                pass
    return taken[0]


def ladder(connection):
    """Rejected work goes to an exchange of retries, waits there and comes back."""
    retries = Exchange("kombu.retries", "direct", durable=True)
    jobs = Queue("kombu.jobs", durable=True, queue_arguments={"x-dead-letter-exchange": "kombu.retries", "x-dead-letter-routing-key": "once"})
    wait = Queue(
        "kombu.wait",
        retries,
        routing_key="once",
        message_ttl=0.15,
        queue_arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "kombu.jobs"},
    )
    producer = Producer(connection.default_channel)
    producer.publish({"order": 7}, routing_key="kombu.jobs", declare=[jobs, wait], retry=True, delivery_mode=2)
    started = time.monotonic()
    receive(connection, jobs, lambda message: message.reject())
    body, message = receive(connection, jobs, lambda message: message.ack())
    check("what a consumer rejects comes back after a wait", (body, time.monotonic() - started >= 0.15), ({"order": 7}, True))
    check(
        "with its history",
        deaths(message.headers),
        [("kombu.wait", "expired", 1, "kombu.retries", ["once"], None), ("kombu.jobs", "rejected", 1, "", ["kombu.jobs"], None)],
    )
    producer.publish("x", routing_key="kombu.wait", expiration=0.05)
    _, message = receive(connection, jobs, lambda message: message.ack())
    check("an expiration in seconds becomes one in milliseconds", deaths(message.headers)[0][5], "50")
    for entity in (jobs, wait, retries):
        entity(connection.default_channel).delete()


def simple_queue(connection):
    with connection.SimpleQueue("kombu.simple", queue_args={"x-message-ttl": 100}) as queue:
        queue.put("stale")
        time.sleep(0.3)
        queue.put("fresh")
        message = queue.get(timeout=20)
        check("a SimpleQueue with a TTL forgets", message.payload, "fresh")
        message.ack()
    Queue("kombu.simple", channel=connection.default_channel).delete()


def pidbox(connection):
    """What Celery's inspect and control are made of: a fanout exchange, queues that expire, a queue for the replies."""
    mailbox = Mailbox("kombu-test", type="fanout")
    node = mailbox(connection).Node("worker@here", channel=connection.default_channel)
    node.handlers["add"] = lambda state, a, b: a + b
    node.listen(callback=node.handle_message)

    def ask():
        mailbox_client = mailbox(connection)
        return mailbox_client._broadcast("add", {"a": 2, "b": 3}, reply=True, timeout=2, limit=1, channel=connection.default_channel)

    check("a node of a mailbox answers", ask(), [{"worker@here": 5}])


def refusal(connection, operation):
    with connection.channel() as channel:
        try:
            operation(channel)
        except (NotFound, PreconditionFailed) as error:
            return error.reply_code, error.reply_text
    return "accepted"


def bad_expiration(channel):
    message = channel.prepare_message(b"x", properties={"expiration": "soon"})
    channel.basic_publish(message, "", "kombu.fixed")
    channel.queue_declare("kombu.fixed", passive=True)


def mistakes(connection):
    Queue("kombu.fixed", message_ttl=1, channel=connection.default_channel).declare()
    check(
        "a missing queue",
        refusal(connection, lambda channel: Queue("kombu.missing", channel=channel).queue_declare(passive=True)),
        (404, "NOT_FOUND - no queue 'kombu.missing' in vhost '/'"),
    )
    check(
        "an argument that differs",
        refusal(connection, lambda channel: Queue("kombu.fixed", message_ttl=2, channel=channel).declare()),
        (406, "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'kombu.fixed' in vhost '/': received '2000' but current is '1000'"),
    )
    code, text = refusal(connection, bad_expiration)
    check("an expiration that is no number", (code, text[:44]), (406, "PRECONDITION_FAILED - invalid expiration 'so"))
    Queue("kombu.fixed", channel=connection.default_channel).delete()
    try:
        with Connection(URL, userid="guest", password="wrong", login_method="PLAIN") as other:
            other.connect()
    except AccessRefused as error:
        check(
            "a wrong password",
            (error.reply_code, error.reply_text),
            (403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."),
        )


with Connection(URL) as connection:
    for program in (ladder, simple_queue, pidbox, mistakes):
        program(connection)
finish()
