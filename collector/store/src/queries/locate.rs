//! From whatever id a person has to the trace it is in.

use coldlight_model::{SpanId, TraceId};
use duckdb::{Connection, OptionalExt};

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
            // Blocks of spans remember traces and requests, not single spans: those are looked for everywhere, at last.
            let ids = [Sought::trace(&hex), Sought::request(&text), Sought::attribute("aws.request_id", &text)];
            let near = where_any_can_be(db, &ids)?;
            match located(db, &near, &hex, &text)? {
                None if !near.is_empty() => located(db, "", &hex, &text),
                found => Ok(found),
            }
        })
        .await
    }
}

fn located(db: &Connection, place: &str, hex: &str, text: &str) -> Result<Option<Located>, StoreError> {
    let mut statement = db.prepare(&include_str!("locate.sql").replace("/* where it can be */", place))?;
    let found = statement.query_row([hex, text], |row| {
        let is_trace: bool = row.get("is_trace")?;
        Ok(Located {
            trace_id: rows::trace_id(row, "trace_id")?,
            span_id: if is_trace { None } else { Some(rows::span_id(row, "span_id")?) },
        })
    });
    Ok(found.optional()?)
}
