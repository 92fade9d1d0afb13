//! One connection as a ladder: packets from the one end and the other, records beside them, and
//! the filters that find the same packets elsewhere.

use std::io::{self, Write};
use std::net::SocketAddr;

use super::{Page, time};
use crate::model::flow::{ConnState, Direction};
use crate::model::ladder::{
    Connection, Folded, Kind, Ladder, Left, LogLine, Place, Remark, Row, Rung, SILENCE, Segment,
    Shown, Sort, What,
};
use crate::model::origin::MEMBER;
use crate::model::time::{SECOND, TimeCertainty, rfc3339};
use crate::report::paint::Tint;
use crate::report::{Look, layout, sanitize};

/// Lines that one row may take.
const LINES: usize = 3;
/// From the originator, from the responder, both.
const ARROWS: [&str; 3] = ["-->", "<--", "<->"];

/// Writes it.
///
/// # Errors
/// Those of `out`.
pub fn write(shown: &Shown, look: &Look<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(*look);
    page.line(0, &shown.ends.to_string(), Some(Tint::Bold));
    faults(&mut page, shown);
    for ladder in &shown.ladders {
        draw(&mut page, shown, ladder);
    }
    if shown.more_captures > 0 {
        page.blank();
        let text = look
            .locale
            .count("ladder.more_captures", shown.more_captures, &[]);
        page.prose(0, &text);
    }
    filters(&mut page, shown);
    out.write_all(page.text.as_bytes())
}

/// A line `name  text` of a list whose names are equally wide.
fn entry(page: &mut Page<'_>, key: &str, text: &str) {
    const KEYS: [&str; 5] = [
        "ladder.state",
        "ladder.time",
        "ladder.rtt",
        "ladder.protocol",
        "ladder.found",
    ];
    let locale = page.look.locale;
    let widest = KEYS.iter().map(|key| layout::width(locale.word(key))).max();
    let lead = layout::pad(locale.word(key), widest.unwrap_or(0));
    page.item(2, &lead, Some(Tint::Dim), text);
}

fn faults(page: &mut Page<'_>, shown: &Shown) {
    let name = |id: &String| {
        let title = page.look.known.faults.get(id);
        let id = sanitize::line(id);
        title.map_or_else(|| id.to_string(), |title| format!("{id}: {title}"))
    };
    let names: Vec<String> = shown.faults.iter().map(name).collect();
    if names.is_empty() {
        let nothing = page.look.locale.word("ladder.nothing_found").to_owned();
        entry(page, "ladder.found", &nothing);
    }
    for name in names {
        entry(page, "ladder.found", &name);
    }
}

