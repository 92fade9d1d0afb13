//! Tests of captures: packets in, events out.

use std::net::IpAddr;

use super::*;
use crate::model::event::Event;

const A: (IpAddr, u16) = (IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 40_000);
const B: (IpAddr, u16) = (IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2)), 5432);

/// Sends segments and keeps what is told.
struct Bench {
    capture: Capture,
    number: u64,
    events: Vec<Event<'static>>,
    /// Next sequence number of A and of B.
    next: [u32; 2],
    identification: u16,
}

fn tcp<'p>(from: (IpAddr, u16), to: (IpAddr, u16)) -> Tcp<'p> {
    Tcp {
        ports: (from.1, to.1),
        sequence: 0,
        acknowledgment: 0,
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

impl Bench {
    fn new() -> Self {
        Self {
            capture: Capture::new(&[5432]),
            number: 0,
            events: Vec::new(),
            next: [100, 900],
            identification: 0,
        }
    }

    fn put(&mut self, ms: i64, from: (IpAddr, u16), to: (IpAddr, u16), tcp: Tcp<'_>) {
        self.number += 1;
        self.identification += 1;
        let packet = Packet {
            source: from.0,
            destination: to.0,
            hops: 64,
            identification: self.identification,
            interface: 0,
            body: Body::Tcp(tcp),
        };
        let moment = Moment {
            number: self.number,
            at: Some(ms * 1000),
        };
        let events = &mut self.events;
        self.capture
            .packet(&packet, moment, &mut |event| events.push(event));
    }

    fn syn(&mut self, ms: i64) {
        let syn = Tcp {
            sequence: self.next[0] - 1,
            syn: true,
            ack: false,
            mss: Some(1460),
            ..tcp(A, B)
        };
        self.put(ms, A, B, syn);
    }

    fn syn_ack(&mut self, ms: i64) {
        let syn_ack = Tcp {
            sequence: self.next[1] - 1,
            acknowledgment: self.next[0],
            syn: true,
            mss: Some(1460),
            ..tcp(B, A)
        };
        self.put(ms, B, A, syn_ack);
    }

    fn open(&mut self, ms: i64) {
        self.syn(ms);
        self.syn_ack(ms);
        self.ack(ms, 0);
    }

    fn ends(who: usize) -> ((IpAddr, u16), (IpAddr, u16)) {
        if who == 0 { (A, B) } else { (B, A) }
    }

    fn ack(&mut self, ms: i64, who: usize) {
        let (from, to) = Self::ends(who);
        let ack = Tcp {
            sequence: self.next[who],
            acknowledgment: self.next[1 - who],
            ..tcp(from, to)
        };
        self.put(ms, from, to, ack);
    }

    fn data(&mut self, ms: i64, who: usize, length: u32) {
        self.again(ms, who, self.next[who], length);
        self.next[who] += length;
    }

    fn again(&mut self, ms: i64, who: usize, sequence: u32, length: u32) {
        let (from, to) = Self::ends(who);
        let payload = vec![0u8; length as usize];
        let data = Tcp {
            sequence,
            acknowledgment: self.next[1 - who],
            payload: &payload,
            length,
            ..tcp(from, to)
        };
        self.put(ms, from, to, data);
    }

    fn flagged(&mut self, ms: i64, who: usize, fin: bool, rst: bool) {
        let (from, to) = Self::ends(who);
        let segment = Tcp {
            sequence: self.next[who],
            acknowledgment: self.next[1 - who],
            fin,
            rst,
            ..tcp(from, to)
        };
        self.put(ms, from, to, segment);
        self.next[who] += u32::from(fin);
    }

    fn window(&mut self, ms: i64, who: usize, window: u16) {
        let (from, to) = Self::ends(who);
        let ack = Tcp {
            sequence: self.next[who],
            acknowledgment: self.next[1 - who],
            window,
            ..tcp(from, to)
        };
        self.put(ms, from, to, ack);
    }

    /// Other hosts talk to each other until then.
    fn others(&mut self, ms: i64) {
        let (c, d) = (([10, 9, 9, 1].into(), 1), ([10, 9, 9, 2].into(), 2));
        self.put(ms, c, d, tcp(c, d));
        self.put(ms, d, c, tcp(d, c));
    }

    fn finish(mut self) -> Vec<Event<'static>> {
        let events = &mut self.events;
        let mut view = self.capture.finish(&mut |event| events.push(event));
        let held = view.take().into_iter();
        self.events
            .extend(held.map(|held| held.ask(std::iter::empty())));
        self.events.retain(|event| event.format == "net.flow");
        self.events
    }

    fn only(self) -> Event<'static> {
        let mut events = self.finish();
        assert_eq!(events.len(), 1, "{events:#?}");
        events.remove(0)
    }
}

