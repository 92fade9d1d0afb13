//! Remedies and the command-line dialects they are written for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::text::Text;
use crate::model::report::Reference;

/// What a remedy may do to a system; ordered from least to most.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// It only looks.
    Read,
    /// It changes something that can be changed back.
    Change,
    /// It interrupts service.
    Disruptive,
    /// It deletes data or configuration.
    Destructive,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Read => "read",
            Self::Change => "change",
            Self::Disruptive => "disruptive",
            Self::Destructive => "destructive",
        })
    }
}

/// Where a remedy runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum On {
    /// On the node that has this role.
    Role(String),
    /// On the node that this value of the finding names.
    Bind(String),
    /// On each node in turn, by role.
    Each(Vec<String>),
}

/// What the output of a command has to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// Index into `model::format::FORMATS`.
    pub format: u16,
    /// The condition, as in a signal.
    pub condition: Condition,
}

/// One step or check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemedyStep {
    /// The command, if a command it is.
    pub run: Option<String>,
    /// Another spelling, sent when the first is unknown.
    pub or: Option<String>,
    /// What only a person can do.
    pub manual: Option<Text>,
    /// How often a check is repeated, as written.
    pub every: Option<String>,
    /// How long a check may take to come true, as written.
    pub span: Option<String>,
    /// What the output has to show.
    pub expect: Option<Expect>,
    /// What happens when it does not: `refuse`, `skip` or `wait`.
    pub otherwise: Option<String>,
}

/// A fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// Stable id.
    pub id: String,
    /// Faults it is for.
    pub faults: Vec<String>,
    /// One line.
    pub title: Text,
    /// What a person should know before.
    pub advice: Option<Text>,
    /// Id of the dialect.
    pub dialect: String,
    /// Where it runs.
    pub on: On,
    /// What it may do.
    pub risk: Risk,
    /// What must hold before.
    pub prechecks: Vec<RemedyStep>,
    /// What is done.
    pub steps: Vec<RemedyStep>,
    /// What must hold after.
    pub postchecks: Vec<RemedyStep>,
    /// How it is undone, if it can be.
    pub undo: Option<Text>,
    /// Documents.
    pub references: Vec<Reference>,
    /// Where sources disagree.
    pub disputed: Option<Text>,
}

/// A question a command line asks, and our answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Pattern of the question.
    pub ask: String,
    /// The answer.
    pub answer: String,
}

/// How a node's command line talks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// Its id.
    pub id: String,
    /// Pattern of the prompt.
    pub prompt: String,
    /// Patterns of lines that end an answer.
    pub end: Vec<String>,
    /// How it pages.
    pub pager: Option<Ask>,
    /// Confirmations it asks.
    pub confirm: Vec<Ask>,
    /// What stops a running command.
    pub interrupt: Option<String>,
    /// Patterns that mean an unknown command.
    pub unknown_command: Vec<String>,
    /// What may be sent; nothing else ever is.
    pub verbs: Vec<String>,
    /// Words after which output is secret.
    pub mask: Vec<String>,
}

/// An alarm of a product, known by its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Number.
    pub id: u32,
    /// Title, as the product prints it; several alarms share one.
    pub title: String,
    /// How grave the product calls it.
    pub severity: crate::model::report::Severity,
    /// What to do about it.
    pub advice: Option<Text>,
}

/// A port and who listens on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Number.
    pub port: u16,
    /// `tcp` or `udp`.
    pub transport: String,
    /// Role, as `port_role` names it.
    pub role: String,
    /// Product of the listener.
    pub product: crate::model::node::Product,
}
