//! Connections: who talks to whom, and how far they came.
//!
//! The words are Zeek's (`conn_state` of its connection log), so that a state can be looked up.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

/// A host as packets or printed lists name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// By its address.
    Address(IpAddr),
    /// By its name, lower case: a list that was printed with names instead of numbers.
    Name(Arc<str>),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

/// The ends of a TCP connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiveTuple {
    /// Who sent the first SYN.
    pub originator: Endpoint,
    /// Who it was sent to.
    pub responder: Endpoint,
}

/// Which end sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// The originator.
    FromOriginator,
    /// The responder.
    FromResponder,
}

impl Direction {
    /// The other one.
    pub fn reversed(self) -> Self {
        match self {
            Self::FromOriginator => Self::FromResponder,
            Self::FromResponder => Self::FromOriginator,
        }
    }

    /// `originator` or `responder`: who sent it.
    pub fn sender(self) -> &'static str {
        match self {
            Self::FromOriginator => "originator",
            Self::FromResponder => "responder",
        }
    }
}

/// How a connection stands when the last packet of it was seen; Zeek's codes with Zeek's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnState {
    /// An attempt without any reply.
    S0,
    /// Established and not ended.
    S1,
    /// Established and ended by both sides.
    SF,
    /// The attempt was answered with a reset.
    Rej,
    /// Established, ended by the originator only.
    S2,
    /// Established, ended by the responder only.
    S3,
    /// Established, then reset by the originator.
    Rsto,
    /// Reset by the responder later than in answer to the attempt.
    Rstr,
    /// The originator sent a SYN and a reset; the responder was never seen.
    Rstos0,
    /// The responder sent a SYN-ACK and a reset; the originator's SYN was never seen.
    Rstrh,
    /// The originator sent a SYN and a FIN; the responder was never seen.
    Sh,
    /// The responder sent a SYN-ACK and a FIN; the originator's SYN was never seen.
    Shr,
    /// Anything else: no SYN was seen, or only parts of a handshake.
    Oth,
}

impl ConnState {
    /// The code as Zeek prints it.
    pub fn code(self) -> &'static str {
        match self {
            Self::S0 => "S0",
            Self::S1 => "S1",
            Self::SF => "SF",
            Self::Rej => "REJ",
            Self::S2 => "S2",
            Self::S3 => "S3",
            Self::Rsto => "RSTO",
            Self::Rstr => "RSTR",
            Self::Rstos0 => "RSTOS0",
            Self::Rstrh => "RSTRH",
            Self::Sh => "SH",
            Self::Shr => "SHR",
            Self::Oth => "OTH",
        }
    }
}
