//! Random names: request ids, extension ids, span ids.

use crate::error::LocalError;

fn bytes<const N: usize>() -> Result<[u8; N], LocalError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|why| LocalError::System(format!("no random bytes: {why}")))?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A version 4 UUID, as Lambda's request ids and extension identifiers are.
pub fn uuid() -> Result<String, LocalError> {
    let mut raw = bytes::<16>()?;
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    let text = hex(&raw);
    Ok(format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]))
}

/// `digits` lower-case hexadecimal digits, an even number up to 32.
pub fn hex_digits(digits: usize) -> Result<String, LocalError> {
    Ok(hex(&bytes::<16>()?[..digits.min(32) / 2]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_its_version_and_its_dashes() {
        let id = uuid().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert_ne!(id, uuid().unwrap());
        assert_eq!(hex_digits(24).unwrap().len(), 24);
    }
}
