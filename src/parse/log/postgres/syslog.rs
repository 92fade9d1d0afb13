//! Records that went through syslog, the journal or a collector of that kind: its stamp, the
//! host, the program with its process number, then what `log_line_prefix` says.
//!
//! ```text
//! Mar  2 11:22:45 db1 postgres[2904]: [3-1] user=,db= LOG:  database system is ready
//! Mar  2 11:22:45 db1 postgres[2904]: [3-2] user=,db= HINT:  …
//! 2026-03-02T11:22:45+00:00 db1 postgres 2904 - - [3-1] user=,db= LOG:  …
//! 2026-03-02T11:22:45+00:00 app[postgres.2904]: [GREEN] [3-1]  sql_error_code = 00000 LOG:  …
//! ```

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::log::cms_syslog::facility_severity;
use crate::parse::log::parts::{self, Part};
use crate::parse::scan::{Cursor, chomp, decimal, line_at, line_start, text};

use super::prefix::{self, Word, header_or};
use super::{LINES_CAP, RECORD_CAP};

/// The beginning of a line, before anything of PostgreSQL.
pub(super) struct Header<'l> {
    pub(super) time: RawTime,
    pub(super) host: Option<&'l [u8]>,
    pid: &'l [u8],
    /// Offset of what the program wrote.
    at: usize,
}

/// The beginning of a line that a PostgreSQL server sent.
pub(super) fn header(line: &[u8]) -> Option<Header<'_>> {
    let line = chomp(line);
    let mut cursor = Cursor::new(line);
    let time = match cursor.peek()? {
        b'0'..=b'9' => cursor.instant()?,
        b'A'..=b'Z' => cursor.bsd_stamp()?,
        _ => return None,
    };
    if cursor.blanks() == 0 {
        return None;
    }
    let mut word = cursor.word();
    let mut host = None;
    if program(word).is_none() {
        let named = facility_severity(word).is_none() && !word.is_empty();
        host = Some(word).filter(|_| named);
        host?;
        cursor.blanks();
        word = cursor.word();
    }
    let pid = match program(word) {
        Some(pid) => pid,
        None => spaced(word, &mut cursor)?,
    };
    cursor.blanks();
    Some(Header {
        time,
        host,
        pid,
        at: cursor.at,
    })
}

/// `postgres 2904 - -`, the program as RFC 5424 has it.
fn spaced<'l>(name: &[u8], cursor: &mut Cursor<'l>) -> Option<&'l [u8]> {
    let mut next = || {
        cursor.blanks();
        cursor.word()
    };
    let (pid, _, data) = (next(), next(), next());
    let ours = name.starts_with(b"postgres") && decimal(pid).is_some() && data == b"-";
    ours.then_some(pid)
}

/// The process number in `postgres[2904]:` or `app[postgres.2904]:`.
fn program(word: &[u8]) -> Option<&[u8]> {
    let word = word.strip_suffix(b"]:")?;
    let open = memchr::memchr(b'[', word)?;
    let (name, inside) = (word.get(..open)?, word.get(open + 1..)?);
    let pid = match inside.strip_prefix(b"postgres.") {
        Some(pid) => pid,
        None => inside.get(..).filter(|_| name.starts_with(b"postgres"))?,
    };
    decimal(pid).is_some().then_some(pid)
}

/// The part `[n-m]` of a statement that a line is.
fn part(line: &[u8]) -> Option<Part<'_>> {
    let line = chomp(line);
    let header = header(line)?;
    let mut at = header.at;
    // a collector may put a word of its own in brackets before the number
    if let Some(rest) = line.get(at..).filter(|rest| rest.starts_with(b"["))
        && rest.get(1).is_some_and(u8::is_ascii_alphabetic)
        && let Some(close) = memchr::memmem::find(rest, b"] [")
    {
        at += close + 2;
    }
    Part::read(line, at, header.host.unwrap_or_default(), header.pid)
}

