//! Packets to connections. Where the packets come from does not matter: a printed list and a
//! capture give the same segments.

use super::Probe;

mod assemble;
pub mod capture;
pub mod cert;
mod conn;
mod course;
pub mod flow;
pub mod frame;
pub mod packet;
pub mod service;
mod side;
pub mod stream;
mod table;
mod talk;
pub mod tcp_state;
pub mod tell;
pub mod tls;
pub mod vantage;

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

/// The protocols that are understood.
pub const STREAM_PARSERS: &[&dyn StreamParser] = &[&tls::Tls];

/// Names what is spoken by the first bytes; the port is a hint.
pub fn choose(first: &[u8], from: Direction, port: u16) -> Spoken {
    let fitting = STREAM_PARSERS
        .iter()
        .map(|parser| (parser.probe(first, from, port), *parser))
        .max_by_key(|(probe, _)| *probe)
        .filter(|(probe, _)| *probe > Probe::NotForUs);
    match fitting {
        Some((_, parser)) => Spoken {
            protocol: parser.id(),
            parser: Some(parser),
        },
        None => Spoken {
            protocol: "binary",
            parser: None,
        },
    }
}
