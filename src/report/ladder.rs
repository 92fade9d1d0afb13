//! One connection packet by packet with the records beside it, in words: what every form of it shows.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{Look, sanitize, time};
use crate::locale::Locale;
use crate::model::flow::{ConnState, Direction};
use crate::model::ladder::{
    Connection, Folded, Kind, Ladder, Left, LogLine, Place, Remark, Row, Rung, SILENCE, Segment,
    Shown, Sort, What,
};
use crate::model::origin::MEMBER;
use crate::model::time::{SECOND, TimeCertainty, rfc3339};

/// One connection in words. Every text is safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// Its ends: `A:PORT > B:PORT`.
    pub title: String,
    /// Who opened it, and who was asked.
    pub ends: [String; 2],
    /// Faults that its packets prove; a sentence when there is none.
    pub found: Vec<String>,
    /// One ladder for each capture.
    pub captures: Vec<Capture>,
    /// What is said about captures that are not shown.
    pub more: Option<String>,
    /// Display filter of Wireshark.
    pub display_filter: String,
    /// Commands of tcpdump.
    pub commands: Vec<String>,
}

/// The ladder of one capture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The capture.
    pub origin: String,
    /// What is known of the connection: key of a word, and text.
    pub about: Vec<(String, String)>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Who opened the connection and who was asked, in this capture.
    pub ends: [String; 2],
    /// Packets, records and what is said between them.
    pub lines: Vec<Line>,
}

/// What stands in a line of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Number of the frame, or of the first and last one.
    pub frame: String,
    /// Seconds since the first packet.
    pub time: String,
    /// Who sent it.
    pub arrow: Arrow,
    /// Where a record stands.
    pub place: String,
    /// What is not sure about the time of a record.
    pub assumed: String,
    /// What it says.
    pub text: String,
    /// How it stands out.
    pub stress: Stress,
}

/// Which way packets went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arrow {
    /// From the originator.
    Forth,
    /// From the responder.
    Back,
    /// Both.
    Both,
    /// No packet.
    None,
}

impl Arrow {
    /// As it is printed.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Forth => "-->",
            Self::Back => "<--",
            Self::Both => "<->",
            Self::None => "",
        }
    }
}

/// How a line stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stress {
    /// Not at all.
    Plain,
    /// It steps back.
    Quiet,
    /// It is what is wrong.
    Bad,
    /// It may be what is wrong.
    Care,
    /// What several packets mean together.
    Remark,
    /// A record of a log.
    Record,
}

/// Puts a connection into words.
pub fn drawn(shown: &Shown, look: &Look<'_>) -> Drawn {
    let locale = look.locale;
    let (display_filter, commands) = filters(shown);
    let more = shown.more_captures;
    Drawn {
        title: shown.ends.to_string(),
        ends: [shown.ends.originator, shown.ends.responder].map(|end| end.to_string()),
        found: found(shown, look),
        captures: shown
            .ladders
            .iter()
            .map(|ladder| capture(locale, shown, ladder))
            .collect(),
        more: (more > 0).then(|| locale.count("ladder.more_captures", more, &[])),
        display_filter,
        commands,
    }
}

fn found(shown: &Shown, look: &Look<'_>) -> Vec<String> {
    let name = |id: &String| {
        let title = look.known.faults.get(id);
        let id = sanitize::line(id);
        title.map_or_else(|| id.to_string(), |title| format!("{id}: {title}"))
    };
    match shown.faults.as_slice() {
        [] => vec![look.locale.word("ladder.nothing_found").to_owned()],
        faults => faults.iter().map(name).collect(),
    }
}

