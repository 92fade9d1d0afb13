//! Captures that are made in memory, read in any pieces, cut anywhere and damaged.

use std::io::{self, Read};
use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::capture::{Order, PcapNg, Record, pcap};

/// A frame that outlives the buffer.
type Owned = (u64, Option<i64>, u16, u32, Vec<u8>, u32);

/// Hands out pieces of the given sizes, over and over.
struct Pieces<'b> {
    rest: &'b [u8],
    sizes: &'b [usize],
    turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()].max(1);
        self.turn += 1;
        let size = out.len().min(size);
        self.rest.read(&mut out[..size])
    }
}

fn read(head: &[u8], source: &mut dyn Read) -> (Vec<Owned>, CaptureStats) {
    let mut reader = CaptureReader::new(head, source);
    let mut found = Vec::new();
    while let Some(frame) = reader.next_frame() {
        found.push((
            frame.number,
            frame.at,
            frame.link,
            frame.interface,
            frame.data.to_vec(),
            frame.length,
        ));
    }
    assert!(reader.next_frame().is_none());
    (found, reader.stats().clone())
}

fn whole(mut bytes: &[u8]) -> (Vec<Owned>, CaptureStats) {
    read(&[], &mut bytes)
}

fn records() -> Vec<Record> {
    let mut records: Vec<Record> = (1..=5)
        .map(|n| {
            Record::new(
                1_500_000_000_000_001 * i64::from(n) / 2,
                vec![n; 7 * usize::from(n)],
            )
        })
        .collect();
    records[2].length = 1500;
    records
}

fn ng(order: Order) -> PcapNg {
    let file = PcapNg::new(order).interface(1, 0, &[]);
    records()
        .iter()
        .fold(file, |file, record| file.packet(0, record, &[]))
}

#[test]
fn both_orders_and_resolutions_of_pcap_give_the_same_frames() {
    let expected: Vec<Owned> = (1..)
        .zip(records())
        .map(|(n, record)| (n, Some(record.at), 113, 0, record.data, record.length))
        .collect();
    for order in [Order::Little, Order::Big] {
        for nano in [false, true] {
            // a frame check sequence of four bytes is told in the highest bits
            let file = pcap(order, nano, 113 | 0x2400_0000, &records());
            assert!(is_capture(&file));
            let (found, stats) = whole(&file);
            assert_eq!(found, expected);
            assert_eq!((stats.frames, stats.snapped), (5, 1));
            assert_eq!(stats.damage, Vec::<String>::new());
        }
    }
}

#[test]
fn forerunners_of_pcap_are_read() {
    let file = pcap(Order::Little, false, 1, &records());
    let version = |minor: u8| {
        let mut file = file.clone();
        file[6] = minor;
        whole(&file).0
    };
    assert_eq!(version(3), version(4));
    // what was captured of it stands behind how long it was
    let mut old = pcap(Order::Big, false, 1, &[]);
    old[7] = 2;
    old.extend([0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 3, 7, 8, 9]);
    assert_eq!(
        whole(&old).0,
        [(1, Some(1_000_002), 1, 0, vec![7, 8, 9], 60)]
    );
    // Kuznetzov's: eight bytes more before each frame
    let mut patched = file[..24].to_vec();
    patched[..2].copy_from_slice(&[0x34, 0xcd]);
    patched.extend([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0]);
    patched.extend([1, 0, 0, 0, 0, 8, 0, 0, 7, 8, 9]);
    assert_eq!(
        whole(&patched).0,
        [(1, Some(1_000_002), 1, 0, vec![7, 8, 9], 3)]
    );
}

