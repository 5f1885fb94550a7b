//! The parts of the list of traces: [`state`] what the address says, [`histogram`] the drawing above the table, [`table`] its
//! rows, [`export`] the same rows for programs.

pub mod export;
#[cfg(test)]
pub mod fixtures;
pub mod histogram;
pub mod state;
pub mod table;
