//! One line: an invocation that ended, or a root span.

use coldlight_model::{InvocationSummary, LiveNews, LiveSpan, Outcome};

use crate::format::NOT_APPLICABLE;
use crate::invocations::row::{Start, how, outcome, span_href};
use crate::invocations::state::request_path;
use crate::moment::{Moment, Shows};
use crate::palette::Palette;
use crate::shell::Shell;
use crate::{format, icon, text};

/// A row of the table.
pub(super) struct Line {
    /// What is told again under the same key is the same, better known.
    pub key: String,
    /// `invocation` or `span`.
    pub of: &'static str,
    pub href: String,
    pub start: Moment,
    pub icon: &'static str,
    pub class: String,
    pub service: String,
    /// Of a span its name; of an invocation version and trigger.
    pub what: String,
    /// Class of the glyph, words, error type.
    pub outcome: (&'static str, &'static str, String),
    pub cold: Option<Start>,
    pub duration: String,
    pub duration_ns: u64,
    /// Of a million such, so that a column has one unit; exactly, of this one.
    pub cost: String,
    pub exact: Option<String>,
    /// Where its formula is.
    pub how: Option<String>,
    ended: i64,
}

/// All of `news`, newest end first, at most `limit`.
pub(super) fn lines(news: &LiveNews, limit: usize, shell: &Shell) -> Vec<Line> {
    let services = news.spans.iter().map(|span| &span.service);
    let services = services.chain(news.invocations.iter().map(|one| &one.service));
    let palette = Palette::of(services.map(String::as_str));
    let spans = news.spans.iter().map(|span| of_span(span, &palette, shell));
    let mut lines: Vec<Line> =
        spans.chain(news.invocations.iter().map(|one| of_invocation(one, &palette, shell))).collect();
    lines.sort_by(|a, b| b.ended.cmp(&a.ended).then_with(|| a.key.cmp(&b.key)));
    lines.truncate(limit);
    lines
}

fn of_span(span: &LiveSpan, palette: &Palette, shell: &Shell) -> Line {
    let words = match span.outcome {
        Outcome::Throttle => "throttled",
        other => other.name(),
    };
    Line {
        key: format!("{}.{}", span.trace_id, span.span_id),
        of: "span",
        href: format!("/traces/{}", span.trace_id),
        start: Moment::new(span.started_at, Shows::Time, &shell.zone, shell.now),
        icon: icon::of_kind(span.platform),
        class: palette.class(&span.service),
        service: text::named(&span.service, 60),
        what: text::named(&span.name, 120),
        outcome: (icon::of_outcome(span.outcome), words, error(span.error_type.as_deref())),
        cold: None,
        duration: format::duration(span.duration),
        duration_ns: span.duration,
        cost: NOT_APPLICABLE.to_owned(),
        exact: None,
        how: None,
        ended: span.started_at.plus(span.duration).nanos(),
    }
}

fn of_invocation(one: &InvocationSummary, palette: &Palette, shell: &Shell) -> Line {
    let (glyph, words) = outcome(one.outcome);
    let version = one.version.as_deref().map(|version| format!("version {version}"));
    let trigger = one.trigger.as_deref().map(|trigger| format!("by {trigger}"));
    let duration = one.duration.unwrap_or_default();
    Line {
        key: text::cut(&format!("{}.{}", one.request_id, one.started_at.nanos()), 200),
        of: "invocation",
        href: span_href(one).unwrap_or_else(|| request_path(&one.request_id)),
        start: Moment::new(one.started_at, Shows::Time, &shell.zone, shell.now),
        icon: "lambda",
        class: palette.class(&one.service),
        service: text::named(one.function_name(), 60),
        what: text::cut(&[version, trigger].into_iter().flatten().collect::<Vec<_>>().join(", "), 120),
        outcome: (glyph, words, error(one.error_type.as_deref())),
        cold: how(one),
        duration: format::duration(duration),
        duration_ns: duration,
        cost: one
            .cost
            .total
            .and_then(|total| format::per_million(total, 1))
            .map_or_else(|| "not priced".to_owned(), format::usd_cents),
        exact: one.cost.total.map(|total| total.to_string()),
        how: one.cost.total.map(|_| request_path(&one.request_id)),
        ended: one.started_at.plus(duration).nanos(),
    }
}

fn error(kind: Option<&str>) -> String {
    kind.map(|kind| text::cut(kind, 60)).unwrap_or_default()
}
