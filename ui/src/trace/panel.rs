//! The panel beside the rows: everything about the selected span, or, with none selected, where to look first.
//! `templates/trace/panel.html` arranges it.

use coldlight_model::{Kind, Nanos, NodeKind, Rank, SpanDetail, SpanRef, Timestamp, TraceId, TraceSpan, Way, filter};

use super::attributes::{self, Attribute, Budget, Group};
use super::fold::Fold;
use super::invocation::{self, InvocationPanel};
use super::key::RowKey;
use super::lines::{self, EventLine, LogView};
use super::scene::Scene;
use super::state::{Services, State, Tab};
use super::summary::{self, SpanLine, Summary};
use super::waterfall::signed;
use crate::moment::{Moment, Shows};
use crate::pages::trace::TracePage;
use crate::query::Link;
use crate::shell::Shell;
use crate::text::{self, Text};
use crate::{format, icon};

/// What the panel shows.
pub enum Panel {
    /// Nothing is selected.
    Summary(Summary),
    /// The address names a span that is not in this trace.
    NotHere {
        key: String,
        clear: String,
    },
    /// A row for a parent that never came.
    Missing {
        key: String,
        children: String,
        /// What it was, where the platform tells.
        open: Option<Box<InvocationPanel>>,
        clear: String,
    },
    /// Siblings that are alike, as one.
    Fold(Box<FoldPanel>),
    Span(Box<SpanPanel>),
}

