//! A question with its words marked: keywords, texts, numbers, comments, parameters. Not a parser: whatever it does not know is plain.

/// Longer questions are shown plain: marks take more bytes than words.
const LONGEST: usize = 8 << 10;

/// A run of one kind; `class` is empty for what is plain.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub class: &'static str,
    pub text: String,
}

/// Words of DuckDB's SQL that a reader looks for.
const KEYWORDS: [&str; 64] = [
    "all",
    "and",
    "any",
    "as",
    "asc",
    "asof",
    "at",
    "between",
    "by",
    "case",
    "cast",
    "columns",
    "cross",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exclude",
    "exists",
    "false",
    "filter",
    "first",
    "following",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "interval",
    "is",
    "join",
    "last",
    "lateral",
    "left",
    "like",
    "ilike",
    "limit",
    "not",
    "null",
    "nulls",
    "offset",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "preceding",
    "qualify",
    "right",
    "rows",
    "sample",
    "select",
    "then",
    "true",
    "union",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// The pieces of `question`, in order; put together they are the question.
pub(super) fn highlight(question: &str) -> Vec<Piece> {
    if question.len() > LONGEST {
        return vec![Piece { class: "", text: question.to_owned() }];
    }
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = question;
    while let Some(first) = rest.chars().next() {
        let (class, length) = piece(rest, first);
        let (text, behind) = rest.split_at(length);
        match pieces.last_mut() {
            Some(last) if last.class == class => last.text.push_str(text),
            _ => pieces.push(Piece { class, text: text.to_owned() }),
        }
        rest = behind;
    }
    pieces
}

/// The class and the length in bytes, at least one character, of what `rest` begins with.
fn piece(rest: &str, first: char) -> (&'static str, usize) {
    let while_in = |is_in: fn(char) -> bool| rest.find(|c| !is_in(c)).unwrap_or(rest.len());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    match first {
        '-' if rest.starts_with("--") => ("q-c", rest.find('\n').unwrap_or(rest.len())),
        '/' if rest.starts_with("/*") => ("q-c", rest[2..].find("*/").map_or(rest.len(), |at| at + 4)),
        '\'' => ("q-s", quoted(rest, '\'')),
        '"' => ("", quoted(rest, '"')),
        '$' if rest[1..].starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
            ("q-p", 1 + rest[1..].find(|c| !is_word(c)).unwrap_or(rest.len() - 1))
        }
        '0'..='9' => ("q-n", while_in(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')),
        _ if is_word(first) => {
            let length = while_in(|c| c.is_alphanumeric() || c == '_');
            let word = rest[..length].to_ascii_lowercase();
            (if KEYWORDS.contains(&word.as_str()) { "q-k" } else { "" }, length)
        }
        _ => ("", first.len_utf8()),
    }
}

/// The length of a quoted text, its quotes included; two of them inside are one.
fn quoted(rest: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(found) = rest[at..].find(quote) {
        at += found + 1;
        if !rest[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(question: &str) -> String {
        let mark = |piece: Piece| {
            if piece.class.is_empty() { piece.text } else { format!("<{}{}>", &piece.class[2..], piece.text) }
        };
        highlight(question).into_iter().map(mark).collect()
    }

    #[test]
    fn words_are_marked_by_what_they_are() {
        assert_eq!(
            marked("SELECT \"from\", 'it''s' -- all\nFROM spans WHERE n >= 1.5e3 AND t > $from"),
            "<kSELECT> \"from\", <s'it''s'> <c-- all>\n<kFROM> spans <kWHERE> n >= <n1.5e3> <kAND> t > <p$from>"
        );
        assert_eq!(marked("/* a */ 'open"), "<c/* a */> <s'open>");
        assert_eq!(marked("/* open"), "<c/* open>");
    }

    proptest::proptest! {
        #[test]
        fn the_pieces_are_the_question(question in "[-/*'\"$a-zA-Z0-9_ .\nü€]{0,80}") {
            let together: String = highlight(&question).into_iter().map(|piece| piece.text).collect();
            proptest::prop_assert_eq!(together, question);
        }
    }
}
