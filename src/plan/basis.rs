//! What a plan is made from: a cluster of a report and a cluster of an inventory.

use crate::model::digest::sha256;
use crate::model::inventory;
use crate::model::node::Role;
use crate::model::plan::{Basis, PlannedIncident, PlannedNode, same_host};
use crate::model::report::{Cluster, Diagnosis, DiagnosisRole, Node, Severity};

/// True when the inventory's cluster is this one: of the same product, and they share a node.
pub fn matches(found: &Cluster, wanted: &inventory::Cluster) -> bool {
    let shares = |node: &inventory::Node| seen(found, node).is_some();
    found.product == wanted.product && wanted.nodes.iter().any(shares)
}

/// Joins what a report knows of a cluster with how its nodes are reached.
pub fn basis(found: &Cluster, wanted: &inventory::Cluster, rules_digest: &str) -> Basis {
    Basis {
        rules_digest: rules_digest.to_owned(),
        diagnosis_digest: digest(found),
        cluster: wanted.name.clone(),
        product: wanted.product,
        verdict: found.verdict,
        nodes: wanted
            .nodes
            .iter()
            .map(|node| planned(found, node))
            .collect(),
        incidents: incidents(found),
    }
}

/// `sha256:` digest of anything that is printed as JSON.
pub(super) fn digest(value: &impl serde::Serialize) -> String {
    // plain data is always printable
    let text = serde_json::to_vec(value).unwrap_or_default();
    format!("sha256:{}", sha256(text))
}

/// The node of the report that an entry of the inventory means.
fn seen<'c>(found: &'c Cluster, wanted: &inventory::Node) -> Option<&'c Node> {
    let own = [&wanted.name, &wanted.address];
    let is = |name: &String| own.iter().any(|own| same_host(own, name));
    found
        .nodes
        .iter()
        .find(|node| is(&node.name) || node.addresses.iter().any(is))
}

fn planned(found: &Cluster, wanted: &inventory::Node) -> PlannedNode {
    let seen = seen(found, wanted);
    let own = |name: &&String| **name != wanted.name && **name != wanted.address;
    let names = seen
        .into_iter()
        .flat_map(|node| std::iter::once(&node.name).chain(&node.addresses));
    PlannedNode {
        name: wanted.name.clone(),
        address: wanted.address.clone(),
        agent: wanted.agent.clone(),
        dialect: wanted.dialect.clone(),
        role: seen.map_or(Role::Unknown, |node| node.role),
        also: names.filter(own).cloned().collect(),
    }
}

/// Open incidents of at least a warning that nothing open explains: symptoms go with their causes,
/// and one that outlives them needs a remedy of its own.
fn incidents(found: &Cluster) -> Vec<PlannedIncident> {
    let is_open = |incident: &&Diagnosis| !incident.cleared;
    let explained = |incident: &Diagnosis| {
        let mut causes = found.diagnoses.iter().filter(is_open);
        incident.role == DiagnosisRole::Symptom
            && causes.any(|cause| incident.explained_by.contains(&cause.id))
    };
    let open = found.diagnoses.iter().filter(is_open);
    let open = open.filter(|one| one.severity >= Severity::Warning && !explained(one));
    let planned = open.map(|incident| PlannedIncident {
        id: incident.id.clone(),
        fault: incident.fault.clone(),
        title: incident.title.clone(),
        severity: incident.severity,
        node: incident.node.clone(),
        peer: incident.peer.clone(),
        bindings: incident.bindings.clone(),
        remedies: incident.remedies.clone(),
    });
    planned.collect()
}
