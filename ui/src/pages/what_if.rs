//! The same load elsewhere: on arm64, in another size, always ready, on Fargate, on EC2.
//!                                                                    (ui/src/pages/what_if.rs ↔ templates/what_if.html)

mod answer;
mod chart;

use askama::Template;
use coldlight_model::money::advice::{Choice, Load, WhatIf, what_if};
use coldlight_model::money::{Architecture, PriceBook};
use coldlight_model::{FunctionSize, Timestamp};

use self::answer::{Row, lacked_by_all, row};
use self::chart::{Chart, chart};
use crate::format::{counted, duration, large_count};
use crate::query::{BadParam, Link, Query};
use crate::range::{PARAMS, Picker, Preset, Range};
use crate::shell::{Chrome, Section, Shell};
use crate::text;

pub const PATH: &str = "/cost/what-if";

/// What this page asks beside range and function, and in which bounds.
const NUMBERS: [(&str, std::ops::RangeInclusive<u64>); 5] = [
    ("memory", 128..=10_240),
    ("env", 1..=10_000),
    ("mib", 512..=249_856),
    ("tasks", 1..=10_000),
    ("instances", 1..=10_000),
];
/// Sizes of Fargate's vCPU, in 10⁻¹⁰ vCPU.
const VCPU: [(&str, u64); 8] = [
    ("0.25", 2_500_000_000),
    ("0.5", 5_000_000_000),
    ("1", 10_000_000_000),
    ("2", 20_000_000_000),
    ("4", 40_000_000_000),
    ("8", 80_000_000_000),
    ("16", 160_000_000_000),
    ("32", 320_000_000_000),
];
/// Requests that one small task or instance is taken to serve at once, where nobody says how many tasks there are.
const AT_ONCE_MILLI: u64 = 10_000;

/// What the address asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub range: Range,
    pub function: Option<String>,
    pub memory_mb: Option<u64>,
    pub environments: Option<u64>,
    pub vcpu_e10: Option<u64>,
    pub memory_mib: Option<u64>,
    pub tasks: Option<u64>,
    pub instance_type: Option<String>,
    pub instances: Option<u64>,
    pub bad: Vec<BadParam>,
}

impl State {
    /// The words of the address.
    pub const WORDS: [&'static str; 8] = ["fn", "memory", "env", "vcpu", "mib", "tasks", "instance", "instances"];

    pub fn parse(query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = Vec::new();
        let range = match query.get("range").or(query.get("from")).or(query.get("to")) {
            Some(_) => Range::from_query(&query, now, &mut bad),
            None => Range::Last(Preset::H24),
        };
        let [memory_mb, environments, memory_mib, tasks, instances] =
            NUMBERS.map(|(name, bounds)| query.whole(name, bounds, &mut bad));
        let vcpu_e10 = query.choice("vcpu", &VCPU, &mut bad);
        let text = |name| query.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
        bad.extend(query.unknown(&[&PARAMS[..], &Self::WORDS[..], &["f"]].concat()));
        Self {
            range,
            function: text("fn"),
            memory_mb,
            environments,
            vcpu_e10,
            memory_mib,
            tasks,
            instance_type: text("instance"),
            instances,
            bad,
        }
    }

    pub fn link(&self) -> Link {
        let number = |number: Option<u64>| number.map(|number| number.to_string());
        Link::to(PATH)
            .with_all(&self.range.pairs())
            .maybe("fn", self.function.clone())
            .maybe("memory", number(self.memory_mb))
            .maybe("env", number(self.environments))
            .maybe("vcpu", self.vcpu_e10.and_then(vcpu_name))
            .maybe("mib", number(self.memory_mib))
            .maybe("tasks", number(self.tasks))
            .maybe("instance", self.instance_type.clone())
            .maybe("instances", number(self.instances))
    }
}

fn vcpu_name(e10: u64) -> Option<&'static str> {
    VCPU.iter().find(|(_, known)| *known == e10).map(|(name, _)| *name)
}

