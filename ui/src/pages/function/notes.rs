//! What deserves a look: a number past its threshold, and the traces or invocations that prove it.

use coldlight_model::{FunctionCourse, InvocationGroup, InvocationSort, filter};

use crate::format::{self, count, counted, duration, large_count, usd};
use crate::invocations::state::{Page, State};
use crate::pages::right_size;

/// One note.
pub struct Insight {
    /// In kebab-case: what it is about.
    pub about: &'static str,
    pub words: String,
    pub label: &'static str,
    pub href: String,
}

/// In the order in which they hurt. `service` is what the function's spans call themselves.
pub fn insights(all: &InvocationGroup, course: &FunctionCourse, state: &State, service: &str) -> Vec<Insight> {
    let mut notes = Notes { state, notes: Vec::new() };
    notes.failures(all);
    notes.throttles(course, service);
    notes.memory(all);
    notes.cold(course);
    notes.waiting(course);
    notes.age(course);
    notes.money(all, course);
    notes.notes
}

struct Notes<'a> {
    state: &'a State,
    notes: Vec<Insight>,
}

impl Notes<'_> {
    fn add(&mut self, about: &'static str, words: String, label: &'static str, href: String) {
        self.notes.push(Insight { about, words, label, href });
    }

    fn invocations(&mut self, about: &'static str, words: String, word: &str) {
        self.add(about, words, "Show them", self.state.list_where(word).to_string());
    }

    fn traces(&self, line: &str) -> String {
        self.state.elsewhere("/traces").with("f", line).to_string()
    }

    fn failures(&mut self, all: &InvocationGroup) {
        let failed = all.failed();
        let said =
            |more| format!("{} failed: {}, more than {more}.", large_count(failed), format::share(failed, all.count));
        if failed * 10 > all.count {
            self.invocations("errors", said("10%"), "-outcome:ok");
        } else if failed * 100 > all.count {
            self.invocations("errors", said("1%"), "-outcome:ok");
        }
        if all.timeouts > 0 {
            let words = format!("{}: none is expected.", counted(all.timeouts, "timeout", "timeouts"));
            self.invocations("timeouts", words, "outcome:timeout");
        }
        if all.out_of_memory > 0 {
            let words =
                format!("{} out of memory: none is expected.", counted(all.out_of_memory, "invocation", "invocations"));
            self.invocations("out-of-memory", words, "outcome:oom");
        }
    }

    fn throttles(&mut self, course: &FunctionCourse, service: &str) {
        if course.throttled > 0 {
            let caller = course.throttled_caller.as_deref().unwrap_or_default();
            let words = format!(
                "Lambda turned away {} to it, most of them from {}: none is expected.",
                counted(course.throttled, "call", "calls"),
                crate::text::named(caller, 60)
            );
            let href = self.traces(&format!("{} kind:client status:throttle", filter::word("service", caller)));
            self.add("throttles", words, "Show the callers’ traces", href);
        }
        let own = course.turned_away();
        if own > 0 {
            let words = format!("{} of its own throttled: none is expected.", counted(own, "call", "calls"));
            let href = self.traces(&format!("{} -kind:server status:throttle", filter::word("service", service)));
            self.add("throttled-calls", words, "Show their traces", href);
        }
    }

    fn memory(&mut self, all: &InvocationGroup) {
        if let (Some((_, size)), Some(used)) = (all.memory_mb, all.max_memory_mb)
            && used * 100 > size * 95
        {
            let words = format!("{} MB of {} MB memory used at most: more than 95%.", count(used), count(size));
            self.invocations("memory", words, "mem>95%");
        }
    }

    fn cold(&mut self, course: &FunctionCourse) {
        if let Some(share) = course.init_share.filter(|share| *share > 250) {
            let words = format!(
                "In half of its cold starts init was {} or more of what the caller waited for: more than 25%.",
                format::share(share, 1_000)
            );
            self.invocations("init", words, "cold:true");
        }
    }

    fn waiting(&mut self, course: &FunctionCourse) {
        let (waiting, total) = (course.waiting.attos(), course.total.attos());
        if total > 0 && waiting.saturating_mul(100) > total.saturating_mul(60) {
            let words = format!(
                "{} of its cost passed while it waited for calls of its own: more than 60%.",
                format::usd_share(course.waiting, course.total)
            );
            let label = "Show the dearest";
            self.add("waiting", words, label, self.state.dearest(""));
        }
    }

    fn age(&mut self, course: &FunctionCourse) {
        if let Some((first, last)) = course.growing_age() {
            let words = format!(
                "What it is given waits longer and longer: {} at first, {} at last (medians), more than twice as long.",
                duration(first),
                duration(last)
            );
            let newest = self.state.list_where("").maybe("sort", Some(InvocationSort::Newest.name()));
            self.add("age", words, "Show the newest", newest.to_string());
        }
    }

    fn money(&mut self, all: &InvocationGroup, course: &FunctionCourse) {
        if let Some(x86) = course.on_x86.filter(|x86| x86.on_arm64 < x86.paid) {
            let saved = x86.paid.checked_sub(x86.on_arm64).unwrap_or_default();
            let words = format!(
                "{} on x86_64 cost {}; the same time on arm64 {}, {} less at list prices.",
                counted(x86.invocations, "invocation", "invocations"),
                usd(x86.paid),
                usd(x86.on_arm64),
                format::usd_share(saved, x86.paid)
            );
            let name = match &self.state.page {
                Page::Function(name) => Some(name.as_str()),
                _ => None,
            };
            let href = right_size::link(&self.state.range, name).to_string();
            self.add("arm64", words, "Show sizes and formulas", href);
        }
        let money = &all.money;
        if all.failed() > 0 && money.failed.attos() > 0 {
            let words = format!(
                "{} ({}) was spent on invocations that failed.",
                usd(money.failed),
                format::usd_share(money.failed, money.total)
            );
            self.add("failed-cost", words, "Show them and their formulas", self.state.dearest("-outcome:ok"));
        }
        if money.unpriced > 0 {
            let words = format!("{} not priced: region, memory or duration is not known.", large_count(money.unpriced));
            self.invocations("unpriced", words, "");
        }
    }
}
