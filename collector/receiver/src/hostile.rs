//! Strangers' bytes: whatever comes, there is an answer, and it takes bounded memory.
//!
//! Real requests are mutated and thrown, with random bytes, at everything that parses. Overflow checks are on, so arithmetic
//! that goes wrong shows here too.

use std::io::Read;

use coldlight_model::{Batch, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::intake::{Converted, decode_json, decode_protobuf};
use crate::refusal::Refusal;
use crate::signal::Signal;
use crate::wire::{mend, scan};

const BUDGET: usize = 8 << 20;

/// Requests of real SDKs, as recorded.
const FIXTURES: [(&str, &[u8]); 7] = [
    ("python-grpc-traces.pb.gz", include_bytes!("../tests/fixtures/python-grpc-traces.pb.gz")),
    ("js-traces.pb.gz", include_bytes!("../tests/fixtures/js-traces.pb.gz")),
    ("js-logs.pb.gz", include_bytes!("../tests/fixtures/js-logs.pb.gz")),
    ("js-metrics.pb.gz", include_bytes!("../tests/fixtures/js-metrics.pb.gz")),
    ("python-traces.json", include_bytes!("../tests/fixtures/python-traces.json")),
    ("js-traces.json", include_bytes!("../tests/fixtures/js-traces.json")),
    ("python-metrics.json", include_bytes!("../tests/fixtures/python-metrics.json")),
];

fn fixture(index: usize) -> (Signal, bool, Vec<u8>) {
    let (name, bytes) = FIXTURES[index];
    let signal = match name {
        name if name.contains("logs") => Signal::Logs,
        name if name.contains("metrics") => Signal::Metrics,
        _ => Signal::Traces,
    };
    let mut plain = Vec::new();
    if name.ends_with(".gz") {
        flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    } else {
        plain = bytes.to_vec();
    }
    (signal, name.ends_with(".json"), plain)
}

fn protobuf(signal: Signal, bytes: &[u8]) -> Result<Converted, Refusal> {
    let found = scan(bytes, signal.request(), BUDGET)
        .map_err(|_| Refusal::Malformed { place: String::new(), problem: String::new() })?;
    decode_protobuf(signal, bytes, found.needs_mending, || Timestamp::EPOCH)
}

/// Whatever was taken keeps to the limits that the store relies on.
fn check(batch: &Batch) {
    for span in &batch.spans {
        assert!((span.resource as usize) < batch.resources.len() && (span.scope as usize) < batch.scopes.len());
        assert!(span.attributes.len() <= 512 && span.events.len() <= 1024 && span.links.len() <= 1024);
        let mut json = String::new();
        span.attributes.push_json(&mut json);
        let mut depth = 0usize;
        let (mut in_text, mut escaped) = (false, false);
        for byte in json.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = !in_text,
                b'{' | b'[' if !in_text => depth += 1,
                b'}' | b']' if !in_text => depth -= 1,
                _ => {}
            }
            // The object of attributes itself, and sixteen levels within.
            assert!(depth <= 17);
        }
    }
}

/// One way to damage a request.
#[derive(Clone, Debug)]
enum Damage {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1u8..).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        2 => (any::<prop::sample::Index>(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        1 => any::<(prop::sample::Index, prop::sample::Index)>().prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn damaged(mut bytes: Vec<u8>, damages: &[Damage]) -> Vec<u8> {
    for damage in damages {
        let length = bytes.len().max(1);
        match damage {
            Damage::Flip(at, bits) => {
                if let Some(byte) = bytes.get_mut(at.index(length)) {
                    *byte ^= bits;
                }
            }
            Damage::Cut(at) => bytes.truncate(at.index(length)),
            Damage::Insert(at, inserted) => {
                let at = at.index(length).min(bytes.len());
                bytes.splice(at..at, inserted.iter().copied());
            }
            Damage::Repeat(from, to) => {
                let (from, to) = (from.index(length), to.index(length));
                let piece = bytes.get(from.min(to)..from.max(to)).unwrap_or_default().to_vec();
                bytes.extend(piece);
            }
        }
    }
    bytes
}

#[test]
fn recorded_requests_are_taken_whole() {
    for (index, (name, _)) in FIXTURES.iter().enumerate() {
        let (signal, is_json, bytes) = fixture(index);
        let converted = if is_json {
            decode_json(signal, &bytes, BUDGET, || Timestamp::EPOCH).unwrap().0
        } else {
            protobuf(signal, &bytes).unwrap()
        };
        check(&converted.batch);
        assert!(converted.tally.received > 0);
        assert_eq!(converted.tally.rejected(), 0);
        assert_eq!(converted.tally.message(signal), "", "{name}");
        for span in &converted.batch.spans {
            assert_eq!(span.oddities.names(), Vec::<&str>::new(), "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_protobuf_has_an_answer(index in 0..4usize, damages in vec(damage(), 1..6)) {
        let (signal, _, bytes) = fixture(index);
        let bytes = damaged(bytes, &damages);
        // What the walk takes, prost takes: nothing else would explain to the sender what is wrong.
        if let Ok(found) = scan(&bytes, signal.request(), BUDGET) {
            let converted = decode_protobuf(signal, &bytes, found.needs_mending, || Timestamp::EPOCH);
            if let Ok(converted) = converted {
                check(&converted.batch);
            }
            let mended = mend(&bytes, signal.request()).unwrap();
            prop_assert!(!scan(&mended, signal.request(), usize::MAX).unwrap().needs_mending);
        }
    }

    #[test]
    fn damaged_json_has_an_answer(index in 4..7usize, damages in vec(damage(), 1..6)) {
        let (signal, _, bytes) = fixture(index);
        if let Ok((converted, decoded)) = decode_json(signal, &damaged(bytes, &damages), BUDGET, || Timestamp::EPOCH) {
            prop_assert!(decoded <= BUDGET);
            check(&converted.batch);
        }
    }

    #[test]
    fn random_bytes_have_an_answer(bytes in vec(any::<u8>(), 0..400)) {
        for signal in Signal::ALL {
            if let Ok(converted) = protobuf(signal, &bytes) {
                check(&converted.batch);
            }
            let _ = mend(&bytes, signal.request());
            let _ = decode_json(signal, &bytes, BUDGET, || Timestamp::EPOCH);
        }
    }

    #[test]
    fn random_text_that_looks_like_json_has_an_answer(text in "[\\[\\]{}:,\"\\\\0-9enul.tfa -]{0,200}") {
        let json = format!("{{\"resourceSpans\":[{{\"scopeSpans\":{text}");
        for text in [&text, &json] {
            let _ = decode_json(Signal::Traces, text.as_bytes(), BUDGET, || Timestamp::EPOCH);
        }
    }

    #[test]
    fn small_random_messages_mean_the_same_mended_or_not(bytes in vec(any::<u8>(), 0..60)) {
        // Wrapped so that the bytes are a span's.
        let mut request = bytes;
        for tag in [0x12, 0x12, 0x0a] {
            let mut outer = vec![tag, request.len() as u8];
            outer.extend(request);
            request = outer;
        }
        if let Ok(found) = scan(&request, Signal::Traces.request(), BUDGET)
            && !found.needs_mending
        {
            let plain = decode_protobuf(Signal::Traces, &request, false, || Timestamp::EPOCH);
            let mended = decode_protobuf(Signal::Traces, &request, true, || Timestamp::EPOCH);
            match (plain, mended) {
                (Ok(plain), Ok(mended)) => prop_assert_eq!(format!("{plain:?}"), format!("{mended:?}")),
                (plain, mended) => prop_assert_eq!(plain.is_err(), mended.is_err()),
            }
        }
    }
}
