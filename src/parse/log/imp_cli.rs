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
//! at most [`JOIN_WINDOW`](crate::parse::chunk::JOIN_WINDOW) bytes apart are one session.

use crate::model::event::Event;
use crate::model::time::RawTime;
use crate::parse::chunk::Chunk;
use crate::parse::scan::{Cursor, decimal, is_blank, lines, text};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

mod ha;
mod line;
mod segment;
mod session;
mod table;
#[cfg(test)]
mod tests;
mod value;

pub(in crate::parse::log) use ha::{reason, state};
use line::{Line, classify};
pub(crate) use line::{is_host, kind as service_kind};
use segment::{classify_all, tells};
use session::{Group, Listing, Record, What, records};

/// The parser.
pub struct ImpCli;

fn event<'c>(record: Record<'c>, bytes: &'c [u8], line: u64) -> Event<'c> {
    let source = bytes.get(record.start..record.end).unwrap_or_default();
    let mut event = Event {
        format: "",
        time: RawTime::None,
        line,
        fields: Vec::new(),
        text: text(source.trim_ascii_end()),
    };
    let whose = record.whose;
    match record.what {
        What::Ha(row, group) => {
            fill_ha(&mut event, row, group);
            put(&mut event, "reporter", whose);
        }
        What::Service(service, listing) => {
            put(&mut event, "node", whose);
            fill_service(&mut event, service, listing);
        }
        What::Check(check) => {
            event.format = "imp.diagnose";
            put(&mut event, "node", whose);
            put(&mut event, "test", Some(check.test));
            event.push("result", check.result);
            put(&mut event, "words", Some(check.words));
        }
        What::Replication(row) => {
            fill_replication(&mut event, row);
            put(&mut event, "reporter", whose);
        }
        What::Member(member, first) => {
            fill_member(&mut event, member);
            put(&mut event, "block", Some(first));
            put(&mut event, "reporter", whose);
        }
        What::Setting(setting) => {
            event.format = "imp.setting";
            put(&mut event, "node", whose);
            event.push("section", setting.section);
            event.push("name", setting.name);
            put(&mut event, "value", Some(setting.value));
            put(&mut event, "number", leading_number(setting.value));
        }
        What::Cell(cell, rows, statement) => {
            event.format = "imp.row";
            put(&mut event, "node", whose);
            put(&mut event, "statement", statement);
            event.push("column", cell.column);
            if !cell.value.is_empty() {
                event.push("value", cell.value);
            }
            event.push("row", cell.row.to_string());
            event.push("rows", rows.to_string());
        }
    }
    event
}

fn put<'c>(event: &mut Event<'c>, name: &'static str, value: Option<&'c [u8]>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        event.push(name, text(value));
    }
}

/// `8192 MBytes`: 8192.
fn leading_number(value: &[u8]) -> Option<&[u8]> {
    let digits = Cursor::new(value).skip_while(|b| b.is_ascii_digit());
    let (digits, rest) = value.split_at_checked(digits)?;
    let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
    decimal(digits).filter(|_| ends).map(|_| digits)
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

fn fill_service<'c>(event: &mut Event<'c>, service: line::Service<'c>, listing: Listing) {
    event.format = "imp.service";
    put(event, "service", Some(service.name));
    event.push("status", service.status);
    put(event, "reason", Some(service.reason));
    for (name, value) in [("kind", listing.kind), ("role", listing.role)] {
        if let Some(value) = value {
            event.push(name, value);
        }
    }
}

fn fill_replication<'c>(event: &mut Event<'c>, row: value::Replication<'c>) {
    event.format = "imp.replication";
    put(event, "node", Some(row.node));
    put(event, "address", Some(row.address));
    put(event, "setup", row.setup);
    put(event, "words", Some(row.words));
    put(event, "queue", row.queue);
    put(event, "links", row.links);
}

fn fill_member<'c>(event: &mut Event<'c>, member: value::Member<'c>) {
    event.format = "imp.node";
    put(event, "name", Some(member.name));
    put(event, "address", Some(member.address));
    put(event, "alias", Some(member.alias));
    event.push("role", member.role);
    put(event, "kind", Some(member.kind));
}

impl LogParser for ImpCli {
    fn id(&self) -> &'static str {
        "imp.cli"
    }

    fn probe(&self, head: &[u8]) -> Probe {
        let sure = |line: &[u8]| {
            let told = classify_all(line);
            told.iter().any(|(_, _, line)| line.is_sure())
        };
        let all = lines(head).filter(|(_, line)| !is_blank(line));
        let (ours, others): (Vec<_>, Vec<_>) = all.partition(|(_, line)| sure(line));
        match ours.len() {
            0 => Probe::NotForUs,
            ours if ours + 2 > others.len() => Probe::Certain,
            _ => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        tells(line)
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        session::goes_on(before, after)
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let host = match classify(line) {
            Some(Line::Whose(name)) => std::str::from_utf8(name).ok(),
            None if !tells(line) => return None,
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
