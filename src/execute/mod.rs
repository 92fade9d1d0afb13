//! Plan to journal: step by step, with proof of the node, checks before and after, consent, and a
//! record on disk before anything is sent.
//!
//! What an answer means is asked through [`Observer`], who says yes or no through [`Operator`], and
//! connections come from a [`Connector`]: the runner itself knows neither parsers nor terminals.

mod journal;
mod lock;
mod resume;
mod run;
mod session;
mod stop;

pub use journal::{Journal, JournalError, Mask, folder, now};
pub use lock::{Held, Lock, LockError};
pub use resume::Progress;
pub use run::{Runner, Settings};
pub use session::Connector;
pub use stop::Stop;

use crate::agent::BoxFuture;
use crate::catalog::remedy::{Expect, Identity};
use crate::model::journal::Record;
use crate::model::look::Look;
use crate::model::plan::{Step, Task};

/// Says what an answer means: the parsers and conditions of a diagnosis.
pub trait Observer: Sync {
    /// Holds an answer against what is expected.
    fn look(&self, expect: &Expect, answer: &str) -> Look;

    /// The names and addresses by which a node calls itself in an answer.
    fn identity(&self, identity: &Identity, answer: &str) -> Vec<String>;
}

/// What the person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Go on.
    Yes,
    /// Stop here.
    No,
    /// Ctrl-C.
    Interrupted,
}

/// The person in charge, and what is shown to him.
pub trait Operator: Send {
    /// Asks whether a step that changes something may be run.
    fn consent<'a>(&'a mut self, task: &'a Task, step: &'a Step) -> BoxFuture<'a, Consent>;

    /// Shows what only a person can do and asks whether it is done.
    fn done_by_hand<'a>(&'a mut self, task: &'a Task, step: &'a Step) -> BoxFuture<'a, Consent>;

    /// A step that is about to be asked for may have run in an earlier run.
    fn may_have_run(&mut self, step: &Step);

    /// A line was written to the journal.
    fn recorded(&mut self, record: &Record);

    /// The effect of a step does not show yet.
    fn waiting(&mut self, step: &str, seen: &str);

    /// A step that a dry run would not send.
    fn not_sent(&mut self, task: &Task, step: &Step);
}
