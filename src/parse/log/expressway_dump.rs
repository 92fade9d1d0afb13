//! `xconfiguration` and `xstatus` dumps, as text and as XML.
//!
//! ```text
//! *c xConfiguration Alternates Peer 1 Address: "10.15.13.15"
//! xConfiguration H323 Mode: On
//! *s SystemUnit: /
//!   Software: /
//!     Version: "X14.0.7"
//! *s/end
//! <Peer item="2"><Address item="1">10.15.13.16</Address></Peer>
//! ```
//!
//! Public documents show little of what these screens print, so no key is required: a dump is a
//! tree, and every leaf of it is one event with the words of its way joined by blanks. What rules
//! need beside key and value (how many servers are set, which peer address is the node's own) is
//! worked out per dump in `facts`. Dumps carry no time.
//!
//! Alarms come as tables, too (`table`).
//!
//! A dump reaches to the first line of a log or of another document, to a key that it has
//! already, to a long stretch of something else, or to the end of its document. All of these but
//! the last two are told by single lines, so that a text can be cut there.

use std::borrow::Cow;
use std::collections::HashSet;

use memchr::memmem;

use crate::model::event::Event;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::log::{cms_syslog, expressway};
use crate::parse::scan::{chomp, is_blank, line_at, line_end, lines, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

mod alarms;
mod facts;
mod table;
mod tree;
mod xml;

/// Id of the parser.
pub const FORMAT: &str = "expressway.dump";

/// Bytes of a key, blanks included.
const MAX_KEY: usize = 256;
/// Bytes of a leaf that are kept as its text.
const MAX_TEXT: usize = 1024;
/// Leaves of one dump that are kept.
const MAX_LEAVES: usize = 50_000;
/// Leaves of alarms that are kept beyond them.
const ALARM_LEAVES: usize = 5_000;
/// Bytes at the start of a text in which an XML root is looked for.
const ROOT_WINDOW: usize = 4096;
/// Bytes behind the start of a document up to the end of its root's tag.
const ROOT_REACH: usize = 1024;
/// Longest stretch inside a dump that has nothing of it. Whoever looks for a place to cut has to
/// see what stands before and behind the stretch.
const REACH: usize = JOIN_WINDOW - MAX_TAG;
/// Longest tag of an XML document.
const MAX_TAG: usize = 1024;

/// The roots of the XML dumps.
const ROOTS: [&[u8]; 4] = [b"Configuration", b"Status", b"xConfiguration", b"xStatus"];
/// Elements of which a dump has at least one; other programs write a `Status` as well.
const SECTIONS: [&[u8]; 10] = [
    b"<SystemUnit",
    b"<Alternates",
    b"<Alarm",
    b"<Ethernet",
    b"<Zones",
    b"<NTP",
    b"<H323",
    b"<SIP",
    b"<Options",
    b"TANDBERG",
];

/// The parser.
pub struct ExpresswayDump;

/// Which of the two dumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Config,
    Status,
}

/// One value of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Leaf<'l> {
    /// The words of its way, joined by single blanks, as `xConfiguration` prints them.
    key: String,
    value: Cow<'l, str>,
    /// Offset of its line or element.
    start: usize,
    /// Offset behind it.
    end: usize,
}

/// A dump as far as it was read.
#[derive(Debug)]
struct Dump<'l> {
    kind: Kind,
    leaves: Vec<Leaf<'l>>,
    /// Leaves beyond the limit.
    dropped: u64,
}

/// A line of a text dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'l> {
    /// `xConfiguration key: value`
    Config(&'l [u8], &'l [u8]),
    /// `*s key: value`; the value is empty where a section begins.
    Section(&'l [u8], &'l [u8]),
    /// `*s/end`
    SectionEnd,
    /// Width of the indent, key and value of a line inside a section.
    Entry(usize, &'l [u8], &'l [u8]),
    Other,
}

/// Whether one more leaf is kept: alarms have a reserve of their own.
fn has_room(kept: usize, alarm: impl Fn() -> bool) -> bool {
    kept < MAX_LEAVES || (kept < MAX_LEAVES + ALARM_LEAVES && alarm())
}

