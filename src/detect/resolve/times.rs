//! Raw times to instants: zones and years are filled in here, and nowhere else.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::zones::Zone;
use crate::model::hit::{FileSeen, Sample};
use crate::model::time::{EventTime, RawTime, SECOND, TimeCertainty};

/// What the user says about times.
#[derive(Clone, Copy, Debug)]
pub struct TimeHints {
    /// Year of records without one.
    pub year: Option<i32>,
    /// Zone of records without one.
    pub zone: Tz,
    /// The user named the zone.
    pub zone_given: bool,
}

/// What a year is guessed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Anchor {
    /// The year itself.
    Year(i32),
    /// Dated records of the same input lie here: the nearest year is taken.
    Span(i64, i64),
    /// The file was complete at this time: the last year that lies before it is taken.
    Until(i64),
    /// Nothing tells.
    Nothing,
}

/// Year that orders undated records; a leap year, so that every day exists.
const NO_YEAR: i32 = 1972;
/// A file may be stamped a little before its last record, by another clock.
const SLACK: i64 = 86_400 * SECOND;
/// Archives without times say 1970 or, in zip files, 1980.
const OLDEST: i64 = 946_684_800;

/// The clock of every file.
#[derive(Clone, Debug)]
pub(super) struct Clocks {
    hints: TimeHints,
    anchors: Vec<Anchor>,
    /// Zones that the input tells, by file.
    zones: Vec<Option<Zone>>,
}

impl Clocks {
    /// Chooses an anchor for every file: `--year`, else dated records of the same bundle, else
    /// dated records of any bundle, else the time the file was last changed.
    pub(super) fn new(files: &[FileSeen], hints: TimeHints, zones: Vec<Option<Zone>>) -> Self {
        let mut of_unit: HashMap<&str, (i64, i64)> = HashMap::new();
        let mut of_bundle: HashMap<&str, (i64, i64)> = HashMap::new();
        let mut of_all: Option<(i64, i64)> = None;
        for file in files {
            let Some(span) = dated_span(&file.samples, &hints) else {
                continue;
            };
            let join = |known: (i64, i64)| (known.0.min(span.0), known.1.max(span.1));
            let bundle = top(file.origin.as_str());
            for (map, key) in [(&mut of_unit, file.origin.unit()), (&mut of_bundle, bundle)] {
                let known = map.entry(key).or_insert(span);
                *known = join(*known);
            }
            of_all = Some(of_all.map_or(span, join));
        }
        let anchors = files.iter().map(|file| {
            if let Some(year) = hints.year {
                return Anchor::Year(year);
            }
            let bundle = top(file.origin.as_str());
            let near = of_unit
                .get(file.origin.unit())
                .or(of_bundle.get(bundle))
                .copied()
                .or(of_all);
            match (near, file.modified.filter(|at| *at > OLDEST)) {
                (Some((first, last)), _) => Anchor::Span(first, last),
                (None, Some(at)) => Anchor::Until(at.saturating_mul(SECOND)),
                (None, None) => Anchor::Nothing,
            }
        });
        Self {
            hints,
            anchors: anchors.collect(),
            zones,
        }
    }

    /// The instant of a record's time in a file.
    pub(super) fn at(&self, file: usize, raw: RawTime) -> EventTime {
        match raw {
            RawTime::None => EventTime::NONE,
            RawTime::Instant(micros) => EventTime {
                micros: Some(micros),
                certainty: TimeCertainty::Exact,
            },
            RawTime::Local(wall) => self.local(file, wall),
            RawTime::Yearless { month, day, micros } => self.yearless(file, month, day, micros),
        }
    }

    /// In the zone that the user named, else in that which the input tells, else in UTC.
    fn local(&self, file: usize, wall: i64) -> EventTime {
        let zone = self.zones.get(file).and_then(Option::as_ref);
        let told = zone.and_then(|zone| Some((zone.ahead(wall)?, zone.own)));
        let (micros, known) = match told.filter(|_| !self.hints.zone_given) {
            Some((ahead, own)) => (wall.saturating_sub(ahead), own),
            None => (self.instant(wall), self.hints.zone_given),
        };
        EventTime {
            micros: Some(micros),
            certainty: if known {
                TimeCertainty::Exact
            } else {
                TimeCertainty::ZoneAssumed
            },
        }
    }

    fn instant(&self, wall: i64) -> i64 {
        in_zone(wall, self.hints.zone)
    }

    fn yearless(&self, file: usize, month: u8, day: u8, micros: i64) -> EventTime {
        let year = |year: i32| wall(year, month, day, micros).map(|wall| self.instant(wall));
        let around = |at: i64| {
            let middle = DateTime::from_timestamp_micros(at).map_or(NO_YEAR, |t| t.year());
            // a 29th of February exists within eight years of any date
            (middle.saturating_sub(8)..=middle.saturating_add(8)).filter_map(year)
        };
        let found = match self.anchors.get(file).copied().unwrap_or(Anchor::Nothing) {
            Anchor::Year(y) => year(y),
            Anchor::Span(first, last) => around(last).min_by_key(|at| {
                (first.saturating_sub(*at))
                    .max(at.saturating_sub(last))
                    .max(0)
            }),
            Anchor::Until(end) => around(end)
                .filter(|at| *at <= end.saturating_add(SLACK))
                .max(),
            Anchor::Nothing => None,
        };
        match found {
            Some(at) => EventTime {
                micros: Some(at),
                certainty: TimeCertainty::YearAssumed,
            },
            None => EventTime {
                micros: year(NO_YEAR),
                certainty: TimeCertainty::Unknown,
            },
        }
    }
}

