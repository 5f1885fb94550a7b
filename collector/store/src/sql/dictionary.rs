//! The dictionary of names and columns, as the catalog's comments tell it (`schema/dictionary*.sql`).

use coldlight_model::{Dictionary, Macro, Meaning, View};
use duckdb::Connection;

use super::gate::TABLES;
use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// What questions in SQL may name, and what it means.
    pub async fn dictionary(&self) -> Result<Dictionary, StoreError> {
        self.ask(read).await
    }
}

/// The dictionary of this program's own schema; no store is needed for it. Blocking: makes a database in memory.
///
/// # Errors
/// The database's own.
pub fn dictionary() -> Result<Dictionary, StoreError> {
    let db = Connection::open_in_memory()?;
    crate::schema::prepare(&db, std::path::Path::new("memory"), coldlight_model::Timestamp::EPOCH)?;
    read(&db)
}

/// Views in the order of [`TABLES`], their columns in their own.
fn read(db: &Connection) -> Result<Dictionary, StoreError> {
    let mut views: Vec<View> = TABLES.iter().map(|name| View { name: (*name).to_owned(), ..View::default() }).collect();
    let mut statement = db.prepare_cached(include_str!("../queries/dictionary.sql"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get("name")?;
        let Some(view) = views.iter_mut().find(|view| view.name == name) else { continue };
        view.meaning = row.get("view_meaning")?;
        view.columns.push(Meaning {
            name: row.get("column_name")?,
            sql_type: row.get("data_type")?,
            meaning: row.get("meaning")?,
        });
    }
    let mut statement = db.prepare_cached(include_str!("../queries/dictionary_macros.sql"))?;
    let macros = statement.query_map([], |row| {
        Ok(Macro {
            name: row.get("name")?,
            parameters: row.get::<_, String>("parameters")?.split(", ").map(str::to_owned).collect(),
            meaning: row.get("meaning")?,
            is_table: row.get("is_table")?,
        })
    })?;
    Ok(Dictionary { views, macros: macros.collect::<Result<_, _>>()? })
}
