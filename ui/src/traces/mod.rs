//! The parts of the list of traces: [`state`] what the address says, [`histogram`] the drawing above the table, [`table`] its
//! rows, [`export`] the same rows for programs. And of the same page as a heat map: [`heat`] the drawing, [`part`] what is
//! chosen of it, [`differences`] what is different there.

pub mod differences;
pub mod export;
#[cfg(test)]
pub mod fixtures;
pub mod heat;
pub mod histogram;
pub mod nothing;
pub mod part;
pub mod state;
pub mod table;
