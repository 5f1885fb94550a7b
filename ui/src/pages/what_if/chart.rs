//! Cost by requests a month: what grows with each request, and what does not; where they cross is the break-even.

use coldlight_model::money::Usd;
use coldlight_model::money::advice::{BreakEven, Choice, Load};

use super::Answered;
use crate::format::{large_count, number, usd};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 200.0;
/// A crossing further off than so many times today's load is not drawn.
const FURTHEST: u64 = 1_000;

pub(super) struct Chart {
    pub lines: Vec<Line>,
    pub crossings: Vec<Crossing>,
    /// Place in the drawing, and label.
    pub across: Vec<(String, String)>,
    pub up: Vec<(String, String)>,
    pub today: (String, String),
    pub summary: String,
}

pub(super) struct Line {
    pub class: &'static str,
    pub label: String,
    pub from: String,
    pub to: String,
}

pub(super) struct Crossing {
    pub x: String,
    pub y: String,
    pub words: String,
    /// Far to the right words stand above the point and left of it.
    pub is_last: bool,
}

/// `None` where nothing crosses.
pub(super) fn chart(load: &Load, answered: &[Answered]) -> Option<Chart> {
    let today = load.month_requests().max(1);
    let month = |of: &Answered| of.answer.month.as_ref().ok()?.total().ok();
    let now = answered.first().and_then(month).filter(|now| *now > Usd::ZERO)?;
    let fixed: Vec<(&Answered, Usd, u64)> = answered
        .iter()
        .filter(|one| matches!(one.choice, Choice::Fargate { .. } | Choice::Instances { .. }))
        .filter_map(|one| match one.answer.break_even {
            Some(BreakEven::Requests { a_month }) if a_month / FURTHEST <= today => Some((one, month(one)?, a_month)),
            _ => None,
        })
        .collect();
    let furthest = fixed.iter().map(|(.., at)| *at).max()?.max(today);
    let most = furthest.saturating_mul(5) / 4;
    let top = now.times(most.into(), today.into())?;
    let x = |requests: u64| requests as f64 / most.max(1) as f64 * WIDTH;
    let part = |amount: Usd| amount.attos() as f64 / top.attos().max(1) as f64;
    let y = |amount: Usd| HEIGHT - part(amount) * HEIGHT;
    let mut lines = vec![Line {
        class: "lambda",
        label: format!("Lambda as it is, {} today", usd(now)),
        from: number(HEIGHT),
        to: number(0.0),
    }];
    for (one, cost, _) in &fixed {
        let class = if matches!(one.choice, Choice::Fargate { .. }) { "fargate" } else { "ec2" };
        lines.push(Line {
            class,
            label: format!("{}, {}", one.name, usd(*cost)),
            from: number(y(*cost)),
            to: number(y(*cost)),
        });
    }
    let crossings = fixed.iter().map(|(one, cost, at)| Crossing {
        x: number(x(*at)),
        y: number(y(*cost)),
        words: format!("{}: {} requests", one.name, large_count(*at)),
        is_last: x(*at) > WIDTH * 0.6,
    });
    let words: Vec<String> = fixed.iter().map(|(one, _, at)| format!("{} at {}", one.name, large_count(*at))).collect();
    Some(Chart {
        lines,
        crossings: crossings.collect(),
        across: [0_u64, 1, 2, 3].map(|at| (number(WIDTH / 4.0 * at as f64), large_count(most / 4 * at))).to_vec(),
        up: [0_u32, 1, 2]
            .into_iter()
            .filter_map(|at| Some((number(HEIGHT - HEIGHT / 2.0 * f64::from(at)), usd(top.times(at.into(), 2)?))))
            .collect(),
        today: (number(x(today)), large_count(today)),
        summary: format!("Cost by requests a month. Lambda costs as much as {} requests a month.", words.join(", as ")),
    })
}
