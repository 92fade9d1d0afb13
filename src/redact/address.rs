//! Addresses: which of them say nothing about anybody, which networks may stand for which, and
//! where they stand in a text.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A hardware address of 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Six pairs of digits with colons or hyphens between.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split([':', '-']);
        let mut bytes = [0; 6];
        for byte in &mut bytes {
            let part = parts.next().filter(|part| part.len() == 2)?;
            *byte = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Self(bytes))
    }

    /// That of a group, of everybody or of nobody.
    pub fn stays(self) -> bool {
        let [first, ..] = self.0;
        first & 1 != 0 || self.0 == [0; 6]
    }

    /// One that no maker gives out.
    pub(super) fn numbered(number: u32) -> Self {
        let [a, b, c, d] = number.to_be_bytes();
        Self([0x02, 0, a, b, c, d])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// The first two numbers.
pub fn half(address: Ipv4Addr) -> u16 {
    let [one, two, ..] = address.octets();
    u16::from_be_bytes([one, two])
}

/// Addresses that are nobody's own: loopback, groups, everybody, nobody, and netmasks with their
/// inversions.
pub fn stays(address: Ipv4Addr) -> bool {
    let [first, ..] = address.octets();
    let number = u32::from(address);
    let mask = first >= 128 && number.leading_ones() + number.trailing_zeros() >= 32;
    first == 0 || first == 127 || address.is_multicast() || address.is_broadcast() || mask
}

/// True for the private networks.
fn private(half: u16) -> bool {
    let [one, two] = half.to_be_bytes();
    Ipv4Addr::new(one, two, 0, 1).is_private()
}

/// The networks that may stand for one: private ones for private ones, those that are given to
/// nobody for all others.
pub(super) fn pool(of: u16) -> Box<dyn Iterator<Item = u16>> {
    if of == 0xa9fe {
        return Box::new(std::iter::once(of));
    }
    if private(of) {
        let ten = 0x0a01..=0x0aff;
        let more = (0xac10..=0xac1f).chain([0xc0a8, 0x0a00]);
        return Box::new(ten.chain(more));
    }
    let nobody = 0xf001..=0xfffe;
    let others = (0x0100..=0xdfff_u16).filter(|half| {
        let [one, two] = half.to_be_bytes();
        !private(*half) && one != 127 && (one, two) != (169, 254)
    });
    Box::new(nobody.chain(others))
}

/// The first 48 bits.
pub fn site(address: Ipv6Addr) -> [u8; 6] {
    let [a, b, c, d, e, f, ..] = address.octets();
    [a, b, c, d, e, f]
}

/// Addresses that are nobody's own.
pub fn stays6(address: Ipv6Addr) -> bool {
    address.is_unspecified() || address.is_loopback() || address.is_multicast()
}

/// The IPv4 address inside one of IPv6 (RFC 4291 2.5.5.2, RFC 6052).
pub(super) fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [head @ .., a, b, c, d] = address.octets();
    let mapped = head == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
    let translated = head == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    (mapped || translated).then_some(Ipv4Addr::new(a, b, c, d))
}

/// The same with another one inside.
pub(super) fn with_inner(address: Ipv6Addr, inner: Ipv4Addr) -> Ipv6Addr {
    let mut bytes = address.octets();
    if let Some(last) = bytes.last_chunk_mut::<4>() {
        *last = inner.octets();
    }
    Ipv6Addr::from(bytes)
}

/// The networks that may stand for one: those for documents, private ones for private ones.
pub(super) fn pool6(of: [u8; 6]) -> Box<dyn Iterator<Item = [u8; 6]>> {
    let [first, ..] = of;
    let head = match first & 0xfe {
        0xfc => [0xfd, 0x00, 0x0d, 0xb8],
        _ => [0x20, 0x01, 0x0d, 0xb8],
    };
    Box::new((1..=u16::MAX).map(move |number| {
        let ([a, b, c, d], [e, f]) = (head, number.to_be_bytes());
        [a, b, c, d, e, f]
    }))
}