/// What stands in a line behind the header, the number of the part and blanks.
fn body<'l>(line: &'l [u8], header: &Header<'_>) -> &'l [u8] {
    let at = part(line).map_or(header.at, |part| part.body);
    let mut cursor = Cursor::from(line, at);
    cursor.skip_while(|b| b == b' ');
    cursor.rest()
}

/// The first line of a record; a line without a number only when it has a severity.
pub(super) fn starts(line: &[u8]) -> bool {
    header(line).is_some_and(|header| begins(line, &header))
}

fn begins(line: &[u8], header: &Header<'_>) -> bool {
    match part(line) {
        Some(part) => part.is_first(),
        None => matches!(word(line, header), Some(Word::Severity(_))),
    }
}

fn word(line: &[u8], header: &Header<'_>) -> Option<Word> {
    header_or(body(line, header), Some(RawTime::None)).map(|found| found.word)
}

/// True when a line of the same process goes on the record that holds the line before it.
pub(super) fn goes_on(before: &[u8], line: &[u8]) -> bool {
    let (Some(last), Some(here)) = (header(before), header(line)) else {
        return false;
    };
    let numbered = part(before).is_some() || part(line).is_some();
    (last.host, last.pid) == (here.host, here.pid) && !numbered && !begins(line, &here)
}

/// The lines of the record that holds the line at `start`: parts by their numbers, lines without
/// numbers by standing next to each other.
pub(super) fn record(bytes: &[u8], start: usize) -> Option<Vec<usize>> {
    if part(line_at(bytes, start).0).is_some() {
        return Some(parts::group(bytes, start, part));
    }
    let mut head = start;
    for _ in 0..LINES_CAP {
        let line = line_at(bytes, head).0;
        if starts(line) {
            break;
        }
        let before = head.checked_sub(1).map(|end| line_start(bytes, end))?;
        if !goes_on(line_at(bytes, before).0, line) {
            return None;
        }
        head = before;
    }
    let mut found = vec![head];
    let mut at = head;
    while found.len() <= LINES_CAP {
        let (line, next) = line_at(bytes, at);
        if next >= bytes.len() || next - head > RECORD_CAP || !goes_on(line, line_at(bytes, next).0)
        {
            break;
        }
        found.push(next);
        at = next;
    }
    let held = starts(line_at(bytes, head).0) && found.contains(&start);
    held.then_some(found)
}

/// True when a record that begins in `before` goes on in `after`.
pub(super) fn joined(before: &[u8], after: &[u8]) -> bool {
    let last = line_start(before, before.len().saturating_sub(1));
    goes_on(line_at(before, last).0, line_at(after, 0).0) || parts::joined(before, after, part)
}

/// The event of a record, as if the server had written it to its standard error.
pub(super) fn event(bytes: &[u8], lines: &[usize]) -> Option<Event<'static>> {
    let (mut plain, mut raw) = (Vec::new(), Vec::new());
    for start in lines.iter().take(LINES_CAP) {
        let line = line_at(bytes, *start).0;
        let header = header(line)?;
        let rest = body(line, &header);
        if plain.len() + rest.len() > RECORD_CAP {
            break;
        }
        if !plain.is_empty() {
            plain.push(b'\n');
            raw.push(b'\n');
        }
        plain.extend_from_slice(unfolded(rest).as_bytes());
        raw.extend_from_slice(line);
    }
    let header = header(line_at(bytes, *lines.first()?).0)?;
    let mut event = prefix::event(&plain, Some(header.time))?.into_owned();
    event.text = text(&raw).into_owned().into();
    if event.first("pid").is_none() {
        event.push("pid", text(header.pid).into_owned());
    }
    if let Some(host) = header.host {
        event.push("host", text(host).into_owned());
    }
    Some(event)
}

/// A text as the server wrote it: collectors write a tab as `#011` and a line feed as `#012`.
fn unfolded(rest: &[u8]) -> String {
    let text = text(rest);
    if text.contains('#') {
        text.replace("#011", "\t").replace("#012", "\n")
    } else {
        text.into_owned()
    }
}
