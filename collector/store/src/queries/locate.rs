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
            let request = |name| Sought::attribute(name, &text);
            // One after the other: each reads where it alone can be.
            let questions = [
                (SpanId::from_hex(&hex).is_some(), include_str!("locate_span.sql"), &hex, vec![]),
                (TraceId::from_hex(&hex).is_some(), include_str!("locate_trace.sql"), &hex, vec![Sought::trace(&hex)]),
                (true, include_str!("locate_invocation.sql"), &text, vec![Sought::request(&text)]),
                (
                    true,
                    include_str!("locate_request.sql"),
                    &text,
                    vec![request("aws.request_id"), request("aws.request.id")],
                ),
            ];
            for (may_be, question, id, sought) in questions {
                if may_be && let Some(found) = located(db, question, id, &sought)? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
        .await
    }
}

fn located(db: &Connection, question: &str, id: &str, sought: &[Sought]) -> Result<Option<Located>, StoreError> {
    let place = if sought.is_empty() { String::new() } else { where_any_can_be(db, sought)? };
    let mut statement = db.prepare(&question.replace("/* where it can be */", &place))?;
    let found = statement.query_row([id], |row| {
        let is_trace: bool = row.get("is_trace")?;
        Ok(Located {
            trace_id: rows::trace_id(row, "trace_id")?,
            span_id: if is_trace { None } else { Some(rows::span_id(row, "span_id")?) },
        })
    });
    Ok(found.optional()?)
}
