//! What runs where, how full, at what price?                     (ui/src/pages/containers.rs ↔ templates/containers.html)
//!
//! The ladder is cluster › service › task definition › task, of Kubernetes cluster › namespace › workload › pod. The address holds the
//! rungs that were taken; the page shows the next one as a table, and the tasks below.

mod rungs;
mod tasks;

use askama::Template;
use coldlight_model::money::Usd;
use coldlight_model::{Containers, Rung, Task, Timestamp};

use self::rungs::{RungRow, rung_rows};
use self::tasks::{Detail, TaskRow, detail, task_rows};
use crate::chart::Kpi;
use crate::format::{NOT_APPLICABLE, counted, large_count, per_million, share, usd, usd_millionth, usd_share};
use crate::formula::Formula;
use crate::moment::{Moment, Shows};
use crate::query::{BadParam, Link, Query};
use crate::range::{PARAMS, Picker, Range};
use crate::shell::{Chrome, Key, Section, Shell};
use crate::text;

pub const PATH: &str = "/containers";

/// What stands in an address for a rung that nobody named.
const UNSAID: &str = "-";
/// Rows of a table; more is for SQL.
const MOST_ROWS: usize = 80;

pub(super) const KEYS: [Key; 1] = [("t", "range")];

/// What the address asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub range: Range,
    /// The rungs taken, from the top; `None` is one that nobody named.
    pub taken: Vec<Option<String>>,
    pub bad: Vec<BadParam>,
}

impl State {
    pub fn parse(query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = Vec::new();
        let range = Range::from_query(&query, now, &mut bad);
        let named = |rung: Rung| query.get(rung.name()).map(|name| (name != UNSAID).then(|| name.to_owned()));
        let taken: Vec<Option<String>> = Rung::ALL.into_iter().map_while(named).collect();
        for rung in Rung::ALL.into_iter().skip(taken.len()) {
            if let Some(name) = query.get(rung.name()) {
                bad.push(BadParam::new(rung.name(), name, "of use without what is above it"));
            }
        }
        bad.extend(query.unknown(&[&PARAMS[..], &Rung::ALL.map(Rung::name)[..], &["f"]].concat()));
        Self { range, taken, bad }
    }

    pub fn link(&self) -> Link {
        let to = Link::to(PATH).with_all(&self.range.pairs());
        let taken = Rung::ALL.into_iter().zip(&self.taken);
        taken.fold(to, |link, (rung, name)| link.with(rung.name(), name.as_deref().unwrap_or(UNSAID)))
    }

    /// With one more rung.
    fn below(&self, name: Option<String>) -> Link {
        let taken = self.taken.iter().cloned().chain([name]).collect();
        Self { taken, bad: Vec::new(), ..self.clone() }.link()
    }

    fn holds(&self, task: &Task) -> bool {
        Rung::ALL.into_iter().zip(&self.taken).all(|(rung, name)| task.rung(rung) == *name)
    }

    /// The rung that comes next; `None` when one task is chosen.
    fn next(&self) -> Option<Rung> {
        Rung::ALL.get(self.taken.len()).copied()
    }
}

#[derive(Template)]
#[template(path = "containers.html")]
struct View {
    chrome: Chrome,
    picker: Picker,
    crumbs: Vec<Crumb>,
    kpis: Vec<Kpi>,
    /// Of the next rung, when it is not that of tasks.
    rungs: Vec<RungRow>,
    rung: &'static str,
    level: &'static str,
    more_rungs: Option<String>,
    tasks: Vec<TaskRow>,
    more_tasks: Option<String>,
    detail: Option<Detail>,
    phrase: String,
    notes: Vec<String>,
    nothing: Option<Nothing>,
    json: String,
}

struct Crumb {
    label: String,
    href: Option<String>,
}

/// Why the page is empty.
struct Nothing {
    /// There are tasks, but none on the rungs taken.
    elsewhere: bool,
    newest: Option<Moment>,
    all: String,
}

/// Sums of tasks.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    tasks: u64,
    requests: u64,
    failed: u64,
    /// Requests of tasks that have a price.
    priced: u64,
    unpriced_tasks: u64,
    billed: u64,
    busy_ns: u64,
    cost: Usd,
    busy: Usd,
    idle: Usd,
    hourly: Usd,
}

