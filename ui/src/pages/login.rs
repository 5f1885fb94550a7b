//! Asks for a key where one is needed.                           (ui/src/pages/login.rs ↔ templates/login.html)

use askama::Template;

use crate::query::Link;
use crate::shell::{Chrome, Section, Shell};

pub const PATH: &str = "/login";

/// Why the key was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No key has this secret.
    Unknown,
    /// Too many wrong keys from this address.
    TooOften,
}

impl Refused {
    fn words(self) -> &'static str {
        match self {
            Self::Unknown => "No key has this secret.",
            Self::TooOften => "Too many wrong keys came from this address. Wait a few seconds.",
        }
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct View<'a> {
    chrome: Chrome,
    back: &'a str,
    problem: Option<&'static str>,
}

/// The whole page. `back` is where the reader wanted to go: a path of ours.
pub fn page(shell: &Shell, back: &str, refused: Option<Refused>) -> String {
    let chrome = Chrome::new(shell, Section::Other, "Log in", &Link::to("/login"));
    super::render(&View { chrome, back, problem: refused.map(Refused::words) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_and_the_problem_are_text() {
        let page = page(&Shell::default(), "/traces?f=\"><script>", Some(Refused::Unknown));
        assert!(page.contains("No key has this secret."));
        assert!(!page.contains("\"><script>"));
    }
}
