//! The pages: model values in, HTML out.
//!
//! A page is a pure function: the same answers, state, shell and *now* give the same bytes. It knows its own URLs and how
//! things look; it asks nobody. The server gets the answers from the store and hands them over.
//!
//! - [`pages`]: one module per page, each with its path, its state (read from the query string) and its rendering.
//! - [`shell`]: what every page shares (theme, zone, addresses) and the frame around each page.
//! - [`assets`]: stylesheet, scripts and icons under immutable addresses.
//! - [`layout`]: where the nodes of the service map stand.
//!
//! Not here: the clock, sockets, SQL, OTLP.

pub mod alerts;
pub mod assets;
pub mod chart;
pub mod compare;
pub mod filter_bar;
pub mod format;
pub mod formula;
mod hash;
pub mod icon;
pub mod invocations;
pub mod layout;
pub mod map;
pub mod moment;
pub mod pages;
pub mod palette;
pub mod query;
pub mod range;
pub mod shell;
pub mod text;
pub mod trace;
pub mod traces;

pub use moment::Zone;
pub use shell::{Shell, Theme};
