//! What came of chunks, folded in the order of the text.

use std::collections::BTreeMap;

use super::work::{Done, stretch};
use crate::detect::runs::{Budget, Folder};
use crate::detect::table::Table;
use crate::model::hit::{Collected, FileSeen, Sample};
use crate::model::report::ReadStatus;

/// Sampled record heads kept for one file; beyond it stretches are joined in pairs.
const SAMPLES: usize = 4096;

/// What is said of a file at which the program itself failed.
pub(super) const BROKEN: &str = "internal error while reading this file, please report";

/// What came of a task; `None` when it panicked.
#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) number: u64,
    pub(super) file: u32,
    pub(super) done: Option<Done>,
}

/// What the chunks of one file gave besides hits.
#[derive(Clone, Default)]
struct Tally {
    samples: Samples,
    skipped: u64,
    torn: u64,
    dropped: u64,
    broken: bool,
}

impl Tally {
    /// Writes it into what is known of the file.
    fn tell(self, file: &mut FileSeen) {
        file.samples = self.samples.finish();
        file.skipped = self.skipped;
        let torn = format!("{} lines are pieces of records that were torn", self.torn);
        let dropped = format!("{} values beyond what is kept of a dump", self.dropped);
        for (holds, note) in [
            (self.torn > 0, torn),
            (self.dropped > 0, dropped),
            (self.broken, BROKEN.to_owned()),
        ] {
            if holds {
                file.status = ReadStatus::Partial;
                file.notes.push(note);
            }
        }
    }
}

/// Takes outcomes in any order and folds them in the order of the text.
#[derive(Clone)]
pub(super) struct Fold<'t, 'c> {
    folder: Folder<'t, 'c>,
    waiting: BTreeMap<u64, Outcome>,
    next: u64,
    tallies: BTreeMap<u32, Tally>,
}

impl<'t, 'c> Fold<'t, 'c> {
    pub(super) fn new(table: &'t Table<'c>, budget: Budget) -> Self {
        Self {
            folder: Folder::new(table, budget),
            waiting: BTreeMap::new(),
            next: 0,
            tallies: BTreeMap::new(),
        }
    }

    pub(super) fn take(&mut self, outcome: Outcome) {
        self.waiting.insert(outcome.number, outcome);
        while let Some(outcome) = self.waiting.remove(&self.next) {
            self.next += 1;
            let tally = self.tallies.entry(outcome.file).or_default();
            let Some(done) = outcome.done else {
                tally.broken = true;
                continue;
            };
            let hits = done.hits.iter();
            hits.for_each(|hit| self.folder.add(outcome.file, hit));
            tally.skipped += done.skipped;
            tally.torn += done.torn;
            tally.dropped += done.dropped;
            let samples = done.samples.into_iter();
            samples.for_each(|sample| tally.samples.add(sample));
            tally.samples.last = done.last.or(tally.samples.last.take());
        }
    }

    pub(super) fn finish(mut self, mut files: Vec<FileSeen>) -> Collected {
        let (runs, mut lost) = self.folder.finish();
        for (at, file) in (0u32..).zip(files.iter_mut()) {
            file.lost = lost.remove(&at).unwrap_or_default();
            self.tallies.remove(&at).unwrap_or_default().tell(file);
        }
        Collected { files, runs }.in_order()
    }
}

/// The samples of a file, in line order.
#[derive(Clone, Default)]
struct Samples {
    kept: Vec<Sample>,
    /// One sample is kept of `1 << joined` stretches.
    joined: u32,
    last: Option<Sample>,
}

impl Samples {
    /// Which samples stay follows from the lines of all of them alone, not from the chunks in
    /// which they came.
    fn add(&mut self, mut sample: Sample) {
        let place = |sample: &Sample, joined: u32| stretch(sample.line) >> joined;
        if self
            .kept
            .last()
            .is_some_and(|last| place(last, self.joined) == place(&sample, self.joined))
        {
            return;
        }
        // most hosts are that of the sample before: one copy of the name is enough
        let before = self.kept.last().and_then(|last| last.host.clone());
        if before == sample.host {
            sample.host = before;
        }
        self.kept.push(sample);
        while self.kept.len() > SAMPLES {
            self.joined += 1;
            let joined = self.joined;
            self.kept.dedup_by_key(|sample| place(sample, joined));
        }
    }

    /// All of them, the last record's among them.
    fn finish(mut self) -> Vec<Sample> {
        if self.kept.last() != self.last.as_ref() {
            self.kept.extend(self.last);
        }
        self.kept
    }
}
