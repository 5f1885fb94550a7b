//! A trace of very many spans: calls within calls of six services, some of them failing.

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, Status};

use crate::clock::unix_nanos;
use crate::otlp::{CLIENT, ERROR, int, resource, resource_spans, span, text};
use crate::random::Random;

const SERVICES: u64 = 6;

/// `spans` of them, from a minute ago; the attribute `needle` is `n` and the number of the span.
pub fn large(random: &mut Random, trace_id: [u8; 16], count: u64) -> Vec<ResourceSpans> {
    let start = unix_nanos() - 60_000_000_000;
    let mut spans: Vec<Vec<Span>> = vec![Vec::new(); SERVICES as usize];
    let mut parents = vec![(random.span_id(), start, 30_000_000_000_u64)];
    spans[0].push(span("POST /import", trace_id, parents[0].0, start, 30_000_000_000));
    for number in 1..count {
        let (parent, from, length) = parents[random.below(parents.len().min(200) as u64) as usize];
        let begin = from + random.below(length / 2 + 1);
        let length = 50_000 + random.below(length / 2 + 1);
        let id = random.span_id();
        let name = ["GET /item", "DynamoDB.Query", "render", "POST /rule"][number as usize % 4];
        let mut span = span(name, trace_id, id, begin, length);
        span.parent_span_id = parent.to_vec();
        span.kind = if number % 4 == 1 { CLIENT } else { span.kind };
        span.attributes = vec![int("item", number as i64), text("needle", format!("n{number}"))];
        span.status = (number % 97 == 0).then(|| Status { code: ERROR, message: "gone".to_owned() });
        parents.push((id, begin, length));
        spans[random.below(SERVICES) as usize].push(span);
    }
    let of = |(number, spans)| resource_spans(resource(&format!("import-{number}"), Vec::new()), spans);
    spans.into_iter().enumerate().map(of).collect()
}
