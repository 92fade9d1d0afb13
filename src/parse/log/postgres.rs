//! PostgreSQL's own log, as the server writes it to its standard error.
//!
//! ```text
//! 2026-03-02 11:22:45.754 UTC [2904] repl@[unknown] 192.0.2.10 ERROR:  replication slot "a" does not exist
//! 2026-03-02 11:22:45.754 UTC [2904] repl@[unknown] 192.0.2.10 STATEMENT:  START_REPLICATION SLOT "a" 0/1
//! <TAB>a line that goes on
//! ```
//!
//! What stands before the severity is `log_line_prefix`, which everybody sets as they like: a date
//! and a time have to be in it, all else is recognised by its shape or its label. `DETAIL`,
//! `HINT`, `STATEMENT` and the like belong to the record before them.

use std::net::IpAddr;

use crate::model::event::Event;
use crate::model::time::{RawTime, SECOND};
use crate::parse::chunk::Chunk;
use crate::parse::log::wanted_lines;
use crate::parse::scan::{Cursor, chomp, line_at, line_start, text};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, probe_lines};

/// The format.
pub const FORMAT: &str = "postgresql.log";

/// How far into a line the stamp may begin, and how long a prefix may be.
const STAMP_REACH: usize = 48;
const PREFIX_CAP: usize = 512;
/// Longest record that is put together, and how many lines it may have.
const RECORD_CAP: usize = 64 * 1024;
const LINES_CAP: usize = 1000;

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

/// The parser.
pub struct PostgresLog;

/// What a word before a message says about it.
#[derive(Clone, Copy)]
enum Word {
    /// It begins a record, of this severity.
    Severity(&'static str),
    /// It adds this field to the record before it.
    Part(&'static str),
}

/// The beginning of a line.
struct Header<'l> {
    time: RawTime,
    word: Word,
    /// What stands between the time and the word.
    prefix: &'l [u8],
    /// Offset of the message.
    message: usize,
}

/// The stamp of a line: its time, and the offset behind it and its zone.
fn stamp(line: &[u8]) -> Option<(RawTime, usize)> {
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

fn header(line: &[u8]) -> Option<Header<'_>> {
    let line = chomp(line);
    if line.first().is_none_or(u8::is_ascii_whitespace) {
        return None;
    }
    let (time, from) = stamp(line)?;
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

/// The first number in brackets: `[123]`, `[123-4]`.
fn bracketed(prefix: &[u8]) -> Option<&[u8]> {
    memchr::memchr_iter(b'[', prefix).find_map(|open| {
        let inside = prefix.get(open + 1..)?;
        let digits = inside.iter().take_while(|b| b.is_ascii_digit()).count();
        let closed = matches!(inside.get(digits), Some(b']' | b'-'));
        inside.get(..digits).filter(|_| digits > 0 && closed)
    })
}

/// The end of the record that begins at `start`: its lines that go on and its parts.
fn record_end(bytes: &[u8], start: usize) -> usize {
    let mut end = line_at(bytes, start).1;
    for _ in 0..LINES_CAP {
        let (line, next) = line_at(bytes, end);
        if end >= bytes.len() || !goes_on(line) || next - start > RECORD_CAP {
            break;
        }
        end = next;
    }
    end
}

/// True for a line that belongs to the record before it.
fn goes_on(line: &[u8]) -> bool {
    line.first() == Some(&b'\t')
        || header(line).is_some_and(|header| matches!(header.word, Word::Part(_)))
}

/// The start of the record in which the line at `start` stands.
fn record_start(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for _ in 0..=LINES_CAP {
        let line = line_at(bytes, at).0;
        if starts_record(line) {
            return Some(at);
        }
        if at == 0 || start - at > RECORD_CAP || !goes_on(line) {
            return None;
        }
        at = line_start(bytes, at - 1);
    }
    None
}

fn starts_record(line: &[u8]) -> bool {
    header(line).is_some_and(|header| matches!(header.word, Word::Severity(_)))
}

fn event(record: &[u8]) -> Option<Event<'_>> {
    let header = header(line_at(record, 0).0)?;
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
    known.push(&mut event);
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
        if let Some(header) = header(line)
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

/// What prefix and message say of the session.
#[derive(Default)]
struct Known<'l> {
    pid: Option<&'l [u8]>,
    user: Option<&'l [u8]>,
    database: Option<&'l [u8]>,
    application: Option<&'l [u8]>,
    client: Option<&'l [u8]>,
    client_port: Option<&'l [u8]>,
    sqlstate: Option<&'l [u8]>,
}

impl<'l> Known<'l> {
    fn read(&mut self, prefix: &'l [u8]) {
        self.pid = bracketed(prefix);
        let parts = |b: &u8| matches!(b, b' ' | b',' | b';' | b'<' | b'>' | b'|');
        for token in prefix.split(parts).filter(|token| !token.is_empty()) {
            match memchr::memchr(b'=', token) {
                Some(at) => {
                    let value = token.get(at + 1..).unwrap_or_default();
                    self.labelled(token.get(..at).unwrap_or_default(), value);
                }
                None => self.bare(token),
            }
        }
    }

