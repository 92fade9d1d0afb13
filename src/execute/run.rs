//! The runner.

use std::io;
use std::time::{Duration, Instant};

use crate::agent::{Answer, Command, Output};
use crate::catalog::Catalog;

use crate::model::journal::{Outcome, Record};
use crate::model::look::Look;
use crate::model::plan::{Plan, Step, Task};

use super::resume::Known;
use super::session::{Sessions, Trouble};
use super::{Connector, Consent, Journal, Observer, Operator, Progress, Stop};

/// Bytes of what a node said that a reason quotes.
const QUOTED: usize = 300;

mod look;

/// How a run is made.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Time for the answer to one command.
    pub command_timeout: Duration,
    /// Time for an effect to show, in place of what the remedies say.
    pub settle_timeout: Option<Duration>,
    /// Only look: nothing that changes anything is sent.
    pub dry_run: bool,
    /// Divides the waits between two looks; for simulated clusters.
    pub pace: u32,
}

/// Runs a plan.
pub struct Runner<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// The rules that made the plan.
    pub catalog: &'a Catalog,
    /// Opens connections.
    pub connector: &'a dyn Connector,
    /// Says what answers mean.
    pub observer: &'a dyn Observer,
    /// The person in charge.
    pub operator: &'a mut dyn Operator,
    /// Where everything is written down first.
    pub journal: Journal,
    /// What was done before, by a run that is resumed.
    pub before: Progress,
    /// How.
    pub settings: Settings,
    /// The wish to stop.
    pub stop: &'a Stop,
}

/// Why a task does not go on.
enum Halt {
    /// The run ends so.
    End(Outcome),
    /// The journal cannot be written.
    Journal(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Journal(error)
    }
}

impl<'a> Runner<'a> {
    /// Runs all tasks, one after the other.
    ///
    /// # Errors
    /// The journal cannot be written; nothing was sent after that.
    pub async fn run(mut self) -> io::Result<Outcome> {
        let mut sessions = Sessions::new(
            self.plan,
            self.catalog,
            self.connector,
            self.observer,
            self.settings.command_timeout,
        );
        let outcome = self.tasks(&mut sessions).await;
        sessions.close().await;
        let outcome = match outcome {
            Ok(outcome) | Err(Halt::End(outcome)) => outcome,
            Err(Halt::Journal(error)) => return Err(error),
        };
        self.record(&Record::Ended {
            outcome: outcome.clone(),
        })?;
        Ok(outcome)
    }

    async fn tasks(&mut self, sessions: &mut Sessions<'_>) -> Result<Outcome, Halt> {
        let plan = self.plan;
        let mut sent = false;
        for task in &plan.tasks {
            if let Some(outcome) = self.before.good_end(task.number) {
                sent |= *outcome == Outcome::Done;
                continue;
            }
            if self.stop.is_wanted() {
                return Err(Halt::End(Outcome::Interrupted));
            }
            self.record(&Record::TaskStarted { task: task.number })?;
            let outcome = match self.task(task, sessions).await {
                Ok(outcome) | Err(Halt::End(outcome)) => outcome,
                Err(halt) => return Err(halt),
            };
            sent |= outcome == Outcome::Done;
            let ended = Record::TaskEnded {
                task: task.number,
                outcome: outcome.clone(),
            };
            self.record(&ended)?;
            if !outcome.is_good() {
                return Ok(outcome);
            }
        }
        Ok(if sent {
            Outcome::Done
        } else {
            Outcome::Already
        })
    }

    async fn task(&mut self, task: &Task, sessions: &mut Sessions<'_>) -> Result<Outcome, Halt> {
        let begun = self.before.has_begun(task.number);
        if !task.skip_if.is_empty() && self.all_hold(&task.skip_if, sessions).await? {
            if !begun {
                return Ok(Outcome::Already);
            }
            // what was sent may still be at work, and the next task relies on its end
            return self.postchecks(task, sessions).await;
        }
        if !begun && let Some(outcome) = self.prechecks(task, sessions).await? {
            return Ok(outcome);
        }
        for step in &task.steps {
            self.step(task, step, sessions).await?;
        }
        if self.settings.dry_run {
            return Ok(Outcome::Skipped("dry run".to_owned()));
        }
        self.postchecks(task, sessions).await
    }

    async fn postchecks(
        &mut self,
        task: &Task,
        sessions: &mut Sessions<'_>,
    ) -> Result<Outcome, Halt> {
        for check in &task.postchecks {
            match check.manual {
                Some(_) => self.by_hand(task, check).await?,
                None => self.awaited(check, sessions).await?,
            }
        }
        Ok(Outcome::Done)
    }