/// An address in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Four numbers.
    V4(Ipv4Addr),
    /// Four numbers and the length of a prefix that they are the beginning of.
    Network(Ipv4Addr, u8),
    /// Groups with colons.
    V6(Ipv6Addr),
    /// Six pairs, with this sign between.
    Mac(Mac, u8),
}

/// Finds every address of a line: where it begins and ends, and what it is.
pub fn find(line: &[u8], out: &mut dyn FnMut(usize, usize, Found)) {
    let mut at = 0;
    while let Some(found) = line.get(at..).and_then(start) {
        let begin = at + found;
        let rest = line.get(begin..).unwrap_or_default();
        let length = rest.iter().position(|byte| !part(*byte));
        let token = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let before = begin.checked_sub(1).and_then(|at| line.get(at)).copied();
        one(line, begin, token, before, out);
        at = begin + token.len().max(1);
    }
}

/// Where the next token begins that could hold an address.
fn start(rest: &[u8]) -> Option<usize> {
    rest.iter().position(|byte| part(*byte))
}

fn part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-')
}

fn one(
    line: &[u8],
    begin: usize,
    token: &[u8],
    _before: Option<u8>,
    out: &mut dyn FnMut(usize, usize, Found),
) {
    // most tokens are words
    if !token.iter().any(|byte| matches!(byte, b'.' | b':' | b'-')) {
        return;
    }
    macs(begin, token, out);
    if token.iter().filter(|byte| **byte == b':').count() >= 2 && sixes(begin, token, out) {
        return;
    }
    fours(line, begin, token, out);
}

fn macs(begin: usize, token: &[u8], out: &mut dyn FnMut(usize, usize, Found)) {
    const LENGTH: usize = 17;
    let mut at = 0;
    while let Some(window) = token.get(at..at + LENGTH) {
        let sign = window.get(2).copied().unwrap_or(0);
        let shaped = matches!(sign, b':' | b'-')
            && window.iter().enumerate().all(|(nth, byte)| match nth % 3 {
                2 => *byte == sign,
                _ => byte.is_ascii_hexdigit(),
            });
        let touches = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == sign)
        };
        let alone = !touches(at.checked_sub(1).and_then(|at| token.get(at)))
            && !touches(token.get(at + LENGTH));
        let mac = std::str::from_utf8(window).ok().and_then(Mac::parse);
        match mac.filter(|_| shaped && alone) {
            Some(mac) => {
                out(begin + at, begin + at + LENGTH, Found::Mac(mac, sign));
                at += LENGTH;
            }
            None => at += 1,
        }
    }
}

/// Finds what can only be an IPv6 address: the longest beginning of the token that is one, with a
/// port behind it or nothing.
fn sixes(begin: usize, token: &[u8], out: &mut dyn FnMut(usize, usize, Found)) -> bool {
    let fits = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let mut at = 0;
    let mut any = false;
    while at < token.len() {
        let run = token.get(at..).unwrap_or_default();
        let length = run.iter().position(|byte| !fits(byte)).unwrap_or(run.len());
        let before = at.checked_sub(1).and_then(|at| token.get(at));
        let behind = token.get(at + length);
        let apart = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let run = run.get(..length).unwrap_or_default();
        let date = before == Some(&b'-') && is_date(run);
        if length >= 2 && apart(before) && apart(behind) && !date {
            any |= six(begin + at, run, out);
        }
        at += length.max(1);
    }
    any
}

/// `2026::11:22:45`, as Erlang writes the end of a date and a time.
fn is_date(run: &[u8]) -> bool {
    let shape: Vec<u8> = run
        .iter()
        .take(14)
        .map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte })
        .collect();
    shape == b"0000::00:00:00"
}

fn six(begin: usize, run: &[u8], out: &mut dyn FnMut(usize, usize, Found)) -> bool {
    let text = std::str::from_utf8(run).unwrap_or("");
    let bare = text.trim_end_matches('.');
    let bare = match bare.strip_suffix("::") {
        Some(_) => bare,
        None => bare.trim_end_matches(':'),
    };
    // a colon in front stands between a word and the address
    let skip = usize::from(bare.starts_with(':') && !bare.starts_with("::"));
    let bare = bare.get(skip..).unwrap_or("");
    if let Ok(address) = bare.parse::<Ipv6Addr>() {
        out(begin + skip, begin + skip + bare.len(), Found::V6(address));
        return true;
    }
    // a port or a dot and a port behind it
    let cut = bare.rfind([':', '.']);
    let short = cut.and_then(|cut| bare.get(..cut));
    if let Some(short) = short
        && let Ok(address) = short.parse::<Ipv6Addr>()
    {
        out(begin + skip, begin + skip + short.len(), Found::V6(address));
        return true;
    }
    false
}

