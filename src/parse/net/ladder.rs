//! One connection packet by packet: a recorder that is fed with the packets between two ends.
//!
//! It is used on a second reading of a capture, so that the first one pays nothing for it. What
//! packets mean is judged by the same code; here it is only told.

use super::conn::{Conn, End, Wanted, kind};
use super::datagram::{Datagrams, Exchanged};
use super::flow::{Moment, is_answer};
use super::packet::{Body, IcmpQuote, Packet, Tcp, Udp};
use super::side::{Novelty, Side};
use super::stream::Note;
use super::tell;
use crate::model::flow::Direction;
use crate::model::ladder::{Connection, Ends, Ladder, Place, Remark, Rung, Segment, Sort, What};

mod fold;
#[cfg(test)]
mod tests;
pub mod wanted;

use fold::Folder;

/// Connections between the same ends that are told one by one.
const CONNECTIONS: usize = 8;
/// Remarks of parsers that are kept.
const REMARKS: usize = 40;
/// Messages of one packet that are told.
const WORDS: usize = 12;

/// The ends of a packet, its sender first; of an ICMP error those of the packet it quotes.
pub fn ends(packet: &Packet<'_>) -> Option<Ends> {
    let (hosts, ports) = match &packet.body {
        Body::Tcp(tcp) => ((packet.source, packet.destination), tcp.ports),
        Body::Udp(udp) => ((packet.source, packet.destination), udp.ports),
        Body::Icmp(quote) => ((quote.source, quote.destination), quote.ports?),
        Body::Other => return None,
    };
    Some(Ends {
        originator: (hosts.0, ports.0).into(),
        responder: (hosts.1, ports.1).into(),
    })
}

/// The ends of a packet in the order of who seems to have opened the connection.
pub fn opened_by(packet: &Packet<'_>, ends: Ends) -> Ends {
    let (source, destination) = (ends.originator.port(), ends.responder.port());
    match &packet.body {
        Body::Tcp(tcp) if is_answer(kind(tcp), source, destination) => ends.reversed(),
        _ => ends,
    }
}

/// Records a connection.
#[derive(Debug)]
pub struct Recorder {
    ends: Option<Ends>,
    conn: Option<Conn>,
    sides: [Side; 2],
    /// The handshake waits for its third segment.
    answered: bool,
    folder: Folder,
    connections: Vec<Connection>,
    more_connections: u64,
    remarks: Vec<Remark>,
    more_remarks: u64,
    twins: u64,
    packets: [u64; 2],
    datagrams: Datagrams,
    latest: Option<i64>,
    notes: Vec<Note>,
}

impl Recorder {
    /// Nothing was seen yet; no row reaches over one of the times `cuts` (microseconds).
    pub fn new(cuts: Vec<i64>) -> Self {
        Self {
            ends: None,
            conn: None,
            sides: [Side::default(); 2],
            answered: false,
            folder: Folder::new(cuts),
            connections: Vec::new(),
            more_connections: 0,
            remarks: Vec::new(),
            more_remarks: 0,
            twins: 0,
            packets: [0; 2],
            datagrams: Datagrams::new(true),
            latest: None,
            notes: Vec::new(),
        }
    }

    /// The capture reaches to this time.
    pub fn clock(&mut self, at: Option<i64>) {
        self.latest = self.latest.max(at);
    }

    /// A packet between the ends, or an ICMP error about one.
    pub fn packet(&mut self, packet: &Packet<'_>, moment: Moment) {
        match &packet.body {
            Body::Tcp(tcp) => self.segment(packet, tcp, moment),
            Body::Udp(udp) => self.datagram(packet, udp, moment),
            Body::Icmp(quote) => self.icmp(packet, quote, moment),
            Body::Other => {}
        }
    }