#[test]
fn both_orders_of_pcapng_and_all_packet_blocks_are_read() {
    for order in [Order::Little, Order::Big] {
        assert_eq!(
            whole(&ng(order).bytes).0,
            whole(&pcap(order, false, 1, &records())).0
        );
        let record = &records()[2];
        let file = PcapNg::new(order)
            .interface(1, 16, &[])
            .interface(101, 0, &[])
            .simple(&Record {
                data: record.data[..16].to_vec(),
                ..record.clone()
            })
            .obsolete(1, 7, record)
            .block(0x0bad, &[0, 0, 0, 1])
            .block(0xdead, b"unknown")
            .packet(1, record, &[(1, b"a comment"), (4, &order.u64(2))]);
        let (found, stats) = whole(&file.bytes);
        let data = || record.data.clone();
        assert_eq!(
            found,
            [
                (1, None, 1, 0, data()[..16].to_vec(), 1500),
                (2, Some(record.at), 101, 1, data(), 1500),
                (4, Some(record.at), 101, 1, data(), 1500),
            ]
        );
        assert_eq!((stats.dropped, stats.snapped), (Some(9), 3));
        assert_eq!(stats.damage, Vec::<String>::new());
    }
}

#[test]
fn sections_have_their_own_order_and_interfaces() {
    let record = &records()[0];
    let file = PcapNg::new(Order::Little)
        .interface(1, 0, &[])
        .interface(113, 0, &[])
        .packet(1, record, &[])
        .statistics(1, 3)
        .statistics(1, 5)
        .section(Order::Big)
        .interface(276, 0, &[])
        .packet(0, record, &[])
        .statistics(0, 4);
    let (found, stats) = whole(&file.bytes);
    let links: Vec<_> = found.iter().map(|frame| (frame.2, frame.3)).collect();
    assert_eq!(links, [(113, 1), (276, 2)]);
    assert_eq!(stats.dropped, Some(9));
}

#[test]
fn clocks_are_converted_to_microseconds() {
    let at = |resolution: u8, offset: i64, units: i64| {
        let offset = Order::Big.u64(offset.cast_unsigned());
        let file = PcapNg::new(Order::Big)
            .interface(1, 0, &[(9, &[resolution]), (14, &offset)])
            .packet(0, &Record::new(units, vec![0]), &[]);
        whole(&file.bytes).0[0].1
    };
    assert_eq!(at(6, 0, 1_234_567), Some(1_234_567));
    assert_eq!(at(9, 0, 1_234_567_890), Some(1_234_567));
    assert_eq!(at(0, 0, 12), Some(12_000_000));
    assert_eq!(at(3, -1, 2_500), Some(1_500_000));
    assert_eq!(at(0x80 | 10, 2, 1536), Some(3_500_000));
    assert_eq!(at(127, 0, i64::MAX), Some(0));
    assert_eq!(at(0xff, 0, i64::MAX), Some(0));
    assert_eq!(at(0, 0, i64::MAX), None);
    assert_eq!(at(6, i64::MAX, 1), None);
}

#[test]
fn names_of_addresses_are_kept() {
    let addresses: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "2001:db8::1".parse().unwrap()];
    let long = "x".repeat(300);
    let file = PcapNg::new(Order::Big).names(&[
        (addresses[0], "core1.example\0core1"),
        (addresses[1], "core2.example"),
        (addresses[1], &long),
    ]);
    let names = whole(&file.bytes).1.names;
    let expected = [(0, "core1.example"), (0, "core1"), (1, "core2.example")];
    assert_eq!(
        names,
        expected.map(|(at, name)| (addresses[at], name.to_owned()))
    );
}

