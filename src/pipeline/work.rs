//! One chunk: scanned, parsed where a rule could match, tested.

use super::Diagnoser;
use crate::detect::index::Index;
use crate::model::hit::{Hit, Sample, SignalId};
use crate::parse::chunk::Chunk;
use crate::parse::log::cms_syslog;
use crate::parse::repair::is_piece;
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
        torn: torn(chunk, choice, index),
        ..Done::default()
    };
    let mut candidates: Vec<SignalId> = if indexed { Vec::new() } else { matcher.all() };
    for parser in &choice.parsers {
        let picks = if indexed && diagnoser.listener.is_none() {
            index.picks(parser.id(), &chunk.bytes)
        } else {
            None
        };
        if picks.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let stats = parser.parse(chunk, picks.as_deref(), &mut |event| {
            diagnoser.hear(&event);
            if indexed {
                index.candidates(parser.id(), &event.text, &mut candidates);
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
fn torn(chunk: &Chunk, choice: &Choice, index: &Index) -> u64 {
    let [parser] = choice.parsers.as_slice() else {
        return 0;
    };
    if parser.id() != cms_syslog::FORMAT {
        return 0;
    }
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', &chunk.bytes).chain([chunk.bytes.len()]);
    let lines = ends.filter_map(|end| {
        let line = chunk.bytes.get(start..end);
        start = end + 1;
        line
    });
    // the month of a stamp: nearly every line is passed by its first bytes
    let others = lines.filter(|line| {
        !(line.first().is_some_and(u8::is_ascii_uppercase) && line.get(3) == Some(&b' '))
    });
    let pieces = others.filter(|line| {
        !line.is_empty()
            && !parser.is_record_start(line)
            && is_piece(line)
            && index
                .picks(parser.id(), line)
                .is_some_and(|picks| !picks.is_empty())
    });
    pieces.count() as u64
}

/// Time and host of the first record of every stretch.
fn samples(chunk: &Chunk, parsers: &[&'static dyn LogParser]) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut sampled = None;
    let numbers = chunk.line_numbers.as_deref();
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', &chunk.bytes).map(|at| at + 1);
    for (nth, end) in ends.chain([chunk.bytes.len()]).enumerate() {
        let number = match numbers {
            Some(numbers) => numbers.get(nth).copied().unwrap_or(chunk.first_line),
            None => chunk.first_line + nth as u64,
        };
        let line = start..end;
        start = end;
        if !line.is_empty()
            && sampled != Some(stretch(number))
            && let Some(sample) = sample(parsers, number, chunk.bytes.get(line).unwrap_or(&[]))
        {
            samples.push(sample);
            sampled = Some(stretch(number));
        }
    }
    samples
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
