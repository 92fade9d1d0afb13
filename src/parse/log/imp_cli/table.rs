//! Answers of `run sql`: a line of names, a line of `=` with the widths, rows.

use super::line::is_host;
use crate::parse::chunk::JOIN_WINDOW;
use crate::parse::scan::{is_blank, line_at, line_start, text, trim};

/// Columns of a table that are read.
const MAX_COLUMNS: usize = 64;

/// A value of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) column: String,
    pub(super) value: String,
    /// Its row, from 1, and where that begins and ends.
    pub(super) row: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A table's cells, its number of rows, and where it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) cells: Vec<Cell>,
    pub(super) rows: usize,
    pub(super) end: usize,
}

/// True for `==== ======`.
pub(super) fn is_rule(line: &[u8]) -> bool {
    let line = trim(line);
    line.len() >= 2 && line.iter().all(|b| matches!(b, b'=' | b' ')) && line.starts_with(b"==")
}

/// Where columns begin and end, in characters.
fn spans(rule: &str) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::new();
    let mut open = None;
    for (at, sign) in rule.chars().chain([' ']).enumerate() {
        match (sign, open) {
            ('=', None) => open = Some(at),
            ('=', Some(_)) => {}
            (_, Some(from)) => {
                spans.push((from, at));
                open = None;
            }
            (_, None) => {}
        }
    }
    spans
}

fn column(line: &str, from: usize, end: usize) -> String {
    let kept: String = line.chars().skip(from).take(end - from).collect();
    kept.trim().to_owned()
}

/// The table whose line of `=` begins at `start`: its names stand right before, its rows behind,
/// up to a blank line, a prompt or a line that `stops`.
pub(super) fn table(bytes: &[u8], start: usize, stops: impl Fn(&[u8]) -> bool) -> Option<Table> {
    let (rule, mut at) = line_at(bytes, start);
    let names_at = line_start(bytes, start.checked_sub(1)?);
    let names = text(line_at(bytes, names_at).0);
    let mut spans = spans(&text(rule));
    let names: Vec<String> = spans
        .iter()
        .map(|(from, end)| column(&names, *from, *end))
        .collect();
    let fits = |name: &String| !name.is_empty() && !name.contains(' ');
    if spans.is_empty() || spans.len() > MAX_COLUMNS || !names.iter().all(fits) {
        return None;
    }
    // a value may be longer than the line of `=` of the last column
    spans.last_mut()?.1 = usize::MAX;
    let mut table = Table {
        end: at,
        ..Table::default()
    };
    while at < bytes.len() {
        let (line, next) = line_at(bytes, at);
        if is_blank(line) || stops(line) || next - names_at > JOIN_WINDOW {
            break;
        }
        table.rows += 1;
        let words = text(line);
        for ((from, end), name) in spans.iter().zip(&names) {
            table.cells.push(Cell {
                column: name.clone(),
                value: column(&words, *from, *end),
                row: table.rows,
                start: at,
                end: at + line.len(),
            });
        }
        (table.end, at) = (next, next);
    }
    Some(table)
}

/// The names below the heading at `start`, each with its place; also where they end.
pub(super) fn names(bytes: &[u8], start: usize) -> (Vec<(usize, &[u8])>, usize) {
    let mut at = line_at(bytes, start).1;
    let mut found = Vec::new();
    while at < bytes.len() && at - start <= JOIN_WINDOW {
        let (line, next) = line_at(bytes, at);
        let name = trim(line);
        let is_frame = !name.is_empty() && name.iter().all(|b| *b == b'-');
        if is_host(name) && next - start <= JOIN_WINDOW {
            found.push((at, name));
        } else if !(is_frame && found.is_empty()) {
            break;
        }
        at = next;
    }
    (found, at)
}
