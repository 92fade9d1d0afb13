//! The report for people, laid out so that the first screen answers: what is broken, why that is
//! believed, what to do now.
//!
//! Every text of the report passes [`sanitize`] before anything is laid
//! out. Long lists are cut with a count of what is left out; `--format json` has all of it.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::model::report::Report;
use crate::report::paint::{Tint, paint};
use crate::report::{Look, Reporter, layout, sanitize};

mod cluster;
mod coverage;
pub mod diff;
mod incident;
pub mod ladder;
mod states;

/// Widest text that still reads well; tables may use the whole width.
const PROSE: usize = 110;

/// Clusters shown in full.
const CLUSTERS: usize = 40;

/// Writes text for a terminal.
#[derive(Clone, Copy, Debug)]
pub struct TextReport;

impl Reporter for TextReport {
    fn id(&self) -> &'static str {
        "text"
    }

    fn write(&self, report: &Report, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
        let report = sanitize::value(report)?;
        let mut page = Page::new(*look);
        cluster::all(&mut page, &report, CLUSTERS);
        coverage::section(&mut page, &report);
        footer(&mut page, &report);
        out.write_all(page.text.as_bytes())
    }
}

fn footer(page: &mut Page<'_>, report: &Report) {
    let left = report.omitted.total();
    if left > 0 {
        page.blank();
        let text = page.look.locale.count("omitted", left, &[]);
        page.prose(0, &text);
    }
    page.blank();
    let digest = report
        .tool
        .rules_digest
        .chars()
        .take("sha256:".len() + 12)
        .collect::<String>();
    let text = page.fill(
        "footer",
        &[("version", &report.tool.version), ("digest", &digest)],
    );
    page.line(0, &text, Some(Tint::Dim));
}

/// Lines under construction.
struct Page<'a> {
    look: Look<'a>,
    text: String,
}

impl<'a> Page<'a> {
    fn new(look: Look<'a>) -> Self {
        Self {
            look: Look {
                width: look.width.clamp(40, 400),
                ..look
            },
            text: String::new(),
        }
    }

    fn word(&self, key: &'a str) -> &'a str {
        self.look.locale.word(key)
    }

    fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.look.locale.fill(key, values)
    }

    fn paint(&self, text: &str, tint: Tint) -> String {
        paint(text, tint, self.look.colour)
    }

    /// Columns for prose that starts at `indent`.
    fn room(&self, indent: usize) -> usize {
        self.look.width.min(PROSE).saturating_sub(indent).max(10)
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line, unless the page is empty or ends in one.
    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// One line, cut at the width.
    fn line(&mut self, indent: usize, text: &str, tint: Option<Tint>) {
        let text = layout::shorten(text, self.look.width.saturating_sub(indent));
        let text = tint.map_or_else(|| text.clone(), |tint| self.paint(&text, tint));
        self.push(&format!("{}{text}", " ".repeat(indent)));
    }

    /// Wrapped text.
    fn prose(&mut self, indent: usize, text: &str) {
        for line in layout::wrap(text, self.room(indent)) {
            self.push(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// A heading with an empty line before it.
    fn heading(&mut self, text: &str) {
        self.blank();
        self.line(0, text, Some(Tint::Bold));
    }

    /// A list item: `lead` in a tint, the text behind it, wrapped under its own start.
    fn item(&mut self, indent: usize, lead: &str, tint: Option<Tint>, text: &str) {
        let hang = indent
            + if lead.is_empty() {
                0
            } else {
                layout::width(lead) + 2
            };
        let lead = if lead.is_empty() {
            String::new()
        } else {
            format!(
                "{}  ",
                tint.map_or_else(|| lead.to_owned(), |tint| self.paint(lead, tint))
            )
        };
        let mut lines = layout::wrap(text, self.room(hang)).into_iter();
        let first = lines.next().unwrap_or_default();
        self.push(&format!("{}{lead}{first}", " ".repeat(indent)));
        for line in lines {
            self.push(&format!("{}{line}", " ".repeat(hang)));
        }
    }

    /// How many entries of a list are not shown, if any.
    fn more(&mut self, indent: usize, left: usize) {
        if left > 0 {
            let text = self.look.locale.count("more", left as u64, &[]);
            self.line(indent, &text, Some(Tint::Dim));
        }
    }

    /// A table; `keys` are the words over its columns, `numbers` the columns set to the right.
    /// Columns without any text are left out.
    fn table(&mut self, keys: &[&str], numbers: &[usize], rows: &[Vec<String>]) {
        let columns: Vec<Column<'_>> = (0..keys.len())
            .filter_map(|at| Column::of(at, self.look.locale.word(keys.get(at)?), rows))
            .collect();
        let room = self.look.width.saturating_sub(MARGIN);
        let whole = keep_whole(&columns, room);
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(room).unwrap_or(u16::MAX));
        table.set_header(columns.iter().map(|column| column.head));
        for row in rows {
            let cell = |column: &Column<'_>| row.get(column.source).cloned().unwrap_or_default();
            table.add_row(columns.iter().map(cell).collect::<Vec<String>>());
        }
        for (at, column) in columns.iter().enumerate() {
            let Some(style) = table.column_mut(at) else {
                continue;
            };
            style.set_padding((0, GUTTER));
            if numbers.contains(&column.source) {
                style.set_cell_alignment(CellAlignment::Right);
            }
            if whole && column.is_short() {
                let width = u16::try_from(column.widest)
                    .unwrap_or(u16::MAX)
                    .saturating_add(GUTTER);
                style.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
            }
        }
        for (at, line) in table.lines().enumerate() {
            let line = line.trim_end();
            let line = if at == 0 {
                self.paint(line, Tint::Dim)
            } else {
                line.to_owned()
            };
            self.push(&format!("{}{line}", " ".repeat(MARGIN)));
        }
    }
}

/// Columns left of a table, and between its columns.
const MARGIN: usize = 2;
const GUTTER: u16 = 2;

/// A column that has any text.
struct Column<'a> {
    /// Its place in the rows.
    source: usize,
    head: &'a str,
    /// Width of its widest cell or of its head.
    widest: usize,
}

impl<'a> Column<'a> {
    fn of(source: usize, head: &'a str, rows: &[Vec<String>]) -> Option<Self> {
        let cells = rows.iter().filter_map(|row| row.get(source));
        let widest = cells
            .map(|cell| layout::width(cell))
            .max()
            .filter(|widest| *widest > 0)?;
        Some(Self {
            source,
            head,
            widest: widest.max(layout::width(head)),
        })
    }

    fn is_short(&self) -> bool {
        self.widest <= 25
    }
}

/// True when the short columns can keep their values whole and leave the long ones enough.
fn keep_whole(columns: &[Column<'_>], room: usize) -> bool {
    let need = |column: &Column<'_>| if column.is_short() { column.widest } else { 16 };
    columns
        .iter()
        .map(|column| need(column) + usize::from(GUTTER))
        .sum::<usize>()
        <= room
}
