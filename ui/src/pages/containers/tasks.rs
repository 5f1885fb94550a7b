//! Tasks and pods as rows, and one of them in full.

use coldlight_model::money::Usd;
use coldlight_model::{Rates, Rung, Task, TaskMoney};

use super::{State, Sum};
use crate::format::{NOT_APPLICABLE, count, duration, large_count, number, usd, usd_share};
use crate::moment::{Moment, Shows};
use crate::query::Link;
use crate::shell::Shell;
use crate::text;

pub(super) struct TaskRow {
    pub name: String,
    pub title: String,
    pub href: String,
    pub service: String,
    pub size: String,
    pub launch: String,
    pub seen: Moment,
    pub lived: String,
    pub requests: String,
    pub failed: String,
    pub failed_tone: &'static str,
    pub p95: String,
    pub busy_width: String,
    pub idle_share: String,
    pub hourly: String,
    pub cost: CostCell,
}

/// A sum, and behind a click how it came to be.
pub(super) struct CostCell {
    pub shown: String,
    pub exact: Option<String>,
    pub state: &'static str,
    /// Name and arithmetic.
    pub lines: Vec<(&'static str, String)>,
}

/// One task in full.
pub(super) struct Detail {
    pub facts: Vec<(&'static str, String)>,
    pub traces: String,
    pub logs_hint: &'static str,
}

pub(super) fn task_rows<'a>(tasks: impl Iterator<Item = &'a Task>, state: &State, shell: &Shell) -> Vec<TaskRow> {
    tasks.map(|task| row(task, state, shell)).collect()
}

fn row(task: &Task, state: &State, shell: &Shell) -> TaskRow {
    let sum = Sum::of([task]);
    TaskRow {
        name: text::named(task.short_name(), 40),
        title: text::cut(&task.id, 200),
        href: State { taken: Rung::ALL.map(|rung| task.rung(rung)).to_vec(), bad: Vec::new(), ..state.clone() }
            .link()
            .to_string(),
        service: text::named(&task.service, 60),
        size: size(task),
        launch: launch(task),
        seen: Moment::new(task.first_seen, Shows::DayMinute, &shell.zone, shell.now),
        lived: duration(task.last_seen.since(task.first_seen)),
        requests: count(task.requests),
        failed: count(task.failed),
        failed_tone: if task.failed == 0 { "zero" } else { "c-fault" },
        p95: task.p95.map_or_else(|| NOT_APPLICABLE.to_owned(), duration),
        busy_width: number(sum.busy_percent()),
        idle_share: sum.idle_share(),
        hourly: sum.shown(sum.hourly),
        cost: cost(task),
    }
}

/// `0.25 vCPU, 512 MB, x86`.
fn size(task: &Task) -> String {
    let vcpu = task.vcpu.map(|vcpu| format!("{} vCPU", number(vcpu)));
    let memory = task.memory_mib.map(|mib| format!("{} MB", large_count(mib)));
    let architecture = task.architecture.as_deref().map(|one| if one == "x86_64" { "x86" } else { one });
    let parts: Vec<String> = [vcpu, memory, architecture.map(|one| text::cut(one, 20))].into_iter().flatten().collect();
    if parts.is_empty() { "not said".to_owned() } else { parts.join(", ") }
}

fn launch(task: &Task) -> String {
    match (task.launch_type.as_deref(), &task.host_type) {
        (Some("fargate"), _) if task.spot => "Fargate Spot".to_owned(),
        (Some("fargate"), _) => "Fargate".to_owned(),
        (Some("ec2"), Some(host)) => format!("EC2 {}", text::cut(host, 20)),
        (Some("ec2"), None) => "EC2".to_owned(),
        (Some(other), _) => text::cut(other, 20),
        (None, _) => "not said".to_owned(),
    }
}

fn cost(task: &Task) -> CostCell {
    let state = if task.cost_state == "estimated" { "estimated" } else { "inferred" };
    let Some(money) = &task.money else {
        let why = task.unpriced_because.clone().unwrap_or_else(|| "no price is known".to_owned());
        let mut lines = vec![("Not priced:", format!("{}.", text::cut(&why, 200)))];
        if let Some(remedy) = remedy(task) {
            lines.push(("To change that:", remedy.to_owned()));
        }
        return CostCell { shown: "not priced".to_owned(), exact: None, state, lines };
    };
    let whole =
        |part: Usd| if money.cost == Usd::ZERO { String::new() } else { format!(" ({})", usd_share(part, money.cost)) };
    let mut lines = vec![
        ("Cost", format!("{} = ${}", formula(task, money), money.cost)),
        ("Busy", format!("${}{}: {} with a request open", money.busy, whole(money.busy), duration(task.busy))),
        ("Idle", format!("${}{}: the rest of the cost", money.idle, whole(money.idle))),
    ];
    if state == "inferred" {
        lines.push(("Inferred:", guess(task)));
    }
    CostCell { shown: usd(money.cost), exact: Some(money.cost.to_string()), state, lines }
}

/// `3412 s/3600 × (0.25 vCPU × $0.04656 + 512/1024 GB × $0.00511)`.
fn formula(task: &Task, money: &TaskMoney) -> String {
    let seconds = coldlight_model::money::decimal(i128::from(task.billed), 9);
    match &money.rates {
        Rates::Size { vcpu, memory, storage } => {
            let mut per_hour = format!(
                "{} vCPU × ${vcpu} + {}/1024 GB × ${memory}",
                task.vcpu.unwrap_or_default(),
                task.memory_mib.unwrap_or_default()
            );
            let beyond = task.storage_gib.map_or(0.0, |gib| gib.ceil() - 20.0);
            if let Some(storage) = storage.filter(|_| beyond > 0.0) {
                per_hour.push_str(&format!(" + {beyond} GB × ${storage}"));
            }
            format!("{seconds} s/3600 × ({per_hour})")
        }
        Rates::Share { instance, weight, of } => format!(
            "{seconds} s/3600 × ${instance} × {}/{} of the instance, where a vCPU weighs 9 and a GB 1",
            number(*weight as f64 / 128_000.0),
            number(*of as f64 / 128_000.0)
        ),
    }
}

fn guess(task: &Task) -> String {
    let mut guesses = Vec::new();
    if task.pulled_at.is_none() && task.launch_type.as_deref() == Some("fargate") {
        guesses.push("nobody told when the image pull began, so the first sign of life stands for it (coldlight.task.pull_started_at)");
    } else if task.launch_type.as_deref() == Some("fargate") {
        guesses.push("the image pull began before the oldest that is kept, so it is counted from there");
    }
    if task.architecture.is_none() {
        guesses.push("nobody told the processor, so x86_64 is priced (host.arch)");
    }
    format!("{}.", guesses.join("; "))
}

/// What a sender can add so that there is a price.
fn remedy(task: &Task) -> Option<&'static str> {
    if task.region.is_none() {
        Some("send cloud.region.")
    } else if task.spot && task.launch_type.as_deref() == Some("fargate") {
        None
    } else if task.launch_type.is_none() || (task.launch_type.as_deref() == Some("ec2") && task.host_type.is_none()) {
        Some("send aws.ecs.launchtype, and on EC2 host.type.")
    } else if task.vcpu.is_none() || task.memory_mib.is_none() {
        Some(
            "send coldlight.task.vcpu and coldlight.task.memory_mib; the coldlight SDK reads them from the task metadata endpoint.",
        )
    } else {
        Some("import a price list that has it: coldlight prices import.")
    }
}

