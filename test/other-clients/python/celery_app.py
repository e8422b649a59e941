"""The Celery application: tasks that retry, tasks that die, and a queue in which a task waits before it is run."""

import os
import time

from celery import Celery
from celery.exceptions import Reject
from kombu import Exchange, Queue

app = Celery("leveret", broker=os.environ["AMQP_URL"], backend="rpc://")

dead = Exchange("celery.dead", "fanout")
app.conf.update(
    task_default_queue="celery.tasks",
    task_queues=[
        Queue("celery.tasks", Exchange("celery.tasks"), routing_key="celery.tasks", queue_arguments={"x-dead-letter-exchange": "celery.dead"}),
    ],
    task_default_exchange="celery.tasks",
    task_default_routing_key="celery.tasks",
    worker_send_task_events=True,
    task_send_sent_event=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry=False,
    result_expires=60,
)

attempts = {}


@app.task
def add(a, b):
    return a + b


@app.task
def now():
    return time.time()


@app.task(bind=True, autoretry_for=(ConnectionError,), retry_backoff=1, retry_backoff_max=1, retry_jitter=False, max_retries=3)
def flaky(self, fails):
    """Fails this many times before it succeeds, and tells how often it was tried."""
    if self.request.retries < fails:
        raise ConnectionError("not yet")
    return self.request.retries


@app.task(bind=True, acks_late=True)
def poison(self):
    raise Reject("nobody can do this", requeue=False)


@app.task(bind=True)
def history(self):
    """What the task reads of its own deaths."""
    return [(d["queue"], d["reason"], d["count"]) for d in self.request.get("x-death") or []]
