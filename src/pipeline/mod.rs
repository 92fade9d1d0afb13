//! The only place where source, parse, detect and diagnose meet.
//!
//! One thread reads and cuts, workers scan and match, one thread folds hits in the order of the
//! text; then everything is judged at once. The report is the same for any number of threads and
//! any order of arguments.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use chrono_tz::Tz;

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::detect::finding::Finding;
use crate::detect::incident::{self, Undecided};
use crate::detect::index::Index;
use crate::detect::matcher::Matcher;
use crate::detect::resolve::{self, FileTimes, TimeHints, Timeline};
use crate::detect::table::Table;
use crate::diagnose::{self, Case};
use crate::model::event::Event;
use crate::model::hit::{Collected, FileSeen};
use crate::model::report::{ReadStatus, Report};
use crate::source::Selection;
use crate::source::limits::Limits;

mod again;
mod capture;
mod fold;
mod intake;
mod live;
pub mod observe;
pub mod redact;
pub mod screens;
mod show;
mod why;
mod work;

pub use again::{Again, Around};
pub use intake::Engine;
pub use live::Live;
pub use show::{Asked, Showing, Unshown};

/// How a diagnosis is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Number of workers; one runs everything on the calling thread.
    pub threads: usize,
    /// Leave out records before this time, microseconds since 1970.
    pub since: Option<i64>,
    /// Leave out records after this time.
    pub until: Option<i64>,
    /// Year of records without one.
    pub year: Option<i32>,
    /// Zone of records without one.
    pub timezone: Tz,
    /// The user named the zone.
    pub timezone_given: bool,
    /// Language of texts.
    pub lang: Lang,
    /// Matches that speak against faults, beyond which those near no proof are left out. It never
    /// changes a diagnosis; tests vary it.
    pub plenty: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 1,
            since: None,
            until: None,
            year: None,
            timezone: Tz::UTC,
            timezone_given: false,
            lang: Lang::En,
            plenty: resolve::PLENTY,
        }
    }
}

/// Why a fault was or was not concluded.
#[derive(Clone, Debug)]
pub struct Why {
    /// The whole report.
    pub report: Report,
    /// One line per cluster, clause and condition.
    pub lines: Vec<String>,
}

/// Everything that is fixed before reading begins.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    /// What to read.
    pub selection: &'a Selection,
    /// How much of it.
    pub limits: &'a Limits,
    /// How to judge.
    pub options: &'a Options,
    /// Told how many bytes of the given files were read.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Set from outside to stop reading.
    pub stop: &'a AtomicBool,
}

/// What follows from what was collected, stage by stage.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Who is who and when it was.
    pub timeline: Timeline,
    /// Incidents as the engine concludes them.
    pub findings: Vec<Finding>,
    /// What it cannot tell, and what would tell.
    pub undecided: Vec<Undecided>,
    /// What the reader gets.
    pub report: Report,
}

/// A catalog made ready to diagnose with, any number of times and on any number of threads: the
/// index is built once, a pattern is compiled when it is first needed. Nothing that one diagnosis
/// reads changes what another one finds.
#[derive(Debug)]
pub struct Diagnoser<'c> {
    table: Arc<Table<'c>>,
    index: Arc<Index>,
    matcher: Arc<Matcher<'c>>,
    listener: Option<Listener<'c>>,
}

/// Somebody who hears every record, also those that no rule could match.
pub struct Listener<'l>(Box<dyn Fn(&Event<'_>) + Send + Sync + 'l>);

impl std::fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}

impl<'c> Diagnoser<'c> {
    /// Prepares a catalog. Fails only when the literals of its rules exceed what an index can
    /// hold.
    pub fn new(catalog: &'c Catalog) -> anyhow::Result<Self> {
        let table = Table::new(catalog);
        Ok(Self {
            index: Arc::new(Index::new(&table)?),
            matcher: Arc::new(Matcher::new(&table)),
            table: Arc::new(table),
            listener: None,
        })
    }

