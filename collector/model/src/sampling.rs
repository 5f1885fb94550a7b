//! How much a span stands for, where sampling left others out.
//!
//! What senders say of it: OpenTelemetry's threshold in the trace state (`ot=th:…`, rejected below it, 56 bits), its older exponent
//! (`ot=p:…`), and attributes with a probability (`sampling.probability`) or its inverse (`SampleRate`). Nothing is inferred from how
//! much there is. X-Ray's rules are not in its segments: of them nobody can tell.

/// A span that stands for itself alone, in millionths.
pub const ITSELF: u64 = 1_000_000;

/// What stands for more than a million is taken to stand for a million.
const MOST: u64 = 1_000_000 * ITSELF;

/// Thresholds are of 56 bits: this many are all.
const ALL: u64 = 1 << 56;

/// Traces that stand for more than themselves, and about how many more there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sampled {
    pub kept: u64,
    pub left_out: u64,
}

impl Sampled {
    /// Of so many traces that stand for so many millionths besides themselves, all together.
    pub fn beyond(kept: u64, millionths: u128) -> Self {
        let rounded = (millionths + u128::from(ITSELF / 2)) / u128::from(ITSELF);
        Self { kept, left_out: u64::try_from(rounded).unwrap_or(u64::MAX) }
    }

    /// One in how many was kept, on average; `None` where nothing was left out.
    pub fn kept_one_in(&self) -> Option<u64> {
        (self.kept > 0 && self.left_out > 0)
            .then(|| (self.kept.saturating_add(self.left_out) + self.kept / 2) / self.kept)
    }
}

/// What a span says of its sampling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said<'a> {
    /// The whole W3C trace state.
    pub trace_state: &'a str,
    /// `sampling.probability`: more than 0, at most 1.
    pub probability: Option<&'a str>,
    /// `SampleRate`: one in so many.
    pub rate: Option<&'a str>,
}

/// How many spans this one stands for, in millionths, itself among them: never less than [`ITSELF`]. `None` where nothing says it, or
/// where what is said makes no sense.
pub fn stands_for(said: Said<'_>) -> Option<u64> {
    let member = said.trace_state.split(',').find_map(|member| member.trim().strip_prefix("ot="));
    let field = |name: &str| member?.split(';').find_map(|field| field.trim().strip_prefix(name));
    field("th:")
        .and_then(of_threshold)
        .or_else(|| field("p:").and_then(of_exponent))
        .or_else(|| said.probability.and_then(of_probability))
        .or_else(|| said.rate.and_then(of_rate))
}

/// `c` is 0xc0000000000000 of 2⁵⁶ rejected: one in four kept.
fn of_threshold(hex: &str) -> Option<u64> {
    if hex.is_empty() || hex.len() > 14 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let rejected = u64::from_str_radix(&format!("{hex:0<14}"), 16).ok()?;
    let kept = u128::from(ALL - rejected);
    let millionths = (u128::from(ALL) * u128::from(ITSELF) + kept / 2) / kept;
    Some(u64::try_from(millionths).unwrap_or(MOST).min(MOST))
}

/// One in 2ᵖ; 63 stands for nothing.
fn of_exponent(text: &str) -> Option<u64> {
    let p: u32 = text.parse().ok().filter(|p| *p <= 62)?;
    Some(1_u64.checked_shl(p).and_then(|times| times.checked_mul(ITSELF)).unwrap_or(MOST).min(MOST))
}

fn of_probability(text: &str) -> Option<u64> {
    let probability: f64 = text.trim().parse().ok().filter(|p| *p > 0.0 && *p <= 1.0)?;
    Some(((ITSELF as f64 / probability).round() as u64).clamp(ITSELF, MOST))
}

fn of_rate(text: &str) -> Option<u64> {
    let rate: u64 = text.trim().parse().ok().filter(|rate| *rate > 0)?;
    Some(rate.saturating_mul(ITSELF).min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(trace_state: &str, expected: Option<u64>) {
        assert_eq!(stands_for(Said { trace_state, ..Said::default() }), expected, "{trace_state}");
    }

    #[test]
    fn what_senders_say_is_understood() {
        check("ot=th:c", Some(4 * ITSELF));
        check("ot=th:0", Some(ITSELF));
        check("ot=th:8", Some(2 * ITSELF));
        // One in ten, as the specification writes it.
        check("ot=th:e6666666666666", Some(10 * ITSELF));
        check("vendor=x, ot=rv:abcdef12345678;th:fd70a4", Some(100_000_095));
        check("ot=p:3;r:5", Some(8 * ITSELF));
        check("ot=p:62", Some(MOST));
        let of = |probability, rate| stands_for(Said { probability, rate, ..Said::default() });
        assert_eq!(of(Some("0.1"), None), Some(10 * ITSELF));
        assert_eq!(of(None, Some("20")), Some(20 * ITSELF));
    }

    #[test]
    fn what_was_left_out_is_counted_beside_what_was_kept() {
        let sampled = Sampled::beyond(31, u128::from(30 * 9 * ITSELF + 1_500_000));
        assert_eq!((sampled, sampled.kept_one_in()), (Sampled { kept: 31, left_out: 272 }, Some(10)));
        assert_eq!(Sampled::beyond(0, 0).kept_one_in(), None);
    }

    #[test]
    fn what_makes_no_sense_says_nothing() {
        for text in
            ["", "ot=", "ot=th:", "ot=th:xyz", "ot=th:123456789012345", "ot=p:63", "ot=p:-1", "not=th:c", "ot=r:5"]
        {
            check(text, None);
        }
        for probability in ["0", "1.5", "-0.1", "nan", "often"] {
            assert_eq!(stands_for(Said { probability: Some(probability), ..Said::default() }), None, "{probability}");
        }
        assert_eq!(stands_for(Said { rate: Some("0"), ..Said::default() }), None);
    }

    proptest! {
        #[test]
        fn a_span_stands_for_itself_at_least_and_for_more_the_more_was_rejected(a in 0..ALL, b in 0..ALL) {
            let of = |rejected: u64| of_threshold(&format!("{rejected:014x}")).unwrap();
            let (few, many) = (a.min(b), a.max(b));
            prop_assert!(ITSELF <= of(few) && of(few) <= of(many) && of(many) <= MOST);
        }

        /// Kept × what each stands for is what there was.
        #[test]
        fn all_that_were_kept_stand_for_all_there_were(kept in 1_u64..=1 << 20, power in 0_u32..=15) {
            let rejected = ALL - (ALL >> power);
            let each = of_threshold(&format!("{rejected:014x}")).unwrap();
            prop_assert_eq!(kept * each, kept * (1 << power) * ITSELF);
        }

        #[test]
        fn no_text_makes_it_panic(trace_state in ".{0,40}", probability in ".{0,10}", rate in ".{0,10}") {
            stands_for(Said { trace_state: &trace_state, probability: Some(&probability), rate: Some(&rate) });
            stands_for(Said { trace_state: &format!("ot=th:{rate};p:{probability}"), ..Said::default() });
        }
    }
}