/// The panel of a fold.
pub struct FoldPanel {
    pub class: String,
    pub service: String,
    pub operation: Text,
    pub count: String,
    pub facts: Vec<(&'static str, String)>,
    pub slowest: Vec<SpanLine>,
    pub clear: String,
}

/// The panel of a span.
pub struct SpanPanel {
    pub class: String,
    pub service: String,
    pub operation: Text,
    /// Class and words of the outcome; an HTTP status where there is one.
    pub outcome: (&'static str, String),
    pub below: String,
    pub request: Option<String>,
    pub clear: String,
    pub tabs: Vec<TabView>,
    pub body: Body,
}

pub struct TabView {
    pub name: &'static str,
    pub label: &'static str,
    pub count: Option<String>,
    pub href: String,
    pub is_current: bool,
}

/// The open tab.
pub enum Body {
    Span {
        /// Where it is a function's.
        invocation: Option<Box<InvocationPanel>>,
        facts: Vec<Fact>,
        links: Vec<(&'static str, String, &'static str)>,
    },
    Attributes(Vec<Group>),
    Events(Vec<EventLine>),
    Logs(Vec<LogView>),
    Links(Vec<LinkGroup>),
    /// As OTLP/JSON, cut where it is very long.
    Raw(String),
    /// The store had the row but not the rest.
    Gone,
}

/// One line of the Span tab.
pub struct Fact {
    pub name: &'static str,
    pub text: Text,
    pub time: Option<Moment>,
    pub href: Option<String>,
    /// Identifiers stand in fixed width.
    pub is_mono: bool,
}

/// Links in one direction.
pub struct LinkGroup {
    pub title: &'static str,
    pub links: Vec<LinkRow>,
    /// Said where there are none.
    pub none: &'static str,
}

pub struct LinkRow {
    pub href: String,
    /// Service and operation, or that the span is not here.
    pub words: String,
    pub ids: String,
    /// It leads to a row of this page.
    pub is_same: bool,
    pub when: Option<Moment>,
    /// How long what was handed over was under way.
    pub gap: Option<String>,
    pub attributes: Vec<Attribute>,
}

/// Makes the panel of the scene's state.
pub fn panel(scene: &Scene, shell: &Shell, page: &TracePage) -> Panel {
    let state = scene.state;
    let Some(key) = state.span else {
        return Panel::Summary(summary::summary(scene, shell, page));
    };
    let clear = state.link(|state| (state.span, state.tab) = (None, Tab::default()));
    let Some(node) = super::shown::find(scene.tree, key) else { return Panel::NotHere { key: key.to_text(), clear } };
    if let Some(folded) = scene.shown.fold(node).filter(|_| key.is_fold) {
        return Panel::Fold(Box::new(of_fold(scene, folded.fold, clear)));
    }
    match scene.span(node) {
        None => Panel::Missing {
            key: key.to_text(),
            children: format::counted(u64::from(scene.tree.nodes[node].children), "span names", "spans name"),
            open: scene.open.get(&node).map(|one| Box::new(invocation::panel(one))),
            clear,
        },
        Some(span) => Panel::Span(Box::new(of_span(scene, shell, (node, span), scene.own[node], page, clear))),
    }
}

fn of_fold(scene: &Scene, fold: Fold, clear: String) -> FoldPanel {
    let took = fold.durations(scene.tree, &scene.trace.spans);
    let span = scene.span(fold.first);
    let (from, to) = fold.members(scene.tree).fold((i64::MAX, i64::MIN), |(from, to), at| {
        let ran = scene.ran[at];
        (from.min(ran.0), to.max(ran.1))
    });
    let critical: Nanos = scene.path.within(fold.first, fold.end).iter().map(|(from, to)| to.abs_diff(*from)).sum();
    let slowest = took.slowest.first().and_then(|at| scene.span(*at)).map_or(0, |span| span.duration);
    let mut facts = vec![
        ("Sum", format::duration(took.sum)),
        ("Median", format::duration(took.p50)),
        ("Fastest, slowest", format!("{}, {}", format::duration(took.least), format::duration(slowest))),
        ("First start to last end", format::duration(to.abs_diff(from))),
    ];
    if critical > 0 {
        let share = format::share(critical, scene.path.length());
        facts.push(("On the critical path", format!("{} ({share})", format::duration(critical))));
    }
    FoldPanel {
        class: scene.class(fold.first).to_owned(),
        service: text::named(
            scene.dependency(fold.first).or(span.map(|span| span.service.as_str())).unwrap_or(""),
            120,
        ),
        operation: Text::new(span.map_or("", |span| span.name.as_str())),
        count: format::counted(fold.count.into(), "similar span", "similar spans"),
        facts,
        slowest: took.slowest.iter().map(|at| summary::slow(scene, *at)).collect(),
        clear,
    }
}

fn of_span(
    scene: &Scene,
    shell: &Shell,
    (node, span): (usize, &TraceSpan),
    own: Nanos,
    page: &TracePage,
    clear: String,
) -> SpanPanel {
    let detail = page.selected;
    let outcome = match span.http_status {
        Some(status) => status.to_string(),
        None => span.outcome.name().to_owned(),
    };
    let mut below = vec![kind_words(span)];
    if span.platform != NodeKind::Service {
        below.insert(0, span.platform.label().to_owned());
    }
    SpanPanel {
        class: scene.class(node).to_owned(),
        service: text::named(&span.service, 120),
        operation: Text::new(if span.name.is_empty() { "(no name)" } else { &span.name }),
        outcome: (icon::of_outcome(span.outcome), outcome),
        below: below.join(" · "),
        request: span.invocation_id.as_deref().map(|id| text::cut(id, 80)),
        clear,
        tabs: tabs(scene.state, span, detail),
        body: body(scene, shell, (node, span), own, page),
    }
}

fn kind_words(span: &TraceSpan) -> String {
    let way = match span.way {
        Way::Sync => "",
        Way::Async => ", nobody waits for it",
        Way::Poll => ", polled",
    };
    format!("{} span{way}", if span.kind.0 == 0 { "plain".into() } else { span.kind.name() })
}

fn tabs(state: &State, span: &TraceSpan, detail: Option<&SpanDetail>) -> Vec<TabView> {
    let view = |tab: Tab| {
        let count = match (tab, detail) {
            (Tab::Span, _) => 0,
            (Tab::Attributes, Some(detail)) => {
                detail.span.attributes.len() + detail.resource.attributes.len() + detail.scope.attributes.len()
            }
            (Tab::Events, Some(detail)) => detail.span.events.len(),
            (Tab::Events, None) => span.event_times.len(),
            (Tab::Logs, Some(detail)) => detail.logs.len(),
            (Tab::Links, Some(detail)) => detail.span.links.len() + detail.linked_from.len(),
            (Tab::Raw, _) | (_, None) => 0,
        };
        TabView {
            name: tab.name(),
            label: tab.label(),
            count: (count > 0).then(|| format::count(count as u64)),
            href: state.link(|state| state.tab = tab),
            is_current: state.tab == tab,
        }
    };
    Tab::ALL.map(view).into()
}

fn body(scene: &Scene, shell: &Shell, (node, span): (usize, &TraceSpan), own: Nanos, page: &TracePage) -> Body {
    let budget = &mut Budget::default();
    match (scene.state.tab, page.selected) {
        (Tab::Span, detail) => Body::Span {
            invocation: invocation::of(page.invocations, span).map(|one| Box::new(invocation::panel(one))),
            facts: facts(scene, shell, (node, span), own, (detail, page.rank)),
            links: links(scene, node, span),
        },
        (_, None) => Body::Gone,
        (Tab::Raw, _) => page.raw.map_or(Body::Gone, |raw| Body::Raw(budget.lines(raw))),
        (Tab::Attributes, Some(detail)) => Body::Attributes(attributes::groups(detail, budget)),
        (Tab::Events, Some(detail)) => {
            Body::Events(detail.span.events.iter().map(|event| lines::event(event, span.started_at, budget)).collect())
        }
        (Tab::Logs, Some(detail)) => {
            Body::Logs(detail.logs.iter().map(|line| lines::log(line, shell, None, budget)).collect())
        }
        (Tab::Links, Some(detail)) => Body::Links(link_groups(scene, shell, detail, budget)),
    }
}

fn facts(
    scene: &Scene,
    shell: &Shell,
    (node, span): (usize, &TraceSpan),
    own: Nanos,
    (detail, rank): (Option<&SpanDetail>, Option<Rank>),
) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut add = |name, text: String| {
        if !text.is_empty() {
            facts.push(Fact { name, text: Text::new(&text), time: None, href: None, is_mono: false });
        }
    };
    let (from, _) = scene.ran[node];
    let children = u64::from(scene.tree.nodes[node].children);
    add("Duration", format::duration(span.duration));
    add("Among its like", rank.map(among).unwrap_or_default());
    let critical = scene.path.at(node);
    if critical > 0 {
        let all = scene.path.length();
        add("On the critical path", format!("{} ({})", format::duration(critical), format::share(critical, all)));
    }
    if children > 0 {
        add("Self time", format!("{} ({})", format::duration(own), format::share(own, span.duration)));
    }
    if let Some((_, waited)) = scene.waited(node) {
        let through = span.remote.as_ref().map(|node| format!(" in {} {}", node.kind.label(), node.name));
        add("Waited", format!("{} from sending to start{}", format::duration(waited), through.unwrap_or_default()));
    }
    add("Starts after", format::duration(from.unsigned_abs()));
    add("Children", if children == 0 { String::new() } else { format::count(children) });
    add(
        "Status",
        match span.status_code.0 {
            0 => String::new(),
            _ => span.status_code.name().into_owned(),
        },
    );
    add("Message", span.status_message.clone());
    add("Error type", span.error_type.clone().unwrap_or_default());
    let remote = span.remote.as_ref().map(|remote| match remote.kind {
        NodeKind::External | NodeKind::Service => remote.name.clone(),
        kind => format!("{} {}", kind.label(), remote.name),
    });
    let is_called = matches!(span.kind, Kind::SERVER | Kind::CONSUMER);
    add(if is_called { "Called by" } else { "Calls" }, remote.unwrap_or_default());
    add("Messages", span.records.map(|records| format::count(records.max(0) as u64)).unwrap_or_default());
    if scene.skew.own[node] != 0 {
        add("Clock", format!("lies outside its parent; {} would fit", signed(scene.skew.own[node])));
    }
    add("Oddities", span.oddities.names().join(", "));
    if scene.tree.nodes[node].cycle {
        add("Parents", "form a circle, cut at its earliest span".to_owned());
    }
    if let Some(detail) = detail {
        add("Library", [detail.scope.name.as_str(), detail.scope.version.as_str()].join(" ").trim().to_owned());
        add("Trace state", detail.span.trace_state.clone());
        let dropped = [
            (detail.span.dropped_attributes_count, "attributes"),
            (detail.span.dropped_events_count, "events"),
            (detail.span.dropped_links_count, "links"),
        ];
        let dropped = dropped.into_iter().filter(|(count, _)| *count > 0);
        let words: Vec<String> =
            dropped.map(|(count, what)| format!("{} {what}", format::count(count.into()))).collect();
        add("Dropped by sender", words.join(", "));
    }
    let moment = |name, at: Timestamp| Fact {
        name,
        text: Text::default(),
        time: Some(Moment::new(at, Shows::DateTime, &shell.zone, shell.now)),
        href: None,
        is_mono: false,
    };
    facts.insert(0, moment("Start", span.started_at));
    facts.push(moment("Received", span.received_at));
    let id = |name, text: String, href| Fact { name, text: Text::new(&text), time: None, href, is_mono: true };
    facts.push(id("Span id", span.span_id.to_hex(), None));
    if let Some(parent) = span.parent_span_id {
        let row = scene.tree.nodes[node].parent.map(|above| scene.key(above));
        let href = row.filter(|key| key.id == parent).map(|key| scene.state.link(|state| state.span = Some(key)));
        facts.push(id("Parent id", parent.to_hex(), href));
    }
    facts
}

/// `slower than 97% of 1,204 in the hour before`; a share of a few would say more than is known.
fn among(rank: Rank) -> String {
    let Rank { alike, faster } = rank;
    match alike {
        0 => "the first in an hour".to_owned(),
        1..20 => format!("slower than {faster} of {alike} in the hour before"),
        _ => {
            let share = format::share(faster, alike);
            format!("slower than {share} of {} in the hour before", format::count(alike))
        }
    }
}

/// What one may do next with the span.
/// Each with the parts of the state that it sets; nothing for a link to another page.
fn links(scene: &Scene, node: usize, span: &TraceSpan) -> Vec<(&'static str, String, &'static str)> {
    let state = scene.state;
    let (from, to) = scene.ran[node];
    let mut links = Vec::new();
    if to > from {
        // A little room on both sides, so that it is seen where it ends.
        let room = ((to - from) / 20).max(1);
        let zoom = (from.saturating_sub(room).max(0), to.saturating_add(room));
        links.push(("Zoom to it", state.link(|state| state.zoom = Some(zoom)), "t"));
    }
    let service = span.service.clone();
    if !service.is_empty() {
        let only = Services { shown: vec![service.clone()], hidden: Vec::new() };
        links.push(("Only this service", state.link(|state| state.services = only), "svc"));
        let mut hidden = state.services.hidden.clone();
        hidden.push(service.clone());
        let without = Services { shown: Vec::new(), hidden };
        links.push(("Hide this service", state.link(|state| state.services = without), "svc"));
    }
    if service.len() + span.name.len() < 400 && !service.is_empty() && !span.name.is_empty() {
        let line = format!("{} {}", filter::word("service", &service), filter::word("name", &span.name));
        links.push(("Traces like this", Link::to("/traces").with("f", line).to_string(), ""));
    }
    links
}

fn link_groups(scene: &Scene, shell: &Shell, detail: &SpanDetail, budget: &mut Budget) -> Vec<LinkGroup> {
    let trace = scene.trace.trace_id;
    let row = |to: &SpanRef, attributes, gap| LinkRow { gap, ..link_row(scene, shell, trace, to, attributes) };
    let gap = |from: Option<Timestamp>, to: Option<Timestamp>, words: &str| {
        let (from, to) = (from?, to?);
        (to > from).then(|| format!("{} {words}", format::duration(to.since(from))))
    };
    let (started_at, ended_at) = (Some(detail.span.started_at), Some(detail.span.ended_at));
    let mut own = Vec::new();
    for link in &detail.span.links {
        let known = detail.links_to.iter().find(|to| to.trace_id == link.trace_id && to.span_id == link.span_id);
        let unknown = SpanRef {
            trace_id: link.trace_id,
            span_id: link.span_id,
            service: String::new(),
            name: String::new(),
            started_at: None,
            ended_at: None,
        };
        let attributes = link.attributes.iter().map(|(key, value)| attributes::attribute(key, value, None, budget));
        let to = known.unwrap_or(&unknown);
        own.push(row(to, attributes.collect(), gap(to.ended_at, started_at, "from its end to this start")));
    }
    vec![
        LinkGroup { title: "This span links to", links: own, none: "It links to no other span." },
        LinkGroup {
            title: "Linked from",
            links: detail
                .linked_from
                .iter()
                .map(|from| row(from, Vec::new(), gap(ended_at, from.started_at, "from this end to its start")))
                .collect(),
            none: "No span here links to it.",
        },
    ]
}

fn link_row(scene: &Scene, shell: &Shell, trace: TraceId, to: &SpanRef, attributes: Vec<Attribute>) -> LinkRow {
    let is_here = !to.service.is_empty() || !to.name.is_empty();
    let same = to.trace_id == trace;
    let href = if same {
        scene.state.link(|state| (state.span, state.tab) = (Some(RowKey::first(to.span_id)), Tab::default()))
    } else {
        format!("/traces/{}?span={}", to.trace_id, to.span_id)
    };
    let words = if is_here {
        format!("{} {}", text::named(&to.service, 80), text::named(&to.name, 120))
    } else {
        "a span that is not here".to_owned()
    };
    LinkRow {
        href,
        words,
        ids: if same { format!("{} in this trace", to.span_id) } else { format!("{} in {}", to.span_id, to.trace_id) },
        is_same: same,
        when: to.started_at.map(|at| Moment::new(at, Shows::DateTime, &shell.zone, shell.now)),
        gap: None,
        attributes,
    }
}
