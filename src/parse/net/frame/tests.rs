//! The decoder on frames that are made in memory: links, tunnels, fragments, cuts and lies.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::capture::{ACK, PSH, SYN, ethernet, ethernet_ip, ip, tcp, udp};
use crate::parse::net::flow::Barrier;
use crate::parse::net::packet::{IcmpQuote, Tcp, Transport};

const ETHERNET: u16 = 1;
const RAW: u16 = 101;
const TCP: u8 = 6;
const UDP: u8 = 17;

fn v4(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn v6(last: u16) -> IpAddr {
    IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])
}

fn frame(link: u16, data: &[u8]) -> Frame<'_> {
    Frame {
        number: 1,
        at: None,
        link,
        interface: 3,
        data,
        length: u32::try_from(data.len()).unwrap(),
    }
}

/// A segment of twelve bytes from 10.0.0.1 to 10.0.0.2.
fn segment() -> Vec<u8> {
    let options = [2, 4, 5, 0xb4];
    let segment = tcp((40_000, 5432), (7, 9), SYN, &options, b"Hello, world");
    ip(v4(1), v4(2), TCP, &segment)
}

/// What a frame says in short: ends, ports, payload and its length.
fn says(link: u16, data: &[u8]) -> String {
    told(Decoder::new().decode(&frame(link, data)))
}

fn told(packet: Option<Packet<'_>>) -> String {
    let Some(packet) = packet else {
        return "nothing".to_owned();
    };
    let ends = format!("{} > {}", packet.source, packet.destination);
    match packet.body {
        Body::Tcp(tcp) => format!(
            "{ends} tcp {:?} {:?} {}",
            tcp.ports,
            String::from_utf8_lossy(tcp.payload),
            tcp.length
        ),
        Body::Udp(udp) => format!(
            "{ends} udp {:?} {} {}",
            udp.ports,
            udp.payload.len(),
            udp.length
        ),
        Body::Icmp(quote) => format!("{ends} {quote:?}"),
        Body::Other => format!("{ends} other"),
    }
}

const HELLO: &str = "10.0.0.1 > 10.0.0.2 tcp (40000, 5432) \"Hello, world\" 12";

#[test]
fn a_segment_is_told_in_full() {
    let data = ethernet_ip(&segment());
    let mut decoder = Decoder::new();
    let packet = decoder.decode(&frame(ETHERNET, &data)).unwrap();
    assert_eq!((packet.hops, packet.interface), (64, 3));
    let Body::Tcp(tcp) = packet.body else {
        panic!("{packet:?}");
    };
    assert_eq!(
        (tcp.sequence, tcp.acknowledgment, tcp.window),
        (7, 9, 0x2000)
    );
    assert_eq!(
        (tcp.syn, tcp.ack, tcp.fin, tcp.rst),
        (true, false, false, false)
    );
    assert_eq!(tcp.mss, Some(1460));
    assert_eq!(told(decoder.decode(&frame(ETHERNET, &data))), HELLO);
}

