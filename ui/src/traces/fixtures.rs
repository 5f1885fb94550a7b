//! Lists of traces made up for tests and for the gallery.

use coldlight_model::*;

/// 2026-11-20T14:05:00Z, the end of the range of every fixture.
const NOW: u64 = 1_795_183_500_000_000_000;
const MILLI: u64 = 1_000_000;
const MINUTE: u64 = 60_000_000_000;

fn trace(number: u64, before_ms: u64, root: (&str, &str), response_ms: u64, services: &[&str]) -> TraceSummary {
    let mut bytes = [0x5f; 16];
    bytes[8..].copy_from_slice(&(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1).to_be_bytes());
    TraceSummary {
        trace_id: TraceId::new(bytes).expect("not zero"),
        root_service: root.0.into(),
        root_platform: NodeKind::Lambda,
        root_name: root.1.into(),
        has_root: true,
        started_at: Timestamp::from_nanos(NOW - before_ms * MILLI),
        response: response_ms * MILLI,
        completed: response_ms * MILLI,
        spans: 1 + services.len() as u64 * 5,
        services: services.iter().map(|service| (*service).to_owned()).collect(),
        errors: 0,
        faults: 0,
        throttles: 0,
        cold: 0,
        cost: None,
        unpriced: 0,
    }
}

/// What all of it cost.
pub fn spent() -> Spent {
    let usd = |attos| money::Usd::from_attos(attos).unwrap_or_default();
    Spent {
        invocations: 1_204,
        cold: 31,
        requests: usd(240_800_000_000_000),
        own: usd(3_820_000_000_000_000),
        waiting: usd(2_110_000_000_000_000),
        init: usd(190_000_000_000_000),
        calls: usd(640_000_000_000_000),
        tasks: usd(49_370_000_000_000_000),
        ..Spent::default()
    }
}

/// Four traces, one of each sort.
pub fn few() -> TraceList {
    let mut checkout = trace(
        1,
        97_582,
        ("api-gw", "POST /checkout"),
        1_912,
        &["api-gw", "checkout-api", "pricing-svc", "order-worker", "notify-fn", "audit"],
    );
    (checkout.completed, checkout.spans, checkout.faults, checkout.throttles) = (2_842 * MILLI, 28, 2, 1);
    (checkout.cold, checkout.cost) = (1, money::Usd::from_attos(71_480_000_000_000));
    let mut missing = trace(2, 98_000, ("mailer", "send mail"), 0, &["mailer"]);
    (missing.has_root, missing.completed, missing.errors) = (false, 143 * MILLI, 3);
    let hostile = trace(
        3,
        99_000,
        ("<script>alert(1)</script>", "=cmd|'/c calc'!A1, \"quoted\""),
        12,
        &["<script>alert(1)</script>"],
    );
    let quick = trace(4, 100_000, ("api-gw", "GET /cart/{id}"), 8, &["api-gw", "cart"]);
    TraceList { traces: vec![checkout, missing, hostile, quick], next: None }
}

/// A full page, the same every time, and more behind it.
pub fn full() -> TraceList {
    let roots = [
        ("api-gw", "GET /cart/{id}", 38, &["api-gw", "cart", "cart-store"][..]),
        (
            "api-gw",
            "POST /checkout",
            1_420,
            &["api-gw", "checkout-api", "pricing-svc", "order-worker", "notify-fn", "audit"],
        ),
        ("search-web", "GET /search", 184, &["search-web", "search-index"]),
        ("order-worker", "process order-events", 505, &["order-worker"]),
        ("nightly-import", "import", 41_000, &["nightly-import", "checker"]),
        ("api-gw", "GET /products/{sku}", 62, &["api-gw", "catalogue", "pricing-svc"]),
    ];
    let one = |number: u64| {
        let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let (service, name, typical, services) = roots[(noise % 17 % 6) as usize];
        let mut one = trace(
            number + 10,
            number * 1_700 + noise % 900,
            (service, name),
            typical * (60 + noise % 130) / 100 + 1,
            services,
        );
        if services.len() > 3 {
            one.completed = one.response + (noise % 1_500) * MILLI;
        }
        match noise % 23 {
            1 => one.faults = 1 + noise % 3,
            2 | 3 => one.errors = 1,
            4 => one.throttles = 2,
            5 => (one.faults, one.throttles) = (2, 1),
            _ => {}
        }
        one
    };
    let traces: Vec<TraceSummary> = (0..100).map(one).collect();
    let next = traces.last().map(|last| Cursor { value: last.started_at.nanos(), trace_id: last.trace_id });
    TraceList { traces, next }
}

/// An hour by minutes with a bad quarter in it.
pub fn histogram() -> TraceHistogram {
    let bin = |at: u64| {
        let noise = (at + 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let is_bad = (34..48).contains(&at);
        TimeBin {
            from: Timestamp::from_nanos(NOW - (60 - at) * MINUTE),
            ok: 300 + noise + at * 2,
            errors: noise % 9,
            throttles: if is_bad { noise % 40 } else { 0 },
            faults: if is_bad { 30 + noise % 60 } else { u64::from(noise.is_multiple_of(11)) },
        }
    };
    TraceHistogram { bin_length: MINUTE, bins: (0..60).map(bin).collect(), ..TraceHistogram::default() }
}

pub fn services() -> Vec<ServiceSummary> {
    let names = [
        "api-gw",
        "checkout-api",
        "pricing-svc",
        "order-worker",
        "notify-fn",
        "audit",
        "cart",
        "cart-store",
        "search-web",
        "search-index",
        "nightly-import",
        "checker",
        "catalogue",
        "mailer",
    ];
    let of = |(at, name): (usize, &&str)| ServiceSummary {
        service: (*name).to_owned(),
        platform: NodeKind::Lambda,
        calls: 184_000 / (at as u64 * at as u64 + 1),
        errors: at as u64 * 3,
        faults: if at % 3 == 1 { 40 + at as u64 } else { 0 },
        throttles: 0,
        durations: DurationHistogram::default(),
    };
    names.iter().enumerate().map(of).collect()
}
