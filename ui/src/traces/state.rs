//! The list's part of the address.

use coldlight_model::{Contrast, Cursor, Filter, HeatBox, TimeRange, Timestamp, TraceSort, Weight};

use super::part;
use crate::filter_bar;
use crate::query::{BadParam, Link, Query};
use crate::range::Range;

/// The path of the list.
pub const PATH: &str = "/traces";

const KNOWN: [&str; 15] =
    ["range", "from", "to", "f", "sort", "cursor", "view", "format", "box", "t0", "t1", "d0", "d1", "rank", "than"];

/// A list of traces, or their durations over time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    List,
    Heat,
}

/// What the answer is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Html,
    Csv,
    Json,
}

/// Everything the address says.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    now: Timestamp,
    pub range: Range,
    filter: Filter,
    pub sort: TraceSort,
    /// The last trace of the page before.
    pub after: Option<Cursor>,
    pub format: Format,
    pub view: View,
    /// The part of the heat map that is held against the rest.
    pub part: Option<HeatBox>,
    /// Instead of the rest: what another filter line finds.
    pub than: Option<Filter>,
    pub rank: Weight,
    pub bad: Vec<BadParam>,
}

impl State {
    /// From the part of the address after `?`.
    pub fn parse(query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = query.unknown(&KNOWN);
        let views = [("list", View::List), ("heat", View::Heat)];
        let than = query.get("than").map(str::trim).filter(|line| !line.is_empty()).map(Filter::parse);
        for problem in than.iter().flat_map(|than| &than.problems) {
            bad.push(BadParam::new("than", &problem.word, problem.message.clone()));
        }
        let after = query.get("cursor").filter(|sent| !sent.is_empty()).and_then(|sent| {
            let cursor = Cursor::from_text(sent);
            if cursor.is_none() {
                bad.push(BadParam::new("cursor", sent, "the cursor of a “Next” link"));
            }
            cursor
        });
        let formats = [("html", Format::Html), ("csv", Format::Csv), ("json", Format::Json)];
        Self {
            now,
            range: Range::from_query(&query, now, &mut bad),
            filter: filter_bar::from_query(&query, &mut bad),
            sort: query.choice("sort", &TraceSort::ALL.map(|sort| (sort.name(), sort)), &mut bad).unwrap_or_default(),
            after,
            format: query.choice("format", &formats, &mut bad).unwrap_or_default(),
            view: query.choice("view", &views, &mut bad).unwrap_or_default(),
            part: part::from_query(&query, &mut bad),
            than: than.filter(|than| !than.is_empty()),
            rank: query.choice("rank", &Weight::ALL.map(|rank| (rank.name(), rank)), &mut bad).unwrap_or_default(),
            bad,
        }
    }