    fn segment(&mut self, packet: &Packet<'_>, tcp: &Tcp<'_>, moment: Moment) {
        let source = (packet.source, tcp.ports.0);
        let replaced = self
            .conn
            .as_ref()
            .is_some_and(|conn| conn.is_replaced_by(source, tcp));
        if replaced {
            self.end();
        }
        let conn = self.conn.get_or_insert_with(|| {
            let mut conn = Conn::new(packet, tcp, moment);
            conn.narrate();
            conn
        });
        if self.ends.is_none() {
            self.ends = Some(ends_of(conn.originator, conn.responder));
        }
        let mut notes = std::mem::take(&mut self.notes);
        let is_new = conn.segment(packet, tcp, moment, &mut notes);
        let words = conn.narration();
        self.remark(&mut notes);
        self.notes = notes;
        if !is_new {
            self.twins += 1;
            return;
        }
        count(&mut self.packets, 0);
        let from = self.direction(source);
        let what = What::Segment(self.judge(from, packet, tcp, moment));
        self.folder.push(Rung {
            place: place(moment),
            from,
            what,
            words: gathered(words),
        });
    }

    /// How a segment stands to those before it.
    fn judge(
        &mut self,
        from: Direction,
        packet: &Packet<'_>,
        tcp: &Tcp<'_>,
        moment: Moment,
    ) -> Segment {
        let [originator, responder] = &mut self.sides;
        let (own, peer) = match from {
            Direction::FromOriginator => (originator, responder),
            Direction::FromResponder => (responder, originator),
        };
        let mark = moment.into();
        let repeats_syn = tcp.syn && own.spoken();
        let mut segment = Segment {
            syn: tcp.syn,
            ack: tcp.ack,
            fin: tcp.fin,
            rst: tcp.rst,
            bytes: tcp.length,
            sort: match repeats_syn {
                true => Sort::Again,
                false => Sort::Next,
            },
            closes: None,
            completes: false,
        };
        if tcp.rst {
            return segment;
        }
        let younger = own.note(packet, tcp, mark);
        if tcp.ack {
            peer.acknowledge(tcp.acknowledgment);
        }
        if tcp.length > 0 {
            let first = tcp.sequence.wrapping_add(u32::from(tcp.syn));
            segment.sort = match peer.closed() && tcp.length == 1 {
                true => Sort::Probe,
                false => sort(own.data(first, tcp.length, mark, younger)),
            };
        } else if keeps_alive(own, tcp) {
            segment.sort = match peer.closed() {
                true => Sort::Probe,
                false => Sort::KeepAlive,
            };
        }
        if !tcp.syn && own.closed() != (tcp.window == 0) {
            own.close(tcp.window == 0);
            segment.closes = Some(tcp.window == 0);
        }
        let answers = tcp.syn && tcp.ack;
        let plain = !tcp.syn && !tcp.fin;
        segment.completes = self.answered && plain && tcp.ack;
        self.answered = answers || (self.answered && !segment.completes);
        segment
    }

    fn datagram(&mut self, packet: &Packet<'_>, udp: &Udp<'_>, moment: Moment) {
        let source = (packet.source, udp.ports.0);
        let destination = (packet.destination, udp.ports.1);
        if self.ends.is_none() {
            self.ends = Some(ends_of(source, destination));
        }
        count(&mut self.packets, 1);
        let mut notes = Vec::new();
        let mut take = |said: Exchanged| notes.push(said.note);
        if Datagrams::concerns(udp.ports, udp.payload) {
            let ends = [source, destination].map(tell::endpoint);
            let [source, destination] = &ends;
            self.datagrams
                .packet(moment, source, destination, udp.payload, &mut take);
        }
        self.remark(&mut notes);
        self.folder.push(Rung {
            place: place(moment),
            from: self.direction(source),
            what: What::Datagram(udp.length),
            words: Vec::new(),
        });
    }

    fn icmp(&mut self, packet: &Packet<'_>, quote: &IcmpQuote, moment: Moment) {
        let Some(ports) = quote.ports else { return };
        let sender = (quote.source, ports.0);
        if self.ends.is_none() {
            self.ends = Some(ends_of(sender, (quote.destination, ports.1)));
        }
        self.folder.push(Rung {
            place: place(moment),
            from: self.direction(sender).reversed(),
            what: What::Icmp {
                from: packet.source,
                kind: tell::kind(quote.barrier),
                mtu: quote.mtu,
            },
            words: Vec::new(),
        });
    }

    fn direction(&self, source: End) -> Direction {
        let originator = self.ends.map(|ends| ends.originator);
        if originator == Some(source.into()) {
            Direction::FromOriginator
        } else {
            Direction::FromResponder
        }
    }

