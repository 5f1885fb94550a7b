//! The X-Ray header, as it travels through Lambda: `Root=1-…-…;Parent=…;Sampled=1`.

use std::time::SystemTime;

use crate::clock;
use crate::error::LocalError;
use crate::function::Tracing;
use crate::id;

/// Whatever arrived and whatever Lambda adds; unknown keys are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceHeader {
    pub root: String,
    pub parent: Option<String>,
    pub sampled: bool,
    /// `Lineage=…` and other keys, as they came.
    pub rest: Vec<String>,
}

impl TraceHeader {
    /// `None` when there is no well-formed `Root`: `1-`, 8 hexadecimal digits, a dash, 24 more.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut root, mut parent, mut sampled, mut rest) = (None, None, false, Vec::new());
        for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("Root", value)) => root = Some(value.to_owned()),
                Some(("Parent", value)) => parent = is_hex(value, 16).then(|| value.to_ascii_lowercase()),
                Some(("Sampled", value)) => sampled = value == "1",
                // A load balancer's own id means nothing further on.
                Some(("Self", _)) => {}
                _ => rest.push(part.to_owned()),
            }
        }
        let root = root?.to_ascii_lowercase();
        let mut pieces = root.splitn(3, '-');
        let sound = pieces.next() == Some("1")
            && pieces.next().is_some_and(|seconds| is_hex(seconds, 8))
            && pieces.next().is_some_and(|unique| is_hex(unique, 24));
        sound.then_some(Self { root, parent, sampled, rest })
    }

    /// What Lambda hands to the runtime: with active tracing the parent is Lambda's own function segment, `segment`; passed
    /// through, it is what the caller sent, and unsampled when the caller sent nothing.
    pub fn for_invocation(
        incoming: Option<&str>,
        tracing: Tracing,
        segment: &str,
        now: SystemTime,
    ) -> Result<Self, LocalError> {
        let incoming = incoming.and_then(Self::parse);
        let came = incoming.is_some();
        let mut header = match incoming {
            Some(header) => header,
            None => {
                let root = format!("1-{:08x}-{}", clock::unix_ms(now) / 1000, id::hex_digits(24)?);
                Self { root, parent: None, sampled: tracing == Tracing::Active, rest: Vec::new() }
            }
        };
        if tracing == Tracing::Active && header.sampled || !came {
            header.parent = Some(segment.to_owned());
        }
        Ok(header)
    }
}

impl std::fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Root={}", self.root)?;
        if let Some(parent) = &self.parent {
            write!(f, ";Parent={parent}")?;
        }
        write!(f, ";Sampled={}", u8::from(self.sampled))?;
        self.rest.iter().try_for_each(|part| write!(f, ";{part}"))
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1";

    #[test]
    fn a_header_survives_parsing_and_keeps_what_it_does_not_know() {
        assert_eq!(TraceHeader::parse(HEADER).unwrap().to_string(), HEADER);
        let header = TraceHeader::parse("Self=1-1-1; Sampled=0; Root=1-5759E988-bd862e3fe1be46a994272793").unwrap();
        assert_eq!(header.to_string(), "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0");
        assert_eq!(TraceHeader::parse("Root=2-00;Parent=x"), None);
        assert_eq!(TraceHeader::parse(""), None);
    }

    #[test]
    fn active_tracing_puts_lambdas_own_segment_between_caller_and_function() {
        let header = |incoming, tracing| {
            TraceHeader::for_invocation(incoming, tracing, "00000000000000aa", clock::now()).unwrap()
        };
        assert_eq!(header(Some(HEADER), Tracing::Active).parent.as_deref(), Some("00000000000000aa"));
        assert_eq!(header(Some(HEADER), Tracing::PassThrough).parent.as_deref(), Some("53995c3f42cd8ad8"));
        assert!(header(None, Tracing::Active).sampled);
        assert!(!header(None, Tracing::PassThrough).sampled);
    }
}
