//! What one side of a TCP connection sends, by its sequence numbers: what is new, what is sent
//! again, what the other side has acknowledged (RFC 9293 3.4).

use super::course::Mark;
use super::packet::{Packet, Tcp};

/// Segments that fill a hole this soon behind later ones have changed places on the way; one that
/// was lost takes a round trip at least (microseconds; Wireshark draws the line at 3 ms as well).
const SHUFFLE: i64 = 3_000;
/// A copy of a packet that a capture holds twice follows this soon (microseconds).
const TWIN: i64 = 50_000;

/// How a data segment stands to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Novelty {
    /// Bytes that were not seen before.
    New,
    /// Bytes that were sent before; the payload of it.
    Again,
    /// Bytes that later ones have overtaken on the way.
    Late,
    /// A byte that was acknowledged long ago: only asks whether the other side is there.
    KeepAlive,
}

/// One side. Kept small: there are two of them in every connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    /// Behind the last byte that was sent.
    next: u32,
    /// The first byte that the other side has not acknowledged.
    acknowledged: u32,
    /// The first sequence number of data.
    begin: u32,
    /// Where the segment that was last found to be lost begins.
    lost_at: u32,
    /// Sequence number, length and identification of the last segment.
    last_sequence: u32,
    last_length: u16,
    last_identification: u16,
    /// SYN, FIN and RST of the last segment.
    last_flags: u8,
    /// End and length of the biggest segment on its way.
    pending: (u32, u16),
    /// The biggest payload that was acknowledged.
    pub(super) passed: u16,
    /// Time to live of its packets.
    pub(super) hops: u8,
    flags: u8,
    /// Data segments, those that were sent again not among them.
    pub(super) segments: u32,
    /// Data segments that had to be sent again, each once.
    pub(super) lost: u32,
    /// The interface on which it was seen first.
    interface: u32,
    /// Time of its last packet, microseconds.
    last_at: i64,
    /// Time of its last new data.
    pub(super) sent_at: i64,
    /// Largest segment that it takes; 0 if it did not say.
    pub(super) mss: u16,
}

const SPOKEN: u8 = 1;
const HEARD: u8 = 2;
const LOST: u8 = 4;
const HOLE: u8 = 8;
const CLOSED: u8 = 16;

/// True when `a` lies before `b` in the circle of sequence numbers.
pub(super) fn before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// The flags that open or end a connection, as one number.
fn turns(tcp: &Tcp<'_>) -> u8 {
    u8::from(tcp.syn) | u8::from(tcp.fin) << 1 | u8::from(tcp.rst) << 2
}