/// Finds four numbers with dots between; more of them are no address.
fn fours(line: &[u8], begin: usize, token: &[u8], out: &mut dyn FnMut(usize, usize, Found)) {
    let digit = |byte: &u8| byte.is_ascii_digit();
    let mut at = 0;
    while at < token.len() {
        let rest = token.get(at..).unwrap_or_default();
        if !rest.first().is_some_and(digit) {
            at += 1;
            continue;
        }
        let fits = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let length = rest
            .iter()
            .position(|byte| !fits(byte))
            .unwrap_or(rest.len());
        let run = rest.get(..length).unwrap_or_default();
        let text = std::str::from_utf8(run).unwrap_or("");
        let bare = text.trim_end_matches('.');
        let before = at.checked_sub(1).and_then(|at| token.get(at));
        let glued = before.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'.');
        let mut parts = bare.splitn(5, '.');
        let four = (
            number(parts.next()),
            number(parts.next()),
            number(parts.next()),
            number(parts.next()),
        );
        if let (Some(a), Some(b), Some(c), Some(d)) = four {
            // a port behind a dot, as packet lists write it
            let more = parts.next();
            let port = more.is_none_or(|port| !port.contains('.') && port.parse::<u16>().is_ok());
            let taken = match more {
                Some(more) => bare.len() - more.len() - 1,
                None => bare.len(),
            };
            let place = (begin + at, begin + at + taken);
            if port && !(glued && release(line, place.0)) && !version(line, place.0, place.1) {
                let address = Ipv4Addr::new(a, b, c, d);
                out(place.0, place.1, network(line, place.1, address));
            }
        }
        at += length;
    }
}

fn number(part: Option<&str>) -> Option<u8> {
    let part = part.filter(|part| !part.is_empty() && part.len() <= 3)?;
    part.parse().ok()
}

fn network(line: &[u8], end: usize, address: Ipv4Addr) -> Found {
    let Some([b'/', rest @ ..]) = line.get(end..) else {
        return Found::V4(address);
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = rest
        .get(..digits)
        .and_then(|text| std::str::from_utf8(text).ok());
    let length = length.and_then(|text| text.parse::<u8>().ok());
    match length.filter(|length| *length < 32) {
        Some(length) if u32::from(address).trailing_zeros() >= 32 - u32::from(length) => {
            Found::Network(address, length)
        }
        _ => Found::V4(address),
    }
}

/// True where a letter or a dot stands in front that makes the numbers something else: `v1.2.3.4`.
fn release(line: &[u8], begin: usize) -> bool {
    let before = line.get(..begin).unwrap_or_default();
    let word: Vec<u8> = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .copied()
        .collect();
    before.ends_with(b".") || word.len() == 1 && matches!(word.first(), Some(b'v' | b'V' | b'X'))
}

/// True where four numbers are a version: behind a word that says so, or with a build behind a
/// hyphen.
fn version(line: &[u8], begin: usize, end: usize) -> bool {
    if let Some([b'-', behind @ ..]) = line.get(end..) {
        let digits = behind
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits > 0 && behind.get(digits) != Some(&b'.') {
            return true;
        }
    }
    let before = line.get(..begin).unwrap_or_default();
    let before = before.trim_ascii_end();
    let signs = before
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b':' | b'=' | b'"' | b'\'' | b'>' | b' ' | b'('))
        .count();
    let before = before.get(..before.len() - signs).unwrap_or_default();
    let letters = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    let word = before.get(before.len() - letters..).unwrap_or_default();
    const WORDS: [&[u8]; 6] = [
        b"version",
        b"versions",
        b"release",
        b"ver",
        b"firmware",
        b"build",
    ];
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}
