//! `csvlog`: one record of 22 to 26 columns, whichever release wrote it; values in quotes may hold
//! line feeds, and quotes twice.

use std::borrow::Cow;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::JOIN_WINDOW;
use crate::parse::scan::{chomp, line_at, line_start, text};

use super::FORMAT;
use super::prefix::{severity, stamp};
use super::session::Known;

/// Places of columns, from 0; those behind the message are the same in every release that has them.
const USER: usize = 1;
const DATABASE: usize = 2;
const PID: usize = 3;
const CLIENT: usize = 4;
const SEVERITY: usize = 11;
const STATE: usize = 12;
const MESSAGE: usize = 13;
const TEXTS: [(usize, &str); 6] = [
    (14, "detail"),
    (15, "hint"),
    (19, "statement"),
    (18, "context"),
    (16, "query"),
    (21, "location"),
];
const APPLICATION: usize = 22;
/// Columns that are read.
const COLUMNS: usize = 23;

/// The first columns of a record, quotes undone.
fn columns(record: &[u8], wanted: usize) -> Vec<Cow<'_, [u8]>> {
    let mut found = Vec::with_capacity(wanted);
    let mut rest = Some(record);
    while let Some(here) = rest.filter(|_| found.len() < wanted) {
        let (column, next) = column(here);
        found.push(column);
        rest = next;
    }
    found
}

/// A column, and what stands behind the comma that ends it.
fn column(text: &[u8]) -> (Cow<'_, [u8]>, Option<&[u8]>) {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = memchr::memchr(b',', text).unwrap_or(text.len());
        let value = text.get(..end).unwrap_or_default();
        return (Cow::Borrowed(value), text.get(end + 1..));
    };
    let mut from = 0;
    let mut doubled = false;
    let end = loop {
        let rest = quoted.get(from..).unwrap_or_default();
        let Some(at) = memchr::memchr(b'"', rest).map(|at| from + at) else {
            break quoted.len();
        };
        if quoted.get(at + 1) != Some(&b'"') {
            break at;
        }
        doubled = true;
        from = at + 2;
    };
    let value = quoted.get(..end).unwrap_or_default();
    let behind = quoted.get(end..).unwrap_or_default();
    let next = memchr::memchr(b',', behind).and_then(|at| behind.get(at + 1..));
    if !doubled {
        return (Cow::Borrowed(value), next);
    }
    let mut plain = Vec::with_capacity(value.len());
    let mut last = 0;
    for byte in value {
        // of two quotes in a row the second one goes
        let again = *byte == b'"' && last == b'"';
        if !again {
            plain.push(*byte);
        }
        last = if again { 0 } else { *byte };
    }
    (Cow::Owned(plain), next)
}

/// The time of the record that begins with this line; `None` when none does.
pub(super) fn time(line: &[u8]) -> Option<RawTime> {
    if !line
        .first()
        .is_some_and(|b| b.is_ascii_digit() || *b == b'"')
    {
        return None;
    }
    let (first, _) = column(line);
    let (time, end) = stamp(&first)?;
    if first.get(end..).is_none_or(|rest| rest.len() > 8) {
        return None;
    }
    let columns = columns(chomp(line), MESSAGE);
    let state = columns.get(STATE)?;
    let ours = state.len() == 5
        && state.iter().all(u8::is_ascii_alphanumeric)
        && severity(columns.get(SEVERITY)?).is_some();
    ours.then_some(time)
}

/// Quotes in a line are even in number unless a value goes on behind it.
fn is_odd(line: &[u8]) -> bool {
    memchr::memchr_iter(b'"', line).count() % 2 == 1
}

/// The end of the record that begins at `start`. It goes on while a quote is open, no other
/// record begins and the lines do not leave the window in which cuts are judged; tells also
/// whether the quote is still open there.
pub(super) fn end(bytes: &[u8], start: usize, begins: impl Fn(&[u8]) -> bool) -> (usize, bool) {
    let (line, mut end) = line_at(bytes, start);
    let mut open = is_odd(line);
    while open && end < bytes.len() && end - start <= JOIN_WINDOW {
        let (line, next) = line_at(bytes, end);
        if begins(line) {
            return (end, false);
        }
        open ^= is_odd(line);
        end = next;
    }
    (end, open && end - start <= JOIN_WINDOW)
}

/// The start of the record in which the line at `at` goes on.
pub(super) fn start_before(
    bytes: &[u8],
    at: usize,
    begins: impl Fn(&[u8]) -> bool,
) -> Option<usize> {
    let mut start = at;
    while start > 0 {
        start = line_start(bytes, start - 1);
        if at - start > JOIN_WINDOW {
            return None;
        }
        let line = line_at(bytes, start).0;
        if begins(line) {
            let held = bytes.get(..at).unwrap_or_default();
            let goes_on = time(line).is_some() && end(held, start, &begins) == (at, true);
            return goes_on.then_some(start);
        }
    }
    None
}

/// The event of a record.
pub(super) fn event(record: &[u8]) -> Option<Event<'_>> {
    let record = chomp(record);
    let time = time(line_at(record, 0).0)?;
    let columns = columns(record, COLUMNS);
    let of = |place: usize| columns.get(place).map(Cow::as_ref).unwrap_or_default();
    let mut event = Event {
        format: FORMAT,
        time,
        line: 0,
        fields: Vec::with_capacity(10),
        text: text(record),
    };
    event.push("severity", severity(of(SEVERITY))?);
    event.push("message", text(of(MESSAGE)).into_owned());
    for (place, name) in TEXTS {
        if !of(place).is_empty() {
            event.push(name, text(of(place)).into_owned());
        }
    }
    let mut known = Known {
        pid: Some(of(PID)),
        user: Some(of(USER)),
        database: Some(of(DATABASE)),
        application: Some(of(APPLICATION)),
        sqlstate: Some(of(STATE)),
        ..Known::default()
    };
    known.add_connection(of(CLIENT));
    known.add_message(of(MESSAGE));
    for (name, value) in known.said() {
        event.push(name, text(value).into_owned());
    }
    Some(event)
}