/// The rest of a line behind a word and a blank, ASCII case ignored.
fn behind<'l>(line: &'l [u8], word: &[u8]) -> Option<&'l [u8]> {
    let (start, rest) = line.split_at_checked(word.len())?;
    let fits = start.eq_ignore_ascii_case(word) && rest.first().is_some_and(|b| b" \t".contains(b));
    fits.then(|| trim(rest))
}

/// `key: value`, where the key has only the signs a key can have.
fn key_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let key = trim(line.get(..colon)?);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" \t-_./".contains(b);
    let fits = key.first().is_some_and(u8::is_ascii_alphabetic)
        && key.len() <= MAX_KEY
        && key.iter().all(plain);
    let value = line.get(colon + 1..)?;
    // `http://x` is no entry
    let parted = value.first().is_none_or(|b| b" \t\"".contains(b));
    (fits && parted).then(|| (key, trim(value)))
}

/// What a line is; `inside` while a section is open.
fn classify(line: &[u8], inside: bool) -> Line<'_> {
    let line = chomp(line);
    let body = trim(line);
    if let Some(rest) = body.strip_prefix(b"*s") {
        if rest.starts_with(b"/end") {
            return Line::SectionEnd;
        }
        if rest.first().is_some_and(|b| b" \t".contains(b)) {
            // every section of the product has a capital
            return key_value(trim(rest))
                .filter(|(key, _)| key.first().is_some_and(u8::is_ascii_uppercase))
                .map_or(Line::Other, |(key, value)| {
                    Line::Section(key, container_as_empty(value))
                });
        }
        return Line::Other;
    }
    let config = body.strip_prefix(b"*c").map_or(body, trim);
    if let Some(rest) = behind(config, b"xConfiguration") {
        return match key_value(rest) {
            // documents print `<On/Off>` in place of a value
            Some((key, value)) if !value.starts_with(b"<") => Line::Config(key, value),
            _ => Line::Other,
        };
    }
    if inside && let Some((key, value)) = key_value(body) {
        let indent = line
            .iter()
            .take_while(|b| b" \t".contains(b))
            .map(|b| if *b == b'\t' { 8 } else { 1 })
            .sum();
        return Line::Entry(indent, key, container_as_empty(value));
    }
    Line::Other
}

/// `X: /` opens a branch just as `X:` does.
fn container_as_empty(value: &[u8]) -> &[u8] {
    if value == b"/" || value.starts_with(b"/ (") {
        b""
    } else {
        value
    }
}

fn unquoted(value: &[u8]) -> &[u8] {
    let inner = value.strip_prefix(b"\"").unwrap_or(value);
    inner.strip_suffix(b"\"").unwrap_or(inner).trim_ascii()
}

/// True for a line that a log writes: no dump goes on behind it.
fn is_log(line: &[u8]) -> bool {
    expressway::opening(line).is_some() || cms_syslog::header(line).is_some()
}

/// True when an XML dump may begin with this line.
fn is_root(line: &[u8]) -> bool {
    let line = trim(chomp(line));
    if !line.starts_with(b"<") {
        return false;
    }
    let named = |root: &[u8]| {
        line.get(1..=root.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(root))
            && line
                .get(root.len() + 1)
                .is_none_or(|b| b" \t>/".contains(b))
    };
    line.starts_with(b"<?xml") || ROOTS.iter().any(|root| named(root))
}

/// True for a line with which a document begins, wherever it stands. An element of the same name
/// inside a document is indented, an item of a list or followed by its value.
fn begins_document(line: &[u8]) -> bool {
    let line = chomp(line);
    if !line.starts_with(b"<") || !is_root(line) {
        return false;
    }
    let (tag, rest) = memchr::memchr(b'>', line)
        .and_then(|at| line.split_at_checked(at + 1))
        .unwrap_or((line, &[]));
    memmem::find(tag, b"item=").is_none() && (is_blank(rest) || trim(rest).starts_with(b"<"))
}

