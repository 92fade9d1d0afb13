//! Alarms as tables: exports, and what the page of alarms gives when it is copied.
//!
//! ```text
//! Alarm,Description,State,Severity,Peer,ID
//! "Cluster communication failure","The system is unable to …",Raised,Warning,10.15.13.15,20004
//! ```
//!
//! The header decides which column is what; columns are parted by commas, semicolons, tabs, bars
//! or wide blanks. A row counts when it says that it is an alarm: by a state that alarms have, or
//! by a severity below a header that speaks of alarms. Lists of tickets have neither.

use std::borrow::Cow;

use super::alarms::{ALARM, is_lowered, joined_words};
use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::LOG_PARSERS;
use crate::parse::scan::{chomp, is_blank, line_at, text};

/// Lines that are no rows and that a table survives, as page breaks and footers.
const MAX_OTHERS: usize = 20;
/// Lines over which one quoted cell may reach.
const MAX_SPAN: usize = 16;
/// Columns of a table that are read.
const MAX_COLUMNS: usize = 32;
/// Bytes of a header.
const MAX_HEADER: usize = 1024;
/// Bytes of a row that are read.
const MAX_ROW: usize = 8 * 1024;

/// States that only alarms have.
const OWN_STATES: [&str; 4] = ["raised", "lowered", "acknowledged", "unacknowledged"];
/// States that other lists have as well.
const STATES: [&str; 4] = ["active", "inactive", "cleared", "resolved"];
const SEVERITIES: [&str; 9] = [
    "emergency",
    "alert",
    "critical",
    "error",
    "warning",
    "notice",
    "info",
    "information",
    "debug",
];

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Title,
    Description,
    Severity,
    State,
    /// The peer that shows the alarm.
    Host,
    Other,
}

/// How cells are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parted {
    /// By a sign; cells may stand in quotes.
    By(u8),
    /// By bars, which may stand at both ends as well.
    Bars,
    /// By two blanks or more.
    Wide,
}

const WAYS: [Parted; 5] = [
    Parted::By(b'\t'),
    Parted::By(b';'),
    Parted::By(b','),
    Parted::Bars,
    Parted::Wide,
];

/// The header of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Header {
    parted: Parted,
    columns: Vec<Column>,
    /// It speaks of alarms.
    named: bool,
}

fn column(name: &str) -> Column {
    let name = name.trim().trim_matches('*').to_ascii_lowercase();
    match name.as_str() {
        "id" | "alarm id" | "alarmid" | "alarm number" | "number" | "code" => Column::Id,
        "alarm" | "title" | "name" | "alarm title" | "alarm name" => Column::Title,
        "description" | "detail" | "details" | "alarm description" => Column::Description,
        "severity" | "level" | "alarm severity" => Column::Severity,
        "state" | "status" | "alarm state" | "alarm status" => Column::State,
        "peer" | "node" | "system" | "system name" | "host" | "hostname" | "peer address" => {
            Column::Host
        }
        _ => Column::Other,
    }
}

/// The header that a line is, if it is one.
fn header(line: &[u8]) -> Option<Header> {
    let line = chomp(line);
    // almost no line has the words of a header
    let has = |word: &str| memchr::memmem::find(line, word.as_bytes()).is_some();
    let judged = ["everity", "EVERITY", "tat", "TAT", "evel", "EVEL"];
    if line.len() > MAX_HEADER || !line.is_ascii() || !judged.iter().any(|word| has(word)) {
        return None;
    }
    WAYS.iter().find_map(|parted| {
        let names = cells(line, *parted);
        let columns: Vec<Column> = names.iter().map(|name| column(name)).collect();
        let has = |wanted: Column| columns.contains(&wanted);
        let known = columns.iter().filter(|c| **c != Column::Other).count();
        let telling = has(Column::Id) || has(Column::Title) || has(Column::Description);
        let judged = has(Column::State) || has(Column::Severity);
        let named = names
            .iter()
            .any(|name| name.to_ascii_lowercase().contains("alarm"));
        (known >= 3 && telling && judged).then_some(Header {
            parted: *parted,
            columns,
            named,
        })
    })
}

/// The cells of a row without the quotes and blanks around them.
fn cells(row: &[u8], parted: Parted) -> Vec<Cow<'_, str>> {
    let mut found = match parted {
        Parted::By(sign) => quoted_cells(row, sign),
        Parted::Bars => {
            let row = row.trim_ascii();
            let row = row.strip_prefix(b"|").unwrap_or(row);
            let row = row.strip_suffix(b"|").unwrap_or(row);
            row.split(|b| *b == b'|').map(text).collect()
        }
        Parted::Wide => wide_cells(row.trim_ascii()),
    };
    found.truncate(MAX_COLUMNS);
    for cell in &mut found {
        let plain = cell.trim();
        if plain.len() != cell.len() {
            *cell = Cow::Owned(plain.to_owned());
        }
    }
    found
}

