//! Records of several lines: a first line, and lines behind it that by their own words go on.

use crate::model::event::Event;
use crate::parse::ParseStats;
use crate::parse::chunk::Chunk;
use crate::parse::log::wanted_lines;
use crate::parse::scan::{line_at, line_end, line_start};

/// Longest record that is put together, and how many lines it may have.
const RECORD_CAP: usize = 64 * 1024;
const LINES_CAP: usize = 1000;

/// What the lines of a format are. A line never starts a record and goes on with one.
pub(super) struct Continued {
    /// A record begins with this line.
    pub(super) starts: fn(&[u8]) -> bool,
    /// The line belongs to the record before it, if there is one.
    pub(super) goes_on: fn(&[u8]) -> bool,
    /// Of the lines that go on: with this one a record begins that has lost its first line.
    pub(super) orphan: fn(&[u8]) -> bool,
}

impl Continued {
    /// True when a cut between the two texts would tear a record.
    pub(super) fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let last = line_start(before, before.len().saturating_sub(1));
        (self.goes_on)(line_at(after, 0).0) && {
            let line = line_at(before, last).0;
            (self.starts)(line) || (self.goes_on)(line)
        }
    }

    /// The events of the records that are wanted, made by `event` from all lines of one.
    pub(super) fn parse<'c>(
        &self,
        chunk: &'c Chunk,
        picks: Option<&[usize]>,
        event: fn(&'c [u8]) -> Option<Event<'c>>,
        out: &mut dyn FnMut(Event<'c>),
    ) -> ParseStats {
        let bytes = chunk.bytes.as_slice();
        let mut stats = ParseStats::default();
        let mut numbers = chunk.line_counter();
        let mut done = 0;
        // where all lines are asked for: the one before goes on with something
        let mut within = false;
        for line in wanted_lines(bytes, picks) {
            if line < done {
                continue;
            }
            let text = line_at(bytes, line).0;
            let start = match picks {
                Some(_) => self.start(bytes, line),
                None if (self.starts)(text) => Some(line),
                None => {
                    let first = !std::mem::replace(&mut within, (self.goes_on)(text));
                    (within && first && (self.orphan)(text)).then_some(line)
                }
            };
            let Some(start) = start else { continue };
            let end = self.end(bytes, start);
            if line >= end {
                continue;
            }
            (done, within) = (end, true);
            if let Some(mut event) = event(bytes.get(start..end).unwrap_or_default()) {
                event.line = numbers.line_at(start);
                stats.records += 1;
                out(event);
            }
        }
        stats
    }

    /// The end of the record that begins at `start`.
    fn end(&self, bytes: &[u8], start: usize) -> usize {
        let mut end = line_end(bytes, start);
        for _ in 0..LINES_CAP {
            let (line, next) = line_at(bytes, end);
            if end >= bytes.len() || !(self.goes_on)(line) || next - start > RECORD_CAP {
                break;
            }
            end = next;
        }
        end
    }

    /// The start of the record in which the line at `line` may stand.
    fn start(&self, bytes: &[u8], line: usize) -> Option<usize> {
        let (mut at, mut first) = (line, None);
        let orphan =
            |first: Option<usize>| first.filter(|first| (self.orphan)(line_at(bytes, *first).0));
        for _ in 0..=LINES_CAP {
            let text = line_at(bytes, at).0;
            if (self.starts)(text) {
                return Some(at);
            }
            if line - at > RECORD_CAP {
                return None;
            }
            if !(self.goes_on)(text) {
                return orphan(first);
            }
            first = Some(at);
            if at == 0 {
                return orphan(first);
            }
            at = line_start(bytes, at - 1);
        }
        None
    }
}
