//! A page taken apart, to look for sums of money. The stories of the whole program read pages of a real server with it, too.

/// A piece of a page: an element with what is in it, or text.
#[derive(Debug, Default)]
pub struct Piece {
    /// Empty for text.
    tag: String,
    attributes: String,
    text: String,
    inside: Vec<Piece>,
}

impl Piece {
    /// Reads a page of ours: tags are closed, and what is void says so or is one of these.
    pub fn read(html: &str) -> Self {
        const VOID: [&str; 6] = ["meta", "link", "input", "br", "hr", "!doctype"];
        let mut open = vec![Self::default()];
        for part in html.split('<').skip(1) {
            let (tag, text) = part.split_once('>').expect("a tag ends");
            let name = tag.split([' ', '\n', '/']).next().unwrap_or_default().to_lowercase();
            match tag.strip_prefix('/') {
                Some(_) => {
                    let done = open.pop().expect("what is closed was opened");
                    open.last_mut().expect("the page").inside.push(done);
                }
                None => {
                    let piece = Self { attributes: tag.to_owned(), tag: name.clone(), ..Self::default() };
                    if tag.ends_with('/') || VOID.contains(&name.as_str()) {
                        open.last_mut().expect("the page").inside.push(piece);
                    } else {
                        open.push(piece);
                    }
                }
            }
            let text = Self { text: text.to_owned(), ..Self::default() };
            open.last_mut().expect("the page").inside.push(text);
        }
        open.remove(0)
    }

    fn has(&self, tag: &str) -> bool {
        self.tag == tag || self.inside.iter().any(|piece| piece.has(tag))
    }

    fn is(&self, words: &str) -> bool {
        self.attributes.contains(words)
    }

    /// Sums of money from which no click leads to a formula.
    pub fn sums_without_a_formula(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.unexplained(false, &mut found);
        found
    }

    /// Sums of money from which no click leads to a formula: behind a fold, a link, or in the row of one.
    fn unexplained(&self, explained: bool, found: &mut Vec<String>) {
        let mut before: Option<&Piece> = None;
        for piece in self.inside.iter() {
            let explained = explained
                || ["a", "details", "title", "footer"].contains(&piece.tag.as_str())
                // The scale of a chart, and the row of figures under its fold.
                || piece.is("aria-hidden=\"true\"")
                // What is drawn stands in a table beside it, with formulas.
                || (piece.tag == "svg" && piece.is("role=\"img\"")) || piece.is("class=\"legend\"")
                // What is said of sums that stand below with their formulas.
                || piece.is("data-test=\"partial\"") || piece.is("note\"")
                || (["tr", "li"].contains(&piece.tag.as_str()) && (piece.has("details") || piece.has("a")))
                || (piece.tag == "section" && piece.has("details"))
                || (piece.is("class=\"kpi\"") && piece.has("details"))
                || (piece.tag == "dd" && before.is_some_and(|dt| dt.has("a")));
            let is_money = piece.text.split('$').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_digit()));
            if is_money && !explained {
                found.push(piece.text.trim().to_owned());
            }
            piece.unexplained(explained, found);
            if !piece.tag.is_empty() {
                before = Some(piece);
            }
        }
    }
}
