//! Another program that this one is: Lambda's extension. So `local` needs no file but this one.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use coldlight_extension::lambda::NAME;
use tempfile::TempDir;

/// Whether this process was started as the extension: by its name.
pub fn is_extension(program: Option<&OsString>) -> bool {
    program.is_some_and(|program| Path::new(program).file_name() == Some(OsStr::new(NAME)))
}

/// A file with the extension's name that leads to this program: by that name Lambda knows it. Dropped, it is gone.
pub struct Extension {
    folder: TempDir,
}

impl Extension {
    pub fn link() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("coldlight-extension-").tempdir()?;
        std::os::unix::fs::symlink(std::env::current_exe()?, folder.path().join(NAME))?;
        Ok(Self { folder })
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }
}
