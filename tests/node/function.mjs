// A Lambda function under the JavaScript SDK, as its documentation sets one up: the defaults, and the environment for the rest.

import { SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const provider = new NodeTracerProvider({
  resource: defaultResource().merge(detectResources({ detectors: [envDetector] })),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();
const tracer = trace.getTracer('orders');

export async function handler(event, context) {
  const attributes = { 'faas.invocation_id': context.awsRequestId, 'faas.trigger': 'other' };
  const spans = [];
  await tracer.startActiveSpan('handle', { kind: SpanKind.SERVER, attributes }, async (root) => {
    tracer.startActiveSpan('reserve stock', (inner) => {
      spans.push(inner.spanContext().spanId);
      inner.end();
    });
    spans.push(root.spanContext().spanId);
    root.end();
  });
  // As every instrumentation for Lambda does before it answers.
  await provider.forceFlush();
  return { spans };
}
