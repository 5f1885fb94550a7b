//! The Invoke phase: from the event to the report.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::state::{Current, Fault, State};
use super::{Done, Environment, Job};
use crate::answer::FunctionError;
use crate::api::Handed;
use crate::clock;
use crate::record::{self, Phase, RuntimeDone, Status};
use crate::report::Report;
use crate::trace_header::TraceHeader;

/// What is fixed when an invocation begins.
struct Begun {
    request_id: String,
    trace: TraceHeader,
    /// The record's `tracing`.
    tracing: Value,
    start: Instant,
    deadline: Instant,
    deadline_ms: u64,
    /// The runtime's part has been told of.
    runtime_done: bool,
}

impl Environment {
    /// Serves one invocation and leaves the environment frozen, or reset if something broke.
    pub(super) async fn serve(&mut self, job: Job) -> Done {
        self.thaw();
        if self.state.fault.is_some() {
            // It broke while nobody looked, as when the host was lost.
            self.lose().await;
        }
        if !self.served && !self.state.initialised {
            self.first_init().await;
        }
        self.served = true;
        let place = job.place;
        let (report, reported) = oneshot::channel();
        let mut told = None;
        let outcome = match self.begin(job.request, job.request_id, job.answer, reported).await {
            Some(mut begun) => {
                let outcome = self.work(&mut begun).await;
                told = Some((report, self.finish(begun, &outcome).await));
                outcome
            }
            None => Ok(()),
        };
        match outcome {
            Ok(()) => self.freeze(),
            Err(fault) => {
                self.reset(&fault).await;
                self.freeze();
            }
        }
        Done { place, report: told }
    }

    async fn begin(
        &mut self,
        request: crate::answer::Request,
        request_id: String,
        answer: oneshot::Sender<crate::answer::Answer>,
        report: oneshot::Receiver<Report>,
    ) -> Option<Begun> {
        let now = clock::now();
        // Without random bytes there is no trace, and no invocation: the caller sees the answer's sender dropped.
        let segment = crate::id::hex_digits(16).ok()?;
        let trace = TraceHeader::for_invocation(request.trace.as_deref(), self.function.tracing, &segment, now).ok()?;
        let tracing = record::tracing(&trace, &segment);
        let start = Instant::now();
        let deadline_ms = clock::unix_ms(now + self.function.timeout);
        let begun = Begun {
            trace,
            tracing,
            start,
            deadline: start + self.function.timeout,
            deadline_ms,
            runtime_done: false,
            request_id: request_id.clone(),
        };
        // An extension that starts inside this invocation hears of it from its beginning.
        if self.state.initialised {
            self.telemetry.begun()
        } else {
            self.telemetry.reset()
        }
        self.state.current = Some(Current {
            request_id: request_id.clone(),
            environment: self.name.to_string(),
            answer: Some(answer),
            report: Some(report),
            handed: None,
            responded: None,
            response_ended: None,
            produced_bytes: None,
            error: None,
        });
        self.pending = Some(request);
        let line = format!("START RequestId: {request_id} Version: $LATEST");
        self.emit(record::start(now, &request_id, &begun.tracing), Some(line)).await;
        Some(begun)
    }

    /// Initialises if it must, hands the event over, and waits for the runtime and the extensions.
    async fn work(&mut self, begun: &mut Begun) -> Result<(), Fault> {
        if !self.state.initialised {
            self.init(Phase::Invoke, begun.deadline).await?;
            self.telemetry.begun();
        }
        self.hand_over(begun);
        self.until(begun.deadline, |state: &State| {
            let ended = state.current.as_ref().is_none_or(|current| current.response_ended.is_some());
            ended && state.runtime_waits()
        })
        .await?;
        self.measure()?;
        let status = match self.state.current.as_ref().and_then(|current| current.error.as_ref()) {
            Some(error) => Status { word: "error", error_type: Some(error.kind.clone()) },
            None => Status::success(),
        };
        self.runtime_done(begun, &status).await;
        let done = Instant::now();
        self.until(begun.deadline, State::extensions_done).await?;
        self.overhead = Some((done, done.elapsed()));
        self.measure()
    }

