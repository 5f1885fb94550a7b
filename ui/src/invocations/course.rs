//! The course of one function as charts: how long it took, how many ran at a time, how full its memory was, and where versions began.

use coldlight_model::{Deploy, FunctionCourse, InvocationGroup, MEMORY_STEPS, Nanos, TimeRange};

use super::figures::{DeployMark, labels, slice_of};
use super::state::State;
use crate::chart::{Course, Line, lines};
use crate::format::{self, NOT_APPLICABLE, duration, number};
use crate::moment::{Moment, Shows};
use crate::range::span;
use crate::shell::Shell;
use crate::text;

/// Percent of the width below which two marks have no room for two labels.
const ROOM: f64 = 9.0;

/// Lines over time. `invocations/lines.html` draws them.
pub struct Lines {
    pub title: &'static str,
    /// `data-test` of the chart.
    pub test: &'static str,
    pub lines: Vec<Line>,
    pub width: usize,
    pub top: String,
    pub summary: String,
    pub labels: Vec<(String, String)>,
    pub marks: Vec<DeployMark>,
    /// A time and a figure for each line.
    pub numbers: Vec<(String, Vec<String>)>,
}

/// One line of a chart: its class, its name, and its value in each slice.
type Told = (&'static str, &'static str, Vec<Option<f64>>);

fn chart(
    (title, test): (&'static str, &'static str),
    told: Vec<Told>,
    shows: fn(f64) -> String,
    marks: &[DeployMark],
    state: &State,
    shell: &Shell,
) -> Option<Lines> {
    let courses: Vec<Course> = told.into_iter().map(|(class, label, values)| Course { class, label, values }).collect();
    let (drawn, top) = lines(&courses)?;
    let range = state.range();
    let length = slice_of(range);
    let width = courses.first().map_or(1, |course| course.values.len());
    let numbers = (0..width).map(|at| {
        let from = range.from.plus(length * at as u64);
        let values = courses.iter().map(|course| course.values[at].map_or(NOT_APPLICABLE.to_owned(), shows));
        (span(TimeRange { from, to: from.plus(length) }, &shell.zone), values.collect())
    });
    let most = |course: &Course| {
        course
            .values
            .iter()
            .flatten()
            .copied()
            .fold(None, |most: Option<f64>, value| Some(most.map_or(value, |most| most.max(value))))
    };
    let said: Vec<String> =
        courses.iter().filter_map(|course| Some(format!("{} up to {}", course.label, shows(most(course)?)))).collect();
    Some(Lines {
        title,
        test,
        lines: drawn,
        width,
        top: shows(top),
        summary: format!("{title}: {}.", said.join(", ")),
        labels: labels(range, &shell.zone),
        marks: marks.to_vec(),
        numbers: numbers.collect(),
    })
}

/// Median and 95th percentile of the duration, and the latter of cold starts.
pub fn durations(slices: &[InvocationGroup], marks: &[DeployMark], state: &State, shell: &Shell) -> Option<Lines> {
    let of =
        |of: fn(&InvocationGroup) -> Option<Nanos>| slices.iter().map(|slice| of(slice).map(|ns| ns as f64)).collect();
    let told: Vec<Told> = vec![
        ("l-p95", "p95", of(|slice| slice.duration.p95)),
        ("l-p50", "p50", of(|slice| slice.duration.p50)),
        ("l-cold", "cold p95", of(|slice| slice.cold_duration.p95)),
    ];
    chart(("Duration over time", "durations"), told, |nanos| duration(nanos as u64), marks, state, shell)
}

/// Most at a time and on average, and how many environments served.
pub fn concurrency(course: &FunctionCourse, marks: &[DeployMark], state: &State, shell: &Shell) -> Option<Lines> {
    let length = slice_of(state.range());
    let mut told = [const { Vec::new() }; 3];
    for values in &mut told {
        values.resize(super::figures::SLICES as usize, None);
    }
    for slice in &course.slices {
        let values = [slice.peak as f64, slice.busy as f64 / length as f64, slice.environments as f64];
        for (all, value) in told.iter_mut().zip(values) {
            if let Some(slot) = all.get_mut(slice.at as usize) {
                *slot = Some(value);
            }
        }
    }
    let [peak, mean, environments] = told;
    let told = vec![
        ("l-p95", "most at a time", peak),
        ("l-p50", "on average", mean),
        // Zero where nobody names an environment.
        ("l-third", "environments", environments.into_iter().map(|value| value.filter(|value| *value > 0.0)).collect()),
    ];
    chart(
        ("Concurrency", "concurrency"),
        told,
        |value| if value >= 10.0 { number(value.round()) } else { number(value) },
        marks,
        state,
        shell,
    )
}

/// How full the memory was, as bars of a twentieth each.
pub struct Memory {
    pub bars: Vec<MemoryBar>,
    pub summary: String,
    /// Where notes begin, in percent.
    pub size: String,
}

pub struct MemoryBar {
    pub x: String,
    pub y: String,
    pub height: String,
    pub is_full: bool,
    pub words: String,
    pub share: String,
    pub count: String,
    pub href: String,
}

