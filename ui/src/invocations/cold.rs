//! Cold starts drawn: where inits spend their time, after how long an idle time they happen, and who waits for them.

use coldlight_model::{ColdCourse, ColdRoute, IDLE_FROM, InitSplit, InvocationSort, Nanos, filter};

use super::state::State;
use crate::format::{self, NOT_APPLICABLE, duration, large_count, number, usd};
use crate::formula::Formula;
use crate::text;

/// Where the inits of one function spent their time: parts of a bar, which all bars share the scale of.
pub struct SplitBar {
    pub function: String,
    pub href: String,
    pub inits: String,
    pub whole: String,
    pub whole_ns: Nanos,
    /// Class of the fill, label, in percent of the longest, figure.
    pub parts: Vec<(&'static str, &'static str, String, String)>,
    pub words: String,
}

pub fn splits(course: &ColdCourse, state: &State) -> Vec<SplitBar> {
    let longest = course.splits.iter().map(|split| split.whole).max().unwrap_or(1).max(1);
    let bar = |split: &InitSplit| {
        let code = if split.function_code.is_some() { "runtime" } else { "runtime and function code" };
        let parts: Vec<_> = [
            ("i-extension", "extensions", split.extensions.unwrap_or(0)),
            ("i-runtime", code, split.runtime),
            ("i-code", "function code", split.function_code.unwrap_or(0)),
            ("i-rest", "until all were ready", split.rest),
        ]
        .into_iter()
        .filter(|(.., nanos)| *nanos > 0)
        .map(|(fill, label, nanos)| (fill, label, number(nanos as f64 / longest as f64 * 100.0), duration(nanos)))
        .collect();
        let said: Vec<String> = parts.iter().map(|(_, label, _, took)| format!("{label} {took}")).collect();
        let words = filter::word("function", &split.function);
        SplitBar {
            function: text::named(&split.function, 40),
            href: state
                .list_where(&format!("{words} cold:true"))
                .with("sort", InvocationSort::Coldest.name())
                .to_string(),
            inits: format::counted(split.inits, "init", "inits"),
            whole: duration(split.whole),
            whole_ns: split.whole,
            words: said.join(", "),
            parts,
        }
    };
    course.splits.iter().map(bar).collect()
}

/// Cold starts by how long the function had been idle.
pub struct Idle {
    /// Label, count as words, raw, in percent of the most.
    pub bars: Vec<(String, String, u64, String)>,
    pub summary: String,
}

/// `None` where there were none.
pub fn idle(course: &ColdCourse) -> Option<Idle> {
    let mut bars = vec![("while busy".to_owned(), course.while_busy)];
    for (at, count) in course.idle.iter().enumerate() {
        let label = match (at, IDLE_FROM.get(at + 1)) {
            (0, Some(next)) => format!("up to {}", format::period(*next)),
            (_, Some(next)) => format!("{} to {}", format::period(IDLE_FROM[at]), format::period(*next)),
            (_, None) => format!("{} or longer", format::period(IDLE_FROM[at])),
        };
        bars.push((label, *count));
    }
    bars.push(("nothing before".to_owned(), course.first_known));
    let all: u64 = bars.iter().map(|(_, count)| count).sum();
    let most = bars.iter().map(|(_, count)| *count).max().filter(|most| *most > 0)?;
    let after: u64 = course.idle[4..].iter().sum();
    let draw = |(label, count): (String, u64)| {
        let said = format!("{} ({})", large_count(count), format::share(count, all));
        (label, said, count, number(count as f64 / most as f64 * 100.0))
    };
    Some(Idle {
        summary: format!(
            "Of {}, {} began while other invocations of the function were running, {} after 15 minutes without any.",
            format::counted(all, "cold start", "cold starts"),
            large_count(course.while_busy),
            large_count(after)
        ),
        bars: bars.into_iter().map(draw).collect(),
    })
}

/// Cold starts behind one route.
pub struct RouteRow {
    pub class: String,
    pub service: String,
    pub route: String,
    pub href: String,
    pub requests: String,
    pub slowed: String,
    pub added: [String; 2],
    pub init: Formula,
}

pub fn routes(course: &ColdCourse, state: &State) -> Vec<RouteRow> {
    let palette = crate::palette::Palette::of(course.routes.iter().map(|route| route.service.as_str()));
    let row = |route: &ColdRoute| {
        let words =
            format!("root:true {} {}", filter::word("service", &route.service), filter::word("name", &route.route));
        let traces = state.elsewhere("/traces").with("f", words).to_string();
        let wait = |nanos| if route.slowed > 0 { duration(nanos) } else { NOT_APPLICABLE.to_owned() };
        let mut lines = vec![
            format!("Inits of all cold starts in its traces, together {} USD.", route.init),
            "Each: the init's milliseconds, rounded up, × memory × the price of a GB-second of its day, region and processor.".to_owned(),
        ];
        if route.unpriced > 0 {
            lines.push(format!(
                "{} without a price: not in it.",
                format::counted(route.unpriced, "invocation", "invocations")
            ));
        }
        RouteRow {
            class: palette.class(&route.service),
            service: text::named(&route.service, 40),
            route: text::named(&route.route, 60),
            requests: format::count(route.requests),
            slowed: format!("{} ({})", format::count(route.slowed), format::share(route.slowed, route.requests)),
            added: [wait(route.added.0), wait(route.added.1)],
            init: Formula {
                shown: usd(route.init),
                exact: Some(route.init.to_string()),
                lines,
                links: vec![
                    ("Cold starts, each with its own arithmetic".to_owned(), state.dearest("cold:true")),
                    ("Their traces".to_owned(), traces.clone()),
                ],
            },
            href: traces,
        }
    };
    course.routes.iter().map(row).collect()
}
