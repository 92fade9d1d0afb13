//! The remedies as an ordered plan: every command with its node, risk and check.

use super::build::Source;
use super::{Block, Line, Section};
use crate::locale::Locale;
use crate::model::plan::{Plan, Step, Task};
use crate::report::words;

/// What would be done, and what is not planned.
pub(super) fn section(source: &Source<'_>, plan: &Plan) -> Option<Section> {
    if plan.basis.incidents.is_empty() {
        return None;
    }
    let most = source.limits.tasks;
    let mut blocks = vec![Block::Text(Line::words(source.word("page.plan_text")))];
    blocks.extend(tasks(source.locale(), plan, most));
    let left = plan.tasks.len().saturating_sub(most);
    blocks.extend(source.more(left).map(Block::Text));
    blocks.extend(refused(source.locale(), plan, most));
    Some(Section::new(source.word("page.plan"), blocks))
}

/// The tasks of a plan in full.
pub(super) fn tasks(locale: &Locale, plan: &Plan, most: usize) -> Vec<Block> {
    let tasks = plan.tasks.iter().take(most);
    tasks
        .map(|one| Block::Section(task(locale, plan, one)))
        .collect()
}

/// What is not planned, and why.
pub(super) fn refused(locale: &Locale, plan: &Plan, most: usize) -> Vec<Block> {
    let line = |one: &crate::model::plan::Refused| {
        let incident = plan.incident(&one.incident);
        let title = incident.map_or(one.fault.as_str(), |incident| &incident.title);
        let node = incident.and_then(|incident| incident.node.as_deref());
        let head = Line::default().and_strong(title);
        let head = match node {
            Some(node) => head.and(" (").and_code(node).and(")"),
            None => head,
        };
        head.and(format!(": {}", one.because))
    };
    let mut lines: Vec<Line> = plan.refused.iter().take(most).map(line).collect();
    let left = plan.refused.len().saturating_sub(most);
    if left > 0 {
        lines.push(Line::words(locale.count("more", left as u64, &[])));
    }
    match lines.is_empty() {
        true => Vec::new(),
        false => vec![Block::Section(Section::new(
            locale.word("page.not_planned"),
            vec![Block::List(lines)],
        ))],
    }
}

fn task(locale: &Locale, plan: &Plan, task: &Task) -> Section {
    let risk = task.risk.to_string();
    let about = task.incidents.iter().filter_map(|id| {
        let incident = plan.incident(id)?;
        let node = incident.node.as_deref().unwrap_or_default();
        Some(Line::joined(
            [Line::words(&*incident.title), Line::code(node)],
            " · ",
        ))
    });
    let pairs = [
        ("page.plan_for", Line::joined(about, "; ")),
        ("column.node", Line::code(&*task.node)),
        (
            "page.risk",
            Line::default().and_strong(locale.word(words::risk(&risk))),
        ),
        ("page.advice", Line::words(flat(task.advice.as_deref()))),
        (
            "explain.disputed",
            Line::words(flat(task.disputed.as_deref())),
        ),
        ("page.undo", Line::words(flat(task.undo.as_deref()))),
    ];
    let pairs = pairs.into_iter().filter(|(_, line)| !line.0.is_empty());
    let pairs = pairs.map(|(key, line)| (locale.word(key).to_owned(), line));
    let mut blocks = vec![Block::Pairs(pairs.collect())];
    let parts = [
        ("page.plan_skip", &task.skip_if),
        ("page.plan_first", &task.prechecks),
        ("page.plan_then", &task.steps),
        ("page.plan_last", &task.postchecks),
    ];
    for (key, steps) in parts.into_iter().filter(|(_, steps)| !steps.is_empty()) {
        blocks.push(Block::Text(Line::default().and_strong(locale.word(key))));
        blocks.extend(steps.iter().flat_map(|one| step(locale, one)));
    }
    let title = format!("{}. {}", task.number, task.title);
    Section {
        title: Line::words(title)
            .and(" (")
            .and_code(&*task.remedy)
            .and(")"),
        blocks,
        listed: false,
    }
}

/// A sentence of several lines in one.
fn flat(text: Option<&str>) -> String {
    text.unwrap_or_default().trim_end().replace('\n', " ")
}

/// One command or one thing for a person to do, with what belongs to it.
fn step(locale: &Locale, step: &Step) -> Vec<Block> {
    let lead = Line::default()
        .and_strong(&*step.id)
        .and(" ")
        .and_code(&*step.node);
    if let Some(manual) = &step.manual {
        let by_hand = locale.word("page.by_hand");
        let text = format!(" {by_hand}: {}", flat(Some(manual)));
        return vec![Block::Text(lead.and(text))];
    }
    let risk = step.risk.to_string();
    let risk = match step.changes() {
        true => locale.word(words::risk(&risk)),
        false => "",
    };
    let mut notes = vec![
        Line::default().and_strong(risk),
        Line::words(flat(step.why.as_deref())),
    ];
    if let Some(expect) = &step.expect {
        notes.push(Line::words(locale.fill("page.wanted", &[("what", expect)])));
    }
    if let Some(until) = &step.until {
        let text = locale.fill(
            "page.effect",
            &[
                ("command", &until.run),
                ("node", &until.node),
                ("what", &until.expect),
            ],
        );
        notes.push(Line::words(text));
    }
    if let Some(or) = &step.or {
        notes.push(Line::words(locale.word("page.or")).and(" ").and_code(&**or));
    }
    let notes = Line::joined(notes, " · ");
    let text = Line::joined([lead, notes], ": ");
    let command = step.run.iter().cloned().collect();
    vec![Block::Text(text), Block::Commands(command)]
}
