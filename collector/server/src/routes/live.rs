//! `/live` and what it listens to: lines as they arrive.
//!
//! A reader is asked for more only when it has taken what it got: then what came meanwhile is read back from the store, the newest of it
//! are lines and the rest a number. So a slow reader costs nothing, and the writer does not know that anybody watches.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use coldlight_model::{InvocationList, InvocationSort, LiveMark, LiveNews, TimeRange, Timestamp};
use coldlight_store::{InvocationSearch, LiveSearch, StoreError};
use coldlight_ui::Shell;
use coldlight_ui::pages::live;
use futures_util::stream;
use http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use super::asked::Asked;
use crate::clock;
use crate::site::Site;
use crate::wrong::Wrong;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// The eye does not follow more often.
const PACE: Duration = Duration::from_millis(500);
/// A question that took t is asked again after this many t at the earliest, so that watching takes at most a tenth of a processor.
const REST: u32 = 10;
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// What began longer ago is not live, when it arrives; in nanoseconds.
const LIVE_FOR: u64 = 86_400_000_000_000;
/// The page as it is opened shows what began within so long, in nanoseconds.
const SHOWN_FOR: u64 = 3_600_000_000_000;

pub async fn page(State(site): State<Arc<Site>>, asked: Asked) -> Result<Response, Wrong> {
    let state = live::State::parse(&asked.query);
    let news = first(&site, &state, asked.shell.now).await?;
    Ok(asked
        .answer(|| live::page(&asked.shell, &state, &news), |block| live::fragment(block, &asked.shell, &state, &news)))
}

/// The newest there is, and the mark from which the stream goes on.
async fn first(site: &Site, state: &live::State, now: Timestamp) -> Result<LiveNews, StoreError> {
    let range = TimeRange { from: now.minus(SHOWN_FOR), to: now.plus(LIVE_FOR) };
    let mark = site.store.live_mark().await?;
    // All spans of the range, and of invocations only the mark: the list of invocations is asked for them.
    let spans = LiveSearch {
        after: LiveMark { written: 0, told: mark.told },
        range,
        spans: state.spans(),
        invocations: state.invocations(),
        limit: live::FIRST,
    };
    let invocations = async {
        let Some(filter) = state.invocations() else { return Ok(InvocationList::default()) };
        let sort = InvocationSort::Newest;
        let search = InvocationSearch { range, filter, sort, after: None, limit: live::FIRST };
        site.store.invocations(search).await
    };
    let (spans, list) = tokio::join!(site.store.live(spans), invocations);
    let (spans, mut list) = (spans?, list?);
    list.invocations.retain(|one| one.duration.is_some());
    // The mark was read before anything else, so that nothing falls between page and stream.
    let is_cut = (spans.is_cut && spans.skipped > 0) || list.next.is_some();
    Ok(LiveNews { mark, invocations: list.invocations, is_cut, ..spans })
}

/// A stream of events: `lines` with rows of the table, `skipped` with how many there were besides, `running` with the
/// invocations that have not ended. The id of `lines` is where the next reader goes on from.
pub async fn events(State(site): State<Arc<Site>>, headers: HeaderMap, asked: Asked) -> Result<Response, Wrong> {
    let place = site.watchers.clone().try_acquire_owned();
    let place =
        place.map_err(|_| Wrong::unavailable("too many pages watch what arrives; close one or reload this", 5))?;
    let state = live::State::parse(&asked.query);
    let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok()).and_then(LiveMark::from_text);
    let after = match resumed.or(state.after) {
        Some(mark) => mark,
        None => site.store.live_mark().await?,
    };
    let mut visible = site.store.generation();
    visible.mark_changed();
    let watcher = Watcher {
        site,
        state,
        shell: asked.shell,
        after,
        visible,
        rest_until: Instant::now(),
        is_told: false,
        running: None,
        ready: VecDeque::new(),
        _place: place,
    };
    let events = stream::unfold(watcher, async |mut watcher| {
        let event = watcher.next().await?;
        Some((Ok::<Event, Infallible>(event), watcher))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

/// One open stream.
struct Watcher {
    site: Arc<Site>,
    state: live::State,
    /// As the page was opened: its zone.
    shell: Shell,
    after: LiveMark,
    visible: watch::Receiver<u64>,
    rest_until: Instant,
    /// Everything that is written is told of, too.
    is_told: bool,
    /// What was last said to be running.
    running: Option<String>,
    /// Read and not yet taken; at most one of each kind.
    ready: VecDeque<Event>,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    /// The next event, whenever it comes; `None` when the program stops.
    async fn next(&mut self) -> Option<Event> {
        let stop = self.site.stop.clone();
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                something = self.wait() => something?,
            }
            self.look().await;
        }
    }

    /// Until it is time to look again, and there may be something.
    async fn wait(&mut self) -> Option<()> {
        tokio::time::sleep_until(self.rest_until).await;
        if self.is_told { self.visible.changed().await.ok() } else { Some(()) }
    }

    async fn look(&mut self) {
        let now = clock::now();
        self.shell.now = now;
        self.visible.mark_unchanged();
        let search = LiveSearch {
            after: self.after,
            range: TimeRange { from: now.minus(LIVE_FOR), to: now.plus(LIVE_FOR) },
            spans: self.state.spans(),
            invocations: self.state.invocations(),
            limit: live::MOST,
        };
        let asked = Instant::now();
        let found = {
            // One at a time: watching takes one of the store's readers at most.
            let Ok(_turn) = self.site.watching.acquire().await else { return };
            self.site.store.live(search).await
        };
        match found {
            Ok(news) => {
                self.rest_until = asked + PACE.max(asked.elapsed() * REST);
                self.tell(&news);
            }
            Err(error) => {
                tracing::debug!(%error, "a live page could not be told");
                self.rest_until = Instant::now() + AFTER_FAILURE;
                self.is_told = false;
            }
        }
    }

    fn tell(&mut self, news: &LiveNews) {
        self.after = news.mark;
        self.is_told = news.mark.told >= news.mark.written;
        let id = news.mark.to_text();
        let lines = live::lines(&self.shell, news);
        if !lines.is_empty() {
            self.ready.push_back(Event::default().event("lines").id(id.as_str()).data(lines));
        }
        if news.skipped > 0 || news.is_cut {
            let count = if news.is_cut { format!("{}+", news.skipped) } else { news.skipped.to_string() };
            self.ready.push_back(Event::default().event("skipped").id(id.as_str()).data(count));
        }
        let running = live::running(&self.shell, &self.state, news);
        if self.running.as_ref() != Some(&running) {
            self.ready.push_back(Event::default().event("running").data(running.clone()));
            self.running = Some(running);
        }
    }
}
