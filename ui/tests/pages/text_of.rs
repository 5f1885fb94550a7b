//! What a page says, without its markup: for snapshots that survive a change of looks.

/// The text of `html`, one line per block, without titles: those of drawings repeat what a table says.
pub fn text_of(html: &str) -> String {
    let mut out = String::new();
    let mut is_tooltip = false;
    for tag in tags(html) {
        if let Piece::Tag(name) = tag {
            is_tooltip = name == "title" && !is_tooltip;
        }
        match tag {
            Piece::Text(_) if is_tooltip => {}
            Piece::Text(text) => out.push_str(&unescape(text).replace('\n', " ")),
            Piece::Tag(name) if BLOCKS.contains(&name) => out.push('\n'),
            Piece::Tag("a" | "span" | "text" | "small" | "b" | "button" | "time" | "summary" | "kbd" | "code") => {
                out.push(' ')
            }
            Piece::Tag(_) => {}
        }
    }
    let lines = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

const BLOCKS: [&str; 27] = [
    "p",
    "h1",
    "h2",
    "h3",
    "tr",
    "div",
    "section",
    "header",
    "footer",
    "li",
    "dt",
    "form",
    "nav",
    "main",
    "aside",
    "table",
    "title",
    "details",
    "figure",
    "figcaption",
    "pre",
    "caption",
    "thead",
    "tbody",
    "svg",
    "path",
    "rect",
];

/// The part of `html` that begins with the tag holding `marker` and ends where that tag is closed.
pub fn part<'a>(html: &'a str, marker: &str) -> &'a str {
    let at = html.find(marker).unwrap_or_else(|| panic!("no {marker} in the page"));
    let start = if marker.starts_with('<') { at } else { html[..at].rfind('<').unwrap() };
    let name: String = html[start + 1..].chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let (mut depth, mut from) = (0, start);
    loop {
        let next_close = html[from..].find(&close).map(|at| from + at).expect("the tag is closed");
        match html[from..].find(&open).map(|at| from + at) {
            Some(next_open) if next_open < next_close => {
                depth += 1;
                from = next_open + open.len();
            }
            _ => {
                depth -= 1;
                from = next_close + close.len();
                if depth == 0 {
                    return &html[start..from];
                }
            }
        }
    }
}

pub enum Piece<'a> {
    /// The name of an opening or closing tag.
    Tag(&'a str),
    Text(&'a str),
}

/// The page in pieces; our pages have no `>` inside attributes, as it is escaped there.
pub fn tags(html: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        pieces.push(Piece::Text(&rest[..open]));
        let close = rest[open..].find('>').map_or(rest.len(), |at| open + at + 1);
        let inside = rest[open + 1..close].trim_start_matches('/');
        pieces.push(Piece::Tag(inside.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("")));
        rest = &rest[close..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&nbsp;", " ")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
