//! One process per data directory: an advisory lock on `coldlight.lock`, beside DuckDB's own.
//!
//! DuckDB's POSIX lock is lost when any code of the process opens and closes the database file; this one is not, for
//! nothing else touches its file.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use crate::error::StoreError;

/// Held for as long as the data is ours.
#[derive(Debug)]
pub(crate) struct DataLock {
    _file: File,
}

/// Takes the lock of `data`, or says who holds it.
pub(crate) fn take(data: &Path) -> Result<DataLock, StoreError> {
    let path = data.join("coldlight.lock");
    let failed = |source| StoreError::File { path: path.clone(), source };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            return Err(StoreError::InUse { data: data.to_owned(), holder: holder.trim().to_owned() });
        }
        Err(errno) => return Err(failed(errno.into())),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
    Ok(DataLock { _file: file })
}