#[test]
fn every_kind_of_link_leads_to_the_packet() {
    let packet = segment();
    let with = |header: &[u8]| [header, &packet].concat();
    let typed = |before: &[u8]| with(&[before, &[0x08, 0x00]].concat());
    let snap = [0xaa, 0xaa, 3, 0, 0, 0];
    let mpls = [0, 1, 0x00, 64, 0, 2, 0x01, 64];
    let pppoe = [&[0x11, 0, 0, 1, 0, 66, 0, 0x21][..], &packet].concat();
    let length = u16::try_from(packet.len() + 8).unwrap().to_be_bytes();
    let nflog = [
        &[2, 0, 0, 0, 8, 0, 1, 0, 1, 2, 3, 4][..],
        &[60, 0, 9, 0],
        &packet,
    ]
    .concat();
    for (link, data) in [
        (ETHERNET, ethernet(0x0800, &packet)),
        (ETHERNET, ethernet(0x8100, &typed(&[0, 5]))),
        (ETHERNET, ethernet(0x88a8, &typed(&[0, 5, 0x81, 0, 0, 6]))),
        (ETHERNET, ethernet(0x8847, &with(&mpls))),
        (ETHERNET, ethernet(0x8864, &pppoe)),
        (
            ETHERNET,
            [&[0; 12], &length[..], &snap, &[8, 0], &packet].concat(),
        ),
        (113, typed(&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0])),
        (RAW, packet.clone()),
        (12, packet.clone()),
        (14, packet.clone()),
        (228, packet.clone()),
        (0, with(&[2, 0, 0, 0])),
        (0, with(&[0, 0, 0, 2])),
        (108, with(&[0, 0, 0, 2])),
        (9, with(&[0xff, 3, 0, 0x21])),
        (50, with(&[0x21])),
        (51, pppoe.clone()),
        (104, typed(&[0x0f, 0])),
        (10, typed(&[&[0; 13][..], &snap].concat())),
        (
            192,
            [&[0, 0, 8, 0, 1, 0, 0, 0][..], &ethernet_ip(&packet)].concat(),
        ),
        (239, nflog),
    ] {
        assert_eq!(says(link, &data), HELLO, "link {link}: {data:02x?}");
        // cut anywhere nothing else is claimed
        for length in 0..data.len() {
            let cut = says(link, &data[..length]);
            assert!(
                cut == "nothing" || cut.starts_with("10.0.0.1 > 10.0.0.2 "),
                "{cut}"
            );
        }
    }
}

#[test]
fn cooked_captures_tell_the_interface() {
    let header = [8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0];
    let data = [&header[..], &segment()].concat();
    let mut decoder = Decoder::new();
    assert_eq!(decoder.decode(&frame(276, &data)).unwrap().interface, 7);
    assert_eq!(says(276, &data), HELLO);
}

#[test]
fn links_that_cannot_be_read_are_counted() {
    let mut decoder = Decoder::new();
    for link in [147, 105, 147] {
        assert_eq!(decoder.decode(&frame(link, &segment())), None);
    }
    // what is no IP is nothing unusual
    assert_eq!(
        decoder.decode(&frame(ETHERNET, &ethernet(0x0806, &[0; 28]))),
        None
    );
    assert_eq!(decoder.stats().unreadable, [(147, 2), (105, 1)]);
}

#[test]
fn tunnels_are_entered() {
    let inner = segment();
    let eth = ethernet_ip(&inner);
    let outer = |protocol, payload: &[u8]| ip(v4(8), v4(9), protocol, payload);
    let outer6 = |protocol, payload: &[u8]| ip(v6(8), v6(9), protocol, payload);
    let gre = |header: &[u8], payload: &[u8]| outer(47, &[header, payload].concat());
    let vxlan = [&[8, 0, 0, 0, 0, 0, 9, 0][..], &eth].concat();
    let geneve = [&[1, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 4][..], &eth].concat();
    let mpls = [&[0, 1, 0x01, 64][..], &inner].concat();
    let ah = [&[4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1][..], &[7; 12], &inner].concat();
    for packet in [
        outer(4, &inner),
        outer6(4, &inner),
        gre(&[0, 0, 8, 0], &inner),
        gre(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &inner),
        gre(&[0, 0, 0x65, 0x58], &eth),
        gre(&[0, 0, 0x88, 0x47], &mpls),
        gre(&[0, 0, 0x88, 0xbe], &eth),
        gre(
            &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8],
            &eth,
        ),
        outer(17, &udp((5, 4789), &vxlan)),
        outer6(17, &udp((5, 8472), &vxlan)),
        outer(17, &udp((5, 6081), &geneve)),
        outer(51, &ah),
        outer6(51, &ah),
        outer(4, &outer6(4, &outer(4, &inner))),
    ] {
        assert_eq!(says(RAW, &packet), HELLO, "{packet:02x?}");
    }
    let six = ip(v6(1), v6(2), UDP, &udp((1, 2), b"abc"));
    let expected = "2001:db8::1 > 2001:db8::2 udp (1, 2) 3 3";
    assert_eq!(says(RAW, &outer(41, &six)), expected);
    assert_eq!(says(RAW, &outer6(41, &six)), expected);
    // a port alone makes no tunnel
    let plain = outer(
        17,
        &udp((5, 4789), b"\x08\0\0\0\0\0\x09\0but no frame at all"),
    );
    assert_eq!(says(RAW, &plain), "10.0.0.8 > 10.0.0.9 udp (5, 4789) 27 27");
    // nobody nests without end
    let deep = (0..100).fold(inner, |packet, _| ip(v4(8), v4(9), 4, &packet));
    assert_eq!(says(RAW, &deep), "10.0.0.8 > 10.0.0.9 other");
}

