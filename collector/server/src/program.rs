//! The running program: what is started, in which order, and how it is stopped in the reverse one.
//!
//! store → sockets → receiver → pages. On the way down: senders are refused (they try again elsewhere or later), requests in
//! flight are finished, then the store drains its journal and closes. What does not fit into the time left stays in the
//! journal and is written at the next start.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coldlight_model::Listening;
use coldlight_receiver::{Access as ReceiverAccess, Outlet, Receiver};
use coldlight_store::{ApartSettings, Store};
use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::access::{Access, Hosts, Verdict};
use crate::alerts::{self, Alerts};
use crate::clock;
use crate::demo::Sender;
use crate::failure::{Failure, chain, no_store};
use crate::listeners::{self, Sockets, Wanted};
use crate::machine;
use crate::place::{Addresses, Notice, reachable};
use crate::routes;
use crate::settings::{Listen, Settings, is_loopback};
use crate::site::{CopyFile, Saved, Site};
use crate::web;

pub use crate::signals::Signals;

/// From the first signal to the end of the process.
const STOP_WITHIN: Duration = Duration::from_millis(9_500);
/// When the store stops writing what waits: the rest is safe in the journal, and the next start answers while it is written. It has some time,
/// however long requests in flight took.
const CLOSED_AFTER: Duration = Duration::from_millis(4_300);
const LEAST_TO_CLOSE: Duration = Duration::from_secs(2);

/// Everything that runs.
pub struct Program {
    site: Arc<Site>,
    listening: Vec<Listening>,
    tasks: JoinSet<(&'static str, std::io::Result<()>)>,
    stop: CancellationToken,
    _notice: Option<Notice>,
}

impl Program {
    /// Starts everything, or nothing.
    pub async fn start(settings: &Settings) -> Result<Self, Failure> {
        let wanted = listeners::wanted(settings).await?;
        let access = Arc::new(Access::new(&settings.access, &listeners::addresses(&wanted))?);
        if access.insecure {
            tracing::warn!("everybody who reaches a listener may read and write everything (--insecure-no-auth)");
        }
        if access.asks() {
            tracing::info!(keys = access.key_count(), "every listener asks for a key");
        }
        let store = open_store(settings).await?;
        match Self::start_on(settings, access, &wanted, store.clone()).await {
            Ok(program) => Ok(program),
            Err(failure) => {
                let _ = tokio::task::spawn_blocking(move || store.close()).await;
                Err(failure)
            }
        }
    }

    async fn start_on(
        settings: &Settings,
        access: Arc<Access>,
        wanted: &[Wanted; 3],
        store: Store,
    ) -> Result<Self, Failure> {
        let Sockets { otlp_grpc, otlp_http, http, listening } = listeners::bind(wanted, settings.any_free_port).await?;
        let receiver = receiver(settings, &wanted[1], &access, &store);
        let stop = CancellationToken::new();
        let alerts = Alerts::new(settings.webhook.as_ref())?;
        let site = Site::new(
            store,
            receiver.clone(),
            access,
            listening.clone(),
            hosts(&wanted[2], settings),
            Saved::open(&settings.data),
            stop.clone(),
        );
        let site = Arc::new(site.telling(alerts, CopyFile::in_folder(&settings.data)));
        if let Err(error) = site.take_back_what_was_written().await {
            tracing::warn!(error = chain(&error), "saved searches and alerts cannot be read");
        }
        if let Err(error) = site.read_searches().await {
            tracing::warn!(error = chain(&error), "saved searches cannot be read");
        }
        let mut tasks = JoinSet::new();
        if let Some(socket) = otlp_grpc {
            let (receiver, stop) = (receiver.clone(), stop.clone());
            tasks.spawn(async move { ("otlp-grpc", receiver.serve_grpc(socket, stop).await) });
        }
        if let Some(socket) = otlp_http {
            let (receiver, stop) = (receiver.clone(), stop.clone());
            tasks.spawn(async move { ("otlp-http", receiver.serve_http(socket, stop).await) });
        }
        if let Some(socket) = http {
            let (router, stop) = (routes::router(site.clone()), stop.clone());
            tasks.spawn(async move { ("http", web::serve(socket, router, stop).await) });
        }
        tasks.spawn(site.clone().watch().map(|()| ("watch", Ok(()))));
        tasks.spawn(alerts::watch(site.clone()).map(|()| ("alerts", Ok(()))));
        tasks.spawn(alerts::tell(site.clone()).map(|()| ("webhook", Ok(()))));
        let notice = Notice::put_up(&settings.data, &Addresses::of(&listening));
        let notice =
            notice.inspect_err(|error| tracing::warn!(%error, "other commands will not find this server")).ok();
        tracing::info!(data = %settings.data.display(), version = env!("CARGO_PKG_VERSION"), "started");
        Ok(Self { site, listening, tasks, stop, _notice: notice })
    }

