//! The screen of `database cluster status`.
//!
//! ```text
//! ERROR                    : Couldn't upgrade the schema
//! Status                   : Error
//! Nodes:
//!     10.48.54.75          : Connected Primary
//!     10.48.54.119 (me)    : Connected Replica ( In Sync )
//! Node in use              : 10.48.54.75
//! Interface                : a
//! Last command             : 'database cluster upgrade_schema' (Failed)
//! ```
//!
//! Older releases say Master and Slave. Indentation, the column of the colon and blank lines
//! vary with the tool the screen was copied from. A block reaches from its prompt, `ERROR` or
//! `Status` line to its `Last command`, the next block or the first line of another shape.

use std::iter::Peekable;

use memchr::memmem;

use crate::model::event::Event;
use crate::model::node::Role;
use crate::model::time::RawTime;
use crate::parse::chunk::{Chunk, JOIN_WINDOW};
use crate::parse::scan::{find_space, is_blank, line_at, line_start, text, trim};
use crate::parse::{LogParser, ParseStats, Probe, RecordHead, picked};

const FORMAT: &str = "cms.status";
const NODE_FORMAT: &str = "cms.status.node";

/// Bytes of a key, blanks of all kinds included.
const MAX_KEY: usize = 64;
/// Lines of a block that are read.
const MAX_LINES: usize = 400;
/// Bytes of a block that are read; no more than the window in which a cut looks for it.
const MAX_BLOCK: usize = JOIN_WINDOW;

/// Lines of the block headed Certificates and the fields they become.
const CERTIFICATES: [(&[u8], &str); 5] = [
    (b"Server Key", "server_key"),
    (b"Server Certificate", "server_certificate"),
    (b"Client Key", "client_key"),
    (b"Client Certificate", "client_certificate"),
    (b"CA Certificate", "ca_certificate"),
];

/// The parser.
pub struct CmsStatus;

