//! The person at the terminal: what is shown while a plan runs, and what is asked.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use crate::agent::BoxFuture;
use crate::execute::{Consent, Operator, Progress, Stop};
use crate::locale::Locale;
use crate::model::journal::{Outcome, Record};
use crate::model::look::Look;
use crate::model::plan::{Plan, Risk, Step, Task};
use crate::report::changes::Changes;
use crate::report::{layout, plan, sanitize};

use super::super::ask::{Said, ask};
use super::super::settings;

/// Shows on standard output, asks on the terminal.
pub(super) struct Terminal {
    plan: Arc<Plan>,
    /// The program's words.
    locale: Locale,
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
    pub(super) fn new(
        plan: Arc<Plan>,
        stop: Arc<Stop>,
        yes: bool,
        before: &Progress,
        locale: Locale,
    ) -> Self {
        let over = |task: &Task| Some((task.number, before.good_end(task.number)?.clone()));
        let outcomes = plan.tasks.iter().filter_map(over).collect();
        Self {
            plan,
            locale,
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
        let locale = &self.locale;
        writeln!(out, "\n{}", locale.word("run.result"))?;
        for task in &self.plan.tasks {
            let outcome = match self.outcomes.get(&task.number) {
                Some(Outcome::Done) => locale.word(done(task)).to_owned(),
                Some(outcome) => in_words(outcome, locale),
                None => locale.word("run.not_begun").to_owned(),
            };
            let title = sanitize::line(&task.title);
            writeln!(out, "  {}. {title} ({}): {outcome}", task.number, task.node)?;
        }
        for (at, seen) in self.seen.changed().enumerate() {
            if at == 0 {
                writeln!(out, "\n{}", locale.word("run.both"))?;
            }
            writeln!(
                out,
                "  {}> {}",
                sanitize::line(&seen.node),
                sanitize::line(&seen.command)
            )?;
            let width = settings::width();
            let lead = |key| format!("    {}", layout::pad(locale.word(key), 8));
            plan::write_hanging(&lead("run.before"), &seen.before, width, out)?;
            plan::write_hanging(&lead("run.after"), &seen.after, width, out)?;
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
        let number = task.number.to_string();
        let values = [
            ("step", step.id.as_str()),
            ("number", &number),
            ("title", &title),
        ];
        _ = writeln!(text, "\n{}", self.locale.fill("run.step", &values));
        _ = plan::write_step(step, &self.locale, settings::width(), &mut text);
        self.show(String::from_utf8_lossy(&text).trim_end());
    }

    fn looked_at(&mut self, step: &str, node: &str, command: &str, look: Option<&Look>) {
        let Some(look) = look else {
            return self.line(step, &format!("{node}> {command}"));
        };
        self.seen.remember(node, command, look);
        let is_skip = step.contains("skip");
        let word = match (look.holds(), is_skip) {
            (true, true) => "run.already_so",
            (true, false) => "run.as_wanted",
            (false, true) => "run.to_be_done",
            (false, false) => "run.not_as_wanted",
        };
        let word = self.locale.word(word).to_owned();
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
        let values = [("step", step.id.as_str()), ("node", &safe(&step.node))];
        let text = self.locale.fill("run.may_have_run", &values);
        self.show(&format!("\n{text}"));
    }

    fn recorded(&mut self, record: &Record) {
        match record {
            Record::Connected { node, proved_by } => {
                let values = [("node", &*safe(node)), ("proof", &safe(proved_by))];
                self.show(&self.locale.fill("run.connected", &values));
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
                    let values = [("question", question.as_str()), ("answer", answer)];
                    self.line(step, &self.locale.fill("run.asked", &values));
                }
                let text = self.locale.fill("run.sent", &[("taken", taken.as_str())]);
                self.line(step, &text);
            }
            Record::StepEnded { step, outcome } => {
                self.told = None;
                let said = match outcome {
                    Outcome::Done if !self.has_shown(step) => {
                        self.locale.word("run.done").to_owned()
                    }
                    outcome => in_words(outcome, &self.locale),
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
            self.locale.word("run.unreachable")
        } else {
            seen
        };
        let text = self.locale.fill("run.waiting", &[("seen", seen)]);
        self.line(step, &text);
        self.told = Some(step.to_owned());
    }

    fn connecting(&mut self, node: &str) {
        let way = self.plan.node(node).map_or("", |node| node.agent.as_str());
        let values = [("node", &*safe(node)), ("agent", &safe(way))];
        self.show(&self.locale.fill("run.connecting", &values));
    }

    fn not_sent(&mut self, task: &Task, step: &Step) {
        self.show_step(task, step);
        let text = self.locale.word("run.dry");
        self.show(&format!("           {text}"));
    }
}

/// Key of what may be claimed of a task that came to its end.
fn done(task: &Task) -> &'static str {
    match task.shows_effect() {
        true => "run.verified",
        false => "run.unproved",
    }
}

fn safe(text: &str) -> String {
    sanitize::line(text).into_owned()
}

/// How something came out, in a few words.
pub(in crate::cli) fn in_words(outcome: &Outcome, locale: &Locale) -> String {
    let (key, why) = match outcome {
        Outcome::Done => ("run.verified", None),
        Outcome::Already => ("run.already", None),
        Outcome::Skipped(why) => ("run.skipped", Some(why)),
        Outcome::Declined => ("run.declined", None),
        Outcome::Refused(why) => ("run.refused", Some(why)),
        Outcome::Failed(why) => ("run.failed", Some(why)),
        Outcome::Unknown(why) => ("run.unknown", Some(why)),
        Outcome::Interrupted => ("run.interrupted", None),
    };
    let why = why.map_or_else(String::new, |why| safe(why));
    locale.fill(key, &[("why", &why)])
}
