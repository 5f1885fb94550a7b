"""A trace of very many spans: how long until its page has its first row, read for the first time and once it was read."""

import json
import time
import urllib.request
import uuid

from machine import percentiles

SPANS = 100_000
REQUEST = 5_000
# Each of so many spans calls the next: deep and wide at once.
DEEP = 8
PATIENCE_S = 60
ROW = b'data-test="span-row"'


def long_trace(server, get):
    """Asked for the first time and again. The first window is on the wire when the first row of the waterfall is."""
    trace, started = uuid.uuid4().hex, time.time_ns() - 60_000_000_000
    for first in range(0, SPANS, REQUEST):
        spans = [span(trace, number, started) for number in range(first, first + REQUEST)]
        resource = {"attributes": [text("service.name", "long")]}
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
        status, told = get(server.otlp + "/v1/traces", json.dumps(body).encode(), {"Content-Type": "application/json"})
        if status != 200:
            raise RuntimeError(told.decode())
    since = time.perf_counter()
    while server.sql(f"SELECT count(*) FROM spans WHERE trace_id = '{trace}'")[0][0] < SPANS:
        if time.perf_counter() - since > PATIENCE_S:
            raise RuntimeError("not all spans of the long trace became visible")
        time.sleep(0.05)
    # What rolls it up is another matter.
    server.rest()
    times = [first_row(f"{server.http}/traces/{trace}") for _ in range(5)]
    return {"spans": SPANS, "first_ms": times[0], "again_ms": percentiles(times[1:])["p50"]}


def first_row(url):
    """Milliseconds until the first row came."""
    started, read = time.perf_counter(), b""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        while ROW not in read:
            piece = answer.read1(1 << 16)
            if not piece:
                raise RuntimeError("the page of the long trace has no rows")
            read += piece
        took = (time.perf_counter() - started) * 1e3
        answer.read()
    return took


def span(trace, number, started):
    at = started + number * 500_000
    parent = {} if number == 0 else {"parentSpanId": name_of(number - 1 if number % DEEP else 0)}
    attributes = [text(f"app.attribute.{n}", f"value {n} of {number % 100}") for n in range(12)]
    return {
        "traceId": trace,
        "spanId": name_of(number),
        **parent,
        "name": f"step {number % 50}",
        "kind": 1,
        "startTimeUnixNano": str(at),
        "endTimeUnixNano": str(at + 400_000),
        "attributes": attributes,
    }


def name_of(number):
    return f"{number + 1:016x}"


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}
