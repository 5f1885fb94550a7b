//! Whom a topic or a rule hands an event to: functions, asynchronously as Lambda's own queue does, and queues.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::asynchronous;
use super::queue::{Message, Queue};
use crate::answer::Request;
use crate::error::LocalError;
use crate::fleet::Fleet;

/// Events that may wait for one function; AWS keeps more, here a sender without a reader must not fill the memory.
const MOST: usize = 10_000;

#[derive(Clone)]
pub struct Target {
    to: To,
    room: Arc<Semaphore>,
}

#[derive(Clone)]
enum To {
    Function(Fleet),
    Queue(Queue),
}

impl Target {
    pub fn function(fleet: Fleet) -> Self {
        Self { to: To::Function(fleet), room: Arc::new(Semaphore::new(MOST)) }
    }

    pub fn queue(queue: Queue) -> Self {
        Self { to: To::Queue(queue), room: Arc::new(Semaphore::new(MOST)) }
    }

    /// The region and account that its ARNs name; a queue has those of who reads it.
    pub(super) fn place(&self) -> Option<(&str, &str)> {
        match &self.to {
            To::Function(fleet) => Some((&fleet.function().region, &fleet.function().account)),
            To::Queue(_) => None,
        }
    }

    /// Hands over `event` to a function, or `body` to a queue, with the X-Ray header that came with it; nobody waits for the outcome.
    pub(super) fn hand(&self, event: &str, body: &str, trace: Option<&str>) -> Result<(), LocalError> {
        let trace = trace.map(str::to_owned);
        match &self.to {
            To::Queue(queue) => {
                let message = Message { body: body.to_owned(), trace, ..Message::default() };
                queue.send(message).map(|_| ())
            }
            To::Function(fleet) => {
                let name = &fleet.function().name;
                let full = || LocalError::WrongUse(format!("{MOST} events wait for function {name} already"));
                let place = Arc::clone(&self.room).try_acquire_owned().map_err(|_| full())?;
                let request = Request { trace, ..Request::new(Bytes::from(event.to_owned())) };
                let fleet = fleet.clone();
                tokio::spawn(async move {
                    // Its outcome is in the log.
                    let outcome = asynchronous::invoke(&fleet, request, &asynchronous::PAUSES).await;
                    drop((outcome, place));
                });
                Ok(())
            }
        }
    }
}