    fn remark(&mut self, notes: &mut Vec<Note>) {
        let room = REMARKS.saturating_sub(self.remarks.len());
        notes.retain(|note| !is_told(note));
        self.more_remarks += notes.len().saturating_sub(room) as u64;
        let remarks = notes.drain(..).take(room).map(|note| Remark {
            place: place(note.moment),
            text: note.text,
        });
        self.remarks.extend(remarks);
    }

    /// A connection is over: the ports are used again, or the capture ends.
    fn end(&mut self) {
        let Some(mut conn) = self.conn.take() else {
            return;
        };
        let mut notes = std::mem::take(&mut self.notes);
        let all = Wanted {
            routine: true,
            fresh: true,
        };
        conn.end(self.latest, all, &mut notes);
        self.remark(&mut notes);
        self.notes = notes;
        self.sides = [Side::default(); 2];
        self.answered = false;
        if self.connections.len() >= CONNECTIONS {
            self.more_connections += 1;
            return;
        }
        let mut packets = conn.course.packets;
        if self.direction(conn.originator) == Direction::FromResponder {
            packets.reverse();
        }
        self.connections.push(Connection {
            state: conn.course.conn_state(),
            first: place(conn.course.first.into()),
            last: place(conn.last.into()),
            packets,
            rtt: (conn.rtt >= 0).then_some(conn.rtt.into()),
            protocol: conn.protocol(),
            opened: conn.course.opened,
        });
    }

    /// The capture is at its end. None when it had no packet of the connection.
    pub fn finish(mut self, origin: &str) -> Option<Ladder> {
        self.end();
        let mut notes = Vec::new();
        let mut take = |said: Exchanged| notes.push(said.note);
        self.datagrams.finish(self.latest, &mut take);
        self.remark(&mut notes);
        self.remarks.sort_by_key(|remark| remark.place.frame);
        let rows = self.folder.finish();
        Some(Ladder {
            origin: origin.to_owned(),
            ends: self.ends?,
            head: rows.head,
            left: rows.left,
            tail: rows.tail.into(),
            connections: self.connections,
            more_connections: self.more_connections,
            remarks: self.remarks,
            more_remarks: self.more_remarks,
            notes: Vec::new(),
            twins: self.twins,
            packets: self.packets,
        })
    }
}

/// True when the words beside the packet say as much.
fn is_told(note: &Note) -> bool {
    let asks = |(name, value): &(&str, std::borrow::Cow<'_, str>)| {
        *name == "kind" && matches!(value.as_ref(), "startup" | "command")
    };
    note.format == "net.pg" && note.fields.iter().any(asks)
}

fn place(moment: Moment) -> Place {
    Place {
        frame: moment.number,
        at: moment.at,
    }
}

fn ends_of(originator: End, responder: End) -> Ends {
    Ends {
        originator: originator.into(),
        responder: responder.into(),
    }
}

fn count(packets: &mut [u64; 2], place: usize) {
    if let Some(count) = packets.get_mut(place) {
        *count += 1;
    }
}

fn sort(novelty: Novelty) -> Sort {
    match novelty {
        Novelty::New => Sort::Next,
        Novelty::Again => Sort::Again,
        Novelty::Late => Sort::Late,
        Novelty::KeepAlive => Sort::KeepAlive,
    }
}

/// An empty segment one byte behind what is sent next: most systems keep connections alive by it
/// (RFC 9293 3.8.4), and some ask by it for a closed window.
fn keeps_alive(own: &Side, tcp: &Tcp<'_>) -> bool {
    let plain = tcp.ack && !tcp.syn && !tcp.fin;
    plain && own.is_behind(tcp.sequence)
}

/// Messages that follow each other and are the same are counted.
fn gathered(words: Vec<String>) -> Vec<String> {
    let mut gathered: Vec<(String, u32)> = Vec::new();
    for word in words {
        match gathered.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => gathered.push((word, 1)),
        }
    }
    let left = gathered.len().saturating_sub(WORDS);
    gathered.truncate(WORDS);
    let mut words: Vec<String> = gathered
        .into_iter()
        .map(|(word, count)| match count {
            1 => word,
            _ => format!("{word} ×{count}"),
        })
        .collect();
    if left > 0 {
        words.push(format!("… +{left}"));
    }
    words
}