fn fields<'e>(event: &'e Event<'_>, names: &[&str]) -> Vec<Option<&'e str>> {
    names.iter().map(|name| event.first(name)).collect()
}

#[test]
fn a_healthy_connection_is_told_once_with_its_round_trip() {
    let mut bench = Bench::new();
    bench.syn(0);
    bench.syn_ack(20);
    bench.ack(30, 0);
    bench.data(31, 0, 100);
    bench.data(60, 1, 100);
    bench.ack(61, 0);
    bench.flagged(70, 0, true, false);
    bench.flagged(90, 1, true, false);
    bench.ack(91, 0);
    let event = bench.only();
    let seen = fields(
        &event,
        &["state", "established", "rtt_ms", "lost", "closed_by"],
    );
    let wanted = ["SF", "true", "30.000", "0", "originator"];
    assert_eq!(seen, wanted.map(Some));
}

#[test]
fn of_many_healthy_connections_a_few_are_told() {
    let mut bench = Bench::new();
    for n in 0..30 {
        bench.next = [100 + n * 7919, 900 + n * 104_729];
        let at = i64::from(n) * 50_000;
        bench.open(at);
        bench.flagged(at + 10, 0, true, false);
        bench.flagged(at + 20, 1, true, false);
    }
    assert_eq!(bench.finish().len(), 3);
}

#[test]
fn the_first_success_behind_a_failure_is_told() {
    let mut bench = Bench::new();
    bench.open(0);
    bench.flagged(10, 0, true, false);
    bench.flagged(20, 1, true, false);
    bench.next = [5000, 0];
    bench.syn(1000);
    bench.flagged(1001, 1, false, true);
    bench.next = [90_000, 80_000];
    bench.open(2000);
    bench.flagged(2010, 0, true, false);
    bench.flagged(2020, 1, true, false);
    let events = bench.finish();
    let states: Vec<_> = events.iter().map(|event| event.first("state")).collect();
    assert_eq!(states, [Some("SF"), Some("REJ"), Some("SF")]);
}

#[test]
fn an_attempt_without_answer_needs_repetitions_and_time() {
    for (last, unanswered) in [(2900, "false"), (3100, "true")] {
        let mut bench = Bench::new();
        bench.syn(0);
        bench.syn(1000);
        bench.others(last);
        let events = bench.finish();
        let told = events
            .iter()
            .find(|event| event.first("responder_port") == Some("5432"));
        let seen = told.and_then(|event| event.first("unanswered"));
        assert_eq!(seen, Some(unanswered));
    }
}

#[test]
fn what_is_sent_again_is_counted_once_per_segment() {
    let mut bench = Bench::new();
    bench.open(0);
    for n in 0..4 {
        let at = 100 + n * 1000;
        let sequence = bench.next[1];
        bench.data(at, 1, 1000);
        bench.again(at + 220, 1, sequence, 1000);
        bench.again(at + 660, 1, sequence, 1000);
        bench.ack(at + 661, 0);
    }
    let event = bench.only();
    let names = ["segments", "lost", "lost_by", "loss_percent", "stopped"];
    let wanted = [Some("4"), Some("4"), Some("responder"), Some("100.0"), None];
    assert_eq!(fields(&event, &names), wanted);
}

#[test]
fn segments_that_change_places_and_keep_alives_are_no_losses() {
    let mut bench = Bench::new();
    bench.open(0);
    for n in 0..5 {
        let at = 100 + n * 1000;
        let sequence = bench.next[0];
        bench.next[0] += 500;
        bench.data(at, 0, 500);
        bench.again(at, 0, sequence, 500);
        bench.ack(at + 1, 1);
    }
    let sequence = bench.next[0] - 1;
    for n in 0..5 {
        bench.again(10_000 + n * 1000, 0, sequence, 1);
        bench.ack(10_001 + n * 1000, 1);
    }
    let event = bench.only();
    assert_eq!(
        fields(&event, &["segments", "lost"]),
        [Some("10"), Some("0")]
    );
}

#[test]
fn packets_that_were_captured_twice_count_once() {
    let mut bench = Bench::new();
    bench.open(0);
    for n in 0..5 {
        let sequence = bench.next[0];
        bench.data(100 + n * 100, 0, 500);
        bench.identification -= 1;
        bench.again(110 + n * 100, 0, sequence, 500);
        bench.ack(120 + n * 100, 1);
    }
    assert_eq!(bench.capture.counts().twins, 5);
    assert_eq!(bench.only().first("lost"), Some("0"));
}

