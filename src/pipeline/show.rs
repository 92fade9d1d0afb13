//! One connection packet by packet, with the records beside it: the captures are read once more,
//! only for this.

use std::collections::{BTreeSet, HashSet};
use std::io::Read;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use super::intake::fill;
use super::{Diagnoser, Job, Judgement};
use crate::detect::resolve::TimedHit;
use crate::detect::table::Owner;
use crate::model::hit::{Collected, FileSeen};
use crate::model::ladder::{Ends, Ladder, LogLine, Row, Shown, What};
use crate::model::report::Report;
use crate::model::time::SECOND;
use crate::parse::net::flow::Moment;
use crate::parse::net::frame::Decoder;
use crate::parse::net::ladder::wanted::Wanted;
use crate::parse::net::ladder::{self, Recorder};
use crate::source::pcap_file::{CaptureReader, FrameSource, MAGIC, is_capture};
use crate::source::{self, Gap, Input, Visitor};

/// Connections that are named where one has to be chosen.
const NAMED: usize = 10;
/// Connections that are told apart while they are counted.
const COUNTED: usize = 65_536;
/// Captures of which a ladder is drawn.
pub(super) const LADDERS: usize = 16;
/// Records beside the packets that are kept from each end.
const LINES: usize = 60;
/// Microseconds around the packets in which records are of interest.
const AROUND: i64 = 60 * SECOND;
/// Frames between two looks at whether to stop.
pub(super) const BATCH: u64 = 4096;

/// Which connection is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// By its ends.
    Flow(Wanted),
    /// That of an incident, by the id of the incident.
    Incident(String),
}

/// Why nothing can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unshown {
    /// The report has no such incident; the ids of those that have a connection.
    NoIncident(Vec<String>),
    /// No packet proves the incident.
    NoPackets,
    /// There is no capture.
    NoCapture,
    /// No capture has such a connection; connections that may be meant.
    Absent(Vec<Ends>),
    /// Several connections fit; the first ones, and how many there are.
    Several(Vec<Ends>, usize),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Showing {
    /// The whole report.
    pub report: Report,
    /// The connection.
    pub shown: Result<Shown, Unshown>,
}

/// Reads and judges, then reads the captures again.
pub(super) fn show(
    diagnoser: &Diagnoser<'_>,
    job: Job<'_>,
    asked: &Asked,
) -> anyhow::Result<Showing> {
    let collected = diagnoser.collect(job, &super::Engine::default())?;
    let judged = diagnoser.judge(&collected, job.options);
    let shown = wanted(&judged.report, asked).and_then(|wanted| {
        let beside = Beside {
            diagnoser,
            collected: &collected,
            judged: &judged,
        };
        search(job, wanted, &beside)
    });
    Ok(Showing {
        report: judged.report,
        shown,
    })
}

fn wanted(report: &Report, asked: &Asked) -> Result<Wanted, Unshown> {
    let id = match asked {
        Asked::Flow(wanted) => return Ok(*wanted),
        Asked::Incident(id) => id,
    };
    let all = || {
        report
            .clusters
            .iter()
            .flat_map(|cluster| &cluster.diagnoses)
    };
    let Some(incident) = all().find(|incident| incident.id == *id) else {
        let with_flow = all().filter(|incident| incident.flow.is_some());
        let ids = with_flow.map(|incident| incident.id.clone());
        return Err(Unshown::NoIncident(ids.take(NAMED).collect()));
    };
    let flow = incident.flow.as_deref().and_then(Wanted::parse);
    flow.ok_or(Unshown::NoPackets)
}

/// Reads the captures and puts together what they show.
fn search(job: Job<'_>, wanted: Wanted, beside: &Beside<'_, '_>) -> Result<Shown, Unshown> {
    let mut search = Search {
        job,
        wanted,
        beside,
        ends: wanted.exact(),
        fitting: HashSet::new(),
        named: Vec::new(),
        near: Vec::new(),
        others: Vec::new(),
        captures: 0,
        ladders: Vec::new(),
        more_captures: 0,
    };
    source::walk(job.selection, job.limits, &|_| {}, job.stop, &mut search);
    let Search {
        fitting,
        named,
        near,
        others,
        captures,
        ladders,
        more_captures,
        ..
    } = search;
    if fitting.len() > 1 {
        return Err(Unshown::Several(named, fitting.len()));
    }
    shown(ladders, more_captures, beside).ok_or(match (captures, near.is_empty()) {
        (0, _) => Unshown::NoCapture,
        (_, false) => Unshown::Absent(near),
        (_, true) => Unshown::Absent(others),
    })
}

