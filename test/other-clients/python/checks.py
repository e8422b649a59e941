"""What the programs share: a line for everything they see, and an exit code for what they did not."""

import os
import sys
import time

URL = os.environ["AMQP_URL"]
_failed = 0


def check(what, seen, expected):
    global _failed
    if seen == expected:
        print(f"ok   {what}", flush=True)
    else:
        _failed += 1
        print(f"FAIL {what}\n     expected {expected!r}\n     saw      {seen!r}", flush=True)


def until(probe, seconds=20.0):
    """The first true thing that the probe gives, or what it gives when time is up."""
    end = time.monotonic() + seconds
    while True:
        seen = probe()
        if seen or time.monotonic() > end:
            return seen
        time.sleep(0.01)


def deaths(headers):
    """The death history without its moments, newest first."""
    return [
        (d["queue"], d["reason"], d["count"], d["exchange"], d["routing-keys"], d.get("original-expiration"))
        for d in headers.get("x-death", [])
    ]


def finish():
    sys.exit(1 if _failed else 0)
