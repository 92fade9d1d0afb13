//! The two nodes of a presence redundancy group as `utils ha status` shows them.
//!
//! State and reason have no delimiter and may wrap anywhere, also inside a word; they are read by
//! the vocabulary of the product's table of states.

use super::line::{find_label, ha_node};
use crate::parse::scan::{is_blank, line_at, text, trim};

/// Lines over which one row may be wrapped.
const MAX_LINES: usize = 5;

/// States as the product's table writes them, and what stands for them elsewhere, in small
/// letters without blanks.
const STATES: &[(&str, &str)] = &[
    ("initializing", "Initializing"),
    ("idle", "Idle"),
    ("normal", "Normal"),
    ("runninginbackupmode", "Running in Backup Mode"),
    ("backupmode", "Running in Backup Mode"),
    ("takingover", "Taking Over"),
    ("failingover", "Failing Over"),
    // so the answer to a manual failover calls a node that is failing over
    ("failover", "Failing Over"),
    ("failedover", "Failed Over"),
    (
        "failedoverwithcriticalservicesnotrunning",
        "Failed Over with Critical Services Not Running",
    ),
    (
        "failedoverwithcriticalservicenotrunning",
        "Failed Over with Critical Services Not Running",
    ),
    ("fallingback", "Falling Back"),
    ("fallback", "Falling Back"),
    ("takingback", "Taking Back"),
    ("runninginfailedmode", "Running in Failed Mode"),
    ("failedmode", "Running in Failed Mode"),
    ("failed", "Running in Failed Mode"),
    ("unknown", "Unknown"),
    ("backupactivated", "Backup Activated"),
    ("failoveraffectedservices", "Failover Affected Services"),
];

/// Reasons in the same way.
const REASONS: &[(&str, &str)] = &[
    ("normal", "Normal"),
    ("onadminrequest", "On Admin Request"),
    ("initialization", "Initialization"),
    ("automaticfallback", "Automatic Fallback"),
    ("criticalservicedown", "Critical Service Down"),
    ("criticalservicesdown", "Critical Service Down"),
    ("databasefailure", "Database Failure"),
    ("peerdown", "Peer Down"),
    ("peerreboot", "Peer Reboot"),
    (
        "peerdownduringinitialization",
        "Peer Down During Initialization",
    ),
    (
        "startofcriticalservicesfailed",
        "Start of Critical Services Failed",
    ),
    (
        "startofcriticalservicefailed",
        "Start of Critical Services Failed",
    ),
    (
        "ciscoserverrecoverymanagertakeoverusersfailed",
        "Cisco Server Recovery Manager Take Over Users Failed",
    ),
    (
        "srmtakeoverusersfailed",
        "Cisco Server Recovery Manager Take Over Users Failed",
    ),
    (
        "ciscoserverrecoverymanagertakebackusersfailed",
        "Cisco Server Recovery Manager Take Back Users Failed",
    ),
    (
        "srmtakebackusersfailed",
        "Cisco Server Recovery Manager Take Back Users Failed",
    ),
    ("unknown", "Unknown"),
    (
        "highavailabilitynotenabled",
        "High Availability Not Enabled",
    ),
    (
        "autorecoverdatabasefailure",
        "Auto Recover Database Failure",
    ),
    (
        "autorecoverydatabasefailure",
        "Auto Recover Database Failure",
    ),
    (
        "autorecovercriticalservicedown",
        "Auto Recover Critical Service Down",
    ),
    (
        "autorecoverycriticalservicedown",
        "Auto Recover Critical Service Down",
    ),
];

/// A node's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Offset of its first line, and behind its last one.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Its number in the group, from 1.
    pub(super) number: u32,
    pub(super) name: String,
    /// In the words of the table of states, else as written; empty where it is missing.
    pub(super) state: String,
    pub(super) reason: String,
}

/// Reads the row that begins with the line, or the part of a line, from `start` to `end`.
pub(super) fn row(bytes: &[u8], start: usize, end: usize) -> Option<Row> {
    let line = bytes.get(start..end)?;
    let (rest, next) = line_at(bytes, start);
    let mut end = if rest.len() == line.len() { next } else { end };
    let (number, name_at) = ha_node(line)?;
    let mut joined = trim(line.get(name_at..)?).to_vec();
    let mut found = read(&joined)?;
    for _ in 1..MAX_LINES {
        let (line, next) = line_at(bytes, end);
        let parted = bytes.get(end.saturating_sub(1)) != Some(&b'\n');
        if parted || next == end || is_blank(line) || !goes_on(line) {
            break;
        }
        let mut longer = joined.clone();
        longer.push(b' ');
        longer.extend_from_slice(trim(line));
        let Some(more) = read(&longer).filter(Words::may_be_whole) else {
            break;
        };
        (joined, found, end) = (longer, more, next);
    }
    Some(Row {
        start,
        end,
        number,
        name: found.name,
        state: named(&found.state, STATES),
        reason: named(&found.reason, REASONS),
    })
}

/// The values of a row as they are written.
struct Words {
    name: String,
    state: String,
    reason: String,
}

impl Words {
    /// Everything read so far begins a value that is known.
    fn may_be_whole(&self) -> bool {
        let begins = |value: &str, known: &[(&str, &str)]| {
            let value = fold(value.as_bytes());
            known.iter().any(|(word, _)| word.starts_with(&value))
        };
        begins(&self.state, STATES) && begins(&self.reason, REASONS)
    }
}

fn read(joined: &[u8]) -> Option<Words> {
    let value = |from: usize, end: usize| -> String {
        let words = text(joined.get(from..end).unwrap_or_default());
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let state = find_label(joined, b"state");
    let reason = find_label(joined, b"reason").filter(|(at, _)| state.is_none_or(|s| *at >= s.1));
    let all = joined.len();
    let name_end = state.or(reason).map_or(all, |(at, _)| at);
    let state_end = reason.map_or(all, |(at, _)| at);
    let name = value(0, name_end).replace(' ', "");
    (!name.is_empty()).then(|| Words {
        name,
        state: state.map_or_else(String::new, |(_, from)| value(from, state_end)),
        reason: reason.map_or_else(String::new, |(_, from)| value(from, all)),
    })
}

/// A line that may be the rest of a row: a piece of labels and values that are known.
fn goes_on(line: &[u8]) -> bool {
    let piece = fold(line);
    let mut all = STATES.iter().flat_map(|(state, _)| {
        let reasons = REASONS.iter();
        reasons.map(move |(reason, _)| format!("state{state}reason{reason}"))
    });
    !piece.is_empty() && piece.len() < 128 && all.any(|known| known.contains(&piece))
}

/// Letters and digits alone, small.
fn fold(words: &[u8]) -> String {
    let kept = words.iter().filter(|b| b.is_ascii_alphanumeric());
    kept.map(|b| char::from(b.to_ascii_lowercase())).collect()
}

/// A state in the words of the table of states, if it is one of it.
pub(in crate::parse::log) fn state(words: &str) -> Option<&'static str> {
    of(words, STATES)
}

/// A reason in the words of that table.
pub(in crate::parse::log) fn reason(words: &str) -> Option<&'static str> {
    of(words, REASONS)
}

fn of(words: &str, known: &[(&str, &'static str)]) -> Option<&'static str> {
    let folded = fold(words.as_bytes());
    let found = known.iter().find(|(word, _)| *word == folded);
    found.map(|(_, name)| *name)
}

fn named(value: &str, known: &[(&str, &'static str)]) -> String {
    of(value, known).unwrap_or(value).to_owned()
}
