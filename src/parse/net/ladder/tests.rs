//! Tests of the recorder and of its rows.

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::model::flow::ConnState;
use crate::model::ladder::{Folded, Kind, Row};
use crate::parse::net::flow::Barrier;
use crate::parse::net::packet::Transport;

const A: End = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 40_000);
const B: End = (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 5432);

/// Records what two ends send; times in milliseconds.
struct Bench {
    recorder: Recorder,
    number: u64,
    next: [u32; 2],
}

impl Bench {
    fn new(cuts: &[i64]) -> Self {
        Self {
            recorder: Recorder::new(cuts.iter().map(|ms| ms * 1000).collect()),
            number: 0,
            next: [100, 900],
        }
    }

    fn ends(who: usize) -> (End, End) {
        if who == 0 { (A, B) } else { (B, A) }
    }

    fn put(&mut self, ms: i64, who: usize, body: Body<'_>) {
        self.number += 1;
        let (from, to) = Self::ends(who);
        let packet = Packet {
            source: from.0,
            destination: to.0,
            hops: 64,
            identification: u16::try_from(self.number % 60_000 + 1).unwrap(),
            interface: 0,
            body,
        };
        let moment = Moment {
            number: self.number,
            at: Some(ms * 1000),
        };
        self.recorder.clock(moment.at);
        self.recorder.packet(&packet, moment);
    }

    fn tcp(&self, who: usize) -> Tcp<'static> {
        let (from, to) = Self::ends(who);
        Tcp {
            ports: (from.1, to.1),
            sequence: self.next[who],
            acknowledgment: self.next[1 - who],
            syn: false,
            ack: true,
            fin: false,
            rst: false,
            window: 1000,
            mss: None,
            payload: &[],
            length: 0,
        }
    }

    fn segment(&mut self, ms: i64, who: usize, change: impl FnOnce(&mut Tcp<'_>)) {
        let mut tcp = self.tcp(who);
        change(&mut tcp);
        self.put(ms, who, Body::Tcp(tcp));
    }

    fn say(&mut self, ms: i64, who: usize, bytes: &[u8]) {
        let mut tcp: Tcp<'_> = self.tcp(who);
        tcp.payload = bytes;
        tcp.length = u32::try_from(bytes.len()).unwrap();
        self.next[who] += tcp.length;
        self.put(ms, who, Body::Tcp(tcp));
    }

    fn open(&mut self, ms: i64) {
        self.segment(ms, 0, |tcp| {
            tcp.sequence -= 1;
            tcp.syn = true;
            tcp.ack = false;
        });
        self.segment(ms, 1, |tcp| {
            tcp.sequence -= 1;
            tcp.syn = true;
        });
        self.segment(ms, 0, |_| {});
    }

    fn finish(self) -> Ladder {
        self.recorder.finish("c.pcap").unwrap()
    }
}

fn folded(row: &Row) -> Folded {
    match row {
        Row::Folded(folded) => *folded,
        Row::One(rung) => panic!("not folded: {rung:?}"),
    }
}

fn one(row: &Row) -> (&Rung, Segment) {
    match row {
        Row::One(rung) => match rung.what {
            What::Segment(segment) => (rung, segment),
            _ => panic!("no segment: {rung:?}"),
        },
        Row::Folded(folded) => panic!("folded: {folded:?}"),
    }
}

#[test]
fn a_conversation_is_told_packet_by_packet() {
    let mut bench = Bench::new(&[]);
    bench.open(0);
    bench.say(1, 0, &[0, 0, 0, 8, 4, 210, 22, 47]);
    bench.say(2, 1, b"N");
    bench.segment(3, 0, |tcp| tcp.fin = true);
    let ladder = bench.finish();
    let rows: Vec<_> = ladder.head.iter().map(one).collect();
    assert_eq!(ladder.ends.to_string(), "10.0.0.1:40000 > 10.0.0.2:5432");
    assert!(rows[0].1.syn && !rows[0].1.ack && rows[1].1.syn && rows[1].1.ack);
    assert!(rows[2].1.completes);
    assert_eq!(rows[1].0.from, Direction::FromResponder);
    assert_eq!(rows[3].0.words, ["SSLRequest"]);
    assert_eq!(rows[4].0.words, ["'N' (encryption refused)"]);
    assert!(rows[5].1.fin && rows.len() == 6);
    let [connection] = &ladder.connections[..] else {
        panic!("{:?}", ladder.connections);
    };
    assert_eq!(connection.state, ConnState::S2);
    assert_eq!(connection.protocol, Some("postgresql"));
    assert_eq!(connection.packets, [4, 2]);
    assert!(
        ladder
            .remarks
            .iter()
            .any(|remark| remark.text.contains("refused (N)"))
    );
}

#[test]
fn keep_alives_are_folded_however_long_they_go_on() {
    let mut bench = Bench::new(&[]);
    bench.open(0);
    for minute in 1..=500 {
        bench.segment(minute * 60_000, 0, |tcp| tcp.sequence -= 1);
        bench.segment(minute * 60_000, 1, |_| {});
    }
    let ladder = bench.finish();
    assert_eq!(ladder.head.len(), 4);
    let row = folded(&ladder.head[3]);
    assert_eq!(
        (row.kind, row.packets, row.own),
        (Kind::KeepAlives, 1000, 500)
    );
    assert_eq!((row.first.frame, row.last.frame), (4, 1003));
}