#[test]
fn lengths_are_those_of_the_wire() {
    let whole = segment();
    // padding of short frames does not belong to the packet
    let padded = [&ethernet_ip(&whole)[..], &[0; 9]].concat();
    assert_eq!(says(ETHERNET, &padded), HELLO);
    // the snap length cuts the payload, then the options, then the header
    let cut = |length: usize| {
        let mut cut = frame(RAW, &whole[..length]);
        cut.length = u32::try_from(whole.len()).unwrap();
        told(Decoder::new().decode(&cut))
    };
    let start = "10.0.0.1 > 10.0.0.2 ";
    assert_eq!(cut(50), format!("{start}tcp (40000, 5432) \"Hello,\" 12"));
    assert_eq!(cut(42), format!("{start}tcp (40000, 5432) \"\" 12"));
    assert_eq!(cut(39), format!("{start}other"));
    // segmentation by the network card leaves the length out
    let mut offloaded = whole.clone();
    offloaded[2..4].fill(0);
    assert_eq!(says(RAW, &offloaded), HELLO);
    let mut big = ip(v6(1), v6(2), TCP, &whole[20..]);
    big[4..6].fill(0);
    let expected = "2001:db8::1 > 2001:db8::2 tcp (40000, 5432) \"Hello, world\" 12";
    assert_eq!(says(RAW, &big), expected);
    // a length that is less than its own header
    let mut short = whole.clone();
    short[3] = 19;
    assert_eq!(says(RAW, &short), format!("{start}other"));
    let mut header = whole.clone();
    header[32] = 0xf0;
    assert_eq!(says(RAW, &header), format!("{start}other"));
    let mut options = whole;
    options[0] = 0x4f;
    assert!(says(RAW, &options).starts_with(start));
}

#[test]
fn extension_headers_are_taken_off() {
    let tail = &segment()[20..];
    let hop = [60, 0, 1, 4, 0, 0, 0, 0];
    let options = [43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let routing = [44, 0, 0, 0, 0, 0, 0, 0];
    // a fragment that is all of its packet
    let atomic = [6, 0, 0, 0, 0, 0, 0, 1];
    let packet = ip(
        v6(1),
        v6(2),
        0,
        &[&hop[..], &options, &routing, &atomic, tail].concat(),
    );
    let expected = "2001:db8::1 > 2001:db8::2 tcp (40000, 5432) \"Hello, world\" 12";
    assert_eq!(says(RAW, &packet), expected);
    let endless = ip(v6(1), v6(2), 0, &[0; 400]);
    assert_eq!(says(RAW, &endless), "2001:db8::1 > 2001:db8::2 other");
    let nothing = ip(v6(1), v6(2), 59, tail);
    assert_eq!(says(RAW, &nothing), "2001:db8::1 > 2001:db8::2 other");
}

/// Fragments of a payload, at places that are multiples of eight.
fn fragments(payload: &[u8], cuts: &[usize], id: u16) -> Vec<Vec<u8>> {
    let bounds = [&[0], cuts, &[payload.len()]].concat();
    let pieces = bounds.windows(2).map(|pair| {
        let mut packet = ip(v4(1), v4(2), TCP, &payload[pair[0]..pair[1]]);
        let more = if pair[1] < payload.len() { 0x2000 } else { 0 };
        let offset = u16::try_from(pair[0] / 8).unwrap() | more;
        packet[4..6].copy_from_slice(&id.to_be_bytes());
        packet[6..8].copy_from_slice(&offset.to_be_bytes());
        packet
    });
    pieces.collect()
}

#[test]
fn the_last_fragment_gives_the_packet_in_any_order() {
    let payload = segment().split_off(20);
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let pieces = fragments(&payload, &[8, 16, 32], 77);
        let mut decoder = Decoder::new();
        for at in &order[..3] {
            let packet = decoder.decode(&frame(RAW, &pieces[*at])).unwrap();
            assert_eq!((packet.body, packet.identification), (Body::Other, 77));
        }
        // a second one of a packet that is not whole changes nothing
        decoder.decode(&frame(RAW, &pieces[order[0]]));
        assert_eq!(decoder.stats().incomplete, 1);
        assert_eq!(told(decoder.decode(&frame(RAW, &pieces[order[3]]))), HELLO);
        let stats = decoder.stats();
        assert_eq!(
            (stats.fragments, stats.reassembled, stats.incomplete),
            (5, 1, 0)
        );
    }
}

