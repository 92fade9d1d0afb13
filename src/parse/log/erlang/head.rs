//! The first line of a report, style by style.

use chrono::NaiveDate;

use crate::model::time::{RawTime, SECOND};
use crate::parse::scan::{Cursor, MONTHS, chomp, lead};

use super::said::name;

/// How a report begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `=ERROR REPORT==== … ===`
    Report,
    /// A stamp, a level and a process number or a node: nobody else writes that.
    Process,
    /// A stamp and a level, as others write them, too.
    Plain,
    /// Terms and errors as a shell shows them or a mail quotes them, without a time.
    Bare,
}

impl Style {
    /// True for what only Erlang writes.
    pub(super) fn is_telling(self) -> bool {
        self != Self::Plain
    }
}

/// The beginning of a report.
pub(super) struct Head<'l> {
    pub(super) style: Style,
    pub(super) time: RawTime,
    pub(super) level: Option<&'static str>,
    pub(super) pid: Option<&'l [u8]>,
    /// The node that writes.
    pub(super) host: Option<&'l [u8]>,
    /// Offset of the message.
    pub(super) message: usize,
}

impl Head<'_> {
    /// It may as well be a line of the record above it.
    pub(super) fn is_loose(&self) -> bool {
        self.style == Style::Bare && self.host.is_none()
    }
}

/// Kinds of old reports, and levels as loggers write and shorten them.
const LEVELS: [(&str, &str); 20] = [
    ("debug", "debug"),
    ("debu", "debug"),
    ("dbg", "debug"),
    ("info", "info"),
    ("progress", "info"),
    ("notice", "notice"),
    ("noti", "notice"),
    ("ntc", "notice"),
    ("warning", "warning"),
    ("warn", "warning"),
    ("wrn", "warning"),
    ("error", "error"),
    ("erro", "error"),
    ("err", "error"),
    ("crash", "error"),
    ("supervisor", "error"),
    ("critical", "critical"),
    ("crit", "critical"),
    ("alert", "critical"),
    ("emergency", "critical"),
];

fn level(word: &[u8]) -> Option<&'static str> {
    let fits = |(name, _): &&(&str, &str)| name.as_bytes().eq_ignore_ascii_case(word);
    LEVELS.iter().find(fits).map(|(_, level)| *level)
}

/// The beginning of the report that begins with this line.
pub(super) fn head(line: &[u8]) -> Option<Head<'_>> {
    let line = chomp(line);
    match line.first()? {
        b'=' => report(line),
        b'0'..=b'9' => stamped(line),
        b'[' => levelled(line, 0, RawTime::None),
        _ => bare(line),
    }
}

/// True for a line that begins with a time, whoever wrote it.
pub(super) fn is_stamped(line: &[u8]) -> bool {
    let at = lead(line);
    let first = line.get(at);
    if !first.is_some_and(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
        return false;
    }
    let from = || Cursor::from(line, at);
    from().date_time(b"T", b".,").is_some()
        || from().date_time(b" ", b".,").is_some()
        || from().bsd_stamp().is_some()
        || from().time_of_day(b".,").is_some()
}

/// `=ERROR REPORT==== 2-Mar-2026::11:22:45.754 ===`
fn report(line: &[u8]) -> Option<Head<'_>> {
    let mut cursor = Cursor::from(line, 1);
    let kind = cursor.rest();
    let len = cursor.skip_while(|b| b.is_ascii_uppercase());
    let level = level(kind.get(..len)?)?;
    if !cursor.literal(b" REPORT==== ") {
        return None;
    }
    let day = cursor.number(1, 2)?;
    let month = cursor.eat(b'-').then(|| cursor.rest().get(..3)).flatten()?;
    let month = MONTHS.iter().position(|name| name.as_bytes() == month)?;
    cursor.at += 3;
    let year = cursor.eat(b'-').then(|| cursor.number(4, 4)).flatten()?;
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(year).ok()?,
        u32::try_from(month).ok()? + 1,
        day,
    )?;
    let of_day = cursor
        .literal(b"::")
        .then(|| cursor.time_of_day(b"."))
        .flatten()?;
    let micros = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros() + of_day;
    let universal = cursor.literal(b" UTC");
    Some(Head {
        style: Style::Report,
        time: if universal {
            RawTime::Instant(micros)
        } else {
            RawTime::Local(micros)
        },
        level: Some(level),
        pid: None,
        host: None,
        message: line.len(),
    })
}