/// One choice and what comes of it.
pub struct Answered {
    pub name: &'static str,
    /// What was chosen, such as `1024 MB`.
    pub chosen: String,
    pub choice: Choice,
    pub answer: WhatIf,
}

/// Every choice for the most used size of the function, as it is first. Empty when nothing was seen of it.
pub fn answers(state: &State, sizes: &[FunctionSize], book: &PriceBook) -> Vec<Answered> {
    let Some(FunctionSize { load, .. }) = sizes.first() else { return Vec::new() };
    let filled = Filled::of(state, load, book);
    let seen = sizes.iter().map(|size| &size.load).find(|seen| {
        u64::from(seen.memory_mb) == filled.memory_mb
            && seen.region == load.region
            && seen.architecture == load.architecture
    });
    let other = match load.architecture {
        Architecture::X86_64 => Architecture::Arm64,
        Architecture::Arm64 => Architecture::X86_64,
    };
    let choices = [
        ("As it is", format!("{} MB, {}", large_count(load.memory_mb.into()), load.architecture.name()), Choice::AsIs),
        ("Other processor", other.name().to_owned(), Choice::Architecture(other)),
        (
            "Other memory size",
            format!("{} MB", large_count(filled.memory_mb)),
            Choice::Memory { memory_mb: u32::try_from(filled.memory_mb).unwrap_or(u32::MAX), seen: seen.cloned() },
        ),
        ("SnapStart", String::new(), Choice::SnapStart),
        (
            "Provisioned concurrency",
            counted(filled.environments, "environment", "environments"),
            Choice::Provisioned { environments: filled.environments },
        ),
        (
            "Fargate",
            format!(
                "{} of {} vCPU, {} MB",
                counted(filled.tasks, "task", "tasks"),
                vcpu_name(filled.vcpu_e10).unwrap_or("?"),
                large_count(filled.memory_mib)
            ),
            Choice::Fargate {
                architecture: load.architecture,
                vcpu_e10: filled.vcpu_e10,
                memory_mib: filled.memory_mib,
                tasks: filled.tasks,
            },
        ),
        (
            "EC2",
            format!("{} × {}", filled.instances, text::cut(&filled.instance_type, 30)),
            Choice::Instances { instance_type: filled.instance_type.clone(), instances: filled.instances },
        ),
    ];
    choices
        .into_iter()
        .map(|(name, chosen, choice)| Answered { name, chosen, answer: what_if(book, load, &choice), choice })
        .collect()
}

/// The form, with what was not asked filled in from what was seen.
struct Filled {
    memory_mb: u64,
    environments: u64,
    vcpu_e10: u64,
    memory_mib: u64,
    tasks: u64,
    instance_type: String,
    instances: u64,
}

impl Filled {
    fn of(state: &State, load: &Load, book: &PriceBook) -> Self {
        let concurrency = load.concurrency_milli();
        let enough = concurrency.div_ceil(AT_ONCE_MILLI).max(1);
        let double = (u64::from(load.memory_mb) * 2).min(10_240);
        let types = instance_types(book, &load.region);
        let usual = match load.architecture {
            Architecture::Arm64 => "t4g.small",
            Architecture::X86_64 => "t3.small",
        };
        let usual = Some(usual).filter(|usual| types.iter().any(|one| one == usual));
        Self {
            memory_mb: state.memory_mb.unwrap_or(double),
            environments: state.environments.unwrap_or(concurrency.div_ceil(1_000).max(1)),
            vcpu_e10: state.vcpu_e10.unwrap_or(2_500_000_000),
            memory_mib: state.memory_mib.unwrap_or(512),
            tasks: state.tasks.unwrap_or(enough),
            instance_type: state
                .instance_type
                .clone()
                .or(usual.map(str::to_owned))
                .or(types.first().cloned())
                .unwrap_or_default(),
            instances: state.instances.unwrap_or(enough),
        }
    }
}

