//! A copy of saved searches and alerts beside the database: a small file, written whole after every change.
//!
//! They live in the database, which may be put aside when it is damaged, at the start or in the midst of work; the journal gives back telemetry
//! and nothing that people wrote. So a new database is given what the copy holds. What is removed by hand is removed from the copy, too, and does not come back.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;

use coldlight_model::{Alert, AlertOf, SavedSearch, SearchPage, Signal, Timestamp};
use coldlight_store::StoreError;
use serde::{Deserialize, Serialize};

use super::Site;
use super::saved::write_whole;
use crate::clock;
use crate::failure::chain;

const NAME: &str = "watched.json";

/// Where the copy lies.
#[derive(Clone, Default)]
pub struct CopyFile(PathBuf);

/// What people wrote.
#[derive(Clone, Debug, Default, PartialEq)]
struct Written {
    searches: Vec<SavedSearch>,
    alerts: Vec<Alert>,
}

#[derive(Default, Serialize, Deserialize)]
struct Entries {
    searches: Vec<SearchEntry>,
    alerts: Vec<AlertEntry>,
}

#[derive(Serialize, Deserialize)]
struct SearchEntry {
    id: String,
    name: String,
    page: String,
    filter: String,
    query: String,
    /// Nanoseconds since 1970, here and below.
    created_at: u64,
}

#[derive(Serialize, Deserialize)]
struct AlertEntry {
    id: String,
    name: String,
    of: String,
    filter: String,
    signal: String,
    window: u64,
    /// In digits: JSON's numbers do not hold all of them.
    above: String,
    clear: String,
    hold: u64,
    created_at: u64,
}

impl CopyFile {
    pub fn in_folder(data: &Path) -> Self {
        Self(data.join(NAME))
    }

    /// `None` when there is no copy that can be read; one that cannot is put aside.
    fn read(&self) -> Option<Written> {
        let bytes = std::fs::read(&self.0).ok()?;
        match serde_json::from_slice(&bytes) {
            Ok(entries) => Some(from_entries(entries)),
            Err(error) => {
                let aside = self.0.with_extension("json.damaged");
                tracing::error!(%error, kept = %aside.display(), "the copy of searches and alerts cannot be read and is put aside");
                let _ = std::fs::rename(&self.0, &aside);
                None
            }
        }
    }

    /// Blocking.
    fn write(&self, written: &Written) -> std::io::Result<()> {
        write_whole(&self.0, &serde_json::to_vec_pretty(&to_entries(written))?)
    }
}

impl Site {
    async fn written(&self) -> Result<Written, StoreError> {
        let alerts = self.store.alerts().await?.into_iter().map(|one| one.alert).collect();
        Ok(Written { searches: self.store.saved_searches().await?, alerts })
    }

    /// Writes the copy anew, after a search or an alert was kept or removed. The change itself is kept already, so that it is not undone when
    /// there is no copy of it; the log says why.
    pub async fn copy_what_is_written(&self) {
        let copied = match self.is_put_aside() {
            true => self.take_back_what_was_written().await,
            false => self.write_copy().await,
        };
        if let Err(error) = copied {
            tracing::warn!(error = chain(&error), "searches and alerts are not copied");
        }
    }

