//! DuckDB's parser, on connections to empty databases that are kept and used again.
//!
//! Nothing but one fixed statement ever runs on them, with the question as its bound value: a question is read there, never
//! executed, so nothing of it is left for the next one. Opening such a database costs 26 to 60 ms, asking an open one under one.

use std::sync::{Mutex, PoisonError};

use duckdb::{Config, Connection};
use serde_json::Value;

use super::SqlError;
use crate::error::StoreError;

/// Connections kept idle; questions beyond that open one and let it go.
const KEPT: usize = 2;

/// See the module's words.
#[derive(Default)]
pub(crate) struct Parser {
    idle: Mutex<Vec<Connection>>,
}

impl Parser {
    /// The tree of `text` as DuckDB serializes it; `error` in it tells whether there is one.
    ///
    /// # Errors
    /// [`SqlError::Refused`] when the tree is deeper than serde_json's 128 levels, about 40 nested calls.
    pub fn tree(&self, text: &str) -> Result<Value, SqlError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match kept {
            Some(db) => db,
            None => open()?,
        };
        let tree: String = db
            .prepare_cached("SELECT json_serialize_sql(?::VARCHAR)")
            .and_then(|mut statement| statement.query_row([text], |row| row.get(0)))
            .map_err(StoreError::Database)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(db);
        }
        drop(idle);
        serde_json::from_str(&tree).map_err(|_| {
            SqlError::Refused(
                "the question nests too deeply: about 40 levels of calls and brackets are read; use WITH for its parts"
                    .to_owned(),
            )
        })
    }
}

fn open() -> Result<Connection, StoreError> {
    let config = Config::default()
        .with("threads", "1")?
        .with("autoinstall_known_extensions", "false")?
        .with("autoload_known_extensions", "false")?
        .with("enable_external_access", "false")?;
    Ok(Connection::open_in_memory_with_flags(config)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_parser_reads_as_a_new_one_does() {
        let kept = Parser::default();
        for text in [
            "SELECT 1",
            "SELEC 1",
            "SET VARIABLE x = 1",
            "CREATE MACRO now() AS 1",
            "SELECT getvariable('x')",
            "SELECT '\0'",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "",
            "SELECT * FROM spans",
        ] {
            let new = Parser::default();
            assert_eq!(kept.tree(text).ok(), new.tree(text).ok(), "{text}");
        }
        assert_eq!(kept.idle.lock().unwrap().len(), 1);
    }
}
