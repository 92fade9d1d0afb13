//! What stands around the proofs of a report: the connections that incidents rest on packet by
//! packet, and the lines before and behind records. The input is read once more for all of it.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use memchr::memchr;

use super::intake::fill;
use super::show::{BATCH, Beside, LADDERS, shown};
use super::{Diagnoser, Engine, Job};
use crate::model::ladder::{Ends, Ladder, Shown};
use crate::model::report::{Diagnosis, Evidence, Report};
use crate::parse::encoding::Decoder;
use crate::parse::net::flow::Moment;
use crate::parse::net::frame::Decoder as Frames;
use crate::parse::net::ladder::wanted::Wanted;
use crate::parse::net::ladder::{self, Recorder};
use crate::source::pcap_file::{CaptureReader, FrameSource, MAGIC, is_capture};
use crate::source::{self, Gap, Input, Visitor};

/// Connections that are read again.
const FLOWS: usize = 6;
/// Pieces of evidence whose surroundings are read.
const PLACES: usize = 120;
/// Lines before and behind a record.
const AROUND: usize = 2;
/// Bytes of a line that are kept.
const LINE: usize = 400;
/// Bytes that are read at a time.
const BLOCK: usize = 64 * 1024;

/// A report with what stands around its proofs.
#[derive(Clone, Debug)]
pub struct Again {
    /// The whole report.
    pub report: Report,
    /// The connections of its first incidents.
    pub flows: Vec<Shown>,
    /// What stands around its first proofs.
    pub around: Vec<Around>,
}

/// Lines around a piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Around {
    /// The file.
    pub origin: String,
    /// Line of the evidence.
    pub line: u64,
    /// Lines before it.
    pub before: Vec<String>,
    /// Lines behind it.
    pub after: Vec<String>,
}

/// Reads and judges, then reads again.
pub(super) fn again(diagnoser: &Diagnoser<'_>, job: Job<'_>) -> anyhow::Result<Again> {
    let collected = diagnoser.collect(job, &Engine::default())?;
    let judged = diagnoser.judge(&collected, job.options);
    let beside = Beside {
        diagnoser,
        collected: &collected,
        judged: &judged,
    };
    let mut visit = Visit {
        job,
        beside: &beside,
        flows: flows(&judged.report),
        places: places(&judged.report),
        around: Vec::new(),
    };
    let wanted = !visit.flows.is_empty() || !visit.places.is_empty();
    if wanted && !job.stop.load(Ordering::Relaxed) {
        source::walk(job.selection, job.limits, &|_| {}, job.stop, &mut visit);
    }
    let Visit { flows, around, .. } = visit;
    let flows = flows.into_iter();
    let flows = flows.filter_map(|flow| shown(flow.ladders, flow.more, &beside));
    Ok(Again {
        flows: flows.collect(),
        around,
        report: judged.report.clone(),
    })
}

/// All incidents, the causes of every cluster first.
fn incidents(report: &Report) -> impl Iterator<Item = &Diagnosis> {
    report.clusters.iter().flat_map(|one| &one.diagnoses)
}

/// The first connections.
fn flows(report: &Report) -> Vec<Flow> {
    let mut flows: Vec<Flow> = Vec::new();
    let all = incidents(report).filter_map(|one| one.flow.as_deref());
    for ends in all.filter_map(|flow| Wanted::parse(flow)?.exact()) {
        let known = flows.iter().any(|flow| flow.ends.is_same(ends));
        if flows.len() < FLOWS && !known {
            flows.push(Flow {
                ends,
                ladders: Vec::new(),
                more: 0,
            });
        }
    }
    flows
}

/// A connection that is looked for.
struct Flow {
    ends: Ends,
    ladders: Vec<Ladder>,
    /// Captures beyond those whose ladders are kept.
    more: u64,
}

/// Records whose surroundings are wanted, by file and line.
type Places = BTreeMap<String, BTreeMap<u64, Wish>>;

/// What is known of a record: its first line, and on which line it ends.
struct Wish {
    first: String,
    /// A record that was cut ends nobody knows where.
    last: Option<u64>,
}

fn places(report: &Report) -> Places {
    let mut places = Places::new();
    let all = incidents(report).flat_map(|one| &one.evidence).take(PLACES);
    for Evidence {
        origin,
        line,
        excerpt,
        ..
    } in all
    {
        let Some(line) = *line else { continue };
        let lines = excerpt.lines().count() as u64;
        let wish = Wish {
            first: excerpt.lines().next().unwrap_or_default().trim().to_owned(),
            last: (!excerpt.ends_with('…')).then(|| line + lines.saturating_sub(1)),
        };
        let of_file = places.entry(origin.clone()).or_default();
        of_file.insert(line, wish);
    }
    places
}