    async fn write_copy(&self) -> Result<(), StoreError> {
        let written = self.written().await?;
        let copy = self.copy.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || copy.write(&written)).await {
            tracing::warn!(%error, "searches and alerts are not copied");
        }
        Ok(())
    }

    /// Whether files of the store were put aside since the copy was last given back.
    pub fn is_put_aside(&self) -> bool {
        self.store.put_aside() > self.put_aside.load(Relaxed)
    }

    /// Gives a database that took the place of one that was put aside, or that holds neither searches nor alerts, what the copy has and it
    /// has not; then both are the same.
    pub async fn take_back_what_was_written(&self) -> Result<(), StoreError> {
        let aside = self.store.put_aside();
        let written = self.written().await?;
        let copy = self.copy.clone();
        let Ok(copied) = tokio::task::spawn_blocking(move || copy.read()).await else { return Ok(()) };
        if aside > self.put_aside.load(Relaxed) || written == Written::default() {
            self.give_back(&written, copied.clone().unwrap_or_default()).await?;
            self.read_searches().await?;
        }
        self.put_aside.store(aside, Relaxed);
        let written = self.written().await?;
        if copied.unwrap_or_default() != written {
            self.write_copy().await?;
        }
        Ok(())
    }

    async fn give_back(&self, written: &Written, copied: Written) -> Result<(), StoreError> {
        let is_lost = |one: &SavedSearch| !written.searches.iter().any(|known| known.id == one.id);
        let searches: Vec<_> = copied.searches.into_iter().filter(is_lost).collect();
        let is_lost = |one: &Alert| !written.alerts.iter().any(|known| known.id == one.id);
        let alerts: Vec<_> = copied.alerts.into_iter().filter(is_lost).collect();
        if !(searches.is_empty() && alerts.is_empty()) {
            tracing::info!(searches = searches.len(), alerts = alerts.len(), "given back to a new database");
        }
        for search in searches {
            self.store.save_search(search).await?;
        }
        for alert in alerts {
            self.store.add_alert(alert, clock::now()).await?;
        }
        Ok(())
    }
}

fn to_entries(written: &Written) -> Entries {
    let search = |one: &SavedSearch| SearchEntry {
        id: one.id.clone(),
        name: one.name.clone(),
        page: one.page.name().to_owned(),
        filter: one.filter.clone(),
        query: one.query.clone(),
        created_at: one.created_at.nanos().cast_unsigned(),
    };
    let alert = |one: &Alert| AlertEntry {
        id: one.id.clone(),
        name: one.name.clone(),
        of: one.of.name().to_owned(),
        filter: one.filter.clone(),
        signal: one.signal.name().to_owned(),
        window: one.window,
        above: one.above.to_string(),
        clear: one.clear.to_string(),
        hold: one.hold,
        created_at: one.created_at.nanos().cast_unsigned(),
    };
    Entries {
        searches: written.searches.iter().map(search).collect(),
        alerts: written.alerts.iter().map(alert).collect(),
    }
}

/// What this program does not know is left out: a newer one may have written it.
fn from_entries(entries: Entries) -> Written {
    let search = |one: SearchEntry| {
        Some(SavedSearch {
            page: SearchPage::from_name(&one.page)?,
            id: one.id,
            name: one.name,
            filter: one.filter,
            query: one.query,
            created_at: Timestamp::from_nanos(one.created_at),
        })
    };
    let alert = |one: AlertEntry| {
        Some(Alert {
            of: AlertOf::from_name(&one.of)?,
            signal: Signal::from_name(&one.signal)?,
            above: one.above.parse().ok()?,
            clear: one.clear.parse().ok()?,
            id: one.id,
            name: one.name,
            filter: one.filter,
            window: one.window,
            hold: one.hold,
            created_at: Timestamp::from_nanos(one.created_at),
        })
    };
    Written {
        searches: entries.searches.into_iter().filter_map(search).take(SavedSearch::MOST).collect(),
        alerts: entries.alerts.into_iter().filter_map(alert).take(Alert::MOST).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_reads_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let copy = CopyFile::in_folder(folder.path());
        assert_eq!(copy.read(), None);
        let created_at = Timestamp::from_millis(1_795_183_402_418);
        let search = SavedSearch {
            id: "5f".repeat(16),
            name: "slow <ones>".to_owned(),
            page: SearchPage::Traces,
            filter: "dur>1s".to_owned(),
            query: "range=1h".to_owned(),
            created_at,
        };
        let alert =
            Alert { id: "6a".repeat(16), name: "dear".to_owned(), above: i128::MAX, created_at, ..Alert::default() };
        let written = Written { searches: vec![search], alerts: vec![alert] };
        copy.write(&written).unwrap();
        assert_eq!(copy.read(), Some(written));
        std::fs::write(&copy.0, "{").unwrap();
        assert_eq!(copy.read(), None);
        assert!(folder.path().join("watched.json.damaged").exists());
    }
}
