//! Bodies of messages inside logs: SIP, HTTP and H.245 as they went over the wire of an Expressway,
//! and what people write to each other in the traces of XMPP services.
//!
//! ```text
//! 2020-08-12T14:57:53.524-05:00 expc01 tvcs: UTCTime="…" Module="network.sip" Level="DEBUG":  …
//!  SIPMSG:
//!  |MESSAGE sip:alice@example.com SIP/2.0
//!  …
//!  |
//!
//! 16:12:44.634 |046f1b70| debug| XmppStream.cpp:240 recv: <message …><body>…</body></message>
//! ```
//!
//! Whoever sends a message chooses its text, and a chat about a fault quotes logs and screens.
//! None of that was said by the node, so bodies are blanked before anything is looked for.
//!
//! A body that is closed may hold whole records. One without its closing line, as where a log was
//! cut, ends at the next record with a stamp: hiding what the node said would be worse.

use memchr::memmem;

use crate::model::time::RawTime;
use crate::parse::log::{cms_syslog, expressway, imp_log4j, imp_xcp};
use crate::parse::scan::{line_at, line_start, trim};
use crate::parse::{Choice, LogParser};

/// Longest body, from its first line to its closing one.
const MAX_BODY: usize = 64 * 1024;

/// Longest tag.
const MAX_TAG: usize = 1024;

/// How bodies are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By a bar at the beginning of a line, below `SIPMSG:` and the like, and another one alone.
    Bars,
    /// As the XML element `body`.
    Elements,
}

impl Kind {
    /// The kind that texts of a format hold.
    pub(crate) fn of(format: &str) -> Option<Self> {
        match format {
            expressway::FORMAT => Some(Self::Bars),
            imp_xcp::FORMAT => Some(Self::Elements),
            _ => None,
        }
    }

    /// The kind that a text holds.
    pub(crate) fn chosen(choice: &Choice) -> Option<Self> {
        choice
            .parsers
            .iter()
            .find_map(|parser| Self::of(parser.id()))
    }
}

/// Blanks bodies in a text that grows at its end and is taken away from its start. Lines and
/// offsets stay.
#[derive(Debug)]
pub(crate) struct Bodies {
    kind: Kind,
    /// Lines before this offset were looked at.
    seen: usize,
    /// First line of a body of which the end is not known yet.
    open: Option<usize>,
}

impl Bodies {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            seen: 0,
            open: None,
        }
    }

    /// Looks at the lines that were added.
    pub(crate) fn grow(&mut self, text: &mut [u8]) {
        let whole = line_start(text, text.len());
        self.look(text, whole);
        if let Some(open) = self.open
            && whole > open.saturating_add(MAX_BODY)
        {
            self.blank_open(text, open);
            self.open = None;
        }
    }

    /// The text is at its end.
    pub(crate) fn finish(&mut self, text: &mut [u8]) {
        self.look(text, text.len());
        if let Some(open) = self.open.take() {
            self.blank_open(text, open);
        }
    }

    /// How much of the text is settled.
    pub(crate) fn settled(&self, text: &[u8]) -> usize {
        self.open.unwrap_or(text.len())
    }

    /// The first `at` bytes are gone.
    pub(crate) fn taken(&mut self, at: usize) {
        self.seen = self.seen.saturating_sub(at);
        self.open = self.open.map(|open| open.saturating_sub(at));
    }

    fn look(&mut self, text: &mut [u8], end: usize) {
        while let Some(mark) = self.next_mark(text, self.seen, end) {
            match (mark, self.open) {
                (Mark::Closes { start, end }, Some(open)) => {
                    if end - open <= MAX_BODY {
                        blank(text, open, start);
                    } else {
                        self.blank_open(text, open);
                    }
                    self.open = None;
                    self.seen = end;
                }
                (Mark::Closes { end, .. }, None) => self.seen = end,
                (Mark::Opens { start, end }, before) => {
                    if let Some(open) = before.filter(|_| self.kind == Kind::Bars) {
                        self.blank_open(text.get_mut(..start).unwrap_or_default(), open);
                    }
                    self.open = Some(start);
                    self.seen = end;
                }
            }
        }
        self.seen = self.seen.max(end);
    }

    fn next_mark(&self, text: &[u8], from: usize, to: usize) -> Option<Mark> {
        match self.kind {
            Kind::Bars => next_bar(text, from, to),
            Kind::Elements => next_tag(text, from, to),
        }
    }

    /// Blanks a body that nothing closes.
    fn blank_open(&self, text: &mut [u8], open: usize) {
        let end = self.next_record(text, open, open.saturating_add(MAX_BODY));
        blank(text, open, end);
    }

    /// Start of the first record with a stamp behind the line at `start`, at most `limit`.
    fn next_record(&self, bytes: &[u8], start: usize, limit: usize) -> usize {
        let (_, mut at) = line_at(bytes, start);
        while at < bytes.len() {
            let (line, next) = line_at(bytes, at);
            if next > limit || self.begins(line) {
                break;
            }
            at = next;
        }
        at
    }

    /// True for the first line of a record with a stamp.
    fn begins(&self, line: &[u8]) -> bool {
        let stamped = |time: RawTime| time != RawTime::None;
        match self.kind {
            Kind::Bars => {
                expressway::header(line).is_some_and(|header| stamped(header.time))
                    || cms_syslog::header(line).is_some_and(|header| stamped(header.time))
            }
            Kind::Elements => {
                imp_xcp::ImpXcp.is_record_start(line) || imp_log4j::ImpLog.is_record_start(line)
            }
        }
    }
}