    pub fn range(&self) -> TimeRange {
        self.range.resolve(self.now)
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The address of this state. Defaults are left out, but for the range.
    pub fn link(&self) -> Link {
        Link::to(PATH)
            .with_all(&self.range.pairs())
            .with("f", self.filter.to_line())
            .maybe("sort", (self.sort != TraceSort::default()).then(|| self.sort.name()))
            .maybe("cursor", self.after.map(|cursor| cursor.to_text()))
            .maybe(
                "format",
                match self.format {
                    Format::Html => None,
                    Format::Csv => Some("csv"),
                    Format::Json => Some("json"),
                },
            )
            .maybe("view", (self.view == View::Heat).then_some("heat"))
            .maybe("box", self.part.as_ref().map(part::to_text))
            .maybe("than", self.than.as_ref().map(Filter::to_line))
            .maybe("rank", (self.rank != Weight::default()).then(|| self.rank.name()))
    }

    /// The spans of the heat map: without a word, those where traces begin.
    pub fn of_spans(&self) -> Filter {
        if self.filter.is_empty() { Filter::parse("root:true") } else { self.filter.clone() }
    }

    /// What is held against what; `None` where nothing is chosen.
    pub fn contrast(&self) -> Option<Contrast> {
        let is_chosen = self.part.is_some() || self.than.is_some();
        is_chosen.then(|| Contrast {
            range: self.range(),
            filter: self.of_spans(),
            within: self.part,
            than: self.than.clone(),
            weight: self.rank,
        })
    }

    /// As a list, without what only the heat map has.
    pub fn as_list(&self) -> Self {
        Self { view: View::List, part: None, than: None, rank: Weight::default(), ..self.clone() }
    }

    pub fn as_heat(&self) -> Self {
        Self { view: View::Heat, after: None, ..self.clone() }
    }

    pub fn at_part(&self, part: Option<HeatBox>) -> Self {
        Self { part, ..self.clone() }
    }

    pub fn ranked(&self, rank: Weight) -> Self {
        Self { rank, ..self.clone() }
    }

    /// Held against what another line finds.
    pub fn against(&self, line: &str, than: Option<&str>) -> Self {
        Self { filter: Filter::parse(line), than: than.map(Filter::parse), part: None, after: None, ..self.clone() }
    }

    pub fn to_query(&self) -> String {
        self.link().query()
    }

    /// Another range begins at its first page, as every other change of what is listed does.
    pub fn at_range(&self, range: Range) -> Self {
        Self { range, after: None, ..self.clone() }
    }

    pub fn filtered(&self, line: &str) -> Self {
        Self { filter: Filter::parse(line), after: None, ..self.clone() }
    }

    pub fn sorted(&self, sort: TraceSort) -> Self {
        Self { sort, after: None, ..self.clone() }
    }

    pub fn page(&self, after: Option<Cursor>) -> Self {
        Self { after, ..self.clone() }
    }

    pub fn written_as(&self, format: Format) -> Self {
        Self { format, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{TraceId, filter};
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_795_183_500_000)
    }

    #[test]
    fn what_is_not_understood_is_noted_and_the_rest_counts() {
        let state = State::parse("sort=loudest&cursor=x&f=status:fault&view=map&colour=red", now());
        assert_eq!(state.sort, TraceSort::Newest);
        assert_eq!(state.after, None);
        assert_eq!(state.filter().to_line(), "status:fault");
        let mut names: Vec<&str> = state.bad.iter().map(|bad| bad.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["colour", "cursor", "sort", "view"]);
    }

    #[test]
    fn a_change_of_the_list_begins_at_its_first_page() {
        let state = State::parse(&format!("cursor=5-{}", "0a".repeat(16)), now());
        assert!(state.after.is_some());
        assert_eq!(state.sorted(TraceSort::Slowest).after, None);
        assert_eq!(state.filtered("dur>1s").after, None);
    }

    proptest! {
        #[test]
        fn any_state_reads_back_from_its_own_address(
            sort in 0usize..4,
            range in proptest::option::of((0u64..4_000_000_000_000, 1u64..1_000_000_000)),
            service in "[^ \\p{C}]{1,12}",
            value in ".{1,20}",
            cursor in proptest::option::of((0i64.., 1u128..)),
            format in 0u8..3,
        ) {
            let line = format!("{} dur>500ms -{}", filter::word("service", &service), filter::word("attr.key", &value));
            let range = match range {
                None => Range::default(),
                Some((from, length)) => {
                    let from = Timestamp::from_millis(from);
                    Range::Between(TimeRange { from, to: from.plus(length) })
                }
            };
            let state = State {
                now: now(),
                range,
                filter: Filter::parse(&line),
                sort: TraceSort::ALL[sort],
                after: cursor.map(|(value, id)| Cursor { value, trace_id: TraceId::new(id.to_be_bytes()).unwrap() }),
                format: [Format::Html, Format::Csv, Format::Json][usize::from(format)],
                view: View::Heat,
                part: Some(HeatBox { time: TimeRange { from: now(), to: now().plus(7) }, low: 12_000, high: 1_000_000_000 }),
                than: Some(Filter::parse(&line)),
                rank: Weight::Cost,
                bad: Vec::new(),
            };
            prop_assume!(state.filter.problems.is_empty());
            prop_assert_eq!(State::parse(&state.to_query(), now()), state);
        }

        #[test]
        fn any_text_is_read_without_panic(query in ".{0,80}") {
            State::parse(&query, now());
        }
    }
}
