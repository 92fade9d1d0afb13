//! What PostgreSQL's client library says when a connection fails, as `psql` and other programs
//! print it, without a time.
//!
//! ```text
//! psql: error: connection to server at "db.example" (192.0.2.20), port 5432 failed: Connection refused
//! <TAB>Is the server running on that host and accepting TCP/IP connections?
//! psql: could not connect to server: Connection refused
//! <TAB>Is the server running on host "192.0.2.20" and accepting
//! <TAB>TCP/IP connections on port 5432?
//! ```
//!
//! The first wording is that of release 14 and later, the second that of older ones. A line that
//! begins with a stamp is a record of somebody's log and no text of a client.

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::wanted_lines;
use crate::parse::scan::{chomp, line_at, line_start, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead};

/// The format.
pub const FORMAT: &str = "libpq.text";

const NEW: &[u8] = b"connection to server at \"";
const OLD: &[u8] = b"could not connect to server: ";
/// How much may stand before the library's words: names of programs and kinds of trouble.
const LEAD_CAP: usize = 80;
/// Lines that may belong to one failure.
const LINES_CAP: usize = 4;

/// The parser.
pub struct LibpqText;

/// A failed attempt.
struct Failure<'l> {
    /// As the client was told to reach it.
    host: &'l [u8],
    /// The address that was tried, where the name has one.
    address: Option<&'l [u8]>,
    port: &'l [u8],
    reason: &'l [u8],
}

/// What stands behind words of the library that begin this line, with nothing but names of
/// programs before them.
fn behind<'l>(line: &'l [u8], words: &[u8]) -> Option<&'l [u8]> {
    let window = line.get(..line.len().min(LEAD_CAP + words.len()))?;
    let at = memchr::memmem::find(window, words)?;
    let lead = line.get(..at)?;
    let word = |word: &[u8]| {
        let Some(name) = word.strip_suffix(b":") else {
            return word.is_empty();
        };
        let first = name.first().is_some_and(u8::is_ascii_alphabetic);
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
        // severities of a log are no program's name
        let shouted = name.iter().all(u8::is_ascii_uppercase);
        first && !shouted && name.iter().all(plain)
    };
    let led = lead.is_empty() || (lead.ends_with(b" ") && lead.split(|b| *b == b' ').all(word));
    led.then(|| line.get(at + words.len()..)).flatten()
}

fn until<'l>(text: &'l [u8], end: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let at = memchr::memmem::find(text, end)?;
    Some((text.get(..at)?, text.get(at + end.len()..)?))
}

fn digits(text: &[u8]) -> Option<&[u8]> {
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    text.get(..len).filter(|_| (1..=5).contains(&len))
}

fn new_words(line: &[u8]) -> Option<Failure<'_>> {
    let (host, rest) = until(behind(line, NEW)?, b"\"")?;
    let (address, rest) = match rest.strip_prefix(b" (") {
        Some(rest) => until(rest, b")").map(|(address, rest)| (Some(address), rest))?,
        None => (None, rest),
    };
    let rest = rest.strip_prefix(b", port ")?;
    let port = digits(rest)?;
    let reason = rest.get(port.len()..)?.strip_prefix(b" failed: ")?;
    Some(Failure {
        host,
        address,
        port,
        reason: trim(reason),
    })
}

/// The older wording says only in the lines below where the server was looked for.
fn old_words<'l>(line: &'l [u8], below: &'l [u8]) -> Option<Failure<'l>> {
    let reason = trim(behind(line, OLD)?);
    let (_, rest) = until(below, b"running on host \"")?;
    let (host, rest) = until(rest, b"\"")?;
    let address = rest
        .strip_prefix(b" (")
        .and_then(|rest| Some(until(rest, b")")?.0));
    let (_, rest) = until(rest, b"TCP/IP connections on port ")?;
    Some(Failure {
        host,
        address,
        port: digits(rest)?,
        reason,
    })
}

/// The failure that begins at a line, and the end of its record.
fn failure(bytes: &[u8], start: usize) -> Option<(Failure<'_>, usize)> {
    let (line, below) = line_at(bytes, start);
    let line = chomp(line);
    if behind(line, NEW).is_none() && behind(line, OLD).is_none() {
        return None;
    }
    let mut end = below;
    for _ in 0..LINES_CAP {
        let (next, after) = line_at(bytes, end);
        if !goes_on(next) {
            break;
        }
        end = after;
    }
    let failure = new_words(line).or_else(|| old_words(line, bytes.get(below..end)?))?;
    Some((failure, end))
}

fn goes_on(line: &[u8]) -> bool {
    line.first() == Some(&b'\t')
        && trim(chomp(line))
            .first()
            .is_some_and(u8::is_ascii_alphabetic)
}

