//! The trace as a table: what each operation of each service took, all its spans together.

use std::collections::HashMap;

use coldlight_model::{Nanos, Outcome};

use super::scene::Scene;
use super::state::{By, Only, State, View};
use super::waterfall::operation;
use crate::{format, text};

/// Rows listed; the rest is only counted.
const MOST: usize = 500;

/// The block.
pub struct Table {
    pub heads: Vec<Head>,
    pub rows: Vec<Row>,
    pub more: Option<String>,
}

pub struct Head {
    pub label: &'static str,
    pub href: String,
    pub is_sorted: bool,
}

/// One operation of one service.
pub struct Row {
    pub class: String,
    pub service: String,
    pub operation: String,
    /// Its spans in the waterfall, where its name can be searched for.
    pub href: String,
    pub count: String,
    pub problems: String,
    pub total: String,
    pub own: String,
    pub own_share: String,
    pub critical: String,
    pub p50: String,
    pub most: String,
}

#[derive(Default)]
struct Sum {
    node: usize,
    durations: Vec<Nanos>,
    problems: u64,
    own: Nanos,
    critical: Nanos,
}

impl Sum {
    fn total(&self) -> Nanos {
        self.durations.iter().fold(0, |sum: Nanos, one| sum.saturating_add(*one))
    }

    fn value(&self, by: By) -> Nanos {
        match by {
            By::Own => self.own,
            By::Total => self.total(),
            By::Count => self.durations.len() as Nanos,
            By::Critical => self.critical,
            By::Most => self.durations.iter().copied().max().unwrap_or(0),
        }
    }
}

pub fn table(scene: &Scene) -> Table {
    let mut sums: HashMap<(&str, String), Sum> = HashMap::new();
    for (node, own) in scene.own.iter().enumerate() {
        let Some(span) = scene.span(node) else { continue };
        let sum = sums.entry((&span.service, operation(span).into_owned())).or_default();
        if sum.durations.is_empty() {
            sum.node = node;
        }
        sum.durations.push(span.duration);
        sum.problems += u64::from(span.outcome != Outcome::Ok);
        sum.own = sum.own.saturating_add(*own);
        sum.critical += scene.path.at(node);
    }
    let all: Nanos = scene.own.iter().fold(0, |sum: Nanos, one| sum.saturating_add(*one));
    let mut sums: Vec<_> = sums.into_iter().collect();
    let by = scene.state.by;
    sums.sort_by(|(a, of_a), (b, of_b)| of_b.value(by).cmp(&of_a.value(by)).then_with(|| a.cmp(b)));
    let hidden = sums.len().saturating_sub(MOST);
    Table {
        heads: By::ALL.map(|by| head(scene.state, by)).into(),
        rows: sums.into_iter().take(MOST).map(|((service, name), sum)| row(scene, service, &name, sum, all)).collect(),
        more: (hidden > 0).then(|| format!("{} more operations are not listed.", format::count(hidden as u64))),
    }
}

fn head(state: &State, by: By) -> Head {
    Head { label: by.label(), href: state.link(|state| state.by = by), is_sorted: state.by == by }
}

fn row(scene: &Scene, service: &str, name: &str, mut sum: Sum, all: Nanos) -> Row {
    let total = sum.total();
    let most = sum.value(By::Most);
    sum.durations.sort_unstable();
    let median = sum.durations[(sum.durations.len() - 1) / 2];
    let href = scene.state.link(|state| {
        (state.view, state.rows) = (View::Waterfall, None);
        (state.find, state.only) = (text::cut(name, 100), Only::Matches);
    });
    Row {
        class: scene.class(sum.node).to_owned(),
        service: text::named(service, 80),
        operation: text::named(name, 120),
        href,
        count: format::count(sum.durations.len() as u64),
        problems: if sum.problems > 0 { format::count(sum.problems) } else { String::new() },
        total: format::duration(total),
        own: format::duration(sum.own),
        own_share: format::share(sum.own, all),
        critical: if sum.critical > 0 { format::duration(sum.critical) } else { format::NOT_APPLICABLE.to_owned() },
        p50: format::duration(median),
        most: format::duration(most),
    }
}
