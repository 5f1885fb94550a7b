"""A service that hands orders over, to a queue, a topic and a bus, under stock OpenTelemetry: started with `opentelemetry-instrument`.

Prints one JSON object: for each of `sqs`, `sns` and `events` the trace it sent in and the span that was under way.
"""

import json
import sys

import boto3
from opentelemetry import trace
from opentelemetry.trace import SpanKind

ACCOUNT = "us-east-1:123456789012"
order = json.dumps({"order": 42})


def to_queue():
    boto3.client("sqs").send_message(QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/orders", MessageBody=order)


def to_topic():
    boto3.client("sns").publish(TopicArn=f"arn:aws:sns:{ACCOUNT}:news", Message=order)


def to_bus():
    entry = {"Source": "shop.orders", "DetailType": "OrderPlaced", "Detail": order}
    answer = boto3.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer


sent = {}
for name, send in (("sqs", to_queue), ("sns", to_topic), ("events", to_bus)):
    with trace.get_tracer("shop").start_as_current_span(f"POST /orders/{name}", kind=SpanKind.SERVER) as root:
        send()
    sent[name] = f"{root.get_span_context().trace_id:032x}"
trace.get_tracer_provider().shutdown()
json.dump(sent, sys.stdout)
