//! What was read, and what was not: a verdict is worth no more than that.

use crate::locale::grouped;
use crate::model::report::{Coverage, ReadStatus, Report};
use crate::report::paint::Tint;
use crate::report::{layout, time};

use super::Page;
use crate::report::reading::{Totals, UNRECOGNISED, YEAR, gaps, recognised, status};

/// Rows of files that were read, and of files that were not.
const ROWS: usize = 30;
const GAPS: usize = 50;
/// Gaps told beside the verdict.
const SHORT: usize = 5;
/// Unrecognised files named.
const NAMES: usize = 8;

/// One line under a faulty verdict when not everything was read.
pub(super) fn warning(page: &mut Page<'_>, report: &Report) {
    let totals = Totals::of(report);
    if totals.gaps > 0 {
        let text = page.fill(
            "coverage.warning",
            &[
                ("gaps", &grouped(totals.gaps)),
                ("files", &grouped(totals.files)),
            ],
        );
        page.line(2, &text, Some(Tint::Yellow));
    }
}

/// The gaps, beside a verdict that rests on them.
pub(super) fn missing(page: &mut Page<'_>, report: &Report) {
    let all: Vec<&Coverage> = gaps(report).collect();
    for file in all.iter().take(SHORT) {
        gap(page, file);
    }
    page.more(2, all.len().saturating_sub(SHORT));
}

fn gap(page: &mut Page<'_>, file: &Coverage) {
    let word = page.word(status(file.status));
    let origin = layout::shorten_path(
        &file.origin,
        page.look.width.saturating_sub(layout::width(word) + 4),
    );
    let line = format!("  {}  {origin}", page.paint(word, Tint::Yellow));
    page.push(&line);
    let common = page.word(YEAR);
    let notes: Vec<&str> = file
        .notes
        .iter()
        .map(String::as_str)
        .filter(|note| *note != common)
        .collect();
    page.prose(4, &notes.join("; "));
}

/// The last section: every gap with its reason, the files that were read, the unknown ones by
/// number.
pub(super) fn section(page: &mut Page<'_>, report: &Report) {
    if report.coverage.is_empty() {
        return;
    }
    let title = page.word("section.coverage");
    page.heading(title);
    let totals = Totals::of(report);
    if totals.recognised > 0 {
        let text = totals.describe(page.look.locale);
        page.prose(2, &text);
    }
    let all: Vec<&Coverage> = gaps(report).collect();
    for file in all.iter().take(GAPS) {
        gap(page, file);
    }
    page.more(2, all.len().saturating_sub(GAPS));
    read(page, report);
    unrecognised(page, report);
}

fn read(page: &mut Page<'_>, report: &Report) {
    let known: Vec<&Coverage> = report
        .coverage
        .iter()
        .filter(|file| recognised(file))
        .collect();
    if known.is_empty() {
        return;
    }
    let rows: Vec<Vec<String>> = known
        .iter()
        .take(ROWS)
        .map(|file| {
            let skipped = if file.skipped == 0 {
                String::new()
            } else {
                grouped(file.skipped)
            };
            let span = if file.first.is_none() && file.last.is_none() {
                String::new()
            } else {
                time::short(
                    page.look.locale,
                    file.first.as_deref(),
                    file.last.as_deref(),
                )
            };
            vec![
                file.origin.clone(),
                file.format.clone(),
                size(page, file),
                skipped,
                span,
            ]
        })
        .collect();
    let fits = fits(page, &rows);
    if fits {
        page.table(&HEADS, &[2, 3], &rows);
    } else {
        let captures = known.iter().map(|file| file.packets > 0);
        let rows = rows.iter().zip(captures);
        rows.for_each(|(row, capture)| stacked(page, row, capture));
    }
    page.more(2, known.len().saturating_sub(ROWS));
    notes(page, &known);
}

/// Lines of a text, packets of a capture.
fn size(page: &Page<'_>, file: &Coverage) -> String {
    match file.packets {
        0 => grouped(file.lines),
        packets => page.look.locale.count("packets", packets, &[]),
    }
}

/// Heads of the columns about a file.
const HEADS: [&str; 5] = [
    "column.file",
    "column.format",
    "column.lines",
    "column.skipped",
    "column.period",
];

/// True when a table of the files breaks none of their paths.
fn fits(page: &Page<'_>, rows: &[Vec<String>]) -> bool {
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        let cell = cells.map(|cell| layout::width(cell)).max().unwrap_or(0);
        let head = HEADS.get(at).map_or(0, |key| layout::width(page.word(key)));
        if cell == 0 { 0 } else { cell.max(head) + 2 }
    };
    2 + (0..HEADS.len()).map(widest).sum::<usize>() <= page.look.width
}

/// A file over two lines: its path, and what a table would have beside it.
fn stacked(page: &mut Page<'_>, row: &[String], capture: bool) {
    let cell = |at: usize| row.get(at).map_or("", String::as_str);
    let path = layout::shorten_path(cell(0), page.look.width.saturating_sub(2));
    page.line(2, &path, None);
    let labelled = |at: usize, key| match cell(at) {
        "" => String::new(),
        text => format!("{}: {text}", page.look.locale.word(key)),
    };
    let parts = [
        cell(1).to_owned(),
        if capture {
            cell(2).to_owned()
        } else {
            labelled(2, "column.lines")
        },
        labelled(3, "column.skipped"),
        cell(4).to_owned(),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    page.line(4, &parts.join(" · "), Some(Tint::Dim));
}

/// What a reader should know about the files: the year once for all of them, the rest by file.
fn notes(page: &mut Page<'_>, known: &[&Coverage]) {
    let common = page.word(YEAR);
    let year = known
        .iter()
        .filter(|file| file.notes.iter().any(|note| note == common))
        .count();
    if year > 0 {
        let files = page.look.locale.count("files", year as u64, &[]);
        let text = match page.look.year {
            Some(given) => page.fill(
                "coverage.year_given",
                &[("files", &files), ("year", &given.to_string())],
            ),
            None => page.fill("coverage.year_assumed", &[("files", &files)]),
        };
        page.prose(2, &text);
    }
    for file in known
        .iter()
        .take(ROWS)
        .filter(|file| file.status == ReadStatus::Read)
    {
        let own: Vec<&str> = file
            .notes
            .iter()
            .map(String::as_str)
            .filter(|note| *note != common)
            .collect();
        if !own.is_empty() {
            page.prose(2, &format!("{}: {}", file.origin, own.join("; ")));
        }
    }
}

fn unrecognised(page: &mut Page<'_>, report: &Report) {
    let unknown: Vec<&str> = report
        .coverage
        .iter()
        .filter(|file| file.format == UNRECOGNISED && file.status == ReadStatus::Read)
        .map(|file| file.origin.as_str())
        .collect();
    if unknown.is_empty() {
        return;
    }
    let mut names = unknown
        .iter()
        .take(NAMES)
        .map(|origin| layout::shorten_path(origin, 60))
        .collect::<Vec<_>>()
        .join(", ");
    if unknown.len() > NAMES {
        names.push_str(", …");
    }
    let text = page.look.locale.count(
        "coverage.unrecognised",
        unknown.len() as u64,
        &[("names", &names)],
    );
    page.prose(2, &text);
}
