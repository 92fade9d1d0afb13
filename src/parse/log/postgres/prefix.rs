//! Records whose lines begin with `log_line_prefix`: a date and a time among whatever everybody
//! likes, then the severity, two blanks and the message.

use crate::model::event::Event;
use crate::model::time::{RawTime, SECOND};
use crate::parse::scan::{Cursor, chomp, line_at, text};

use super::FORMAT;
use super::session::{Known, bracketed};

/// How far into a line the stamp may begin, and how long a prefix may be.
const STAMP_REACH: usize = 48;
const PREFIX_CAP: usize = 512;

/// Words before a message, as servers in English, Korean and Portuguese write them (its own
/// catalogs of messages), and what they mean.
const WORDS: &[(&str, Word)] = &[
    ("LOG", Word::Severity("LOG")),
    ("ERROR", Word::Severity("ERROR")),
    ("FATAL", Word::Severity("FATAL")),
    ("PANIC", Word::Severity("PANIC")),
    ("WARNING", Word::Severity("WARNING")),
    ("NOTICE", Word::Severity("NOTICE")),
    ("INFO", Word::Severity("INFO")),
    ("DEBUG", Word::Severity("DEBUG")),
    ("DEBUG1", Word::Severity("DEBUG")),
    ("DEBUG2", Word::Severity("DEBUG")),
    ("DEBUG3", Word::Severity("DEBUG")),
    ("DEBUG4", Word::Severity("DEBUG")),
    ("DEBUG5", Word::Severity("DEBUG")),
    ("DETAIL", Word::Part("detail")),
    ("HINT", Word::Part("hint")),
    ("STATEMENT", Word::Part("statement")),
    ("CONTEXT", Word::Part("context")),
    ("QUERY", Word::Part("query")),
    ("LOCATION", Word::Part("location")),
    ("로그", Word::Severity("LOG")),
    ("오류", Word::Severity("ERROR")),
    ("치명적오류", Word::Severity("FATAL")),
    ("손상", Word::Severity("PANIC")),
    ("경고", Word::Severity("WARNING")),
    ("알림", Word::Severity("NOTICE")),
    ("정보", Word::Severity("INFO")),
    ("상세정보", Word::Part("detail")),
    ("힌트", Word::Part("hint")),
    ("명령 구문", Word::Part("statement")),
    ("내용", Word::Part("context")),
    ("쿼리", Word::Part("query")),
    ("위치", Word::Part("location")),
    ("ERRO", Word::Severity("ERROR")),
    ("PÂNICO", Word::Severity("PANIC")),
    ("AVISO", Word::Severity("WARNING")),
    ("NOTA", Word::Severity("NOTICE")),
    ("DETALHE", Word::Part("detail")),
    ("DICA", Word::Part("hint")),
    ("COMANDO", Word::Part("statement")),
    ("CONTEXTO", Word::Part("context")),
    ("CONSULTA", Word::Part("query")),
    ("LOCAL", Word::Part("location")),
];

/// Zones by abbreviations that PostgreSQL takes for one offset, in hours; an ambiguous one leaves
/// the time local.
const ZONES: &[(&str, i64)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("KST", 9),
    ("JST", 9),
    ("HKT", 8),
    ("AEST", 10),
    ("AEDT", 11),
    ("EDT", -4),
    ("MDT", -6),
    ("PDT", -7),
];

/// What a word before a message says about it.
#[derive(Clone, Copy)]
pub(super) enum Word {
    /// It begins a record, of this severity.
    Severity(&'static str),
    /// It adds this field to the record before it.
    Part(&'static str),
}

/// The beginning of a line.
pub(super) struct Header<'l> {
    pub(super) time: RawTime,
    pub(super) word: Word,
    /// What stands between the time and the word.
    prefix: &'l [u8],
    /// Offset of the message.
    message: usize,
}

/// The severity that a word means, in whatever language.
pub(super) fn severity(word: &[u8]) -> Option<&'static str> {
    WORDS.iter().find_map(|(name, meaning)| match meaning {
        Word::Severity(severity) if name.as_bytes() == word => Some(*severity),
        _ => None,
    })
}

/// The stamp of a line: its time, and the offset behind it and its zone.
pub(super) fn stamp(line: &[u8]) -> Option<(RawTime, usize)> {
    if let Some(found) = epoch(line) {
        return Some(found);
    }
    let digits = |at: &usize| {
        let here = line.get(*at).is_some_and(u8::is_ascii_digit);
        let before = at.checked_sub(1).and_then(|at| line.get(at));
        here && !before.is_some_and(u8::is_ascii_alphanumeric)
    };
    for at in (0..STAMP_REACH.min(line.len())).filter(digits) {
        let mut cursor = Cursor::from(line, at);
        if let Some(local) = cursor.date_time(b" ", b".") {
            let time = match zone(&mut cursor) {
                Some(ahead) => RawTime::Instant(local.saturating_sub(ahead * SECOND)),
                None => RawTime::Local(local),
            };
            return Some((time, cursor.at));
        }
    }
    None
}

