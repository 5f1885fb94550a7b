//! Functions on unmodified runtimes, run as Lambda runs them.

mod command_line;
mod lives;
mod runtimes;
mod sources;
mod surroundings;