/// True for a line that holds the end of a document.
fn closes_document(line: &[u8]) -> bool {
    memmem::find_iter(line, b"</").any(|at| {
        let rest = line.get(at + 2..).unwrap_or_default();
        ROOTS.iter().any(|root| rest.starts_with(root))
    })
}

/// True for a line that ends every dump before it.
fn is_border(line: &[u8]) -> bool {
    begins_document(line) || is_log(line)
}

/// True for a line that can be part of a dump.
fn is_part(line: &[u8]) -> bool {
    memchr::memchr(b'<', line).is_some() || classify(line, true) != Line::Other
}

/// The dumps of a text in order.
struct Dumps<'l> {
    bytes: &'l [u8],
    at: usize,
    /// Where the last line of a text dump ended.
    seen: usize,
    /// The first border behind the last document that was looked for.
    border: usize,
    /// A text dump in the making, with the keys it has.
    open: Option<(Dump<'l>, HashSet<String>)>,
    branch: tree::Branch,
    ready: Vec<Dump<'l>>,
}

impl<'l> Dumps<'l> {
    fn new(bytes: &'l [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            seen: 0,
            border: 0,
            open: None,
            branch: tree::Branch::default(),
            ready: Vec::new(),
        }
    }

    fn close(&mut self) {
        self.ready.extend(self.open.take().map(|(dump, _)| dump));
        self.branch.end();
    }

    fn add(&mut self, kind: Kind, leaf: Leaf<'l>) {
        let again = self
            .open
            .as_ref()
            .is_some_and(|(dump, keys)| dump.kind != kind || keys.contains(&leaf.key));
        if again {
            // the branch is the new dump's own
            self.ready.extend(self.open.take().map(|(dump, _)| dump));
        }
        let (dump, keys) = self.open.get_or_insert_with(|| {
            let empty = Dump {
                kind,
                leaves: Vec::new(),
                dropped: 0,
            };
            (empty, HashSet::new())
        });
        if has_room(dump.leaves.len(), || alarms::is_part(&leaf.key)) {
            keys.insert(leaf.key.clone());
            dump.leaves.push(leaf);
        } else {
            dump.dropped += 1;
        }
    }

    /// The XML document that begins with the line at `start`, up to the next border.
    fn document(&mut self, start: usize, next: usize) -> Option<xml::Document<'l>> {
        let bytes = self.bytes;
        if self.border < next {
            let rest = bytes.get(next..).unwrap_or_default();
            self.border = lines(rest)
                .find(|(_, line)| is_border(line))
                .map_or(bytes.len(), |(at, _)| next + at);
        }
        let bytes = bytes.get(..self.border)?;
        xml::document(bytes, xml::root(bytes, start, &ROOTS)?, &ROOTS)
    }

    /// Takes one line, or a whole XML document that begins with it.
    fn step(&mut self) {
        let (line, next) = line_at(self.bytes, self.at);
        let start = self.at;
        self.at = next;
        if start.saturating_sub(self.seen) > REACH || is_border(line) {
            self.close();
        }
        if is_root(line)
            && let Some(document) = self.document(start, next)
        {
            self.close();
            let end = document.end.max(next).min(self.border);
            self.at = line_end(self.bytes, end - 1);
            self.ready.extend(tree::of_document(document));
            return;
        }
        let end = start + chomp(line).len();
        // a value without its end may be another one; quotes show that it is whole
        if end == self.bytes.len() && !trim(line).ends_with(b"\"") {
            return;
        }
        let leaf = |key: String, value: &'l [u8]| Leaf {
            key,
            value: text(unquoted(value)),
            start,
            end,
        };
        let kind = classify(line, self.branch.is_open());
        if kind != Line::Other {
            self.seen = next;
        }
        match kind {
            Line::Config(key, value) => {
                self.branch.end();
                self.add(Kind::Config, leaf(tree::words(key), value));
            }
            Line::Section(key, value) => {
                self.branch.begin(key);
                if !value.is_empty() {
                    self.add(Kind::Status, leaf(tree::words(key), value));
                }
            }
            Line::SectionEnd => self.branch.end(),
            Line::Entry(indent, key, value) => {
                if let Some(key) = self.branch.entry(indent, key, value.is_empty()) {
                    self.add(Kind::Status, leaf(key, value));
                }
            }
            Line::Other => {}
        }
    }
}

