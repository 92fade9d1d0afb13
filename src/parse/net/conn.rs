//! One TCP connection of a capture, followed segment by segment.

use std::net::IpAddr;

use super::choose;
use super::course::{Course, Mark};
use super::flow::{Barrier, Moment, is_answer};
use super::named::Named;
use super::packet::{Packet, Tcp};
use super::side::{Novelty, Side};
use super::stream::{Ending, Note};
use super::talk::Talk;
use super::tcp_state::Segment;
use crate::model::flow::Direction;
use crate::model::time::SECOND;

/// One end: address and port.
pub(super) type End = (IpAddr, u16);

/// Sendings of one segment beyond the first that make it stuck: by then some seconds have passed,
/// whatever the round trip (RFC 6298 5).
const STUCK: u16 = 3;
/// How long they take at least (microseconds).
const STUCK_FOR: i64 = SECOND;
/// A segment this big is what a smaller link drops: IPv6 lets no link be smaller than 1280 bytes
/// (RFC 8200 5), tunnels take about 100 from 1500.
const BIG: u16 = 1100;

/// What is to be told of a connection that works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Everything.
    pub(super) routine: bool,
    /// What is not ordinary.
    pub(super) fresh: bool,
}

/// What does not go well; few connections have it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trouble {
    /// What ICMP said about it, and the size that would pass.
    pub(super) icmp: Option<(Barrier, Mark, Option<u32>)>,
    /// A segment that is sent again and again.
    pub(super) stuck: Option<Stuck>,
    /// When the window of each side was closed, and is still.
    closed: [Option<Mark>; 2],
    /// The longest time for which it was closed, and since when.
    pub(super) zero: [Option<(Mark, i64)>; 2],
    /// The reset has another time to live than other packets of its sender.
    pub(super) foreign: bool,
    /// The first segment that had to be sent again.
    pub(super) lost: Option<Mark>,
}

/// A segment that nobody acknowledges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stuck {
    pub(super) by: Direction,
    sequence: u32,
    pub(super) length: u32,
    /// Its first sending, microseconds.
    since: i64,
    /// Its first repetition.
    pub(super) first: Mark,
    pub(super) last: Mark,
    repeats: u16,
    /// The other side has sent something meanwhile.
    pub(super) answered: bool,
}

impl Stuck {
    /// It was sent so often and for so long that the other side cannot have got it.
    pub(super) fn proven(&self) -> bool {
        self.repeats >= STUCK && self.lasted() >= STUCK_FOR
    }

    /// When it was sent first, microseconds.
    pub(super) fn since(&self) -> i64 {
        self.since
    }

    /// Microseconds from the first to the last sending.
    pub(super) fn lasted(&self) -> i64 {
        let from_first = self.last.at().map(|last| last.saturating_sub(self.since));
        from_first.unwrap_or(0).max(self.last.since(self.first))
    }
}

/// What is said in a connection, as far as anybody listens.
#[derive(Debug)]
enum Said {
    /// Nobody has said anything.
    Nothing,
    /// Something that is only recognised.
    Named(Named),
    Heard(Box<Talk>),
}

/// A connection.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) originator: End,
    pub(super) responder: End,
    pub(super) course: Course,
    pub(super) last: Mark,
    sides: [Side; 2],
    /// Sequence number of the SYN.
    pub(super) sequence: u32,
    /// Round-trip time of the handshake, microseconds; negative when it is not known.
    pub(super) rtt: i32,
    /// The segment was used since the hand that looks for old ones passed by.
    pub(super) fresh: bool,
    /// Somebody wants to hear every message of it.
    narrated: bool,
    said: Said,
    trouble: Option<Box<Trouble>>,
}