/// Goes through the input once more.
struct Visit<'a, 'b, 'c> {
    job: Job<'a>,
    beside: &'b Beside<'b, 'c>,
    flows: Vec<Flow>,
    places: Places,
    around: Vec<Around>,
}

impl Visitor for Visit<'_, '_, '_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        let mut head = [0; MAGIC];
        let (read, _) = fill(input.reader, &mut head);
        let head = head.get(..read).unwrap_or(&[]);
        let origin = input.origin.as_str();
        if is_capture(head) {
            if !self.flows.is_empty() {
                // what is broken here was told when the report was made
                let read = || self.capture(head, input.reader, origin);
                _ = catch_unwind(AssertUnwindSafe(read));
            }
        } else if let Some(wishes) = self.places.get(origin) {
            let mut text = head.chain(input.reader);
            let stop = || self.job.stop.load(Ordering::Relaxed);
            self.around.extend(around(origin, wishes, &mut text, &stop));
        }
        match self.job.stop.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn gap(&mut self, _: Gap) {}
}

impl Visit<'_, '_, '_> {
    fn capture(&mut self, head: &[u8], reader: &mut dyn Read, origin: &str) {
        let mut source = CaptureReader::new(head, reader);
        let mut frames = Frames::new();
        let mut recorders: Vec<Option<Recorder>> = self.flows.iter().map(|_| None).collect();
        let mut latest = None;
        while let Some(frame) = source.next_frame() {
            if frame.number.is_multiple_of(BATCH) && self.job.stop.load(Ordering::Relaxed) {
                break;
            }
            latest = latest.max(frame.at);
            let packet = frames.decode(&frame);
            let Some((packet, ends)) = packet.and_then(|packet| {
                let ends = ladder::ends(&packet)?;
                Some((packet, ends))
            }) else {
                continue;
            };
            let mut flows = self.flows.iter().zip(&mut recorders);
            if let Some((_, recorder)) = flows.find(|(flow, _)| flow.ends.is_same(ends)) {
                let moment = Moment {
                    number: frame.number,
                    at: frame.at,
                };
                let recorder = recorder.get_or_insert_with(|| self.beside.recorder(ends));
                recorder.packet(&packet, moment);
            }
        }
        for (flow, recorder) in self.flows.iter_mut().zip(recorders) {
            let ladder = recorder.and_then(|mut recorder| {
                recorder.clock(latest);
                recorder.finish(origin)
            });
            match flow.ladders.len() < LADDERS {
                true => flow.ladders.extend(ladder),
                false => flow.more += u64::from(ladder.is_some()),
            }
        }
    }
}

/// The surroundings of records in one text.
fn around(
    origin: &str,
    wishes: &BTreeMap<u64, Wish>,
    reader: &mut dyn Read,
    stop: &dyn Fn() -> bool,
) -> Vec<Around> {
    let Some(last) = wishes.keys().next_back() else {
        return Vec::new();
    };
    let mut window = Window {
        origin,
        wishes,
        number: 0,
        before: VecDeque::new(),
        open: Vec::new(),
        done: Vec::new(),
    };
    let mut lines = Lines::new(reader);
    while let Some(line) = lines.next() {
        window.line(&line);
        let over = window.number > *last && window.open.is_empty();
        if over || (window.number.is_multiple_of(BATCH) && stop()) {
            break;
        }
    }
    window
        .done
        .extend(window.open.into_iter().map(|(around, _)| around));
    window.done
}

/// The last lines, and the records that wait for those behind them.
struct Window<'w> {
    origin: &'w str,
    wishes: &'w BTreeMap<u64, Wish>,
    /// Number of the last line, from 1.
    number: u64,
    before: VecDeque<String>,
    /// Records, and the last of their own lines.
    open: Vec<(Around, u64)>,
    done: Vec<Around>,
}

impl Window<'_> {
    fn line(&mut self, line: &str) {
        self.number += 1;
        for (around, last) in &mut self.open {
            if self.number > *last {
                around.after.push(line.to_owned());
            }
        }
        let full = |(around, _): &(Around, u64)| around.after.len() >= AROUND;
        let (full, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.open).into_iter().partition(full);
        self.open = open;
        self.done.extend(full.into_iter().map(|(around, _)| around));
        if let Some(wish) = self.wishes.get(&self.number).filter(|wish| wish.fits(line)) {
            let around = Around {
                origin: self.origin.to_owned(),
                line: self.number,
                before: self.before.iter().cloned().collect(),
                after: Vec::new(),
            };
            match wish.last {
                Some(last) => self.open.push((around, last)),
                None => self.done.push(around),
            }
        }
        self.before.push_back(line.to_owned());
        if self.before.len() > AROUND {
            self.before.pop_front();
        }
    }
}

