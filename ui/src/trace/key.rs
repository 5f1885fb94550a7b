//! A row's name in addresses and in the page.

use std::fmt;

use coldlight_model::SpanId;

use crate::query::{BadParam, Query};

/// A span id, and which of the rows with that id: Zipkin's two sides of a call share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    pub id: SpanId,
    /// 1 for the first in the order of drawing.
    pub nth: u32,
    /// The row of all siblings that are alike, which is named after the first of them.
    pub is_fold: bool,
}

impl RowKey {
    pub fn first(id: SpanId) -> Self {
        Self::new(id, 1)
    }

    pub fn new(id: SpanId, nth: u32) -> Self {
        Self { id, nth, is_fold: false }
    }

    /// `00f067aa0ba902b7`, `00f067aa0ba902b7.2` for the second row of that id; with `.f` the fold that begins there.
    pub fn to_text(self) -> String {
        self.to_string()
    }

    pub fn from_text(text: &str) -> Option<Self> {
        let (text, is_fold) = text.strip_suffix(".f").map_or((text, false), |rest| (rest, true));
        let (id, nth) = text.split_once('.').unwrap_or((text, "1"));
        let nth = nth.parse().ok().filter(|nth| *nth > 0)?;
        Some(Self { id: SpanId::from_hex(id)?, nth, is_fold })
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if self.nth != 1 {
            write!(f, ".{}", self.nth)?;
        }
        f.write_str(if self.is_fold { ".f" } else { "" })
    }
}

/// Keys of one parameter, joined by commas.
pub fn write_keys(keys: &[RowKey]) -> String {
    keys.iter().map(RowKey::to_string).collect::<Vec<_>>().join(",")
}

/// The keys of the parameter `name`, each once; what is not a key, and what is too many, is noted.
pub fn read_keys(query: &Query, name: &str, most: usize, bad: &mut Vec<BadParam>) -> Vec<RowKey> {
    let sent = query.get(name).unwrap_or("");
    let mut keys = Vec::new();
    for word in sent.split(',').filter(|word| !word.is_empty()) {
        match RowKey::from_text(word) {
            Some(key) if keys.contains(&key) => {}
            Some(_) if keys.len() == most => {
                bad.push(BadParam::new(name, sent, format!("at most {most} rows")));
                break;
            }
            Some(key) => keys.push(key),
            None => bad.push(BadParam::new(name, word, "span ids of 16 hexadecimal digits, joined by commas")),
        }
        if bad.len() > 8 {
            break;
        }
    }
    keys
}