impl Conn {
    /// A connection that this segment begins, or is the first one seen of.
    pub(super) fn new(packet: &Packet<'_>, tcp: &Tcp<'_>, moment: Moment) -> Self {
        let kind = kind(tcp);
        let source = (packet.source, tcp.ports.0);
        let destination = (packet.destination, tcp.ports.1);
        let (originator, responder) = if is_answer(kind, source.1, destination.1) {
            (destination, source)
        } else {
            (source, destination)
        };
        Self {
            originator,
            responder,
            course: Course::new(moment, kind),
            last: moment.into(),
            sides: [Side::default(); 2],
            sequence: if kind == Segment::SynAck {
                tcp.acknowledgment.wrapping_sub(1)
            } else {
                tcp.sequence
            },
            rtt: -1,
            fresh: true,
            narrated: false,
            said: Said::Nothing,
            trouble: None,
        }
    }

    /// True when it is between these two, whoever sends.
    pub(super) fn is_between(&self, a: End, b: End) -> bool {
        (self.originator == a && self.responder == b)
            || (self.originator == b && self.responder == a)
    }

    /// Who sends a packet from there.
    pub(super) fn direction(&self, source: End) -> Direction {
        if self.originator == source {
            Direction::FromOriginator
        } else {
            Direction::FromResponder
        }
    }

    /// True when the segment opens another connection between the same ends.
    pub(super) fn is_replaced_by(&self, source: End, tcp: &Tcp<'_>) -> bool {
        if kind(tcp) != Segment::Syn {
            return false;
        }
        if source != self.originator {
            return self.course.state.is_over();
        }
        !self.course.opened || tcp.sequence != self.sequence
    }

    pub(super) fn side(&self, of: Direction) -> &Side {
        let [originator, responder] = &self.sides;
        match of {
            Direction::FromOriginator => originator,
            Direction::FromResponder => responder,
        }
    }

