//! Link layers: what stands before an IP header.

use etherparse::{Ethernet2HeaderSlice, LinuxSllHeaderSlice, SingleVlanHeaderSlice};

use super::bytes::Bytes;

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// An Ethernet frame.
    Ethernet,
    /// What an EtherType says.
    Type(u16),
    /// Logical link control (IEEE 802.2).
    Llc,
    /// The Point-to-Point Protocol, its protocol field first.
    Ppp,
    /// IP of a version that its first bits tell.
    Ip,
}

/// Where the way inwards begins.
pub(super) struct Start<'p> {
    /// `None` when the frame says that it carries nothing of interest, or is cut off before that.
    pub(super) layer: Option<Layer>,
    pub(super) bytes: Bytes<'p>,
    /// The interface, if the link layer tells.
    pub(super) interface: Option<u32>,
}

/// The first header by the kind of link (tcpdump.org/linktypes.html); `None` when the kind cannot
/// be read at all.
#[inline]
pub(super) fn start(link: u16, bytes: Bytes<'_>) -> Option<Start<'_>> {
    if link == 1 {
        return Some(Start {
            layer: Some(Layer::Ethernet),
            bytes,
            interface: None,
        });
    }
    let mut interface = None;
    let next = match link {
        0 | 108 => null(bytes),
        9 | 50 => ppp(bytes),
        // DLT_RAW of different systems, LINKTYPE_RAW, _IPV4 and _IPV6
        12 | 14 | 101 | 228 | 229 => Some((Layer::Ip, bytes)),
        // FDDI and Cisco HDLC: their own header and what follows is known
        10 => bytes.skip(13).map(|rest| (Layer::Llc, rest)),
        104 => typed(bytes, 2),
        // PPP of a PPPoE capture
        51 => pppoe(bytes),
        113 => sll(bytes),
        276 => {
            interface = bytes.u32(4);
            sll2(bytes)
        }
        192 => return ppi(bytes),
        239 => nflog(bytes),
        _ => return None,
    };
    let (layer, bytes) = match next {
        Some((layer, bytes)) => (Some(layer), bytes),
        None => (None, bytes),
    };
    Some(Start {
        layer,
        bytes,
        interface,
    })
}

/// Takes off headers until an IP header is next; with how many more may be taken off.
#[inline]
pub(super) fn to_ip(
    mut layer: Layer,
    mut bytes: Bytes<'_>,
    depth: usize,
) -> Option<(Bytes<'_>, usize)> {
    for left in (0..depth).rev() {
        (layer, bytes) = match layer {
            Layer::Ip | Layer::Type(0x0800 | 0x86dd) => return Some((bytes, left)),
            Layer::Ethernet => ethernet(bytes)?,
            Layer::Type(kind) => typed_layer(kind, bytes)?,
            Layer::Llc => llc(bytes)?,
            Layer::Ppp => ppp(bytes)?,
        };
    }
    None
}

/// An EtherType at a place, and what stands behind it.
fn typed(bytes: Bytes<'_>, at: usize) -> Option<(Layer, Bytes<'_>)> {
    Some((Layer::Type(bytes.u16(at)?), bytes.skip(at + 2)?))
}

#[inline]
fn ethernet(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    let header = Ethernet2HeaderSlice::from_slice(bytes.held).ok()?;
    let kind = header.ether_type().0;
    let rest = bytes.skip(header.slice().len())?;
    // below 0x600 it is the length of what follows (IEEE 802.3 3.2.6)
    match usize::from(kind) {
        length @ ..0x600 => Some((Layer::Llc, Bytes::new(rest.held, length.min(rest.wire)))),
        _ => Some((Layer::Type(kind), rest)),
    }
}

fn typed_layer(kind: u16, bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    match kind {
        // VLAN tags: of customers, of providers, and the numbers used before those
        0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => {
            let tag = SingleVlanHeaderSlice::from_slice(bytes.held).ok()?;
            let rest = bytes.skip(tag.slice().len())?;
            match tag.ether_type().0 {
                ..0x600 => Some((Layer::Llc, rest)),
                kind => Some((Layer::Type(kind), rest)),
            }
        }
        0x8847 | 0x8848 => mpls(bytes),
        0x8864 => pppoe(bytes),
        // Ethernet in Ethernet: provider backbones (IEEE 802.1ah) and FabricPath
        0x88e7 => Some((Layer::Ethernet, bytes.skip(4)?)),
        0x8903 => Some((Layer::Ethernet, bytes.skip(2)?)),
        // what tunnels call an Ethernet frame (RFC 1701) and PPP (RFC 2637)
        0x6558 => Some((Layer::Ethernet, bytes)),
        0x880b => Some((Layer::Ppp, bytes)),
        _ => None,
    }
}

/// A header with SNAP that carries an EtherType (RFC 1042), or IP without it.
fn llc(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    match bytes.held.first_chunk()? {
        [0xaa, 0xaa, 0x03] => typed(bytes, 6),
        [0x06, 0x06, 0x03] => Some((Layer::Ip, bytes.skip(3)?)),
        _ => None,
    }
}

/// One label (RFC 3032 2.1); behind the last of the stack IP is what can be told by its bits.
fn mpls(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    let label = bytes.u32(0)?;
    let rest = bytes.skip(4)?;
    match (label & 0x100 != 0, rest.held.first()? >> 4) {
        (false, _) => Some((Layer::Type(0x8847), rest)),
        (true, 4 | 6) => Some((Layer::Ip, rest)),
        // a pseudowire's control word before an Ethernet frame (RFC 4448 4.6)
        (true, 0) => Some((Layer::Ethernet, rest.skip(4)?)),
        _ => None,
    }
}

/// Session data (RFC 2516 4).
fn pppoe(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    let session = bytes.u16(0)? == 0x1100;
    let length = usize::from(bytes.u16(4)?);
    let rest = bytes.skip(6)?;
    let inside = Bytes::new(rest.held, length.min(rest.wire));
    session.then_some((Layer::Ppp, inside))
}

/// The protocol (RFC 1661 2), with address and control before it where they are (RFC 1662 3.1).
fn ppp(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    let bytes = match bytes.held {
        [0xff, 0x03, ..] => bytes.skip(2)?,
        _ => bytes,
    };
    match bytes.held {
        [0x00, 0x21 | 0x57, ..] => Some((Layer::Ip, bytes.skip(2)?)),
        [0x21 | 0x57, ..] => Some((Layer::Ip, bytes.skip(1)?)),
        [0x02, 0x81, ..] => Some((Layer::Type(0x8847), bytes.skip(2)?)),
        _ => None,
    }
}

/// The address family of BSD loopbacks, in the byte order of whoever captured.
fn null(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    let family = bytes.u32(0)?;
    let family = if family > 0xffff {
        family.swap_bytes()
    } else {
        family
    };
    // IPv4, and IPv6 of NetBSD, FreeBSD, macOS and Linux
    matches!(family, 2 | 10 | 24 | 28 | 30).then_some((Layer::Ip, bytes.skip(4)?))
}

/// Linux "any" captures.
fn sll(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    let header = LinuxSllHeaderSlice::from_slice(bytes.held).ok()?;
    let length = header.slice().len();
    cooked(bytes.u16(length - 2)?, bytes.skip(length)?)
}

/// Linux "any" captures that tell the interface (LINKTYPE_LINUX_SLL2).
fn sll2(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    cooked(bytes.u16(0)?, bytes.skip(20)?)
}

/// The protocol in a header of Linux: an EtherType, or one of its own numbers.
fn cooked(kind: u16, rest: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    match kind {
        // ETH_P_802_2
        4 => Some((Layer::Llc, rest)),
        ..0x600 => None,
        kind => Some((Layer::Type(kind), rest)),
    }
}

/// Per-packet information around another kind of link.
fn ppi(bytes: Bytes<'_>) -> Option<Start<'_>> {
    let [_, _, length, longer, link, higher, ..] = *bytes.held else {
        return None;
    };
    let inner = u16::from_le_bytes([link, higher]);
    let rest = bytes.skip(usize::from(u16::from_le_bytes([length, longer])).max(8))?;
    // one around another is nobody's
    (inner != 192).then(|| start(inner, rest)).flatten()
}

/// What a firewall logged: values with type and length, the packet among them.
fn nflog(bytes: Bytes<'_>) -> Option<(Layer, Bytes<'_>)> {
    const PAYLOAD: u16 = 9;
    let mut rest = bytes.skip(4)?;
    loop {
        // in the byte order of whoever captured: the length is small, the type smaller
        let (length, kind) = (rest.held.first_chunk()?, rest.held.get(2..)?.first_chunk()?);
        let big = kind.first() == Some(&0);
        let number = |pair: &[u8; 2]| match big {
            true => u16::from_be_bytes(*pair),
            false => u16::from_le_bytes(*pair),
        };
        let (length, kind) = (usize::from(number(length)), number(kind) & 0x7fff);
        if kind == PAYLOAD {
            let value = rest.skip(4)?;
            let length = length.checked_sub(4)?;
            return Some((Layer::Ip, Bytes::new(value.held, length.min(value.wire))));
        }
        rest = rest.skip(length.max(4).next_multiple_of(4))?;
    }
}
