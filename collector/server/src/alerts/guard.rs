//! Which addresses a webhook may lead to.
//!
//! Whoever sets the address of a webhook could otherwise make this program ask services that only it can reach: the metadata of its
//! machine, a database on its network. So the name is resolved here, every address it has must be a public one, and the connection
//! goes to the address that was looked at. `--alert-webhook-private` lifts this for receivers on one's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Whether anybody on the internet has this address: not this machine, its networks, or what is set aside.
/// Source: IANA's special-purpose address registries.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let set_aside = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !set_aside
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let [one, two] = high.to_be_bytes();
        let [three, four] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(one, two, three, four))
    };
    match (a, b) {
        // ::ffff:a.b.c.d, and the old ::a.b.c.d with :: and ::1 in it.
        (0, 0) => (c, d, e) == (0, 0, 0) && f == 0xffff && embedded(g, h),
        // Translated to IPv4 by the network.
        (0x64, 0xff9b) => (c, d, e, f) == (0, 0, 0, 0) && embedded(g, h),
        (0x2002, _) => embedded(b, c),
        (0x2001, 0 | 0xdb8) => false,
        // Of global unicast addresses only this part is given out.
        (0x2000..=0x3fff, _) => true,
        _ => false,
    }
}

/// One address of `addresses` to connect to; `None` unless there is one and all may be asked.
pub fn choose(addresses: &[SocketAddr], allow_private: bool) -> Option<SocketAddr> {
    let may = allow_private || addresses.iter().all(|address| is_public(address.ip()));
    addresses.first().copied().filter(|_| may)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_its_networks_are_not_public() {
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.192",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_internet_is_public() {
        for address in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn one_private_address_among_public_ones_is_enough_to_refuse() {
        let addresses = ["8.8.8.8:443", "10.0.0.1:443"].map(|address| address.parse().unwrap());
        assert_eq!(choose(&addresses, false), None);
        assert_eq!(choose(&addresses[..1], false), Some(addresses[0]));
        assert_eq!(choose(&addresses, true), Some(addresses[0]));
        assert_eq!(choose(&[], true), None);
    }
}
