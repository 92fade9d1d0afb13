//! A plan: what would be sent to which node, checked by what, at which risk.
//!
//! A plan is a pure function of its [`Basis`] and the rules. Whoever loads one makes it again from
//! its basis and compares: a plan that was changed, or that other rules made, is refused.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::node::{Product, Role};
use super::report::{Binding, Severity, Verdict};

/// Name and version of the shape.
pub const SCHEMA: &str = "clusterdx.plan/1";

/// What a remedy or a step may do to a system; ordered from least to most.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// It only looks.
    Read,
    /// It changes something that can be changed back.
    Change,
    /// It interrupts service.
    Disruptive,
    /// It deletes data or configuration.
    Destructive,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Read => "read",
            Self::Change => "change",
            Self::Disruptive => "disruptive",
            Self::Destructive => "destructive",
        })
    }
}

/// The remedies for the open faults of one cluster, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Always `clusterdx.plan/1`.
    pub schema: String,
    /// `sha256:` digest of everything below.
    pub id: String,
    /// What the plan was made from.
    pub basis: Basis,
    /// What is to be done, one after the other.
    pub tasks: Vec<Task>,
    /// What is not planned, and why.
    pub refused: Vec<Refused>,
}

/// What a plan is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// Digest of the rules in force.
    pub rules_digest: String,
    /// Digest of the diagnosis of the cluster.
    pub diagnosis_digest: String,
    /// Name of the cluster in the inventory.
    pub cluster: String,
    /// Its product.
    pub product: Product,
    /// What the diagnosis thinks of it.
    pub verdict: Verdict,
    /// Its nodes, in the order of the inventory.
    pub nodes: Vec<PlannedNode>,
    /// Its open incidents that need a remedy, in the order of the report.
    pub incidents: Vec<PlannedIncident>,
}

/// A node of the inventory with what the diagnosis knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedNode {
    /// Name in the inventory.
    pub name: String,
    /// Address in the inventory.
    pub address: String,
    /// How it is reached.
    pub agent: String,
    /// Dialect of its command line.
    pub dialect: String,
    /// Its role as last seen.
    pub role: Role,
    /// Other names and addresses of it in the diagnosis.
    pub also: Vec<String>,
}

/// An open incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedIncident {
    /// Id in the report.
    pub id: String,
    /// Fault.
    pub fault: String,
    /// Title of the fault.
    pub title: String,
    /// How grave.
    pub severity: Severity,
    /// The node it is about.
    pub node: Option<String>,
    /// The other node.
    pub peer: Option<String>,
    /// Typed values for remedies.
    pub bindings: BTreeMap<String, Binding>,
    /// Ids of remedies, best first.
    pub remedies: Vec<String>,
}

/// A remedy bound to a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// `1`, `2`, … within the plan.
    pub number: usize,
    /// Remedy.
    pub remedy: String,
    /// Its title.
    pub title: String,
    /// What a person should know before.
    pub advice: Option<String>,
    /// Incidents that it is for.
    pub incidents: Vec<String>,
    /// Name of the node in the inventory.
    pub node: String,
    /// The most that it may do.
    pub risk: Risk,
    /// How it is undone, if it can be.
    pub undo: Option<String>,
    /// Where the sources of the remedy disagree.
    pub disputed: Option<String>,
    /// When all of these hold there is nothing to do.
    pub skip_if: Vec<Step>,
    /// What must hold before.
    pub prechecks: Vec<Step>,
    /// What is done.
    pub steps: Vec<Step>,
    /// What must hold after.
    pub postchecks: Vec<Step>,
}

