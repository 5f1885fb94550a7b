//! Sources without what only their readers need. No parser: rules that hold for sources written as ours are, and tests
//! that say so.

/// Without indentation, blank lines and lines that are comments. Line ends stay, so that nothing is joined.
pub fn js(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for line in source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")) {
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Without comments, indentation, and the blanks beside punctuation.
pub fn css(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(open) = rest.find("/*") {
        text.push_str(&rest[..open]);
        rest = rest[open..].find("*/").map_or("", |close| &rest[open + close + 2..]);
    }
    text.push_str(rest);
    let mut out = String::with_capacity(text.len());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        out.push_str(line);
        out.push('\n');
    }
    // A blank before a colon may join selectors ("a :hover"), so only the one behind it goes.
    let pairs =
        [(" {", "{"), ("{ ", "{"), ("{\n", "{"), ("; ", ";"), (";\n", ";"), (" }", "}"), ("\n}", "}"), (";}", "}")];
    let pairs = pairs.into_iter().chain([(": ", ":"), (", ", ","), (",\n", ","), (" > ", ">")]);
    pairs.fold(out, |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_lose_comments_and_indentation() {
        assert_eq!(js("// what\nif (a) {\n  b(); // why\n\n  // how\n}\n"), "if (a) {\nb(); // why\n}\n");
    }

    #[test]
    fn stylesheets_lose_comments_and_blanks() {
        let source = "/* two\n lines */\n.a > .b, .c :not(.d) {\n  color: red; width: calc(1px + 2px);\n}\n";
        assert_eq!(css(source), ".a>.b,.c :not(.d){color:red;width:calc(1px + 2px)}\n");
    }

    /// What the rules above rely on: strings that span lines would lose their indentation.
    #[test]
    fn our_scripts_have_no_string_that_spans_lines() {
        for script in super::super::KINDS.map(|kind| kind.script) {
            for line in script.lines() {
                assert!(line.matches('`').count().is_multiple_of(2), "{line}");
            }
            assert!(!script.contains("/*"), "block comments are not taken out");
        }
    }

    #[test]
    fn our_stylesheets_have_no_text_that_looks_like_punctuation() {
        let stylesheets = super::super::KINDS.map(|kind| kind.stylesheet);
        let texts = stylesheets.iter().flat_map(|sheet| sheet.split("content:").skip(1));
        for text in texts.map(|rest| rest.split([';', '}']).next().unwrap()) {
            assert!(!text.contains("; ") && !text.contains(": ") && !text.trim().contains(", "), "{text}");
        }
    }
}
