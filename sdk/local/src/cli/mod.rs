//! `coldlight local`: functions from flags or a template, what invokes them, and what is printed.

mod arguments;
mod plan;
mod show;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use tokio::net::TcpListener;

use crate::answer::{Complete, Request};
use crate::error::LocalError;
use crate::fleet::Fleet;
use crate::line;
use crate::sources::bus::{Bus, Rule};
use crate::sources::gateway::Kind;
use crate::sources::handover::Target;
use crate::sources::http::{self, Route, Site};
use crate::sources::queue::{Message, Queue, Settings};
use crate::sources::topic::Topic;
use crate::sources::{asynchronous, schedule};
use crate::template::Source;

pub use arguments::{Action, LocalArgs};
pub use plan::installed as installed_extension;
use plan::{Plan, Ready};

/// Whether all that was asked for went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Well,
    /// A function failed.
    Failed,
}

/// Does what the arguments ask for, until it is done or `stop` is.
pub async fn run(arguments: LocalArgs, stop: impl Future<Output = ()>) -> Result<Outcome, LocalError> {
    if let Some(Action::Explain { event }) = &arguments.action {
        return explain(event).map(|()| Outcome::Well);
    }
    let plan = Plan::of(&arguments)?;
    for note in &plan.notes {
        eprintln!("note: {note}");
    }
    let (lines, written) = line::channel();
    let several = plan.functions.len() > 1;
    let shown = tokio::spawn(show::lines(written, several));
    // Held to the end: the bootstrap for Node, if one is needed.
    let scratch = tempfile::tempdir().map_err(|why| LocalError::System(format!("no temporary folder: {why}")))?;
    let ready = plan.start(&lines, scratch.path()).await?;
    drop(lines);
    let failed = Arc::new(AtomicBool::new(false));
    let fleets: Vec<Fleet> = ready.iter().map(|ready| ready.fleet.clone()).collect();
    let work = work(&arguments, ready, plan.queues, Arc::clone(&failed));
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = stop => Ok(()),
    };
    futures_util::future::join_all(fleets.iter().map(Fleet::shut_down)).await;
    drop(fleets);
    // The last lines are those of extensions that shut down; whoever still holds the channel is a task that was cancelled.
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), shown).await;
    outcome?;
    Ok(if failed.load(Ordering::Relaxed) { Outcome::Failed } else { Outcome::Well })
}

type Work = BoxFuture<'static, Result<(), LocalError>>;

async fn work(
    arguments: &LocalArgs,
    ready: Vec<Ready>,
    queues: Vec<Settings>,
    failed: Arc<AtomicBool>,
) -> Result<(), LocalError> {
    let queues: Vec<Queue> = queues.into_iter().map(Queue::new).collect();
    // Whatever ends by itself is awaited; the rest goes on until the program is stopped.
    let mut forever: Vec<Work> = Vec::new();
    if let Some(address) = arguments.http {
        let cannot = |why: std::io::Error| LocalError::WrongUse(format!("--http {address}: {why}"));
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let site = site(&ready, &queues);
        println!("listening http {address}");
        for route in &site.routes {
            let method = route.method.as_ref().map_or("ANY", |method| method.as_str());
            eprintln!("  {method} http://{address}{}  →  {}", route.path, route.fleet.function().name);
        }
        for name in site.functions.keys() {
            eprintln!("  POST http://{address}/2015-03-31/functions/{name}/invocations");
        }
        forever.push(Box::pin(http::serve(listener, site)));
    }
    let chosen = plan::chosen(&ready, arguments.function.as_deref());
    if let Some(when) = arguments.every.clone() {
        let chosen = chosen.clone()?;
        let name = format!("{}-rule", chosen.function().name);
        forever.push(Box::pin(schedule::run(chosen, name, when, None, note_failures(&failed))));
    }
    for one in &ready {
        for source in &one.sources {
            match source {
                Source::Schedule { rule, when, input } if arguments.runs_on() => {
                    let (rule, when, input) = (rule.clone(), when.clone(), input.clone());
                    forever.push(Box::pin(schedule::run(one.fleet.clone(), rule, when, input, note_failures(&failed))));
                }
                Source::Queue(name) => {
                    let Some(queue) = queues.iter().find(|queue| queue.name() == name) else { continue };
                    forever.push(Box::pin(poll(queue.clone(), one.fleet.clone(), Arc::clone(&failed))));
                }
                _ => {}
            }
        }
    }
    let mut finite: Vec<Work> = Vec::new();
    for event in &arguments.events {
        let event = read(event)?;
        finite.push(Box::pin(send(
            chosen.clone()?,
            event,
            arguments.times,
            arguments.asynchronous,
            Arc::clone(&failed),
        )));
    }
    if let Some(file) = &arguments.queue {
        let queue = Queue::new(Settings {
            batch_size: arguments.batch_size as usize,
            window: arguments.batch_window,
            visibility: arguments.visibility,
            max_receives: Some(arguments.max_receives),
            ..Settings::named(file.file_stem().unwrap_or_default().to_string_lossy())
        });
        for line in String::from_utf8_lossy(&read(file)?).lines().filter(|line| !line.trim().is_empty()) {
            queue.send(Message::from_line(line))?;
        }
        forever.push(Box::pin(poll(queue.clone(), chosen.clone()?, Arc::clone(&failed))));
        finite.push(Box::pin(drained(queue)));
    }
    let stays = arguments.runs_on();
    if finite.is_empty() && forever.is_empty() {
        return Err(LocalError::WrongUse("say what invokes: --event, --queue, --every or --http".to_owned()));
    }
    let finite = futures_util::future::try_join_all(finite);
    if forever.is_empty() {
        return finite.await.map(|_| ());
    }
    let forever = futures_util::future::try_join_all(forever);
    tokio::pin!(forever);
    tokio::select! {
        outcome = finite => {
            outcome?;
            if stays { forever.await.map(|_| ()) } else { Ok(()) }
        }
        outcome = &mut forever => outcome.map(|_| ()),
    }
}

