//! One connection packet by packet, as `--show` draws it.

use std::net::{IpAddr, SocketAddr};

use super::flow::{ConnState, Direction};
use super::time::{SECOND, TimeCertainty};

/// Microseconds without a packet that are told; no row reaches over them, but of keep-alives,
/// which come that slowly.
pub const SILENCE: i64 = SECOND;

/// The two ends of a connection: who opened it, as far as that is known, and the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ends {
    /// Who opened it.
    pub originator: SocketAddr,
    /// Who was asked.
    pub responder: SocketAddr,
}

impl Ends {
    /// The same connection seen from its other end.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            originator: self.responder,
            responder: self.originator,
        }
    }

    /// True when it is between the same ends, whoever opened it.
    pub fn is_same(self, other: Self) -> bool {
        self == other || self == other.reversed()
    }
}

impl std::fmt::Display for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} > {}", self.originator, self.responder)
    }
}

/// The place and time of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, as Wireshark counts.
    pub frame: u64,
    /// Microseconds since 1970, where the capture tells.
    pub at: Option<i64>,
}

/// How a segment stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// What comes next.
    Next,
    /// It was sent before.
    Again,
    /// Later ones have overtaken it.
    Late,
    /// It only asks whether the other side is there.
    KeepAlive,
    /// It asks whether a closed window has opened.
    Probe,
}

/// A TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// SYN.
    pub syn: bool,
    /// ACK.
    pub ack: bool,
    /// FIN.
    pub fin: bool,
    /// RST.
    pub rst: bool,
    /// Bytes of payload.
    pub bytes: u32,
    /// How it stands to those before it.
    pub sort: Sort,
    /// It closes the sender's window, or opens it again.
    pub closes: Option<bool>,
    /// It completes the handshake of three segments.
    pub completes: bool,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A TCP segment.
    Segment(Segment),
    /// A UDP datagram with so many bytes.
    Datagram(u32),
    /// An ICMP error about a packet of the connection.
    Icmp {
        /// Who sent it.
        from: IpAddr,
        /// What it says, as rules name it.
        kind: &'static str,
        /// The largest packet that passes.
        mtu: Option<u32>,
    },
}

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// Where it stands.
    pub place: Place,
    /// Who sent it; of an ICMP error the side whose packet did not pass is the one that gets it.
    pub from: Direction,
    /// What it is.
    pub what: What,
    /// What it says, message by message.
    pub words: Vec<String>,
}

/// What packets have in common that stand in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Acknowledgments.
    Acks,
    /// Keep-alives and their answers.
    KeepAlives,
    /// Questions about a closed window, and their answers.
    Probes,
    /// Data and its acknowledgments.
    Data,
    /// Data that was sent before.
    Again,
}

/// Several packets in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Folded {
    /// What they are.
    pub kind: Kind,
    /// The first one.
    pub first: Place,
    /// The last one.
    pub last: Place,
    /// How many they are.
    pub packets: u64,
    /// How many of them are what the kind says; the others answer.
    pub own: u64,
    /// Bytes of the originator and of the responder.
    pub bytes: [u64; 2],
}

/// A row of the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A packet.
    One(Rung),
    /// Several.
    Folded(Folded),
}

impl Row {
    /// Its first and its last packet.
    pub fn places(&self) -> (Place, Place) {
        match self {
            Self::One(rung) => (rung.place, rung.place),
            Self::Folded(folded) => (folded.first, folded.last),
        }
    }

    /// How many packets it stands for.
    pub fn packets(&self) -> u64 {
        match self {
            Self::One(_) => 1,
            Self::Folded(folded) => folded.packets,
        }
    }
}

/// Packets in the middle that are not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How many.
    pub packets: u64,
    /// The first one.
    pub first: Place,
    /// The last one.
    pub last: Place,
}

/// One TCP connection between the ends: ports are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// How it stands.
    pub state: ConnState,
    /// Its first packet.
    pub first: Place,
    /// Its last packet.
    pub last: Place,
    /// Packets of the originator and of the responder.
    pub packets: [u32; 2],
    /// Round-trip time of the handshake, microseconds.
    pub rtt: Option<i64>,
    /// What is spoken.
    pub protocol: Option<&'static str>,
    /// Its handshake was seen.
    pub opened: bool,
}

/// What a parser says about the connection, at the packet that proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The packet.
    pub place: Place,
    /// One line.
    pub text: String,
}

/// The connection as one capture shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// The capture.
    pub origin: String,
    /// Who is who.
    pub ends: Ends,
    /// The rows at the beginning; all of them when nothing is left out.
    pub head: Vec<Row>,
    /// What is left out behind them.
    pub left: Option<Left>,
    /// The rows at the end.
    pub tail: Vec<Row>,
    /// Its connections, the first ones.
    pub connections: Vec<Connection>,
    /// How many more there are.
    pub more_connections: u64,
    /// What parsers say.
    pub remarks: Vec<Remark>,
    /// How many more there are.
    pub more_remarks: u64,
    /// What a reader should know about the capture, as the report says it.
    pub notes: Vec<String>,
    /// Packets that the capture holds twice; they have no rows.
    pub twins: u64,
    /// TCP segments, UDP datagrams.
    pub packets: [u64; 2],
}

impl Ladder {
    /// Its rows in their order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.head.iter().chain(&self.tail)
    }

    /// Its handshake tells who opened it.
    pub fn is_opened(&self) -> bool {
        self.connections
            .first()
            .is_some_and(|connection| connection.opened)
    }

    /// Turns the ends round.
    pub fn turn(&mut self) {
        self.ends = self.ends.reversed();
        for row in self.head.iter_mut().chain(&mut self.tail) {
            match row {
                Row::One(rung) => rung.from = rung.from.reversed(),
                Row::Folded(folded) => folded.bytes.reverse(),
            }
        }
        for connection in &mut self.connections {
            connection.packets.reverse();
        }
    }
}

/// A record that belongs beside the packets: a rule matched it, and it is about one of the ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Microseconds since 1970.
    pub at: i64,
    /// How sure that is.
    pub certainty: TimeCertainty,
    /// File, and line where it has lines.
    pub place: String,
    /// The record, bounded.
    pub text: String,
}

/// A connection with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who is who.
    pub ends: Ends,
    /// One for each capture that has packets of it.
    pub ladders: Vec<Ladder>,
    /// Captures with more packets of it that are not told.
    pub more_captures: u64,
    /// Records beside it, in the order of time.
    pub logs: Vec<LogLine>,
    /// Records in the middle that are not told.
    pub logs_left: u64,
    /// Ids of the faults that its packets prove.
    pub faults: Vec<String>,
}
