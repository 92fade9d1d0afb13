//! A command that only looks, run on a node of the inventory.

use std::time::{Duration, Instant};

use crate::agent::{AgentError, Command};
use crate::catalog::remedy::Dialect;
use crate::execute::Connector as _;
use crate::model::inventory::{Cluster, Node};
use crate::model::node::Role;
use crate::model::plan::PlannedNode;
use crate::pipeline::observe;

use super::super::failure::{Failure, Trouble};
use super::super::fix::Agents;
use super::Cx;

/// Time for a connection with a password that a person types, and for one answer.
const CONNECT: Duration = Duration::from_secs(180);
const ANSWER: Duration = Duration::from_secs(60);

/// Nodes on which a command can be run: those whose dialect it belongs to, and that are not a
/// person's own doing. A command with places that a person fills is left to the person.
pub(super) fn able(cx: &Cx<'_>, dialect: Option<&str>, command: Option<&str>) -> Vec<String> {
    let (Some(dialect), Some(command)) = (known(cx, dialect), command) else {
        return Vec::new();
    };
    if command.contains('<') || !dialect.only_reads(command) || command.starts_with("pcap") {
        return Vec::new();
    }
    let nodes = nodes(cx).filter(|(_, node)| node.dialect == dialect.id);
    let nodes = nodes.filter(|(_, node)| !node.agent.starts_with("manual:"));
    nodes.map(|(_, node)| node.name.clone()).collect()
}

fn known<'c>(cx: &Cx<'c>, id: Option<&str>) -> Option<&'c Dialect> {
    let id = id?;
    cx.catalog.dialects.iter().find(|dialect| dialect.id == id)
}

fn nodes<'c>(cx: &'c Cx<'_>) -> impl Iterator<Item = (&'c Cluster, &'c Node)> {
    let loaded = cx.inventory.iter();
    let clusters = loaded.flat_map(|loaded| &loaded.inventory.clusters);
    clusters.flat_map(|cluster| cluster.nodes.iter().map(move |node| (cluster, node)))
}

/// Runs the command and gives what the node says, as it would stand in a copied session.
///
/// # Errors
/// The node cannot be reached, is another one, or does not answer.
pub(super) fn run(
    cx: &Cx<'_>,
    name: &str,
    dialect: Option<&str>,
    command: &str,
) -> Result<String, Failure> {
    let found = nodes(cx).find(|(_, node)| node.name == name);
    let (Some((cluster, node)), Some(loaded)) = (found, &cx.inventory) else {
        return Err(Trouble::new(format!("no inventory names a node '{name}'"))
            .help("give the inventory by '--inventory FILE'")
            .into());
    };
    let known = known(cx, dialect).filter(|known| known.id == node.dialect);
    let known = known.filter(|known| known.only_reads(command));
    let Some(dialect) = known else {
        return Err(Trouble::new(format!("'{command}' is not run on '{name}'"))
            .cause(format!(
                "it is no command of '{}' that only looks",
                node.dialect
            ))
            .into());
    };
    let agents = Agents::new(&cluster.name, loaded, cx.catalog)?;
    let planned = PlannedNode {
        name: node.name.clone(),
        address: node.address.clone(),
        agent: node.agent.clone(),
        dialect: node.dialect.clone(),
        role: Role::Unknown,
        also: Vec::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::new("cannot begin").because(&error))?;
    let said = runtime.block_on(asked(cx, &agents, &planned, dialect, command))?;
    let mask = agents.mask();
    let session = said.iter().map(|(command, text)| {
        let prompt = prompt(dialect, &node.name, command);
        format!("{prompt}{}\n", mask(text))
    });
    Ok(session.collect())
}

/// How the command stands in a session that somebody copied.
fn prompt(dialect: &Dialect, node: &str, command: &str) -> String {
    match dialect.id.as_str() {
        "cms-mmp" => format!("{node}> {command}\n"),
        "imp-admin" => format!("admin:{command}\n"),
        _ => format!("{command}\n"),
    }
}

/// Commands and what the node said: first what tells who it is, then what was asked for.
async fn asked(
    cx: &Cx<'_>,
    agents: &Agents,
    node: &PlannedNode,
    dialect: &Dialect,
    command: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let failed = |error: AgentError| -> Failure {
        let trouble = Trouble::new(format!("'{command}' was not answered by '{}'", node.name));
        let trouble = trouble.cause(error.what.clone());
        let trouble = match error.said.is_empty() {
            true => trouble,
            false => trouble.cause(error.said),
        };
        match error.help.is_empty() {
            true => trouble.into(),
            false => trouble.help(error.help).into(),
        }
    };
    let deadline = Instant::now() + CONNECT;
    let mut agent = agents
        .connect(node, dialect, deadline)
        .await
        .map_err(failed)?;
    let mut said: Vec<(String, String)> = Vec::new();
    for identity in &dialect.identity {
        let output = agent
            .run(&line(&identity.run), Instant::now() + ANSWER)
            .await;
        let text = output.map_err(failed)?.text;
        let names = observe::identity(cx.catalog, identity, &text);
        if identity.run != command {
            said.push((identity.run.clone(), text));
        }
        if names.iter().any(|name| node.is(name)) {
            break;
        }
        if !names.is_empty() {
            agent.close().await;
            return Err(Trouble::new(format!(
                "{} was reached where '{}' was expected",
                names.join(", "),
                node.name
            ))
            .help("correct the inventory; what the node says was not used")
            .into());
        }
    }
    let output = agent.run(&line(command), Instant::now() + ANSWER).await;
    said.push((command.to_owned(), output.map_err(failed)?.text));
    agent.close().await;
    Ok(said)
}

fn line(command: &str) -> Command {
    Command {
        line: command.to_owned(),
        closes: false,
        stop_after: None,
    }
}
