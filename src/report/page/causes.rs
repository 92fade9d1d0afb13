//! Incidents: each cause with its proof, what follows from it and the next step; the others in
//! tables.

use std::collections::BTreeSet;

use super::build::Source;
use super::{Block, Line, Mark, Record, Section};
use crate::model::report::{Diagnosis, Evidence};
use crate::report::sort::{Group, Sorted};
use crate::report::{time, words};

/// Remedies named as the next step.
const REMEDIES: usize = 3;

/// The causes in full.
pub(super) fn section(source: &Source<'_>, sorted: &Sorted<'_>) -> Option<Section> {
    let groups = sorted.groups.iter().take(source.limits.causes);
    let causes: Vec<Block> = groups
        .map(|group| Block::Section(cause(source, group, &sorted.symptoms_of(group))))
        .collect();
    (!causes.is_empty()).then(|| Section::new(source.word("page.causes"), causes))
}

/// Open incidents beyond those in full.
pub(super) fn others(source: &Source<'_>, sorted: &Sorted<'_>) -> Option<Section> {
    let groups = sorted.groups.iter().skip(source.limits.causes);
    let list: Vec<&Diagnosis> = groups.flat_map(Group::all).collect();
    incidents(source, "section.more_causes", &list, "incident.open")
}

/// What needs no action.
pub(super) fn also_seen(source: &Source<'_>, sorted: &Sorted<'_>) -> Option<Section> {
    incidents(
        source,
        "section.also_seen",
        &sorted.rest,
        "incident.standing",
    )
}

/// A severity by word and shape.
pub(super) fn severity(source: &Source<'_>, incident: &Diagnosis) -> Line {
    let word = source.word(words::severity(incident.severity));
    Line::default().and_badge(Mark::Severity(incident.severity), word)
}

/// How well an incident is proved, by word and shape.
fn confidence(source: &Source<'_>, incident: &Diagnosis) -> Line {
    let word = source.word(words::confidence(incident.confidence));
    Line::default().and_badge(Mark::Confidence(incident.confidence), word)
}

/// The causes in a line each, for the first glance.
pub(super) fn glance(source: &Source<'_>, sorted: &Sorted<'_>) -> Vec<Block> {
    /// Causes in it.
    const MOST: usize = 5;
    let most = MOST.min(source.limits.causes);
    let line = |group: &Group<'_>| {
        let lead = group.lead;
        let title = severity(source, lead)
            .and(" ")
            .with(confidence(source, lead))
            .and(" ")
            .and(&*lead.title);
        let place = match group.others.len() {
            0 => Line::code(words::place(lead)),
            others => {
                let all = others as u64 + 1;
                Line::words(source.locale().count("incidents", all, &[]))
            }
        };
        Line::joined([title, place], " · ")
    };
    let groups = &sorted.groups;
    let left = groups.len().saturating_sub(most);
    let lines = groups.iter().take(most).map(line);
    let lines: Vec<Line> = lines.chain(source.more(left)).collect();
    match lines.is_empty() {
        true => Vec::new(),
        false => vec![Block::List(lines)],
    }
}

fn incidents(
    source: &Source<'_>,
    title: &'static str,
    list: &[&Diagnosis],
    standing: &'static str,
) -> Option<Section> {
    let row = |incident: &&Diagnosis| {
        let state = match incident.cleared {
            true => "incident.cleared",
            false => standing,
        };
        let since = time::short(source.locale(), incident.first_seen.as_deref(), None);
        vec![
            severity(source, incident),
            Line::words(&*incident.title),
            Line::code(words::place(incident)),
            Line::words(since),
            Line::words(source.word(state)),
        ]
    };
    let rows: Vec<_> = list.iter().take(source.limits.rows).map(row).collect();
    let heads = [
        "column.severity",
        "column.incident",
        "column.where",
        "column.since",
        "column.state",
    ];
    let left = list.len().saturating_sub(rows.len());
    (!rows.is_empty()).then(|| Section::new(source.word(title), source.table(&heads, rows, left)))
}

fn cause(source: &Source<'_>, group: &Group<'_>, symptoms: &[&Diagnosis]) -> Section {
    let lead = group.lead;
    let mut blocks = vec![
        Block::Text(Line::words(&*lead.summary)),
        about(source, lead),
    ];
    if let Some(reason) = &lead.expected {
        let text = source
            .locale()
            .fill("incident.expected", &[("reason", reason)]);
        blocks.push(Block::Note(Line::words(text)));
    }
    let parts = [
        (source.word("page.proof"), proof(source, lead)),
        (
            source.word("page.explains"),
            followers(source, symptoms, true),
        ),
        (
            source.word("page.also_on"),
            followers(source, &group.others, false),
        ),
        (source.word("page.next"), next(source, lead)),
    ];
    let parts = parts.into_iter().filter(|(_, blocks)| !blocks.is_empty());
    blocks.extend(parts.map(|(title, blocks)| Block::Section(Section::new(title, blocks))));
    Section {
        title: severity(source, lead).and(" ").and(&*lead.title),
        blocks,
        listed: false,
    }
}

