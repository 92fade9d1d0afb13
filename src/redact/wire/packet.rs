//! One frame from outside to inside: what is known is painted on zeros, everything else stays zero.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{Segment, Talks, checksum, sip};
use crate::model::frame::Frame;
use crate::redact::address::Mac;
use crate::redact::text::Redactor;

/// Layers of one frame.
pub(super) const DEPTH: usize = 24;
const VXLAN: [u16; 2] = [4789, 8472];
const GENEVE: u16 = 6081;
const RAS: [u16; 2] = [1718, 1719];

/// A checksum that is due when everything inside is painted.
#[derive(Clone, Debug)]
struct Due {
    /// Where it stands.
    at: usize,
    /// What it is of.
    of: Range<usize>,
    /// Source, destination, protocol: summed as well (RFC 9293 3.1, RFC 8200 8.1).
    ends: Option<(IpAddr, IpAddr, u8)>,
    /// Zero means that there is none.
    udp: bool,
}

/// Ends of a packet, as they were and as they are.
#[derive(Clone, Copy, Debug)]
struct Ends {
    original: (IpAddr, IpAddr),
    given: (IpAddr, IpAddr),
    /// It is quoted in an error.
    quoted: bool,
    /// Nothing is missing of what is quoted.
    whole: bool,
    /// It is the first of several fragments.
    fragment: bool,
}

/// Paints one frame.
#[derive(Debug)]
pub(super) struct Painter<'p> {
    pub(super) data: &'p [u8],
    out: Vec<u8>,
    redactor: &'p mut Redactor,
    talks: &'p mut Talks,
    /// Only to hear what it carries.
    hears: bool,
    due: Vec<Due>,
    pub(super) depth: usize,
}

impl<'p> Painter<'p> {
    pub(super) fn new(
        frame: &Frame<'p>,
        redactor: &'p mut Redactor,
        talks: &'p mut Talks,
        hears: bool,
    ) -> Self {
        Self {
            data: frame.data,
            out: vec![0; frame.data.len()],
            redactor,
            talks,
            hears,
            due: Vec::new(),
            depth: 0,
        }
    }

