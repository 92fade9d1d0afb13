//! Seeds for captures and frames: every kind of link, tunnel and block once, made by hand.

use std::net::IpAddr;

use capture::{ACK, Order, PSH, PcapNg, Record, SYN, ethernet, ethernet_ip, ip, tcp, udp};

#[path = "../../common/capture.rs"]
mod capture;

fn v4(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn v6(last: u16) -> IpAddr {
    IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])
}

/// Frames by their kind of link.
pub(crate) fn frames() -> Vec<(u16, Vec<Vec<u8>>)> {
    let segment = tcp(
        (40_000, 5432),
        (1, 1),
        SYN | ACK,
        &[2, 4, 5, 0xb4],
        b"hello",
    );
    let packet = ip(v4(1), v4(2), 6, &segment);
    let six = ip(v6(1), v6(2), 6, &segment);
    let with = |header: &[u8]| [header, &packet].concat();
    let inner = ethernet_ip(&packet);
    let outer = |protocol, payload: &[u8]| ethernet_ip(&ip(v4(8), v4(9), protocol, payload));
    let quoted = [&[3, 4, 0, 0, 0, 0, 5, 0x78][..], &packet[..28]].concat();
    let quoted6 = [&[2, 0, 0, 0, 0, 0, 5, 0][..], &six[..48]].concat();
    let extended = [
        &[44, 0, 1, 4, 0, 0, 0, 0][..],
        &[6, 0, 0, 0, 0, 0, 0, 1],
        &segment,
    ]
    .concat();
    let ethernets = vec![
        inner.clone(),
        ethernet_ip(&six),
        ethernet(0x8100, &with(&[0, 5, 8, 0])),
        ethernet(0x88a8, &with(&[0, 5, 0x81, 0, 0, 6, 8, 0])),
        ethernet(0x8847, &with(&[0, 1, 0, 64, 0, 2, 1, 64])),
        ethernet(0x8864, &with(&[0x11, 0, 0, 1, 0, 51, 0, 0x21])),
        outer(4, &packet),
        outer(41, &six),
        outer(47, &with(&[0, 0, 8, 0])),
        outer(
            47,
            &[
                &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0][..],
                &inner,
            ]
            .concat(),
        ),
        outer(
            51,
            &with(&[
                4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
            ]),
        ),
        outer(
            17,
            &udp((5, 4789), &[&[8, 0, 0, 0, 0, 0, 9, 0][..], &inner].concat()),
        ),
        outer(
            17,
            &udp(
                (5, 6081),
                &[&[0, 0, 0x65, 0x58, 0, 0, 9, 0][..], &inner].concat(),
            ),
        ),
        outer(17, &udp((53, 5060), b"question")),
        outer(1, &quoted),
        ethernet_ip(&ip(v6(8), v6(9), 58, &quoted6)),
        ethernet_ip(&ip(v6(8), v6(9), 0, &extended)),
    ];
    vec![
        (1, ethernets),
        (1, fragments(&segment)),
        (0, vec![with(&[2, 0, 0, 0]), with(&[0, 0, 0, 2])]),
        (9, vec![with(&[0xff, 3, 0, 0x21])]),
        (101, vec![packet.clone(), six.clone()]),
        (
            113,
            vec![with(&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0])],
        ),
        (
            276,
            vec![with(&[
                8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0,
            ])],
        ),
        (192, vec![[&[0, 0, 8, 0, 1, 0, 0, 0][..], &inner].concat()]),
        (
            239,
            vec![with(&[2, 0, 0, 0, 8, 0, 1, 0, 1, 2, 3, 4, 53, 0, 9, 0])],
        ),
        (
            10,
            vec![with(&[
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0,
            ])],
        ),
    ]
}

/// A packet in fragments that overlap.
fn fragments(segment: &[u8]) -> Vec<Vec<u8>> {
    let bounds = [
        (16, 24, true),
        (0, 16, true),
        (8, 24, true),
        (24, segment.len(), false),
    ];
    let fragment = |(from, to, more): (usize, usize, bool)| {
        let mut packet = ip(v4(1), v4(2), 6, &segment[from..to]);
        packet[4] = 7;
        packet[6..8].copy_from_slice(&[if more { 0x20 } else { 0 }, (from / 8) as u8]);
        ethernet_ip(&packet)
    };
    bounds.into_iter().map(fragment).collect()
}

/// Captures of both formats, orders and resolutions, with every block that is looked into.
pub(crate) fn captures() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for (link, frames) in frames() {
        let records: Vec<Record> = (0..)
            .zip(frames)
            .map(|(n, data)| Record::new(1_500_000_000_000_000 + n * 1000, data))
            .collect();
        for (order, nano) in [(Order::Little, false), (Order::Big, true)] {
            found.push(capture::pcap(order, nano, u32::from(link), &records));
            let file = PcapNg::new(order)
                .interface(
                    link,
                    96,
                    &[(9, &[if nano { 9 } else { 0x94 }]), (14, &order.u64(60))],
                )
                .interface(link, 0, &[(1, b"a comment"), (2, b"eth0")])
                .names(&[(v4(1), "core1.example"), (v6(2), "core2.example")]);
            let add = |file: PcapNg, record| file.packet(1, record, &[(4, &order.u64(1))]);
            let file = records.iter().fold(file, add);
            let last = records.last().expect("a frame");
            let file = file
                .obsolete(0, 3, last)
                .simple(last)
                .statistics(0, 9)
                .block(0x0bad, &[0, 0, 0, 1])
                .block(10, b"TLSKsecrets")
                .section(if nano { Order::Little } else { Order::Big })
                .interface(101, 0, &[])
                .packet(
                    0,
                    &Record::new(7, ip(v4(1), v4(2), 6, &tcp((1, 2), (3, 4), PSH, &[], b"x"))),
                    &[],
                );
            found.push(file.bytes);
        }
    }
    found
}
