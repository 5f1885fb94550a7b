//! Numbers as OTLP/JSON has them: 64-bit ones as text or as numbers, and never out of range with an error.

use super::reader::{JsonError, Reader, Scalar};

/// A whole number, or the double it was written as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Whole {
    Int(i64),
    /// Beyond 64 bits or with a fraction.
    Double(f64),
}

impl Reader<'_> {
    /// A `fixed64` or `uint64`: a time, a count. Null is 0, negative is 0, too large is the largest.
    pub(super) fn u64(&mut self) -> Result<u64, JsonError> {
        let scalar = self.scalar()?;
        let Some(text) = number_text(&scalar) else { return Err(self.expected("a number")) };
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        if let Some(number) = exact(text) {
            return Ok(u64::try_from(number.max(0)).unwrap_or(u64::MAX));
        }
        // A fraction, or beyond all bounds: a cast holds to the range.
        self.double(text).map(|double| double as u64)
    }

    pub(super) fn u32(&mut self) -> Result<u32, JsonError> {
        self.u64().map(|number| u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// An `int64` that belongs to a value; `None` for null.
    pub(super) fn whole(&mut self) -> Result<Option<Whole>, JsonError> {
        let scalar = self.scalar()?;
        if scalar == Scalar::Null {
            return Ok(None);
        }
        let Some(text) = number_text(&scalar) else { return Err(self.expected("a number")) };
        if let Ok(int) = text.parse() {
            return Ok(Some(Whole::Int(int)));
        }
        if let Some(int) = exact(text).and_then(|number| i64::try_from(number).ok()) {
            return Ok(Some(Whole::Int(int)));
        }
        self.double(text).map(|double| Some(Whole::Double(double)))
    }

    /// A `double`, also `"NaN"` and `"-Infinity"`; `None` for null.
    pub(super) fn f64(&mut self) -> Result<Option<f64>, JsonError> {
        let scalar = self.scalar()?;
        if scalar == Scalar::Null {
            return Ok(None);
        }
        let Some(text) = number_text(&scalar) else { return Err(self.expected("a number")) };
        self.double(text).map(Some)
    }

    /// A boolean, also as text; `None` for null.
    pub(super) fn bool(&mut self) -> Result<Option<bool>, JsonError> {
        match self.scalar()? {
            Scalar::Null => Ok(None),
            Scalar::Bool(value) => Ok(Some(value)),
            Scalar::Text(text) if text == "true" => Ok(Some(true)),
            Scalar::Text(text) if text == "false" => Ok(Some(false)),
            _ => Err(self.expected("true or false")),
        }
    }

    /// An enum: its number, or one of `names` (which stand in the order of their numbers), or 0 for a name unknown.
    pub(super) fn enumeration(&mut self, names: &[&str]) -> Result<i32, JsonError> {
        let scalar = self.scalar()?;
        if let Scalar::Text(text) = &scalar
            && text.parse::<f64>().is_err()
        {
            let known = names.iter().position(|name| text.eq_ignore_ascii_case(name));
            return Ok(known.map_or(0, |number| number as i32));
        }
        let Some(text) = number_text(&scalar) else { return Err(self.expected("a number")) };
        match text.parse() {
            Ok(number) => Ok(number),
            Err(_) => self.double(text).map(|double| double as i32),
        }
    }

    fn double(&self, text: &str) -> Result<f64, JsonError> {
        // An empty text stands for nothing with some senders.
        if text.is_empty() { Ok(0.0) } else { text.parse().map_err(|_| self.expected("a number")) }
    }
}

/// The whole number that a decimal such as `1.795442602418e18` stands for, digit by digit: a double has only 53 bits.
/// `None` when there is a fraction, or over 38 digits.
fn exact(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let zeros: i32 = i32::try_from(fraction.len()).ok().and_then(|length| i32::checked_sub(exponent, length))?;
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    match u32::try_from(zeros) {
        _ if digits == 0 => Some(0),
        Ok(zeros) => digits.checked_mul(10i128.checked_pow(zeros)?),
        Err(_) => {
            let divisor = 10i128.checked_pow(zeros.unsigned_abs())?;
            (digits % divisor == 0).then_some(digits / divisor)
        }
    }
}

fn number_text<'a>(scalar: &'a Scalar) -> Option<&'a str> {
    match scalar {
        Scalar::Null => Some("0"),
        Scalar::Number(number) => Some(number),
        Scalar::Text(text) => Some(text.trim()),
        Scalar::Bool(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(json: &str) -> Reader<'_> {
        Reader::new(json.as_bytes(), usize::MAX)
    }

    #[test]
    fn times_are_read_as_text_as_numbers_and_as_floats() {
        for (json, expected) in [
            ("\"1795437808269456601\"", 1_795_437_808_269_456_601),
            ("1795437808269456601", 1_795_437_808_269_456_601),
            ("1.795442602418e18", 1_795_442_602_418_000_000),
            ("\"1.5e3\"", 1500),
            ("1795437808269456600.0", 1_795_437_808_269_456_600),
            ("17954378082694566e2", 1_795_437_808_269_456_600),
            ("1200e-2", 12),
            ("1.7", 1),
            ("1e400", u64::MAX),
            ("-1e3", 0),
            ("0e999999999", 0),
            ("18446744073709551615", u64::MAX),
            ("18446744073709551616", u64::MAX),
            ("-5", 0),
            ("null", 0),
            ("\"\"", 0),
        ] {
            assert_eq!(reader(json).u64(), Ok(expected), "{json}");
        }
        assert!(reader("\"soon\"").u64().is_err());
        assert!(reader("true").u64().is_err());
        assert!(reader("{}").u64().is_err());
    }

    #[test]
    fn ints_keep_all_their_digits_and_what_is_no_int_stays_a_double() {
        for (json, expected) in [
            ("\"9223372036854775807\"", Whole::Int(i64::MAX)),
            ("-9223372036854775808", Whole::Int(i64::MIN)),
            ("9007199254740993", Whole::Int(9_007_199_254_740_993)),
            ("1e3", Whole::Int(1000)),
            ("9223372036854775808", Whole::Double(9_223_372_036_854_775_808.0)),
            ("1.5", Whole::Double(1.5)),
        ] {
            assert_eq!(reader(json).whole(), Ok(Some(expected)), "{json}");
        }
    }

    #[test]
    fn doubles_may_be_text_and_not_a_number() {
        assert_eq!(reader("\"-Infinity\"").f64(), Ok(Some(f64::NEG_INFINITY)));
        assert_eq!(reader("Infinity").f64(), Ok(Some(f64::INFINITY)));
        assert!(reader("NaN").f64().unwrap().unwrap().is_nan());
        assert!(reader("\"NaN\"").f64().unwrap().unwrap().is_nan());
        assert_eq!(reader("637.704").f64(), Ok(Some(637.704)));
        assert_eq!(reader("null").f64(), Ok(None));
    }

    #[test]
    fn enums_are_numbers_or_names() {
        let names = ["KIND_UNSPECIFIED", "KIND_INTERNAL", "KIND_SERVER"];
        for (json, expected) in [
            ("2", 2),
            ("\"2\"", 2),
            ("2.0", 2),
            ("99", 99),
            ("\"KIND_SERVER\"", 2),
            ("\"kind_server\"", 2),
            ("\"KIND_OTHER\"", 0),
            ("null", 0),
        ] {
            assert_eq!(reader(json).enumeration(&names), Ok(expected), "{json}");
        }
    }
}
