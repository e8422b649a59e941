"""A retry after half an hour with pika, on a clock that is moved over HTTP: a broker of its own."""

import json
import os
import subprocess
import urllib.request
from base64 import b64encode

import pika

from checks import check, deaths, finish

SERVE = ["serve", "--memory", "--port", "0", "--management-port", "0", "--clock", "manual", "--json"]


def advance(api, by):
    body = json.dumps({"by": by}).encode()
    request = urllib.request.Request(api + "/api/clock/advance", body, method="POST")
    request.add_header("Authorization", "Basic " + b64encode(b"guest:guest").decode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def retry(url, api):
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    wait = {"x-message-ttl": 1800000, "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "work"}
    work = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "wait"}
    channel.queue_declare("work", durable=True, arguments=work)
    channel.queue_declare("wait", durable=True, arguments=wait)
    channel.confirm_delivery()
    channel.basic_publish("", "work", b"42")
    method, _, _ = channel.basic_get("work")
    channel.basic_reject(method.delivery_tag, requeue=False)
    advance(api, "29m59s")
    check("a retry after half an hour is not early", channel.basic_get("work")[0], None)
    advance(api, "1s")
    method, properties, body = channel.basic_get("work")
    check("it is there after half an hour, in no time", (body, method.redelivered), (b"42", False))
    history = [("wait", "expired", 1, "", ["wait"], None), ("work", "rejected", 1, "", ["work"], None)]
    check("and says where it was", deaths(properties.headers), history)
    channel.basic_ack(method.delivery_tag)
    connection.close()


broker = subprocess.Popen(os.environ["LEVERET"].split() + SERVE, stdout=subprocess.PIPE)
try:
    ready = json.loads(broker.stdout.readline())
    retry(ready["amqp"], ready["management"])
finally:
    broker.terminate()
    broker.wait()
finish()
