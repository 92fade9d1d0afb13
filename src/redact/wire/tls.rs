//! TLS: records, messages and alerts stay, and of hellos what is negotiated; certificates are made
//! anew, names of servers replaced. What is encrypted, and every random number, becomes zeros.

use super::talk::Said;
use crate::redact::der;
use crate::redact::text::Redactor;

const HEADER: usize = 5;
/// The random of a server hello that asks for another client hello (RFC 8446 4.1.3), which is none.
const RETRY: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];

/// One side from a place on; what stands before it is zeros.
pub(super) fn redact(said: &Said, from: usize, redactor: &mut Redactor) -> Vec<u8> {
    let mut out = vec![0; said.bytes.len()];
    let mut reader = Reader {
        said,
        out: &mut out,
        handshake: Vec::new(),
        sealed: false,
    };
    reader.records(from);
    let places = std::mem::take(&mut reader.handshake);
    messages(said, &places, &mut out, redactor);
    out
}

struct Reader<'s> {
    said: &'s Said,
    out: &'s mut Vec<u8>,
    /// Where the bytes of messages in clear stand.
    handshake: Vec<usize>,
    sealed: bool,
}

impl Reader<'_> {
    fn keep(&mut self, from: usize, to: usize) {
        if let (Some(bytes), Some(out)) =
            (self.said.bytes.get(from..to), self.out.get_mut(from..to))
        {
            out.copy_from_slice(bytes);
        }
    }

    fn records(&mut self, from: usize) {
        let mut at = from;
        while at < self.said.bytes.len() {
            let Some(length) = self.header(at) else {
                // only where a segment begins a record can be recognised again
                let mut next = self.said.next_start(at);
                while let Some(start) = next.filter(|start| self.header(*start).is_none()) {
                    next = self.said.next_start(start);
                }
                match next {
                    Some(start) => at = start,
                    None => return,
                }
                continue;
            };
            self.keep(at, at + HEADER);
            let (begin, end) = (at + HEADER, at + HEADER + length);
            let kind = self.said.bytes.get(at).copied();
            match kind {
                Some(20) => {
                    self.keep(begin, end.min(begin + 1));
                    self.sealed = true;
                }
                Some(21) if length == 2 => self.keep(begin, end),
                Some(22) if !self.sealed || self.is_hello(begin, length) => {
                    self.handshake.extend(begin..end.min(self.said.bytes.len()));
                }
                Some(0x80) => {
                    // a hello of SSL 2.0: lengths and versions
                    self.keep(at, (at + 11).min(end));
                }
                _ => {}
            }
            at = end;
        }
    }

    /// A second hello follows where the first one was not enough, behind a change of ciphers that
    /// changes nothing (RFC 8446 D.4).
    fn is_hello(&self, at: usize, record: usize) -> bool {
        match *self.said.run(at) {
            [1 | 2, 0, high, low, ..] => usize::from(u16::from_be_bytes([high, low])) + 4 == record,
            _ => false,
        }
    }

    /// The length of the record at a place, if one begins there.
    fn header(&self, at: usize) -> Option<usize> {
        let [kind, major, minor, high, low, ..] = *self.said.run(at) else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let fits =
            (20..=24).contains(&kind) && major == 3 && minor <= 4 && length <= (1 << 14) + 2048;
        fits.then_some(length)
    }
}

