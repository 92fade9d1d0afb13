//! Turns pasted and printed text into the lines that were logged.
//!
//! Documents and mails break records: at a column, around bold words, with blank lines between,
//! inside words and stamps, and several records end up on one line. This filter glues what
//! belongs to one record and parts what does not; every line keeps the number of the physical
//! line on which it starts. Text without such damage passes unchanged.
//!
//! A line is added to the record before it only for a reason: the record is visibly unfinished,
//! the line cannot stand alone, or the line before it ends at the column where this text wraps.

use memchr::memmem;

use crate::model::time::RawTime;
use crate::parse::LogParser;
use crate::parse::log::{cms_syslog, expressway};
use crate::parse::scan::{chomp, is_blank, lead, width};

mod shape;
mod style;

use shape::{
    begins_inside, breaking_blanks, ends_at_hyphen, goes_on, has_open_quote, has_open_word,
    is_body, is_foreign, is_list_item, is_sentence,
};
use style::{Kind, Style, first_word};

/// Bytes from which the way a text wraps is learnt.
const SURVEY: usize = 64 * 1024;
/// Longest record that is glued together.
const RECORD_CAP: usize = 4096;
/// Blank lines that may stand inside a record, as at the break of a page.
const MAX_BLANKS: usize = 24;
/// How far from the column a line may end that is wrapped between words.
const SLACK: usize = 12;
/// How far back a stamp may begin that the next line completes.
const STAMP: usize = 96;

/// True when records of this text are torn or joined, judged by its first bytes.
pub fn needed(head: &[u8], parsers: &[&'static dyn LogParser]) -> bool {
    if !parsers
        .iter()
        .any(|parser| matches!(parser.id(), "cms.syslog" | "expressway.log"))
    {
        return false;
    }
    let mut repair = Repair::new();
    repair.push(head.get(..SURVEY).unwrap_or(head), &mut |_, _| {});
    repair.finish(&mut |_, _| {});
    // a clean log may hold a few odd records
    repair.changed > 0 && repair.changed * 10 >= repair.records
}

/// True for a line that may be a piece of a record: no prose, no list, no other alphabet.
pub fn is_piece(line: &[u8]) -> bool {
    let words = line.trim_ascii();
    !(words.is_empty() || is_foreign(words) || is_list_item(words) || is_sentence(words))
}

/// A record in the making.
struct Record {
    kind: Kind,
    /// The text so far; with its terminator as long as nothing was added.
    text: Vec<u8>,
    /// Offsets in the text at which physical lines begin, and their numbers.
    marks: Vec<(usize, u64)>,
    /// Terminator of the last line.
    end: Vec<u8>,
    /// Width of the last line.
    width: usize,
    changed: bool,
    /// A line was added at a place where nothing explains the break: it may be inside a word.
    torn: bool,
}

impl Record {
    fn new(kind: Kind, raw: &[u8], number: u64) -> Self {
        let line = chomp(raw);
        let end = raw.get(line.len()..).unwrap_or_default().to_vec();
        let marks = vec![(0, number)];
        Self {
            kind,
            text: raw.to_vec(),
            marks,
            end,
            width: width(line),
            changed: false,
            torn: false,
        }
    }

    /// The record is visibly unfinished.
    fn is_open(&self) -> bool {
        let text = chomp(&self.text);
        let last = text.trim_ascii_end();
        if ends_at_hyphen(text) {
            return true;
        }
        let rest = match self.kind {
            Kind::Expressway => match expressway::opening(text) {
                Some((_, [])) => return true,
                Some((_, message)) => message,
                None => text,
            },
            Kind::Cms => match cms_syslog::header(text) {
                Some(header) if header.program.is_some() => {
                    text.get(header.message..).unwrap_or_default()
                }
                _ => return true,
            },
        };
        if has_open_quote(rest) {
            return true;
        }
        // the error texts of libpq end in a fold
        let folds = memmem::find(rest, b"|#011").is_some() && !last.ends_with(b"|");
        let cut = || last.last().is_some_and(|b| b":/=,(".contains(b)) || has_open_word(rest);
        self.kind == Kind::Cms && (rest.is_empty() || folds || cut())
    }

    fn add(&mut self, raw: &[u8], number: u64, glue: Glue) {
        let line = chomp(raw);
        self.width = width(line);
        self.end = raw.get(line.len()..).unwrap_or_default().to_vec();
        self.text.truncate(chomp(&self.text).len());
        let rest = match glue {
            Glue::Exact => line,
            Glue::Word => {
                if self.kind == Kind::Expressway {
                    self.text.truncate(self.text.trim_ascii_end().len());
                }
                line.trim_ascii_start()
            }
            Glue::Blank => {
                self.text.truncate(self.text.trim_ascii_end().len());
                self.text.push(b' ');
                line.trim_ascii_start()
            }
            Glue::Column(indent) => line.get(indent..).unwrap_or_default(),
        };
        self.marks.push((self.text.len(), number));
        self.text.extend_from_slice(rest);
        self.changed = true;
    }

    /// Parts the record before the next one that begins at `from` or later.
    fn split(&mut self, style: &Style, from: usize) -> Option<Record> {
        let at = self.next_record(style, from)?;
        let tail = self.text.split_off(at);
        let later = self.marks.partition_point(|(offset, _)| *offset <= at);
        let number = self
            .marks
            .get(later.saturating_sub(1))
            .map_or(1, |(_, number)| *number);
        let mut marks = vec![(0, number)];
        marks.extend(
            self.marks
                .drain(later..)
                .map(|(offset, number)| (offset - at, number)),
        );
        let kind = style.kind(&tail).unwrap_or(self.kind);
        let mut record = Record {
            kind,
            text: tail,
            marks,
            end: self.end.clone(),
            width: self.width,
            changed: true,
            torn: self.torn,
        };
        std::mem::swap(self, &mut record);
        record.end = b"\n".to_vec();
        record.changed = true;
        Some(record)
    }

    fn next_record(&self, style: &Style, from: usize) -> Option<usize> {
        let text = chomp(&self.text);
        let host = expressway::header(text).and_then(|header| header.host);
        let spaces = text
            .iter()
            .enumerate()
            .skip(from.max(1) - 1)
            .filter(|(_, b)| b.is_ascii_whitespace());
        spaces
            .map(|(at, _)| at + 1)
            .filter(|at| *at > lead(text))
            .find(|at| {
                let rest = text.get(*at..).unwrap_or_default();
                match rest.first() {
                    Some(b'0'..=b'9') => {
                        let Some((header, message)) = expressway::opening(rest) else {
                            return false;
                        };
                        let same = host.is_some() && header.host == host && !message.is_empty();
                        let telling =
                            message.starts_with(b"UTCTime=\"") || message.starts_with(b"Level=\"");
                        let before = text.get(..*at).unwrap_or_default();
                        header.time != RawTime::None && (same || telling) && !has_open_quote(before)
                    }
                    Some(b'A'..=b'Z') => {
                        style.kind(rest) == Some(Kind::Cms)
                            && cms_syslog::header(rest)
                                .is_some_and(|header| header.program.is_some())
                    }
                    _ => false,
                }
            })
    }

    fn emit(&mut self, out: &mut dyn FnMut(&[u8], u64)) {
        if self.changed {
            let length = self.text.trim_ascii_end().len();
            self.text.truncate(length);
            self.text.append(&mut self.end);
        }
        out(
            &self.text,
            self.marks.first().map_or(1, |(_, number)| *number),
        );
    }
}

/// How a line is added to what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glue {
    /// Both sides as they stand.
    Exact,
    /// The break is inside a word.
    Word,
    /// The break is between words.
    Blank,
    /// The break is at a column; blanks of the layout are dropped.
    Column(usize),
}