#[test]
fn fragments_of_ipv6_and_inside_tunnels_are_put_together() {
    let payload = segment().split_off(20);
    let piece = |from: usize, to: usize, more: u8| {
        let offset = [
            u8::try_from(from >> 8).unwrap(),
            u8::try_from(from & 0xff).unwrap() | more,
        ];
        let header = [&[TCP, 0][..], &offset, &[0, 0, 0, 5]].concat();
        let packet = ip(v6(1), v6(2), 44, &[&header, &payload[from..to]].concat());
        ip(v4(8), v4(9), 41, &packet)
    };
    let mut decoder = Decoder::new();
    let (first, last) = (piece(0, 24, 1), piece(24, payload.len(), 0));
    let told_first = told(decoder.decode(&frame(RAW, &first)));
    assert_eq!(told_first, "2001:db8::1 > 2001:db8::2 other");
    let expected = "2001:db8::1 > 2001:db8::2 tcp (40000, 5432) \"Hello, world\" 12";
    assert_eq!(told(decoder.decode(&frame(RAW, &last))), expected);
    // a tunnel that was cut into fragments itself
    let tunnel = ip(v4(8), v4(9), 4, &segment());
    let mut pieces = fragments(&tunnel[20..], &[24], 5);
    for piece in &mut pieces {
        piece[9] = 4;
    }
    decoder.decode(&frame(RAW, &pieces[0]));
    assert_eq!(told(decoder.decode(&frame(RAW, &pieces[1]))), HELLO);
}

#[test]
fn of_overlapping_fragments_the_first_counts() {
    let payload = segment().split_off(20);
    let mut evil: Vec<u8> = payload.iter().map(|byte| byte ^ 0xff).collect();
    // so that the segment stays one
    evil[12..16].copy_from_slice(&payload[12..16]);
    let good = fragments(&payload, &[8, 16, 24], 1);
    let bad = fragments(&evil, &[8, 24], 1);
    let mut decoder = Decoder::new();
    for piece in [&good[0], &good[2], &bad[0], &bad[1]] {
        assert_eq!(
            decoder.decode(&frame(RAW, piece)).unwrap().body,
            Body::Other
        );
    }
    let Some(packet) = decoder.decode(&frame(RAW, &good[3])) else {
        panic!("nothing");
    };
    let Body::Tcp(tcp) = packet.body else {
        panic!("{packet:?}");
    };
    // bytes 8 to 16 are of the second packet, the others of the first
    assert_eq!(
        (tcp.ports, tcp.payload),
        ((40_000, 5432), &b"Hello, world"[..])
    );
    assert_eq!(tcp.acknowledgment, 9 ^ u32::MAX);
}

#[test]
fn fragments_that_never_become_a_packet_cost_little() {
    let payload = vec![0; 60_000];
    let mut decoder = Decoder::new();
    for id in 0..2000 {
        let piece = &fragments(&payload, &[59_992], id)[0];
        let mut one = frame(RAW, piece);
        one.number = u64::from(id);
        decoder.decode(&one);
    }
    assert!(decoder.fragments.held() <= 4 << 20);
    assert_eq!(decoder.stats().incomplete, 2000);
    // after long enough the rest of a packet belongs to another one
    let pieces = fragments(&segment()[20..], &[8], 3000);
    let mut decoder = Decoder::new();
    decoder.decode(&frame(RAW, &pieces[0]));
    let mut late = frame(RAW, &pieces[1]);
    late.number = 1_000_000;
    assert_eq!(decoder.decode(&late).unwrap().body, Body::Other);
    // a fragment that the snap length cut is not all there
    let mut cut = frame(RAW, &pieces[0][..24]);
    cut.length = 28;
    let mut decoder = Decoder::new();
    decoder.decode(&cut);
    assert_eq!(
        decoder.decode(&frame(RAW, &pieces[1])).unwrap().body,
        Body::Other
    );
}

