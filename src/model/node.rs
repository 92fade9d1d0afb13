//! Nodes, products and roles.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The product a cluster or a rule belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// Meeting Server.
    Cms,
    /// Expressway and its predecessor.
    Expressway,
    /// IM and Presence.
    Imp,
    /// PostgreSQL outside these products.
    Postgresql,
    /// Erlang mnesia outside these products.
    Mnesia,
    /// What packets alone show.
    Net,
    /// Not recognised.
    Unknown,
}

impl Product {
    /// The word used in rules and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cms => "cms",
            Self::Expressway => "expressway",
            Self::Imp => "imp",
            Self::Postgresql => "postgresql",
            Self::Mnesia => "mnesia",
            Self::Net => "net",
            Self::Unknown => "unknown",
        }
    }
}

/// What a node is in its cluster.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Holds the writable database or the configuration that others copy.
    Primary,
    /// Copies the primary's database (Meeting Server).
    Replica,
    /// Copies the primary's configuration (Expressway).
    Subordinate,
    /// First node of an IM and Presence cluster.
    Publisher,
    /// Any other node of an IM and Presence cluster.
    Subscriber,
    /// No fact tells.
    #[default]
    Unknown,
}

impl Role {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
            Self::Subordinate => "subordinate",
            Self::Publisher => "publisher",
            Self::Subscriber => "subscriber",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a role word, also the older ones (master, slave).
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "primary" | "master" => Self::Primary,
            "replica" | "slave" => Self::Replica,
            "subordinate" | "peer" => Self::Subordinate,
            "publisher" => Self::Publisher,
            "subscriber" => Self::Subscriber,
            _ => return None,
        })
    }
}
