//! Small steps over bytes that every log format shares: lines, words, numbers and stamps.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};

use crate::model::time::{RawTime, SECOND};

/// Offset of the first byte of the line that holds `pos`.
pub(crate) fn line_start(bytes: &[u8], pos: usize) -> usize {
    let before = bytes.get(..pos.min(bytes.len())).unwrap_or_default();
    memchr::memrchr(b'\n', before).map_or(0, |at| at + 1)
}

/// Offset behind the line that holds `pos`, its line feed included.
pub(crate) fn line_end(bytes: &[u8], pos: usize) -> usize {
    let rest = bytes.get(pos..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| pos + at + 1)
}

/// The line that starts at `start`, without its terminator, and the offset of the next one.
pub(crate) fn line_at(bytes: &[u8], start: usize) -> (&[u8], usize) {
    let end = line_end(bytes, start);
    (chomp(bytes.get(start..end).unwrap_or_default()), end)
}

/// A line without its line feed and carriage return.
pub(crate) fn chomp(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The lines of a text with their offsets, without terminators.
pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let start = at;
        let (line, next) = line_at(bytes, start);
        at = next;
        Some((start, line))
    })
}

/// The lines of a text from its end, with their offsets, without terminators.
pub(crate) fn lines_backwards(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut end = text.len();
    std::iter::from_fn(move || {
        let rest = text.get(..end).filter(|rest| !rest.is_empty())?;
        let start = line_start(text, end - 1);
        end = start;
        Some((start, chomp(rest.get(start..)?)))
    })
}

/// Text of bytes; what is not UTF-8 becomes U+FFFD.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    // the strict check leaps over ASCII, the other one looks at every byte
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Bytes of the byte order mark, blanks, quote marks of mails and `Line 190: ` of editors before a record.
pub(crate) fn lead(line: &[u8]) -> usize {
    let mut cursor = Cursor::new(line);
    cursor.literal(BYTE_ORDER_MARK);
    while cursor.blanks() > 0 || cursor.eat(b'>') {}
    let plain = cursor.at;
    if cursor.literal(b"Line ") && cursor.number(1, 9).is_some() && cursor.eat(b':') {
        cursor.blanks();
        return cursor.at;
    }
    plain
}

/// The mark of byte order with which some editors begin a file.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The blank of web pages, which does not break.
pub(crate) const NO_BREAK: &[u8] = b"\xC2\xA0";

/// True for a line of nothing but white space.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    trim(line).is_empty()
}

/// Text without white space around it, also of the kind that does not break.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let mut text = text.trim_ascii();
    while let Some(rest) = text.strip_prefix(NO_BREAK) {
        text = rest.trim_ascii_start();
    }
    while let Some(rest) = text.strip_suffix(NO_BREAK) {
        text = rest.trim_ascii_end();
    }
    text
}

/// Offset of the first white space of any kind.
pub(crate) fn find_space(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().enumerate();
    bytes.find_map(|(at, byte)| {
        let space = byte.is_ascii_whitespace()
            || (*byte == 0xC2
                && text
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(NO_BREAK)));
        space.then_some(at)
    })
}

/// Width of a line in characters.
pub(crate) fn width(line: &[u8]) -> usize {
    line.iter().filter(|b| **b & 0xC0 != 0x80).count()
}

/// A place in a line that moves forward only when what is asked for stands there.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'l> {
    bytes: &'l [u8],
    /// Offset in the line.
    pub(crate) at: usize,
}

impl<'l> Cursor<'l> {
    pub(crate) fn new(bytes: &'l [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn from(bytes: &'l [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn rest(&self) -> &'l [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn literal(&mut self, literal: &[u8]) -> bool {
        let found = self.rest().starts_with(literal);
        if found {
            self.at += literal.len();
        }
        found
    }

    /// Skips bytes and tells how many.
    pub(crate) fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) -> usize {
        let rest = self.rest();
        let n = rest.iter().position(|b| !wanted(*b)).unwrap_or(rest.len());
        self.at += n;
        n
    }

    /// Skips blanks and tells how many bytes.
    pub(crate) fn blanks(&mut self) -> usize {
        let start = self.at;
        while self.skip_while(|b| b == b' ' || b == b'\t') > 0 || self.literal(NO_BREAK) {}
        self.at - start
    }

