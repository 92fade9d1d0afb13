//! What a run did: how it came out, what nodes said before and after, and its journal.

use std::collections::BTreeMap;

use super::{Block, Limits, Line, Mark, Page, Record, Section, Table, plan as planned};
use crate::locale::Locale;
use crate::model::journal::{Answer, Entry, Outcome, Record as Said};
use crate::model::plan::{Plan, Task};
use crate::model::report::Severity;
use crate::report::changes::Changes;
use crate::report::{time, words};

/// Lines of an answer that are shown.
const ANSWER: usize = 60;

/// Puts the page of a run together. Texts of `plan` and `entries` are safe to show already.
pub fn run(locale: &Locale, plan: &Plan, entries: &[Entry], limits: Limits) -> Page {
    let ended = entries.iter().rev().find_map(|entry| match &entry.record {
        Said::Ended { outcome } => Some(outcome),
        _ => None,
    });
    let outcome = match ended {
        Some(outcome) => outcome_badge(
            locale,
            outcome,
            done_of(plan.tasks.iter().all(Task::shows_effect)),
        ),
        None => Line::default().and_badge(
            Mark::Severity(Severity::Error),
            locale.word("outcome.cut_off"),
        ),
    };
    let cluster = plan.basis.cluster.as_str();
    let title = locale.fill("page.run_title", &[("cluster", cluster)]);
    let source = Source {
        locale,
        plan,
        entries,
        limits,
    };
    let mut sections = vec![source.result()];
    sections.extend(source.changes());
    sections.extend(source.sent());
    sections.push(source.journal());
    let mut blocks = planned::tasks(locale, plan, limits.tasks);
    blocks.extend(planned::refused(locale, plan, limits.tasks));
    sections.push(Section::new(locale.word("page.plan"), blocks));
    let (first, last) = (entries.first(), entries.last());
    let span = time::span(
        locale,
        first.map(|entry| entry.at.as_str()),
        last.map(|entry| entry.at.as_str()),
    );
    Page {
        title: outcome.and(" ").and(title),
        lead: vec![Block::Text(Line::words(span))],
        sections: sections.into_iter().map(Section::listed).collect(),
        footer: vec![
            Line::words(locale.word("page.plan"))
                .and(" ")
                .and_code(&*plan.id),
        ],
    }
}

/// The word for what was done: what no check shows is not called verified.
fn done_of(is_verified: bool) -> &'static str {
    match is_verified {
        true => "outcome.done",
        false => "outcome.unverified",
    }
}

/// How something came out, by word and shape; `done` is the word for what was done.
fn outcome_badge(locale: &Locale, outcome: &Outcome, done: &'static str) -> Line {
    let (mark, key, why) = match outcome {
        Outcome::Done if done == done_of(true) => (Mark::Good, done, ""),
        Outcome::Done => (Mark::Plain, done, ""),
        Outcome::Already => (Mark::Good, "outcome.already", ""),
        Outcome::Skipped(why) => (Mark::Plain, "outcome.skipped", why.as_str()),
        Outcome::Declined => (Mark::Plain, "outcome.declined", ""),
        Outcome::Refused(why) => (
            Mark::Severity(Severity::Warning),
            "outcome.refused",
            why.as_str(),
        ),
        Outcome::Failed(why) => (
            Mark::Severity(Severity::Critical),
            "outcome.failed",
            why.as_str(),
        ),
        Outcome::Unknown(why) => (
            Mark::Severity(Severity::Error),
            "outcome.unknown",
            why.as_str(),
        ),
        Outcome::Interrupted => (Mark::Severity(Severity::Warning), "outcome.interrupted", ""),
    };
    let badge = Line::default().and_badge(mark, locale.word(key));
    match why {
        "" => badge,
        why => badge.and(" ").and(why),
    }
}

struct Source<'s> {
    locale: &'s Locale,
    plan: &'s Plan,
    entries: &'s [Entry],
    limits: Limits,
}

