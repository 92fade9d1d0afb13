//! Captured frames to IP packets: link layers, tunnels and fragments are taken off until what
//! connections are made of remains.
//!
//! Decoding never fails. What is cut off is not there, what contradicts itself ends the way
//! inwards, and the last packet that was understood is what the frame carries. Lengths are those
//! of the wire, by the IP header, however much of the frame was captured.

use crate::model::frame::Frame;

use super::packet::{Body, Packet};

mod bytes;
mod fragments;
mod icmp;
mod ip;
mod link;
#[cfg(test)]
mod tests;
mod transport;
mod tunnel;

use bytes::Bytes;
use fragments::{Fragments, Piece};
use link::Layer;

/// Headers that are taken off one frame; nobody nests deeper but to harm.
const DEPTH: usize = 24;
/// Kinds of links that are remembered as unreadable.
const LINKS: usize = 16;

/// What could not be decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecodeStats {
    /// Kinds of links (LINKTYPE numbers) that cannot be read, each with the number of its frames.
    pub unreadable: Vec<(u16, u64)>,
    /// Fragments of IP packets.
    pub fragments: u64,
    /// Packets that were put together from fragments.
    pub reassembled: u64,
    /// Packets of which some fragments came, but not all within the limits of memory and time.
    pub incomplete: u64,
}

/// Takes frames apart. It remembers fragments from one frame to the next.
#[derive(Debug, Default)]
pub struct Decoder {
    fragments: Fragments,
    stats: DecodeStats,
}

/// Where the way inwards ended.
struct Walk<'p> {
    /// The innermost packet that was understood.
    packet: Option<Packet<'p>>,
    /// It is a fragment.
    piece: Option<Piece<'p>>,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The IP packet that a frame carries, of tunnels the innermost; `None` when there is none.
    /// The last fragment of a packet gives the whole of it.
    #[inline]
    pub fn decode<'p>(&'p mut self, frame: &Frame<'p>) -> Option<Packet<'p>> {
        let wire = frame.length as usize;
        let bytes = Bytes::new(frame.data, wire.max(frame.data.len()));
        let Some(start) = link::start(frame.link, bytes) else {
            self.foreign(frame);
            return None;
        };
        let interface = start.interface.unwrap_or(frame.interface);
        let walk = walk(start.layer?, start.bytes, interface);
        match walk.piece {
            None => walk.packet,
            Some(piece) => self.assemble(walk.packet?, &piece, frame.number),
        }
    }

    /// What could not be decoded so far.
    pub fn stats(&self) -> DecodeStats {
        DecodeStats {
            incomplete: self.fragments.incomplete(),
            ..self.stats.clone()
        }
    }

    /// The packet that a fragment completes, or what is known of the fragment.
    #[cold]
    fn assemble<'p>(
        &'p mut self,
        packet: Packet<'p>,
        piece: &Piece<'p>,
        number: u64,
    ) -> Option<Packet<'p>> {
        self.stats.fragments += 1;
        let Some(whole) = self.fragments.add(piece, number) else {
            return Some(packet);
        };
        self.stats.reassembled += 1;
        let inside = Bytes::new(whole.bytes, whole.bytes.len());
        let walk = carry(packet, whole.protocol, inside, DEPTH / 2);
        // a fragment among fragments is nobody's ordinary traffic
        walk.packet
    }

    #[cold]
    fn foreign(&mut self, frame: &Frame<'_>) {
        let known = &mut self.stats.unreadable;
        if let Some((_, frames)) = known.iter_mut().find(|(link, _)| *link == frame.link) {
            *frames += 1;
        } else if known.len() < LINKS {
            known.push((frame.link, 1));
        }
    }
}

/// Goes inwards from a link layer.
#[inline]
fn walk(layer: Layer, bytes: Bytes<'_>, interface: u32) -> Walk<'_> {
    let none = Walk {
        packet: None,
        piece: None,
    };
    match link::to_ip(layer, bytes, DEPTH) {
        Some((inner, depth)) => enter(inner, interface, depth).unwrap_or(none),
        None => none,
    }
}

/// Goes inwards from an IP header; `None` when there is none.
#[inline]
fn enter(bytes: Bytes<'_>, interface: u32, depth: usize) -> Option<Walk<'_>> {
    let header = ip::header(bytes)?;
    let packet = Packet {
        source: header.source,
        destination: header.destination,
        hops: header.hops,
        identification: header.identification,
        interface,
        body: Body::Other,
    };
    let piece = match header.payload {
        ip::Payload::Whole(protocol, inside) => {
            return Some(carry(packet, protocol, inside, depth.saturating_sub(1)));
        }
        ip::Payload::Fragment(piece) => Some(piece),
        ip::Payload::Unknown => None,
    };
    Some(Walk {
        packet: Some(packet),
        piece,
    })
}

/// What a packet carries, or the packet within it.
#[inline]
fn carry<'p>(mut packet: Packet<'p>, protocol: u8, inside: Bytes<'p>, depth: usize) -> Walk<'p> {
    let within = match protocol {
        transport::TCP => {
            packet.body = transport::tcp(inside);
            None
        }
        transport::UDP => {
            packet.body = transport::udp(inside);
            tunnel::in_udp(&packet.body)
        }
        transport::ICMP | transport::ICMP_V6 => {
            packet.body = icmp::error(protocol, inside);
            None
        }
        ip::AUTHENTICATION if depth > 0 => {
            return match ip::authenticated(inside) {
                Some((protocol, inside)) => carry(packet, protocol, inside, depth - 1),
                None => Walk {
                    packet: Some(packet),
                    piece: None,
                },
            };
        }
        _ => tunnel::in_ip(protocol, inside),
    };
    within
        .filter(|_| depth > 0)
        .and_then(|(layer, bytes)| link::to_ip(layer, bytes, depth))
        .and_then(|(inner, depth)| enter(inner, packet.interface, depth))
        .unwrap_or(Walk {
            packet: Some(packet),
            piece: None,
        })
}
