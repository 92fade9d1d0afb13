//! Link layers and what stands between them and IP.

use super::packet::{DEPTH, Painter};

impl Painter<'_> {
    pub(super) fn link(&mut self, link: u16, at: usize, end: usize) {
        self.depth += 1;
        if self.depth > DEPTH {
            return;
        }
        match link {
            1 => self.ethernet(at, end),
            0 | 108 => {
                self.keep(at..at + 4);
                self.ip(at + 4, end, false);
            }
            9 | 50 => self.ppp(at, end),
            12 | 14 | 101 | 228 | 229 => self.ip(at, end, false),
            10 => {
                self.keep(at..at + 1);
                self.mac(at + 1);
                self.mac(at + 7);
                self.llc(at + 13, end);
            }
            104 => {
                self.keep(at..at + 4);
                let kind = self.u16(at + 2);
                self.kind(kind, at + 4, end);
            }
            51 => self.pppoe(at, end),
            113 => {
                self.keep(at..at + 6);
                if self.u16(at + 4) == Some(6) {
                    self.mac(at + 6);
                }
                self.keep(at + 14..at + 16);
                let kind = self.u16(at + 14);
                self.cooked(kind, at + 16, end);
            }
            276 => {
                self.keep(at..at + 12);
                if self.byte(at + 11) == Some(6) {
                    self.mac(at + 12);
                }
                let kind = self.u16(at);
                self.cooked(kind, at + 20, end);
            }
            192 => self.ppi(at, end),
            239 => self.nflog(at, end),
            _ => {}
        }
    }

    fn cooked(&mut self, kind: Option<u16>, at: usize, end: usize) {
        match kind {
            Some(4) => self.llc(at, end),
            kind => self.kind(kind, at, end),
        }
    }

    pub(super) fn ethernet(&mut self, at: usize, end: usize) {
        self.mac(at);
        self.mac(at + 6);
        self.keep(at + 12..at + 14);
        let kind = self.u16(at + 12);
        self.kind(kind, at + 14, end);
    }

    /// What a number of the IEEE names; below 0x600 it is a length.
    pub(super) fn kind(&mut self, kind: Option<u16>, at: usize, end: usize) {
        self.depth += 1;
        if self.depth > DEPTH {
            return;
        }
        match kind {
            Some(0x0800 | 0x86dd) => self.ip(at, end, false),
            Some(0x0806 | 0x8035) => self.arp(at),
            Some(0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300) => {
                self.keep(at..at + 4);
                let kind = self.u16(at + 2);
                self.kind(kind, at + 4, end);
            }
            Some(0x8847 | 0x8848) => self.mpls(at, end),
            Some(0x8863 | 0x8864) => self.pppoe(at, end),
            Some(0x88e7) => {
                self.keep(at..at + 4);
                self.ethernet(at + 4, end);
            }
            Some(0x8903) => {
                self.keep(at..at + 2);
                self.ethernet(at + 2, end);
            }
            Some(0x6558) => self.ethernet(at, end),
            Some(0x880b) => self.ppp(at, end),
            Some(..0x600) => self.llc(at, end),
            _ => {}
        }
    }

    fn llc(&mut self, at: usize, end: usize) {
        match self.data.get(at..).and_then(<[u8]>::first_chunk::<3>) {
            Some([0xaa, 0xaa, 0x03]) => {
                self.keep(at..at + 8);
                let kind = self.u16(at + 6);
                self.kind(kind, at + 8, end);
            }
            Some([0x06, 0x06, 0x03]) => {
                self.keep(at..at + 3);
                self.ip(at + 3, end, false);
            }
            _ => self.keep(at..at + 3),
        }
    }

    fn mpls(&mut self, at: usize, end: usize) {
        self.keep(at..at + 4);
        let last = self.u32(at).is_some_and(|label| label & 0x100 != 0);
        let next = at + 4;
        match (last, self.byte(next).map(|byte| byte >> 4)) {
            (false, _) => self.kind(Some(0x8847), next, end),
            (true, Some(4 | 6)) => self.ip(next, end, false),
            (true, Some(0)) => {
                self.keep(next..next + 4);
                self.ethernet(next + 4, end);
            }
            _ => {}
        }
    }

    fn pppoe(&mut self, at: usize, end: usize) {
        self.keep(at..at + 6);
        if self.u16(at) == Some(0x1100) {
            self.ppp(at + 6, end);
        }
    }

    pub(super) fn ppp(&mut self, at: usize, end: usize) {
        let mut at = at;
        if self.u16(at) == Some(0xff03) {
            self.keep(at..at + 2);
            at += 2;
        }
        match (self.byte(at), self.byte(at + 1)) {
            (Some(0), Some(0x21 | 0x57)) => {
                self.keep(at..at + 2);
                self.ip(at + 2, end, false);
            }
            (Some(0x21 | 0x57), _) => {
                self.keep(at..at + 1);
                self.ip(at + 1, end, false);
            }
            (Some(2), Some(0x81)) => {
                self.keep(at..at + 2);
                self.kind(Some(0x8847), at + 2, end);
            }
            _ => self.keep(at..at + 2),
        }
    }

    fn ppi(&mut self, at: usize, end: usize) {
        self.keep(at..at + 8);
        let little = |one: Option<u8>, two: Option<u8>| Some(u16::from_le_bytes([one?, two?]));
        let length = little(self.byte(at + 2), self.byte(at + 3));
        let link = little(self.byte(at + 4), self.byte(at + 5));
        if let (Some(length), Some(link)) = (length, link)
            && link != 192
        {
            self.link(link, at + usize::from(length).max(8), end);
        }
    }

    fn nflog(&mut self, at: usize, end: usize) {
        self.keep(at..at + 4);
        let mut at = at + 4;
        while let Some([a, b, c, d]) = self
            .data
            .get(at..)
            .and_then(<[u8]>::first_chunk::<4>)
            .copied()
        {
            let number = |pair: [u8; 2]| match c {
                0 => u16::from_be_bytes(pair),
                _ => u16::from_le_bytes(pair),
            };
            let (length, kind) = (usize::from(number([a, b])), number([c, d]) & 0x7fff);
            self.keep(at..at + 4);
            if kind == 9 {
                let stop = end.min(at + length.max(4));
                return self.ip(at + 4, stop, false);
            }
            at += length.max(4).next_multiple_of(4);
        }
    }

    /// RFC 826; only that of Ethernet and IPv4.
    fn arp(&mut self, at: usize) {
        self.keep(at..at + 8);
        if self.u32(at) != Some(0x0001_0800) || self.u16(at + 4) != Some(0x0604) {
            return;
        }
        self.mac(at + 8);
        self.four(at + 14);
        self.mac(at + 18);
        self.four(at + 24);
    }
}
