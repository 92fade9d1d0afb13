//! What is to be diagnosed, as command lines name it: how its times are read, and one run over it.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::num::NonZero;
use std::sync::Arc;

use chrono_tz::Tz;
use serde::de::DeserializeOwned;

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::model::report::Report;
use crate::pipeline::{Diagnoser, Job, Options};
use crate::source::{self, Limits};

use super::args::ClockArgs;
use super::failure::{Failure, Trouble};
use super::progress::Progress;
use super::{diagnose, interrupt, time};

/// Largest report or plan that is read.
const LARGEST: u64 = 256 << 20;

/// How records are read: with every processor, and nothing left out.
///
/// # Errors
/// There is no such zone.
pub(super) fn options(clock: &ClockArgs, lang: Lang) -> Result<Options, Failure> {
    let timezone = clock.timezone.as_deref().map(time::zone).transpose()?;
    Ok(Options {
        threads: threads(None),
        year: clock.year,
        timezone: timezone.unwrap_or(Tz::UTC),
        timezone_given: timezone.is_some(),
        lang,
        ..Options::default()
    })
}

/// The diagnosis of files, folders and archives. Ctrl-C ends the program.
///
/// # Errors
/// A path cannot be used.
pub(super) fn report(
    paths: &[String],
    catalog: &Catalog,
    options: &Options,
) -> Result<Report, Failure> {
    let selection = source::select(paths).map_err(|error| diagnose::unusable(&error))?;
    let diagnoser = Diagnoser::new(catalog).map_err(|error| diagnose::internal(&error))?;
    let progress = Arc::new(Progress::new(selection.total_bytes()));
    let job = Job {
        selection: &selection,
        limits: &Limits::default(),
        options,
        progress: &|bytes| progress.show(bytes),
        stop: &interrupt::never(),
    };
    let report = diagnoser.run(job);
    progress.clear();
    report.map_err(|error| diagnose::internal(&error))
}

/// A report or a plan that was saved as JSON.
///
/// # Errors
/// It cannot be read, or is something else.
pub(super) fn saved<T: DeserializeOwned>(path: &str, what: &str) -> Result<T, Failure> {
    let trouble = || Trouble::new(format!("cannot read the {what} '{path}'"));
    let file = File::open(path).map_err(|error| trouble().because(&error))?;
    serde_json::from_reader(BufReader::new(file.take(LARGEST)))
        .map_err(|error| trouble().because(&error).into())
}

/// The workers that were asked for, else one per processor.
pub(super) fn threads(asked: Option<u16>) -> usize {
    let all = || std::thread::available_parallelism().map_or(1, NonZero::get);
    asked.map_or_else(all, usize::from)
}
