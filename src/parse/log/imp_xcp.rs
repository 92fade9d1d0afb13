//! Traces of the XCP services of IM and Presence: a time of day without a date.
//!
//! ```text
//! 16:12:44.634 |046f1b70| debug| DiscoGear.cpp:240 Handling disco#info query: <iq to='…'>
//!   <error code='404' type='cancel'/>
//! ```
//!
//! Lines that are indented or begin with an XML element belong to the record before them.

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::log::continued::Continued;
use crate::parse::scan::{Cursor, chomp, lead, line_at, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, probe_lines};

/// Id of the parser and of its records.
pub const FORMAT: &str = "imp.xcp";

/// Longest level, and longest name of a source file with its line.
const LEVEL_CAP: usize = 16;
const CODE_CAP: usize = 120;

/// The parser.
pub struct ImpXcp;

const LINES: Continued = Continued {
    starts: |line| header(line).is_some(),
    goes_on,
    orphan: |_| false,
};

/// The parts of a first line.
struct Header<'l> {
    thread: &'l [u8],
    level: &'l [u8],
    code: Option<&'l [u8]>,
    /// Offset of the message.
    message: usize,
}

fn header(line: &[u8]) -> Option<Header<'_>> {
    let line = chomp(line);
    let mut cursor = Cursor::from(line, lead(line));
    cursor.time_of_day(b".,")?;
    cursor.blanks();
    cursor.eat(b'|').then_some(())?;
    let thread = cell(&mut cursor)?;
    let hex = (4..=16).contains(&thread.len()) && thread.iter().all(u8::is_ascii_hexdigit);
    let level = cell(&mut cursor).filter(|_| hex)?;
    let word = level.iter().all(u8::is_ascii_alphabetic);
    if !word || level.is_empty() || level.len() > LEVEL_CAP {
        return None;
    }
    cursor.blanks();
    let mut ahead = cursor;
    let code = Some(ahead.word()).filter(|word| is_code(word));
    if code.is_some() {
        ahead.blanks();
        cursor = ahead;
    }
    Some(Header {
        thread,
        level,
        code,
        message: cursor.at,
    })
}

/// The text up to the next bar, and past it.
fn cell<'l>(cursor: &mut Cursor<'l>) -> Option<&'l [u8]> {
    let rest = cursor.rest();
    let len = memchr::memchr(b'|', rest)?;
    cursor.at += len + 1;
    Some(trim(rest.get(..len)?))
}

/// `DiscoGear.cpp:240`
fn is_code(word: &[u8]) -> bool {
    let Some(colon) = memchr::memrchr(b':', word) else {
        return false;
    };
    let (file, line) = word.split_at(colon);
    let digits = line.get(1..).unwrap_or_default();
    let number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    number && file.contains(&b'.') && word.len() <= CODE_CAP
}

/// True for a line that belongs to the record before it.
fn goes_on(line: &[u8]) -> bool {
    line.first()
        .is_some_and(|b| matches!(b, b' ' | b'\t' | b'<'))
        && header(line).is_none()
}

fn event(record: &[u8]) -> Option<Event<'_>> {
    let header = header(line_at(record, 0).0)?;
    let mut event = Event {
        format: FORMAT,
        time: RawTime::None,
        line: 0,
        fields: Vec::with_capacity(4),
        text: text(chomp(record)),
    };
    event.push("level", text(header.level));
    event.push("thread", text(header.thread));
    if let Some(code) = header.code {
        event.push("code", text(code));
    }
    let message = record.get(header.message..).unwrap_or_default();
    event.push("message", text(trim(message)));
    Some(event)
}

impl LogParser for ImpXcp {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        match probe_lines(self, head) {
            // stanzas have more lines than records
            Probe::Unsure => Probe::Certain,
            sure => sure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        header(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        LINES.joined(before, after)
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        header(line).map(|_| RecordHead {
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
        LINES.parse(chunk, picks, event, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    #[test]
    fn records_with_their_stanzas() {
        let text = "16:12:44.634 |046f1b70| debug| DiscoGear.cpp:240 Handling disco#info query: <iq type='error'\n\
            \x20 to='a'>\n<error code='404'/>\n\
            16:12:44.635 |046f1b70| info| no code here\nplain\n";
        let events = read(&ImpXcp, text);
        let fields: Vec<Vec<String>> = events
            .iter()
            .map(|event| {
                let all = event.fields.iter();
                all.map(|f| format!("{}={}", f.name, f.value)).collect()
            })
            .collect();
        assert_eq!(
            fields,
            [
                vec![
                    "level=debug",
                    "thread=046f1b70",
                    "code=DiscoGear.cpp:240",
                    "message=Handling disco#info query: <iq type='error'\n  to='a'>\n<error code='404'/>",
                ],
                vec!["level=info", "thread=046f1b70", "message=no code here"],
            ]
        );
    }

    #[test]
    fn traces_of_others_are_not_ours() {
        for text in [
            "87042368.004 |15:18:18.129 |AppInfo |ConnectionFailureToPDP - x",
            "16:12:44.634 |thread1| debug| a.cpp:1 x",
            "16:12:44.634 |046f1b70| de bug| a.cpp:1 x",
            "26:12:44.634 |046f1b70| debug| a.cpp:1 x",
        ] {
            assert!(read(&ImpXcp, text).is_empty(), "{text}");
        }
    }
}
