//! What a single line of the command line's answers is, whatever stands around it.

use super::table::is_rule;
use super::value::{Check, Member, Replication, Setting, check, member, replication, setting};
use crate::parse::scan::{Cursor, trim};

/// Longest name of a service or a host that is taken for one.
const MAX_NAME: usize = 255;

/// A line of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'l> {
    /// `admin:utils ha status`: the command, empty at a bare prompt.
    Prompt(&'l [u8]),
    /// A login begins: what follows may be another node's.
    Login,
    /// Whose answers follow: a heading, a host name, `ssh admin@imp1a`.
    Whose(&'l [u8]),
    /// `Subcluster Name: DefaultCluster`
    Subcluster(&'l [u8]),
    /// `Node 1 Name : imp1a State: Normal`, perhaps wrapped.
    HaNode,
    /// `Cisco XCP Router[STARTED]`, or several of these.
    Services,
    Check(Check<'l>),
    Replication(Replication<'l>),
    Member(Member<'l>),
    /// The line alone tells that this is the appliance.
    Setting(Setting<'l>),
    /// It does so only among lines that do.
    Weak(Setting<'l>),
    /// `==== ====` below the names of a table.
    Rule,
    /// The names by which the cluster knows its nodes follow.
    ServerTable,
}

impl Line<'_> {
    /// Nobody else writes this.
    pub(super) fn is_sure(&self) -> bool {
        match self {
            Self::Prompt(command) => !command.is_empty(),
            Self::Whose(_) | Self::Weak(_) | Self::Rule | Self::Subcluster(_) => false,
            // `ntpstat` and `host` of any system say the same
            Self::Check(check) => !matches!(check.test, b"ntp status" | b"external resolution"),
            Self::Replication(row) => row.links.is_some() || row.queue.is_some(),
            Self::Login
            | Self::HaNode
            | Self::Services
            | Self::ServerTable
            | Self::Member(_)
            | Self::Setting(_) => true,
        }
    }
}

/// What a line is; nothing for lines that tell nothing on their own.
pub(super) fn classify(line: &[u8]) -> Option<Line<'_>> {
    let line = trim(line);
    if line.is_empty() || line.len() > 64 * 1024 {
        return None;
    }
    if let Some(command) = prompt(line) {
        return Some(Line::Prompt(command));
    }
    if is_login(line) {
        return Some(Line::Login);
    }
    if ha_node(line).is_some() {
        return Some(Line::HaNode);
    }
    if services(line).next().is_some() {
        return Some(Line::Services);
    }
    if let Some(name) =
        labelled(line, b"subclustername").or_else(|| labelled(line, b"presenceredundancygroupname"))
    {
        return Some(Line::Subcluster(name));
    }
    if is_rule(line) {
        return Some(Line::Rule);
    }
    if line.starts_with(b"Server Table (processnode) Entries") {
        return Some(Line::ServerTable);
    }
    if let Some((setting, sure)) = setting(line) {
        let kind = if sure { Line::Setting } else { Line::Weak };
        return Some(kind(setting));
    }
    check(line)
        .map(Line::Check)
        .or_else(|| replication(line).map(Line::Replication))
        .or_else(|| member(line).map(Line::Member))
        .or_else(|| whose(line).map(Line::Whose))
}

/// What was typed at the prompt of the appliance.
fn prompt(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"admin:")?;
    // a list of accounts says `admin: true`, a command begins with one of few words
    let command = trim(rest);
    let first = Cursor::new(command).word();
    let verbs: [&[u8]; 10] = [
        b"utils", b"show", b"set", b"run", b"file", b"ha", b"unset", b"delete", b"exit", b"quit",
    ];
    (command.is_empty() || verbs.contains(&first)).then_some(command)
}

fn is_login(line: &[u8]) -> bool {
    line.starts_with(b"Command Line Interface is starting up")
        || line.starts_with(b"Welcome to the Platform Command Line Interface")
}

/// The value behind a label at the begin of a line, whose blanks and capitals do not count.
pub(super) fn labelled<'l>(line: &'l [u8], label: &[u8]) -> Option<&'l [u8]> {
    let value = trim(line.get(label_at(line, 0, label)?..)?);
    (!value.is_empty() && value.len() <= MAX_NAME).then_some(value)
}

/// Where a label with its colon stands in a text that may be wrapped anywhere: its begin, and
/// the place behind the colon. `label` is in small letters without blanks.
pub(super) fn find_label(text: &[u8], label: &[u8]) -> Option<(usize, usize)> {
    (0..text.len()).find_map(|from| {
        let begins = from == 0 || text.get(from - 1).is_some_and(u8::is_ascii_whitespace);
        let behind = begins.then(|| label_at(text, from, label)).flatten()?;
        Some((from + blanks(text.get(from..)?), behind))
    })
}

/// The place behind a label that stands at `from`.
fn label_at(text: &[u8], from: usize, label: &[u8]) -> Option<usize> {
    let mut at = from;
    for wanted in label.iter().chain(b":") {
        at += blanks(text.get(at..)?);
        if text.get(at)?.to_ascii_lowercase() != *wanted {
            return None;
        }
        at += 1;
    }
    Some(at)
}

fn blanks(text: &[u8]) -> usize {
    text.iter()
        .position(|b| !b.is_ascii_whitespace())
        .unwrap_or(text.len())
}

/// `Node 1 Name : …`: the number, and the place behind the colon.
pub(super) fn ha_node(line: &[u8]) -> Option<(u32, usize)> {
    let mut cursor = Cursor::new(line);
    cursor.blanks();
    let word = |cursor: &mut Cursor<'_>, wanted: &[u8]| {
        let fits = cursor
            .rest()
            .get(..wanted.len())
            .is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        cursor.at += if fits { wanted.len() } else { 0 };
        cursor.blanks();
        fits
    };
    if !word(&mut cursor, b"node") {
        return None;
    }
    let number = cursor.number(1, 2)?;
    cursor.blanks();
    (word(&mut cursor, b"name") && cursor.eat(b':')).then_some((number, cursor.at))
}

/// A service with the state that the service manager gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Service<'l> {
    pub(super) name: &'l [u8],
    pub(super) status: &'static str,
    pub(super) reason: &'l [u8],
}

