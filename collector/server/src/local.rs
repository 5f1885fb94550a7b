//! `coldlight local`: Lambda functions on this machine. All of it is `coldlight-local`'s; here are its signals and exit codes.

use coldlight_local::LocalError;
use coldlight_local::cli::{self, LocalArgs, Outcome};

use crate::failure::{Failure, chain};
use crate::signals::Signals;

/// Ends by itself when all events were answered, else with a signal.
pub async fn run(arguments: LocalArgs) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let stop = async move { signals.next().await };
    match cli::run(arguments, stop).await {
        Ok(Outcome::Well) => Ok(()),
        Ok(Outcome::Failed) => Err(Failure::Failed("a function failed".to_owned())),
        Err(why @ (LocalError::WrongUse(_) | LocalError::File { .. })) => Err(Failure::WrongUse(chain(&why))),
        Err(why) => Err(Failure::Failed(chain(&why))),
    }
}