fn site(ready: &[Ready], queues: &[Queue]) -> Site {
    let mut routes = Vec::new();
    for one in ready {
        for source in &one.sources {
            let (kind, method, path) = match source {
                Source::Route { kind, method, path } => (*kind, method.clone(), path.clone()),
                Source::Url => (Kind::FunctionUrl, None, "/".to_owned()),
                _ => continue,
            };
            routes.push(Route { kind, method, path, fleet: one.fleet.clone() });
        }
    }
    routes.sort_by_key(|route| (route.kind == Kind::FunctionUrl, route.rank()));
    // A lone function without any way in is served by its URL.
    if let ([only], true) = (ready, routes.is_empty()) {
        routes.push(Route { kind: Kind::FunctionUrl, method: None, path: "/".to_owned(), fleet: only.fleet.clone() });
    }
    let functions = ready.iter().map(|one| (one.fleet.function().name.clone(), one.fleet.clone())).collect();
    let queues = queues.iter().map(|queue| (queue.name().to_owned(), queue.clone())).collect();
    let mut topics: BTreeMap<String, Topic> = BTreeMap::new();
    // Every account has this one.
    let mut buses = BTreeMap::from([("default".to_owned(), Bus::default())]);
    for one in ready {
        let target = Target::function(one.fleet.clone());
        for source in &one.sources {
            match source {
                Source::Topic(name) => topics.entry(name.clone()).or_default().targets.push(target.clone()),
                Source::Events { bus, sources, detail_types } => {
                    let (sources, detail_types) = (sources.clone(), detail_types.clone());
                    let rule = Rule { sources, detail_types, targets: vec![target.clone()] };
                    buses.entry(bus.clone()).or_default().rules.push(rule);
                }
                _ => {}
            }
        }
    }
    Site { routes, functions, queues, topics, buses }
}

/// Sends `event` as often as asked, one after the other, and prints each answer.
async fn send(
    fleet: Fleet,
    event: Vec<u8>,
    times: u32,
    asynchronous: bool,
    failed: Arc<AtomicBool>,
) -> Result<(), LocalError> {
    for _ in 0..times {
        let request = Request::new(event.clone());
        let attempts = if asynchronous {
            asynchronous::invoke(&fleet, request, &asynchronous::PAUSES).await?
        } else {
            let answer = fleet.invoke_later(request).await?;
            vec![answer.complete().await.ok_or(LocalError::Closed)?]
        };
        for attempt in &attempts {
            show::answer(attempt);
        }
        if attempts.last().is_none_or(|attempt| attempt.result.is_err()) {
            failed.store(true, Ordering::Relaxed);
        }
    }
    Ok(())
}

async fn poll(queue: Queue, fleet: Fleet, failed: Arc<AtomicBool>) -> Result<(), LocalError> {
    let name = queue.name().to_owned();
    let counted = queue.clone();
    queue
        .run(fleet, move |messages, complete| {
            if complete.result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            let left = counted.counts();
            eprintln!(
                "queue {name}: a batch of {messages} {}; {} visible, {} in flight, {} dead",
                if complete.result.is_ok() { "was answered" } else { "failed" },
                left.visible,
                left.in_flight,
                left.dead
            );
        })
        .await
}

async fn drained(queue: Queue) -> Result<(), LocalError> {
    queue.empty().await;
    for message in queue.dead() {
        println!("{}", serde_json::json!({ "deadLetter": message.body }));
    }
    Ok(())
}

fn note_failures(failed: &Arc<AtomicBool>) -> impl Fn(&[Complete]) + Clone + Send + 'static {
    let failed = Arc::clone(failed);
    move |attempts: &[Complete]| {
        if attempts.last().is_none_or(|attempt| attempt.result.is_err()) {
            failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Prints what the SDK makes of an event: the same code.
fn explain(path: &Path) -> Result<(), LocalError> {
    let event =
        serde_json::from_slice(&read(path)?).map_err(|why| LocalError::file(path, format!("not JSON: {why}")))?;
    let explained = serde_json::to_string_pretty(&coldlight_triggers::explain(&event));
    println!("{}", explained.map_err(|why| LocalError::System(why.to_string()))?);
    Ok(())
}

/// A file, or standard input for `-`.
fn read(path: &Path) -> Result<Vec<u8>, LocalError> {
    let mut text = Vec::new();
    let outcome = if path == Path::new("-") {
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut text).map(|_| ())
    } else {
        std::fs::read(path).map(|read| text = read)
    };
    outcome.map_err(|why| LocalError::file(path, why))?;
    Ok(text)
}

impl LocalArgs {
    /// Whether it goes on until it is stopped.
    fn runs_on(&self) -> bool {
        self.http.is_some()
            || self.every.is_some()
            || (self.events.is_empty() && self.queue.is_none() && self.template.is_some())
    }
}

/// Ends with SIGINT or SIGTERM.
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
