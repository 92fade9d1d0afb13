//! What mails, editors, terminals and collectors put around the lines of a text: quote marks,
//! line numbers, a stamp of their own, colours, tabs for blanks.
//!
//! Judged once by the first bytes; a text without such marks is handed on untouched. Only marks
//! go: lines stay lines, so that their numbers stay true.

use std::borrow::Cow;

use crate::model::time::RawTime;
use crate::parse::log::{cms_status, cms_syslog, erlang, expressway, postgres};
use crate::parse::markup::Markup;
use crate::parse::scan::{BYTE_ORDER_MARK, Cursor, chomp, is_blank, lead, lines};

/// Words that a collector puts between its own stamp and the record.
const WORDS: usize = 8;
/// Parts of a note such as `logs/cms1.txt:12:`.
const NOTES: usize = 3;
/// Collectors through which one record may have come.
const HOPS: usize = 2;

/// The marks of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Margin {
    byte_order: bool,
    /// Escape sequences of a terminal.
    escapes: bool,
    /// `> ` of a mail.
    quoted: bool,
    /// A collector's stamp, a priority, a line number or a file name.
    carried: bool,
    /// Tabs stand for all blanks.
    tabs: bool,
    /// What stands in the lines for plain text.
    markup: Markup,
}

impl Margin {
    /// Learnt from the first bytes of a text.
    pub fn of(head: &[u8]) -> Self {
        let mut margin = Self {
            byte_order: head.starts_with(BYTE_ORDER_MARK),
            escapes: memchr::memmem::find(head, b"\x1b[").is_some(),
            ..Self::default()
        };
        let markup = Markup::of(head);
        let head = &markup.strip_all(head);
        let (mut carried, mut plain, mut tabbed, mut blank) = (0_usize, 0_usize, 0_usize, 0_usize);
        for (_, line) in lines(head).filter(|(_, line)| !is_blank(line)) {
            let line = margin.strip(line);
            let inner = unquoted(&line);
            if inner.len() < line.len() && begins(inner) {
                margin.quoted = true;
            }
            if carrier(inner, HOPS).is_some() {
                carried += 1;
            } else if begins(inner) {
                plain += 1;
            }
            blank += usize::from(inner.contains(&b' '));
            tabbed += usize::from(memchr::memchr_iter(b'\t', inner).count() > 1);
        }
        margin.carried = carried > 0 && carried >= plain;
        margin.tabs = tabbed > 0 && blank * 16 <= tabbed;
        margin.markup = markup;
        margin
    }

    /// Nothing is to be taken off.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// A line of the text may be several.
    pub(crate) fn parts_lines(self) -> bool {
        self.markup.parts_lines()
    }

    /// A line, or a text of several, without its marks.
    pub fn strip_all(self, text: &[u8]) -> Cow<'_, [u8]> {
        if self.is_none() {
            return Cow::Borrowed(text);
        }
        let mut plain = Vec::with_capacity(text.len());
        let mut stripper = Stripper::new(self);
        stripper.push(text, &mut |line| plain.extend_from_slice(line));
        stripper.finish(&mut |line| plain.extend_from_slice(line));
        Cow::Owned(plain)
    }

    /// One line without its marks, its terminator included; several where tags part it.
    fn strip_line(self, line: &[u8]) -> Cow<'_, [u8]> {
        if self.markup.is_none() {
            return self.strip(line);
        }
        let bare = self.markup.strip(line);
        let pieces = bare.split_inclusive(|b| *b == b'\n');
        Cow::Owned(
            pieces
                .flat_map(|piece| self.strip(piece).into_owned())
                .collect(),
        )
    }

    /// The same for a line without markup.
    fn strip(self, line: &[u8]) -> Cow<'_, [u8]> {
        let mut line = match self.escapes && line.contains(&0x1b) {
            true => Cow::Owned(without_escapes(line)),
            false => Cow::Borrowed(line),
        };
        if self.quoted {
            line = cut(line, |line| Some(line.len() - unquoted(line).len()));
        }
        if self.carried {
            line = cut(line, |line| carrier(line, HOPS));
        }
        if self.tabs && line.contains(&b'\t') {
            let blanks = line.iter().map(|b| if *b == b'\t' { b' ' } else { *b });
            line = Cow::Owned(blanks.collect());
        }
        line
    }
}

