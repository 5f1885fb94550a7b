//! The part of the address that the pages about invocations share.

use coldlight_model::{Filter, InvocationCursor, InvocationGrouping, InvocationSort, TimeRange, Timestamp, filter};

use crate::filter_bar;
use crate::query::{BadParam, Link, Query, encode};
use crate::range::{PARAMS, Range};

/// What the answer is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Html,
    Csv,
    Json,
}

/// Which page an address is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    List,
    Functions,
    /// Of one function, by name.
    Function(String),
    ColdStarts,
}

impl Page {
    pub fn path(&self) -> String {
        match self {
            Self::List => "/invocations".to_owned(),
            Self::Functions => "/functions".to_owned(),
            Self::Function(name) => function_path(name),
            Self::ColdStarts => "/cold-starts".to_owned(),
        }
    }

    fn known(&self) -> &'static [&'static str] {
        match self {
            Self::List => &["range", "from", "to", "f", "sort", "cursor", "format"],
            Self::ColdStarts => &["range", "from", "to", "f", "by", "felt"],
            _ => &["range", "from", "to", "f"],
        }
    }
}

/// `/functions/NAME`; a name may hold anything.
pub fn function_path(name: &str) -> String {
    under("/functions", name)
}

/// `/invocations/ID`, of whatever stands for an id.
pub fn request_path(request: &str) -> String {
    under("/invocations", request)
}

fn under(path: &str, name: &str) -> String {
    let mut encoded = String::new();
    encode(name, &mut encoded);
    // In a path a plus sign is a plus sign, and a slash or a dot segment would lead elsewhere.
    let encoded = encoded.replace('+', "%20").replace('/', "%2F").replace('.', "%2E");
    if encoded.is_empty() { path.to_owned() } else { format!("{path}/{encoded}") }
}

/// Groupings of the page about cold starts, by their words.
pub const BY: [InvocationGrouping; 5] = [
    InvocationGrouping::Function,
    InvocationGrouping::Version,
    InvocationGrouping::Runtime,
    InvocationGrouping::Memory,
    InvocationGrouping::Trigger,
];

/// Everything the address says.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    now: Timestamp,
    pub page: Page,
    pub range: Range,
    filter: Filter,
    pub sort: InvocationSort,
    /// The last invocation of the page before.
    pub after: Option<InvocationCursor>,
    pub by: InvocationGrouping,
    /// Only starts that somebody waited for.
    pub felt: bool,
    pub format: Format,
    pub bad: Vec<BadParam>,
}

impl State {
    /// From the part of the address after `?`.
    pub fn parse(page: Page, query: &str, now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = query.unknown(page.known());
        let after = query.get("cursor").filter(|sent| !sent.is_empty()).and_then(|sent| {
            let cursor = InvocationCursor::from_text(sent);
            if cursor.is_none() {
                bad.push(BadParam::new("cursor", sent, "the cursor of a “Next” link"));
            }
            cursor
        });
        let formats = [("html", Format::Html), ("csv", Format::Csv), ("json", Format::Json)];
        let sorts = InvocationSort::ALL.map(|sort| (sort.name(), sort));
        let line = filter_bar::line_of(&query, &mut bad);
        Self {
            now,
            range: Range::from_query(&query, now, &mut bad),
            filter: Filter::of_invocations(&line),
            sort: query.choice("sort", &sorts, &mut bad).unwrap_or_default(),
            after,
            by: query.choice("by", &BY.map(|by| (by.name(), by)), &mut bad).unwrap_or_default(),
            felt: query.choice("felt", &[("1", true), ("0", false)], &mut bad).unwrap_or_default(),
            format: query.choice("format", &formats, &mut bad).unwrap_or_default(),
            page,
            bad,
        }
    }

    pub fn range(&self) -> TimeRange {
        self.range.resolve(self.now)
    }

    /// As typed.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// What the store is asked for: the filter, and the function that the page is about.
    pub fn asked(&self) -> Filter {
        match &self.page {
            Page::Function(name) => and(&self.filter, "function", name),
            _ => self.filter.clone(),
        }
    }

    /// The address of this state. Defaults are left out, but for the range.
    pub fn link(&self) -> Link {
        Link::to(self.page.path())
            .with_all(&self.range.pairs())
            .with("f", self.filter.to_line())
            .maybe("sort", (self.sort != InvocationSort::default()).then(|| self.sort.name()))
            .maybe("cursor", self.after.as_ref().map(InvocationCursor::to_text))
            .maybe("by", (self.by != InvocationGrouping::default()).then(|| self.by.name()))
            .maybe("felt", self.felt.then_some("1"))
            .maybe(
                "format",
                match self.format {
                    Format::Html => None,
                    Format::Csv => Some("csv"),
                    Format::Json => Some("json"),
                },
            )
    }

