//! Questions about cost that are answered as they stand. Each is a file whose first line is the question in plain words; tests run all of
//! them on known data, and a benchmark on a million invocations.

use coldlight_model::Example;

macro_rules! examples {
    ($($name:literal)*) => {
        &[$(Example { name: $name, text: include_str!(concat!("examples/", $name, ".sql")) }),*]
    };
}

/// All of them, those asked most first.
pub const EXAMPLES: &[Example] = examples! {
    "cost-by-service"
    "cost-by-day"
    "dearest-functions"
    "cost-by-version"
    "cost-jumps"
    "month-ahead"
    "cost-of-a-route"
    "dearest-requests"
    "cost-by-tenant"
    "cost-by-attribute"
    "cost-by-anything"
    "paid-for-waiting"
    "cold-starts"
    "cold-starts-by-runtime"
    "failures"
    "retries"
    "extensions"
    "cost-per-record"
    "spread-of-cost"
    "cost-by-hour"
    "environments"
    "on-arm64"
    "memory-headroom"
    "lambda-or-fargate"
    "reported-or-estimated"
    "without-a-price"
    "price-list"
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_is_listed_once_and_says_what_it_asks() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sql/examples");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".sql").to_owned())
            .collect();
        assert_eq!(files, EXAMPLES.iter().map(|example| example.name.to_owned()).collect());
        for example in EXAMPLES {
            assert!(example.text.starts_with("-- ") && example.title().ends_with('?'), "{}", example.name);
        }
    }
}
