//! Which environment serves an invocation. Lambda scales out, not up: each environment serves one at a time.

use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::answer::{Answer, Request};
use crate::environment::{Environment, Handle, Job, Told};
use crate::error::LocalError;
use crate::function::Function;
use crate::id;
use crate::line::Lines;
use crate::process::Groups;

/// A function with its environments. Clones share them.
#[derive(Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
}

struct Shared {
    function: Arc<Function>,
    lines: Lines,
    places: Arc<Semaphore>,
    environments: Mutex<Environments>,
    told: mpsc::Sender<Told>,
    /// How many have ended, ever.
    gone: tokio::sync::watch::Receiver<usize>,
}

#[derive(Default)]
struct Environments {
    all: Vec<Handle>,
    /// Names of those that wait for an invocation, the last used last.
    idle: Vec<Arc<str>>,
    /// How many were made, ever.
    made: usize,
    closed: bool,
}

/// What a pause or a loss is asked of.
pub struct Running {
    /// The log stream's name.
    pub name: Arc<str>,
    pub address: std::net::Ipv4Addr,
    pub groups: Arc<Groups>,
}

impl Fleet {
    /// Checks the function; makes the provisioned environments and waits for them.
    pub async fn new(function: Function, lines: Lines) -> Result<Self, LocalError> {
        function.verify()?;
        let (told, hears) = mpsc::channel(64);
        let (count, gone) = tokio::sync::watch::channel(0);
        let shared = Arc::new(Shared {
            places: Arc::new(Semaphore::new(function.concurrency)),
            function: Arc::new(function),
            lines,
            environments: Mutex::default(),
            told,
            gone,
        });
        tokio::spawn(hear(Arc::downgrade(&shared), hears, count));
        let fleet = Self { shared };
        let mut ready = Vec::new();
        for _ in 0..fleet.shared.function.provisioned {
            let (sender, receiver) = oneshot::channel();
            let handle = fleet.make(Some(sender)).await?;
            let mut environments = fleet.shared.lock();
            environments.idle.push(Arc::clone(&handle.name));
            environments.add(handle);
            ready.push(receiver);
        }
        for receiver in ready {
            // An environment that could not be initialised tries again with its first invocation.
            let _ = receiver.await;
        }
        Ok(fleet)
    }

    pub fn function(&self) -> &Function {
        &self.shared.function
    }

    /// Serves `request` in an idle environment or a new one; [`LocalError::Throttled`] when as many as may be are busy.
    /// Answers as soon as the function did.
    pub async fn invoke(&self, request: Request) -> Result<Answer, LocalError> {
        let place = Arc::clone(&self.shared.places).try_acquire_owned().map_err(|_| self.throttled())?;
        self.serve(request, place).await
    }

    /// As [`Fleet::invoke`], but waits for a place, as Lambda's queue for asynchronous events does.
    pub async fn invoke_later(&self, request: Request) -> Result<Answer, LocalError> {
        let place = Arc::clone(&self.shared.places).acquire_owned().await.map_err(|_| LocalError::Closed)?;
        self.serve(request, place).await
    }

    async fn serve(&self, request: Request, place: tokio::sync::OwnedSemaphorePermit) -> Result<Answer, LocalError> {
        let request_id = match &request.request_id {
            Some(known) => known.clone(),
            None => id::uuid()?,
        };
        let (answer, answered) = oneshot::channel();
        let mut job = Job { request, request_id, answer, place };
        loop {
            let jobs = match self.shared.idle()? {
                Some(jobs) => jobs,
                None => {
                    let handle = self.make(None).await?;
                    let jobs = handle.jobs.clone();
                    self.shared.lock().add(handle);
                    jobs
                }
            };
            match jobs.send(job).await {
                Ok(()) => break,
                // Retired just now; another one then.
                Err(mpsc::error::SendError(unsent)) => job = unsent,
            }
        }
        answered.await.map_err(|_| LocalError::Closed)
    }

    async fn make(&self, ready: Option<oneshot::Sender<()>>) -> Result<Handle, LocalError> {
        let (function, lines) = (Arc::clone(&self.shared.function), self.shared.lines.clone());
        Environment::make(function, lines, self.shared.told.clone(), ready.is_some(), ready).await
    }

    /// The environments there are, idle and busy.
    pub fn running(&self) -> Vec<Running> {
        let environments = self.shared.lock();
        let of = |handle: &Handle| Running {
            name: Arc::clone(&handle.name),
            address: handle.address,
            groups: Arc::clone(&handle.groups),
        };
        environments.all.iter().map(of).collect()
    }

    /// Retires all environments, each after what it serves, and waits for their end.
    pub async fn shut_down(&self) {
        let made = {
            let mut environments = self.shared.lock();
            environments.closed = true;
            environments.idle.clear();
            // Without handles they know that no further invocation comes.
            environments.all.clear();
            environments.made
        };
        let mut gone = self.shared.gone.clone();
        let _ = gone.wait_for(|count| *count >= made).await;
    }

    fn throttled(&self) -> LocalError {
        let function = &self.shared.function;
        LocalError::Throttled { function: function.name.clone(), limit: function.concurrency }
    }
}

impl Environments {
    fn add(&mut self, handle: Handle) {
        self.made += 1;
        self.all.push(handle);
    }
}

impl Shared {
    /// The environment used last, of those that are idle: Lambda too keeps few warm rather than many lukewarm.
    fn idle(&self) -> Result<Option<mpsc::Sender<Job>>, LocalError> {
        let mut environments = self.lock();
        if environments.closed {
            return Err(LocalError::Closed);
        }
        let name = environments.idle.pop();
        let found = name.and_then(|name| environments.all.iter().find(|handle| handle.name == name));
        Ok(found.map(|handle| handle.jobs.clone()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Environments> {
        self.environments.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Hears what environments tell until the fleet is gone.
async fn hear(
    shared: std::sync::Weak<Shared>,
    mut told: mpsc::Receiver<Told>,
    count: tokio::sync::watch::Sender<usize>,
) {
    while let Some(told) = told.recv().await {
        let Some(shared) = shared.upgrade() else { return };
        let mut environments = shared.lock();
        match told {
            Told::Ready(name, done) => {
                if !environments.closed {
                    environments.idle.push(name);
                }
                drop(environments);
                done.settle();
            }
            Told::Retiring(name) => {
                environments.idle.retain(|known| *known != name);
                environments.all.retain(|handle| handle.name != name);
            }
            Told::Gone => count.send_modify(|count| *count += 1),
        }
    }
}