impl Wish {
    /// True when this is the record: a mended text has other lines, and what stands around another
    /// line proves nothing.
    fn fits(&self, line: &str) -> bool {
        let known = self.first.trim_end_matches('…');
        let known = known
            .get(..known.floor_char_boundary(LINE / 2))
            .unwrap_or(known);
        !known.is_empty() && line.contains(known)
    }
}

/// Lines of a text in any encoding, each cut to what is kept.
struct Lines<'r> {
    reader: &'r mut dyn Read,
    decoder: Option<Decoder>,
    begun: bool,
    over: bool,
    text: Vec<u8>,
    at: usize,
}

impl<'r> Lines<'r> {
    fn new(reader: &'r mut dyn Read) -> Self {
        Self {
            reader,
            decoder: None,
            begun: false,
            over: false,
            text: Vec::new(),
            at: 0,
        }
    }

    fn next(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut any = false;
        loop {
            if self.at >= self.text.len() && !self.more() {
                return any.then(|| shown_line(&line));
            }
            any = true;
            let rest = self.text.get(self.at..).unwrap_or(&[]);
            let end = memchr(b'\n', rest);
            let part = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
            let room = LINE.saturating_sub(line.len());
            line.extend_from_slice(part.get(..room).unwrap_or(part));
            self.at += part.len() + usize::from(end.is_some());
            if end.is_some() {
                return Some(shown_line(&line));
            }
        }
    }

    /// Reads the next block; false at the end.
    fn more(&mut self) -> bool {
        self.text.clear();
        self.at = 0;
        while self.text.is_empty() && !self.over {
            let mut block = vec![0; BLOCK];
            let (read, error) = fill(self.reader, &mut block);
            block.truncate(read);
            self.over = read < BLOCK || error.is_some();
            if !self.begun {
                self.begun = true;
                self.decoder = Decoder::detect(&block);
            }
            match &mut self.decoder {
                Some(decoder) => decoder.push(&block, &mut self.text),
                None => self.text = block,
            }
        }
        !self.text.is_empty()
    }
}

fn shown_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, wishes: &[(u64, &str, Option<u64>)]) -> Vec<Around> {
        let wish = |(line, first, last): &(u64, &str, Option<u64>)| {
            let wish = Wish {
                first: (*first).to_owned(),
                last: *last,
            };
            (*line, wish)
        };
        let wishes = wishes.iter().map(wish).collect();
        around("f", &wishes, &mut text.as_bytes(), &|| false)
    }

    #[test]
    fn lines_around_a_record_are_found() {
        let all = found(
            "a\nb\nc\nd\ne\nf\n",
            &[(3, "c", Some(4)), (6, "f", Some(6))],
        );
        let told: Vec<String> = all
            .iter()
            .map(|one| {
                format!(
                    "{} {} {}",
                    one.line,
                    one.before.join(""),
                    one.after.join("")
                )
            })
            .collect();
        assert_eq!(told, ["3 ab ef", "6 de "]);
    }

    #[test]
    fn another_line_proves_nothing() {
        assert!(found("a\nb\nc\n", &[(2, "x", Some(2))]).is_empty());
        assert!(found("a\nb\n", &[(7, "b", Some(7))]).is_empty());
        // a record that was cut has no known end
        let cut = found("a\nbcd\ne\n", &[(2, "bc…", None)]);
        assert_eq!(
            (cut.len(), cut.first().map(|one| one.after.len())),
            (1, Some(0))
        );
    }

    #[test]
    fn other_encodings_and_long_lines_are_read() {
        let text: Vec<u8> = "\u{feff}one\r\nMar 3 two\r\nthree\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let mut reader = text.as_slice();
        let mut lines = Lines::new(&mut reader);
        assert_eq!(lines.next().as_deref(), Some("one"));
        assert_eq!(lines.next().as_deref(), Some("Mar 3 two"));
        let long = format!("{}\nx", "y".repeat(3 * BLOCK));
        let mut reader = long.as_bytes();
        let mut lines = Lines::new(&mut reader);
        assert_eq!(lines.next().map(|line| line.len()), Some(LINE));
        assert_eq!(lines.next().as_deref(), Some("x"));
        assert_eq!(lines.next(), None);
    }
}
