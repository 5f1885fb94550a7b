//! The known word that a mistyped one was meant to be.

/// Longer words are not compared: nobody mistypes a page of text.
const LONGEST: usize = 40;

/// The one of `known` that `typed` is a slip of: at most one edit in three letters, and no other as near and earlier.
/// An edit is a letter too many, too few, another one, or two that changed places.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = typed.to_lowercase().chars().take(LONGEST + 1).collect();
    if typed.is_empty() || typed.len() > LONGEST {
        return None;
    }
    let with_distance = known.into_iter().map(|word| (distance(&typed, word), word));
    let may = |(edits, word): &(usize, &str)| *edits <= typed.len().max(word.chars().count()).div_ceil(3).min(3);
    with_distance.filter(may).min_by_key(|(edits, _)| *edits).map(|(_, word)| word)
}

fn distance(typed: &[char], word: &str) -> usize {
    let word: Vec<char> = word.to_lowercase().chars().take(2 * LONGEST).collect();
    // Three rows of the table of distances between beginnings: the one before the last, the last, this one.
    let (mut older, mut old): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=word.len()).collect());
    for (row, a) in typed.iter().enumerate() {
        let mut new = vec![row + 1];
        for (column, b) in word.iter().enumerate() {
            let mut least = (old[column] + usize::from(a != b)).min(old[column + 1] + 1).min(new[column] + 1);
            if row > 0 && column > 0 && *a == word[column - 1] && typed[row - 1] == *b {
                least = least.min(older[column - 1] + 1);
            }
            new.push(least);
        }
        older = std::mem::replace(&mut old, new);
    }
    old.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_none() {
        let known = ["service", "status", "trigger", "kind", "dur"];
        for (typed, meant) in [
            ("servce", Some("service")),
            ("Serivce", Some("service")),
            ("statsu", Some("status")),
            ("tigger", Some("trigger")),
            ("duur", Some("dur")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
        assert_eq!(nearest(&"service".repeat(10_000), known), None);
    }

    #[test]
    fn of_two_as_near_the_earlier_is_meant() {
        assert_eq!(nearest("cat", ["bat", "rat"]), Some("bat"));
    }
}
