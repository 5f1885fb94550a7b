//! Asynchronous invocation: nobody waits for the answer, and failures are tried again with the same request id.

use std::time::Duration;

use crate::answer::{Complete, Request};
use crate::error::LocalError;
use crate::fleet::Fleet;
use crate::id;

/// Lambda's own pauses before the second and the third try.
pub const PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Invokes until it goes well or the `pauses` are used up; answers every attempt. Waits for a place where Lambda would queue.
pub async fn invoke(fleet: &Fleet, request: Request, pauses: &[Duration]) -> Result<Vec<Complete>, LocalError> {
    let request_id = match &request.request_id {
        Some(known) => known.clone(),
        None => id::uuid()?,
    };
    let request = Request { request_id: Some(request_id), ..request };
    let mut attempts = Vec::new();
    loop {
        let answer = fleet.invoke_later(request.clone()).await?;
        attempts.push(answer.complete().await.ok_or(LocalError::Closed)?);
        let well = attempts.last().is_some_and(|attempt| attempt.result.is_ok());
        match pauses.get(attempts.len() - 1) {
            Some(pause) if !well => tokio::time::sleep(*pause).await,
            _ => return Ok(attempts),
        }
    }
}
