//! What can be asked in SQL: the names with their columns and meanings, and questions to start from.

/// Everything that questions in SQL may name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary {
    pub views: Vec<View>,
    pub macros: Vec<Macro>,
}

/// One name to read rows from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    pub name: String,
    /// What one row is.
    pub meaning: String,
    pub columns: Vec<Meaning>,
}

/// A column and what it says; both units and what NULL stands for are in the words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meaning {
    pub name: String,
    /// DuckDB's name of the type.
    pub sql_type: String,
    pub meaning: String,
}

/// One of our own functions, or a table made by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Macro {
    pub name: String,
    /// Names of the parameters, in order; those with `:=` may be left out.
    pub parameters: Vec<String>,
    pub meaning: String,
    /// Stands where a table does.
    pub is_table: bool,
}

/// A question that is answered as it stands, to be run and changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// One word for addresses and command lines.
    pub name: &'static str,
    /// The question in plain words, with what is to know, as SQL comments; then the statement.
    pub text: &'static str,
}

impl Example {
    /// The question in plain words.
    pub fn title(&self) -> &'static str {
        self.text.lines().next().and_then(|line| line.strip_prefix("-- ")).unwrap_or(self.name)
    }

    /// What else is to know of it; may be empty.
    pub fn about(&self) -> String {
        let comments = self.text.lines().skip(1).map_while(|line| line.strip_prefix("-- "));
        comments.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_begins_with_its_question() {
        let example = Example { name: "x", text: "-- What?\n-- One.\n-- Two.\nSELECT 1 -- not this\n" };
        assert_eq!((example.title(), example.about().as_str()), ("What?", "One. Two."));
    }
}
