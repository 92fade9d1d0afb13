//! A capture, from a file or while it is being made: frames to packets to events to hits.
//!
//! One thread reads a capture from its beginning to its end, for connections are followed in the
//! order of their packets. What comes of it goes on in batches, as chunks of text do.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Diagnoser;
use super::work::Done;
use crate::model::event::Event;
use crate::model::frame::{CaptureStats, Frame};
use crate::model::hit::{FileSeen, Sample, SignalId};
use crate::model::report::ReadStatus;
use crate::model::time::RawTime;
use crate::parse::net::capture::{Capture, Counts};
use crate::parse::net::flow::Moment;
use crate::parse::net::frame::{DecodeStats, Decoder};
use crate::parse::net::vantage::View;
use crate::source::pcap_file::{CaptureReader, FrameSource};

/// Id of the parser, as named in a report's coverage.
pub(super) const PARSER: &str = "capture";
/// Id of the parser of printed packets, which make the same connections.
const LIST: &str = "packet.list";
/// Frames between two samples of the time.
const SAMPLED: u64 = 256;
/// Frames between two looks at whether to stop, and at most in a batch.
const BATCH: u64 = 4096;

/// Reads a capture that begins with `head` and goes on with `reader`.
pub(super) fn read(
    diagnoser: &Diagnoser<'_>,
    head: &[u8],
    reader: &mut dyn Read,
    file: &mut FileSeen,
    stop: &AtomicBool,
    flush: &mut dyn FnMut(Done),
) -> View {
    let mut source = CaptureReader::new(head, reader);
    let mut reading = Reading::new(diagnoser, file);
    while let Some(frame) = source.next_frame() {
        reading.frame(&frame, file);
        if frame.number.is_multiple_of(BATCH) {
            flush(reading.batch());
            if stop.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    let view = reading.finish(source.stats(), file);
    flush(reading.batch());
    view
}

/// A capture that is being read.
pub(super) struct Reading<'d, 'c> {
    decoder: Decoder,
    capture: Capture,
    matching: Matching<'d, 'c>,
}

impl<'d, 'c> Reading<'d, 'c> {
    /// Nothing was read yet.
    pub(super) fn new(diagnoser: &'d Diagnoser<'c>, file: &mut FileSeen) -> Self {
        file.parsers = vec![PARSER];
        Self {
            decoder: Decoder::new(),
            capture: Capture::new(&diagnoser.watched()),
            matching: Matching::new(diagnoser),
        }
    }

    /// One more frame.
    pub(super) fn frame(&mut self, frame: &Frame<'_>, file: &mut FileSeen) {
        let moment = Moment {
            number: frame.number,
            at: frame.at,
        };
        file.packets = frame.number;
        file.bytes += frame.data.len() as u64;
        let Self {
            decoder,
            capture,
            matching,
        } = self;
        if let Some(packet) = decoder.decode(frame) {
            capture.packet(&packet, moment, &mut |event| matching.take(&event));
        }
        if frame.number % SAMPLED == 1 {
            matching.sample(moment);
        }
        matching.last = Some(moment);
    }

    /// What came of it since the last time.
    pub(super) fn batch(&mut self) -> Done {
        self.matching.batch()
    }

    /// True when something came of it since the last time.
    pub(super) fn has_hits(&self) -> bool {
        !self.matching.done.hits.is_empty()
    }

    /// What would come of it if the capture ended now.
    pub(super) fn glimpse(&self) -> Done {
        let mut matching = Matching::new(self.matching.diagnoser);
        self.capture.glimpse(&mut |event| matching.take(&event));
        matching.done
    }

    /// The capture is at its end.
    pub(super) fn finish(&mut self, stats: &CaptureStats, file: &mut FileSeen) -> View {
        let Self {
            decoder,
            capture,
            matching,
        } = self;
        let view = capture.finish(&mut |event| matching.take(&event));
        tell(file, stats, capture.counts(), &decoder.stats());
        file.round_trips = capture.round_trips();
        view
    }
}

/// Tells what waited for other captures: every capture is asked about the connections of all
/// others. Gives the hits of each file that has any.
pub(super) fn join(
    diagnoser: &Diagnoser<'_>,
    views: &mut [(u32, View)],
    files: &[FileSeen],
) -> Vec<(u32, Done)> {
    let name = |file: u32| {
        let seen = files.get(file as usize);
        seen.map_or("", |seen| seen.origin.file_name())
    };
    let held: Vec<_> = views
        .iter_mut()
        .map(|(file, view)| (*file, view.take()))
        .collect();
    let mut done = Vec::new();
    for (file, held) in held.into_iter().filter(|(_, held)| !held.is_empty()) {
        let mut matching = Matching::new(diagnoser);
        for one in held {
            let others = views.iter().filter(|(other, _)| *other != file);
            let event = one.ask(others.map(|(other, view)| (name(*other), view)));
            matching.take(&event);
        }
        done.push((file, matching.done));
    }
    done
}

/// Clocks this close are the same: packets need as long from one side to the other (microseconds).
const SAME_CLOCK: i64 = 100_000;

/// Says of each capture how its clock differs from that of the first one that holds the same
/// connections.
pub(super) fn compare_clocks(views: &[(u32, View)], files: &mut [FileSeen]) {
    for (nth, (file, view)) in views.iter().enumerate() {
        let earlier = views.iter().take(nth);
        let mut compared = earlier.filter_map(|(other, seen)| Some((*other, view.ahead_of(seen)?)));
        let Some((other, (ahead, by))) = compared.next() else {
            continue;
        };
        let name = files
            .get(other as usize)
            .map(|seen| seen.origin.to_string());
        if let Some((name, seen)) = name.zip(files.get_mut(*file as usize))
            && ahead.abs() > SAME_CLOCK
        {
            let way = if ahead > 0 { "ahead of" } else { "behind" };
            seen.notes.push(format!(
                "its clock is {}.{:03} s {way} that of {name}, by {by} connections in both",
                ahead.abs() / 1_000_000,
                ahead.abs() / 1000 % 1000
            ));
        }
    }
}

/// Writes what a capture says about itself into what is known of the file.
fn tell(file: &mut FileSeen, stats: &CaptureStats, counts: Counts, decoded: &DecodeStats) {
    let unread: u64 = decoded.unreadable.iter().map(|(_, frames)| frames).sum();
    let damaged = !stats.damage.is_empty() || counts.untracked > 0 || unread > 0;
    if damaged {
        file.status = ReadStatus::Partial;
    }
    file.notes.extend(stats.damage.iter().cloned());
    let notes = [
        (
            stats.frames == 0 && !damaged,
            "it holds no packet".to_owned(),
        ),
        (
            stats.snapped > 0,
            format!(
                "{} packets were cut when they were captured: what they carried is known in part",
                stats.snapped
            ),
        ),
        (
            stats.dropped.is_some_and(|dropped| dropped > 0),
            format!(
                "{} packets were lost by the capturing program",
                stats.dropped.unwrap_or(0)
            ),
        ),
        (
            counts.untracked > 0,
            format!(
                "{} connections were not followed to their end: too many at one time",
                counts.untracked
            ),
        ),
        (
            unread > 0,
            format!(
                "{unread} packets are of a kind of link that is not read ({})",
                kinds(decoded)
            ),
        ),
        (
            decoded.incomplete > 0,
            format!(
                "{} packets came in fragments of which some are missing",
                decoded.incomplete
            ),
        ),
        (
            counts.twins > 0,
            format!("{} packets are in it twice", counts.twins),
        ),
    ];
    let notes = notes.into_iter().filter(|(holds, _)| *holds);
    file.notes.extend(notes.map(|(_, note)| note));
}

/// Numbers of tcpdump.org's list of link types.
fn kinds(decoded: &DecodeStats) -> String {
    let kinds = decoded.unreadable.iter();
    let kinds: Vec<String> = kinds.map(|(link, _)| format!("LINKTYPE {link}")).collect();
    kinds.join(", ")
}

/// Events to hits.
struct Matching<'d, 'c> {
    diagnoser: &'d Diagnoser<'c>,
    candidates: Vec<SignalId>,
    done: Done,
    last: Option<Moment>,
}

impl<'d, 'c> Matching<'d, 'c> {
    fn new(diagnoser: &'d Diagnoser<'c>) -> Self {
        // records of captures are so few that every signal about them is tested
        let mut candidates = Vec::new();
        for parser in [PARSER, LIST] {
            let mut of_parser = Vec::new();
            if let Some(index) = diagnoser.index.of(parser) {
                index.candidates("", &mut of_parser);
            }
            candidates.extend(of_parser);
        }
        Self {
            diagnoser,
            candidates,
            done: Done::default(),
            last: None,
        }
    }

    fn take(&mut self, event: &Event<'_>) {
        self.diagnoser.hear(event);
        let matcher = &self.diagnoser.matcher;
        matcher.test(&self.candidates, event, &mut self.done.hits);
    }

    fn sample(&mut self, moment: Moment) {
        self.done.samples.extend(sample(moment));
    }

    fn batch(&mut self) -> Done {
        let mut done = std::mem::take(&mut self.done);
        done.last = self.last.and_then(sample);
        done
    }
}

fn sample(moment: Moment) -> Option<Sample> {
    Some(Sample {
        parser: PARSER,
        time: RawTime::Instant(moment.at?),
        line: moment.number,
        host: None,
    })
}
