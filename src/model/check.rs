//! What active checks found: what `check --format json` prints and the text is made of.
//!
//! Its shape is a contract with scripts (`rules/schema/check-1.json`): it only grows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::report::{Tool, Verdict};

/// Name and version of the shape.
pub const SCHEMA: &str = "clusterdx.check/1";

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All is as it has to be.
    Ok,
    /// Something does not work.
    Problem,
    /// Something works today and will not in a case that comes.
    Warning,
    /// It was tried and cannot be told.
    Unknown,
    /// It was not tried, because something before it failed or was not given.
    Skipped,
}

/// Everything that one run of checks found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// Always `clusterdx.check/1`.
    pub schema: String,
    /// Which program and rules made it.
    pub tool: Tool,
    /// What was checked: `external-db`.
    pub check: String,
    /// The database.
    pub target: Target,
    /// `faulty` with a problem or warning, `insufficient` when something could not be told, else
    /// `healthy`.
    pub verdict: Verdict,
    /// One entry per check, in the order in which they were made.
    pub checks: Vec<Check>,
}

/// The database that was checked. No password is part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// `postgresql`, `oracle` or `sqlserver`.
    pub engine: String,
    /// Name or address as given.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The address that answered.
    pub address: Option<String>,
    /// The database.
    pub database: Option<String>,
    /// The role that logged in, or tried to.
    pub user: Option<String>,
    /// Version of the server, as it says.
    pub version: Option<String>,
    /// Whether the checks were made over TLS; absent without a login.
    pub tls: Option<bool>,
    /// Release of IM and Presence, if one was given.
    pub release: Option<String>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its id: `reachable`, `protocol`, `tls`, `login`, `database`, `version`, `writable`,
    /// `encoding`, `connections`, `rights`, `dblink`, `access`, `tables`, `sequence`.
    pub id: String,
    /// The node it is about, where it is about one.
    pub about: Option<String>,
    /// How it came out.
    pub outcome: Outcome,
    /// Name of the check.
    pub title: String,
    /// What was found.
    pub summary: String,
    /// What follows from it.
    pub meaning: Option<String>,
    /// What mends it, in words.
    pub mend: Option<String>,
    /// Statements or lines that mend it, ready to copy. None of them was executed.
    pub statements: Vec<String>,
    /// What server and system said, bounded.
    pub evidence: Vec<String>,
}
