//! `POST /api/v1/sql`: a question, and its answer as JSON, CSV, Parquet, Arrow or a table to read. A question that was given a name can be
//! ended by it. Beside it the dictionary and the examples.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use coldlight_model::{Cell, Dictionary, Timestamp};
use coldlight_store::{EXAMPLES, Question, SqlError};
use coldlight_ui::Zone;
use coldlight_ui::query::Query;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{DEFAULT_ROWS, Form, MAX_ROWS, Writer};
use crate::routes;
use crate::site::Site;
use crate::wrong::Wrong;

/// The longest question with everything around it.
const MAX_BODY: usize = 1 << 20;
/// The longest that can be asked for; the server's own limit binds too.
const LONGEST_S: u64 = 600;

/// On answers whose rows were cut off: `true`.
pub const CUT_OFF: HeaderName = HeaderName::from_static("x-coldlight-cut-off");
/// On answers from a copy of the data: when it was made, in UTC.
pub const AS_OF: HeaderName = HeaderName::from_static("x-coldlight-as-of");

/// The body as JSON.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    sql: String,
    max_rows: Option<u32>,
    /// Whole seconds, at most 600 and never more than the server allows.
    timeout_s: Option<u64>,
    /// Values of `$name` in the question: texts, numbers, true, false, null.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    /// A name to end it by.
    id: Option<String>,
}

pub async fn ask(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Wrong> {
    let (parts, body) = request.into_parts();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let form = form(&query, &parts.headers)?;
    let body = routes::body::read(body, MAX_BODY).await?;
    let (mut question, id) = question(&query, &parts.headers, &body)?;
    question.timeout = question.timeout.min(site.store.query_timeout());
    let Some(id) = id else { return answer(&site, question, form).await };
    let running = site.questions.begin(&id).ok_or_else(|| {
        let why = format!(
            "“{}” is not a name for a question, or one of that name runs: take letters, digits, - and _, at most 64",
            super::cut(&id)
        );
        Wrong::parameter("id", why)
    })?;
    tokio::select! {
        answer = answer(&site, question, form) => answer,
        () = running.ended() => Err(Wrong::new(StatusCode::CONFLICT, "the question was ended by its name")),
    }
}

/// `POST /api/v1/sql/{id}/cancel`.
pub async fn cancel(State(site): State<Arc<Site>>, Path(id): Path<String>) -> Result<StatusCode, Wrong> {
    match site.questions.end(&id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Wrong::not_found(format!("no question “{}” is running", super::cut(&id)))),
    }
}

/// Asks, and writes the answer in its form.
pub async fn answer(site: &Site, question: Question, form: Form) -> Result<Response, Wrong> {
    // Who asks what is kept in the log; the subscriber escapes what could forge a line of it.
    tracing::info!(question = coldlight_ui::text::cut(&question.text, 1_000), "asked in SQL");
    let (body, cut_off, as_of): (axum::body::Body, bool, Option<Timestamp>) = match form.writer() {
        Writer::File(form) => {
            let file = site.store.sql_file(question, form).await?;
            (file.bytes.into(), file.cut_off, file.as_of)
        }
        Writer::Text(format) => {
            let table = site.store.sql(question).await?;
            let (cut_off, as_of) = (table.cut_off, table.as_of);
            // Writing 100,000 rows takes a while; other requests should not wait for it.
            let text = tokio::task::spawn_blocking(move || format.write(&table))
                .await
                .map_err(|error| Wrong::internal("the answer cannot be written", &error))?;
            (text.into(), cut_off, as_of)
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if cut_off {
        headers.insert(CUT_OFF, HeaderValue::from_static("true"));
    }
    headers.extend(as_of.and_then(|at| Some((AS_OF, HeaderValue::from_str(&Zone::utc().rfc3339(at)).ok()?))));
    Ok(response)
}

/// `GET /api/v1/sql/dictionary`.
pub async fn dictionary(State(site): State<Arc<Site>>) -> Result<Response, Wrong> {
    super::answer(&dictionary_json(site.dictionary().await?))
}

pub fn dictionary_json(dictionary: &Dictionary) -> Value {
    let views = dictionary.views.iter().map(|view| {
        let columns = view.columns.iter();
        let columns = columns.map(|one| json!({ "name": one.name, "type": one.sql_type, "meaning": one.meaning }));
        json!({ "name": view.name, "meaning": view.meaning, "columns": columns.collect::<Vec<_>>() })
    });
    let macros = dictionary.macros.iter().map(
        |one| json!({ "name": one.name, "parameters": one.parameters, "meaning": one.meaning, "table": one.is_table }),
    );
    json!({ "views": views.collect::<Vec<_>>(), "macros": macros.collect::<Vec<_>>() })
}

/// `GET /api/v1/sql/examples`.
pub async fn examples() -> Result<Response, Wrong> {
    let examples = EXAMPLES
        .iter()
        .map(|one| json!({ "name": one.name, "title": one.title(), "about": one.about(), "sql": one.text }));
    super::answer(&json!({ "examples": examples.collect::<Vec<_>>() }))
}

/// `format=` before `Accept` before JSON.
fn form(query: &Query, headers: &HeaderMap) -> Result<Form, Wrong> {
    if let Some(name) = query.get("format") {
        let names = Form::ALL.map(Form::name).join(", ");
        return Form::from_name(name)
            .ok_or_else(|| Wrong::parameter("format", format!("“{}” is not one of {names}", super::cut(name))));
    }
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).and_then(Form::from_accept);
    Ok(accept.unwrap_or(Form::Json))
}

/// A value beside the question.
fn parameter(name: &str, value: Value) -> Result<Cell, Wrong> {
    Ok(match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Bool(value),
        Value::String(text) => Cell::Text(text),
        Value::Number(number) => match (number.as_i128(), number.as_f64()) {
            (Some(int), _) => Cell::Int(int),
            (None, Some(double)) => Cell::Double(double),
            (None, None) => {
                return Err(Wrong::parameter("parameters", format!("{} is not a number of 64 bits", super::cut(name))));
            }
        },
        Value::Array(_) | Value::Object(_) => {
            let why = format!("{} is neither text, number, true, false nor null", super::cut(name));
            return Err(Wrong::parameter("parameters", why));
        }
    })
}

