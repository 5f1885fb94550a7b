//! The shortest thing that sends a span, per language or place; every value filled in.

use askama::Template;
use coldlight_model::Timestamp;

use super::address::Address;
use crate::hash::fnv;

/// A tab of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    Curl,
    Python,
    Node,
    Rust,
    Java,
    Go,
    Lambda,
    Ecs,
    Collector,
}

impl Lang {
    pub const ALL: [Self; 9] = [
        Self::Curl,
        Self::Python,
        Self::Node,
        Self::Rust,
        Self::Java,
        Self::Go,
        Self::Lambda,
        Self::Ecs,
        Self::Collector,
    ];

    /// The word in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "python",
            Self::Node => "node",
            Self::Rust => "rust",
            Self::Java => "java",
            Self::Go => "go",
            Self::Lambda => "lambda",
            Self::Ecs => "ecs",
            Self::Collector => "collector",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "Python",
            Self::Node => "Node",
            Self::Rust => "Rust",
            Self::Java => "Java",
            Self::Go => "Go",
            Self::Lambda => "Lambda layer",
            Self::Ecs => "ECS sidecar",
            Self::Collector => "Collector",
        }
    }

    /// What the snippet does, and what may have to be changed.
    pub fn intro(self) -> &'static str {
        match self {
            Self::Curl => "One span as JSON, with the time of this page. Needs nothing but curl.",
            Self::Python => {
                "Two variables tell any OpenTelemetry program where to send; the rest is a program of two lines."
            }
            Self::Node => {
                "Two variables tell any OpenTelemetry program where to send; the rest is a program of one line."
            }
            Self::Rust => "In a new project; the two variables tell any OpenTelemetry program where to send.",
            Self::Java => {
                "The agent traces a program as it is. This one makes a single HTTP request, which becomes a span."
            }
            Self::Go => "In a new module; the two variables tell any OpenTelemetry program where to send.",
            Self::Lambda => {
                "For an AWS SAM template: the community's layer for Node.js traces a function without a change to its code. \
                 Other runtimes have layers of their own under the same account."
            }
            Self::Ecs => {
                "A second container for the task definition. The application sends to localhost:4318; the collector adds cluster, \
                 service and task, and sends on."
            }
            Self::Collector => {
                "For a collector that receives OTLP already. Before version 0.144 the exporter was called otlphttp."
            }
        }
    }
}

/// A piece to copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Snippet {
    /// Where it goes: a shell, or a file.
    pub place: &'static str,
    pub text: String,
}

/// What the texts are filled with.
struct Values {
    endpoint: String,
    protocol: &'static str,
    /// Random enough to be new, and the same for the same moment.
    trace_id: String,
    span_id: String,
    started_at: i64,
    ended_at: i64,
}

macro_rules! text {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path, escape = "none")]
        struct $name<'a> {
            v: &'a Values,
        }
    };
}

text!(Curl, "start/curl.txt");
text!(Python, "start/python.txt");
text!(Node, "start/node.txt");
text!(RustShell, "start/rust_shell.txt");
text!(Java, "start/java.txt");
text!(GoShell, "start/go_shell.txt");
text!(Lambda, "start/lambda.txt");
text!(Ecs, "start/ecs.txt");
text!(Collector, "start/collector.txt");

/// Pieces in which nothing is filled in.
const RUST_FILE: &str = include_str!("../../../templates/start/rust_file.txt");
const RUST_RUN: &str = include_str!("../../../templates/start/rust_run.txt");
const GO_FILE: &str = include_str!("../../../templates/start/go_file.txt");
const GO_RUN: &str = include_str!("../../../templates/start/go_run.txt");

