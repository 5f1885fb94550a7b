//! Searches that somebody named.

use coldlight_model::{SavedSearch, SearchPage, Timestamp};
use duckdb::{Row, params};

use crate::engine::transaction;
use crate::error::StoreError;
use crate::store::Store;

const ALL: &str = "SELECT *, epoch_ns(created_at) AS created_ns FROM saved_search_rows ORDER BY lower(\"name\"), \"name\", page, search_id";

impl Store {
    /// All of them, by name.
    pub async fn saved_searches(&self) -> Result<Vec<SavedSearch>, StoreError> {
        self.ask(|db| {
            let mut statement = db.prepare_cached(ALL)?;
            let found = statement.query_map([], search)?;
            Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
        })
        .await
    }

    /// Keeps one; another of the same name and page gives way.
    pub async fn save_search(&self, search: SavedSearch) -> Result<(), StoreError> {
        self.ask(move |db| {
            transaction(db, |db| {
                let page = search.page.name();
                db.execute(
                    "DELETE FROM saved_search_rows WHERE \"name\" = ? AND page = ?",
                    params![search.name, page],
                )?;
                let values =
                    params![search.id, search.name, page, search.filter, search.query, search.created_at.nanos()];
                db.execute("INSERT INTO saved_search_rows VALUES (?, ?, ?, ?, ?, make_timestamp_ns(?))", values)?;
                Ok(())
            })
        })
        .await
    }

    /// Whether there was one.
    pub async fn remove_search(&self, id: String) -> Result<bool, StoreError> {
        self.ask(move |db| Ok(db.execute("DELETE FROM saved_search_rows WHERE search_id = ?", [id])? > 0)).await
    }
}

/// `None` for a page that this program does not know.
fn search(row: &Row<'_>) -> duckdb::Result<Option<SavedSearch>> {
    let Some(page) = SearchPage::from_name(&row.get::<_, String>("page")?) else { return Ok(None) };
    Ok(Some(SavedSearch {
        id: row.get("search_id")?,
        name: row.get("name")?,
        page,
        filter: row.get("filter")?,
        query: row.get("query")?,
        created_at: Timestamp::from_sql(row.get("created_ns")?),
    }))
}