/// Redacts messages whose bytes stand at these places.
fn messages(said: &Said, places: &[usize], out: &mut [u8], redactor: &mut Redactor) {
    let there = |place: &usize| said.there.get(*place).copied().unwrap_or(false);
    let byte = |place: &usize| said.bytes.get(*place).copied().unwrap_or(0);
    let mut at = 0;
    while let Some([a, b, c, d]) = places.get(at..).and_then(<[usize]>::first_chunk::<4>) {
        if ![a, b, c, d].into_iter().all(there) {
            return;
        }
        let length = u32::from_be_bytes([0, byte(b), byte(c), byte(d)]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let head = places.get(at..at + 4).unwrap_or_default();
        for place in head {
            if let Some(to) = out.get_mut(*place) {
                *to = byte(place);
            }
        }
        let body = places.get(at + 4..at.saturating_add(4).saturating_add(length));
        let Some(body) = body.filter(|body| body.iter().all(there)) else {
            // it is not whole; what follows it may be
            if length > 1 << 16 {
                return;
            }
            at = at.saturating_add(4).saturating_add(length);
            continue;
        };
        let bytes: Vec<u8> = body.iter().map(byte).collect();
        let made = message(byte(a), &bytes, redactor);
        for (place, value) in body.iter().zip(made) {
            if let Some(to) = out.get_mut(*place) {
                *to = value;
            }
        }
        at += 4 + length;
    }
}

/// The body of one message.
fn message(kind: u8, body: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    match kind {
        1 => hello(body, true, redactor),
        2 => hello(body, false, redactor),
        11 => certificates(body, redactor),
        _ => vec![0; body.len()],
    }
}

/// Copies ranges of a body and leaves zeros between them.
struct Copy<'b> {
    body: &'b [u8],
    out: Vec<u8>,
}

impl Copy<'_> {
    fn keep(&mut self, from: usize, to: usize) {
        if let (Some(bytes), Some(out)) = (self.body.get(from..to), self.out.get_mut(from..to)) {
            out.copy_from_slice(bytes);
        }
    }

    fn u8(&self, at: usize) -> usize {
        self.body.get(at).copied().map_or(0, usize::from)
    }

    fn u16(&self, at: usize) -> usize {
        self.u8(at) << 8 | self.u8(at + 1)
    }
}

/// A hello: versions, suites and extensions that negotiate.
fn hello(body: &[u8], client: bool, redactor: &mut Redactor) -> Vec<u8> {
    let mut copy = Copy {
        body,
        out: vec![0; body.len()],
    };
    copy.keep(0, 2);
    if body.get(2..10) == Some(&RETRY) {
        copy.keep(2, 34);
    }
    // drafts of TLS 1.3 have no session
    let draft = !client && matches!(body, [0x7f, ..] | [3, 4, ..]);
    let mut at = 34;
    if !draft {
        copy.keep(at, at + 1);
        at += 1 + copy.u8(at);
    }
    if client {
        let suites = at + 2 + copy.u16(at);
        let compressions = suites + 1 + copy.u8(suites);
        copy.keep(at, compressions);
        at = compressions;
    } else {
        let next = at + if draft { 2 } else { 3 };
        copy.keep(at, next);
        at = next;
    }
    copy.keep(at, at + 2);
    at += 2;
    while at + 4 <= body.len() {
        let (kind, length) = (copy.u16(at), copy.u16(at + 2));
        let (begin, end) = (at + 4, at + 4 + length);
        copy.keep(at, begin);
        match kind {
            0 if length > 5 => {
                copy.keep(begin, begin + 5);
                let name = body.get(begin + 5..end).unwrap_or_default();
                let given = redactor.words(name);
                if let Some(place) = copy.out.get_mut(begin + 5..end) {
                    for (to, from) in place.iter_mut().zip(given) {
                        *to = from;
                    }
                }
            }
            // groups, points, signatures, protocols, extended secret, early data, versions
            10 | 11 | 13 | 16 | 23 | 42 | 43 | 50 => copy.keep(begin, end),
            _ => {}
        }
        at = end;
    }
    copy.out
}

/// A list of certificates, each with three bytes of length.
fn certificates(body: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let mut copy = Copy {
        body,
        out: vec![0; body.len()],
    };
    copy.keep(0, 3);
    let mut at = 3;
    while at + 3 <= body.len() {
        let length = copy.u8(at) << 16 | copy.u16(at + 1);
        copy.keep(at, at + 3);
        let (begin, end) = (at + 3, at + 3 + length);
        let made = body
            .get(begin..end)
            .and_then(|der| der::remake(der, redactor));
        if let (Some(made), Some(place)) = (made, copy.out.get_mut(begin..end)) {
            for (to, from) in place.iter_mut().zip(made) {
                *to = from;
            }
        }
        at = end;
    }
    copy.out
}
