//! One choice as a row: a month of it, against as it is, and where it begins to pay.

use coldlight_model::money::Usd;
use coldlight_model::money::advice::BreakEven;

use super::Answered;
use crate::format::{NOT_APPLICABLE, large_count, number, usd, usd_share};
use crate::text;

pub(super) struct Row {
    pub name: &'static str,
    pub chosen: String,
    pub month: String,
    pub exact: Option<String>,
    pub change: String,
    pub break_even: String,
    pub assumes: String,
    /// Name and arithmetic of each part.
    pub lines: Vec<(String, String)>,
    /// What is lacking, and what would mend that.
    pub refused: Option<(String, String)>,
}

pub(super) fn row(one: &Answered, as_is: Option<&Answered>) -> Row {
    let total = |of: &Answered| of.answer.month.as_ref().ok().map(|cost| cost.total());
    let now = as_is.and_then(total).and_then(Result::ok);
    let (month, exact, refused) = match (&one.answer.month, total(one)) {
        (Err(thin), _) => ("not known".to_owned(), None, Some((sentence(&thin.lacks), sentence(&thin.remedy)))),
        (_, Some(Ok(sum))) => (usd(sum), Some(sum), None),
        (_, Some(Err(unknown))) => {
            let remedy = "Import a price list that has it: coldlight prices import.".to_owned();
            ("not priced".to_owned(), None, Some((sentence(&unknown.to_string()), remedy)))
        }
        (Ok(_), None) => ("not known".to_owned(), None, None),
    };
    let lines = one.answer.month.iter().flat_map(|cost| &cost.parts).map(|part| {
        let comes_to = part.usd.as_ref().map_or_else(|_| "unknown".to_owned(), |exact| usd(*exact));
        (part.name.replace('_', " "), format!("{} = {comes_to}", text::cut(&part.formula, 200)))
    });
    Row {
        name: one.name,
        chosen: one.chosen.clone(),
        month,
        change: exact.zip(now).map_or_else(|| NOT_APPLICABLE.to_owned(), |(there, now)| change(there, now)),
        exact: exact.map(|sum| sum.to_string()),
        break_even: one.answer.break_even.map_or_else(|| NOT_APPLICABLE.to_owned(), break_even),
        assumes: one.answer.assumes.iter().map(|one| sentence(one)).collect::<Vec<_>>().join(" "),
        lines: lines.collect(),
        refused,
    }
}

/// What every row lacks alike: said once, above them.
pub(super) fn lacked_by_all(rows: &[Row]) -> Option<(String, String)> {
    let first = rows.first()?.refused.as_ref()?;
    rows.iter().all(|row| row.refused.as_ref() == Some(first)).then(|| first.clone())
}

fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let rest = text::cut(chars.as_str(), 300);
    format!("{first}{rest}{}", if rest.ends_with('.') { "" } else { "." })
}

fn change(there: Usd, now: Usd) -> String {
    match there.checked_sub(now) {
        Some(more) if more > Usd::ZERO => format!("+{}", share_or_times(more, now)),
        Some(less) if less < Usd::ZERO => format!("−{}", usd_share(less, now)),
        _ => "the same".to_owned(),
    }
}

/// Beyond double a share says little.
fn share_or_times(more: Usd, now: Usd) -> String {
    if more > now { usd(more) } else { usd_share(more, now) }
}

pub(super) fn break_even(at: BreakEven) -> String {
    let percent = |ppm: u64| format!("{} %", number(ppm as f64 / 10_000.0));
    match at {
        BreakEven::BilledTime { ppm } if ppm >= 1_000_000 => {
            format!("pays unless it takes {} longer", percent(ppm - 1_000_000))
        }
        BreakEven::BilledTime { ppm } => format!("pays if it takes {} less time", percent(1_000_000 - ppm)),
        BreakEven::AtWork { ppm } if ppm > 1_000_000 => "never pays at these prices".to_owned(),
        BreakEven::AtWork { ppm } => format!("pays while environments are at work {} of the time", percent(ppm)),
        BreakEven::Requests { a_month } => format!("pays from {} requests a month", large_count(a_month)),
    }
}
