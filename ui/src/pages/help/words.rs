//! The words of the filter line, by example. Each example is read by the filter itself in a test, so none of them is wrong.

/// An example, what it asks, and of what: spans, invocations or both.
pub(super) const WORDS: [(&str, &str, &str); 30] = [
    ("service:checkout-api", "of this service", "both"),
    ("service:check*", "of services whose name begins so", "both"),
    ("-service:checkout-api", "of any other service: a dash negates every word", "both"),
    ("\"card declined\"", "with this text in a name, a message or an error", "both"),
    ("dur>500ms", "that took longer; <, <=, > and >= with a unit: ns, us, ms, s, m, h", "both"),
    ("trigger:http", "that this kind of event began: http, pubsub, datasource, timer", "both"),
    ("name:\"GET /orders/{id}\"", "with this name", "spans"),
    ("kind:server", "of this kind: server, client, producer, consumer, internal", "spans"),
    ("status:fault", "that ended so: ok, error (4xx), throttle (429), fault (5xx, crash, timeout)", "spans"),
    ("root:true", "that has no parent: where a trace begins", "spans"),
    ("http:503", "that answered with this HTTP status", "spans"),
    ("attr.order.id:42", "with this attribute, of the span or of what sent it", "spans"),
    ("attr.items>=10", "with an attribute that is a number of this size", "spans"),
    ("function:checkout", "of this function", "both"),
    ("version:42", "of this version of its function", "both"),
    ("runtime:nodejs22.x", "in this runtime", "both"),
    ("region:eu-west-1", "in this region", "both"),
    ("environment:production", "in this deployment environment", "both"),
    ("route:/orders/*", "on this route", "both"),
    ("tenant:acme", "for this tenant", "both"),
    ("request:6f7f0961*", "with this request id", "both"),
    ("outcome:timeout", "that ended so: ok, error, timeout, oom", "both"),
    ("cold:true", "that began in a new environment", "both"),
    ("cold:waited", "that somebody waited for: felt, suppressed or restored", "both"),
    ("cold:felt", "that began so; the words are below", "both"),
    ("init>300ms", "whose init or restore took longer", "both"),
    ("billed>1s", "that are billed for longer", "both"),
    ("cost>$0.00001", "that cost more, at list price", "both"),
    ("mem>90%", "that used more of their memory", "both"),
    ("state:reported", "whose cost comes from there; the words are below", "both"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::Filter;

    #[test]
    fn every_field_has_an_example() {
        for field in coldlight_model::filter::fields() {
            let begins = |word: &str| word.strip_prefix(field).is_some_and(|rest| rest.starts_with([':', '<', '>']));
            assert!(WORDS.iter().any(|(example, ..)| begins(example)), "{field}");
        }
    }

    #[test]
    fn every_example_is_understood_by_what_it_speaks_of() {
        for (example, _, of) in WORDS {
            for (filter, who) in [(Filter::parse(example), "spans"), (Filter::of_invocations(example), "invocations")] {
                if of == who || of == "both" {
                    assert_eq!(filter.problems, [], "{example}");
                    assert_eq!(filter.conditions.len(), 1, "{example}");
                }
            }
        }
    }
}