impl Sum {
    fn of<'a>(tasks: impl IntoIterator<Item = &'a Task>) -> Self {
        let mut sum = Self::default();
        for task in tasks {
            sum.tasks += 1;
            sum.requests += task.requests;
            sum.failed += task.failed;
            sum.billed = sum.billed.saturating_add(task.billed);
            sum.busy_ns = sum.busy_ns.saturating_add(task.busy);
            let Some(money) = &task.money else {
                sum.unpriced_tasks += 1;
                continue;
            };
            sum.priced += task.requests;
            for (total, more) in [
                (&mut sum.cost, money.cost),
                (&mut sum.busy, money.busy),
                (&mut sum.idle, money.idle),
                (&mut sum.hourly, money.hourly),
            ] {
                *total = total.checked_add(more).unwrap_or(*total);
            }
        }
        sum
    }

    /// What it comes to, or that nobody knows.
    fn shown(&self, amount: Usd) -> String {
        if self.unpriced_tasks == self.tasks { "not priced".to_owned() } else { usd(amount) }
    }

    fn idle_share(&self) -> String {
        if self.billed == 0 {
            NOT_APPLICABLE.to_owned()
        } else {
            share(self.billed - self.busy_ns.min(self.billed), self.billed)
        }
    }

    fn busy_percent(&self) -> f64 {
        if self.billed == 0 { 0.0 } else { self.busy_ns as f64 / self.billed as f64 * 100.0 }
    }

    /// How the cost came to be.
    fn formula(&self, every: String) -> Formula {
        let is_priced = self.unpriced_tasks < self.tasks;
        let mut lines = vec![
            format!(
                "busy {} + idle {} = {}, exactly {} USD.",
                usd(self.busy),
                usd(self.idle),
                usd(self.cost),
                self.cost
            ),
            "Each task: seconds ÷ 3600 × (vCPU × its price + GB × its price), of the day it was first seen.".to_owned(),
        ];
        if self.unpriced_tasks > 0 {
            lines.push(format!("{} without a price: not in it.", counted(self.unpriced_tasks, "task", "tasks")));
        }
        Formula {
            shown: self.shown(self.cost),
            exact: is_priced.then(|| self.cost.to_string()),
            lines,
            links: vec![("Each task with its own arithmetic".to_owned(), format!("{every}#tasks"))],
        }
    }

    /// Idle counts: it is paid for.
    fn per_million(&self) -> String {
        per_million(self.cost, self.priced).map_or_else(|| NOT_APPLICABLE.to_owned(), usd_millionth)
    }
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, found: &Containers) -> String {
    let here = state.link();
    let inside: Vec<&Task> = found.tasks.iter().filter(|task| state.holds(task)).collect();
    let sum = Sum::of(inside.iter().copied());
    let next = state.next();
    let rungs = match next {
        Some(rung @ (Rung::Cluster | Rung::Service | Rung::Definition)) => rung_rows(&inside, rung, state),
        _ => Vec::new(),
    };
    let more = |count: usize, cut: u64| {
        let beyond = count.saturating_sub(MOST_ROWS) as u64 + cut;
        (beyond > 0).then(|| large_count(beyond))
    };
    super::render(&View {
        chrome: Chrome::new(shell, Section::Containers, "Containers", &here).bad(&state.bad).keys(&KEYS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        crumbs: crumbs(state, &inside),
        kpis: kpis(&sum, &here.to_string()),
        more_rungs: more(rungs.len(), 0),
        rungs: rungs.into_iter().take(MOST_ROWS).collect(),
        rung: next.map_or("", rung_title),
        level: next.map_or("", Rung::name),
        tasks: task_rows(inside.iter().take(MOST_ROWS).copied(), state, shell),
        more_tasks: more(inside.len(), found.more),
        detail: inside.first().filter(|_| next.is_none()).map(|task| detail(task, state, shell)),
        phrase: state.range.phrase(),
        notes: notes(&sum),
        nothing: inside.is_empty().then(|| Nothing {
            elsewhere: !found.tasks.is_empty(),
            newest: shell.newest.map(|newest| Moment::new(newest, Shows::Ago, &shell.zone, shell.now)),
            all: State { taken: Vec::new(), bad: Vec::new(), ..state.clone() }.link().to_string(),
        }),
        json: Link::to("/api/v1/containers").with_all(&state.range.pairs()).to_string(),
    })
}

fn rung_title(rung: Rung) -> &'static str {
    match rung {
        Rung::Cluster => "Cluster",
        Rung::Service => "Service or namespace",
        Rung::Definition => "Task definition or workload",
        Rung::Task => "Task or pod",
    }
}

