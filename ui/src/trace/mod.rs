//! The parts of the trace page, from pure arithmetic to what its templates arrange.
//!
//! - [`state`]: what the address says. [`key`]: a row's name in it.
//! - [`scene`]: a trace as this state sees it, worked out once for all that is asked of it ([`scenes`]); [`course`] is when its rows ran, [`shown`] decides which rows are drawn, [`fold`] which stand behind one, [`skew`] measures clocks,
//!   [`selftime`] who spent the time, [`ticks`] where the ruler's lines stand.
//! - [`view`]: the waterfall block: [`waterfall`] its rows, [`overview`] what stands above them; instead of rows [`flame`],
//!   [`map`], [`table`] or [`logbook`]. [`cause`]: the failure behind the root's.
//! - [`panel`]: the block beside it: [`attributes`], [`lines`] (events and logs), [`summary`] when nothing is selected,
//!   [`invocation`] what a function's run did and cost, [`cost`] what a whole trace cost.

pub mod attributes;
pub mod bar;
pub mod cause;
pub mod choices;
pub mod cost;
pub mod course;
pub mod critical;
#[cfg(test)]
pub mod fixtures;
pub mod flame;
pub mod fold;
pub mod invocation;
pub mod key;
pub mod lines;
pub mod logbook;
pub mod map;
pub mod open;
pub mod overview;
pub mod panel;
pub mod scene;
pub mod scenes;
pub mod selftime;
pub mod shown;
pub mod skew;
pub mod state;
#[cfg(test)]
mod state_tests;
pub mod summary;
pub mod table;
pub mod ticks;
pub mod view;
pub mod waterfall;
