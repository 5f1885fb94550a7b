//! What the pages about invocations share: [`state`] what their addresses say, [`row`] one invocation, [`cost`] its money and the
//! formula, [`groups`] tables of groups, [`figures`] the strip of numbers and the bars over time, [`strip`] inits as points,
//! [`course`] one function over time, [`cold`] where inits spend their time and who waits, [`export`] rows for programs.

pub mod cold;
pub mod cost;
pub mod course;
pub mod export;
pub mod figures;
pub mod groups;
pub mod row;
pub mod state;
pub mod strip;
