"""An application under the Python SDK: makes spans until its standard input closes, then tells which were acknowledged.

    sender.py grpc|http ENDPOINT SERVICE

Prints one JSON object: `created` and `acknowledged`, lists of `TRACE:SPAN`.
"""

import json
import sys
import threading
import time

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind


def name(span):
    context = span.get_span_context()
    return f"{context.trace_id:032x}:{context.span_id:016x}"


class Noting(SpanExporter):
    """Passes batches on and notes those that the exporter reports as taken."""

    def __init__(self, exporter):
        self.exporter = exporter
        self.acknowledged = []

    def export(self, spans):
        result = self.exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self.acknowledged.extend(name(span) for span in spans)
        return result

    def shutdown(self):
        self.exporter.shutdown()

    def force_flush(self, timeout_millis=30_000):
        return self.exporter.force_flush(timeout_millis)


def exporter(protocol, endpoint):
    if protocol == "grpc":
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(endpoint=endpoint, insecure=True)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint)


def main():
    protocol, endpoint, service = sys.argv[1:]
    finished = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), finished.set()), daemon=True).start()

    noting = Noting(exporter(protocol, endpoint))
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    # The queue outlasts an outage: what is tested is the exporter and the collector, not the SDK's buffer.
    provider.add_span_processor(BatchSpanProcessor(noting, max_queue_size=100_000, schedule_delay_millis=200))
    tracer = provider.get_tracer("coldlight-tests")
    created = []
    while not finished.is_set():
        with tracer.start_as_current_span("POST /orders", kind=SpanKind.SERVER) as request:
            with tracer.start_as_current_span("DynamoDB.PutItem", kind=SpanKind.CLIENT) as call:
                call.set_attribute("db.system.name", "aws.dynamodb")
            request.set_attribute("http.response.status_code", 200)
        created += [name(request), name(call)]
        time.sleep(0.01)
    provider.force_flush(60_000)
    provider.shutdown()
    json.dump({"created": created, "acknowledged": noting.acknowledged}, sys.stdout)


main()
