//! IP headers, with everything that may stand before what a packet carries.

use std::net::IpAddr;

use etherparse::{
    IpAuthHeaderSlice, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice,
    Ipv6RawExtHeaderSlice,
};

use super::bytes::Bytes;
use super::fragments::{Key, Piece};

/// Extension headers of one packet that are taken off (RFC 8200 4.1 knows seven).
const EXTENSIONS: usize = 16;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
pub(super) const AUTHENTICATION: u8 = 51;
const NOTHING: u8 = 59;
const DESTINATION: u8 = 60;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

/// An IP header of either version.
pub(super) struct Header<'p> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) hops: u8,
    pub(super) identification: u16,
    pub(super) payload: Payload<'p>,
}

/// What follows a header and its extensions.
pub(super) enum Payload<'p> {
    /// The protocol and all of it.
    Whole(u8, Bytes<'p>),
    /// A part of it.
    Fragment(Piece<'p>),
    /// It cannot be told: cut off, or a header contradicts itself.
    Unknown,
}

/// Reads the header at the begin of `bytes`, which may have padding at their end; `None` when
/// there is none.
#[inline]
pub(super) fn header(bytes: Bytes<'_>) -> Option<Header<'_>> {
    match bytes.held.first()? >> 4 {
        4 => v4(bytes),
        6 => v6(bytes),
        _ => None,
    }
}

/// RFC 791 3.1.
#[inline]
fn v4(bytes: Bytes<'_>) -> Option<Header<'_>> {
    let Ok(header) = Ipv4HeaderSlice::from_slice(bytes.held) else {
        return v4_cut(bytes);
    };
    let length = header.slice().len();
    let (source, destination) = (header.source_addr(), header.destination_addr());
    // segmentation that the network card does leaves the length out
    let total = match usize::from(header.total_len()) {
        0 => bytes.wire,
        total => total.min(bytes.wire),
    };
    let payload = if total < length {
        Payload::Unknown
    } else {
        let inside = Bytes::new(bytes.held, total).skip(length)?;
        let protocol = header.protocol().0;
        if header.is_fragmenting_payload() {
            Payload::Fragment(Piece {
                key: Key {
                    source: source.into(),
                    destination: destination.into(),
                    identification: u32::from(header.identification()),
                    protocol: Some(protocol),
                },
                protocol,
                offset: usize::from(header.fragments_offset().value()) * 8,
                more: header.more_fragments(),
                bytes: inside,
            })
        } else {
            Payload::Whole(protocol, inside)
        }
    };
    Some(Header {
        source: source.into(),
        destination: destination.into(),
        hops: header.ttl(),
        identification: header.identification(),
        payload,
    })
}

/// A header whose options are cut off or whose length is wrong still tells who speaks to whom.
#[cold]
fn v4_cut(bytes: Bytes<'_>) -> Option<Header<'_>> {
    let fixed: &[u8; 20] = bytes.held.first_chunk()?;
    let mut fixed = *fixed;
    if let Some(first) = fixed.first_mut() {
        *first = 0x45;
    }
    let header = Ipv4HeaderSlice::from_slice(&fixed).ok()?;
    Some(Header {
        source: header.source_addr().into(),
        destination: header.destination_addr().into(),
        hops: header.ttl(),
        identification: header.identification(),
        payload: Payload::Unknown,
    })
}

/// RFC 8200 3.
#[inline]
fn v6(bytes: Bytes<'_>) -> Option<Header<'_>> {
    let header = Ipv6HeaderSlice::from_slice(bytes.held).ok()?;
    let rest = bytes.skip(header.slice().len())?;
    // a jumbogram (RFC 2675), or segmentation that the network card does
    let length = match usize::from(header.payload_length()) {
        0 => rest.wire,
        length => length.min(rest.wire),
    };
    let (source, destination) = (
        header.source_addr().into(),
        header.destination_addr().into(),
    );
    let extended = Extended {
        protocol: header.next_header().0,
        bytes: Bytes::new(rest.held, length),
        source,
        destination,
    };
    Some(Header {
        source,
        destination,
        hops: header.hop_limit(),
        identification: 0,
        payload: extended.payload(),
    })
}

/// What follows the fixed header of IPv6.
struct Extended<'p> {
    protocol: u8,
    bytes: Bytes<'p>,
    source: IpAddr,
    destination: IpAddr,
}

impl<'p> Extended<'p> {
    /// Takes the extension headers off.
    #[inline]
    fn payload(mut self) -> Payload<'p> {
        for _ in 0..EXTENSIONS {
            match self.protocol {
                HOP_BY_HOP | ROUTING | DESTINATION | MOBILITY | HOST_IDENTITY | SHIM6 => {
                    let Some((next, rest)) = extension(self.bytes) else {
                        return Payload::Unknown;
                    };
                    (self.protocol, self.bytes) = (next, rest);
                }
                FRAGMENT => {
                    let Ok(header) = Ipv6FragmentHeaderSlice::from_slice(self.bytes.held) else {
                        return Payload::Unknown;
                    };
                    let next = header.next_header().0;
                    let rest = self.bytes.behind(header.slice().len());
                    if header.is_fragmenting_payload() {
                        return Payload::Fragment(self.piece(&header, next, rest));
                    }
                    (self.protocol, self.bytes) = (next, rest);
                }
                NOTHING => return Payload::Unknown,
                protocol => return Payload::Whole(protocol, self.bytes),
            }
        }
        Payload::Unknown
    }

    fn piece(
        &self,
        header: &Ipv6FragmentHeaderSlice<'_>,
        protocol: u8,
        bytes: Bytes<'p>,
    ) -> Piece<'p> {
        Piece {
            key: Key {
                source: self.source,
                destination: self.destination,
                identification: header.identification(),
                // only the first fragment's counts (RFC 8200 4.5)
                protocol: None,
            },
            protocol,
            offset: usize::from(header.fragment_offset().value()) * 8,
            more: header.more_fragments(),
            bytes,
        }
    }
}

/// An extension header of the common form: what follows it.
fn extension(bytes: Bytes<'_>) -> Option<(u8, Bytes<'_>)> {
    let header = Ipv6RawExtHeaderSlice::from_slice(bytes.held).ok()?;
    Some((header.next_header().0, bytes.skip(header.slice().len())?))
}

/// An authentication header (RFC 4302 2): what follows it.
pub(super) fn authenticated(bytes: Bytes<'_>) -> Option<(u8, Bytes<'_>)> {
    let header = IpAuthHeaderSlice::from_slice(bytes.held).ok()?;
    Some((header.next_header().0, bytes.skip(header.slice().len())?))
}

/// The last protocol behind the extension headers of a quoted packet, and what is quoted of it.
/// `None` when it is a later fragment, which quotes no ports, or cut off.
pub(super) fn innermost<'p>(payload: &Payload<'p>) -> Option<(u8, Bytes<'p>)> {
    match *payload {
        Payload::Whole(AUTHENTICATION, bytes) => authenticated(bytes),
        Payload::Whole(protocol, bytes) => Some((protocol, bytes)),
        Payload::Fragment(ref piece) if piece.offset == 0 => Some((piece.protocol, piece.bytes)),
        Payload::Fragment(_) | Payload::Unknown => None,
    }
}