/// The words in brackets and what they mean.
const STATES: [(&[u8], &str); 7] = [
    (b"STARTED", "started"),
    (b"STOPPED", "stopped"),
    (b"STARTING", "starting"),
    (b"STOPPING", "stopping"),
    (b"NOTRUNNING", "not-running"),
    (b"NOT RUNNING", "not-running"),
    (b"UNKNOWN", "unknown"),
];

/// What the service manager says behind a state; what else stands there on a line with several
/// services is the name of the next one.
const REASONS: [&[u8]; 3] = [
    b"Commanded Out of Service",
    IDLE,
    b"Component is not running",
];

/// The services of a line: one, or several where lines were lost on the way.
pub(super) fn services(line: &[u8]) -> impl Iterator<Item = Service<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (name, status, behind) = service(line, at)?;
        let rest = trim(line.get(behind..)?);
        let reason = match service(line, behind) {
            None => rest,
            Some(_) => known_reason(rest),
        };
        let lost = line.get(behind..)?.len() - line.get(behind..)?.trim_ascii_start().len();
        at = behind
            + if reason.is_empty() {
                0
            } else {
                lost + reason.len()
            };
        let status = match status {
            "stopped" if is_not_activated(reason) => "not-activated",
            // torn off before it says whether anybody wants the service
            "stopped" if !reason.is_empty() && IDLE.starts_with(reason) => "unknown",
            status => status,
        };
        Some(Service {
            name,
            status,
            reason,
        })
    })
}

/// Name, state and end of the first service from `at` on.
fn service(line: &[u8], at: usize) -> Option<(&[u8], &'static str, usize)> {
    let rest = line.get(at..)?;
    let open = memchr::memchr(b'[', rest)?;
    let inner = rest.get(open + 1..)?;
    let close = memchr::memchr(b']', inner.get(..inner.len().min(16))?)?;
    let word = trim(inner.get(..close)?);
    let (_, status) = STATES.iter().find(|(state, _)| *state == word)?;
    let name = trim(rest.get(..open)?);
    is_service(name).then_some((name, *status, at + open + close + 2))
}

