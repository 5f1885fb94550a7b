//! Questions in SQL kept under a name: a small file in the data directory, written whole.
//!
//! Not in the database: they are not telemetry, so neither retention nor a damaged database may take them.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use coldlight_model::{SavedQuery, Timestamp};
use serde::{Deserialize, Serialize};

use crate::access::random_hex;

const NAME: &str = "queries.json";
/// A list to be read by people.
pub const MOST: usize = 200;
pub const LONGEST_NAME: usize = 80;
/// As much as the page's form takes.
pub const LONGEST_SQL: usize = 32 << 10;

/// See the module's words.
pub struct Saved {
    file: PathBuf,
    queries: Mutex<Vec<SavedQuery>>,
}

/// Why a question was not kept.
#[derive(Debug, thiserror::Error)]
pub enum Unsaved {
    /// Give another name, or a shorter question.
    #[error("{1}")]
    Wrong(&'static str, String),
    /// Nothing whoever asked could do.
    #[error("queries.json cannot be written")]
    Unwritten(#[from] std::io::Error),
}

/// One question in the file.
#[derive(Serialize, Deserialize)]
struct Entry {
    id: String,
    name: String,
    sql: String,
    /// Nanoseconds since 1970.
    saved_at: u64,
}

impl Saved {
    /// What is kept in `data`. A file that cannot be read is put aside: the program starts all the same.
    pub fn open(data: &Path) -> Self {
        let file = data.join(NAME);
        let queries = match std::fs::read(&file) {
            Ok(bytes) => read(&bytes).unwrap_or_else(|error| {
                let aside = file.with_extension("json.damaged");
                tracing::error!(%error, kept = %aside.display(), "the saved queries cannot be read and are put aside");
                let _ = std::fs::rename(&file, &aside);
                Vec::new()
            }),
            Err(_) => Vec::new(),
        };
        Self { file, queries: Mutex::new(queries) }
    }

    /// By name.
    pub fn list(&self) -> Vec<SavedQuery> {
        self.lock().clone()
    }

    /// Keeps a question; one of the same name is replaced and keeps its id. On disk when this returns. Blocking.
    pub fn save(&self, name: &str, sql: &str, now: Timestamp) -> Result<SavedQuery, Unsaved> {
        let name = name.trim();
        let letters = name.chars().count();
        if !(1..=LONGEST_NAME).contains(&letters) || name.chars().any(char::is_control) {
            return wrong("name", format!("a name has 1 to {LONGEST_NAME} characters on one line"));
        }
        if sql.trim().is_empty() || sql.len() > LONGEST_SQL {
            return wrong("sql", format!("a question that is kept has 1 to {LONGEST_SQL} bytes"));
        }
        let mut known = self.lock();
        let mut queries = known.clone();
        let id = match queries.iter().position(|query| query.name == name) {
            Some(at) => queries.remove(at).id,
            None if queries.len() >= MOST => {
                return wrong("name", format!("{MOST} are kept already; delete one first"));
            }
            None => random_hex().map_err(|_| std::io::Error::other("no randomness"))?[..12].to_owned(),
        };
        let query = SavedQuery { id, name: name.to_owned(), sql: sql.to_owned(), saved_at: now };
        queries.push(query.clone());
        queries.sort_by(|a, b| a.name.cmp(&b.name));
        self.write(&queries)?;
        *known = queries;
        Ok(query)
    }

    /// Whether there was one. Blocking.
    pub fn remove(&self, id: &str) -> Result<bool, Unsaved> {
        let mut known = self.lock();
        let queries: Vec<SavedQuery> = known.iter().filter(|query| query.id != id).cloned().collect();
        let was_there = queries.len() < known.len();
        if was_there {
            self.write(&queries)?;
            *known = queries;
        }
        Ok(was_there)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SavedQuery>> {
        self.queries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The whole file or nothing, whenever the power goes.
    fn write(&self, queries: &[SavedQuery]) -> std::io::Result<()> {
        let entries: Vec<Entry> = queries.iter().map(entry).collect();
        write_whole(&self.file, &serde_json::to_vec_pretty(&entries)?)
    }
}

/// Writes a `.json` file whole or not at all, and on disk when this returns. Blocking.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = path.with_extension("json.new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn wrong<T>(parameter: &'static str, why: String) -> Result<T, Unsaved> {
    Err(Unsaved::Wrong(parameter, why))
}

fn entry(query: &SavedQuery) -> Entry {
    let SavedQuery { id, name, sql, saved_at } = query.clone();
    Entry { id, name, sql, saved_at: saved_at.nanos().cast_unsigned() }
}

fn read(bytes: &[u8]) -> serde_json::Result<Vec<SavedQuery>> {
    let entries: Vec<Entry> = serde_json::from_slice(bytes)?;
    let query =
        |Entry { id, name, sql, saved_at }| SavedQuery { id, name, sql, saved_at: Timestamp::from_nanos(saved_at) };
    Ok(entries.into_iter().take(MOST).map(query).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_there_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::from_millis(1_795_183_402_418);
        let saved = Saved::open(folder.path());
        let first = saved.save(" slow ones ", "SELECT 1", now).unwrap();
        let again = saved.save("slow ones", "SELECT 2", now).unwrap();
        saved.save("a", "SELECT 3", now).unwrap();
        assert_eq!((first.name.as_str(), &first.id), ("slow ones", &again.id));
        let reopened = Saved::open(folder.path());
        assert_eq!(reopened.list(), saved.list());
        assert_eq!(reopened.list().iter().map(|query| query.name.as_str()).collect::<Vec<_>>(), ["a", "slow ones"]);
        assert_eq!(reopened.list()[1], again);
        assert!(reopened.remove(&first.id).unwrap() && !reopened.remove(&first.id).unwrap());
        assert_eq!(Saved::open(folder.path()).list().len(), 1);
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let saved = Saved::open(folder.path());
        let refused = |name: &str, sql: &str| saved.save(name, sql, Timestamp::EPOCH).unwrap_err().to_string();
        assert!(refused(" ", "SELECT 1").contains("1 to 80"));
        assert!(refused("a\nb", "SELECT 1").contains("one line"));
        assert!(refused("a", " ").contains("bytes"));
        assert!(refused("a", &"x".repeat(LONGEST_SQL + 1)).contains("bytes"));
        for at in 0..MOST {
            saved.save(&at.to_string(), "SELECT 1", Timestamp::EPOCH).unwrap();
        }
        assert!(refused("one more", "SELECT 1").contains("200"));
        assert!(saved.save("7", "SELECT 2", Timestamp::EPOCH).is_ok(), "replacing needs no room");
    }

    #[test]
    fn a_damaged_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(NAME), "[{").unwrap();
        assert_eq!(Saved::open(folder.path()).list(), []);
        assert_eq!(std::fs::read(folder.path().join("queries.json.damaged")).unwrap(), b"[{");
    }
}
