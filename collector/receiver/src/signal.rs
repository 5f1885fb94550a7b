//! The three kinds of telemetry, and the names OTLP gives to each.

use crate::wire::Message;

/// What a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    pub(crate) const ALL: [Self; 3] = [Self::Traces, Self::Logs, Self::Metrics];

    /// The path of OTLP/HTTP.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Logs => "/v1/logs",
            Self::Metrics => "/v1/metrics",
        }
    }

    /// The path of the unary gRPC method.
    pub(crate) fn method(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        }
    }

    pub(crate) fn of_path(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        Self::ALL.into_iter().find(|signal| signal.path() == path)
    }

    pub(crate) fn of_method(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.method() == path)
    }

    /// The message a request of this kind is.
    pub(crate) fn request(self) -> Message {
        match self {
            Self::Traces => Message::TraceRequest,
            Self::Logs => Message::LogsRequest,
            Self::Metrics => Message::MetricsRequest,
        }
    }

    /// What is counted in it, in the plural.
    pub(crate) fn items(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Logs => "log records",
            Self::Metrics => "data points",
        }
    }
}