/// Where, how sure, when, how often, on which connection.
fn about(source: &Source<'_>, lead: &Diagnosis) -> Block {
    let locale = source.locale();
    let mut when = time::of_incident(locale, lead);
    if lead.cleared {
        when = format!("{when} · {}", words::cleared(locale, lead));
    }
    let references = lead.references.iter().map(|source| match &source.section {
        Some(section) => format!("{}, {section}", source.doc),
        None => source.doc.clone(),
    });
    let sources = references.collect::<Vec<_>>().join("; ");
    let disputed = lead.disputed.as_deref().unwrap_or_default();
    let pairs = [
        ("page.where", Line::code(words::place(lead))),
        ("page.confidence", confidence(source, lead)),
        ("page.when", Line::words(when)),
        (
            "page.seen",
            Line::words(locale.count("times", lead.count, &[])),
        ),
        (
            "page.connection",
            Line::code(lead.flow.as_deref().unwrap_or_default()),
        ),
        ("page.fault", Line::code(&*lead.fault)),
        ("explain.disputed", Line::words(disputed)),
        ("explain.references", Line::words(sources)),
    ];
    let pairs = pairs.into_iter().filter(|(_, line)| !line.0.is_empty());
    Block::Pairs(
        pairs
            .map(|(key, line)| (locale.word(key).to_owned(), line))
            .collect(),
    )
}

fn proof(source: &Source<'_>, lead: &Diagnosis) -> Vec<Block> {
    let limits = source.limits;
    let shown = words::first_and_last(&lead.evidence, limits.proofs);
    let mut blocks: Vec<Block> = shown
        .iter()
        .map(|one| Block::Record(record(source, one)))
        .collect();
    let place = |one: &Evidence| (one.origin.clone(), one.line, one.frame);
    let open: BTreeSet<_> = shown.iter().map(|one| place(one)).collect();
    let rest = lead
        .evidence
        .iter()
        .filter(|one| !open.contains(&place(one)));
    let mut folded: Vec<Block> = rest
        .take(limits.evidence)
        .map(|one| Block::Record(record(source, one)))
        .collect();
    let told = (shown.len() + folded.len()) as u64;
    let left = lead.count.saturating_sub(told);
    let more = source.locale().count("incident.more_proof", left, &[]);
    let more = (left > 0).then(|| Block::Text(Line::words(more)));
    if folded.is_empty() {
        blocks.extend(more);
        return blocks;
    }
    let title = source
        .locale()
        .count("page.more_evidence", folded.len() as u64, &[]);
    folded.extend(more);
    blocks.push(Block::Folded(Line::words(title), folded));
    blocks
}

/// A piece of evidence, with what stands around it in its file where that was read again.
pub(super) fn record(source: &Source<'_>, evidence: &Evidence) -> Record {
    let around = evidence.line.and_then(|line| {
        let mut all = source.attached.contexts.iter();
        all.find(|one| one.line == line && one.origin == evidence.origin)
    });
    let lines = evidence.excerpt.lines().map(str::trim_end);
    Record {
        place: words::locator(evidence),
        time: evidence
            .time
            .as_deref()
            .map(time::moment)
            .unwrap_or_default(),
        before: around.map(|one| one.before.clone()).unwrap_or_default(),
        lines: lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect(),
        after: around.map(|one| one.after.clone()).unwrap_or_default(),
    }
}

/// Incidents under a cause, one fault a line; symptoms with their severity.
fn followers(source: &Source<'_>, list: &[&Diagnosis], symptoms: bool) -> Vec<Block> {
    let mut kinds: Vec<(&str, Vec<&Diagnosis>)> = Vec::new();
    for one in list {
        // of one fault every place is told; symptoms of one kind stand together
        match kinds
            .iter_mut()
            .find(|(fault, _)| symptoms && *fault == one.fault)
        {
            Some((_, list)) => list.push(one),
            None => kinds.push((&one.fault, vec![one])),
        }
    }
    let below = source.limits.below;
    let shown = kinds.iter().take(below);
    let mut lines: Vec<Line> = shown.filter_map(|(_, list)| kind(source, list)).collect();
    lines.extend(source.more(kinds.len().saturating_sub(below)));
    match lines.is_empty() {
        true => Vec::new(),
        false => vec![Block::List(lines)],
    }
}

fn kind(source: &Source<'_>, list: &[&Diagnosis]) -> Option<Line> {
    /// Places named of one kind.
    const PLACES: usize = 12;
    let locale = source.locale();
    let worst = list.iter().max_by_key(|one| one.severity)?;
    let places: BTreeSet<String> = list.iter().map(|one| words::place(one)).collect();
    let places = places.iter().filter(|place| !place.is_empty());
    let places = Line::joined(places.take(PLACES).map(Line::code), ", ");
    let about = match list {
        [one] if one.cleared => source.word("incident.cleared").to_owned(),
        [one] => time::span(locale, one.first_seen.as_deref(), one.last_seen.as_deref()),
        several => locale.count("incidents", several.len() as u64, &[]),
    };
    let title = severity(source, worst).and(" ").and(&*worst.title);
    Some(Line::joined([title, places, Line::words(about)], " · "))
}

/// Remedies, and the command that tells more.
fn next(source: &Source<'_>, lead: &Diagnosis) -> Vec<Block> {
    let remedies = lead.remedies.iter().take(REMEDIES).map(|id| {
        let Some(note) = source.look.known.remedies.get(id) else {
            return Line::code(id);
        };
        let risk = source.locale().word(words::risk(&note.risk));
        Line::words(&*note.title)
            .and(" (")
            .and_code(id)
            .and(format!("; {risk})"))
    });
    let remedies: Vec<Line> = remedies.collect();
    let commands = Block::Commands(vec![format!("clusterdx explain {}", lead.fault)]);
    match remedies.is_empty() {
        true => vec![commands],
        false => vec![Block::List(remedies), commands],
    }
}
