//! One root cause with its proof, what follows from it and the next step.

use std::collections::BTreeMap;

use crate::model::report::Diagnosis;
use crate::report::layout;
use crate::report::paint::Tint;

use super::Page;
use crate::report::sort::Group;
use crate::report::{time, words};

/// Proofs shown: the first and the last.
const PROOFS: usize = 2;
/// Lines of the first proof's excerpt, and of the others'.
const EXCERPT_ROWS: [usize; 2] = [3, 2];
/// Kinds of symptoms shown under a cause.
const SYMPTOMS: usize = 6;
/// Other incidents of the same fault shown.
const OTHERS: usize = 4;
/// Lines of what the sources disagree about.
const DISPUTED_ROWS: usize = 4;
/// Remedies shown as the next step.
const REMEDIES: usize = 2;

/// Writes a cause with its symptoms. `number` is its place among several causes.
pub(super) fn full(
    page: &mut Page<'_>,
    number: Option<usize>,
    group: &Group<'_>,
    symptoms: &[&Diagnosis],
) {
    let cause = group.lead;
    title(page, number, cause);
    let facts = [
        words::place(cause),
        page.word(words::confidence(cause.confidence)).to_owned(),
        page.look.locale.count("times", cause.count, &[]),
    ];
    page.prose(
        2,
        &facts
            .into_iter()
            .filter(|fact| !fact.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
    );
    let mut when = time::of_incident(page.look.locale, cause);
    if cause.cleared {
        when = format!("{when} · {}", words::cleared(page.look.locale, cause));
    }
    page.prose(2, &when);
    if let Some(flow) = &cause.flow {
        page.line(2, flow, None);
    }
    page.prose(2, &cause.summary);
    if let Some(reason) = &cause.expected {
        let text = page.fill("incident.expected", &[("reason", reason)]);
        page.prose(2, &text);
    }
    let margin = Margin::new(page);
    margin.block(
        page,
        "incident.proof",
        &proof_lines(page, cause, margin.indent),
    );
    margin.block(
        page,
        "incident.also",
        &other_lines(page, cause, &group.others, margin.indent),
    );
    margin.block(
        page,
        "incident.explains",
        &symptom_lines(page, symptoms, margin.indent),
    );
    margin.block(
        page,
        "incident.disputed",
        &disputed_lines(page, cause, margin.indent),
    );
    margin.block(
        page,
        "incident.next",
        &next_lines(page, cause, margin.indent),
    );
}

fn title(page: &mut Page<'_>, number: Option<usize>, cause: &Diagnosis) {
    let word = page.word(words::severity(cause.severity)).to_uppercase();
    let lead = number.map_or_else(|| word.clone(), |number| format!("{number}. {word}"));
    let room = page.look.width.saturating_sub(layout::width(&lead) + 2);
    let title = layout::shorten(&cause.title, room);
    let text = format!(
        "{}  {}",
        page.paint(&lead, Tint::of_severity(cause.severity)),
        page.paint(&title, Tint::Bold)
    );
    page.push(&text);
}

/// Words in the left margin, text beside them.
struct Margin {
    indent: usize,
}

impl Margin {
    fn new(page: &Page<'_>) -> Self {
        let keys = [
            "incident.proof",
            "incident.also",
            "incident.explains",
            "incident.disputed",
            "incident.next",
        ];
        let widest = keys
            .iter()
            .map(|key| layout::width(page.word(key)))
            .max()
            .unwrap_or(0);
        Self {
            indent: 2 + widest + 2,
        }
    }

    fn block(&self, page: &mut Page<'_>, key: &'static str, lines: &[String]) {
        for (at, line) in lines.iter().enumerate() {
            let label = layout::pad(
                if at == 0 {
                    page.look.locale.word(key)
                } else {
                    ""
                },
                self.indent.saturating_sub(2),
            );
            let label = page.paint(&label, Tint::Dim);
            page.push(&format!("  {label}{line}"));
        }
    }
}

fn proof_lines(page: &Page<'_>, cause: &Diagnosis, indent: usize) -> Vec<String> {
    let room = page.look.width.saturating_sub(indent).max(20);
    let shown = words::first_and_last(&cause.evidence, PROOFS);
    let mut out = Vec::new();
    for (at, evidence) in shown.iter().enumerate() {
        out.push(page.paint(
            &layout::shorten_path(&words::locator(evidence), room),
            Tint::Cyan,
        ));
        let rows = EXCERPT_ROWS.get(at).copied().unwrap_or(1);
        out.extend(
            excerpt(&evidence.excerpt, room.saturating_sub(2), rows)
                .into_iter()
                .map(|line| format!("  {line}")),
        );
    }
    let left = cause.count.saturating_sub(shown.len() as u64);
    if left > 0 {
        out.push(page.paint(
            &page.look.locale.count("incident.more_proof", left, &[]),
            Tint::Dim,
        ));
    }
    out
}

/// A record in at most `rows` lines. A record of one line wraps; of a record of several lines
/// the first ones are shown, each cut at the width.
fn excerpt(text: &str, columns: usize, rows: usize) -> Vec<String> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .collect();
    if let [one] = lines.as_slice() {
        return layout::wrap_rows(one.trim_start(), columns, rows);
    }
    let mut out: Vec<String> = lines
        .iter()
        .take(rows)
        .map(|line| layout::shorten(line, columns))
        .collect();
    if lines.len() > rows
        && let Some(last) = out.last_mut()
    {
        *last = layout::shorten(&format!("{last} …"), columns);
    }
    out
}

