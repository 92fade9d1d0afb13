//! Packets to connections, and what is said inside them. Where the packets come from does not
//! matter: a printed list and a capture give the same segments.

use super::Probe;

mod assemble;
pub mod capture;
pub mod cert;
mod conn;
mod course;
pub mod datagram;
mod epmd;
mod erldist;
mod exchange;
pub mod flow;
pub mod frame;
pub mod ladder;
mod message;
mod named;
pub mod packet;
mod pgwire;
mod ras;
pub mod service;
mod side;
mod sip;
pub mod stream;
mod table;
mod talk;
pub mod tcp_state;
pub mod tell;
pub mod tls;
pub mod vantage;
#[cfg(test)]
mod wire_tests;
mod xmpp;

use crate::model::flow::Direction;
use stream::StreamParser;

/// What the first bytes of a conversation say about it.
#[derive(Clone, Copy)]
pub struct Spoken {
    /// Its name in the field `protocol` of `net.flow`.
    pub protocol: &'static str,
    /// Who understands it, if anybody does.
    pub parser: Option<&'static dyn StreamParser>,
}

/// The protocols that are understood; of two that are equally sure the first is taken.
pub const STREAM_PARSERS: &[&dyn StreamParser] = &[
    &pgwire::PgWire,
    &xmpp::Xmpp,
    &sip::SipStream,
    &erldist::Distribution,
    &epmd::Epmd,
    &tls::Tls,
];

/// Names what is spoken by the first bytes; the port is the responder's, and only counts where
/// the bytes leave room for doubt.
pub fn choose(first: &[u8], from: Direction, port: u16) -> Spoken {
    let probed = STREAM_PARSERS.iter().rev();
    let probed = probed.map(|parser| (parser.probe(first, from, port), *parser));
    // of equal ones the last, which is the first of the list
    let best = probed.max_by_key(|(probe, _)| *probe);
    let named = named::certain(first, from);
    match best {
        Some((Probe::Certain, parser)) => understood(parser),
        Some((Probe::Unsure, parser)) if named.is_none() => understood(parser),
        _ => Spoken {
            protocol: named.unwrap_or_else(|| named::kind(first)),
            parser: None,
        },
    }
}

fn understood(parser: &'static dyn StreamParser) -> Spoken {
    Spoken {
        protocol: parser.id(),
        parser: Some(parser),
    }
}