/// A line of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'l> {
    Blank,
    /// `cms1> database cluster status`
    Prompt(&'l [u8]),
    Error(&'l [u8]),
    Status(&'l [u8]),
    Nodes,
    NodeInUse(&'l [u8]),
    Interface(&'l [u8]),
    LastCommand(&'l [u8]),
    /// A file named under Certificates, by its place in [`CERTIFICATES`].
    Certificate(usize, &'l [u8]),
    /// A heading or a value that tells nothing about the cluster.
    Other,
    Row(Row<'l>),
    /// Not of this screen.
    Foreign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row<'l> {
    address: &'l [u8],
    me: bool,
    state: &'l [u8],
}

impl Row<'_> {
    fn connected(&self) -> bool {
        starts_with_word(self.state, b"connected")
    }

    fn role(&self) -> Role {
        text(self.state)
            .split(|c: char| !c.is_ascii_alphabetic())
            .find_map(|word| {
                Role::parse(word).filter(|r| matches!(r, Role::Primary | Role::Replica))
            })
            .unwrap_or_default()
    }

    fn in_sync(&self) -> bool {
        let state = text(self.state).to_ascii_lowercase();
        let state = state.split_whitespace().collect::<Vec<_>>().join(" ");
        state.contains("in sync") && !state.contains("not in sync")
    }
}

fn starts_with_word(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word))
        && !text.get(word.len()).is_some_and(u8::is_ascii_alphanumeric)
}

/// `key : value`, trimmed; the key without its colon.
fn key_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((trim(line.get(..colon)?), trim(line.get(colon + 1..)?)))
}

/// A key with one blank between its words; what is too long for a key has none.
fn words(key: &[u8]) -> Vec<u8> {
    let mut words = Vec::new();
    let mut rest = if key.len() <= MAX_KEY { key } else { b"" };
    while !rest.is_empty() {
        let end = find_space(rest).unwrap_or(rest.len());
        if !words.is_empty() {
            words.push(b' ');
        }
        words.extend_from_slice(rest.get(..end).unwrap_or_default());
        rest = trim(rest.get(end..).unwrap_or_default());
    }
    words
}

/// What a line is; `rows` while the list of nodes may go on.
fn classify(line: &[u8], rows: bool) -> Line<'_> {
    let line = trim(line);
    if line.is_empty() {
        return Line::Blank;
    }
    if let Some(host) = prompt(line) {
        return Line::Prompt(host);
    }
    let Some((key, value)) = key_value(line) else {
        let heading = line.len() <= 32 && matches!(line, b"Certificates" | b"Nodes");
        return match heading {
            true if line == b"Nodes" => Line::Nodes,
            true => Line::Other,
            false => Line::Foreign,
        };
    };
    match words(key).as_slice() {
        b"ERROR" => return Line::Error(value),
        b"Status" => return Line::Status(value),
        b"Nodes" => return Line::Nodes,
        b"Node in use" => return Line::NodeInUse(value),
        b"Interface" => return Line::Interface(value),
        b"Last command" => return Line::LastCommand(value),
        key => {
            if let Some(at) = CERTIFICATES.iter().position(|(name, _)| *name == key) {
                return Line::Certificate(at, value);
            }
        }
    }
    if let Some(row) = row(line).filter(|_| rows) {
        return Line::Row(row);
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'-');
    let key = words(key);
    let named = key.len() <= 32
        && key.first().is_some_and(u8::is_ascii_alphabetic)
        && key.iter().all(plain);
    if named { Line::Other } else { Line::Foreign }
}

/// Host of a prompt at which the status was asked for.
fn prompt(line: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'>', line)?;
    let host = line.get(..end)?;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if host.is_empty() || !host.iter().all(plain) {
        return None;
    }
    let mut words = line
        .get(end + 1..)?
        .split(u8::is_ascii_whitespace)
        .filter(|w| !w.is_empty());
    let asked = [b"database".as_slice(), b"cluster", b"status"];
    asked
        .iter()
        .all(|word| words.next() == Some(word))
        .then_some(host)
}

/// `address [(me)] : state`
fn row(line: &[u8]) -> Option<Row<'_>> {
    let space = find_space(line)?;
    let (mut address, rest) = (line.get(..space)?, trim(line.get(space..)?));
    let (me, rest) = match rest.strip_prefix(b"(me)") {
        Some(rest) => (true, trim(rest)),
        None => (false, rest),
    };
    let state = match (rest.strip_prefix(b":"), address.strip_suffix(b":")) {
        (Some(state), _) => state,
        // `Note: text` is no row, `10.48.54.75: Connected Primary` is one
        (None, Some(plain)) if !me && plain.iter().any(|b| matches!(b, b'.' | b':')) => {
            address = plain;
            rest
        }
        _ => return None,
    };
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    let fits = address
        .first()
        .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b':');
    (fits && address.iter().all(plain)).then_some(Row {
        address,
        me,
        state: trim(state),
    })
}

impl Row<'_> {
    /// The state says all it has to say; where the text ends in mid-line it may have lost a part.
    fn is_whole(&self) -> bool {
        let ends: [&[u8]; 4] = [b"Primary", b"Master", b"Disconnected", b")"];
        ends.iter().any(|end| self.state.ends_with(end))
    }
}

/// True when the line before `next` has its line feed.
fn ended(bytes: &[u8], next: usize) -> bool {
    next.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'\n')
}

/// A whole screen.
#[derive(Default)]
struct Block<'l> {
    start: usize,
    /// Behind the last line.
    end: usize,
    prompt: Option<&'l [u8]>,
    /// Start of the `ERROR` or `Status` line.
    body: usize,
    error: Option<&'l [u8]>,
    status: Option<&'l [u8]>,
    node_in_use: Option<&'l [u8]>,
    interface: Option<&'l [u8]>,
    last_command: Option<&'l [u8]>,
    /// Files named under Certificates, as in [`CERTIFICATES`].
    certificates: [Option<&'l [u8]>; CERTIFICATES.len()],
    /// Offset of the line, and what it says.
    rows: Vec<(usize, Row<'l>)>,
    /// Something stands behind the last row, so that no row can be missing.
    listed: bool,
}

impl Block<'_> {
    /// Many programs print a `Status`; only this screen has one of these.
    fn is_ours(&self) -> bool {
        let ours = |command| memmem::find(command, b"database cluster").is_some();
        self.status.is_some()
            && (!self.rows.is_empty()
                || self.node_in_use.is_some()
                || self.last_command.is_some_and(ours))
    }
}

