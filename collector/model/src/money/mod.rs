//! Money: exact amounts, and which price held where and when.
//!
//! Figures are whole numbers from end to end; what has no known price is [`Unknown`] and never 0.

mod arithmetic;
mod book;
mod built_in;
mod date;
mod price;
mod usd;

pub use arithmetic::{NotDecimal, decimal, parse_decimal};
pub use book::{PriceBook, Subject};
pub use date::{Date, NotDate};
pub use price::{Architecture, InstanceSize, Layer, Price, Status, Unknown};
pub use usd::{Usd, apportion};
