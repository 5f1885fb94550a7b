//! What the processes of an environment have asked for and not got yet, and what went wrong with them.

use std::process::ExitStatus;
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::answer::{Answer, Body, FunctionError};
use crate::api::{Call, Handed, Posted, Refused, Reply};
use crate::process::{self, Exited, Process};
use crate::report::Report;
use crate::telemetry::Telemetry;
use crate::{clock, id, record};

/// Why a phase did not reach its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Timeout,
    OutOfMemory,
    /// The runtime ended; in which words.
    RuntimeExit(String),
    /// The runtime said that it could not start.
    RuntimeInit(FunctionError),
    ExtensionExit {
        name: String,
        words: String,
    },
    /// The extension said that it could not go on.
    ExtensionFail {
        name: String,
        error: FunctionError,
    },
    /// A process could not be started at all.
    Start(String),
}

#[derive(Default)]
pub struct State {
    pub runtime: Option<Process>,
    pub runtime_next: Option<oneshot::Sender<Handed>>,
    /// The runtime has asked for an invocation since it was started.
    pub runtime_ready: bool,
    pub extensions: Vec<Extension>,
    pub current: Option<Current>,
    pub fault: Option<Fault>,
    /// Processes end now because they were told to.
    pub ending: bool,
    /// An initialisation went well, and nothing broke since.
    pub initialised: bool,
}

pub struct Extension {
    pub name: String,
    /// `None`: an internal one, part of the runtime's process.
    pub process: Option<Process>,
    /// Given when it registered.
    pub id: Option<String>,
    pub events: Vec<String>,
    pub next: Option<Reply<Value>>,
    /// It has asked for an event since it was started.
    pub ready: bool,
    pub exited: bool,
    subscribed: bool,
}

/// The invocation being served.
pub struct Current {
    pub request_id: String,
    pub environment: String,
    pub answer: Option<oneshot::Sender<Answer>>,
    pub report: Option<oneshot::Receiver<Report>>,
    /// When the runtime got it.
    pub handed: Option<Instant>,
    /// When the answer, or the first piece of it, was there.
    pub responded: Option<(Instant, SystemTime)>,
    pub response_ended: Option<Instant>,
    pub produced_bytes: Option<u64>,
    pub error: Option<FunctionError>,
}

impl Current {
    fn reply(&mut self, content_type: Option<String>, body: Body) {
        let now = (Instant::now(), clock::now());
        self.responded = Some(now);
        if !matches!(body, Body::Stream(_)) {
            self.response_ended = Some(now.0);
        }
        let (Some(answer), Some(report)) = (self.answer.take(), self.report.take()) else { return };
        let (request_id, environment) = (self.request_id.clone(), self.environment.clone());
        // The caller may have gone.
        let _ = answer.send(Answer { request_id, environment, content_type, body, report });
    }

    /// The function failed. An answer that was given stands.
    pub fn fail(&mut self, error: FunctionError) {
        if self.responded.is_none() {
            self.reply(Some("application/json".to_owned()), Body::Error(error.clone()));
        }
        self.error = Some(error);
    }
}

impl Extension {
    pub fn external(name: String, process: Process) -> Self {
        Self {
            name,
            process: Some(process),
            id: None,
            events: Vec::new(),
            next: None,
            ready: false,
            exited: false,
            subscribed: false,
        }
    }

    pub fn wants(&self, event: &str) -> bool {
        !self.exited && self.id.is_some() && self.events.iter().any(|wanted| wanted == event)
    }

    /// Waits for its next event.
    pub fn waits(&self) -> bool {
        self.next.as_ref().is_some_and(|next| !next.is_closed())
    }
}

impl State {
    pub fn runtime_waits(&self) -> bool {
        self.runtime_next.as_ref().is_some_and(|next| !next.is_closed())
    }

    /// All of them, internal ones included, wait for an event.
    pub fn extensions_wait(&self) -> bool {
        self.extensions.iter().all(|extension| extension.exited || extension.waits())
    }

    pub fn extensions_done(&self) -> bool {
        self.extensions.iter().all(|extension| !extension.wants("INVOKE") || extension.waits())
    }

    pub fn exited(&mut self, exit: &Exited) {
        if self.runtime.as_ref().is_some_and(|runtime| runtime.number == exit.number) {
            self.runtime = None;
            self.runtime_next = None;
            self.broke(Fault::RuntimeExit, exit.status);
        }
        let by_number = |extension: &&mut Extension| {
            extension.process.as_ref().is_some_and(|process| process.number == exit.number)
        };
        if let Some(extension) = self.extensions.iter_mut().find(by_number) {
            extension.exited = true;
            extension.next = None;
            let name = extension.name.clone();
            self.broke(|words| Fault::ExtensionExit { name, words }, exit.status);
        }
    }

    /// The first fault counts: what follows is its consequence.
    fn broke(&mut self, fault: impl FnOnce(String) -> Fault, status: ExitStatus) {
        if !self.ending {
            self.fault.get_or_insert(fault(process::words(status)));
            self.initialised = false;
        }
    }

