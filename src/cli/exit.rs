//! Exit codes.

use std::process::ExitCode;

use crate::model::report::{Coverage, ReadStatus, Report, Severity};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was read and nothing was found; or the command did what it was asked.
    Clean,
    /// Something was found.
    Found,
    /// Wrong usage, wrong rules, a path that does not exist, a report that cannot be written.
    Usage,
    /// Nothing was found, but not everything could be read.
    Incomplete,
    /// A step or a check of a fix failed.
    Failed,
    /// The person declined.
    Declined,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Found => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Failed => 4,
            Self::Declined => 5,
            Self::Interrupted => 130,
        }
    }

    /// The end of a diagnosis: open incidents at or above `fail_on` count (`None`: never), those
    /// that are cleared do not.
    pub(super) fn of_report(report: &Report, fail_on: Option<Severity>, interrupted: bool) -> Self {
        if interrupted {
            return Self::Interrupted;
        }
        let mut incidents = report
            .clusters
            .iter()
            .flat_map(|cluster| &cluster.diagnoses);
        if fail_on.is_some_and(|least| {
            incidents.any(|incident| !incident.cleared && incident.severity >= least)
        }) {
            return Self::Found;
        }
        let gap = report
            .coverage
            .iter()
            .any(|file| file.status != ReadStatus::Read);
        let recognised = report
            .coverage
            .iter()
            .any(|file| file.format != "unrecognised" && !is_empty_capture(file));
        if gap || !recognised {
            Self::Incomplete
        } else {
            Self::Clean
        }
    }
}

/// A capture without a packet shows nothing.
fn is_empty_capture(file: &Coverage) -> bool {
    file.format == "capture" && file.packets == 0
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report(incidents: &[(&str, bool)], files: &[(&str, &str)]) -> Report {
        let diagnoses: Vec<_> = incidents
            .iter()
            .map(|(severity, cleared)| {
                json!({"id": "i", "fault": "f", "role": "cause", "explained_by": [], "severity": severity, "confidence": "likely",
                    "title": "t", "summary": "s", "node": null, "peer": null, "flow": null, "bindings": {}, "first_seen": null,
                    "last_seen": null, "time_certainty": "unknown", "count": 1, "cleared": cleared, "cleared_at": null,
                    "evidence": [], "remedies": [], "references": []})
            })
            .collect();
        let coverage: Vec<_> = files
            .iter()
            .map(|(format, status)| {
                json!({"origin": "o", "format": format, "status": status, "bytes": 1, "lines": 1, "skipped": 0, "first": null,
                    "last": null, "notes": []})
            })
            .collect();
        serde_json::from_value(json!({"schema": "clusterdx.report/1", "tool": {"version": "0", "rules_digest": ""},
            "clusters": [{"name": "c", "product": "cms", "verdict": "faulty", "nodes": [], "facts": [], "diagnoses": diagnoses,
                "ruled_out": [], "not_checked": []}],
            "coverage": coverage, "omitted": {"diagnoses": 0, "nodes": 0, "coverage": 0}}))
        .unwrap()
    }

    #[test]
    fn the_table_of_exit_codes() {
        let read = [("cms.syslog", "read")];
        let some = Some(Severity::Warning);
        type Case<'a> = (
            &'a [(&'a str, bool)],
            &'a [(&'a str, &'a str)],
            Option<Severity>,
            bool,
            u8,
        );
        let cases: &[Case<'_>] = &[
            (&[], &read, some, false, 0),
            (&[("warning", false)], &read, some, false, 1),
            (&[("info", false)], &read, some, false, 0),
            (&[("info", false)], &read, Some(Severity::Info), false, 1),
            (
                &[("error", false)],
                &read,
                Some(Severity::Critical),
                false,
                0,
            ),
            (&[("critical", true)], &read, some, false, 0),
            (
                &[("critical", true), ("error", false)],
                &read,
                some,
                false,
                1,
            ),
            (&[("critical", false)], &read, None, false, 0),
            (&[], &[("cms.syslog", "partial")], some, false, 3),
            (
                &[],
                &[("cms.syslog", "read"), ("unrecognised", "unread")],
                some,
                false,
                3,
            ),
            (
                &[],
                &[("cms.syslog", "read"), ("unrecognised", "read")],
                some,
                false,
                0,
            ),
            (
                &[("error", false)],
                &[("cms.syslog", "partial")],
                some,
                false,
                1,
            ),
            (
                &[("error", false)],
                &[("cms.syslog", "partial")],
                None,
                false,
                3,
            ),
            (&[], &[("unrecognised", "read")], some, false, 3),
            (&[], &[], some, false, 3),
            (&[("error", false)], &read, some, true, 130),
            (&[], &read, some, true, 130),
        ];
        for (incidents, files, fail_on, interrupted, code) in cases {
            let exit = Exit::of_report(&report(incidents, files), *fail_on, *interrupted);
            assert_eq!(
                exit.code(),
                *code,
                "{incidents:?} {files:?} {fail_on:?} {interrupted}"
            );
        }
    }
}
