//! Spans of the `tracing` crate as OpenTelemetry's, beside whatever else a subscriber does.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use crate::report::report;

/// Libraries whose own spans say nothing about a program, or the same as ours once more; and ourselves, who must not trace how
/// traces are sent.
const SILENT: [&str; 20] = [
    "aws_config",
    "aws_credential_types",
    "aws_runtime",
    "aws_sdk",
    "aws_sigv4",
    "aws_smithy",
    "coldlight",
    "h2",
    "hyper",
    "hyper_util",
    "lambda_runtime",
    "lambda_runtime_api_client",
    "log",
    "opentelemetry",
    "reqwest",
    "rustls",
    "tokio",
    "tonic",
    "tower",
    "tower_http",
];

/// Directives say which spans are sent; without any, those of level `info` and above that are not a known library's.
pub(crate) fn filter(directives: Option<&str>) -> Targets {
    if let Some(directives) = directives {
        match directives.parse::<Targets>() {
            Ok(targets) => {
                return targets
                    .with_target("coldlight", LevelFilter::OFF)
                    .with_target("opentelemetry", LevelFilter::OFF);
            }
            Err(why) => {
                report(&format!("COLDLIGHT_SPANS={directives} is not TARGET=LEVEL,… ({why}); the default holds"))
            }
        }
    }
    SILENT.iter().fold(Targets::new().with_default(LevelFilter::INFO), |targets, name| {
        targets.with_target(*name, LevelFilter::OFF)
    })
}

pub(crate) fn layer<S>(
    provider: Option<&SdkTracerProvider>,
    directives: Option<&str>,
) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    // Where code stands and on which thread costs more than the rest of a span.
    let one = |provider: &SdkTracerProvider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("coldlight"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter(directives))
    };
    provider.map(one)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_and_ourselves_are_left_out() {
        let filter = filter(None);
        assert!(filter.would_enable("checkout::orders", &Level::INFO));
        assert!(!filter.would_enable("checkout::orders", &Level::DEBUG));
        for silent in [
            "aws_smithy_runtime::client",
            "aws_sdk_sqs::operation",
            "lambda_runtime::layers",
            "coldlight",
            "hyper::proto",
        ] {
            assert!(!filter.would_enable(silent, &Level::ERROR), "{silent}");
        }
    }

    #[test]
    fn directives_replace_the_choice_but_never_trace_the_sending() {
        let filter = filter(Some("checkout=debug,hyper=trace"));
        assert!(filter.would_enable("checkout::orders", &Level::DEBUG));
        assert!(filter.would_enable("hyper::proto", &Level::TRACE));
        assert!(!filter.would_enable("coldlight", &Level::ERROR));
    }
}
