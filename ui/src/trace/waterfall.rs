//! The rows of the waterfall: from a scene to what `templates/trace/rows.html` arranges.

use std::borrow::Cow;

use coldlight_model::{Oddities, Outcome, TraceSpan};

use super::bar::{Bar, bar, comb_bar, open_bar};
use super::key::{RowKey, write_keys};
use super::scene::Scene;
use super::shown::{Folded, Line};
use super::state::{Clock, MOST_TOGGLED, Rows, State};
use crate::query::Link;
use crate::{format, icon, invocations, text};

/// Names longer than this end in an ellipsis; the panel has them whole.
const NAME: usize = 120;
/// Levels that are indented; deeper rows stand there with their level as a number.
pub const INDENTED: u32 = 12;

/// One row.
pub struct Row {
    /// Classes: colour, outcome, hollow chip, dimmed, found.
    pub class: String,
    pub key: String,
    /// `aria-rowindex`: the column heads are row 1.
    pub index: usize,
    pub level: u32,
    pub indent: u32,
    /// The level in words where it is deeper than what is indented.
    pub depth: Option<u32>,
    pub twisty: Option<Twisty>,
    pub is_selected: bool,
    pub is_missing: bool,
    /// It stands for siblings that are alike.
    pub is_fold: bool,
    pub href: String,
    /// Symbol and word of an outcome that is not ok.
    pub glyph: Option<(&'static str, &'static str)>,
    pub service: String,
    pub operation: String,
    pub tags: Vec<Tag>,
    pub bar: Option<Bar>,
}

/// Opens or closes a row.
pub struct Twisty {
    pub href: String,
    pub is_open: bool,
    /// Rows inside a closed row, and faults among them.
    pub inside: String,
    pub faults: Option<String>,
}

/// A word beside the operation.
pub struct Tag {
    /// Outcome with a blank before it, or nothing.
    pub class: &'static str,
    pub icon: Option<&'static str>,
    pub words: String,
    pub test: Option<&'static str>,
}

/// Links that every row needs, made once.
pub struct RowLinks {
    select: String,
    toggle: String,
}

impl RowLinks {
    pub fn new(state: &State) -> Self {
        // The window follows the row that was clicked, unless all rows are on the page anyway.
        let has_all = state.rows == Some(Rows::All);
        let tail = |drop: &[&str]| {
            let keeps = |name: &str| !drop.contains(&name) && (name != "rows" || has_all);
            let kept: Vec<_> = state.pairs().into_iter().filter(|(name, _)| keeps(name)).collect();
            Link::default().with_all(&kept).query()
        };
        Self { select: tail(&["span"]), toggle: tail(&["c", "o"]) }
    }

    fn select(&self, key: &str) -> String {
        let and = if self.select.is_empty() { "" } else { "&" };
        format!("?span={key}{and}{}#s-{key}", self.select)
    }

    fn toggled(&self, (closed, opened): (Vec<RowKey>, Vec<RowKey>), key: RowKey) -> String {
        let own = Link::default().with("c", write_keys(&closed)).with("o", write_keys(&opened)).query();
        let and = if own.is_empty() || self.toggle.is_empty() { "" } else { "&" };
        format!("?{own}{and}{}#s-{key}", self.toggle)
    }
}

/// The drawn rows `first..first + count` of the scene.
pub fn rows(scene: &Scene, first: usize, count: usize) -> Vec<Row> {
    let links = RowLinks::new(scene.state);
    let selected = scene.state.span;
    let end = first.saturating_add(count).min(scene.shown.rows.len());
    let rows = scene.shown.rows.get(first..end).unwrap_or_default().iter().enumerate();
    let draw = |line: Line, at: usize| match scene.shown.fold(line.node()).filter(|_| line.is_fold) {
        Some(fold) => fold_row(scene, &links, selected, fold, at),
        None => row(scene, &links, selected, line.node(), at),
    };
    rows.map(|(offset, line)| draw(*line, first + offset)).collect()
}

