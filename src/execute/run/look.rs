//! Looks: what is asked of a node and changes nothing.

use std::io;
use std::time::Instant;

use crate::agent::{Answer, Command};
use crate::catalog::remedy::{Expect, Holds, RemedyStep};
use crate::model::journal::{Outcome, Record};
use crate::model::look::Look;
use crate::model::plan::{Part, Step, Task};

use super::super::session::{Sessions, Trouble};
use super::{Halt, Runner, command, unlike};

impl<'a> Runner<'a> {
    /// One look at the effect of a step; `None` while the node cannot be reached.
    pub(super) async fn effect(
        &mut self,
        step: &Step,
        sessions: &mut Sessions<'_>,
    ) -> Result<Option<Look>, Halt> {
        let Some(until) = &step.until else {
            return Ok(None);
        };
        let rule = self.rule(step).and_then(|rule| rule.until.as_deref());
        let expect = self.expected(step, rule);
        let look = Asked {
            step: &step.id,
            node: &until.node,
            command: only(&until.run),
            expect: expect.as_ref(),
            patient: true,
        };
        self.ask(look, sessions).await
    }

    /// A check that is repeated for as long as it may take to hold.
    pub(super) async fn awaited(
        &mut self,
        check: &Step,
        sessions: &mut Sessions<'_>,
    ) -> Result<(), Halt> {
        let end = Instant::now() + self.span(check.span.unwrap_or(0));
        let expect = self.expected(check, self.rule(check));
        loop {
            let Some(run) = &check.run else {
                return Ok(());
            };
            let asked = Asked {
                step: &check.id,
                node: &check.node,
                command: command(check, run),
                expect: expect.as_ref(),
                patient: true,
            };
            let look = self.ask(asked, sessions).await?;
            let seen = match &look {
                Some(look) if look.holds() => return Ok(()),
                Some(look) => unlike(check, look),
                None if check.expect.is_none() => return Ok(()),
                None => format!("{} cannot be reached", check.node),
            };
            if Instant::now() >= end {
                return Err(Halt::End(Outcome::Failed(seen)));
            }
            self.operator.waiting(&check.id, &seen);
            if self.stop.sleep(self.pace(check.every.unwrap_or(1))).await {
                return Err(Halt::End(Outcome::Interrupted));
            }
        }
    }

    /// One look for a check; `None` where it expects nothing.
    pub(super) async fn look(
        &mut self,
        check: &Step,
        sessions: &mut Sessions<'_>,
    ) -> Result<Option<Look>, Halt> {
        let Some(run) = &check.run else {
            return Ok(None);
        };
        let expect = self.expected(check, self.rule(check));
        if check.expect.is_some() && expect.is_none() {
            let because = format!("nobody can tell any more what check {} expects", check.id);
            return Err(Halt::End(Outcome::Refused(because)));
        }
        let asked = Asked {
            step: &check.id,
            node: &check.node,
            command: command(check, run),
            expect: expect.as_ref(),
            patient: false,
        };
        self.ask(asked, sessions).await
    }

    async fn ask(
        &mut self,
        asked: Asked<'_>,
        sessions: &mut Sessions<'_>,
    ) -> Result<Option<Look>, Halt> {
        let Asked {
            step,
            node,
            command,
            expect,
            patient,
        } = asked;
        let proved = self.prove(node, sessions).await?;
        let output = match proved {
            Ok(()) => sessions.run(node, &command).await,
            Err(trouble) => Err(trouble),
        };
        let output = match output {
            Ok(output) => output,
            Err(trouble) if patient && trouble.may_pass() => return Ok(None),
            Err(trouble) => return Err(Halt::End(self.failed(node, &trouble))),
        };
        let look = match output.answer {
            Answer::Done => expect.map(|expect| {
                let look = self.observer.look(expect, &output.text);
                whole_or_found(look, expect, output.dropped)
            }),
            // what was not understood was not answered
            _ => expect.map(|_| Look::Unreadable),
        };
        let look = look.map(|look| look.map(|seen| self.journal.masked(&seen)));
        self.record(&Record::Looked {
            step: step.to_owned(),
            node: node.to_owned(),
            command: command.line,
            look: look.clone(),
            answer: self.journal.answer(&output.text, output.dropped),
        })?;
        Ok(look)
    }

    /// Makes sure that the node of a step is reached and is the planned one.
    pub(super) async fn reach(
        &mut self,
        node: &str,
        sessions: &mut Sessions<'_>,
    ) -> Result<(), Halt> {
        let proved = self.prove(node, sessions).await?;
        proved.map_err(|trouble| Halt::End(self.failed(node, &trouble)))
    }

    /// Opens a connection where there is none and writes down by what the node was known.
    async fn prove(
        &mut self,
        node: &str,
        sessions: &mut Sessions<'_>,
    ) -> io::Result<Result<(), Trouble>> {
        if !sessions.is_open(node) {
            self.operator.connecting(node);
        }
        let proved = sessions.prove(node).await;
        for proof in sessions.take_proved() {
            self.record(&proof)?;
        }
        Ok(proved)
    }

    /// The step of the rules that a step was made from.
    pub(super) fn rule(&self, step: &Step) -> Option<&'a RemedyStep> {
        let remedy = self.catalog.remedy(&self.task_of(step)?.remedy)?;
        let part = match step.part {
            Part::SkipIf => &remedy.skip_if,
            Part::Precheck => &remedy.prechecks,
            Part::Step => &remedy.steps,
            Part::Postcheck => &remedy.postchecks,
        };
        part.get(step.index)
    }

    /// What a step of the rules expects, with the values of the finding that its task serves.
    pub(super) fn expected(&self, step: &Step, rule: Option<&RemedyStep>) -> Option<Expect> {
        let id = self.task_of(step)?.incidents.first()?;
        let value = |place: &str| {
            let name = place.split(':').next().unwrap_or(place);
            // where several have the id they have to agree
            let known = &self.plan.basis.incidents;
            let mut values = known.iter().filter(|incident| incident.id == *id);
            let first = values.next()?.value(name)?;
            values
                .all(|other| other.value(name) == Some(first))
                .then(|| first.to_owned())
        };
        rule?.expect.as_ref()?.bound(&value)
    }

    pub(super) fn task_of(&self, step: &Step) -> Option<&'a Task> {
        let number = step.id.split('.').next()?.parse::<usize>().ok()?;
        self.plan.tasks.get(number.checked_sub(1)?)
    }
}

/// Something that is asked of a node and changes nothing.
struct Asked<'s> {
    step: &'s str,
    node: &'s str,
    command: Command,
    expect: Option<&'s Expect>,
    /// A node that cannot be reached now is no reason to stop.
    patient: bool,
}

/// A command as it stands.
fn only(line: &str) -> Command {
    Command {
        line: line.to_owned(),
        closes: false,
        stop_after: None,
    }
}

/// Of an answer that was cut off only a record that was found proves anything: those that are
/// missing may say otherwise.
fn whole_or_found(look: Look, expect: &Expect, dropped: u64) -> Look {
    let found = match expect.holds {
        Holds::Any => look.holds(),
        Holds::All | Holds::None => matches!(look, Look::DoesNot(_)),
    };
    match dropped == 0 || found {
        true => look,
        false => Look::Unreadable,
    }
}
