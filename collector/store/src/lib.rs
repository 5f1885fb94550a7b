//! Keeps what the receiver admitted, and answers questions about it.
//!
//! A batch is synced to the [`journal`] before it is acknowledged; one writer turns journal records into rows of an
//! embedded DuckDB; many readers ask. Start reading at `writer.rs`.
//!
//! **Invariants:** acknowledged means on disk; a record becomes rows once; the database file is open at most once.
//!
//! Not here: OTLP, HTTP, pages.

mod alerts;
mod ask;
mod bloom;
mod check;
mod commit;
mod costs;
mod counts;
mod crowd;
mod engine;
mod error;
mod handed;
mod hours;
mod invoke;
pub mod journal;
mod lock;
#[doc(hidden)]
pub mod measure;
mod part;
mod prices;
mod progress;
mod quarantine;
mod queries;
mod ranges;
mod reach;
mod recent;
mod renewal;
mod repeats;
mod roll;
mod rows;
mod schema;
mod searches;
mod settings;
mod span_blocks;
mod sql;
mod store;
mod threads;
mod turns;
mod upkeep;
mod writer;

pub use alerts::{AlertAndStanding, Change};
pub use check::{Checked, check};
pub use error::StoreError;
pub use prices::{PriceStoreError, Recorded, Recording, prices_of_stopped, record_in_stopped};
pub use queries::{CarriedByEdge, InvocationSearch, LiveSearch, Located, SpendingSearch, TraceMark, TraceSearch};
pub use settings::Settings;
pub use sql::{
    ApartSettings, EXAMPLES, File, FileForm, Question, SqlError, ask_stopped, ask_stopped_for_file, dictionary,
    sql_child,
};
pub use store::Store;