/// Reads the block that starts at the line at `start`; `None` when none does. What it holds
/// depends on the text from `start` on only.
fn block(bytes: &[u8], start: usize) -> Option<Block<'_>> {
    let mut block = Block {
        start,
        end: start,
        body: start,
        ..Block::default()
    };
    let mut at = start;
    let mut in_rows = false;
    let mut bare = true;
    for _ in 0..MAX_LINES {
        let (line, next) = line_at(bytes, at);
        if at >= bytes.len() || next - start > MAX_BLOCK {
            break;
        }
        let line = classify(line, in_rows);
        if bare && !matches!(line, Line::Blank | Line::Prompt(_)) {
            block.body = at;
        }
        match line {
            Line::Blank => {
                block.listed |= !block.rows.is_empty() && ended(bytes, next);
                at = next;
                continue;
            }
            Line::Prompt(host) if at == start => block.prompt = Some(host),
            Line::Error(value) if bare => block.error = Some(value),
            Line::Status(value) if block.status.is_none() && (bare || block.error.is_some()) => {
                block.status = Some(value);
            }
            // what else may stand between a prompt and its answer is not this screen
            _ if block.status.is_none() => break,
            Line::Prompt(_) | Line::Error(_) | Line::Status(_) | Line::Foreign => break,
            Line::Nodes => {}
            Line::NodeInUse(value) => block.node_in_use = Some(value),
            Line::Interface(value) => block.interface = Some(value),
            Line::LastCommand(value) => block.last_command = Some(value),
            Line::Row(row) if ended(bytes, next) || row.is_whole() => block.rows.push((at, row)),
            Line::Row(_) => {}
            Line::Certificate(which, value) => {
                // a name that the text ends in may not be there yet
                let slot = block.certificates.get_mut(which);
                if let Some(slot) = slot.filter(|_| ended(bytes, next)) {
                    *slot = Some(value);
                }
            }
            Line::Other => {}
        }
        block.listed =
            !block.rows.is_empty() && !matches!(line, Line::Row(_)) && ended(bytes, next);
        in_rows = matches!(line, Line::Nodes | Line::Row(_));
        bare = bare && matches!(line, Line::Prompt(_));
        block.end = next;
        at = next;
        if block.last_command.is_some() {
            break;
        }
    }
    (block.end > start).then_some(block)
}

/// True for a prompt, `ERROR` or `Status` line of this screen.
pub(crate) fn begins(line: &[u8]) -> bool {
    matches!(
        classify(line, false),
        Line::Prompt(_) | Line::Error(_) | Line::Status(_)
    )
}

/// The blocks of a text in order, those of other programs left out.
fn blocks(bytes: &[u8]) -> impl Iterator<Item = Block<'_>> {
    let mut starts = Starts::new(bytes);
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(start) = starts.next_from(at) {
            let block = block(bytes, start);
            at = block
                .as_ref()
                .map_or(0, |block| block.end)
                .max(line_at(bytes, start).1);
            if let Some(block) = block.filter(Block::is_ours) {
                return Some(block);
            }
        }
        None
    })
}

/// Finds the lines that begin a block without looking at the others.
struct Starts<'l> {
    bytes: &'l [u8],
    words: Vec<Peekable<memmem::FindIter<'l, 'static>>>,
}

impl<'l> Starts<'l> {
    fn new(bytes: &'l [u8]) -> Self {
        let words = [b"Status".as_slice(), b"ERROR", b"database"];
        Self {
            bytes,
            words: words
                .map(|word| memmem::find_iter(bytes, word).peekable())
                .into(),
        }
    }

    /// Start of the first such line from the line start `at` on; `at` never falls.
    fn next_from(&mut self, at: usize) -> Option<usize> {
        let mut from = at;
        loop {
            for word in &mut self.words {
                while word.next_if(|hit| *hit < from).is_some() {}
            }
            let hit = self
                .words
                .iter_mut()
                .filter_map(|word| word.peek().copied())
                .min()?;
            let start = line_start(self.bytes, hit);
            let (line, next) = line_at(self.bytes, start);
            if begins(line) {
                return Some(start);
            }
            from = next;
        }
    }
}

