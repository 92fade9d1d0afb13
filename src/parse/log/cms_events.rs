//! The event log of the Meeting Server's web interface.
//!
//! ```text
//! 2018-10-04  06:36:24.612  Info     call 788: incoming SIP call from "sip:a@b"
//! 2017-04-15<TAB>12:09:06.647<TAB>Web bridge connection to "webbridge.alero.aca" failed (DNS failure)
//! ```
//!
//! Columns are parted by two blanks or more, or by a tab; the level may be missing. The page
//! names neither the node nor its zone.

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::wanted_lines;
use crate::parse::scan::{Cursor, chomp, lead, line_at, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, probe_lines};

const LEVELS: [&[u8]; 5] = [b"Info", b"Warning", b"Error", b"Debug", b"Critical"];

/// The parser.
pub struct CmsEvents;

struct Record<'l> {
    time: RawTime,
    level: Option<&'l [u8]>,
    message: &'l [u8],
}

/// Blanks wide enough to part columns.
fn column(cursor: &mut Cursor<'_>) -> Option<()> {
    let tab = cursor.peek() == Some(b'\t');
    (cursor.blanks() > usize::from(!tab)).then_some(())
}

fn record(line: &[u8]) -> Option<Record<'_>> {
    let line = chomp(line);
    let start = lead(line);
    // date and time are read as one stamp with a single blank between them
    let mut cursor = Cursor::from(line, start);
    let date = line.get(start..start + 10)?;
    cursor.at += 10;
    column(&mut cursor)?;
    let of_day = line.get(cursor.at..cursor.at + 12)?;
    cursor.at += 12;
    column(&mut cursor)?;
    let joined = [date, b" ", of_day].concat();
    let mut stamp = Cursor::new(&joined);
    let time = RawTime::Local(stamp.date_time(b" ", b".")?);
    if stamp.peek().is_some() || of_day.get(8) != Some(&b'.') {
        return None;
    }
    let rest = cursor.rest();
    let level = LEVELS
        .iter()
        .find(|level| {
            rest.strip_prefix(**level)
                .and_then(|rest| rest.first())
                .is_some_and(u8::is_ascii_whitespace)
        })
        .map(|level| level.len());
    let (level, message) = match level {
        Some(len) => (rest.get(..len), rest.get(len..)?),
        None => (None, rest),
    };
    let message = trim(message);
    (!message.is_empty()).then_some(Record {
        time,
        level,
        message,
    })
}

impl LogParser for CmsEvents {
    fn id(&self) -> &'static str {
        "cms.event"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        probe_lines(self, head)
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        record(line).is_some()
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let record = record(line)?;
        Some(RecordHead {
            time: record.time,
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
        for start in wanted_lines(bytes, picks) {
            let line = line_at(bytes, start).0;
            let Some(record) = record(line) else { continue };
            let mut event = Event {
                format: "cms.event",
                time: record.time,
                line: numbers.line_at(start),
                fields: Vec::with_capacity(2),
                text: text(line),
            };
            if let Some(level) = record.level {
                event.push("level", text(level));
            }
            event.push("message", text(record.message));
            stats.records += 1;
            out(event);
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    #[test]
    fn blanks_and_tabs_part_the_columns() {
        let text = "2018-10-04  06:36:24.612  Info     call 788: incoming SIP call\n\
                    2017-04-15\t12:09:06.647\tWeb bridge connection to \"w\" failed (DNS failure)\n";
        let events = read(&CmsEvents, text);
        let seen: Vec<_> = events
            .iter()
            .map(|e| (e.first("level"), e.first("message").unwrap_or("-")))
            .collect();
        assert_eq!(
            seen,
            [
                (Some("Info"), "call 788: incoming SIP call"),
                (None, "Web bridge connection to \"w\" failed (DNS failure)"),
            ]
        );
        assert_eq!(events[0].time, RawTime::Local(1_538_634_984_612_000));
        assert_eq!(CmsEvents.probe(text.as_bytes()), Probe::Certain);
    }

    #[test]
    fn logs_of_others_are_not_ours() {
        for line in [
            "2018-10-04 06:36:24.612 UTC [1] LOG:  x",
            "2018-10-04  06:36:24,612  Info  x",
            "2018-10-04  06:36:24.612 x",
            "2018-13-04  06:36:24.612  x",
            "2018-10-04  06:36:24.612  ",
            "2018-10-04  06:36:24.6\u{e9}  x",
            "2018-10-04",
            "",
        ] {
            assert!(read(&CmsEvents, line).is_empty(), "{line}");
        }
    }
}