impl Side {
    fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn set(&mut self, flag: u8, holds: bool) {
        if holds {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }

    /// Something of it was seen.
    pub(super) fn spoken(&self) -> bool {
        self.is(SPOKEN)
    }

    /// Time of its last packet.
    pub(super) fn last(&self) -> Option<i64> {
        self.is(SPOKEN).then_some(self.last_at)
    }

    /// Its window is closed.
    pub(super) fn closed(&self) -> bool {
        self.is(CLOSED)
    }

    /// True for the number of the last byte that was sent, once that was acknowledged.
    pub(super) fn is_behind(&self, sequence: u32) -> bool {
        let last = sequence.wrapping_add(1) == self.next;
        self.is(SPOKEN) && last && self.has_acknowledged(sequence)
    }

    /// Opens or closes its window.
    pub(super) fn close(&mut self, closed: bool) {
        self.set(CLOSED, closed);
    }

    /// True when the other side has acknowledged any of its data.
    pub(super) fn heard(&self) -> bool {
        self.is(HEARD) && before(self.begin, self.acknowledged)
    }

    /// True when the byte with this number was acknowledged.
    pub(super) fn has_acknowledged(&self, sequence: u32) -> bool {
        self.is(HEARD) && before(sequence, self.acknowledged)
    }

    /// True for a packet that is in the capture twice: the same bytes of the same packet, or of a
    /// packet without a number, at the same moment.
    pub(super) fn is_twin(&self, packet: &Packet<'_>, tcp: &Tcp<'_>, mark: Mark) -> bool {
        let same = self.is(SPOKEN)
            && self.last_sequence == tcp.sequence
            && u32::from(self.last_length) == tcp.length.min(0xffff)
            && self.last_identification == packet.identification
            && self.last_flags == turns(tcp)
            && packet.identification != 0;
        same && mark.at().is_some_and(|at| at - self.last_at < TWIN)
    }

    /// The first sequence number of its data, if its beginning is known.
    pub(super) fn begin(&self) -> Option<u32> {
        self.is(SPOKEN).then_some(self.begin)
    }

    /// True for a segment that was seen before, on another interface of the same capture.
    pub(super) fn is_elsewhere(&self, packet: &Packet<'_>, tcp: &Tcp<'_>) -> bool {
        if packet.interface == self.interface {
            return false;
        }
        let flags = u32::from(tcp.syn) + u32::from(tcp.fin);
        let end = tcp.sequence.wrapping_add(tcp.length).wrapping_add(flags);
        self.is(SPOKEN) && !before(self.next.wrapping_add(u32::from(tcp.fin)), end)
    }

    /// A segment of this side; true when its packet is younger than the one before, as far as the
    /// numbers of packets tell.
    pub(super) fn note(&mut self, packet: &Packet<'_>, tcp: &Tcp<'_>, mark: Mark) -> bool {
        if !self.is(SPOKEN) {
            self.hops = packet.hops;
            self.interface = packet.interface;
            self.begin = tcp.sequence.wrapping_add(u32::from(tcp.syn));
            self.next = self.begin;
        }
        if tcp.syn {
            self.mss = tcp.mss.unwrap_or(0);
            // a SYN with another number opens anew
            let begin = tcp.sequence.wrapping_add(1);
            if self.segments == 0 {
                (self.begin, self.next) = (begin, begin);
            }
        }
        self.set(SPOKEN, true);
        self.last_at = mark.at().unwrap_or(0);
        self.last_sequence = tcp.sequence;
        self.last_length = u16::try_from(tcp.length).unwrap_or(u16::MAX);
        self.last_flags = turns(tcp);
        let before = std::mem::replace(&mut self.last_identification, packet.identification);
        let ahead = packet.identification.wrapping_sub(before);
        // half of the circle is ahead
        packet.identification != 0 && (1..0x8000).contains(&ahead)
    }

    /// A segment of this side that carries data, and whether the packet is younger than the one
    /// before it.
    pub(super) fn data(
        &mut self,
        sequence: u32,
        length: u32,
        mark: Mark,
        younger: bool,
    ) -> Novelty {
        let end = sequence.wrapping_add(length);
        let size = u16::try_from(length).unwrap_or(u16::MAX);
        if !before(sequence, self.next) {
            self.set(HOLE, sequence != self.next);
            self.next = end;
            self.segments = self.segments.saturating_add(1);
            self.sent_at = mark.at().unwrap_or(0);
            if self.pending.1 <= size || self.has_acknowledged(self.pending.0.wrapping_sub(1)) {
                self.pending = (end, size);
            }
            return Novelty::New;
        }
        if length == 1 && sequence.wrapping_add(1) == self.next && self.has_acknowledged(sequence) {
            return Novelty::KeepAlive;
        }
        let soon = mark.at().is_some_and(|at| at - self.sent_at < SHUFFLE);
        if before(self.next, end) {
            self.next = end;
        }
        let fills = self.is(HOLE);
        // what fills no hole and was made later is a repetition, however soon
        if soon && (fills || !younger) {
            self.segments = self.segments.saturating_add(u32::from(fills));
            return Novelty::Late;
        }
        if !self.is(LOST) || before(self.lost_at, sequence) {
            self.set(LOST, true);
            self.lost_at = sequence;
            self.lost = self.lost.saturating_add(1);
        }
        Novelty::Again
    }

    /// The other side has acknowledged everything before `number`; true when that is news.
    pub(super) fn acknowledge(&mut self, number: u32) -> bool {
        let news = !self.is(HEARD) || before(self.acknowledged, number);
        if !news {
            return false;
        }
        self.acknowledged = number;
        self.set(HEARD, true);
        if self.pending.1 > 0 && !before(number, self.pending.0) {
            self.passed = self.passed.max(self.pending.1);
            self.pending.1 = 0;
        }
        true
    }
}
