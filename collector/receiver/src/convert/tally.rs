//! What a request brought and what became of it: the counts, and the words for its sender.

use crate::signal::Signal;

/// Of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Spans, log records or data points that came.
    pub(crate) received: u64,
    pub(crate) bad_trace_ids: u64,
    pub(crate) bad_span_ids: u64,
    /// Data points our pages use; the others were accepted and not kept.
    pub(crate) kept_points: u64,
    pub(crate) bad_parents: u64,
    pub(crate) bad_links: u64,
    /// Log records with an id of a wrong length: kept without it.
    pub(crate) bad_log_ids: u64,
    /// Log records of which something was cut; they have nowhere to keep that, as spans have.
    pub(crate) cut_logs: u64,
    pub(crate) secrets: u64,
}

impl Tally {
    pub(crate) fn rejected(&self) -> u64 {
        self.bad_trace_ids + self.bad_span_ids
    }

    /// What the sender should know, in English; empty when all is well.
    pub(crate) fn message(&self, signal: Signal) -> String {
        let mut parts = Vec::new();
        if self.rejected() > 0 {
            parts.push(format!("{} of {} {} rejected", self.rejected(), self.received, signal.items()));
        }
        let mut say = |count: u64, what: &str| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        say(self.bad_trace_ids, "with a trace id that is not 16 bytes or all zero");
        say(self.bad_span_ids, "with a span id that is not 8 bytes or all zero");
        say(self.bad_parents, "kept without a parent whose id was not 8 bytes");
        say(self.bad_links, "links left out for a trace or span id that was invalid");
        say(self.bad_log_ids, "kept without a trace or span id of a wrong length");
        say(self.cut_logs, "cut to 64 KiB a value and 512 attributes");
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_how_many_of_how_many_and_why() {
        let tally = Tally { received: 500, bad_trace_ids: 1, bad_span_ids: 2, ..Tally::default() };
        assert_eq!(
            tally.message(Signal::Traces),
            "3 of 500 spans rejected; 1 with a trace id that is not 16 bytes or all zero; \
             2 with a span id that is not 8 bytes or all zero"
        );
        assert_eq!(Tally { received: 9, secrets: 1, ..Tally::default() }.message(Signal::Traces), "");
    }
}
