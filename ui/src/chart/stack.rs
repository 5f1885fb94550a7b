//! Outcomes as one bar: ok, 4xx, 429, 5xx. Whatever is there is at least two pixels wide (the stylesheet sees to it).

use coldlight_model::NodeStats;

use crate::format::{NOT_APPLICABLE, number, share};

/// The bar and the sentence that says the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stack {
    pub parts: Vec<Part>,
    pub summary: String,
}

/// One kind of outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// `ok`, `error`, `throttle`, `fault`: class of the fill.
    pub kind: &'static str,
    /// Class of the label's ink.
    pub tone: &'static str,
    pub label: &'static str,
    pub share: String,
    pub count: u64,
    /// In percent of the whole, for a custom property.
    pub width: String,
}

impl Stack {
    pub fn new(stats: &NodeStats) -> Self {
        let kinds = [
            ("ok", "", "ok", stats.ok()),
            ("error", "c-error", "4xx", stats.errors),
            ("throttle", "c-throttle", "429", stats.throttles),
            ("fault", "c-fault", "5xx", stats.faults),
        ];
        // A batch that was counted twice must not make the bar longer than its bed.
        let whole = kinds.iter().map(|kind| kind.3).sum::<u64>().max(stats.calls);
        let parts: Vec<Part> = kinds
            .into_iter()
            .filter(|(.., count)| *count > 0)
            .map(|(kind, tone, label, count)| Part {
                kind,
                tone,
                label,
                share: share(count, whole),
                count,
                width: number(count as f64 / whole as f64 * 100.0),
            })
            .collect();
        let said: Vec<String> = parts.iter().map(|part| format!("{} {}", part.share, part.label)).collect();
        let summary = if said.is_empty() { NOT_APPLICABLE.to_owned() } else { said.join(", ") };
        Self { parts, summary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_that_happened_has_its_part() {
        let stats = NodeStats { calls: 1000, errors: 14, faults: 6, throttles: 0, ..Default::default() };
        let stack = Stack::new(&stats);
        assert_eq!(stack.summary, "98.0% ok, 1.4% 4xx, 0.60% 5xx");
        assert_eq!(stack.parts[0].width, "98");
    }

    #[test]
    fn nothing_has_no_parts() {
        assert_eq!(Stack::new(&NodeStats::default()).parts, []);
    }

    #[test]
    fn more_problems_than_calls_stay_within_the_bar() {
        let stack = Stack::new(&NodeStats { calls: 1, faults: 3, ..Default::default() });
        assert_eq!(stack.parts[0].width, "100");
    }
}
