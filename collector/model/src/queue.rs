//! What goes through a queue, topic, bus or stream, and whether it takes in more than is taken out.

use crate::{Nanos, Node, NodeKind};

/// Messages more than this must lie in a queue that grew, and a wait must be longer, to be worth a word.
const FEW: u64 = 10;
const SHORT: Nanos = 1_000_000_000;

/// One queue, topic, bus or stream in a range of time. Pairs are of the range's first half and of its second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueueFlow {
    pub node: Node,
    /// Messages sent into it; a call that does not say how many it carried counts as one.
    pub sent: [u64; 2],
    /// Messages that services of ours were given from it; of a topic or bus, each is given to every subscriber.
    pub received: [u64; 2],
    pub waits: [Waits; 2],
}

/// How long messages lay in it whose sender and receiver are both here, by when they were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    pub count: u64,
    pub p50: Nanos,
    pub p95: Nanos,
    pub longest: Nanos,
}

/// How a queue does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueState {
    /// Nobody who sends spans takes from it, or nobody sends into it: nothing to compare.
    OneSided,
    KeepsUp,
    /// So many messages more went in than came out; 0 where only the wait grew.
    Fills {
        by: u64,
    },
}

impl QueueFlow {
    pub fn all_sent(&self) -> u64 {
        self.sent.iter().sum()
    }

    pub fn all_received(&self) -> u64 {
        self.received.iter().sum()
    }

    /// Of both halves; the quantiles are those of the half where they are longer.
    pub fn all_waits(&self) -> Waits {
        let [early, late] = self.waits;
        Waits {
            count: early.count + late.count,
            p50: early.p50.max(late.p50),
            p95: early.p95.max(late.p95),
            longest: early.longest.max(late.longest),
        }
    }

    /// A queue fills when a twentieth of what went in, and more than ten messages, did not come out again; whatever it is, when the 95th
    /// percentile of waits doubled to more than a second.
    pub fn state(&self) -> QueueState {
        let (sent, received) = (self.all_sent(), self.all_received());
        let [early, late] = self.waits;
        let waits_longer =
            early.count > 0 && late.count > 0 && late.p95 > SHORT && late.p95 >= early.p95.saturating_mul(2);
        // A topic gives one message to many, so what comes out of it tells nothing about what is still in it.
        let is_queue = matches!(self.node.kind, NodeKind::Sqs | NodeKind::Kinesis | NodeKind::Messaging);
        let more = if is_queue && received > 0 { sent.saturating_sub(received) } else { 0 };
        let has_grown = more > FEW && more.saturating_mul(20) >= sent;
        match (has_grown || waits_longer, sent == 0 || received == 0) {
            (true, _) => QueueState::Fills { by: if has_grown { more } else { 0 } },
            (false, true) => QueueState::OneSided,
            (false, false) => QueueState::KeepsUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: NodeKind, sent: [u64; 2], received: [u64; 2], p95_ms: [u64; 2], expected: QueueState) {
        let waits = p95_ms.map(|p95| Waits { count: u64::from(p95 > 0), p95: p95 * 1_000_000, ..Waits::default() });
        let flow = QueueFlow { node: Node::new(kind, "q"), sent, received, waits };
        assert_eq!(flow.state(), expected, "{flow:?}");
    }

    #[test]
    fn a_queue_fills_when_less_comes_out_or_waits_grow() {
        check(NodeKind::Sqs, [500, 500], [498, 497], [20, 25], QueueState::KeepsUp);
        check(NodeKind::Sqs, [500, 500], [480, 320], [20, 25], QueueState::Fills { by: 200 });
        check(NodeKind::Sqs, [5, 5], [2, 1], [20, 25], QueueState::KeepsUp);
        check(NodeKind::Sqs, [500, 500], [500, 500], [900, 2_000], QueueState::Fills { by: 0 });
        check(NodeKind::Sqs, [500, 500], [500, 500], [2, 20], QueueState::KeepsUp);
        check(NodeKind::Sns, [500, 500], [5, 5], [0, 0], QueueState::KeepsUp);
        check(NodeKind::Sqs, [500, 500], [0, 0], [0, 0], QueueState::OneSided);
    }
}
