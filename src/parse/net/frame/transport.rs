//! TCP segments and UDP datagrams.

use etherparse::{TcpHeaderSlice, TcpOptionElement, TcpOptionsIterator, UdpHeaderSlice};

use super::bytes::Bytes;
use crate::parse::net::packet::{Body, Tcp, Udp};

pub(super) const ICMP: u8 = 1;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
pub(super) const ICMP_V6: u8 = 58;

/// A TCP segment (RFC 9293 3.1).
#[inline]
pub(super) fn tcp(bytes: Bytes<'_>) -> Body<'_> {
    match TcpHeaderSlice::from_slice(bytes.held) {
        Ok(header) => segment(&header, bytes),
        Err(_) => cut(bytes),
    }
}

/// A segment whose options are cut off: what is missing of them counts as their end.
#[cold]
fn cut(bytes: Bytes<'_>) -> Body<'_> {
    const SHORTEST: usize = 20;
    const LONGEST: usize = 60;
    let Some(there) = bytes.held.get(..bytes.held.len().min(LONGEST)) else {
        return Body::Other;
    };
    let whole = |offset: u8| usize::from(offset >> 4) * 4 <= bytes.wire;
    if there.len() < SHORTEST || !there.get(12).is_some_and(|offset| whole(*offset)) {
        return Body::Other;
    }
    let mut filled = [0; LONGEST];
    for (to, from) in filled.iter_mut().zip(there) {
        *to = *from;
    }
    let header = TcpHeaderSlice::from_slice(&filled);
    header.map_or(Body::Other, |header| segment(&header, bytes))
}

#[inline]
fn segment<'p>(header: &TcpHeaderSlice<'_>, bytes: Bytes<'p>) -> Body<'p> {
    let inside = bytes.behind(header.slice().len());
    Body::Tcp(Tcp {
        ports: (header.source_port(), header.destination_port()),
        sequence: header.sequence_number(),
        acknowledgment: header.acknowledgment_number(),
        syn: header.syn(),
        ack: header.ack(),
        fin: header.fin(),
        rst: header.rst(),
        window: header.window_size(),
        mss: header.syn().then(|| mss(header.options())).flatten(),
        payload: inside.held,
        length: u32::try_from(inside.wire).unwrap_or(u32::MAX),
    })
}

/// The largest segment; broken options behind it do no harm.
fn mss(options: &[u8]) -> Option<u16> {
    TcpOptionsIterator::from_slice(options)
        .map_while(Result::ok)
        .find_map(|option| match option {
            TcpOptionElement::MaximumSegmentSize(size) => Some(size),
            _ => None,
        })
}

/// A UDP datagram (RFC 768); its own length counts where it is less than that of the packet.
#[inline]
pub(super) fn udp(bytes: Bytes<'_>) -> Body<'_> {
    let Ok(header) = UdpHeaderSlice::from_slice(bytes.held) else {
        return Body::Other;
    };
    let size = header.slice().len();
    let inside = bytes.behind(size);
    let inside = match usize::from(header.length()).checked_sub(size) {
        Some(length) => Bytes::new(inside.held, length.min(inside.wire)),
        // left out by jumbograms and by segmentation that the network card does
        None => inside,
    };
    Body::Udp(Udp {
        ports: (header.source_port(), header.destination_port()),
        payload: inside.held,
        length: u32::try_from(inside.wire).unwrap_or(u32::MAX),
    })
}
