//! Fragments put together to the packets they were (RFC 815, RFC 8200 4.5), within limits.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::bytes::Bytes;

/// Packets that are put together at the same time, and bytes that they may hold together.
const PACKETS: usize = 256;
const BYTES: usize = 4 << 20;
/// The longest packet (RFC 791 3.1).
const LONGEST: usize = 65_535;
/// Frames after which a packet is given up: systems wait for 30 seconds and more, a busy
/// capture has this many frames in a fraction of it.
const PATIENCE: u64 = 100_000;

/// What the fragments of one packet have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) identification: u32,
    /// IPv4 counts the protocol in.
    pub(super) protocol: Option<u8>,
}

/// One fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'p> {
    pub(super) key: Key,
    pub(super) protocol: u8,
    /// Where its bytes belong.
    pub(super) offset: usize,
    /// It is not the last one.
    pub(super) more: bool,
    pub(super) bytes: Bytes<'p>,
}

/// A packet that fragments made.
pub(super) struct Whole<'p> {
    pub(super) protocol: u8,
    pub(super) bytes: &'p [u8],
}

/// A packet of which some fragments came.
#[derive(Debug)]
struct Partial {
    key: Key,
    /// The frame that brought its first fragment.
    since: u64,
    /// By the fragment at its begin, else by any.
    protocol: u8,
    /// How long it is, once the last fragment came.
    length: Option<usize>,
    bytes: Vec<u8>,
    /// What is there: begins and ends, in order, with holes between.
    there: Vec<(usize, usize)>,
}

/// Packets in the making, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    partial: VecDeque<Partial>,
    held: usize,
    incomplete: u64,
    whole: Vec<u8>,
}

impl Fragments {
    /// Adds a fragment that frame `number` brought; gives the packet that it completes.
    pub(super) fn add(&mut self, piece: &Piece<'_>, number: u64) -> Option<Whole<'_>> {
        self.expire(number);
        let bytes = piece.bytes.held;
        let end = piece.offset + bytes.len();
        // cut off by the snap length, too long, or a length that only the last one may have
        let torn = bytes.len() < piece.bytes.wire || (piece.more && !bytes.len().is_multiple_of(8));
        if torn || bytes.is_empty() || end > LONGEST {
            return None;
        }
        let found = self.partial.iter().position(|one| one.key == piece.key);
        let at = found.unwrap_or_else(|| {
            self.partial.push_back(Partial::new(piece, number));
            self.partial.len() - 1
        });
        let partial = self.partial.get_mut(at)?;
        let before = partial.bytes.len();
        partial.add(piece);
        let after = partial.bytes.len();
        self.held += after - before;
        if !partial.is_complete() {
            self.shrink();
            return None;
        }
        let done = self.partial.remove(at)?;
        self.held -= after;
        self.whole = done.bytes;
        Some(Whole {
            protocol: done.protocol,
            bytes: &self.whole,
        })
    }

    /// Packets that were given up, and those that still wait.
    pub(super) fn incomplete(&self) -> u64 {
        self.incomplete + self.partial.len() as u64
    }

    /// Bytes that wait for the rest of their packets.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held
    }

    fn expire(&mut self, number: u64) {
        let old = |one: &Partial| number.saturating_sub(one.since) > PATIENCE;
        while self.partial.front().is_some_and(old) {
            self.give_up();
        }
    }

    fn shrink(&mut self) {
        while self.partial.len() > PACKETS || self.held > BYTES {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        if let Some(oldest) = self.partial.pop_front() {
            self.held -= oldest.bytes.len();
            self.incomplete += 1;
        }
    }
}

impl Partial {
    fn new(piece: &Piece<'_>, number: u64) -> Self {
        Self {
            key: piece.key,
            since: number,
            protocol: piece.protocol,
            length: None,
            bytes: Vec::new(),
            there: Vec::new(),
        }
    }

    /// Takes the bytes of a fragment that are not there yet: what came first counts.
    fn add(&mut self, piece: &Piece<'_>) {
        let (begin, end) = (piece.offset, piece.offset + piece.bytes.held.len());
        if begin == 0 && self.there.first().is_none_or(|(first, _)| *first > 0) {
            self.protocol = piece.protocol;
        }
        if !piece.more {
            self.length.get_or_insert(end);
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let mut free = begin;
        for (from, to) in self.there.iter().copied().chain([(end, end)]) {
            let upto = from.clamp(free, end);
            let source = piece.bytes.held.get(free - begin..upto - begin);
            if let (Some(to), Some(from)) = (self.bytes.get_mut(free..upto), source) {
                to.copy_from_slice(from);
            }
            free = free.max(to.min(end));
        }
        self.join(begin, end);
    }

    /// Adds a range to what is there.
    fn join(&mut self, begin: usize, end: usize) {
        let first = self.there.partition_point(|(_, to)| *to < begin);
        let last = self.there.partition_point(|(from, _)| *from <= end);
        let joined = self.there.get(first..last).unwrap_or_default();
        let from = joined.first().map_or(begin, |(from, _)| begin.min(*from));
        let to = joined.last().map_or(end, |(_, to)| end.max(*to));
        self.there.splice(first..last.max(first), [(from, to)]);
    }

    /// All bytes up to the end are there; what stands behind it is left out.
    fn is_complete(&mut self) -> bool {
        let Some(length) = self.length else {
            return false;
        };
        let complete = self
            .there
            .first()
            .is_some_and(|(from, to)| *from == 0 && *to >= length);
        if complete {
            self.bytes.truncate(length);
        }
        complete
    }
}
