//! The program `coldlight`: receives spans, keeps them, shows them.
//!
//! This crate wires the rooms together; what they do is theirs.
//!
//! - [`settings`]: flags, environment, file.
//! - [`program`]: what is started and how it is stopped; [`listeners`], [`web`], [`signals`] and [`place`] help.
//! - [`access`]: who may do what.
//! - [`alerts`]: what must not be, looked at and told of.
//! - [`site`]: what every request can ask; [`routes`]: the pages; [`api`]: JSON and SQL for programs.
//! - [`demo`], [`sql`], [`prices`], [`check`], [`local`]: the other commands; [`parts`]: what else this program is.
//!
//! Not here: OTLP (`coldlight-receiver`), DuckDB and the journal (`coldlight-store`), markup (`coldlight-ui`).

mod access;
mod alerts;
mod answer;
mod api;
mod check;
mod client;
mod clock;
mod demo;
mod failure;
mod listeners;
mod local;
mod log;
mod machine;
mod metrics;
mod parts;
mod place;
mod prices;
mod program;
mod routes;
mod settings;
mod signals;
mod site;
mod sql;
mod upload;
mod web;
mod wrong;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use failure::Failure;
use program::{Program, Signals};
use settings::{Command, CommandLine, File, ServeArgs, Settings};

/// Runs the command line `arguments` (the program's name first) and answers the exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if parts::is_extension(arguments.first()) {
        return coldlight_extension::program::main();
    }
    let arguments = settings::with_default_command(arguments);
    let line = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line,
        Err(error) => {
            // Help and version are answers: they go to standard output and end well.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    if matches!(line.command, Command::SqlChild) {
        return coldlight_store::sql_child();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(run(line.command));
            // A query that does not heed its interrupt must not keep the process.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::because("cannot start", &error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("coldlight: {failure}");
            failure.exit_code()
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => serve(*arguments).await,
        Command::Demo(arguments) => demo::run(*arguments).await,
        Command::Sql(arguments) => sql::run(*arguments).await,
        Command::Prices(arguments) => prices::run(*arguments).await,
        Command::Check(arguments) => check::run(arguments).await,
        Command::Local(arguments) => local::run(*arguments).await,
        Command::SqlChild => Ok(()),
        Command::Example { words } => parts::example(&words).await,
    }
}

async fn serve(arguments: ServeArgs) -> Result<(), Failure> {
    let file = File::read(arguments.place.config.as_deref())?;
    let settings = Settings::decide(arguments, file)?;
    log::start(&settings.log)?;
    settings::warn_of_unknown_variables();
    let mut signals = Signals::listen()?;
    let program = start(&settings, &mut signals).await?;
    program.announce();
    program.run_until(&mut signals, std::future::ready(())).await
}

/// Starts the program; a signal meanwhile ends it, for nothing is in flight yet.
async fn start(settings: &Settings, signals: &mut Signals) -> Result<Program, Failure> {
    tokio::select! {
        program = Program::start(settings) => program,
        () = signals.next() => Err(Failure::Failed("stopped while starting; nothing is lost".to_owned())),
    }
}
