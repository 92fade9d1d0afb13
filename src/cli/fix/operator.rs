//! The person at the terminal: what is shown while a plan runs, and what is asked.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use crate::agent::BoxFuture;
use crate::execute::{Consent, Operator, Progress, Stop};
use crate::model::journal::{Outcome, Record};
use crate::model::look::Look;
use crate::model::plan::{Plan, Risk, Step, Task};
use crate::report::changes::Changes;
use crate::report::{plan, sanitize};

use super::super::ask::{Said, ask};
use super::super::settings;

/// Shows on standard output, asks on the terminal.
pub(super) struct Terminal {
    plan: Arc<Plan>,
    stop: Arc<Stop>,
    /// Nobody is asked.
    yes: bool,
    /// Steps of which the waiting was told.
    told: Option<String>,
    /// What nodes said, first and last.
    seen: Changes,
    outcomes: BTreeMap<usize, Outcome>,
    /// A command that changes something was sent.
    sent: bool,
}

impl Terminal {
    /// Of a run that goes on with what was done `before`.
    pub(super) fn new(plan: Arc<Plan>, stop: Arc<Stop>, yes: bool, before: &Progress) -> Self {
        let over = |task: &Task| Some((task.number, before.good_end(task.number)?.clone()));
        let outcomes = plan.tasks.iter().filter_map(over).collect();
        Self {
            plan,
            stop,
            yes,
            told: None,
            seen: Changes::default(),
            outcomes,
            sent: before.has_sent(),
        }
    }

    /// True when something was sent that changes something.
    pub(super) fn has_sent(&self) -> bool {
        self.sent
    }

    /// True when something was done of which no look tells whether it helped.
    pub(super) fn leaves_open(&self) -> bool {
        let done = |task: &&Task| self.outcomes.get(&task.number) == Some(&Outcome::Done);
        let mut done = self.plan.tasks.iter().filter(done);
        done.any(|task| !task.shows_effect())
    }

    /// Tells how it came out: every task, and what the nodes said before and after.
    pub(super) fn summary(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\nResult")?;
        for task in &self.plan.tasks {
            let outcome = match self.outcomes.get(&task.number) {
                Some(Outcome::Done) => done(task).to_owned(),
                Some(outcome) => in_words(outcome),
                None => "not begun".to_owned(),
            };
            let title = sanitize::line(&task.title);
            writeln!(out, "  {}. {title} ({}): {outcome}", task.number, task.node)?;
        }
        for (at, seen) in self.seen.changed().enumerate() {
            if at == 0 {
                writeln!(out, "\nBefore and after")?;
            }
            writeln!(
                out,
                "  {}> {}",
                sanitize::line(&seen.node),
                sanitize::line(&seen.command)
            )?;
            let width = settings::width();
            plan::write_hanging("    before  ", &seen.before, width, out)?;
            plan::write_hanging("    after   ", &seen.after, width, out)?;
        }
        Ok(())
    }

    /// True for a step whose effect is looked at before it is called done.
    fn has_shown(&self, id: &str) -> bool {
        let mut steps = self.plan.tasks.iter().flat_map(|task| &task.steps);
        steps.any(|step| step.id == id && step.until.is_some())
    }

    fn show(&self, text: &str) {
        // nobody may be watching, which is no reason to stop in the middle
        let mut out = io::stdout().lock();
        _ = writeln!(out, "{text}");
        _ = out.flush();
    }

    fn show_step(&self, task: &Task, step: &Step) {
        let mut text = Vec::new();
        let title = sanitize::line(&task.title).into_owned();
        _ = writeln!(
            text,
            "\nStep {} of remedy {}: {title}",
            step.id, task.number
        );
        _ = plan::write_step(step, settings::width(), &mut text);
        self.show(String::from_utf8_lossy(&text).trim_end());
    }

    fn looked_at(&mut self, step: &str, node: &str, command: &str, look: Option<&Look>) {
        let Some(look) = look else {
            return self.line(step, &format!("{node}> {command}"));
        };
        self.seen.remember(node, command, look);
        let is_skip = step.contains("skip");
        let word = match (look.holds(), is_skip) {
            (true, true) => "already so",
            (true, false) => "as wanted",
            (false, true) => "still to be done",
            (false, false) => "not as wanted",
        };
        // of a long wait the begin and the end are told
        if self.told.as_deref() != Some(step) {
            self.line(step, &format!("{node}> {command}\n{word}: {}", look.seen()));
        } else if look.holds() {
            self.line(step, &format!("{word}: {}", look.seen()));
        }
    }

    /// A line about a step, broken at the width of the terminal.
    fn line(&self, step: &str, text: &str) {
        let mut line = Vec::new();
        _ = plan::write_hanging(&format!("{step:<11}"), text, settings::width(), &mut line);
        self.show(String::from_utf8_lossy(&line).trim_end());
    }

