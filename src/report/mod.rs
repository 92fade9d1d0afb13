//! Renderers: a report in, text out; nothing is decided here.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::locale::Locale;
use crate::model::report::Report;

pub mod check;
pub mod diff;
pub mod json;
pub mod ladder;
pub mod layout;
pub mod paint;
pub mod plan;
pub mod reading;
pub mod sanitize;
pub mod sort;
pub mod text;
pub mod time;
pub mod words;

/// A form in which a report can be written.
pub trait Reporter: Sync {
    /// Its name, as `--format` takes it.
    fn id(&self) -> &'static str;

    /// Writes the report.
    ///
    /// # Errors
    /// Those of `out`.
    fn write(&self, report: &Report, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// Every form, the default first.
pub const REPORTERS: &[&dyn Reporter] = &[&text::TextReport, &json::JsonReport];

/// The form with this name.
pub fn find(id: &str) -> Option<&'static dyn Reporter> {
    REPORTERS
        .iter()
        .copied()
        .find(|reporter| reporter.id() == id)
}

/// How a report shall look, and what the catalog adds to it.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The program's words.
    pub locale: &'a Locale,
    /// Columns of the terminal.
    pub width: usize,
    /// The year that was given for records without one.
    pub year: Option<i32>,
    /// Colour may be used.
    pub colour: bool,
    /// What the catalog says about the ids in the report.
    pub known: &'a Known,
}

/// What the catalog says about ids, in the reader's language.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Titles of faults by id.
    pub faults: BTreeMap<String, String>,
    /// Remedies by id.
    pub remedies: BTreeMap<String, RemedyNote>,
}

/// What a report says about a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemedyNote {
    /// Its title.
    pub title: String,
    /// `read`, `change`, `disruptive` or `destructive`.
    pub risk: String,
}
