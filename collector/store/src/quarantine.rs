//! Damaged files are put aside under `quarantine/`, never deleted.

use std::path::Path;

use coldlight_model::Timestamp;

use crate::error::StoreError;

/// Moves `name` out of `data` into its quarantine, if it is there. Returns the new name, relative to `data`.
pub(crate) fn put_aside(data: &Path, name: &str, now: Timestamp) -> Result<Option<String>, StoreError> {
    let from = data.join(name);
    if !from.exists() {
        return Ok(None);
    }
    let folder = data.join("quarantine");
    let moved = format!("quarantine/{}-{name}", now.nanos());
    let to = data.join(&moved);
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::rename(&from, &to))
        .map_err(|source| StoreError::File { path: from, source })?;
    tracing::error!(file = %to.display(), "damaged file put aside");
    Ok(Some(moved))
}
