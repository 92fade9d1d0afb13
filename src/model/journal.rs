//! The journal of a run: one JSON record a line, written and synchronised before what it announces
//! is done. What it does not say did not happen; what it announces and does not end may have.

use serde::{Deserialize, Serialize};

use super::look::Look;
use super::plan::Plan;

/// Name and version of the shape.
pub const SCHEMA: &str = "clusterdx.journal/1";

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `clusterdx.journal/1` in the first line, absent in the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// When, RFC 3339.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub record: Record,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// A run begins: the plan, whole.
    Plan {
        /// The plan.
        plan: Box<Plan>,
    },
    /// A run goes on after it was cut off.
    Resumed,
    /// A connection was opened, and the node proved to be the planned one.
    Connected {
        /// Name of the node.
        node: String,
        /// By which name or address it showed itself.
        proved_by: String,
    },
    /// A node was asked something; nothing was changed.
    Looked {
        /// Step.
        step: String,
        /// Node.
        node: String,
        /// The exact command.
        command: String,
        /// What the answer said.
        look: Option<Look>,
        /// The answer.
        answer: Answer,
    },
    /// A task begins.
    TaskStarted {
        /// Task.
        task: usize,
    },
    /// A command is about to be sent. Without an end of the step its effect is unknown.
    StepStarted {
        /// Step.
        step: String,
        /// Node.
        node: String,
        /// The exact command, or what a person is to do.
        command: String,
    },
    /// A node answered the command.
    StepAnswered {
        /// Step.
        step: String,
        /// The exact command that was sent, which may be the other spelling.
        command: String,
        /// How it was taken: done, unknown, failed or closed.
        taken: String,
        /// Questions that the node asked, each with the answer that was given.
        confirmed: Vec<(String, String)>,
        /// The answer.
        answer: Answer,
    },
    /// A step is over.
    StepEnded {
        /// Step.
        step: String,
        /// How.
        outcome: Outcome,
    },
    /// A task is over.
    TaskEnded {
        /// Task.
        task: usize,
        /// How.
        outcome: Outcome,
    },
    /// The run is over.
    Ended {
        /// How.
        outcome: Outcome,
    },
}

/// What a node said, clean, masked and bounded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// `sha256:` digest of the whole answer.
    pub digest: String,
    /// The answer, at most [`Answer::KEPT`] bytes.
    pub text: String,
    /// Bytes that are not in `text`.
    pub dropped: u64,
}

impl Answer {
    /// Bytes of an answer that a journal keeps.
    pub const KEPT: usize = 64 << 10;
}

/// How a step, a task or a run came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "because", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done, and its effect was seen.
    Done,
    /// It was already as it should be; nothing was sent.
    Already,
    /// It was left out, and why.
    Skipped(String),
    /// The person said no.
    Declined,
    /// What the plan assumes is not so; nothing was changed after this was seen.
    Refused(String),
    /// It failed, or its effect did not show.
    Failed(String),
    /// Its effect is unknown.
    Unknown(String),
    /// Ctrl-C.
    Interrupted,
}

impl Outcome {
    /// True when what was wanted is so.
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::Already | Self::Skipped(_))
    }
}
