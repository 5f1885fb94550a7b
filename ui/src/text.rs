//! Text that strangers sent: names, values and messages of telemetry.
//!
//! It may hold markup, line breaks, direction marks and 64 KB. Templates escape it; here it is made one line, cut where it
//! is long, and its control characters are made visible. Templates wrap it in `<bdi>` so that it cannot turn its
//! surroundings around.

/// Characters shown before the rest goes behind "show all".
pub const SHOWN: usize = 200;

/// A stranger's text, ready for a template: `parts/macros.html` has `text` for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    pub shown: String,
    /// The whole text when `shown` is only its beginning.
    pub whole: Option<String>,
}

impl Text {
    pub fn new(sent: &str) -> Self {
        let mut shown = visible(sent.chars().take(SHOWN));
        let is_cut = sent.chars().nth(SHOWN).is_some();
        if is_cut {
            shown.push('…');
        }
        Self { shown, whole: is_cut.then(|| visible(sent.chars())) }
    }
}

/// One line of at most `limit` characters, the last an ellipsis when something was cut.
pub fn cut(sent: &str, limit: usize) -> String {
    if sent.chars().nth(limit).is_none() {
        return visible(sent.chars());
    }
    let mut out = visible(sent.chars().take(limit.saturating_sub(1)));
    out.push('…');
    out
}

/// An empty name says so instead of vanishing.
pub fn named(sent: &str, limit: usize) -> String {
    if sent.is_empty() { "(no name)".to_owned() } else { cut(sent, limit) }
}

/// Line breaks and control characters become their pictures (U+2400 block), so that one line stays one line. Marks that
/// turn the reading direction around become U+FFFD: they are no part of a name, and could make one look like another.
fn visible(chars: impl Iterator<Item = char>) -> String {
    chars
        .map(|c| match c {
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
            '\u{7f}' => '\u{2421}',
            '\u{80}'..='\u{9f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_text_is_shown_whole() {
        assert_eq!(Text::new("checkout"), Text { shown: "checkout".into(), whole: None });
    }

    #[test]
    fn long_text_is_cut_at_characters_and_keeps_its_whole() {
        let sent = "é".repeat(SHOWN + 1);
        let text = Text::new(&sent);
        assert_eq!(text.shown.chars().count(), SHOWN + 1);
        assert!(text.shown.ends_with('…'));
        assert_eq!(text.whole.as_deref(), Some(sent.as_str()));
    }

    #[test]
    fn control_characters_become_visible() {
        assert_eq!(cut("a\nb\tc\u{0}\u{7f}\u{85}", 20), "a␊b␉c␀␡\u{fffd}");
        assert_eq!(cut("a\u{202e}gpj.exe", 20), "a\u{fffd}gpj.exe");
        assert_eq!(cut("שלום\u{200f}!", 20), "שלום\u{200f}!", "marks without a turn are left alone");
    }

    #[test]
    fn a_cut_keeps_the_limit() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("abc", 0), "…");
        assert_eq!(named("", 9), "(no name)");
    }
}
