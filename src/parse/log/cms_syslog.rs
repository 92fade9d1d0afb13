//! Meeting Server syslog: BSD stamp without a year, `facility.severity`, host, program.
//!
//! ```text
//! Mar 31 10:16:59 user.info acanosrv02 sfpool:  Health check 10.48.54.119: error (up = 1): …
//! Mar 30 12:39:04 local0.warning ClusterCore1 postgres[20882]:  [2-7] #011SQL statement "…"
//! ```
//!
//! PostgreSQL writes a statement in several records numbered `[n-m]`; the parts of one
//! statement are one event. Lines of other processes may stand between them.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::parts::{self, Part};
use crate::parse::log::wanted_lines;
use crate::parse::scan::{Cursor, chomp, decimal, lead, line_at, text};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, probe_lines};

/// Id of the parser and of its records.
pub const FORMAT: &str = "cms.syslog";

/// Parts of a statement that are kept.
const MAX_PARTS: usize = 256;
/// Bytes of a statement that are kept.
const MAX_STATEMENT: usize = 64 * 1024;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "security", "console", "mark", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];
const SEVERITIES: [&str; 12] = [
    "emerg", "panic", "alert", "crit", "err", "error", "warning", "warn", "notice", "info",
    "debug", "none",
];

/// Programs that only this product has.
const OWN_PROGRAMS: [&[u8]; 3] = [b"sfpool", b"schema_builder", b"dbcluster_watcher"];

/// The parser.
pub struct CmsSyslog;

/// The parts before the message.
pub(crate) struct Header<'l> {
    pub(crate) time: RawTime,
    facility: &'l [u8],
    severity: &'l [u8],
    host: &'l [u8],
    pub(crate) program: Option<&'l [u8]>,
    /// Facility and severity stand in what a collector put before the record.
    pub(crate) relayed: bool,
    pid: Option<&'l [u8]>,
    /// Offset of the message in the line.
    pub(crate) message: usize,
}

/// Reads the header of a record; `None` when the line does not begin one.
pub(crate) fn header(line: &[u8]) -> Option<Header<'_>> {
    let line = chomp(line);
    let mut cursor = Cursor::from(line, lead(line));
    let mut priority = None;
    let mut time = RawTime::None;
    let mut relayed = false;
    match cursor.peek()? {
        // a collector's own stamp, priority and host stand before the node's line
        b'0'..=b'9' => {
            cursor.date_time(b" ", b".,")?;
            separated(&mut cursor)?;
            priority = Some(facility_severity(cursor.word())?);
            separated(&mut cursor)?;
            host(cursor.word())?;
            separated(&mut cursor)?;
            time = cursor.bsd_stamp()?;
            separated(&mut cursor)?;
            // what the node wrote itself counts
            let mut ahead = cursor;
            if facility_severity(ahead.word()).is_some() {
                priority = None;
            }
            relayed = priority.is_some();
        }
        b'A'..=b'Z' => {
            time = cursor.bsd_stamp()?;
            separated(&mut cursor)?;
        }
        b'a'..=b'z' => {}
        _ => return None,
    }
    let mut ahead = cursor;
    let (facility, severity) = match priority.or_else(|| facility_severity(ahead.word())) {
        Some(pair) => {
            if priority.is_none() {
                separated(&mut ahead)?;
                cursor = ahead;
            }
            pair
        }
        // sent to a collector, the two travel as a number
        None if time != RawTime::None => (b"".as_slice(), b"".as_slice()),
        None => return None,
    };
    let host = host(cursor.word())?;
    let (program, pid, message) = program(line, cursor.at);
    if facility.is_empty() && !program.is_some_and(|name| OWN_PROGRAMS.contains(&name)) {
        return None;
    }
    if time == RawTime::None && program.is_none() {
        return None;
    }
    Some(Header {
        time,
        facility,
        severity,
        host,
        program,
        relayed,
        pid,
        message,
    })
}

fn separated(cursor: &mut Cursor<'_>) -> Option<()> {
    (cursor.blanks() > 0).then_some(())
}