/// A connection of a capture in some lines.
fn connection(page: &mut Page<'_>, connection: &Connection) {
    let meaning = page.look.locale.word(meaning(connection.state));
    entry(
        page,
        "ladder.state",
        &format!("{}: {meaning}", connection.state.code()),
    );
    let at = |place: Place| place.at.and_then(rfc3339);
    let (first, last) = (at(connection.first), at(connection.last));
    let span = time::span(page.look.locale, first.as_deref(), last.as_deref());
    entry(page, "ladder.time", &span);
    if let Some(rtt) = connection.rtt {
        let rtt = format!("{}.{:03} ms", rtt / 1000, rtt % 1000);
        entry(page, "ladder.rtt", &rtt);
    }
    if let Some(protocol) = connection.protocol {
        entry(page, "ladder.protocol", protocol);
    }
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

/// What stands in a line of the ladder.
struct Line {
    frame: String,
    time: String,
    arrow: &'static str,
    text: String,
    tint: Option<Tint>,
}

fn draw(page: &mut Page<'_>, shown: &Shown, ladder: &Ladder) {
    let origin = sanitize::line(&ladder.origin);
    page.heading(&layout::shorten_path(&origin, page.look.width));
    for one in &ladder.connections {
        connection(page, one);
    }
    if ladder.more_connections > 0 {
        let more = ladder.more_connections;
        let text = page.look.locale.count("ladder.more_connections", more, &[]);
        page.prose(2, &text);
    }
    for note in &ladder.notes {
        page.prose(2, &sanitize::line(note));
    }
    if ladder.twins > 0 {
        let text = page.look.locale.count("ladder.twins", ladder.twins, &[]);
        page.prose(2, &text);
    }
    page.blank();
    let lines = lines(page, shown, ladder);
    let widest = |of: fn(&Line) -> &str| lines.iter().map(|line| layout::width(of(line))).max();
    let frames = widest(|line| &line.frame).unwrap_or(0);
    let times = widest(|line| &line.time).unwrap_or(0);
    for line in &lines {
        rung(page, line, frames, times);
    }
}

/// One line; its text goes on under its own start.
fn rung(page: &mut Page<'_>, line: &Line, frames: usize, times: usize) {
    let right = |text: &str, columns: usize| {
        let fill = columns.saturating_sub(layout::width(text));
        format!("{}{text}", " ".repeat(fill))
    };
    let lead = format!(
        "  {}  {}  {}  ",
        right(&line.frame, frames),
        right(&line.time, times),
        layout::pad(line.arrow, layout::width(ARROWS[0]))
    );
    let hang = layout::width(&lead);
    let room = page.look.width.saturating_sub(hang).max(10);
    let mut rows = layout::wrap_rows(&line.text, room, LINES).into_iter();
    let paint = |page: &Page<'_>, text: &str| match line.tint {
        Some(tint) => page.paint(text, tint),
        None => text.to_owned(),
    };
    let first = paint(page, &rows.next().unwrap_or_default());
    page.push(&format!("{lead}{first}"));
    for row in rows {
        let row = paint(page, &row);
        page.push(&format!("{}{row}", " ".repeat(hang)));
    }
}

