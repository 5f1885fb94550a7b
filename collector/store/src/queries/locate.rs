//! From whatever id a person has to the trace it is in.

use coldlight_model::{SpanId, TraceId};
use duckdb::{Connection, OptionalExt, Params, params};

use crate::Store;
use crate::error::StoreError;
use crate::rows;
use crate::span_blocks::{Sought, where_any_can_be};

/// Where an id leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Located {
    pub trace_id: TraceId,
    /// The span meant, unless the id was the trace's.
    pub span_id: Option<SpanId>,
}

impl Store {
    /// Finds a trace id, span id or request id; also an X-Ray trace id (`1-5759e988-bd862e3fe1be46a994272793`).
    pub async fn locate(&self, text: String) -> Result<Option<Located>, StoreError> {
        self.ask(move |db| {
            let text = text.trim().to_owned();
            let hex = text
                .strip_prefix("1-")
                .map_or_else(|| text.to_lowercase(), |rest| rest.replace('-', "").to_lowercase());
            if SpanId::from_hex(&hex).is_some()
                && let Some(found) = located(db, include_str!("locate_span.sql"), params![hex])?
            {
                return Ok(Some(found));
            }
            let request = |name| Sought::attribute(name, &text);
            let ids =
                [Sought::trace(&hex), Sought::request(&text), request("aws.request_id"), request("aws.request.id")];
            let question = include_str!("locate.sql").replace("/* where it can be */", &where_any_can_be(db, &ids)?);
            located(db, &question, params![hex, text])
        })
        .await
    }
}

fn located(db: &Connection, question: &str, ids: impl Params) -> Result<Option<Located>, StoreError> {
    let mut statement = db.prepare(question)?;
    let found = statement.query_row(ids, |row| {
        let is_trace: bool = row.get("is_trace")?;
        Ok(Located {
            trace_id: rows::trace_id(row, "trace_id")?,
            span_id: if is_trace { None } else { Some(rows::span_id(row, "span_id")?) },
        })
    });
    Ok(found.optional()?)
}
