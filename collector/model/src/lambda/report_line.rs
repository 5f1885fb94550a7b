//! The platform's lines in a function's log, in text.
//!
//! Fields stand between tabs as `label: value`, in any order; labels of later times are passed over.

use super::platform::{PlatformKind, PlatformRecord, trace_id_of_root};
use crate::SpanId;

/// What `line` says; `None` when it is none of the platform's.
pub(super) fn read(line: &str) -> Option<PlatformRecord> {
    let line = line.trim_end();
    let (kind, rest) = [
        ("REPORT RequestId: ", PlatformKind::Report),
        ("START RequestId: ", PlatformKind::Start),
        ("INIT_REPORT ", PlatformKind::InitReport),
        ("INIT_START ", PlatformKind::InitStart),
        ("RESTORE_REPORT ", PlatformKind::RestoreReport),
        ("RESTORE_START ", PlatformKind::RestoreStart),
    ]
    .iter()
    .find_map(|(begins, kind)| Some((*kind, line.strip_prefix(begins)?)))
    .or_else(|| line.contains(" Task timed out after ").then_some((PlatformKind::TimedOut, line)))?;
    let mut found = PlatformRecord::new(kind);
    match kind {
        PlatformKind::Report => {
            let (id, rest) = rest.split_once('\t').unwrap_or((rest, ""));
            found.invocation_id = request_id(id);
            fields(rest, &mut found);
        }
        PlatformKind::Start => {
            let (id, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            found.invocation_id = request_id(id);
            found.version = rest.strip_prefix("Version: ").map(|version| version.trim().to_owned());
        }
        // `2026-03-01T10:00:03.000Z 6f7f0961-… Task timed out after 3.00 seconds`
        PlatformKind::TimedOut => {
            let mut words = rest.split(' ');
            let (_time, id, what) = (words.next()?, words.next()?, words.next()?);
            found.invocation_id = request_id(id).filter(|_| what == "Task");
            found.status = Some("timeout".to_owned());
        }
        _ => fields(rest, &mut found),
    }
    // Without an id these would be a function's own words that begin alike.
    let needs_id = matches!(kind, PlatformKind::Report | PlatformKind::Start | PlatformKind::TimedOut);
    (!needs_id || found.invocation_id.is_some()).then_some(found)
}

/// A request id is a UUID.
fn request_id(text: &str) -> Option<String> {
    let id = text.trim();
    let is_one = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_one.then(|| id.to_owned())
}

fn fields(rest: &str, found: &mut PlatformRecord) {
    for field in rest.split(['\t', '\n']) {
        let Some((label, value)) = field.split_once(": ") else { continue };
        let value = value.trim();
        match label.trim() {
            "Duration" => found.duration_ns = ms(value),
            "Billed Duration" => found.billed_ms = whole(value, "ms"),
            "Memory Size" => found.memory_mb = whole(value, "MB"),
            "Max Memory Used" => found.max_memory_mb = whole(value, "MB"),
            // Of a report the init before it; of an init report its own length.
            "Init Duration" if found.kind == PlatformKind::InitReport => found.duration_ns = ms(value),
            "Init Duration" => found.init_ns = ms(value),
            "Restore Duration" if found.kind == PlatformKind::RestoreReport => found.duration_ns = ms(value),
            "Restore Duration" => found.restore_ns = ms(value),
            "Billed Restore Duration" => found.billed_restore_ms = whole(value, "ms"),
            "Status" => found.status = Some(value.to_lowercase()),
            "Error Type" => found.error_type = Some(value.to_owned()),
            "Phase" => found.phase = Some(value.to_lowercase()),
            "XRAY TraceId" => found.trace_id = trace_id_of_root(value),
            "SegmentId" => found.span_id = SpanId::from_hex(value),
            _ => {}
        }
    }
}

fn whole(value: &str, unit: &str) -> Option<u64> {
    value.strip_suffix(unit)?.trim().parse().ok()
}

/// `130.10 ms`, exactly: no binary fraction in between.
fn ms(value: &str) -> Option<u64> {
    let text = value.strip_suffix("ms")?.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let whole: u64 = whole.parse().ok().filter(|ms| *ms <= 32_000_000_000)?;
    Some(whole * 1_000_000 + fraction.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f7f0961-0000-4000-8000-000000000001";

    #[test]
    fn a_report_line_tells_time_money_and_memory() {
        let line = format!(
            "REPORT RequestId: {ID}\tDuration: 130.1 ms\tBilled Duration: 312 ms\tMemory Size: 512 MB\tMax Memory Used: 71 MB\t\
             Init Duration: 181.20 ms\t\nXRAY TraceId: 1-65e1a2b0-0123456789abcdef01234567\tSegmentId: 54565fb41ac79632\tSampled: true"
        );
        let found = read(&line).unwrap();
        assert_eq!(found.invocation_id.as_deref(), Some(ID));
        assert_eq!(
            (found.duration_ns, found.billed_ms, found.init_ns),
            (Some(130_100_000), Some(312), Some(181_200_000))
        );
        assert_eq!((found.memory_mb, found.max_memory_mb), (Some(512), Some(71)));
        assert_eq!(found.trace_id.unwrap().to_hex(), "65e1a2b00123456789abcdef01234567");
        assert_eq!(found.span_id.unwrap().to_hex(), "54565fb41ac79632");
    }

    #[test]
    fn a_restored_and_a_timed_out_report_say_so() {
        let restored = format!(
            "REPORT RequestId: {ID}\tDuration: 147.156 ms\tBilled Duration: 201 ms\tRestore Duration: 500.795 ms\tBilled Restore Duration: 53 ms"
        );
        let found = read(&restored).unwrap();
        assert_eq!(
            (found.duration_ns, found.restore_ns, found.billed_restore_ms),
            (Some(147_156_000), Some(500_795_000), Some(53))
        );
        let timed_out =
            format!("REPORT RequestId: {ID}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tStatus: timeout");
        assert_eq!(read(&timed_out).unwrap().status.as_deref(), Some("timeout"));
        let old = format!("2026-03-01T10:00:03.000Z {ID} Task timed out after 3.00 seconds");
        let found = read(&old).unwrap();
        assert_eq!((found.kind, found.invocation_id.as_deref()), (PlatformKind::TimedOut, Some(ID)));
    }

    #[test]
    fn an_init_report_keeps_its_own_length() {
        let found = read("INIT_REPORT Init Duration: 10004.11 ms\tPhase: init\tStatus: timeout").unwrap();
        assert_eq!(
            (found.kind, found.duration_ns, found.init_ns),
            (PlatformKind::InitReport, Some(10_004_110_000), None)
        );
        assert_eq!((found.phase.as_deref(), found.status.as_deref()), (Some("init"), Some("timeout")));
    }

    #[test]
    fn a_functions_own_words_are_not_the_platforms() {
        for line in [
            "REPORT RequestId: soon",
            "START",
            "INIT",
            "",
            "Task timed out after all",
            "it said: Task timed out after 3 s",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
        assert!(read(&format!("START RequestId: {ID} Version: $LATEST")).is_some());
    }
}
