//! What the invocation's span says about its trigger, in the names of OpenTelemetry's conventions (v1.44) and three of our own.
//!
//! Our own: `coldlight.trigger.source` and `.way` (the names of [`Source`] and [`Way`](crate::Way)), and `coldlight.trigger.sent_at`,
//! when the oldest record was sent, in milliseconds since 1970: start of the invocation minus this is the time in the queue.
//!
//! No query strings, bodies or message attributes: an event may hold what is nobody's business.

use serde_json::Value;

use crate::explain::Explanation;
use crate::json::{field, first, header_text, ignoring_case, path, text};
use crate::records::{document_namespace, records};
use crate::source::{Source, Trigger};

/// Names with values, for the span of the invocation that this event caused. Values are texts, whole numbers or arrays of texts.
///
/// ```
/// let event = serde_json::json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
///     "s3": {"bucket": {"name": "photos"}, "object": {"key": "my+cat.jpg"}}}]});
/// let attributes = coldlight_triggers::attributes(&event, &coldlight_triggers::explain(&event));
/// assert!(attributes.contains(&("faas.document.name", "my cat.jpg".into())));
/// ```
pub fn attributes(event: &Value, explained: &Explanation) -> Vec<(&'static str, Value)> {
    let source = explained.source;
    let mut all = vec![("faas.trigger", explained.faas_trigger.as_str().into())];
    let mut put = |name: &'static str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            all.push((name, value.into()));
        }
    };
    put("coldlight.trigger.source", Some(source.as_str()));
    put("coldlight.trigger.way", explained.way.map(|way| way.as_str()));
    match explained.faas_trigger {
        Trigger::Http => {
            let request = Request::of(event, source);
            put("http.request.method", request.method);
            put("http.route", request.route.as_deref());
            put("url.path", request.path);
            put("url.scheme", request.header("x-forwarded-proto"));
            put("server.address", request.host);
            put("client.address", request.client);
            put("user_agent.original", request.header("user-agent"));
        }
        Trigger::Timer => put("faas.time", text(event, &["time"])),
        Trigger::Datasource => document(event, source, &mut put),
        Trigger::Pubsub | Trigger::Other => {}
    }
    if let (Some(system), Some(node)) = (messaging_system(source), &explained.node) {
        put("messaging.system", Some(system));
        put("messaging.destination.name", Some(&node.name));
        put("messaging.operation.type", Some("process"));
        put("messaging.message.id", message_id(event, source));
    }
    let batch = explained.way == Some(crate::Way::Poll) || explained.records > 1;
    if batch {
        let records = i64::try_from(explained.records).unwrap_or(i64::MAX);
        all.push(("messaging.batch.message_count", records.into()));
    }
    if let Some(sent) = oldest(event, source) {
        all.push(("coldlight.trigger.sent_at", sent.into()));
    }
    all
}

/// The name of a request's span as HTTP servers give it, `GET /orders/{id}`; `None` where the function's own name is better.
///
/// ```
/// let event = serde_json::json!({"resource": "/orders/{id}", "httpMethod": "GET", "path": "/orders/42", "headers": {},
///     "requestContext": {"stage": "prod", "apiId": "a1b2c3"}});
/// let name = coldlight_triggers::span_name(&event, &coldlight_triggers::explain(&event));
/// assert_eq!(name.as_deref(), Some("GET /orders/{id}"));
/// ```
pub fn span_name(event: &Value, explained: &Explanation) -> Option<String> {
    if explained.faas_trigger != Trigger::Http {
        return None;
    }
    let request = Request::of(event, explained.source);
    Some(format!("{} {}", request.method?, request.route?))
}

/// What each HTTP source calls the parts of a request.
#[derive(Default)]
struct Request<'a> {
    method: Option<&'a str>,
    /// A template, so that names stay few. Load balancers and function URLs have none.
    route: Option<String>,
    path: Option<&'a str>,
    host: Option<&'a str>,
    client: Option<&'a str>,
    headers: Option<&'a Value>,
}

