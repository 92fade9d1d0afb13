//! Segments to connections: who opened them, how they were answered and how they ended.
//!
//! What a segment proves is decided in [`tcp_state`](super::tcp_state); here it is put with the
//! others of its connection. Nothing is concluded from silence alone: an attempt counts as
//! unanswered only when it was repeated and what was captured goes on for [`WAIT`] behind it.

use std::collections::{BTreeMap, HashSet, VecDeque};

use super::course::{Course, Mark};
use super::service;
use super::tcp_state::Segment;
use crate::model::flow::{ConnState, Direction, Endpoint, FiveTuple, Host};
use crate::model::time::SECOND;

/// How long an attempt has to stay without an answer. RFC 6298 2 sends the SYN again after one and
/// three seconds; some systems after one, two and three. Behind the third second at least one
/// repetition was lost as well, and no path that is of any use takes that long.
pub const WAIT: i64 = 3 * SECOND;
/// SYNs that by themselves take as long, where nothing tells the time.
const PATIENT: u32 = 3;
/// SYNs that make an attempt one that was repeated.
const REPEATED: u32 = 2;
/// Connections that are followed at the same time.
pub const LIVE: usize = 65_536;
/// Latest attempts among which an ICMP error finds the one it is about.
const ATTEMPTS: usize = 128;
/// Connections of two hosts among which words without ports find theirs.
const RIVALS: usize = 16;

/// The place and time of a packet in what was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Its number, as the source counts packets.
    pub number: u64,
    /// Microseconds on the capture's own clock, if it has one.
    pub at: Option<i64>,
}

/// A TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSegment {
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// What it means to the state.
    pub kind: Segment,
    /// Its sequence number, where that is not counted from the beginning of the connection.
    pub sequence: Option<u32>,
    /// The source says that the ports are used again for a new connection.
    pub reused: bool,
    /// It carries data.
    pub payload: bool,
}

/// What is known of words whose ports are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// A part of the TLS handshake.
    TlsHandshake,
    /// Data inside TLS.
    TlsData,
    /// Anything else.
    Plain,
}

/// What an ICMP error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Barrier {
    /// Administratively prohibited.
    Prohibited,
    /// Host or network unreachable.
    Unreachable,
    /// Port unreachable.
    PortUnreachable,
    /// The packet was too big for the next link and must not be fragmented.
    TooBig,
    /// The packet went in circles or too far.
    Expired,
}

/// An ICMP error about a packet of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Who sent it.
    pub from: Host,
    /// Whose packet it is about.
    pub to: Host,
    /// What it says.
    pub barrier: Barrier,
    /// Whom the packet was for, if known.
    pub responder: Option<Host>,
    /// The port it was for, if known.
    pub port: Option<u16>,
}

/// At which step of the conversation something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Nobody had said anything.
    Opening,
    /// One side had spoken.
    Request,
    /// The TLS handshake was not complete.
    TlsHandshake,
    /// Both sides had spoken.
    Data,
}

/// A reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Who sent it.
    pub by: Direction,
    /// When, in terms of the conversation.
    pub step: Step,
    /// One side had closed already.
    pub closing: bool,
}

/// One connection as far as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its ends.
    pub tuple: FiveTuple,
    /// The handshake tells who opened it; else the ports are taken for a hint.
    pub opened: bool,
    /// How it stands.
    pub state: ConnState,
    /// Its first packet.
    pub first: Moment,
    /// The first SYN.
    pub syn: Option<Moment>,
    /// Number of SYNs, repetitions among them.
    pub syns: u32,
    /// The first packet of the responder behind the SYN.
    pub answer: Option<Moment>,
    /// The reset, or the FIN that closed the second side.
    pub end: Option<Moment>,
    /// The responder took the connection.
    pub accepted: bool,
    /// The originator went on behind the answer: the handshake is complete.
    pub established: bool,
    /// The first reset.
    pub reset: Option<Reset>,
    /// What ICMP said about the attempt.
    pub icmp: Option<(Barrier, Moment)>,
    /// Packets of the originator and of the responder.
    pub packets: [u64; 2],
    /// Microseconds from the first SYN to the end of what was captured.
    pub waited: Option<i64>,
    /// The capture goes on long enough behind the attempt and its repetitions to say that
    /// nothing answered.
    pub unanswered: bool,
    /// Elsewhere the capture has packets of two hosts to each other: it does see both ways.
    pub other_traffic: bool,
}

