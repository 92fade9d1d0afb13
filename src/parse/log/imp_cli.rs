//! Answers of the command line of IM and Presence nodes.
//!
//! ```text
//! admin:utils ha status
//! Subcluster Name: DefaultCluster
//!    Node 1 Name : imp1a State: Failed Over with Critical Services not Running Reason:
//! Critical Service Down
//!    Node 2 Name : imp1b State: Running in Backup Mode Reason: Critical Service Down
//! admin:utils service list
//! Cisco XCP Text Conference Manager[STOPPED]  Commanded Out of Service
//! ```
//!
//! Pasted or saved, with or without prompts, one answer or a whole session, of one node or of
//! several behind each other. The prompt names no host; whose answers these are is taken from
//! what stands before them in the session: a host name, a login, a heading. Lines are judged
//! alone, so that a session may begin and end anywhere; those that tell something and stand
//! at most [`JOIN_WINDOW`] bytes apart are one session.

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::scan::{is_blank, lines, text};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

mod ha;
mod line;
#[cfg(test)]
mod tests;

use line::{Line, classify};

/// The format's parser.
pub(crate) const PARSER: &str = "imp.cli";

/// The parser.
pub struct ImpCli;

/// A record of a session, with whose it is as far as the session tells.
struct Record<'l> {
    start: usize,
    end: usize,
    whose: Option<&'l [u8]>,
    what: What<'l>,
}

enum What<'l> {
    /// A row of a group, and the group as far as it is shown.
    Ha(ha::Row, Group<'l>),
    Service(line::Service<'l>),
}

/// The rows of one redundancy group.
#[derive(Clone, Default)]
struct Group<'l> {
    name: Option<&'l [u8]>,
    rows: Vec<ha::Row>,
}

/// What a session has told so far.
#[derive(Default)]
struct Session<'l> {
    whose: Option<&'l [u8]>,
    /// Something was answered since the name was told.
    used: bool,
    /// Start of the last line that told something.
    last: Option<usize>,
    group: Group<'l>,
    records: Vec<Record<'l>>,
}

impl<'l> Session<'l> {
    fn line(&mut self, bytes: &'l [u8], start: usize, end: usize, line: Line<'l>) {
        if self.last.is_some_and(|last| start - last > JOIN_WINDOW) {
            self.close_group();
            (self.whose, self.used) = (None, false);
        }
        self.last = Some(start);
        match line {
            Line::Whose(name) => {
                self.close_group();
                (self.whose, self.used) = (Some(name), false);
            }
            Line::Login if self.used => {
                self.close_group();
                (self.whose, self.used) = (None, false);
            }
            Line::Login => {}
            Line::Prompt(_) => {
                self.close_group();
                self.used = true;
            }
            Line::Subcluster(name) => {
                self.close_group();
                self.used = true;
                self.group.name = Some(name);
            }
            Line::HaNode => {
                self.used = true;
                if let Some(row) = ha::row(bytes, start) {
                    if self.group.rows.iter().any(|old| old.number >= row.number) {
                        self.close_group();
                    }
                    self.group.rows.push(row);
                }
            }
            Line::Services => {
                self.close_group();
                self.used = true;
                let line = bytes.get(start..end).unwrap_or_default();
                let found = line::services(line).map(|service| Record {
                    start,
                    end,
                    whose: self.whose,
                    what: What::Service(service),
                });
                self.records.extend(found);
            }
        }
    }

    fn close_group(&mut self) {
        let group = std::mem::take(&mut self.group);
        for row in &group.rows {
            self.records.push(Record {
                start: row.start,
                end: row.end,
                whose: self.whose,
                what: What::Ha(row.clone(), group.clone()),
            });
        }
    }
}

/// The records of a text in order.
fn records(bytes: &[u8]) -> Vec<Record<'_>> {
    let mut session = Session::default();
    for (start, line) in lines(bytes) {
        if let Some(kind) = classify(line) {
            session.line(bytes, start, start + line.len(), kind);
        }
    }
    session.close_group();
    session.records
}

fn event<'c>(record: Record<'c>, bytes: &'c [u8], line: u64) -> Event<'c> {
    let source = bytes.get(record.start..record.end).unwrap_or_default();
    let mut event = Event {
        format: "",
        time: RawTime::None,
        line,
        fields: Vec::new(),
        text: text(source.trim_ascii_end()),
    };
    match record.what {
        What::Ha(row, group) => fill_ha(&mut event, row, group),
        What::Service(service) => {
            event.format = "imp.service";
            if let Some(node) = record.whose {
                event.push("node", text(node));
            }
            event.push("service", text(service.name));
            event.push("status", service.status);
            if !service.reason.is_empty() {
                event.push("reason", text(service.reason));
            }
        }
    }
    event
}

fn fill_ha(event: &mut Event<'_>, row: ha::Row, group: Group<'_>) {
    event.format = "imp.ha";
    let peer = group
        .rows
        .into_iter()
        .find(|other| other.start != row.start);
    let mut put = |name: &'static str, value: String| {
        if !value.is_empty() {
            event.push(name, value);
        }
    };
    put("subcluster", text(group.name.unwrap_or_default()).into());
    put("node", row.name);
    put("state", row.state);
    put("reason", row.reason);
    if let Some(peer) = peer {
        put("peer", peer.name);
        put("peer_state", peer.state);
        put("peer_reason", peer.reason);
    }
}

impl LogParser for ImpCli {
    fn id(&self) -> &'static str {
        PARSER
    }

    fn probe(&self, head: &[u8]) -> Probe {
        let found = records(head).len();
        let all = lines(head).filter(|(_, line)| !is_blank(line)).count();
        match found {
            0 => Probe::NotForUs,
            found if found * 2 + 4 > all => Probe::Certain,
            _ => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        classify(line).is_some()
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let telling = |bytes| {
            let found = lines(bytes).filter(|(_, line)| classify(line).is_some());
            found.map(|(start, _)| start).collect::<Vec<_>>()
        };
        let Some(last) = telling(before).last().copied() else {
            return false;
        };
        // a row that goes on behind the cut
        let text = [before, after].concat();
        if ha::row(&text, last).is_some_and(|row| row.end > before.len()) {
            return true;
        }
        let next = telling(after).first().map(|next| before.len() + next);
        next.is_some_and(|next| next - last <= JOIN_WINDOW)
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let kind = classify(line)?;
        let host = match kind {
            Line::Whose(name) => std::str::from_utf8(name).ok(),
            _ => None,
        };
        Some(RecordHead {
            time: RawTime::None,
            host,
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
            let line = numbers.line_at(record.start);
            stats.records += 1;
            out(event(record, bytes, line));
        }
        stats
    }
}