/// Facility and severity in `local0.warning`.
pub(crate) fn facility_severity(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = memchr::memchr(b'.', word)?;
    let (facility, severity) = (word.get(..dot)?, word.get(dot + 1..)?);
    let known =
        |list: &[&str], word: &[u8]| list.iter().any(|w| w.as_bytes().eq_ignore_ascii_case(word));
    (known(&FACILITIES, facility) && known(&SEVERITIES, severity)).then_some((facility, severity))
}

fn host(word: &[u8]) -> Option<&[u8]> {
    let plain =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':') || *b >= 0x80;
    let fits = !word.is_empty() && word.iter().all(plain) && word.last() != Some(&b':');
    fits.then_some(word)
}

/// Program, pid and the offset of the message, from the blank behind the host on.
fn program(line: &[u8], at: usize) -> (Option<&[u8]>, Option<&[u8]>, usize) {
    let mut cursor = Cursor::from(line, at);
    cursor.blanks();
    let plain = cursor.at;
    let mut first = cursor.word();
    if is_container(first) {
        // 3.x writes the id of the container before the program
        let mut ahead = cursor;
        ahead.blanks();
        let second = ahead.word();
        if second.ends_with(b":") {
            (cursor, first) = (ahead, second);
        }
    }
    if let Some(name) = first.strip_suffix(b":").filter(|name| !name.is_empty()) {
        let (name, pid) = split_pid(name);
        cursor.blanks();
        return (Some(name), pid, cursor.at);
    }
    // `postgres [20882]:`
    cursor.blanks();
    let pid = cursor
        .word()
        .strip_suffix(b"]:")
        .and_then(|word| word.strip_prefix(b"["));
    if let Some(pid) = pid.filter(|pid| decimal(pid).is_some() && !first.is_empty()) {
        cursor.blanks();
        return (Some(first), Some(pid), cursor.at);
    }
    (None, None, plain)
}

fn is_container(word: &[u8]) -> bool {
    word.len() >= 12 && word.iter().all(u8::is_ascii_hexdigit)
}

fn split_pid(name: &[u8]) -> (&[u8], Option<&[u8]>) {
    let inner = name.strip_suffix(b"]").and_then(|name| {
        let open = memchr::memrchr(b'[', name)?;
        Some((name.get(..open)?, name.get(open + 1..)?))
    });
    match inner {
        Some((name, pid)) if decimal(pid).is_some() && !name.is_empty() => (name, Some(pid)),
        _ => (name, None),
    }
}

/// The part `[n-m]` of a PostgreSQL statement that a line is.
fn part(line: &[u8]) -> Option<Part<'_>> {
    part_of(&header(line)?, chomp(line))
}

fn part_of<'l>(header: &Header<'l>, line: &'l [u8]) -> Option<Part<'l>> {
    let pid = header.pid.filter(|_| header.program == Some(b"postgres"))?;
    Part::read(line, header.message, header.host, pid)
}

/// A message as the program wrote it: `#011` is a tab, `#012` a line feed, and `|` stands for
/// the line feeds inside a message of libpq.
fn unfold(message: &[u8]) -> Cow<'_, str> {
    let mut message = message.trim_ascii_end();
    if let Some(rest) = message.strip_suffix(b"|") {
        message = rest.trim_ascii_end();
    }
    if memchr::memchr(b'#', message).is_none() {
        return text(message);
    }
    let folded = text(message);
    Cow::Owned(
        folded
            .replace("|#011", "\n\t")
            .replace("#011", "\t")
            .replace("#012", "\n"),
    )
}

fn skeleton<'c>(header: &Header<'c>, line: u64) -> Event<'c> {
    let mut event = Event {
        format: FORMAT,
        time: header.time,
        line,
        fields: Vec::with_capacity(7),
        text: Cow::Borrowed(""),
    };
    if !header.facility.is_empty() {
        event.push("facility", text(header.facility));
        event.push("severity", text(header.severity));
    }
    event.push("host", text(header.host));
    if let Some(program) = header.program {
        event.push("program", text(program));
    }
    if let Some(pid) = header.pid {
        event.push("pid", text(pid));
    }
    event
}

fn single(line: &[u8], number: u64) -> Option<Event<'_>> {
    let header = header(line)?;
    let mut event = skeleton(&header, number);
    event.push("message", unfold(line.get(header.message..)?));
    event.text = text(line);
    Some(event)
}

