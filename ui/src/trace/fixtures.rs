//! Traces made up for tests and for the gallery: one for each thing a trace can be.

use coldlight_model::*;

/// 2026-11-20T14:03:22.418Z, when every fixture begins.
pub const START: u64 = 1_795_183_402_418_000_000;
const MILLI: u64 = 1_000_000;

/// A span in few words: times in milliseconds (or parts of one) after [`START`].
#[derive(Clone, Debug)]
pub struct Draft {
    id: u64,
    parent: u64,
    start: u64,
    length: u64,
    service: String,
    name: String,
    kind: Kind,
    platform: NodeKind,
    outcome: Outcome,
    http: Option<u16>,
    error_type: Option<String>,
    message: String,
    remote: Option<Node>,
    way: Way,
    events: Vec<u64>,
    links: u32,
    records: Option<i64>,
    oddities: Oddities,
    invocation: Option<String>,
}

impl Draft {
    /// Parent 0 is none. The service is also the resource.
    pub fn new(id: u64, parent: u64, start_ms: u64, length_ms: u64) -> Self {
        Self {
            id,
            parent,
            start: start_ms * MILLI,
            length: length_ms * MILLI,
            service: "svc".into(),
            name: format!("span {id}"),
            kind: Kind::INTERNAL,
            platform: NodeKind::Service,
            outcome: Outcome::Ok,
            http: None,
            error_type: None,
            message: String::new(),
            remote: None,
            way: Way::Sync,
            events: Vec::new(),
            links: 0,
            records: None,
            oddities: Oddities::default(),
            invocation: None,
        }
    }

    pub fn of(mut self, service: &str) -> Self {
        self.service = service.into();
        self
    }

    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// A function's invocation.
    pub fn lambda(mut self, request: &str) -> Self {
        self.platform = NodeKind::Lambda;
        self.kind = Kind::SERVER;
        self.invocation = Some(request.into());
        self
    }

    pub fn http(mut self, status: u16) -> Self {
        self.http = Some(status);
        self.outcome = Outcome::judge(StatusCode::UNSET, Some(status), None);
        self
    }

    pub fn fails(mut self, error_type: &str, message: &str) -> Self {
        self.error_type = Some(error_type.into());
        self.message = message.into();
        self.outcome = Outcome::judge(StatusCode::ERROR, self.http, Some(error_type));
        self
    }

    /// A call to something.
    pub fn calls(mut self, kind: NodeKind, name: &str) -> Self {
        self.remote = Some(Node::new(kind, name));
        self.kind = Kind::CLIENT;
        self
    }

