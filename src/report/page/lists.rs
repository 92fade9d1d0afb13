//! The shorter parts: what to collect, what is ruled out, states, facts, and what was read.

use super::build::Source;
use super::{Block, Line, Mark, Section, Table};
use crate::locale::grouped;
use crate::model::report::{Cluster, Coverage, NodeState, NotChecked, ReadStatus, Severity};
use crate::report::reading::{Totals, UNRECOGNISED, YEAR, gaps, recognised, status};
use crate::report::{time, words};

/// Unrecognised files named.
const NAMES: usize = 8;

/// What could not be decided, and what would decide it.
pub(super) fn not_checked(source: &Source<'_>, list: &[NotChecked]) -> Option<Section> {
    let merged = words::undecided(list);
    let mut blocks = Vec::new();
    for (faults, wishes) in merged.iter().take(source.limits.short) {
        let names = faults
            .iter()
            .take(source.limits.short)
            .map(|fault| Line::default().and_strong(words::undecided_name(source.look, fault)));
        blocks.push(Block::Text(Line::joined(names, "; ")));
        let wish = |(collect, because): &(&str, &str)| match *collect {
            "" => Line::words(*because),
            collect => Line::code(collect).and(format!(": {because}")),
        };
        let left = wishes.len().saturating_sub(source.limits.short);
        let wishes = wishes.iter().take(source.limits.short).map(wish);
        blocks.push(Block::List(wishes.chain(source.more(left)).collect()));
    }
    let left = merged.len().saturating_sub(source.limits.short);
    blocks.extend(source.more(left).map(Block::Text));
    (!blocks.is_empty()).then(|| Section::new(source.word("section.not_checked"), blocks))
}

/// What the evidence excludes.
pub(super) fn ruled_out(source: &Source<'_>, cluster: &Cluster) -> Option<Section> {
    let list = &cluster.ruled_out;
    let line = |one: &crate::model::report::RuledOut| {
        Line::default()
            .and_strong(words::fault(source.look, &one.fault))
            .and(format!(": {}", one.because))
    };
    let left = list.len().saturating_sub(source.limits.short);
    let lines = list.iter().take(source.limits.short).map(line);
    let lines: Vec<Line> = lines.chain(source.more(left)).collect();
    (!lines.is_empty())
        .then(|| Section::new(source.word("section.ruled_out"), vec![Block::List(lines)]))
}

