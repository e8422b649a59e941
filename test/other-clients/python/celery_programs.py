"""A Celery worker: countdown, eta, retries with backoff, dead letters, a delay queue in front of it, inspect and events."""

import datetime
import os
import socket
import subprocess
import sys
import time
from functools import partial

from amqp.exceptions import PreconditionFailed
from celery.exceptions import TimeoutError
from kombu import Connection, Consumer, Queue

from celery_app import add, app, dead, flaky, history, now, poison
from checks import URL, check, deaths, finish, until

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = f"celery@leveret-{os.getpid()}"


def start_worker():
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "-n", HOST, "-c", "2", "-l", "CRITICAL"]
    return subprocess.Popen(command, cwd=HERE)


def tasks():
    check("a task is run and its result comes back", add.delay(2, 3).get(timeout=30), 5)
    started = time.time()
    check("a countdown waits", now.apply_async(countdown=1).get(timeout=30) - started >= 1, True)
    eta = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    check("an eta waits", now.apply_async(eta=eta).get(timeout=30) >= eta.timestamp(), True)
    started = time.time()
    check("a task that fails is retried with backoff", (flaky.delay(2).get(timeout=30), time.time() - started >= 2), (2, True))
    check("and given up after its last retry", type(flaky.delay(9).get(timeout=30, propagate=False)).__name__, "ConnectionError")
    try:
        late = add.apply_async((1, 1), countdown=2, expires=1).get(timeout=30, propagate=False)
        check("a task that expires before its countdown is revoked", type(late).__name__, "TaskRevokedError")
    except TimeoutError:
        check("a task that expires before its countdown is revoked", "nothing", "TaskRevokedError")


def dead_letters(connection):
    parking = Queue("celery.parking", dead, durable=True)
    parking(connection.default_channel).declare()
    task = poison.delay()
    message = until(lambda: parking(connection.default_channel).get(no_ack=True))
    check("a task that is rejected goes to the dead-letter exchange", message.headers["id"], task.id)
    check("with its history", deaths(message.headers), [("celery.tasks", "rejected", 1, "", ["celery.tasks"], None)])
    parking(connection.default_channel).delete()


def delay_queue(connection):
    """A task waits in the broker instead of in the worker: its message expires into the worker's queue."""
    arguments = {"x-dead-letter-exchange": "celery.tasks", "x-dead-letter-routing-key": "celery.tasks", "x-message-ttl": 1000}
    wait = Queue("celery.wait", durable=True, queue_arguments=arguments)
    wait(connection.default_channel).declare()
    started = time.time()
    waited = now.apply_async(queue=wait, routing_key="celery.wait").get(timeout=30) - started
    check("a task waits in a queue with a TTL", waited >= 1, True)
    check("and can read where it waited", history.apply_async(queue=wait, routing_key="celery.wait").get(timeout=30), [["celery.wait", "expired", 1]])
    wait(connection.default_channel).delete()


def control():
    inspect = app.control.inspect(timeout=5, limit=1, destination=[HOST])
    check("inspect ping is answered", inspect.ping(), {HOST: {"ok": "pong"}})
    check("the worker names its queue", [queue["name"] for queue in inspect.active_queues()[HOST]], ["celery.tasks"])


def events():
    """What `celery events` does: a queue with x-expires and x-message-ttl on the topic exchange of all events."""
    expected = {"task-sent", "task-received", "task-started", "task-succeeded"}
    seen = set()
    with app.connection() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": lambda event: seen.add(event["type"])})
        for consumer in receiver.get_consumers(partial(Consumer, connection.default_channel), connection.default_channel):
            consumer.consume()
        add.delay(1, 2).get(timeout=30)
        until(lambda: drain(connection) and expected <= seen)
    check("celery events are seen", expected & seen, expected)


def drain(connection):
    try:
        connection.drain_events(timeout=0.2)
    except socket.timeout:
        pass
    return True


def mistakes():
    with app.connection() as connection:
        connection.connect()
        other = Queue("celery.tasks", durable=True, queue_arguments={"x-message-ttl": 5, "x-dead-letter-exchange": "celery.dead"})
        try:
            other(connection.default_channel).declare()
            check("a task queue that differs", "accepted", "refused")
        except PreconditionFailed as error:
            check(
                "a task queue that differs",
                error.reply_text,
                "PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'celery.tasks' in vhost '/': "
                "received the value '5' of type 'signedint' but current is none",
            )
    command = [sys.executable, "-m", "celery", "-A", "celery_app", "-b", URL.replace("guest:guest@", "guest:wrong@"), "status"]
    refused = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    text = "(0, 0): (403) ACCESS_REFUSED - Login was refused using authentication mechanism"
    check("a wrong password", (refused.returncode != 0, text in refused.stderr + refused.stdout), (True, True))


def clean_up(connection):
    for queue in ("celery.tasks",):
        connection.default_channel.queue_delete(queue)
    for exchange in ("celery.tasks", "celery.dead"):
        connection.default_channel.exchange_delete(exchange)


worker = start_worker()
try:
    with Connection(URL) as connection:
        dead(connection.default_channel).declare()
        tasks()
        dead_letters(connection)
        delay_queue(connection)
        control()
        events()
        mistakes()
finally:
    worker.terminate()
    check("the worker stops in order", worker.wait(timeout=60), 0)
with Connection(URL) as connection:
    clean_up(connection)
finish()
