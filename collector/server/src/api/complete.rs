//! What the word under the cursor of a filter line could become.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use coldlight_model::{About, complete};
use coldlight_ui::query::Query;
use serde_json::json;

use super::{Answer, answer};
use crate::site::{Site, Words};
use crate::wrong::Wrong;

/// A line longer than this is not read.
const MAX_BYTES: usize = 4_096;
const KNOWN: [&str; 3] = ["f", "at", "about"];

pub async fn suggest(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Answer {
    let query = Query::parse(&query.unwrap_or_default());
    if let Some(one) = query.unknown(&KNOWN).first() {
        return Err(Wrong::parameter(
            &one.name,
            format!("“{}” is not known here; there are {}", one.name, KNOWN.join(", ")),
        ));
    }
    let line = query.get("f").unwrap_or_default();
    if line.len() > MAX_BYTES {
        return Err(Wrong::parameter("f", format!("a line of more than {MAX_BYTES} bytes is not completed")));
    }
    let at = match query.get("at").filter(|at| !at.is_empty()) {
        None => usize::MAX,
        Some(at) => at
            .parse()
            .map_err(|_| Wrong::parameter("at", "the place of the cursor is a number of characters from the start"))?,
    };
    let about = match query.get("about").filter(|about| !about.is_empty()) {
        None | Some("spans") => About::Spans,
        Some("invocations") => About::Invocations,
        Some(other) => return Err(Wrong::parameter("about", format!("“{other}” is not one of spans, invocations"))),
    };
    let found = complete(line, at, about, &*Words::of(&site).await?);
    let options = found.options.iter().map(|option| json!({ "word": option.word, "note": option.note }));
    answer(&json!({ "from": found.from, "to": found.to, "options": options.collect::<Vec<_>>() }))
}
