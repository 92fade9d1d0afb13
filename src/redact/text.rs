//! Lines with everything replaced.

use std::net::IpAddr;

use super::address::{self, Found};
use super::learn::domain;
use super::lexicon::Lexicon;
use super::map::{Kind, Map};
use super::names;
use super::secret::{HIDDEN, Secrets};
use super::vocabulary::Vocabulary;

/// Bytes at the end and the beginning of two lines in which a name is looked for that a wrapped
/// line tore.
const TORN: usize = 80;

/// Replaces everything that was learned.
#[derive(Clone, Debug)]
pub struct Redactor {
    map: Map,
    lexicon: Lexicon,
    secrets: Secrets,
    vocabulary: Vocabulary,
}

/// A change of a line.
#[derive(Clone, Debug)]
struct Edit {
    begin: usize,
    end: usize,
    text: Vec<u8>,
    /// It hides a secret, which nothing may reach into.
    secret: bool,
}

impl Redactor {
    /// Of a map that knows all names, and the automaton that finds them.
    pub(super) fn new(
        map: Map,
        lexicon: Lexicon,
        secrets: Secrets,
        vocabulary: Vocabulary,
    ) -> Self {
        Self {
            map,
            lexicon,
            secrets,
            vocabulary,
        }
    }

    /// The map, with what was added since.
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// The map, to be asked for what stands for something.
    pub fn map_mut(&mut self) -> &mut Map {
        &mut self.map
    }

