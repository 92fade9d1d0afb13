//! One connection per node, opened when first needed and proved to lead to the planned node.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::agent::{AgentError, BoxFuture, ClusterAgent, Command, FailureKind, Output};
use crate::catalog::Catalog;
use crate::catalog::remedy::Dialect;
use crate::model::journal::Record;
use crate::model::plan::{Plan, PlannedNode};

use super::Observer;

/// Time for a connection, login and first prompt, with a password that a person types. Agents
/// themselves wait 30 seconds for each that needs nobody.
const CONNECT: Duration = Duration::from_secs(180);

/// Opens connections.
pub trait Connector: Sync {
    /// Logs in to a node.
    fn connect<'a>(
        &'a self,
        node: &'a PlannedNode,
        dialect: &'a Dialect,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Box<dyn ClusterAgent>, AgentError>>;
}

/// What kept a command from being run.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The agent failed.
    Agent(AgentError),
    /// The node is another one than planned, or cannot prove which one it is.
    Identity(String),
}

impl Trouble {
    /// In a sentence without a full stop.
    pub(super) fn in_words(&self, node: &str) -> String {
        match self {
            Self::Identity(why) => why.clone(),
            Self::Agent(error) => {
                let said = match error.said.trim() {
                    "" => String::new(),
                    said => format!(": {said}"),
                };
                format!("{node}: {}{said}", error.what)
            }
        }
    }

    /// The command was sent, so its effect is unknown.
    pub(super) fn was_sent(&self) -> bool {
        matches!(self, Self::Agent(error) if error.sent)
    }

    /// The node may be there again in a moment.
    pub(super) fn may_pass(&self) -> bool {
        let passing = [
            FailureKind::Connect,
            FailureKind::Closed,
            FailureKind::Prompt,
            FailureKind::Timeout,
        ];
        matches!(self, Self::Agent(error) if passing.contains(&error.kind))
    }

    /// What may help.
    pub(super) fn help(&self) -> Option<&str> {
        match self {
            Self::Agent(error) if !error.help.is_empty() => Some(&error.help),
            _ => None,
        }
    }
}

/// The open connections of a run.
pub(super) struct Sessions<'a> {
    plan: &'a Plan,
    catalog: &'a Catalog,
    connector: &'a dyn Connector,
    observer: &'a dyn Observer,
    command_timeout: Duration,
    open: BTreeMap<String, Box<dyn ClusterAgent>>,
    /// Proofs that are not written down yet.
    proved: Vec<Record>,
}

impl<'a> Sessions<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        catalog: &'a Catalog,
        connector: &'a dyn Connector,
        observer: &'a dyn Observer,
        command_timeout: Duration,
    ) -> Self {
        Self {
            plan,
            catalog,
            connector,
            observer,
            command_timeout,
            open: BTreeMap::new(),
            proved: Vec::new(),
        }
    }

    /// True when there is a connection to the node.
    pub(super) fn is_open(&self, name: &str) -> bool {
        self.open.contains_key(name)
    }

    /// Makes sure that there is a connection to the planned node.
    pub(super) async fn prove(&mut self, name: &str) -> Result<(), Trouble> {
        if self.open.contains_key(name) {
            return Ok(());
        }
        let planned = self.plan.node(name);
        let node =
            planned.ok_or_else(|| Trouble::Identity(format!("the plan has no node '{name}'")))?;
        let dialect = self
            .catalog
            .dialects
            .iter()
            .find(|known| known.id == node.dialect);
        let dialect = dialect.ok_or_else(|| {
            Trouble::Identity(format!("{name}: there is no dialect '{}'", node.dialect))
        })?;
        let deadline = Instant::now() + CONNECT;
        let mut agent = self
            .connector
            .connect(node, dialect, deadline)
            .await
            .map_err(Trouble::Agent)?;
        let proved_by = self.identify(agent.as_mut(), node, dialect).await?;
        self.proved.push(Record::Connected {
            node: name.to_owned(),
            proved_by,
        });
        self.open.insert(name.to_owned(), agent);
        Ok(())
    }

    /// The proofs since the last call.
    pub(super) fn take_proved(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.proved)
    }

    /// Runs a command on a node that was proved. A connection that failed is forgotten.
    pub(super) async fn run(&mut self, node: &str, command: &Command) -> Result<Output, Trouble> {
        let Some(agent) = self.open.get_mut(node) else {
            return Err(Trouble::Identity(format!(
                "there is no connection to '{node}'"
            )));
        };
        let time = self.command_timeout + command.stop_after.unwrap_or_default();
        let output = agent.run(command, Instant::now() + time).await;
        let gone = match &output {
            Ok(output) => output.answer == crate::agent::Answer::Closed,
            Err(_) => true,
        };
        if gone {
            self.open.remove(node);
        }
        output.map_err(Trouble::Agent)
    }

    /// Leaves all nodes.
    pub(super) async fn close(&mut self) {
        for agent in std::mem::take(&mut self.open).into_values() {
            agent.close().await;
        }
    }

    /// By what the node shows that it is the planned one.
    async fn identify(
        &self,
        agent: &mut dyn ClusterAgent,
        node: &PlannedNode,
        dialect: &Dialect,
    ) -> Result<String, Trouble> {
        if let Some(name) = agent.proved_name().filter(|name| node.is(name)) {
            return Ok(format!("the certificate of {name}"));
        }
        for identity in &dialect.identity {
            let command = Command {
                line: identity.run.clone(),
                closes: false,
                stop_after: None,
            };
            let deadline = Instant::now() + self.command_timeout;
            let output = agent
                .run(&command, deadline)
                .await
                .map_err(Trouble::Agent)?;
            let names = self.observer.identity(identity, &output.text);
            let meant = |name: &String| self.plan.basis.nodes.iter().filter(|n| n.is(name)).count();
            let other = |name: &&String| !node.is(name) && meant(name) > 0;
            // a short name that two nodes share proves neither
            let own = names.iter().find(|name| node.is(name) && meant(name) == 1);
            if let Some(name) = own.filter(|_| !names.iter().any(|name| other(&name))) {
                return Ok(name.clone());
            }
            let shared = names.iter().any(|name| node.is(name)) && own.is_none();
            if !names.is_empty() && !shared {
                return Err(Trouble::Identity(format!(
                    "{} was reached where '{}' was expected: nothing was sent to it that changes anything",
                    names.join(", "),
                    node.name
                )));
            }
        }
        Err(Trouble::Identity(format!(
            "'{}' does not show which node it is, so nothing is sent to it that changes anything",
            node.name
        )))
    }
}
