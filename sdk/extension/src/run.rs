//! The life of the extension: from its start, through events, to the shutdown.
//!
//! Nothing here ends the process on a fault: an extension that exits fails the function. What cannot be done is told on standard
//! error, and the next event is asked for.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::clock;
use crate::export::Exporter;
use crate::house::House;
use crate::lambda::{Event, Lambda, LambdaError, NAME, PAUSE};
use crate::receive;
use crate::settings::Settings;
use crate::strategy::{Moment, Strategy};
use crate::tax::{self, Tax};
use crate::telemetry::{self, Teller};

/// Before the function's deadline: what is not done by then is done with the next event.
const MARGIN: Duration = Duration::from_millis(100);
/// Before the end of the shutdown's 2 s, for the process to leave by itself.
const SHUTDOWN_MARGIN: Duration = Duration::from_millis(300);
/// How long a shutdown waits for the report of the last invocation before it hands over what there is: the platform's buffer and some.
const LAST_WORDS: Duration = Duration::from_millis(150);
/// Left of the shutdown when it no longer waits for a report, to hand over one that came last.
const LAST_SEND: Duration = Duration::from_millis(400);
/// Requests that were being taken in when the runtime was done.
const DRAIN: Duration = Duration::from_millis(200);
/// A call of Lambda's API that fails so often in a row will not come back.
const TRIES: u32 = 50;

struct Extension {
    settings: Settings,
    lambda: Lambda,
    house: Arc<House>,
    teller: Arc<Teller>,
    exporter: Exporter,
    strategy: Strategy,
    tax: Tax,
    /// The invocation that has no report yet.
    open: Option<String>,
}

/// Serves until the shutdown. `started`: when the process was. An error is one of registering: nothing was promised yet.
pub async fn run(settings: Settings, started: SystemTime) -> Result<(), LambdaError> {
    let (house, oddities) = House::open(&settings.spool, settings.spool_size);
    for oddity in oddities {
        eprintln!("{NAME}: {oddity}");
    }
    let house = Arc::new(house);
    let instance = format!("{NAME}-{:016x}", random());
    let teller = Arc::new(Teller::new(settings.function.clone(), instance));
    for address in [settings.http, settings.grpc] {
        match receive::bind(address).await {
            Ok(listener) => drop(tokio::spawn(receive::serve(listener, Arc::clone(&house)))),
            Err(why) => eprintln!("{NAME}: {why}"),
        }
    }
    let heard = match receive::bind(settings.telemetry).await {
        Ok(listener) => {
            tokio::spawn(telemetry::serve(listener, Arc::clone(&house), Arc::clone(&teller)));
            true
        }
        Err(why) => {
            eprintln!("{NAME}: {why}");
            false
        }
    };
    let lambda = Lambda::register(&settings.runtime_api, &name(), &["INVOKE", "SHUTDOWN"]).await?;
    teller.account(lambda.account.clone());
    let mut strategy = Strategy::new(settings.flush);
    strategy.told_of_ends = heard
        && match lambda.subscribe(settings.telemetry.port(), settings.logs).await {
            Ok(comes) => comes,
            Err(why) => {
                eprintln!("{NAME}: no telemetry: {}", chain(&why));
                false
            }
        };
    let exporter = Exporter::new(&settings);
    let tax = Tax { init: Some(clock::since(started, clock::now())), ..Tax::default() };
    let extension = Extension { settings, lambda, house, teller, exporter, strategy, tax, open: None };
    extension.events().await;
    Ok(())
}

impl Extension {
    async fn events(mut self) {
        let mut failures = 0;
        loop {
            match self.lambda.next().await {
                Ok(Some(Event::Invoke { request_id, deadline_ms, .. })) => self.invoke(request_id, deadline_ms).await,
                Ok(Some(Event::Shutdown { deadline_ms, .. })) => return self.shut_down(deadline_ms).await,
                Ok(None) => {}
                Err(why) => {
                    failures += 1;
                    if failures == 1 {
                        eprintln!("{NAME}: {}", chain(&why));
                    }
                    if failures == TRIES {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            }
            failures = 0;
        }
    }

    async fn invoke(&mut self, request_id: String, deadline_ms: u64) {
        let now = clock::now();
        let left = || clock::until(deadline_ms, clock::now()).saturating_sub(MARGIN);
        let moment = self.strategy.decide(now);
        self.open = Some(request_id.clone());
        let told = self.tax.told(&self.house, moment == Moment::WhileItRuns);
        self.teller.tell(&self.house, tax::KIND, Some(&request_id), told);
        if moment == Moment::WhileItRuns {
            return self.exporter.flush(&self.house, left().min(self.settings.timeout), false).await;
        }
        let mut done = self.house.runtime_done.subscribe();
        // It cannot close: the sender is in the house.
        let runtime_done = done.wait_for(|id| *id == request_id);
        if tokio::time::timeout(left(), runtime_done).await.is_err() {
            // The function takes all its time. What it has sent is kept, and a shutdown or the next event follows.
            return;
        }
        let since = clock::now();
        // Requests that were answered are kept; those that are not answered yet belong to a function that did not flush.
        let _ = tokio::time::timeout(DRAIN.min(left()), self.house.quiet()).await;
        // What an outage left may be much: it leaves over several invocations, each kept open no longer than for one send.
        self.exporter.flush(&self.house, left().min(self.settings.timeout), false).await;
        self.tax.post_runtime = Some(clock::since(since, clock::now()));
    }

    async fn shut_down(&mut self, deadline_ms: u64) {
        let left = || clock::until(deadline_ms, clock::now()).saturating_sub(SHUTDOWN_MARGIN);
        // After a timeout or a crash the last words of the platform are on their way.
        let open = self.open.take().filter(|_| self.strategy.told_of_ends);
        let missing = !self.reported(open.as_deref(), LAST_WORDS.min(left())).await;
        let _ = tokio::time::timeout(DRAIN.min(left()), self.house.quiet()).await;
        self.exporter.flush(&self.house, left(), true).await;
        // On a host that is busy with something else they may come late. Without them nobody knows what the invocation cost, and
        // nobody waits for this process: it may take what is left.
        if missing && self.reported(open.as_deref(), left().saturating_sub(LAST_SEND)).await {
            self.exporter.flush(&self.house, left(), true).await;
        }
        let waiting = self.house.waiting();
        if waiting > 0 && self.settings.endpoint.is_some() {
            eprintln!("{NAME}: {waiting} bytes could not be handed over before the environment ends");
        }
    }

    /// Whether the report of `open` has come, or comes within `wait`; true where none is missing.
    async fn reported(&self, open: Option<&str>, wait: Duration) -> bool {
        let Some(open) = open else { return true };
        let mut reported = self.house.reported.subscribe();
        // It cannot close: the sender is in the house.
        tokio::time::timeout(wait, reported.wait_for(|id| id == open)).await.is_ok()
    }
}

/// The file's own name: Lambda knows the extension by it. As it was started, for the file may be a link.
fn name() -> String {
    let own = std::env::args_os().next().map(std::path::PathBuf::from);
    own.as_deref().and_then(|path| path.file_name()?.to_str()).unwrap_or(NAME).to_owned()
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without random bytes the name is not unique; the platform's own replaces it anyway.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// An error and its sources, outermost first.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(": {inner}"));
        source = inner.source();
    }
    text
}