    /// The same, with somebody who hears every record while it is read.
    #[must_use]
    pub fn heard_by<'l>(&self, listener: impl Fn(&Event<'_>) + Send + Sync + 'l) -> Diagnoser<'l>
    where
        'c: 'l,
    {
        Diagnoser {
            table: Arc::clone(&self.table),
            index: Arc::clone(&self.index),
            matcher: Arc::clone(&self.matcher),
            listener: Some(Listener(Box::new(listener))),
        }
    }

    /// Lets the listener hear a record.
    fn hear(&self, event: &Event<'_>) {
        if let Some(Listener(hear)) = &self.listener {
            hear(event);
        }
    }

    /// The signals of the catalog.
    pub fn table(&self) -> &Table<'c> {
        &self.table
    }

    /// TCP ports of which rules know who listens there.
    fn watched(&self) -> Vec<u16> {
        let ports = self.table.catalog.ports.iter();
        let tcp = ports.filter(|port| port.transport == "tcp");
        tcp.map(|port| port.port).collect()
    }

    /// Reads and judges.
    pub fn run(&self, job: Job<'_>) -> anyhow::Result<Report> {
        let collected = self.collect(job, &Engine::default())?;
        Ok(self.judge(&collected, job.options).report)
    }

    /// Reads and judges, and says clause by clause why a fault was or was not concluded.
    pub fn why(&self, job: Job<'_>, fault: &str) -> anyhow::Result<Why> {
        let collected = self.collect(job, &Engine::default())?;
        let judged = self.judge(&collected, job.options);
        let lines = why::lines(&collected, &judged.timeline, &self.table, fault);
        let report = judged.report;
        Ok(Why { report, lines })
    }

    /// Reads and judges, then reads the captures again to show one connection packet by packet.
    pub fn show(&self, job: Job<'_>, asked: &Asked) -> anyhow::Result<Showing> {
        show::show(self, job, asked)
    }

    /// Reads and judges, then reads again what stands around the proofs: connections packet by
    /// packet, and lines before and behind records.
    pub fn again(&self, job: Job<'_>) -> anyhow::Result<Again> {
        again::again(self, job)
    }

    /// The reading half. Fails only through a fault of the program itself.
    pub fn collect(&self, job: Job<'_>, engine: &Engine) -> anyhow::Result<Collected> {
        intake::collect(job, self, engine)
    }

    /// The judging half: a pure function of what was collected.
    pub fn judge(&self, collected: &Collected, options: &Options) -> Judgement {
        let timeline = timeline(collected, &self.table, options);
        let files = outside(&collected.files, &timeline, options);
        let (findings, undecided) = incident::findings(&timeline, &self.table);
        let report = diagnose::diagnose(&Case {
            files: &files,
            timeline: &timeline,
            table: &self.table,
            findings: &findings,
            undecided: &undecided,
            lang: options.lang,
            version: env!("CARGO_PKG_VERSION"),
        });
        Judgement {
            timeline,
            findings,
            undecided,
            report,
        }
    }
}

/// The files, marked as read in part when the wanted span lies outside of all of them: then nothing
/// was looked at, and silence means nothing.
fn outside<'f>(
    files: &'f [FileSeen],
    timeline: &Timeline,
    options: &Options,
) -> Cow<'f, [FileSeen]> {
    let dated = |times: &FileTimes| times.first.micros.zip(times.last.micros);
    let spans: Vec<Option<(i64, i64)>> = timeline.files.iter().map(dated).collect();
    let inside = |(first, last): (i64, i64)| {
        options.since.is_none_or(|since| last >= since)
            && options.until.is_none_or(|until| first <= until)
    };
    let mut known = spans.iter().flatten().peekable();
    if known.peek().is_none() || known.any(|span| inside(*span)) {
        return Cow::Borrowed(files);
    }
    let mut files = files.to_vec();
    let dated = files.iter_mut().zip(&spans);
    for (file, _) in dated.filter(|(_, span)| span.is_some()) {
        file.status = ReadStatus::Partial;
        file.notes
            .push("no record lies within --since and --until".to_owned());
    }
    Cow::Owned(files)
}

/// Who is who and when it was.
fn timeline(collected: &Collected, table: &Table<'_>, options: &Options) -> Timeline {
    let hints = TimeHints {
        year: options.year,
        zone: options.timezone,
        zone_given: options.timezone_given,
    };
    let mut timeline = resolve::resolve(collected, table, hints, options.plenty);
    let inside = |time: i64| {
        options.since.is_none_or(|since| time >= since)
            && options.until.is_none_or(|until| time <= until)
    };
    timeline
        .hits
        .retain(|hit| hit.time.micros.is_none_or(inside));
    timeline
}
