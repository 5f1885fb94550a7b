//! How often one address may present a wrong key before it has to wait. Bounded in addresses and in time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Wrong keys in a row before waiting begins: room for a misconfigured fleet behind one address to be noticed.
const BURST: u32 = 20;
/// One more try becomes free this often.
const REFILL: Duration = Duration::from_secs(3);
const MAX_ADDRESSES: usize = 4_096;

#[derive(Default)]
pub struct Throttle(Mutex<HashMap<IpAddr, Failures>>);

struct Failures {
    count: u32,
    /// When `count` was right; it falls by one each [`REFILL`] since.
    at: Instant,
}

impl Failures {
    fn left_at(&self, now: Instant) -> u32 {
        let healed = now.saturating_duration_since(self.at).as_secs() / REFILL.as_secs();
        self.count.saturating_sub(u32::try_from(healed).unwrap_or(u32::MAX))
    }
}

impl Throttle {
    /// How long `address` must wait before another key of it is looked at; `None` when it need not.
    pub fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (known.get(&network(address))?.left_at(now) >= BURST).then_some(REFILL)
    }

    /// `address` presented a wrong key.
    pub fn failed(&self, address: IpAddr, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let address = network(address);
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&address) {
            known.retain(|_, failures| failures.left_at(now) > 0);
            if known.len() >= MAX_ADDRESSES {
                let longest_ago = known.iter().min_by_key(|(_, failures)| failures.at).map(|(address, _)| *address);
                longest_ago.and_then(|address| known.remove(&address));
            }
        }
        let failures = known.entry(address).or_insert(Failures { count: 0, at: now });
        failures.count = failures.left_at(now).saturating_add(1).min(BURST);
        failures.at = now;
    }
}

/// Who owns one address of IPv6 owns its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let bits = u128::from(v6) >> 64 << 64;
            IpAddr::V6(bits.into())
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "192.0.2.7";

    #[test]
    fn after_twenty_wrong_keys_an_address_waits_and_others_do_not() {
        let throttle = Throttle::default();
        let now = Instant::now();
        let home = HOME.parse().unwrap();
        for _ in 0..BURST {
            assert_eq!(throttle.wait(home, now), None);
            throttle.failed(home, now);
        }
        assert_eq!(throttle.wait(home, now), Some(REFILL));
        assert_eq!(throttle.wait("192.0.2.8".parse().unwrap(), now), None);
        assert_eq!(throttle.wait(home, now + REFILL), None);
    }

    #[test]
    fn a_whole_ipv6_network_counts_as_one() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for last in 0..BURST {
            throttle.failed(format!("2001:db8::{last:x}").parse().unwrap(), now);
        }
        assert!(throttle.wait("2001:db8::ffff".parse().unwrap(), now).is_some());
    }

    #[test]
    fn memory_is_bounded_whoever_knocks() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for address in 0..3 * MAX_ADDRESSES as u32 {
            throttle.failed(IpAddr::V4(address.into()), now);
        }
        assert!(throttle.0.lock().unwrap().len() <= MAX_ADDRESSES);
    }
}
