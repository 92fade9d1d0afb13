//! What was read, how far, and what a reader should know about it.

use super::Case;
use crate::model::hit::Lost;
use crate::model::report::{Coverage, ReadStatus};
use crate::model::time::TimeCertainty;

/// Names of writers that an entry tells.
const WRITERS: usize = 16;

/// One entry per file.
pub(super) fn coverage(case: &Case<'_>) -> Vec<Coverage> {
    case.files
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
                Some(TimeCertainty::YearAssumed) => {
                    notes.push(case.word("judge.note_year_assumed", &[]));
                }
                Some(TimeCertainty::ZoneAssumed) => {
                    notes.push(case.word("judge.note_zone_assumed", &[]));
                }
                Some(TimeCertainty::Unknown) => notes.push(case.word("judge.note_no_year", &[])),
                Some(TimeCertainty::Exact) | None => {}
            }
            notes.extend(lost(case, &file.lost));
            let status = match file.status {
                ReadStatus::Read if file.lost.matters() => ReadStatus::Partial,
                status => status,
            };
            Coverage {
                origin: file.origin.to_string(),
                format: if file.parsers.is_empty() {
                    "unrecognised".to_owned()
                } else {
                    file.parsers.join("+")
                },
                status,
                bytes: file.bytes,
                lines: file.lines,
                packets: file.packets,
                skipped: file.skipped,
                first: times.and_then(|times| times.first.rfc3339()),
                last: times.and_then(|times| times.last.rfc3339()),
                nodes: times.map_or_else(Vec::new, |times| writers(case, &times.by)),
                notes,
            }
        })
        .collect()
}

/// The names of the nodes that write in a file, the first of them.
fn writers(case: &Case<'_>, by: &[usize]) -> Vec<String> {
    let names = by.iter().filter_map(|at| case.label(Some(*at)));
    let mut names: Vec<String> = names.take(WRITERS).collect();
    names.sort_unstable();
    names
}

/// What the memory budget took, as notes. A file of which more than text was taken counts as read
/// in part: what is missing may be the one record that decides.
fn lost<'n>(case: &'n Case<'_>, lost: &Lost) -> impl Iterator<Item = String> + 'n {
    let told = [
        (lost.records, "judge.note_records_lost"),
        (lost.answers, "judge.note_answers_lost"),
        (lost.texts, "judge.note_texts_lost"),
    ];
    let told = told.into_iter().filter(|(count, _)| *count > 0);
    told.map(|(count, key)| case.word(key, &[("count", &count.to_string())]))
}