fn row(scene: &Scene, links: &RowLinks, selected: Option<RowKey>, node: usize, at: usize) -> Row {
    let tree = &scene.tree.nodes[node];
    let level = tree.level + u32::from(scene.shown.is_inside(node));
    let key = scene.key(node);
    let text = key.to_text();
    let mut class = String::from("row");
    let mut add = |word: &str| {
        class.push(' ');
        class.push_str(word);
    };
    let span = scene.span(node);
    let dependency = scene.dependency(node);
    let open = scene.open.get(&node);
    match span {
        Some(span) => {
            add(scene.class(node));
            if span.outcome != Outcome::Ok {
                add(span.outcome.name());
            }
        }
        None if open.is_some() => {
            // It has the colour of what it left behind.
            add(scene.class(node + 1));
            add("fault open");
        }
        None => add("gone"),
    }
    if dependency.is_some() {
        add("dep");
    }
    // The invocation is what is billed; its work stands below it, so it is drawn as a pale envelope.
    if span.is_some_and(|span| span.invocation_id.is_some()) && tree.children > 0 {
        add("env");
    }
    let bar = match (span, open) {
        (Some(span), _) => Some(bar(scene, node, span)),
        (None, Some(_)) => Some(open_bar(scene, node)),
        (None, None) => None,
    };
    if bar.as_ref().is_some_and(|bar| bar.is_critical) {
        add("on");
    }
    if scene.shown.is_dim(node) {
        add("dim");
    }
    if scene.shown.is_match(node) {
        add("hit");
    }
    let service = dependency.or(span.map(|span| span.service.as_str())).unwrap_or("missing span");
    let service = open.map_or(service, |one| one.function_name());
    Row {
        class,
        index: at + 2,
        level: level + 1,
        indent: level.min(INDENTED),
        depth: (level > INDENTED).then_some(level + 1),
        twisty: scene.shown.opens(node).then(|| twisty(scene, links, node)),
        is_selected: selected == Some(key),
        is_missing: span.is_none(),
        is_fold: false,
        href: links.select(&text),
        glyph: span
            .filter(|span| span.outcome != Outcome::Ok)
            .map(|span| (icon::of_outcome(span.outcome), span.outcome.name()))
            .or_else(|| open.map(|_| (icon::of_outcome(Outcome::Fault), Outcome::Fault.name()))),
        service: text::named(service, NAME),
        operation: match (span, open) {
            (Some(span), _) => text::named(&operation(span), NAME),
            (None, Some(_)) => "Lambda invocation".to_owned(),
            (None, None) => text.clone(),
        },
        tags: match (span, open) {
            (Some(span), _) => tags(scene, node, span),
            (None, Some(one)) => vec![Tag {
                class: " fault",
                icon: None,
                words: format!("{}, no end came", invocations::row::outcome(one.outcome).1),
                test: Some("open-span"),
            }],
            (None, None) => Vec::new(),
        },
        bar,
        key: text,
    }
}

/// The row of siblings that are alike, before the first of them.
fn fold_row(scene: &Scene, links: &RowLinks, selected: Option<RowKey>, folded: Folded, at: usize) -> Row {
    let Folded { fold, is_open, .. } = folded;
    let level = scene.tree.nodes[fold.first].level;
    let key = scene.fold_key(fold.first);
    let bar = comb_bar(scene, fold, is_open);
    // What its first member looks like, all of them do.
    let first = row(scene, links, None, fold.first, at);
    let mut class = first.class.split(' ').filter(|word| !matches!(*word, "env" | "on" | "hit")).collect::<Vec<_>>();
    class.push("fold");
    if bar.is_critical {
        class.push("on");
    }
    let has_colour = |tag: &Tag| !tag.class.is_empty();
    let mut tags: Vec<Tag> = first.tags.into_iter().filter(has_colour).collect();
    let words = format!("{} similar", format::count(fold.count.into()));
    tags.insert(0, Tag { class: "", icon: None, words, test: Some("fold-count") });
    Row {
        class: class.join(" "),
        level: level + 1,
        indent: level.min(INDENTED),
        depth: (level > INDENTED).then_some(level + 1),
        twisty: Some(Twisty {
            href: links.toggled(toggled(scene, key, is_open, folded.opens_itself), key),
            is_open,
            inside: format::count(fold.count.into()),
            faults: None,
        }),
        is_selected: selected == Some(key),
        is_fold: true,
        href: links.select(&key.to_text()),
        key: key.to_text(),
        tags,
        bar: Some(bar),
        ..first
    }
}