fn cut(line: Cow<'_, [u8]>, at: impl Fn(&[u8]) -> Option<usize>) -> Cow<'_, [u8]> {
    let at = at(&line).unwrap_or(0);
    match line {
        Cow::Borrowed(line) => Cow::Borrowed(line.get(at..).unwrap_or_default()),
        Cow::Owned(mut line) => {
            line.drain(..at.min(line.len()));
            Cow::Owned(line)
        }
    }
}

/// True where a record or a status screen begins.
fn begins(line: &[u8]) -> bool {
    owned(line) || cms_status::begins(line)
}

/// True for a record of a product or of an engine.
fn owned(line: &[u8]) -> bool {
    record(line) || expressway::header(line).is_some() || engine(line)
}

/// True where an engine's record begins; products write such records inside their own.
fn engine(line: &[u8]) -> bool {
    erlang::is_record(line) || postgres::is_record(line)
}

/// True where a record of a log begins, also behind marks.
pub(super) fn holds_record(line: &[u8]) -> bool {
    let inner = unquoted(line);
    record(inner) || expressway::header(inner).is_some() || carrier(inner, HOPS).is_some()
}

/// True where a record with a stamp of its own begins.
fn record(line: &[u8]) -> bool {
    cms_syslog::header(line).is_some_and(|header| header.time != RawTime::None)
        || expressway::opening(line).is_some_and(|(header, _)| header.time != RawTime::None)
}

/// A line without the quote marks of mails and the blank behind them.
fn unquoted(line: &[u8]) -> &[u8] {
    let mut cursor = Cursor::new(line);
    let mut end = 0;
    loop {
        cursor.blanks();
        if !cursor.eat(b'>') {
            break;
        }
        end = cursor.at;
    }
    let rest = line.get(end..).unwrap_or_default();
    match end {
        0 => line,
        _ => rest.strip_prefix(b" ").unwrap_or(rest),
    }
}

/// A line without the sequences that colour it or move the cursor.
fn without_escapes(line: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(line.len());
    let mut cursor = Cursor::new(line);
    while let Some(byte) = cursor.peek() {
        cursor.at += 1;
        if byte != 0x1b {
            plain.push(byte);
        } else if cursor.eat(b'[') {
            cursor.skip_while(|b| !(0x40..=0x7e).contains(&b) && b != b'\n');
            cursor.at += usize::from(cursor.peek().is_some_and(|b| b != b'\n'));
        }
    }
    plain
}

/// Where the record begins behind what a collector or an editor put before it.
fn carrier(line: &[u8], hops: usize) -> Option<usize> {
    let line = chomp(line);
    if cms_syslog::header(line).is_some_and(|header| header.relayed) {
        return None;
    }
    let mut cursor = Cursor::from(line, lead(line));
    let priority = priority(&mut cursor);
    let start = cursor.at;
    let rest = line.get(start..)?;
    // what stands inside of a whole record is part of it
    let inner = |rest: &[u8]| record(rest) || engine(rest);
    let inner: &dyn Fn(&[u8]) -> bool = if owned(rest) { &record } else { &inner };
    let stamp = stamp(&mut cursor);
    if !priority && stamp.is_none() {
        return noted(line, start, inner);
    }
    let direct = priority && begins(rest);
    behind_stamp(cursor, stamp, hops, inner).or(direct.then_some(start))
}

/// Where the record begins behind a collector's own stamp and words.
fn behind_stamp(
    mut cursor: Cursor<'_>,
    stamp: Option<RawTime>,
    hops: usize,
    inner: &dyn Fn(&[u8]) -> bool,
) -> Option<usize> {
    // Expressways send records whose only full stamp is inside
    let timeless = stamp.is_none_or(|time| matches!(time, RawTime::Yearless { .. }));
    for _ in 0..WORDS {
        if cursor.blanks() == 0 {
            return None;
        }
        let rest = cursor.rest();
        if inner(rest) || (timeless && expressway::header(rest).is_some()) {
            return Some(cursor.at);
        }
        let more = hops.checked_sub(1).and_then(|hops| carrier(rest, hops));
        if let Some(at) = more {
            return Some(cursor.at + at);
        }
        if cursor.word().iter().any(|b| b"\"=".contains(b)) {
            return None;
        }
    }
    None
}

/// `<134>`, also with the version behind it.
fn priority(cursor: &mut Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    if !(ahead.eat(b'<') && ahead.number(1, 3).is_some() && ahead.eat(b'>')) {
        return false;
    }
    *cursor = ahead;
    if ahead.eat(b'1') && ahead.blanks() > 0 {
        *cursor = ahead;
    }
    true
}

fn stamp(cursor: &mut Cursor<'_>) -> Option<RawTime> {
    let kinds: [fn(&mut Cursor<'_>) -> Option<RawTime>; 3] = [
        |c| c.instant(),
        |c| c.bsd_stamp(),
        |c| c.date_time(b" ", b".,").map(RawTime::Local),
    ];
    kinds.iter().find_map(|kind| {
        let mut ahead = *cursor;
        let time = kind(&mut ahead)?;
        *cursor = ahead;
        Some(time)
    })
}

/// `12:`, `logs/cms1.txt:12:`, `  12  `, `- `.
fn noted(line: &[u8], start: usize, inner: &dyn Fn(&[u8]) -> bool) -> Option<usize> {
    let mut cursor = Cursor::from(line, start);
    for _ in 0..NOTES {
        let note = cursor.skip_while(|b| !b" \t:\"=".contains(&b));
        if note == 0 || (!cursor.eat(b':') && cursor.blanks() == 0) {
            return None;
        }
        cursor.blanks();
        if inner(cursor.rest()) {
            return Some(cursor.at);
        }
    }
    None
}

/// Takes the marks off a text that comes in blocks of any size.
pub(crate) struct Stripper {
    margin: Margin,
    partial: Vec<u8>,
    begun: bool,
}

impl Stripper {
    pub(crate) fn new(margin: Margin) -> Self {
        Self {
            margin,
            partial: Vec::new(),
            begun: false,
        }
    }

    /// Takes the next bytes and hands out what becomes of each whole line.
    pub(crate) fn push(&mut self, block: &[u8], out: &mut dyn FnMut(&[u8])) {
        for piece in block.split_inclusive(|b| *b == b'\n') {
            if !piece.ends_with(b"\n") {
                self.partial.extend_from_slice(piece);
            } else if self.partial.is_empty() {
                self.line(piece, out);
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend_from_slice(piece);
                self.line(&line, out);
            }
        }
    }

    /// The text is at its end: hands out the rest.
    pub(crate) fn finish(&mut self, out: &mut dyn FnMut(&[u8])) {
        let last = std::mem::take(&mut self.partial);
        if !last.is_empty() {
            self.line(&last, out);
        }
    }

    fn line(&mut self, line: &[u8], out: &mut dyn FnMut(&[u8])) {
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(rest) if !self.begun => rest,
            _ => line,
        };
        self.begun = true;
        out(&self.margin.strip_line(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CMS: &str = "Mar 31 10:16:59 user.info cms1 sfpool:  Health check 10.0.0.1: ok";
    const EXPRESSWAY: &str =
        r#"2020-08-12T14:57:43.353-05:00 expc01 UTCTime="2020-08-12 19:57:43,353" Module="m""#;

    fn plain(text: &str) -> String {
        let margin = Margin::of(text.as_bytes());
        String::from_utf8(margin.strip_all(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn engines_are_carried_and_quoted_and_keep_what_they_hold() {
        let erlang = "2026-03-02 11:22:45.754 [error] <0.1.0> Mnesia(rabbit@mq1): ** ERROR ** x";
        let postgres = "2026-03-02 11:22:45.754 UTC [9] FATAL:  x";
        for before in [
            "> ",
            "rabbit-1  | ",
            "/var/log/x/rabbit@mq1.log:",
            "Mar  2 11:22:45 mq1 rabbitmq-server[811]: ",
            "2026-03-02T11:22:45.754Z stdout F ",
        ] {
            assert_eq!(plain(&format!("{before}{erlang}\n")), format!("{erlang}\n"));
        }
        assert_eq!(plain(&format!("> {postgres}\n")), format!("{postgres}\n"));
        // whole records, though others stand in them
        for whole in [
            format!("Mar  2 11:22:45 db1 postgres[9]: [1-1] {postgres}\n"),
            format!("Mar  2 11:22:45 local0.warning cms1 postgres[9]:  [1-1] {postgres}\n"),
            format!("{EXPRESSWAY} Detail=\"{postgres}\"\n"),
        ] {
            assert_eq!(plain(&whole), whole);
        }
    }

    #[test]
    fn a_log_is_left_alone() {
        for text in [
            CMS,
            EXPRESSWAY,
            "",
            "cms1> database cluster status\nStatus : Enabled\n",
        ] {
            assert!(Margin::of(text.as_bytes()).is_none(), "{text}");
        }
        let printed = format!("other peers\" {EXPRESSWAY}\n{EXPRESSWAY}\n");
        assert!(Margin::of(printed.as_bytes()).is_none());
    }

    #[test]
    fn quote_marks_go_and_indents_stay() {
        let text = "Hello,\r\n> Status : Enabled\r\n>   Nodes:\r\n>\r\n>> x\r\n";
        assert_eq!(
            plain(text),
            "Hello,\r\nStatus : Enabled\r\n  Nodes:\r\n\r\nx\r\n"
        );
        assert_eq!(plain("> nothing known\n"), "> nothing known\n");
    }

    #[test]
    fn what_collectors_and_editors_add_goes() {
        for mark in [
            "<134>",
            "<134>Mar 31 10:17:00 relay01 ",
            "Mar 31 10:17:00 10.1.1.1 ",
            "Mar 31 10:17:00 relay01 rsyslogd[88]: ",
            "<134>1 2017-03-31T10:17:00.123Z relay01 - - - - ",
            "2017-03-31T10:17:00+00:00 relay01 ",
            "2017-03-31 10:17:00\tUser.Info\t10.1.1.1\t",
            "12:",
            "logs/a 1.txt:12:",
            "  12  ",
            "- ",
        ] {
            for record in [CMS, EXPRESSWAY] {
                assert_eq!(
                    plain(&format!("{mark}{record}\n")),
                    format!("{record}\n"),
                    "{mark}"
                );
            }
        }
        let timeless = r#"expc01 tvcs: UTCTime="2020-08-12 19:57:53,871" Module="m""#;
        let carried = format!("Mar 31 10:17:00 10.1.1.1 <134>Aug 12 14:57:53 {timeless}");
        assert_eq!(plain(&carried), timeless);
    }

    #[test]
    fn what_only_the_collector_says_of_a_record_stays() {
        let bare = CMS.replace("user.info ", "");
        let text = format!("2017-03-31 10:17:00\tUser.Info\t10.1.1.1\t{bare}\n");
        assert_eq!(plain(&text), text);
    }

    #[test]
    fn colours_tabs_and_the_mark_of_byte_order_go() {
        assert_eq!(
            plain(&format!("\x1b[0;32m{CMS}\x1b[0m\n")),
            format!("{CMS}\n")
        );
        assert_eq!(plain("\x1b["), "");
        assert_eq!(plain(&CMS.replace(' ', "\t")), CMS);
        assert_eq!(plain(&format!("\u{feff}{CMS}")), CMS);
        let some = "Status\t: Enabled\nNode in use\t: x\n";
        assert_eq!(plain(some), some);
    }

    #[test]
    fn blocks_of_any_size_give_the_same() {
        let text = format!("\u{feff}> {CMS}\n> x\n");
        let margin = Margin::of(text.as_bytes());
        for size in 1..8 {
            let mut plain = Vec::new();
            let mut stripper = Stripper::new(margin);
            for block in text.as_bytes().chunks(size) {
                stripper.push(block, &mut |line| plain.extend_from_slice(line));
            }
            stripper.finish(&mut |line| plain.extend_from_slice(line));
            assert_eq!(plain, margin.strip_all(text.as_bytes()).into_owned());
        }
    }
}
