//! Other programs that this one is: Lambda's extension, and the examples. So `local` and `demo` need no file but this one.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use coldlight_extension::lambda::NAME;
use shop::Role;
use tempfile::TempDir;

use crate::failure::Failure;

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

/// Is one of the examples, named as its folder is, until that ends.
pub async fn example(words: &[String]) -> Result<(), Failure> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["checkout"] => checkout::run().await,
        ["order-worker"] => order_worker::run().await,
        ["report"] => report::run().await,
        ["text-to-speech"] => text_to_speech::run().await,
        ["thumbnail"] => thumbnail::run().await,
        ["shop", role] => match Role::named(role) {
            Some(role) => shop::serve(role).await.map_err(Into::into),
            None => return Err(Failure::WrongUse(format!("the shop has no {role}"))),
        },
        _ => return Err(Failure::WrongUse(format!("there is no example “{}”", words.join(" ")))),
    };
    outcome.map_err(|why| Failure::Failed(format!("{}: {why}", words.join(" "))))
}