fn twisty(scene: &Scene, links: &RowLinks, node: usize) -> Twisty {
    let tree = &scene.tree.nodes[node];
    let key = scene.key(node);
    let is_open = scene.shown.is_open(node);
    Twisty {
        href: links.toggled(toggled(scene, key, is_open, scene.shown.opens_itself(node)), key),
        is_open,
        inside: format::count(u64::from(tree.descendants)),
        faults: (!is_open && tree.faults_below > 0)
            .then(|| format::counted(u64::from(tree.faults_below), "fault", "faults")),
    }
}

/// The rows closed and opened by hand after a click on this row's twisty. A row that comes to stand as it would by itself
/// needs no mention, so that addresses stay short; beyond what an address carries the oldest are let go.
fn toggled(scene: &Scene, key: RowKey, is_open: bool, opens_itself: bool) -> (Vec<RowKey>, Vec<RowKey>) {
    let without = |list: &[RowKey]| list.iter().copied().filter(|known| *known != key).collect::<Vec<_>>();
    let (mut closed, mut opened) = (without(&scene.state.closed), without(&scene.state.opened));
    if is_open == opens_itself {
        let list = if is_open { &mut closed } else { &mut opened };
        list.push(key);
        list.drain(..list.len().saturating_sub(MOST_TOGGLED));
    }
    (closed, opened)
}

fn tags(scene: &Scene, node: usize, span: &TraceSpan) -> Vec<Tag> {
    let mut tags = Vec::new();
    let outcome = match span.outcome {
        Outcome::Ok => "",
        Outcome::Error => " error",
        Outcome::Throttle => " throttle",
        Outcome::Fault => " fault",
    };
    let plain = |words: String| Tag { class: "", icon: None, words, test: None };
    let status = span.http_status.filter(|status| *status >= 400);
    if let Some(status) = status {
        tags.push(Tag { class: outcome, ..plain(status.to_string()) });
    }
    if let Some(kind) =
        span.error_type.as_deref().filter(|kind| span.http_status.is_none_or(|code| *kind != code.to_string()))
    {
        tags.push(Tag { class: outcome, ..plain(text::cut(short_type(kind), 28)) });
    }
    if let Some(records) = span.records.filter(|records| *records > 1) {
        tags.push(plain(format!("{} messages", format::count(records as u64))));
    }
    if let Some((_, waited)) = scene.waited(node) {
        let words = format!("waited {}", format::duration(waited));
        tags.push(Tag { icon: Some("queue"), test: Some("waited"), ..plain(words) });
    }
    if span.links > 0 {
        let words = if span.links == 1 { "link".to_owned() } else { format!("{} links", span.links) };
        tags.push(Tag { icon: Some("link"), ..plain(words) });
    }
    let skew = scene.skew.own[node];
    if skew != 0 {
        let word = if scene.state.clock == Clock::Fixed { "shifted" } else { "clock" };
        let tag = Tag { icon: Some("clock"), test: Some("skew"), ..plain(format!("{word} {}", signed(skew))) };
        tags.push(tag);
    }
    if scene.tree.nodes[node].cycle {
        tags.push(Tag { class: " error", ..plain("cycle".to_owned()) });
    }
    if span.oddities.has(Oddities::BAD_TIME) {
        tags.push(Tag { class: " error", ..plain("times out of order".to_owned()) });
    }
    tags
}

/// The name of a span as its row says it: the span of an invocation is often called like its function, which stands there
/// already.
pub fn operation(span: &TraceSpan) -> Cow<'_, str> {
    if span.invocation_id.is_some() && span.name == span.service {
        return format!("{} invocation", span.platform.label()).into();
    }
    span.name.as_str().into()
}

/// `com.example.CardDeclined` reads as `CardDeclined`: packages push the name out of sight, and the panel has them.
pub fn short_type(name: &str) -> &str {
    name.rsplit(['.', '#', ':']).next().filter(|last| !last.is_empty()).unwrap_or(name)
}

/// `+12 ms`, `−3.0 ms`.
pub fn signed(nanos: i64) -> String {
    format!("{}{}", if nanos < 0 { "−" } else { "+" }, format::duration(nanos.unsigned_abs()))
}
