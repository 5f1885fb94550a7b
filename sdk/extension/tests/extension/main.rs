//! The extension as Lambda starts it, between a function that sends spans and a collector that comes and goes.

mod endings;
mod last_words;
mod outages;
mod passage;
mod surroundings;