/// One command or one thing for a person to do, with the check that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Unique within the plan: `1.3`, for checks `1.skip1`, `1.before1`, `1.after1`.
    pub id: String,
    /// Which step of the remedy it is, for the condition of its check.
    pub part: Part,
    /// Place in that part, from 0.
    pub index: usize,
    /// Name of the node.
    pub node: String,
    /// The exact command, if a command it is.
    pub run: Option<String>,
    /// Another spelling, sent when the first is unknown.
    pub or: Option<String>,
    /// What only a person can do.
    pub manual: Option<String>,
    /// What it is for.
    pub why: Option<String>,
    /// What it may do.
    pub risk: Risk,
    /// What the answer has to show, in words.
    pub expect: Option<String>,
    /// The command whose answer shows the effect, with what it has to show.
    pub until: Option<Until>,
    /// Seconds between two looks.
    pub every: Option<u64>,
    /// Seconds that the check may take to come true.
    pub span: Option<u64>,
    /// The steps of the task are left out when the check does not hold; else the run stops.
    pub skips: bool,
    /// The node may end the connection instead of answering.
    pub closes: bool,
    /// Running it twice does no harm.
    pub repeatable: bool,
    /// It is left out where its effect shows already.
    pub once: bool,
    /// The command is interrupted after so many seconds.
    pub stop_after: Option<u64>,
}

/// Which list of a remedy a step stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// `skip_if`
    SkipIf,
    /// `prechecks`
    Precheck,
    /// `steps`
    Step,
    /// `postchecks`
    Postcheck,
}

/// How the effect of a step shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Until {
    /// Name of the node that is asked.
    pub node: String,
    /// The command.
    pub run: String,
    /// What the answer has to show, in words.
    pub expect: String,
    /// Seconds between two looks.
    pub every: u64,
    /// Seconds that it may take.
    pub span: u64,
}

/// A fault that the plan does nothing about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// Incident.
    pub incident: String,
    /// Its fault.
    pub fault: String,
    /// The remedy that was refused, if there is one.
    pub remedy: Option<String>,
    /// Why, one sentence without a full stop.
    pub because: String,
}

impl Step {
    /// True when it changes something on a node, or a person does.
    pub fn changes(&self) -> bool {
        self.risk > Risk::Read
    }
}

impl Task {
    /// Its checks and steps in the order in which they come.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        let checks = self.skip_if.iter().chain(&self.prechecks);
        checks.chain(&self.steps).chain(&self.postchecks)
    }

    /// True when a look at a node tells whether it helped: what nobody looks at is not verified.
    pub fn shows_effect(&self) -> bool {
        let looks = self.postchecks.iter().any(|check| check.expect.is_some());
        looks || self.steps.iter().any(|step| step.until.is_some())
    }

    /// True when a person has to do part of it.
    pub fn needs_a_person(&self) -> bool {
        self.all_steps().any(|step| step.manual.is_some())
    }
}

impl Plan {
    /// The node with this name.
    pub fn node(&self, name: &str) -> Option<&PlannedNode> {
        self.basis.nodes.iter().find(|node| node.name == name)
    }

    /// The incident with this id.
    pub fn incident(&self, id: &str) -> Option<&PlannedIncident> {
        self.basis.incidents.iter().find(|known| known.id == id)
    }
}

impl PlannedIncident {
    /// A value of the finding, by the name that its rule gave it.
    pub fn value(&self, name: &str) -> Option<&str> {
        let bound = self.bindings.get(name).map(|bound| bound.value.as_str());
        bound.or(match name {
            "node" => self.node.as_deref(),
            "peer" => self.peer.as_deref(),
            _ => None,
        })
    }
}

impl PlannedNode {
    /// True when this is a name or address of it. A short name fits the full name.
    pub fn is(&self, name: &str) -> bool {
        let names = [&self.name, &self.address].into_iter().chain(&self.also);
        names.into_iter().any(|own| same_host(own, name))
    }
}

/// True when two names mean one host: equal but for case, or one is the other's first label.
pub fn same_host(one: &str, other: &str) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    let is_address = |name: &str| name.parse::<std::net::IpAddr>().is_ok();
    if is_address(one) || is_address(other) || one.is_empty() || other.is_empty() {
        return false;
    }
    let short = |name: &str, full: &str| {
        let label = full.split('.').next().unwrap_or_default();
        !name.contains('.') && name.eq_ignore_ascii_case(label)
    };
    short(one, other) || short(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_full_names_and_addresses_only_themselves() {
        assert!(same_host("CMS1", "cms1.apolo.local"));
        assert!(same_host("cms1", "cms1"));
        assert!(!same_host("cms1.a", "cms1.b"));
        assert!(!same_host("10", "10.1.1.1"));
        assert!(!same_host("", "x"));
        assert!(same_host("10.1.1.1", "10.1.1.1"));
    }
}