    fn hand_over(&mut self, begun: &Begun) {
        let arn = self.function.arn();
        let request = self.pending.take().unwrap_or_default();
        let invoked = request.invoked_arn.unwrap_or(arn);
        let event = json!({
            "eventType": "INVOKE", "deadlineMs": begun.deadline_ms, "requestId": begun.request_id,
            "invokedFunctionArn": invoked,
            "tracing": { "type": "X-Amzn-Trace-Id", "value": begun.trace.to_string() },
        });
        for extension in self.state.extensions.iter_mut().filter(|extension| extension.wants("INVOKE")) {
            if let Some(next) = extension.next.take() {
                let _ = next.send(Ok(event.clone()));
            }
        }
        let mut headers = vec![
            ("Lambda-Runtime-Aws-Request-Id", begun.request_id.clone()),
            ("Lambda-Runtime-Deadline-Ms", begun.deadline_ms.to_string()),
            ("Lambda-Runtime-Invoked-Function-Arn", invoked),
            ("Lambda-Runtime-Trace-Id", begun.trace.to_string()),
        ];
        headers.extend(request.client_context.map(|context| ("Lambda-Runtime-Client-Context", context)));
        if let Some(current) = &mut self.state.current {
            current.handed = Some(Instant::now());
        }
        if let Some(next) = self.state.runtime_next.take() {
            let _ = next.send(Handed { headers, payload: request.payload });
        }
    }

    async fn runtime_done(&mut self, begun: &mut Begun, status: &Status) {
        begun.runtime_done = true;
        let Some(current) = &self.state.current else { return };
        let now = Instant::now();
        let mut spans = Vec::new();
        if let (Some(handed), Some((first, wall)), Some(last)) =
            (current.handed, current.responded, current.response_ended)
        {
            spans.push(record::span("responseLatency", wall - (first - handed), first - handed));
            spans.push(record::span("responseDuration", wall, last - first));
            spans.push(record::span("runtimeOverhead", wall + (last - first), now - last));
        }
        let duration = (now - begun.start).min(self.function.timeout);
        let done = RuntimeDone {
            request_id: &begun.request_id,
            status,
            duration,
            produced_bytes: current.produced_bytes,
            spans,
            tracing: &begun.tracing,
        };
        self.emit(record::runtime_done(clock::now(), done), None).await;
    }

    /// Tells the caller what it has not been told, prints what Lambda prints, and answers the report.
    async fn finish(&mut self, mut begun: Begun, outcome: &Result<(), Fault>) -> Report {
        let duration = begun.start.elapsed().min(self.function.timeout);
        let mut status = Status::success();
        if let Err(fault) = outcome {
            status = fault.status();
            let error = fault.error(&begun.request_id, self.function.timeout);
            if *fault == Fault::OutOfMemory {
                self.peak = self.peak.max(u64::from(self.function.memory_mb) << 20);
            }
            self.say_fault(&begun, fault, &error).await;
            if let Some(current) = &mut self.state.current {
                current.fail(error);
            }
        }
        let error = self.state.current.as_ref().and_then(|current| current.error.as_ref());
        if let (true, Some(error)) = (outcome.is_ok(), error) {
            status = Status { word: "error", error_type: Some(error.kind.clone()) };
        }
        if !begun.runtime_done {
            let ended = status.clone();
            self.runtime_done(&mut begun, &ended).await;
        }
        self.state.current = None;
        let report = Report {
            request_id: begun.request_id.clone(),
            environment: self.name.to_string(),
            status,
            duration,
            init: self.init.take(),
            memory_mb: self.function.memory_mb,
            max_memory_mb: self.max_memory_mb(),
            trace: begun.trace.to_string(),
        };
        let mut told = json!({
            "requestId": report.request_id, "status": report.status.word, "metrics": report.metrics(),
            "tracing": begun.tracing,
        });
        if let Some(kind) = &report.status.error_type {
            told["errorType"] = json!(kind);
        }
        if let Some((from, length)) = self.overhead.take() {
            let start = clock::now() - from.elapsed();
            told["spans"] = json!([record::span("extensionOverhead", start, length)]);
        }
        if self.function.log_format == crate::function::LogFormat::Text {
            self.say(format!("END RequestId: {}", begun.request_id)).await;
        }
        let record = record::Record { time: clock::now(), kind: "platform.report", record: told };
        self.emit(record, Some(report.line())).await;
        report
    }

    /// The line that says what broke, as Lambda writes it into the function's log.
    async fn say_fault(&self, begun: &Begun, fault: &Fault, error: &FunctionError) {
        let message: Value = serde_json::from_slice(&error.payload).unwrap_or_default();
        let message = message["errorMessage"].as_str().unwrap_or_default();
        let line = match fault {
            Fault::Timeout => {
                let seconds = self.function.timeout.as_secs_f64();
                let time = clock::rfc3339(clock::now());
                format!("{time} {} Task timed out after {seconds:.2} seconds", begun.request_id)
            }
            _ => format!("{message}\n{}", error.kind),
        };
        for text in line.lines() {
            let record = record::line(clock::now(), "function", text, false);
            self.telemetry.emit(&record);
            let (function, environment) = (self.function.name.as_str().into(), Arc::clone(&self.name));
            let from = crate::line::From::Function;
            self.lines.write(crate::line::Line { function, environment, from, text: text.to_owned() }).await;
        }
    }
}
