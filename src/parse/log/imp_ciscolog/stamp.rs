//! The times that alarms state: of the collector without a year, of CiscoLog with one and a zone.

use chrono::{NaiveDate, NaiveDateTime};

use crate::model::time::{RawTime, SECOND};
use crate::parse::scan::{Cursor, MONTHS};

/// How far before an alarm its stamp may begin.
const STAMP_REACH: usize = 96;

/// The last `Mon DD YYYY HH:MM:SS[.mmm] [AM|PM] [ZONE]` that only a colon follows, and where it begins.
pub(super) fn inner_stamp(before: &[u8]) -> Option<(RawTime, usize)> {
    let reach = before.len().saturating_sub(STAMP_REACH);
    let months = (reach..before.len().saturating_sub(2)).rev().filter(|at| {
        let here = before.get(*at..at + 3).unwrap_or_default();
        MONTHS.iter().any(|month| month.as_bytes() == here)
    });
    months
        .take(4)
        .find_map(|at| Some((year_stamp(&mut Cursor::from(before, at))?, at)))
}

/// Reads `May 21 2021 13:10:24.476 UTC : ` to its end.
fn year_stamp(cursor: &mut Cursor<'_>) -> Option<RawTime> {
    let name = cursor.rest().get(..3)?;
    let month = MONTHS.iter().position(|month| month.as_bytes() == name)?;
    cursor.at += 3;
    cursor.blanks();
    let day = cursor.number(1, 2)?;
    cursor.blanks();
    let year = cursor.number(4, 4)?;
    cursor.blanks();
    let mut micros = cursor.time_of_day(b".,")?;
    cursor.blanks();
    const NOON: i64 = 12 * 3600 * SECOND;
    if cursor.literal(b"PM") {
        micros += if micros < NOON { NOON } else { 0 };
    } else if cursor.literal(b"AM") && micros >= NOON {
        micros -= NOON;
    }
    let local = at_date(i32::try_from(year).ok()?, month + 1, day)? + micros;
    cursor.blanks();
    let time = zone(cursor, local);
    while cursor.blanks() > 0 || cursor.eat(b':') {}
    cursor.rest().is_empty().then_some(time)
}

/// Midnight of a day in microseconds since 1970.
fn at_date(year: i32, month: usize, day: u32) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, day)?;
    let midnight: NaiveDateTime = date.and_hms_opt(0, 0, 0)?;
    Some(midnight.and_utc().timestamp_micros())
}

/// A wall clock with the zone behind it, where one says how far it is ahead.
fn zone(cursor: &mut Cursor<'_>, local: i64) -> RawTime {
    let sign = match cursor.peek() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => {
            let rest = cursor.rest();
            let len = cursor.skip_while(|b| b.is_ascii_alphabetic());
            return match rest.get(..len) {
                Some(b"UTC" | b"GMT" | b"Z") => RawTime::Instant(local),
                _ => RawTime::Local(local),
            };
        }
    };
    cursor.at += 1;
    let parts = match cursor.number(4, 4) {
        Some(both) => Some((both / 100, both % 100)),
        None => cursor.number(2, 2).map(|hours| {
            let minutes = cursor.eat(b':').then(|| cursor.number(2, 2)).flatten();
            (hours, minutes.unwrap_or(0))
        }),
    };
    match parts {
        Some((hours, minutes)) if hours <= 18 && minutes < 60 => {
            let ahead = sign * i64::from(hours * 3600 + minutes * 60) * SECOND;
            RawTime::Instant(local - ahead)
        }
        _ => RawTime::Local(local),
    }
}

/// Seconds by which a wall clock without a year is ahead of an instant, in quarters of an hour;
/// `None` where no zone on earth is.
pub(super) fn ahead_of_utc(outer: RawTime, inner: i64) -> Option<i64> {
    const DAY: i64 = 86_400;
    const QUARTER: i64 = 900;
    let RawTime::Yearless { month, day, micros } = outer else {
        return None;
    };
    let date = chrono::DateTime::from_timestamp_micros(inner)?;
    let year = chrono::Datelike::year(&date);
    let differences = (year - 1..=year + 1).filter_map(|year| {
        let wall = at_date(year, usize::from(month), u32::from(day))? + micros;
        Some((wall - inner) / SECOND)
    });
    let ahead = differences.min_by_key(|seconds| seconds.abs())?;
    let quarters = (ahead + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    // a record is written within minutes
    let near = (ahead - quarters).abs() <= 300;
    (near && (-DAY / 2..=14 * 3600).contains(&quarters)).then_some(quarters)
}

/// `+02:00`
pub(super) fn offset(ahead: i64) -> String {
    let sign = if ahead < 0 { '-' } else { '+' };
    let minutes = ahead.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `Fri May 21 08:11:00 CDT 2021`
pub(super) fn ctime(stamp: &[u8]) -> Option<RawTime> {
    let mut cursor = Cursor::new(stamp);
    cursor.word();
    cursor.blanks();
    let RawTime::Yearless { month, day, micros } = cursor.bsd_stamp()? else {
        return None;
    };
    cursor.blanks();
    let zone = cursor.word();
    cursor.blanks();
    let year = i32::try_from(cursor.number(4, 4)?).ok()?;
    let local = at_date(year, usize::from(month), u32::from(day))? + micros;
    Some(match zone {
        b"UTC" | b"GMT" => RawTime::Instant(local),
        _ => RawTime::Local(local),
    })
}