#[test]
fn damage_is_told_with_its_place_and_what_came_before_counts() {
    let told = |bytes: &[u8]| {
        let (found, stats) = whole(bytes);
        (found.len(), stats.damage.join("; "))
    };
    let file = pcap(Order::Little, false, 1, &records());
    let cut = told(&file[..file.len() - 1]);
    assert_eq!(
        (cut.0, cut.1.as_str()),
        (
            4,
            "it ends in the middle of frame 5, which begins at byte 158"
        )
    );
    let mut huge = file.clone();
    huge[24 + 16 + 7 + 8..][..4].copy_from_slice(&[0xff; 4]);
    let (count, damage) = told(&huge);
    assert!(count == 1 && damage.contains("frame 2 at byte 47 says that 4294967295 bytes"));
    let mut version = file.clone();
    version[4] = 9;
    assert!(told(&version).1.contains("version 9.4"));
    assert_eq!(
        told(b"text").1,
        "it ends in the middle of its first header, which begins at byte 0"
    );
    assert_eq!(told(b"text that is long enough").1, "it is not a capture");
    assert_eq!(told(b"").1, "");

    let file = ng(Order::Big).bytes;
    let (count, damage) = told(&file[..file.len() - 1]);
    assert!(
        count == 4 && damage.contains("in the middle of a block"),
        "{damage}"
    );
    let mut trailer = file.clone();
    *trailer.last_mut().unwrap() ^= 4;
    let (count, damage) = told(&trailer);
    assert!(
        count == 4 && damage.contains("what follows cannot be read"),
        "{damage}"
    );
    let (count, damage) = told(&[&file[..], &[0; 64]].concat());
    assert!(count == 5 && damage.contains("0 bytes long"), "{damage}");
}

#[test]
fn a_block_that_contradicts_itself_is_left_out_alone() {
    let record = &records()[0];
    let file = PcapNg::new(Order::Little)
        .interface(1, 0, &[])
        .packet(9, record, &[])
        .block(6, &[0; 8])
        .block(6, &[[0; 12], [0xff; 12]].concat())
        .packet(0, record, &[]);
    let (found, stats) = whole(&file.bytes);
    assert_eq!((found.len(), found[0].0), (1, 1));
    assert_eq!(stats.damage.len(), 3);
    let mut many = PcapNg::new(Order::Little);
    for _ in 0..100 {
        many = many.packet(9, record, &[]);
    }
    let damage = whole(&many.bytes).1.damage;
    assert_eq!(
        (damage.len(), damage[16].as_str()),
        (17, "there is more damage of this kind")
    );
}

#[test]
fn a_block_that_claims_gigabytes_costs_nothing() {
    let mut file = ng(Order::Little).bytes;
    file.extend([6, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff]);
    file.extend([0; 100]);
    let mut rest = &file[..];
    let mut reader = CaptureReader::new(&[], &mut rest);
    while reader.next_frame().is_some() {}
    assert!(reader.buffer.capacity() <= 256 << 10);
    assert!(reader.stats().damage[0].contains("4294967292 bytes long"));
}

#[test]
fn long_frames_are_read_up_to_the_limit() {
    let long = |length| Record::new(0, vec![7; length]);
    let frames = [long(300_000), long(1), long(LONGEST_FRAME), long(2)];
    let (found, stats) = whole(&pcap(Order::Little, false, 1, &frames));
    assert_eq!((found.len(), stats.damage.len()), (4, 0));
    let ng = |record: &Record| {
        let file = PcapNg::new(Order::Little).interface(1, 0, &[]);
        whole(&file.packet(0, record, &[]).packet(0, &long(3), &[]).bytes)
    };
    assert_eq!(ng(&long(LONGEST_FRAME)).0.len(), 2);
    let (found, stats) = ng(&long(LONGEST_FRAME + (64 << 10)));
    assert_eq!((found.len(), stats.damage.len()), (1, 1));
}

#[test]
fn a_frame_is_handed_out_before_more_is_asked_for() {
    /// Fails the test when asked for more than it has.
    struct Live<'b>(&'b [u8]);
    impl Read for Live<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0.is_empty(), "asked for more than was needed");
            self.0.read(out)
        }
    }
    for file in [
        pcap(Order::Little, false, 1, &records()),
        ng(Order::Little).bytes,
    ] {
        let (head, rest) = file.split_at(10);
        let mut live = Live(rest);
        let mut reader = CaptureReader::new(head, &mut live);
        for _ in records() {
            assert!(reader.next_frame().is_some());
        }
    }
}