/// The rows with what stands between them.
fn lines(page: &Page<'_>, shown: &Shown, ladder: &Ladder) -> Vec<Line> {
    let begin = ladder.rows().find_map(|row| row.places().0.at);
    let mut between = Between::new(page, shown, ladder, begin);
    let mut lines = vec![Line {
        frame: page.word("ladder.frame").to_owned(),
        time: page.word("ladder.seconds").to_owned(),
        arrow: "",
        text: page.fill(
            "ladder.ends",
            &[
                ("originator", &ladder.ends.originator.to_string()),
                ("responder", &ladder.ends.responder.to_string()),
            ],
        ),
        tint: Some(Tint::Dim),
    }];
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
struct Between<'p, 'l> {
    page: &'p Page<'p>,
    begin: Option<i64>,
    logs: std::iter::Peekable<std::slice::Iter<'p, LogLine>>,
    remarks: std::iter::Peekable<std::slice::Iter<'l, Remark>>,
    /// Records that come before those that are left out, and how many those are.
    until_gap: usize,
    logs_left: u64,
}

impl<'p> Between<'p, 'p> {
    fn new(page: &'p Page<'p>, shown: &'p Shown, ladder: &'p Ladder, begin: Option<i64>) -> Self {
        Self {
            page,
            begin,
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
                let text = self.page.look.locale.count("ladder.logs_left", left, &[]);
                lines.push(self.plain(text));
            }
            self.until_gap = self.until_gap.saturating_sub(1);
            lines.push(Line {
                time: self.since(Some(log.at)),
                tint: Some(Tint::Cyan),
                ..self.plain(self.record(log))
            });
        }
    }

    /// A record with its place, and what is not sure about its time.
    fn record(&self, log: &LogLine) -> String {
        let place = sanitize::line(&log.place);
        let place = layout::shorten_path(&place, (self.page.look.width / 2).max(20));
        let assumed = match log.certainty {
            TimeCertainty::Exact => None,
            TimeCertainty::ZoneAssumed => Some("time.zone_assumed"),
            TimeCertainty::YearAssumed => Some("time.year_assumed"),
            TimeCertainty::Unknown => Some("time.unknown"),
        };
        let assumed = assumed.map_or_else(String::new, |key| format!(" ({})", self.page.word(key)));
        let text = log.text.lines().next().unwrap_or_default();
        format!("{place}{assumed}: {}", sanitize::line(text))
    }

    /// What comes behind the last packet.
    fn rest(&mut self, more_remarks: u64, lines: &mut Vec<Line>) {
        self.records(Some(i64::MAX), lines);
        while let Some(remark) = self.remarks.next() {
            lines.push(self.remark(&remark.text));
        }
        if more_remarks > 0 {
            let locale = self.page.look.locale;
            let text = locale.count("ladder.more_remarks", more_remarks, &[]);
            lines.push(self.plain(text));
        }
    }

    fn plain(&self, text: String) -> Line {
        Line {
            frame: String::new(),
            time: String::new(),
            arrow: "",
            text,
            tint: Some(Tint::Dim),
        }
    }

    fn remark(&self, text: &str) -> Line {
        Line {
            tint: Some(Tint::Bold),
            ..self.plain(format!("= {}", sanitize::line(text)))
        }
    }

    fn silence(&self, micros: i64) -> Line {
        let seconds = format!("{}.{}", micros / SECOND, micros % SECOND / 100_000);
        self.plain(self.page.fill("ladder.silence", &[("seconds", &seconds)]))
    }

    fn left(&self, left: &Left) -> Line {
        let locale = self.page.look.locale;
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
        let (arrow, text, tint) = match row {
            Row::One(rung) => {
                let [forth, back, _] = ARROWS;
                let arrow = match rung.from {
                    Direction::FromOriginator => forth,
                    Direction::FromResponder => back,
                };
                (arrow, self.says(rung), tint(rung))
            }
            Row::Folded(folded) => (arrow(folded), self.folded(folded), Some(Tint::Dim)),
        };
        Line {
            frame: frames(first, last),
            time: self.since(first.at),
            arrow,
            text,
            tint,
        }
    }

    fn says(&self, rung: &Rung) -> String {
        let locale = self.page.look.locale;
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
        let locale = self.page.look.locale;
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
        let locale = self.page.look.locale;
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
        let [there, here, _] = ARROWS;
        let told = matches!(folded.kind, Kind::Data | Kind::Again);
        let bytes = [bytes(forth, there), bytes(back, here)];
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

fn arrow(folded: &Folded) -> &'static str {
    let [forth, back, both] = ARROWS;
    match (folded.kind, folded.bytes) {
        (Kind::Again, [_, 0]) => forth,
        (Kind::Again, [0, _]) => back,
        _ => both,
    }
}

/// What stands out.
fn tint(rung: &Rung) -> Option<Tint> {
    match &rung.what {
        What::Segment(segment) if segment.rst => Some(Tint::Red),
        What::Icmp { .. } => Some(Tint::Red),
        What::Segment(segment) if segment.closes == Some(true) => Some(Tint::Yellow),
        What::Segment(Segment {
            sort: Sort::Again, ..
        }) => Some(Tint::Yellow),
        _ => None,
    }
}

/// The filters of other programs. They are never broken or cut, as they are there to be copied.
fn filters(page: &mut Page<'_>, shown: &Shown) {
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
    page.heading(page.look.locale.word("ladder.wireshark"));
    page.push(&format!("  {display}"));
    let hosts = ends.map(|end| format!("host {}", end.ip()));
    let ports = ends.map(|end| {
        let of = |transport: &&str| format!("{transport} port {}", end.port());
        either(transports.iter().map(of), " or ")
    });
    let capture = [hosts.as_slice(), &ports].concat().join(" and ");
    page.heading("tcpdump");
    for ladder in &shown.ladders {
        let file = quoted(&ladder.origin);
        page.push(&format!("  tcpdump -nn -r {file} '{capture}'"));
    }
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
