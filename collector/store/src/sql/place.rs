//! Where in a question something is wrong: its line, with a caret below.

/// Longest piece of a line that is shown.
const SHOWN: usize = 60;

/// The line of `text` that has the byte `at`, with a caret below it, as DuckDB writes it; nothing where the place is not known.
pub(crate) fn mark(text: &str, at: Option<usize>) -> String {
    let Some((before, after)) = at.and_then(|at| text.split_at_checked(at)) else { return String::new() };
    let number = before.matches('\n').count() + 1;
    let start: String = before.rsplit('\n').next().unwrap_or_default().to_owned();
    let start: String = start.chars().rev().take(SHOWN).collect::<Vec<_>>().into_iter().rev().collect();
    let rest: String = after.split('\n').next().unwrap_or_default().chars().take(SHOWN).collect();
    let head = format!("LINE {number}: ");
    let blanks = " ".repeat(head.chars().count() + start.chars().count());
    format!("\n\n{head}{start}{rest}\n{blanks}^")
}

/// A question is asked with one line before it (`table.rs`); DuckDB counts that.
pub(crate) fn of_the_question(message: String) -> String {
    let Some((before, number, rest)) = line(&message) else { return message };
    // The caret stands below, so a number with one digit less must not move the line.
    let shown = number.saturating_sub(1).max(1);
    let gone = number.to_string().len() - shown.to_string().len();
    format!("{before}LINE {shown}:{}{rest}", " ".repeat(gone))
}

fn line(message: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = message.split_once("LINE ")?;
    let (number, rest) = rest.split_once(':')?;
    Some((before, number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_below_what_is_wrong() {
        assert_eq!(mark("SELECT 1\nFROM ü spns", Some(17)), "\n\nLINE 2: FROM ü spns\n               ^");
        assert_eq!(mark("SELEC 1", Some(0)), "\n\nLINE 1: SELEC 1\n        ^");
        assert_eq!(mark("x", Some(5)), "");
        assert_eq!(mark("x", None), "");
        assert!(mark(&"x".repeat(1000), Some(500)).lines().all(|line| line.len() < 140));
    }

    #[test]
    fn the_line_is_that_of_the_question() {
        let told = "Binder Error: no\n\nLINE 2: SELECT x\n               ^".to_owned();
        assert_eq!(of_the_question(told), "Binder Error: no\n\nLINE 1: SELECT x\n               ^");
        let tenth = "no\n\nLINE 10: SELECT x\n                ^".to_owned();
        assert_eq!(of_the_question(tenth), "no\n\nLINE 9: SELECT x\n                ^".replace("9: ", "9:  "));
        assert_eq!(of_the_question("LINE up".to_owned()), "LINE up");
    }
}
