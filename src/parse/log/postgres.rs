//! PostgreSQL's own log, in every form in which the server writes it.
//!
//! ```text
//! 2026-03-02 11:22:45.754 UTC [2904] repl@[unknown] 192.0.2.10 ERROR:  replication slot "a" does not exist
//! 2026-03-02 11:22:45.754 UTC [2904] repl@[unknown] 192.0.2.10 STATEMENT:  START_REPLICATION SLOT "a" 0/1
//! <TAB>a line that goes on
//! 2026-03-02 11:22:45.754 UTC,"repl",,2904,"192.0.2.10:40000",69a5…,1,"idle",…,LOG,00000,"…",,,
//! {"timestamp":"2026-03-02 11:22:45.754 UTC","pid":2904,"error_severity":"LOG","message":"…"}
//! Mar  2 11:22:45 db1 postgres[2904]: [3-1] LOG:  …
//! ```
//!
//! In the first form what stands before the severity is `log_line_prefix`, which everybody sets as
//! they like: a date and a time have to be in it, all else is recognised by its shape or its label.
//! `DETAIL`, `HINT`, `STATEMENT` and the like belong to the record before them.

mod csv;
mod json;
mod prefix;
mod session;
mod syslog;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::ops::Range;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::{cms_syslog, wanted_lines};
use crate::parse::scan::{line_at, line_start, lines};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, probe_lines};

use prefix::{Word, header};

/// The format.
pub const FORMAT: &str = "postgresql.log";

/// Longest record that is put together, and how many lines it may have.
const RECORD_CAP: usize = 64 * 1024;
const LINES_CAP: usize = 1000;

/// The parser.
pub struct PostgresLog;

/// What a line is by itself.
enum Line {
    Json(RawTime),
    Csv(RawTime),
    /// It begins a record, or goes on one, of a server that writes to syslog.
    Syslog,
    /// It begins a record behind a prefix.
    Start(RawTime),
    /// It adds a part to the record before it.
    Part,
    Other,
}

fn line(line: &[u8]) -> Line {
    if let Some(time) = json::time(line) {
        return Line::Json(time);
    }
    if let Some(time) = csv::time(line) {
        return Line::Csv(time);
    }
    if syslog::header(line).is_some() {
        return Line::Syslog;
    }
    match header(line).map(|header| (header.word, header.time)) {
        Some((Word::Severity(_), time)) => Line::Start(time),
        Some((Word::Part(_), _)) => Line::Part,
        None => Line::Other,
    }
}

/// True for a line that begins a record.
pub(crate) fn is_record(text: &[u8]) -> bool {
    match line(text) {
        Line::Json(_) | Line::Csv(_) | Line::Start(_) => true,
        Line::Syslog => syslog::starts(text),
        Line::Part | Line::Other => false,
    }
}

/// True for a line that goes on no record but one of its own kind.
fn begins(text: &[u8]) -> bool {
    !matches!(line(text), Line::Part | Line::Other)
}

/// A record: the bytes of it, or the lines where others may stand between them.
enum Record {
    Prefixed(Range<usize>),
    Csv(Range<usize>),
    Json(Range<usize>),
    Syslog(Vec<usize>),
}

impl Record {
    fn start(&self) -> usize {
        match self {
            Self::Prefixed(all) | Self::Csv(all) | Self::Json(all) => all.start,
            Self::Syslog(lines) => lines.first().copied().unwrap_or(0),
        }
    }

    fn event<'b>(&self, bytes: &'b [u8]) -> Option<Event<'b>> {
        let text = |all: &Range<usize>| bytes.get(all.clone()).unwrap_or_default();
        match self {
            Self::Prefixed(all) => prefix::event(text(all), None),
            Self::Csv(all) => csv::event(text(all)),
            Self::Json(all) => json::event(text(all)),
            Self::Syslog(lines) => syslog::event(bytes, lines),
        }
    }
}

/// The record that begins at the line at `start`, or for syslog holds it.
fn record_at(bytes: &[u8], start: usize) -> Option<Record> {
    let (text, next) = line_at(bytes, start);
    match line(text) {
        Line::Json(_) => Some(Record::Json(start..next)),
        Line::Csv(_) => Some(Record::Csv(start..csv::end(bytes, start, begins).0)),
        Line::Syslog => syslog::record(bytes, start).map(Record::Syslog),
        Line::Start(_) => Some(Record::Prefixed(start..prefixed_end(bytes, start))),
        Line::Part | Line::Other => None,
    }
}