/// The filter. Takes bytes in blocks of any size.
pub struct Repair {
    style: Option<Style>,
    head: Vec<u8>,
    partial: Vec<u8>,
    number: u64,
    current: Option<Record>,
    blanks: Vec<(Vec<u8>, u64)>,
    records: u64,
    changed: u64,
    torn: u64,
}

impl Default for Repair {
    fn default() -> Self {
        Self::new()
    }
}

impl Repair {
    /// A filter at the beginning of a text.
    pub fn new() -> Self {
        Self {
            style: None,
            head: Vec::new(),
            partial: Vec::new(),
            number: 0,
            current: None,
            blanks: Vec::new(),
            records: 0,
            changed: 0,
            torn: 0,
        }
    }

    /// Records so far that were put together by guess: what they say may be mangled.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Takes the next bytes; hands out lines with their terminators and the number, from 1, of
    /// the physical line on which each starts.
    pub fn push(&mut self, block: &[u8], out: &mut dyn FnMut(&[u8], u64)) {
        if self.style.is_some() {
            return self.split_lines(block, out);
        }
        let room = SURVEY.saturating_sub(self.head.len()).min(block.len());
        let (first, rest) = block.split_at_checked(room).unwrap_or((block, &[]));
        self.head.extend_from_slice(first);
        if self.head.len() >= SURVEY {
            self.learn(out);
            self.split_lines(rest, out);
        }
    }

    /// The text is at its end.
    pub fn finish(&mut self, out: &mut dyn FnMut(&[u8], u64)) {
        if self.style.is_none() {
            self.learn(out);
        }
        let last = std::mem::take(&mut self.partial);
        if !last.is_empty() {
            self.line(&last, out);
        }
        self.flush(out);
    }

    fn learn(&mut self, out: &mut dyn FnMut(&[u8], u64)) {
        let head = std::mem::take(&mut self.head);
        self.style = Some(Style::of(&head));
        self.split_lines(&head, out);
    }

    fn split_lines(&mut self, block: &[u8], out: &mut dyn FnMut(&[u8], u64)) {
        for piece in block.split_inclusive(|b| *b == b'\n') {
            if !piece.ends_with(b"\n") {
                self.partial.extend_from_slice(piece);
            } else if self.partial.is_empty() {
                self.line(piece, out);
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend_from_slice(piece);
                self.line(&line, out);
            }
        }
    }

