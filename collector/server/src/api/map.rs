//! What `/api/v1/map` answers besides when it is told `with=carried` or `with=queues`: more about its arrows and its queues.

use coldlight_model::{Filter, QueueFlow, QueueState, ServiceMap, Waits};
use coldlight_ui::query::Query;
use serde_json::{Value, json};

use super::spending::spent;
use crate::site::Site;
use crate::wrong::Wrong;

/// What was asked for besides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct With {
    carried: bool,
    queues: bool,
}

impl With {
    /// `with=carried,queues`, in any order. Of some traces alone nobody could say what is still in a queue.
    pub fn read(query: &Query, filter: &Filter) -> Result<Self, Wrong> {
        let mut with = Self::default();
        let words = query.all("with").flat_map(|words| words.split(',')).map(str::trim);
        for word in words.filter(|word| !word.is_empty()) {
            match word {
                "carried" => with.carried = true,
                "queues" if filter.is_empty() => with.queues = true,
                "queues" => {
                    let why = "queues are told of with all traces only: ask for them without f".to_owned();
                    return Err(Wrong::parameter("with", why));
                }
                _ => {
                    let why = format!("“{}” is neither carried nor queues", super::cut(word));
                    return Err(Wrong::parameter("with", why));
                }
            }
        }
        Ok(with)
    }

    /// Adds it to `answer`, which is the `map` of a filter's traces as JSON.
    pub async fn add(self, site: &Site, filter: Filter, map: &ServiceMap, answer: &mut Value) -> Result<(), Wrong> {
        if self.carried {
            let carried = site.store.carried_by_edge(map.range, filter).await?;
            for (at, edge) in map.edges.iter().enumerate() {
                answer["edges"][at]["carried"] = carried.of(edge).map_or(Value::Null, |carried| {
                    json!({
                        "calls": carried.calls, "batches": carried.batches, "messages": carried.messages,
                        "most_messages": carried.most, "retried": carried.retried, "retries": carried.retries,
                        "spent": spent(&carried.spent),
                    })
                });
            }
        }
        if self.queues {
            let queues = site.store.queues(map.range).await?;
            answer["queues"] = queues.iter().map(queue).collect();
        }
        Ok(())
    }
}

fn queue(flow: &QueueFlow) -> Value {
    let (state, by) = match flow.state() {
        QueueState::OneSided => ("one_sided", 0),
        QueueState::KeepsUp => ("keeps_up", 0),
        QueueState::Fills { by } => ("fills", by),
    };
    let half =
        |at: usize| json!({ "sent": flow.sent[at], "received": flow.received[at], "waits": waits(flow.waits[at]) });
    json!({
        "node": flow.node.id(), "sent": flow.all_sent(), "received": flow.all_received(),
        "state": state, "grown_by": by, "waits": waits(flow.all_waits()), "halves": [half(0), half(1)],
    })
}

fn waits(waits: Waits) -> Value {
    let told = |nanos: u64| (waits.count > 0).then_some(nanos);
    json!({
        "told": waits.count, "p50_ns": told(waits.p50), "p95_ns": told(waits.p95), "longest_ns": told(waits.longest),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_besides_is_named_in_any_order() {
        let read = |query: &str| With::read(&Query::parse(query), &Filter::default());
        assert_eq!(read(""), Ok(With::default()));
        assert_eq!(read("with=queues,carried"), Ok(With { carried: true, queues: true }));
        assert_eq!(read("with=queue").unwrap_err().parameter.as_deref(), Some("with"));
        let some = Filter::parse("service:shop");
        assert!(With::read(&Query::parse("with=carried"), &some).is_ok());
        assert!(With::read(&Query::parse("with=queues"), &some).is_err(), "a filter would say nothing true of them");
    }
}
