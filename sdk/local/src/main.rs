//! `coldlight-local`: what `coldlight local` does, without the collector.

use std::process::ExitCode;

use clap::Parser;
use coldlight_local::LocalError;
use coldlight_local::cli::{self, LocalArgs, Outcome};

#[derive(Parser)]
#[command(name = "coldlight-local", version, max_term_width = 100)]
struct CommandLine {
    #[command(flatten)]
    local: LocalArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    let line = CommandLine::parse();
    match cli::run(line.local, cli::interrupted()).await {
        Ok(Outcome::Well) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::from(1),
        Err(why) => {
            eprintln!("coldlight-local: {why}");
            ExitCode::from(if matches!(why, LocalError::WrongUse(_) | LocalError::File { .. }) { 2 } else { 1 })
        }
    }
}