fn other_lines(
    page: &Page<'_>,
    cause: &Diagnosis,
    others: &[&Diagnosis],
    indent: usize,
) -> Vec<String> {
    let room = page.look.width.saturating_sub(indent);
    let line = |other: &&Diagnosis| {
        let (first, last) = (other.first_seen.as_deref(), other.last_seen.as_deref());
        let when = time::span(page.look.locale, first, last);
        // of faults whose title holds a value, such as the name of an alarm
        let title = match other.title == cause.title {
            true => String::new(),
            false => other.title.clone(),
        };
        let parts = [words::place(other), title, when]
            .into_iter()
            .filter(|part| !part.is_empty());
        layout::shorten(&parts.collect::<Vec<_>>().join(" · "), room)
    };
    let mut out: Vec<String> = others.iter().take(OTHERS).map(line).collect();
    out.extend(rest(page, others.len().saturating_sub(OTHERS)));
    out
}

/// A line that counts what a list leaves out.
fn rest(page: &Page<'_>, left: usize) -> Option<String> {
    let text = || page.look.locale.count("more", left as u64, &[]);
    (left > 0).then(|| page.paint(&text(), Tint::Dim))
}

fn symptom_lines(page: &Page<'_>, symptoms: &[&Diagnosis], indent: usize) -> Vec<String> {
    let mut kinds: Vec<(&str, Vec<&Diagnosis>)> = Vec::new();
    for symptom in symptoms {
        match kinds.iter_mut().find(|(fault, _)| *fault == symptom.fault) {
            Some((_, list)) => list.push(symptom),
            None => kinds.push((&symptom.fault, vec![symptom])),
        }
    }
    let room = page.look.width.saturating_sub(indent).max(20);
    let mut out: Vec<String> = kinds
        .iter()
        .take(SYMPTOMS)
        .filter_map(|(_, list)| symptom_line(page, list, room))
        .collect();
    out.extend(rest(page, kinds.len().saturating_sub(SYMPTOMS)));
    out
}

fn symptom_line(page: &Page<'_>, list: &[&Diagnosis], room: usize) -> Option<String> {
    let worst = list.iter().max_by_key(|symptom| symptom.severity)?;
    let word = page.word(words::severity(worst.severity));
    let mut places: BTreeMap<String, ()> = list
        .iter()
        .map(|symptom| (words::place(symptom), ()))
        .collect();
    places.remove("");
    let places = places.into_keys().collect::<Vec<_>>().join(", ");
    let mut text = worst.title.clone();
    if list.len() > 1 {
        text = format!(
            "{text} ({})",
            page.look.locale.count("incidents", list.len() as u64, &[])
        );
    } else if worst.cleared {
        text = format!("{text} ({})", page.word("incident.cleared"));
    }
    if !places.is_empty() {
        text = format!("{text}: {places}");
    }
    let text = layout::shorten(&text, room.saturating_sub(layout::width(word) + 2));
    Some(format!(
        "{}  {text}",
        page.paint(word, Tint::of_severity(worst.severity))
    ))
}

/// Where the sources contradict each other: the reader decides with open eyes.
fn disputed_lines(page: &Page<'_>, cause: &Diagnosis, indent: usize) -> Vec<String> {
    let text = cause.disputed.as_deref().unwrap_or_default();
    if text.is_empty() {
        return Vec::new();
    }
    layout::wrap_rows(text, page.room(indent), DISPUTED_ROWS)
}

fn next_lines(page: &Page<'_>, cause: &Diagnosis, indent: usize) -> Vec<String> {
    let mut out = Vec::new();
    for id in cause.remedies.iter().take(REMEDIES) {
        let text = match page.look.known.remedies.get(id) {
            Some(note) => {
                let risk = page.look.locale.word(words::risk(&note.risk));
                page.fill(
                    "incident.remedy",
                    &[("title", &note.title), ("id", id), ("risk", risk)],
                )
            }
            None => id.clone(),
        };
        out.extend(layout::wrap(&text, page.room(indent)));
    }
    let command = format!("clusterdx explain {}", cause.fault);
    let command = layout::shorten(&command, page.look.width.saturating_sub(indent));
    out.push(page.paint(&command, Tint::Cyan));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_several_lines_keep_their_lines() {
        assert_eq!(excerpt("one\n  two\nthree\n", 20, 2), ["one", "  two …"]);
        assert_eq!(excerpt("one two three", 8, 3), ["one two", "three"]);
        assert_eq!(excerpt("", 8, 3), Vec::<String>::new());
    }
}
