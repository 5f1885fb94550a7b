//! What is arriving now: root spans and invocations, as they become visible.

use crate::{InvocationSummary, Nanos, NodeKind, Outcome, SpanId, Timestamp, TraceId};

/// How far somebody has read of what arrives: journal sequences up to which spans are in the tables, and up to which
/// invocations are told of. The second follows the first by a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveMark {
    pub written: u64,
    pub told: u64,
}

impl LiveMark {
    /// As the id of an event: `1204-1198`.
    pub fn to_text(self) -> String {
        format!("{}-{}", self.written, self.told)
    }

    /// `None` for what [`LiveMark::to_text`] does not write.
    pub fn from_text(text: &str) -> Option<Self> {
        let (written, told) = text.split_once('-')?;
        Some(Self { written: written.parse().ok()?, told: told.parse().ok()? })
    }
}

/// A span without a parent that is no invocation of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveSpan {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub service: String,
    pub platform: NodeKind,
    pub name: String,
    pub started_at: Timestamp,
    pub duration: Nanos,
    pub outcome: Outcome,
    pub error_type: Option<String>,
}

/// An invocation of which the platform said that it began, and nobody yet that it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningInvocation {
    pub request_id: String,
    /// The function, or the service where no function is named.
    pub function: String,
    pub started_at: Timestamp,
}

/// What came since a mark, newest end first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LiveNews {
    /// Up to where this tells.
    pub mark: LiveMark,
    pub spans: Vec<LiveSpan>,
    /// Those that ended; one is told again when more becomes known of it.
    pub invocations: Vec<InvocationSummary>,
    /// How many more matched and are in neither list.
    pub skipped: u64,
    /// Besides those, what came too long ago was not looked at.
    pub is_cut: bool,
    /// Begun within the last 15 minutes, newest first, the first twenty.
    pub running: Vec<RunningInvocation>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_from_its_text() {
        let mark = LiveMark { written: 1_204, told: 1_198 };
        assert_eq!(LiveMark::from_text(&mark.to_text()), Some(mark));
        for text in ["", "7", "-1-2", "7-x", "99999999999999999999-1"] {
            assert_eq!(LiveMark::from_text(text), None, "{text}");
        }
    }
}
