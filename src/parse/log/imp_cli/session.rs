//! A session: what lines tell one after the other, and whose answers they are.

use super::ha;
use super::line::{self, Line, classify};
use super::segment::classify_all;
use super::table::{self, Cell};
use super::value::{Check, Member, Replication, Setting};
use crate::parse::chunk::JOIN_WINDOW;
use crate::parse::scan::{lines, lines_backwards};

/// A record of a session, with whose it is as far as the session tells.
pub(super) struct Record<'l> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) whose: Option<&'l [u8]>,
    pub(super) what: What<'l>,
}

/// What a record tells.
pub(super) enum What<'l> {
    /// A row of a group, and the group as far as it is shown.
    Ha(ha::Row, Group<'l>),
    Service(line::Service<'l>, Listing),
    Check(Check<'l>),
    Replication(Replication<'l>),
    /// A member of a list, and the address of the list's first one of the same product.
    Member(Member<'l>, &'l [u8]),
    Setting(Setting<'l>),
    /// A value of a table, the table's number of rows and the statement that asked for it.
    Cell(Cell, usize, Option<&'l [u8]>),
}

/// The rows of one redundancy group.
#[derive(Clone, Default)]
pub(super) struct Group<'l> {
    pub(super) name: Option<&'l [u8]>,
    pub(super) rows: Vec<ha::Row>,
}

/// What a list of services tells about the node as a whole.
#[derive(Clone, Copy, Default)]
pub(super) struct Listing {
    /// `cups` where services of IM and Presence are among them, `callmanager` where those of
    /// Unified CM are.
    pub(super) kind: Option<&'static str>,
    pub(super) role: Option<&'static str>,
}

/// What a session has told so far.
#[derive(Default)]
struct Session<'l> {
    whose: Option<&'l [u8]>,
    /// Something was answered since the name was told.
    used: bool,
    /// A line told that this is the appliance.
    sure: bool,
    /// Start of the last line that told something.
    last: Option<usize>,
    command: Option<&'l [u8]>,
    group: Group<'l>,
    listing: Listing,
    /// Number of the first record of the listing.
    listed: Option<usize>,
    /// First member of each product in the list of members, the number of the list's first
    /// record, and the members that no other one authenticated.
    first: Vec<(&'l [u8], &'l [u8])>,
    members_at: Option<usize>,
    own: Vec<&'l [u8]>,
    records: Vec<Record<'l>>,
}

impl<'l> Session<'l> {
    /// Takes in a line that tells something; gives where the next one may begin.
    fn take(&mut self, bytes: &'l [u8], start: usize, end: usize, line: Line<'l>) -> usize {
        if self.last.is_some_and(|last| start - last > JOIN_WINDOW) {
            self.close();
            *self = Self {
                records: std::mem::take(&mut self.records),
                ..Self::default()
            };
        }
        self.last = Some(start);
        self.sure |= line.is_sure();
        if !matches!(line, Line::HaNode) {
            self.close_group();
        }
        if matches!(line, Line::Whose(_) | Line::Login) {
            self.close_members();
        }
        if !matches!(line, Line::Services | Line::Setting(_)) {
            self.close_listing();
        }
        match line {
            Line::Whose(name) => (self.whose, self.used) = (Some(name), false),
            Line::Login => {
                self.command = None;
                if self.used {
                    (self.whose, self.used) = (None, false);
                }
            }
            Line::Prompt(command) => {
                self.close_members();
                self.used = true;
                self.command = Some(command);
            }
            Line::Subcluster(name) => (self.used, self.group.name) = (true, Some(name)),
            Line::HaNode => return self.row(bytes, start, end).unwrap_or(end),
            Line::Services => self.services(bytes, start, end),
            Line::Check(check) => self.tell(start, end, What::Check(check)),
            Line::Replication(row) => self.tell(start, end, What::Replication(row)),
            Line::Member(member) => {
                self.members_at.get_or_insert(self.records.len());
                let known = self.first.iter().find(|(kind, _)| *kind == member.kind);
                let first = known.map_or(member.address, |(_, address)| address);
                if known.is_none() {
                    self.first.push((member.kind, first));
                }
                self.own.extend(member.own.then_some(member.name));
                self.tell(start, end, What::Member(member, first));
            }
            Line::Setting(setting) | Line::Weak(setting) => {
                if setting.name == "Primary Node" {
                    let yes = setting.value.eq_ignore_ascii_case(b"true");
                    self.listing.role = Some(if yes { "publisher" } else { "subscriber" });
                    self.close_listing();
                }
                self.tell(start, end, What::Setting(setting));
            }
            Line::Rule => return self.table(bytes, start).unwrap_or(end),
            Line::ServerTable => return self.server_table(bytes, start),
        }
        end
    }

    fn tell(&mut self, start: usize, end: usize, what: What<'l>) {
        if self.sure {
            self.used = true;
            let whose = self.whose;
            self.records.push(Record {
                start,
                end,
                whose,
                what,
            });
        }
    }

    fn row(&mut self, bytes: &'l [u8], start: usize, end: usize) -> Option<usize> {
        let row = ha::row(bytes, start, end)?;
        let end = row.end;
        self.used = true;
        if self.group.rows.iter().any(|old| old.number >= row.number) {
            self.close_group();
        }
        self.group.rows.push(row);
        Some(end)
    }

    fn services(&mut self, bytes: &'l [u8], start: usize, end: usize) {
        let line = bytes.get(start..end).unwrap_or_default();
        for service in line::services(line) {
            self.listed.get_or_insert(self.records.len());
            self.listing.kind = match (self.listing.kind, line::kind(service.name)) {
                (Some("cups"), _) | (_, Some("cups")) => Some("cups"),
                (known, told) => told.or(known),
            };
            let what = What::Service(service, Listing::default());
            self.tell(start, end, what);
        }
    }

    fn table(&mut self, bytes: &'l [u8], start: usize) -> Option<usize> {
        let table = table(bytes, start)?;
        let statement = self
            .command
            .filter(|command| command.starts_with(b"run sql"));
        for cell in table.cells {
            let (start, end) = (cell.start, cell.end);
            self.tell(start, end, What::Cell(cell, table.rows, statement));
        }
        Some(table.end)
    }

    fn server_table(&mut self, bytes: &'l [u8], start: usize) -> usize {
        let (names, end) = table::names(bytes, start);
        for (at, value) in names {
            let setting = Setting {
                section: "show network cluster",
                name: "processnode",
                value,
            };
            self.tell(at, at + value.len(), What::Setting(setting));
        }
        end
    }

    fn close(&mut self) {
        self.close_group();
        self.close_listing();
        self.close_members();
        self.command = None;
    }

    /// A list of members shows who was asked: the only one whose connection to itself needs none.
    fn close_members(&mut self) {
        let own = std::mem::take(&mut self.own);
        let from = self.members_at.take();
        self.first.clear();
        if let (Some(from), [name], None) = (from, own.as_slice(), self.whose) {
            self.whose = Some(name);
            for record in self.records.iter_mut().skip(from) {
                if matches!(record.what, What::Member(..)) {
                    record.whose = Some(name);
                }
            }
        }
    }

    fn close_group(&mut self) {
        let group = std::mem::take(&mut self.group);
        if group.rows.is_empty() {
            self.group = group;
            return;
        }
        for row in &group.rows {
            self.records.push(Record {
                start: row.start,
                end: row.end,
                whose: self.whose,
                what: What::Ha(row.clone(), group.clone()),
            });
        }
    }

    fn close_listing(&mut self) {
        let listing = std::mem::take(&mut self.listing);
        let Some(first) = self.listed.take() else {
            return;
        };
        for record in self.records.iter_mut().skip(first) {
            if let What::Service(_, told) = &mut record.what {
                *told = listing;
            }
        }
    }
}

/// The table whose line of `=` begins at `start`.
fn table(bytes: &[u8], start: usize) -> Option<table::Table> {
    table::table(bytes, start, |line| {
        matches!(classify(line), Some(Line::Prompt(_) | Line::Login))
    })
}

/// The records of a text in its order.
pub(super) fn records(bytes: &[u8]) -> Vec<Record<'_>> {
    let mut session = Session::default();
    let mut from = 0;
    for (start, line) in lines(bytes) {
        if start < from {
            continue;
        }
        for (at, end, kind) in classify_all(line) {
            from = session.take(bytes, start + at, start + end, kind);
        }
    }
    session.close();
    session.records.sort_by_key(|record| record.start);
    session.records
}

/// True when a session that `before` ends with goes on in `after`.
pub(super) fn goes_on(before: &[u8], after: &[u8]) -> bool {
    let told = |(start, line)| {
        let parts = classify_all(line);
        Some((start + parts.first()?.0, start + parts.last()?.0))
    };
    if let Some((_, line)) = lines(after).next()
        && classify(line) == Some(Line::Rule)
    {
        return true;
    }
    // nearly always the nearest lines decide, and windows of telling lines are many
    let last = lines_backwards(before).find_map(told);
    let next = lines(after).find_map(told);
    match (last, next) {
        (Some((_, last)), Some((next, _))) if before.len() + next - last <= JOIN_WINDOW => true,
        (Some(_), _) => reaches_over(before, after),
        (None, _) => false,
    }
}

/// True when what one of the lines of `before` begins ends in `after`.
fn reaches_over(before: &[u8], after: &[u8]) -> bool {
    let text = [before, after].concat();
    let reaches = |start: usize, end: usize, line: &Line<'_>| match line {
        Line::HaNode => ha::row(&text, start, end).map(|row| row.end),
        Line::Rule => table(&text, start).map(|table| table.end),
        Line::ServerTable => Some(table::names(&text, start).1),
        _ => None,
    };
    lines(before).any(|(start, line)| {
        classify_all(line).iter().any(|(at, end, kind)| {
            reaches(start + at, start + end, kind).is_some_and(|end| end > before.len())
        })
    })
}