fn is_service(name: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" -_./()&\t".contains(b);
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.len() > 3
        && name.len() <= 80
        && name.iter().all(plain)
}

/// The product to which a service belongs alone.
pub(crate) fn kind(service: &[u8]) -> Option<&'static str> {
    let has = |words: &[u8]| memchr::memmem::find(service, words).is_some();
    let ours: [&[u8]; 6] = [
        b"XCP ",
        b"Presence",
        b"Intercluster Sync",
        b"Cisco Sync Agent",
        b"Server Recovery Manager",
        b"Client Profile Agent",
    ];
    match () {
        () if ours.iter().any(|words| has(words)) => Some("cups"),
        () if has(b"Cisco CallManager") => Some("callmanager"),
        () => None,
    }
}

fn known_reason(rest: &[u8]) -> &[u8] {
    let found = REASONS.iter().find(|reason| {
        rest.get(..reason.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(reason))
    });
    found
        .and_then(|reason| rest.get(..reason.len()))
        .unwrap_or_default()
}

fn is_not_activated(reason: &[u8]) -> bool {
    reason
        .get(..11)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"Service Not"))
}

/// The reason of a service that nobody activated.
const IDLE: &[u8] = b"Service Not Activated";

/// Whose answers follow a line.
fn whose(line: &[u8]) -> Option<&[u8]> {
    let labels: [&[u8]; 5] = [b"hostname", b"node", b"server", b"nodename", b"servername"];
    let named = labels
        .iter()
        .find_map(|label| labelled(line, label))
        .filter(|name| is_host(name));
    named
        .or_else(|| view(line))
        .or_else(|| connection(line))
        .or_else(|| heading(line))
}

/// `Cluster Detailed View from imp1a (2 Servers):`
fn view(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"Cluster Detailed View from ")?;
    let name = Cursor::new(rest).word();
    is_host(name).then_some(name)
}

/// `ssh admin@imp1a` and `admin@imp1a's password:`
fn connection(line: &[u8]) -> Option<&[u8]> {
    let typed = line.strip_prefix(b"ssh ").map(<[u8]>::trim_ascii_start);
    let account = typed.map(|rest| Cursor::new(rest).word()).or_else(|| {
        let end = memchr::memmem::find(line, b"'s password:")?;
        line.get(..end)
    })?;
    let at = memchr::memchr(b'@', account)?;
    let name = account.get(at + 1..)?;
    is_host(name).then_some(name)
}

/// `=== imp1a ===`, `imp1a.example.com:`, `10.60.1.11:`
fn heading(line: &[u8]) -> Option<&[u8]> {
    if line.len() > 120 {
        return None;
    }
    let sign = |b: &u8| b"=-#*[]:<> ".contains(b);
    let from = line.iter().position(|b| !sign(b))?;
    let end = line.iter().rposition(|b| !sign(b))? + 1;
    let name = line.get(from..end)?;
    let framed = from >= 2 && line.len() - end >= 2;
    let closed = line.len() > end;
    let letter = name.iter().any(u8::is_ascii_alphabetic);
    let digit = name.iter().any(u8::is_ascii_digit);
    // a name alone may be the number of a step; one with dots is a host's
    let whole =
        memchr::memchr_iter(b'.', name).count() >= 2 && closed && (letter || is_address(name));
    let short = framed && letter && digit && !counts(name);
    (is_host(name) && (whole || short)).then_some(name)
}

/// `Step1`, `part2`
fn counts(name: &[u8]) -> bool {
    let words: [&[u8]; 6] = [b"step", b"part", b"case", b"test", b"output", b"eth"];
    words.iter().any(|word| {
        name.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    })
}

pub(super) fn is_address(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| word.parse::<std::net::IpAddr>().is_ok())
}

/// One word that may be a host's name or address.
pub(crate) fn is_host(name: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b".-_:".contains(b);
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    name.len() <= MAX_NAME
        && name.len() > 1
        && name.iter().all(plain)
        && ends(name.first())
        && ends(name.last())
        && (!name.contains(&b':') || is_address(name))
}
