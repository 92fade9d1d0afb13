//! One chunk: scanned, parsed where a rule could match, tested.

use super::Diagnoser;
use crate::model::hit::{Hit, Sample, SignalId};
use crate::parse::chunk::Chunk;
use crate::parse::log::{cms_syslog, picked_lines};
use crate::parse::repair::is_piece;
use crate::parse::scan::{line_at, line_end};
use crate::parse::{Choice, LogParser};

/// What a chunk gave.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    pub(super) hits: Vec<Hit>,
    /// The first record head of every stretch.
    pub(super) samples: Vec<Sample>,
    /// The last record head.
    pub(super) last: Option<Sample>,
    pub(super) skipped: u64,
    /// Values beyond a limit of their format.
    pub(super) dropped: u64,
    /// Pieces of records without their beginning that hold words of a rule.
    pub(super) torn: u64,
}

/// Lines at the beginning of a file of which every record head is a sample.
const DENSE: u64 = 1024;
/// Behind them the first head in every so many lines is one.
const SPARSE: u64 = 64;

/// The stretch of a file of which one sample is kept. Counted in the file, not in the chunk, so
/// that samples are the same wherever chunks are cut.
pub(super) fn stretch(line: u64) -> u64 {
    if line <= DENSE {
        line
    } else {
        DENSE + 1 + (line - DENSE - 1) / SPARSE
    }
}

/// Works on a chunk; with `indexed` off every record is parsed and every signal tested.
pub(super) fn work(
    chunk: &Chunk,
    choice: &Choice,
    diagnoser: &Diagnoser<'_>,
    indexed: bool,
) -> Done {
    let (index, matcher) = (&diagnoser.index, &diagnoser.matcher);
    let mut done = Done {
        samples: samples(chunk, &choice.parsers),
        last: last(chunk, &choice.parsers),
        ..Done::default()
    };
    let mut candidates: Vec<SignalId> = if indexed { Vec::new() } else { matcher.all() };
    for parser in &choice.parsers {
        let Some(index) = index.of(parser.id()) else {
            continue;
        };
        let mut picks = index.picks(&chunk.bytes);
        if choice.parsers.len() == 1 && parser.id() == cms_syslog::FORMAT {
            done.torn = torn(chunk, *parser, picks.as_deref().unwrap_or(&[]));
        }
        if !indexed || diagnoser.listener.is_some() {
            picks = None;
        }
        if picks.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let stats = parser.parse(chunk, picks.as_deref(), &mut |event| {
            diagnoser.hear(&event);
            if indexed {
                index.candidates(&event.text, &mut candidates);
            }
            matcher.test(&candidates, &event, &mut done.hits);
        });
        done.dropped += stats.dropped;
        done.skipped += if choice.parsers.len() == 1 {
            stats.skipped
        } else {
            0
        };
    }
    done.hits.sort_by_key(|hit| (hit.line, hit.signal));
    done
}

/// Lines of a plain log that begin no record and hold a literal of a rule: a record was torn and
/// what it said is lost. A record never goes on in another line there.
fn torn(chunk: &Chunk, parser: &dyn LogParser, picks: &[usize]) -> u64 {
    let lines = picked_lines(&chunk.bytes, picks).map(|start| line_at(&chunk.bytes, start).0);
    // the month of a stamp: nearly every line is passed by its first bytes
    let others = lines.filter(|line| {
        !(line.first().is_some_and(u8::is_ascii_uppercase) && line.get(3) == Some(&b' '))
    });
    let pieces = others.filter(|line| !parser.is_record_start(line) && is_piece(line));
    pieces.count() as u64
}

/// The first line behind the stretch of this one.
fn next_stretch(line: u64) -> u64 {
    match line.checked_sub(DENSE + 1) {
        Some(behind) => DENSE + 1 + (behind / SPARSE + 1) * SPARSE,
        None => line + 1,
    }
}

/// Time and host of the first record of every stretch.
fn samples(chunk: &Chunk, parsers: &[&'static dyn LogParser]) -> Vec<Sample> {
    let bytes = chunk.bytes.as_slice();
    let mut samples = Vec::new();
    let mut sampled = None;
    let (mut start, mut nth) = (0, 0);
    while start < bytes.len() {
        let number = match &chunk.line_numbers {
            Some(numbers) => numbers.get(nth).copied().unwrap_or(chunk.first_line),
            None => chunk.first_line + nth as u64,
        };
        let mut passed = 1;
        if sampled != Some(stretch(number)) {
            let line = bytes.get(start..line_end(bytes, start));
            let found = line.and_then(|line| sample(parsers, number, line));
            if let Some(sample) = found {
                samples.push(sample);
                sampled = Some(stretch(number));
            }
        }
        if sampled == Some(stretch(number)) && chunk.line_numbers.is_none() {
            passed = usize::try_from(next_stretch(number) - number).unwrap_or(1);
        }
        start = behind_lines(bytes, start, passed);
        nth += passed;
    }
    samples
}

/// The offset behind so many lines, or the end.
fn behind_lines(bytes: &[u8], from: usize, lines: usize) -> usize {
    /// Counting feeds is much faster than finding each of them.
    const BLOCK: usize = 1024;
    let (mut at, mut left) = (from, lines);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let block = rest.get(..BLOCK).unwrap_or(rest);
        let feeds = memchr::memchr_iter(b'\n', block);
        let count = feeds.clone().count();
        if count >= left {
            let last = { feeds }.nth(left.saturating_sub(1));
            return last.map_or(bytes.len(), |last| at + last + 1);
        }
        left -= count;
        at += block.len();
    }
    bytes.len()
}

fn last(chunk: &Chunk, parsers: &[&'static dyn LogParser]) -> Option<Sample> {
    let mut end = chunk.bytes.len();
    while end > 0 {
        let body = chunk.bytes.get(..end - 1)?;
        let start = memchr::memrchr(b'\n', body).map_or(0, |at| at + 1);
        // the number is asked for only once there is something to number
        if let Some(found) = sample(parsers, 0, chunk.bytes.get(start..end)?) {
            return Some(Sample {
                line: chunk.line_at(start),
                ..found
            });
        }
        end = start;
    }
    None
}

fn sample(parsers: &[&'static dyn LogParser], line: u64, text: &[u8]) -> Option<Sample> {
    let (parser, head) = parsers
        .iter()
        .filter(|parser| parser.is_record_start(text))
        .find_map(|parser| Some((parser, parser.head(text)?)))?;
    Some(Sample {
        parser: parser.id(),
        time: head.time,
        line,
        host: head.host.map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_are_passed_as_if_one_by_one(text in "(a{0,40}\n){0,80}b{0,3}", from in 0usize..99, lines in 1usize..70) {
            let bytes = text.as_bytes();
            let from = line_end(bytes, from.min(bytes.len()));
            let slow = (0..lines).fold(from, |at, _| line_end(bytes, at));
            prop_assert_eq!(behind_lines(bytes, from, lines), slow);
        }

        #[test]
        fn the_next_stretch_begins_where_the_number_changes(line in 1u64..5000) {
            let next = next_stretch(line);
            prop_assert!((line..next).all(|other| stretch(other) == stretch(line)));
            prop_assert!(stretch(next) != stretch(line));
        }
    }
}