/// Cells of RFC 4180: quotes around a cell, doubled inside.
fn quoted_cells(row: &[u8], sign: u8) -> Vec<Cow<'_, str>> {
    let mut found = Vec::new();
    let mut rest = row;
    loop {
        let inner = rest.trim_ascii_start();
        let Some(inner) = inner.strip_prefix(b"\"") else {
            let end = memchr::memchr(sign, rest);
            found.push(text(
                rest.get(..end.unwrap_or(rest.len())).unwrap_or_default(),
            ));
            match end.and_then(|end| rest.get(end + 1..)) {
                Some(more) => rest = more,
                None => return found,
            }
            continue;
        };
        let end = closing_quote(inner);
        let value = text(inner.get(..end).unwrap_or_default());
        found.push(match value.contains("\"\"") {
            true => Cow::Owned(value.replace("\"\"", "\"")),
            false => value,
        });
        let behind = inner.get(end + 1..).unwrap_or_default();
        match memchr::memchr(sign, behind).and_then(|at| behind.get(at + 1..)) {
            Some(more) => rest = more,
            None => return found,
        }
    }
}

/// Offset of the quote that ends a cell; the end of the text when there is none.
fn closing_quote(inner: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = inner.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        if inner.get(at + found + 1) != Some(&b'"') {
            return at + found;
        }
        at += found + 2;
    }
    inner.len()
}

fn wide_cells(row: &[u8]) -> Vec<Cow<'_, str>> {
    let mut found = Vec::new();
    let mut rest = row;
    while let Some(gap) = memchr::memmem::find(rest, b"  ") {
        found.push(text(rest.get(..gap).unwrap_or_default()));
        rest = rest.get(gap..).unwrap_or_default().trim_ascii_start();
    }
    found.push(text(rest));
    found
}

/// End of the row that begins at `start`: a quoted cell may go on behind a line feed.
fn row_end(bytes: &[u8], start: usize, parted: Parted) -> usize {
    let mut end = line_at(bytes, start).1;
    if !matches!(parted, Parted::By(_)) {
        return end;
    }
    for _ in 1..MAX_SPAN {
        let row = bytes.get(start..end).unwrap_or_default();
        let open = memchr::memchr_iter(b'"', row).count() % 2 == 1;
        let (next, after) = line_at(bytes, end);
        if !open || end >= bytes.len() || after - start > MAX_ROW || begins_other(next) {
            break;
        }
        end = after;
    }
    end
}

