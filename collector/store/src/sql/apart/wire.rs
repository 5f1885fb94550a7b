//! What the server and its child say to each other: numbers in little-endian order, texts with their length before them.
//!
//! Whoever reads believes no length: a text is taken when all of it is there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coldlight_model::{Cell, Column, Table};

use crate::sql::{File, FileForm, Question};

/// What a child is told to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// Copy the database `from` with its write-ahead log to `to`, say so, and write the log into the copy.
    Copy { from: PathBuf, to: PathBuf, bounds: Bounds },
    /// Answer a question from the copy `database`; `now` is what its clock shows, in nanoseconds.
    Ask { database: PathBuf, question: Question, form: Option<FileForm>, now: i64, bounds: Bounds },
}

/// DuckDB's `memory_limit` in bytes, and its `threads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    pub memory: u64,
    pub threads: u64,
}

/// What a child answers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    Copied,
    Table(Table),
    File(File),
    /// The gate's words.
    Refused(String),
    /// The database's words about the question.
    Failed(String),
    /// Why neither was come to.
    Broken(String),
}

impl Task {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Out::default();
        match self {
            Self::Copy { from, to, bounds } => {
                out.byte(0).path(from).path(to).bounds(*bounds);
            }
            Self::Ask { database, question, form, now, bounds } => {
                out.byte(1).path(database).bounds(*bounds).number(now.cast_unsigned());
                out.byte(match form {
                    None => 0,
                    Some(FileForm::Parquet) => 1,
                    Some(FileForm::ArrowStream) => 2,
                });
                out.text(question.text.as_bytes()).number(question.max_rows as u64);
                out.number(question.timeout.as_millis() as u64);
                out.cells(&question.parameters).cells(&question.defaults);
            }
        }
        out.0
    }

    /// `None` when these bytes are no task.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = In(bytes);
        let task = match from.byte()? {
            0 => Self::Copy { from: from.path()?, to: from.path()?, bounds: from.bounds()? },
            1 => {
                let (database, bounds, now) = (from.path()?, from.bounds()?, from.number()?.cast_signed());
                let form = match from.byte()? {
                    0 => None,
                    1 => Some(FileForm::Parquet),
                    2 => Some(FileForm::ArrowStream),
                    _ => return None,
                };
                let (text, max_rows) = (from.string()?, usize::try_from(from.number()?).ok()?);
                let timeout = Duration::from_millis(from.number()?);
                let (parameters, defaults) = (from.cells()?, from.cells()?);
                let question = Question { text, max_rows, timeout, parameters, defaults };
                Self::Ask { database, question, form, now, bounds }
            }
            _ => return None,
        };
        from.0.is_empty().then_some(task)
    }
}

impl Outcome {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Out::default();
        match self {
            Self::Copied => {
                out.byte(0);
            }
            Self::Table(table) => {
                out.byte(1).byte(table.cut_off.into()).number(table.columns.len() as u64);
                for column in &table.columns {
                    out.text(column.name.as_bytes()).text(column.sql_type.as_bytes());
                }
                out.number(table.rows.len() as u64);
                table.rows.iter().flatten().for_each(|cell| {
                    out.cell(cell);
                });
            }
            Self::File(file) => {
                out.byte(2).byte(file.cut_off.into()).number(file.rows as u64).text(&file.bytes);
            }
            Self::Refused(why) => {
                out.byte(3).text(why.as_bytes());
            }
            Self::Failed(why) => {
                out.byte(4).text(why.as_bytes());
            }
            Self::Broken(why) => {
                out.byte(5).text(why.as_bytes());
            }
        }
        out.0
    }

    /// `None` when these bytes are no outcome: the child ended before it had said everything.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = In(bytes);
        let outcome = match from.byte()? {
            0 => Self::Copied,
            1 => Self::Table(from.table()?),
            2 => {
                let (cut_off, rows) = (from.byte()? == 1, usize::try_from(from.number()?).ok()?);
                Self::File(File { bytes: from.text()?.to_vec(), rows, cut_off, as_of: None })
            }
            3 => Self::Refused(from.string()?),
            4 => Self::Failed(from.string()?),
            5 => Self::Broken(from.string()?),
            _ => return None,
        };
        from.0.is_empty().then_some(outcome)
    }
}

#[derive(Default)]
struct Out(Vec<u8>);

impl Out {
    fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn text(&mut self, text: &[u8]) -> &mut Self {
        self.number(text.len() as u64).0.extend(text);
        self
    }

    fn path(&mut self, path: &Path) -> &mut Self {
        self.text(path.as_os_str().as_bytes())
    }

    fn bounds(&mut self, bounds: Bounds) -> &mut Self {
        self.number(bounds.memory).number(bounds.threads)
    }

