//! Where the money goes: the parts of a sum, each with its formula.

use coldlight_model::Spent;
use coldlight_model::money::Usd;

use super::pico;
use crate::format::{number, usd, usd_share};

/// One line of *where the money goes*.
pub(super) struct Part {
    pub name: &'static str,
    pub label: &'static str,
    /// A class of its fill.
    pub fill: &'static str,
    /// Of the dearest part, in percent: the bar's width.
    pub width: String,
    pub value: String,
    pub share: String,
    /// How it is computed, one click away.
    pub formula: &'static str,
}

/// Name, label, fill and formula, with the sum.
type Known = ((&'static str, &'static str, &'static str), Usd, &'static str);

fn known(spent: &Spent) -> [Known; 11] {
    [
        (
            ("own", "Own work", "own"),
            spent.own,
            "Billed time less init, waiting and extensions × memory × price of a GB-second.",
        ),
        (
            ("waiting", "Waiting on calls", "waiting"),
            spent.waiting,
            "Billed time while at least one call of the invocation was under way, as its spans tell.",
        ),
        (
            ("requests", "Requests", "requests"),
            spent.requests,
            "One request an attempt × price of a request. Retries are attempts of their own.",
        ),
        (
            ("init", "Init (cold starts)", "init"),
            spent.init,
            "Init before the invocation, billed since 2025-08-01, × memory × price of a GB-second.",
        ),
        (
            ("flush", "Extensions", "flush"),
            spent.flush,
            "After the answer: extensionOverhead of the platform's report × memory × price of a GB-second.",
        ),
        (
            ("storage", "Ephemeral storage", "restore"),
            spent.storage,
            "Billed time × /tmp above 512 MB × price of a GB-second of it.",
        ),
        (("streamed", "Streamed responses", "restore"), spent.streamed, "producedBytes above 6 MiB × price of a GB."),
        (
            ("restore", "SnapStart restores", "restore"),
            spent.restore,
            "Memory × price of a restored GB, for runtimes other than Java.",
        ),
        (
            ("calls", "Messages and calls", "calls"),
            spent.calls,
            "Messages to SQS and SNS, events, and requests to API Gateway, S3, DynamoDB and Step Functions: units × price of one, as spans tell of them. A function's own request is under Requests, never here; polling is in no span. SQL: FROM call_costs.",
        ),
        (
            ("busy", "Containers, busy", "busy"),
            spent.busy,
            "Price of the task's second, shared at each instant by the requests open then. See Containers.",
        ),
        (
            ("idle", "Containers, idle", "idle"),
            spent.idle,
            "Price of the task's seconds in which no request was open, and what is billed beyond its life.",
        ),
    ]
}

/// All parts; of those that not everybody has only what costs.
pub(super) fn parts(spent: &Spent) -> Vec<Part> {
    let total = spent.total();
    let all = known(spent);
    let dearest = all.iter().map(|(_, amount, _)| *amount).max().unwrap_or_default();
    all.into_iter()
        .filter(|((name, ..), amount, _)| {
            *amount > Usd::ZERO || !["storage", "streamed", "restore", "calls", "busy", "idle"].contains(name)
        })
        .map(|(who, amount, formula)| part(who, amount, dearest, total, formula))
        .collect()
}

/// Of it, in what failed.
pub(super) fn in_failed(spent: &Spent) -> Part {
    let formula = "All parts of invocations that ended in an error, a timeout or out of memory, with their calls, and what failed requests kept busy of containers.";
    part(("failed", "Of it, in failed calls", "fault"), spent.in_failed, spent.total(), spent.total(), formula)
}

/// The sum of a row as arithmetic: `own work $0.0012 + requests $0.0002`.
pub(super) fn arithmetic(spent: &Spent) -> String {
    let parts = known(spent).into_iter().filter(|(_, amount, _)| *amount > Usd::ZERO);
    let words: Vec<String> =
        parts.map(|((_, label, _), amount, _)| format!("{} ${}", label.to_lowercase(), amount)).collect();
    words.join(" + ")
}

fn part(
    (name, label, fill): (&'static str, &'static str, &'static str),
    amount: Usd,
    dearest: Usd,
    total: Usd,
    formula: &'static str,
) -> Part {
    let width = if dearest == Usd::ZERO { 0.0 } else { pico(amount) as f64 / pico(dearest).max(1) as f64 * 100.0 };
    Part {
        name,
        label,
        fill,
        width: number(width),
        value: usd(amount),
        share: if total == Usd::ZERO { "–".to_owned() } else { usd_share(amount, total) },
        formula,
    }
}
