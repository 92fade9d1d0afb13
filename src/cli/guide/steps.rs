//! Through a procedure step by step, each with its check.

use crate::catalog::guide::{Check, Runbook, RunbookStep};
use crate::model::look::Look;
use crate::pipeline::observe;

use super::super::failure::Failure;
use super::super::{Exit, print, settings};
use super::asker::{Asker, Question, Said};
use super::page::Page;
use super::{Cx, node};

/// What came of a step.
struct Came {
    at: usize,
    words: String,
}

/// How the procedure ended.
enum Over {
    Done,
    Stopped,
    /// The step with this number is not done, or its check does not hold.
    Failed(usize),
    Interrupted,
}

/// Goes through all steps.
pub(super) fn run(cx: &Cx<'_>, runbook: &Runbook, asker: &mut dyn Asker) -> Result<Exit, Failure> {
    let mut page = Page::new(cx.locale, cx.lang, settings::colour());
    page.opening(runbook);
    asker.tell(&page.out);
    let mut came: Vec<Came> = Vec::new();
    let mut at = 0;
    let over = loop {
        let Some(step) = runbook.steps.get(at) else {
            break Over::Done;
        };
        match ask(cx, runbook, at, step, asker)? {
            Outcome::Went(words) => {
                came.push(Came { at, words });
                at += 1;
            }
            Outcome::Again => {}
            Outcome::Back => {
                at = at.saturating_sub(1);
                came.retain(|one| one.at < at);
            }
            Outcome::Over(over) => break over,
        }
    };
    let mut page = Page::new(cx.locale, cx.lang, settings::colour());
    page.heading(runbook.title.get(cx.lang));
    for one in &came {
        if let Some(step) = runbook.steps.get(one.at) {
            let text = step.text.get(cx.lang);
            page.item(&format!("  {:>2}. ", one.at + 1), text);
            page.item("      - ", &one.words);
        }
    }
    let number = |at: usize| (at + 1).to_string();
    let last = match over {
        Over::Done => cx.locale.word("guide.all_done").to_owned(),
        Over::Stopped => cx
            .locale
            .fill("guide.stopped_at", &[("number", &number(at))]),
        Over::Failed(at) => cx
            .locale
            .fill("guide.failed_at", &[("number", &number(at))]),
        Over::Interrupted => cx
            .locale
            .fill("guide.stopped_at", &[("number", &number(at))]),
    };
    page.blank();
    page.item("", &last);
    print(page.out.as_bytes())?;
    Ok(match over {
        Over::Done => Exit::Clean,
        Over::Stopped => Exit::Declined,
        Over::Failed(_) => Exit::Failed,
        Over::Interrupted => Exit::Interrupted,
    })
}

enum Outcome {
    Went(String),
    /// It is asked again.
    Again,
    Back,
    Over(Over),
}

fn ask(
    cx: &Cx<'_>,
    runbook: &Runbook,
    at: usize,
    step: &RunbookStep,
    asker: &mut dyn Asker,
) -> Result<Outcome, Failure> {
    let mut page = Page::new(cx.locale, cx.lang, settings::colour());
    page.step(at, runbook.steps.len(), step);
    let readable = step.check.as_ref().filter(|check| check.expect.is_some());
    let command = readable.and_then(|check| check.run.as_deref());
    let question = Question {
        name: &step.id,
        text: page.out,
        choices: ["done", "not-done"]
            .map(|id| {
                let key = match id {
                    "done" => "guide.done",
                    _ => "guide.not_done",
                };
                (id, cx.locale.word(key).to_owned())
            })
            .into(),
        takes_evidence: readable.is_some(),
        takes_unknown: false,
        nodes: node::able(cx, runbook.dialect.as_deref(), command),
        can_go_back: at > 0,
    };
    let by_file = cx.args.answers.is_some();
    let text = match asker.ask(&question, cx.locale)? {
        Said::Choice(id) if id == "done" => {
            let key = match step.check {
                Some(_) => "guide.seen_by_person",
                None => "guide.done_unchecked",
            };
            return Ok(Outcome::Went(cx.locale.word(key).to_owned()));
        }
        Said::Choice(_) | Said::Unknown => return Ok(Outcome::Over(Over::Failed(at))),
        Said::Back => return Ok(Outcome::Back),
        Said::Stop => return Ok(Outcome::Over(Over::Stopped)),
        Said::Interrupted => return Ok(Outcome::Over(Over::Interrupted)),
        Said::Text(text) => text,
        Said::Path(path) => match file(&path) {
            Ok(text) => text,
            Err(failure) if by_file => return Err(failure),
            Err(failure) => {
                failure.print();
                return Ok(Outcome::Again);
            }
        },
        Said::Run(name) => {
            let command = command.unwrap_or_default();
            let values = [("command", command), ("node", name.as_str())];
            let agrees = cx.locale.fill("guide.run.ask", &values);
            if !asker.agrees(&format!("{agrees}\n"), cx.locale) {
                return Ok(Outcome::Again);
            }
            match node::run(cx, &name, runbook.dialect.as_deref(), command) {
                Ok(text) => text,
                Err(failure) if by_file => return Err(failure),
                Err(failure) => {
                    failure.print();
                    return Ok(Outcome::Again);
                }
            }
        }
    };
    let look = held(cx, readable, &text);
    let (key, holds) = match &look {
        Look::Holds(_) => ("guide.check.holds", true),
        Look::DoesNot(_) => ("guide.check.fails", false),
        Look::Unreadable => ("guide.check.unreadable", false),
    };
    let words = cx.locale.fill(key, &[("seen", look.seen())]);
    let mut page = Page::new(cx.locale, cx.lang, settings::colour());
    page.item("  ", &words);
    asker.tell(&page.out);
    Ok(match (holds, by_file) {
        (true, _) => Outcome::Went(words),
        (false, true) => Outcome::Over(Over::Failed(at)),
        (false, false) => Outcome::Again,
    })
}

/// The text held against what the check expects.
fn held(cx: &Cx<'_>, check: Option<&Check>, text: &str) -> Look {
    let expect = check.and_then(|check| check.expect.as_ref());
    expect.map_or(Look::Unreadable, |expect| {
        observe::look(cx.catalog, expect, text)
    })
}

/// A file with the answer of a node.
fn file(path: &str) -> Result<String, Failure> {
    use std::io::Read as _;
    let read = || {
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path)?;
        file.take(16 << 20).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().map_err(|error| {
        super::super::failure::Trouble::new(format!("cannot read '{path}'"))
            .because(&error)
            .into()
    })
}