/// `'database cluster join 10.48.36.61' (Success)`: the command and its result.
fn command(value: &[u8]) -> (&[u8], Option<&[u8]>) {
    let value = value.trim_ascii();
    let parted = value.strip_suffix(b")").and_then(|rest| {
        let open = memchr::memrchr(b'(', rest)?;
        Some((
            rest.get(..open)?.trim_ascii(),
            rest.get(open + 1..)?.trim_ascii(),
        ))
    });
    let (command, result) =
        parted.map_or((value, None), |(command, result)| (command, Some(result)));
    let quote = |b: &u8| *b == b'\'';
    let command = match command.iter().position(quote) {
        Some(0) => command.strip_prefix(b"'").unwrap_or(command),
        _ => command,
    };
    (
        command.strip_suffix(b"'").unwrap_or(command).trim_ascii(),
        result,
    )
}

fn yes_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn summary<'c>(bytes: &'c [u8], block: &Block<'c>, line: u64) -> Event<'c> {
    let source = bytes
        .get(block.body..block.end)
        .unwrap_or_default()
        .trim_ascii_end();
    let mut event = Event {
        format: FORMAT,
        time: RawTime::None,
        line,
        fields: Vec::new(),
        text: text(source),
    };
    let mut put = |name: &'static str, value: Option<&'c [u8]>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            event.push(name, text(value));
        }
    };
    put("status", block.status);
    put("error", block.error);
    put("node_in_use", block.node_in_use);
    put("interface", block.interface);
    if let Some(value) = block.last_command {
        let (command, result) = command(value);
        put("last_command", Some(command));
        put("last_result", result);
    }
    put("prompt_host", block.prompt);
    let listed: &[u8] = if block.listed { b"true" } else { b"false" };
    put("listed", Some(listed));
    let rows = || block.rows.iter().map(|(_, row)| row);
    let me = rows().find(|row| row.me);
    put("me", me.map(|row| row.address));
    if let Some(me) = me {
        event.push("me_role", me.role().as_str());
        event.push("me_connected", yes_no(me.connected()));
    }
    let count =
        |wanted: &dyn Fn(&Row<'_>) -> bool| rows().filter(|row| wanted(row)).count().to_string();
    event.push("members", count(&|_| true));
    event.push("primaries", count(&|row| row.role() == Role::Primary));
    event.push("replicas", count(&|row| row.role() == Role::Replica));
    event.push(
        "out_of_sync",
        count(&|row| row.role() == Role::Replica && !row.in_sync()),
    );
    event.push("disconnected", count(&|row| !row.connected()));
    let mut others = rows().filter(|row| !row.me).peekable();
    let lost = others.peek().is_some() && others.all(|row| !row.connected());
    event.push("others_disconnected", yes_no(lost));
    for ((_, field), value) in CERTIFICATES.iter().zip(block.certificates) {
        if let Some(value) = value {
            certificate(&mut event, field, value);
        }
    }
    event
}

/// A line under Certificates: the file's name, and what is said about it behind the name.
fn certificate<'c>(event: &mut Event<'c>, field: &'static str, value: &'c [u8]) {
    let end = find_space(value).unwrap_or(value.len());
    let (name, rest) = value.split_at_checked(end).unwrap_or((value, b""));
    let nothing = [b"none".as_slice(), b"(none)", b"-", b"not"];
    if name.is_empty() || nothing.iter().any(|word| name.eq_ignore_ascii_case(word)) {
        event.push("empty_certificate", field);
        return;
    }
    event.push(field, text(name));
    if text(rest)
        .split(|c: char| !c.is_ascii_alphabetic())
        .any(|word| word.eq_ignore_ascii_case("expired"))
    {
        event.push("expired_certificate", field);
    }
}

