//! The same story at another time: times moved and stretched, ids replaced by others, consistently over all its requests.

use std::collections::BTreeSet;

use super::message::{Field, Message, Unreadable};
use super::recording::{Recording, Scenario};

/// How a scenario is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Telling {
    /// When its last event ends, in nanoseconds since the epoch.
    pub ends_at: u64,
    /// How much longer than recorded everything takes; 1.0 is as recorded.
    pub stretch: f64,
    /// Mixed into every id. `None` keeps the recorded ones.
    pub ids: Option<[u8; 16]>,
    /// Which outgoing call of which request fails, each counted modulo how many there are.
    pub failure: Option<(usize, usize)>,
    /// Recorded traces that are not told this time.
    pub left_out: BTreeSet<Vec<u8>>,
}

impl Telling {
    /// Everything as recorded, but for its time.
    pub fn plain(ends_at: u64) -> Self {
        Self { ends_at, stretch: 1.0, ids: None, failure: None, left_out: BTreeSet::new() }
    }
}

/// A scenario decoded once, to be told many times.
pub struct Story {
    requests: Vec<(Recording, Message)>,
    /// First and last time in it; equal when there is none.
    first: u64,
    last: u64,
    /// Recorded traces in which something fails.
    pub failing: BTreeSet<Vec<u8>>,
}

impl Story {
    pub fn read(scenario: Scenario) -> Result<Self, Unreadable> {
        let requests: Result<Vec<_>, _> = scenario
            .requests
            .into_iter()
            .map(|recording| Message::decode(&recording).map(|message| (recording, message)))
            .collect();
        let mut requests = requests?;
        let (mut first, mut last) = (u64::MAX, 0);
        let mut failing = BTreeSet::new();
        for (_, message) in &mut requests {
            message.visit(&mut |field| {
                if let Field::Time(nanos) = field
                    && *nanos > 0
                {
                    first = first.min(*nanos);
                    last = last.max(*nanos);
                }
            });
            failing.append(&mut message.failing());
        }
        Ok(Self { requests, first: first.min(last), last, failing })
    }

    /// Its requests as they are sent this time, in order.
    pub fn tell(&self, telling: &Telling) -> Vec<Recording> {
        let length = (self.last - self.first) as f64 * telling.stretch;
        let begin = telling.ends_at.saturating_sub(length as u64);
        let moved =
            |nanos: u64| begin.saturating_add((nanos.saturating_sub(self.first) as f64 * telling.stretch) as u64);
        let failing = telling.failure.map(|(request, call)| (request % self.requests.len().max(1), call));
        let requests = self.requests.iter().enumerate().filter_map(|(at, (recording, message))| {
            let mut message = message.clone();
            if !message.leave_out(&telling.left_out) {
                return None;
            }
            if let Some((_, call)) = failing.filter(|(request, _)| *request == at) {
                message.fail(call);
            }
            message.visit(&mut |field| match (field, &telling.ids) {
                (Field::Time(0), _) => {}
                (Field::Time(nanos), _) => *nanos = moved(*nanos),
                (Field::TraceId(id) | Field::SpanId(id), Some(mask)) => mix(id, mask),
                (Field::Text(text), Some(mask)) => renew_uuid(text, mask),
                (_, None) => {}
            });
            Some(Recording { body: message.encode(), ..recording.clone() })
        });
        requests.collect()
    }
}

/// Another id for this one, the same each time for the same mask. Not known (empty or zero) stays not known.
fn mix(id: &mut [u8], mask: &[u8; 16]) {
    if id.iter().all(|byte| *byte == 0) {
        return;
    }
    let mixed: Vec<u8> = id.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    // A mask equal to the id would make it invalid: 1 in 2⁶⁴, and then the old id does.
    if mixed.len() == id.len() && mixed.iter().any(|byte| *byte != 0) {
        id.copy_from_slice(&mixed);
    }
}

