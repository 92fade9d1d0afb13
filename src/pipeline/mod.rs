//! The only place where source, parse, detect and diagnose meet.
//!
//! One thread reads and cuts, workers scan and match, one thread folds hits in the order of the
//! text; then everything is judged at once. The report is the same for any number of threads and
//! any order of arguments.

use std::sync::atomic::AtomicBool;

use chrono_tz::Tz;

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::detect::incident;
use crate::detect::resolve::{self, FileTimes, TimeHints, Timeline};
use crate::detect::table::Table;
use crate::diagnose::{self, Case};
use crate::model::hit::{Collected, FileSeen};
use crate::model::report::{ReadStatus, Report};
use crate::source::Selection;
use crate::source::limits::Limits;

mod fold;
mod intake;
mod why;
mod work;

pub use intake::Engine;

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
    /// What is known.
    pub catalog: &'a Catalog,
    /// How to judge.
    pub options: &'a Options,
    /// Told how many bytes of the given files were read.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Set from outside to stop reading.
    pub stop: &'a AtomicBool,
}

/// Reads and judges.
pub fn run(job: Job<'_>) -> anyhow::Result<Report> {
    let table = Table::new(job.catalog);
    let collected = collect(job, &table, &Engine::default())?;
    Ok(judge(&collected, &table, job.options))
}

/// Reads and judges, and says clause by clause why a fault was or was not concluded.
pub fn why(job: Job<'_>, fault: &str) -> anyhow::Result<Why> {
    let table = Table::new(job.catalog);
    let collected = collect(job, &table, &Engine::default())?;
    let report = judge(&collected, &table, job.options);
    let lines = why::lines(
        &collected,
        &timeline(&collected, &table, job.options),
        &table,
        fault,
    );
    Ok(Why { report, lines })
}

/// The reading half.
pub fn collect(job: Job<'_>, table: &Table<'_>, engine: &Engine) -> anyhow::Result<Collected> {
    intake::collect(job, table, engine)
}

/// The judging half: a pure function of what was collected.
pub fn judge(collected: &Collected, table: &Table<'_>, options: &Options) -> Report {
    let timeline = timeline(collected, table, options);
    let files = outside(&collected.files, &timeline, options);
    let (findings, undecided) = incident::findings(&timeline, table);
    diagnose::diagnose(&Case {
        files: &files,
        timeline: &timeline,
        table,
        findings: &findings,
        undecided: &undecided,
        lang: options.lang,
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// The files, marked as read in part when the wanted span lies outside of all of them: then nothing
/// was looked at, and silence means nothing.
fn outside(files: &[FileSeen], timeline: &Timeline, options: &Options) -> Vec<FileSeen> {
    let mut files = files.to_vec();
    let dated = |times: &FileTimes| times.first.micros.zip(times.last.micros);
    let spans: Vec<Option<(i64, i64)>> = timeline.files.iter().map(dated).collect();
    let inside = |(first, last): (i64, i64)| {
        options.since.is_none_or(|since| last >= since)
            && options.until.is_none_or(|until| first <= until)
    };
    if spans.iter().flatten().next().is_some() && !spans.iter().flatten().any(|span| inside(*span))
    {
        for (file, _) in files
            .iter_mut()
            .zip(&spans)
            .filter(|(_, span)| span.is_some())
        {
            file.status = ReadStatus::Partial;
            file.notes
                .push("no record lies within --since and --until".to_owned());
        }
    }
    files
}

/// Who is who and when it was.
pub fn timeline(collected: &Collected, table: &Table<'_>, options: &Options) -> Timeline {
    let hints = TimeHints {
        year: options.year,
        zone: options.timezone,
        zone_given: options.timezone_given,
    };
    let mut timeline = resolve::resolve(collected, table, hints);
    let inside = |time: i64| {
        options.since.is_none_or(|since| time >= since)
            && options.until.is_none_or(|until| time <= until)
    };
    timeline
        .hits
        .retain(|hit| hit.time.micros.is_none_or(inside));
    timeline
}
