//! XMPP in clear: elements and their standard namespaces stay, everything people write does not.

use super::mask;
use super::talk::Said;
use super::tls;
use crate::redact::text::Redactor;

/// Beginnings of namespaces that standards define.
const NAMESPACES: &[&[u8]] = &[
    b"urn:ietf:params:xml:ns:",
    b"urn:xmpp:",
    b"jabber:",
    b"http://etherx.jabber.org/",
    b"http://jabber.org/",
];

/// One side; TLS may follow.
pub(super) fn redact(said: &Said, redactor: &mut Redactor) -> Vec<u8> {
    let run = said.run(0);
    let mut out = Vec::with_capacity(run.len());
    while let Some(rest) = run.get(out.len()..).filter(|rest| !rest.is_empty()) {
        if matches!(rest, [0x16, 3, ..]) {
            let at = out.len();
            let sealed = tls::redact(said, at, redactor);
            out.extend_from_slice(sealed.get(at..).unwrap_or_default());
            return out;
        }
        let length = match rest.first() {
            Some(b'<') => tag(rest),
            _ => rest
                .iter()
                .position(|byte| *byte == b'<')
                .unwrap_or(rest.len()),
        };
        let token = rest.get(..length.max(1)).unwrap_or(rest);
        let made = match token.first() {
            Some(b'<') => element(token, redactor),
            _ => mask::text(token, redactor),
        };
        out.extend(made);
    }
    out
}

/// The length of a tag, with brackets in quoted values.
fn tag(bytes: &[u8]) -> usize {
    let mut quote = None;
    for (at, byte) in bytes.iter().enumerate() {
        match (quote, *byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    bytes.len()
}

/// A tag: its name and the names of attributes as they are.
fn element(tag: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    let mut out = Vec::with_capacity(tag.len());
    let mut rest = tag;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\'')) {
        let (names, value) = rest.split_at(at + 1);
        out.extend_from_slice(names);
        let quote = names.last().copied().unwrap_or(0);
        let end = value
            .iter()
            .position(|byte| *byte == quote)
            .unwrap_or(value.len());
        let (value, behind) = value.split_at(end);
        out.extend(attribute(value, redactor));
        let close = usize::from(!behind.is_empty());
        out.extend_from_slice(behind.get(..close).unwrap_or_default());
        rest = behind.get(close..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

fn attribute(value: &[u8], redactor: &mut Redactor) -> Vec<u8> {
    match NAMESPACES.iter().any(|known| value.starts_with(known)) {
        true => value.to_vec(),
        false => mask::text(value, redactor),
    }
}