/// Hosts and ports of a connection, whoever opened it; the connections of two hosts are
/// neighbours in the order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    hosts: (Host, Host),
    ports: (u16, u16),
}

impl Key {
    fn of(a: &Endpoint, b: &Endpoint) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self {
            hosts: (low.host.clone(), high.host.clone()),
            ports: (low.port, high.port),
        }
    }
}

/// A connection that is being followed.
#[derive(Debug)]
struct Live {
    tuple: FiveTuple,
    course: Course,
    icmp: Option<(Barrier, Moment)>,
    sequence: Option<u32>,
    tls: bool,
    tls_data: bool,
    /// Its place in the order of last use.
    used: u64,
}

impl Live {
    fn new(moment: Moment, segment: &TcpSegment) -> Self {
        let (source, destination) = (segment.source.clone(), segment.destination.clone());
        let (originator, responder) = if is_answer(segment.kind, source.port, destination.port) {
            (destination, source)
        } else {
            (source, destination)
        };
        Self {
            tuple: FiveTuple {
                originator,
                responder,
            },
            course: Course::new(moment, segment.kind),
            icmp: None,
            sequence: None,
            tls: false,
            tls_data: false,
            used: 0,
        }
    }

    /// True when a segment opens another connection between the same ports.
    fn is_replaced_by(&self, segment: &TcpSegment) -> bool {
        if segment.kind != Segment::Syn {
            return false;
        }
        let turned = self.tuple.originator != segment.source;
        match (self.sequence, segment.sequence) {
            _ if segment.reused || !self.course.opened => true,
            _ if turned => self.course.state.is_over(),
            (Some(old), Some(new)) => old != new,
            // a list may have the SYN behind its answer
            _ => self.course.syns > 0 && !self.course.state.is_waiting(),
        }
    }

    fn direction(&self, source: &Host, port: Option<u16>) -> Direction {
        let end = &self.tuple.originator;
        let own = end.host == *source && port.is_none_or(|port| port == end.port);
        if own {
            Direction::FromOriginator
        } else {
            Direction::FromResponder
        }
    }

    fn take(&mut self, moment: Moment, segment: &TcpSegment) {
        let from = self.direction(&segment.source.host, Some(segment.source.port));
        if segment.kind == Segment::Syn && from == Direction::FromOriginator {
            self.sequence = self.sequence.or(segment.sequence);
        }
        self.advance(moment, from, segment.kind, segment.payload);
    }

    fn advance(&mut self, moment: Moment, from: Direction, kind: Segment, payload: bool) {
        let step = match (self.tls_data, self.tls) {
            (true, _) => Some(Step::Data),
            (_, true) => Some(Step::TlsHandshake),
            _ => None,
        };
        self.course.advance(moment, from, kind, payload, step);
    }

    /// What is known of it when the capture reaches to `latest`.
    fn finish(self, latest: Option<i64>, other_traffic: bool) -> Flow {
        Flow::of(self.tuple, &self.course, self.icmp, latest, other_traffic)
    }
}

/// True when the segment was sent by whom the connection was opened to, as far as it tells.
pub(super) fn is_answer(kind: Segment, source: u16, destination: u16) -> bool {
    match kind {
        Segment::Syn => false,
        Segment::SynAck => true,
        _ => service::listens(source, destination),
    }
}