/// Request and message ids are UUIDs: another one for this one.
fn renew_uuid(text: &mut String, mask: &[u8; 16]) {
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !is_uuid {
        return;
    }
    let mut nibbles = mask.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    *text = text
        .chars()
        .map(|c| match c.to_digit(16) {
            Some(digit) => char::from_digit(digit ^ u32::from(nibbles.next().unwrap_or(0)), 16).unwrap_or(c),
            None => c,
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::recording::scenarios;

    const MASK: [u8; 16] = [0x5a; 16];
    const NOW: u64 = 1_900_000_000_000_000_000;

    fn telling() -> Telling {
        Telling { ids: Some(MASK), ..Telling::plain(NOW) }
    }

    fn ids_and_times(requests: &[Recording]) -> (BTreeSet<Vec<u8>>, Vec<u64>) {
        let (mut ids, mut times) = (BTreeSet::new(), Vec::new());
        for request in requests {
            Message::decode(request).unwrap().visit(&mut |field| match field {
                Field::TraceId(id) if !id.is_empty() => drop(ids.insert(id.to_vec())),
                Field::Time(nanos) if *nanos > 0 => times.push(*nanos),
                _ => {}
            });
        }
        (ids, times)
    }

    #[test]
    fn a_story_ends_now_and_keeps_its_length() {
        for scenario in scenarios() {
            let recorded = ids_and_times(&scenario.requests).1;
            let told = ids_and_times(&Story::read(scenario).unwrap().tell(&telling())).1;
            let length = |times: &[u64]| times.iter().max().unwrap() - times.iter().min().unwrap();
            // A double holds 53 bits: microseconds of a day are exact, nanoseconds of an hour almost.
            assert!(length(&recorded).abs_diff(length(&told)) < 1_000);
            assert!(told.iter().max().unwrap().abs_diff(NOW) < 1_000);
        }
    }

    #[test]
    fn ids_are_new_as_many_as_before_and_the_same_in_all_requests() {
        for scenario in scenarios() {
            let recorded = ids_and_times(&scenario.requests).0;
            let story = Story::read(scenario).unwrap();
            let told = ids_and_times(&story.tell(&telling())).0;
            assert_eq!(recorded.len(), told.len());
            assert!(recorded.is_disjoint(&told));
            let kept = ids_and_times(&story.tell(&Telling { ids: None, ..telling() })).0;
            assert_eq!(recorded, kept);
        }
    }

    #[test]
    fn traces_may_be_left_out_and_requests_without_any_are_not_sent() {
        // Exemplars of metrics may still point to a trace that is not told.
        let traces = |requests: &[Recording]| -> Vec<Recording> {
            requests.iter().filter(|request| request.sent.signal == "traces").cloned().collect()
        };
        for scenario in scenarios() {
            let all = ids_and_times(&traces(&scenario.requests)).0;
            let story = Story::read(scenario).unwrap();
            let told = story.tell(&Telling { left_out: story.failing.clone(), ..Telling::plain(NOW) });
            let kept = ids_and_times(&traces(&told)).0;
            assert!(kept.is_subset(&all));
            assert_eq!(kept.len() < all.len(), !story.failing.is_empty());
            let nothing = story.tell(&Telling { left_out: all, ..Telling::plain(NOW) });
            assert!(nothing.iter().all(|request| request.sent.signal == "metrics"));
        }
    }

    #[test]
    fn request_ids_are_renewed_and_other_texts_are_not() {
        let mut text = "f98ebec2-09b7-46dd-9846-0587ce785027".to_owned();
        renew_uuid(&mut text, &MASK);
        assert_eq!(text, "a3d4e498-53ed-1c87-c21c-5fdd94220a7d");
        for other in ["orders", "f98ebec2-09b7-46dd-9846-0587ce78502", "f98ebec2x09b7x46ddx9846x0587ce785027"] {
            let mut text = other.to_owned();
            renew_uuid(&mut text, &MASK);
            assert_eq!(text, other);
        }
    }

    #[test]
    fn an_unknown_parent_stays_unknown() {
        let mut empty: [u8; 0] = [];
        mix(&mut empty, &MASK);
        let mut zero = [0; 8];
        mix(&mut zero, &MASK);
        assert_eq!(zero, [0; 8]);
    }
}
