//! What to write instead, behind the database's own words about a mistake.

use super::functions;

/// `message` with what would work, where we know it.
pub(crate) fn with_hint(message: String) -> String {
    match hint(&message) {
        Some(hint) => format!("{}\n\nHere: {hint}", message.trim_end()),
        None => message,
    }
}

fn hint(message: &str) -> Option<String> {
    let has = |text: &str| message.contains(text);
    if has("TIMESTAMP WITH TIME ZONE") || has("TIMESTAMPTZ") || has("icu") {
        return Some(
            "times have no zone and are in UTC: write TIMESTAMP '2026-01-31 12:00', or cast to one (…::TIMESTAMP) before comparing \
             or calculating; AT TIME ZONE 'Europe/Berlin' gives the time there"
                .to_owned(),
        );
    }
    if has("lambda arrow") {
        return Some(
            "a lambda is written lambda x: x + 1, as in list_filter(events, lambda e: e.name = 'exception')".to_owned(),
        );
    }
    if has("\"today\"") || has("\"now\"") || has("\"yesterday\"") {
        return Some("today(), now() and today() - 1 are written with brackets".to_owned());
    }
    if has("'-(TIMESTAMP") || has("'+(TIMESTAMP") || has("\"-(TIMESTAMP") || has("\"+(TIMESTAMP") {
        return Some(
            "to a time an interval is added: now() - INTERVAL 1 DAY; two times give one: now() - started_at".to_owned(),
        );
    }
    if has("Out of Memory") || has("failed to allocate") || has("failed to offload") {
        return Some("ask for less: a shorter time range, fewer groups, or LIMIT".to_owned());
    }
    let name = message.split("Scalar Function with name ").nth(1)?.split_whitespace().next()?;
    functions::instead(name.trim_matches('"')).map(str::to_owned)
}
