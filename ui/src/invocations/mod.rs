//! What the pages about invocations share: [`state`] what their addresses say, [`row`] one invocation, [`cost`] its money and the
//! formula, [`groups`] tables of groups, [`figures`] the strip of numbers and the bars over time, [`strip`] inits as points,
//! [`export`] rows for programs.

pub mod cost;
pub mod export;
pub mod figures;
pub mod groups;
pub mod row;
pub mod state;
pub mod strip;