    fn sides_mut(&mut self, from: Direction) -> (&mut Side, &mut Side) {
        let [originator, responder] = &mut self.sides;
        match from {
            Direction::FromOriginator => (originator, responder),
            Direction::FromResponder => (responder, originator),
        }
    }

    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_deref()
    }

    pub(super) fn trouble_mut(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }

    fn talk(&self) -> Option<&Talk> {
        match &self.said {
            Said::Heard(talk) => Some(talk),
            Said::Nothing | Said::Named(_) => None,
        }
    }

    fn talk_mut(&mut self) -> Option<&mut Talk> {
        match &mut self.said {
            Said::Heard(talk) => Some(talk),
            Said::Nothing | Said::Named(_) => None,
        }
    }

    /// What is spoken, by the first bytes.
    pub(super) fn protocol(&self) -> Option<&'static str> {
        match &self.said {
            Said::Nothing => None,
            Said::Named(named) => named.name(),
            Said::Heard(talk) => talk.protocol(),
        }
    }

    /// Bytes were missing before anything could be recognised.
    pub(super) fn is_deaf(&self) -> bool {
        self.talk().is_some_and(Talk::is_deaf)
    }

    /// From now on what is said is told message by message.
    pub(super) fn narrate(&mut self) {
        self.narrated = true;
    }

    /// What was said since the last time, message by message.
    pub(super) fn narration(&mut self) -> Vec<String> {
        self.talk_mut().map_or_else(Vec::new, Talk::narration)
    }

    /// One more segment; false for a packet that the capture holds twice.
    pub(super) fn segment(
        &mut self,
        packet: &Packet<'_>,
        tcp: &Tcp<'_>,
        moment: Moment,
        notes: &mut Vec<Note>,
    ) -> bool {
        let mark = Mark::from(moment);
        let from = self.direction((packet.source, tcp.ports.0));
        let (own, _) = self.sides_mut(from);
        if own.is_twin(packet, tcp, mark) || own.is_elsewhere(packet, tcp) {
            return false;
        }
        let hops = own.spoken().then_some(own.hops);
        self.fresh = true;
        self.last = mark;
        let kind = kind(tcp);
        let resets = kind == Segment::Rst;
        let step = self.talk().filter(|_| resets).and_then(Talk::step);
        let established = self.course.established;
        self.course
            .advance(moment, from, kind, tcp.length > 0, step);
        if kind == Segment::Rst {
            let foreign = hops.is_some_and(|hops| hops != packet.hops);
            if foreign && !self.course.state.is_closing() {
                self.trouble_mut().foreign = true;
            }
            return true;
        }
        if !established && self.course.established {
            self.rtt = self.round_trip(mark);
        }
        self.follow(from, packet, tcp, mark);
        self.listen(from, tcp, moment, notes);
        true
    }

    /// Time from the SYN to the originator's next word, which is a round trip wherever the capture
    /// was taken between the two; a repeated SYN makes it unknown.
    fn round_trip(&self, mark: Mark) -> i32 {
        match self.course.syn {
            Some(syn) if self.course.syns == 1 && syn.at().is_some() => {
                i32::try_from(mark.since(syn)).unwrap_or(-1)
            }
            _ => -1,
        }
    }

    /// Sequence numbers, acknowledgments and windows.
    fn follow(&mut self, from: Direction, packet: &Packet<'_>, tcp: &Tcp<'_>, mark: Mark) {
        let (own, peer) = self.sides_mut(from);
        let younger = own.note(packet, tcp, mark);
        let sent_at = own.sent_at;
        let peer_closed = peer.closed();
        let news = tcp.ack && peer.acknowledge(tcp.acknowledgment);
        let window_changes = !tcp.syn && own.closed() != (tcp.window == 0);
        // a byte behind a closed window only asks whether it has opened
        let probes = peer_closed && tcp.length == 1;
        let novelty = (tcp.length > 0 && !probes).then(|| {
            let first = tcp.sequence.wrapping_add(u32::from(tcp.syn));
            own.data(first, tcp.length, mark, younger)
        });
        if window_changes {
            self.window(from, tcp.window == 0, mark);
        }
        if novelty == Some(Novelty::Again) && !peer_closed {
            self.again(from, tcp, mark, sent_at);
        }
        if let Some(trouble) = self.trouble.as_deref_mut()
            && let Some(stuck) = &mut trouble.stuck
            && stuck.by != from
        {
            stuck.answered = true;
            let done = news && super::side::before(stuck.sequence, tcp.acknowledgment);
            if done {
                trouble.stuck = None;
            }
        }
    }

    /// A side opens or closes its window.
    fn window(&mut self, of: Direction, closed: bool, mark: Mark) {
        self.sides_mut(of).0.close(closed);
        let at = usize::from(of == Direction::FromResponder);
        let trouble = self.trouble_mut();
        let Some(since) = trouble.closed.get_mut(at) else {
            return;
        };
        let span = match (closed, since.take()) {
            (true, old) => {
                *since = old.or(Some(mark));
                return;
            }
            (false, Some(begun)) => (begun, mark.since(begun)),
            (false, None) => return,
        };
        if let Some(longest) = trouble.zero.get_mut(at)
            && longest.is_none_or(|(_, time)| time < span.1)
        {
            *longest = Some(span);
        }
    }

    /// A segment was sent again.
    fn again(&mut self, from: Direction, tcp: &Tcp<'_>, mark: Mark, since: i64) {
        let trouble = self.trouble_mut();
        trouble.lost = trouble.lost.or(Some(mark));
        match &mut trouble.stuck {
            Some(stuck) if stuck.by == from && stuck.sequence == tcp.sequence => {
                stuck.repeats = stuck.repeats.saturating_add(1);
                stuck.last = mark;
                stuck.length = stuck.length.max(tcp.length);
            }
            Some(stuck) if stuck.by == from && stuck.proven() => {}
            stuck => {
                *stuck = Some(Stuck {
                    by: from,
                    sequence: tcp.sequence,
                    length: tcp.length,
                    since,
                    first: mark,
                    last: mark,
                    repeats: 1,
                    answered: false,
                });
            }
        }
    }

    /// Hands the bytes to the protocol.
    fn listen(&mut self, from: Direction, tcp: &Tcp<'_>, moment: Moment, notes: &mut Vec<Note>) {
        let port = self.responder.1;
        let begun = self.course.opened && !self.course.state.is_reset();
        if matches!(self.said, Said::Nothing) && tcp.length > 0 && begun {
            // most connections are nobody's business: they cost no more than a name
            let first = self.side(from).begin() == Some(tcp.sequence) && !tcp.payload.is_empty();
            let spoken = first.then(|| choose(tcp.payload, from, port));
            let spoken = spoken.filter(|spoken| spoken.parser.is_none());
            if let Some(named) = spoken.and_then(|spoken| Named::of(spoken.protocol)) {
                self.said = Said::Named(named);
                return;
            }
            let mut talk = Box::new(Talk::new(port, self.narrated));
            for side in [Direction::FromOriginator, Direction::FromResponder] {
                if let Some(begin) = self.side(side).begin() {
                    talk.begin(side, begin);
                }
            }
            self.said = Said::Heard(talk);
        }
        let Some(talk) = self.talk_mut().filter(|talk| talk.wants_more()) else {
            return;
        };
        if tcp.ack {
            talk.acknowledged(from.reversed(), tcp.acknowledgment, moment, notes);
        }
        if tcp.length > 0 {
            talk.data(from, tcp, moment, notes);
        }
    }

    /// What the protocol has to say at the end of the connection, or of the capture.
    pub(super) fn end(&mut self, latest: Option<i64>, wanted: Wanted, notes: &mut Vec<Note>) {
        for of in [Direction::FromOriginator, Direction::FromResponder] {
            if self.side(of).closed() {
                let last = self.last;
                self.window(of, false, last);
            }
        }
        let ending = self.ending(latest, wanted);
        if let Some(talk) = self.talk_mut() {
            talk.end(&ending, notes);
        }
    }

    fn ending(&self, latest: Option<i64>, wanted: Wanted) -> Ending {
        let course = &self.course;
        // who repeats what nobody answers does not break the silence of the other side
        let quiet_since = match self.stuck() {
            Some(stuck) => self.side(stuck.by.reversed()).last(),
            None => self.last.at(),
        };
        Ending {
            state: course.conn_state(),
            fin: course.fin.map(|fin| (course.closer, fin.into())),
            reset: course
                .reset
                .map(|reset| (reset.by, course.end.unwrap_or(self.last).into())),
            last: self.last.into(),
            silence: latest
                .zip(quiet_since)
                .map(|(latest, last)| latest.saturating_sub(last).max(0)),
            routine: wanted.routine,
            fresh: wanted.fresh,
        }
    }

    /// The segment that nobody acknowledged until the end.
    pub(super) fn stuck(&self) -> Option<&Stuck> {
        let stuck = self.trouble.as_ref()?.stuck.as_ref()?;
        stuck.proven().then_some(stuck)
    }

    /// The side whose segments were never acknowledged behind the handshake.
    pub(super) fn unheard(&self) -> Option<Direction> {
        let by = self.stuck()?.by;
        (self.course.opened && !self.side(by).heard()).then_some(by)
    }

    /// The side whose small segments pass while its big ones do not.
    pub(super) fn big_lost(&self) -> Option<&Stuck> {
        let stuck = self.stuck()?;
        let side = self.side(stuck.by);
        let limit = match self.side(stuck.by.reversed()).mss {
            0 => BIG,
            mss => BIG.min(mss - mss / 8),
        };
        let big = stuck.length >= u32::from(limit);
        let passed = u32::from(side.passed);
        (big && passed > 0 && passed < stuck.length).then_some(stuck)
    }

    /// SYN and SYN-ACK are repeated and nothing follows.
    pub(super) fn is_half_open(&self) -> bool {
        let [asked, answered] = self.course.packets;
        let over = self.course.reset.is_some() || self.course.fin.is_some();
        self.course.accepted && !self.course.established && answered > 1 && asked > 0 && !over
    }
}

/// What a segment means to the state.
pub(super) fn kind(tcp: &Tcp<'_>) -> Segment {
    Segment::of(tcp.syn, tcp.ack, tcp.fin, tcp.rst)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a connection costs that is followed and has nothing to tell.
    #[test]
    fn a_connection_is_small() {
        assert!(size_of::<Conn>() <= 344, "{} bytes", size_of::<Conn>());
    }
}
