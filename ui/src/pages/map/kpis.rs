//! The numbers above the map: what came in from outside, and how it went.

use coldlight_model::{EntryBin, ServiceMap};

use crate::chart::{Kpi, Spark};
use crate::format::{NOT_APPLICABLE, count, duration, large_count, rate, share, usd};
use crate::formula::{Extent, Formula};
use crate::map::money::{cold_share, is_priced, millionth};
use crate::pages::map::State;
use crate::query::Link;

pub fn kpis(map: &ServiceMap, state: &State) -> Vec<Kpi> {
    let entries = &map.entries;
    let course = |of: &dyn Fn(&EntryBin) -> Option<f64>| Spark::new(&map.bins.iter().map(of).collect::<Vec<_>>());
    let problem = |name, label, tone, count_of: &dyn Fn(&EntryBin) -> u64, total: u64| Kpi {
        name,
        label,
        value: share(total, entries.calls),
        aside: count(total),
        tone: if total > 0 { tone } else { "" },
        unit: "count",
        raw: total,
        spark: course(&|bin| (bin.stats.calls > 0).then(|| count_of(bin) as f64 / bin.stats.calls as f64)),
        formula: None,
    };
    let p95 = entries.durations.quantile(0.95);
    let p50 = entries.durations.quantile(0.5).map_or_else(|| NOT_APPLICABLE.to_owned(), duration);
    vec![
        Kpi {
            name: "requests",
            label: "Requests in",
            value: large_count(entries.calls),
            aside: match map.sampled.left_out {
                0 => rate(map.per_second(entries.calls)),
                left_out => format!("≈ {} in all", large_count(entries.calls.saturating_add(left_out))),
            },
            tone: "",
            unit: "count",
            raw: entries.calls,
            spark: course(&|bin| Some(bin.stats.calls as f64)),
            formula: None,
        },
        problem("faults", "Faults (5xx)", "c-fault", &|bin| bin.stats.faults, entries.faults),
        problem("throttles", "Throttles (429)", "c-throttle", &|bin| bin.stats.throttles, entries.throttles),
        Kpi {
            name: "p95",
            label: "Response p95",
            value: p95.map_or_else(|| NOT_APPLICABLE.to_owned(), duration),
            aside: format!("p50 {p50}"),
            tone: "",
            unit: "ns",
            raw: p95.unwrap_or(0),
            spark: course(&|bin| bin.stats.durations.quantile(0.95).map(|nanos| nanos as f64)),
            formula: None,
        },
        cold(map),
        cost(map, state),
    ]
}

fn cold(map: &ServiceMap) -> Kpi {
    let spent = &map.spent;
    Kpi {
        name: "cold",
        label: "Cold starts",
        value: cold_share(spent).unwrap_or_else(|| NOT_APPLICABLE.to_owned()),
        aside: count(spent.cold),
        tone: if spent.cold > 0 { "c-cold" } else { "" },
        unit: "count",
        raw: spent.cold,
        spark: Spark::new(&map.bins.iter().map(|bin| Some(bin.spent.cold as f64)).collect::<Vec<_>>()),
        formula: None,
    }
}

/// What has a price, of all that was kept or of the traces that the map is of; how sure it is is said on the page of costs.
fn cost(map: &ServiceMap, state: &State) -> Kpi {
    let spent = &map.spent;
    let total = spent.total();
    let with = total.checked_add(spent.left_out_usd).filter(|_| spent.left_out > 0);
    let extent = if map.narrowed.is_some() { Extent::Found } else { Extent::Everything };
    let each = millionth(spent).map(|amount| format!("{amount}/M"));
    Kpi {
        name: "cost",
        label: "Cost",
        value: NOT_APPLICABLE.to_owned(),
        aside: with.map(|with| format!("≈ {} with what was not sampled", usd(with))).or(each).unwrap_or_default(),
        tone: "",
        unit: "pico",
        raw: u64::try_from(total.attos() / 1_000_000).unwrap_or(0),
        spark: Spark::new(&map.bins.iter().map(|bin| Some(bin.spent.total().attos() as f64)).collect::<Vec<_>>()),
        formula: (is_priced(spent) || spent.invocations > 0).then(|| Formula::of_time(spent, extent, costs(state))),
    }
}

/// The page of costs over the same time.
fn costs(state: &State) -> String {
    Link::to(crate::pages::cost::PATH).with_all(&state.range.pairs()).to_string()
}