/// What state nodes were in, as one story.
pub(super) fn states(source: &Source<'_>, cluster: &Cluster) -> Option<Section> {
    let mut states: Vec<&NodeState> = cluster.states.iter().collect();
    // what has no time was seen last; a whole second comes before its fractions
    states.sort_by_key(|state| {
        let at = state.at.as_deref().map(|at| at.trim_end_matches('Z'));
        (at.is_none(), at)
    });
    let first = states.first().map(|state| &state.name);
    let kinds = states.iter().any(|state| Some(&state.name) != first);
    let earlier = states.len().saturating_sub(source.limits.rows);
    let row = |state: &&NodeState| {
        let words = match kinds {
            true => format!("{}: {}", state.name, state.state),
            false => state.state.clone(),
        };
        vec![
            Line::words(state.at.as_deref().map(time::moment).unwrap_or_default()),
            Line::code(&*state.node),
            Line::words(words),
            Line::words(state.reason.as_deref().unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = states.iter().skip(earlier).map(row).collect();
    let heads = [
        "column.when",
        "column.node",
        "column.state",
        "column.reason",
    ];
    (!rows.is_empty()).then(|| {
        let blocks = source.table(&heads, rows, earlier);
        Section::new(source.word("section.states"), blocks)
    })
}

/// What the records tell.
pub(super) fn facts(source: &Source<'_>, cluster: &Cluster) -> Option<Section> {
    let row = |fact: &crate::model::report::Fact| {
        let seen = fact.observed.as_deref().map(time::moment);
        vec![
            Line::code(&*fact.subject),
            Line::words(words::fact(source.locale(), &fact.name)),
            Line::words(fact.value.replace('\n', " ")),
            Line::words(seen.unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = cluster
        .facts
        .iter()
        .take(source.limits.rows)
        .map(row)
        .collect();
    let heads = ["column.node", "column.fact", "column.value", "column.seen"];
    let left = cluster.facts.len().saturating_sub(rows.len());
    (!rows.is_empty()).then(|| {
        Section::new(
            source.word("section.facts"),
            source.table(&heads, rows, left),
        )
    })
}

/// What was read, and what was not: a verdict is worth no more than that.
pub(super) fn coverage(source: &Source<'_>) -> Option<Section> {
    let report = source.report;
    if report.coverage.is_empty() {
        return None;
    }
    let locale = source.locale();
    let totals = Totals::of(report);
    let mut blocks = Vec::new();
    if totals.recognised > 0 {
        blocks.push(Block::Text(Line::words(totals.describe(locale))));
    }
    blocks.extend(unread(source));
    let known: Vec<&Coverage> = report
        .coverage
        .iter()
        .filter(|file| recognised(file))
        .collect();
    blocks.extend(read(source, &known));
    blocks.extend(notes(source, &known).into_iter().map(Block::Text));
    blocks.extend(unrecognised(source).map(Block::Text));
    Some(Section::new(source.word("section.coverage"), blocks))
}

/// Every gap with its reason.
fn unread(source: &Source<'_>) -> Vec<Block> {
    let all: Vec<&Coverage> = gaps(source.report).collect();
    let row = |file: &&Coverage| {
        let word = source.word(status(file.status));
        let severity = match file.status {
            ReadStatus::Unread => Severity::Error,
            ReadStatus::Partial | ReadStatus::Read => Severity::Warning,
        };
        vec![
            Line::default().and_badge(Mark::Severity(severity), word),
            Line::code(&*file.origin),
            Line::words(own_notes(source, file).join("; ")),
        ]
    };
    let rows: Vec<_> = all.iter().take(source.limits.files).map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let left = all.len().saturating_sub(rows.len());
    source.table(&["page.read", "column.file", "column.reason"], rows, left)
}

fn read(source: &Source<'_>, known: &[&Coverage]) -> Vec<Block> {
    let locale = source.locale();
    let row = |file: &&Coverage| {
        let size = match file.packets {
            0 => grouped(file.lines),
            packets => locale.count("packets", packets, &[]),
        };
        let skipped = match file.skipped {
            0 => String::new(),
            skipped => grouped(skipped),
        };
        let span = match (&file.first, &file.last) {
            (None, None) => String::new(),
            (first, last) => time::short(locale, first.as_deref(), last.as_deref()),
        };
        let cells = [size, skipped, span].map(Line::words);
        let mut row = vec![Line::code(&*file.origin), Line::code(&*file.format)];
        row.extend(cells);
        row
    };
    let rows: Vec<_> = known.iter().take(source.limits.files).map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let heads = [
        "column.file",
        "column.format",
        "column.lines",
        "column.skipped",
        "column.period",
    ];
    let left = known.len().saturating_sub(rows.len());
    let table = Table {
        caption: String::new(),
        heads: heads
            .iter()
            .map(|key| locale.word(key).to_owned())
            .collect(),
        numbers: vec![2, 3],
        rows,
    };
    let more = source.more(left).map(Block::Text);
    std::iter::once(Block::Table(table)).chain(more).collect()
}

/// Notes about a file, without the one that is said once for all.
fn own_notes<'f>(source: &Source<'_>, file: &'f Coverage) -> Vec<&'f str> {
    let common = source.locale().word(YEAR);
    let notes = file.notes.iter().map(String::as_str);
    notes.filter(|note| *note != common).collect()
}

/// What a reader should know about files that were read.
fn notes(source: &Source<'_>, known: &[&Coverage]) -> Vec<Line> {
    let locale = source.locale();
    let common = locale.word(YEAR);
    let without = |file: &&&Coverage| file.notes.iter().any(|note| note == common);
    let mut lines = Vec::new();
    let year = known.iter().filter(without).count();
    if year > 0 {
        let files = locale.count("files", year as u64, &[]);
        lines.push(Line::words(match source.look.year {
            Some(given) => locale.fill(
                "coverage.year_given",
                &[("files", &files), ("year", &given.to_string())],
            ),
            None => locale.fill("coverage.year_assumed", &[("files", &files)]),
        }));
    }
    let whole = known.iter().filter(|file| file.status == ReadStatus::Read);
    for file in whole.take(source.limits.files) {
        let own = own_notes(source, file);
        if !own.is_empty() {
            lines.push(Line::code(&*file.origin).and(format!(": {}", own.join("; "))));
        }
    }
    lines
}

fn unrecognised(source: &Source<'_>) -> Option<Line> {
    let unknown: Vec<&Coverage> = source
        .report
        .coverage
        .iter()
        .filter(|file| file.format == UNRECOGNISED && file.status == ReadStatus::Read)
        .collect();
    let mut names: Vec<&str> = unknown
        .iter()
        .take(NAMES)
        .map(|file| file.origin.as_str())
        .collect();
    if unknown.len() > NAMES {
        names.push("…");
    }
    let count = unknown.len() as u64;
    let values = [("names", names.join(", "))];
    let values = values.each_ref().map(|(name, text)| (*name, text.as_str()));
    (count > 0).then(|| {
        Line::words(
            source
                .locale()
                .count("coverage.unrecognised", count, &values),
        )
    })
}
