//! What was read, counted: what every report says about it.

use super::time;
use crate::locale::Locale;
use crate::model::report::{Coverage, ReadStatus, Report};

/// Format of files that no parser knows.
pub const UNRECOGNISED: &str = "unrecognised";
/// The note that is said once for all files.
pub const YEAR: &str = "judge.note_year_assumed";

/// What was read, in numbers.
pub struct Totals {
    /// Files in a known format.
    pub recognised: u64,
    /// Lines in them.
    pub lines: u64,
    /// Packets in them.
    pub packets: u64,
    /// Files that are damaged, locked or cut.
    pub gaps: u64,
    /// All files.
    pub files: u64,
    /// Time of the first record.
    pub first: Option<String>,
    /// Time of the last record.
    pub last: Option<String>,
}

impl Totals {
    /// Counts what was read.
    pub fn of(report: &Report) -> Self {
        let known: Vec<&Coverage> = report
            .coverage
            .iter()
            .filter(|file| recognised(file))
            .collect();
        Self {
            recognised: known.len() as u64,
            lines: known.iter().map(|file| file.lines).sum(),
            packets: known.iter().map(|file| file.packets).sum(),
            gaps: report
                .coverage
                .iter()
                .filter(|file| file.status != ReadStatus::Read)
                .count() as u64,
            files: report.coverage.len() as u64,
            // RFC 3339 in UTC sorts as text, apart from fractions of a second
            first: known.iter().filter_map(|file| file.first.clone()).min(),
            last: known.iter().filter_map(|file| file.last.clone()).max(),
        }
    }

    /// `5 files, 12 345 lines, 2017-03-30 10:00:00 to 12:00:00 UTC`.
    pub fn describe(&self, locale: &Locale) -> String {
        let mut parts = vec![locale.count("files", self.recognised, &[])];
        if self.lines > 0 || self.packets == 0 {
            parts.push(locale.count("lines", self.lines, &[]));
        }
        if self.packets > 0 {
            parts.push(locale.count("packets", self.packets, &[]));
        }
        if self.first.is_some() || self.last.is_some() {
            parts.push(time::span(
                locale,
                self.first.as_deref(),
                self.last.as_deref(),
            ));
        }
        parts.join(", ")
    }
}

/// True for a file in a known format that could be read.
pub fn recognised(file: &Coverage) -> bool {
    file.format != UNRECOGNISED && file.status != ReadStatus::Unread
}

/// Files that were not read to their end: those that were not read at all first.
pub fn gaps(report: &Report) -> impl Iterator<Item = &Coverage> {
    let of = |status| {
        report
            .coverage
            .iter()
            .filter(move |file| file.status == status)
    };
    of(ReadStatus::Unread).chain(of(ReadStatus::Partial))
}

/// Key of the word for how far a file was read.
pub fn status(status: ReadStatus) -> &'static str {
    match status {
        ReadStatus::Read => "status.read",
        ReadStatus::Partial => "status.partial",
        ReadStatus::Unread => "status.unread",
    }
}