fn capture(locale: &Locale, shown: &Shown, ladder: &Ladder) -> Capture {
    let connections = ladder.connections.iter();
    let mut notes: Vec<String> = Vec::new();
    if ladder.more_connections > 0 {
        let more = ladder.more_connections;
        notes.push(locale.count("ladder.more_connections", more, &[]));
    }
    let told = ladder.notes.iter();
    notes.extend(told.map(|note| sanitize::line(note).into_owned()));
    if ladder.twins > 0 {
        notes.push(locale.count("ladder.twins", ladder.twins, &[]));
    }
    Capture {
        origin: sanitize::line(&ladder.origin).into_owned(),
        about: connections.flat_map(|one| about(locale, one)).collect(),
        notes,
        ends: [ladder.ends.originator, ladder.ends.responder].map(|end| end.to_string()),
        lines: lines(locale, shown, ladder),
    }
}

/// A connection of a capture in some lines.
fn about(locale: &Locale, connection: &Connection) -> Vec<(String, String)> {
    let meaning = locale.word(meaning(connection.state));
    let at = |place: Place| place.at.and_then(rfc3339);
    let (first, last) = (at(connection.first), at(connection.last));
    let span = time::span(locale, first.as_deref(), last.as_deref());
    let rtt = connection.rtt.map(|rtt| {
        let rtt = format!("{}.{:03} ms", rtt / 1000, rtt % 1000);
        ("ladder.rtt", rtt)
    });
    let protocol = connection.protocol;
    let protocol = protocol.map(|protocol| ("ladder.protocol", protocol.to_owned()));
    let state = format!("{}: {meaning}", connection.state.code());
    let entries = [
        Some(("ladder.state", state)),
        Some(("ladder.time", span)),
        rtt,
        protocol,
    ];
    let entries = entries.into_iter().flatten();
    entries.map(|(key, text)| (key.to_owned(), text)).collect()
}

fn meaning(state: ConnState) -> &'static str {
    match state {
        ConnState::S0 => "ladder.state.unanswered",
        ConnState::S1 => "ladder.state.open",
        ConnState::SF => "ladder.state.closed",
        ConnState::Rej => "ladder.state.refused",
        ConnState::S2 => "ladder.state.closed_by_originator",
        ConnState::S3 => "ladder.state.closed_by_responder",
        ConnState::Rsto => "ladder.state.reset_by_originator",
        ConnState::Rstr => "ladder.state.reset_by_responder",
        ConnState::Rstos0 => "ladder.state.given_up",
        ConnState::Rstrh => "ladder.state.answered_and_reset",
        ConnState::Sh => "ladder.state.asked_and_closed",
        ConnState::Shr => "ladder.state.answered_and_closed",
        ConnState::Oth => "ladder.state.other",
    }
}

/// The rows with what stands between them.
fn lines(locale: &Locale, shown: &Shown, ladder: &Ladder) -> Vec<Line> {
    let mut between = Between::new(locale, shown, ladder);
    let mut lines = Vec::new();
    let mut before: Option<Place> = None;
    for row in &ladder.head {
        between.row(row, &mut before, &mut lines);
    }
    if let Some(left) = &ladder.left {
        lines.push(between.left(left));
        before = Some(left.last);
    }
    for row in &ladder.tail {
        between.row(row, &mut before, &mut lines);
    }
    between.rest(ladder.more_remarks, &mut lines);
    lines
}

/// Records and remarks on their way to their places between the rows.
struct Between<'p> {
    locale: &'p Locale,
    begin: Option<i64>,
    logs: std::iter::Peekable<std::slice::Iter<'p, LogLine>>,
    remarks: std::iter::Peekable<std::slice::Iter<'p, Remark>>,
    /// Records that come before those that are left out, and how many those are.
    until_gap: usize,
    logs_left: u64,
}

impl<'p> Between<'p> {
    fn new(locale: &'p Locale, shown: &'p Shown, ladder: &'p Ladder) -> Self {
        Self {
            locale,
            begin: ladder.rows().find_map(|row| row.places().0.at),
            logs: shown.logs.iter().peekable(),
            remarks: ladder.remarks.iter().peekable(),
            until_gap: shown.logs.len() / 2,
            logs_left: shown.logs_left,
        }
    }

