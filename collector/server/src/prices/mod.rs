//! `coldlight prices`: which prices are known, what something costs by them, and how others become known.
//!
//! A stopped store is read and written here; a running one is asked over its API (`api::prices`). Without any data the prices in
//! the program answer.
//!
//! Not here: the arithmetic (`model::money`), and which price holds when.

mod arguments;
mod book;
pub mod document;
mod import;
mod quote;
mod set;
mod show;

pub use arguments::PricesArgs;

use std::io::Write;

use arguments::PricesCommand;
use coldlight_model::money::Date;

use crate::clock;
use crate::failure::Failure;

pub async fn run(arguments: PricesArgs) -> Result<(), Failure> {
    let today = Date::of(clock::now());
    match arguments.command {
        PricesCommand::Show(arguments) => show::run(*arguments, today).await,
        PricesCommand::Quote(arguments) => quote::run(*arguments, today).await,
        PricesCommand::Import(arguments) => import::run(*arguments).await,
        PricesCommand::Set(arguments) => set::run(*arguments, today).await,
    }
}

/// Writes an answer; a reader like `head` may have had enough.
fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
