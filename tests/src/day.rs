//! A day of a shop whose troubles are known, so that a story can ask the pages for them.
//!
//! Since this morning version 8 of `checkout` reads prices twice and costs three times as much as version 7; parcels wait in their
//! queue since three hours ago; `speech` runs into its timeout after asking for a long text; `thumbnail` was tried at two sizes;
//! one customer pays for most; orders are throttled.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;

use crate::otlp::{CLIENT, PRODUCER, failed, int, resource, resource_spans, span, text, trace_request};
use crate::random::{Random, hex};
use crate::{Coldlight, grpc};

const MS: u64 = 1_000_000;
pub const MINUTE: u64 = 60_000 * MS;
pub const HOUR: u64 = 60 * MINUTE;

/// Resources of one request.
const TOGETHER: usize = 200;

/// What was sent, and what is to be found in it.
pub struct Day {
    pub traces: ExportTraceServiceRequest,
    pub logs: ExportLogsServiceRequest,
    /// The slowest order, and how long its second question to the table took.
    pub slow: Slow,
    /// A request id of `speech` that ran into its timeout.
    pub timed_out: String,
    /// The order that a customer calls about, and its trace.
    pub complaint: (String, String),
    /// When parcels began to wait, in nanoseconds since 1970.
    pub waits_since: u64,
}

pub struct Slow {
    pub trace: String,
    pub operation: &'static str,
}

impl Day {
    /// Sends all of it, and `more` spans with it, and waits until every report is told of.
    pub async fn arrive(&self, at: &Coldlight, more: impl IntoIterator<Item = ResourceSpans>) {
        let mut connection = grpc::Connection::open(at.grpc()).await.unwrap();
        let mut resources = self.traces.resource_spans.clone();
        resources.extend(more);
        for some in resources.chunks(TOGETHER) {
            let request = trace_request(some.to_vec()).encode_to_vec();
            assert!(connection.call(grpc::TRACES, "identity", &request).await.unwrap().is_ok());
        }
        for some in self.logs.resource_logs.chunks(TOGETHER) {
            let request = ExportLogsServiceRequest { resource_logs: some.to_vec() }.encode_to_vec();
            assert!(connection.call(grpc::LOGS, "identity", &request).await.unwrap().is_ok());
        }
        let reports = self.logs.resource_logs.len() as u64;
        at.until_count("invocations WHERE cost_state = 'reported'", reports, Duration::from_secs(60)).await;
    }
}

/// A function as it is deployed.
#[derive(Clone, Copy)]
struct Deployed {
    name: &'static str,
    version: &'static str,
    memory_mb: i64,
}

/// One invocation to be made.
struct Invocation {
    of: Deployed,
    start: u64,
    ms: u64,
    name: &'static str,
    used_mb: u64,
    init_ms: Option<u64>,
    status: &'static str,
    more: Vec<KeyValue>,
    links: Vec<Link>,
}

struct Maker {
    random: Random,
    spans: Vec<ResourceSpans>,
    logs: Vec<ResourceLogs>,
}

/// The day before `now`, nanoseconds since 1970.
pub fn day(now: u64) -> Day {
    let mut maker = Maker { random: Random::from_seed(42), spans: Vec::new(), logs: Vec::new() };
    let seven = Deployed { name: "checkout", version: "7", memory_mb: 512 };
    let eight = Deployed { version: "8", ..seven };
    let (mut complaint, mut sent) = ((String::new(), String::new()), Vec::new());
    for number in 0..60 {
        let old = maker.order(seven, now - 23 * HOUR + number * 10 * MINUTE, 120, number);
        let new = maker.order(eight, now - 8 * HOUR + number * 7 * MINUTE + MINUTE, 420, number + 60);
        if number == 40 {
            complaint = (format!("order-{}", number + 60), hex(&new.trace_id));
        }
        sent.extend([old, new]);
    }
    // One of them is slower than all others, and it is the table that takes the time.
    let slowest = maker.order(eight, now - 20 * MINUTE, 2_900, 200);
    let slow = Slow { trace: hex(&slowest.trace_id), operation: "DynamoDB.Query" };
    let waits_since = now - 3 * HOUR;
    for (number, producer) in sent.iter().enumerate() {
        maker.pack(producer, waits_since, number as u64);
    }
    let mut timed_out = String::new();
    for number in 0..6 {
        timed_out = maker.speech(now - 5 * HOUR + number * 45 * MINUTE, number % 2 == 0).unwrap_or(timed_out);
    }
    for (memory_mb, ms) in [(256, 2_400), (1024, 500)] {
        // It takes a hundred to compare two sizes.
        for number in 0..120 {
            maker.thumbnail(memory_mb, now - 6 * HOUR + number * 2 * MINUTE, ms + number);
        }
    }
    for number in 0..12 {
        maker.throttled(now - 2 * HOUR + number * MINUTE);
    }
    Day {
        traces: trace_request(maker.spans),
        logs: ExportLogsServiceRequest { resource_logs: maker.logs },
        slow,
        timed_out,
        complaint,
        waits_since,
    }
}