    /// A row, and what comes before and belongs to it.
    fn row(&mut self, row: &Row, before: &mut Option<Place>, lines: &mut Vec<Line>) {
        let (first, last) = row.places();
        let silence = before.and_then(|before| before.at).zip(first.at);
        let silence = silence.map(|(before, now)| now.saturating_sub(before));
        if let Some(silence) = silence.filter(|silence| *silence >= SILENCE) {
            lines.push(self.silence(silence));
        }
        self.records(first.at, lines);
        lines.push(self.packets(row));
        while let Some(remark) = self.remarks.next_if(|one| one.place.frame <= last.frame) {
            lines.push(self.remark(&remark.text));
        }
        *before = Some(last);
    }

    /// Records before a time.
    fn records(&mut self, before: Option<i64>, lines: &mut Vec<Line>) {
        while let Some(log) = self
            .logs
            .next_if(|log| before.is_some_and(|at| log.at < at))
        {
            if self.until_gap == 0 && self.logs_left > 0 {
                let left = std::mem::take(&mut self.logs_left);
                let text = self.locale.count("ladder.logs_left", left, &[]);
                lines.push(self.plain(text));
            }
            self.until_gap = self.until_gap.saturating_sub(1);
            lines.push(self.record(log));
        }
    }

    /// A record with its place, and what is not sure about its time.
    fn record(&self, log: &LogLine) -> Line {
        let assumed = match log.certainty {
            TimeCertainty::Exact => None,
            TimeCertainty::ZoneAssumed => Some("time.zone_assumed"),
            TimeCertainty::YearAssumed => Some("time.year_assumed"),
            TimeCertainty::Unknown => Some("time.unknown"),
        };
        let text = log.text.lines().next().unwrap_or_default();
        Line {
            time: self.since(Some(log.at)),
            place: sanitize::line(&log.place).into_owned(),
            assumed: assumed.map_or_else(String::new, |key| self.locale.word(key).to_owned()),
            stress: Stress::Record,
            ..self.plain(sanitize::line(text).into_owned())
        }
    }

    /// What comes behind the last packet.
    fn rest(&mut self, more_remarks: u64, lines: &mut Vec<Line>) {
        self.records(Some(i64::MAX), lines);
        while let Some(remark) = self.remarks.next() {
            lines.push(self.remark(&remark.text));
        }
        if more_remarks > 0 {
            let locale = self.locale;
            let text = locale.count("ladder.more_remarks", more_remarks, &[]);
            lines.push(self.plain(text));
        }
    }

    fn plain(&self, text: String) -> Line {
        Line {
            frame: String::new(),
            time: String::new(),
            arrow: Arrow::None,
            place: String::new(),
            assumed: String::new(),
            text,
            stress: Stress::Quiet,
        }
    }

    fn remark(&self, text: &str) -> Line {
        Line {
            stress: Stress::Remark,
            ..self.plain(sanitize::line(text).into_owned())
        }
    }

    fn silence(&self, micros: i64) -> Line {
        let seconds = format!("{}.{}", micros / SECOND, micros % SECOND / 100_000);
        self.plain(self.locale.fill("ladder.silence", &[("seconds", &seconds)]))
    }

    fn left(&self, left: &Left) -> Line {
        let locale = self.locale;
        Line {
            frame: frames(left.first, left.last),
            time: self.since(left.first.at),
            ..self.plain(locale.count("ladder.left", left.packets, &[]))
        }
    }

    /// Seconds since the first packet.
    fn since(&self, at: Option<i64>) -> String {
        let Some((begin, at)) = self.begin.zip(at) else {
            return String::new();
        };
        let span = at.saturating_sub(begin);
        let sign = if span < 0 { "-" } else { "" };
        let (second, micros) = (SECOND.unsigned_abs(), span.unsigned_abs());
        format!("{sign}{}.{:06}", micros / second, micros % second)
    }

