//! Statements that PostgreSQL sends to syslog in several records, numbered `[n-m]`: the parts of
//! one statement are one event, though lines of other processes may stand between them.

use memchr::memmem;

use crate::parse::chunk::JOIN_WINDOW;
use crate::parse::scan::{Cursor, decimal, line_at, line_end, line_start, lines};

/// A part `[n-m]` of a statement.
pub(super) struct Part<'l> {
    host: &'l [u8],
    pid: &'l [u8],
    statement: &'l [u8],
    number: u32,
    /// `n-m`
    pub(super) label: &'l [u8],
    /// Offset of the text behind `[n-m] `.
    pub(super) body: usize,
}

/// The part that a line is, if it is one.
pub(super) type PartOf = for<'l> fn(&'l [u8]) -> Option<Part<'l>>;

impl<'l> Part<'l> {
    /// Reads the label that stands at an offset of a line of this host and process.
    pub(super) fn read(line: &'l [u8], at: usize, host: &'l [u8], pid: &'l [u8]) -> Option<Self> {
        let mut cursor = Cursor::from(line, at);
        let rest = cursor.rest().strip_prefix(b"[")?;
        let close = memchr::memchr(b']', rest.get(..rest.len().min(24))?)?;
        let label = rest.get(..close)?;
        let dash = memchr::memchr(b'-', label)?;
        let statement = label
            .get(..dash)
            .filter(|digits| decimal(digits).is_some())?;
        let number = decimal(label.get(dash + 1..)?)?;
        cursor.at += close + 2;
        if !cursor.eat(b' ') && cursor.peek().is_some() {
            return None;
        }
        Some(Self {
            host,
            pid,
            statement,
            number,
            label,
            body: cursor.at,
        })
    }

    /// It is the first one of its statement.
    pub(super) fn is_first(&self) -> bool {
        self.number == 1
    }

    fn same_statement(&self, other: &Part<'_>) -> bool {
        (self.host, self.pid, self.statement) == (other.host, other.pid, other.statement)
    }
}

/// Start of the part of the same statement that comes next before `start`, if it is linked.
fn part_before(bytes: &[u8], start: usize, here: &Part<'_>, part: PartOf) -> Option<usize> {
    let low = line_start(bytes, start.saturating_sub(JOIN_WINDOW + 1));
    let mut high = start;
    let needle = needle(here);
    loop {
        let window = bytes.get(low..high)?;
        let at = line_start(bytes, low + memmem::rfind(window, &needle)?);
        if let Some(found) = part(line_at(bytes, at).0).filter(|p| p.same_statement(here)) {
            return (found.number < here.number).then_some(at);
        }
        high = at;
    }
}

/// Start of the part of the same statement that comes next at or after `end`, if it is linked.
fn part_after(bytes: &[u8], end: usize, here: &Part<'_>, part: PartOf) -> Option<usize> {
    let high = line_end(bytes, (end + JOIN_WINDOW).min(bytes.len()));
    let mut low = end;
    let needle = needle(here);
    loop {
        let window = bytes.get(low..high)?;
        let hit = low + memmem::find(window, &needle)?;
        let at = line_start(bytes, hit);
        let (line, next) = line_at(bytes, at);
        if let Some(found) = part(line).filter(|p| p.same_statement(here)) {
            return (found.number > here.number).then_some(at);
        }
        low = next;
    }
}

fn needle(part: &Part<'_>) -> Vec<u8> {
    let mut needle = vec![b'['];
    needle.extend_from_slice(part.statement);
    needle.push(b'-');
    needle
}

/// Line starts of the whole group that the part at `start` belongs to, in rising order.
pub(super) fn group(bytes: &[u8], start: usize, part: PartOf) -> Vec<usize> {
    let mut head = start;
    while let Some(before) =
        part(line_at(bytes, head).0).and_then(|here| part_before(bytes, head, &here, part))
    {
        head = before;
    }
    let mut starts = vec![head];
    let mut at = head;
    loop {
        let (line, end) = line_at(bytes, at);
        let Some(after) = part(line).and_then(|here| part_after(bytes, end, &here, part)) else {
            break;
        };
        starts.push(after);
        at = after;
    }
    starts
}

/// True when a statement that begins in `before` goes on in `after`; both are windows of
/// [`JOIN_WINDOW`] bytes around a cut.
pub(super) fn joined(before: &[u8], after: &[u8], part: PartOf) -> bool {
    let name = b"postgres";
    if memmem::find(after, name).is_none() || memmem::find(before, name).is_none() {
        return false;
    }
    let starts = |bytes: &'_ [u8]| lines(bytes).map(|(at, _)| at).collect::<Vec<_>>();
    let earlier: Vec<_> = starts(before)
        .into_iter()
        .rev()
        .filter_map(|at| {
            let (line, end) = line_at(before, at);
            Some((part(line)?, before.len() - end))
        })
        .collect();
    let mut seen: Vec<Part<'_>> = Vec::new();
    for (start, line) in lines(after) {
        let Some(here) = part(line) else { continue };
        if seen.iter().any(|part| part.same_statement(&here)) {
            continue;
        }
        let last = earlier.iter().find(|(part, _)| part.same_statement(&here));
        if last.is_some_and(|(part, gap)| part.number < here.number && gap + start <= JOIN_WINDOW) {
            return true;
        }
        seen.push(here);
    }
    false
}
