//! Trace and span ids as both wire formats write them: lower-case hexadecimal, never all zero.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// `None` for all zero, which both formats call invalid.
            pub fn new(bytes: [u8; $bytes]) -> Option<Self> {
                (bytes != [0; $bytes]).then_some(Self(bytes))
            }

            /// From exactly this many bytes in hexadecimal, either case.
            pub fn from_hex(text: &str) -> Option<Self> {
                let text = text.as_bytes();
                if text.len() != 2 * $bytes {
                    return None;
                }
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
                    *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
                }
                Self::new(bytes)
            }

            /// Most significant byte first.
            pub fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

id! {
    /// Names one trace: 16 bytes.
    ///
    /// ```
    /// use coldlight_triggers::TraceId;
    ///
    /// assert!(TraceId::from_hex("65e1a2b00123456789abcdef01234567").is_some());
    /// assert!(TraceId::from_hex("00000000000000000000000000000000").is_none());
    /// ```
    TraceId, 16
}

id! {
    /// Names one span in a trace: 8 bytes.
    ///
    /// ```
    /// use coldlight_triggers::SpanId;
    ///
    /// assert_eq!(SpanId::from_hex("D68F0A1B2C3D4E5F").unwrap().to_string(), "d68f0a1b2c3d4e5f");
    /// ```
    SpanId, 8
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
