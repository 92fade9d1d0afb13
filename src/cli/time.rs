//! Times and zones as users write them.

use chrono::{
    DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Utc,
};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::failure::{Trouble, did_you_mean};
use super::near::near;

/// A zone by its name, whatever its case, or by a whole number of hours such as `+09:00`.
pub(super) fn zone(text: &str) -> Result<Tz, Trouble> {
    if text.eq_ignore_ascii_case("z") {
        return Ok(Tz::UTC);
    }
    if let Some(zone) = TZ_VARIANTS
        .iter()
        .find(|zone| zone.name().eq_ignore_ascii_case(text))
    {
        return Ok(*zone);
    }
    if let Some(zone) = whole_hours(text) {
        return Ok(zone);
    }
    let trouble = Trouble::new(format!("there is no time zone '{text}'"));
    let mut names = near(text, TZ_VARIANTS.iter().map(|zone| zone.name()));
    if names.is_empty() {
        names = near(
            text,
            TZ_VARIANTS
                .iter()
                .filter_map(|zone| zone.name().rsplit('/').next()),
        );
        names = TZ_VARIANTS
            .iter()
            .map(|zone| zone.name())
            .filter(|name| names.iter().any(|near| name.ends_with(near.as_str())))
            .take(3)
            .map(str::to_owned)
            .collect();
    }
    Err(if names.is_empty() {
        trouble.help(
            "give a name such as UTC, Asia/Seoul or America/Sao_Paulo, or an offset such as +09:00",
        )
    } else {
        trouble.help(did_you_mean(&names))
    })
}

/// `+9`, `+09`, `+0900` and `+09:00` are the zone that POSIX calls `Etc/GMT-9`.
fn whole_hours(text: &str) -> Option<Tz> {
    let (sign, digits) = if let Some(east) = text.strip_prefix('+') {
        ('-', east)
    } else {
        ('+', text.strip_prefix('-')?)
    };
    let digits = digits
        .strip_suffix(":00")
        .or_else(|| digits.strip_suffix("00").filter(|rest| rest.len() == 2))
        .unwrap_or(digits);
    if digits.is_empty() || digits.len() > 2 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match digits.parse::<u8>().ok()? {
        0 => Some(Tz::UTC),
        hours => format!("Etc/GMT{sign}{hours}").parse().ok(),
    }
}

/// Which of two moments a wall clock time means that occurs twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The earlier one: the time begins a range.
    Begin,
    /// The later one: the time ends a range.
    End,
}

/// A time as microseconds since 1970 in UTC: RFC 3339, or `YYYY-MM-DD[ HH:MM[:SS]]` on the wall
/// clock of `zone`.
pub(super) fn moment(option: &str, text: &str, zone: Tz, side: Side) -> Result<i64, Trouble> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_micros());
    }
    let Some(wall) = wall_clock(text) else {
        return Err(Trouble::new(format!("'{text}' is not a time for '{option}'"))
            .help("write 2017-03-30T11:22:45Z, 2017-03-30T11:22:45+09:00, 2017-03-30 11:22:45, 2017-03-30 11:22 or 2017-03-30"));
    };
    Ok(resolve(wall, zone, side).timestamp_micros())
}

fn wall_clock(text: &str) -> Option<NaiveDateTime> {
    let formats = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ];
    let time = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    time.or_else(|| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .map(|day| day.and_time(NaiveTime::MIN))
    })
}

fn resolve(wall: NaiveDateTime, zone: Tz, side: Side) -> DateTime<Utc> {
    let pick = |wall: &NaiveDateTime| match zone.from_local_datetime(wall) {
        LocalResult::Single(time) => Some(time.to_utc()),
        LocalResult::Ambiguous(first, second) => {
            Some(if side == Side::Begin { first } else { second }.to_utc())
        }
        LocalResult::None => None,
    };
    // a time that the clocks skip is the moment at which they were put forward by that hour;
    // a zone that skips a whole day is taken as UTC
    pick(&wall)
        .or_else(|| {
            wall.checked_add_signed(Duration::hours(1))
                .and_then(|later| pick(&later))
        })
        .unwrap_or_else(|| wall.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, zone: Tz, side: Side) -> String {
        let micros = moment("--since", text, zone, side).unwrap();
        crate::model::time::rfc3339(micros).unwrap()
    }

    #[test]
    fn all_written_forms() {
        let seoul = zone("asia/seoul").unwrap();
        for (text, expected) in [
            ("2017-03-30T11:22:45Z", "2017-03-30T11:22:45Z"),
            ("2017-03-30T11:22:45.5+09:00", "2017-03-30T02:22:45.500Z"),
            ("2017-03-30 11:22:45", "2017-03-30T02:22:45Z"),
            ("2017-03-30T11:22", "2017-03-30T02:22:00Z"),
            ("2017-03-30 11:22", "2017-03-30T02:22:00Z"),
            ("2017-03-30", "2017-03-29T15:00:00Z"),
        ] {
            assert_eq!(at(text, seoul, Side::Begin), expected, "{text}");
        }
        for wrong in [
            "",
            "yesterday",
            "2017-13-01",
            "2017-03-30 25:00",
            "30.03.2017",
            "2017-03-30 11",
        ] {
            assert!(
                moment("--since", wrong, seoul, Side::Begin).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn hours_that_occur_twice_or_never() {
        let berlin = zone("Europe/Berlin").unwrap();
        assert_eq!(
            at("2020-10-25 02:30", berlin, Side::Begin),
            "2020-10-25T00:30:00Z"
        );
        assert_eq!(
            at("2020-10-25 02:30", berlin, Side::End),
            "2020-10-25T01:30:00Z"
        );
        assert_eq!(
            at("2020-03-29 02:30", berlin, Side::Begin),
            "2020-03-29T01:30:00Z"
        );
    }

    #[test]
    fn zones_by_name_and_offset() {
        assert_eq!(zone("utc").unwrap(), Tz::UTC);
        assert_eq!(zone("Z").unwrap(), Tz::UTC);
        for text in ["+9", "+09", "+0900", "+09:00"] {
            assert_eq!(
                at("2017-03-30 09:00", zone(text).unwrap(), Side::Begin),
                "2017-03-30T00:00:00Z",
                "{text}"
            );
        }
        assert_eq!(
            at("2017-03-30", zone("-03:00").unwrap(), Side::Begin),
            "2017-03-30T03:00:00Z"
        );
        for wrong in ["+05:30", "+99", "+", "Mars/Base", ""] {
            assert!(zone(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            zone("Asia/Soul").unwrap_err().help,
            ["did you mean 'Asia/Seoul'?"]
        );
        assert_eq!(
            zone("Seoul").unwrap_err().help,
            ["did you mean 'Asia/Seoul'?"]
        );
    }
}
