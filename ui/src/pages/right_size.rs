//! Which memory size is cheapest within my latency? From measured points alone.
//!                                                              (ui/src/pages/right_size.rs ↔ templates/right_size.html)

use askama::Template;
use coldlight_model::money::advice::LEAST_INVOCATIONS;
use coldlight_model::{FunctionSize, Nanos, RightSize, SPARE_PERCENT, Timestamp, right_size};

use crate::format::{NOT_APPLICABLE, count, duration, large_count, number, share, usd, usd_millionth};
use crate::query::{BadParam, Link, Query};
use crate::range::{PARAMS, Picker, Preset, Range};
use crate::shell::{Chrome, Section, Shell};
use crate::text;

pub const PATH: &str = "/cost/right-size";

/// Bounds of the latency asked for, in ms: Lambda's own longest run.
const P95_MS: std::ops::RangeInclusive<u64> = 1..=900_000;
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 170.0;

/// What the address asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub range: Range,
    pub function: Option<String>,
    pub p95max_ms: Option<u64>,
    pub bad: Vec<BadParam>,
}

impl State {
    /// The words of the address.
    pub const WORDS: [&'static str; 2] = ["fn", "p95max"];

    pub fn parse(query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = Vec::new();
        let range = match query.get("range").or(query.get("from")).or(query.get("to")) {
            Some(_) => Range::from_query(&query, now, &mut bad),
            None => Range::Last(Preset::H24),
        };
        let p95max_ms = query.whole("p95max", P95_MS, &mut bad);
        let function = query.get("fn").filter(|name| !name.is_empty()).map(str::to_owned);
        bad.extend(query.unknown(&[&PARAMS[..], &Self::WORDS[..], &["f"]].concat()));
        Self { range, function, p95max_ms, bad }
    }

    pub fn link(&self) -> Link {
        link(&self.range, self.function.as_deref()).maybe("p95max", self.p95max_ms.map(|ms| ms.to_string()))
    }

    /// The slowest p95 that will do.
    pub fn slowest(&self) -> Option<Nanos> {
        self.p95max_ms.map(|ms| ms * 1_000_000)
    }
}

/// This page about a function.
pub fn link(range: &Range, function: Option<&str>) -> Link {
    Link::to(PATH).with_all(&range.pairs()).maybe("fn", function.map(str::to_owned))
}

#[derive(Template)]
#[template(path = "right_size.html")]
struct View {
    chrome: Chrome,
    picker: Picker,
    functions: Vec<(String, bool)>,
    kept: Vec<(String, String)>,
    p95max: String,
    verdict: Option<Verdict>,
    rows: Vec<Row>,
    chart: Option<Chart>,
    phrase: String,
    what_if: String,
    json: String,
    unseen: Option<String>,
}

/// What the points say, why, and how to know more.
struct Verdict {
    title: String,
    why: String,
    remedy: String,
}

/// One measured point.
struct Row {
    size: String,
    region: String,
    invocations: String,
    p50: String,
    p95: String,
    is_slow: bool,
    used: String,
    used_share: String,
    reported: String,
    per_million: String,
    formula: String,
    is_taken: bool,
    is_thin: bool,
}

/// p95 and cost by size.
struct Chart {
    points: Vec<Point>,
    summary: String,
    limit: Option<String>,
    across: Vec<(String, String)>,
    top: String,
}

struct Point {
    x: String,
    duration_y: String,
    cost_y: String,
    words: String,
    class: &'static str,
}

/// The whole page; `functions` are those seen in the range, `sizes` what was seen of the one asked for.
pub fn page(shell: &Shell, state: &State, functions: &[String], sizes: &[FunctionSize]) -> String {
    let here = state.link();
    let found = right_size(sizes, state.slowest());
    super::render(&View {
        chrome: Chrome::new(shell, Section::Cost, "Right size", &here).bad(&state.bad),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        functions: super::function_options(functions, state.function.as_deref()),
        kept: state.range.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        p95max: state.p95max_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        verdict: (!sizes.is_empty()).then(|| verdict(&found, sizes, state)),
        rows: sizes.iter().enumerate().map(|(at, size)| row(at, size, &found, state)).collect(),
        chart: chart(sizes, &found, state),
        phrase: state.range.phrase(),
        what_if: Link::to(super::what_if::PATH)
            .with_all(&state.range.pairs())
            .maybe("fn", state.function.clone())
            .to_string(),
        json: here
            .pairs()
            .iter()
            .fold(Link::to("/api/v1/right-size"), |link, (name, value)| link.with(name, value.clone()))
            .to_string(),
        unseen: state.function.as_ref().filter(|_| sizes.is_empty()).map(|name| text::named(name, 80)),
    })
}

fn size_name(size: &FunctionSize) -> String {
    format!("{} MB, {}", large_count(size.load.memory_mb.into()), size.load.architecture.name())
}

fn verdict(found: &RightSize, sizes: &[FunctionSize], state: &State) -> Verdict {
    let limit =
        state.slowest().map_or_else(String::new, |slowest| format!(" with a p95 of at most {}", duration(slowest)));
    let more = format!("Only sizes that served {LEAST_INVOCATIONS} invocations or more are compared.");
    match found {
        RightSize::Cheapest { at } => {
            let best = &sizes[*at];
            let saved = sizes.first().filter(|now| now.load != best.load).and_then(|now| {
                let less = now.per_million()?.checked_sub(best.per_million()?)?;
                Some(format!(" {} a million less than the most used size.", usd(less)))
            });
            Verdict {
                title: format!("{} is the cheapest measured{limit}", size_name(best)),
                why: format!(
                    "{} a million invocations, p95 {}.{}",
                    best.per_million().map_or_else(|| NOT_APPLICABLE.to_owned(), usd),
                    best.p95.map_or_else(|| NOT_APPLICABLE.to_owned(), duration),
                    saved.unwrap_or_else(|| " It is the most used size already.".to_owned())
                ),
                remedy: more,
            }
        }
        RightSize::NoneQuickEnough => Verdict {
            title: format!("No size measured serves{limit}"),
            why: "More memory brings more processor, up to 1,769 MB for a whole one.".to_owned(),
            remedy: "Let a version with more memory serve some of the traffic, for instance behind a weighted alias."
                .to_owned(),
        },
        RightSize::OneSize { at, try_mb } => {
            let one = &sizes[*at];
            let used = one.max_memory_mb.map_or_else(
                || "how much of it was used nobody reported".to_owned(),
                |used| format!("at most {} MB of it were used", large_count(used)),
            );
            Verdict {
                title: "One size was measured: what another would cost is not known".to_owned(),
                why: format!(
                    "{}: {used}. Processor comes with memory, so a smaller size may take longer and cost more.",
                    size_name(one)
                ),
                remedy: match try_mb {
                    Some(mb) => format!(
                        "Worth measuring: {} MB, which leaves {SPARE_PERCENT} % free or more. Let a version with it serve \
                         {LEAST_INVOCATIONS} invocations, for instance behind a weighted alias.",
                        large_count(*mb)
                    ),
                    None => "Nothing that was seen speaks for another size; to know, let a version with one serve \
                             some of the traffic."
                        .to_owned(),
                },
            }
        }
        RightSize::Thin { most } => Verdict {
            title: "Too little was seen to say anything".to_owned(),
            why: format!(
                "The most used size served {} invocations, of {LEAST_INVOCATIONS} that it takes.",
                large_count(*most)
            ),
            remedy: "Choose a longer time, or let more traffic through.".to_owned(),
        },
    }
}

fn row(at: usize, size: &FunctionSize, found: &RightSize, state: &State) -> Row {
    let load = &size.load;
    let nanos = |value: Option<Nanos>| value.map_or_else(|| NOT_APPLICABLE.to_owned(), duration);
    Row {
        size: size_name(size),
        region: text::cut(&load.region, 40),
        invocations: count(load.invocations),
        p50: nanos(size.p50),
        p95: nanos(size.p95),
        is_slow: state.slowest().is_some_and(|slowest| size.p95.is_none_or(|p95| p95 > slowest)),
        used: size.max_memory_mb.map_or_else(|| "not reported".to_owned(), |used| format!("{} MB", large_count(used))),
        used_share: size
            .max_memory_mb
            .map_or_else(|| NOT_APPLICABLE.to_owned(), |used| share(used, load.memory_mb.into())),
        reported: share(size.reported, load.invocations),
        per_million: size.per_million().map_or_else(|| "not priced".to_owned(), usd_millionth),
        formula: size.cost.map_or_else(
            || "The price of this region and processor is not known.".to_owned(),
            |cost| format!("${cost} for {} invocations, × 1,000,000/{}", load.invocations, load.invocations),
        ),
        is_taken: matches!(found, RightSize::Cheapest { at: best } if *best == at),
        is_thin: !size.is_evidence(),
    }
}

/// Filled points are those compared; what nobody measured is not drawn.
fn chart(sizes: &[FunctionSize], found: &RightSize, state: &State) -> Option<Chart> {
    let drawn: Vec<(usize, &FunctionSize, Nanos, f64)> = sizes
        .iter()
        .enumerate()
        .filter_map(|(at, size)| Some((at, size, size.p95?, size.per_million()?.attos() as f64)))
        .collect();
    let slowest = drawn.iter().map(|(.., p95, _)| *p95).chain(state.slowest()).max()?.max(1);
    let dearest = drawn.iter().map(|(.., cost)| *cost).fold(1.0, f64::max);
    let log = |mb: f64| (mb / 128.0).log2() / (10_240.0_f64 / 128.0).log2() * WIDTH;
    let y = |part: f64| number(HEIGHT - part * (HEIGHT - 12.0));
    let points = drawn.iter().map(|(at, size, p95, cost)| Point {
        x: number(log(f64::from(size.load.memory_mb.clamp(128, 10_240)))),
        duration_y: y(*p95 as f64 / slowest as f64),
        cost_y: y(cost / dearest),
        words: format!(
            "{}: p95 {}, {} a million, {} invocations",
            size_name(size),
            duration(*p95),
            size.per_million().map(usd).unwrap_or_default(),
            large_count(size.load.invocations)
        ),
        class: match found {
            RightSize::Cheapest { at: best } if best == at => "best",
            _ if size.is_evidence() => "seen",
            _ => "thin",
        },
    });
    Some(Chart {
        points: points.collect(),
        summary: format!("p95 and cost of {} measured sizes", drawn.len()),
        limit: state.slowest().map(|limit| y(limit as f64 / slowest as f64)),
        across: [128_u32, 512, 1_769, 4_096, 10_240]
            .map(|mb| (number(log(f64::from(mb))), large_count(mb.into())))
            .to_vec(),
        top: format!("p95 up to {}, cost up to {} a million", duration(slowest), {
            let amount = drawn.iter().filter_map(|(_, size, ..)| size.per_million()).max();
            amount.map(usd).unwrap_or_default()
        }),
    })
}
