//! Administration pages of IM and Presence, copied as text.
//!
//! ```text
//! Enable Persistent Chat    false
//! Cisco XCP Text Conference Manager    Started
//! Inter Cluster Peer Periodic Sync Interval (mins): 20
//! Test Description    Outcome    Problem    Solution
//! ```
//!
//! A copy loses the layout of its page: a value stands behind its label, a tab, blanks or a
//! colon, or on the next line. What counts is the label, in English or as translated pages and
//! documents print it; everything else is passed over.

use memchr::memmem;

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::log::imp_cli::{self, is_host};
use crate::parse::scan::{Cursor, decimal, is_blank, lines, lines_backwards, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

mod label;
#[cfg(test)]
mod tests;

use label::{Column, Known, column, fold, known, on_off, service_status};

/// The parser.
pub struct ImpPage;

/// Cells of a line that are read.
const MAX_CELLS: usize = 12;

/// A line of a page.
enum Line {
    /// A label of a setting, with its value where that stands on the line.
    Setting(&'static label::Setting, Option<String>),
    /// A service and its state.
    Service(&'static str, &'static str, Option<String>),
    /// Whose page this is.
    Whose(String),
    /// `Inter-cluster Peers (1 - 31 of 31)`
    Peers(String),
    /// `Inter-clustering Troubleshooter`
    Section(String),
    /// The heads of a table whose columns are known.
    Head(Vec<Option<Column>>),
}

/// The cells of a line: parted by tabs, else by two blanks or more.
fn cells(line: &str) -> Vec<String> {
    let parts: Vec<&str> = match line.contains('\t') {
        true => line.split('\t').collect(),
        false => line
            .trim()
            .split("  ")
            .filter(|part| !part.trim().is_empty())
            .collect(),
    };
    let trimmed = parts.into_iter().map(|part| part.trim().to_owned());
    trimmed.take(MAX_CELLS).collect()
}

fn classify(line: &[u8]) -> Option<Line> {
    // a label alone is short; a longer line has its value behind a sign
    let parted =
        || memchr::memchr2(b'\t', b':', line).is_some() || memmem::find(line, b"  ").is_some();
    if is_blank(line) || line.len() > 4096 || (line.len() > 160 && !parted()) {
        return None;
    }
    let line = text(line);
    let cells = cells(&line);
    if let Some(head) = head(&cells) {
        return Some(Line::Head(head));
    }
    let (label, value) = parts(&line, &cells);
    match known(&label) {
        Some(Known::Setting(found)) => return Some(Line::Setting(found, value)),
        Some(Known::Service(name)) => {
            let status = service_status(value.as_deref()?)?;
            return Some(Line::Service(name, status, cells.get(2).cloned()));
        }
        None => {}
    }
    if matches!(
        fold(&label).as_str(),
        "server" | "nodename" | "노드이름" | "서버"
    ) {
        let name = value?;
        let name = name
            .split("--")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();
        return is_host(name.as_bytes()).then_some(Line::Whose(name));
    }
    peers(&line)
        .map(Line::Peers)
        .or_else(|| section(&line).map(Line::Section))
}

/// A label and the value behind it.
fn parts(line: &str, cells: &[String]) -> (String, Option<String>) {
    let first = cells.iter().find(|cell| !cell.is_empty());
    let first = first.cloned().unwrap_or_default();
    let value = cells.iter().filter(|cell| !cell.is_empty()).nth(1).cloned();
    if value.is_some() || first.is_empty() {
        let label = first.trim_end_matches([':', '*']).trim().to_owned();
        let value = value.map(|value| value.trim_start_matches(':').trim().to_owned());
        return (label, value.filter(|value| !value.is_empty()));
    }
    match line.split_once(": ").or_else(|| line.split_once(':')) {
        Some((label, value)) => {
            let value = value.trim();
            let label = label.trim().trim_end_matches('*').trim();
            (
                label.to_owned(),
                (!value.is_empty()).then(|| value.to_owned()),
            )
        }
        None => (first.trim_end_matches('*').trim().to_owned(), None),
    }
}

/// The columns of a table of which at least two are known, the first among them.
fn head(cells: &[String]) -> Option<Vec<Option<Column>>> {
    if cells.len() < 2 {
        return None;
    }
    let columns: Vec<Option<Column>> = cells.iter().map(|cell| column(cell)).collect();
    let known = columns.iter().flatten().count();
    let begins = columns.first().is_some_and(Option::is_some);
    let tells = columns
        .iter()
        .flatten()
        .any(|column| matches!(column, Column::Database | Column::Outcome | Column::State));
    (known >= 2 && begins && tells).then_some(columns)
}

/// The number of peers that a list shows.
fn peers(line: &str) -> Option<String> {
    let words = line.trim();
    let lower = words.to_ascii_lowercase();
    let known = [
        "inter-cluster peer",
        "intercluster peer",
        "inter-clustering",
    ];
    if !known.iter().any(|start| lower.starts_with(start)) {
        return None;
    }
    let (_, counted) = words.rsplit_once(" of ")?;
    let number = counted.trim_end().strip_suffix(')')?;
    decimal(number.as_bytes()).map(|number| number.to_string())
}

/// The heading of a part of the troubleshooter.
fn section(line: &str) -> Option<String> {
    let words = line.trim();
    let ends = words.ends_with("Troubleshooter") || words.ends_with("문제 해결 도구 섹션");
    (ends && words.len() < 80).then(|| words.to_owned())
}

/// A record of a page.
struct Record {
    start: usize,
    end: usize,
    format: &'static str,
    fields: Vec<(&'static str, String)>,
}

/// What a page has told so far.
#[derive(Default)]
struct Page {
    whose: Option<String>,
    section: Option<String>,
    /// Start of the last line that told something.
    last: Option<usize>,
    /// A label whose value stands on the next line.
    open: Option<(usize, &'static label::Setting)>,
    table: Option<Vec<Option<Column>>>,
    /// Rows of a table of states, until it ends.
    states: Vec<StateRow>,
    records: Vec<Record>,
}

/// A node of a redundancy group.
struct StateRow {
    place: (usize, usize),
    node: String,
    state: &'static str,
    reason: String,
}

impl Page {
    fn tell(
        &mut self,
        (start, end): (usize, usize),
        format: &'static str,
        fields: Vec<(&'static str, String)>,
    ) {
        let node = self.whose.clone().map(|name| ("node", name));
        let named = fields.iter().any(|(name, _)| *name == "node");
        let fields = node.filter(|_| !named).into_iter().chain(fields);
        let fields = fields.filter(|(_, value)| !value.is_empty()).collect();
        self.records.push(Record {
            start,
            end,
            format,
            fields,
        });
    }

    fn setting(&mut self, place: (usize, usize), setting: &label::Setting, value: &str) {
        let mut fields = vec![
            ("section", setting.section.to_owned()),
            ("name", setting.name.to_owned()),
            ("value", value.to_owned()),
        ];
        let digits = Cursor::new(value.as_bytes()).skip_while(|b| b.is_ascii_digit());
        let (number, rest) = value.split_at_checked(digits).unwrap_or_default();
        if !number.is_empty() && rest.chars().next().is_none_or(char::is_whitespace) {
            fields.push(("number", number.to_owned()));
        }
        if let Some(on) = on_off(value) {
            fields.push(("enabled", on.to_string()));
        }
        self.tell(place, "imp.setting", fields);
    }

    fn line(&mut self, start: usize, line: &[u8]) {
        let place = (start, start + line.len());
        let kind = classify(line);
        let open = self.open.take().filter(|(at, _)| start - at <= JOIN_WINDOW);
        if let Some((from, setting)) = open {
            if is_blank(line) {
                self.open = Some((from, setting));
                return;
            }
            let value = text(trim(line));
            if kind.is_none() && value.len() <= 255 {
                self.last = Some(from);
                self.setting((from, place.1), setting, &value);
                return;
            }
        }
        let Some(kind) = kind else {
            self.row(place, line);
            return;
        };
        if self.last.is_some_and(|last| start - last > JOIN_WINDOW) {
            (self.whose, self.section, self.table) = (None, None, None);
        }
        self.last = Some(start);
        // copies of the troubleshooter have the head of its tables once
        if !matches!(kind, Line::Head(_) | Line::Section(_)) {
            self.table = None;
        }
        self.end_states();
        match kind {
            Line::Setting(setting, Some(value)) => self.setting(place, setting, &value),
            Line::Setting(setting, None) => self.open = Some((start, setting)),
            Line::Service(name, status, reason) => {
                let status = match reason.as_deref() {
                    Some("Deactivated" | "Not Activated") => "not-activated",
                    _ => status,
                };
                let mut fields = vec![
                    ("service", name.to_owned()),
                    ("status", status.to_owned()),
                    ("kind", "cups".to_owned()),
                ];
                fields.extend(reason.map(|reason| ("reason", reason)));
                self.tell(place, "imp.service", fields);
            }
            Line::Whose(name) => self.whose = Some(name),
            Line::Peers(peers) => self.tell(place, "imp.peer", vec![("peers", peers)]),
            Line::Section(name) => self.section = Some(name),
            Line::Head(columns) => self.table = Some(columns),
        }
    }

    /// A row of the table that is open; a blank line ends it.
    fn row(&mut self, place: (usize, usize), line: &[u8]) {
        let Some(columns) = self.table.take() else {
            return;
        };
        let near = self.last.is_some_and(|last| place.0 - last <= JOIN_WINDOW);
        if is_blank(line) || !near {
            self.end_states();
            return;
        }
        let row = cells(&text(line));
        let value = |wanted: Column| {
            let at = columns.iter().position(|column| *column == Some(wanted));
            at.and_then(|at| row.get(at)).cloned().unwrap_or_default()
        };
        if columns.contains(&Some(Column::Outcome)) {
            let fields = vec![
                ("section", self.section.clone().unwrap_or_default()),
                ("test", value(Column::Test)),
                (
                    "result",
                    label::outcome(&value(Column::Outcome), &value(Column::Problem)).to_owned(),
                ),
                ("problem", value(Column::Problem)),
                ("solution", value(Column::Solution)),
            ];
            self.tell(place, "imp.troubleshooter", fields);
        } else if columns.contains(&Some(Column::State)) {
            let (node, reason) = (value(Column::Node), value(Column::Reason));
            let state = imp_cli::state(&value(Column::State)).filter(|_| is_host(node.as_bytes()));
            self.states.extend(state.map(|state| StateRow {
                place,
                node,
                state,
                reason: imp_cli::reason(&reason).map_or(reason, str::to_owned),
            }));
        } else {
            self.tell(place, "imp.database", database(&value));
        }
        self.table = Some(columns);
    }
}

impl Page {
    /// Tells the nodes of redundancy groups, two by two.
    fn end_states(&mut self) {
        let rows = std::mem::take(&mut self.states);
        for group in rows.chunks(2) {
            for (at, row) in group.iter().enumerate() {
                let peer = group.iter().enumerate().find(|(other, _)| *other != at);
                let mut fields = vec![
                    ("node", row.node.clone()),
                    ("state", row.state.to_owned()),
                    ("reason", row.reason.clone()),
                ];
                if let Some((_, peer)) = peer {
                    fields.extend([
                        ("peer", peer.node.clone()),
                        ("peer_state", peer.state.to_owned()),
                        ("peer_reason", peer.reason.clone()),
                    ]);
                }
                self.tell(row.place, "imp.ha", fields);
            }
        }
    }
}

/// An external database as a row tells it.
fn database(value: &dyn Fn(Column) -> String) -> Vec<(&'static str, String)> {
    let (name, host) = (value(Column::Database), value(Column::Host));
    let instance = match (name.is_empty(), host.is_empty()) {
        (true, _) => String::new(),
        (false, true) => name.clone(),
        (false, false) => format!("{}/{name}", host.to_lowercase()),
    };
    let assigned = if name.is_empty() { "false" } else { "true" };
    vec![
        ("node", value(Column::Node)),
        ("subcluster", value(Column::Group)),
        ("name", name),
        (
            "type",
            label::database_type(&value(Column::Type)).to_owned(),
        ),
        ("host", host),
        ("version", value(Column::Version)),
        ("feature", value(Column::Feature)),
        ("instance", instance),
        ("assigned", assigned.to_owned()),
    ]
}

/// The records of a text in order.
fn records(bytes: &[u8]) -> Vec<Record> {
    let mut page = Page::default();
    for (start, line) in lines(bytes) {
        page.line(start, line);
    }
    page.end_states();
    page.records
}

impl LogParser for ImpPage {
    fn id(&self) -> &'static str {
        "imp.page"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        match records(head).is_empty() {
            true => Probe::NotForUs,
            false => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        classify(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let tells = |(_, line): &(usize, &[u8])| classify(line).is_some();
        // asked at every line, so only the nearest lines are judged
        let Some((last, _)) = lines_backwards(before).find(tells) else {
            return false;
        };
        // a table or an open label reaches a window far, whatever its lines look like
        before.len() - last <= JOIN_WINDOW || {
            let next = lines(after).find(tells);
            next.is_some_and(|(next, _)| before.len() + next - last <= JOIN_WINDOW)
        }
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        classify(line).map(|_| RecordHead {
            time: RawTime::None,
            host: None,
        })
    }

    fn parse<'c>(
        &self,
        chunk: &'c Chunk,
        picks: Option<&[usize]>,
        out: &mut dyn FnMut(Event<'c>),
    ) -> ParseStats {
        let bytes = chunk.bytes.as_slice();
        let mut stats = ParseStats::default();
        let mut numbers = chunk.line_counter();
        for record in records(bytes) {
            if !picked(picks, record.start, record.end) {
                continue;
            }
            let source = bytes.get(record.start..record.end).unwrap_or_default();
            let mut event = Event {
                format: record.format,
                time: RawTime::None,
                line: numbers.line_at(record.start),
                fields: Vec::new(),
                text: text(source.trim_ascii_end()),
            };
            for (name, value) in record.fields {
                event.push(name, value);
            }
            stats.records += 1;
            out(event);
        }
        stats
    }
}