fn quote(packet: &[u8]) -> Option<IcmpQuote> {
    match Decoder::new().decode(&frame(RAW, packet)).unwrap().body {
        Body::Icmp(quote) => Some(quote),
        _ => None,
    }
}

#[test]
fn icmp_errors_tell_what_they_quote() {
    let quoted = &segment()[..28];
    let error = |kind, code, rest: [u8; 2]| {
        let message = [&[kind, code, 0, 0, 0, 0][..], &rest, quoted].concat();
        quote(&ip(v4(9), v4(1), 1, &message))
    };
    let told = error(3, 13, [0, 0]).unwrap();
    assert_eq!((told.source, told.destination), (v4(1), v4(2)));
    assert_eq!(
        (told.transport, told.ports),
        (Transport::Tcp, Some((40_000, 5432)))
    );
    let barrier = |kind, code| error(kind, code, [0, 0]).map(|quote| quote.barrier);
    for code in [9, 10, 13] {
        assert_eq!(barrier(3, code), Some(Barrier::Prohibited));
    }
    assert_eq!(barrier(3, 0), Some(Barrier::Unreachable));
    assert_eq!(barrier(3, 1), Some(Barrier::Unreachable));
    assert_eq!(barrier(3, 3), Some(Barrier::PortUnreachable));
    assert_eq!(barrier(11, 0), Some(Barrier::Expired));
    for (kind, code) in [(0, 0), (8, 0), (5, 1), (11, 1), (12, 0)] {
        assert_eq!(barrier(kind, code), None);
    }
    let big = |rest| error(3, 4, rest).map(|quote| (quote.barrier, quote.mtu));
    assert_eq!(big([5, 0x78]), Some((Barrier::TooBig, Some(1400))));
    assert_eq!(big([0, 0]), Some((Barrier::TooBig, None)));
    // a later fragment quotes no ports, a message that is cut off no packet
    let mut later = segment()[..28].to_vec();
    later[6..8].copy_from_slice(&[0, 5]);
    let message = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &later].concat();
    assert_eq!(quote(&ip(v4(9), v4(1), 1, &message)).unwrap().ports, None);
    assert_eq!(quote(&ip(v4(9), v4(1), 1, &message[..20])), None);
}

#[test]
fn icmpv6_errors_tell_what_they_quote() {
    let inner = ip(v6(1), v6(2), UDP, &udp((53, 54), &[0; 600]));
    let error = |kind, code, rest: u32| {
        let head = [&[kind, code, 0, 0][..], &rest.to_be_bytes()].concat();
        quote(&ip(v6(9), v6(1), 58, &[&head, &inner[..60]].concat()))
    };
    let told = error(2, 0, 1280).unwrap();
    assert_eq!((told.barrier, told.mtu), (Barrier::TooBig, Some(1280)));
    assert_eq!((told.source, told.destination), (v6(1), v6(2)));
    assert_eq!(
        (told.transport, told.ports),
        (Transport::Udp, Some((53, 54)))
    );
    let barrier = |kind, code| error(kind, code, 0).map(|quote| quote.barrier);
    assert_eq!(barrier(1, 0), Some(Barrier::Unreachable));
    assert_eq!(barrier(1, 1), Some(Barrier::Prohibited));
    assert_eq!(barrier(1, 3), Some(Barrier::Unreachable));
    assert_eq!(barrier(1, 4), Some(Barrier::PortUnreachable));
    assert_eq!(barrier(1, 5), Some(Barrier::Prohibited));
    assert_eq!(barrier(3, 0), Some(Barrier::Expired));
    assert_eq!(barrier(128, 0), None);
    assert_eq!(barrier(136, 0), None);
}

/// Links that a decoder knows, and some that it does not.
fn links() -> impl Strategy<Value = u16> {
    let known = [
        0, 1, 9, 10, 12, 50, 51, 101, 104, 108, 113, 192, 228, 229, 239, 276, 105,
    ];
    proptest::sample::select(known.to_vec())
}

