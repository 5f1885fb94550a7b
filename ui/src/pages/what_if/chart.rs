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
        across: round(most.into(), 5)
            .filter_map(|at| u64::try_from(at).ok())
            .map(|at| (number(x(at)), large_count(at)))
            .collect(),
        up: round(top.attos().max(0).unsigned_abs(), 4)
            .filter_map(|at| Usd::from_attos(i128::try_from(at).ok()?))
            .map(|at| (number(y(at)), usd(at)))
            .collect(),
        today: (number(x(today)), large_count(today)),
        summary: format!("Cost by requests a month. Lambda costs as much as {} requests a month.", words.join(", as ")),
    })
}

/// From 0 in steps of 1, 2 or 5 × 10ⁿ up to `length`, at most `most` besides the zero.
fn round(length: u128, most: u128) -> impl Iterator<Item = u128> {
    let decades = (0..38).map(|power| 10_u128.pow(power));
    let mut steps = decades.flat_map(|decade| [1, 2, 5].map(|of| of * decade));
    let step = steps.find(|step| length / step <= most).unwrap_or(length.max(1));
    (0..=length / step).map(move |at| at * step)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ticks_stand_at_round_numbers() {
        assert_eq!(super::round(9_737_000, 5).collect::<Vec<_>>(), [0, 2_000_000, 4_000_000, 6_000_000, 8_000_000]);
        assert_eq!(super::round(0, 5).collect::<Vec<_>>(), [0]);
    }
}
