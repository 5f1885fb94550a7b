//! What the program does: also for one that plays this part among others.

use std::process::ExitCode;

use crate::lambda::NAME;
use crate::settings::Settings;
use crate::{clock, run};

/// Serves Lambda until the environment shuts down. Exit code 2: the environment is not Lambda's.
pub fn main() -> ExitCode {
    let started = clock::now();
    let settings = match Settings::read(|name| std::env::var(name).ok()) {
        Ok((settings, oddities)) => {
            oddities.iter().for_each(|oddity| eprintln!("{NAME}: {oddity}"));
            settings
        }
        Err(why) => {
            eprintln!("{NAME}: {why}");
            return ExitCode::from(2);
        }
    };
    // One thread: the function's processor time is the function's.
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = outcome.map(|runtime| runtime.block_on(run::run(settings, started)));
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(why)) => {
            eprintln!("{NAME}: {}", run::chain(&why));
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("{NAME}: {why}");
            ExitCode::FAILURE
        }
    }
}