    /// Answers a call, or keeps it until there is an answer.
    pub fn take(&mut self, call: Call, telemetry: &Telemetry) {
        // Whoever asked may have ended meanwhile; answers to it go nowhere.
        match call {
            Call::RuntimeNext { reply } => {
                let served = |current: &Current| current.handed.is_none() || current.responded.is_some();
                let served = self.current.as_ref().is_none_or(served);
                // Without an answer to the last one there is no next: the connection closes on it.
                if served {
                    self.runtime_next = Some(reply);
                    self.runtime_ready = true;
                }
            }
            Call::Respond { request_id, content_type, body, reply } => {
                let _ = reply.send(self.respond(&request_id, content_type, body));
            }
            Call::StreamEnded { request_id, bytes, error } => {
                if let Ok(current) = self.serving(&request_id) {
                    current.produced_bytes = Some(bytes);
                    current.response_ended = Some(Instant::now());
                    current.error = error;
                }
            }
            Call::Fail { request_id, error, reply } => {
                let _ = reply.send(self.unanswered(&request_id).map(|current| current.fail(error)));
            }
            Call::InitFail { error, reply } => {
                let early = !self.runtime_ready;
                if early {
                    self.fault.get_or_insert(Fault::RuntimeInit(error));
                }
                let refused = Refused::InvalidState("the runtime has been initialised");
                let _ = reply.send(if early { Ok(()) } else { Err(refused) });
            }
            Call::Register { name, events, reply } => {
                let _ = reply.send(self.register(name, events));
            }
            Call::ExtensionNext { id, reply } => match self.extension(&id) {
                Some(extension) => {
                    extension.next = Some(reply);
                    extension.ready = true;
                }
                None => {
                    let _ = reply.send(Err(Refused::UnknownExtension));
                }
            },
            Call::ExtensionFail { id, error, reply } => {
                let known = self.extension(&id).map(|extension| extension.name.clone());
                let taken = known.ok_or(Refused::UnknownExtension).map(|name| {
                    self.fault.get_or_insert(Fault::ExtensionFail { name, error });
                });
                let _ = reply.send(taken);
            }
            Call::Subscribe { id, mut subscription, reply } => {
                let taken = self.subscribe(&id).map(|name| {
                    subscription.name = name;
                    let told = record::subscription(clock::now(), &subscription.name, &subscription.types);
                    telemetry.subscribe(subscription);
                    telemetry.emit(&told);
                });
                let _ = reply.send(taken);
            }
        }
    }

    fn respond(&mut self, request_id: &str, content_type: Option<String>, body: Posted) -> Result<(), Refused> {
        let current = self.unanswered(request_id)?;
        match body {
            Posted::Whole(bytes) => {
                current.produced_bytes = Some(bytes.len() as u64);
                current.reply(content_type, Body::Whole(bytes));
            }
            Posted::Stream(pieces) => current.reply(content_type, Body::Stream(pieces)),
        }
        Ok(())
    }

    fn serving(&mut self, request_id: &str) -> Result<&mut Current, Refused> {
        let current = self.current.as_mut().ok_or(Refused::InvalidState("no invocation is being served"))?;
        if current.request_id == request_id { Ok(current) } else { Err(Refused::InvalidRequestId) }
    }

    fn unanswered(&mut self, request_id: &str) -> Result<&mut Current, Refused> {
        let current = self.serving(request_id)?;
        if current.responded.is_some() {
            return Err(Refused::InvalidState("the invocation has its answer"));
        }
        Ok(current)
    }

    fn extension(&mut self, id: &str) -> Option<&mut Extension> {
        self.extensions.iter_mut().find(|extension| extension.id.as_deref() == Some(id))
    }

    /// An external extension by its file's name, else an internal one; only before the first invocation.
    fn register(&mut self, name: String, events: Vec<String>) -> Result<String, Refused> {
        if self.initialised {
            return Err(Refused::InvalidState("extensions register during initialisation"));
        }
        let id = id::uuid().map_err(|why| Refused::Invalid(why.to_string()))?;
        match self.extensions.iter_mut().find(|extension| extension.name == name) {
            Some(extension) if extension.id.is_some() => {
                return Err(Refused::InvalidState("an extension of this name has registered"));
            }
            Some(extension) => {
                extension.id = Some(id.clone());
                extension.events = events;
            }
            None if self.runtime.is_none() => {
                return Err(Refused::Invalid(format!("no extension file is called {name}")));
            }
            None if events.iter().any(|event| event == "SHUTDOWN") => {
                return Err(Refused::Invalid("an internal extension gets no SHUTDOWN".to_owned()));
            }
            None => self.extensions.push(Extension {
                name,
                process: None,
                id: Some(id.clone()),
                events,
                next: None,
                ready: false,
                exited: false,
                subscribed: false,
            }),
        }
        Ok(id)
    }

    fn subscribe(&mut self, id: &str) -> Result<String, Refused> {
        let initialised = self.initialised;
        let extension = self.extension(id).ok_or(Refused::UnknownExtension)?;
        if initialised || extension.ready {
            return Err(Refused::InvalidState("subscriptions are made during initialisation"));
        }
        if extension.subscribed {
            return Err(Refused::InvalidState("already subscribed"));
        }
        extension.subscribed = true;
        Ok(extension.name.clone())
    }
}
