//! Requests through very many services of several teams: more than a map can draw.

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use crate::clock::unix_nanos;
use crate::otlp::{CLIENT, failed, resource, resource_spans, span, text};
use crate::random::Random;

pub const TEAMS: usize = 12;
const MS: u64 = 1_000_000;
pub const REQUESTS: u64 = 3;

/// What the `number`-th is called.
pub fn name(number: usize) -> String {
    ["orders", "prices", "stock", "search", "mail", "ledger"][number % 6].to_owned() + &format!("-{number:03}")
}

/// A few requests, each through all `services`: everyone is called by the one a third of its number, and the last one fails.
pub fn crowd(random: &mut Random, services: usize) -> Vec<ResourceSpans> {
    let start = unix_nanos() - 90_000 * MS;
    let mut all = Vec::new();
    for request in 0..REQUESTS {
        let trace_id = random.trace_id();
        let mut served: Vec<Vec<u8>> = Vec::new();
        for number in 0..services {
            let from = start + (request * 5_000 + number as u64 * 3) * MS;
            let mut own = span("work", trace_id, random.span_id(), from, 900 * MS);
            let of = |number: usize| {
                let platform = ["aws_lambda", "aws_ecs", "aws_lambda"][number % 3];
                let team = format!("team-{}", number % TEAMS);
                resource(&name(number), vec![text("cloud.platform", platform), text("team", team)])
            };
            if number > 0 {
                let caller = (number - 1) / 3;
                let mut call = span("call", trace_id, random.span_id(), from - MS, 902 * MS);
                (call.kind, call.parent_span_id) = (CLIENT, served[caller].clone());
                own.parent_span_id = call.span_id.clone();
                all.push(resource_spans(of(caller), vec![call]));
            }
            own.status = (number + 1 == services).then(|| failed("gone")).flatten();
            served.push(own.span_id.clone());
            all.push(resource_spans(of(number), vec![own]));
        }
    }
    all
}