impl<'a> Request<'a> {
    fn of(event: &'a Value, source: Source) -> Self {
        let context = field(event, "requestContext");
        let mut request = Self { headers: Some(field(event, "headers")), ..Self::default() };
        match source {
            Source::ApiGatewayHttp | Source::FunctionUrl if has_http(context) => {
                request.method = text(context, &["http", "method"]);
                request.path = text(event, &["rawPath"]);
                request.client = text(context, &["http", "sourceIp"]);
                // `GET /orders/{id}`, or `$default`
                let route = text(event, &["routeKey"]).and_then(|key| key.split_once(' '));
                request.route = route.map(|(_, route)| route.to_owned());
            }
            Source::ApiGatewayRest | Source::ApiGatewayHttp => {
                request.method = text(event, &["httpMethod"]);
                request.path = text(event, &["path"]);
                request.route = text(event, &["resource"]).filter(|route| route.starts_with('/')).map(str::to_owned);
                request.client = text(context, &["identity", "sourceIp"]);
            }
            Source::Alb => {
                request.method = text(event, &["httpMethod"]);
                request.path = text(event, &["path"]);
                let headers = [field(event, "headers"), field(event, "multiValueHeaders")];
                request.headers = headers.into_iter().find(|headers| headers.is_object());
                request.client = request.header("x-forwarded-for").and_then(|all| all.split(',').next()).map(str::trim);
            }
            Source::VpcLattice => {
                request.method = text(event, &["method"]);
                let whole = text(event, &["path"]).or_else(|| text(event, &["raw_path"]));
                request.path = whole.and_then(|whole| whole.split('?').next());
            }
            Source::CloudFront => {
                let cf = path(first(field(event, "Records")), &["cf", "request"]);
                request.method = text(cf, &["method"]);
                request.path = text(cf, &["uri"]);
                request.client = text(cf, &["clientIp"]);
                request.headers = Some(field(cf, "headers"));
            }
            _ => {}
        }
        request.host = text(context, &["domainName"]).or_else(|| request.header("host"));
        request
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.and_then(|headers| ignoring_case(headers, name)).and_then(header_text)
    }
}

fn has_http(context: &Value) -> bool {
    field(context, "http").is_object()
}

fn document(event: &Value, source: Source, put: &mut impl FnMut(&'static str, Option<&str>)) {
    let record = first(field(event, "Records"));
    match source {
        Source::S3 => {
            put("faas.document.collection", text(record, &["s3", "bucket", "name"]));
            put("faas.document.name", text(record, &["s3", "object", "key"]).map(unescaped).as_deref());
            put("faas.document.operation", text(record, &["eventName"]).and_then(operation));
            put("faas.document.time", text(record, &["eventTime"]));
        }
        Source::DynamoDb => {
            let table = crate::node::node(event, source).map(|node| node.name);
            put("faas.document.collection", table.as_deref());
            put("faas.document.operation", text(record, &["eventName"]).and_then(operation));
        }
        Source::DocumentDb => {
            let change = path(first(field(event, "events")), &["event"]);
            put("faas.document.collection", document_namespace(event).map(|(_, collection)| collection));
            put("faas.document.operation", text(change, &["operationType"]).and_then(operation));
        }
        _ => {}
    }
}

/// The conventions know `insert`, `edit` and `delete`.
fn operation(event_name: &str) -> Option<&'static str> {
    let name = event_name.trim_start_matches("s3:");
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    if begins(&["ObjectCreated", "INSERT", "insert"]) {
        Some("insert")
    } else if begins(&["MODIFY", "update", "replace", "rename"]) {
        Some("edit")
    } else if begins(&["ObjectRemoved", "REMOVE", "delete", "drop"]) {
        Some("delete")
    } else {
        None
    }
}

