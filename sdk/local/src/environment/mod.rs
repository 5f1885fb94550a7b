//! One execution environment: an address, a folder for `/tmp`, processes, and the phases they go through.
//!
//! ```text
//! Init ─▶ freeze ⇄ thaw: Invoke, Invoke, … ─▶ Shutdown
//!            ▲               │ timeout, crash, out of memory
//!            └── reset ◀─────┘ the next Init runs inside the next Invoke
//! ```
//!
//! A task owns the environment and sees everything in order: calls of its processes, their ends, the clock, their memory. A
//! phase is a condition to wait for and a deadline ([`Environment::until`]).
//!
//! Not here: which environment serves an invocation (`fleet`), what the calls look like on the wire (`api`).

mod init;
mod invoke;
mod reset;
mod state;

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::answer::{Answer, Request};
use crate::error::LocalError;
use crate::function::Function;
use crate::line::{self, Line, Lines};
use crate::process::{Exited, Groups, TakeLine};
use crate::record::Record;
use crate::report::Report;
use crate::telemetry::Telemetry;
use crate::{address, api, clock, id, memory};

use state::{Fault, State};

/// How often memory is looked at while processes run: a leak of a gigabyte a second overshoots by 20 MB.
const SAMPLE: Duration = Duration::from_millis(20);
const CALLS: usize = 64;

/// An invocation on its way to an environment.
pub struct Job {
    pub request: Request,
    pub request_id: String,
    pub answer: oneshot::Sender<Answer>,
    /// Given back when the environment can serve again.
    pub place: tokio::sync::OwnedSemaphorePermit,
}

/// What the fleet knows of an environment.
pub struct Handle {
    /// The log stream's name.
    pub name: Arc<str>,
    pub address: Ipv4Addr,
    pub groups: Arc<Groups>,
    pub jobs: mpsc::Sender<Job>,
}

/// What an environment tells the fleet.
pub enum Told {
    /// It can serve again; the place it had is given back once it is among the idle ones.
    Ready(Arc<str>, Done),
    /// It takes no further invocation.
    Retiring(Arc<str>),
    /// Its processes have ended.
    Gone,
}

/// An invocation that is over, in an environment that can serve again.
pub struct Done {
    place: tokio::sync::OwnedSemaphorePermit,
    /// `None` when it could not even begin.
    report: Option<(oneshot::Sender<Report>, Report)>,
}

impl Done {
    /// Gives the place back, then tells the caller.
    pub fn settle(self) {
        drop(self.place);
        if let Some((caller, report)) = self.report {
            // The caller may not care.
            let _ = caller.send(report);
        }
    }
}

pub struct Environment {
    function: Arc<Function>,
    name: Arc<str>,
    address: Ipv4Addr,
    /// Its `/tmp`; it survives resets and goes with the environment.
    tmp: TempDir,
    /// `on-demand` or `provisioned-concurrency`.
    kind: &'static str,
    calls: mpsc::Receiver<api::Call>,
    exits: mpsc::Receiver<Exited>,
    exited: mpsc::Sender<Exited>,
    groups: Arc<Groups>,
    frozen: watch::Sender<bool>,
    telemetry: Telemetry,
    lines: Lines,
    state: State,
    /// The highest number of bytes seen since the environment began.
    peak: u64,
    /// How long the first initialisation took, until an invocation has reported it.
    init: Option<Duration>,
    served: bool,
    /// How many processes were started, ever: the number of the last one.
    started: u64,
    /// The request that is about to be handed over.
    pending: Option<Request>,
    /// Since when, and how long, extensions went on after the runtime was done.
    overhead: Option<(Instant, Duration)>,
    server: tokio::task::JoinHandle<()>,
}

impl Environment {
    /// Takes an address and serves its APIs; starts no process yet. `provisioned` ones initialise before the first job.
    pub async fn make(
        function: Arc<Function>,
        lines: Lines,
        told: mpsc::Sender<Told>,
        provisioned: bool,
        ready: Option<oneshot::Sender<()>>,
    ) -> Result<Handle, LocalError> {
        let (address, listener) = address::take().await?;
        let tmp = tempfile::Builder::new().prefix("coldlight-environment-").tempdir();
        let tmp = tmp.map_err(|why| LocalError::System(format!("no temporary folder: {why}")))?;
        let day = clock::format(clock::now(), "%Y/%m/%d");
        let name: Arc<str> = format!("{day}/[$LATEST]{}", id::hex_digits(32)?).into();
        let (call_sender, calls) = mpsc::channel(CALLS);
        let (exited, exits) = mpsc::channel(CALLS);
        let (frozen, froze) = watch::channel(false);
        let about = serde_json::json!({
            "functionName": function.name, "functionVersion": "$LATEST", "handler": function.handler,
        });
        let server = tokio::spawn(api::serve(listener, call_sender, about, function.account.clone()));
        let groups = Arc::new(Groups::default());
        let (jobs, waiting) = mpsc::channel(1);
        let handle = Handle { name: Arc::clone(&name), address, groups: Arc::clone(&groups), jobs };
        let kind = if provisioned { "provisioned-concurrency" } else { "on-demand" };
        let telemetry = Telemetry::new(address, froze);
        let environment = Self {
            function,
            name,
            address,
            tmp,
            kind,
            calls,
            exits,
            exited,
            groups,
            frozen,
            telemetry,
            lines,
            state: State::default(),
            peak: 0,
            init: None,
            served: false,
            started: 0,
            pending: None,
            overhead: None,
            server,
        };
        tokio::spawn(environment.run(waiting, told, ready));
        Ok(handle)
    }

