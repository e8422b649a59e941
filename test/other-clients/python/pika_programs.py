"""Delays, retries and mistakes with pika."""

import time

import pika
from pika.exceptions import AMQPConnectionError, ChannelClosedByBroker, NackError, UnroutableError

from checks import URL, check, deaths, finish

PERSISTENT = pika.BasicProperties(delivery_mode=2)


def dead_letter(queue, **more):
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": queue, **more}


def take(channel, queue):
    for method, properties, body in channel.consume(queue, inactivity_timeout=20):
        channel.cancel()
        return method, properties, body


def delay_queue(connection):
    channel = connection.channel()
    channel.queue_declare("pika.work", durable=True)
    channel.queue_declare("pika.wait", durable=True, arguments=dead_letter("pika.work", **{"x-message-ttl": 200}))
    channel.confirm_delivery()
    started = time.monotonic()
    channel.basic_publish("", "pika.wait", b"later", PERSISTENT, mandatory=True)
    method, properties, body = take(channel, "pika.work")
    check("a delay queue delivers late", (body, time.monotonic() - started >= 0.2), (b"later", True))
    check("and says where it died", deaths(properties.headers), [("pika.wait", "expired", 1, "", ["pika.wait"], None)])
    channel.basic_ack(method.delivery_tag)

    channel.basic_publish("", "pika.wait", b"sooner", pika.BasicProperties(expiration="50", delivery_mode=2))
    method, properties, body = take(channel, "pika.work")
    entry = ("pika.wait", "expired", 1, "", ["pika.wait"], "50")
    check("an expiration is taken away and kept in the history", (properties.expiration, deaths(properties.headers)), (None, [entry]))
    channel.basic_ack(method.delivery_tag)
    for queue in ("pika.work", "pika.wait"):
        channel.queue_delete(queue)


def retry_ladder(connection):
    """Rejected work waits longer each time; the worker counts in x-death and parks what it gives up."""
    channel = connection.channel()
    channel.exchange_declare("pika.retry", "topic", durable=True)
    channel.queue_declare("pika.jobs", durable=True, arguments={"x-dead-letter-exchange": "pika.retry"})
    channel.queue_declare("pika.parking", durable=True)
    channel.queue_declare("pika.retry.wait", durable=True, arguments=dead_letter("pika.jobs", **{"x-message-ttl": 60}))
    channel.queue_bind("pika.retry.wait", "pika.retry", "#")
    channel.confirm_delivery()
    channel.basic_publish("", "pika.jobs", b"broken", PERSISTENT)
    attempts = []
    for method, properties, body in channel.consume("pika.jobs", inactivity_timeout=20):
        rejected = [d for d in (properties.headers or {}).get("x-death", []) if d["reason"] == "rejected"]
        attempts.append(rejected[0]["count"] if rejected else 0)
        if attempts[-1] < 3:
            channel.basic_reject(method.delivery_tag, requeue=False)
            continue
        channel.basic_publish("", "pika.parking", body, properties)
        channel.basic_ack(method.delivery_tag)
        break
    channel.cancel()
    check("a worker that counts in x-death gives up after three retries", attempts, [0, 1, 2, 3])
    _, properties, _ = channel.basic_get("pika.parking", auto_ack=True)
    check(
        "what was parked tells its history",
        deaths(properties.headers),
        [("pika.retry.wait", "expired", 3, "pika.retry", ["pika.jobs"], None), ("pika.jobs", "rejected", 3, "", ["pika.jobs"], None)],
    )
    for queue in ("pika.jobs", "pika.parking", "pika.retry.wait"):
        channel.queue_delete(queue)
    channel.exchange_delete("pika.retry")


def full_queue(connection):
    channel = connection.channel()
    channel.queue_declare("pika.full", durable=True, arguments={"x-max-length": 1, "x-overflow": "reject-publish"})
    channel.confirm_delivery()
    channel.basic_publish("", "pika.full", b"first", PERSISTENT)
    try:
        channel.basic_publish("", "pika.full", b"second", PERSISTENT)
        check("a full queue says no", "confirmed", "nacked")
    except NackError as error:
        check("a full queue says no", len(error.messages), 0)
    try:
        channel.basic_publish("", "pika.nowhere", b"lost", PERSISTENT, mandatory=True)
        check("a message without a queue comes back", "confirmed", "returned")
    except UnroutableError as error:
        returned = error.messages[0]
        check("a message without a queue comes back", (returned.method.reply_code, returned.method.reply_text, returned.body), (312, "NO_ROUTE", b"lost"))
    channel.queue_delete("pika.full")


def refusal(connection, operation):
    try:
        operation(connection.channel())
    except ChannelClosedByBroker as error:
        return error.reply_code, error.reply_text
    return "accepted"


def bad_expiration(channel):
    channel.confirm_delivery()
    channel.basic_publish("", "pika.fixed", b"x", pika.BasicProperties(expiration="soon"))


def mistakes(connection):
    connection.channel().queue_declare("pika.fixed", durable=True, arguments={"x-message-ttl": 1000})
    check(
        "a missing queue",
        refusal(connection, lambda channel: channel.queue_declare("pika.missing", passive=True)),
        (404, "NOT_FOUND - no queue 'pika.missing' in vhost '/'"),
    )
    check(
        "an argument that differs",
        refusal(connection, lambda channel: channel.queue_declare("pika.fixed", durable=True, arguments={"x-message-ttl": 2000})),
        (406, "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'pika.fixed' in vhost '/': received '2000' but current is '1000'"),
    )
    code, text = refusal(connection, bad_expiration)
    check("an expiration that is no number", (code, text[:44]), (406, "PRECONDITION_FAILED - invalid expiration 'so"))
    check(
        "an ack of nothing",
        refusal(connection, lambda channel: (channel.basic_ack(7), channel.queue_declare("pika.fixed", passive=True))),
        (406, "PRECONDITION_FAILED - unknown delivery tag 7"),
    )
    connection.channel().queue_delete("pika.fixed")
    parameters = pika.URLParameters(URL)
    parameters.credentials = pika.PlainCredentials("guest", "wrong")
    try:
        pika.BlockingConnection(parameters)
    except AMQPConnectionError as error:
        check(
            "a wrong password",
            str(error),
            "ConnectionClosedByBroker: (403) 'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. "
            "For details see the broker logfile.'",
        )


connection = pika.BlockingConnection(pika.URLParameters(URL))
for program in (delay_queue, retry_ladder, full_queue, mistakes):
    program(connection)
connection.close()
finish()