fn crumbs(state: &State, inside: &[&Task]) -> Vec<Crumb> {
    let up_to = |depth: usize| {
        State { taken: state.taken[..depth].to_vec(), bad: Vec::new(), ..state.clone() }.link().to_string()
    };
    let label = |depth: usize, name: &Option<String>| match (name, inside.first()) {
        (Some(_), Some(task)) if depth == Rung::ALL.len() => text::named(task.short_name(), 60),
        (Some(name), _) => text::named(name, 60),
        (None, _) => "(not said)".to_owned(),
    };
    let mut crumbs = vec![Crumb { label: "All clusters".to_owned(), href: Some(up_to(0)) }];
    for (at, name) in state.taken.iter().enumerate() {
        crumbs.push(Crumb { label: label(at + 1, name), href: Some(up_to(at + 1)) });
    }
    if let Some(last) = crumbs.last_mut() {
        last.href = None;
    }
    crumbs
}

fn kpis(sum: &Sum, here: &str) -> Vec<Kpi> {
    let pico = |amount: Usd| u64::try_from(amount.attos() / 1_000_000).unwrap_or(u64::MAX);
    let kpi = |name, label, value: String, aside: String, tone, (unit, raw)| Kpi {
        name,
        label,
        value,
        aside,
        tone,
        unit,
        raw,
        spark: None,
        formula: None,
    };
    let is_priced = sum.unpriced_tasks < sum.tasks;
    let how = |shown: String, how: &str| is_priced.then(|| sum.formula(here.to_owned()).shown_as(shown, how));
    let of = |part: Usd| if sum.cost == Usd::ZERO { String::new() } else { usd_share(part, sum.cost) };
    vec![
        kpi(
            "tasks",
            "Tasks and pods",
            large_count(sum.tasks),
            match sum.unpriced_tasks {
                0 => String::new(),
                some => format!("{} not priced", large_count(some)),
            },
            "",
            ("count", sum.tasks),
        ),
        kpi(
            "requests",
            "Requests served",
            large_count(sum.requests),
            format!("{} failed", large_count(sum.failed)),
            if sum.failed > 0 { "c-fault" } else { "" },
            ("count", sum.requests),
        ),
        Kpi {
            formula: Some(sum.formula(here.to_owned())),
            ..kpi(
                "cost",
                "List cost",
                sum.shown(sum.cost),
                if is_priced { format!("{} an hour", usd(sum.hourly)) } else { String::new() },
                "",
                ("picos", pico(sum.cost)),
            )
        },
        Kpi {
            formula: how(usd(sum.busy), "The time with a request open, of each task × its price."),
            ..kpi("busy", "Busy", sum.shown(sum.busy), of(sum.busy), "", ("picos", pico(sum.busy)))
        },
        Kpi {
            formula: how(usd(sum.idle), "The cost less its busy part."),
            ..kpi("idle", "Idle", sum.shown(sum.idle), of(sum.idle), "", ("picos", pico(sum.idle)))
        },
        Kpi {
            formula: how(
                sum.per_million(),
                &format!("{} × 1,000,000 ÷ {} requests.", usd(sum.cost), large_count(sum.priced)),
            ),
            ..kpi(
                "million",
                "Per million requests",
                sum.per_million(),
                "idle included".to_owned(),
                "",
                ("count", sum.priced),
            )
        },
    ]
}

/// What stands behind the figures, and what is not in them.
fn notes(sum: &Sum) -> Vec<String> {
    let mut notes = vec![
        "A task costs the same per second at rest and at work: while requests are open they share its price, while none is it is idle. \
         Busy and idle sum to the cost, exactly."
            .to_owned(),
        "List prices of the day a task was first seen, without discounts, Savings Plans and tax. Counted from the start of the image pull, \
         where it was told, to the last sign of life; Fargate bills whole seconds and a minute at least."
            .to_owned(),
    ];
    if sum.unpriced_tasks > 0 {
        notes.push(format!(
            "{} without a price and in none of the sums: its row says why.",
            counted(sum.unpriced_tasks, "task is", "tasks are")
        ));
    }
    notes
}
