// An application under the JavaScript SDK: makes spans until its standard input closes, then tells which were acknowledged.
//
//     node sender.mjs grpc|http-json|http-proto ENDPOINT SERVICE
//
// Prints one JSON object: `created` and `acknowledged`, lists of `TRACE:SPAN`.

import { setTimeout as sleep } from 'node:timers/promises';
import { SpanKind, context, trace } from '@opentelemetry/api';
import { OTLPTraceExporter as Grpc } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as HttpJson } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as HttpProto } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const [protocol, endpoint, service] = process.argv.slice(2);
const name = (span) => `${span.spanContext().traceId}:${span.spanContext().spanId}`;
const SUCCESS = 0;

/** Passes batches on and notes those that the exporter reports as taken. */
class Noting {
  acknowledged = [];

  constructor(exporter) {
    this.exporter = exporter;
  }

  export(spans, done) {
    this.exporter.export(spans, (result) => {
      if (result.code === SUCCESS) this.acknowledged.push(...spans.map(name));
      done(result);
    });
  }

  shutdown() {
    return this.exporter.shutdown();
  }

  forceFlush() {
    return this.exporter.forceFlush();
  }
}

const exporters = { grpc: Grpc, 'http-json': HttpJson, 'http-proto': HttpProto };
const noting = new Noting(new exporters[protocol]({ url: endpoint }));
// The queue outlasts an outage: what is tested is the exporter and the collector, not the SDK's buffer.
const processor = new BatchSpanProcessor(noting, { maxQueueSize: 100_000, scheduledDelayMillis: 200 });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': service }),
  spanProcessors: [processor],
});
provider.register();
const tracer = trace.getTracer('coldlight-tests');

let finished = false;
process.stdin.on('end', () => { finished = true; }).resume();

const created = [];
while (!finished) {
  const request = tracer.startSpan('POST /orders', { kind: SpanKind.SERVER });
  const call = tracer.startSpan('SQS.SendMessage', { kind: SpanKind.PRODUCER }, trace.setSpan(context.active(), request));
  call.setAttribute('messaging.system', 'aws_sqs').end();
  request.setAttribute('http.response.status_code', 200).end();
  created.push(name(request), name(call));
  await sleep(10);
}
await provider.forceFlush().catch((error) => console.error(`${service}: flush: ${error}`));
await provider.shutdown().catch((error) => console.error(`${service}: shutdown: ${error}`));
process.stdout.write(JSON.stringify({ created, acknowledged: noting.acknowledged }));