    pub fn at_range(&self, range: Range) -> Self {
        Self { range, after: None, ..self.clone() }
    }

    pub fn filtered(&self, line: &str) -> Self {
        Self { filter: Filter::of_invocations(line), after: None, ..self.clone() }
    }

    pub fn sorted(&self, sort: InvocationSort) -> Self {
        Self { sort, after: None, ..self.clone() }
    }

    pub fn by(&self, by: InvocationGrouping) -> Self {
        Self { by, ..self.clone() }
    }

    pub fn felt(&self, felt: bool) -> Self {
        Self { felt, ..self.clone() }
    }

    /// The word that cold starts are asked for with.
    pub fn cold_word(&self) -> &'static str {
        if self.felt { "cold:waited" } else { "cold:true" }
    }

    pub fn paged(&self, after: Option<InvocationCursor>) -> Self {
        Self { after, ..self.clone() }
    }

    pub fn written_as(&self, format: Format) -> Self {
        Self { format, ..self.clone() }
    }

    /// The list of what this page speaks of, narrowed by `field:value`.
    pub fn list_with(&self, field: &str, value: &str) -> Link {
        let line = and(&self.asked(), field, value).to_line();
        self.elsewhere("/invocations").with("f", line)
    }

    /// The list with a word of ours that needs no quotes.
    pub fn list_where(&self, word: &str) -> Link {
        self.elsewhere("/invocations").with("f", format!("{} {word}", self.asked().to_line()).trim())
    }

    /// The same, dearest first: the addends of a sum, each with its arithmetic.
    pub fn dearest(&self, word: &str) -> String {
        self.list_where(word).with("sort", InvocationSort::Dearest.name()).to_string()
    }

    /// Another page over the same range.
    pub fn elsewhere(&self, path: &str) -> Link {
        let here = self.link();
        let kept = here.pairs().iter().filter(|(name, _)| PARAMS.contains(&name.as_str()));
        kept.fold(Link::to(path), |link, (name, value)| link.with(name, value.clone()))
    }
}

/// `filter` and `field:value`, unless it says so already.
fn and(filter: &Filter, field: &str, value: &str) -> Filter {
    let word = filter::word(field, value);
    if value.is_empty() || filter.conditions.iter().any(|condition| condition.word == word) {
        return filter.clone();
    }
    Filter::of_invocations(format!("{} {word}", filter.to_line()).trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Timestamp {
        Timestamp::from_millis(1_795_183_500_000)
    }

    #[test]
    fn what_is_not_understood_is_noted_and_the_rest_counts() {
        let state = State::parse(Page::List, "sort=loudest&cursor=x&f=cold:felt&colour=red", now());
        assert_eq!(state.filter().to_line(), "cold:felt");
        let mut names: Vec<&str> = state.bad.iter().map(|bad| bad.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["colour", "cursor", "sort"]);
    }

    #[test]
    fn the_page_of_a_function_asks_for_that_function_alone() {
        let state = State::parse(Page::Function("a b".to_owned()), "f=cold:true", now());
        assert_eq!(state.asked().to_line(), "cold:true function:\"a b\"");
        assert_eq!(
            state.list_with("version", "7").to_string(),
            "/invocations?range=1h&f=cold:true+function:%22a+b%22+version:7"
        );
        assert_eq!(function_path("a b/../c+d"), "/functions/a%20b%2F%2E%2E%2Fc%2Bd");
    }

    proptest! {
        #[test]
        fn any_state_reads_back_from_its_own_address(
            sort in 0usize..5, by in 0usize..5, felt: bool, tenant in ".{1,20}",
            cursor in proptest::option::of((any::<i64>(), 0u64..(1 << 62), ".{0,20}")),
        ) {
            for page in [Page::List, Page::ColdStarts, Page::Functions] {
                let is_list = page == Page::List;
                let line = filter::word("tenant", &tenant);
                let after = cursor.clone().filter(|_| is_list).map(|(value, at, request_id)| InvocationCursor {
                    value, started_at: Timestamp::from_nanos(at), request_id,
                });
                let state = State {
                    sort: if is_list { InvocationSort::ALL[sort] } else { InvocationSort::default() },
                    by: if page == Page::ColdStarts { BY[by] } else { InvocationGrouping::default() },
                    after,
                    felt: felt && page == Page::ColdStarts,
                    ..State::parse(page.clone(), "", now()).filtered(&line)
                };
                prop_assume!(state.filter.problems.is_empty());
                prop_assert_eq!(State::parse(page, &state.link().query(), now()), state);
            }
        }

        #[test]
        fn any_text_is_read_without_panic(query in ".{0,80}", name in ".{0,40}") {
            State::parse(Page::Function(name), &query, now()).link().to_string();
        }
    }
}
