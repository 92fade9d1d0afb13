//! A capture from its packets to events: connections are followed, conversations listened to.
//!
//! Most connections are well and are not told one by one: of those to a known port the first
//! of ten minutes and the first behind a failure are, so that rules see what works as well.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::conn::{Conn, End, Wanted};
use super::datagram::{Datagrams, Exchanged};
use super::flow::{Barrier, Flow, Moment};
use super::packet::{Body, IcmpQuote, Packet, Tcp, Transport, Udp};
use super::stream::Note;
use super::table::Table;
use super::tell;
use super::vantage::{HOSTS, View};
use crate::model::event::Event;
use crate::model::flow::{ConnState, Direction};
use crate::model::hit::RoundTrip;
use crate::model::time::SECOND;

/// Connections that are followed at the same time.
pub const LIVE: usize = 98_304;
/// Pairs of hosts and port of which it is known what was told.
const PAIRS: usize = 65_536;
/// Microseconds between two connections that are told although they are well.
const AGAIN: i64 = 600 * SECOND;
/// Pairs whose round trip is told.
const TRIPS: usize = 64;
/// Hosts that are remembered whatever their ports.
const FEW: usize = 1024;
/// Round trips of the handshake, in microseconds, that no local network has.
const SLOW: i32 = 20_000;
/// Segments of a connection that have to be lost before it is told.
const LOST: u32 = 3;

/// Who opened connections to which port of whom.
type Pair = (IpAddr, IpAddr, u16);

/// Counts of a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets that were taken apart.
    pub packets: u64,
    /// Connections that had to be dropped to make room for others.
    pub untracked: u64,
    /// Packets that were captured twice.
    pub twins: u64,
    /// First and last time, microseconds since 1970.
    pub span: Option<(i64, i64)>,
}

