//! What a file adds to its records: its own name, and the time at which it was taken.
//!
//! A certificate is judged at the time of the evidence it came with, never by today's clock.

use std::collections::HashMap;

use chrono::DateTime;

use super::timeline::FileTimes;
use crate::catalog::fault::{FILE_NAME, Signal, Source, ValueType};
use crate::detect::matcher::name_fits;
use crate::model::hit::{FileSeen, Run, Values};
use crate::model::origin::MEMBER;
use crate::model::time::{SECOND, TimeCertainty};

/// Archives without times say 1970 or, in zip files, 1980.
const OLDEST: i64 = 946_684_800 * SECOND;

/// How far off `soon` is at most: a month.
const SOON: i64 = 30 * 24 * 3600 * SECOND;

/// Files with the times at which they were taken.
pub(super) struct Evidence<'f> {
    files: &'f [FileSeen],
    /// In microseconds since 1970, in the order of the files.
    taken: Vec<Option<i64>>,
}

impl<'f> Evidence<'f> {
    /// A file was taken when the latest dated record of its folder was written, else of its
    /// archive or argument, else of the whole input, else when its archive says it was changed.
    pub(super) fn new(files: &'f [FileSeen], times: &[FileTimes]) -> Self {
        let mut of_unit: HashMap<&str, i64> = HashMap::new();
        let mut of_top: HashMap<&str, i64> = HashMap::new();
        let mut of_all = None;
        let dated = files.iter().zip(times).filter_map(|(file, times)| {
            let known = times.last.certainty != TimeCertainty::Unknown;
            Some((file, times.last.micros.filter(|_| known)?))
        });
        for (file, last) in dated {
            for (map, key) in [(&mut of_unit, file.origin.unit()), (&mut of_top, top(file))] {
                let latest = map.entry(key).or_insert(last);
                *latest = last.max(*latest);
            }
            of_all = of_all.max(Some(last));
        }
        let taken = files.iter().map(|file| {
            let beside = of_unit.get(file.origin.unit()).or(of_top.get(top(file)));
            // on disk the stamp tells when the file was copied or unpacked: today, more often than not
            let packed = file.origin.as_str().contains(MEMBER);
            let changed = || {
                let micros = file.modified?.saturating_mul(SECOND);
                (packed && micros > OLDEST).then_some(micros)
            };
            beside.copied().or(of_all).or_else(changed)
        });
        Self {
            files,
            taken: taken.collect(),
        }
    }

    /// False when the file is not named as the signal asks, or when it wants a time to lie before (`past`) or after (`ahead`) the time of
    /// the evidence and it does not, or nobody can tell.
    pub(super) fn allows(&self, run: &Run, signal: &Signal) -> bool {
        let name = || {
            let file = self.files.get(run.file as usize);
            file.map_or("", |file| file.origin.file_name())
        };
        if !signal.file_name.is_empty() && !name_fits(&signal.file_name, name()) {
            return false;
        }
        let deadlines = signal.binds.iter().zip(run.values.iter());
        deadlines
            .filter(|(bind, _)| bind.kind == ValueType::Time)
            .all(|(bind, value)| {
                let taken = self.taken.get(run.file as usize).copied().flatten();
                let stated = value
                    .as_deref()
                    .and_then(|text| DateTime::parse_from_rfc3339(text).ok())
                    .map(|time| time.timestamp_micros());
                let (Some(taken), Some(stated)) = (taken, stated) else {
                    return !matches!(bind.name.as_str(), "past" | "ahead" | "soon");
                };
                match bind.name.as_str() {
                    "past" => stated < taken,
                    "ahead" => stated > taken,
                    "soon" => stated >= taken && stated - taken <= SOON,
                    _ => true,
                }
            })
    }

    /// The values of a run, the file's own name filled in where the signal asks for it.
    pub(super) fn values(&self, run: &Run, signal: &Signal) -> Values {
        let asks = |source: &Source| *source == Source::Field(FILE_NAME.to_owned());
        if !signal.binds.iter().any(|bind| asks(&bind.source)) {
            return run.values.clone();
        }
        let name = self
            .files
            .get(run.file as usize)
            .map(|file| file.origin.file_name());
        let filled = signal.binds.iter().zip(run.values.iter());
        filled
            .map(|(bind, value)| match asks(&bind.source) {
                true => name.map(Into::into),
                false => value.clone(),
            })
            .collect()
    }
}

