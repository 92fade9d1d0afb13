//! The shapes of dialects as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{OneOrMany, Ordered, Scalar};
use crate::catalog::schema;

/// How a node's command line talks, and which commands may ever be sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "dialect")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawDialect {
    pub(in crate::catalog) id: String,
    /// Pattern of the prompt.
    pub(in crate::catalog) prompt: String,
    /// Patterns of lines that end an answer; without any, the next prompt does.
    pub(in crate::catalog) end: Option<OneOrMany<String>>,
    /// How it pages.
    pub(in crate::catalog) pager: Option<RawAsk>,
    /// Confirmations it asks.
    #[serde(default)]
    pub(in crate::catalog) confirm: Vec<RawAsk>,
    /// What stops a running command.
    pub(in crate::catalog) interrupt: Option<String>,
    /// Patterns that mean an unknown command.
    #[serde(default)]
    pub(in crate::catalog) unknown_command: Vec<String>,
    /// Commands that only look.
    #[serde(default)]
    pub(in crate::catalog) reads: Vec<String>,
    /// Commands that change something; besides `reads` nothing else is ever sent.
    pub(in crate::catalog) verbs: Vec<String>,
    /// Commands that runbooks may tell a person to run; they are never sent.
    #[serde(default)]
    pub(in crate::catalog) by_hand: Vec<String>,
    /// Patterns of lines that mean that a known command failed.
    #[serde(default)]
    pub(in crate::catalog) failed: Vec<String>,
    /// What ends a session.
    pub(in crate::catalog) leave: Option<String>,
    /// How a node shows who it is; the first one that tells counts.
    #[serde(default)]
    pub(in crate::catalog) identity: Vec<RawIdentity>,
    /// Closed lists of words that parameters are taken from.
    #[serde(default)]
    pub(in crate::catalog) words: std::collections::BTreeMap<String, Vec<String>>,
    /// Words after which output is secret.
    #[serde(default)]
    pub(in crate::catalog) mask: Vec<String>,
}

/// A command whose answer tells which node this is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "identity")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawIdentity {
    pub(in crate::catalog) run: String,
    #[schemars(schema_with = "schema::format")]
    pub(in crate::catalog) format: String,
    /// Which records tell, as in a signal.
    #[serde(default, rename = "where")]
    #[schemars(schema_with = "schema::conditions")]
    pub(in crate::catalog) conditions: OneOrMany<Ordered<OneOrMany<Scalar>>>,
    /// The field that holds a name or an address of the node itself.
    pub(in crate::catalog) field: String,
}

/// A question of the command line and the answer to it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ask")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawAsk {
    /// Pattern of the question.
    pub(in crate::catalog) ask: String,
    pub(in crate::catalog) answer: String,
}