/// S3 writes keys as forms do: `+` for a space, `%` before two hexadecimal digits.
fn unescaped(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.as_bytes();
    while let [byte, after @ ..] = rest {
        let escaped = (*byte == b'%').then(|| after.get(..2)).flatten();
        let code = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                bytes.push(code);
                rest = &after[2..];
            }
            None => {
                bytes.push(if *byte == b'+' { b' ' } else { *byte });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn messaging_system(source: Source) -> Option<&'static str> {
    match source {
        Source::Sqs => Some("aws_sqs"),
        Source::Sns => Some("aws.sns"),
        Source::Kinesis => Some("aws_kinesis"),
        Source::EventBridge => Some("aws_eventbridge"),
        Source::EventBridgeS3 => Some("aws_s3"),
        Source::Kafka => Some("kafka"),
        Source::RabbitMq => Some("rabbitmq"),
        Source::ActiveMq => Some("activemq"),
        _ => None,
    }
}

/// Of a single message; a batch has many.
fn message_id(event: &Value, source: Source) -> Option<&str> {
    match records(event, source).as_slice() {
        [one] => match source {
            Source::Sqs => text(one, &["messageId"]),
            Source::Sns => text(one, &["Sns", "MessageId"]),
            Source::EventBridge | Source::EventBridgeS3 => text(event, &["id"]),
            _ => None,
        },
        _ => None,
    }
}

/// When the oldest record was sent, in milliseconds since 1970. SNS writes ISO 8601, others numbers. EventBridge's `time` counts whole
/// seconds and may be the sender's own: too coarse to tell a wait by.
fn oldest(event: &Value, source: Source) -> Option<i64> {
    let seconds = |value: &Value| value.as_f64().map(|seconds| (seconds * 1000.0) as i64);
    let sent = |record: &&Value| match source {
        Source::Sqs => text(record, &["attributes", "SentTimestamp"])?.parse().ok(),
        Source::Kinesis => seconds(path(record, &["kinesis", "approximateArrivalTimestamp"])),
        Source::DynamoDb => seconds(path(record, &["dynamodb", "ApproximateCreationDateTime"])),
        Source::Kafka => field(record, "timestamp").as_i64(),
        Source::Sns => utc_ms(text(record, &["Sns", "Timestamp"])?),
        _ => None,
    };
    records(event, source).iter().filter_map(sent).filter(|sent| *sent > 0).min()
}

/// `2026-03-01T10:00:00.000Z` as milliseconds since 1970; `None` for what is no such time.
fn utc_ms(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let whole = |part: &str, most: i64| part.parse::<i64>().ok().filter(|number| (0..=most).contains(number));
    let mut parts = date.split('-');
    let (year, month, day) = (whole(parts.next()?, 9_999)?, whole(parts.next()?, 12)?, whole(parts.next()?, 31)?);
    let mut parts = time.split([':', '.']);
    let (hour, minute, second) = (whole(parts.next()?, 23)?, whole(parts.next()?, 59)?, whole(parts.next()?, 60)?);
    let ms = parts.next().map_or(Some(0), |digits| whole(format!("{digits:0<3}").get(..3)?, 999))?;
    // Days since 1970 of a year that begins in March, so that the day to leap over is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let since_march = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + since_march - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_sns_writes_them() {
        assert_eq!(utc_ms("1970-01-01T00:00:00.000Z"), Some(0));
        assert_eq!(utc_ms("2026-03-01T10:00:00.250Z"), Some(1_772_359_200_250));
        assert_eq!(utc_ms("2024-02-29T23:59:59Z"), Some(1_709_251_199_000));
        for wrong in
            ["", "2026-03-01", "2026-03-01T10:00:00.000", "2026-03-01T10Z", "x-y-zTa:b:cZ", "2026-03-01T10:00:00.é1Z"]
        {
            assert_eq!(utc_ms(wrong), None, "{wrong}");
        }
    }

    #[track_caller]
    fn check(key: &str, expected: &str) {
        assert_eq!(unescaped(key), expected);
    }

    #[test]
    fn keys_are_unescaped_as_forms_are() {
        check("a+b%2Bc", "a b+c");
        check("100%", "100%");
        check("%4", "%4");
        check("%+1", "% 1");
        check("gr%C3%BC%C3%9Fe.txt", "grüße.txt");
    }
}
