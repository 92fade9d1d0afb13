//! One chunk: scanned, parsed where a rule could match, tested.

use crate::detect::index::Index;
use crate::detect::matcher::Matcher;
use crate::model::hit::{Hit, Sample, SignalId};
use crate::parse::chunk::Chunk;
use crate::parse::{Choice, LogParser};

/// What a chunk gave.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) hits: Vec<Hit>,
    pub(super) samples: Vec<Sample>,
    pub(super) skipped: u64,
}

/// Places in a chunk at which record heads are sampled.
const SAMPLES: usize = 8;
/// Lines looked at for a record head at each place.
const REACH: usize = 4096;

/// Works on a chunk; with `indexed` off every record is parsed and every signal tested.
pub(super) fn work(
    chunk: &Chunk,
    choice: &Choice,
    index: &Index,
    matcher: &Matcher<'_>,
    signals: usize,
    indexed: bool,
) -> Done {
    let mut done = Done {
        samples: samples(chunk, &choice.parsers),
        ..Done::default()
    };
    let mut candidates: Vec<SignalId> = Vec::new();
    for parser in &choice.parsers {
        let picks = if indexed {
            index.picks(parser.id(), &chunk.bytes)
        } else {
            None
        };
        if picks.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let stats = parser.parse(chunk, picks.as_deref(), &mut |event| {
            if indexed {
                index.candidates(parser.id(), &event.text, &mut candidates);
            } else {
                candidates = (0..u32::try_from(signals).unwrap_or(u32::MAX))
                    .map(SignalId)
                    .collect();
            }
            done.hits
                .extend(candidates.iter().filter_map(|id| matcher.test(*id, &event)));
        });
        done.skipped += if choice.parsers.len() == 1 {
            stats.skipped
        } else {
            0
        };
    }
    done.hits.sort_by_key(|hit| (hit.line, hit.signal));
    done
}

/// Time and host of a few records spread over the chunk, the first and the last among them.
fn samples(chunk: &Chunk, parsers: &[&'static dyn LogParser]) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    let len = chunk.bytes.len();
    let mut add = |found: Option<Sample>| samples.extend(found);
    for place in 0..SAMPLES {
        add(forward(chunk, parsers, len / SAMPLES * place));
    }
    add(backward(chunk, parsers));
    samples.sort_by_key(|sample| sample.line);
    samples.dedup_by_key(|sample| sample.line);
    samples
}

fn forward(chunk: &Chunk, parsers: &[&'static dyn LogParser], from: usize) -> Option<Sample> {
    let start = match from {
        0 => 0,
        from => from + memchr::memchr(b'\n', chunk.bytes.get(from..)?)? + 1,
    };
    let mut at = start;
    for line in chunk
        .bytes
        .get(start..)?
        .split_inclusive(|byte| *byte == b'\n')
        .take(REACH)
    {
        if let Some(sample) = sample(chunk, parsers, at, line) {
            return Some(sample);
        }
        at += line.len();
    }
    None
}

fn backward(chunk: &Chunk, parsers: &[&'static dyn LogParser]) -> Option<Sample> {
    let mut end = chunk.bytes.len();
    for _ in 0..REACH {
        let body = chunk.bytes.get(..end.checked_sub(1)?)?;
        let start = memchr::memrchr(b'\n', body).map_or(0, |at| at + 1);
        if let Some(sample) = sample(chunk, parsers, start, chunk.bytes.get(start..end)?) {
            return Some(sample);
        }
        end = start;
    }
    None
}

fn sample(
    chunk: &Chunk,
    parsers: &[&'static dyn LogParser],
    at: usize,
    line: &[u8],
) -> Option<Sample> {
    let (parser, head) = parsers
        .iter()
        .filter(|parser| parser.is_record_start(line))
        .find_map(|parser| Some((parser, parser.head(line)?)))?;
    Some(Sample {
        parser: parser.id(),
        time: head.time,
        line: chunk.line_at(at),
        host: head.host.map(Into::into),
    })
}
