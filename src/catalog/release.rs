//! Releases of IM and Presence and the external databases that each one supports.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A release and the databases that it supports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "release")]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its number, such as `14` or `11.5`.
    pub release: String,
    /// The databases.
    pub databases: Vec<Supported>,
}

/// A database system and its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "supported_database")]
#[serde(deny_unknown_fields)]
pub struct Supported {
    /// `postgresql`, `oracle` or `sqlserver`.
    pub engine: String,
    /// The oldest version.
    pub from: String,
    /// The newest version; none where only the oldest is named.
    pub to: Option<String>,
}

/// How a version stands to what is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It lies between oldest and newest.
    Supported,
    /// It is older.
    TooOld,
    /// It is newer.
    TooNew,
    /// Nothing is said about this system.
    Unknown,
}

impl Release {
    /// Whether a name such as `15`, `15SU2` or `14.0.1` means this release.
    pub fn is(&self, name: &str) -> bool {
        let name = name.trim();
        name.strip_prefix(self.release.as_str())
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    }

    /// How a version stands to what this release supports.
    pub fn fit(&self, engine: &str, version: &[u32]) -> Fit {
        let Some(range) = self.databases.iter().find(|known| known.engine == engine) else {
            return Fit::Unknown;
        };
        let Some(from) = numbers(&range.from) else {
            return Fit::Unknown;
        };
        if cut(version, from.len()) < from.as_slice() {
            return Fit::TooOld;
        }
        match range.to.as_deref().map(numbers) {
            None => Fit::Supported,
            // 18.3 is still 18
            Some(Some(to)) if cut(version, to.len()) <= to.as_slice() => Fit::Supported,
            Some(Some(_)) => Fit::TooNew,
            Some(None) => Fit::Unknown,
        }
    }

    /// The supported versions as text, such as `14-18`; empty where nothing is said.
    pub fn supported(&self, engine: &str) -> String {
        let range = self.databases.iter().find(|known| known.engine == engine);
        range.map_or_else(String::new, |range| match &range.to {
            Some(to) => format!("{}-{to}", range.from),
            None => format!(">= {}", range.from),
        })
    }
}

fn cut(version: &[u32], length: usize) -> &[u32] {
    version.get(..length).unwrap_or(version)
}

/// The numbers at the beginning of a version such as `15.14 (Debian …)`, `19beta1` or `19c`; none
/// where it begins with something else.
pub fn numbers(version: &str) -> Option<Vec<u32>> {
    let end = version
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(version.len());
    let numbers = version.get(..end)?.trim_end_matches('.').split('.');
    numbers.map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_answers_to_its_updates() {
        let release = |name: &str| Release {
            release: name.to_owned(),
            databases: Vec::new(),
        };
        for name in ["15", "15SU2", "15.0.1", " 15"] {
            assert!(release("15").is(name), "{name}");
        }
        for name in ["150", "1", "14", ""] {
            assert!(!release("15").is(name), "{name}");
        }
        assert!(release("11.5").is("11.5(1)SU2"));
    }
}
