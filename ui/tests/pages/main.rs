//! The pages as wholes, rendered from the gallery's answers.

#[path = "../../examples/gallery/fixtures/mod.rs"]
mod fixtures;

mod advice_pages;
mod compare_page;
mod containers_page;
mod cost_page;
mod heat_page;
mod house_rules;
mod invocation_pages;
mod live_pages;
mod map_page;
mod money;
mod piece;
mod small_pages;
mod sql_page;
mod text_of;
mod trace_page;
mod traces_page;
mod waiting_page;