/// `None` where nobody said.
pub fn memory(course: &FunctionCourse, all: &InvocationGroup, state: &State) -> Option<Memory> {
    let (most, known) = (*course.memory.iter().max()?, course.memory.iter().sum::<u64>());
    if most == 0 {
        return None;
    }
    let bar = |(at, count): (usize, &u64)| {
        let height = 60.0 * *count as f64 / most as f64;
        let height = if *count > 0 { height.max(1.0) } else { 0.0 };
        let share = if at == MEMORY_STEPS { "100%".to_owned() } else { format!("{}–{}%", at * 5, at * 5 + 5) };
        let words = format!("{share} of its memory: {}", format::counted(*count, "invocation", "invocations"));
        MemoryBar {
            x: at.to_string(),
            y: number(64.0 - height),
            height: number(height),
            is_full: at + 1 >= MEMORY_STEPS,
            href: match at {
                0 => state.list_where("mem<5%"),
                MEMORY_STEPS => state.list_where("mem>=100%"),
                _ => state.list_where(&format!("mem>={}% mem<{}%", at * 5, at * 5 + 5)),
            }
            .to_string(),
            words,
            share,
            count: format::count(*count),
        }
    };
    let full: u64 = course.memory[MEMORY_STEPS - 1..].iter().sum();
    let used = all.max_memory_mb.map(|used| format!(", {} MB at most", format::count(used))).unwrap_or_default();
    Some(Memory {
        bars: course.memory.iter().enumerate().map(bar).collect(),
        summary: format!(
            "Of {}, {} used 95% or more{used}.",
            format::counted(known, "invocation", "invocations"),
            format::large_count(full)
        ),
        size: match all.memory_mb {
            Some((least, most)) if least == most => format!("{} MB", format::count(most)),
            Some((least, most)) => format!("{} to {} MB", format::count(least), format::count(most)),
            None => "its size".to_owned(),
        },
    })
}

/// A version that began inside the range.
pub struct Began {
    pub what: &'static str,
    pub version: String,
    pub at: Moment,
    pub href: Option<String>,
}

pub fn began(deploys: &[Deploy], state: &State, shell: &Shell) -> Vec<Began> {
    let one = |deploy: &Deploy| {
        let is_version = deploy.what == "version";
        Began {
            what: if is_version { "version" } else { "service.version" },
            version: text::named(&deploy.version, 40),
            at: Moment::new(deploy.first, Shows::DateTime, &shell.zone, shell.now),
            href: is_version.then(|| state.list_with("version", &deploy.version).to_string()),
        }
    };
    deploys.iter().map(one).collect()
}

/// Where they stand over the charts.
pub fn marks(deploys: &[Deploy], state: &State) -> Vec<DeployMark> {
    let range = state.range();
    let mut labelled = f64::NEG_INFINITY;
    let mark = |deploy: &Deploy| {
        let at = deploy.first.since(range.from) as f64 / range.length().max(1) as f64 * 100.0;
        let has_room = at - labelled >= ROOM;
        if has_room {
            labelled = at;
        }
        DeployMark { at: number(at), label: has_room.then(|| text::cut(&deploy.version, 12)) }
    };
    deploys.iter().map(mark).collect()
}

/// Percentiles side by side.
pub struct Temper {
    pub name: &'static str,
    pub count: String,
    pub cells: [String; 3],
    pub href: Option<String>,
}

/// Warm, cold, and what a cold start waits for besides.
pub fn tempers(all: &InvocationGroup, state: &State) -> Vec<Temper> {
    let row = |name, count: u64, of: coldlight_model::Quantiles, word: Option<&str>| Temper {
        name,
        count: format::count(count),
        cells: [of.p50, of.p95, of.p99].map(|value| value.map_or(NOT_APPLICABLE.to_owned(), duration)),
        href: word.filter(|_| count > 0).map(|word| state.list_where(word).to_string()),
    };
    let warm = all.started(coldlight_model::lambda::StartKind::Warm);
    vec![
        row("Warm", warm, all.warm_duration, Some("cold:false")),
        row("Cold, without init", all.cold(), all.cold_duration, Some("cold:true")),
        row("Init or restore", all.cold(), all.init, Some("cold:true")),
    ]
}

/// What it calls, and how much of its time that took.
pub struct Call {
    pub icon: &'static str,
    pub kind: &'static str,
    pub name: String,
    pub href: String,
    pub calls: String,
    pub each: String,
    pub faults: (String, &'static str),
    pub throttles: (String, &'static str),
    pub took: String,
    /// In percent of the invocations' time, for words and for the bar.
    pub share: String,
    pub width: String,
}

pub fn calls(course: &FunctionCourse, state: &State) -> Vec<Call> {
    let problem = |count: u64, all: u64, tone| match count {
        0 => ("0".to_owned(), "zero"),
        _ => (format!("{} ({})", format::count(count), format::share(count, all)), tone),
    };
    let one = |call: &coldlight_model::Called| {
        let node = format!("{}:{}", call.kind.name(), call.name);
        Call {
            icon: crate::icon::of_kind(call.kind),
            kind: call.kind.label(),
            name: text::named(&call.name, 60),
            href: state.elsewhere("/map").with("sel", node).to_string(),
            calls: format::count(call.calls),
            each: duration(call.took / call.calls.max(1)),
            faults: problem(call.faults, call.calls, "c-fault"),
            throttles: problem(call.throttles, call.calls, "c-throttle"),
            took: duration(call.took),
            share: format::share(call.took, course.traced.max(1)),
            width: number((call.took as f64 / course.traced.max(1) as f64 * 100.0).min(100.0)),
        }
    };
    course.calls.iter().map(one).collect()
}