pub(super) fn detail(task: &Task, state: &State, shell: &Shell) -> Detail {
    let time = |at| shell.zone.date_time(at);
    let said =
        |text: &Option<String>| text.as_deref().map_or_else(|| "not said".to_owned(), |text| text::cut(text, 200));
    let containers: Vec<String> = task.containers.iter().take(20).map(|name| text::named(name, 60)).collect();
    Detail {
        facts: vec![
            ("Task or pod", text::cut(&task.id, 200)),
            ("Runs on", task.platform.label().to_owned()),
            ("Containers seen", if containers.is_empty() { "not said".to_owned() } else { containers.join(", ") }),
            ("Image", said(&task.image)),
            ("Reserved", size(task)),
            (
                "Task storage",
                task.storage_gib
                    .map_or_else(|| "not said; 20 GB are free".to_owned(), |gib| format!("{} GB", number(gib))),
            ),
            ("Launch type", launch(task)),
            ("Region and zone", format!("{}, {}", said(&task.region), said(&task.zone))),
            ("Environment", said(&task.environment)),
            ("Image pull began", task.pulled_at.map_or_else(|| "not said".to_owned(), time)),
            ("Counted from", time(task.first_seen)),
            ("Last sign of life", time(task.last_seen)),
        ],
        traces: Link::to("/traces")
            .with_all(&state.range.pairs())
            .with(
                "f",
                if task.service.contains([' ', '"']) { String::new() } else { format!("service:{}", task.service) },
            )
            .to_string(),
        logs_hint: "SELECT * FROM requests WHERE task = '…' lists its requests with their shares.",
    }
}