#[test]
fn questions_about_a_closed_window_are_no_keep_alives() {
    let mut bench = Bench::new(&[]);
    bench.open(0);
    bench.segment(10, 1, |tcp| tcp.window = 0);
    for second in 1..=4 {
        bench.segment(second * 1000, 0, |tcp| tcp.sequence -= 1);
        bench.segment(second * 1000, 1, |tcp| tcp.window = 0);
    }
    bench.segment(9000, 1, |_| {});
    let ladder = bench.finish();
    assert_eq!(one(&ladder.head[3]).1.closes, Some(true));
    let row = folded(&ladder.head[4]);
    assert_eq!((row.kind, row.own), (Kind::Probes, 4));
    assert_eq!(one(&ladder.head[5]).1.closes, Some(false));
}

#[test]
fn bulk_is_folded_and_counts_its_bytes() {
    let mut bench = Bench::new(&[]);
    bench.open(0);
    for at in 0..50 {
        bench.say(at, 1, &[b'x'; 1000]);
        bench.segment(at, 0, |_| {});
    }
    let ladder = bench.finish();
    assert_eq!(ladder.head.len(), 4, "{:?}", ladder.head);
    let row = folded(&ladder.head[3]);
    assert_eq!((row.kind, row.packets, row.own), (Kind::Data, 100, 50));
    assert_eq!(row.bytes, [0, 50_000]);
}

#[test]
fn silence_and_what_happens_meanwhile_part_rows() {
    let rows = |pause: i64, cuts: &[i64]| {
        let mut bench = Bench::new(cuts);
        bench.open(0);
        for at in 0..20 {
            bench.say(at + if at < 10 { 0 } else { pause }, 1, b"xxxx");
        }
        bench.finish().head.len()
    };
    assert_eq!(rows(0, &[]), 4);
    assert_eq!(rows(998, &[]), 4, "999 ms lie between");
    assert_eq!(rows(999, &[]), 5);
    assert_eq!(rows(5000, &[]), 5);
    assert_eq!(rows(500, &[300]), 5);
    assert_eq!(rows(500, &[9000]), 4);
}

#[test]
fn what_is_sent_again_is_marked() {
    let mut bench = Bench::new(&[]);
    bench.open(0);
    bench.say(10, 0, b"xxxx");
    for at in [300, 700] {
        bench.segment(at, 0, |tcp| {
            tcp.sequence -= 4;
            tcp.payload = b"xxxx";
            tcp.length = 4;
        });
    }
    let ladder = bench.finish();
    let sorts: Vec<Sort> = ladder
        .head
        .iter()
        .skip(3)
        .map(|row| one(row).1.sort)
        .collect();
    assert_eq!(sorts, [Sort::Next, Sort::Again, Sort::Again]);
}

#[test]
fn an_attempt_that_is_repeated_is_marked_and_icmp_stands_beside_it() {
    let mut bench = Bench::new(&[]);
    for at in [0, 1000] {
        bench.segment(at, 0, |tcp| {
            tcp.syn = true;
            tcp.ack = false;
        });
    }
    let quote = IcmpQuote {
        barrier: Barrier::Prohibited,
        mtu: None,
        source: A.0,
        destination: B.0,
        transport: Transport::Tcp,
        ports: Some((A.1, B.1)),
    };
    bench.put(1001, 1, Body::Icmp(quote));
    let ladder = bench.finish();
    assert_eq!(one(&ladder.head[1]).1.sort, Sort::Again);
    let Row::One(icmp) = &ladder.head[2] else {
        panic!("folded");
    };
    assert_eq!(icmp.from, Direction::FromResponder);
    assert!(matches!(
        icmp.what,
        What::Icmp {
            kind: "prohibited",
            ..
        }
    ));
    assert_eq!(ladder.connections[0].state, ConnState::S0);
}

#[test]
fn ports_that_are_used_again_are_another_connection() {
    let mut bench = Bench::new(&[]);
    for round in 0..12u32 {
        bench.next = [100 + round * 1000, 900];
        bench.open(i64::from(round));
        bench.segment(i64::from(round), 1, |tcp| tcp.rst = true);
    }
    let ladder = bench.finish();
    assert_eq!(ladder.connections.len(), CONNECTIONS);
    assert_eq!(ladder.more_connections, 4);
    let states = ladder.connections.iter().map(|one| one.state);
    assert!(states.into_iter().all(|state| state == ConnState::Rstr));
}

#[test]
fn memory_is_bounded_and_what_is_left_out_is_counted() {
    let mut bench = Bench::new(&[]);
    bench.open(0);
    for at in 0..5000 {
        // a row each, because silence lies between them
        bench.say(at * 2000 + 2000, 0, b"x");
    }
    let ladder = bench.finish();
    let left = ladder.left.unwrap();
    let rows: u64 = ladder.rows().map(Row::packets).sum();
    assert_eq!(rows + left.packets, 5003);
    assert!(ladder.head.len() + ladder.tail.len() <= 240);
    assert_eq!(
        ladder.head.last().unwrap().places().1.frame + 1,
        left.first.frame
    );
    assert_eq!(ladder.tail[0].places().0.frame - 1, left.last.frame);
}

#[test]
fn turning_it_round_turns_everything() {
    let mut bench = Bench::new(&[]);
    bench.open(0);
    for at in 0..50 {
        bench.say(at, 1, &[b'x'; 10]);
    }
    let before = bench.finish();
    let mut ladder = before.clone();
    ladder.turn();
    assert_eq!(ladder.ends, before.ends.reversed());
    assert_eq!(one(&ladder.head[0]).0.from, Direction::FromResponder);
    assert_eq!(folded(&ladder.head[3]).bytes, [500, 0]);
    assert_eq!(before.connections[0].packets, [2, 51]);
    assert_eq!(ladder.connections[0].packets, [51, 2]);
    ladder.turn();
    assert_eq!(ladder, before);
}