/// Instance types that have a price in a region, by name.
fn instance_types(book: &PriceBook, region: &str) -> Vec<String> {
    let mut types: Vec<String> = book
        .prices()
        .filter(|price| price.service == "ec2" && price.region == region && price.usd.is_some())
        .map(|price| price.item.clone())
        .collect();
    types.sort_unstable();
    types.dedup();
    types
}

#[derive(Template)]
#[template(path = "what_if.html")]
struct View {
    chrome: Chrome,
    picker: Picker,
    functions: Vec<(String, bool)>,
    kept: Vec<(String, String)>,
    form: Option<Form>,
    seen: String,
    rows: Vec<Row>,
    lacking: Option<(String, String)>,
    chart: Option<Chart>,
    phrase: String,
    right_size: String,
    json: String,
    /// A function was asked for, and nothing was seen of it.
    unseen: Option<String>,
}

struct Form {
    memory_mb: u64,
    environments: u64,
    vcpus: Vec<(&'static str, bool)>,
    memory_mib: u64,
    tasks: u64,
    instance_types: Vec<(String, bool)>,
    instances: u64,
}

/// The whole page; `functions` are those seen in the range.
pub fn page(shell: &Shell, state: &State, functions: &[String], sizes: &[FunctionSize], book: &PriceBook) -> String {
    let here = state.link();
    let answered = answers(state, sizes, book);
    let load = sizes.first().map(|size| &size.load);
    let rows: Vec<Row> = answered.iter().map(|one| row(one, answered.first())).collect();
    super::render(&View {
        chrome: Chrome::new(shell, Section::Cost, "What if", &here).bad(&state.bad),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        functions: super::function_options(functions, state.function.as_deref()),
        kept: state.range.pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        form: load.map(|load| form(&Filled::of(state, load, book), load, book)),
        seen: load.map(|load| seen(load, sizes.len())).unwrap_or_default(),
        chart: load.and_then(|load| chart(load, &answered)),
        lacking: lacked_by_all(&rows),
        rows,
        phrase: state.range.phrase(),
        right_size: super::right_size::link(&state.range, state.function.as_deref()).to_string(),
        json: here
            .pairs()
            .iter()
            .fold(Link::to("/api/v1/what-if"), |link, (name, value)| link.with(name, value.clone()))
            .to_string(),
        unseen: state.function.as_ref().filter(|_| sizes.is_empty()).map(|name| text::named(name, 80)),
    })
}

fn form(filled: &Filled, load: &Load, book: &PriceBook) -> Form {
    let mut types = instance_types(book, &load.region);
    if !types.contains(&filled.instance_type) && !filled.instance_type.is_empty() {
        types.push(filled.instance_type.clone());
    }
    Form {
        memory_mb: filled.memory_mb,
        environments: filled.environments,
        vcpus: VCPU.iter().map(|(name, e10)| (*name, *e10 == filled.vcpu_e10)).collect(),
        memory_mib: filled.memory_mib,
        tasks: filled.tasks,
        instance_types: types.into_iter().map(|one| (text::cut(&one, 40), one == filled.instance_type)).collect(),
        instances: filled.instances,
    }
}

/// The evidence in a sentence.
fn seen(load: &Load, sizes: usize) -> String {
    let others = match sizes {
        0 | 1 => String::new(),
        some => format!(" It ran in {some} configurations; this is the most used."),
    };
    format!(
        "{} at {} MB on {} in {} within {}, billed {} in all; {}.{others}",
        counted(load.invocations, "invocation", "invocations"),
        large_count(load.memory_mb.into()),
        load.architecture.name(),
        text::cut(&load.region, 40),
        duration(load.observed_ns),
        duration(load.billed_ms.saturating_mul(1_000_000)),
        counted(load.cold_starts, "cold start", "cold starts"),
    )
}
