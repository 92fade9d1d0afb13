//! What a journal says about steps: which are over, and which may have run.

use std::collections::BTreeMap;

use crate::model::journal::{Entry, Outcome, Record};

/// How far a run came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Tasks that are over.
    tasks: BTreeMap<usize, Outcome>,
    /// Tasks of which a step was announced.
    begun: Vec<usize>,
    /// Steps that were announced, with their end if they have one.
    steps: BTreeMap<String, Option<Outcome>>,
    /// The end of the run.
    ended: Option<Outcome>,
}

/// What is known of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It was never announced, so it was never sent.
    Fresh,
    /// It was done and its effect was seen.
    Done,
    /// It may have run.
    MayHaveRun,
}

impl Progress {
    /// Reads a journal.
    pub fn of(entries: &[Entry]) -> Self {
        let mut progress = Self::default();
        for entry in entries {
            progress.take(&entry.record);
        }
        progress
    }

    fn take(&mut self, record: &Record) {
        match record {
            Record::StepStarted { step, .. } => {
                self.steps.insert(step.clone(), None);
                let number = step.split('.').next();
                let task = number.and_then(|task| task.parse::<usize>().ok());
                self.begun.extend(task);
                self.ended = None;
            }
            Record::StepEnded { step, outcome } => {
                self.steps.insert(step.clone(), Some(outcome.clone()));
            }
            Record::TaskEnded { task, outcome } => {
                self.tasks.insert(*task, outcome.clone());
            }
            Record::TaskStarted { task } => {
                self.tasks.remove(task);
            }
            Record::Ended { outcome } => self.ended = Some(outcome.clone()),
            _ => {}
        }
    }

    /// True when the run came to a good end: nothing is left to resume.
    pub fn is_over(&self) -> bool {
        self.ended.as_ref().is_some_and(Outcome::is_good)
    }

    /// How a task came to a good end, if it did.
    pub fn good_end(&self, task: usize) -> Option<&Outcome> {
        self.tasks.get(&task).filter(|outcome| outcome.is_good())
    }

    /// True when a step was announced, so that something may have been changed.
    pub fn has_sent(&self) -> bool {
        !self.begun.is_empty()
    }

    /// True when a step of a task was announced.
    pub(super) fn has_begun(&self, task: usize) -> bool {
        self.begun.contains(&task)
    }

    /// What is known of a step.
    pub(super) fn step(&self, id: &str) -> Known {
        match self.steps.get(id) {
            None => Known::Fresh,
            Some(Some(Outcome::Done | Outcome::Already)) => Known::Done,
            // it was refused or declined before anything was sent
            Some(Some(Outcome::Declined | Outcome::Refused(_) | Outcome::Skipped(_))) => {
                Known::Fresh
            }
            Some(_) => Known::MayHaveRun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(record: Record) -> Entry {
        Entry {
            schema: None,
            at: String::new(),
            record,
        }
    }

    #[test]
    fn what_was_announced_and_did_not_end_may_have_run() {
        let started = |step: &str| {
            entry(Record::StepStarted {
                step: step.to_owned(),
                node: "a".to_owned(),
                command: "x".to_owned(),
            })
        };
        let ended = |step: &str, outcome| {
            entry(Record::StepEnded {
                step: step.to_owned(),
                outcome,
            })
        };
        let progress = Progress::of(&[
            started("1.1"),
            ended("1.1", Outcome::Done),
            started("1.2"),
            started("2.1"),
            ended("2.1", Outcome::Declined),
        ]);
        assert_eq!(progress.step("1.1"), Known::Done);
        assert_eq!(progress.step("1.2"), Known::MayHaveRun);
        assert_eq!(progress.step("2.1"), Known::Fresh);
        assert_eq!(progress.step("3.1"), Known::Fresh);
        assert!(progress.has_begun(1) && progress.good_end(1).is_none());
        assert!(!progress.is_over());
    }
}
