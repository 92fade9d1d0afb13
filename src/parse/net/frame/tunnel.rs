//! Tunnels: packets that carry packets.

use super::bytes::Bytes;
use super::link::Layer;
use crate::parse::net::packet::{Body, Udp};

const IPV4: u8 = 4;
const IPV6: u8 = 41;
const GRE: u8 = 47;
const ETHERNET: u8 = 143;

/// Ports that VXLAN is sent to: by RFC 7348, and by Linux unless it is told otherwise.
const VXLAN: [u16; 2] = [4789, 8472];
/// RFC 8926 3.3.
const GENEVE: u16 = 6081;

/// What an IP protocol carries, if it is a tunnel.
pub(super) fn in_ip(protocol: u8, bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    match protocol {
        IPV4 | IPV6 => Some((Layer::Ip, bytes)),
        GRE => gre(bytes),
        // two bytes of version before the frame (RFC 3378 3)
        97 => Some((Layer::Ethernet, bytes.skip(2)?)),
        ETHERNET => Some((Layer::Ethernet, bytes)),
        _ => None,
    }
}

/// What a UDP datagram carries, if it is a tunnel. Whether it truly is shows within.
#[inline]
pub(super) fn in_udp<'p>(body: &Body<'p>) -> Option<(Layer, Bytes<'p>)> {
    match body {
        Body::Udp(udp) if VXLAN.contains(&udp.ports.1) => vxlan(udp),
        Body::Udp(udp) if udp.ports.1 == GENEVE => geneve(udp),
        _ => None,
    }
}

/// RFC 2784 2 with the key and sequence number of RFC 2890; and mirrored frames (ERSPAN).
fn gre(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const ACKNOWLEDGMENT: u16 = 0x0080;
    const VERSION: u16 = 0x0007;
    let (flags, kind) = (bytes.u16(0)?, bytes.u16(2)?);
    // version 1 is that of PPTP (RFC 2637 4.1), whose payload is PPP
    if flags & ROUTING != 0 || flags & VERSION > 1 {
        return None;
    }
    let words = [CHECKSUM, KEY, SEQUENCE, ACKNOWLEDGMENT];
    let present = words.iter().filter(|flag| flags & **flag != 0).count();
    let rest = bytes.skip(4 + 4 * present)?;
    match kind {
        0x88be if flags & SEQUENCE != 0 => Some((Layer::Ethernet, rest.skip(8)?)),
        0x88be => Some((Layer::Ethernet, rest)),
        0x22eb => erspan3(rest),
        kind => Some((Layer::Type(kind), rest)),
    }
}

/// ERSPAN of type III, with a part of the platform's own where the last bit says so.
fn erspan3(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    let own = bytes.held.get(11)? & 1 != 0;
    Some((Layer::Ethernet, bytes.skip(if own { 20 } else { 12 })?))
}

/// RFC 7348 5: of the flags only the one that says that there is a network identifier.
fn vxlan<'p>(udp: &Udp<'p>) -> Option<(Layer, Bytes<'p>)> {
    let bytes = inside(udp);
    let [0x08, 0, 0, 0, _, _, _, 0, ..] = bytes.held else {
        return None;
    };
    Some((Layer::Ethernet, bytes.skip(8)?))
}

/// RFC 8926 3.4.
fn geneve<'p>(udp: &Udp<'p>) -> Option<(Layer, Bytes<'p>)> {
    let bytes = inside(udp);
    let first = usize::from(*bytes.held.first()?);
    let kind = bytes.u16(2)?;
    let options = (first & 0x3f) * 4;
    let rest = bytes.skip(8 + options)?;
    (first >> 6 == 0).then_some((Layer::Type(kind), rest))
}

fn inside<'p>(udp: &Udp<'p>) -> Bytes<'p> {
    Bytes::new(udp.payload, udp.length as usize)
}
