"""A Lambda function under the Python SDK, as its documentation sets one up: the defaults, and the environment for the rest.

`PROCESSOR=batch` takes the processor that sends on a timer; otherwise each span is sent when it ends. The exporter is the one that
`OTEL_EXPORTER_OTLP_PROTOCOL` names.
"""

import os

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.trace import SpanKind

if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

processor = BatchSpanProcessor if os.environ.get("PROCESSOR") == "batch" else SimpleSpanProcessor
provider = TracerProvider()
provider.add_span_processor(processor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("orders")


def handler(event, context):
    attributes = {"faas.invocation_id": context.aws_request_id, "faas.trigger": "other"}
    with tracer.start_as_current_span("handle", kind=SpanKind.SERVER, attributes=attributes) as root:
        with tracer.start_as_current_span("reserve stock") as inner:
            pass
    return {"spans": [f"{span.get_span_context().span_id:016x}" for span in (root, inner)]}