fn statement<'c>(bytes: &'c [u8], starts: &[usize], number: u64) -> Option<Event<'c>> {
    let (first, _) = line_at(bytes, *starts.first()?);
    let mut event = skeleton(&header(first)?, number);
    let mut message = Cow::Borrowed("");
    for (nth, start) in starts.iter().take(MAX_PARTS).enumerate() {
        let (line, _) = line_at(bytes, *start);
        let part = part(line)?;
        let body = unfold(line.get(part.body..)?);
        if nth == 0 {
            event.push("part", text(part.label));
            event.text = text(line);
            message = body;
            continue;
        }
        if message.len() + body.len() > MAX_STATEMENT {
            break;
        }
        event.text.to_mut().push('\n');
        event.text.to_mut().push_str(&text(line));
        message.to_mut().push('\n');
        message.to_mut().push_str(&body);
    }
    event.push("message", message);
    Some(event)
}

impl LogParser for CmsSyslog {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        probe_lines(self, head)
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        header(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        parts::joined(before, after, part)
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let header = header(line)?;
        Some(RecordHead {
            time: header.time,
            host: std::str::from_utf8(header.host).ok(),
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
        let mut grouped = HashSet::new();
        // where a record begins, and the parts of a statement
        let mut records: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut emit = |first: usize, parts: &[usize], stats: &mut ParseStats| {
            let number = numbers.line_at(first);
            let event = match parts {
                [] => single(line_at(bytes, first).0, number),
                parts => statement(bytes, parts, number),
            };
            if let Some(event) = event {
                stats.records += 1;
                out(event);
            }
        };
        for start in wanted_lines(bytes, picks) {
            let line = line_at(bytes, start).0;
            let Some(header) = header(line) else { continue };
            let mut parts = Vec::new();
            if part_of(&header, line).is_some() {
                if grouped.contains(&start) {
                    continue;
                }
                parts = parts::group(bytes, start, part);
                grouped.extend(parts.iter().copied());
            }
            let first = parts.first().copied().unwrap_or(start);
            // the head of a picked group may stand before records that were picked earlier
            match picks {
                Some(_) => records.push((first, parts)),
                None => emit(first, &parts, &mut stats),
            }
        }
        records.sort_unstable();
        for (first, parts) in &records {
            emit(*first, parts, &mut stats);
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::SECOND;
    use crate::parse::chunk::JOIN_WINDOW;
    use crate::parse::testing::read;

    /// Facility, severity, host, program, pid and message, blanks between.
    fn fields(line: &str) -> String {
        let events = read(&CmsSyslog, line);
        assert_eq!(events.len(), 1, "{line}");
        let names = ["facility", "severity", "host", "program", "pid", "message"];
        names
            .map(|name| events[0].first(name).unwrap_or("-"))
            .join(" ")
    }

    #[test]
    fn every_variant_of_the_header_is_read() {
        for (line, expected) in [
            (
                "Mar 30 11:22:45 user.info acanosrv05 dbcluster_watcher:  Operation Complete",
                "user info acanosrv05 dbcluster_watcher - Operation Complete",
            ),
            (
                "Jun 17 22:24:41.867 user.info cms-02 Uploader[1]: scanning directory: /mnt/recordings",
                "user info cms-02 Uploader 1 scanning directory: /mnt/recordings",
            ),
            (
                "Jun 20 21:16:19 user.info acanosrv02 host:server:  INFO : No recording device found",
                "user info acanosrv02 host:server - INFO : No recording device found",
            ),
            (
                "Feb 23 09:02:21.599 local7.info CMS 3b8086e0e5a0 wb3_frontend: [Join call:7] 10.1.1.1 - -",
                "local7 info CMS wb3_frontend - [Join call:7] 10.1.1.1 - -",
            ),
            (
                "May 26 02:08:43 user.info streamer streamer.bd052ae2-6501-4ae4-ab78-5b94c9a21717[305]:  Connecting to",
                "user info streamer streamer.bd052ae2-6501-4ae4-ab78-5b94c9a21717 305 Connecting to",
            ),
            (
                "Jun 20 20:38:49 kern.info acanosrv05 recorder-proxy[1]:  2016/06/20 20:38:49 Connection from 10.48.54.75:39439: Authentication succeeded",
                "kern info acanosrv05 recorder-proxy 1 2016/06/20 20:38:49 Connection from 10.48.54.75:39439: Authentication succeeded",
            ),
            (
                "daemon.info streamer streamer-sip[2280]:  144500.410 : ERROR   : call 3: connection",
                "daemon info streamer streamer-sip 2280 144500.410 : ERROR   : call 3: connection",
            ),
            (
                "2016-06-07 03:18:14               User.Info  acanosrv03               Jun  7 10:18:20 acanosrv03 host:server:  INFO : SIP trace:",
                "User Info acanosrv03 host:server - INFO : SIP trace:",
            ),
            (
                "2016-06-07 03:18:14\tUser.Info\t10.1.1.3\tJun  7 10:18:20 user.warning cms1 sfpool:  x",
                "user warning cms1 sfpool - x",
            ),
            (
                "Mar 30 12:39:04 local0.warning ClusterCore1 postgres [20882]:  started",
                "local0 warning ClusterCore1 postgres 20882 started",
            ),
            (
                "Mar 30 11:22:45 user.info a -- MARK --",
                "user info a - - -- MARK --",
            ),
            ("  > Mar 30 11:22:45 user.info a b: c", "user info a b - c"),
            (
                "Line 12: Mar 30 11:22:45 user.info a b: c",
                "user info a b - c",
            ),
            (
                "Mar 30 11:22:45\u{a0}user.info a b:\u{a0} c",
                "user info a b - c",
            ),
        ] {
            assert_eq!(fields(line), expected);
        }
    }

    #[test]
    fn times_have_no_year() {
        fn time(line: &str) -> Option<(RawTime, Option<&str>)> {
            let head = CmsSyslog.head(line.as_bytes())?;
            Some((head.time, head.host))
        }
        let micros = 80_681 * SECOND + 867_000;
        assert_eq!(
            time("Jun 17 22:24:41.867 user.info cms-02 Uploader[1]: x"),
            Some((
                RawTime::Yearless {
                    month: 6,
                    day: 17,
                    micros
                },
                Some("cms-02")
            ))
        );
        // the node's own stamp counts, not the collector's
        let micros = 36_900 * SECOND;
        assert_eq!(
            time("2016-06-07 03:18:14   User.Info  a   Jun  7 10:15:00 a host:server:  x"),
            Some((
                RawTime::Yearless {
                    month: 6,
                    day: 7,
                    micros
                },
                Some("a")
            ))
        );
        assert_eq!(
            time("daemon.info a b[2280]:  x"),
            Some((RawTime::None, Some("a")))
        );
        assert_eq!(
            time("2018-10-04  06:36:24.612  Info     call 788: incoming SIP call"),
            None
        );
        assert_eq!(time("Mar 30 11:22:45 host sshd[1]: x"), None);
    }

    #[test]
    fn folds_of_libpq_are_undone() {
        let line = "Mar 31 10:16:59 user.info acanosrv02 sfpool:  Health check 10.48.54.119: error (up = 1): \
                    could not connect to server: Connection refused|#011Is the server running on host \
                    \"10.48.54.119\" and accepting|#011TCP/IP connections on port 5432?|";
        let events = read(&CmsSyslog, line);
        assert_eq!(
            events[0].first("message"),
            Some(
                "Health check 10.48.54.119: error (up = 1): could not connect to server: Connection refused\n\
                 \tIs the server running on host \"10.48.54.119\" and accepting\n\
                 \tTCP/IP connections on port 5432?"
            )
        );
        assert_eq!(events[0].text, line);
    }

    fn part(pid: u32, label: &str, text: &str) -> String {
        format!("Mar 30 12:39:04 local0.warning ClusterCore1 postgres[{pid}]:  [{label}] {text}\n")
    }

    #[test]
    fn parts_of_a_statement_are_one_event() {
        let text = part(20882, "2-7", "#011SQL statement \"INSERT\"")
            + &part(20990, "2-8", "CONTEXT:  of another process")
            + "Mar 30 12:39:04 user.info ClusterCore1 sfpool:  between\n"
            + &part(20882, "2-8", "#011PL/pgSQL function x() line 61#012end")
            + &part(20882, "3-1", "ERROR:  the next statement")
            + &part(20882, "2-10", "#011last");
        let events = read(&CmsSyslog, &text);
        let seen: Vec<_> = events
            .iter()
            .map(|e| {
                (
                    e.line,
                    e.first("part").unwrap_or("-"),
                    e.first("message").unwrap_or("-"),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                (
                    1,
                    "2-7",
                    "\tSQL statement \"INSERT\"\n\tPL/pgSQL function x() line 61\nend\n\tlast"
                ),
                (2, "2-8", "CONTEXT:  of another process"),
                (3, "-", "between"),
                (5, "3-1", "ERROR:  the next statement"),
            ]
        );
        assert_eq!(events[0].text.lines().count(), 3);
    }

    #[test]
    fn a_lower_number_or_a_wide_gap_begins_a_new_event() {
        let again = part(1, "2-1", "a")
            + &part(1, "2-2", "b")
            + &part(1, "2-1", "c")
            + &part(1, "2-2", "d");
        let lines = |text: &str| {
            read(&CmsSyslog, text)
                .iter()
                .map(|e| e.line)
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&again), [1, 3]);
        let gap = |bytes: usize| {
            part(1, "2-1", "a") + &"x".repeat(bytes - 1) + "\n" + &part(1, "2-2", "b")
        };
        assert_eq!(lines(&gap(JOIN_WINDOW)), [1]);
        assert_eq!(lines(&gap(JOIN_WINDOW + 1)), [1, 3]);
        for bytes in [JOIN_WINDOW, JOIN_WINDOW + 1] {
            let text = gap(bytes);
            let cut = text.rfind("Mar").expect("a second part");
            let (before, after) = text.as_bytes().split_at(cut);
            assert_eq!(CmsSyslog.joined(before, after), bytes == JOIN_WINDOW);
        }
    }

    #[test]
    fn a_statement_without_end_is_bounded() {
        let text: String = (1..2000)
            .map(|m| part(1, &format!("2-{m}"), &"y".repeat(90)))
            .collect();
        let events = read(&CmsSyslog, &text);
        assert_eq!(events.len(), 1);
        let message = events[0].first("message").unwrap_or_default();
        assert_eq!(message.lines().count(), MAX_PARTS);
        let text: String = (1..100)
            .map(|m| part(1, &format!("2-{m}"), &"y".repeat(3000)))
            .collect();
        let events = read(&CmsSyslog, &text);
        assert!(events[0].first("message").unwrap_or_default().len() <= MAX_STATEMENT);
    }

    #[test]
    fn a_pick_on_any_part_selects_the_statement() {
        let text = part(1, "2-1", "head") + &part(2, "9-1", "other") + &part(1, "2-2", "tail");
        let chunk = Chunk {
            bytes: text.clone().into_bytes(),
            first_line: 1,
            line_numbers: None,
        };
        let tail = text.find("tail").expect("it is there");
        let mut seen = Vec::new();
        CmsSyslog.parse(&chunk, Some(&[tail]), &mut |event| {
            seen.push((
                event.line,
                event.first("message").unwrap_or_default().to_owned(),
            ));
        });
        assert_eq!(seen, [(1, "head\ntail".to_owned())]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let chunk = Chunk {
            bytes: b"Mar 30 11:22:45 user.info a b:  x\xFFy\r\n".to_vec(),
            first_line: 1,
            line_numbers: None,
        };
        let mut seen = Vec::new();
        CmsSyslog.parse(&chunk, None, &mut |e| {
            seen.push(e.first("message").unwrap_or_default().to_owned());
        });
        assert_eq!(seen, ["x\u{fffd}y"]);
    }

    #[test]
    fn a_collector_may_have_left_out_facility_and_severity() {
        let line = "Mar 31 10:16:59 acanosrv02 sfpool:  Health check 10.48.54.119: ok";
        let events = read(&CmsSyslog, line);
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].first("host"), Some("acanosrv02"));
        assert_eq!(events[0].first("facility"), None);
        assert!(header(b"Mar 31 10:16:59 web01 postgres[1]: [2-1] LOG: x").is_none());
    }
}