    /// One `listening NAME ADDR:PORT` line each, and where to look.
    pub fn announce(&self) {
        let mut lines = String::new();
        for Listening { name, address } in &self.listening {
            lines += &format!("listening {name} {address}\n");
        }
        if let Some(url) = self.base_url() {
            lines += &format!("open {url}\n");
        }
        // Whoever closed standard output does not want to read this.
        let mut out = std::io::stdout();
        let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    }

    /// Where the pages are, as seen from this machine.
    pub fn base_url(&self) -> Option<String> {
        Some(format!("http://{}", reachable(self.site.address("http")?)))
    }

    /// For sending to our own OTLP ports.
    pub fn sender(&self) -> Sender {
        self.site.sender()
    }

    /// Cancelled when the program begins to stop.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs until a signal, or until a part fails; then waits for `leaving`, while senders are still served, and stops everything.
    pub async fn run_until(mut self, signals: &mut Signals, leaving: impl Future<Output = ()>) -> Result<(), Failure> {
        let failure = tokio::select! {
            () = signals.next() => None,
            Some(ended) = self.tasks.join_next() => Some(match ended {
                Ok((name, Ok(()))) => Failure::Failed(format!("{name} ended by itself")),
                Ok((name, Err(error))) => Failure::because(name, &error),
                Err(error) => Failure::because("a part of the program failed", &error),
            }),
        };
        tracing::info!("stopping");
        tokio::select! {
            () = async { leaving.await; self.shut_down().await } => {}
            () = signals.next() => {
                tracing::warn!("stopped at once; what was acknowledged is in the journal");
                std::process::exit(1);
            }
        }
        failure.map_or(Ok(()), Err)
    }

