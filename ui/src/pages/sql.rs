//! Anything else: a question in SQL, its answer, and what can be asked about.          (ui/src/pages/sql.rs ↔ templates/sql.html)

mod answer;

use askama::Template;
use coldlight_model::{Dictionary, Example, Nanos, Table};

use self::answer::Shown;
use crate::format::duration;
use crate::moment::ago;
use crate::query::{BadParam, Link, Query};
use crate::shell::{Chrome, Key, Section, Shell};

pub const PATH: &str = "/sql";

/// The most rows that the page shows; files hold more.
pub const ROWS: usize = 500;
/// A question longer than this is not kept in the address.
pub const LONGEST_IN_ADDRESS: usize = 4_096;

const KEYS: [Key; 1] = [("Ctrl Enter", "run, in the editor")];

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
    pub format: Format,
    pub bad: Vec<BadParam>,
}

impl State {
    /// From a query string or a form's body.
    pub fn parse(query: &str, examples: &[Example]) -> Self {
        let query = Query::parse(query);
        let mut bad = Vec::new();
        let formats =
            [("html", Format::Html), ("csv", Format::Csv), ("json", Format::Json), ("parquet", Format::Parquet)];
        let format = query.choice("format", &formats, &mut bad).unwrap_or_default();
        let choices: Vec<(&str, Example)> = examples.iter().map(|example| (example.name, *example)).collect();
        let named = query.choice("example", &choices, &mut bad);
        bad.extend(query.unknown(&["q", "example", "format", "range", "from", "to", "f"]));
        // Forms send line ends as CR LF.
        let typed = query.get("q").map(|text| text.replace("\r\n", "\n")).filter(|text| !text.trim().is_empty());
        let question = typed.or(named.map(|example| example.text.to_owned())).unwrap_or_default();
        let example = examples.iter().find(|example| example.text.trim() == question.trim()).copied();
        Self { question, example, format, bad }
    }

    pub fn is_asked(&self) -> bool {
        !self.question.is_empty()
    }

    /// The address of this question; `None` when it is too long for one.
    pub fn link(&self) -> Option<Link> {
        match (self.example, self.question.len()) {
            (Some(example), _) => Some(Link::to(PATH).with("example", example.name)),
            (None, 0) => Some(Link::to(PATH)),
            (None, length) => (length <= LONGEST_IN_ADDRESS).then(|| Link::to(PATH).with("q", self.question.clone())),
        }
    }
}

/// What became of the question.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    NotAsked,
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
    heading: &'static str,
    about: String,
    question: String,
    lines: usize,
    done: Option<String>,
    wrong: Option<String>,
    answer: Option<Shown>,
    examples: Vec<Ask>,
    names: Vec<Name>,
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

/// The whole page.
pub fn page(
    shell: &Shell,
    state: &State,
    outcome: Outcome<'_>,
    dictionary: &Dictionary,
    examples: &[Example],
) -> String {
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
    let example = state.example.unwrap_or_default();
    super::render(&View {
        chrome: Chrome::new(shell, Section::Sql, "SQL", &here).bad(&state.bad).keys(&KEYS),
        heading: if state.example.is_some() { example.title() } else { "Question" },
        about: if state.example.is_some() {
            example.about()
        } else {
            format!("DuckDB’s SQL. Up to {ROWS} rows are shown, 100,000 downloaded. Times are UTC.")
        },
        lines: state.question.lines().count().clamp(8, 28),
        question: state.question.clone(),
        done,
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

    #[test]
    fn the_address_is_the_question() {
        let state = State::parse("q=SELECT+1%0D%0A", &EXAMPLES);
        assert_eq!(state.question, "SELECT 1\n");
        assert_eq!(State::parse(&state.link().unwrap().query(), &EXAMPLES), state);
        let example = State::parse("example=all", &EXAMPLES);
        assert_eq!((example.question.as_str(), example.example), (EXAMPLES[0].text, Some(EXAMPLES[0])));
        assert_eq!(example.link().unwrap().to_string(), "/sql?example=all");
        assert_eq!(State::parse(&format!("q={}", "x".repeat(5_000)), &EXAMPLES).link(), None);
        let odd = State::parse("example=none&format=xml", &EXAMPLES);
        assert!(!odd.is_asked() && odd.bad.len() == 2, "{odd:?}");
    }
}
