//! What Erlang nodes report, in whatever style their logger writes it.
//!
//! ```text
//! =ERROR REPORT==== 2-Mar-2026::11:22:45.754 ===
//! ** Node 'b@db2' not responding **
//!
//! 2026-03-02T11:22:45.754+00:00 error: …
//! 2026-03-02 11:22:45.754 [error] <0.341.0> Mnesia(rabbit@mq1): ** ERROR ** mnesia_event got …
//! 2026-03-02 11:22:45.754 [error] <0.608.0>@mod_muc_mnesia:handle_info:343 …
//! 2026-03-02T11:22:45.754+00:00 [critical] msg: …, context: …, from: 'emqx@mq2'
//! (a@db1)2> {mnesia_system_event,{mnesia_down,'b@db2'}}
//! ```
//!
//! A record goes on in the lines below it up to an empty one, or one that begins with a stamp,
//! whoever wrote that.

mod head;
mod said;
#[cfg(test)]
mod tests;

use crate::model::event::Event;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::log::wanted_lines;
use crate::parse::scan::{chomp, is_blank, line_at, line_start, lines, text};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead};

use head::{Style, head, is_stamped};

/// The format.
pub const FORMAT: &str = "erlang.log";

/// The parser.
pub struct ErlangLog;

/// True for a line that begins a record with a stamp and can be nobody else's.
pub(crate) fn is_record(line: &[u8]) -> bool {
    head(line).is_some_and(|head| match head.style {
        Style::Report | Style::Process => true,
        Style::Plain => said::is_telling(line),
        Style::Bare => false,
    })
}

/// True for a line that begins a record wherever it stands. What a shell shows or a mail quotes
/// without a stamp begins one only where no record goes on.
fn begins(line: &[u8]) -> bool {
    head(line).is_some_and(|head| !head.is_loose())
}

/// True for a line that may go on the record above it.
fn goes_on(line: &[u8]) -> bool {
    !is_blank(line) && !is_stamped(line) && !begins(line)
}

/// True when a line goes on a record that begins like this: without a stamp only where it is
/// indented.
fn is_inside(begin: &[u8], line: &[u8]) -> bool {
    let bare = head(begin).is_some_and(|head| head.style == Style::Bare);
    goes_on(line) && (!bare || line.first().is_some_and(u8::is_ascii_whitespace))
}

/// The end of the record that begins at `start`: its lines that begin in the window in which cuts
/// are judged.
fn record_end(bytes: &[u8], start: usize) -> usize {
    let (begin, mut end) = line_at(bytes, start);
    while end < bytes.len() && end - start <= JOIN_WINDOW {
        let (line, next) = line_at(bytes, end);
        if !is_inside(begin, line) {
            break;
        }
        end = next;
    }
    end
}

/// The start of the record that holds the line at `at`.
fn record_start(bytes: &[u8], at: usize) -> Option<usize> {
    start_before(bytes, at, begins).or_else(|| {
        let loose = |line: &[u8]| head(line).is_some();
        let start = start_before(bytes, at, loose)?;
        start_before(bytes, start, begins)
            .is_none()
            .then_some(start)
    })
}

/// The nearest line at or above `at` that begins a record, if that record holds the line at `at`.
fn start_before(bytes: &[u8], at: usize, begins: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut start = at;
    while at - start <= JOIN_WINDOW {
        let line = line_at(bytes, start).0;
        if begins(line) {
            return (at < record_end(bytes, start)).then_some(start);
        }
        if start == 0 || !goes_on(line) {
            return None;
        }
        start = line_start(bytes, start - 1);
    }
    None
}

fn event(record: &[u8]) -> Option<Event<'_>> {
    let record = chomp(record);
    let head = head(line_at(record, 0).0)?;
    let message = record.get(head.message..)?.trim_ascii();
    let mut event = Event {
        format: FORMAT,
        time: head.time,
        line: 0,
        fields: Vec::with_capacity(7),
        text: text(record),
    };
    if let Some(level) = head.level {
        event.push("level", level);
    }
    if let Some(pid) = head.pid {
        event.push("pid", text(pid));
    }
    event.push("message", text(message));
    let host = head.host.or_else(|| said::writer(message));
    if let Some(host) = host {
        event.push("host", text(host));
    }
    if let Some(said) = said::about(message, host) {
        event.push("event", said.event);
        if let Some(other) = said.other {
            event.push("other", text(other));
        }
        if let Some(reason) = said.reason {
            event.push("reason", text(reason));
        }
    }
    Some(event)
}

impl LogParser for ErlangLog {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head_of_text: &[u8]) -> Probe {
        let (mut ours, mut others, mut sure) = (0_usize, 0_usize, false);
        for (_, line) in lines(head_of_text) {
            match head(line) {
                Some(head) => {
                    ours += 1;
                    sure |= head.style.is_telling() || said::is_telling(line);
                }
                None => others += usize::from(is_stamped(line)),
            }
        }
        match sure {
            false => Probe::NotForUs,
            // other lines belong to records, unless they are records of others
            true if ours >= others => Probe::Certain,
            true => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        head(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let last = before
            .len()
            .checked_sub(1)
            .map(|end| line_start(before, end));
        let Some(start) = last.and_then(|last| record_start(before, last)) else {
            return false;
        };
        let begin = line_at(before, start).0;
        is_inside(begin, line_at(after, 0).0) && before.len() - start <= JOIN_WINDOW
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let line = chomp(line);
        let head = head(line)?;
        let message = line.get(head.message..).unwrap_or_default();
        let host = head.host.or_else(|| said::writer(message));
        Some(RecordHead {
            time: head.time,
            host: host.and_then(|host| std::str::from_utf8(host).ok()),
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
        for line in wanted_lines(bytes, picks).filter(|line| *line < bytes.len()) {
            if line < done {
                continue;
            }
            let start = match picks {
                Some(_) => record_start(bytes, line),
                None => Some(line).filter(|line| head(line_at(bytes, *line).0).is_some()),
            };
            let Some(start) = start else { continue };
            done = record_end(bytes, start);
            if let Some(mut event) = event(bytes.get(start..done).unwrap_or_default()) {
                event.line = numbers.line_at(start);
                stats.records += 1;
                out(event);
            }
        }
        stats
    }
}