impl Flow {
    /// A connection as it stands when the capture reaches to `latest`.
    pub(super) fn of(
        tuple: FiveTuple,
        course: &Course,
        icmp: Option<(Barrier, Moment)>,
        latest: Option<i64>,
        other_traffic: bool,
    ) -> Self {
        let state = course.conn_state();
        let begun = course.syn.and_then(Mark::at);
        let waited = begun
            .zip(latest)
            .map(|(begun, latest)| latest.saturating_sub(begun).max(0));
        let patient = match waited {
            Some(waited) => waited >= WAIT,
            None => course.syns >= PATIENT,
        };
        let silent = state == ConnState::S0 && icmp.is_none();
        Self {
            tuple,
            opened: course.opened,
            state,
            first: course.first.into(),
            syn: course.syn.map(Into::into),
            syns: course.syns,
            answer: course.answer.map(Into::into),
            end: course.end.map(Into::into),
            accepted: course.accepted,
            established: course.established,
            reset: course.reset,
            icmp,
            packets: course.packets.map(u64::from),
            waited,
            unanswered: silent && course.syns >= REPEATED && patient,
            other_traffic,
        }
    }
}

/// Follows connections; memory is bounded by the number of them.
#[derive(Debug)]
pub struct Tracker {
    live: BTreeMap<Key, Live>,
    /// Keys in the order of their last use.
    order: BTreeMap<u64, Key>,
    capacity: usize,
    uses: u64,
    evicted: u64,
    latest: Option<i64>,
    attempts: VecDeque<Key>,
    /// Who sent to whom, until somebody answered somebody.
    ways: HashSet<(Host, Host)>,
    both_ways: bool,
}

impl Tracker {
    /// Follows at most `capacity` connections at a time.
    pub fn new(capacity: usize) -> Self {
        Self {
            live: BTreeMap::new(),
            order: BTreeMap::new(),
            capacity: capacity.max(1),
            uses: 0,
            evicted: 0,
            latest: None,
            attempts: VecDeque::new(),
            ways: HashSet::new(),
            both_ways: false,
        }
    }

    /// Connections that were handed out early to make room for others.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// A packet of any protocol went from one host to another.
    pub fn pass(&mut self, moment: Moment, source: &Host, destination: &Host) {
        self.latest = self.latest.max(moment.at);
        if self.both_ways || source == destination {
            return;
        }
        let way = (source.clone(), destination.clone());
        let back = (destination.clone(), source.clone());
        self.both_ways = self.ways.contains(&back);
        if self.both_ways {
            self.ways = HashSet::new();
        } else if self.ways.len() < self.capacity {
            self.ways.insert(way);
        }
    }

    /// A TCP segment; hands out the connections that it ends.
    pub fn segment(&mut self, moment: Moment, segment: &TcpSegment, out: &mut dyn FnMut(Flow)) {
        self.pass(moment, &segment.source.host, &segment.destination.host);
        let key = Key::of(&segment.source, &segment.destination);
        let replaced = self.live.get(&key);
        if replaced.is_some_and(|live| live.is_replaced_by(segment)) {
            self.hand_out(&key, out);
        }
        if !self.live.contains_key(&key) {
            self.make_room(out);
            let live = Live::new(moment, segment);
            self.live.insert(key.clone(), live);
            if segment.kind == Segment::Syn {
                if self.attempts.len() >= ATTEMPTS {
                    self.attempts.pop_front();
                }
                self.attempts.push_back(key.clone());
            }
        }
        if let Some(live) = self.live.get_mut(&key) {
            live.take(moment, segment);
        }
        self.touch(&key);
    }

    /// Words of a TCP conversation whose ports are not told: they belong to the only connection
    /// of the two hosts that is open, or to none.
    pub fn words(&mut self, moment: Moment, source: &Host, destination: &Host, words: Words) {
        self.pass(moment, source, destination);
        let (low, high) = if source <= destination {
            (source, destination)
        } else {
            (destination, source)
        };
        let hosts = (low.clone(), high.clone());
        let from = Key {
            hosts: hosts.clone(),
            ports: (0, 0),
        };
        let to = Key {
            hosts,
            ports: (u16::MAX, u16::MAX),
        };
        let mut near = self.live.range_mut(from..=to).take(RIVALS + 1);
        let mut open = Vec::new();
        let mut rivals = 0;
        for (_, live) in near.by_ref() {
            rivals += 1;
            if !live.course.state.is_over() {
                open.push(live);
            }
        }
        let [live] = open.as_mut_slice() else { return };
        if rivals > RIVALS || source == destination {
            return;
        }
        let from = live.direction(source, None);
        live.tls |= words != Words::Plain;
        live.tls_data |= words == Words::TlsData;
        live.advance(moment, from, Segment::Other, true);
    }