/// Path of the argument a file came from.
fn top(origin: &str) -> &str {
    origin
        .split(crate::model::origin::MEMBER)
        .next()
        .unwrap_or(origin)
}

fn dated_span(samples: &[Sample], hints: &TimeHints) -> Option<(i64, i64)> {
    let dated = samples.iter().filter_map(|sample| match sample.time {
        RawTime::Instant(at) => Some(at),
        RawTime::Local(wall) => Some(in_zone(wall, hints.zone)),
        RawTime::Yearless { .. } | RawTime::None => None,
    });
    dated
        .map(|at| (at, at))
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

fn wall(year: i32, month: u8, day: u8, micros: i64) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(year, u32::from(month), u32::from(day))?;
    let midnight = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros();
    midnight.checked_add(micros)
}

/// A wall clock reading in UTC; of a repeated hour the first, of a skipped one the hour after.
fn in_zone(wall: i64, zone: Tz) -> i64 {
    if zone == Tz::UTC {
        return wall;
    }
    let Some(naive) = DateTime::from_timestamp_micros(wall).map(|t| t.naive_utc()) else {
        return wall;
    };
    let resolve = |naive: NaiveDateTime| {
        zone.from_local_datetime(&naive)
            .earliest()
            .map(|t| t.timestamp_micros())
    };
    resolve(naive)
        .or_else(|| resolve(naive + chrono::Duration::hours(1)))
        .unwrap_or(wall)
}

/// Reads an RFC 3339 time or a wall clock time in a zone: microseconds since 1970.
pub fn parse_time(text: &str, zone: Tz) -> Option<i64> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let naive = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M",
    ]
    .iter()
    .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    .or_else(|| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()?
            .and_hms_opt(0, 0, 0)
    })?;
    Some(in_zone(naive.and_utc().timestamp_micros(), zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::Origin;
    use crate::model::report::ReadStatus;

    fn file(origin: &str, modified: Option<i64>, samples: &[RawTime]) -> FileSeen {
        let samples = samples
            .iter()
            .map(|time| Sample {
                parser: "cms.syslog",
                time: *time,
                line: 1,
                host: None,
            })
            .collect();
        FileSeen {
            origin: Origin::top(origin),
            parsers: Vec::new(),
            status: ReadStatus::Read,
            bytes: 0,
            lines: 0,
            packets: 0,
            round_trips: Vec::new(),
            skipped: 0,
            modified,
            samples,
            notes: Vec::new(),
            lost: Default::default(),
        }
    }

    const HINTS: TimeHints = TimeHints {
        year: None,
        zone: Tz::UTC,
        zone_given: false,
    };
    const MAR30: RawTime = RawTime::Yearless {
        month: 3,
        day: 30,
        micros: 3600 * SECOND,
    };

    fn at(files: &[FileSeen], hints: TimeHints, raw: RawTime) -> (Option<String>, TimeCertainty) {
        let time = Clocks::new(files, hints, Vec::new()).at(0, raw);
        (time.rfc3339(), time.certainty)
    }

    fn micros(text: &str) -> i64 {
        parse_time(text, Tz::UTC).unwrap()
    }

    #[test]
    fn the_year_comes_from_the_best_hint() {
        let dated = file(
            "a.zip!/other",
            None,
            &[RawTime::Instant(micros("2017-03-01T00:00:00Z"))],
        );
        let changed = Some(micros("2019-03-29 12:00") / SECOND);
        let plain = file("a.zip!/log", changed, &[MAR30]);
        assert_eq!(
            at(&[plain.clone(), dated.clone()], HINTS, MAR30)
                .0
                .as_deref(),
            Some("2017-03-30T01:00:00Z")
        );
        assert_eq!(
            at(
                &[plain.clone(), dated],
                TimeHints {
                    year: Some(2001),
                    ..HINTS
                },
                MAR30
            )
            .0
            .as_deref(),
            Some("2001-03-30T01:00:00Z")
        );
        // the file's own time allows a day of slack
        assert_eq!(
            at(std::slice::from_ref(&plain), HINTS, MAR30),
            (
                Some("2019-03-30T01:00:00Z".into()),
                TimeCertainty::YearAssumed
            )
        );
        let early = file("x", Some(micros("2019-01-02") / SECOND), &[]);
        assert_eq!(
            at(
                &[early],
                HINTS,
                RawTime::Yearless {
                    month: 12,
                    day: 31,
                    micros: 0
                }
            )
            .0
            .as_deref(),
            Some("2018-12-31T00:00:00Z")
        );
        assert_eq!(
            at(&[file("x", Some(0), &[])], HINTS, MAR30),
            (None, TimeCertainty::Unknown)
        );
    }

    #[test]
    fn leap_days_find_a_leap_year() {
        let f = file("x", Some(micros("2019-06-01") / SECOND), &[]);
        assert_eq!(
            at(
                &[f],
                HINTS,
                RawTime::Yearless {
                    month: 2,
                    day: 29,
                    micros: 0
                }
            )
            .0
            .as_deref(),
            Some("2016-02-29T00:00:00Z")
        );
    }

    #[test]
    fn zones_are_applied_and_gaps_survive() {
        let seoul = TimeHints {
            year: Some(2020),
            zone: Tz::Asia__Seoul,
            zone_given: true,
        };
        assert_eq!(
            at(&[file("x", None, &[])], seoul, MAR30).0.as_deref(),
            Some("2020-03-29T16:00:00Z")
        );
        let gap = micros("2021-03-28T02:30:00Z");
        assert_eq!(
            in_zone(gap, Tz::Europe__Berlin),
            micros("2021-03-28T01:30:00Z")
        );
    }
}
