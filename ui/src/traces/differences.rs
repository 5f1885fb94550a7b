//! What is different between two sets of spans, as rows of paired bars.

use coldlight_model::{Difference, Differences, Fact, Is, Weight};

use super::state::State;
use crate::format;
use crate::text;

/// Rows shown; the API has more.
const SHOWN: usize = 12;
/// Facts named that hold of the same spans; the rest is a number.
const SAME: usize = 3;

/// The list and what is said above it.
pub struct List {
    pub rows: Vec<Row>,
    /// "In the box", "Elsewhere".
    pub inside: Side,
    pub outside: Side,
    /// How the shares came about.
    pub sample: String,
    pub few: Option<String>,
    /// Why there is nothing to rank by.
    pub nothing: Option<&'static str>,
    pub ranks: Vec<(&'static str, String, bool)>,
}

/// One of the two sets.
pub struct Side {
    pub name: &'static str,
    pub spans: String,
    pub count: u64,
    pub aside: String,
}

/// One attribute.
pub struct Row {
    pub field: String,
    /// The value, or "above 12", "up to 12".
    pub value: text::Text,
    pub href: String,
    pub inside: String,
    pub outside: String,
    /// Shares in percent, for bars and for programs.
    pub inside_width: String,
    pub outside_width: String,
    pub points: String,
    pub medians: Option<String>,
    /// Facts of the same spans, in words.
    pub same: Option<String>,
}

pub fn list(found: &Differences, state: &State) -> List {
    let weighed = match state.rank {
        Weight::Count => "spans",
        Weight::Time => "milliseconds",
        Weight::Cost => "dollars",
    };
    let names = match (&state.part, &state.than) {
        (Some(_), None) => ("In the box", "Elsewhere"),
        (Some(_), Some(_)) => ("In the box", "The other filter"),
        _ => ("This filter", "The other filter"),
    };
    let side = |name, of: &coldlight_model::Side| Side {
        name,
        spans: format::counted(of.spans, "span", "spans"),
        count: of.spans,
        aside: match (state.rank, of.cost) {
            (Weight::Cost, Some(cost)) if of.sampled == of.spans => format::usd(cost),
            (Weight::Cost, Some(cost)) => format!("{} in the sample", format::usd(cost)),
            (Weight::Cost, None) => "not priced".to_owned(),
            _ => mean(of),
        },
    };
    let sampled = found.inside.sampled < found.inside.spans || found.outside.sampled < found.outside.spans;
    let sample = if sampled {
        format!(
            "Shares of {weighed}, of a sample of {} and {} spans.",
            format::count(found.inside.sampled),
            format::count(found.outside.sampled)
        )
    } else {
        format!("Shares of {weighed}, of all {} spans.", format::count(found.inside.spans + found.outside.spans))
    };
    let fewest = found.inside.spans.min(found.outside.spans);
    let is_empty = found.rows.is_empty() && fewest == 0;
    let is_unpriced = state.rank == Weight::Cost && found.inside.cost.is_none() && found.outside.cost.is_none();
    List {
        rows: found.rows.iter().take(SHOWN).map(|row| self::row(row, state)).collect(),
        inside: side(names.0, &found.inside),
        outside: side(names.1, &found.outside),
        sample,
        few: (found.is_few() && !is_empty).then(|| {
            format!(
                "One side has only {}: below {} a difference may be chance.",
                format::counted(fewest, "span", "spans"),
                Differences::FEW
            )
        }),
        nothing: match () {
            () if is_unpriced => {
                Some("None of these spans is an invocation with a price. Rank by count or by milliseconds.")
            }
            () if is_empty => Some("One side is empty: there is nothing to compare."),
            () if found.rows.is_empty() => Some("No attribute differs by half a point or more."),
            () => None,
        },
        ranks: Weight::ALL
            .map(|rank| {
                let label = match rank {
                    Weight::Count => "By count",
                    Weight::Time => "By milliseconds",
                    Weight::Cost => "By dollars",
                };
                (label, state.ranked(rank).link().to_string(), rank == state.rank)
            })
            .into(),
    }
}

fn mean(side: &coldlight_model::Side) -> String {
    match side.time.checked_div(side.sampled.into()) {
        Some(mean) => format!("{} on average", format::duration(u64::try_from(mean).unwrap_or(u64::MAX))),
        None => String::new(),
    }
}

fn row(row: &Difference, state: &State) -> Row {
    let line = format!("{} {}", state.of_spans().to_line(), row.fact.word());
    let percent = |share: f64| format::number(share * 100.0);
    let share = |share: f64| format::share((share * 1e9).round() as u64, 1_000_000_000);
    let (inside, outside) = (row.inside.share(), row.outside.share());
    Row {
        field: text::cut(plain_field(&row.fact), 80),
        value: value(&row.fact),
        href: state.filtered(line.trim()).link().to_string(),
        inside: share(inside),
        outside: share(outside),
        inside_width: percent(inside),
        outside_width: percent(outside),
        points: format!("{}{:.0} pts", if inside >= outside { "+" } else { "−" }, (row.distance() * 100.0).round()),
        medians: row.medians.map(|(inside, outside)| {
            format!("median {} here, {} there", number(&row.fact, inside), number(&row.fact, outside))
        }),
        same: same(&row.same),
    }
}

fn plain_field(fact: &Fact) -> &str {
    fact.field.strip_prefix("attr.").unwrap_or(&fact.field)
}

fn value(fact: &Fact) -> text::Text {
    match &fact.is {
        Is::Value(value) => text::Text::new(value),
        Is::Number(op, at) => {
            let word = if op.symbol().starts_with('>') { "above" } else { "up to" };
            text::Text::new(&format!("{word} {}", number(fact, *at)))
        }
    }
}

fn number(fact: &Fact, number: f64) -> String {
    if fact.field == "dur" {
        return format::duration(number.max(0.0) as u64);
    }
    match number.abs() {
        0.0..1e15 if number.fract() == 0.0 => format!("{number}"),
        0.01..1e15 => format::number(number),
        _ => format!("{number:e}"),
    }
}

fn same(facts: &[Fact]) -> Option<String> {
    if facts.is_empty() {
        return None;
    }
    let named: Vec<String> = facts.iter().take(SAME).map(|fact| text::cut(&fact.word(), 80)).collect();
    let more = facts.len().saturating_sub(SAME);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("same spans: {}{more}", named.join("  ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{Op, Part, Timestamp};

    fn found(field: &str, is: Is, medians: Option<(f64, f64)>) -> Differences {
        let part = |weight| Part { weight, of: 1_000 };
        let row = Difference {
            fact: Fact { field: field.into(), is },
            inside: part(824),
            outside: part(31),
            medians,
            values: 3,
            same: vec![],
        };
        let side = coldlight_model::Side { spans: 40, sampled: 40, time: 40_000_000, cost: None };
        Differences { inside: side.clone(), outside: side, rows: vec![row], unique: 0 }
    }

    fn state(query: &str) -> State {
        State::parse(&format!("view=heat&{query}"), Timestamp::EPOCH)
    }

    #[test]
    fn a_row_says_both_shares_and_adds_its_word_to_the_filter() {
        let list = list(&found("attr.tier", Is::Value("gold".into()), None), &state("f=service:a&than=cold:false"));
        let row = &list.rows[0];
        assert_eq!((row.field.as_str(), row.value.shown.as_str()), ("tier", "gold"));
        assert_eq!((row.inside.as_str(), row.outside.as_str(), row.points.as_str()), ("82.4%", "3.1%", "+79 pts"));
        assert!(row.href.contains("f=service:a+attr.tier:gold"), "{}", row.href);
        assert!(list.few.unwrap().contains("only 40 spans"));
        assert_eq!(list.inside.aside, "1.0 ms on average");
    }

    #[test]
    fn numbers_say_where_their_medians_lie() {
        let list = list(&found("dur", Is::Number(Op::AtMost, 2e6), Some((1e6, 3e6))), &state("than=cold:false"));
        assert_eq!(list.rows[0].value.shown, "up to 2.0 ms");
        assert_eq!(list.rows[0].medians.as_deref(), Some("median 1.0 ms here, 3.0 ms there"));
    }

    #[test]
    fn without_a_price_dollars_are_not_ranked_by() {
        let list = list(&found("a", Is::Value("b".into()), None), &state("rank=usd&than=cold:false"));
        assert!(list.nothing.unwrap().contains("price"));
    }
}
