//! The rows of the list for programs: CSV as RFC 4180 has it, and JSON. Exactly the page that was looked at.

use std::fmt::Write;

use coldlight_model::{TraceList, TraceSummary, push_json_string};

use crate::moment::Zone;

/// One line a trace after a line of names; `services` are joined by semicolons, times are UTC, lengths nanoseconds.
pub fn csv(list: &TraceList) -> String {
    let mut out = String::from(
        "trace_id,started_at,root_service,root_name,has_root,response_ns,completed_ns,spans,errors,faults,throttles,cold_starts,cost_usd,unpriced,services\r\n",
    );
    let utc = Zone::utc();
    for trace in &list.traces {
        let TraceSummary { trace_id, response, completed, spans, errors, faults, throttles, cold, unpriced, .. } =
            trace;
        let cost = trace.cost.map(|cost| cost.to_string()).unwrap_or_default();
        let _ = write!(out, "{trace_id},{},", utc.rfc3339(trace.started_at));
        push_field(&trace.root_service, &mut out);
        out.push(',');
        push_field(&trace.root_name, &mut out);
        let _ = write!(out, ",{},{response},{completed},{spans},", trace.has_root);
        let _ = write!(out, "{errors},{faults},{throttles},{cold},{cost},{unpriced},");
        push_field(&trace.services.join(";"), &mut out);
        out.push_str("\r\n");
    }
    out
}

/// Quoted where the format needs it. A spreadsheet takes a field that begins with `=` and the like for a formula and runs it;
/// names come from strangers, so such a field begins with an apostrophe.
pub(crate) fn push_field(text: &str, out: &mut String) {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let needs_quotes = text.contains([',', '"', '\r', '\n']);
    let mark = if is_formula { "'" } else { "" };
    if needs_quotes {
        let _ = write!(out, "\"{mark}{}\"", text.replace('"', "\"\""));
    } else {
        let _ = write!(out, "{mark}{text}");
    }
}

/// `{"traces":[…],"next":"cursor or null"}`.
pub fn json(list: &TraceList) -> String {
    let mut out = String::from("{\"traces\":[");
    let utc = Zone::utc();
    for (at, trace) in list.traces.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let _ = write!(
            out,
            "{{\"trace_id\":\"{}\",\"started_at\":\"{}\",\"root_service\":",
            trace.trace_id,
            utc.rfc3339(trace.started_at)
        );
        push_json_string(&trace.root_service, &mut out);
        out.push_str(",\"root_name\":");
        push_json_string(&trace.root_name, &mut out);
        let _ = write!(
            out,
            ",\"has_root\":{},\"response_ns\":{},\"completed_ns\":{},\"spans\":{},\"errors\":{},\"faults\":{},\"throttles\":{}",
            trace.has_root, trace.response, trace.completed, trace.spans, trace.errors, trace.faults, trace.throttles
        );
        let cost = trace.cost.map_or_else(|| "null".to_owned(), |cost| format!("\"{cost}\""));
        let _ = write!(
            out,
            ",\"cold_starts\":{},\"cost_usd\":{cost},\"unpriced\":{},\"services\":[",
            trace.cold, trace.unpriced
        );
        for (at, service) in trace.services.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            push_json_string(service, &mut out);
        }
        out.push_str("]}");
    }
    out.push_str("],\"next\":");
    match &list.next {
        Some(cursor) => push_json_string(&cursor.to_text(), &mut out),
        None => out.push_str("null"),
    }
    out.push_str("}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traces::fixtures;

    #[test]
    fn csv_has_one_line_a_trace() {
        insta::assert_snapshot!(csv(&fixtures::few()));
    }

    #[test]
    fn json_has_the_same_and_the_cursor() {
        insta::assert_snapshot!(json(&fixtures::few()));
    }

    #[test]
    fn a_name_cannot_break_out_of_its_field_or_become_a_formula() {
        let field = |text| {
            let mut out = String::new();
            push_field(text, &mut out);
            out
        };
        assert_eq!(field("plain"), "plain");
        assert_eq!(field("a,\"b\"\r\n"), "\"a,\"\"b\"\"\r\n\"");
        assert_eq!(field("=cmd|'/c calc'!A1"), "'=cmd|'/c calc'!A1");
        assert_eq!(field("-1+1"), "'-1+1");
    }
}
