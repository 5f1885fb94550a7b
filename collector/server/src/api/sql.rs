//! `POST /api/v1/sql`: a question, and its answer as JSON, CSV or a table to read.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::Response;
use coldlight_store::{Question, SqlError};
use coldlight_ui::query::Query;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;

use crate::answer::{DEFAULT_ROWS, Format, MAX_ROWS};
use crate::routes;
use crate::site::Site;
use crate::wrong::Wrong;

/// The longest question with everything around it.
const MAX_BODY: usize = 1 << 20;
const TIMEOUT: Duration = Duration::from_secs(30);

/// On answers whose rows were cut off: `true`.
pub const CUT_OFF: HeaderName = HeaderName::from_static("x-coldlight-cut-off");

/// The body as JSON.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    sql: String,
    max_rows: Option<u32>,
    /// Whole seconds, at most 30.
    timeout_s: Option<u64>,
}

pub async fn ask(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Wrong> {
    let (parts, body) = request.into_parts();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let format = format(&query, &parts.headers)?;
    let body = routes::body::read(body, MAX_BODY).await?;
    let question = question(&query, &parts.headers, &body)?;
    // Who asks what is kept in the log; the subscriber escapes what could forge a line of it.
    tracing::info!(question = coldlight_ui::text::cut(&question.text, 1_000), "asked in SQL");
    let table = site.store.sql(question).await?;
    let cut_off = table.cut_off;
    // Writing 100,000 rows takes a while; other requests should not wait for it.
    let text = tokio::task::spawn_blocking(move || format.write(&table))
        .await
        .map_err(|error| Wrong::internal("the answer cannot be written", &error))?;
    let mut response = Response::new(text.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if cut_off {
        headers.insert(CUT_OFF, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// `format=` before `Accept` before JSON.
fn format(query: &Query, headers: &HeaderMap) -> Result<Format, Wrong> {
    if let Some(name) = query.get("format") {
        let names = Format::ALL.map(Format::name).join(", ");
        return Format::from_name(name)
            .ok_or_else(|| Wrong::parameter("format", format!("“{}” is not one of {names}", super::cut(name))));
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).and_then(Format::from_accept);
    Ok(accept.unwrap_or(Format::Json))
}

/// From JSON, or from plain text that is the question itself.
fn question(query: &Query, headers: &HeaderMap, body: &[u8]) -> Result<Question, Wrong> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json" => serde_json::from_slice(body).map_err(|error| {
            Wrong::new(StatusCode::BAD_REQUEST, format!("the body is not {{\"sql\": \"…\"}}: {error}"))
        })?,
        "text/plain" | "application/sql" => match std::str::from_utf8(body) {
            Ok(sql) => Body { sql: sql.to_owned(), max_rows: None, timeout_s: None },
            Err(_) => return Err(Wrong::new(StatusCode::BAD_REQUEST, "the question is not UTF-8")),
        },
        _ => {
            let allowed = "send the question as application/json {\"sql\": \"…\"} or as text/plain";
            return Err(Wrong::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, allowed));
        }
    };
    let max_rows = match (query.get("max_rows"), body.max_rows) {
        (Some(text), _) => text.parse().ok(),
        (None, said) => Some(said.unwrap_or(DEFAULT_ROWS)),
    };
    let max_rows = max_rows.filter(|rows| (1..=MAX_ROWS).contains(rows));
    let max_rows =
        max_rows.ok_or_else(|| Wrong::parameter("max_rows", format!("max_rows is a number from 1 to {MAX_ROWS}")))?;
    let timeout = match body.timeout_s {
        None => TIMEOUT,
        Some(seconds @ 1..=30) => Duration::from_secs(seconds),
        Some(_) => return Err(Wrong::parameter("timeout_s", "timeout_s is a number of seconds from 1 to 30")),
    };
    Ok(Question { text: body.sql, max_rows: max_rows as usize, timeout })
}

/// DuckDB's own words where it is about the question.
pub fn wrong(error: SqlError) -> Wrong {
    match error {
        SqlError::Refused(message) | SqlError::Failed(message) => Wrong::parameter("sql", message),
        SqlError::TooMuch { .. } => Wrong::parameter("sql", error.to_string()),
        SqlError::TimedOut { .. } => Wrong::new(StatusCode::GATEWAY_TIMEOUT, format!("{error}; ask for less")),
        SqlError::Store(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    fn asked(content_type: &'static str, query: &str, body: &str) -> Result<Question, Wrong> {
        question(&Query::parse(query), &headers(header::CONTENT_TYPE, content_type), body.as_bytes())
    }

    #[test]
    fn a_question_is_json_or_plain_text() {
        let question = asked("application/json; charset=utf-8", "", r#"{"sql": "SELECT 1", "max_rows": 5}"#).unwrap();
        assert_eq!((question.text.as_str(), question.max_rows), ("SELECT 1", 5));
        let question = asked("text/plain", "max_rows=7", "SELECT 2").unwrap();
        assert_eq!((question.text.as_str(), question.max_rows), ("SELECT 2", 7));
    }

    #[test]
    fn what_cannot_be_a_question_is_refused_with_what_could() {
        assert_eq!(asked("application/x-www-form-urlencoded", "", "sql=1").unwrap_err().status, 415);
        assert!(asked("application/json", "", r#"{"query": "x"}"#).unwrap_err().message.contains("sql"));
        for (query, body, parameter) in [
            ("max_rows=0", r#"{"sql": ""}"#, "max_rows"),
            ("", r#"{"sql": "", "max_rows": 100001}"#, "max_rows"),
            ("", r#"{"sql": "", "timeout_s": 31}"#, "timeout_s"),
        ] {
            assert_eq!(asked("application/json", query, body).unwrap_err().parameter.as_deref(), Some(parameter));
        }
    }

    #[test]
    fn the_form_of_the_answer_is_asked_for_or_json() {
        let read = |query, accept| format(&Query::parse(query), &headers(header::ACCEPT, accept));
        assert_eq!(read("format=csv", "application/json"), Ok(Format::Csv));
        assert_eq!(read("", "text/csv"), Ok(Format::Csv));
        assert_eq!(read("", "*/*"), Ok(Format::Json));
        assert_eq!(read("format=xml", "").unwrap_err().parameter.as_deref(), Some("format"));
    }
}
