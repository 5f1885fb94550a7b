//! Traffic as fifty Lambda functions make it: traces of real shape, twelve attributes a span.
//!
//! An API function serves a request, asks DynamoDB, sometimes calls another service over HTTP (whose spans belong to the same
//! trace) and sometimes sends to a queue that a worker reads. Domains are skewed: the first takes most of the calls. One
//! invocation in fifty fails, one in twenty starts cold. Each request holds spans of one function, as an SDK exports them.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use crate::otlp::{CLIENT, CONSUMER, ERROR, PRODUCER, SERVER, flag, int, resource, resource_spans, span, text};
use crate::random::Random;

const DOMAINS: [&str; 10] =
    ["orders", "cart", "payments", "stock", "search", "users", "mail", "prices", "shipping", "invoices"];
/// Per domain: one that answers requests, one that reads the queue, and three more that are called over HTTP.
const ROLES: [&str; 5] = ["api", "worker", "rules", "export", "audit"];
/// Sandboxes of one function; each is a resource of its own.
const SANDBOXES: u64 = 4;
const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
/// Traces begin spread over this time, counted from 0.
pub const SPREAD_NS: u64 = 2_000_000_000;
/// What every span carries.
pub const ATTRIBUTES: usize = 12;

/// Endless traffic, the same for the same seed.
pub struct Traffic {
    random: Random,
    over_ns: u64,
}

/// Which sandbox of which function: (domain, role, sandbox).
type Function = (usize, usize, u64);

/// One trace under construction.
struct Story<'a> {
    random: &'a mut Random,
    trace_id: [u8; 16],
    spans: Vec<(Function, Span)>,
}

impl Traffic {
    pub fn new(seed: u64) -> Self {
        Self { random: Random::from_seed(seed), over_ns: 0 }
    }

    /// The traces of each call of `requests` begin one after another over this time, and still up to `SPREAD_NS` later.
    pub fn over(self, nanoseconds: u64) -> Self {
        Self { over_ns: nanoseconds, ..self }
    }

    /// `count` requests of `batch` spans each; the last few are mixed from several functions, as a relay sends them.
    /// Times count from 0.
    pub fn requests(&mut self, count: usize, batch: usize) -> Vec<ExportTraceServiceRequest> {
        let mut waiting: BTreeMap<(usize, usize), Vec<(Function, Span)>> = BTreeMap::new();
        let mut requests = Vec::new();
        let all = count * batch;
        let mut left = all;
        while left > 0 {
            let begun = u128::from(self.over_ns) * (all - left) as u128 / all as u128;
            for (function, span) in self.trace(begun as u64).into_iter().take(left) {
                left -= 1;
                let spans = waiting.entry((function.0, function.1)).or_default();
                spans.push((function, span));
                if spans.len() == batch {
                    requests.push(request(std::mem::take(spans)));
                }
            }
        }
        let rest: Vec<(Function, Span)> = waiting.into_values().flatten().collect();
        requests.extend(rest.chunks(batch).map(|spans| request(spans.to_vec())));
        requests
    }

    /// The spans of a trace that begins at `begun` or a little later, each with the function that sends it.
    fn trace(&mut self, begun: u64) -> Vec<(Function, Span)> {
        // Skewed: domain 0 is met about ten times as often as domain 9.
        let domain = (self.random.below(10) * self.random.below(10) / 9) as usize;
        let start = begun + self.random.below(SPREAD_NS);
        let trace_id = self.random.trace_id();
        let mut story = Story { random: &mut self.random, trace_id, spans: Vec::new() };
        story.api(domain, start);
        story.spans
    }
}

