//! One conversation of TCP: what both sides say is put together as far as a diagnosis listens, and
//! redacted as a whole.

use std::collections::BTreeMap;

use super::{Segment, erlang, mask, pg, sip, tls, xmpp};
use crate::model::flow::Direction;
use crate::parse::net::choose;
use crate::parse::net::stream::DEPTH;
use crate::redact::text::Redactor;

/// The bytes of one side, with holes.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// Everything up to the last byte that was captured; zeros where there is a hole.
    pub(super) bytes: Vec<u8>,
    /// Whether a byte was captured.
    pub(super) there: Vec<bool>,
    /// Where segments begin.
    pub(super) starts: Vec<usize>,
}

impl Said {
    /// The bytes from a place on up to the next hole.
    pub(super) fn run(&self, at: usize) -> &[u8] {
        let rest = self.there.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|there| **there).count();
        self.bytes.get(at..at + length).unwrap_or_default()
    }

    /// Where the next segment begins, behind a place.
    pub(super) fn next_start(&self, at: usize) -> Option<usize> {
        let place = self.starts.partition_point(|start| *start <= at);
        self.starts.get(place).copied()
    }
}

#[derive(Debug, Default)]
struct Side {
    /// Number of the first byte.
    base: Option<u32>,
    /// What was heard, by its distance from the first byte.
    heard: BTreeMap<usize, Vec<u8>>,
    /// What stands for it, without zeros.
    kept: BTreeMap<usize, Vec<u8>>,
    settled: bool,
}

impl Side {
    fn distance(&self, sequence: u32) -> Option<usize> {
        let distance = sequence.wrapping_sub(self.base?);
        let distance = usize::try_from(distance).ok()?;
        (u64::try_from(distance).ok()? < DEPTH).then_some(distance)
    }

    fn said(&self) -> Said {
        let mut said = Said::default();
        for (at, bytes) in &self.heard {
            let end = at + bytes.len();
            if said.bytes.len() < end {
                said.bytes.resize(end, 0);
                said.there.resize(end, false);
            }
            // what came first counts, as it does for who listens
            let places = said.bytes.iter_mut().zip(&mut said.there).skip(*at);
            for ((to, there), from) in places.zip(bytes) {
                if !*there {
                    (*to, *there) = (*from, true);
                }
            }
            said.starts.push(*at);
        }
        said
    }

    /// Keeps what is not zero; gives its size.
    fn keep(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        let mut size = 0;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(begin) = rest.iter().position(|byte| *byte != 0) else {
                break;
            };
            let rest = rest.get(begin..).unwrap_or_default();
            // a few zeros cost less than another piece
            let end = rest
                .windows(32)
                .position(|zeros| zeros.iter().all(|byte| *byte == 0));
            let piece = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            self.kept.insert(at + begin, piece.to_vec());
            size += piece.len() + 64;
            at += begin + piece.len();
        }
        size
    }

    /// Fills in what stands for the bytes from a place on.
    fn fill(&self, at: usize, out: &mut [u8]) {
        let end = at + out.len();
        for (begin, piece) in self.kept.range(..end) {
            for (place, byte) in (*begin..).zip(piece) {
                let to = place.checked_sub(at).and_then(|place| out.get_mut(place));
                if let Some(to) = to {
                    *to = *byte;
                }
            }
        }
    }
}

/// A conversation.
#[derive(Debug)]
pub(super) struct Talk {
    ports: [u16; 2],
    sides: [Side; 2],
    /// Who opened it.
    opener: Option<usize>,
    /// Who spoke first.
    first: Option<usize>,
    /// The numbers with which both sides begin, in the order in which they were heard.
    bases: [Option<u32>; 2],
}

impl Talk {
    pub(super) fn new(ports: [u16; 2]) -> Self {
        Self {
            ports,
            sides: Default::default(),
            opener: None,
            first: None,
            bases: [None; 2],
        }
    }

    /// True for a segment that begins another conversation of the same ends.
    pub(super) fn is_over(&self, side: usize, segment: &Segment<'_>) -> bool {
        let base = self.sides.get(side).and_then(|side| side.base);
        segment.syn && !segment.ack && base.is_some_and(|base| base != segment.sequence)
    }

    /// The same, when the capture is read again.
    pub(super) fn was_over(&self, side: usize, segment: &Segment<'_>) -> bool {
        let base = self.bases.get(side).copied().flatten();
        segment.syn && !segment.ack && base.is_some_and(|base| base != segment.sequence)
    }

