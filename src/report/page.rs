//! A report as a page: what HTML and Markdown both show, without a word of either.
//!
//! A page is put together once; a writer of a form ([`html`](super::html),
//! [`markdown`](super::markdown)) only decides how each block looks. Every text in it may come from
//! the input: the writers escape all of it.

use crate::model::report::{Confidence, Severity, Verdict};

use super::ladder::Capture;

mod build;
mod causes;
mod diff;
mod drawing;
mod lists;
mod packets;
mod plan;
mod timeline;
mod topology;

pub use build::{Limits, report};
pub use diff::diff;
pub use drawing::{Bar, Edge, Lane, Place, Timeline, Topology};

/// A page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Its title.
    pub title: Line,
    /// What stands under the title.
    pub lead: Vec<Block>,
    /// Its parts, in order.
    pub sections: Vec<Section>,
    /// What stands at the end.
    pub footer: Vec<Line>,
}

/// A part of a page under a heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Its heading.
    pub title: Line,
    /// What stands in it.
    pub blocks: Vec<Block>,
    /// It is listed among the contents.
    pub listed: bool,
}

/// Something that stands by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A part of a part.
    Section(Section),
    /// A paragraph.
    Text(Line),
    /// A paragraph that must not be missed.
    Note(Line),
    /// Names and what belongs to them.
    Pairs(Vec<(String, Line)>),
    /// A list.
    List(Vec<Line>),
    /// A table.
    Table(Table),
    /// A record with its place.
    Record(Record),
    /// What is to be typed, line by line.
    Commands(Vec<String>),
    /// Something long that a reader may leave folded.
    Folded(Line, Vec<Block>),
    /// Who sees whom.
    Topology(Topology),
    /// What happened when, node by node.
    Timeline(Timeline),
    /// Packets with the records beside them.
    Ladder(Capture),
}

/// A table. Columns without any text are left out by whoever writes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it shows, where the heading above does not tell.
    pub caption: String,
    /// The words over its columns.
    pub heads: Vec<String>,
    /// Columns that hold numbers.
    pub numbers: Vec<usize>,
    /// Its rows.
    pub rows: Vec<Vec<Line>>,
}

impl Table {
    /// Places of the columns in which anything stands.
    pub fn columns(&self) -> Vec<usize> {
        let filled = |at: &usize| {
            let mut cells = self.rows.iter().filter_map(|row| row.get(*at));
            cells.any(|cell| !cell.0.is_empty())
        };
        (0..self.heads.len()).filter(filled).collect()
    }
}

/// A record of a log or a frame of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub place: String,
    /// When it was written.
    pub time: String,
    /// Lines before it.
    pub before: Vec<String>,
    /// The record.
    pub lines: Vec<String>,
    /// Lines behind it.
    pub after: Vec<String>,
}

/// A text in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line(pub Vec<Span>);

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Words.
    Words(String),
    /// Words that stand out.
    Strong(String),
    /// A name, a place or a command, as it is written.
    Code(String),
    /// What is thought of something, by word and shape.
    Badge(Mark, String),
}

/// The shape and colour of a badge; both only repeat its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A severity.
    Severity(Severity),
    /// A verdict.
    Verdict(Verdict),
    /// How well something is proved.
    Confidence(Confidence),
    /// What came out well.
    Good,
    /// What is neither good nor bad.
    Plain,
}

impl Mark {
    /// Its shape as a character.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Severity(Severity::Critical) | Self::Verdict(Verdict::Faulty) => "◆",
            Self::Severity(Severity::Error) => "■",
            Self::Severity(Severity::Warning) => "▲",
            Self::Severity(Severity::Info) => "●",
            Self::Verdict(Verdict::Healthy) | Self::Good => "✔",
            Self::Verdict(Verdict::Insufficient) => "◐",
            Self::Confidence(Confidence::Certain) => "▮▮▮",
            Self::Confidence(Confidence::Likely) => "▮▮▯",
            Self::Confidence(Confidence::Possible) => "▮▯▯",
            Self::Plain => "○",
        }
    }
}

impl Line {
    /// Words.
    pub fn words(text: impl Into<String>) -> Self {
        Self::default().and(text)
    }

    /// A name as it is written.
    pub fn code(text: impl Into<String>) -> Self {
        Self::default().and_code(text)
    }

    /// With more words.
    #[must_use]
    pub fn and(self, text: impl Into<String>) -> Self {
        self.push(text.into(), Span::Words)
    }

    /// With words that stand out.
    #[must_use]
    pub fn and_strong(self, text: impl Into<String>) -> Self {
        self.push(text.into(), Span::Strong)
    }

    /// With a name as it is written.
    #[must_use]
    pub fn and_code(self, text: impl Into<String>) -> Self {
        self.push(text.into(), Span::Code)
    }

    /// With a badge.
    #[must_use]
    pub fn and_badge(self, mark: Mark, word: impl Into<String>) -> Self {
        self.push(word.into(), |word| Span::Badge(mark, word))
    }

    /// With everything of another one.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Several, with words between them.
    pub fn joined(parts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let parts = parts.into_iter().filter(|part| !part.0.is_empty());
        parts.fold(Self::default(), |all, part| match all.0.is_empty() {
            true => part,
            false => all.and(between).with(part),
        })
    }

    fn push(mut self, text: String, span: impl FnOnce(String) -> Span) -> Self {
        if !text.is_empty() {
            self.0.push(span(text));
        }
        self
    }

    /// The text alone.
    pub fn text(&self) -> String {
        let text = |span: &Span| match span {
            Span::Words(text) | Span::Strong(text) | Span::Code(text) | Span::Badge(_, text) => {
                text.clone()
            }
        };
        self.0.iter().map(text).collect()
    }
}

impl Section {
    /// A part with a heading of words.
    pub fn new(title: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self {
            title: Line::words(title),
            blocks,
            listed: false,
        }
    }

    /// A part that the contents list.
    #[must_use]
    pub fn listed(mut self) -> Self {
        self.listed = true;
        self
    }
}
