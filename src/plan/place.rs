//! Where a remedy or a step runs.

use crate::catalog::remedy::{On, Remedy};
use crate::model::node::Role;
use crate::model::plan::{Basis, PlannedIncident, PlannedNode};

/// The nodes that are meant, in turn, or why nobody can tell; `own` is the one on which the remedy
/// runs.
pub(super) fn nodes<'b>(
    on: &On,
    remedy: &Remedy,
    incident: &PlannedIncident,
    basis: &'b Basis,
    own: Option<&PlannedNode>,
) -> Result<Vec<&'b PlannedNode>, String> {
    match on {
        On::Role(role) => with_role(role, basis).map(|node| vec![node]),
        On::Bind(name) => bound(name, incident, basis).map(|node| vec![node]),
        On::Each(order) => in_order(order, basis),
        On::Spared(order) => spared(order, remedy, basis).map(|node| vec![node]),
        On::Others => {
            let other = |node: &&PlannedNode| own.is_none_or(|own| own.name != node.name);
            Ok(basis.nodes.iter().filter(other).collect())
        }
    }
}

fn with_role<'b>(role: &str, basis: &'b Basis) -> Result<&'b PlannedNode, String> {
    let wanted = Role::parse(role).unwrap_or_default();
    let fitting: Vec<&PlannedNode> = basis.nodes.iter().filter(|n| n.role == wanted).collect();
    match fitting.as_slice() {
        [node] => Ok(node),
        [] => Err(format!("no node of the inventory is known to be {role}")),
        several => Err(format!(
            "several nodes were seen as {role}: {}",
            several
                .iter()
                .map(|node| node.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        )),
    }
}

fn bound<'b>(
    name: &str,
    incident: &PlannedIncident,
    basis: &'b Basis,
) -> Result<&'b PlannedNode, String> {
    let value = incident
        .value(name)
        .ok_or_else(|| format!("the finding does not say which node is meant ('{name}')"))?;
    let fitting: Vec<&PlannedNode> = basis.nodes.iter().filter(|node| node.is(value)).collect();
    match fitting.as_slice() {
        [node] => Ok(node),
        [] => Err(format!("the inventory has no node '{value}'")),
        _ => Err(format!("several nodes of the inventory are '{value}'")),
    }
}

/// Every node, by role. A node whose role is not in the list has no place in the order.
fn in_order<'b>(order: &[String], basis: &'b Basis) -> Result<Vec<&'b PlannedNode>, String> {
    if order.is_empty() {
        return Ok(basis.nodes.iter().collect());
    }
    let roles: Vec<Role> = order.iter().filter_map(|word| Role::parse(word)).collect();
    if let Some(node) = basis.nodes.iter().find(|node| !roles.contains(&node.role)) {
        return Err(format!(
            "the order is {}, and nobody knows the role of '{}'",
            order.join(", then "),
            node.name
        ));
    }
    let of_role = |role: &Role| {
        basis
            .nodes
            .iter()
            .filter(|node| node.role == *role)
            .collect::<Vec<_>>()
    };
    if order.len() > 1 && of_role(&Role::Primary).len() > 1 {
        return Err("several nodes were seen as primary".to_owned());
    }
    Ok(roles.iter().flat_map(of_role).collect())
}

/// The first node, by role, that no open incident of the remedy's faults is about.
fn spared<'b>(
    order: &[String],
    remedy: &Remedy,
    basis: &'b Basis,
) -> Result<&'b PlannedNode, String> {
    let of_fault = basis
        .incidents
        .iter()
        .filter(|known| remedy.faults.contains(&known.fault));
    let struck: Vec<&str> = of_fault.filter_map(|known| known.node.as_deref()).collect();
    let mut free = in_order(order, basis)?;
    free.retain(|node| !struck.iter().any(|name| node.is(name)));
    free.first()
        .copied()
        .ok_or_else(|| "every node shows the fault".to_owned())
}
