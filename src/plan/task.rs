//! A remedy bound to a node.

use crate::catalog::remedy::{Dialect, Holds, Otherwise, Remedy, RemedyStep, Risk};
use crate::catalog::text::{Lang, Text};
use crate::model::plan::{Basis, Part, PlannedIncident, PlannedNode, Step, Task, Until};

use super::{bind, place};

/// Seconds between two looks at an effect, and how long it may take, where a rule says nothing.
const EVERY: u64 = 10;
const SPAN: u64 = 300;

/// Everything that a task is made from.
pub(super) struct Maker<'a> {
    pub(super) remedy: &'a Remedy,
    pub(super) incident: &'a PlannedIncident,
    pub(super) basis: &'a Basis,
    pub(super) dialect: &'a Dialect,
    pub(super) lang: Lang,
    /// Where it runs.
    pub(super) node: &'a PlannedNode,
}

impl Maker<'_> {
    /// The task, without numbers, or why it cannot be made.
    pub(super) fn task(&self) -> Result<Task, String> {
        let remedy = self.remedy;
        let words = |text: &Text| bind::words(text.get(self.lang), self.incident);
        let mut task = Task {
            number: 0,
            remedy: remedy.id.clone(),
            title: remedy.title.get(self.lang).to_owned(),
            advice: remedy.advice.as_ref().map(words),
            incidents: vec![self.incident.id.clone()],
            node: self.node.name.clone(),
            risk: Risk::Read,
            undo: remedy.undo.as_ref().map(words),
            disputed: remedy.disputed.as_ref().map(words),
            skip_if: self.part(Part::SkipIf, &remedy.skip_if)?,
            prechecks: self.part(Part::Precheck, &remedy.prechecks)?,
            steps: self.part(Part::Step, &remedy.steps)?,
            postchecks: self.part(Part::Postcheck, &remedy.postchecks)?,
        };
        let most = task.all_steps().map(|step| step.risk).max();
        task.risk = most.unwrap_or(Risk::Read);
        Ok(task)
    }

    fn part(&self, part: Part, steps: &[RemedyStep]) -> Result<Vec<Step>, String> {
        let mut made = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            for node in self.places(step)? {
                made.push(self.step(part, index, step, node)?);
            }
        }
        Ok(made)
    }

    /// Where a step runs.
    fn places(&self, step: &RemedyStep) -> Result<Vec<&PlannedNode>, String> {
        let nodes = match &step.on {
            None => vec![self.node],
            Some(on) => place::nodes(on, self.remedy, self.incident, self.basis, Some(self.node))?,
        };
        let other = nodes
            .iter()
            .find(|node| node.dialect != self.remedy.dialect);
        match other.filter(|_| step.run.is_some()) {
            Some(node) => Err(format!(
                "the remedy is written for '{}', and the inventory gives '{}' the dialect '{}'",
                self.remedy.dialect, node.name, node.dialect
            )),
            None => Ok(nodes),
        }
    }

    fn step(
        &self,
        part: Part,
        index: usize,
        step: &RemedyStep,
        node: &PlannedNode,
    ) -> Result<Step, String> {
        let command = |template: &Option<String>| {
            let bound = |template: &String| bind::command(template, self.incident, self.dialect);
            template.as_ref().map(bound).transpose()
        };
        let words = |text: &Text| bind::words(text.get(self.lang), self.incident);
        let run = command(&step.run)?;
        let only_reads = run
            .as_deref()
            .is_some_and(|run| self.dialect.only_reads(run));
        Ok(Step {
            id: String::new(),
            part,
            index,
            node: node.name.clone(),
            or: command(&step.or)?,
            manual: step.manual.as_ref().map(words),
            why: step.why.as_ref().map(words),
            risk: match only_reads {
                true => Risk::Read,
                false => step.risk.unwrap_or(self.remedy.risk),
            },
            expect: self.expected(step)?,
            until: self.until(step, node)?,
            every: step.every.map(seconds),
            span: step.span.map(seconds),
            skips: step.otherwise == Otherwise::Skip,
            closes: step.closes,
            repeatable: step.repeatable,
            once: step.once,
            stop_after: step.stop_after.map(seconds),
            run,
        })
    }

    /// What is expected, in words.
    fn expected(&self, step: &RemedyStep) -> Result<Option<String>, String> {
        let Some(expect) = &step.expect else {
            return Ok(None);
        };
        let bound = bind::expect(expect, self.incident);
        let bound = bound.ok_or("the finding does not say what a check of the remedy needs")?;
        Ok(Some(match expect.holds {
            Holds::Any | Holds::All => bound.written,
            Holds::None => format!("none with {}", bound.written),
        }))
    }

    fn until(&self, step: &RemedyStep, node: &PlannedNode) -> Result<Option<Until>, String> {
        let Some(until) = &step.until else {
            return Ok(None);
        };
        let asked = match until.on {
            None => node,
            Some(_) => match self.places(until)?.as_slice() {
                [asked] => *asked,
                _ => return Err("an effect is looked for on one node".to_owned()),
            },
        };
        let (Some(run), Some(expect)) = (&until.run, self.expected(until)?) else {
            return Ok(None);
        };
        Ok(Some(Until {
            node: asked.name.clone(),
            run: bind::command(run, self.incident, self.dialect)?,
            expect,
            every: until.every.map_or(EVERY, seconds),
            span: until.span.map_or(SPAN, seconds),
        }))
    }
}

fn seconds(millis: u64) -> u64 {
    millis.div_ceil(1000)
}

/// Gives a task and its steps their numbers.
pub(super) fn number(task: &mut Task, number: usize) {
    task.number = number;
    let parts = [
        (&mut task.skip_if, "skip"),
        (&mut task.prechecks, "before"),
        (&mut task.steps, ""),
        (&mut task.postchecks, "after"),
    ];
    for (steps, word) in parts {
        for (at, step) in steps.iter_mut().enumerate() {
            step.id = format!("{number}.{word}{}", at + 1);
        }
    }
}
