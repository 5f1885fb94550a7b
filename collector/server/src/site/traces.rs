//! Traces as they were read last: a page asks for its windows, its views and its panel one after another, and a trace of 100,000 spans
//! takes a while to read.
//!
//! **Invariant:** what is answered is what the store would answer now: every time the store is asked whether a span came or went since.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use coldlight_model::{InvocationSummary, SpanId, SpanTree, Trace, TraceId};
use coldlight_store::{Store, StoreError, TraceMark};
use coldlight_ui::pages::trace::Scenes;

/// Bytes of traces kept, together; one of 100,000 spans takes about 70 MB with its scenes.
const MOST_BYTES: usize = 96 << 20;
/// And how many: each costs a little to look through.
const MOST: usize = 64;
/// Nobody looks at it any more.
const IDLE: Duration = Duration::from_secs(300);

/// A trace, the tree of its spans, and what pages worked out of them.
pub struct ReadTrace {
    pub trace: Trace,
    pub tree: SpanTree,
    pub scenes: Scenes,
    /// What a page of it was last told of its invocations: windows of rows belong to that page.
    told: Mutex<Option<Arc<[InvocationSummary]>>>,
}

impl ReadTrace {
    fn new(trace: Trace) -> Self {
        let tree = SpanTree::build(&trace.spans);
        Self { trace, tree, scenes: Scenes::default(), told: Mutex::default() }
    }

    /// Its invocations as they are now, for a page.
    pub async fn invocations(&self, store: &Store) -> Result<Arc<[InvocationSummary]>, StoreError> {
        let now: Arc<[_]> = store.invocations_of_trace(&self.trace).await?.into();
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(now.clone());
        Ok(now)
    }

    /// As the page was told whose window is asked for.
    pub async fn invocations_told(&self, store: &Store) -> Result<Arc<[InvocationSummary]>, StoreError> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match told {
            Some(told) => Ok(told),
            None => self.invocations(store).await,
        }
    }
}

/// See the module's words.
#[derive(Default)]
pub struct Traces(Mutex<Vec<Place>>);

/// Where one trace lies. The most recently asked for comes first.
struct Place {
    id: TraceId,
    asked_at: Instant,
    bytes: usize,
    kept: Arc<tokio::sync::Mutex<Option<Kept>>>,
}

struct Kept {
    read: Arc<ReadTrace>,
    mark: TraceMark,
    /// The last text that was looked for in it, and where it was found.
    found: Option<(String, Arc<[SpanId]>)>,
}

impl Traces {
    /// The trace as it is now; `None` when no span of it is here. Whoever asks while it is read waits and has the same.
    pub async fn of(&self, store: &Store, id: TraceId) -> Result<Option<Arc<ReadTrace>>, StoreError> {
        let kept = self.place(id);
        let mut kept = kept.lock().await;
        Ok(self.read(store, id, &mut kept).await?.map(|kept| kept.read.clone()))
    }

    /// [`Store::find_in_trace`], the last text kept: windows of one search follow each other.
    pub async fn find(&self, store: &Store, id: TraceId, text: &str) -> Result<Arc<[SpanId]>, StoreError> {
        let kept = self.place(id);
        let mut kept = kept.lock().await;
        let Some(kept) = self.read(store, id, &mut kept).await? else { return Ok(Arc::default()) };
        if let Some((_, found)) = kept.found.as_ref().filter(|(of, _)| of == text) {
            return Ok(found.clone());
        }
        let found: Arc<[SpanId]> = store.find_in_trace(id, text.to_owned()).await?.into();
        kept.found = Some((text.to_owned(), found.clone()));
        Ok(found)
    }