/// Path of the argument a file came from.
fn top(file: &FileSeen) -> &str {
    let origin = file.origin.as_str();
    origin.split(MEMBER).next().unwrap_or(origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fault::Bind;
    use crate::model::hit::SignalId;
    use crate::model::origin::Origin;
    use crate::model::report::ReadStatus;
    use crate::model::time::EventTime;

    fn file(origin: &str, modified: Option<i64>) -> FileSeen {
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
            samples: Vec::new(),
            notes: Vec::new(),
            lost: Default::default(),
        }
    }

    fn times(seconds: Option<i64>) -> FileTimes {
        let at = seconds.map_or(EventTime::NONE, |seconds| EventTime {
            micros: Some(seconds * SECOND),
            certainty: TimeCertainty::YearAssumed,
        });
        FileTimes {
            first: at,
            last: at,
            by: Vec::new(),
        }
    }

    fn allowed(files: &[FileSeen], seen: &[FileTimes], name: &str, value: &str) -> bool {
        let bind = |name: &str, field: &str, kind| Bind {
            name: name.to_owned(),
            source: Source::Field(field.to_owned()),
            kind,
        };
        let signal = Signal {
            name: "certificate".to_owned(),
            format: 0,
            condition: Vec::new(),
            file_name: Vec::new(),
            binds: vec![
                bind(name, "not_after", ValueType::Time),
                bind("file", FILE_NAME, ValueType::Text),
            ],
            literals: Vec::new(),
        };
        let run = Run {
            file: 0,
            signal: SignalId(0),
            values: [Some(value.into()), None].into_iter().collect(),
            hits: Vec::new(),
            dropped: 0,
        };
        let evidence = Evidence::new(files, seen);
        assert_eq!(
            evidence.values(&run, &signal)[1].as_deref(),
            Some("server.crt")
        );
        evidence.allows(&run, &signal)
    }

    #[test]
    fn times_are_held_against_the_latest_record_beside_them() {
        const EXPIRY: &str = "2017-02-01T00:00:00Z";
        let at = 1_485_907_200;
        let files = [
            file("a/server.crt", None),
            file("a/log", None),
            file("b/log", None),
        ];
        let seen = |a, b| [times(None), times(a), times(b)];
        assert!(allowed(&files, &seen(Some(at + 1), None), "past", EXPIRY));
        assert!(!allowed(
            &files,
            &seen(Some(at), Some(at + 9)),
            "past",
            EXPIRY
        ));
        assert!(allowed(&files, &seen(Some(at - 1), None), "ahead", EXPIRY));
        assert!(allowed(&files, &seen(Some(at - 9), None), "soon", EXPIRY));
        assert!(!allowed(&files, &seen(Some(at + 1), None), "soon", EXPIRY));
        let month = 30 * 24 * 3600;
        assert!(allowed(
            &files,
            &seen(Some(at - month), None),
            "soon",
            EXPIRY
        ));
        assert!(!allowed(
            &files,
            &seen(Some(at - month - 1), None),
            "soon",
            EXPIRY
        ));
        assert!(allowed(&files, &seen(None, Some(at + 9)), "past", EXPIRY));
        assert!(!allowed(&files, &seen(None, None), "past", EXPIRY));
        assert!(!allowed(&files, &seen(None, None), "ahead", EXPIRY));
        assert!(!allowed(&files, &seen(None, None), "soon", EXPIRY));
        assert!(!allowed(&files, &seen(Some(at + 1), None), "past", "soon"));
        assert!(allowed(&files, &seen(None, None), "since", EXPIRY));
    }

    #[test]
    fn without_dated_records_an_archive_tells_the_age_of_a_file_and_a_disk_does_not() {
        let seen = [times(None)];
        let copied = [file("server.crt", Some(1_480_000_000))];
        assert!(!allowed(&copied, &seen, "past", "2016-02-01T00:00:00Z"));
        let old = [file("a.zip!/server.crt", Some(1_480_000_000))];
        assert!(!allowed(&old, &seen, "past", "2017-02-01T00:00:00Z"));
        assert!(allowed(&old, &seen, "past", "2016-02-01T00:00:00Z"));
        let undated = [file("a.zip!/server.crt", Some(315_532_800))];
        assert!(!allowed(&undated, &seen, "past", "1970-02-01T00:00:00Z"));
    }
}
