//! The queues, topics, buses and streams of the map: what goes in, what comes out, how long it waits, and which of them fill.

use coldlight_model::{Nanos, NodeKind, QueueFlow, QueueState};

use crate::format::{NOT_APPLICABLE, count, counted, duration, rate};
use crate::icon;
use crate::map::links::MAX_WORD;
use crate::pages::map::State;
use crate::pages::sql;
use crate::query::Link;
use crate::text;

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueRow {
    pub id: String,
    pub icon: &'static str,
    pub name: String,
    pub kind: &'static str,
    pub href: String,
    /// Per second, in and out.
    pub sent: String,
    pub received: String,
    /// Median, 95th percentile, longest.
    pub waits: [String; 3],
    /// In the first half of the range and in the second, where both are known.
    pub trend: String,
    /// Where the waits are drawn over the range: since when they grow. Of waits that are known.
    pub course: Option<String>,
    pub verdict: String,
    pub is_filling: bool,
}

/// Those that fill first, then by how long things wait.
pub fn queues(flows: &[QueueFlow], state: &State, per_second: &dyn Fn(u64) -> f64) -> Vec<QueueRow> {
    let mut flows: Vec<&QueueFlow> = flows.iter().collect();
    let fills = |flow: &QueueFlow| matches!(flow.state(), QueueState::Fills { .. });
    flows.sort_by(|a, b| {
        let by_wait = b.all_waits().p95.cmp(&a.all_waits().p95);
        fills(b).cmp(&fills(a)).then(by_wait).then_with(|| a.node.cmp(&b.node))
    });
    flows.into_iter().map(|flow| row(flow, state, per_second)).collect()
}

fn row(flow: &QueueFlow, state: &State, per_second: &dyn Fn(u64) -> f64) -> QueueRow {
    let waits = flow.all_waits();
    let shown = |nanos: u64| if waits.count > 0 { duration(nanos) } else { NOT_APPLICABLE.to_owned() };
    let [early, late] = flow.waits;
    let trend = match (early.count, late.count) {
        (0, 0) => NOT_APPLICABLE.to_owned(),
        (0, _) | (_, 0) => "over time".to_owned(),
        _ => format!("{} → {}", duration(early.p95), duration(late.p95)),
    };
    let id = flow.node.id();
    QueueRow {
        icon: icon::of_kind(flow.node.kind),
        name: text::named(&flow.node.name, 80),
        kind: flow.node.kind.label(),
        href: state.clone().select(Some(id.clone())).link().to_string(),
        sent: rate(per_second(flow.all_sent())),
        received: rate(per_second(flow.all_received())),
        waits: [shown(waits.p50), shown(waits.p95), shown(waits.longest)],
        trend,
        course: (waits.count > 0 && flow.node.name.len() <= MAX_WORD).then(|| course(&flow.node.name, state)),
        verdict: verdict(flow),
        is_filling: matches!(flow.state(), QueueState::Fills { .. }),
        id,
    }
}

/// The question that draws how long messages waited, by when they were sent.
fn course(name: &str, state: &State) -> String {
    const MINUTE: Nanos = 60_000_000_000;
    let length = state.range().length();
    let minutes = [1, 5, 15, 60, 360].into_iter().find(|minutes| length <= 100 * minutes * MINUTE).unwrap_or(1_440);
    let question = format!(
        "SELECT time_bucket(INTERVAL '{minutes} minutes', sender_started_at::TIMESTAMP) AS sent_at,\n\
        \x20      round(quantile_cont(waited_ms, 0.95) / 1000, 3) AS p95_waited_s\n\
         FROM deliveries\n\
         WHERE through = '{}' AND sender_started_at >= $from AND sender_started_at < $to\n\
         GROUP BY 1\nORDER BY 1",
        name.replace('\'', "''")
    );
    Link::to(sql::PATH).with("q", question).with_all(&state.range.pairs()).to_string()
}

/// How it does, in a few words.
pub fn verdict(flow: &QueueFlow) -> String {
    match flow.state() {
        QueueState::Fills { by: 0 } => "waits grow".to_owned(),
        QueueState::Fills { by } => format!("fills: {} more in than out", counted(by, "message", "messages")),
        QueueState::OneSided if flow.all_received() == 0 => "nobody here takes from it".to_owned(),
        QueueState::OneSided => "nobody here sends into it".to_owned(),
        QueueState::KeepsUp if matches!(flow.node.kind, NodeKind::Sns | NodeKind::EventBridge) => {
            format!("{} delivered", count(flow.all_received()))
        }
        QueueState::KeepsUp => "keeps up".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coldlight_model::{Node, Timestamp, Waits};

    fn flow(name: &str, sent: u64, received: u64, p95_ms: [u64; 2]) -> QueueFlow {
        let waits = p95_ms.map(|p95| Waits { count: 9, p50: 1, p95: p95 * 1_000_000, longest: p95 * 2_000_000 });
        QueueFlow { node: Node::new(NodeKind::Sqs, name), sent: [sent, 0], received: [received, 0], waits }
    }

    #[test]
    fn what_fills_stands_first_and_says_by_how_much() {
        let state = State::parse("range=1h", Timestamp::from_millis(1_795_183_402_418));
        let flows = [flow("calm", 100, 100, [9, 9]), flow("slow", 100, 99, [80, 90]), flow("full", 400, 300, [5, 6])];
        let rows = queues(&flows, &state, &|count| count as f64 / 100.0);
        let told: Vec<(&str, &str)> = rows.iter().map(|row| (row.name.as_str(), row.verdict.as_str())).collect();
        assert_eq!(
            told,
            [("full", "fills: 100 messages more in than out"), ("slow", "keeps up"), ("calm", "keeps up")]
        );
        assert_eq!((rows[0].sent.as_str(), rows[0].received.as_str()), ("4.0/s", "3.0/s"));
        assert_eq!(rows[1].trend, "80 ms → 90 ms");
        assert!(rows[0].href.contains("sel=sqs:full"), "{}", rows[0].href);
        let course = rows[0].course.as_deref().unwrap();
        assert!(course.starts_with("/sql?q=SELECT") && course.ends_with("&range=1h"), "{course}");
    }

    #[test]
    fn a_name_stays_a_text_in_the_question() {
        let state = State::parse("range=24h", Timestamp::from_millis(1_795_183_402_418));
        let link = course("it's'; DROP TABLE x", &state);
        let question = crate::query::Query::parse(link.split_once('?').unwrap().1);
        let question = question.get("q").unwrap();
        assert!(question.contains("through = 'it''s''; DROP TABLE x' AND"), "{question}");
        assert!(question.contains("INTERVAL '15 minutes'"), "{question}");
    }
}
