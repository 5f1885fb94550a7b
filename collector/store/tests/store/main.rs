//! The store through its public surface: what is kept comes back, once, whatever happened in between.

mod attributes;
mod beyond_free;
mod call_costs;
mod containers;
mod courses;
mod crash;
mod differences;
mod edge_costs;
mod examples;
mod invocation_answers;
mod invocations;
mod keeping;
mod long_traces;
mod made;
mod map;
mod places;
mod prices;
mod questions;
mod row_groups;
mod search;
mod spending;
mod sql_budget;
mod sql_clock;
