//! Certificates with other names in them: every length stays, so that they fit where they stood,
//! and dates, flags and uses of the key stay as well. Names, numbers, keys and signatures are
//! other ones, always the same for the same; extensions that could tell more are blanked. The
//! signature is therefore no longer one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::text::Redactor;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const BMP: u8 = 0x1e;
/// Country, which is nobody's name.
const COUNTRY: &[u8] = &[0x55, 0x04, 0x06];

/// What a certificate says about whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A name, perhaps in several words.
    Words(String),
    /// An address among the alternative names.
    Address(IpAddr),
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    tag: u8,
    /// Where its content stands.
    content: Range<usize>,
}

/// Splits the content of something into its parts; what cannot be read ends it.
fn parts(der: &[u8], within: Range<usize>) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = within.start;
    while at < within.end && parts.len() < 4096 {
        let Some(part) = part(der, at, within.end) else {
            break;
        };
        at = part.content.end;
        parts.push(part);
    }
    parts
}

fn part(der: &[u8], at: usize, end: usize) -> Option<Part> {
    let (tag, first) = (*der.get(at)?, *der.get(at + 1)?);
    let (length, header) = match first {
        ..=0x7f => (usize::from(first), 2),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let bytes = der.get(at + 2..at + 2 + count)?;
            let length = bytes
                .iter()
                .fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
            (length, 2 + count)
        }
        _ => return None,
    };
    let content = at + header..at.checked_add(header)?.checked_add(length)?;
    (content.end <= end).then_some(Part { tag, content })
}

/// The parts of a certificate that say something.
#[derive(Debug, Default)]
struct Places {
    serial: Option<Range<usize>>,
    /// Strings of names with their tags.
    names: Vec<(u8, Range<usize>)>,
    /// Alternative names of hosts and mailboxes, and addresses.
    hosts: Vec<Range<usize>>,
    addresses: Vec<Range<usize>>,
    /// Keys, identifiers and signatures.
    noise: Vec<Range<usize>>,
    /// What is blanked: the number of an extension, and its content.
    blanks: Vec<(Range<usize>, Range<usize>)>,
    /// Alternative names that are blanked.
    zeros: Vec<Range<usize>>,
}

/// Finds these parts; `None` for what is no certificate.
fn places(der: &[u8]) -> Option<Places> {
    let whole = part(der, 0, der.len()).filter(|whole| whole.tag == SEQUENCE)?;
    let outer = parts(der, whole.content);
    let body = outer.first().filter(|body| body.tag == SEQUENCE)?;
    let mut places = Places::default();
    places
        .noise
        .extend(outer.get(2).map(|bits| bits.content.clone()));
    let mut inner = parts(der, body.content.clone()).into_iter().peekable();
    _ = inner.next_if(|part| part.tag == 0xa0);
    places.serial = Some(inner.next().filter(|part| part.tag == INTEGER)?.content);
    // algorithm, issuer, validity, subject, key
    let [_, issuer, _, subject, key] = [
        inner.next()?,
        inner.next()?,
        inner.next()?,
        inner.next()?,
        inner.next()?,
    ];
    name(der, issuer.content, &mut places);
    name(der, subject.content, &mut places);
    let key = parts(der, key.content);
    places.noise.extend(
        key.get(1)
            .filter(|bits| bits.tag == BITS)
            .map(|bits| bits.content.clone()),
    );
    for rest in inner {
        match rest.tag {
            0xa3 => {
                for list in parts(der, rest.content) {
                    for one in parts(der, list.content) {
                        extension(der, one.content, &mut places);
                    }
                }
            }
            _ => places.noise.push(rest.content),
        }
    }
    Some(places)
}

/// The strings of a name.
fn name(der: &[u8], within: Range<usize>, places: &mut Places) {
    let sets = parts(der, within)
        .into_iter()
        .filter(|part| part.tag == SET);
    for pair in sets.flat_map(|set| parts(der, set.content)) {
        let pair = parts(der, pair.content);
        if let [kind, value, ..] = pair.as_slice()
            && kind.tag == OID
            && der.get(kind.content.clone()) != Some(COUNTRY)
        {
            places.names.push((value.tag, value.content.clone()));
        }
    }
}

fn extension(der: &[u8], within: Range<usize>, places: &mut Places) {
    let found = parts(der, within);
    let (Some(kind), Some(value)) = (found.first(), found.last()) else {
        return;
    };
    if kind.tag != OID || value.tag != OCTETS {
        return;
    }
    match der.get(kind.content.clone()).unwrap_or_default() {
        // key usage, basic constraints, extended key usage
        [0x55, 0x1d, 0x0f | 0x13 | 0x25] => {}
        // alternative names
        [0x55, 0x1d, 0x11 | 0x12] => {
            for list in parts(der, value.content.clone()) {
                for one in parts(der, list.content) {
                    alternative(der, &one, places);
                }
            }
        }
        // identifiers of keys
        [0x55, 0x1d, 0x0e] => {
            let inner = parts(der, value.content.clone());
            places
                .noise
                .extend(inner.into_iter().map(|part| part.content));
        }
        [0x55, 0x1d, 0x23] => {
            for list in parts(der, value.content.clone()) {
                for one in parts(der, list.content) {
                    match one.tag {
                        0xa1 => parts(der, one.content)
                            .iter()
                            .for_each(|one| alternative(der, one, places)),
                        _ => places.noise.push(one.content),
                    }
                }
            }
        }
        _ => places
            .blanks
            .push((kind.content.clone(), value.content.clone())),
    }
}