    /// The bytes up to the next white space; empty at one.
    pub(crate) fn word(&mut self) -> &'l [u8] {
        let rest = self.rest();
        let n = find_space(rest).unwrap_or(rest.len());
        self.at += n;
        rest.get(..n).unwrap_or_default()
    }

    /// A decimal number of `min` to `max` digits, no digit following.
    pub(crate) fn number(&mut self, min: usize, max: usize) -> Option<u32> {
        let rest = self.rest();
        let n = rest
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(rest.len());
        if n < min || n > max {
            return None;
        }
        let value = decimal(rest.get(..n)?)?;
        self.at += n;
        Some(value)
    }

    /// A fraction of a second behind `separator`, in microseconds; 0 when there is none.
    fn fraction(&mut self, separators: &[u8]) -> Option<i64> {
        let Some(next) = self.peek().filter(|b| separators.contains(b)) else {
            return Some(0);
        };
        let mut ahead = Self::from(self.bytes, self.at + 1);
        let digits = ahead.skip_while(|b| b.is_ascii_digit());
        if digits == 0 {
            return if next == b'.' { None } else { Some(0) };
        }
        let all = self.bytes.get(self.at + 1..ahead.at)?;
        let kept = all.get(..digits.min(6))?;
        let scale = 10_i64.checked_pow(6 - u32::try_from(kept.len()).ok()?)?;
        self.at = ahead.at;
        Some(i64::from(decimal(kept)?) * scale)
    }

    /// `HH:MM:SS` with an optional fraction, in microseconds since midnight.
    pub(crate) fn time_of_day(&mut self, separators: &[u8]) -> Option<i64> {
        let hour = self.number(2, 2).filter(|h| *h < 24)?;
        let minute = self
            .eat(b':')
            .then(|| self.number(2, 2))
            .flatten()
            .filter(|m| *m < 60)?;
        // 60 is a leap second
        let second = self
            .eat(b':')
            .then(|| self.number(2, 2))
            .flatten()
            .filter(|s| *s <= 60)?;
        let whole = i64::from(hour * 3600 + minute * 60 + second) * SECOND;
        Some(whole + self.fraction(separators)?)
    }

    /// `YYYY-MM-DD`, a `T` or blank, and a time of day, in microseconds since 1970.
    pub(crate) fn date_time(&mut self, between: &[u8], separators: &[u8]) -> Option<i64> {
        let year = self.number(4, 4)?;
        let month = self.eat(b'-').then(|| self.number(2, 2)).flatten()?;
        let day = self.eat(b'-').then(|| self.number(2, 2)).flatten()?;
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        if !self.literal(between) {
            return None;
        }
        self.blanks();
        let time = self.time_of_day(separators)?;
        let midnight: NaiveDateTime = date.and_hms_opt(0, 0, 0)?;
        Some(midnight.and_utc().timestamp_micros() + time)
    }

    /// `YYYY-MM-DDTHH:MM:SS[.fff]` with `Z` or an offset.
    pub(crate) fn instant(&mut self) -> Option<RawTime> {
        let local = self.date_time(b"T", b".,")?;
        if self.eat(b'Z') {
            return Some(RawTime::Instant(local));
        }
        let sign = match self.peek()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.at += 1;
        let (hours, minutes) = match self.number(4, 4) {
            Some(both) => (both / 100, both % 100),
            None => (
                self.number(2, 2)?,
                self.eat(b':').then(|| self.number(2, 2)).flatten()?,
            ),
        };
        if hours > 18 || minutes > 59 {
            return None;
        }
        Some(RawTime::Instant(
            local - sign * i64::from(hours * 3600 + minutes * 60) * SECOND,
        ))
    }

    /// `Mon DD HH:MM:SS[.fff]`, the stamp of RFC 3164.
    pub(crate) fn bsd_stamp(&mut self) -> Option<RawTime> {
        let name = self.rest().get(..3)?;
        let month = MONTHS.iter().position(|m| m.as_bytes() == name)?;
        self.at += 3;
        if self.blanks() == 0 {
            return None;
        }
        let day = self.number(1, 2).filter(|d| (1..=31).contains(d))?;
        if self.blanks() == 0 {
            return None;
        }
        let micros = self.time_of_day(b".")?;
        Some(RawTime::Yearless {
            month: u8::try_from(month + 1).ok()?,
            day: u8::try_from(day).ok()?,
            micros,
        })
    }
}

/// Month names of the BSD stamp.
pub(crate) const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Value of decimal digits; `None` for none, others or too many.
pub(crate) fn decimal(digits: &[u8]) -> Option<u32> {
    let (first, rest) = digits.split_first()?;
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    rest.iter().try_fold(digit(first)?, |value, byte| {
        value.checked_mul(10)?.checked_add(digit(byte)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Option<i64> {
        match Cursor::new(text.as_bytes()).instant()? {
            RawTime::Instant(micros) => Some(micros),
            _ => None,
        }
    }

    #[test]
    fn reads_instants() {
        assert_eq!(
            instant("2020-08-12T14:57:43.353-05:00 x"),
            Some(1_597_262_263_353_000)
        );
        assert_eq!(instant("2020-08-12T19:57:43Z"), Some(1_597_262_263_000_000));
        assert_eq!(
            instant("2020-08-12T19:57:43.353000+0000"),
            Some(1_597_262_263_353_000)
        );
        for bad in [
            "2020-08-12T19:57:43",
            "2020-13-12T19:57:43Z",
            "2020-08-12 19:57:43Z",
            "x",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn reads_bsd_stamps() {
        let stamp = |text: &str| Cursor::new(text.as_bytes()).bsd_stamp();
        let micros = 40_965 * SECOND;
        assert_eq!(
            stamp("Mar 30 11:22:45 "),
            Some(RawTime::Yearless {
                month: 3,
                day: 30,
                micros
            })
        );
        assert_eq!(
            stamp("Jun  7 11:22:45.867 "),
            Some(RawTime::Yearless {
                month: 6,
                day: 7,
                micros: micros + 867_000
            })
        );
        for bad in [
            "Mar 32 11:22:45",
            "Mär 30 11:22:45",
            "Mar 30 24:22:45",
            "Mar30 11:22:45",
            "",
        ] {
            assert_eq!(stamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_blank_of_web_pages_is_a_blank() {
        assert_eq!(
            trim("\u{a0} x\u{a0}y \u{a0}\u{a0}".as_bytes()),
            "x\u{a0}y".as_bytes()
        );
        assert_eq!(find_space("é\u{a0}y z".as_bytes()), Some(2));
        assert_eq!(find_space("éÂ".as_bytes()), None);
        assert!(is_blank("\u{a0} \u{a0}".as_bytes()));
    }

    #[test]
    fn leads_are_skipped() {
        assert_eq!(lead(b"  > x"), 4);
        assert_eq!(lead(b"Line 190: x"), 10);
        assert_eq!(lead(b"Line up"), 0);
        assert_eq!(lead("\u{feff}x".as_bytes()), 3);
    }
}