fn starts(line: &[u8]) -> bool {
    let line = chomp(line);
    behind(line, NEW).is_some() || behind(line, OLD).is_some()
}

/// The first line of the record in which the line at `start` stands.
fn record_start(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for _ in 0..=LINES_CAP {
        let line = line_at(bytes, at).0;
        if starts(line) {
            return Some(at);
        }
        if at == 0 || !goes_on(line) {
            return None;
        }
        at = line_start(bytes, at - 1);
    }
    None
}

impl LogParser for LibpqText {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        let mut lines = wanted_lines(head, None);
        match lines.any(|start| failure(head, start).is_some()) {
            true => Probe::Unsure,
            false => Probe::NotForUs,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        starts(line)
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let last = line_start(before, before.len().saturating_sub(1));
        goes_on(line_at(after, 0).0) && record_start(before, last).is_some()
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        starts(line).then_some(RecordHead {
            time: RawTime::None,
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
        for line in wanted_lines(bytes, picks) {
            if line < done {
                continue;
            }
            let start = match picks {
                Some(_) => record_start(bytes, line),
                None => Some(line),
            };
            let found = start.and_then(|start| Some((start, failure(bytes, start)?)));
            let Some((start, (failure, end))) = found.filter(|(_, (_, end))| line < *end) else {
                continue;
            };
            let mut event = Event {
                format: FORMAT,
                time: RawTime::None,
                line: numbers.line_at(start),
                fields: Vec::with_capacity(5),
                text: text(chomp(bytes.get(start..end).unwrap_or_default())),
            };
            event.push("host", text(failure.host));
            if let Some(address) = failure.address {
                event.push("address", text(address));
            }
            event.push("server", text(failure.address.unwrap_or(failure.host)));
            event.push("port", text(failure.port));
            event.push("reason", text(failure.reason));
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

    fn fields(text: &str) -> Vec<String> {
        let events = read(&LibpqText, text);
        let fields = events.iter().flat_map(|event| &event.fields);
        fields
            .map(|field| format!("{}={}", field.name, field.value))
            .collect()
    }

    #[test]
    fn both_wordings_are_read() {
        let new = "$ psql host=db.example\n\
                   psql: error: connection to server at \"db.example\" (192.0.2.20), port 5432 failed: Connection refused\n\
                   \tIs the server running on that host and accepting TCP/IP connections?\nrc=2\n";
        let old = "psql: could not connect to server: Connection refused\n\
                   \tIs the server running on host \"192.0.2.20\" and accepting\n\
                   \tTCP/IP connections on port 5433?\n";
        assert_eq!(
            fields(new),
            [
                "host=db.example",
                "address=192.0.2.20",
                "server=192.0.2.20",
                "port=5432",
                "reason=Connection refused"
            ]
        );
        assert_eq!(
            fields(old),
            [
                "host=192.0.2.20",
                "server=192.0.2.20",
                "port=5433",
                "reason=Connection refused"
            ]
        );
        assert_eq!(LibpqText.probe(new.as_bytes()), Probe::Unsure);
        assert_eq!(read(&LibpqText, new)[0].line, 2);
    }

    #[test]
    fn each_address_of_a_name_is_a_failure() {
        let text = "psql: error: connection to server at \"db.example\" (2001:db8::20), port 5432 failed: timeout expired\n\
                    connection to server at \"db.example\" (192.0.2.20), port 5432 failed: FATAL:  x: y\n";
        let of = |name: &str| {
            let events = read(&LibpqText, text);
            let values = events
                .iter()
                .filter_map(|e| e.first(name).map(str::to_owned));
            values.collect::<Vec<_>>()
        };
        assert_eq!(of("server"), ["2001:db8::20", "192.0.2.20"]);
        assert_eq!(of("reason"), ["timeout expired", "FATAL:  x: y"]);
    }

    #[test]
    fn logs_that_quote_the_library_are_not_ours() {
        for line in [
            "2026-03-02 11:22:45.754 UTC [9] FATAL:  could not connect to the primary server: connection to server at \"192.0.2.20\", port 5432 failed: x",
            "Mar 30 11:22:45 user.err a sfpool: connection to server at \"192.0.2.20\", port 5432 failed: x",
            "FATAL: connection to server at \"192.0.2.20\", port 5432 failed: x",
            "it said: connection to server at \"192.0.2.20\", port 5432 failed: x",
            "psql: error: connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: No such file or directory",
            "psql: error: connection to server at \"192.0.2.20\", port x failed: y",
            "could not connect to server: Connection refused",
            "",
        ] {
            assert!(fields(line).is_empty(), "{line}");
        }
    }
}