impl<'l> Iterator for Dumps<'l> {
    type Item = Dump<'l>;

    fn next(&mut self) -> Option<Dump<'l>> {
        while self.ready.is_empty() {
            if self.at >= self.bytes.len() {
                self.close();
                break;
            }
            self.step();
        }
        (!self.ready.is_empty()).then(|| self.ready.remove(0))
    }
}

impl LogParser for ExpresswayDump {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        let start = head.get(..ROOT_WINDOW).unwrap_or(head);
        let rooted = lines(start).any(|(_, line)| is_root(line))
            && ROOTS.iter().any(|root| memmem::find(start, root).is_some());
        if rooted
            && SECTIONS
                .iter()
                .any(|name| memmem::find(head, name).is_some())
        {
            return Probe::Certain;
        }
        let (mut ours, mut all, mut inside) = (0_usize, 0_usize, false);
        for (_, line) in lines(head).filter(|(_, line)| !is_blank(line)) {
            all += 1;
            let line = classify(line, inside);
            inside = match line {
                Line::Section(..) => true,
                Line::SectionEnd => false,
                _ => inside,
            };
            ours += usize::from(line != Line::Other);
        }
        match ours {
            0 if !table::is_there(head) => Probe::NotForUs,
            _ if ours * 2 >= all => Probe::Certain,
            _ => Probe::Unsure,
        }
    }

    /// Only the start of a document: what is worked out of a dump needs all of it.
    fn is_record_start(&self, line: &[u8]) -> bool {
        begins_document(line)
    }

    /// Something of a dump stands before and behind the cut, and nothing between that ends it; or
    /// what follows shows that the dump before it is whole.
    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let tells = |line: &&[u8]| is_log(line) || is_part(line);
        let mut lines_before = before
            .rsplit(|b| *b == b'\n')
            .filter(|line| !is_blank(line));
        let near = lines_before.clone().next();
        if near.is_some_and(|line| is_part(line) && !is_log(line) && !closes_document(line)) {
            return true;
        }
        let last = lines_before.find(tells);
        let next = lines(after)
            .map(|(_, line)| line)
            .find(|line| is_border(line) || is_part(line));
        last.is_some_and(|line| !is_log(line)) && next.is_some_and(|line| !is_border(line))
    }

    fn head<'l>(&self, _line: &'l [u8]) -> Option<RecordHead<'l>> {
        None
    }

    fn parse<'c>(
        &self,
        chunk: &'c Chunk,
        picks: Option<&[usize]>,
        out: &mut dyn FnMut(Event<'c>),
    ) -> ParseStats {
        let bytes = chunk.bytes.as_slice();
        let mut stats = ParseStats::default();
        let mut numbers = chunk.line_counter();
        let mut emit = |at: usize, mut event: Event<'c>| {
            if picks.is_none() || picked(picks, at, line_end(bytes, at)) {
                event.line = numbers.line_at(at);
                stats.records += 1;
                out(event);
            }
        };
        let mut rows = Vec::new();
        table::alarms(bytes, &mut |at, event| rows.push((at, event)));
        let mut rows = rows.into_iter().peekable();
        let mut dropped = 0;
        for dump in Dumps::new(bytes) {
            dropped += dump.dropped;
            facts::events(bytes, &dump, &mut |at, event| {
                while let Some((at, row)) = rows.next_if(|(row, _)| *row < at) {
                    emit(at, row);
                }
                emit(at, event);
            });
        }
        rows.for_each(|(at, row)| emit(at, row));
        stats.dropped = dropped;
        stats
    }
}

#[cfg(test)]
mod tests;
