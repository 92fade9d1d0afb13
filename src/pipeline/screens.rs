//! What evidence holds of the records that a guide asks for: status screens, answers of command
//! lines, the beginnings of logs.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::catalog::Catalog;
use crate::catalog::guide::{Guide, Seen};
use crate::catalog::remedy::{Expect, Holds};
use crate::detect::matcher;
use crate::model::event::Event;
use crate::model::format::FORMATS;
use crate::parse::choose;
use crate::parse::chunk::Chunk;
use crate::source::{self, Gap, Input, Limits, Selection, Visitor};

/// Bytes of each file that are looked at.
const EACH: u64 = 1 << 20;

/// Files that are looked at, and records that are kept.
const FILES: usize = 2000;
const RECORDS: usize = 100_000;

/// Records of the formats that a guide asks for.
#[derive(Debug, Default)]
pub struct Screens {
    events: Vec<Event<'static>>,
}

impl Screens {
    /// Looks through everything that is selected.
    pub fn read(
        guides: &[&Guide],
        selection: &Selection,
        limits: &Limits,
        stop: &AtomicBool,
    ) -> Self {
        let observations = guides.iter().flat_map(|guide| &guide.observations);
        let wanted: BTreeSet<&str> = observations
            .flat_map(|one| {
                let seen = one.seen.iter().map(|seen| &seen.record);
                seen.chain(one.choices.iter().filter_map(|c| c.shown.as_ref()))
            })
            .filter_map(|expect| FORMATS.get(usize::from(expect.format)))
            .map(|def| def.id)
            .collect();
        let mut reading = Reading {
            wanted,
            stop,
            files: 0,
            screens: Self::default(),
        };
        source::walk(selection, limits, &|_| {}, stop, &mut reading);
        reading.screens
    }

    /// How many records tell that something was looked at, or how many distinct values they have.
    pub fn count(&self, catalog: &Catalog, seen: &Seen) -> usize {
        let fitting = self.fitting(catalog, &seen.record);
        let Some(field) = &seen.distinct else {
            return fitting.len();
        };
        let values = fitting.iter().filter_map(|event| event.first(field));
        values.map(str::trim).collect::<BTreeSet<_>>().len()
    }

    /// True when the evidence gives an answer.
    pub fn shows(&self, catalog: &Catalog, expect: &Expect) -> bool {
        let fitting = self.fitting(catalog, expect).len();
        let all = self.of_format(expect).count();
        match expect.holds {
            Holds::Any => fitting > 0,
            Holds::All => fitting > 0 && fitting == all,
            Holds::None => fitting == 0 && all > 0,
        }
    }

    fn of_format(&self, expect: &Expect) -> impl Iterator<Item = &Event<'static>> {
        let format = FORMATS.get(usize::from(expect.format)).map(|def| def.id);
        (self.events.iter()).filter(move |event| Some(event.format) == format)
    }

    fn fitting(&self, catalog: &Catalog, expect: &Expect) -> Vec<&Event<'static>> {
        let records = self.of_format(expect);
        matcher::parted(&expect.condition, &catalog.ports, records).0
    }
}

struct Reading<'w> {
    wanted: BTreeSet<&'w str>,
    stop: &'w AtomicBool,
    files: usize,
    screens: Screens,
}

impl Visitor for Reading<'_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        self.files += 1;
        let full = self.files > FILES || self.screens.events.len() >= RECORDS;
        if full || self.stop.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        let mut bytes = Vec::new();
        // what cannot be read is told by the diagnosis
        _ = input.reader.take(EACH).read_to_end(&mut bytes);
        let Some(choice) = choose(&bytes) else {
            return ControlFlow::Continue(());
        };
        let chunk = Chunk {
            bytes,
            first_line: 1,
            line_numbers: None,
        };
        for parser in choice.parsers {
            parser.parse(&chunk, None, &mut |event| {
                if self.wanted.contains(event.format) && self.screens.events.len() < RECORDS {
                    self.screens.events.push(event.into_owned());
                }
            });
        }
        ControlFlow::Continue(())
    }

    fn gap(&mut self, _: Gap) {}
}
