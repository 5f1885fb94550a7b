//! Searches that somebody named, to come back to.

use crate::Timestamp;

/// A page with a filter line that can be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchPage {
    Map,
    Traces,
    Invocations,
}

impl SearchPage {
    pub const ALL: [Self; 3] = [Self::Map, Self::Traces, Self::Invocations];

    /// The word in addresses and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Traces => "traces",
            Self::Invocations => "invocations",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.name() == name)
    }

    pub fn path(self) -> String {
        format!("/{}", self.name())
    }
}

/// One named search. Of the same name there is one a page.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSearch {
    /// 32 hexadecimal digits.
    pub id: String,
    pub name: String,
    pub page: SearchPage,
    /// The filter line.
    pub filter: String,
    /// The rest of the address behind `?`, range and all.
    pub query: String,
    pub created_at: Timestamp,
}

impl SavedSearch {
    /// Kept at a time; each is on every page that can be saved.
    pub const MOST: usize = 200;
    /// Of the name, in characters.
    pub const LONGEST_NAME: usize = 80;
}
