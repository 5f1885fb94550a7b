//! What the environment asks for: OpenTelemetry's variables, read once, with a word about each that cannot be followed.
//!
//! A wrong variable must not stop a function: it is named, said what to write instead, and the default holds.

use std::fmt;
use std::time::Duration;

use opentelemetry_sdk::trace::{Sampler, SpanLimits};

use crate::baggage::TENANT_AND_CUSTOMER;

/// Looks a variable up. Programs ask their environment, tests a table.
pub(crate) type Look<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variables that a program set itself, before those of its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(pub(crate) Vec<(String, String)>);

impl Variables {
    pub(crate) fn look(&self, name: &str) -> Option<String> {
        let own = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        own.or_else(|| std::env::var(name).ok())
    }
}

/// A setting that cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Oddity(pub(crate) String);

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    HttpProtobuf,
    Grpc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    TraceContext,
    Baggage,
    XRay,
}

/// Where spans go. A base gets the path of its signal, an exact address is taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Unset,
    Base(String),
    Exact(String),
}

/// How many spans wait for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The most spans kept, also while nobody takes them.
    pub(crate) queue: usize,
    /// The most spans in one request.
    pub(crate) size: usize,
    pub(crate) delay: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Nothing is recorded; contexts are still handed on.
    pub(crate) off: bool,
    pub(crate) service: Option<String>,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) endpoint: Endpoint,
    pub(crate) protocol: Protocol,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) gzip: bool,
    pub(crate) sampler: Sampler,
    pub(crate) formats: Vec<Format>,
    pub(crate) batch: Batch,
    pub(crate) limits: SpanLimits,
    /// Directives of [`tracing_subscriber::filter::Targets`] for spans made with `tracing`.
    pub(crate) filter: Option<String>,
    /// Entries of a caller's baggage that become attributes.
    pub(crate) baggage: Vec<String>,
}

/// The conventional limit is 128; an SQS batch has up to 10,000 records, each with a link.
const LINKS: u32 = 10_000;

impl Settings {
    pub(crate) fn read(look: Look) -> (Self, Vec<Oddity>) {
        let mut read = Reader { look, oddities: Vec::new() };
        let settings = read.settings();
        (settings, read.oddities)
    }
}

struct Reader<'a> {
    look: Look<'a>,
    oddities: Vec<Oddity>,
}

