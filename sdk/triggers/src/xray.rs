//! The X-Ray trace header: `Root=1-65e1a2b0-0123456789abcdef01234567;Parent=d68f0a1b2c3d4e5f;Sampled=1;Lineage=…`.
//!
//! Keys come in any order and with spaces; unknown ones are normal. A trace id is the root's eight and twenty-four digits joined.

use std::fmt;
use std::str::FromStr;

use crate::ids::{SpanId, TraceId};

/// Whether the sender records its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// `Sampled=1`
    Yes,
    /// `Sampled=0`
    No,
    /// `Sampled=?`: the sender asks to be told.
    Ask,
}

/// A parsed X-Ray header.
///
/// ```
/// use coldlight_triggers::{Sampled, XRayHeader};
///
/// let header: XRayHeader = "Self=1-65e1a2b1-aaaaaaaaaaaaaaaaaaaaaaaa; Root=1-65e1a2b0-0123456789abcdef01234567;Sampled=?".parse().unwrap();
/// assert_eq!(header.root.to_string(), "65e1a2b00123456789abcdef01234567");
/// assert_eq!(header.parent, None);
/// assert_eq!(header.sampled, Some(Sampled::Ask));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XRayHeader {
    /// The trace.
    pub root: TraceId,
    /// The span that sent it. A load balancer's header has none.
    pub parent: Option<SpanId>,
    /// Absent when tracing is off.
    pub sampled: Option<Sampled>,
    /// The path of functions and queues so far, by which AWS stops endless loops: to be handed on as it is.
    pub lineage: Option<String>,
}

/// What is not an X-Ray header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotXRay;

impl fmt::Display for NotXRay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an X-Ray header: it needs Root=1-<8 hex digits>-<24 hex digits>")
    }
}

impl std::error::Error for NotXRay {}

/// Longer ones are not handed on: AWS writes at most three entries of about twenty characters.
const LONGEST_LINEAGE: usize = 256;

impl FromStr for XRayHeader {
    type Err = NotXRay;

    fn from_str(text: &str) -> Result<Self, NotXRay> {
        let (mut root, mut parent, mut sampled, mut lineage) = (None, None, None, None);
        for (key, value) in text.split(';').filter_map(|part| part.split_once('=')) {
            let value = value.trim();
            match key.trim() {
                "Root" => root = root_id(value),
                "Parent" => parent = SpanId::from_hex(value),
                "Sampled" => {
                    sampled = match value {
                        "1" => Some(Sampled::Yes),
                        "0" => Some(Sampled::No),
                        "?" => Some(Sampled::Ask),
                        _ => None,
                    }
                }
                "Lineage" if value.len() <= LONGEST_LINEAGE && value.bytes().all(|byte| byte.is_ascii_graphic()) => {
                    lineage = Some(value.to_owned());
                }
                _ => {}
            }
        }
        Ok(Self { root: root.ok_or(NotXRay)?, parent, sampled, lineage })
    }
}

/// `1-5759e988-bd862e3fe1be46a994272793`
fn root_id(text: &str) -> Option<TraceId> {
    let (seconds, rest) = text.strip_prefix("1-")?.split_once('-')?;
    (seconds.len() == 8 && rest.len() == 24).then(|| TraceId::from_hex(&format!("{seconds}{rest}")))?
}

impl fmt::Display for XRayHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = self.root.to_string();
        write!(f, "Root=1-{}-{}", &root[..8], &root[8..])?;
        if let Some(parent) = self.parent {
            write!(f, ";Parent={parent}")?;
        }
        match self.sampled {
            Some(Sampled::Yes) => f.write_str(";Sampled=1")?,
            Some(Sampled::No) => f.write_str(";Sampled=0")?,
            Some(Sampled::Ask) => f.write_str(";Sampled=?")?,
            None => {}
        }
        if let Some(lineage) = &self.lineage {
            write!(f, ";Lineage={lineage}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(text.parse::<XRayHeader>().map(|header| header.to_string()).unwrap_or_default(), expected);
    }

    #[test]
    fn keys_come_in_any_order_with_spaces_and_strangers() {
        let whole =
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5";
        check(whole, whole);
        let mixed = " Sampled=1 ;Lineage=a87bd80c:1|68fd508a:5; Parent=53995c3f42cd8ad8; Foo=bar;Root=1-5759e988-bd862e3fe1be46a994272793";
        check(mixed, whole);
    }

    #[test]
    fn a_header_without_a_parent_or_a_decision_is_one() {
        check("Root=1-5759e988-bd862e3fe1be46a994272793", "Root=1-5759e988-bd862e3fe1be46a994272793");
        check("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=maybe", "Root=1-5759e988-bd862e3fe1be46a994272793");
    }

    #[test]
    fn without_a_whole_root_it_is_none() {
        check("Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8", "");
        check("Root=2-5759e988-bd862e3fe1be46a994272793", "");
        check("Root=1-00000000-000000000000000000000000", "");
        check("Root=1-5759e988bd-862e3fe1be46a994272793", "");
        check("Parent=53995c3f42cd8ad8;Sampled=1", "");
        check("", "");
    }

    #[test]
    fn a_lineage_that_could_break_a_header_is_not_handed_on() {
        check("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a\r\nb", "Root=1-5759e988-bd862e3fe1be46a994272793");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(root: [u8; 16], parent: Option<[u8; 8]>, sampled in 0_u8..4, lineage in "([0-9a-f]{8}:[0-9]{1,3}(\\|[0-9a-f]{8}:[0-9])?)?") {
            let Some(root) = TraceId::new(root) else { return Ok(()) };
            let sampled = [None, Some(Sampled::Yes), Some(Sampled::No), Some(Sampled::Ask)][usize::from(sampled)];
            let lineage = (!lineage.is_empty()).then_some(lineage);
            let header = XRayHeader { root, parent: parent.and_then(SpanId::new), sampled, lineage };
            prop_assert_eq!(header.to_string().parse(), Ok(header));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = text.parse::<XRayHeader>();
        }
    }
}