/// An alarm in the row, if it is one.
fn alarm<'l>(row: &'l [u8], header: &Header) -> Option<Event<'l>> {
    let row = chomp(row);
    let cells = cells(row.get(..MAX_ROW).unwrap_or(row), header.parted);
    let of = |wanted: Column| {
        let both = header.columns.iter().zip(&cells);
        both.filter(|(column, cell)| **column == wanted && !cell.is_empty())
            .map(|(_, cell)| cell.as_ref())
            .next()
    };
    let among = |word: Option<&str>, list: &[&str]| {
        word.is_some_and(|word| list.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    let (id, state) = (of(Column::Id), of(Column::State));
    let numbered = id.is_some_and(|id| id.len() == 5 && id.bytes().all(|b| b.is_ascii_digit()));
    let severe = among(of(Column::Severity), &SEVERITIES);
    let counts = match state {
        Some(_) => among(state, &OWN_STATES) || (header.named && among(state, &STATES)),
        None => header.named && severe,
    };
    let telling = of(Column::Title).or(of(Column::Description)).is_some();
    if !counts || !(numbered || (telling && id.is_none())) {
        return None;
    }
    let mut event = Event {
        format: ALARM,
        time: RawTime::None,
        line: 0,
        fields: Vec::new(),
        text: text(row),
    };
    if let Some(host) = of(Column::Host).filter(|host| !host.contains(' ')) {
        event.push("host", host.to_owned());
    }
    for (name, column) in [
        ("Id", Column::Id),
        ("Title", Column::Title),
        ("Description", Column::Description),
        ("Severity", Column::Severity),
        ("State", Column::State),
    ] {
        if let Some(value) = of(column) {
            event.push(name, value.to_owned());
        }
    }
    event.push(
        "words",
        joined_words(of(Column::Title), of(Column::Description)),
    );
    let lowered = state.is_some_and(is_lowered);
    event.push("open", if lowered { "false" } else { "true" });
    Some(event)
}

/// True where a record of any format begins.
fn begins_other(line: &[u8]) -> bool {
    LOG_PARSERS
        .iter()
        .any(|parser| parser.is_record_start(line))
}

/// Hands out the alarms of every table of a text with their offsets.
pub(super) fn alarms<'l>(bytes: &'l [u8], out: &mut dyn FnMut(usize, Event<'l>)) {
    let mut open: Option<(Header, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let (line, next) = line_at(bytes, start);
        at = next;
        if is_blank(line) {
            continue;
        }
        if let Some(found) = header(line) {
            open = Some((found, 0));
            continue;
        }
        // a text may be cut where a record begins
        if open.is_some() && begins_other(line) {
            open = None;
        }
        let Some((header, others)) = &mut open else {
            continue;
        };
        let end = row_end(bytes, start, header.parted);
        // a row without its end may have lost what it says of its state
        let cut = end == bytes.len() && !bytes.ends_with(b"\n") && header.parted == Parted::Wide;
        match alarm(bytes.get(start..end).unwrap_or_default(), header).filter(|_| !cut) {
            Some(event) => {
                *others = 0;
                at = end;
                out(start, event);
            }
            None => *others += 1,
        }
        if *others > MAX_OTHERS {
            open = None;
        }
    }
}

/// True when a text holds a table with an alarm.
pub(super) fn is_there(bytes: &[u8]) -> bool {
    let mut found = false;
    alarms(bytes, &mut |_, _| found = true);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(table: &str) -> Vec<String> {
        let mut found = Vec::new();
        alarms(table.as_bytes(), &mut |at, event| {
            let of = |name: &str| event.first(name).unwrap_or("-").to_owned();
            let line = table.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
            found.push(format!(
                "{line} {} {} {} {} {}",
                of("host"),
                of("Id"),
                of("Severity"),
                of("open"),
                of("words")
            ));
        });
        found
    }

    const EXPECTED: &str =
        "2 10.1.1.1 20004 Warning true Cluster communication failure: No way, \"sorry\"";

    #[test]
    fn columns_are_parted_in_many_ways_and_stand_in_any_order() {
        for table in [
            "ID,Alarm,Description,State,Severity,Peer\n20004,Cluster communication failure,\"No way, \"\"sorry\"\"\",Raised,Warning,10.1.1.1\n",
            "Severity;State;Peer;Title;Description;Alarm ID\r\nWarning;raised;10.1.1.1;\"Cluster communication failure\";\"No way, \"\"sorry\"\"\";\"20004\"\r\n",
            "Alarm\tDescription\tState\tSeverity\tPeer\tAction\tID\nCluster communication failure\tNo way, \"sorry\"\tAcknowledged\tWarning\t10.1.1.1\tCheck it\t20004",
            "| ID | Title | Description | Severity | State | Node |\n| 20004 | Cluster communication failure | No way, \"sorry\" | Warning | Raised | 10.1.1.1 |\n",
            "ID     Title                          Description      Severity  State   Peer\n20004  Cluster communication failure  No way, \"sorry\"  Warning   Raised  10.1.1.1\n",
            "**ID** | **Title** | **Description** | **Severity** | **Peer** | **Alarm state**\n20004 | Cluster communication failure | No way, \"sorry\" | Warning | 10.1.1.1 | active\n",
        ] {
            assert_eq!(seen(table), [EXPECTED], "{table}");
        }
    }

    #[test]
    fn rows_without_a_number_count_and_lowered_ones_are_told() {
        let table = "Alarm\tState\tSeverity\nRestart required\tLowered\tWarning\n\nCluster communication failure\tRaised\tError\n";
        assert_eq!(
            seen(table),
            [
                "2 - - Warning false Restart required",
                "4 - - Error true Cluster communication failure"
            ]
        );
        // without a state the header has to speak of alarms
        let table = "ID,Title,Severity\n20004,x,Warning\n";
        assert!(seen(table).is_empty());
        assert_eq!(seen(&table.replace("ID", "Alarm ID")).len(), 1);
    }

    #[test]
    fn a_cell_in_quotes_may_hold_line_feeds() {
        let table =
            "Alarm ID,Title,Description,State\n20004,a,\"one\ntwo\",Raised\n20006,b,c,Raised\n";
        assert_eq!(
            seen(table),
            ["2 - 20004 - true a: one\ntwo", "4 - 20006 - true b: c"]
        );
    }

    #[test]
    fn lists_of_others_are_no_alarms() {
        for table in [
            "ID,Title,Severity,Status\n20006,Login is broken,critical,open\n20004,x,warning,closed\n",
            "Id;Name;State\n1;web01;active\n",
            "Node  State  Severity\n",
            "Title: x, State: raised, Severity: error\n",
            "ID,Title,State\nAbc,x,Raised\n",
            "",
        ] {
            assert!(seen(table).is_empty(), "{table}");
        }
    }

    #[test]
    fn a_table_ends() {
        let rows = |n: usize| {
            format!(
                "Alarm ID,Title,State\n{}20004,a,Raised\n",
                "other\n".repeat(n)
            )
        };
        assert_eq!(seen(&rows(MAX_OTHERS)).len(), 1);
        assert!(seen(&rows(MAX_OTHERS + 1)).is_empty());
        let log = "Mar 30 11:22:45 user.info a dbcluster_watcher:  Operation Complete\n";
        assert!(seen(&format!("Alarm ID,Title,State\n{log}20004,a,Raised\n")).is_empty());
    }
}
