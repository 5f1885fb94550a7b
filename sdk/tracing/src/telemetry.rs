//! Starting and stopping: the environment read, a provider made, a courier sent on its way.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use crate::baggage::FromBaggage;
use crate::courier::{Courier, Start};
use crate::ids::XRayIds;
use crate::report::report;
use crate::resource::{self, Place};
use crate::settings::{Settings, Variables};
use crate::{layer, propagation};

/// Tracing, switched on. Keep it until the program ends: when the last copy is dropped, what is still waiting is sent, for five
/// seconds at most.
///
/// ```
/// let telemetry = coldlight::start();
/// // … the program …
/// drop(telemetry);
/// ```
#[derive(Clone, Debug)]
#[must_use = "spans are sent until this is dropped"]
pub struct Telemetry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    provider: SdkTracerProvider,
    courier: Option<Courier>,
    filter: Option<String>,
    /// Whether the process is stopped between invocations.
    #[cfg_attr(not(feature = "lambda"), expect(dead_code, reason = "only the Lambda layer asks"))]
    freezes: bool,
}

/// How long a program that ends waits for a collector.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Switches tracing on, for programs that have no `tracing` subscriber of their own.
///
/// Reads OpenTelemetry's variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME` and their kin), sets the global tracer
/// provider and propagator, and a subscriber that turns `tracing`'s spans into traces. Never fails: what cannot be followed is said
/// on standard error and the default holds.
///
/// ```
/// #[tracing::instrument]
/// fn price(order: u64) -> u64 {
///     order * 2
/// }
///
/// let _telemetry = coldlight::init();
/// price(21); // a span named `price` with the attribute `order`
/// ```
pub fn init() -> Telemetry {
    let telemetry = start();
    let subscriber = tracing_subscriber::registry().with(telemetry.layer());
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        report("a tracing subscriber is set already: call coldlight::start() before it, and add its layer() to it");
    }
    telemetry
}

/// Switches tracing on beside a `tracing` setup of your own: add [`Telemetry::layer`] to it.
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let telemetry = coldlight::start();
/// let subscriber = tracing_subscriber::registry().with(telemetry.layer());
/// // .with(tracing_subscriber::fmt::layer()) and what else you have
/// tracing::subscriber::set_global_default(subscriber).unwrap();
/// ```
pub fn start() -> Telemetry {
    start_with([])
}

/// As [`start`], with variables that go before those of the environment, under the same names.
///
/// ```
/// let telemetry = coldlight::start_with([("OTEL_SERVICE_NAME", "checkout"), ("OTEL_BSP_SCHEDULE_DELAY", "500")]);
/// ```
pub fn start_with<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Telemetry {
    let variables = Variables(variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect());
    let look = |name: &str| variables.look(name);
    let (settings, oddities) = Settings::read(&look);
    oddities.iter().for_each(|odd| report(&odd.to_string()));
    global::set_text_map_propagator(propagation::propagator(&settings.formats));
    let telemetry = Telemetry::of(settings, variables);
    if telemetry.inner.courier.is_some() {
        global::set_tracer_provider(telemetry.inner.provider.clone());
    }
    telemetry
}

impl Telemetry {
    pub(crate) fn of(settings: Settings, variables: Variables) -> Self {
        let look = |name: &str| variables.look(name);
        let place = Place::of(&look);
        // Managed Instances serve several invocations at once and are never frozen.
        let most = look("AWS_LAMBDA_MAX_CONCURRENCY").and_then(|text| text.parse().ok());
        let freezes = place == Place::Lambda && most.is_none_or(|most: u32| most <= 1);
        let (filter, keys) = (settings.filter.clone(), settings.baggage.clone());
        let at_once = resource::at_once(&place, &look);
        let mut provider = SdkTracerProvider::builder()
            .with_id_generator(XRayIds::default())
            .with_sampler(settings.sampler.clone())
            .with_span_limits(settings.limits)
            .with_resource(resource::resource(&settings, &at_once, None, None));
        let off = settings.off;
        let started = (!off).then(|| Courier::start(Start { settings, place, at_once, freezes, variables }));
        let courier = started
            .and_then(|started| started.map_err(|why| report(&format!("spans cannot be sent: no thread: {why}"))).ok());
        if let Some(courier) = &courier {
            provider = provider.with_span_processor(courier.clone());
            if !keys.is_empty() {
                provider = provider.with_span_processor(FromBaggage { keys });
            }
        }
        Self { inner: Arc::new(Inner { provider: provider.build(), courier, filter, freezes }) }
    }

    /// Turns the spans of the `tracing` crate into traces: a layer for your own subscriber.
    ///
    /// Spans of level `info` and above are sent, but not those of well-known libraries; `COLDLIGHT_SPANS=my_crate=debug,hyper=info`
    /// says otherwise, in the words of [`Targets`](tracing_subscriber::filter::Targets). The level of your logs does not matter.
    ///
    /// ```
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// let telemetry = coldlight::start();
    /// let _subscriber = tracing_subscriber::registry().with(telemetry.layer());
    /// ```
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let provider = self.inner.courier.as_ref().map(|_| &self.inner.provider);
        layer::layer(provider, self.inner.filter.as_deref())
    }

    /// A tracer for spans made with OpenTelemetry's own interface.
    ///
    /// ```
    /// use opentelemetry::trace::Tracer;
    ///
    /// let telemetry = coldlight::start();
    /// telemetry.tracer().in_span("work", |_| 1 + 1);
    /// ```
    pub fn tracer(&self) -> SdkTracer {
        self.inner.provider.tracer("coldlight")
    }

    /// Sends what has ended so far and waits for it, `limit` at most; whether all was sent. What was not is kept for the next time.
    /// Blocks: in an asynchronous program, call it where that is allowed.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let telemetry = coldlight::start();
    /// telemetry.flush(Duration::from_millis(100));
    /// ```
    pub fn flush(&self, limit: Duration) -> bool {
        self.inner.courier.as_ref().is_none_or(|courier| courier.flush_blocking(limit, false))
    }

    /// Spans that were lost so far: the queue was full (`OTEL_BSP_MAX_QUEUE_SIZE`), or a collector refused them for good.
    ///
    /// ```
    /// assert_eq!(coldlight::start().lost(), 0);
    /// ```
    pub fn lost(&self) -> u64 {
        self.inner.courier.as_ref().map_or(0, Courier::lost)
    }

    #[cfg(feature = "lambda")]
    pub(crate) fn is_on(&self) -> bool {
        self.inner.courier.is_some()
    }

    /// The courier of a function that is frozen between its invocations.
    #[cfg(feature = "lambda")]
    pub(crate) fn frozen_courier(&self) -> Option<Courier> {
        self.inner.courier.clone().filter(|_| self.inner.freezes)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(courier) = &self.courier
            && !courier.flush_blocking(LAST_WORDS, true)
        {
            report("the program ends with spans that could not be sent");
        }
    }
}