#[test]
fn an_error_of_the_source_is_told_and_kept() {
    struct Broken<'b>(&'b [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            match self.0.read(out)? {
                0 => Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the checksum is wrong",
                )),
                count => Ok(count),
            }
        }
    }
    let file = pcap(Order::Little, false, 1, &records());
    for (length, count) in [(0, 0), (30, 0), (file.len() - 3, 4), (file.len(), 5)] {
        let mut broken = Broken(&file[..length]);
        let mut reader = CaptureReader::new(&[], &mut broken);
        let found = std::iter::from_fn(|| reader.next_frame().map(|_| ())).count();
        assert_eq!(found, count);
        assert_eq!(reader.error().unwrap().kind(), io::ErrorKind::InvalidData);
        let damage = &reader.stats().damage;
        assert!(
            damage.len() == 1 && damage[0].contains("checksum"),
            "{damage:?}"
        );
    }
}

#[test]
fn only_captures_are_taken_for_captures() {
    for text in [
        "",
        "\n\r\r\n",
        "\n\r\r\nand some more text",
        "0xa1b2c3d4 is a magic number",
    ] {
        assert!(!is_capture(text.as_bytes()), "{text}");
    }
    assert!(is_capture(&ng(Order::Big).bytes) && is_capture(&ng(Order::Little).bytes));
}

fn some_records() -> impl Strategy<Value = Vec<Record>> {
    let record = (
        0..4_000_000_000_000_000_i64,
        proptest::collection::vec(any::<u8>(), 0..80),
        0..50_u32,
    );
    let record = record.prop_map(|(at, data, cut)| {
        let mut record = Record::new(at, data);
        record.length += cut;
        record
    });
    proptest::collection::vec(record, 0..12)
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Little), Just(Order::Big)]
}

/// A pcapng file with two interfaces that take turns.
fn ng_of(order: Order, records: &[Record]) -> Vec<u8> {
    let file = PcapNg::new(order).interface(1, 0, &[]).interface(1, 0, &[]);
    let add = |file: PcapNg, record| file.packet(0, record, &[(1, b"why")]).statistics(1, 0);
    records.iter().fold(file, add).bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pcap_and_pcapng_tell_the_same(records in some_records(), order in order(), nano: bool) {
        let (old, new) = (whole(&pcap(order, nano, 1, &records)), whole(&ng_of(order, &records)));
        let written: Vec<_> = records
            .iter()
            .map(|record| (Some(record.at), record.data.clone(), record.length))
            .collect();
        let read: Vec<_> = old.0.iter().map(|frame| (frame.1, frame.4.clone(), frame.5)).collect();
        prop_assert_eq!(read, written);
        prop_assert_eq!(old.0, new.0);
        prop_assert_eq!(old.1.snapped, new.1.snapped);
    }

    #[test]
    fn how_it_is_read_changes_nothing(
        records in some_records(),
        order in order(),
        new: bool,
        sizes in proptest::collection::vec(1..60_usize, 1..6),
        head in 0..200_usize,
        damage in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut file = if new { ng_of(order, &records) } else { pcap(order, false, 1, &records) };
        if let Some((at, byte)) = damage {
            let at = at.index(file.len());
            file[at] = byte;
        }
        let head = head.min(file.len());
        let (head, rest) = file.split_at(head);
        let mut pieces = Pieces { rest, sizes: &sizes, turn: 0 };
        prop_assert_eq!(read(head, &mut pieces), whole(&file));
    }

    #[test]
    fn what_is_cut_off_takes_only_the_frames_behind_it(
        records in some_records(),
        order in order(),
        new: bool,
        cut: prop::sample::Index,
    ) {
        let file = if new { ng_of(order, &records) } else { pcap(order, false, 1, &records) };
        let (all, _) = whole(&file);
        let (some, stats) = whole(&file[..cut.index(file.len() + 1)]);
        prop_assert_eq!(&some[..], &all[..some.len()]);
        prop_assert!(stats.damage.len() <= 1);
    }
}