/// From JSON, or from plain text that is the question itself.
fn question(query: &Query, headers: &HeaderMap, body: &[u8]) -> Result<(Question, Option<String>), Wrong> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body = match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json" => serde_json::from_slice(body).map_err(|error| {
            Wrong::new(StatusCode::BAD_REQUEST, format!("the body is not {{\"sql\": \"…\"}}: {error}"))
        })?,
        "text/plain" | "application/sql" => match std::str::from_utf8(body) {
            Ok(sql) => Body { sql: sql.to_owned(), ..Body::default() },
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
        None => Duration::from_secs(LONGEST_S),
        Some(seconds @ 1..=LONGEST_S) => Duration::from_secs(seconds),
        Some(_) => {
            let why = format!("timeout_s is a number of seconds from 1 to {LONGEST_S}");
            return Err(Wrong::parameter("timeout_s", why));
        }
    };
    let parameters = body.parameters.into_iter().map(|(name, value)| Ok((name.clone(), parameter(&name, value)?)));
    let parameters = parameters.collect::<Result<_, Wrong>>()?;
    let question = Question { max_rows: max_rows as usize, timeout, parameters, ..Question::new(body.sql) };
    Ok((question, body.id))
}

/// DuckDB's own words where it is about the question.
pub fn wrong(error: SqlError) -> Wrong {
    match error {
        SqlError::Refused(message) | SqlError::Failed(message) => Wrong::parameter("sql", message),
        SqlError::TooMuch { .. } | SqlError::Died { .. } => Wrong::parameter("sql", error.to_string()),
        SqlError::TimedOut { .. } => Wrong::new(StatusCode::GATEWAY_TIMEOUT, format!("{error}; ask for less")),
        SqlError::Apart(_) => Wrong::unavailable(error.to_string(), 5),
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
            .map(|(question, _)| question)
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
            ("", r#"{"sql": "", "timeout_s": 601}"#, "timeout_s"),
        ] {
            assert_eq!(asked("application/json", query, body).unwrap_err().parameter.as_deref(), Some(parameter));
        }
    }

    #[test]
    fn values_beside_a_question_keep_their_type() {
        let body = r#"{"sql": "", "parameters": {"a": "x", "b": -3, "c": 0.5, "d": null, "e": true, "f": 18446744073709551615}}"#;
        let given: Vec<Cell> = asked("application/json", "", body).unwrap().parameters.into_values().collect();
        let ints = (Cell::Int(-3), Cell::Int(i128::from(u64::MAX)));
        assert_eq!(given, [Cell::Text("x".into()), ints.0, Cell::Double(0.5), Cell::Null, Cell::Bool(true), ints.1]);
        let refused = asked("application/json", "", r#"{"sql": "", "parameters": {"a": []}}"#).unwrap_err();
        assert!(refused.message.contains("a is neither"), "{}", refused.message);
    }

    #[test]
    fn the_form_of_the_answer_is_asked_for_or_json() {
        let read = |query, accept| form(&Query::parse(query), &headers(header::ACCEPT, accept));
        assert_eq!(read("format=csv", "application/json"), Ok(Form::Csv));
        assert_eq!(read("", "text/csv"), Ok(Form::Csv));
        assert_eq!(read("", "*/*"), Ok(Form::Json));
        assert_eq!(read("", "application/vnd.apache.parquet"), Ok(Form::Parquet));
        assert_eq!(read("format=xml", "").unwrap_err().parameter.as_deref(), Some("format"));
    }
}
