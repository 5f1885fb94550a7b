//! One traced program for all tests of this process, as a program has one global tracer; tests tell their spans apart by names.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use coldlight::Telemetry;
use opentelemetry_proto::tonic::trace::v1::Span;
use tracing_subscriber::layer::SubscriberExt;

use crate::receiver::Receiver;

pub struct Traced {
    receiver: Receiver,
    telemetry: Telemetry,
}

/// Beside a `tracing` setup of its own, with a collector on a thread of its own.
pub fn traced() -> &'static Traced {
    static TRACED: OnceLock<Traced> = OnceLock::new();
    TRACED.get_or_init(|| {
        let (send, receiver) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                send.send(Receiver::start().await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        let receiver = receiver.recv().unwrap();
        let telemetry = coldlight::start_with([("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url().as_str())]);
        let subscriber = tracing_subscriber::registry().with(telemetry.layer());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        Traced { receiver, telemetry }
    })
}

impl Traced {
    /// All spans of this name that have ended.
    pub fn ended(&self, name: &str) -> Vec<Span> {
        assert!(self.telemetry.flush(Duration::from_secs(5)));
        self.receiver.spans().into_iter().filter(|span| span.name == name).collect()
    }

    /// The one span of this name, once it has ended; ten seconds at most.
    #[track_caller]
    pub fn span(&self, name: &str) -> Span {
        let start = Instant::now();
        loop {
            if let [span] = self.ended(name).as_slice() {
                return span.clone();
            }
            assert!(start.elapsed() < Duration::from_secs(10), "one span {name} among {:?}", self.receiver.names());
            std::thread::yield_now();
        }
    }
}
