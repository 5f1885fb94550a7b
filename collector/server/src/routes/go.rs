//! `/go?q=`: from any id to where it leads. What is no id is looked for as text in traces.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use coldlight_ui::invocations::state::request_path;
use coldlight_ui::query::{Link, Query};

use super::prefs::see_other;
use crate::site::Site;
use crate::wrong::{About, Wrong};

/// Longer is no id, and no word anybody types.
const MAX_LENGTH: usize = 200;

pub async fn go(State(site): State<Arc<Site>>, RawQuery(query): RawQuery) -> Result<Response, Wrong> {
    let query = Query::parse(&query.unwrap_or_default());
    let sought: String = query.get("q").unwrap_or_default().trim().chars().take(MAX_LENGTH).collect();
    if sought.is_empty() {
        return Ok(see_other("/traces"));
    }
    match site.store.locate(sought.clone()).await? {
        Some(found) => Ok(see_other(&to(&found))),
        None if looks_like_an_id(&sought) => {
            // A request that only the platform spoke of is in no trace.
            if !site.store.invocations_of_request(sought.clone()).await?.is_empty() {
                return Ok(see_other(&request_path(&sought)));
            }
            Err(Wrong { about: About::Search(sought), ..Wrong::not_found("no trace, span or request has this id") })
        }
        None => Ok(see_other(&Link::to("/traces").with("f", quoted(&sought)).to_string())),
    }
}

fn to(found: &coldlight_store::Located) -> String {
    let link = Link::to(format!("/traces/{}", found.trace_id));
    match found.span_id {
        Some(span) => link.with("span", span.to_hex()).to_string(),
        None => link.to_string(),
    }
}

/// Long, without blanks, and with digits: whoever pasted this did not mean a word.
fn looks_like_an_id(sought: &str) -> bool {
    sought.len() >= 16
        && sought.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && sought.bytes().any(|byte| byte.is_ascii_digit())
}

/// As free text of the filter line, unless it is a filter already.
fn quoted(sought: &str) -> String {
    if sought.contains([':', '<', '>', '"']) {
        return sought.to_owned();
    }
    format!("\"{}\"", sought.replace('\\', "\\\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_words_are_told_apart() {
        for id in [
            "5b8efff798038103d269b633813fc60c",
            "f98ebec2-09b7-46dd-9846-0587ce785027",
            "1-5759e988-bd862e3fe1be46a994272793",
        ] {
            assert!(looks_like_an_id(id), "{id}");
        }
        for word in ["checkout", "card declined", "internationalization", "GET /orders/12345678"] {
            assert!(!looks_like_an_id(word), "{word}");
        }
    }

    #[test]
    fn words_become_a_filter() {
        assert_eq!(quoted("card declined"), "\"card declined\"");
        assert_eq!(quoted("status:fault"), "status:fault");
    }
}