/// A text without its bodies, if it has any.
pub(crate) fn without(text: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let mut bodies = Bodies::new(kind);
    bodies.next_mark(text, 0, text.len())?;
    let mut bare = text.to_vec();
    bodies.finish(&mut bare);
    Some(bare)
}

fn blank(text: &mut [u8], from: usize, to: usize) {
    let body = text.get_mut(from..to).unwrap_or_default();
    let signs = body.iter_mut().filter(|byte| **byte != b'\n');
    signs.for_each(|byte| *byte = b' ');
}

/// A line or a tag that begins or ends a body.
#[derive(Clone, Copy, Debug)]
enum Mark {
    /// `|INVITE …` behind `SIPMSG:`, or the end of `<body …>`
    Opens { start: usize, end: usize },
    /// `|` alone, or `</body>`
    Closes { start: usize, end: usize },
}

/// The first mark on a line that begins at `from` or behind it, and before `to`.
fn next_bar(text: &[u8], from: usize, to: usize) -> Option<Mark> {
    memchr::memchr_iter(b'|', text.get(from..to)?).find_map(|found| {
        let head = text.get(..from + found)?;
        let indent = head.iter().rev().take_while(|b| b" \t".contains(b));
        let start = head.len() - indent.count();
        if start > 0 && text.get(start - 1) != Some(&b'\n') {
            return None;
        }
        let (line, end) = line_at(text, start);
        if trim(line).len() == 1 {
            return Some(Mark::Closes { start, end });
        }
        let before = text.get(..start.checked_sub(1)?)?;
        let announced = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        announces(before.get(announced..)?).then_some(Mark::Opens { start, end })
    })
}

/// `SIPMSG:`, `HTTPMSG:`, `Sending H.245 PDU:`
fn announces(line: &[u8]) -> bool {
    trim(line)
        .strip_suffix(b":")
        .is_some_and(|name| name.ends_with(b"MSG") || name.ends_with(b"PDU"))
}

