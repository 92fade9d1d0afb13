//! What a look at a node's answer told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An answer held against a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// The condition holds; what the records say of it.
    Holds(String),
    /// It does not; what the records say instead.
    DoesNot(String),
    /// The answer holds no such record, so nothing can be told.
    Unreadable,
}

impl Look {
    /// True when the condition holds.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds(_))
    }

    /// The same with another wording of what was seen.
    pub fn map(self, words: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Holds(seen) => Self::Holds(words(seen)),
            Self::DoesNot(seen) => Self::DoesNot(words(seen)),
            Self::Unreadable => Self::Unreadable,
        }
    }

    /// What was seen, in words.
    pub fn seen(&self) -> &str {
        match self {
            Self::Holds(seen) | Self::DoesNot(seen) => seen,
            Self::Unreadable => "the answer cannot be read",
        }
    }
}