impl Maker {
    /// An order: a gateway's request, the price table (twice in version 8), and a parcel for the queue. Answers the send.
    fn order(&mut self, of: Deployed, start: u64, ms: u64, number: u64) -> Span {
        // Every third order is customer 42's.
        let tenant =
            if number.is_multiple_of(3) { "customer-42".to_owned() } else { format!("customer-{}", number % 7) };
        let more = vec![
            text("faas.trigger", "http"),
            text("http.request.method", "POST"),
            text("http.route", "/orders"),
            int("http.response.status_code", 201),
            text("tenant.id", tenant),
            text("order.id", format!("order-{number}")),
        ];
        let init_ms = number.is_multiple_of(20).then_some(310);
        let invocation = self.invoke(Invocation {
            of,
            start,
            ms,
            name: "POST /orders",
            used_mb: 120,
            init_ms,
            status: "success",
            more,
            links: Vec::new(),
        });
        let queries = if of.version == "8" { 2 } else { 1 };
        let each = (ms - 40) / queries;
        for at in 0..queries {
            let mut asked = self.under(&invocation, "DynamoDB.Query", start + (10 + at * each) * MS, each * MS);
            asked.attributes = vec![
                text("rpc.system", "aws-api"),
                text("rpc.service", "DynamoDB"),
                text("rpc.method", "Query"),
                text("db.system.name", "aws.dynamodb"),
                text("aws.dynamodb.table_names", "prices"),
            ];
            self.keep(resource_of(of), asked);
        }
        let mut send = self.under(&invocation, "parcels send", start + (ms - 25) * MS, 15 * MS);
        send.kind = PRODUCER;
        send.attributes = queue("send");
        self.keep(resource_of(of), send.clone());
        send
    }

    /// The parcel's way through the queue: half a second, until it waits longer and longer.
    fn pack(&mut self, sent: &Span, waits_since: u64, number: u64) {
        let at = sent.end_time_unix_nano;
        let wait = if at > waits_since { 30_000 * MS + (at - waits_since) / 10 } else { 500 * MS };
        let mut more = queue("process");
        more.extend([text("faas.trigger", "pubsub"), int("coldlight.trigger.sent_at", (at / MS) as i64)]);
        more.push(int("messaging.batch.message_count", 1));
        let link = Link { trace_id: sent.trace_id.clone(), span_id: sent.span_id.clone(), ..Link::default() };
        self.invoke(Invocation {
            of: Deployed { name: "packer", version: "3", memory_mb: 256 },
            start: at + wait,
            ms: 80,
            name: "parcels process",
            used_mb: 90,
            init_ms: number.is_multiple_of(30).then_some(250),
            status: "success",
            more,
            links: vec![link],
        });
    }

    /// A long text takes longer than the function may; its request id is answered then.
    fn speech(&mut self, start: u64, long: bool) -> Option<String> {
        let of = Deployed { name: "speech", version: "2", memory_mb: 256 };
        let more = vec![text("faas.trigger", "http"), text("http.route", "/speeches"), text("tenant.id", "customer-5")];
        let invocation = self.invoke(Invocation {
            of,
            start,
            ms: if long { 3_000 } else { 700 },
            name: "POST /speeches",
            used_mb: 110,
            init_ms: None,
            status: if long { "timeout" } else { "success" },
            more,
            links: Vec::new(),
        });
        // The call that went well before; the one that hangs never ends, so nobody hears of it but by the gap.
        let mut split = self.under(&invocation, "split the text", start + 5 * MS, 40 * MS);
        split.kind = 1;
        self.keep(resource_of(of), split);
        let mut asked = self.under(&invocation, "Polly.SynthesizeSpeech", start + 50 * MS, 600 * MS);
        asked.attributes = vec![text("rpc.system", "aws-api"), text("rpc.service", "Polly")];
        self.keep(resource_of(of), asked);
        long.then(|| request_id(&invocation))
    }