    fn packets(&self, row: &Row) -> Line {
        let (first, last) = row.places();
        let (arrow, text, stress) = match row {
            Row::One(rung) => {
                let arrow = match rung.from {
                    Direction::FromOriginator => Arrow::Forth,
                    Direction::FromResponder => Arrow::Back,
                };
                (arrow, self.says(rung), stress(rung))
            }
            Row::Folded(folded) => (arrow(folded), self.folded(folded), Stress::Quiet),
        };
        Line {
            frame: frames(first, last),
            time: self.since(first.at),
            arrow,
            stress,
            ..self.plain(text)
        }
    }

    fn says(&self, rung: &Rung) -> String {
        let locale = self.locale;
        let text = match &rung.what {
            What::Segment(segment) => self.segment(segment),
            What::Datagram(bytes) => {
                format!(
                    "UDP, {}",
                    locale.count("ladder.bytes", (*bytes).into(), &[])
                )
            }
            What::Icmp { from, kind, mtu } => {
                let mtu = mtu.map_or_else(String::new, |mtu| format!(", MTU {mtu}"));
                let from = from.to_string();
                let from = locale.fill("ladder.icmp_from", &[("address", &from)]);
                format!("ICMP {kind}{mtu} {from}")
            }
        };
        if rung.words.is_empty() {
            return text;
        }
        let words = rung.words.join(", ");
        format!("{text}: {}", sanitize::line(&words))
    }

    fn segment(&self, segment: &Segment) -> String {
        let locale = self.locale;
        let lone = segment.ack && segment.bytes == 0 && !segment.rst;
        let flags = [
            (segment.syn, "SYN"),
            (segment.fin, "FIN"),
            (segment.rst, "RST"),
            (lone, "ACK"),
        ];
        let flags = flags.iter().filter(|(set, _)| *set);
        let mut parts: Vec<String> = flags.map(|(_, name)| (*name).to_owned()).collect();
        if segment.bytes > 0 {
            parts.push(locale.count("ladder.bytes", segment.bytes.into(), &[]));
        }
        let sort = match segment.sort {
            Sort::Next => None,
            Sort::Again => Some("ladder.again"),
            Sort::Late => Some("ladder.late"),
            Sort::KeepAlive => Some("ladder.keep_alive"),
            Sort::Probe => Some("ladder.probe"),
        };
        let window = segment.closes.map(|closes| match closes {
            true => "ladder.window_closed",
            false => "ladder.window_open",
        });
        let words = sort.into_iter().chain(window);
        parts.extend(words.map(|key| locale.word(key).to_owned()));
        if parts.is_empty() {
            parts.push("-".to_owned());
        }
        parts.join(", ")
    }

    fn folded(&self, folded: &Folded) -> String {
        let locale = self.locale;
        let what = locale.count(
            match folded.kind {
                Kind::Acks => "ladder.acks",
                Kind::KeepAlives => "ladder.keep_alives",
                Kind::Probes => "ladder.probes",
                Kind::Data => "ladder.data",
                Kind::Again => "ladder.repeats",
            },
            folded.own,
            &[],
        );
        let [forth, back] = folded.bytes;
        let bytes = |count: u64, arrow: &str| {
            (count > 0).then(|| format!("{arrow} {}", locale.count("ladder.bytes", count, &[])))
        };
        let told = matches!(folded.kind, Kind::Data | Kind::Again);
        let bytes = [
            bytes(forth, Arrow::Forth.sign()),
            bytes(back, Arrow::Back.sign()),
        ];
        let bytes = bytes.into_iter().flatten().filter(|_| told);
        let last = match (self.since(folded.last.at), folded.first == folded.last) {
            (last, false) if !last.is_empty() => {
                Some(locale.fill("ladder.until", &[("seconds", &last)]))
            }
            _ => None,
        };
        let parts: Vec<String> = std::iter::once(what).chain(bytes).chain(last).collect();
        parts.join(", ")
    }
}

