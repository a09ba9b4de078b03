//! Which network addresses a plugin's request may reach. Pure; asked for every address that
//! is about to be connected to, whatever name it came from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether `address` is refused to a request whose origin was granted as `private` or not;
/// the text says why.
pub(crate) fn refusal(address: IpAddr, private: bool) -> Option<&'static str> {
    match class(address) {
        Class::Public => None,
        Class::Private if private => None,
        Class::Private => Some("it is an address of a private network"),
        Class::Never => Some("it is an address that no plugin may reach"),
    }
}

/// The same for a request of a plugin, which goes without TLS when it is `plain`: then it stays in
/// networks of one's own.
pub(crate) fn refusal_of(address: IpAddr, private: bool, plain: bool) -> Option<&'static str> {
    let leaves = || {
        (plain && class(address) == Class::Public)
            .then_some("it is an address of the internet, where plain http does not go")
    };
    refusal(address, private).or_else(leaves)
}

fn class(address: IpAddr) -> Class {
    match address.to_canonical() {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

/// What an address is to a plugin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of the internet.
    Public,
    /// Of this machine or a network behind it: only for origins granted as private.
    Private,
    /// Metadata services, link-local, multicast and what is no destination at all.
    Never,
}

fn class_v4(ip: Ipv4Addr) -> Class {
    match ip.octets() {
        // Metadata services: AWS, GCP and Azure stand in link-local; Alibaba, Azure's wire
        // server and Oracle outside of it. Then "this network" (Linux connects 0.0.0.0 to
        // itself), multicast, reserved, broadcast.
        [169, 254, ..]
        | [100, 100, 100, 200]
        | [168, 63, 129, 16]
        | [192, 0, 0, 192]
        | [0 | 224..=255, ..] => Class::Never,
        // Private networks and this machine; then benchmarks, documentation, protocol
        // assignments, 6to4 relays.
        [10 | 127, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [100, 64..=127, ..]
        | [198, 18 | 19, ..]
        | [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _] => Class::Private,
        _ => Class::Public,
    }
}

fn class_v6(ip: Ipv6Addr) -> Class {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => return Class::Private,
        [0, 0, 0, 0, 0, 0, 0, 0] => return Class::Never,
        // Spellings of IPv4 inside IPv6: compatible, NAT64, 6to4. What is inside decides.
        [0, 0, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => {
            let bits = (u32::from(high) << 16) | u32::from(low);
            return class_v4(Ipv4Addr::from_bits(bits));
        }
        _ => {}
    }
    match ip.segments() {
        // Metadata services and those that hand out keys: AWS has several in a network of their
        // own; then GCP, Oracle, Akamai and Scaleway. Then link-local, multicast, Teredo,
        // local-use NAT64, discard.
        [0xfd00, 0x0ec2, ..]
        | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254]
        | [0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe]
        | [0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1]
        | [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42]
        | [0xfe80..=0xfebf | 0xff00..=0xffff, ..]
        | [0x2001, 0, ..]
        | [0x64, 0xff9b, 1, ..]
        | [0x100, 0, 0, 0, ..] => Class::Never,
        // Unique local, the old site-local, documentation.
        [0xfc00..=0xfdff | 0xfec0..=0xfeff | 0x3fff, ..] | [0x2001, 0xdb8, ..] => Class::Private,
        // Global unicast; all else is no destination.
        [0x2000..=0x3fff, ..] => Class::Public,
        _ => Class::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, private: bool) -> bool {
        refusal(address.parse().expect("an address"), private).is_none()
    }

    #[test]
    fn public_addresses_are_reached() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700::1111",
            "64:ff9b::101:101",
        ] {
            assert!(check(address, false), "{address}");
        }
    }

    #[test]
    fn private_addresses_need_a_private_grant_in_every_spelling() {
        for address in [
            "127.0.0.1",
            "127.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:7f00:1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "198.18.0.1",
            "192.0.2.1",
            "2001:db8::1",
        ] {
            assert!(!check(address, false), "{address}");
            assert!(check(address, true), "{address}");
        }
    }

    #[test]
    fn metadata_and_impossible_addresses_are_never_reached() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "::ffff:169.254.169.254",
            "::ffff:a9fe:a9fe",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fd00:a9fe:a9fe::1",
            "fd00:42::42",
            "::ffff:0:169.254.169.254",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "240.0.0.1",
            "224.0.0.1",
            "ff02::1",
            "fe80::1",
            "2001:0:1::1",
            "64:ff9b:1::1",
            "4000::1",
        ] {
            assert!(!check(address, false), "{address}");
            assert!(!check(address, true), "{address}");
        }
    }
}