/// One alternative name (RFC 5280 4.2.1.6).
fn alternative(der: &[u8], one: &Part, places: &mut Places) {
    match one.tag {
        0x81 | 0x82 => places.hosts.push(one.content.clone()),
        0x86 => places.names.push((0x16, one.content.clone())),
        0x87 => places.addresses.push(one.content.clone()),
        0xa4 => parts(der, one.content.clone())
            .into_iter()
            .for_each(|list| name(der, list.content, places)),
        _ => places.zeros.push(one.content.clone()),
    }
}

/// A string as text; `None` where it is of no kind of strings.
fn string(tag: u8, bytes: &[u8]) -> Option<String> {
    match tag {
        BMP => {
            let (pairs, _) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok()
        }
        0x0c | 0x12..=0x16 | 0x1a => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(four).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into())
}

/// Tells every name and address of a certificate.
pub fn texts(der: &[u8], out: &mut dyn FnMut(Said)) {
    let Some(places) = places(der) else { return };
    let bytes = |range: &Range<usize>| der.get(range.clone()).unwrap_or_default();
    for (tag, range) in &places.names {
        string(*tag, bytes(range))
            .into_iter()
            .for_each(|text| out(Said::Words(text)));
    }
    for range in &places.hosts {
        out(Said::Words(
            String::from_utf8_lossy(bytes(range)).into_owned(),
        ));
    }
    for range in &places.addresses {
        address(bytes(range))
            .into_iter()
            .for_each(|address| out(Said::Address(address)));
    }
}

/// The same certificate of somebody else; `None` for what is none.
pub fn remake(der: &[u8], redactor: &mut Redactor) -> Option<Vec<u8>> {
    let places = places(der)?;
    let mut out = der.to_vec();
    for (tag, range) in &places.names {
        let original = der.get(range.clone()).unwrap_or_default();
        let given = match (*tag, string(*tag, original)) {
            (BMP, Some(text)) => {
                let given = redactor.words(text.as_bytes());
                String::from_utf8_lossy(&given)
                    .encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect()
            }
            (_, Some(_)) => redactor.words(original),
            (_, None) => vec![0; original.len()],
        };
        set(&mut out, range, &given, b'x');
    }
    for range in &places.hosts {
        let original = der.get(range.clone()).unwrap_or_default();
        let given = redactor.words(original);
        set(&mut out, range, &given, b'x');
    }
    for range in &places.addresses {
        let original = der.get(range.clone()).unwrap_or_default();
        let given = match address(original) {
            Some(IpAddr::V4(four)) => redactor.map_mut().v4(four).octets().to_vec(),
            Some(IpAddr::V6(six)) => redactor.map_mut().v6(six).octets().to_vec(),
            None => Vec::new(),
        };
        set(&mut out, range, &given, 0);
    }
    let numbers = places.serial.iter().chain(&places.noise);
    for range in numbers {
        noise(der, range, redactor, &mut out);
    }
    for (kind, content) in &places.blanks {
        if let Some(kind) = out.get_mut(kind.clone()) {
            let last = kind.len().saturating_sub(1);
            for (at, byte) in kind.iter_mut().enumerate().skip(1) {
                *byte = if at == last { 0x7f } else { 0x1d };
            }
        }
        set(&mut out, content, &[], 0);
    }
    for range in &places.zeros {
        set(&mut out, range, &[], 0);
    }
    Some(out)
}

/// Puts something in a place, and fills the rest of it.
fn set(out: &mut [u8], range: &Range<usize>, given: &[u8], fill: u8) {
    if let Some(place) = out.get_mut(range.clone()) {
        let given = given.iter().copied().chain(std::iter::repeat(fill));
        for (to, from) in place.iter_mut().zip(given) {
            *to = from;
        }
    }
}

/// Replaces numbers by others that follow from them; where there is an order inside, it stays.
fn noise(der: &[u8], range: &Range<usize>, redactor: &mut Redactor, out: &mut [u8]) {
    let content = der.get(range.clone()).unwrap_or_default();
    let skip = usize::from(content.first() == Some(&0));
    let inner = range.start + skip..range.end;
    let whole = part(der, inner.start, inner.end);
    if let Some(list) = whole.filter(|list| list.tag == SEQUENCE && list.content.end == range.end) {
        let numbers = parts(der, list.content);
        if numbers.len() == 2 && numbers.iter().all(|number| number.tag == INTEGER) {
            let long = numbers
                .into_iter()
                .filter(|number| number.content.len() > 4);
            return long.for_each(|number| noise_of(der, &number.content, redactor, out));
        }
    }
    noise_of(der, range, redactor, out);
}

fn noise_of(der: &[u8], range: &Range<usize>, redactor: &mut Redactor, out: &mut [u8]) {
    let content = der.get(range.clone()).unwrap_or_default();
    let mut given = vec![0; content.len()];
    redactor.map().fill("certificate", content, &mut given);
    // signs, paddings and forms of points stand in the first bytes
    let kept = match content {
        [0, ..] => 2,
        _ if content.len() > 8 => 1,
        _ => 0,
    };
    for (to, from) in given.iter_mut().zip(content).take(kept) {
        *to = *from;
    }
    if kept == 0
        && let Some(first) = given.first_mut()
    {
        *first = *first & 0x3f | 0x01;
    }
    set(out, range, &given, 0);
}
