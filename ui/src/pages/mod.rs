//! One module per page. Each has `PATH`, a `State` that is read from the query string and written back to it, `page`, which
//! renders the whole page, and `fragment`, which renders one named block of it.

use askama::Template;

pub mod alerts;
pub mod cold_starts;
pub mod compare;
pub mod containers;
pub mod cost;
pub mod error;
pub mod function;
pub mod functions;
pub mod heat;
pub mod help;
pub mod invocation;
pub mod invocations;
pub mod live;
pub mod login;
pub mod map;
pub mod right_size;
pub mod settings;
pub mod sql;
pub mod start;
pub mod status;
pub mod trace;
pub mod traces;
pub mod waiting;
pub mod what_if;

/// Writing into a `String` cannot fail, and our `Display`s do not; should one ever, the page says so instead of ending short.
pub(crate) fn render(template: &impl Template) -> String {
    let failed = |error| format!("<!doctype html><title>coldlight</title><p>This page could not be written: {error}");
    template.render().unwrap_or_else(failed)
}

/// Names of functions for a choice, and whether each is the one. A name that cannot be shown as it is cannot be chosen either.
fn function_options(names: &[String], chosen: Option<&str>) -> Vec<(String, bool)> {
    let plain = names.iter().filter(|name| !name.is_empty() && crate::text::cut(name, 200) == **name);
    plain.map(|name| (name.clone(), chosen == Some(name))).collect()
}