/// Where events go.
pub type Out<'o> = &'o mut dyn FnMut(Event<'static>);

/// A capture that is being read.
#[derive(Debug)]
pub struct Capture {
    table: Table,
    /// TCP ports whose connections are told also when they are well.
    ports: Vec<u16>,
    /// When a connection of a pair was told last, for the ports that matter.
    told: HashMap<Pair, i64, RandomState>,
    /// Pairs whose last connection failed.
    failed: HashSet<Pair, RandomState>,
    /// Who sent to whom, until somebody answered somebody.
    ways: HashSet<(IpAddr, IpAddr), RandomState>,
    both_ways: bool,
    counts: Counts,
    view: View,
    datagrams: Datagrams,
    /// Number of the last event.
    ordinal: u64,
    notes: Vec<Note>,
    /// The longest round trip of each pair, of those that no local network has.
    trips: BTreeMap<Pair, (i32, Moment)>,
}

impl Capture {
    /// A capture in which connections to these TCP ports matter most.
    pub fn new(ports: &[u16]) -> Self {
        Self {
            table: Table::new(LIVE),
            ports: ports.to_vec(),
            told: HashMap::default(),
            failed: HashSet::default(),
            ways: HashSet::default(),
            both_ways: false,
            counts: Counts::default(),
            view: View::default(),
            datagrams: Datagrams::new(true),
            ordinal: 0,
            notes: Vec::new(),
            trips: BTreeMap::new(),
        }
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// One more packet.
    pub fn packet(&mut self, packet: &Packet<'_>, moment: Moment, out: Out<'_>) {
        self.counts.packets += 1;
        self.clock(moment.at, out);
        self.pass(packet);
        match &packet.body {
            Body::Tcp(tcp) => self.segment(packet, tcp, moment, out),
            Body::Icmp(quote) => self.icmp(packet.source, quote, moment, out),
            Body::Udp(udp) => self.datagram(packet, udp, moment, out),
            Body::Other => {}
        }
    }

    fn datagram(&mut self, packet: &Packet<'_>, udp: &Udp<'_>, moment: Moment, out: Out<'_>) {
        let Self {
            datagrams,
            ordinal,
            both_ways,
            ..
        } = self;
        let mut say = |said: Exchanged| {
            *ordinal += 1;
            out(tell::exchanged(said, *both_ways, *ordinal));
        };
        if !Datagrams::concerns(udp.ports, udp.payload) {
            return datagrams.pass(moment.at, &mut say);
        }
        let source = tell::endpoint((packet.source, udp.ports.0));
        let destination = tell::endpoint((packet.destination, udp.ports.1));
        datagrams.packet(moment, &source, &destination, udp.payload, &mut say);
    }

    /// Time goes on: what has ended long enough ago is told.
    pub fn clock(&mut self, at: Option<i64>, out: Out<'_>) {
        if let Some(at) = at {
            let (first, last) = self.counts.span.unwrap_or((at, at));
            self.counts.span = Some((first.min(at), last.max(at)));
        }
        while let Some(conn) = self.table.settled(at) {
            self.tell(conn, out);
        }
    }

    /// The capture is at its end. What is left to tell waits in the view for what other captures
    /// show of it.
    pub fn finish(&mut self, out: Out<'_>) -> View {
        for place in self.table.in_order() {
            if let Some(conn) = self.table.remove(place) {
                self.tell(conn, out);
            }
        }
        let (ordinal, both_ways) = (&mut self.ordinal, self.both_ways);
        let latest = self.counts.span.map(|(_, last)| last);
        self.datagrams.finish(latest, &mut |said| {
            *ordinal += 1;
            out(tell::exchanged(said, both_ways, *ordinal));
        });
        self.view.packets = self.counts.packets;
        self.view.span = self.counts.span;
        std::mem::take(&mut self.view)
    }

    /// Tells of connections that go on what would be told if the capture ended now, as far as the
    /// packets show it.
    pub fn glimpse(&self, out: Out<'_>) {
        let latest = self.counts.span.map(|(_, last)| last);
        let mut ordinal = self.ordinal;
        for conn in self.table.all() {
            let flow = self.flow(conn, latest);
            if fails(conn, &flow) {
                ordinal += 1;
                out(tell::flow(conn, &flow, ordinal));
            }
        }
    }

    fn flow(&self, conn: &Conn, latest: Option<i64>) -> Flow {
        let icmp = conn.trouble().and_then(|trouble| trouble.icmp);
        let icmp = icmp.map(|(barrier, mark, _)| (barrier, mark.into()));
        Flow::of(
            tell::tuple(conn),
            &conn.course,
            icmp,
            latest,
            self.both_ways,
        )
    }

    fn pass(&mut self, packet: &Packet<'_>) {
        if self.both_ways || packet.source == packet.destination {
            return;
        }
        let way = (packet.source, packet.destination);
        self.both_ways = self.ways.contains(&(way.1, way.0));
        if self.both_ways {
            self.ways = HashSet::default();
        } else if self.ways.len() < PAIRS {
            self.ways.insert(way);
        }
    }

    fn segment(&mut self, packet: &Packet<'_>, tcp: &Tcp<'_>, moment: Moment, out: Out<'_>) {
        let source = (packet.source, tcp.ports.0);
        let destination = (packet.destination, tcp.ports.1);
        let known = self.table.find(source, destination);
        let slot = match known {
            Some(slot) if !self.replaced(slot, source, tcp) => slot,
            known => {
                if let Some(conn) = known.and_then(|slot| self.table.remove(slot)) {
                    self.tell(conn, out);
                }
                self.make_room(out);
                let known = [source.1, destination.1]
                    .iter()
                    .any(|port| self.ports.contains(port));
                let few = self.view.hosts.len() < FEW;
                if few || (known && self.view.hosts.len() < HOSTS) {
                    self.view.hosts.extend([packet.source, packet.destination]);
                }
                self.table.insert(Conn::new(packet, tcp, moment))
            }
        };
        let mut notes = std::mem::take(&mut self.notes);
        let Some(conn) = self.table.get_mut(slot) else {
            return;
        };
        let over = conn.course.state.is_over();
        if !conn.segment(packet, tcp, moment, &mut notes) {
            self.counts.twins += 1;
        }
        if !notes.is_empty() {
            for note in notes.drain(..) {
                self.ordinal += 1;
                out(tell::note(conn, note, self.ordinal));
            }
        }
        if !over && conn.course.state.is_over() {
            self.table.end(slot, moment.at);
        }
        self.notes = notes;
    }

    fn replaced(&mut self, slot: u32, source: End, tcp: &Tcp<'_>) -> bool {
        let conn = self.table.get_mut(slot);
        conn.is_some_and(|conn| conn.is_replaced_by(source, tcp))
    }

    fn make_room(&mut self, out: Out<'_>) {
        while self.table.is_full() {
            let Some(conn) = self.table.oldest() else {
                return;
            };
            if !conn.course.state.is_over() {
                self.counts.untracked += 1;
            }
            self.tell(conn, out);
        }
    }

    fn icmp(&mut self, from: IpAddr, quote: &IcmpQuote, moment: Moment, out: Out<'_>) {
        if let (Transport::Tcp, Some(ports)) = (quote.transport, quote.ports) {
            let ends = ((quote.source, ports.0), (quote.destination, ports.1));
            let slot = self.table.find(ends.0, ends.1);
            if let Some(conn) = slot.and_then(|slot| self.table.get_mut(slot)) {
                let about = conn.course.state.is_waiting() || quote.barrier == Barrier::TooBig;
                let trouble = conn.trouble_mut();
                if about && trouble.icmp.is_none() {
                    trouble.icmp = Some((quote.barrier, moment.into(), quote.mtu));
                }
            }
        }
        self.ordinal += 1;
        out(tell::icmp(from, quote, moment, self.ordinal));
    }

    /// A connection is over, or not followed any more.
    fn tell(&mut self, mut conn: Conn, out: Out<'_>) {
        let latest = self.counts.span.map(|(_, last)| last);
        let wanted = self.wanted(&conn);
        let routine = wanted.routine;
        let matters = self.ports.contains(&conn.responder.1);
        self.view.see(&conn, matters);
        if matters && conn.rtt >= SLOW {
            self.trip(&conn);
        }
        let mut notes = std::mem::take(&mut self.notes);
        conn.end(latest, wanted, &mut notes);
        let flow = self.flow(&conn, latest);
        let failed = fails(&conn, &flow);
        if failed || routine || !notes.is_empty() {
            self.ordinal += 1;
            let event = tell::flow(&conn, &flow, self.ordinal);
            if let Some(event) = self.view.hold(&conn, &flow, event) {
                out(event);
            }
            let hinders = notes.iter().any(|note| !note.routine);
            self.remember(&conn, failed || hinders || conn.rtt >= SLOW);
        }
        for note in notes.drain(..) {
            self.ordinal += 1;
            out(tell::note(&conn, note, self.ordinal));
        }
        self.notes = notes;
    }

    fn trip(&mut self, conn: &Conn) {
        let begun = conn.course.syn.unwrap_or(conn.course.first);
        if self.trips.len() < TRIPS || self.trips.contains_key(&pair(conn)) {
            let longest = self.trips.entry(pair(conn)).or_insert((0, begun.into()));
            if longest.0 < conn.rtt {
                *longest = (conn.rtt, begun.into());
            }
        }
    }

    /// Round trips that are longer than those of a local network, the longest of each pair.
    pub fn round_trips(&self) -> Vec<RoundTrip> {
        let trips = self.trips.iter();
        let told = trips.map(|((from, to, port), (micros, begun))| RoundTrip {
            from: from.to_string(),
            to: to.to_string(),
            port: *port,
            micros: i64::from(*micros),
            frame: begun.number,
            at: begun.at,
        });
        told.collect()
    }

    /// What is told of it if it is well.
    fn wanted(&self, conn: &Conn) -> Wanted {
        let at = conn.course.first.at().unwrap_or(0);
        let told = self.told.get(&pair(conn));
        let fresh = told.is_none_or(|told| at.saturating_sub(*told) >= AGAIN);
        // without a place to remember failures, nothing that works may be passed over
        let failed = self.failed.len() >= PAIRS || self.failed.contains(&pair(conn));
        // rules know which delay is too long on which port
        let slow = conn.rtt >= SLOW;
        let known = self.ports.contains(&conn.responder.1);
        Wanted {
            routine: failed || ((fresh || slow) && known),
            fresh,
        }
    }

    fn remember(&mut self, conn: &Conn, failed: bool) {
        let pair = pair(conn);
        if self.told.len() < PAIRS || self.told.contains_key(&pair) {
            self.told.insert(pair, conn.course.first.at().unwrap_or(0));
        }
        if !failed {
            self.failed.remove(&pair);
        } else if self.failed.len() < PAIRS {
            self.failed.insert(pair);
        }
    }
}

fn pair(conn: &Conn) -> Pair {
    (conn.originator.0, conn.responder.0, conn.responder.1)
}

/// True when something about the connection may be a fault.
fn fails(conn: &Conn, flow: &Flow) -> bool {
    // many programs reset what one side has closed
    let reset = flow.reset.is_some_and(|reset| !reset.closing);
    let unfinished = match flow.state {
        ConnState::Rej
        | ConnState::Rsto
        | ConnState::Rstr
        | ConnState::Rstos0
        | ConnState::Rstrh => reset,
        _ => flow.unanswered || flow.icmp.is_some() || conn.is_half_open(),
    };
    let trouble = conn.trouble().is_some_and(|trouble| {
        trouble.stuck.is_some() || trouble.zero.iter().any(Option::is_some) || trouble.foreign
    });
    let sides = [Direction::FromOriginator, Direction::FromResponder];
    let lost: u32 = sides.map(|of| conn.side(of).lost).iter().sum();
    unfinished || trouble || lost >= LOST
}

#[cfg(test)]
mod tests;
