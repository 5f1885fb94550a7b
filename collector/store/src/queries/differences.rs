//! What is different between two sets of spans: attributes ranked by how much larger their share is in one of them.
//!
//! Counts are of all spans; shares are of a sample of at most [`SAMPLE`] spans a side, the same ones each time. A share of
//! so many is right within 1.4 percent in 19 of 20 cases.

use coldlight_model::money::Usd;
use coldlight_model::{Contrast, Difference, Differences, Fact, Is, Op, Part, Side, Weight, join_same};
use duckdb::types::Value as Sql;
use duckdb::{Connection, Row, params_from_iter};

use super::condition::{APART, Conditions, conditions, of_time};
use super::places::conditions_with_places;
use crate::Store;
use crate::error::StoreError;

/// Spans looked at on each side, at most about so many.
const SAMPLE: u64 = 5_000;
/// A smaller distance of two shares is not told: it would be chance.
const LEAST: f64 = 0.005;
/// Rows of an answer.
const MOST_ROWS: usize = 40;

impl Store {
    /// What is different between the two sides of `contrast`.
    pub async fn differences(&self, contrast: Contrast) -> Result<Differences, StoreError> {
        self.ask(move |db| {
            let sets = Sets::of(db, &contrast)?;
            let (inside, outside) = sets.sizes(db)?;
            let mut answer = Differences::default();
            (answer.inside.spans, answer.outside.spans) = (inside, outside);
            // Of nothing, everything would differ.
            if inside > 0 && outside > 0 {
                sets.tell(db, &contrast, &mut answer)?;
            }
            Ok(answer)
        })
        .await
    }
}

/// The two sets as conditions of one scan: what is looked at, and of it what is of the first set, and else of the other. Each word
/// of a filter stands in one of them only, for some ask other tables.
struct Sets {
    looked_at: Conditions,
    inside: Conditions,
    outside: Conditions,
}

impl Sets {
    fn of(db: &Connection, contrast: &Contrast) -> Result<Self, StoreError> {
        let found = conditions_with_places(db, contrast.range, &contrast.filter)?;
        let (looked_at, mut inside, outside) = match &contrast.than {
            Some(than) => (of_time(contrast.range), found, conditions(contrast.range, than)),
            None => (found, Conditions::default(), Conditions::default()),
        };
        if let Some(part) = contrast.within {
            inside.within(part);
        }
        Ok(Self { looked_at, inside, outside })
    }

    /// A template with the sets, and the values of its `?` so far, in the order of the text.
    fn fill(&self, template: &str) -> (String, Vec<Sql>) {
        let holds = |set: &Conditions| ["(TRUE", &set.text, ")"].concat();
        let sql =
            template.replace("/* inside */", &holds(&self.inside)).replace("/* outside */", &holds(&self.outside));
        let params = [&self.inside, &self.outside, &self.looked_at].map(|set| set.params.clone());
        (self.looked_at.fill(&sql), params.concat())
    }

    fn sizes(&self, db: &Connection) -> Result<(u64, u64), StoreError> {
        let (sql, params) = self.fill(include_str!("differences_count.sql"));
        let size = |row: &Row<'_>, name| Ok::<u64, duckdb::Error>(row.get::<_, i64>(name)?.unsigned_abs());
        Ok(db.query_row(&sql, params_from_iter(params), |row| Ok((size(row, "inside")?, size(row, "outside")?)))?)
    }

    fn tell(&self, db: &Connection, contrast: &Contrast, answer: &mut Differences) -> Result<(), StoreError> {
        let (weight, bills) = match contrast.weight {
            Weight::Count => ("1::HUGEINT", ""),
            Weight::Time => ("span.duration_ns::HUGEINT", ""),
            Weight::Cost => ("coalesce(bill.attos, 0)::HUGEINT", include_str!("differences_bills.sql")),
        };
        let template = include_str!("differences.sql").replace("/* weight */", weight).replace("/* bills */", bills);
        let (sql, mut params) = self.fill(&template);
        let sizes = [answer.inside.spans, answer.outside.spans];
        params.extend(sizes.map(|spans| Sql::BigInt(spans.div_ceil(SAMPLE).max(1) as i64)));
        if contrast.weight == Weight::Cost {
            let range = contrast.range;
            params.extend([range.from.minus(APART), range.to.plus(APART)].map(|at| Sql::BigInt(at.nanos())));
        }
        // In a box, durations differ because they were chosen to.
        params.push(Sql::Boolean(contrast.within.is_none()));
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            if found.is_empty() {
                tell_sides(answer, row, contrast.weight)?;
            }
            found.push(difference(row)?);
        }
        // What the filters ask for differs because it was asked for.
        let asked = contrast.filter.conditions.iter().chain(contrast.than.iter().flat_map(|than| &than.conditions));
        let asked: Vec<&str> = asked.map(|condition| condition.word.trim_start_matches('-')).collect();
        found.retain(|row: &Difference| row.distance() >= LEAST && !asked.contains(&row.fact.word().as_str()));
        answer.rows = join_same(found, MOST_ROWS);
        Ok(())
    }
}

fn tell_sides(answer: &mut Differences, row: &Row<'_>, weight: Weight) -> duckdb::Result<()> {
    let side = |side: &mut Side, spans: &str, time: &str, all: &str| {
        side.sampled = row.get::<_, i64>(spans)?.unsigned_abs();
        side.time = row.get::<_, i128>(time)?.unsigned_abs();
        let cost = Usd::from_attos(row.get(all)?);
        side.cost = cost.filter(|cost| weight == Weight::Cost && *cost > Usd::ZERO);
        Ok::<(), duckdb::Error>(())
    };
    side(&mut answer.inside, "spans_in", "ns_in", "all_in")?;
    side(&mut answer.outside, "spans_out", "ns_out", "all_out")?;
    answer.unique = row.get::<_, i64>("unique_fields")?.unsigned_abs();
    Ok(())
}

fn difference(row: &Row<'_>) -> duckdb::Result<Difference> {
    let part = |weight: &str, of: &str| {
        let number = |name: &str| Ok::<u128, duckdb::Error>(row.get::<_, i128>(name)?.unsigned_abs());
        Ok::<Part, duckdb::Error>(Part { weight: number(weight)?, of: number(of)? })
    };
    let medians = row.get::<_, Option<f64>>("median_in")?.zip(row.get::<_, Option<f64>>("median_out")?);
    let threshold: Option<f64> = row.get("threshold")?;
    let is = match (medians, threshold) {
        (Some((inside, outside)), Some(threshold)) => {
            Is::Number(if inside > outside { Op::Greater } else { Op::AtMost }, threshold)
        }
        _ => Is::Value(row.get::<_, Option<String>>("value")?.unwrap_or_default()),
    };
    Ok(Difference {
        fact: Fact { field: row.get("field")?, is },
        inside: part("in", "all_in")?,
        outside: part("out", "all_out")?,
        medians,
        values: row.get::<_, i64>("values")?.unsigned_abs(),
        same: Vec::new(),
    })
}
