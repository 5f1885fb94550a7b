//! Anything else: a question in SQL, its answer, and what can be asked about.          (ui/src/pages/sql.rs ↔ templates/sql.html)

mod answer;
mod chart;
mod highlight;

use askama::Template;
use coldlight_model::{Dictionary, Example, Nanos, SavedQuery, Table, Timestamp};

use self::answer::Shown;
use self::chart::Chart;
use self::highlight::Piece;
use crate::format::duration;
use crate::moment::{Zone, ago};
use crate::query::{BadParam, Link, Query};
use crate::range::{self, Picker, Range};
use crate::shell::{Chrome, Key, Section, Shell};

pub const PATH: &str = "/sql";

/// The most rows that the page shows; files hold more.
pub const ROWS: usize = 500;
/// A question longer than this is not kept in the address.
pub const LONGEST_IN_ADDRESS: usize = 4_096;

pub(super) const KEYS: [Key; 1] = [("Ctrl Enter", "run, in the editor")];

/// How the answer is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Html,
    Csv,
    Json,
    Parquet,
}

/// What the address, or the form, asks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// As it was typed; empty when nothing is asked yet.
    pub question: String,
    /// The example that it is.
    pub example: Option<Example>,
    /// The kept question that it is.
    pub saved: Option<SavedQuery>,
    pub format: Format,
    /// What `$from` and `$to` in the question are.
    pub range: Range,
    /// Whether the address says so.
    pub has_range: bool,
    pub bad: Vec<BadParam>,
}

impl State {
    /// From a query string or a form's body.
    pub fn parse(query: &str, examples: &[Example], saved: &[SavedQuery], now: Timestamp) -> Self {
        let query = Query::parse(query);
        let mut bad = Vec::new();
        let formats =
            [("html", Format::Html), ("csv", Format::Csv), ("json", Format::Json), ("parquet", Format::Parquet)];
        let format = query.choice("format", &formats, &mut bad).unwrap_or_default();
        let choices: Vec<(&str, Example)> = examples.iter().map(|example| (example.name, *example)).collect();
        let named = query.choice("example", &choices, &mut bad);
        let id = query.get("id").filter(|id| !id.is_empty());
        let kept = id.and_then(|id| saved.iter().find(|one| one.id == id));
        if let (Some(id), None) = (id, kept) {
            bad.push(BadParam::new("id", id, "the id of a saved question; this one is not there, or not any more"));
        }
        let range = Range::from_query(&query, now, &mut bad);
        let has_range = range::PARAMS.iter().any(|name| query.get(name).is_some_and(|value| !value.is_empty()));
        bad.extend(query.unknown(&["q", "example", "id", "format", "range", "from", "to", "f", "name", "do"]));
        // Forms send line ends as CR LF.
        let typed = query.get("q").map(|text| text.replace("\r\n", "\n")).filter(|text| !text.trim().is_empty());
        let question = typed.or(kept.map(|one| one.sql.clone())).or(named.map(|example| example.text.to_owned()));
        let question = question.unwrap_or_default();
        let example = examples.iter().find(|example| example.text.trim() == question.trim()).copied();
        let same = |one: &&SavedQuery| one.sql.trim() == question.trim();
        let saved = kept.filter(same).or_else(|| saved.iter().find(same)).cloned();
        Self { question, example, saved, format, range, has_range, bad }
    }

    pub fn is_asked(&self) -> bool {
        !self.question.is_empty()
    }

    /// The address of this question; `None` when it is too long for one.
    pub fn link(&self) -> Option<Link> {
        let link = match (&self.saved, self.example, self.question.len()) {
            (Some(saved), ..) => Link::to(PATH).with("id", saved.id.clone()),
            (None, Some(example), _) => Link::to(PATH).with("example", example.name),
            (None, None, 0) => Link::to(PATH),
            (None, None, ..=LONGEST_IN_ADDRESS) => Link::to(PATH).with("q", self.question.clone()),
            (None, None, _) => return None,
        };
        Some(if self.has_range { link.with_all(&self.range.pairs()) } else { link })
    }