/// `1772450565.754`, the time as `%n` writes it at the beginning of a line.
fn epoch(line: &[u8]) -> Option<(RawTime, usize)> {
    let mut cursor = Cursor::new(line);
    let seconds = cursor.number(10, 10)?;
    let millis = cursor.eat(b'.').then(|| cursor.number(3, 3)).flatten()?;
    let micros = i64::from(seconds) * SECOND + i64::from(millis) * 1000;
    (cursor.peek() == Some(b' ')).then_some((RawTime::Instant(micros), cursor.at))
}

/// Reads a zone and tells how many seconds it is ahead of UTC, where that is known.
fn zone(cursor: &mut Cursor<'_>) -> Option<i64> {
    let mut ahead = *cursor;
    ahead.blanks();
    let sign = match ahead.peek()? {
        b'+' => 1,
        b'-' => -1,
        _ => {
            let start = ahead.rest();
            let len = ahead.skip_while(|b| b.is_ascii_alphabetic());
            let word = start.get(..len)?;
            let known = ZONES.iter().find(|(name, _)| name.as_bytes() == word);
            // a zone is a word of capitals; a severity is told from it by its colon
            let zone_like = (3..=5).contains(&len) && word.iter().all(u8::is_ascii_uppercase);
            if known.is_some() || (zone_like && ahead.peek() != Some(b':')) {
                *cursor = ahead;
            }
            return known.map(|(_, hours)| hours * 3600);
        }
    };
    ahead.at += 1;
    let (hours, minutes) = match ahead.number(4, 4) {
        Some(both) => (both / 100, both % 100),
        None => {
            let hours = ahead.number(2, 2)?;
            let minutes = ahead.eat(b':').then(|| ahead.number(2, 2)).flatten();
            (hours, minutes.unwrap_or(0))
        }
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    *cursor = ahead;
    Some(sign * i64::from(hours * 3600 + minutes * 60))
}

/// The word that ends at the end of a text, nothing of a longer one.
fn word_at_end(before: &[u8]) -> Option<(usize, Word)> {
    WORDS.iter().find_map(|(name, word)| {
        let rest = before.strip_suffix(name.as_bytes())?;
        let parted = rest
            .last()
            .is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric() && *b != b'_');
        parted.then_some((rest.len(), *word))
    })
}

/// The beginning of a line that has its own time.
pub(super) fn header(line: &[u8]) -> Option<Header<'_>> {
    header_or(line, None)
}

/// The beginning of a line; the time may stand elsewhere where there is one to take instead.
pub(super) fn header_or(line: &[u8], elsewhere: Option<RawTime>) -> Option<Header<'_>> {
    let line = chomp(line);
    if line.first().is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let (time, from) = stamp(line).or(elsewhere.map(|time| (time, 0)))?;
    let window = line.get(from..line.len().min(from + PREFIX_CAP))?;
    memchr::memchr_iter(b':', window).find_map(|colon| {
        let blanks = window.get(colon + 1..)?;
        let blanks = blanks.iter().take_while(|b| **b == b' ').count();
        let (prefix, word) = word_at_end(window.get(..colon)?)?;
        let prefix = window.get(..prefix)?;
        // the server writes two blanks; where a copy lost one, its process number tells it
        let ours = blanks >= 2 || (blanks == 1 && bracketed(prefix).is_some());
        ours.then_some(Header {
            time,
            word,
            prefix,
            message: from + colon + 1 + blanks,
        })
    })
}

/// The event of a record, its lines joined by line feeds.
pub(super) fn event(record: &[u8], elsewhere: Option<RawTime>) -> Option<Event<'_>> {
    let header = header_or(line_at(record, 0).0, elsewhere)?;
    let Word::Severity(severity) = header.word else {
        return None;
    };
    let mut event = Event {
        format: FORMAT,
        time: header.time,
        line: 0,
        fields: Vec::with_capacity(8),
        text: text(chomp(record)),
    };
    event.push("severity", severity);
    let message = push_parts(&mut event, record, header.message);
    let mut known = Known::default();
    known.read(header.prefix);
    known.add_message(message);
    for (name, value) in known.said() {
        event.push(name, text(value));
    }
    Some(event)
}

/// Adds message and parts, each with the lines on which it goes on; gives the message.
fn push_parts<'r>(event: &mut Event<'r>, record: &'r [u8], message: usize) -> &'r [u8] {
    let (mut name, mut from, mut at) = ("message", message, line_at(record, 0).1);
    let mut first: &[u8] = &[];
    let mut add = |name: &'static str, value: &'r [u8]| {
        if name == "message" {
            first = value;
        }
        event.push(name, text(value));
    };
    while at < record.len() {
        let (line, next) = line_at(record, at);
        if let Some(header) = header_or(line, Some(RawTime::None))
            && let Word::Part(part) = header.word
        {
            add(name, chomp(record.get(from..at).unwrap_or_default()));
            (name, from) = (part, at + header.message);
        }
        at = next;
    }
    add(name, chomp(record.get(from..).unwrap_or_default()));
    first
}
