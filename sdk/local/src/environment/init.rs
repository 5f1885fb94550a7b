//! The Init phase: extensions start and register, then the runtime starts, then all of them ask for their first event.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::Environment;
use super::state::{Extension, Fault};
use crate::clock;
use crate::line;
use crate::process::{Launch, Process};
use crate::record::{self, Phase, Status};
use crate::report;
use crate::variables;

/// On demand; what takes longer is done again inside the first invocation.
const LIMIT: Duration = Duration::from_secs(10);
/// With provisioned concurrency, or the function's own timeout if that is longer.
const PROVISIONED_LIMIT: Duration = Duration::from_secs(130);

impl Environment {
    /// The first one, before any invocation. When it fails the next invocation tries again.
    pub(super) async fn first_init(&mut self) {
        let provisioned = self.kind == "provisioned-concurrency";
        let limit = if provisioned { PROVISIONED_LIMIT.max(self.function.timeout) } else { LIMIT };
        let start = Instant::now();
        match self.init(Phase::Init, start + limit).await {
            Ok(()) => self.init = Some(start.elapsed()),
            Err(fault) => self.reset(&fault).await,
        }
    }

    /// Starts everything and waits until it is ready for an invocation.
    pub(super) async fn init(&mut self, phase: Phase, deadline: Instant) -> Result<(), Fault> {
        let start = Instant::now();
        let version = format!("INIT_START Runtime Version: {}\tRuntime Version ARN: ", self.function.runtime);
        let record = record::init_start(clock::now(), &self.function, &self.name, self.kind, phase);
        self.emit(record, (phase == Phase::Init).then_some(version)).await;
        let outcome = self.start_all(phase, deadline).await;
        let status = match &outcome {
            Ok(()) => Status::success(),
            Err(fault) => fault.status(),
        };
        if outcome.is_err() && !self.state.runtime_ready {
            self.emit(record::init_runtime_done(clock::now(), self.kind, phase, &status), None).await;
        }
        let length = start.elapsed();
        let failed = outcome.is_err();
        let line = failed.then(|| report::init_line(length, phase, &status));
        self.emit(record::init_report(clock::now(), self.kind, phase, &status, length), line).await;
        self.state.initialised = outcome.is_ok();
        // What the start of a process needs counts as much as what it holds later.
        if outcome.is_ok() { self.measure() } else { outcome }
    }

    async fn start_all(&mut self, phase: Phase, deadline: Instant) -> Result<(), Fault> {
        for path in self.function.extensions.clone() {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let variables = variables::of_extension(&self.function, self.address, self.tmp.path(), self.kind);
            let launch = Launch { program: absolute(&path), arguments: vec![], folder: "/".into(), variables };
            match self.start(launch, line::From::Extension(name.as_str().into())) {
                Ok(process) => self.state.extensions.push(Extension::external(name, process)),
                Err(Fault::Start(why)) => {
                    let error = Some("Extension.LaunchError");
                    self.emit(record::extension(clock::now(), &name, "LaunchError", &[], error), None).await;
                    return Err(Fault::Start(why));
                }
                Err(other) => return Err(other),
            }
        }
        self.until(deadline, |state| state.extensions.iter().all(|extension| extension.id.is_some())).await?;
        let variables = variables::of_function(&self.function, self.address, self.tmp.path(), self.kind, &self.name);
        let launch = self.runtime_launch(variables);
        self.state.runtime = Some(self.start(launch, line::From::Function)?);
        self.until(deadline, super::State::runtime_waits).await?;
        self.emit(record::init_runtime_done(clock::now(), self.kind, phase, &Status::success()), None).await;
        self.until(deadline, super::State::extensions_wait).await?;
        for extension in &self.state.extensions {
            let events: Vec<&str> = extension.events.iter().map(String::as_str).collect();
            self.emit(record::extension(clock::now(), &extension.name, "Ready", &events, None), None).await;
        }
        Ok(())
    }

    fn runtime_launch(&self, variables: BTreeMap<String, String>) -> Launch {
        let mut words = self.function.command.iter().cloned();
        let program = words.next().unwrap_or_default();
        let folder = absolute(&self.function.folder);
        // A program named with a path is meant from the function's folder, as `./bootstrap` is.
        let program = if program.contains('/') { folder.join(program) } else { program.into() };
        Launch { program, arguments: words.collect(), folder, variables }
    }

    fn start(&mut self, launch: Launch, from: line::From) -> Result<Process, Fault> {
        let take = self.take_lines(from);
        self.started += 1;
        Process::start(self.started, launch, &self.groups, take, self.exited.clone())
            .map_err(|why| Fault::Start(why.to_string()))
    }
}

fn absolute(path: &std::path::Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
