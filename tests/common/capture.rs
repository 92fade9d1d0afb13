//! Captures made in memory: headers around bytes, and frames written as pcap or pcapng. Unit
//! tests find it as `crate::capture`; a program of tests takes it in by its path.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each program of tests uses a part of it, and none exports it"
)]

use std::net::IpAddr;

/// The order of bytes in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    pub fn u16(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub fn u32(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    pub fn u64(self, number: u64) -> [u8; 8] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }
}

/// A frame to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Microseconds since 1970.
    pub at: i64,
    /// What was captured.
    pub data: Vec<u8>,
    /// How long it was on the wire.
    pub length: u32,
}

impl Record {
    /// A frame that was captured whole.
    pub fn new(at: i64, data: Vec<u8>) -> Self {
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Self { at, data, length }
    }

    fn captured(&self) -> u32 {
        u32::try_from(self.data.len()).unwrap_or(u32::MAX)
    }
}

/// A pcap file; times in microseconds, or with `nano` in nanoseconds.
pub fn pcap(order: Order, nano: bool, link: u32, records: &[Record]) -> Vec<u8> {
    let magic = if nano { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut file = order.u32(magic).to_vec();
    file.extend(order.u16(2));
    file.extend(order.u16(4));
    for field in [0, 0, 262_144, link] {
        file.extend(order.u32(field));
    }
    for record in records {
        let fraction = record.at.rem_euclid(1_000_000) * if nano { 1000 } else { 1 };
        for field in [record.at.div_euclid(1_000_000), fraction] {
            file.extend(order.u32(field as u32));
        }
        file.extend(order.u32(record.captured()));
        file.extend(order.u32(record.length));
        file.extend(&record.data);
    }
    file
}

/// A pcapng file in the making: blocks one after the other.
#[derive(Clone, Debug)]
pub struct PcapNg {
    pub bytes: Vec<u8>,
    order: Order,
}

/// An option: its code and value.
pub type Opt<'o> = (u16, &'o [u8]);

impl PcapNg {
    /// A file with one section and no interface.
    pub fn new(order: Order) -> Self {
        let bytes = Vec::new();
        Self { bytes, order }.section(order)
    }

    /// A new section.
    pub fn section(mut self, order: Order) -> Self {
        self.order = order;
        let mut body = order.u32(0x1a2b_3c4d).to_vec();
        body.extend(order.u16(1));
        body.extend(order.u16(0));
        body.extend([0xff; 8]);
        self.block(0x0a0d_0d0a, &body)
    }