    fn labelled(&mut self, label: &[u8], value: &'l [u8]) {
        let value = value.strip_suffix(b":").unwrap_or(value);
        let slot = match label {
            b"user" | b"u" => &mut self.user,
            b"db" | b"database" | b"d" => &mut self.database,
            b"app" | b"application" | b"a" => &mut self.application,
            b"pid" | b"p" => &mut self.pid,
            b"sqlstate" | b"state" | b"error" | b"err" | b"e" => &mut self.sqlstate,
            b"client" | b"host" | b"remote" | b"hostname" | b"ip" | b"h" | b"r" => {
                return self.from(value);
            }
            _ => return,
        };
        *slot = Some(value);
    }

    /// A token without a label: `user@database`, an address, a state, or several joined by
    /// colons.
    fn bare(&mut self, token: &'l [u8]) {
        if self.is_client(token) {
            return self.from(token);
        }
        if is_sqlstate(token) {
            self.sqlstate = Some(token);
        }
        let Some(at) = memchr::memchr(b'@', token) else {
            let mut parts = token.split(|b| *b == b':');
            if let Some(client) = parts.find(|part| self.is_client(part)) {
                self.from(client);
            }
            return;
        };
        let (before, behind) = token.split_at(at);
        let behind = behind.get(1..).unwrap_or_default();
        let end = memchr::memchr(b':', behind).unwrap_or(behind.len());
        self.database = behind.get(..end);
        let begin = memchr::memrchr(b':', before).map_or(0, |at| at + 1);
        self.user = before.get(begin..);
        let left = before.get(..begin.saturating_sub(1)).unwrap_or_default();
        if let Some(client) = left.split(|b| *b == b':').find(|part| self.is_client(part)) {
            self.from(client);
        }
    }

    fn is_client(&self, token: &[u8]) -> bool {
        self.client.is_none() && address(split_port(token).0)
    }

    /// A client as `%h` or `%r` give it: `192.0.2.10`, `192.0.2.10(40000)`.
    fn from(&mut self, value: &'l [u8]) {
        let (host, port) = split_port(value);
        (self.client, self.client_port) = (Some(host), port);
    }

    /// Some messages say from where a session comes.
    fn add_message(&mut self, message: &'l [u8]) {
        const ACCESS: &[&[u8]] = &[
            b"no pg_hba.conf entry for ",
            b"pg_hba.conf rejects ",
            b"connection received: ",
            b"disconnection: ",
        ];
        if !ACCESS.iter().any(|start| message.starts_with(start)) {
            return;
        }
        let value = |name: &[u8], end: u8| {
            let from = memchr::memmem::find(message, name)? + name.len();
            let rest = message.get(from..)?;
            let len = memchr::memchr2(end, b'\n', rest).unwrap_or(rest.len());
            rest.get(..len)
        };
        let host = value(b"host \"", b'"').or_else(|| value(b"host=", b' '));
        self.client = self.client.or(host);
        self.client_port = self.client_port.or_else(|| value(b" port=", b' '));
    }

