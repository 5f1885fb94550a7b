//! `coldlight local`: Lambda functions on this machine. All of it is `coldlight-local`'s; here are its signals and exit codes.

use std::path::Path;

use coldlight_local::LocalError;
use coldlight_local::cli::{self, LocalArgs, Outcome};

use crate::failure::{Failure, chain};
use crate::parts::Extension;
use crate::signals::Signals;

/// Ends by itself when all events were answered, else with a signal.
pub async fn run(mut arguments: LocalArgs) -> Result<(), Failure> {
    // Held to the end: `--extension coldlight` is this program when the extension is not installed by itself.
    let own = if cli::installed_extension().is_none() { Extension::link().ok() } else { None };
    if let Some(own) = &own {
        let ours = arguments.extensions.iter_mut().filter(|path| path.as_path() == Path::new("coldlight"));
        ours.for_each(|path| *path = own.file());
    }
    let mut signals = Signals::listen()?;
    let stop = async move { signals.next().await };
    match cli::run(arguments, stop).await {
        Ok(Outcome::Well) => Ok(()),
        Ok(Outcome::Failed) => Err(Failure::Failed("a function failed".to_owned())),
        Err(why @ (LocalError::WrongUse(_) | LocalError::File { .. })) => Err(Failure::WrongUse(chain(&why))),
        Err(why) => Err(Failure::Failed(chain(&why))),
    }
}