fn stamped(line: &[u8]) -> Option<Head<'_>> {
    let (time, at) = time(line)?;
    let mut cursor = Cursor::from(line, at);
    if cursor.blanks() == 0 {
        return None;
    }
    let at = cursor.at;
    if let Some(head) = levelled(line, at, time) {
        return Some(head);
    }
    // `error: …` of the logger, `['a@db1'] …` of programs that print what they subscribed to
    let rest = cursor.rest();
    if let Some(inside) = rest.strip_prefix(b"['") {
        let end = memchr::memmem::find(inside, b"'] ")?;
        let host = name(inside.get(..end)?)?;
        return Some(Head {
            style: Style::Process,
            time,
            level: None,
            pid: None,
            host: Some(host),
            message: at + end + 5,
        });
    }
    let len = cursor.skip_while(|b| b.is_ascii_lowercase());
    let level = level(rest.get(..len)?).filter(|_| cursor.literal(b": "))?;
    Some(Head {
        style: Style::Plain,
        time,
        level: Some(level),
        pid: None,
        host: None,
        message: cursor.at,
    })
}

/// The time at the beginning of a line, and the offset behind it.
fn time(line: &[u8]) -> Option<(RawTime, usize)> {
    let mut cursor = Cursor::new(line);
    if let Some(time) = cursor.instant() {
        return Some((time, cursor.at));
    }
    let mut cursor = Cursor::new(line);
    let between: &[u8] = match line.get(10) {
        Some(b'T') => b"T",
        _ => b" ",
    };
    let Some(local) = cursor.date_time(between, b".,") else {
        // loggers of Elixir leave the date out
        let mut cursor = Cursor::new(line);
        cursor.time_of_day(b".")?;
        return Some((RawTime::None, cursor.at));
    };
    let mut ahead = cursor;
    let sign = match ahead.peek() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(b'Z') => return Some((RawTime::Instant(local), ahead.at + 1)),
        _ => return Some((RawTime::Local(local), cursor.at)),
    };
    ahead.at += 1;
    let hours = ahead.number(2, 2)?;
    let minutes = ahead.eat(b':').then(|| ahead.number(2, 2)).flatten()?;
    let offset = sign * i64::from(hours * 3600 + minutes * 60) * SECOND;
    Some((RawTime::Instant(local - offset), ahead.at))
}

/// `[error] <0.341.0>@module:function:12 …` from an offset on.
fn levelled(line: &[u8], at: usize, time: RawTime) -> Option<Head<'_>> {
    let mut cursor = Cursor::from(line, at);
    let inside = cursor.rest().strip_prefix(b"[")?;
    let len = inside
        .iter()
        .take_while(|b| b.is_ascii_alphabetic())
        .count();
    let level = level(inside.get(..len)?).filter(|_| inside.get(len) == Some(&b']'))?;
    cursor.at += len + 2;
    // a record may begin with an empty line
    if cursor.blanks() == 0 && cursor.peek().is_some() {
        return None;
    }
    let pid = process(&mut cursor);
    Some(Head {
        style: match pid {
            Some(_) => Style::Process,
            None => Style::Plain,
        },
        time,
        level: Some(level),
        pid,
        host: None,
        message: cursor.at,
    })
}

/// `<0.341.0>` with the place in the code behind it, which is passed.
fn process<'l>(cursor: &mut Cursor<'l>) -> Option<&'l [u8]> {
    let inside = cursor.rest().strip_prefix(b"<")?;
    let len = inside
        .iter()
        .take_while(|b| b.is_ascii_digit() || **b == b'.')
        .count();
    let dots = memchr::memchr_iter(b'.', inside.get(..len)?).count();
    if dots != 2 || inside.get(len) != Some(&b'>') {
        return None;
    }
    let pid = cursor.rest().get(..len + 2)?;
    cursor.at += len + 2;
    if cursor.peek() == Some(b'@') {
        cursor.skip_while(|b| !b.is_ascii_whitespace());
    }
    cursor.blanks();
    Some(pid)
}

/// What a shell shows, and errors of mnesia that somebody quotes.
fn bare(line: &[u8]) -> Option<Head<'_>> {
    const TERMS: [&[u8]; 4] = [
        b"{mnesia_system_event,",
        b"{nodedown,",
        b"{nodeup,",
        b"{inconsistent_database,",
    ];
    let (host, at) = prompt(line).map_or((None, 0), |(host, at)| (Some(host), at));
    let rest = line.get(at..)?;
    let shown = rest.strip_prefix(b"Shell got ").unwrap_or(rest);
    let term = TERMS.iter().any(|term| shown.starts_with(term));
    let error = rest.starts_with(b"Mnesia(") && memchr::memmem::find(rest, b"): ** ").is_some();
    (host.is_some() || term || error).then_some(Head {
        style: Style::Bare,
        time: RawTime::None,
        level: None,
        pid: None,
        host,
        message: at,
    })
}

/// `(a@db1)2> `, the prompt of a node's shell.
fn prompt(line: &[u8]) -> Option<(&[u8], usize)> {
    let inside = line.strip_prefix(b"(")?;
    let close = memchr::memchr(b')', inside.get(..inside.len().min(256))?)?;
    let host = name(inside.get(..close)?)?;
    let mut cursor = Cursor::from(line, close + 2);
    cursor.number(1, 6)?;
    if !cursor.literal(b">") {
        return None;
    }
    cursor.blanks();
    Some((host, cursor.at))
}