impl Reader<'_> {
    fn settings(&mut self) -> Settings {
        let exporter = self.text("OTEL_TRACES_EXPORTER").unwrap_or_else(|| "otlp".to_owned());
        if !matches!(exporter.as_str(), "otlp" | "none") {
            self.odd("OTEL_TRACES_EXPORTER", &exporter, "otlp, none");
        }
        let attributes = self.pairs("OTEL_RESOURCE_ATTRIBUTES");
        let named = attributes.iter().find(|(name, _)| name == "service.name").map(|(_, value)| value.clone());
        Settings {
            off: self.yes("OTEL_SDK_DISABLED") || exporter == "none",
            service: self.text("OTEL_SERVICE_NAME").or(named),
            attributes,
            endpoint: self.endpoint(),
            protocol: self.protocol(),
            headers: self.headers(),
            timeout: self.millis(&["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"], 10_000),
            gzip: self.gzip(),
            sampler: self.sampler(),
            formats: self.formats(),
            batch: self.batch(),
            limits: self.limits(),
            filter: self.text("COLDLIGHT_SPANS"),
            baggage: self.baggage(),
        }
    }

    /// As the specification says, an empty variable is an unset one.
    fn text(&self, name: &str) -> Option<String> {
        (self.look)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The first of them that is set.
    fn either(&self, names: &[&'static str]) -> Option<(&'static str, String)> {
        names.iter().find_map(|name| Some((*name, self.text(name)?)))
    }

    fn odd(&mut self, name: &str, value: &str, known: &str) {
        self.oddities.push(Oddity(format!("{name}={value} is not known here; write one of: {known}")));
    }

    fn yes(&mut self, name: &str) -> bool {
        match self.text(name) {
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(text) if !text.eq_ignore_ascii_case("false") => {
                self.odd(name, &text, "true, false");
                false
            }
            _ => false,
        }
    }

    fn number(&mut self, name: &str, default: usize) -> usize {
        let Some(text) = self.text(name) else { return default };
        text.parse().ok().filter(|number| *number > 0).unwrap_or_else(|| {
            self.oddities.push(Oddity(format!("{name}={text} is no whole number above zero; {default} holds")));
            default
        })
    }

    fn millis(&mut self, names: &[&'static str], default: usize) -> Duration {
        let name = self.either(names).map_or(names[0], |(name, _)| name);
        Duration::from_millis(self.number(name, default) as u64)
    }

    /// `a=1,b=2`, percent-encoded.
    fn pairs(&mut self, name: &str) -> Vec<(String, String)> {
        let Some(text) = self.text(name) else { return Vec::new() };
        let mut pairs = Vec::new();
        for part in text.split(',').filter(|part| !part.trim().is_empty()) {
            match part.split_once('=') {
                Some((name, value)) if !name.trim().is_empty() => {
                    pairs.push((unescaped(name.trim()), unescaped(value.trim())));
                }
                // The value may be a secret: it is not repeated.
                _ => self.oddities.push(Oddity(format!("{name} has a part without `=`; write NAME=VALUE,NAME=VALUE"))),
            }
        }
        pairs
    }

    fn endpoint(&mut self) -> Endpoint {
        let exact = self.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").map(Endpoint::Exact);
        let endpoint = exact.or_else(|| self.text("OTEL_EXPORTER_OTLP_ENDPOINT").map(Endpoint::Base));
        match endpoint {
            Some(Endpoint::Exact(url) | Endpoint::Base(url)) if !is_url(&url) => {
                let odd = format!("the OTLP endpoint {url} is no URL; write it as http://HOST:4318");
                self.oddities.push(Oddity(odd));
                Endpoint::Unset
            }
            Some(endpoint) => endpoint,
            None => Endpoint::Unset,
        }
    }

    fn protocol(&mut self) -> Protocol {
        let names = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
        match self.either(&names) {
            Some((_, text)) if text == "grpc" && cfg!(feature = "grpc") => Protocol::Grpc,
            Some((name, text)) if text == "grpc" => {
                let odd =
                    format!("{name}={text} needs the feature `grpc` of coldlight-tracing; http/protobuf is spoken");
                self.oddities.push(Oddity(odd));
                Protocol::HttpProtobuf
            }
            Some((name, text)) if text != "http/protobuf" => {
                self.odd(name, &text, "http/protobuf, grpc");
                Protocol::HttpProtobuf
            }
            _ => Protocol::HttpProtobuf,
        }
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let names = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
        match self.either(&names) {
            Some((name, _)) => self.pairs(name),
            None => Vec::new(),
        }
    }

    fn gzip(&mut self) -> bool {
        let names = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
        match self.either(&names) {
            Some((_, text)) if text == "gzip" => true,
            Some((name, text)) if text != "none" => {
                self.odd(name, &text, "gzip, none");
                false
            }
            _ => false,
        }
    }

    fn sampler(&mut self) -> Sampler {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        let parent_based = |sampler: Sampler| Sampler::ParentBased(Box::new(sampler));
        let Some(text) = self.text(NAME) else { return parent_based(Sampler::AlwaysOn) };
        match text.as_str() {
            "always_on" => Sampler::AlwaysOn,
            "always_off" => Sampler::AlwaysOff,
            "traceidratio" => Sampler::TraceIdRatioBased(self.ratio()),
            "parentbased_always_on" => parent_based(Sampler::AlwaysOn),
            "parentbased_always_off" => parent_based(Sampler::AlwaysOff),
            "parentbased_traceidratio" => parent_based(Sampler::TraceIdRatioBased(self.ratio())),
            _ => {
                let known = "always_on, always_off, traceidratio, and each of them after parentbased_";
                self.odd(NAME, &text, known);
                parent_based(Sampler::AlwaysOn)
            }
        }
    }

    fn ratio(&mut self) -> f64 {
        const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
        let Some(text) = self.text(NAME) else { return 1.0 };
        text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio)).unwrap_or_else(|| {
            self.oddities.push(Oddity(format!("{NAME}={text} is no number from 0 to 1; everything is sampled")));
            1.0
        })
    }

    fn formats(&mut self) -> Vec<Format> {
        const NAME: &str = "OTEL_PROPAGATORS";
        let Some(text) = self.text(NAME) else { return vec![Format::XRay, Format::TraceContext, Format::Baggage] };
        let mut formats = Vec::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "tracecontext" => formats.push(Format::TraceContext),
                "baggage" => formats.push(Format::Baggage),
                // The second reads the environment in other SDKs; the Lambda layer does that here.
                "xray" | "xray-lambda" => formats.push(Format::XRay),
                "none" => {}
                _ => self.odd(NAME, name, "tracecontext, baggage, xray, none"),
            }
        }
        // The last one found wins: W3C before X-Ray, whatever the order in the variable.
        formats.sort_by_key(|format| std::cmp::Reverse(*format == Format::XRay));
        formats.dedup();
        formats
    }

    fn baggage(&self) -> Vec<String> {
        match self.text("COLDLIGHT_BAGGAGE").as_deref() {
            None => TENANT_AND_CUSTOMER.map(str::to_owned).to_vec(),
            Some("none") => Vec::new(),
            Some(text) => text.split(',').map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect(),
        }
    }

    fn batch(&mut self) -> Batch {
        let queue = self.number("OTEL_BSP_MAX_QUEUE_SIZE", 2048);
        let size = self.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512).min(queue);
        Batch { queue, size, delay: self.millis(&["OTEL_BSP_SCHEDULE_DELAY"], 5_000) }
    }

    fn limits(&mut self) -> SpanLimits {
        let default = SpanLimits::default();
        let mut limit = |names: &[&'static str], default: u32| {
            let name = self.either(names).map_or(names[0], |(name, _)| name);
            u32::try_from(self.number(name, default as usize)).unwrap_or(u32::MAX)
        };
        SpanLimits {
            max_attributes_per_span: limit(
                &["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"],
                default.max_attributes_per_span,
            ),
            max_events_per_span: limit(&["OTEL_SPAN_EVENT_COUNT_LIMIT"], default.max_events_per_span),
            max_links_per_span: limit(&["OTEL_SPAN_LINK_COUNT_LIMIT"], LINKS),
            max_attributes_per_event: limit(&["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"], default.max_attributes_per_event),
            max_attributes_per_link: limit(&["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"], default.max_attributes_per_link),
        }
    }
}

