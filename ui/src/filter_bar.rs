//! The filter line as chips: each word of the filter is a link to the page without it.

use coldlight_model::Filter;

use crate::query::{BadParam, Link, Query};
use crate::text;

/// A filter longer than this is not read: it would not fit an address either.
const MAX_BYTES: usize = 4096;

/// The filter of an address: every `f=`, joined, because a form sends the words it kept and the new ones separately.
pub fn from_query(query: &Query, bad: &mut Vec<BadParam>) -> Filter {
    Filter::parse(&line_of(query, bad))
}

/// The text of that filter; nothing where it is too long.
pub fn line_of(query: &Query, bad: &mut Vec<BadParam>) -> String {
    let line = query.all("f").map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    if line.len() > MAX_BYTES {
        bad.push(BadParam::new("f", &line, format!("at most {MAX_BYTES} bytes")));
        return String::new();
    }
    line
}

/// One word of the filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Chip {
    pub word: String,
    /// The page without it.
    pub href: String,
}

/// The bar above a list. `parts/filter_bar.html` renders it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterBar {
    /// Where the form leads: usually the page itself.
    pub action: String,
    pub chips: Vec<Chip>,
    /// What the form keeps besides the new words: the filter so far and the rest of the state.
    pub kept: Vec<(String, String)>,
    pub placeholder: &'static str,
    /// The words that were not understood, and what would be.
    pub problems: Vec<(String, String)>,
}

impl FilterBar {
    /// `here` is the page's address with its filter; the form leads to `action` and keeps `here`'s state.
    pub fn new(filter: &Filter, here: &Link, action: &str) -> Self {
        let bare = here.clone().without("f").first_page();
        let chip = |(at, condition): (usize, &coldlight_model::Condition)| Chip {
            word: text::cut(&condition.word, 80),
            href: bare.clone().with("f", filter.without(at)).to_string(),
        };
        Self {
            action: action.to_owned(),
            chips: filter.conditions.iter().enumerate().map(chip).collect(),
            kept: bare.clone().with("f", filter.to_line()).pairs().to_vec(),
            placeholder: "Add a filter: service:checkout-api  status:fault  dur>500ms",
            problems: filter
                .problems
                .iter()
                .map(|problem| (text::cut(&problem.word, 80), text::cut(&problem.message, 500)))
                .collect(),
        }
    }

    /// With other examples of words.
    pub fn placeholder(mut self, words: &'static str) -> Self {
        self.placeholder = words;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_filter_and_the_new_words_make_one_filter() {
        let filter = from_query(&Query::parse("f=service:a+dur%3E1s&f=status:fault"), &mut Vec::new());
        assert_eq!(filter.to_line(), "service:a dur>1s status:fault");
    }

    #[test]
    fn a_chip_leads_to_the_page_without_it() {
        let here = Link::to("/traces").with("range", "1h").with("f", "service:a status:fault");
        let bar = FilterBar::new(&Filter::parse("service:a status:fault"), &here, "/traces");
        assert_eq!(bar.chips[0].href, "/traces?range=1h&f=status:fault");
        assert_eq!(bar.kept[1], ("f".to_owned(), "service:a status:fault".to_owned()));
    }

    #[test]
    fn an_endless_filter_is_refused_and_said() {
        let mut bad = Vec::new();
        let query = format!("f={}", "a+".repeat(3_000));
        assert!(from_query(&Query::parse(&query), &mut bad).is_empty());
        assert_eq!(bad[0].name, "f");
    }
}
