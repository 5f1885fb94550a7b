//! The rows of the list for programs: CSV as RFC 4180 has it. Exactly the page that was looked at.

use std::fmt::Write;

use coldlight_model::{InvocationList, lambda::StartKind};

use crate::moment::Zone;
use crate::traces::export::push_field;

/// One line an invocation after a line of names. What nobody said is empty; times are UTC, money exact USD.
pub fn csv(list: &InvocationList) -> String {
    let mut out = String::from(
        "request_id,started_at,trace_id,span_id,service,function,version,region,architecture,runtime,trigger,tenant,memory_mb,\
         max_memory_mb,start,init_ns,suppressed_init_ns,restore_ns,felt_wait_ns,duration_ns,billed_ms,outcome,error_type,\
         cost_state,cost_usd\r\n",
    );
    let utc = Zone::utc();
    let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    for one in &list.invocations {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let fields = [
            one.request_id.clone(),
            utc.rfc3339(one.started_at),
            one.trace_id.map(|id| id.to_hex()).unwrap_or_default(),
            one.span_id.map(|id| id.to_hex()).unwrap_or_default(),
            one.service.clone(),
            text(&one.function),
            text(&one.version),
            text(&one.region),
            text(&one.architecture),
            text(&one.runtime),
            text(&one.trigger),
            text(&one.tenant),
            number(one.memory_mb),
            number(one.max_memory_mb),
            one.start.map(StartKind::name).unwrap_or_default().to_owned(),
            number(one.init),
            number(one.suppressed_init),
            number(one.restore),
            number(one.felt_wait),
            number(one.duration),
            number(one.billed_ms),
            one.outcome.name().to_owned(),
            text(&one.error_type),
            one.cost_state.name().to_owned(),
            one.cost.total.map(|usd| usd.to_string()).unwrap_or_default(),
        ];
        for (at, field) in fields.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            push_field(field, &mut out);
        }
        let _ = write!(out, "\r\n");
    }
    out
}