    /// The painted bytes with their checksums.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for due in self.due.iter().rev() {
            let mut sum = 0;
            let of = self.out.get(due.of.clone()).unwrap_or_default();
            if let Some((source, destination, protocol)) = due.ends {
                for address in [source, destination] {
                    sum = match address {
                        IpAddr::V4(address) => checksum::add(sum, &address.octets()),
                        IpAddr::V6(address) => checksum::add(sum, &address.octets()),
                    };
                }
                let length = u32::try_from(of.len()).unwrap_or(0);
                sum = checksum::add(sum, &length.to_be_bytes());
                sum = checksum::add(sum, &[0, protocol]);
            }
            let number = match checksum::finish(checksum::add(sum, of)) {
                0 if due.udp => 0xffff,
                number => number,
            };
            let at = due.at;
            for (place, byte) in (at..).zip(number.to_be_bytes()) {
                if let Some(to) = self.out.get_mut(place) {
                    *to = byte;
                }
            }
        }
        self.out
    }

    /// Everything, by the kind of link (numbers of tcpdump.org).
    pub(super) fn paint(&mut self, link: u16) {
        self.link(link, 0, self.data.len());
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.data.get(at).copied()
    }

    pub(super) fn u16(&self, at: usize) -> Option<u16> {
        let bytes = self.data.get(at..)?.first_chunk::<2>()?;
        Some(u16::from_be_bytes(*bytes))
    }

    pub(super) fn u32(&self, at: usize) -> Option<u32> {
        let bytes = self.data.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes))
    }

    /// Takes bytes over as they are.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        let end = range.end.min(self.data.len());
        if let (Some(from), Some(to)) = (
            self.data.get(range.start..end),
            self.out.get_mut(range.start..end),
        ) {
            to.copy_from_slice(from);
        }
    }

    pub(super) fn put(&mut self, at: usize, bytes: &[u8]) {
        for (to, from) in self.out.iter_mut().skip(at).zip(bytes) {
            *to = *from;
        }
    }

    pub(super) fn mac(&mut self, at: usize) {
        let Some(mac) = self.data.get(at..).and_then(<[u8]>::first_chunk::<6>) else {
            return;
        };
        let given = self.redactor.map_mut().mac(Mac(*mac));
        self.put(at, &given.0);
    }

    pub(super) fn four(&mut self, at: usize) -> Option<(Ipv4Addr, Ipv4Addr)> {
        let bytes = *self.data.get(at..)?.first_chunk::<4>()?;
        let address = Ipv4Addr::from(bytes);
        let given = self.redactor.map_mut().v4(address);
        self.put(at, &given.octets());
        Some((address, given))
    }

    fn six(&mut self, at: usize) -> Option<(Ipv6Addr, Ipv6Addr)> {
        let bytes = *self.data.get(at..)?.first_chunk::<16>()?;
        let address = Ipv6Addr::from(bytes);
        let given = self.redactor.map_mut().v6(address);
        self.put(at, &given.octets());
        Some((address, given))
    }

    pub(super) fn ip(&mut self, at: usize, end: usize, quoted: bool) {
        self.depth += 1;
        if self.depth > DEPTH {
            return;
        }
        match self.byte(at).map(|byte| byte >> 4) {
            Some(4) => self.ip4(at, end, quoted),
            Some(6) => self.ip6(at, end, quoted),
            _ => {}
        }
    }

    fn ip4(&mut self, at: usize, end: usize, quoted: bool) {
        let Some(first) = self.byte(at) else { return };
        let header = (usize::from(first & 15) * 4).max(20);
        self.keep(at..at + 10);
        let (Some(source), Some(destination)) = (self.four(at + 12), self.four(at + 16)) else {
            return;
        };
        self.options(at + 20, at + header);
        if at + header <= end {
            self.due.push(Due {
                at: at + 10,
                of: at..at + header,
                ends: None,
                udp: false,
            });
        }
        let total = self.u16(at + 2).map_or(0, usize::from);
        let whole = at + total <= end;
        let end = match total {
            0 => end,
            total => end.min(at + total),
        };
        let part = self.u16(at + 6).unwrap_or(0);
        let (more, offset) = (part & 0x2000 != 0, part & 0x1fff);
        let protocol = self.byte(at + 9);
        if offset != 0 {
            return;
        }
        let ends = Ends {
            original: (source.0.into(), destination.0.into()),
            given: (source.1.into(), destination.1.into()),
            quoted,
            whole,
            fragment: more,
        };
        self.inside(protocol, at + header, end, ends);
    }

    /// Options without what they carry: routes and stamps hold addresses.
    fn options(&mut self, at: usize, end: usize) {
        let mut at = at;
        while at < end {
            match (self.byte(at), self.byte(at + 1)) {
                (Some(0) | None, _) => return,
                (Some(1), _) => {
                    self.keep(at..at + 1);
                    at += 1;
                }
                (Some(_), Some(length @ 2..)) if at + usize::from(length) <= end => {
                    // as many bytes that mean nothing
                    let nothing = vec![1; usize::from(length)];
                    self.put(at, &nothing);
                    at += usize::from(length);
                }
                _ => return,
            }
        }
    }

    fn ip6(&mut self, at: usize, end: usize, quoted: bool) {
        self.keep(at..at + 8);
        let (Some(source), Some(destination)) = (self.six(at + 8), self.six(at + 24)) else {
            return;
        };
        let length = self.u16(at + 4).map_or(0, usize::from);
        let whole = at + 40 + length <= end;
        let end = match length {
            0 => end,
            length => end.min(at + 40 + length),
        };
        let mut ends = Ends {
            original: (source.0.into(), destination.0.into()),
            given: (source.1.into(), destination.1.into()),
            quoted,
            whole,
            fragment: false,
        };
        let (mut protocol, mut at) = (self.byte(at + 6), at + 40);
        for _ in 0..16 {
            let length = match protocol {
                Some(0 | 43 | 60 | 135 | 139 | 140) => {
                    self.keep(at..at + 2);
                    self.byte(at + 1).map(|length| usize::from(length) * 8 + 8)
                }
                Some(44) => {
                    self.keep(at..at + 8);
                    let part = self.u16(at + 2).unwrap_or(0);
                    if part >> 3 != 0 {
                        return;
                    }
                    ends.fragment |= part & 1 != 0;
                    Some(8)
                }
                _ => break,
            };
            let Some(length) = length else { return };
            (protocol, at) = (self.byte(at), at + length);
        }
        self.inside(protocol, at, end, ends);
    }

    fn inside(&mut self, protocol: Option<u8>, at: usize, end: usize, ends: Ends) {
        if at >= end {
            return;
        }
        match protocol {
            Some(6) => self.tcp(at, end, ends),
            Some(17) => self.udp(at, end, ends),
            Some(1) => self.icmp(at, end, ends),
            Some(58) => self.icmp6(at, end, ends),
            Some(4 | 41) => self.ip(at, end, ends.quoted),
            Some(47) => self.gre(at, end),
            Some(97) => {
                self.keep(at..at + 2);
                self.ethernet(at + 2, end);
            }
            Some(143) => self.ethernet(at, end),
            Some(51) => {
                self.keep(at..at + 12);
                let length = self
                    .byte(at + 1)
                    .map_or(0, |words| (usize::from(words) + 2) * 4);
                let next = self.byte(at);
                self.depth += 1;
                if self.depth <= DEPTH && length > 0 {
                    self.inside(next, at + length, end, ends);
                }
            }
            _ => {}
        }
    }

    fn owe(&mut self, at: usize, of: Range<usize>, protocol: u8, ends: Ends) {
        // what is quoted in part or in pieces cannot be summed
        if ends.quoted && !ends.whole || ends.fragment || at + 2 > of.end {
            return;
        }
        let pseudo = (protocol != 1).then_some((ends.given.0, ends.given.1, protocol));
        self.due.push(Due {
            at,
            of,
            ends: pseudo,
            udp: protocol == 17,
        });
    }

    fn tcp(&mut self, at: usize, end: usize, ends: Ends) {
        self.keep(at..(at + 16).min(end));
        self.keep(at + 18..(at + 20).min(end));
        let header = self
            .byte(at + 12)
            .map_or(20, |byte| usize::from(byte >> 4) * 4)
            .max(20);
        self.tcp_options(at + 20, (at + header).min(end));
        self.owe(at + 16, at..end, 6, ends);
        let fields = (
            self.u16(at),
            self.u16(at + 2),
            self.u32(at + 4),
            self.byte(at + 13),
        );
        let (Some(from), Some(to), Some(sequence), Some(flags)) = fields else {
            return;
        };
        if ends.quoted || ends.fragment {
            return;
        }
        let payload = self.data.get(at + header..end).unwrap_or_default();
        let syn = flags & 2 != 0;
        let segment = Segment {
            source: (ends.original.0, from),
            destination: (ends.original.1, to),
            sequence: sequence.wrapping_add(u32::from(syn)),
            syn,
            ack: flags & 16 != 0,
            payload,
        };
        if self.hears {
            self.talks.hear(&segment, self.redactor);
        } else if let Some(place) = self.out.get_mut(at + header..end) {
            self.talks.said(&segment, place);
        } else {
            self.talks.said(&segment, &mut []);
        }
    }

    /// Options that say nothing about anybody; the content of others is zeros.
    fn tcp_options(&mut self, at: usize, end: usize) {
        let mut at = at;
        while at < end {
            match (self.byte(at), self.byte(at + 1)) {
                (Some(0) | None, _) => return,
                (Some(1), _) => {
                    self.keep(at..at + 1);
                    at += 1;
                }
                (Some(kind), Some(length @ 2..)) => {
                    let known = matches!(kind, 2..=5 | 8);
                    let next = at + usize::from(length);
                    self.keep(
                        at..if known {
                            next.min(end)
                        } else {
                            (at + 2).min(end)
                        },
                    );
                    at = next;
                }
                _ => return,
            }
        }
    }

    fn udp(&mut self, at: usize, end: usize, ends: Ends) {
        self.keep(at..(at + 6).min(end));
        let length = self.u16(at + 4).map_or(0, usize::from);
        let stop = match length {
            0..8 => end,
            length => end.min(at + length),
        };
        let none = self.u16(at + 6) == Some(0) && ends.original.0.is_ipv4();
        if !none {
            self.owe(at + 6, at..stop, 17, ends);
        }
        let (Some(from), Some(to)) = (self.u16(at), self.u16(at + 2)) else {
            return;
        };
        let inner = at + 8;
        if ends.quoted || inner >= stop {
            return;
        }
        if VXLAN.contains(&to) {
            self.keep(inner..inner + 8);
            return self.tunnelled(inner + 8, stop);
        }
        if to == GENEVE {
            self.keep(inner..inner + 8);
            let options = self
                .byte(inner)
                .map_or(0, |byte| usize::from(byte & 0x3f) * 4);
            let kind = self.u16(inner + 2);
            return self.kind(kind, inner + 8 + options, stop);
        }
        let payload = self.data.get(inner..stop).unwrap_or_default();
        if RAS.contains(&from) || RAS.contains(&to) {
            // kind and number of the message, and nothing of what follows
            let kept = match payload.first() {
                Some(0x80..) => 7,
                _ => 5,
            };
            self.keep(inner..(inner + kept).min(stop));
        } else if sip::is_sip(payload) && !self.hears {
            let said = sip::redact(payload, self.redactor);
            self.put(inner, &said);
        }
    }

    fn tunnelled(&mut self, at: usize, end: usize) {
        self.depth += 1;
        if self.depth <= DEPTH {
            self.ethernet(at, end);
        }
    }

    fn gre(&mut self, at: usize, end: usize) {
        let (Some(flags), Some(kind)) = (self.u16(at), self.u16(at + 2)) else {
            return;
        };
        self.keep(at..at + 4);
        if flags & 0x4000 != 0 || flags & 7 > 1 {
            return;
        }
        let words = [0x8000, 0x2000, 0x1000, 0x0080];
        let present = words.iter().filter(|flag| flags & **flag != 0).count();
        let inner = at + 4 + 4 * present;
        let fields = at + 4 + 4 * usize::from(flags & 0x8000 != 0);
        self.keep(fields..inner.min(end));
        if flags & 0x8000 != 0 && at + 6 <= end {
            self.due.push(Due {
                at: at + 4,
                of: at..end,
                ends: None,
                udp: false,
            });
        }
        match kind {
            0x88be if flags & 0x1000 != 0 => {
                self.keep(inner..inner + 8);
                self.tunnelled(inner + 8, end);
            }
            0x88be => self.tunnelled(inner, end),
            0x22eb => {
                let own = self.byte(inner + 11).is_some_and(|byte| byte & 1 != 0);
                self.keep(inner..inner + 12);
                self.tunnelled(inner + if own { 20 } else { 12 }, end);
            }
            kind => self.kind(Some(kind), inner, end),
        }
    }

    fn icmp(&mut self, at: usize, end: usize, ends: Ends) {
        self.keep(at..(at + 2).min(end));
        self.keep(at + 4..(at + 8).min(end));
        self.owe(at + 2, at..end, 1, ends);
        match self.byte(at) {
            Some(5) => {
                self.four(at + 4);
                self.ip(at + 8, end, true);
            }
            Some(3 | 4 | 11 | 12) if !ends.quoted => self.ip(at + 8, end, true),
            _ => {}
        }
    }

    fn icmp6(&mut self, at: usize, end: usize, ends: Ends) {
        self.keep(at..(at + 2).min(end));
        self.keep(at + 4..(at + 8).min(end));
        self.owe(at + 2, at..end, 58, ends);
        match self.byte(at) {
            Some(1..=4) if !ends.quoted => self.ip(at + 8, end, true),
            Some(133) => self.neighbours(at + 8, end),
            Some(134) => {
                self.keep(at + 8..(at + 16).min(end));
                self.neighbours(at + 16, end);
            }
            Some(135 | 136) => {
                self.six(at + 8);
                self.neighbours(at + 24, end);
            }
            Some(137) => {
                self.six(at + 8);
                self.six(at + 24);
                self.neighbours(at + 40, end);
            }
            _ => {}
        }
    }

    /// Options of neighbour discovery (RFC 4861 4.6): hardware addresses, and lengths of others.
    fn neighbours(&mut self, at: usize, end: usize) {
        let mut at = at;
        while let (Some(kind), Some(length @ 1..)) = (self.byte(at), self.byte(at + 1)) {
            let next = at + usize::from(length) * 8;
            if next > end {
                return;
            }
            self.keep(at..at + 2);
            if matches!(kind, 1 | 2) && length == 1 {
                self.mac(at + 2);
            }
            at = next;
        }
    }
}
