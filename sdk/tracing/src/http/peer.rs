//! Who is behind an address, where whoever runs this says so.
//!
//! A call that is refused on its way (throttled by Lambda, turned away by a gateway) has no span on the other side, and its address
//! may tell nobody who was meant. `OTEL_INSTRUMENTATION_COMMON_PEER_SERVICE_MAPPING`, the variable of OpenTelemetry's instrumentation
//! for Java, names services: `10.0.7.12=prices,127.0.0.1:3000=checkout`.

use std::sync::LazyLock;

const NAME: &str = "OTEL_INSTRUMENTATION_COMMON_PEER_SERVICE_MAPPING";

static MAPPING: LazyLock<Vec<(String, String)>> = LazyLock::new(|| parse(&std::env::var(NAME).unwrap_or_default()));

/// The service that `HOST[:PORT]` stands for.
pub(super) fn service(authority: &str) -> Option<&'static str> {
    find(&MAPPING, authority)
}

fn parse(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(address, name)| (address.trim().to_ascii_lowercase(), name.trim().to_owned()));
    pairs.filter(|(address, name)| !address.is_empty() && !name.is_empty()).collect()
}

/// An address with a port is meant more than one without.
fn find<'a>(mapping: &'a [(String, String)], authority: &str) -> Option<&'a str> {
    let authority = authority.rsplit('@').next().unwrap_or(authority).to_ascii_lowercase();
    let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
    let named = |wanted: &str| mapping.iter().find(|(address, _)| address == wanted);
    named(&authority).or_else(|| named(host)).map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(authority: &str, service: Option<&str>) {
        let mapping = parse("10.0.7.12=prices, Shop.example = shop,10.0.7.12:3000=checkout,=x,y=,z");
        assert_eq!(find(&mapping, authority), service);
    }

    #[test]
    fn addresses_are_named_with_their_port_or_without() {
        check("10.0.7.12", Some("prices"));
        check("10.0.7.12:8080", Some("prices"));
        check("10.0.7.12:3000", Some("checkout"));
        check("user:secret@shop.example:443", Some("shop"));
        check("SHOP.example", Some("shop"));
        check("10.0.7.1", None);
        check("y", None);
        check("z", None);
    }
}