/// The first tag of an element `body` between `from` and `to`. A stream over HTTP wraps its stanzas
/// in an element of that name: of nested ones the innermost counts.
fn next_tag(text: &[u8], from: usize, to: usize) -> Option<Mark> {
    let part = text.get(..to)?;
    memmem::find_iter(part.get(from..)?, b"body").find_map(|found| {
        let name = from + found;
        let tail = part.get(name + 4..)?;
        if part.get(..name)?.ends_with(b"</") {
            let end = name + 4 + usize::from(tail.first() == Some(&b'>'));
            return Some(Mark::Closes {
                start: name - 2,
                end,
            });
        }
        let whole = matches!(tail.first()?, b'>' | b' ' | b'/');
        if !part.get(..name)?.ends_with(b"<") || !whole {
            return None;
        }
        let tag = tail.get(..tail.len().min(MAX_TAG))?;
        let close = memchr::memchr(b'>', tag)?;
        let start = name + 4 + close + 1;
        let empty = tag.get(..close)?.ends_with(b"/");
        (!empty).then_some(Mark::Opens { start, end: start })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::testing::read_chosen;

    const HEAD: &str = "2020-08-12T14:57:53.524-05:00 expc01 tvcs: UTCTime=\"2020-08-12 19:57:53,524\" \
                        Module=\"network.sip\" Level=\"DEBUG\":  Action=\"Received\"\n";
    const ALARM: &str = "2020-08-12T14:57:43.524-05:00 expc01 alarm: Level=\"WARN\" Event=\"Alarm Raised\" \
                         Id=\"20006\" Severity=\"warning\" UTCTime=\"2020-08-12 19:57:43,524\"\n";

    fn lines(text: &str) -> Vec<(u64, &'static str)> {
        let events = read_chosen(text);
        events
            .iter()
            .map(|event| (event.line, event.format))
            .collect()
    }

    #[test]
    fn what_a_body_quotes_was_not_said_by_the_node() {
        let screens = "*s Alarm 1: /\n  ID: \"20006\"\n  State: \"Raised\"\n*s/end\nStatus : Error\n\
                       <database clustered=\"enabled\"><cluster></cluster></database>\n";
        for marker in [" SIPMSG:\n |", "HTTPMSG:\n|", "Sending H.245 PDU:\n|"] {
            let text = format!(
                "{HEAD}{marker}MESSAGE sip:a@b SIP/2.0\n\n{ALARM}{screens}{}|\n{ALARM}",
                ALARM.replace("2020-08-12T14:57:43.524-05:00 ", "")
            );
            let last = text.lines().count() as u64;
            assert_eq!(
                lines(&text),
                [(1, "expressway.log"), (last, "expressway.log")],
                "{marker}"
            );
        }
    }

    #[test]
    fn an_open_body_ends_at_the_next_record() {
        let text =
            format!("{HEAD} SIPMSG:\n |MESSAGE sip:a@b SIP/2.0\nStatus : Error\n{ALARM}{HEAD}");
        let expected: Vec<u64> = lines(&text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(expected, [1, 5, 6]);
        // the next body closes itself only
        let text = format!("{text} SIPMSG:\n |OK\n |\n{ALARM}");
        let expected: Vec<u64> = lines(&text).into_iter().map(|(line, _)| line).collect();
        assert_eq!(expected, [1, 5, 6, 10]);
    }

    #[test]
    fn a_longer_body_hides_no_more_than_the_window() {
        let filler = "x: y\n".repeat(MAX_BODY / 5);
        let text = format!("{HEAD} SIPMSG:\n |MESSAGE\n{filler}{ALARM}|\n");
        assert_eq!(lines(&text).len(), 2);
        let text = format!(
            "{HEAD} SIPMSG:\n |MESSAGE\n{}{ALARM}|\n",
            "x: y\n".repeat(40)
        );
        assert_eq!(lines(&text).len(), 1);
    }

    #[test]
    fn folds_and_tables_are_no_bodies() {
        for text in [
            "port 5432 failed\n|#011Is the server running\n|\nx\n",
            "| a | b |\n|---|---|\n| 1 | 2 |\n|\n",
            "|",
            "SIPMSG:\n",
            "",
        ] {
            let mut read = text.as_bytes().to_vec();
            Bodies::new(Kind::Bars).finish(&mut read);
            assert_eq!(read, text.as_bytes());
        }
    }

    #[test]
    fn what_people_write_was_not_said_by_the_node() {
        let said = "Mar  2 10:16:31 imp1b local7 2 : 45: imp1b.apolo.local: Mar 02 2026 15:16:31.000 UTC : \
                    %UC_SRM-2-SRMFailover: %[FromNode=imp1a][ToNode=imp1b][NodeID=imp1b]: text\n";
        let screen = "admin:utils ha status\nSubcluster Name: DefaultCluster\n  \
                      Node 1 Name : imp1a State: Running in Failed Mode Reason: Unknown\n";
        let head = "16:12:44.634 |046f1b70| debug| XmppStream.cpp:240 recv: ";
        let formats = |text: &str| -> Vec<&'static str> {
            let mut found = lines(text);
            found.sort_unstable();
            found.into_iter().map(|(_, format)| format).collect()
        };
        for tag in [
            "<body>",
            "<body xml:lang='en'>",
            "<body rid='1'>\n<message><body>",
        ] {
            let text = format!("{head}<message>{tag}{said}{screen}</body></message>\n{head}ok\n");
            assert_eq!(formats(&text), ["imp.xcp", "imp.xcp"], "{tag}");
        }
        // one that was cut ends at the next record
        let text = format!("{head}<message><body>{said}{screen}{head}ok\n{said}");
        assert_eq!(formats(&text), ["imp.xcp", "imp.xcp", "imp.alarm"]);
        // an element without a body, and a word
        for odd in [
            "<body/>",
            "</body>",
            "somebody <bodyguard>",
            "body",
            "<body",
        ] {
            let text = format!("{head}{odd}\n{said}");
            assert_eq!(formats(&text), ["imp.xcp", "imp.alarm"], "{odd}");
        }
    }
}
