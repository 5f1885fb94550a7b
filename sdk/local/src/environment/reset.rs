//! The end of processes: the Shutdown phase, a reset after something broke, and a loss without any goodbye.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::Environment;
use super::state::{Fault, State};
use crate::answer::FunctionError;
use crate::clock;
use crate::record::Status;

/// External extensions have this long, all together.
const EXTENSIONS: Duration = Duration::from_millis(2_000);
/// Of which the runtime may take so much, when there are external extensions; else it has none.
const RUNTIME: Duration = Duration::from_millis(300);
/// An ended process is gone within this, or the machine is stuck.
const REAPED: Duration = Duration::from_secs(5);

impl Environment {
    /// After a fault: the runtime is ended, extensions get their SHUTDOWN, and the next invocation initialises again.
    pub(super) async fn reset(&mut self, fault: &Fault) {
        let reason = if *fault == Fault::Timeout { "timeout" } else { "failure" };
        self.shut_down(reason, Duration::ZERO).await;
    }

    /// Idle for too long, or no longer wanted.
    pub(super) async fn retire(&mut self) {
        self.thaw();
        let external = self.state.extensions.iter().any(|extension| extension.process.is_some());
        self.shut_down("spindown", if external { RUNTIME } else { Duration::ZERO }).await;
    }

    /// Its processes ended by themselves, or were killed: what is left of them goes, `/tmp` stays.
    pub(super) async fn lose(&mut self) {
        self.state.ending = true;
        self.end_all().await;
    }

    async fn shut_down(&mut self, reason: &str, runtime: Duration) {
        let start = Instant::now();
        self.state.ending = true;
        self.state.fault = None;
        if let Some(process) = &self.state.runtime {
            if runtime.is_zero() {
                process.kill();
            } else {
                process.terminate();
                let _ = self.until(start + runtime, |state| state.runtime.is_none()).await;
            }
        }
        if let Some(process) = &self.state.runtime {
            process.kill();
        }
        let deadline = start + EXTENSIONS;
        let event = json!({
            "eventType": "SHUTDOWN", "shutdownReason": reason,
            "deadlineMs": clock::unix_ms(clock::now() + (deadline - Instant::now())),
        });
        // One that is still busy with the last event gets this one when it asks.
        loop {
            for extension in self.state.extensions.iter_mut().filter(|extension| extension.wants("SHUTDOWN")) {
                if let Some(next) = extension.next.take() {
                    let _ = next.send(Ok(event.clone()));
                }
            }
            let asks_or_all_gone = |state: &State| {
                let gone = |extension: &super::state::Extension| extension.exited || extension.process.is_none();
                state.extensions.iter().any(|extension| extension.wants("SHUTDOWN") && extension.waits())
                    || state.extensions.iter().all(|extension| gone(extension) || !extension.wants("SHUTDOWN"))
            };
            if self.until_ended(deadline, asks_or_all_gone).await.is_err() {
                break;
            }
            if !self.state.extensions.iter().any(|extension| extension.wants("SHUTDOWN") && extension.waits()) {
                break;
            }
        }
        self.end_all().await;
    }

    /// As [`Environment::until`], but neither faults nor memory matter any more.
    async fn until_ended(&mut self, deadline: Instant, done: impl Fn(&State) -> bool) -> Result<(), ()> {
        loop {
            self.state.fault = None;
            match self.until(deadline, &done).await {
                Ok(()) => return Ok(()),
                Err(Fault::Timeout) => return Err(()),
                Err(_) => {}
            }
        }
    }

    /// Ends whatever still runs, and forgets it.
    async fn end_all(&mut self) {
        self.groups.kill();
        let limit = Instant::now() + REAPED;
        let gone = |state: &State| {
            let ended = |extension: &super::state::Extension| extension.exited || extension.process.is_none();
            state.runtime.is_none() && state.extensions.iter().all(ended)
        };
        let _ = self.until_ended(limit, gone).await;
        self.state = State::default();
        self.telemetry.reset();
    }
}

impl Fault {
    /// As records and reports say it.
    pub(super) fn status(&self) -> Status {
        let failure = |kind: &str| Status { word: "failure", error_type: Some(kind.to_owned()) };
        match self {
            Self::Timeout => Status { word: "timeout", error_type: None },
            Self::OutOfMemory => failure("Runtime.OutOfMemory"),
            Self::RuntimeExit(_) => failure("Runtime.ExitError"),
            Self::RuntimeInit(error) => Status { word: "error", error_type: Some(error.kind.clone()) },
            Self::ExtensionExit { .. } => failure("Extension.Crash"),
            Self::ExtensionFail { error, .. } => Status { word: "error", error_type: Some(error.kind.clone()) },
            Self::Start(_) => failure("Runtime.InvalidEntrypoint"),
        }
    }

    /// As the caller hears it.
    pub(super) fn error(&self, request_id: &str, timeout: Duration) -> FunctionError {
        let told = |kind: &str, message: String| {
            FunctionError::of_platform(kind, &format!("RequestId: {request_id} Error: {message}"))
        };
        match self {
            Self::Timeout => {
                told("Sandbox.Timedout", format!("Task timed out after {:.2} seconds", timeout.as_secs_f64()))
            }
            Self::OutOfMemory => told("Runtime.OutOfMemory", "Runtime exited with error: signal: killed".to_owned()),
            Self::RuntimeExit(words) => told("Runtime.ExitError", format!("Runtime exited with error: {words}")),
            Self::RuntimeInit(error) => error.clone(),
            Self::ExtensionExit { name, words } => {
                told("Extension.Crash", format!("extension {name} exited with error: {words}"))
            }
            Self::ExtensionFail { error, .. } => error.clone(),
            Self::Start(why) => told("Runtime.InvalidEntrypoint", why.clone()),
        }
    }
}
