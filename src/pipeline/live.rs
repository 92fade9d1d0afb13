//! A capture that is diagnosed while it is being made: one thread reads, any other may ask at any
//! time what is known so far. At the end it is the same as reading the file that was written.

use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Diagnoser;
use super::capture::{self, Reading};
use super::fold::{Fold, Outcome};
use super::intake::seen;
use super::work::Done;
use crate::detect::runs::Budget;
use crate::model::frame::CaptureStats;
use crate::model::hit::{Collected, FileSeen};
use crate::model::origin::Origin;
use crate::model::report::ReadStatus;
use crate::source::pcap_file::{CaptureReader, FrameSource};

/// A live capture.
pub struct Live<'d, 'c> {
    diagnoser: &'d Diagnoser<'c>,
    state: Mutex<State<'d, 'c>>,
}

/// What is known so far.
struct State<'d, 'c> {
    reading: Reading<'d, 'c>,
    fold: Fold<'d, 'c>,
    file: FileSeen,
    stats: CaptureStats,
    batches: u64,
    /// Everything was read and told.
    over: bool,
}

impl State<'_, '_> {
    fn fold(&mut self, done: Done) {
        self.fold.take(Outcome {
            number: self.batches,
            file: 0,
            done: Some(done),
        });
        self.batches += 1;
    }
}

impl<'d, 'c> Live<'d, 'c> {
    /// A capture that a report calls `origin`, such as the name of the interface.
    pub fn new(diagnoser: &'d Diagnoser<'c>, origin: &str) -> Self {
        let mut file = seen(Origin::top(origin), None, ReadStatus::Read);
        let state = State {
            reading: Reading::new(diagnoser, &mut file),
            fold: Fold::new(&diagnoser.table, Budget::default()),
            file,
            stats: CaptureStats::default(),
            batches: 0,
            over: false,
        };
        Self {
            diagnoser,
            state: Mutex::new(state),
        }
    }

    /// Reads pcap or pcapng until `reader` is at its end; frames count as soon as they are whole.
    pub fn read(&self, reader: &mut dyn Read) {
        let mut source = CaptureReader::new(&[], reader);
        while let Some(frame) = source.next_frame() {
            let mut state = self.state();
            let State { reading, file, .. } = &mut *state;
            reading.frame(&frame, file);
            if reading.has_hits() {
                let done = reading.batch();
                state.fold(done);
            }
        }
        let mut state = self.state();
        let State {
            reading,
            file,
            stats,
            over,
            ..
        } = &mut *state;
        stats.clone_from(source.stats());
        let view = reading.finish(stats, file);
        *over = true;
        let done = reading.batch();
        state.fold(done);
        let held = capture::join(self.diagnoser, &mut [(0, view)], &[]);
        held.into_iter().for_each(|(_, done)| state.fold(done));
    }

    /// Packets so far.
    pub fn packets(&self) -> u64 {
        self.state().file.packets
    }

    /// What is known so far, to be judged beside what else was collected.
    pub fn collected(&self) -> Collected {
        let state = self.state();
        let (mut fold, file) = (state.fold.clone(), state.file.clone());
        if !state.over {
            fold.take(Outcome {
                number: state.batches,
                file: 0,
                done: Some(state.reading.glimpse()),
            });
        }
        drop(state);
        fold.finish(vec![file])
    }

    fn state(&self) -> MutexGuard<'_, State<'d, 'c>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
