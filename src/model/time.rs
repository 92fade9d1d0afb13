//! Times as records state them, and times as the timeline holds them.
//!
//! A record's time is never completed silently: a missing zone or year is filled in by
//! `detect::resolve` and the result says so in [`TimeCertainty`].

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;

/// Microseconds of a millisecond.
pub const MILLISECOND: i64 = 1_000;

/// A time exactly as a record carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RawTime {
    /// Date, time and zone are all there: microseconds since 1970 in UTC.
    Instant(i64),
    /// Date and time without a zone: microseconds since 1970 of the node's own wall clock.
    Local(i64),
    /// Month, day and time of the node's wall clock, without year or zone (RFC 3164).
    Yearless {
        /// 1 to 12.
        month: u8,
        /// 1 to 31.
        day: u8,
        /// Microseconds since midnight.
        micros: i64,
    },
    /// The record carries no time, as a status block.
    #[default]
    None,
}

/// How sure an [`EventTime`] is; ordered from best to worst.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TimeCertainty {
    /// The record states date, time and zone.
    Exact,
    /// The zone was not stated; UTC or `--timezone` was taken.
    ZoneAssumed,
    /// The year was not stated; it was taken from other members, file times or `--year`.
    YearAssumed,
    /// Nothing dates the record.
    Unknown,
}

/// A record's place on the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventTime {
    /// Microseconds since 1970 in UTC. With [`TimeCertainty::Unknown`] it orders records of one
    /// file among each other but means no date; `None` when the record has no time at all.
    pub micros: Option<i64>,
    /// How sure it is.
    pub certainty: TimeCertainty,
}

impl EventTime {
    /// No time at all.
    pub const NONE: Self = Self {
        micros: None,
        certainty: TimeCertainty::Unknown,
    };

    /// The time as RFC 3339 in UTC, or `None` when it is not known.
    pub fn rfc3339(&self) -> Option<String> {
        if self.certainty == TimeCertainty::Unknown {
            None
        } else {
            self.micros.and_then(rfc3339)
        }
    }
}

/// Microseconds since 1970 as RFC 3339 in UTC; whole seconds without a fraction.
pub fn rfc3339(micros: i64) -> Option<String> {
    let time = DateTime::<Utc>::from_timestamp_micros(micros)?;
    let format = if micros % SECOND == 0 {
        SecondsFormat::Secs
    } else if micros % 1000 == 0 {
        SecondsFormat::Millis
    } else {
        SecondsFormat::Micros
    };
    Some(time.to_rfc3339_opts(format, true))
}

/// The microseconds since 1970 of an RFC 3339 time.
pub fn micros(rfc3339: &str) -> Option<i64> {
    let time = DateTime::parse_from_rfc3339(rfc3339).ok()?;
    Some(time.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_shortest_exact_form() {
        assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(
            rfc3339(1_597_262_263_353_000).as_deref(),
            Some("2020-08-12T19:57:43.353Z")
        );
        assert_eq!(rfc3339(1).as_deref(), Some("1970-01-01T00:00:00.000001Z"));
        assert_eq!(rfc3339(i64::MAX), None);
        assert_eq!(
            micros("2020-08-12T19:57:43.353Z"),
            Some(1_597_262_263_353_000)
        );
        assert_eq!(micros("yesterday"), None);
    }

    #[test]
    fn an_unknown_time_is_not_printed() {
        assert_eq!(
            EventTime {
                micros: Some(5),
                certainty: TimeCertainty::Unknown
            }
            .rfc3339(),
            None
        );
    }
}
