//! The bare limit: what decoding alone would allow.

use std::hint::black_box;
use std::time::{Duration, Instant};

use coldlight_tests::measure::processor_time;
use coldlight_tests::stamp::Template;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

const TIME: Duration = Duration::from_secs(2);

/// Spans that prost decodes (and drops again) from the same bytes in a second of processor time: what else runs does not count.
pub fn decode(templates: &[Template]) -> f64 {
    let bodies: Vec<_> = templates.iter().map(|template| (template.spans(), template.stamped(0, 0))).collect();
    let mut spans = 0;
    let own = std::process::id();
    let (start, before) = (Instant::now(), processor_time(own));
    for (count, body) in bodies.iter().cycle() {
        let request = ExportTraceServiceRequest::decode(body.clone()).expect("our own bytes");
        black_box(&request);
        spans += count;
        if start.elapsed() > TIME {
            break;
        }
    }
    spans as f64 / (processor_time(own) - before).as_secs_f64()
}