fn is_url(text: &str) -> bool {
    let known = text.parse::<http::Uri>().ok();
    known.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
}

/// Percent-decoded; what is no code stays as it is.
pub(crate) fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let digits = if *byte == b'%' { after.get(..2) } else { None };
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Settings, Vec<Oddity>) {
        Settings::read(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    /// The one word said about a variable that cannot be followed.
    #[track_caller]
    fn check_odd(name: &str, value: &str, expected: &str) {
        let (_, oddities) = read(&[(name, value)]);
        assert!(oddities.len() == 1 && oddities[0].0.contains(expected), "{oddities:?}");
    }

    #[test]
    fn without_variables_the_defaults_hold() {
        let (settings, oddities) = read(&[]);
        assert_eq!(oddities, []);
        assert!(!settings.off && settings.service.is_none() && settings.endpoint == Endpoint::Unset);
        assert_eq!(settings.batch, Batch { queue: 2048, size: 512, delay: Duration::from_secs(5) });
        assert_eq!(settings.formats, [Format::XRay, Format::TraceContext, Format::Baggage]);
        assert!(matches!(settings.sampler, Sampler::ParentBased(_)));
        assert_eq!(settings.baggage, ["tenant.id", "customer.id"]);
    }

    #[test]
    fn baggage_is_chosen_by_name() {
        assert_eq!(read(&[("COLDLIGHT_BAGGAGE", "plan, region")]).0.baggage, ["plan", "region"]);
        assert!(read(&[("COLDLIGHT_BAGGAGE", "none")]).0.baggage.is_empty());
    }

    #[test]
    fn the_signals_own_variable_wins_over_the_general_one() {
        let (settings, _) = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:4318"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own:4318/v1/traces"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "250"),
        ]);
        assert_eq!(settings.endpoint, Endpoint::Exact("http://own:4318/v1/traces".to_owned()));
        assert_eq!(settings.timeout, Duration::from_millis(250));
    }

    #[test]
    fn attributes_and_headers_are_percent_decoded() {
        let (settings, _) = read(&[
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=shop, team=a%2Cb ,odd=100%"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x"),
        ]);
        assert_eq!(settings.service.as_deref(), Some("shop"));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(settings.attributes[1..], [pair("team", "a,b"), pair("odd", "100%")]);
        assert_eq!(settings.headers, [pair("authorization", "Bearer x")]);
    }

    #[test]
    fn the_service_name_has_a_variable_of_its_own() {
        let (settings, _) = read(&[("OTEL_SERVICE_NAME", "a"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=b")]);
        assert_eq!(settings.service.as_deref(), Some("a"));
    }

    #[test]
    fn empty_is_unset() {
        let (settings, oddities) = read(&[("OTEL_SERVICE_NAME", ""), ("OTEL_TRACES_SAMPLER", " ")]);
        assert!(settings.service.is_none() && oddities.is_empty());
    }

    #[test]
    fn it_can_be_switched_off() {
        assert!(read(&[("OTEL_SDK_DISABLED", "TRUE")]).0.off);
        assert!(read(&[("OTEL_TRACES_EXPORTER", "none")]).0.off);
        assert!(!read(&[("OTEL_SDK_DISABLED", "1")]).0.off, "the specification knows true and false only");
    }

    #[test]
    fn samplers_and_formats_are_named_as_the_specification_does() {
        let (settings, _) = read(&[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.25")]);
        assert!(matches!(settings.sampler, Sampler::TraceIdRatioBased(ratio) if ratio == 0.25));
        assert_eq!(read(&[("OTEL_PROPAGATORS", "tracecontext,xray")]).0.formats, [Format::XRay, Format::TraceContext]);
        assert_eq!(read(&[("OTEL_PROPAGATORS", "none")]).0.formats, []);
    }

    #[test]
    fn what_cannot_be_followed_is_said_and_the_default_holds() {
        check_odd("OTEL_TRACES_SAMPLER", "xray", "always_on");
        check_odd("OTEL_PROPAGATORS", "b3", "tracecontext");
        check_odd("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "2048 holds");
        check_odd("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://HOST:4318");
        check_odd("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "http/protobuf");
        check_odd("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip");
        check_odd("OTEL_TRACES_EXPORTER", "zipkin", "otlp");
        check_odd("OTEL_SDK_DISABLED", "1", "true, false");
    }

    #[test]
    fn a_secret_in_a_malformed_header_is_not_repeated() {
        let (_, oddities) = read(&[("OTEL_EXPORTER_OTLP_HEADERS", "hunter2")]);
        assert!(!oddities[0].0.contains("hunter2"));
    }
}
