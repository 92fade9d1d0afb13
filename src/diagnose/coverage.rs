//! What was read, how far, and what a reader should know about it.

use super::Case;
use crate::model::report::Coverage;
use crate::model::time::TimeCertainty;

/// One entry per file.
pub(super) fn coverage(case: &Case<'_>) -> Vec<Coverage> {
    let mut entries: Vec<Coverage> = case
        .files
        .iter()
        .enumerate()
        .map(|(at, file)| {
            let times = case.timeline.files.get(at);
            let mut notes = file.notes.clone();
            match times
                .map(|times| times.first)
                .filter(|first| first.micros.is_some())
                .map(|first| first.certainty)
            {
                Some(TimeCertainty::YearAssumed) => notes.push(case.word("note_year_assumed", &[])),
                Some(TimeCertainty::ZoneAssumed) => notes.push(case.word("note_zone_assumed", &[])),
                Some(TimeCertainty::Unknown) => notes.push(case.word("note_no_year", &[])),
                Some(TimeCertainty::Exact) | None => {}
            }
            Coverage {
                origin: file.origin.to_string(),
                format: if file.parsers.is_empty() {
                    "unrecognised".to_owned()
                } else {
                    file.parsers.join("+")
                },
                status: file.status,
                bytes: file.bytes,
                lines: file.lines,
                skipped: file.skipped,
                first: times.and_then(|times| times.first.rfc3339()),
                last: times.and_then(|times| times.last.rfc3339()),
                notes,
            }
        })
        .collect();
    if case.hits_dropped > 0
        && let Some(first) = entries
            .iter_mut()
            .find(|entry| entry.format != "unrecognised")
    {
        first.notes.push(case.word(
            "note_hits_dropped",
            &[("count", &case.hits_dropped.to_string())],
        ));
    }
    entries
}
