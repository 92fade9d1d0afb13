//! Connections as the inventory describes them, with the passwords that were handed over.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::time::Instant;

use crate::agent::connect::connect;
use crate::agent::manual::Console;
use crate::agent::target::{Place, Target};
use crate::agent::{AgentError, BoxFuture, ClusterAgent, FailureKind, mask};
use crate::catalog::Catalog;
use crate::catalog::remedy::Dialect;
use crate::execute::{Connector, Mask};
use crate::model::plan::PlannedNode;
use crate::model::secret::Secret;
use crate::report::sanitize;

use super::super::check::password;
use super::super::failure::{Failure, Trouble};
use super::super::inventory::Loaded;

/// How the nodes of a plan are reached.
pub(in crate::cli) struct Agents {
    targets: BTreeMap<String, Target>,
    /// Words after which output is secret.
    words: Vec<String>,
}

impl Agents {
    /// The nodes of one cluster of the inventory. Reads the passwords that it says are handed over.
    ///
    /// # Errors
    /// A descriptor cannot be read, or an agent is none.
    pub(in crate::cli) fn new(
        cluster: &str,
        inventory: &Loaded,
        catalog: &Catalog,
    ) -> Result<Self, Failure> {
        let cluster = inventory.cluster(cluster);
        let mut handed = BTreeMap::new();
        let mut targets = BTreeMap::new();
        for node in cluster.into_iter().flat_map(|cluster| &cluster.nodes) {
            let place = Place::parse(&node.agent).map_err(|why| {
                Trouble::new(format!(
                    "the agent of '{}' in the inventory is none",
                    node.name
                ))
                .cause(why)
                .help("an agent is ssh://USER@HOST:PORT, soap://USER@HOST:PORT or manual://")
            })?;
            let mut target = Target::new(node.name.clone(), place);
            if let Some(from) = node.password {
                // a pipe can be read once, and several nodes may share it
                let known = handed.get(&from.fd).cloned();
                let secret = match known {
                    Some(secret) => secret,
                    None => password::from_descriptor(from.fd)?,
                };
                handed.insert(from.fd, secret.clone());
                target.password = Some(secret);
            }
            let hosts = cluster.and_then(|cluster| cluster.known_hosts.as_deref());
            target.known_hosts = hosts.map(|file| inventory.path(file));
            target.ca_file = node.ca_file.as_deref().map(|file| inventory.path(file));
            target.console = Some(Arc::new(Person));
            targets.insert(node.name.clone(), target);
        }
        let words = catalog
            .dialects
            .iter()
            .flat_map(|dialect| dialect.mask.clone());
        Ok(Self {
            targets,
            words: words.collect(),
        })
    }

    /// Hands every node this password.
    #[cfg(feature = "lab")]
    pub(in crate::cli) fn with_password(mut self, secret: &Secret) -> Self {
        for target in self.targets.values_mut() {
            target.password = Some(secret.clone());
        }
        self
    }

    /// Hides the secrets in what is written down.
    pub(in crate::cli) fn mask(&self) -> Mask {
        let secrets: Vec<Secret> = self
            .targets
            .values()
            .filter_map(|t| t.password.clone())
            .collect();
        let words = self.words.clone();
        Box::new(move |text| {
            let text = mask::words(text, &words);
            secrets
                .iter()
                .fold(text, |text, secret| secret.hide_in(&text))
        })
    }
}

impl Connector for Agents {
    fn connect<'a>(
        &'a self,
        node: &'a PlannedNode,
        dialect: &'a Dialect,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn ClusterAgent>, AgentError>> {
        Box::pin(async move {
            let target = self.targets.get(&node.name).ok_or_else(|| AgentError {
                kind: FailureKind::Connect,
                what: format!("the inventory has no node '{}'", node.name),
                said: String::new(),
                help: String::new(),
                sent: false,
            })?;
            connect(target, dialect, deadline).await
        })
    }
}

/// Whoever runs commands by hand at this terminal.
struct Person;

impl Console for Person {
    fn say(&self, line: &str) {
        let mut out = io::stderr().lock();
        _ = writeln!(out, "{}", sanitize::line(line));
    }

    fn read(&self) -> Option<String> {
        let mut text = String::new();
        for line in io::stdin().lock().lines() {
            let line = line.ok()?;
            if line.trim() == "." {
                return Some(text);
            }
            text.push_str(&line);
            text.push('\n');
        }
        None
    }
}
