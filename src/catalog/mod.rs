//! `rules/` as one immutable, checked value.
//!
//! `raw` holds the shapes as they are written, [`compile`] checks them and makes the typed
//! data of [`fault`] and [`remedy`], [`lint`] says what is unwise. The built-in rules are
//! compiled when the program is built and travel in it as a compact blob.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::digest::sha256;

pub mod compile;
pub mod condition;
pub mod fault;
pub mod guide;
pub mod lint;
mod name;
mod raw;
pub mod release;
pub mod remedy;
pub mod schema;
pub mod text;
pub mod version;
pub mod yaml;

pub use fault::{FactRule, Fault};
pub use guide::{Guide, Runbook};
pub use name::{Name, NameKind};
pub use release::Release;
pub use remedy::{Alarm, Dialect, Port, Remedy};
#[allow(
    unused_imports,
    reason = "the build script compiles this module too and needs less of it"
)]
pub use yaml::read as read_yaml;

/// The whole of what is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// Faults, by id.
    pub faults: Vec<Fault>,
    /// Fact rules, by id.
    pub facts: Vec<FactRule>,
    /// Remedies, by id.
    pub remedies: Vec<Remedy>,
    /// Guides from symptoms to causes, by id.
    pub guides: Vec<Guide>,
    /// Checked procedures, by id.
    pub runbooks: Vec<Runbook>,
    /// Dialects, by id.
    pub dialects: Vec<Dialect>,
    /// Alarms of Expressways, by number.
    pub alarms: Vec<Alarm>,
    /// Alarms, states and reasons of products, by name.
    pub names: Vec<Name>,
    /// Ports and their roles.
    pub ports: Vec<Port>,
    /// Releases of IM and Presence and the databases they support.
    pub releases: Vec<Release>,
    /// The program's own words: language code, key, text.
    pub words: BTreeMap<String, BTreeMap<String, String>>,
    digest: String,
}

/// Something wrong with a rule file, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column, from 1.
    pub column: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// Names that may have been meant.
    pub near: Vec<String>,
}

impl Problem {
    pub(crate) fn new(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            column: None,
            message: message.into(),
            near: Vec::new(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)
    }
}

impl Catalog {
    /// The rules that were compiled into the program.
    pub fn from_blob(blob: &[u8]) -> anyhow::Result<Self> {
        Ok(postcard::from_bytes(blob)?)
    }

    /// The form in which rules travel in the program.
    pub fn to_blob(&self) -> anyhow::Result<Vec<u8>> {
        Ok(postcard::to_allocvec(self)?)
    }

    /// These rules with those of a folder added, replacing single entries by id.
    pub fn overlaid(self, folder: &Path) -> Result<Self, Vec<Problem>> {
        let files = compile::read_folder(folder)?;
        compile::compile(self, &files)
    }

    /// `sha256:` digest over everything in the catalog.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The fault with this id.
    pub fn fault(&self, id: &str) -> Option<&Fault> {
        self.faults
            .binary_search_by(|fault| fault.id.as_str().cmp(id))
            .ok()
            .and_then(|at| self.faults.get(at))
    }

    /// The remedy with this id.
    pub fn remedy(&self, id: &str) -> Option<&Remedy> {
        self.remedies
            .binary_search_by(|remedy| remedy.id.as_str().cmp(id))
            .ok()
            .and_then(|at| self.remedies.get(at))
    }

    /// The guide with this id.
    pub fn guide(&self, id: &str) -> Option<&Guide> {
        self.guides.iter().find(|guide| guide.id == id)
    }

    /// The runbook with this id.
    pub fn runbook(&self, id: &str) -> Option<&Runbook> {
        self.runbooks.iter().find(|runbook| runbook.id == id)
    }

    fn seal(&mut self) -> anyhow::Result<()> {
        self.digest.clear();
        self.digest = format!("sha256:{}", sha256(self.to_blob()?));
        Ok(())
    }
}

/// The names closest to a misspelt one, best first, at most three.
pub fn near<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let limit = (word.chars().count() / 3).max(1);
    let mut found: Vec<(usize, &str)> = names
        .map(|name| (distance(word, name), name))
        .filter(|(d, _)| *d <= limit)
        .collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// Edit distance, ignoring ASCII case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (slot, cb) in row.iter_mut().skip(1).zip(&b) {
            let change = diagonal + usize::from(!ca.eq_ignore_ascii_case(cb));
            diagonal = *slot;
            *slot = change.min(left + 1).min(diagonal + 1);
            left = *slot;
        }
    }
    if a.is_empty() {
        b.len()
    } else {
        row.last().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(
            near("mesage", ["message", "host", "Module"].into_iter()),
            ["message"]
        );
        assert!(near("x", ["message"].into_iter()).is_empty());
    }

    #[test]
    fn problems_print_their_place() {
        let mut p = Problem::new("a.yaml", "unknown field 'x'");
        assert_eq!(p.to_string(), "a.yaml: unknown field 'x'");
        (p.line, p.column) = (Some(3), Some(7));
        assert_eq!(p.to_string(), "a.yaml:3:7: unknown field 'x'");
    }
}