    async fn asked(&mut self, task: &Task, step: &Step) -> Consent {
        self.show_step(task, step);
        if self.yes {
            return Consent::Yes;
        }
        let (question, wanted) = match step.risk {
            Risk::Destructive => (
                format!("Type {} to continue: ", step.node),
                vec![step.node.as_str()],
            ),
            _ => ("Run this step? [y/N] ".to_owned(), vec!["y", "yes"]),
        };
        self.answer(&question, &wanted, step.risk == Risk::Destructive)
            .await
    }

    async fn answer(&self, question: &str, wanted: &[&str], exactly: bool) -> Consent {
        match ask(question, &self.stop).await {
            Said::Interrupted => Consent::Interrupted,
            Said::Line(line) => {
                let fits = |word: &&&str| match exactly {
                    true => **word == line,
                    false => word.eq_ignore_ascii_case(&line),
                };
                match wanted.iter().any(|word| fits(&word)) {
                    true => Consent::Yes,
                    false => Consent::No,
                }
            }
            Said::Nothing => Consent::No,
        }
    }
}

impl Operator for Terminal {
    fn consent<'a>(&'a mut self, task: &'a Task, step: &'a Step) -> BoxFuture<'a, Consent> {
        Box::pin(self.asked(task, step))
    }

    fn done_by_hand<'a>(&'a mut self, task: &'a Task, step: &'a Step) -> BoxFuture<'a, Consent> {
        Box::pin(async move {
            self.show_step(task, step);
            self.answer("Is this done? [y/N] ", &["y", "yes"], false)
                .await
        })
    }

    fn may_have_run(&mut self, step: &Step) {
        self.show(&format!(
            "\n{}  may have run before, and its effect does not show; look at {} yourself before you agree to run it again",
            step.id,
            safe(&step.node)
        ));
    }

    fn recorded(&mut self, record: &Record) {
        match record {
            Record::Connected { node, proved_by } => {
                self.show(&format!(
                    "connected to {}, which shows itself as {}",
                    safe(node),
                    safe(proved_by)
                ));
            }
            Record::Looked {
                step,
                node,
                command,
                look,
                ..
            } => self.looked_at(step, node, command, look.as_ref()),
            Record::StepStarted { .. } => self.sent = true,
            Record::StepAnswered {
                step,
                taken,
                confirmed,
                ..
            } => {
                for (question, answer) in confirmed {
                    self.line(
                        step,
                        &format!("the node asked '{question}', answered {answer}"),
                    );
                }
                self.line(step, &format!("sent; the node took it: {taken}"));
            }
            Record::StepEnded { step, outcome } => {
                self.told = None;
                let said = match outcome {
                    Outcome::Done if !self.has_shown(step) => "done".to_owned(),
                    outcome => in_words(outcome),
                };
                self.line(step, &said);
            }
            Record::TaskEnded { task, outcome } => {
                self.outcomes.insert(*task, outcome.clone());
            }
            Record::Plan { .. }
            | Record::Resumed
            | Record::TaskStarted { .. }
            | Record::Ended { .. } => {}
        }
    }

    fn waiting(&mut self, step: &str, seen: &str) {
        if self.told.as_deref() == Some(step) {
            return;
        }
        let seen = if seen.is_empty() {
            "the node cannot be reached now"
        } else {
            seen
        };
        self.line(step, &format!("waiting for the effect: {seen}"));
        self.told = Some(step.to_owned());
    }

    fn connecting(&mut self, node: &str) {
        let way = self.plan.node(node).map_or("", |node| node.agent.as_str());
        self.show(&format!("connecting to {} by {}", safe(node), safe(way)));
    }

    fn not_sent(&mut self, task: &Task, step: &Step) {
        self.show_step(task, step);
        self.show("           dry run: not sent");
    }
}

/// What may be claimed of a task that came to its end.
fn done(task: &Task) -> &'static str {
    match task.shows_effect() {
        true => "done and verified",
        false => "done; no check shows whether it helped",
    }
}

fn safe(text: &str) -> String {
    sanitize::line(text).into_owned()
}

/// How something came out, in a few words.
pub(in crate::cli) fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done and verified".to_owned(),
        Outcome::Already => "nothing to do, it is as it should be".to_owned(),
        Outcome::Skipped(why) => format!("left out: {}", safe(why)),
        Outcome::Declined => "declined".to_owned(),
        Outcome::Refused(why) => format!("refused: {}", safe(why)),
        Outcome::Failed(why) => format!("failed: {}", safe(why)),
        Outcome::Unknown(why) => format!("may have run, its effect is unknown: {}", safe(why)),
        Outcome::Interrupted => "interrupted".to_owned(),
    }
}