#[test]
fn who_stops_is_told_with_what_is_repeated() {
    let mut bench = Bench::new();
    bench.open(0);
    bench.data(10, 0, 60);
    bench.data(20, 1, 400);
    bench.ack(21, 0);
    let sequence = bench.next[0];
    bench.data(3000, 0, 14);
    for at in [3200, 3600, 4400, 6000] {
        bench.again(at, 0, sequence, 14);
    }
    let event = bench.only();
    let names = [
        "state",
        "stopped",
        "stopped_host",
        "stopped_ms",
        "unheard",
        "big_lost",
    ];
    let wanted = [
        Some("S1"),
        Some("responder"),
        Some("10.0.0.2"),
        Some("3000.000"),
        None,
        None,
    ];
    assert_eq!(fields(&event, &names), wanted);
}

#[test]
fn a_side_that_is_never_acknowledged_is_unheard() {
    let mut bench = Bench::new();
    bench.open(0);
    let sequence = bench.next[0];
    bench.data(10, 0, 200);
    for at in [220, 640, 1480, 3160] {
        bench.again(at, 0, sequence, 200);
    }
    let event = bench.only();
    let names = ["unheard", "unheard_host", "stopped"];
    let wanted = [Some("originator"), Some("10.0.0.1"), Some("responder")];
    assert_eq!(fields(&event, &names), wanted);
}

#[test]
fn big_segments_that_do_not_pass_where_small_ones_do() {
    let mut bench = Bench::new();
    bench.open(0);
    bench.data(10, 0, 200);
    bench.ack(11, 1);
    bench.data(12, 1, 80);
    bench.ack(13, 0);
    let sequence = bench.next[1];
    bench.data(20, 1, 1460);
    bench.data(20, 1, 700);
    for at in [220, 640, 1480, 3160] {
        bench.again(at, 1, sequence, 1460);
        // the other side goes on, without what is missing
        bench.next[1] = sequence;
        bench.ack(at + 100, 0);
        bench.next[1] = sequence + 2160;
    }
    let event = bench.only();
    let names = ["big_lost", "passed_bytes", "stuck_bytes", "stopped"];
    let wanted = [Some("responder"), Some("80"), Some("1460"), None];
    assert_eq!(fields(&event, &names), wanted);
}

#[test]
fn a_closed_window_is_no_loss_and_lasts_until_it_opens() {
    let mut bench = Bench::new();
    bench.open(0);
    bench.data(10, 1, 1000);
    bench.window(11, 0, 0);
    for at in [300, 900, 2100, 4500] {
        bench.again(at, 1, bench.next[1], 1);
        bench.window(at + 1, 0, 0);
    }
    bench.window(9000, 0, 500);
    let event = bench.only();
    let names = [
        "zero_window",
        "zero_window_host",
        "zero_window_ms",
        "lost",
        "stopped",
    ];
    let wanted = [
        Some("originator"),
        Some("10.0.0.1"),
        Some("8989.000"),
        Some("0"),
        None,
    ];
    assert_eq!(fields(&event, &names), wanted);
}

#[test]
fn an_answer_that_is_repeated_and_never_taken_is_half_open() {
    let mut bench = Bench::new();
    for at in [0, 1000, 3000, 7000] {
        bench.syn(at);
        bench.syn_ack(at + 1);
    }
    let event = bench.only();
    let names = ["half_open", "established", "unanswered"];
    assert_eq!(
        fields(&event, &names),
        [Some("true"), Some("false"), Some("false")]
    );
}

#[test]
fn more_connections_than_can_be_followed_are_counted() {
    let mut capture = Capture::new(&[5432]);
    let mut told = 0u64;
    for n in 0..(LIVE as u32 + 1000) {
        let address: IpAddr = std::net::Ipv4Addr::from(0x0a00_0000 + n).into();
        let from = (address, 1000);
        let packet = Packet {
            source: address,
            destination: B.0,
            hops: 64,
            identification: 0,
            interface: 0,
            body: Body::Tcp(Tcp {
                syn: true,
                ack: false,
                ..tcp(from, B)
            }),
        };
        let moment = Moment {
            number: u64::from(n) + 1,
            at: Some(i64::from(n)),
        };
        capture.packet(&packet, moment, &mut |_| told += 1);
    }
    assert_eq!(capture.counts().untracked, 1000);
}