/// The ladders of one connection, all seen from the same end, with the records beside them.
pub(super) fn shown(
    mut ladders: Vec<Ladder>,
    more_captures: u64,
    beside: &Beside<'_, '_>,
) -> Option<Shown> {
    let known = ladders.iter().find(|ladder| ladder.is_opened());
    let ends = known.or(ladders.first())?.ends;
    let turned = ladders.iter_mut().filter(|ladder| ladder.ends != ends);
    turned.for_each(Ladder::turn);
    for ladder in &mut ladders {
        ladder.notes = beside.notes(&ladder.origin);
    }
    let (logs, logs_left) = beside.logs(ends, &ladders);
    Some(Shown {
        ends,
        faults: beside.faults(ends, &ladders),
        ladders,
        more_captures,
        logs,
        logs_left,
    })
}

/// What the first reading found.
pub(super) struct Beside<'a, 'c> {
    pub(super) diagnoser: &'a Diagnoser<'c>,
    pub(super) collected: &'a Collected,
    pub(super) judged: &'a Judgement,
}

impl Beside<'_, '_> {
    /// What draws the ladder of a connection.
    pub(super) fn recorder(&self, ends: Ends) -> Recorder {
        Recorder::new(self.records(ends).map(|(at, _)| at).collect())
    }

    /// Matched records of logs that are about one of the hosts, with their times.
    fn records(&self, ends: Ends) -> impl Iterator<Item = (i64, &TimedHit)> {
        let timeline = &self.judged.timeline;
        let hosts = [ends.originator, ends.responder].map(|end| end.ip().to_string());
        let is_end = |node: &crate::detect::resolve::NodeSeen| {
            node.addresses.iter().any(|address| hosts.contains(address))
        };
        let nodes: BTreeSet<usize> = (0..)
            .zip(&timeline.nodes)
            .filter_map(|(at, node)| is_end(node).then_some(at))
            .collect();
        let table = &self.diagnoser.table;
        timeline.hits.iter().filter_map(move |hit| {
            let about = [hit.node, hit.peer].into_iter().flatten();
            let of_fault = table
                .get(hit.signal)
                .is_some_and(|entry| matches!(entry.owner, Owner::Fault(_)));
            let wanted = of_fault && hit.wire.is_none();
            let concerns = wanted && about.into_iter().any(|node| nodes.contains(&node));
            hit.time.rfc3339()?;
            Some((hit.time.micros?, hit)).filter(|_| concerns)
        })
    }

    /// The records around the packets, each once, and how many in the middle are left out.
    fn logs(&self, ends: Ends, ladders: &[Ladder]) -> (Vec<LogLine>, u64) {
        let rows = || ladders.iter().flat_map(Ladder::rows);
        let first = rows().filter_map(|row| row.places().0.at).min();
        let last = rows().filter_map(|row| row.places().1.at).max();
        let Some((first, last)) = first.zip(last) else {
            return (Vec::new(), 0);
        };
        let span = first.saturating_sub(AROUND)..=last.saturating_add(AROUND);
        let mut seen = HashSet::new();
        let records = self.records(ends).filter(|(at, _)| span.contains(at));
        let mut lines: Vec<LogLine> = records
            .filter(|(_, hit)| seen.insert((hit.file, hit.line)))
            .map(|(at, hit)| LogLine {
                at,
                certainty: hit.time.certainty,
                place: self.place(hit),
                text: hit.excerpt.as_deref().unwrap_or_default().to_owned(),
            })
            .collect();
        let left = lines.len().saturating_sub(2 * LINES);
        lines.drain(LINES.min(lines.len())..LINES.min(lines.len()) + left);
        (lines, left as u64)
    }

    /// What the first reading said about a capture.
    fn notes(&self, origin: &str) -> Vec<String> {
        let mut files = self.collected.files.iter();
        let file = files.find(|file| file.origin.as_str() == origin);
        file.map(|file| file.notes.clone()).unwrap_or_default()
    }

    fn place(&self, hit: &TimedHit) -> String {
        let file: Option<&FileSeen> = self.collected.files.get(hit.file as usize);
        file.map_or_else(String::new, |file| format!("{}:{}", file.origin, hit.line))
    }