    /// An ICMP error; what it leaves open is filled in where only one attempt can be meant.
    pub fn icmp(&mut self, moment: Moment, mut error: IcmpError) -> IcmpError {
        self.pass(moment, &error.from, &error.to);
        let mut fitting: Vec<&Key> = Vec::new();
        for key in &self.attempts {
            let fits = self.live.get(key).is_some_and(|live| {
                let FiveTuple {
                    originator,
                    responder,
                } = &live.tuple;
                live.course.state.is_waiting()
                    && originator.host == error.to
                    && error
                        .responder
                        .as_ref()
                        .is_none_or(|host| *host == responder.host)
                    && error.port.is_none_or(|port| port == responder.port)
            });
            if fits {
                fitting.push(key);
            }
        }
        let meant: HashSet<&Endpoint> = fitting
            .iter()
            .filter_map(|key| Some(&self.live.get(key)?.tuple.responder))
            .collect();
        let hosts: HashSet<&Host> = meant.iter().map(|end| &end.host).collect();
        if let ([host], None) = (&hosts.into_iter().collect::<Vec<_>>()[..], &error.responder) {
            error.responder = Some((*host).clone());
        }
        let mut meant = meant.into_iter();
        if let (Some(end), None) = (meant.next(), meant.next()) {
            error.port = Some(end.port);
            let keys: Vec<Key> = fitting.into_iter().cloned().collect();
            for key in keys {
                if let Some(live) = self.live.get_mut(&key) {
                    live.icmp = live.icmp.or(Some((error.barrier, moment)));
                }
            }
        }
        error
    }

    /// The capture is at its end: hands out the rest.
    pub fn finish(mut self, out: &mut dyn FnMut(Flow)) {
        for live in std::mem::take(&mut self.live).into_values() {
            out(live.finish(self.latest, self.both_ways));
        }
    }

    /// Hands out the connection that was longest not used, when there are too many.
    fn make_room(&mut self, out: &mut dyn FnMut(Flow)) {
        while self.live.len() >= self.capacity {
            let Some((_, key)) = self.order.first_key_value() else {
                return;
            };
            let key = key.clone();
            self.hand_out(&key, out);
            self.evicted += 1;
        }
    }

    fn hand_out(&mut self, key: &Key, out: &mut dyn FnMut(Flow)) {
        if let Some(live) = self.live.remove(key) {
            self.order.remove(&live.used);
            out(live.finish(self.latest, self.both_ways));
        }
    }