impl Story<'_> {
    fn api(&mut self, domain: usize, start: u64) {
        let (me, id) = (self.sandbox(domain, 0), self.random.span_id());
        let failed = self.random.chance(1, 50);
        let mut now = start + self.between(MICROSECOND * 300, MILLISECOND * 3);
        for _ in 0..=self.random.below(3) {
            now = self.dynamodb(me, id, now);
        }
        if self.random.chance(1, 3) {
            now = self.call(me, id, now);
        }
        if self.random.chance(1, 4) {
            now = self.queue(me, id, now);
        }
        let length = now + self.between(MICROSECOND * 200, MILLISECOND * 2) - start;
        let mut span = span(&format!("POST /{}/{{id}}", DOMAINS[domain]), self.trace_id, id, start, length);
        span.attributes = vec![
            text("http.request.method", "POST"),
            text("http.route", format!("/{}/{{id}}", DOMAINS[domain])),
            text("url.path", format!("/{}/{}", DOMAINS[domain], self.random.below(100_000))),
            text("url.scheme", "https"),
            text("user_agent.original", "okhttp/4.12.0"),
            int("http.response.status_code", if failed { 500 } else { 200 }),
        ];
        self.finish(me, span, "http", failed);
    }

    /// A call of another service over HTTP: its client span here, its server span there.
    fn call(&mut self, me: Function, parent: [u8; 8], start: u64) -> u64 {
        let domain = self.random.below(DOMAINS.len() as u64) as usize;
        let role = 2 + self.random.below(3) as usize;
        let (other, client, server) = (self.sandbox(domain, role), self.random.span_id(), self.random.span_id());
        let failed = self.random.chance(1, 50);
        let status = if failed { 502 } else { 200 };
        let service = service(other);
        let received = start + self.between(MICROSECOND * 400, MILLISECOND * 4);
        let answered = self.dynamodb(other, server, received + MILLISECOND);

        let mut served = span(&format!("GET /{}", ROLES[role]), self.trace_id, server, received, answered - received);
        served.parent_span_id = client.to_vec();
        served.attributes = vec![
            text("http.request.method", "GET"),
            text("http.route", format!("/{}", ROLES[role])),
            text("url.path", format!("/{}/{}", ROLES[role], self.random.below(1_000))),
            text("url.scheme", "https"),
            text("user_agent.original", "python-requests/2.32.3"),
            int("http.response.status_code", status),
        ];
        self.finish(other, served, "http", failed);

        let end = answered + self.between(MICROSECOND * 300, MILLISECOND * 3);
        let mut asked = span("GET", self.trace_id, client, start, end - start);
        asked.parent_span_id = parent.to_vec();
        asked.attributes = vec![
            text("http.request.method", "GET"),
            text("server.address", format!("{service}.internal")),
            int("server.port", 443),
            text("url.full", format!("https://{service}.internal/{}/{}", ROLES[role], self.random.below(1_000))),
            int("http.response.status_code", status),
            text("network.protocol.version", "1.1"),
            text("peer.service", service),
            text("user_agent.original", "python-requests/2.32.3"),
        ];
        self.client(me, asked, failed);
        end
    }

    fn dynamodb(&mut self, me: Function, parent: [u8; 8], start: u64) -> u64 {
        let operation = ["GetItem", "PutItem", "Query", "UpdateItem"][self.random.below(4) as usize];
        let throttled = self.random.chance(1, 200);
        let length = self.between(MILLISECOND, MILLISECOND * 12);
        let id = self.random.span_id();
        let mut asked = span(&format!("DynamoDB.{operation}"), self.trace_id, id, start, length);
        asked.parent_span_id = parent.to_vec();
        asked.attributes = vec![
            text("rpc.system", "aws-api"),
            text("rpc.service", "DynamoDB"),
            text("rpc.method", operation),
            text("db.system.name", "aws.dynamodb"),
            text("db.operation.name", operation),
            text("aws.dynamodb.table_names", format!("{}-table", DOMAINS[me.0])),
            int("http.response.status_code", if throttled { 400 } else { 200 }),
            text("server.address", "dynamodb.eu-central-1.amazonaws.com"),
        ];
        self.client(me, asked, throttled);
        start + length
    }

    /// A message to the domain's queue, and the worker that takes it a little later.
    fn queue(&mut self, me: Function, parent: [u8; 8], start: u64) -> u64 {
        let (worker, send, take) = (self.sandbox(me.0, 1), self.random.span_id(), self.random.span_id());
        let queue = format!("{}-queue", DOMAINS[me.0]);
        let sent = start + self.between(MILLISECOND * 2, MILLISECOND * 9);
        let mut producer = span(&format!("{queue} send"), self.trace_id, send, start, sent - start);
        producer.kind = PRODUCER;
        producer.parent_span_id = parent.to_vec();
        let shared = |operation: &str| {
            vec![
                text("messaging.system", "aws_sqs"),
                text("messaging.destination.name", queue.clone()),
                text("messaging.operation.name", operation),
                text("messaging.operation.type", operation),
                int("messaging.batch.message_count", 1),
                text("aws.sqs.queue.url", format!("https://sqs.eu-central-1.amazonaws.com/123456789012/{queue}")),
            ]
        };
        producer.attributes = shared("send");
        producer.attributes.push(text("rpc.service", "SQS"));
        producer.attributes.push(text("messaging.message.id", self.random.uuid()));
        self.client(me, producer, false);

        let taken = sent + self.between(MILLISECOND * 5, MILLISECOND * 400);
        let done = self.dynamodb(worker, take, taken + MILLISECOND) + MILLISECOND;
        let mut consumer = span(&format!("{queue} process"), self.trace_id, take, taken, done - taken);
        consumer.kind = CONSUMER;
        consumer.parent_span_id = send.to_vec();
        consumer.attributes = shared("process");
        let failed = self.random.chance(1, 50);
        self.finish(worker, consumer, "pubsub", failed);
        sent
    }

    /// An invocation: six attributes of its trigger are there, six of the function follow.
    fn finish(&mut self, me: Function, mut span: Span, trigger: &str, failed: bool) {
        span.attributes.extend([
            text("faas.trigger", trigger),
            text("faas.invocation_id", self.random.uuid()),
            flag("faas.coldstart", self.random.chance(1, 20)),
            text("cloud.resource_id", format!("arn:aws:lambda:eu-central-1:123456789012:function:{}", service(me))),
            text("app.tenant", format!("tenant-{:03}", self.random.below(200))),
            int("app.items", 1 + self.random.below(40) as i64),
        ]);
        self.keep(me, span, failed);
    }

    /// A call of something else: eight attributes of it are there, four follow.
    fn client(&mut self, me: Function, mut span: Span, failed: bool) {
        if span.kind == SERVER {
            span.kind = CLIENT;
        }
        span.attributes.extend([
            text("aws.request_id", self.random.uuid()),
            text("cloud.region", "eu-central-1"),
            int("retry_attempts", i64::from(self.random.chance(1, 40))),
            int("thread.id", 1 + self.random.below(8) as i64),
        ]);
        self.keep(me, span, failed);
    }

    fn keep(&mut self, me: Function, mut span: Span, failed: bool) {
        debug_assert_eq!(span.attributes.len(), ATTRIBUTES);
        span.flags = 0x101;
        span.status = failed.then(|| Status { code: ERROR, message: "upstream did not answer".to_owned() });
        self.spans.push((me, span));
    }

    fn sandbox(&mut self, domain: usize, role: usize) -> Function {
        (domain, role, self.random.below(SANDBOXES))
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.random.below(high - low)
    }
}

