//! Renderers: a report in, text out; nothing is decided here.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::locale::Locale;
use crate::model::plan::Plan;
use crate::model::report::Report;
use crate::report::ladder::Drawn;

pub mod check;
pub mod diff;
pub mod html;
pub mod json;
pub mod ladder;
pub mod layout;
pub mod markdown;
pub mod page;
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

    /// True when it shows what is attached to a report.
    fn shows_attached(&self) -> bool {
        false
    }

    /// Writes the report.
    ///
    /// # Errors
    /// Those of `out`.
    fn write(&self, report: &Report, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()>;
}

/// Every form, the default first.
pub const REPORTERS: &[&dyn Reporter] = &[
    &text::TextReport,
    &json::JsonReport,
    &markdown::MarkdownReport,
    &html::HtmlReport,
];

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
    /// What was found beside the report, for forms that have room for it.
    pub attached: &'a Attached,
}

/// What a report has no place for, and a page shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// What would be done, for each cluster of the report in its order.
    pub plans: Vec<Option<Plan>>,
    /// Connections that incidents rest on.
    pub flows: Vec<Drawn>,
    /// What stands around evidence.
    pub contexts: Vec<Context>,
    /// Keys of words about what could not be attached.
    pub notes: Vec<String>,
}

impl Attached {
    /// Nothing.
    pub const NOTHING: &'static Self = &Self {
        plans: Vec::new(),
        flows: Vec::new(),
        contexts: Vec::new(),
        notes: Vec::new(),
    };
}

/// Lines around a piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The file, as the report names it.
    pub origin: String,
    /// Line of the evidence.
    pub line: u64,
    /// Lines before it.
    pub before: Vec<String>,
    /// Lines behind it.
    pub after: Vec<String>,
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
