//! The shapes of fact rules: who is who, what state it is in, when trouble is expected.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Ordered, RawSignal, RawText};
use crate::catalog::schema;
use crate::model::node::Product;

/// Who is who: names, addresses, roles, membership, expected windows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "fact")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawFactRule {
    pub(in crate::catalog) id: String,
    pub(in crate::catalog) product: Product,
    #[serde(default)]
    pub(in crate::catalog) signals: Ordered<RawSignal>,
    #[serde(default)]
    pub(in crate::catalog) facts: Vec<RawFact>,
    #[serde(default)]
    pub(in crate::catalog) windows: Vec<RawWindow>,
}

/// What a record tells of nodes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "factEntry")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawFact {
    /// Only for this signal of several.
    pub(in crate::catalog) signal: Option<String>,
    /// Name or address of a node; with `each`, the word `name`.
    pub(in crate::catalog) subject: Option<String>,
    /// Another name or address of the same node.
    pub(in crate::catalog) same_as: Option<String>,
    /// A node of the same cluster.
    pub(in crate::catalog) peer: Option<String>,
    /// The word `same`.
    pub(in crate::catalog) cluster: Option<String>,
    /// A field, or one of the role words.
    pub(in crate::catalog) role: Option<String>,
    /// Name of a fact that the report tells.
    pub(in crate::catalog) name: Option<String>,
    /// Its value.
    pub(in crate::catalog) value: Option<String>,
    /// Version of the node.
    pub(in crate::catalog) version: Option<String>,
    /// The node is in no cluster.
    #[serde(default)]
    pub(in crate::catalog) standalone: bool,
    /// Field whose value is written at the same instant on every node.
    pub(in crate::catalog) clock_by: Option<String>,
    /// Field that tells how far the writer's wall clock is ahead of UTC: `+hh:mm`.
    pub(in crate::catalog) utc_offset: Option<String>,
    /// The state that the subject enters, of the kind that `name` gives.
    pub(in crate::catalog) state: Option<RawState>,
    /// Field that tells why it enters the state.
    pub(in crate::catalog) reason: Option<String>,
    /// A list of `(address name)`: all of one cluster.
    pub(in crate::catalog) each: Option<String>,
    /// The word `python-list`.
    pub(in crate::catalog) split: Option<String>,
    /// Field that names the node with the list.
    pub(in crate::catalog) reporter: Option<String>,
    /// Field with the number, from 0, of the primary in the list.
    pub(in crate::catalog) primary: Option<String>,
    /// Field with the number, from 0, of the reporter in the list.
    #[serde(rename = "self")]
    pub(in crate::catalog) own: Option<String>,
    /// The word `same`: what fails together is one node.
    pub(in crate::catalog) infer: Option<String>,
    /// Signal whose peer is an unknown name.
    pub(in crate::catalog) name_of: Option<String>,
    /// Signal whose peer is an unknown address.
    pub(in crate::catalog) address_of: Option<String>,
    /// How close together they fail.
    #[schemars(regex(pattern = schema::SPAN))]
    pub(in crate::catalog) within: Option<String>,
}

/// A state: a field, or a fixed word.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "state")]
#[serde(untagged)]
pub(in crate::catalog) enum RawState {
    From(String),
    Fixed(RawFixedState),
}

/// A state that the record means without saying it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "fixedState")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawFixedState {
    /// The state.
    pub(in crate::catalog) is: String,
}

/// A time in which some trouble is expected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "window")]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct RawWindow {
    pub(in crate::catalog) id: String,
    pub(in crate::catalog) title: Option<RawText>,
    /// Signal that begins it.
    pub(in crate::catalog) start: String,
    /// Signal that ends it.
    pub(in crate::catalog) end: Option<String>,
    /// How long it lasts at most.
    #[serde(rename = "for")]
    #[schemars(regex(pattern = schema::SPAN))]
    pub(in crate::catalog) span: String,
}
