//! ICMP and ICMPv6 errors: what they say and which packet they quote.

use super::bytes::Bytes;
use super::{ip, transport};
use crate::parse::net::flow::Barrier;
use crate::parse::net::packet::{Body, IcmpQuote, Transport};

/// Bytes before the quoted packet, in both versions.
const HEADER: usize = 8;

/// The error in an ICMP message; other messages are of no interest.
#[cold]
pub(super) fn error(protocol: u8, bytes: Bytes<'_>) -> Body<'_> {
    let said = match protocol {
        transport::ICMP => v4(bytes),
        _ => v6(bytes),
    };
    said.and_then(|(barrier, mtu)| quote(barrier, mtu, bytes))
        .map_or(Body::Other, Body::Icmp)
}

/// RFC 792, RFC 1122 3.2.2.1, RFC 1191 4 and RFC 1812 5.2.7.1. A fragment that was waited for
/// in vain (type 11, code 1) is no barrier.
fn v4(bytes: Bytes<'_>) -> Option<(Barrier, Option<u32>)> {
    let [kind, code, ..] = *bytes.held else {
        return None;
    };
    let barrier = match (kind, code) {
        (3, 3) => Barrier::PortUnreachable,
        (3, 4) => {
            let mtu = bytes.u16(6).filter(|mtu| *mtu > 0);
            return Some((Barrier::TooBig, mtu.map(u32::from)));
        }
        (3, 9 | 10 | 13..=15) => Barrier::Prohibited,
        (3, _) => Barrier::Unreachable,
        (11, 0) => Barrier::Expired,
        _ => return None,
    };
    Some((barrier, None))
}

/// RFC 4443 3.
fn v6(bytes: Bytes<'_>) -> Option<(Barrier, Option<u32>)> {
    let [kind, code, ..] = *bytes.held else {
        return None;
    };
    let barrier = match (kind, code) {
        (1, 4) => Barrier::PortUnreachable,
        (1, 1 | 5 | 6) => Barrier::Prohibited,
        (1, _) => Barrier::Unreachable,
        (2, _) => return Some((Barrier::TooBig, bytes.u32(4).filter(|mtu| *mtu > 0))),
        (3, 0) => Barrier::Expired,
        _ => return None,
    };
    Some((barrier, None))
}

/// The packet that stands behind the header, as far as routers quote it.
fn quote(barrier: Barrier, mtu: Option<u32>, bytes: Bytes<'_>) -> Option<IcmpQuote> {
    let quoted = ip::header(bytes.skip(HEADER)?)?;
    let (source, destination) = (quoted.source, quoted.destination);
    let inside = ip::innermost(&quoted.payload);
    let protocol = inside.map(|(protocol, _)| protocol);
    let transport = match protocol {
        Some(transport::TCP) => Transport::Tcp,
        Some(transport::UDP) => Transport::Udp,
        other => Transport::Other(other.unwrap_or(0)),
    };
    let ports = inside
        .filter(|_| matches!(transport, Transport::Tcp | Transport::Udp))
        .and_then(|(_, bytes)| Some((bytes.u16(0)?, bytes.u16(2)?)));
    Some(IcmpQuote {
        barrier,
        mtu,
        source,
        destination,
        transport,
        ports,
    })
}