    fn push(self, event: &mut Event<'l>) {
        let fields = [
            ("pid", self.pid),
            ("user", self.user),
            ("database", self.database),
            ("application", self.application),
            ("client", self.client),
            ("client_port", self.client_port),
            ("sqlstate", self.sqlstate.filter(|state| state.len() == 5)),
        ];
        // a session that has not said it yet, and one on this host
        let said =
            |value: &&[u8]| !value.is_empty() && !matches!(*value, b"[unknown]" | b"[local]");
        for (name, value) in fields {
            if let Some(value) = value.map(<[u8]>::trim_ascii).filter(said) {
                event.push(name, text(value));
            }
        }
    }
}

fn address(token: &[u8]) -> bool {
    let word = std::str::from_utf8(token);
    word.is_ok_and(|word| word.parse::<IpAddr>().is_ok())
}

/// `host(port)` in its parts.
fn split_port(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let inside = value.strip_suffix(b")");
    let parts = inside.and_then(|inside| {
        let at = memchr::memchr(b'(', inside)?;
        Some((inside.get(..at)?, inside.get(at + 1..)?))
    });
    match parts {
        Some((host, port)) if port.iter().all(u8::is_ascii_digit) => (host, Some(port)),
        _ => (value, None),
    }
}

/// A state is told from a process number by a capital among its five characters, or by a class
/// that no number begins with.
fn is_sqlstate(token: &[u8]) -> bool {
    token.len() == 5
        && token
            .iter()
            .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && token.iter().any(u8::is_ascii_digit)
        && (token.iter().any(u8::is_ascii_uppercase) || token.first() == Some(&b'0'))
}

impl LogParser for PostgresLog {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        match probe_lines(self, head) {
            // long statements have more lines than records
            Probe::Unsure => Probe::Certain,
            sure => sure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        starts_record(line)
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let last = line_start(before, before.len().saturating_sub(1));
        goes_on(line_at(after, 0).0) && {
            let line = line_at(before, last).0;
            starts_record(line) || goes_on(line)
        }
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let header = header(line)?;
        matches!(header.word, Word::Severity(_)).then_some(RecordHead {
            time: header.time,
            host: None,
        })
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
        let mut done = 0;
        for line in wanted_lines(bytes, picks).filter(|line| picks.is_none() || *line < bytes.len())
        {
            if line < done {
                continue;
            }
            let start = match picks {
                Some(_) => record_start(bytes, line),
                None => starts_record(line_at(bytes, line).0).then_some(line),
            };
            let Some(start) = start else { continue };
            let end = record_end(bytes, start);
            if line >= end {
                continue;
            }
            let Some(mut event) = event(bytes.get(start..end).unwrap_or_default()) else {
                continue;
            };
            event.line = numbers.line_at(start);
            stats.records += 1;
            done = end;
            out(event);
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    /// Every field of the only record, as `name=value`.
    fn fields(text: &str) -> Vec<String> {
        let mut events = read(&PostgresLog, text);
        assert_eq!(events.len(), 1, "{text}");
        let named = events.remove(0).fields.into_iter();
        named
            .map(|field| format!("{}={}", field.name, field.value))
            .collect()
    }

    fn time(line: &str) -> RawTime {
        read(&PostgresLog, line)[0].time
    }

    #[test]
    fn prefixes_of_every_shape_are_read() {
        for (line, wanted) in [
            ("2026-03-02 11:22:45.754 UTC [2904] LOG:  x", "pid=2904"),
            (
                "2026-03-02 11:22:45.754 UTC [2904] app@cluster 192.0.2.10 LOG:  x",
                "pid=2904 user=app database=cluster client=192.0.2.10",
            ),
            (
                "2026-03-02 11:22:45 CET [2904]: [7-1] user=app,db=cluster,app=psql,client=192.0.2.10 LOG:  x",
                "pid=2904 user=app database=cluster application=psql client=192.0.2.10",
            ),
            (
                "2026-03-02 11:22:45 UTC:192.0.2.10(40000):app@cluster:[2904]:LOG:  x",
                "pid=2904 user=app database=cluster client=192.0.2.10 client_port=40000",
            ),
            (
                "< 2026-03-02 11:22:45.754 UTC 2001:db8::10(40000) app@cluster >LOG:  x",
                "user=app database=cluster client=2001:db8::10 client_port=40000",
            ),
            (
                "2026-03-02 11:22:45.754 UTC [2904] 57P03 [unknown]@[unknown] [local] LOG:  x",
                "pid=2904 sqlstate=57P03",
            ),
            (
                "2026-03-02 11:22:45.754 UTC [28000] sqlstate=28000 LOG:  x",
                "pid=28000 sqlstate=28000",
            ),
            ("[2904] 2026-03-02 11:22:45 UTC LOG:  x", ""),
            (
                "2026-03-02 11:22:45 UTC [2904]: [1-1] user=,db=,app=,client= LOG:  x",
                "pid=2904",
            ),
        ] {
            let mut found = fields(line);
            assert_eq!(
                found.drain(..2).collect::<Vec<_>>(),
                ["severity=LOG", "message=x"]
            );
            assert_eq!(found.join(" "), wanted, "{line}");
        }
    }

    #[test]
    fn what_belongs_to_a_record_is_joined_to_it() {
        let text = "2026-03-02 11:22:45.754 UTC [9] ERROR:  first\n\tsecond\n\
                    2026-03-02 11:22:45.754 UTC [9] DETAIL:  why\n\
                    2026-03-02 11:22:45.754 UTC [9] HINT:  try\n\
                    2026-03-02 11:22:45.754 UTC [9] STATEMENT:  SELECT 1,\n\t2\n";
        assert_eq!(
            fields(text),
            [
                "severity=ERROR",
                "message=first\n\tsecond",
                "detail=why",
                "hint=try",
                "statement=SELECT 1,\n\t2",
                "pid=9",
            ]
        );
    }

    #[test]
    fn messages_name_the_client() {
        assert_eq!(
            fields(
                "2026-03-02 11:22:45 UTC [9] LOG:  connection received: host=192.0.2.10 port=40000"
            )[2..],
            ["pid=9", "client=192.0.2.10", "client_port=40000"]
        );
        assert_eq!(
            fields(
                "2026-03-02 11:22:45 UTC [9] FATAL:  no pg_hba.conf entry for host \"192.0.2.10\", user \"a\""
            )[2..],
            ["pid=9", "client=192.0.2.10"]
        );
        // what a statement quotes says nothing of its session
        assert_eq!(
            fields("2026-03-02 11:22:45 UTC [9] LOG:  statement: SELECT 'host=192.0.2.10'")[2..],
            ["pid=9"]
        );
    }

    #[test]
    fn severities_are_one_word_in_every_language() {
        for (word, wanted) in [
            ("FATAL", "FATAL"),
            ("치명적오류", "FATAL"),
            ("오류", "ERROR"),
            ("ERRO", "ERROR"),
            ("PÂNICO", "PANIC"),
            ("DEBUG3", "DEBUG"),
        ] {
            let line = format!("2026-03-02 11:22:45 UTC [9] {word}:  x");
            assert_eq!(fields(&line)[0], format!("severity={wanted}"));
        }
    }

    #[test]
    fn zones_are_read_and_ambiguous_ones_are_left_open() {
        let utc = 1_772_450_565_000_000;
        let hour = 3600 * SECOND;
        for (zone, wanted) in [
            ("UTC", RawTime::Instant(utc)),
            ("CET", RawTime::Instant(utc - hour)),
            ("-03", RawTime::Instant(utc + 3 * hour)),
            ("+05:30", RawTime::Instant(utc - 5 * hour - hour / 2)),
            ("CST", RawTime::Local(utc)),
            ("", RawTime::Local(utc)),
        ] {
            assert_eq!(
                time(&format!("2026-03-02 11:22:45 {zone} [9] LOG:  x")),
                wanted,
                "{zone}"
            );
        }
        assert_eq!(time("2026-03-02 11:22:45 LOG:  x"), RawTime::Local(utc));
    }

    #[test]
    fn texts_of_others_are_not_ours() {
        for line in [
            "LOG:  x",
            "ERROR:  relation \"a\" does not exist",
            "2026-03-02 11:22:45 ERROR: a program of somebody else",
            "2026-03-02 11:22:45 UTC [9] CATALOG:  x",
            "2026-03-02 11:22:45 UTC [9] STATEMENT:  of a record that is not here",
            "\t2026-03-02 11:22:45 UTC [9] LOG:  x",
            "2026-13-02 11:22:45 UTC [9] LOG:  x",
            "2026-03-02 11:22:45 UTC [9] LOG",
            "",
        ] {
            assert!(read(&PostgresLog, line).is_empty(), "{line}");
            assert_eq!(
                PostgresLog.probe(line.as_bytes()),
                Probe::NotForUs,
                "{line}"
            );
        }
    }
}