    pub fn way(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// Milliseconds after the span's start.
    pub fn events(mut self, after_ms: &[u64]) -> Self {
        self.events = after_ms.iter().map(|ms| ms * MILLI).collect();
        self
    }

    pub fn links(mut self, links: u32) -> Self {
        self.links = links;
        self
    }

    pub fn records(mut self, records: i64) -> Self {
        self.records = Some(records);
        self
    }

    pub fn odd(mut self, oddity: Oddities) -> Self {
        self.oddities.add(oddity);
        self
    }

    fn span(&self) -> TraceSpan {
        let started_at = Timestamp::from_nanos(START + self.start);
        let mut resource = Resource::default();
        resource.attributes.insert("service.name".into(), Value::Text(self.service.clone()));
        TraceSpan {
            span_id: id(self.id),
            parent_span_id: (self.parent != 0).then(|| id(self.parent)),
            name: self.name.clone(),
            kind: self.kind,
            service: self.service.clone(),
            platform: self.platform,
            resource: resource.id(),
            started_at,
            duration: self.length,
            outcome: self.outcome,
            status_code: if self.error_type.is_some() { StatusCode::ERROR } else { StatusCode::UNSET },
            status_message: self.message.clone(),
            http_status: self.http,
            error_type: self.error_type.clone(),
            remote: self.remote.clone(),
            way: self.way,
            invocation_id: self.invocation.clone(),
            records: self.records,
            event_times: self.events.iter().map(|after| started_at.plus(*after)).collect(),
            links: self.links,
            oddities: self.oddities,
            received_at: started_at.plus(self.length).plus(400 * MILLI),
        }
    }
}

pub fn id(number: u64) -> SpanId {
    SpanId::new(number.to_be_bytes()).expect("not zero")
}

/// The trace of these drafts, in the order the store gives: by start, then span id.
pub fn drafted(drafts: &[Draft]) -> Trace {
    let mut spans: Vec<TraceSpan> = drafts.iter().map(Draft::span).collect();
    spans.sort_by_key(|span| (span.started_at, span.span_id));
    Trace { trace_id: TraceId::from_hex("5f8a3c7d91e04b26a7c35d18f0b4e21b").expect("hex"), spans }
}

/// A checkout: a gateway, functions, tables, a payment that is throttled once, a queue, and a notification that times out.
pub fn checkout() -> Trace {
    use NodeKind::{DynamoDb, External, S3, Sns, Sqs};
    let api = |id, parent, start, length| Draft::new(id, parent, start, length).of("checkout-api");
    let worker = |id, parent, start, length| Draft::new(id, parent, start, length).of("order-worker");
    let notify = |id, parent, start, length| Draft::new(id, parent, start, length).of("notify-fn");
    let mut publish = worker(0x22, 0x1f, 2_337, 25).name("SNS Publish").calls(Sns, "notify").way(Way::Async);
    publish.kind = Kind::PRODUCER;
    let mut send = api(0x1d, 0x12, 1_850, 20).name("SQS SendMessage").calls(Sqs, "order-events").way(Way::Async);
    send.kind = Kind::PRODUCER;
    drafted(&[
        Draft::new(0x10, 0, 0, 1_912).of("api-gw").name("POST /checkout").kind(Kind::SERVER).http(200),
        api(0x11, 0x10, 14, 1_887).name("checkout-api").lambda("4c1e6a52-9d0b-5f7e-b3a8-1fd27c90aa16").http(200),
        api(0x12, 0x11, 439, 1_454).name("handler"),
        api(0x13, 0x12, 441, 15).name("validate cart").events(&[3, 9]),
        api(0x14, 0x12, 458, 25).name("DynamoDB GetItem").calls(DynamoDb, "orders"),
        api(0x15, 0x12, 486, 426).name("POST pricing-svc/quote").calls(External, "pricing-svc").http(200),
        Draft::new(0x16, 0x15, 494, 410).of("pricing-svc").name("POST /quote").kind(Kind::SERVER).http(200),
        Draft::new(0x17, 0x16, 501, 344)
            .of("pricing-svc")
            .name("SELECT rates_by_sku")
            .calls(NodeKind::Database, "pg-rates"),
        Draft::new(0x18, 0x16, 847, 52).of("pricing-svc").name("apply promotions"),
        api(0x19, 0x12, 914, 24).name("DynamoDB PutItem").calls(DynamoDb, "orders"),
        api(0x1a, 0x12, 940, 78).name("POST /charge attempt 1").calls(External, "payments").http(429),
        api(0x1b, 0x12, 1_018, 198).name("backoff sleep"),
        api(0x1c, 0x12, 1_216, 630).name("POST /charge attempt 2").calls(External, "payments").http(201),
        send,
        worker(0x1e, 0x1d, 2_306, 505)
            .name("order-worker")
            .lambda("0b9d9a8e-77c5-5d1e-9f1b-c5f4e3a2d190")
            .kind(Kind::CONSUMER)
            .way(Way::Poll)
            .links(3)
            .records(3),
        worker(0x1f, 0x1e, 2_309, 497).name("process order"),
        worker(0x20, 0x1f, 2_312, 4).name("DynamoDB UpdateItem").calls(DynamoDb, "orders"),
        worker(0x21, 0x1f, 2_318, 4).name("DynamoDB UpdateItem").calls(DynamoDb, "orders"),
        publish,
        notify(0x23, 0x22, 2_400, 442)
            .name("notify-fn")
            .lambda("7f31c6d0-0c67-4b5e-8a59-d0e3b6a7f2c4")
            .fails("Timeout", "")
            .way(Way::Async),
        notify(0x24, 0x23, 2_592, 250)
            .name("handler")
            .fails(
                "botocore.exceptions.ReadTimeoutError",
                "Read timeout on endpoint URL: https://email.eu-west-1.amazonaws.com/",
            )
            .events(&[250]),
        worker(0x25, 0x1f, 2_365, 338).name("render invoice pdf"),
        worker(0x26, 0x1f, 2_706, 88).name("S3 PutObject").calls(S3, "invoices"),
        api(0x27, 0x11, 1_893, 8).name("telemetry flush"),
    ])
}

/// Everything odd: a parent that never came, two roots, a circle, clocks that disagree, times out of order.
pub fn odd() -> Trace {
    drafted(&[
        Draft::new(1, 0, 100, 300).of("edge").name("GET /report").kind(Kind::SERVER).http(200),
        Draft::new(2, 1, 88, 240).of("reports").name("build report").kind(Kind::SERVER),
        Draft::new(3, 2, 95, 60).of("reports").name("SELECT totals").calls(NodeKind::Database, "warehouse"),
        Draft::new(4, 1, 390, 40).of("edge").name("write access log"),
        Draft::new(5, 0, 250, 90).of("janitor").name("sweep"),
        Draft::new(6, 0xdead_beef, 180, 120).of("mailer").name("send mail").kind(Kind::CONSUMER),
        Draft::new(7, 0xdead_beef, 320, 60)
            .of("mailer")
            .name("send mail")
            .kind(Kind::CONSUMER)
            .fails("SmtpError", "451 try again later"),
        Draft::new(8, 9, 200, 50).of("ouroboros").name("head"),
        Draft::new(9, 8, 210, 30).of("ouroboros").name("tail"),
        Draft::new(10, 1, 150, 0).of("edge").name("ended before it started").odd(Oddities::BAD_TIME),
        Draft::new(11, 10, 150, 5).of("edge").name("no one's fault").odd(Oddities::DUPLICATE_KEY),
    ])
}

/// Names that would break a page that trusts them.
pub fn hostile() -> Trace {
    let long = "long name ".repeat(6_500);
    drafted(&[
        Draft::new(1, 0, 0, 100)
            .of("<script>alert(1)</script>")
            .name("\"><img src=x onerror=alert(2)>")
            .kind(Kind::SERVER),
        Draft::new(2, 1, 10, 50).of("\u{202e}gnitset").name("\u{202e}txt.exe\u{2066} reversed"),
        Draft::new(3, 1, 20, 30).of("line\nbreak").name("tab\tand\u{0}zero\r\nand more"),
        Draft::new(4, 1, 30, 20).of(&long).name(&long),
        Draft::new(5, 4, 31, 10).of("").name(""),
        Draft::new(6, 1, 60, 30)
            .of("a,b\\c")
            .name("' onclick='alert(3)")
            .fails("<b>Error</b>", "</pre><script>alert(4)</script>"),
        Draft::new(7, 1, 70, 20)
            .of("{{ 7 * 7 }}")
            .name("${jndi:ldap://x}")
            .calls(NodeKind::External, "javascript:alert(5)"),
    ])
}

/// Forty calls inside each other, by twenty services.
pub fn deep() -> Trace {
    let call = |level: u64| {
        let draft = Draft::new(level, level - 1, level * 3, 400 - level * 7).of(&format!("service-{:02}", level % 20));
        if level == 40 { draft.fails("Exhausted", "nothing left below") } else { draft }
    };
    drafted(&(1..=40).map(call).collect::<Vec<_>>())
}

/// `count` spans, the same every time: a batch job of some thousand records, each read, checked and written, some in vain.
pub fn large(count: u64) -> Trace {
    let mut drafts = vec![
        Draft::new(1, 0, 0, count * 4).of("nightly-import").name("import").kind(Kind::SERVER),
        Draft::new(2, 1, 5, count * 4 - 10).of("nightly-import").name("for each record"),
    ];
    let mut start = 10;
    let mut next = 3;
    while next < count {
        let record = next;
        let length = 8 + (record * 7_919) % 9;
        drafts.push(Draft::new(record, 2, start, length).of("nightly-import").name("record"));
        let steps = [
            Draft::new(record + 1, record, start + 1, 2)
                .of("nightly-import")
                .name("GetItem")
                .calls(NodeKind::DynamoDb, "customers"),
            Draft::new(record + 2, record, start + 3, 4)
                .of("nightly-import")
                .name("POST /check")
                .calls(NodeKind::External, "checker"),
            Draft::new(record + 3, record + 2, start + 4, 2).of("checker").name("POST /check").kind(Kind::SERVER),
        ];
        for (at, mut step) in steps.into_iter().enumerate() {
            if next + 1 + at as u64 >= count + 1 {
                break;
            }
            if at == 2 && record % 1_999 < 4 {
                step = step.http(500).fails("RuleEngineError", "rule 17 has no verdict");
            }
            drafts.push(step);
        }
        next += 4;
        start += length + 1;
    }
    drafts.truncate(count as usize);
    drafted(&drafts)
}

/// Everything about one span of `trace`, with attributes of every type.
pub fn detail(trace: &Trace, number: u64) -> SpanDetail {
    let span = trace.spans.iter().find(|span| span.span_id == id(number)).expect("a span of the trace");
    let attributes = Attributes::from_iter([
        ("http.request.method", Value::from("POST")),
        ("http.response.status_code", Value::Int(i64::from(span.http_status.unwrap_or(200)))),
        ("url.full", Value::from("https://api.example.com/charge?order=42")),
        ("order.id", Value::Int(42)),
        ("order.total", Value::Double(129.9)),
        ("customer.is_new", Value::Bool(false)),
        ("order.skus", Value::Array(vec!["A-7".into(), "B-12".into()])),
        ("order.address", Value::Map(Attributes::from_iter([("city", Value::from("Cork"))]))),
        ("payload.digest", Value::Bytes(vec![0xca, 0xfe, 0x42])),
        (
            "cart.note",
            Value::from("please leave the parcel with the neighbours if nobody opens the door, ".repeat(5).as_str()),
        ),
        ("empty", Value::Null),
    ]);
    let resource = Attributes::from_iter([
        ("service.name", Value::Text(span.service.clone())),
        ("service.version", Value::from("42")),
        ("cloud.platform", Value::from("aws_lambda")),
        ("cloud.region", Value::from("eu-west-1")),
        ("faas.max_memory", Value::Int(536_870_912)),
        ("telemetry.sdk.language", Value::from("nodejs")),
    ]);
    let exception = Event {
        at: span.started_at.plus(span.duration),
        name: "exception".into(),
        attributes: Attributes::from_iter([
            ("exception.type", Value::from("botocore.exceptions.ReadTimeoutError")),
            ("exception.message", Value::from("Read timeout on endpoint URL")),
            (
                "exception.stacktrace",
                Value::from(
                    "Traceback (most recent call last):\n  File \"/var/task/app.py\", line 31, in handler\n    ses.send_email(**mail)\nReadTimeoutError",
                ),
            ),
            ("exception.escaped", Value::Bool(true)),
        ]),
        dropped_attributes_count: 0,
    };
    let retry = Event {
        at: span.started_at.plus(span.duration / 3),
        name: "retry".into(),
        attributes: Attributes::from_iter([("attempt", Value::Int(2))]),
        dropped_attributes_count: 2,
    };
    let elsewhere = TraceId::from_hex("0af7651916cd43dd8448eb211c80319c").expect("hex");
    let link = |trace_id, span_id| Link {
        trace_id,
        span_id,
        trace_state: String::new(),
        attributes: Attributes::from_iter([("messaging.message.id", Value::from("b7c1"))]),
        dropped_attributes_count: 0,
        flags: 0,
    };
    let named = |trace_id, span_id, service: &str, name: &str| SpanRef {
        trace_id,
        span_id,
        service: service.into(),
        name: name.into(),
        started_at: (!service.is_empty()).then(|| Timestamp::from_nanos(START)),
    };
    SpanDetail {
        span: Span {
            trace_id: trace.trace_id,
            span_id: span.span_id,
            parent_span_id: span.parent_span_id,
            trace_state: "vendor=1".into(),
            flags: 1,
            name: span.name.clone(),
            kind: span.kind,
            started_at: span.started_at,
            ended_at: span.ended_at(),
            attributes,
            dropped_attributes_count: 3,
            events: vec![retry, exception],
            dropped_events_count: 0,
            links: vec![link(trace.trace_id, id(0x1d)), link(elsewhere, id(7)), link(elsewhere, id(8))],
            dropped_links_count: 0,
            status_code: span.status_code,
            status_message: span.status_message.clone(),
            oddities: span.oddities,
            resource: 0,
            scope: 0,
        },
        resource: Resource { attributes: resource, ..Resource::default() },
        scope: Scope {
            name: "@opentelemetry/instrumentation-http".into(),
            version: "0.57.2".into(),
            ..Scope::default()
        },
        received_at: span.received_at,
        linked_from: vec![named(elsewhere, id(9), "audit", "write entry")],
        links_to: vec![
            named(trace.trace_id, id(0x1d), "checkout-api", "SQS SendMessage"),
            named(elsewhere, id(7), "checkout-api", "SQS SendMessage"),
            named(elsewhere, id(8), "", ""),
        ],
        logs: logs(trace).into_iter().filter(|line| line.record.span_id == Some(span.span_id)).collect(),
    }
}

/// Two log lines of each of the first spans that went wrong, and one of the root.
pub fn logs(trace: &Trace) -> Vec<LogLine> {
    let line = |span: &TraceSpan, number, words: &str| LogLine {
        record: LogRecord {
            at: Some(span.started_at.plus(span.duration / 2)),
            observed_at: None,
            trace_id: Some(trace.trace_id),
            span_id: Some(span.span_id),
            flags: 0,
            severity_number: number,
            severity_text: String::new(),
            body: Value::from(words),
            attributes: Attributes::from_iter([("code.line", Value::Int(31))]),
            dropped_attributes_count: 0,
            event_name: String::new(),
            resource: 0,
            scope: 0,
        },
        service: span.service.clone(),
    };
    let mut lines: Vec<LogLine> = trace.spans.iter().take(1).map(|span| line(span, 9, "order 42 accepted")).collect();
    for span in trace.spans.iter().filter(|span| span.outcome != Outcome::Ok).take(3) {
        lines.push(line(span, 13, "slow answer, will try again"));
        lines.push(line(span, 17, "gave up: {\"attempts\":3,\"order\":42}"));
    }
    lines.sort_by_key(|line| line.record.at);
    lines
}