/// The pieces of one tab; none when nothing listens.
pub fn snippets(lang: Lang, address: &Address, now: Timestamp) -> Vec<Snippet> {
    let Some((endpoint, protocol)) = address.endpoint() else { return Vec::new() };
    let seed = fnv(&now.nanos().to_be_bytes());
    let v = Values {
        endpoint,
        protocol,
        trace_id: format!("{seed:016x}{:016x}", fnv(&seed.to_be_bytes()) | 1),
        span_id: format!("{:016x}", fnv(&seed.to_le_bytes()) | 1),
        started_at: now.minus(200_000_000).nanos(),
        ended_at: now.nanos(),
    };
    let v = &v;
    let fixed = |place, text: &str| Snippet { place, text: text.trim_end().to_owned() };
    let piece = |place, template: &dyn askama::DynTemplate| fixed(place, &template.dyn_render().unwrap_or_default());
    let needs_http = !matches!(lang, Lang::Python | Lang::Node | Lang::Java | Lang::Collector);
    match lang {
        _ if needs_http && v.protocol == "grpc" => Vec::new(),
        Lang::Curl => vec![piece("In a shell", &Curl { v })],
        Lang::Python => vec![piece("In a shell", &Python { v })],
        Lang::Node => vec![piece("In a shell", &Node { v })],
        Lang::Rust => vec![
            piece("In a shell", &RustShell { v }),
            fixed("src/main.rs", RUST_FILE),
            fixed("In the shell again", RUST_RUN),
        ],
        Lang::Java => vec![piece("In a shell", &Java { v })],
        Lang::Go => {
            vec![piece("In a shell", &GoShell { v }), fixed("main.go", GO_FILE), fixed("In the shell again", GO_RUN)]
        }
        Lang::Lambda => vec![piece("template.yaml", &Lambda { v })],
        Lang::Ecs => vec![piece("Task definition, in containerDefinitions", &Ecs { v })],
        Lang::Collector => vec![piece("Collector configuration", &Collector { v })],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(address: &Address) -> Vec<(Lang, Snippet)> {
        let now = Timestamp::from_millis(1_795_183_500_000);
        let of = |lang| snippets(lang, address, now).into_iter().map(move |snippet| (lang, snippet));
        Lang::ALL.into_iter().flat_map(of).collect()
    }

    fn address() -> Address {
        Address { host: "trace.example.com".into(), http: Some(14318), grpc: Some(14317) }
    }

    #[test]
    fn every_piece_is_short_and_filled_in() {
        let pieces = all(&address());
        for (lang, snippet) in &pieces {
            assert!(snippet.text.lines().count() <= 10, "{lang:?} {}", snippet.place);
            assert!(!snippet.text.contains("{{") && !snippet.text.is_empty(), "{lang:?} {}", snippet.place);
        }
        for lang in Lang::ALL {
            let named = pieces
                .iter()
                .any(|(of, snippet)| *of == lang && snippet.text.contains("http://trace.example.com:14318"));
            assert!(named, "{lang:?} does not name the endpoint");
        }
    }

    #[test]
    fn the_ids_are_valid_and_new_with_every_moment() {
        let of = |millis| snippets(Lang::Curl, &address(), Timestamp::from_millis(millis))[0].text.clone();
        let text = of(1_795_183_500_000);
        let id = text.split("\"traceId\":\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(coldlight_model::TraceId::from_hex(id).is_some());
        assert_ne!(text, of(1_795_183_500_001));
        assert_eq!(text, of(1_795_183_500_000));
    }

    #[test]
    fn without_http_the_sdks_speak_grpc_and_curl_cannot() {
        let pieces = all(&Address { http: None, ..address() });
        assert!(pieces.iter().all(|(lang, _)| *lang != Lang::Curl));
        let (_, python) = pieces.iter().find(|(lang, _)| *lang == Lang::Python).unwrap();
        assert!(python.text.contains("OTLP_PROTOCOL=grpc") && python.text.contains(":14317"));
    }

    #[test]
    fn when_nothing_listens_there_is_nothing_to_copy() {
        assert_eq!(all(&Address { http: None, grpc: None, ..address() }), []);
    }
}
