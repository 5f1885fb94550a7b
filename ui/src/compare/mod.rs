//! Two traces side by side. [`align`] is the arithmetic, [`state`] what the address says, [`table`] the rows as drawn.

pub mod align;
pub mod state;
pub mod table;