    fn line(&mut self, raw: &[u8], out: &mut dyn FnMut(&[u8], u64)) {
        self.number += 1;
        let number = self.number;
        let plain = breaking_blanks(raw);
        let line = chomp(&plain);
        let kind = self.style.as_ref().and_then(|style| style.kind(line));
        if let Some(kind) = kind {
            self.flush(out);
            let mut record = Record::new(kind, &plain, number);
            record.changed = plain.len() != raw.len();
            self.current = Some(record);
            return self.part(1, out);
        }
        if self.current.is_some() && is_blank(line) && self.blanks.len() < MAX_BLANKS {
            self.blanks.push((raw.to_vec(), number));
            return;
        }
        if let Some(glue) = self.glue(line) {
            self.blanks.clear();
            let joint = self.current.as_ref().map_or(0, |record| record.text.len());
            let explained = self.explained(line, glue);
            if let Some(record) = &mut self.current {
                record.add(&plain, number, glue);
                record.torn |= !explained;
            }
            return self.part(joint.saturating_sub(STAMP), out);
        }
        self.flush(out);
        out(raw, number);
    }

    /// Hands out the records before the last one that begins in the current text.
    fn part(&mut self, mut from: usize, out: &mut dyn FnMut(&[u8], u64)) {
        let (Some(style), Some(record)) = (&self.style, &mut self.current) else {
            return;
        };
        while let Some(mut done) = record.split(style, from) {
            self.records += 1;
            self.changed += 1;
            done.emit(out);
            from = 1;
        }
    }

    fn flush(&mut self, out: &mut dyn FnMut(&[u8], u64)) {
        if let Some(mut record) = self.current.take() {
            self.records += 1;
            self.changed += u64::from(record.changed);
            self.torn += u64::from(record.torn);
            record.emit(out);
        }
        for (raw, number) in self.blanks.drain(..) {
            out(&raw, number);
        }
    }

    /// Whether the layout tells why the line before was broken here, so that the two are put
    /// together as they were.
    fn explained(&self, line: &[u8], glue: Glue) -> bool {
        let (Some(style), Some(record)) = (&self.style, &self.current) else {
            return true;
        };
        let text = chomp(&record.text);
        let words = line.trim_ascii();
        let parted = text.last().is_none_or(u8::is_ascii_whitespace)
            || line.first().is_none_or(u8::is_ascii_whitespace);
        let between = match record.kind {
            Kind::Expressway => text.ends_with(b"\"") && expressway::begins_pair(words),
            Kind::Cms => begins_inside(words),
        };
        let full = style.sure
            && style
                .width
                .is_some_and(|width| record.width + 1 + first_word(line) > width);
        matches!(glue, Glue::Column(_) | Glue::Word) || parted || between || full
    }

    /// How this line goes on with the current record, if it does.
    fn glue(&self, line: &[u8]) -> Option<Glue> {
        let (style, record) = (self.style.as_ref()?, self.current.as_ref()?);
        let words = line.trim_ascii();
        let fits = record.text.len() + line.len() <= RECORD_CAP;
        let text = chomp(&record.text);
        // the terms of Erlang in a value look like a body
        let body = record.kind == Kind::Expressway && is_body(words) && !has_open_quote(text);
        if !fits || words.is_empty() || body || is_foreign(words) {
            return None;
        }
        let spaced = !self.blanks.is_empty();
        let room = style.width.map(|w| w.saturating_sub(record.width));
        if style.hard && !spaced && room.is_some_and(|room| room <= 1) {
            // a blank at the column is often lost
            let parted = text.last().is_some_and(|b| b":,;".contains(b))
                && line.first().is_some_and(u8::is_ascii_alphabetic);
            let lost = (room == Some(1) || parted) && !line.starts_with(b" ");
            return Some(if lost {
                Glue::Blank
            } else {
                Glue::Column(style.indent)
            });
        }
        let dependent = match record.kind {
            Kind::Expressway => expressway::has_pair(words),
            Kind::Cms => begins_inside(words) || (!spaced && goes_on(words)),
        };
        let open = record.is_open();
        let quoted = open && has_open_quote(chomp(&record.text));
        if !dependent && !quoted && (is_list_item(words) || is_sentence(words)) {
            return None;
        }
        let slack = if spaced { 0 } else { SLACK };
        let first = first_word(line);
        let full = !style.hard && room.is_some_and(|room| first + 1 + slack > room);
        if !(dependent || open || full) {
            return None;
        }
        let hyphen = match record.kind {
            Kind::Expressway => ends_at_hyphen(text.trim_ascii_end()),
            Kind::Cms => ends_at_hyphen(text),
        };
        let exact = style.exact && record.kind == Kind::Cms;
        let torn = text.ends_with(b"/")
            || text.ends_with(b"=")
            || begins_inside(words)
            || words.first().is_some_and(|b| b":,;)".contains(b));
        Some(if hyphen && !line.starts_with(b" ") {
            Glue::Word
        } else if spaced && exact {
            Glue::Exact
        } else if spaced && torn && record.kind == Kind::Cms {
            Glue::Word
        } else {
            Glue::Blank
        })
    }
}

#[cfg(test)]
mod tests;
