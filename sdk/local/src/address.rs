//! A loopback address for each environment.
//!
//! In Lambda every environment has a loopback of its own; here 127.0.0.0/8 holds sixteen million of them, and Linux answers on
//! each without being told. So a function's `localhost:4318` is its own extension, however many run beside it.
//!
//! Not here: other systems. Elsewhere than on Linux 127.0.0.1 is often the only address that is up.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::TcpListener;

use crate::error::LocalError;

/// Lambda's own; extensions may not take it.
pub const RUNTIME_API_PORT: u16 = 9001;
/// 127.64.0.0 to 127.127.255.255: far from 127.0.0.1 and from what resolvers use (127.0.0.53).
const FIRST: u32 = 0x7f40_0000;
const MANY: u32 = 1 << 22;
const TRIES: u32 = 1_000;

static TAKEN: AtomicU32 = AtomicU32::new(0);

/// The next address on which nothing answers the runtime's port, with the listener on it.
pub async fn take() -> Result<(Ipv4Addr, TcpListener), LocalError> {
    // Programs that run side by side begin at different places.
    let own = std::process::id().wrapping_mul(977);
    let mut why = None;
    for _ in 0..TRIES {
        let offset = own.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)) % MANY;
        let address = Ipv4Addr::from(FIRST + offset);
        // .0 and .255 look like networks to people.
        if matches!(address.octets()[3], 0 | 255) {
            continue;
        }
        match TcpListener::bind(SocketAddrV4::new(address, RUNTIME_API_PORT)).await {
            Ok(listener) => return Ok((address, listener)),
            Err(error) => why = Some(error),
        }
    }
    let why = why.map(|error| error.to_string()).unwrap_or_default();
    Err(LocalError::System(format!("no loopback address of 127.64.0.0/10 is free at port {RUNTIME_API_PORT}: {why}")))
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn environments_have_addresses_of_their_own() {
        let (first, _held) = super::take().await.unwrap();
        let (second, _held) = super::take().await.unwrap();
        assert_ne!(first, second);
        assert!(first.is_loopback() && second.is_loopback());
    }
}