    fn touch(&mut self, key: &Key) {
        let Some(live) = self.live.get_mut(key) else {
            return;
        };
        self.order.remove(&live.used);
        self.uses += 1;
        live.used = self.uses;
        self.order.insert(self.uses, key.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(host: u8, port: u16) -> Endpoint {
        Endpoint {
            host: Host::Address([10, 0, 0, host].into()),
            port,
        }
    }

    /// `a>b Sec kind` in milliseconds: who, to whom, when, what.
    struct Bench {
        tracker: Tracker,
        number: u64,
        flows: Vec<Flow>,
    }

    impl Bench {
        fn new(capacity: usize) -> Self {
            Self {
                tracker: Tracker::new(capacity),
                number: 0,
                flows: Vec::new(),
            }
        }

        fn moment(&mut self, at: Option<i64>) -> Moment {
            self.number += 1;
            Moment {
                number: self.number,
                at: at.map(|ms| ms * 1000),
            }
        }

        fn send(
            &mut self,
            at: Option<i64>,
            a: &Endpoint,
            b: &Endpoint,
            kind: Segment,
            seq: Option<u32>,
        ) {
            let moment = self.moment(at);
            let segment = TcpSegment {
                source: a.clone(),
                destination: b.clone(),
                kind,
                sequence: seq,
                reused: false,
                payload: kind == Segment::Other,
            };
            let flows = &mut self.flows;
            self.tracker
                .segment(moment, &segment, &mut |flow| flows.push(flow));
        }

        fn finish(mut self) -> Vec<Flow> {
            let flows = &mut self.flows;
            self.tracker.finish(&mut |flow| flows.push(flow));
            self.flows
        }
    }

    #[test]
    fn silence_counts_only_behind_repetitions_and_time() {
        let (a, b, c) = (end(1, 40_000), end(2, 5432), end(3, 443));
        let tried = |times: &[Option<i64>], more: Option<i64>| {
            let mut bench = Bench::new(LIVE);
            for at in times {
                bench.send(*at, &a, &b, Segment::Syn, Some(7));
            }
            if more.is_some() {
                bench.send(more, &end(1, 50_000), &c, Segment::Syn, None);
            }
            let flows = bench.finish();
            let flow = flows.iter().find(|flow| flow.tuple.responder == b).unwrap();
            assert_eq!(flow.state, ConnState::S0);
            flow.unanswered
        };
        assert!(!tried(&[Some(0)], None), "at the end of a list");
        assert!(!tried(&[Some(0)], Some(60_000)), "never repeated");
        assert!(!tried(&[Some(0), Some(1000)], Some(2000)), "too short");
        assert!(tried(&[Some(0), Some(1000)], Some(3000)));
        assert!(tried(&[Some(0), Some(1000), Some(3000)], None));
        assert!(!tried(&[None, None], None) && tried(&[None, None, None], None));
    }

    #[test]
    fn a_refusal_knows_its_frames() {
        let (a, b) = (end(1, 40_000), end(2, 5432));
        let mut bench = Bench::new(LIVE);
        bench.send(Some(0), &a, &b, Segment::Syn, Some(1));
        bench.send(Some(2), &b, &a, Segment::Rst, None);
        // the same attempt again, then another one
        bench.send(Some(500), &a, &b, Segment::Syn, Some(1));
        bench.send(Some(900), &a, &b, Segment::Syn, Some(2));
        let flows = bench.finish();
        assert_eq!(flows.len(), 2);
        let refused = &flows[0];
        assert_eq!((refused.state, refused.syns), (ConnState::Rej, 2));
        assert_eq!(refused.syn.map(|m| m.number), Some(1));
        assert_eq!(refused.answer.map(|m| m.number), Some(2));
        assert_eq!(refused.end.map(|m| m.number), Some(2));
        assert!(!refused.accepted && refused.other_traffic);
        let reset = refused.reset.unwrap();
        assert_eq!(
            (reset.by, reset.step),
            (Direction::FromResponder, Step::Opening)
        );
        assert_eq!(flows[1].state, ConnState::S0);
    }

    #[test]
    fn a_forged_refusal_is_followed_by_the_true_answer() {
        let (a, b) = (end(1, 40_000), end(2, 5432));
        let mut bench = Bench::new(LIVE);
        bench.send(Some(0), &a, &b, Segment::Syn, Some(1));
        bench.send(Some(1), &b, &a, Segment::Rst, None);
        bench.send(Some(2), &b, &a, Segment::SynAck, None);
        let flow = bench.finish().remove(0);
        assert!(flow.state == ConnState::Rej && flow.accepted);
    }

    #[test]
    fn ports_without_sequence_numbers_are_used_again_once_the_first_is_over() {
        let (a, b) = (end(1, 40_000), end(2, 5432));
        let mut bench = Bench::new(LIVE);
        for _ in 0..2 {
            bench.send(None, &a, &b, Segment::Syn, None);
            bench.send(None, &a, &b, Segment::Syn, None);
            bench.send(None, &b, &a, Segment::Rst, None);
        }
        let flows = bench.finish();
        let seen: Vec<_> = flows.iter().map(|flow| (flow.state, flow.syns)).collect();
        assert_eq!(seen, [(ConnState::Rej, 2), (ConnState::Rej, 2)]);
    }

    #[test]
    fn what_begins_in_the_middle_is_told_by_its_ports_only() {
        let (a, b) = (end(1, 40_000), end(2, 5432));
        let mut bench = Bench::new(LIVE);
        bench.send(Some(0), &b, &a, Segment::Other, None);
        bench.send(Some(1), &a, &b, Segment::Rst, None);
        bench.send(Some(2), &a, &b, Segment::Syn, None);
        let flows = bench.finish();
        assert_eq!(flows[0].state, ConnState::Oth);
        assert!(!flows[0].opened && flows[0].accepted);
        assert_eq!(flows[0].tuple.responder, b);
        assert_eq!(flows[0].packets, [1, 1]);
        assert_eq!(flows[1].state, ConnState::S0);
    }

    #[test]
    fn resets_know_their_step() {
        let (a, b) = (end(1, 40_000), end(2, 5432));
        let stepped = |words: &[(bool, Words)]| {
            let mut bench = Bench::new(LIVE);
            bench.send(Some(0), &a, &b, Segment::Syn, None);
            bench.send(Some(1), &b, &a, Segment::SynAck, None);
            for (own, words) in words {
                let moment = bench.moment(Some(2));
                let (from, to) = if *own { (&a, &b) } else { (&b, &a) };
                bench.tracker.words(moment, &from.host, &to.host, *words);
            }
            bench.send(Some(3), &b, &a, Segment::Rst, None);
            let flow = bench.finish().remove(0);
            assert_eq!(flow.state, ConnState::Rstr);
            flow.reset.unwrap().step
        };
        assert_eq!(stepped(&[]), Step::Opening);
        assert_eq!(stepped(&[(true, Words::Plain)]), Step::Request);
        let asked = [(true, Words::Plain), (false, Words::Plain)];
        assert_eq!(stepped(&asked), Step::Data);
        let hello = [&asked[..], &[(true, Words::TlsHandshake)]].concat();
        assert_eq!(stepped(&hello), Step::TlsHandshake);
        assert_eq!(
            stepped(&[&hello[..], &[(true, Words::TlsData)]].concat()),
            Step::Data
        );
    }

    #[test]
    fn words_of_two_connections_belong_to_neither() {
        let (a, b) = (end(1, 40_000), end(2, 5432));
        let mut bench = Bench::new(LIVE);
        bench.send(Some(0), &a, &b, Segment::Syn, None);
        bench.send(Some(0), &end(1, 40_001), &end(2, 443), Segment::Syn, None);
        let moment = bench.moment(Some(1));
        bench
            .tracker
            .words(moment, &b.host, &a.host, Words::TlsData);
        assert!(
            bench
                .finish()
                .iter()
                .all(|flow| flow.state == ConnState::S0)
        );
    }

    #[test]
    fn an_icmp_error_finds_the_only_attempt_it_can_be_about() {
        let error = |responder, port| IcmpError {
            from: end(9, 0).host,
            to: end(1, 0).host,
            barrier: Barrier::Prohibited,
            responder,
            port,
        };
        let mut bench = Bench::new(LIVE);
        bench.send(Some(0), &end(1, 40_000), &end(2, 5432), Segment::Syn, None);
        let moment = bench.moment(Some(1));
        let told = bench.tracker.icmp(moment, error(None, None));
        assert_eq!(
            (told.responder, told.port),
            (Some(end(2, 0).host), Some(5432))
        );
        bench.send(Some(2), &end(1, 40_001), &end(2, 443), Segment::Syn, None);
        let moment = bench.moment(Some(3));
        let told = bench.tracker.icmp(moment, error(None, None));
        assert_eq!((told.responder, told.port), (Some(end(2, 0).host), None));
        bench.send(Some(4), &end(1, 40_002), &end(3, 443), Segment::Syn, None);
        let moment = bench.moment(Some(5));
        assert_eq!(
            bench.tracker.icmp(moment, error(None, None)).responder,
            None
        );
        let flows = bench.finish();
        let marked: Vec<_> = flows.iter().map(|flow| flow.icmp.is_some()).collect();
        assert_eq!(marked, [true, false, false]);
        assert!(flows.iter().all(|flow| !flow.unanswered));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut bench = Bench::new(2);
        for port in [1, 2, 1, 3] {
            bench.send(
                Some(0),
                &end(1, 40_000 + port),
                &end(2, 5432),
                Segment::Syn,
                Some(1),
            );
        }
        assert_eq!(bench.tracker.evicted(), 1);
        assert_eq!(bench.flows[0].tuple.originator.port, 40_002);
        assert_eq!(bench.finish().len(), 3);
    }
}