/// The record that holds the line at `start`.
fn record_of(bytes: &[u8], start: usize) -> Option<Record> {
    record_at(bytes, start).or_else(|| {
        let text = line_at(bytes, start).0;
        let head = prefixed_start(bytes, start)
            .or_else(|| csv::start_before(bytes, start, begins))
            .filter(|_| !begins(text))?;
        record_at(bytes, head)
    })
}

/// The end of the record that begins at `start`: its lines that go on and its parts.
fn prefixed_end(bytes: &[u8], start: usize) -> usize {
    let mut end = line_at(bytes, start).1;
    for _ in 0..LINES_CAP {
        let (text, next) = line_at(bytes, end);
        if end >= bytes.len() || !goes_on(text) || next - start > RECORD_CAP {
            break;
        }
        end = next;
    }
    end
}

/// True for a line that belongs to the record before it.
fn goes_on(text: &[u8]) -> bool {
    match line(text) {
        Line::Part => true,
        Line::Other => text.first() == Some(&b'\t'),
        _ => false,
    }
}

/// The start of the record behind a prefix in which the line at `start` stands.
fn prefixed_start(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for _ in 0..=LINES_CAP {
        let text = line_at(bytes, at).0;
        if matches!(line(text), Line::Start(_)) {
            return (start < prefixed_end(bytes, at)).then_some(at);
        }
        if at == 0 || start - at > RECORD_CAP || !goes_on(text) {
            return None;
        }
        at = line_start(bytes, at - 1);
    }
    None
}

impl LogParser for PostgresLog {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        // beside records of a Meeting Server its own PostgreSQL speaks in syslog
        let foreign = |line: &[u8]| cms_syslog::header(line).is_some();
        let relayed =
            lines(head).all(|(_, line)| syslog::starts(line) || !self.is_record_start(line));
        if relayed && lines(head).any(|(_, line)| foreign(line)) {
            return Probe::NotForUs;
        }
        match probe_lines(self, head) {
            // long statements have more lines than records
            Probe::Unsure => Probe::Certain,
            sure => sure,
        }
    }

    fn is_record_start(&self, text: &[u8]) -> bool {
        is_record(text)
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let text = line_at(after, 0).0;
        if begins(text) {
            return syslog::joined(before, after);
        }
        let last = line_at(before, line_start(before, before.len().saturating_sub(1))).0;
        let prefixed = goes_on(text) && (goes_on(last) || matches!(line(last), Line::Start(_)));
        prefixed
            || csv::start_before(before, before.len(), begins).is_some()
            || syslog::joined(before, after)
    }

    fn head<'l>(&self, text: &'l [u8]) -> Option<RecordHead<'l>> {
        let (time, host) = match line(text) {
            Line::Json(time) => (time, json::host(text)),
            Line::Csv(time) | Line::Start(time) => (time, None),
            Line::Syslog => syslog::header(text).map(|header| (header.time, header.host))?,
            Line::Part | Line::Other => return None,
        };
        let host = host.and_then(|host| std::str::from_utf8(host).ok());
        Some(RecordHead { time, host })
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
        let mut emit = |record: &Record, stats: &mut ParseStats| {
            let line = numbers.line_at(record.start());
            let Some(mut event) = record.event(bytes) else {
                // of a statement whose first part is elsewhere nothing can be said
                if matches!(record, Record::Json(_)) {
                    stats.skipped += 1;
                    stats.first_skipped.get_or_insert(line);
                }
                return;
            };
            event.line = line;
            stats.records += 1;
            out(event);
        };
        let mut grouped = HashSet::new();
        let mut late: Vec<Record> = Vec::new();
        let mut done = 0;
        for start in wanted_lines(bytes, picks).filter(|start| *start < bytes.len()) {
            if start < done || grouped.contains(&start) {
                continue;
            }
            let found = match picks {
                Some(_) => record_of(bytes, start),
                None => record_at(bytes, start),
            };
            let Some(record) = found else { continue };
            match &record {
                Record::Syslog(lines) => grouped.extend(lines.iter().copied()),
                Record::Prefixed(all) | Record::Csv(all) | Record::Json(all) => done = all.end,
            }
            // the head of a picked group may stand before records that were picked earlier
            match picks {
                Some(_) => late.push(record),
                None => emit(&record, &mut stats),
            }
        }
        late.sort_by_key(Record::start);
        for record in &late {
            emit(record, &mut stats);
        }
        stats
    }
}