    fn thumbnail(&mut self, memory_mb: i64, start: u64, ms: u64) {
        self.invoke(Invocation {
            of: Deployed { name: "thumbnail", version: "4", memory_mb },
            start,
            ms,
            name: "photos",
            used_mb: 210,
            init_ms: None,
            status: "success",
            more: vec![text("faas.trigger", "datasource"), text("aws.s3.bucket", "photos")],
            links: Vec::new(),
        });
    }

    /// An order that Lambda turned away: the shopfront's spans alone.
    fn throttled(&mut self, start: u64) {
        let shopfront = resource("shopfront", vec![text("deployment.environment.name", "production")]);
        let mut served = span("POST /basket", self.random.trace_id(), self.random.span_id(), start, 30 * MS);
        served.attributes = vec![
            text("http.request.method", "POST"),
            text("http.route", "/basket"),
            int("http.response.status_code", 503),
        ];
        served.status = failed("checkout is busy");
        let mut asked = self.under(&served, "POST", start + 5 * MS, 20 * MS);
        asked.attributes = vec![
            text("http.request.method", "POST"),
            text("server.address", "a1b2c3.execute-api.eu-west-1.amazonaws.com"),
            text("service.peer.name", "checkout"),
            int("http.response.status_code", 429),
            text("error.type", "429"),
        ];
        asked.status = failed("");
        self.spans.push(resource_spans(shopfront, vec![served, asked]));
    }

    /// An invocation with its report; one that timed out never sent its span.
    fn invoke(&mut self, one: Invocation) -> Span {
        let trace_id = self.random.trace_id();
        let mut served = span(one.name, trace_id, self.random.span_id(), one.start, one.ms * MS);
        let id = self.random.uuid();
        served.attributes = one.more;
        served.attributes.push(text("faas.invocation_id", id.clone()));
        served.links = one.links;
        let init = one.init_ms.map(|init| format!("\tInit Duration: {init}.00 ms")).unwrap_or_default();
        let ended = if one.status == "success" { String::new() } else { format!("\tStatus: {}", one.status) };
        let line = format!(
            "REPORT RequestId: {id}\tDuration: {}.00 ms\tBilled Duration: {} ms\tMemory Size: {} MB\tMax Memory Used: {} MB{init}{ended}",
            one.ms,
            one.ms + one.init_ms.unwrap_or(0),
            one.of.memory_mb,
            one.used_mb
        );
        let log = LogRecord {
            time_unix_nano: one.start + one.ms * MS,
            body: Some(AnyValue { value: Some(Value::StringValue(line)) }),
            trace_id: trace_id.to_vec(),
            ..LogRecord::default()
        };
        let scope_logs = vec![ScopeLogs { log_records: vec![log], ..ScopeLogs::default() }];
        self.logs.push(ResourceLogs { resource: Some(resource_of(one.of)), scope_logs, ..ResourceLogs::default() });
        if one.status == "success" {
            self.keep(resource_of(one.of), served.clone());
        }
        served
    }

    fn under(&mut self, parent: &Span, name: &str, start: u64, length: u64) -> Span {
        let trace_id = parent.trace_id[..].try_into().expect("16 bytes");
        let mut below = span(name, trace_id, self.random.span_id(), start, length);
        below.parent_span_id = parent.span_id.clone();
        below.kind = CLIENT;
        below
    }

    fn keep(&mut self, resource: Resource, span: Span) {
        self.spans.push(resource_spans(resource, vec![span]));
    }
}

fn request_id(invocation: &Span) -> String {
    let id = invocation.attributes.iter().find(|one| one.key == "faas.invocation_id");
    match id.and_then(|id| id.value.as_ref()?.value.clone()) {
        Some(Value::StringValue(id)) => id,
        other => panic!("{other:?} is no request id"),
    }
}

fn queue(operation: &str) -> Vec<KeyValue> {
    vec![
        text("messaging.system", "aws_sqs"),
        text("messaging.destination.name", "parcels"),
        text("messaging.operation.name", operation),
        text("messaging.operation.type", operation),
    ]
}

fn resource_of(of: Deployed) -> Resource {
    let more = vec![
        text("cloud.provider", "aws"),
        text("cloud.platform", "aws_lambda"),
        text("cloud.region", "eu-west-1"),
        text("cloud.account.id", "123456789012"),
        text("faas.name", of.name),
        text("faas.version", of.version),
        text("faas.instance", format!("2026/03/01/[{}]{}", of.version, of.name)),
        int("faas.max_memory", of.memory_mb << 20),
        text("host.arch", "amd64"),
        text("deployment.environment.name", "production"),
    ];
    resource(of.name, more)
}
