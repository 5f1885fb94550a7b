//! A metric data point that our own pages use (platform and container metrics).

use crate::{Attributes, Timestamp};

/// One number of one metric. Of a histogram, `value` is the sum and `count` how many were summed.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricPoint {
    pub name: String,
    pub unit: String,
    pub at: Timestamp,
    pub value: f64,
    pub count: Option<u64>,
    pub attributes: Attributes,
    pub resource: u32,
}

impl MetricPoint {
    /// Whether a metric is about a platform or a container, and so kept; all others are accepted and counted.
    pub fn is_kept(name: &str) -> bool {
        ["faas.", "container.", "k8s.", "aws.ecs.", "coldlight.", "process.memory.", "process.cpu."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    }
}
