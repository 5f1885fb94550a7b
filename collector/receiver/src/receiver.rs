//! The receiver as the program sees it.

use std::io;
use std::sync::Arc;

use coldlight_model::ReceiverCounts;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::accept::{self, Listener};
use crate::admission::Pool;
use crate::counts::{Counts, read};
use crate::outlet::Outlet;
use crate::settings::Settings;
use crate::{grpc, http};

/// Takes OTLP from the network and hands batches to its [`Outlet`]. Clones are the same receiver.
#[derive(Clone)]
pub struct Receiver {
    shared: Arc<Shared>,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) outlet: Outlet,
    pub(crate) counts: Counts,
    /// Memory for bodies.
    pub(crate) bodies: Arc<Pool>,
    /// Memory for requests once decoded, until they are kept.
    pub(crate) decoded: Arc<Pool>,
    /// Cancelled when nothing new is taken any more.
    pub(crate) draining: CancellationToken,
}

impl Receiver {
    pub fn new(settings: Settings, outlet: Outlet) -> Self {
        let draining = CancellationToken::new();
        let (decoded, bodies) = Shared::pool_sizes(&settings);
        let shared = Shared {
            settings,
            outlet,
            counts: Counts::default(),
            bodies: Pool::new(bodies, draining.clone()),
            decoded: Pool::new(decoded, draining.clone()),
            draining,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Serves OTLP/gRPC until `stop`, then answers what is in flight. Returns when the last connection is closed.
    pub async fn serve_grpc(&self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let shared = self.shared.clone();
        let handler = move |request| grpc::handle(shared.clone(), request);
        accept::serve(Listener::Tcp(listener), stop, &self.shared.settings, handler).await
    }

    /// Serves OTLP/HTTP until `stop`, then answers what is in flight. Returns when the last connection is closed.
    pub async fn serve_http(&self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let shared = self.shared.clone();
        let handler = move |request| http::handle(shared.clone(), request);
        accept::serve(Listener::Tcp(listener), stop, &self.shared.settings, handler).await
    }

    /// From now on every new request is refused as one to send again, and so is each that waits for room.
    pub fn refuse_new(&self) {
        self.shared.draining.cancel();
    }

    /// What came in since the start.
    pub fn counts(&self) -> ReceiverCounts {
        let Shared { counts, bodies, decoded, .. } = &*self.shared;
        ReceiverCounts {
            requests: read(&counts.requests),
            bytes: read(&counts.bytes),
            spans: read(&counts.spans),
            spans_rejected: read(&counts.spans_rejected),
            logs: read(&counts.logs),
            // A log record has nothing without which it could not be kept.
            logs_rejected: 0,
            metric_points: read(&counts.metric_points),
            metric_points_kept: read(&counts.metric_points_kept),
            secrets_redacted: read(&counts.secrets_redacted),
            refusals: counts.refusals(),
            in_flight_bytes: (bodies.used() + decoded.used()) as u64,
            in_flight_limit: (bodies.capacity() + decoded.capacity()) as u64,
        }
    }
}