/// `12`, `12-40`.
fn frames(first: Place, last: Place) -> String {
    match first.frame == last.frame {
        true => first.frame.to_string(),
        false => format!("{}-{}", first.frame, last.frame),
    }
}

fn arrow(folded: &Folded) -> Arrow {
    match (folded.kind, folded.bytes) {
        (Kind::Again, [_, 0]) => Arrow::Forth,
        (Kind::Again, [0, _]) => Arrow::Back,
        _ => Arrow::Both,
    }
}

/// What stands out.
fn stress(rung: &Rung) -> Stress {
    match &rung.what {
        What::Segment(segment) if segment.rst => Stress::Bad,
        What::Icmp { .. } => Stress::Bad,
        What::Segment(segment) if segment.closes == Some(true) => Stress::Care,
        What::Segment(Segment {
            sort: Sort::Again, ..
        }) => Stress::Care,
        _ => Stress::Plain,
    }
}

/// The filters of other programs, for the connection: of Wireshark, and commands of tcpdump.
fn filters(shown: &Shown) -> (String, Vec<String>) {
    let [tcp, udp] = shown.ladders.iter().fold([0, 0], |[tcp, udp], ladder| {
        let [segments, datagrams] = ladder.packets;
        [tcp + segments, udp + datagrams]
    });
    let transports: &[&str] = match (tcp, udp) {
        (_, 0) => &["tcp"],
        (0, _) => &["udp"],
        _ => &["tcp", "udp"],
    };
    let ends = [shown.ends.originator, shown.ends.responder];
    let field = match ends.iter().all(SocketAddr::is_ipv4) {
        true => "ip",
        false => "ipv6",
    };
    let hosts = ends.map(|end| format!("{field}.addr == {}", end.ip()));
    let ports = ends.map(|end| {
        let of = |transport: &&str| format!("{transport}.port == {}", end.port());
        either(transports.iter().map(of), " || ")
    });
    let display = [hosts.as_slice(), &ports].concat().join(" && ");
    let hosts = ends.map(|end| format!("host {}", end.ip()));
    let ports = ends.map(|end| {
        let of = |transport: &&str| format!("{transport} port {}", end.port());
        either(transports.iter().map(of), " or ")
    });
    let capture = [hosts.as_slice(), &ports].concat().join(" and ");
    let command = |ladder: &Ladder| {
        let file = quoted(&ladder.origin);
        format!("tcpdump -nn -r {file} '{capture}'")
    };
    (display, shown.ladders.iter().map(command).collect())
}

/// The only one as it is, several in parentheses.
fn either(parts: impl ExactSizeIterator<Item = String>, or: &str) -> String {
    let several = parts.len() > 1;
    let text = parts.collect::<Vec<_>>().join(or);
    if several { format!("({text})") } else { text }
}

/// A file as a shell takes it; `FILE` where the name cannot be written down, or names a member of
/// an archive, which has to be unpacked first.
fn quoted(origin: &str) -> String {
    let shown = sanitize::line(origin);
    if shown != origin || origin.contains(MEMBER) || origin.contains('\'') {
        return "FILE".to_owned();
    }
    let safe = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    let path = match origin.starts_with('-') {
        true => format!("./{origin}"),
        false => origin.to_owned(),
    };
    if path.chars().all(safe) {
        path
    } else {
        format!("'{path}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_command_nothing() {
        for (name, word) in [
            ("a/b-1.pcap", "a/b-1.pcap"),
            ("-w.pcap", "./-w.pcap"),
            ("a b.pcap", "'a b.pcap'"),
            ("$(id).pcap", "'$(id).pcap'"),
            ("a';id;'.pcap", "FILE"),
            ("a\u{1b}[2J.pcap", "FILE"),
            ("a.zip!/b.pcap", "FILE"),
        ] {
            assert_eq!(quoted(name), word);
        }
    }
}