    /// An interface; without a snap length when that is 0.
    pub fn interface(self, link: u16, snaplen: u32, options: &[Opt<'_>]) -> Self {
        let mut body = self.order.u16(link).to_vec();
        body.extend([0, 0]);
        body.extend(self.order.u32(snaplen));
        body.extend(self.options(options));
        self.block(1, &body)
    }

    /// An enhanced packet block; the time of the record in units of the interface.
    pub fn packet(self, interface: u32, record: &Record, options: &[Opt<'_>]) -> Self {
        let units = record.at as u64;
        let mut body = Vec::new();
        let halves = [(units >> 32) as u32, units as u32];
        let [high, low] = halves;
        for field in [interface, high, low, record.captured(), record.length] {
            body.extend(self.order.u32(field));
        }
        body.extend(padded(&record.data));
        body.extend(self.options(options));
        self.block(6, &body)
    }

    /// The packet block that enhanced ones replaced, and how many were lost before it.
    pub fn obsolete(self, interface: u16, lost: u16, record: &Record) -> Self {
        let mut body = self.order.u16(interface).to_vec();
        body.extend(self.order.u16(lost));
        let units = record.at as u64;
        for field in [(units >> 32) as u32, units as u32] {
            body.extend(self.order.u32(field));
        }
        body.extend(self.order.u32(record.captured()));
        body.extend(self.order.u32(record.length));
        body.extend(padded(&record.data));
        self.block(2, &body)
    }

    /// A simple packet block.
    pub fn simple(self, record: &Record) -> Self {
        let mut body = self.order.u32(record.length).to_vec();
        body.extend(padded(&record.data));
        self.block(3, &body)
    }

    /// Names of addresses, each ending with a zero.
    pub fn names(self, records: &[(IpAddr, &str)]) -> Self {
        let mut body = Vec::new();
        for (address, name) in records {
            let (code, mut value) = match address {
                IpAddr::V4(v4) => (1, v4.octets().to_vec()),
                IpAddr::V6(v6) => (2, v6.octets().to_vec()),
            };
            value.extend(name.as_bytes());
            value.push(0);
            body.extend(self.options(&[(code, &value)]));
        }
        body.extend([0; 4]);
        self.block(4, &body)
    }

    /// What an interface lost so far.
    pub fn statistics(self, interface: u32, dropped: u64) -> Self {
        let mut body = self.order.u32(interface).to_vec();
        body.extend([0; 8]);
        body.extend(self.options(&[(5, &self.order.u64(dropped))]));
        self.block(5, &body)
    }

    /// Any block.
    pub fn block(mut self, kind: u32, body: &[u8]) -> Self {
        let body = padded(body);
        let total = self
            .order
            .u32(u32::try_from(body.len() + 12).unwrap_or(u32::MAX));
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(total);
        self.bytes.extend(body);
        self.bytes.extend(total);
        self
    }

    fn options(&self, options: &[Opt<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (code, value) in options {
            bytes.extend(self.order.u16(*code));
            let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
            bytes.extend(self.order.u16(length));
            bytes.extend(padded(value));
        }
        bytes
    }
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}

/// Flags of TCP.
pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const PSH: u8 = 8;
pub const ACK: u8 = 16;

/// An Ethernet frame.
pub fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    let addresses = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    [&addresses[..], &kind.to_be_bytes(), payload].concat()
}

/// An Ethernet frame with an IP packet.
pub fn ethernet_ip(packet: &[u8]) -> Vec<u8> {
    let v6 = packet.first().is_some_and(|first| first >> 4 == 6);
    ethernet(if v6 { 0x86dd } else { 0x0800 }, packet)
}

/// An IP packet of the version of its addresses, with 64 hops to live and without checksum.
pub fn ip(source: IpAddr, destination: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = |header: usize| {
        let length = u16::try_from(payload.len() + header);
        length.unwrap_or(0).to_be_bytes()
    };
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => [
            &[0x45, 0][..],
            &length(20),
            &[0, 0, 0x40, 0, 64, protocol, 0, 0],
            &source.octets(),
            &destination.octets(),
            payload,
        ]
        .concat(),
        (source, destination) => {
            let v6 = |address| match address {
                IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
                IpAddr::V6(v6) => v6.octets(),
            };
            [
                &[0x60, 0, 0, 0][..],
                &length(0),
                &[protocol, 64],
                &v6(source),
                &v6(destination),
                payload,
            ]
            .concat()
        }
    }
}

/// A TCP segment with options, which have to be a multiple of four bytes.
pub fn tcp(
    ports: (u16, u16),
    (sequence, acknowledgment): (u32, u32),
    flags: u8,
    options: &[u8],
    payload: &[u8],
) -> Vec<u8> {
    let words = u8::try_from(5 + options.len() / 4).unwrap_or(15);
    [
        &ports.0.to_be_bytes()[..],
        &ports.1.to_be_bytes(),
        &sequence.to_be_bytes(),
        &acknowledgment.to_be_bytes(),
        &[words << 4, flags, 0x20, 0, 0, 0, 0, 0],
        options,
        payload,
    ]
    .concat()
}

/// A UDP datagram.
pub fn udp(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 8).unwrap_or(0);
    [
        &ports.0.to_be_bytes()[..],
        &ports.1.to_be_bytes(),
        &length.to_be_bytes(),
        &[0, 0],
        payload,
    ]
    .concat()
}
