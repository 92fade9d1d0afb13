//! What is to be diagnosed, as command lines name it: how its times are read, and one run over it.

use std::num::NonZero;
use std::sync::Arc;

use chrono_tz::Tz;

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::model::report::Report;
use crate::pipeline::{Diagnoser, Job, Options};
use crate::source::{self, Limits};

use super::args::ClockArgs;
use super::failure::Failure;
use super::progress::Progress;
use super::{diagnose, interrupt, time};

/// How records are read: with every processor, and nothing left out.
///
/// # Errors
/// There is no such zone.
pub(super) fn options(clock: &ClockArgs, lang: Lang) -> Result<Options, Failure> {
    let timezone = clock.timezone.as_deref().map(time::zone).transpose()?;
    Ok(Options {
        threads: std::thread::available_parallelism().map_or(1, NonZero::get),
        since: None,
        until: None,
        year: clock.year,
        timezone: timezone.unwrap_or(Tz::UTC),
        timezone_given: timezone.is_some(),
        lang,
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
