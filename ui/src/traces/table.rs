//! The rows of the list and the heads above them.

use coldlight_model::money::Usd;
use coldlight_model::{TraceList, TraceSort, TraceSummary};

use super::state::State;
use crate::format;
use crate::icon;
use crate::moment::{Moment, Shows};
use crate::palette::Palette;
use crate::shell::Shell;
use crate::text;

/// Services named in a row; the rest is a number.
const CHIPS: usize = 4;

/// One trace.
pub struct Row {
    pub id: String,
    pub href: String,
    pub start: Moment,
    pub service: String,
    pub class: String,
    pub operation: String,
    /// The root has not come, or will not.
    pub is_rootless: bool,
    pub response: String,
    pub response_ns: u64,
    pub completed: String,
    pub completed_ns: u64,
    /// All was done when the response was sent.
    pub is_done: bool,
    pub spans: String,
    pub span_count: u64,
    /// Class and name.
    pub services: Vec<(String, String)>,
    pub more_services: Option<String>,
    /// What its invocations and metered calls cost, and in words what that leaves out.
    pub cost: String,
    pub is_priced: bool,
    pub cost_words: String,
    /// Symbol, count and words.
    pub glyphs: Vec<(&'static str, String, String)>,
}

/// A head that sorts.
pub struct Head {
    pub label: &'static str,
    pub href: String,
    /// `ascending` or `descending` when the list is sorted by it.
    pub sorted: Option<&'static str>,
    pub arrow: &'static str,
    /// What the whole column has in common.
    pub note: String,
}

/// The day and zone of every start on the page, where there is only one day.
fn one_day(list: &TraceList, shell: &Shell) -> Option<String> {
    shell.zone.one_day(list.traces.iter().map(|trace| trace.started_at))
}

pub fn rows(list: &TraceList, palette: &Palette, shell: &Shell) -> Vec<Row> {
    let shows = if one_day(list, shell).is_some() { Shows::Time } else { Shows::DateTime };
    list.traces.iter().map(|trace| row(trace, shows, palette, shell)).collect()
}

fn row(trace: &TraceSummary, shows: Shows, palette: &Palette, shell: &Shell) -> Row {
    let glyph = |outcome, count: u64, one, many| {
        (count > 0).then(|| (icon::of_outcome(outcome), format::count(count), format::counted(count, one, many)))
    };
    let more = trace.services.len().saturating_sub(CHIPS);
    use coldlight_model::Outcome::{Error, Fault, Throttle};
    Row {
        id: trace.trace_id.to_hex(),
        href: format!("/traces/{}", trace.trace_id),
        start: Moment::new(trace.started_at, shows, &shell.zone, shell.now),
        service: text::named(&trace.root_service, 60),
        class: palette.class(&trace.root_service),
        operation: text::named(&trace.root_name, 120),
        is_rootless: !trace.has_root,
        response: if trace.has_root { format::duration(trace.response) } else { format::NOT_APPLICABLE.to_owned() },
        response_ns: trace.response,
        completed: format::duration(trace.completed),
        completed_ns: trace.completed,
        is_done: trace.has_root && trace.completed == trace.response,
        spans: format::count(trace.spans),
        span_count: trace.spans,
        services: trace
            .services
            .iter()
            .take(CHIPS)
            .map(|service| (palette.class(service), text::named(service, 40)))
            .collect(),
        cost: match (trace.cost, trace.unpriced) {
            (Some(cost), 0) => of_a_million(cost),
            (Some(cost), _) => format!("≥ {}", of_a_million(cost)),
            (None, 0) => format::NOT_APPLICABLE.to_owned(),
            (None, _) => "not priced".to_owned(),
        },
        is_priced: trace.cost.is_some(),
        cost_words: match (trace.cost, trace.unpriced) {
            (Some(cost), 0) => format!("this one: ${}", cost.to_picodollars()),
            (_, 0) => "no invocation and no metered call".to_owned(),
            (_, unpriced) => {
                format!("{} without a price", format::counted(unpriced, "invocation or call", "invocations and calls"))
            }
        },
        more_services: (more > 0).then(|| format!("+{}", format::count(more as u64))),
        glyphs: [
            glyph(Fault, trace.faults, "fault", "faults"),
            glyph(Error, trace.errors, "error", "errors"),
            glyph(Throttle, trace.throttles, "throttled", "throttled"),
            (trace.cold > 0)
                .then(|| ("cold", format::count(trace.cold), format::counted(trace.cold, "cold start", "cold starts"))),
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// The head over the starts, and the one over the responses.
pub fn heads(state: &State, list: &TraceList, shell: &Shell) -> (Head, Head) {
    let head = |label, down: TraceSort, up: TraceSort| {
        let sorted = match state.sort {
            sort if sort == down => Some("descending"),
            sort if sort == up => Some("ascending"),
            _ => None,
        };
        // The first click gives what one looks for first: the newest, the slowest.
        let then = if state.sort == down { up } else { down };
        let arrow = match sorted {
            Some("descending") => "↓",
            Some(_) => "↑",
            None => "",
        };
        Head { label, href: state.sorted(then).link().to_string(), sorted, arrow, note: String::new() }
    };
    let start = head("Start", TraceSort::Newest, TraceSort::Oldest);
    let response = head("Response", TraceSort::Slowest, TraceSort::Fastest);
    (Head { note: one_day(list, shell).unwrap_or_default(), ..start }, response)
}

/// What a million such traces would cost, so that sums stand below each other.
fn of_a_million(cost: Usd) -> String {
    format::usd_millionth(format::per_million(cost, 1).unwrap_or(cost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::Timestamp;

    #[test]
    fn a_head_turns_around_when_clicked_again() {
        let of = |query| heads(&State::parse(query, Timestamp::EPOCH), &TraceList::default(), &Shell::default());
        let (start, response) = of("");
        assert_eq!((start.sorted, start.href.as_str()), (Some("descending"), "/traces?range=1h&sort=oldest"));
        assert_eq!((response.sorted, response.href.as_str()), (None, "/traces?range=1h&sort=slowest"));
        let (start, response) = of("sort=slowest");
        assert_eq!((start.sorted, start.href.as_str()), (None, "/traces?range=1h"));
        assert_eq!((response.sorted, response.href.as_str()), (Some("descending"), "/traces?range=1h&sort=fastest"));
    }
}