fn service((domain, role, _): Function) -> String {
    format!("{}-{}", DOMAINS[domain], ROLES[role])
}

fn request(spans: Vec<(Function, Span)>) -> ExportTraceServiceRequest {
    let mut by_function: BTreeMap<Function, Vec<Span>> = BTreeMap::new();
    for (function, span) in spans {
        by_function.entry(function).or_default().push(span);
    }
    let resource_spans = by_function.into_iter().map(|(function, spans)| resource_spans(of(function), spans)).collect();
    ExportTraceServiceRequest { resource_spans }
}

/// A function's sandbox as an SDK describes it.
fn of(function: Function) -> Resource {
    let service = service(function);
    let log_stream =
        format!("2026/11/23/[$LATEST]{:032x}", function.2 + 16 * (function.0 * ROLES.len() + function.1) as u64);
    let more: Vec<KeyValue> = vec![
        text("cloud.provider", "aws"),
        text("cloud.platform", "aws_lambda"),
        text("cloud.region", "eu-central-1"),
        text("cloud.account.id", "123456789012"),
        text("faas.name", service.clone()),
        text("faas.version", "$LATEST"),
        text("faas.instance", log_stream),
        int("faas.max_memory", [128, 256, 512, 1024][function.1 % 4] << 20),
        text("deployment.environment.name", "production"),
        text("telemetry.sdk.language", "python"),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.version", "1.45.1"),
    ];
    resource(&service, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_has_twelve_attributes_and_requests_are_full() {
        let requests = Traffic::new(1).requests(20, 256);
        assert_eq!(requests.len(), 20);
        for request in &requests {
            let spans: Vec<&Span> =
                request.resource_spans.iter().flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans).collect();
            assert_eq!(spans.len(), 256);
            assert!(spans.iter().all(|span| span.attributes.len() == ATTRIBUTES));
        }
    }

    #[test]
    fn fifty_services_speak_and_one_domain_most() {
        let requests = Traffic::new(1).requests(200, 256);
        let mut spans: BTreeMap<String, usize> = BTreeMap::new();
        for of in requests.iter().flat_map(|request| &request.resource_spans) {
            let name = of.resource.as_ref().unwrap().attributes[0].value.clone().unwrap().value.unwrap();
            let opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(name) = name else { panic!() };
            *spans.entry(name).or_default() += of.scope_spans[0].spans.len();
        }
        assert_eq!(spans.len(), DOMAINS.len() * ROLES.len());
        assert!(spans["orders-api"] > 4 * spans["shipping-api"], "{spans:?}");
    }
}