impl Source<'_> {
    fn section(&self, title: &str, heads: &[&str], mut rows: Vec<Vec<Line>>) -> Section {
        let left = rows.len().saturating_sub(self.limits.rows);
        rows.truncate(self.limits.rows);
        let mut blocks = vec![Block::Table(Table {
            caption: String::new(),
            heads: heads
                .iter()
                .map(|key| self.locale.word(key).to_owned())
                .collect(),
            numbers: Vec::new(),
            rows,
        })];
        if left > 0 {
            let more = self.locale.count("page.more_journal", left as u64, &[]);
            blocks.push(Block::Text(Line::words(more)));
        }
        Section::new(self.locale.word(title), blocks)
    }

    /// Every task with its outcome.
    fn result(&self) -> Section {
        let mut outcomes: BTreeMap<usize, &Outcome> = BTreeMap::new();
        for entry in self.entries {
            if let Said::TaskEnded { task, outcome } = &entry.record {
                outcomes.insert(*task, outcome);
            }
        }
        let row = |task: &Task| {
            let outcome = match outcomes.get(&task.number) {
                Some(outcome) => outcome_badge(self.locale, outcome, done_of(task.shows_effect())),
                None => Line::words(self.locale.word("outcome.not_begun")),
            };
            let risk = task.risk.to_string();
            vec![
                Line::words(format!("{}. {}", task.number, task.title)),
                Line::code(&*task.node),
                Line::words(self.locale.word(words::risk(&risk))),
                outcome,
            ]
        };
        let rows = self.plan.tasks.iter().map(row).collect();
        let heads = ["page.remedy", "column.node", "page.risk", "page.outcome"];
        self.section("page.result", &heads, rows)
    }

    /// What nodes said before and after.
    fn changes(&self) -> Option<Section> {
        let mut changes = Changes::default();
        for entry in self.entries {
            if let Said::Looked {
                node,
                command,
                look: Some(look),
                ..
            } = &entry.record
            {
                changes.remember(node, command, look);
            }
        }
        let row = |seen: &crate::report::changes::Seen| {
            vec![
                Line::code(&*seen.node),
                Line::code(&*seen.command),
                Line::words(&*seen.before),
                Line::words(&*seen.after),
            ]
        };
        let rows: Vec<_> = changes.changed().map(row).collect();
        let heads = ["column.node", "page.command", "page.before", "page.after"];
        (!rows.is_empty()).then(|| self.section("page.changes", &heads, rows))
    }

    /// Every command that was sent, with what the node said.
    fn sent(&self) -> Option<Section> {
        let mut blocks = Vec::new();
        let answered = self.entries.iter().filter_map(|entry| match &entry.record {
            Said::StepAnswered {
                step,
                command,
                taken,
                confirmed,
                answer,
            } => Some((entry, step, command, taken, confirmed, answer)),
            _ => None,
        });
        for (entry, step, command, taken, confirmed, answer) in answered.take(self.limits.rows) {
            let node = self.node_of(step);
            let at = time::moment(&entry.at);
            let head = Line::default().and_strong(&**step).and(" ").and_code(node);
            let taken = self.locale.fill("page.taken", &[("how", taken)]);
            let parts = [head, Line::words(at), Line::words(taken)];
            blocks.push(Block::Text(Line::joined(parts, " · ")));
            blocks.push(Block::Commands(vec![command.clone()]));
            let asked = confirmed.iter().map(|(question, said)| {
                let values = [("question", question.as_str()), ("answer", said.as_str())];
                Line::words(self.locale.fill("page.node_asked", &values))
            });
            let asked: Vec<Line> = asked.collect();
            if !asked.is_empty() {
                blocks.push(Block::List(asked));
            }
            blocks.extend(self.answer(answer));
        }
        (!blocks.is_empty()).then(|| Section::new(self.locale.word("page.sent"), blocks))
    }

    /// The node of a step, by its id in the plan.
    fn node_of(&self, id: &str) -> &str {
        let mut steps = self.plan.tasks.iter().flat_map(Task::all_steps);
        steps
            .find(|step| step.id == id)
            .map_or("", |step| &step.node)
    }

    fn answer(&self, answer: &Answer) -> Option<Block> {
        let lines: Vec<String> = answer.text.lines().map(str::to_owned).collect();
        let left = lines.len().saturating_sub(ANSWER);
        if lines.is_empty() {
            return None;
        }
        let record = Record {
            place: self.locale.word("page.answer").to_owned(),
            lines: lines.into_iter().take(ANSWER).collect(),
            ..Record::default()
        };
        let more = self.locale.count("page.more_journal", left as u64, &[]);
        let more = (left > 0).then(|| Block::Text(Line::words(more)));
        let title = Line::words(self.locale.word("page.answer"));
        let blocks = std::iter::once(Block::Record(record)).chain(more).collect();
        Some(Block::Folded(title, blocks))
    }

    /// Everything that was written down, in its order.
    fn journal(&self) -> Section {
        let rows = self.entries.iter().map(|entry| {
            let (what, node, detail) = self.said(&entry.record);
            vec![
                Line::words(time::moment(&entry.at)),
                Line::words(self.locale.word(what)),
                Line::code(node),
                detail,
            ]
        });
        let heads = ["column.when", "page.what", "column.node", "page.detail"];
        self.section("page.journal", &heads, rows.collect())
    }

    /// What a record is, whom it is about, and what it says.
    fn said<'r>(&'r self, record: &'r Said) -> (&'static str, &'r str, Line) {
        let step_and =
            |step: &str, text: &str| Line::default().and_strong(step).and(" ").and_code(text);
        match record {
            Said::Plan { plan } => ("logged.plan", "", Line::code(&*plan.id)),
            Said::Resumed => ("logged.resumed", "", Line::default()),
            Said::Connected { node, proved_by } => {
                let text = self.locale.fill("logged.proved", &[("name", proved_by)]);
                ("logged.connected", node, Line::words(text))
            }
            Said::Looked {
                step,
                node,
                command,
                look,
                ..
            } => {
                let seen = look.as_ref().map_or("", |look| look.seen());
                let line = step_and(step, command);
                let parts = [line, Line::words(seen)];
                ("logged.looked", node, Line::joined(parts, ": "))
            }
            Said::TaskStarted { task } => ("logged.task", "", Line::words(task.to_string())),
            Said::StepStarted {
                step,
                node,
                command,
            } => ("logged.sending", node, step_and(step, command)),
            Said::StepAnswered { step, taken, .. } => {
                let line = Line::default().and_strong(&**step).and(" ").and(&**taken);
                ("logged.answered", self.node_of(step), line)
            }
            Said::StepEnded { step, outcome } => {
                let mut steps = self.plan.tasks.iter().flat_map(|task| &task.steps);
                let shown = steps.any(|known| known.id == *step && known.until.is_some());
                let done = match shown {
                    true => done_of(true),
                    false => "outcome.step_done",
                };
                let line = Line::default().and_strong(&**step).and(" ");
                let how = outcome_badge(self.locale, outcome, done);
                ("logged.step_ended", self.node_of(step), line.with(how))
            }
            Said::TaskEnded { task, outcome } => {
                let line = Line::words(format!("{task} "));
                let mut tasks = self.plan.tasks.iter();
                let shown = tasks.any(|known| known.number == *task && known.shows_effect());
                let how = outcome_badge(self.locale, outcome, done_of(shown));
                ("logged.task_ended", "", line.with(how))
            }
            Said::Ended { outcome } => (
                "logged.ended",
                "",
                outcome_badge(
                    self.locale,
                    outcome,
                    done_of(self.plan.tasks.iter().all(Task::shows_effect)),
                ),
            ),
        }
    }
}