    /// True when every check holds; an answer that cannot be read proves nothing.
    async fn all_hold(
        &mut self,
        checks: &[Step],
        sessions: &mut Sessions<'_>,
    ) -> Result<bool, Halt> {
        for check in checks {
            if !self
                .look(check, sessions)
                .await?
                .is_some_and(|look| look.holds())
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The end of the task, if a precheck is one.
    async fn prechecks(
        &mut self,
        task: &Task,
        sessions: &mut Sessions<'_>,
    ) -> Result<Option<Outcome>, Halt> {
        for check in &task.prechecks {
            if check.manual.is_some() {
                self.by_hand(task, check).await?;
                continue;
            }
            let look = self.look(check, sessions).await?;
            if let Some(look) = look.filter(|look| !look.holds()) {
                let because = unlike(check, &look);
                return match (check.skips, &look) {
                    (true, Look::DoesNot(_)) => Ok(Some(Outcome::Skipped(because))),
                    _ => Err(Halt::End(Outcome::Refused(because))),
                };
            }
        }
        Ok(None)
    }

    /// Runs a step, or finds out that it need not be run.
    async fn step(
        &mut self,
        task: &Task,
        step: &Step,
        sessions: &mut Sessions<'_>,
    ) -> Result<(), Halt> {
        if step.manual.is_some() {
            return match self.before.step(&step.id) {
                Known::Done => Ok(()),
                _ => self.by_hand(task, step).await,
            };
        }
        if !step.changes() {
            return self.mid_check(task, step, sessions).await;
        }
        if self.settings.dry_run {
            self.operator.not_sent(task, step);
            return Ok(());
        }
        let known = self.before.step(&step.id);
        if known == Known::Done {
            return Ok(());
        }
        if known == Known::MayHaveRun && self.took_effect(task, step, sessions).await? {
            return Ok(self.end(step, Outcome::Done)?);
        }
        if step.once && known == Known::Fresh && self.shows(step, sessions).await? {
            return Ok(self.end(step, Outcome::Already)?);
        }
        self.reach(&step.node, sessions).await?;
        if known == Known::MayHaveRun {
            self.operator.may_have_run(step);
        }
        let declined = |outcome| match known {
            Known::MayHaveRun => Outcome::Unknown("it may have run before".to_owned()),
            _ => outcome,
        };
        match self.operator.consent(task, step).await {
            Consent::Yes => {}
            Consent::No => {
                self.end(step, declined(Outcome::Declined))?;
                return Err(Halt::End(Outcome::Declined));
            }
            Consent::Interrupted => {
                self.end(step, declined(Outcome::Declined))?;
                return Err(Halt::End(Outcome::Interrupted));
            }
        }
        self.send(step, sessions).await
    }

    /// True when the effect of a step shows now.
    async fn shows(&mut self, step: &Step, sessions: &mut Sessions<'_>) -> Result<bool, Halt> {
        let look = self.effect(step, sessions).await?;
        Ok(look.is_some_and(|look| look.holds()))
    }

    /// After a run that was cut off: finds out whether the step had its effect. Where everything is
    /// still as it was before the remedy, it had none; else the effect gets its time to show.
    async fn took_effect(
        &mut self,
        task: &Task,
        step: &Step,
        sessions: &mut Sessions<'_>,
    ) -> Result<bool, Halt> {
        let Some(until) = &step.until else {
            // nothing shows it, and doing it twice does no harm where it was right to do it once
            return self
                .may_be_repeated(task, step, sessions)
                .await
                .map(|()| false);
        };
        let end = Instant::now() + self.span(until.span);
        let mut untouched = false;
        loop {
            let look = self.effect(step, sessions).await?;
            let seen = match &look {
                Some(look) if look.holds() => return Ok(true),
                Some(look) => look.seen().to_owned(),
                None => String::new(),
            };
            let before = look.is_some() && self.is_as_before(task, sessions).await?;
            // seen twice, so that a command on its way is not taken for one that was never sent
            if before && untouched {
                return Ok(false);
            }
            untouched = before;
            if Instant::now() >= end {
                break;
            }
            self.operator.waiting(&step.id, &seen);
            if self.stop.sleep(self.pace(until.every)).await {
                return Err(Halt::End(Outcome::Interrupted));
            }
        }
        self.may_be_repeated(task, step, sessions)
            .await
            .map(|()| false)
    }

    /// True when every precheck holds, and nothing of the remedy was done.
    async fn is_as_before(
        &mut self,
        task: &Task,
        sessions: &mut Sessions<'_>,
    ) -> Result<bool, Halt> {
        let mut steps = task.steps.iter();
        let done = |step: &Step| step.changes() && self.before.step(&step.id) == Known::Done;
        if steps.any(done) || task.prechecks.is_empty() {
            return Ok(false);
        }
        self.all_hold(&task.prechecks, sessions).await
    }

    /// What the step relies on has to hold still: the checks right before it, for the first one
    /// those of the remedy.
    async fn may_be_repeated(
        &mut self,
        task: &Task,
        step: &Step,
        sessions: &mut Sessions<'_>,
    ) -> Result<(), Halt> {
        let until_here = task.steps.iter().take_while(|other| other.id != step.id);
        let mut checks: Vec<&Step> = Vec::new();
        let mut first = true;
        for other in until_here {
            if other.changes() {
                checks.clear();
                first = false;
            } else if other.expect.is_some() {
                checks.push(other);
            }
        }
        if first {
            checks.extend(&task.prechecks);
        }
        for check in checks {
            let look = self.look(check, sessions).await?;
            if let Some(look) = look.filter(|look| !look.holds()) {
                let because = format!(
                    "step {} may have run before: its effect does not show, and {}",
                    step.id,
                    unlike(check, &look)
                );
                return Err(Halt::End(Outcome::Unknown(because)));
            }
        }
        Ok(())
    }

    /// Sends the command and waits for its effect.
    async fn send(&mut self, step: &Step, sessions: &mut Sessions<'_>) -> Result<(), Halt> {
        let spellings = step.run.iter().chain(&step.or);
        let mut answered = None;
        for line in spellings {
            let command = command(step, line);
            self.record(&Record::StepStarted {
                step: step.id.clone(),
                node: step.node.clone(),
                command: line.clone(),
            })?;
            let output = match sessions.run(&step.node, &command).await {
                Ok(output) => output,
                Err(trouble) => return self.trouble(step, &trouble),
            };
            self.answered(step, line, &output)?;
            let unknown = output.answer == Answer::Unknown;
            answered = Some(output);
            if !unknown {
                break;
            }
        }
        let failed = match answered {
            Some(output) if output.answer == Answer::Unknown => Some(format!(
                "{} does not know the command: {}",
                step.node,
                self.quote(&output.text)
            )),
            Some(output) if output.answer == Answer::Failed => Some(format!(
                "{} refused the command: {}",
                step.node,
                self.quote(&output.text)
            )),
            Some(_) => None,
            None => Some("the step has no command".to_owned()),
        };
        if let Some(because) = failed {
            self.end(step, Outcome::Failed(because.clone()))?;
            return Err(Halt::End(Outcome::Failed(because)));
        }
        self.settle(step, sessions).await
    }

    /// Waits until the effect shows.
    async fn settle(&mut self, step: &Step, sessions: &mut Sessions<'_>) -> Result<(), Halt> {
        let Some(until) = &step.until else {
            return Ok(self.end(step, Outcome::Done)?);
        };
        let end = Instant::now() + self.span(until.span);
        loop {
            let seen = match self.effect(step, sessions).await {
                Ok(Some(look)) if look.holds() => return Ok(self.end(step, Outcome::Done)?),
                Ok(look) => look.map_or(String::new(), |look| look.seen().to_owned()),
                Err(halt) => return self.unsettled(step, halt),
            };
            if Instant::now() >= end {
                let because = format!(
                    "the effect does not show on {}: {seen}, and what is wanted is: {}",
                    until.node, until.expect
                );
                self.end(step, Outcome::Failed(because.clone()))?;
                return Err(Halt::End(Outcome::Failed(because)));
            }
            self.operator.waiting(&step.id, &seen);
            if self.stop.sleep(self.pace(until.every)).await {
                self.end(step, Outcome::Interrupted)?;
                return Err(Halt::End(Outcome::Interrupted));
            }
        }
    }

    fn unsettled(&mut self, step: &Step, halt: Halt) -> Result<(), Halt> {
        if let Halt::End(outcome) = &halt {
            let because = match outcome {
                Outcome::Refused(why) | Outcome::Failed(why) => why.clone(),
                _ => "its effect was not seen".to_owned(),
            };
            self.end(step, Outcome::Unknown(because))?;
        }
        Err(halt)
    }

    /// A check between the steps: what the next one relies on.
    async fn mid_check(
        &mut self,
        task: &Task,
        step: &Step,
        sessions: &mut Sessions<'_>,
    ) -> Result<(), Halt> {
        if step.stop_after.is_some() && self.settings.dry_run {
            // it only looks, but for minutes, and leaves a file
            self.operator.not_sent(task, step);
            return Ok(());
        }
        if step.span.is_some() && !self.settings.dry_run {
            return self.awaited(step, sessions).await;
        }
        match self.look(step, sessions).await? {
            // what the steps before it bring about is not so in a dry run
            Some(look) if !look.holds() && !self.settings.dry_run => {
                Err(Halt::End(Outcome::Refused(unlike(step, &look))))
            }
            _ => Ok(()),
        }
    }

    /// What a person does.
    async fn by_hand(&mut self, task: &Task, step: &Step) -> Result<(), Halt> {
        if self.settings.dry_run {
            self.operator.not_sent(task, step);
            return Ok(());
        }
        let consent = self.operator.done_by_hand(task, step).await;
        let outcome = match consent {
            Consent::Yes => Outcome::Done,
            Consent::No => Outcome::Declined,
            Consent::Interrupted => Outcome::Interrupted,
        };
        self.end(step, outcome.clone())?;
        match consent {
            Consent::Yes => Ok(()),
            _ => Err(Halt::End(outcome)),
        }
    }

    /// A command that was not answered.
    fn trouble(&mut self, step: &Step, trouble: &Trouble) -> Result<(), Halt> {
        let because = self.journal.masked(&trouble.in_words(&step.node));
        let outcome = match trouble.was_sent() {
            true => Outcome::Unknown(because.clone()),
            false => Outcome::Failed(because.clone()),
        };
        self.end(step, outcome.clone())?;
        Err(Halt::End(outcome))
    }

    fn failed(&self, node: &str, trouble: &Trouble) -> Outcome {
        let mut because = self.journal.masked(&trouble.in_words(node));
        if let Some(help) = trouble.help() {
            because.push_str("; ");
            because.push_str(help);
        }
        match trouble {
            Trouble::Identity(_) => Outcome::Refused(because),
            Trouble::Agent(_) => Outcome::Failed(because),
        }
    }

    fn answered(&mut self, step: &Step, line: &str, output: &Output) -> io::Result<()> {
        let taken = match output.answer {
            Answer::Done => "done",
            Answer::Unknown => "unknown",
            Answer::Failed => "failed",
            Answer::Closed => "closed",
        };
        let confirmed = output.confirmed.iter();
        let confirmed = confirmed.map(|(asked, said)| (self.journal.masked(asked), said.clone()));
        let confirmed = confirmed.collect();
        self.record(&Record::StepAnswered {
            step: step.id.clone(),
            command: line.to_owned(),
            taken: taken.to_owned(),
            confirmed,
            answer: self.journal.answer(&output.text, output.dropped),
        })
    }

    fn end(&mut self, step: &Step, outcome: Outcome) -> io::Result<()> {
        self.record(&Record::StepEnded {
            step: step.id.clone(),
            outcome,
        })
    }

    fn record(&mut self, record: &Record) -> io::Result<()> {
        self.journal.write(record)?;
        self.operator.recorded(record);
        Ok(())
    }

    fn quote(&self, text: &str) -> String {
        let masked = self.journal.masked(text.trim());
        masked.chars().take(QUOTED).collect()
    }

    fn span(&self, seconds: u64) -> Duration {
        let own = Duration::from_secs(seconds);
        self.settings.settle_timeout.unwrap_or(own)
    }

    fn pace(&self, seconds: u64) -> Duration {
        Duration::from_secs(seconds) / self.settings.pace.max(1)
    }
}

fn command(step: &Step, line: &str) -> Command {
    Command {
        line: line.to_owned(),
        closes: step.closes,
        stop_after: step.stop_after.map(Duration::from_secs),
    }
}

/// What a check found in place of what it expects.
fn unlike(check: &Step, look: &Look) -> String {
    let wanted = check.expect.as_deref().unwrap_or_default();
    let command = check.run.as_deref().unwrap_or_default();
    let why = check
        .why
        .as_ref()
        .map_or(String::new(), |why| format!("{why}: "));
    format!(
        "{why}'{command}' on {} says {}, and what is wanted is: {wanted}",
        check.node,
        look.seen()
    )
}