fn node<'c>(bytes: &'c [u8], block: &Block<'c>, at: usize, row: &Row<'c>, line: u64) -> Event<'c> {
    let source = line_at(bytes, at).0;
    let mut event = Event {
        format: NODE_FORMAT,
        time: RawTime::None,
        line,
        fields: Vec::new(),
        text: text(source),
    };
    let me = block
        .rows
        .iter()
        .find(|(_, row)| row.me)
        .map(|(_, row)| row.address);
    if let Some(reporter) = me.or(block.prompt) {
        event.push("reporter", text(reporter));
    }
    event.push("address", text(row.address));
    event.push("state", text(row.state));
    event.push("role", row.role().as_str());
    event.push("connected", yes_no(row.connected()));
    if row.role() == Role::Replica {
        event.push("in_sync", yes_no(row.in_sync()));
    }
    event.push("me", yes_no(row.me));
    if let Some((_, first)) = block.rows.first() {
        event.push("block", text(first.address));
    }
    event
}

impl LogParser for CmsStatus {
    fn id(&self) -> &'static str {
        FORMAT
    }

    fn probe(&self, head: &[u8]) -> Probe {
        match blocks(head).next() {
            None => Probe::NotForUs,
            Some(block) if is_blank(head.get(..block.start).unwrap_or_default()) => Probe::Certain,
            Some(_) => Probe::Unsure,
        }
    }

    fn is_record_start(&self, line: &[u8]) -> bool {
        begins(line)
    }

    fn joined(&self, before: &[u8], after: &[u8]) -> bool {
        let text = [before, after].concat();
        let mut starts = Starts::new(&text);
        let mut at = 0;
        while let Some(start) = starts.next_from(at).filter(|start| *start < before.len()) {
            let end = block(&text, start).map_or(0, |block| block.end);
            if end > before.len() {
                return true;
            }
            at = end.max(line_at(&text, start).1);
        }
        false
    }

    fn head<'l>(&self, line: &'l [u8]) -> Option<RecordHead<'l>> {
        let host = match classify(line, false) {
            Line::Prompt(host) => std::str::from_utf8(host).ok(),
            Line::Error(_) | Line::Status(_) => None,
            _ => return None,
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
        for block in blocks(bytes) {
            if !picked(picks, block.start, block.end) {
                continue;
            }
            stats.records += 1;
            out(summary(bytes, &block, numbers.line_at(block.body)));
            for (at, row) in &block.rows {
                out(node(bytes, &block, *at, row, numbers.line_at(*at)));
            }
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read;

    const NEW: &str = "\
cms1> database cluster status

ERROR                    : Couldn't upgrade the schema\r
Status                   : Error\r
\r
Nodes:\r
    10.48.54.75          : Connected Primary\r
    10.48.54.76          : Connected Replica ( Syncing )\r
    cms3.example.com     : Disconnected\r
    fd00::119 (me)       : Connected Replica ( In Sync )\r
Node in use              : 10.48.54.75\r
\r
Interface                : a\r
\r
Certificates\r
  Server Key             : dbclusterServer.key\r
\r
Last command             : 'database cluster upgrade_schema' (Failed)\r
cms1>
";

    fn fields(event: &Event<'_>) -> Vec<String> {
        event
            .fields
            .iter()
            .map(|field| format!("{}={}", field.name, field.value))
            .collect()
    }

    #[test]
    fn a_screen_is_one_event_and_one_per_node() {
        let events = read(&CmsStatus, NEW);
        assert_eq!(
            events.iter().map(|e| e.line).collect::<Vec<_>>(),
            [3, 7, 8, 9, 10]
        );
        assert_eq!(
            fields(&events[0]),
            [
                "status=Error",
                "error=Couldn't upgrade the schema",
                "node_in_use=10.48.54.75",
                "interface=a",
                "last_command=database cluster upgrade_schema",
                "last_result=Failed",
                "prompt_host=cms1",
                "listed=true",
                "me=fd00::119",
                "me_role=replica",
                "me_connected=true",
                "members=4",
                "primaries=1",
                "replicas=2",
                "out_of_sync=1",
                "disconnected=1",
                "others_disconnected=false",
                "server_key=dbclusterServer.key",
            ]
        );
        assert!(events[0].text.starts_with("ERROR ") && events[0].text.ends_with("(Failed)"));
        assert_eq!(
            fields(&events[2]),
            [
                "reporter=fd00::119",
                "address=10.48.54.76",
                "state=Connected Replica ( Syncing )",
                "role=replica",
                "connected=true",
                "in_sync=false",
                "me=false",
                "block=10.48.54.75",
            ]
        );
        assert_eq!(
            fields(&events[3])[2..5],
            ["state=Disconnected", "role=unknown", "connected=false"]
        );
        assert!(
            fields(&events[1])
                .iter()
                .all(|field| !field.starts_with("in_sync"))
        );
        assert_eq!(
            events[4].text,
            "    fd00::119 (me)       : Connected Replica ( In Sync )"
        );
    }

    #[test]
    fn older_words_and_glued_colons_are_read() {
        let events = read(
            &CmsStatus,
            "Status: Enabled\nNodes:\n10.48.36.61: Connected Master\n10.48.36.182 (me): Connected Slave (In Sync)\n",
        );
        assert_eq!(events.len(), 3);
        assert_eq!(events[0].first("primaries"), Some("1"));
        assert_eq!(events[0].first("me_role"), Some("replica"));
        assert_eq!(events[0].first("last_command"), None);
        assert_eq!(events[2].first("in_sync"), Some("true"));
    }

    #[test]
    fn a_node_that_lost_all_others_says_so() {
        let events = read(
            &CmsStatus,
            "cms2>database cluster status\nStatus : Enabled\nNodes:\n  a.b : Disconnected\n  c.d (me) : Connected Replica\nNode in use : none\n",
        );
        assert_eq!(events[0].first("others_disconnected"), Some("true"));
        assert_eq!(events[0].first("prompt_host"), Some("cms2"));
        let alone = read(
            &CmsStatus,
            "Status : Enabled\nNodes:\n  c.d (me) : Connected Primary\n",
        );
        assert_eq!(alone[0].first("others_disconnected"), Some("false"));
    }

    #[test]
    fn certificates_are_named_empty_or_expired() {
        let events = read(
            &CmsStatus,
            "Status : Enabled\nNodes:\n  10.1.1.1 (me) : Connected Primary\nCertificates\n  Server Key : \n  \
             Server Certificate : none\n  Client Key : c.key\n  Client Certificate : c.crt (Expired)\n  \
             CA Certificate : not_expired.crt\n",
        );
        assert_eq!(
            fields(&events[0])[11..],
            [
                "empty_certificate=server_key",
                "empty_certificate=server_certificate",
                "client_key=c.key",
                "client_certificate=c.crt",
                "expired_certificate=client_certificate",
                "ca_certificate=not_expired.crt",
            ]
        );
    }

    #[test]
    fn screens_end_where_the_next_begins() {
        let twice = format!("{}{}", NEW.replace("Last command", "Last"), NEW);
        let events = read(&CmsStatus, &twice);
        let screens: Vec<_> = events
            .iter()
            .filter(|e| e.format == FORMAT)
            .map(|e| e.line)
            .collect();
        assert_eq!(screens, [3, 22]);
    }

    #[test]
    fn a_status_of_something_else_is_not_ours() {
        for text in [
            "Status : Enabled\n",
            "Status : Enabled\nInterface : a\nPort : 443\n",
            "ERROR : no such file\nNode in use : x\n",
            "Status : ok\nwords that end it\nNodes:\n 10.1.1.1 : Connected Primary\n",
            "cms1> database cluster status\nwords\n",
        ] {
            assert!(read(&CmsStatus, text).is_empty(), "{text}");
            assert_eq!(CmsStatus.probe(text.as_bytes()), Probe::NotForUs);
        }
    }

    #[test]
    fn a_block_is_bounded() {
        let row = |n: usize| {
            format!(
                "  10.1.{}.{} : Connected Replica ( In Sync )\n",
                n / 250,
                n % 250
            )
        };
        let text = format!(
            "Status : Enabled\nNodes:\n{}",
            (0..1000).map(row).collect::<String>()
        );
        let events = read(&CmsStatus, &text);
        assert!(events[0].text.len() <= MAX_BLOCK);
        assert_eq!(events.len(), 1 + events[0].text.lines().count() - 2);
    }
}