    async fn read<'a>(
        &self,
        store: &Store,
        id: TraceId,
        kept: &'a mut Option<Kept>,
    ) -> Result<Option<&'a mut Kept>, StoreError> {
        if let Some(known) = kept.as_mut()
            && let Some(mark) = store.is_as_read(id, known.mark).await?
        {
            known.mark = mark;
            return Ok(kept.as_mut());
        }
        *kept = None;
        let Some((trace, mark)) = store.read_trace(id).await? else {
            self.lock().retain(|place| place.id != id);
            return Ok(None);
        };
        // It cannot panic; if it did, the request ends as one that the database could not answer just now.
        let read =
            tokio::task::spawn_blocking(move || ReadTrace::new(trace)).await.map_err(|_| StoreError::Reopening)?;
        let tree = read.tree.nodes.capacity() * size_of::<coldlight_model::TreeNode>();
        self.weigh(id, read.trace.bytes() + tree + Scenes::bytes(read.tree.nodes.len()));
        Ok(Some(kept.insert(Kept { read: Arc::new(read), mark, found: None })))
    }

    /// Lets go of what nobody asked for lately.
    pub fn rest(&self, now: Instant) {
        self.lock().retain(|place| now.saturating_duration_since(place.asked_at) < IDLE);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, id: TraceId) -> Arc<tokio::sync::Mutex<Option<Kept>>> {
        let mut places = self.lock();
        let known = places.iter().position(|place| place.id == id).map(|at| places.remove(at));
        let asked_at = Instant::now();
        let place = known.unwrap_or_else(|| Place { id, asked_at, bytes: 0, kept: Arc::default() });
        let kept = place.kept.clone();
        places.insert(0, Place { asked_at, ..place });
        places.truncate(MOST);
        kept
    }

    /// Notes what a trace takes, and lets go of the oldest while all take too much. One that is too much alone is not kept.
    fn weigh(&self, id: TraceId, bytes: usize) {
        let mut places = self.lock();
        places.retain(|place| place.id != id || bytes <= MOST_BYTES);
        if let Some(place) = places.iter_mut().find(|place| place.id == id) {
            place.bytes = bytes;
        }
        let mut all = 0;
        places.retain(|place| {
            all += place.bytes;
            all <= MOST_BYTES
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use coldlight_model::{Batch, Kind, Resource, Scope, Span, StatusCode, Value};
    use coldlight_store::Settings;

    fn id(number: u8) -> TraceId {
        TraceId::new([number; 16]).unwrap()
    }

    fn kept(traces: &Traces) -> Vec<u8> {
        traces.lock().iter().map(|place| place.id.bytes()[0]).collect()
    }

    #[test]
    fn the_traces_asked_for_last_are_kept_up_to_their_bytes() {
        let traces = Traces::default();
        for number in 1..=3 {
            traces.place(id(number));
            traces.weigh(id(number), MOST_BYTES / 2);
        }
        assert_eq!(kept(&traces), [3, 2]);
        traces.place(id(2));
        traces.place(id(4));
        traces.weigh(id(4), 1);
        assert_eq!(kept(&traces), [4, 2], "the third would be too much with them");
        traces.place(id(5));
        traces.weigh(id(5), MOST_BYTES + 1);
        assert_eq!(kept(&traces), [4, 2], "one that is too much alone drives nobody out");
    }

    #[test]
    fn no_more_than_so_many_are_kept_and_none_that_nobody_looks_at() {
        let traces = Traces::default();
        for number in 1..=MOST as u8 + 5 {
            traces.place(id(number));
        }
        assert_eq!(kept(&traces).len(), MOST);
        traces.rest(Instant::now());
        assert_eq!(kept(&traces).len(), MOST);
        traces.rest(Instant::now() + IDLE);
        assert_eq!(kept(&traces).len(), 0);
    }

    fn span(trace: TraceId, number: u8, note: &str) -> Span {
        Span {
            trace_id: trace,
            span_id: SpanId::new([number; 8]).unwrap(),
            parent_span_id: None,
            trace_state: String::new(),
            flags: 0,
            name: "GET /".to_owned(),
            kind: Kind::SERVER,
            started_at: clock::now(),
            ended_at: clock::now(),
            attributes: [("note", Value::from(note))].into_iter().collect(),
            dropped_attributes_count: 0,
            events: Vec::new(),
            dropped_events_count: 0,
            links: Vec::new(),
            dropped_links_count: 0,
            status_code: StatusCode::UNSET,
            status_message: String::new(),
            oddities: Default::default(),
            resource: 0,
            scope: 0,
        }
    }

    /// Keeps spans and waits until questions see them.
    async fn keep(store: &Store, spans: Vec<Span>) {
        let mut visible = store.generation();
        visible.mark_unchanged();
        let (resources, scopes) = (vec![Resource::default()], vec![Scope::default()]);
        let batch = Batch { received_at: clock::now(), spans, resources, scopes, ..Batch::default() };
        store.keep(batch).await.unwrap();
        visible.changed().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_kept_is_what_the_store_has_whatever_comes_in_between() {
        let data = tempfile::tempdir().unwrap();
        let store =
            Store::open(Settings { disk_reserve_bytes: Some(0), ..Settings::new(data.path()) }, clock::now).unwrap();
        let traces = Traces::default();
        let of = || async { traces.of(&store, id(1)).await.unwrap() };
        assert!(of().await.is_none() && kept(&traces).is_empty());
        keep(&store, vec![span(id(1), 1, "red"), span(id(2), 2, "red")]).await;
        let first = of().await.unwrap();
        assert!(Arc::ptr_eq(&first, &of().await.unwrap()));
        keep(&store, vec![span(id(2), 3, "blue")]).await;
        assert!(Arc::ptr_eq(&first, &of().await.unwrap()), "what came is of another trace");
        assert_eq!(traces.find(&store, id(1), "red").await.unwrap().len(), 1);
        keep(&store, vec![span(id(1), 4, "red")]).await;
        assert_eq!(traces.find(&store, id(1), "red").await.unwrap().len(), 2, "what was found is of the trace before");
        let second = of().await.unwrap();
        assert_eq!(Some(&second.trace), store.trace(id(1)).await.unwrap().as_ref());
        assert_eq!(second.tree, SpanTree::build(&second.trace.spans));
        tokio::task::spawn_blocking(move || store.close()).await.unwrap().unwrap();
    }
}