    async fn run(
        mut self,
        mut jobs: mpsc::Receiver<Job>,
        told: mpsc::Sender<Told>,
        ready: Option<oneshot::Sender<()>>,
    ) {
        if let Some(ready) = ready {
            self.first_init().await;
            self.freeze();
            let _ = ready.send(());
        }
        loop {
            let idle = Instant::now() + self.function.idle;
            tokio::select! {
                job = jobs.recv() => {
                    let Some(job) = job else { break };
                    let done = self.serve(job).await;
                    if told.send(Told::Ready(Arc::clone(&self.name), done)).await.is_err() {
                        break;
                    }
                }
                () = sleep_until(idle) => {
                    // From here on no job is taken; one that was sent meanwhile is served yet.
                    let _ = told.send(Told::Retiring(Arc::clone(&self.name))).await;
                    jobs.close();
                    while let Some(job) = jobs.recv().await {
                        self.serve(job).await.settle();
                    }
                    break;
                }
                Some(exit) = self.exits.recv() => self.state.exited(&exit),
                Some(call) = self.calls.recv() => self.state.take(call, &self.telemetry),
            }
        }
        self.retire().await;
        self.server.abort();
        let _ = told.send(Told::Gone).await;
    }

    /// Takes in what happens until `done` holds, something breaks, or `deadline` passes.
    async fn until(&mut self, deadline: Instant, done: impl Fn(&State) -> bool) -> Result<(), Fault> {
        let mut sample = interval(SAMPLE);
        sample.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is at once, and a short invocation is measured at its end anyway.
        sample.reset();
        loop {
            if let Some(fault) = self.state.fault.clone() {
                return Err(fault);
            }
            if done(&self.state) {
                return Ok(());
            }
            tokio::select! {
                biased;
                Some(call) = self.calls.recv() => self.state.take(call, &self.telemetry),
                Some(exit) = self.exits.recv() => self.state.exited(&exit),
                () = sleep_until(deadline) => return Err(Fault::Timeout),
                _ = sample.tick() => self.measure()?,
            }
        }
    }

    /// Looks at the memory held now; too much is a fault.
    fn measure(&mut self) -> Result<(), Fault> {
        let now = memory::resident(&self.groups.pids());
        self.peak = self.peak.max(now);
        if now > u64::from(self.function.memory_mb) << 20 { Err(Fault::OutOfMemory) } else { Ok(()) }
    }

    fn max_memory_mb(&self) -> u64 {
        (self.peak >> 20).min(u64::from(self.function.memory_mb))
    }

    fn freeze(&self) {
        self.frozen.send_replace(true);
        self.groups.freeze();
    }

    fn thaw(&self) {
        self.groups.thaw();
        self.frozen.send_replace(false);
    }

    /// A platform record: to subscribers, and as a line where logs are JSON, else as `text` where there is a line for it.
    async fn emit(&self, record: Record, text: Option<String>) {
        self.telemetry.emit(&record);
        let json = self.function.log_format == crate::function::LogFormat::Json;
        let logged = record.kind != "platform.telemetrySubscription" && record.kind != "platform.extension";
        let text = if json { logged.then(|| record.to_json().to_string()) } else { text };
        if let Some(text) = text {
            self.say(text).await;
        }
    }

    async fn say(&self, text: String) {
        let (function, environment) = (self.function.name.as_str().into(), Arc::clone(&self.name));
        self.lines.write(Line { function, environment, from: line::From::Platform, text }).await;
    }

    /// Where the lines of a process go: to whoever shows them, and to subscribers.
    fn take_lines(&self, from: line::From) -> TakeLine {
        let function: Arc<str> = self.function.name.as_str().into();
        let (environment, lines) = (Arc::clone(&self.name), self.lines.clone());
        let telemetry = self.telemetry.clone();
        let json = self.function.log_format == crate::function::LogFormat::Json;
        let kind = if from == line::From::Function { "function" } else { "extension" };
        Arc::new(move |text| {
            telemetry.emit(&crate::record::line(clock::now(), kind, &text, json));
            let (function, environment) = (Arc::clone(&function), Arc::clone(&environment));
            let (from, lines) = (from.clone(), lines.clone());
            Box::pin(async move { lines.write(Line { function, environment, from, text }).await })
        })
    }
}