    /// What `$from` and `$to` are in SQL: times in UTC, as texts.
    pub fn bounds(&self, now: Timestamp) -> [(&'static str, String); 2] {
        let range = self.range.resolve(now);
        let text = |at| Zone::utc().rfc3339(at).replace('T', " ").replace('Z', "");
        [("from", text(range.from)), ("to", text(range.to))]
    }
}

/// What became of the question.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    NotAsked,
    /// Its asker stopped it.
    Cancelled,
    Answered {
        table: &'a Table,
        took: Nanos,
    },
    /// Why there is no answer, in the database's words or ours; with the place, where it is known.
    Unanswered(&'a str),
}

#[derive(Template)]
#[template(path = "sql.html")]
struct View {
    chrome: Chrome,
    heading: String,
    about: String,
    picker: Picker,
    /// What the form keeps of the address.
    kept: Vec<(&'static str, String)>,
    question: String,
    /// The question with its words marked, once it was asked.
    marked: Vec<Piece>,
    saved_id: Option<String>,
    saved_name: String,
    saved: Vec<Kept>,
    chart: Option<Chart>,
    lines: usize,
    done: Option<String>,
    is_cancelled: bool,
    /// How long an answer may take.
    limit: String,
    wrong: Option<String>,
    answer: Option<Shown>,
    examples: Vec<Ask>,
    names: Vec<Name>,
}

/// A question in the list of those that are kept.
struct Kept {
    name: String,
    href: String,
    is_current: bool,
}

struct Ask {
    name: &'static str,
    title: &'static str,
    href: String,
    is_current: bool,
}

/// One name with its columns: each with its type and meaning.
struct Name {
    name: String,
    meaning: String,
    lines: Vec<(String, String, String)>,
}

/// What the page offers beside the question.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    pub dictionary: &'a Dictionary,
    pub examples: &'a [Example],
    pub saved: &'a [SavedQuery],
    /// How long an answer may take.
    pub limit: Nanos,
}

/// The whole page.
pub fn page(shell: &Shell, state: &State, outcome: Outcome<'_>, beside: Beside<'_>) -> String {
    let Beside { dictionary, examples, saved, limit } = beside;
    let here = state.link().unwrap_or_else(|| Link::to(PATH));
    let answer = match outcome {
        Outcome::Answered { table, .. } => Some(answer::shown(table)),
        _ => None,
    };
    let done = match outcome {
        Outcome::Answered { table, took } => {
            let as_of = table.as_of.map_or_else(String::new, |at| format!(", as of {}", ago(at, shell.now)));
            Some(format!("{}, {}{as_of}", answer::rows(table), duration(took)))
        }
        _ => None,
    };
    let chart = match outcome {
        Outcome::Answered { table, .. } => chart::chart(table),
        _ => None,
    };
    let example = state.example.unwrap_or_default();
    super::render(&View {
        chrome: Chrome::new(shell, Section::Sql, "SQL", &here).furnished("sql").bad(&state.bad).keys(&KEYS),
        picker: Picker::new(&state.range, &here, &shell.zone, shell.now),
        kept: if state.has_range { state.range.pairs() } else { Vec::new() },
        marked: if state.is_asked() { highlight::highlight(&state.question) } else { Vec::new() },
        saved_id: state.saved.as_ref().map(|one| one.id.clone()),
        saved_name: state.saved.as_ref().map_or_else(String::new, |one| one.name.clone()),
        saved: saved.iter().map(|one| kept(one, state)).collect(),
        chart,
        heading: match &state.saved {
            Some(saved) => crate::text::cut(&saved.name, 80),
            None if state.example.is_some() => example.title().to_owned(),
            None => "Question".to_owned(),
        },
        about: if state.example.is_some() {
            example.about()
        } else {
            format!(
                "DuckDB’s SQL. Up to {ROWS} rows are shown, 100,000 downloaded. Times are UTC; $from and $to are the range above."
            )
        },
        lines: state.question.lines().count().clamp(8, 28),
        question: state.question.clone(),
        done,
        is_cancelled: matches!(outcome, Outcome::Cancelled),
        limit: crate::format::period(limit),
        wrong: match outcome {
            // An error may hold a value of the data. Its lines stay, and nothing in them turns the page around.
            Outcome::Unanswered(why) => {
                Some(why.lines().map(|line| crate::text::cut(line, 400)).collect::<Vec<_>>().join("\n"))
            }
            _ => None,
        },
        answer,
        examples: examples.iter().map(|one| ask(one, state)).collect(),
        names: names(dictionary),
    })
}

fn ask(example: &Example, state: &State) -> Ask {
    Ask {
        name: example.name,
        title: example.title(),
        href: Link::to(PATH).with("example", example.name).to_string(),
        is_current: state.example == Some(*example),
    }
}

fn kept(one: &SavedQuery, state: &State) -> Kept {
    Kept {
        name: crate::text::named(&one.name, 80),
        href: Link::to(PATH).with("id", one.id.clone()).to_string(),
        is_current: state.saved.as_ref().is_some_and(|current| current.id == one.id),
    }
}

fn names(dictionary: &Dictionary) -> Vec<Name> {
    let views = dictionary.views.iter().map(|view| Name {
        name: view.name.clone(),
        meaning: view.meaning.clone(),
        lines: view
            .columns
            .iter()
            .map(|column| (column.name.clone(), crate::text::cut(&column.sql_type, 32), column.meaning.clone()))
            .collect(),
    });
    let macros = dictionary
        .macros
        .iter()
        .map(|one| (format!("{}({})", one.name, one.parameters.join(", ")), String::new(), one.meaning.clone()))
        .collect();
    let macros = Name { name: "macros".to_owned(), meaning: "cost in one word".to_owned(), lines: macros };
    views.chain([macros]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLES: [Example; 1] = [Example { name: "all", text: "-- What is there?\nSELECT 1\n" }];

    fn now() -> Timestamp {
        crate::moment::parse("2026-11-20T14:05:00.5Z").unwrap()
    }

    fn parse(query: &str) -> State {
        let kept =
            SavedQuery { id: "7f".into(), name: "mine".into(), sql: "SELECT 7\n".into(), ..SavedQuery::default() };
        State::parse(query, &EXAMPLES, &[kept], now())
    }

    #[test]
    fn a_kept_question_is_asked_by_its_id_and_known_by_its_text() {
        let kept = parse("id=7f");
        assert_eq!((kept.question.as_str(), kept.link().unwrap().to_string().as_str()), ("SELECT 7\n", "/sql?id=7f"));
        assert_eq!(parse("q=SELECT+7").saved, kept.saved);
        assert_eq!(parse("id=7f&q=SELECT+8").saved, None, "what is typed is what is asked");
        assert_eq!(parse("id=8").bad.len(), 1);
    }

    #[test]
    fn the_range_is_kept_when_it_was_given_and_bound_always() {
        let given = parse("q=SELECT+1&range=24h");
        assert_eq!(given.link().unwrap().to_string(), "/sql?q=SELECT+1&range=24h");
        let bound = parse("q=SELECT+1").bounds(now());
        assert_eq!(bound[0], ("from", "2026-11-20 13:05:00.5".to_owned()));
    }

    #[test]
    fn the_address_is_the_question() {
        let state = parse("q=SELECT+1%0D%0A");
        assert_eq!(state.question, "SELECT 1\n");
        assert_eq!(parse(&state.link().unwrap().query()), state);
        let example = parse("example=all");
        assert_eq!((example.question.as_str(), example.example), (EXAMPLES[0].text, Some(EXAMPLES[0])));
        assert_eq!(example.link().unwrap().to_string(), "/sql?example=all");
        assert_eq!(parse(&format!("q={}", "x".repeat(5_000))).link(), None);
        let odd = parse("example=none&format=xml");
        assert!(!odd.is_asked() && odd.bad.len() == 2, "{odd:?}");
    }
}