    /// What is looked for.
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// The words that are nobody's.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// A text of one line or several.
    pub fn text(&mut self, text: &str) -> String {
        let mut out = Vec::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            self.line(line.as_bytes(), &mut out);
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// One line, appended to `out`.
    pub fn line(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let edits = self.edits(line);
        apply(line, edits, out);
    }

    /// A text in which every change keeps the length: of a packet or a certificate. An address
    /// that would need more or fewer signs becomes a name.
    pub fn same_length(&mut self, text: &[u8]) -> Vec<u8> {
        let mut edits = self.edits(text);
        for edit in &mut edits {
            let length = edit.end - edit.begin;
            if edit.secret {
                edit.text = vec![b'x'; length];
            } else if edit.text.len() != length {
                edit.text = self.fitted(text.get(edit.begin..edit.end).unwrap_or_default(), length);
            }
        }
        let mut out = Vec::with_capacity(text.len());
        apply(text, edits, &mut out);
        out
    }

    fn fitted(&mut self, original: &[u8], length: usize) -> Vec<u8> {
        let name = String::from_utf8_lossy(original).into_owned();
        let mut given = self.map.name(&name, Kind::Host).into_bytes();
        given.resize(length, b'x');
        given
    }

    /// Two lines with what a wrapped line tore apart between them replaced in both.
    pub fn mend(&mut self, before: &mut [u8], after: &mut [u8]) {
        let end = before.trim_ascii_end().len();
        let tail = end.saturating_sub(TORN);
        let begin = after.len() - after.trim_ascii_start().len();
        let head = (begin + TORN).min(after.len());
        let first = before.get(tail..end).unwrap_or_default();
        let second = after.get(begin..head).unwrap_or_default();
        if first.is_empty() || second.is_empty() {
            return;
        }
        let seam = first.len();
        let joined = [first, second].concat();
        let mut found = Vec::new();
        self.lexicon.find(&joined, &mut |from, to, entry| {
            if from < seam && to > seam && entry.given.len() == to - from {
                found.push((from, to, entry.given.clone().into_bytes()));
            }
        });
        for (from, to, given) in found {
            let cased = cased(joined.get(from..to).unwrap_or_default(), &given);
            let (one, two) = cased.split_at(seam - from);
            put(before, tail + from, one);
            put(after, begin, two);
        }
    }

    fn edits(&mut self, line: &[u8]) -> Vec<Edit> {
        let mut edits = Vec::new();
        self.secrets.find(line, &mut |begin, end| {
            edits.push(Edit {
                begin,
                end,
                text: HIDDEN.into(),
                secret: true,
            });
        });
        let mut names = Vec::new();
        self.lexicon.find(line, &mut |begin, end, entry| {
            let original = line.get(begin..end).unwrap_or_default();
            let text = match entry.given.len() == original.len() {
                true => cased(original, entry.given.as_bytes()),
                false => entry.given.clone().into_bytes(),
            };
            let dotted = entry.text.contains('.');
            let secret = entry.given == HIDDEN;
            names.push((
                Edit {
                    begin,
                    end,
                    text,
                    secret,
                },
                dotted && !secret,
            ));
        });
        for (edit, dotted) in names {
            edits.push(match dotted {
                true => self.extended(line, edit),
                false => edit,
            });
        }
        let mut addresses = Vec::new();
        address::find(line, &mut |begin, end, found| {
            addresses.push((begin, end, found));
        });
        for (begin, end, found) in addresses {
            let text = self.address(found).into_bytes();
            let secret = false;
            edits.push(Edit {
                begin,
                end,
                text,
                secret,
            });
        }
        edits
    }

    /// Takes labels in front of a known domain along.
    fn extended(&mut self, line: &[u8], edit: Edit) -> Edit {
        let before = line.get(..edit.begin).unwrap_or_default();
        let Some(before) = before.strip_suffix(b".") else {
            return edit;
        };
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let length = before.iter().rev().take_while(|byte| fits(byte)).count();
        let labels = before.get(before.len() - length..).unwrap_or_default();
        let labels = String::from_utf8_lossy(labels).into_owned();
        let labels = labels.trim_start_matches(['.', '-']);
        if labels.is_empty() || !labels.split('.').all(names::is_label) {
            return edit;
        }
        let begin = edit.begin - 1 - labels.len();
        let mut text = Vec::new();
        for label in labels.split('.') {
            let given = match label.starts_with('_') {
                true => label.to_owned(),
                false => self.map.name(label, Kind::Host),
            };
            text.extend_from_slice(&cased(label.as_bytes(), given.as_bytes()));
            text.push(b'.');
        }
        text.extend_from_slice(&edit.text);
        Edit {
            begin,
            text,
            ..edit
        }
    }

    fn address(&mut self, found: Found) -> String {
        match found {
            Found::V4(address) => self.map.v4(address).to_string(),
            Found::Network(address, length) => self.network(address, length),
            Found::V6(address) => self.map.v6(address).to_string(),
            Found::Mac(mac, sign) => {
                let text = self.map.mac(mac).to_string();
                text.replace(':', &char::from(sign).to_string())
            }
        }
    }

    /// The beginning of a network stays one.
    fn network(&mut self, address: std::net::Ipv4Addr, length: u8) -> String {
        // the private networks as such are nobody's
        if length <= 16
            && address.is_private()
            && address.octets().ends_with(&[0, 0])
            && length != 16
            || length == 0
        {
            return address.to_string();
        }
        let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        let given = u32::from(self.map.v4(address)) & mask;
        std::net::Ipv4Addr::from(given).to_string()
    }

    /// A name in several words, as a certificate has it, in the same length: also words that were
    /// not learned.
    pub fn words(&mut self, text: &[u8]) -> Vec<u8> {
        let whole = std::str::from_utf8(text).ok().and_then(names::bare);
        if let (Some(whole), true) = (whole, text.contains(&b'.'))
            && text.len() == whole.len()
            && !names::is_public(&whole)
        {
            let given = domain(&mut self.map, &whole);
            return cased(text, given.as_bytes());
        }
        let mut out = self.same_length(text);
        let mut at = 0;
        for part in
            text.split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
        {
            let (begin, end) = (at, at + part.len());
            at = end + 1;
            let word = String::from_utf8_lossy(part);
            let same = out.get(begin..end) == Some(part);
            let letters = part.iter().any(u8::is_ascii_alphabetic);
            if same && part.len() > 2 && letters && !self.vocabulary.has(&word) {
                let given = self.map.name(&word, Kind::Name);
                put(&mut out, begin, &cased(part, given.as_bytes()));
            }
        }
        out
    }

    /// What stands for a host's name, a domain or an address, in any case.
    pub fn host(&mut self, name: &str) -> String {
        if let Ok(address) = name.parse::<IpAddr>() {
            return match address {
                IpAddr::V4(address) => self.map.v4(address).to_string(),
                IpAddr::V6(address) => self.map.v6(address).to_string(),
            };
        }
        match names::bare(name) {
            Some(bare) if bare.contains('.') && !names::is_public(&bare) => {
                domain(&mut self.map, &bare)
            }
            _ => self.text(name),
        }
    }
}

/// Gives a replacement the capitals of what it stands for.
pub(super) fn cased(original: &[u8], given: &[u8]) -> Vec<u8> {
    let upper = |at: usize| original.get(at).is_some_and(u8::is_ascii_uppercase);
    let letters = original.iter().filter(|byte| byte.is_ascii_alphabetic());
    let loud = original.len() > 1
        && letters.clone().count() > 0
        && letters.clone().all(u8::is_ascii_uppercase);
    let cased = |(at, byte): (usize, &u8)| match loud || upper(at) {
        true => byte.to_ascii_uppercase(),
        false => *byte,
    };
    given.iter().enumerate().map(cased).collect()
}

fn put(line: &mut [u8], at: usize, text: &[u8]) {
    for (to, from) in line.iter_mut().skip(at).zip(text) {
        *to = *from;
    }
}

/// Applies changes; of two that overlap a secret counts, else the one that begins first, then the
/// longer one.
fn apply(line: &[u8], mut edits: Vec<Edit>, out: &mut Vec<u8>) {
    let secrets: Vec<(usize, usize)> = edits
        .iter()
        .filter(|edit| edit.secret)
        .map(|edit| (edit.begin, edit.end))
        .collect();
    let hit = |edit: &Edit| {
        secrets
            .iter()
            .any(|(begin, end)| edit.begin < *end && edit.end > *begin)
    };
    edits.retain(|edit| edit.secret || !hit(edit));
    edits.sort_by(|a, b| {
        (a.begin, std::cmp::Reverse(a.end)).cmp(&(b.begin, std::cmp::Reverse(b.end)))
    });
    let mut at = 0;
    for edit in edits {
        if edit.begin < at {
            continue;
        }
        out.extend_from_slice(line.get(at..edit.begin).unwrap_or_default());
        out.extend_from_slice(&edit.text);
        at = edit.end;
    }
    out.extend_from_slice(line.get(at..).unwrap_or_default());
}