    /// Hears a segment; gives the bytes that it takes.
    pub(super) fn hear(&mut self, side: usize, segment: &Segment<'_>) -> usize {
        if segment.syn {
            self.opener = self
                .opener
                .or(Some(if segment.ack { 1 - side } else { side }));
        }
        let Some(own) = self.sides.get_mut(side) else {
            return 0;
        };
        let empty = own.heard.is_empty();
        if own.base.is_none() || segment.syn && empty {
            own.base = Some(segment.sequence);
        }
        if let Some(base) = self.bases.get_mut(side) {
            *base = own.base;
        }
        if segment.payload.is_empty() || own.settled {
            return 0;
        }
        let Some(at) = own.distance(segment.sequence) else {
            return 0;
        };
        self.first = self.first.or(Some(side));
        let known = own.heard.get(&at).map_or(0, Vec::len);
        if known >= segment.payload.len() {
            return 0;
        }
        own.heard.insert(at, segment.payload.to_vec());
        segment.payload.len() - known
    }

    /// Redacts what was heard, once; gives the bytes that it takes from now on, or nothing where
    /// there is no room.
    pub(super) fn settle(&mut self, redactor: &mut Redactor, room: usize) -> Option<usize> {
        if self.sides.iter().all(|side| side.heard.is_empty()) {
            return Some(0);
        }
        let said = [self.side(0).said(), self.side(1).said()];
        let redacted = self.redacted(&said, redactor);
        let mut size = 0;
        for (side, bytes) in self.sides.iter_mut().zip(&redacted) {
            side.heard = BTreeMap::new();
            if !side.settled && room > 0 {
                size += side.keep(bytes);
            }
            side.settled |= !bytes.is_empty();
        }
        (room > 0).then_some(size)
    }

    fn side(&self, side: usize) -> &Side {
        let [one, two] = &self.sides;
        if side == 0 { one } else { two }
    }

    /// Fills in what stands for the payload of a segment.
    pub(super) fn said(&self, side: usize, segment: &Segment<'_>, out: &mut [u8]) {
        let side = self.side(side);
        if let Some(at) = side.distance(segment.sequence) {
            side.fill(at, out);
        }
    }

    /// What stands for both sides.
    fn redacted(&self, said: &[Said; 2], redactor: &mut Redactor) -> [Vec<u8>; 2] {
        let [one, two] = said;
        let first = self.first.unwrap_or(0);
        let opener = self.opener.unwrap_or(first);
        let opening = if first == 0 { one } else { two };
        let name = self.spoken(opening, first == opener);
        if name == "postgresql" {
            let (client, server) = if opener == 0 { (one, two) } else { (two, one) };
            let client_first = first == opener;
            let (client, server) = match pg::is_client(client.run(0))
                || client_first && !pg::is_client(server.run(0))
            {
                true => pg::redact(client, server, redactor),
                false => {
                    let (server, client) = pg::redact(server, client, redactor);
                    (client, server)
                }
            };
            return if opener == 0 {
                [client, server]
            } else {
                [server, client]
            };
        }
        [
            self.one(one, name, opener == 0, redactor),
            self.one(two, name, opener == 1, redactor),
        ]
    }

    /// What is spoken, by the first bytes.
    fn spoken(&self, said: &Said, opens: bool) -> &'static str {
        let end = said.next_start(0).unwrap_or(said.bytes.len());
        let first = said.run(0);
        let first = first.get(..end).unwrap_or(first);
        let [one, two] = self.ports;
        let name = |from, port| choose(first, from, port).protocol;
        let (from, other) = match opens {
            true => (Direction::FromOriginator, Direction::FromResponder),
            false => (Direction::FromResponder, Direction::FromOriginator),
        };
        let attempts = [(from, one), (from, two), (other, one), (other, two)];
        let names = attempts.map(|(from, port)| name(from, port));
        let plain = |name: &&&str| !matches!(**name, "text" | "binary");
        names
            .iter()
            .find(plain)
            .copied()
            .unwrap_or(names.first().copied().unwrap_or("binary"))
    }

    /// One side of a conversation whose sides can be told from each other by what they say.
    fn one(&self, said: &Said, name: &str, opens: bool, redactor: &mut Redactor) -> Vec<u8> {
        let name = match said.run(0) {
            [0x16, 3, ..] | [0x15, 3, ..] => "tls",
            _ if matches!(
                name,
                "xmpp" | "sip" | "erlang-distribution" | "erlang-port-mapper"
            ) =>
            {
                name
            }
            _ => match self.spoken(said, opens) {
                "binary" if name == "tls" => "tls",
                own => own,
            },
        };
        match name {
            "tls" => tls::redact(said, 0, redactor),
            "xmpp" => xmpp::redact(said, redactor),
            "sip" => sip::stream(said, redactor),
            "erlang-distribution" => erlang::distribution(said, redactor),
            "erlang-port-mapper" => erlang::port_mapper(said, redactor),
            "http" => mask::http(said.run(0), redactor),
            "ssh" => mask::greeting(said.run(0), b"SSH-2.0-"),
            "smtp" | "text" => mask::text(said.run(0), redactor),
            _ => Vec::new(),
        }
    }
}
