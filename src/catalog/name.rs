//! Names that products use for alarms, states and reasons, which `explain` knows beside the faults.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::Text;
use crate::model::node::Product;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NameKind {
    /// An alarm of the product.
    Alarm,
    /// A state of a node.
    State,
    /// Why a node is in a state.
    Reason,
    /// A command of a product's command line.
    Command,
    /// A word of its documents.
    Term,
}

/// A name of a product and what it means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The name, as the product writes it.
    pub name: String,
    /// What it stands for.
    pub is: NameKind,
    /// Whose name it is.
    pub product: Product,
    /// Of an alarm: who raises it, such as `UC_ICSA`.
    pub facility: Option<String>,
    /// Of an alarm: its severity by number, from 0 (emergency) to 7 (debug).
    pub level: Option<u8>,
    /// What the product prints with it.
    pub title: Option<String>,
    /// Other spellings, and names of other releases.
    pub known_as: Vec<String>,
    /// What it means.
    pub meaning: Option<Text>,
    /// What to do about it.
    pub advice: Option<Text>,
}