    /// Ids of faults that are proved by packets of the connection, or by ICMP errors about them.
    fn faults(&self, ends: Ends, ladders: &[Ladder]) -> Vec<String> {
        let Judgement {
            timeline, findings, ..
        } = self.judged;
        let errors: HashSet<(&str, u64)> = ladders.iter().flat_map(errors).collect();
        let is_it = |at: &usize| {
            let Some(hit) = timeline.hits.get(*at) else {
                return false;
            };
            let Some(flow) = hit.flow() else {
                let file = self.collected.files.get(hit.file as usize);
                let place = file.map(|file| file.origin.as_str()).zip(hit.frame());
                return place.is_some_and(|place| errors.contains(&place));
            };
            let found = Wanted::parse(flow).and_then(|flow| flow.exact());
            found.is_some_and(|found| found.is_same(ends))
        };
        let faults = &self.diagnoser.table.catalog.faults;
        let proved = findings
            .iter()
            .filter(|finding| finding.hits.iter().any(is_it));
        let ids: BTreeSet<&str> = proved
            .filter_map(|finding| Some(faults.get(finding.fault)?.id.as_str()))
            .collect();
        ids.into_iter().map(str::to_owned).collect()
    }
}

/// The ICMP errors of a ladder.
fn errors(ladder: &Ladder) -> impl Iterator<Item = (&str, u64)> {
    ladder.rows().filter_map(|row| match row {
        Row::One(rung) if matches!(rung.what, What::Icmp { .. }) => {
            Some((ladder.origin.as_str(), rung.place.frame))
        }
        _ => None,
    })
}

/// Goes through the captures.
struct Search<'a, 'b, 'c> {
    job: Job<'a>,
    wanted: Wanted,
    beside: &'b Beside<'b, 'c>,
    /// The connection, once it is known.
    ends: Option<Ends>,
    /// Connections that fit, in one order of their ends.
    fitting: HashSet<Ends>,
    /// The first of them.
    named: Vec<Ends>,
    /// The first connections of the same hosts, and of others.
    near: Vec<Ends>,
    others: Vec<Ends>,
    captures: u64,
    ladders: Vec<Ladder>,
    more_captures: u64,
}

impl Visitor for Search<'_, '_, '_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        let mut head = [0; MAGIC];
        let (read, _) = fill(input.reader, &mut head);
        let head = head.get(..read).unwrap_or(&[]);
        if is_capture(head) {
            self.captures += 1;
            let read = || self.read(head, input.reader, input.origin.as_str());
            // what is broken here was told when the report was made
            let ladder = catch_unwind(AssertUnwindSafe(read)).ok().flatten();
            if self.ladders.len() < LADDERS {
                self.ladders.extend(ladder);
            } else {
                self.more_captures += u64::from(ladder.is_some());
            }
        }
        if self.job.stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn gap(&mut self, _: Gap) {}
}

impl Search<'_, '_, '_> {
    fn read(&mut self, head: &[u8], reader: &mut dyn Read, origin: &str) -> Option<Ladder> {
        let mut source = CaptureReader::new(head, reader);
        let mut decoder = Decoder::new();
        let mut recorder = self.ends.map(|ends| self.beside.recorder(ends));
        let mut latest = None;
        while let Some(frame) = source.next_frame() {
            if frame.number.is_multiple_of(BATCH) && self.job.stop.load(Ordering::Relaxed) {
                break;
            }
            latest = latest.max(frame.at);
            let Some(packet) = decoder.decode(&frame) else {
                continue;
            };
            let Some(ends) = ladder::ends(&packet) else {
                continue;
            };
            if !self.wanted.fits(ends) {
                self.pass(ladder::opened_by(&packet, ends));
                continue;
            }
            self.meet(ladder::opened_by(&packet, ends));
            if self.ends.is_some_and(|wanted| wanted.is_same(ends)) {
                let moment = Moment {
                    number: frame.number,
                    at: frame.at,
                };
                let recorder = recorder.get_or_insert_with(|| self.beside.recorder(ends));
                recorder.packet(&packet, moment);
            }
        }
        let mut recorder = recorder?;
        recorder.clock(latest);
        recorder.finish(origin)
    }

    /// A connection that fits; the first one is taken.
    fn meet(&mut self, ends: Ends) {
        self.ends = self.ends.or(Some(ends));
        let key = Ends {
            originator: ends.originator.min(ends.responder),
            responder: ends.originator.max(ends.responder),
        };
        if self.fitting.len() < COUNTED && self.fitting.insert(key) && self.named.len() < NAMED {
            self.named.push(ends);
        }
    }

    /// Another connection.
    fn pass(&mut self, ends: Ends) {
        let list = match self.wanted.shares_host(ends) {
            true => &mut self.near,
            false => &mut self.others,
        };
        if list.len() < NAMED && !list.iter().any(|known| known.is_same(ends)) {
            list.push(ends);
        }
    }
}
