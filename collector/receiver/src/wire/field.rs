//! One field of a protobuf message: its number, its wire type, and where its value lies.

use std::ops::Range;

use super::schema::Message;

/// Why bytes are not the message they should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WireError {
    /// At this byte, within this message.
    Malformed { message: Message, at: usize, problem: &'static str },
    /// Decoding would take more memory than allowed.
    OverBudget,
}

/// How a value is written. Source: the protobuf encoding guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireType {
    Varint,
    Fixed64,
    Delimited,
    Group,
    Fixed32,
}

/// A field as found: `whole` from its tag to its end, `value` its content (without the length of a delimited one).
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) number: u32,
    pub(crate) wire_type: WireType,
    pub(crate) value: Range<usize>,
    pub(crate) end: usize,
}

/// The most groups within groups. OTLP has none at all; prost would recurse through them.
const MAX_GROUPS: usize = 32;

/// The field that starts at `at`, in a message that ends at `end`.
#[inline]
pub(crate) fn find(bytes: &[u8], at: usize, end: usize) -> Result<Found, &'static str> {
    let bytes = &bytes[..end];
    let (tag, at) = varint(bytes, at).ok_or("field tag is cut off")?;
    let tag = u32::try_from(tag).map_err(|_| "field tag is too large")?;
    let number = tag >> 3;
    if number == 0 {
        return Err("field number is zero");
    }
    let (wire_type, value) = match tag & 7 {
        0 => (WireType::Varint, at..varint(bytes, at).ok_or("number is cut off")?.1),
        1 => (WireType::Fixed64, at..ahead(at, 8, end)?),
        2 => {
            let (length, at) = varint(bytes, at).ok_or("length is cut off")?;
            (WireType::Delimited, at..ahead(at, length, end)?)
        }
        3 => (WireType::Group, at..group_end(bytes, at, number)?),
        5 => (WireType::Fixed32, at..ahead(at, 4, end)?),
        _ => return Err("unknown wire type"),
    };
    Ok(Found { number, wire_type, end: value.end, value })
}

#[inline]
fn ahead(at: usize, length: u64, end: usize) -> Result<usize, &'static str> {
    if length > (end - at) as u64 {
        return Err("value is cut off");
    }
    Ok(at + length as usize)
}

/// A base-128 number and where it ends; `None` when cut off or longer than 64 bits.
#[inline]
pub(crate) fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        return Some((u64::from(first), at + 1));
    }
    let mut number = u64::from(first & 0x7f);
    for place in 1..10 {
        let byte = *bytes.get(at + place)?;
        // The tenth byte has room for one bit.
        if place == 9 && byte > 1 {
            return None;
        }
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some((number, at + place + 1));
        }
    }
    None
}

/// Past the end tag of the group `number` whose start tag lies before `at`.
fn group_end(bytes: &[u8], mut at: usize, number: u32) -> Result<usize, &'static str> {
    let mut open = [0; MAX_GROUPS];
    open[0] = number;
    let mut depth = 1;
    while depth > 0 {
        let (tag, next) = varint(bytes, at).ok_or("group is cut off")?;
        at = next;
        let number = u32::try_from(tag >> 3).map_err(|_| "field tag is too large")?;
        at = match tag & 7 {
            0 => varint(bytes, at).ok_or("number is cut off")?.1,
            1 => ahead(at, 8, bytes.len())?,
            2 => {
                let (length, at) = varint(bytes, at).ok_or("length is cut off")?;
                ahead(at, length, bytes.len())?
            }
            3 => {
                *open.get_mut(depth).ok_or("groups nest too deeply")? = number;
                depth += 1;
                at
            }
            4 if open[depth - 1] == number => {
                depth -= 1;
                at
            }
            5 => ahead(at, 4, bytes.len())?,
            _ => return Err("unknown wire type"),
        };
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<(u32, WireType, Range<usize>), &'static str>) {
        let found = find(bytes, 0, bytes.len()).map(|found| (found.number, found.wire_type, found.value));
        assert_eq!(found, expected);
    }

    #[test]
    fn each_wire_type_is_found() {
        check(&[0x08, 0x96, 0x01], Ok((1, WireType::Varint, 1..3)));
        check(&[0x11, 0, 0, 0, 0, 0, 0, 0, 0], Ok((2, WireType::Fixed64, 1..9)));
        check(&[0x1a, 2, b'h', b'i', 9], Ok((3, WireType::Delimited, 2..4)));
        check(&[0x25, 0, 0, 0, 0], Ok((4, WireType::Fixed32, 1..5)));
        check(&[0x2b, 0x33, 0x34, 0x08, 0x01, 0x2c], Ok((5, WireType::Group, 1..6)));
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_an_error() {
        check(&[0x80], Err("field tag is cut off"));
        check(&[0x08], Err("number is cut off"));
        check(&[0x1a, 3, b'h', b'i'], Err("value is cut off"));
        check(&[0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], Err("value is cut off"));
        check(&[0x00, 0], Err("field number is zero"));
        check(&[0x0c], Err("unknown wire type"));
        check(&[0x0f], Err("unknown wire type"));
        check(&[0x2b, 0x34], Err("unknown wire type"));
        check(&[0x0b; 100], Err("groups nest too deeply"));
        check(&[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], Err("number is cut off"));
    }
}