    fn cells(&mut self, named: &BTreeMap<String, Cell>) -> &mut Self {
        self.number(named.len() as u64);
        named.iter().fold(self, |out, (name, cell)| out.text(name.as_bytes()).cell(cell))
    }

    fn cell(&mut self, cell: &Cell) -> &mut Self {
        match cell {
            Cell::Null => self.byte(0),
            Cell::Bool(value) => self.byte(1).byte((*value).into()),
            Cell::Int(int) => {
                self.byte(2).0.extend(int.to_le_bytes());
                self
            }
            Cell::Double(double) => self.byte(3).number(double.to_bits()),
            Cell::Text(text) => self.byte(4).text(text.as_bytes()),
        }
    }
}

struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn string(&mut self) -> Option<String> {
        String::from_utf8(self.text()?.to_vec()).ok()
    }

    fn path(&mut self) -> Option<PathBuf> {
        Some(OsStr::from_bytes(self.text()?).into())
    }

    fn bounds(&mut self) -> Option<Bounds> {
        Some(Bounds { memory: self.number()?, threads: self.number()? })
    }

    fn cells(&mut self) -> Option<BTreeMap<String, Cell>> {
        (0..self.number()?).map(|_| Some((self.string()?, self.cell()?))).collect()
    }

    fn cell(&mut self) -> Option<Cell> {
        Some(match self.byte()? {
            0 => Cell::Null,
            1 => Cell::Bool(self.byte()? == 1),
            2 => Cell::Int(i128::from_le_bytes(self.take(16)?.try_into().ok()?)),
            3 => Cell::Double(f64::from_bits(self.number()?)),
            4 => Cell::Text(self.string()?),
            _ => return None,
        })
    }

    fn table(&mut self) -> Option<Table> {
        let cut_off = self.byte()? == 1;
        let mut table = Table { cut_off, ..Table::default() };
        for _ in 0..self.number()? {
            table.columns.push(Column { name: self.string()?, sql_type: self.string()? });
        }
        // A row of no cells takes no bytes, and there is no such question.
        let rows = if table.columns.is_empty() { 0 } else { self.number()? };
        for _ in 0..rows {
            table.rows.push((0..table.columns.len()).map(|_| self.cell()).collect::<Option<_>>()?);
        }
        Some(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let column = |name: &str| Column { name: name.to_owned(), sql_type: "VARCHAR".to_owned() };
        let row = vec![Cell::Null, Cell::Bool(true), Cell::Int(i128::MIN), Cell::Double(f64::NEG_INFINITY)];
        let other = vec![Cell::Text("ü".to_owned()), Cell::Bool(false), Cell::Int(7), Cell::Text(String::new())];
        let columns = ["a", "b", "c", "d"].map(column).to_vec();
        Table { columns, rows: vec![row, other], cut_off: true, as_of: None }
    }

    fn tasks() -> Vec<Task> {
        let bounds = Bounds { memory: 1 << 30, threads: 2 };
        let parameters: BTreeMap<_, _> =
            [("service".to_owned(), Cell::Text("a'b".to_owned())), ("n".to_owned(), Cell::Int(-3))].into();
        let question =
            Question { defaults: BTreeMap::clone(&parameters), parameters, ..Question::new("SELECT $service, $n") };
        let ask = |form| Task::Ask { database: "d".into(), question: question.clone(), form, now: -5, bounds };
        vec![
            Task::Copy { from: "/a b".into(), to: "c".into(), bounds },
            ask(None),
            ask(Some(FileForm::Parquet)),
            ask(Some(FileForm::ArrowStream)),
        ]
    }

    #[test]
    fn what_is_said_is_heard_and_half_of_it_is_not() {
        for task in tasks() {
            let said = task.encode();
            assert_eq!(Task::decode(&said), Some(task));
            assert!((0..said.len()).all(|length| Task::decode(&said[..length]).is_none()));
        }
        let text = || "why".to_owned();
        for outcome in [
            Outcome::Copied,
            Outcome::Table(table()),
            Outcome::File(File { bytes: vec![1, 2, 3], rows: 9, cut_off: false, as_of: None }),
            Outcome::Refused(text()),
            Outcome::Failed(text()),
            Outcome::Broken(text()),
        ] {
            let said = outcome.encode();
            assert_eq!(Outcome::decode(&said), Some(outcome));
            assert!((0..said.len()).all(|length| Outcome::decode(&said[..length]).is_none()));
        }
    }

    #[test]
    fn a_length_that_nothing_backs_allocates_nothing() {
        let said = [&[1, 0][..], &u64::MAX.to_le_bytes(), &u64::MAX.to_le_bytes()].concat();
        assert_eq!(Outcome::decode(&said), None);
    }
}
