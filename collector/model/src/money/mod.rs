//! Money: what something cost, exactly, why, and with which price.
//!
//! Figures are whole numbers from end to end. Each component of a cost is rounded half up once, to 10⁻¹⁸ USD; what is above it
//! is an exact sum; twelve places only when shown. What has no known price is [`Unknown`] and never 0.
//!
//! Start at [`PriceBook`] for which price holds when, and at [`lambda`] for the arithmetic. `store` has the same
//! rules and the same arithmetic in SQL; both are held to the same examples (`tests/fixtures/cost`).
//!
//! Not here: where prices are kept, and what was invoked.

pub mod advice;
mod arithmetic;
mod book;
mod built_in;
mod cost;
mod date;
mod discount;
mod event;
pub mod lambda;
pub mod month;
mod price;
mod shares;
pub mod task;
mod usd;

pub use arithmetic::{NotDecimal, decimal, parse_decimal};
pub use book::{PriceBook, Subject};
pub use cost::{Cost, Part};
pub use date::{Date, NotDate};
pub use discount::{Discount, WHOLE_PPM};
pub use event::{Event, event_cost};
pub use price::{Architecture, InstanceSize, Layer, Price, Status, Unknown};
pub use shares::{Open, Shares, shares};
pub use usd::{Usd, apportion};

#[cfg(test)]
mod golden;