    async fn shut_down(mut self) {
        let began = Instant::now();
        let deadline = began + STOP_WITHIN;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.site.receiver.refuse_new();
        self.stop.cancel();
        // The listeners hold their own, shorter limits; this one is for a listener that does not keep to them.
        let drained = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(left().saturating_sub(Duration::from_secs(3)), drained).await.is_err() {
            tracing::warn!("requests in flight were cut off");
            self.tasks.abort_all();
        }
        tracing::debug!(took_ms = began.elapsed().as_millis() as u64, "the last request was answered");
        let store = self.site.store.clone();
        let closing = tokio::task::spawn_blocking(move || store.close());
        let to_close = CLOSED_AFTER.saturating_sub(began.elapsed()).max(LEAST_TO_CLOSE).min(left());
        match tokio::time::timeout(to_close, closing).await {
            Ok(Ok(Ok(()))) => tracing::info!("stopped"),
            Ok(Ok(Err(error))) => tracing::error!(
                error = chain(&error),
                "the store did not close cleanly; the journal holds what was acknowledged"
            ),
            Ok(Err(error)) => {
                tracing::error!(%error, "closing the store failed; the journal holds what was acknowledged")
            }
            Err(_) => tracing::warn!(
                "the store needs longer than there is; the rest of the journal is written at the next start"
            ),
        }
    }
}

/// What the database may have of the memory: a quarter, and 320 MiB or five eighths if that is less, is for requests in flight, rows on their
/// way and everything else, the engine's own among it, of which it keeps no account. At least three quarters of the smallest limit there is.
fn of_database(memory: u64) -> u64 {
    (memory / 4 * 3).min(memory.saturating_sub(320 << 20).max(memory / 8 * 3).max(192 << 20))
}

async fn open_store(settings: &Settings) -> Result<Store, Failure> {
    let memory = settings.memory_limit.of(machine::memory());
    let defaults = coldlight_store::Settings::new(&settings.data);
    let store = coldlight_store::Settings {
        journal_limit_bytes: settings.journal_limit.unwrap_or(defaults.journal_limit_bytes),
        disk_reserve_bytes: settings.disk_reserve,
        retain: Duration::from_nanos(settings.retain),
        retain_bytes: machine::disk(&settings.data).map(|disk| settings.retain_size.of(disk)),
        // What waits longer than this lasts is read back from the journal.
        journal_memory_bytes: defaults.journal_memory_bytes.min((memory / 16) as usize),
        memory_limit_bytes: of_database(memory),
        query_timeout: Duration::from_nanos(settings.query_timeout),
        sql_apart: apart(settings)?,
        ..defaults
    };
    let opening = tokio::task::spawn_blocking(move || Store::open(store, clock::now));
    match opening.await {
        Ok(Ok(store)) => Ok(store),
        Ok(Err(error)) => Err(no_store(&settings.data, "use", &error)),
        Err(error) => Err(Failure::because("opening the store failed", &error)),
    }
}

/// SQL is asked in processes of this same program.
fn apart(settings: &Settings) -> Result<Option<ApartSettings>, Failure> {
    let Some(age) = settings.sql_child else { return Ok(None) };
    let program = std::env::current_exe()
        .map_err(|error| Failure::because("--sql-child: this program cannot find itself", &error))?;
    Ok(Some(ApartSettings { program, age: Duration::from_nanos(age) }))
}

fn receiver(settings: &Settings, otlp_http: &Wanted, access: &Arc<Access>, store: &Store) -> Receiver {
    let memory = settings.memory_limit.of(machine::memory());
    let defaults = coldlight_receiver::Settings::default();
    let limits = coldlight_receiver::Settings {
        max_body_bytes: settings.max_body as usize,
        in_flight_bytes: defaults.in_flight_bytes.min((memory / 4) as usize),
        allowed_hosts: hosts(otlp_http, settings).map(|hosts| hosts.names().to_vec()),
        cors_origins: settings.cors_origins.clone(),
        drain_wait: web::DRAIN,
        ..defaults
    };
    let (for_room, for_keep, access) = (store.clone(), store.clone(), access.clone());
    let outlet = Outlet {
        room: Box::new(move |wait| {
            let store = for_room.clone();
            async move { store.room(wait).await }.boxed()
        }),
        keep: Box::new(move |batch| {
            let store = for_keep.clone();
            async move { store.keep(batch).await }.boxed()
        }),
        authorize: Box::new(move |secret| match access.may_write(secret, Instant::now()) {
            Verdict::Granted => ReceiverAccess::Granted,
            Verdict::Denied { .. } => ReceiverAccess::Denied,
            Verdict::Unknown => ReceiverAccess::Missing,
            Verdict::Wait(wait) => ReceiverAccess::Wait(wait),
        }),
        now: clock::now,
    };
    Receiver::new(limits, outlet)
}

/// The names a listener answers to; `None` when it is not on loopback alone, where any name may lead to it.
fn hosts(wanted: &Wanted, settings: &Settings) -> Option<Hosts> {
    let Listen::At { host, .. } = &wanted.listen else { return None };
    let loopback = wanted.addresses.iter().all(|address| is_loopback(address.ip()));
    loopback.then(|| Hosts::new(host, &settings.access.allowed_hosts))
}

#[cfg(test)]
mod tests {
    use super::of_database;

    #[test]
    fn the_smaller_the_memory_the_larger_the_share_of_everything_but_the_database() {
        let of = |mib: u64| of_database(mib << 20) >> 20;
        assert_eq!([256, 384, 512, 1024, 4096].map(of), [192, 192, 192, 704, 3072]);
    }
}