/// Frames that begin as something known and go on with anything.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let heads = vec![
        Vec::new(),
        ethernet(0x0800, &[0x45]),
        ethernet(0x86dd, &[0x60]),
        ethernet(0x8100, &[]),
        ethernet(0x8847, &[]),
        ethernet(0x8864, &[0x11]),
        ethernet_ip(&ip(v4(1), v4(2), 47, &[])),
        ethernet_ip(&ip(v6(1), v6(2), 0, &[])),
        ethernet_ip(&ip(v6(1), v6(2), 44, &[])),
        ethernet_ip(&ip(v4(1), v4(2), 1, &[3, 4])),
        ethernet_ip(&ip(v4(1), v4(2), UDP, &udp((1, 6081), &[]))),
        ethernet_ip(&ip(
            v4(1),
            v4(2),
            TCP,
            &tcp((1, 2), (3, 4), ACK | PSH, &[], &[]),
        )),
    ];
    let rest = proptest::collection::vec(any::<u8>(), 0..120);
    (proptest::sample::select(heads), rest, any::<bool>()).prop_map(|(mut head, rest, whole)| {
        if whole {
            // lengths that reach behind the head
            head.iter_mut().skip(16).take(2).for_each(|byte| *byte = 0);
        }
        head.extend(rest);
        head
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_is_survived(
        frames in proptest::collection::vec((links(), hostile(), 0..200_u32), 1..8),
    ) {
        let mut decoder = Decoder::new();
        for (number, (link, data, more)) in (1..).zip(&frames) {
            let length = u32::try_from(data.len()).unwrap() + more;
            let frame = Frame { number, at: None, link: *link, interface: 0, data, length };
            let packet = decoder.decode(&frame);
            let reassembled = packet.is_some_and(|packet| match packet.body {
                Body::Tcp(tcp) => tcp.payload.len() <= tcp.length as usize && tcp.length <= 65_535,
                Body::Udp(udp) => udp.payload.len() <= udp.length as usize && udp.length <= 65_535,
                Body::Icmp(_) | Body::Other => true,
            });
            prop_assert!(packet.is_none() || reassembled);
        }
    }

    #[test]
    fn what_the_snap_length_cuts_off_changes_nothing_of_the_rest(
        link in links(),
        data in hostile(),
        more in 0..200_u32,
        cut: prop::sample::Index,
    ) {
        let length = u32::try_from(data.len()).unwrap() + more;
        let whole = Frame { length, ..frame(link, &data) };
        let cut = Frame { data: &data[..cut.index(data.len() + 1)], ..whole };
        let (mut one, mut two) = (Decoder::new(), Decoder::new());
        let (whole, cut) = (one.decode(&whole), two.decode(&cut));
        prop_assert!(whole.is_some() || cut.is_none());
        if let (Some(Body::Tcp(whole)), Some(Body::Tcp(cut))) =
            (whole.map(|packet| packet.body), cut.map(|packet| packet.body))
        {
            prop_assert!(whole.payload.starts_with(cut.payload));
            let rest = |tcp: Tcp<'_>| (tcp.ports, tcp.sequence, tcp.window, tcp.length);
            prop_assert_eq!(rest(whole), rest(cut));
        }
    }

    #[test]
    fn any_cuts_and_order_of_fragments_give_the_packet(
        length in 0..400_usize,
        cuts in proptest::collection::btree_set(1..50_usize, 0..6),
        order in any::<prop::sample::Index>(),
    ) {
        let payload = tcp((1, 2), (3, 4), ACK, &[], &vec![b'x'; length]);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut * 8).filter(|cut| *cut < payload.len()).collect();
        if cuts.is_empty() {
            cuts.push(8);
        }
        let mut pieces = fragments(&payload, &cuts, 9);
        let turn = order.index(pieces.len());
        pieces.rotate_left(turn);
        let (last, others) = pieces.split_last().unwrap();
        let mut decoder = Decoder::new();
        for piece in others {
            prop_assert_eq!(decoder.decode(&frame(RAW, piece)).unwrap().body, Body::Other);
        }
        let expected = format!("10.0.0.1 > 10.0.0.2 tcp (1, 2) {:?} {length}", "x".repeat(length));
        prop_assert_eq!(told(decoder.decode(&frame(RAW, last))), expected);
    }
}
