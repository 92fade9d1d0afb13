//! Packets to rows: what repeats itself is folded, and of very many rows the first and the last
//! are kept.

use std::collections::VecDeque;

use crate::model::flow::Direction;
use crate::model::ladder::{Folded, Kind, Left, Place, Row, Rung, SILENCE, Segment, Sort, What};

/// Rows that are kept from each end.
const ENDS: usize = 120;

/// What a packet may be folded into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// It has a row of its own.
    Alone,
    /// It is folded with its like; acknowledgments also with what they answer.
    With(Kind),
}

fn class(rung: &Rung) -> Class {
    let plain = |segment: &Segment| {
        let flags = segment.syn || segment.fin || segment.rst;
        !flags && segment.closes.is_none() && !segment.completes
    };
    match &rung.what {
        _ if !rung.words.is_empty() => Class::Alone,
        What::Datagram(_) => Class::With(Kind::Data),
        What::Segment(segment) if plain(segment) => Class::With(match segment.sort {
            Sort::KeepAlive => Kind::KeepAlives,
            Sort::Probe => Kind::Probes,
            Sort::Again => Kind::Again,
            _ if segment.bytes == 0 => Kind::Acks,
            Sort::Next | Sort::Late => Kind::Data,
        }),
        _ => Class::Alone,
    }
}

/// Packets that are told one by one where there are no more of a kind.
fn few(kind: Kind) -> usize {
    match kind {
        Kind::Acks => 1,
        Kind::KeepAlives | Kind::Probes => 2,
        Kind::Again => 3,
        Kind::Data => 4,
    }
}

/// Packets that follow each other and are alike.
#[derive(Debug)]
struct Run {
    folded: Folded,
    /// The packets, as long as they are few.
    rungs: Vec<Rung>,
}

impl Run {
    fn new(kind: Kind, rung: Rung) -> Self {
        let folded = Folded {
            kind,
            first: rung.place,
            last: rung.place,
            packets: 0,
            own: 0,
            bytes: [0; 2],
        };
        let mut run = Self {
            folded,
            rungs: Vec::new(),
        };
        run.add(kind, rung);
        run
    }

    /// The kind of the run with one more packet, if that belongs to it.
    fn joined(&self, kind: Kind) -> Option<Kind> {
        match (self.folded.kind, kind) {
            (own, other) if own == other => Some(own),
            (Kind::Again, _) | (_, Kind::Again) => None,
            (own, Kind::Acks) => Some(own),
            (Kind::Acks, other) => Some(other),
            _ => None,
        }
    }

    fn add(&mut self, kind: Kind, rung: Rung) {
        let folded = &mut self.folded;
        if kind != folded.kind && kind != Kind::Acks {
            folded.kind = kind;
            folded.own = 0;
        }
        folded.own += u64::from(kind == folded.kind);
        folded.packets += 1;
        folded.last = rung.place;
        let bytes = match rung.what {
            What::Segment(segment) => segment.bytes,
            What::Datagram(bytes) => bytes,
            What::Icmp { .. } => 0,
        };
        if let Some(sum) = folded
            .bytes
            .get_mut(usize::from(rung.from == Direction::FromResponder))
        {
            *sum += u64::from(bytes);
        }
        if self.rungs.len() <= few(Kind::Data) {
            self.rungs.push(rung);
        }
    }

    fn rows(self) -> Vec<Row> {
        let few = self.rungs.len() as u64 == self.folded.packets
            && self.rungs.len() <= few(self.folded.kind);
        if few {
            self.rungs.into_iter().map(Row::One).collect()
        } else {
            vec![Row::Folded(self.folded)]
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) head: Vec<Row>,
    pub(super) left: Option<Left>,
    pub(super) tail: VecDeque<Row>,
}

impl Rows {
    fn push(&mut self, row: Row) {
        if self.head.len() < ENDS {
            self.head.push(row);
            return;
        }
        self.tail.push_back(row);
        if self.tail.len() <= ENDS {
            return;
        }
        let Some(row) = self.tail.pop_front() else {
            return;
        };
        let (first, last) = row.places();
        let left = self.left.get_or_insert(Left {
            packets: 0,
            first,
            last,
        });
        left.packets += row.packets();
        left.last = last;
    }
}

/// Folds packets while they come.
#[derive(Debug)]
pub(super) struct Folder {
    rows: Rows,
    run: Option<Run>,
    last: Option<Place>,
    /// Times at which something else is told: no row reaches over one. In order.
    cuts: Vec<i64>,
}

impl Folder {
    pub(super) fn new(mut cuts: Vec<i64>) -> Self {
        cuts.sort_unstable();
        Self {
            rows: Rows::default(),
            run: None,
            last: None,
            cuts,
        }
    }

    /// One more packet.
    pub(super) fn push(&mut self, rung: Rung) {
        let class = class(&rung);
        let apart = self.is_apart(&rung, class);
        self.last = Some(rung.place);
        let Class::With(kind) = class else {
            self.flush();
            self.rows.push(Row::One(rung));
            return;
        };
        match &mut self.run {
            Some(run) if !apart && run.joined(kind).is_some() => run.add(kind, rung),
            _ => {
                self.flush();
                self.run = Some(Run::new(kind, rung));
            }
        }
    }

    /// True when something has to be told between the packet before and this one.
    fn is_apart(&self, rung: &Rung, class: Class) -> bool {
        let times = self.last.and_then(|last| last.at).zip(rung.place.at);
        let Some((before, now)) = times else {
            return false;
        };
        let from = self.cuts.partition_point(|cut| *cut < before);
        let to = self.cuts.partition_point(|cut| *cut < now);
        let slow = |kind: Kind| matches!(kind, Kind::KeepAlives | Kind::Probes);
        let run_is_slow = self.run.as_ref().is_some_and(|run| slow(run.folded.kind));
        let slow = run_is_slow && matches!(class, Class::With(kind) if slow(kind));
        from < to || (now.saturating_sub(before) >= SILENCE && !slow)
    }

    fn flush(&mut self) {
        let rows = self.run.take().map(Run::rows).unwrap_or_default();
        rows.into_iter().for_each(|row| self.rows.push(row));
    }

    /// No more packets come.
    pub(super) fn finish(mut self) -> Rows {
        self.flush();
        self.rows
    }
}
