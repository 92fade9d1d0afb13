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
        On::Each(order) => first_known(order, basis).and_then(|()| in_order(order, basis)),
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

/// Whoever comes first has to be there: the others must not go before it.
fn first_known(order: &[String], basis: &Basis) -> Result<(), String> {
    let Some(first) = order.first() else {
        return Ok(());
    };
    let wanted = Role::parse(first).unwrap_or_default();
    match basis.nodes.iter().any(|node| node.role == wanted) {
        true => Ok(()),
        false => Err(format!(
            "the order begins with the {first}, and no node of the inventory is known to be it"
        )),
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
    let mut struck: Vec<&str> = Vec::new();
    for incident in of_fault {
        let name = incident.node.as_deref().unwrap_or_default();
        if !basis.nodes.iter().any(|node| node.is(name)) {
            return Err(format!(
                "an incident of the fault is about a node that is not in the inventory ('{name}'), so nobody can tell which one is spared"
            ));
        }
        struck.push(name);
    }
    let mut free = in_order(order, basis)?;
    free.retain(|node| !struck.iter().any(|name| node.is(name)));
    free.first()
        .copied()
        .ok_or_else(|| "every node shows the fault".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::model::node::Product;
    use crate::model::report::{Severity, Verdict};

    fn basis(roles: &[(&str, Role)], struck: &[Option<&str>]) -> Basis {
        let node = |(name, role): &(&str, Role)| PlannedNode {
            name: (*name).to_owned(),
            address: (*name).to_owned(),
            agent: "manual://".to_owned(),
            dialect: "expressway-admin".to_owned(),
            role: *role,
            also: Vec::new(),
        };
        let incident = |node: &Option<&str>| PlannedIncident {
            id: "a".to_owned(),
            fault: "expressway.key-file.update-failed".to_owned(),
            title: "F".to_owned(),
            severity: Severity::Error,
            node: node.map(str::to_owned),
            peer: None,
            bindings: std::collections::BTreeMap::new(),
            remedies: Vec::new(),
        };
        Basis {
            rules_digest: String::new(),
            diagnosis_digest: String::new(),
            cluster: "c".to_owned(),
            product: Product::Expressway,
            verdict: Verdict::Faulty,
            nodes: roles.iter().map(node).collect(),
            incidents: struck.iter().map(incident).collect(),
        }
    }

    #[test]
    fn nobody_goes_before_a_first_one_that_is_not_known() {
        let order = ["primary", "subordinate"].map(str::to_owned);
        let with = basis(&[("b", Role::Subordinate), ("a", Role::Primary)], &[]);
        assert_eq!(first_known(&order, &with), Ok(()));
        let names = |basis: &Basis| {
            let nodes = in_order(&order, basis)?;
            Ok::<_, String>(
                nodes
                    .iter()
                    .map(|node| node.name.clone())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(names(&with), Ok(vec!["a".to_owned(), "b".to_owned()]));
        let without = basis(&[("b", Role::Subordinate)], &[]);
        assert!(first_known(&order, &without).is_err());
    }

    #[test]
    fn a_node_is_spared_only_where_the_struck_ones_are_known() {
        let catalog = Catalog::builtin().unwrap();
        let spares = |remedy: &&Remedy| matches!(remedy.on, On::Spared(_));
        let remedy = catalog.remedies.iter().find(spares).unwrap();
        let order = ["primary", "subordinate"].map(str::to_owned);
        let roles = [("a", Role::Primary), ("b", Role::Subordinate)];
        let fault = remedy.faults.first().unwrap();
        let chosen = |struck: &[Option<&str>]| {
            let mut basis = basis(&roles, struck);
            for incident in &mut basis.incidents {
                incident.fault.clone_from(fault);
            }
            spared(&order, remedy, &basis).map(|node| node.name.clone())
        };
        assert_eq!(chosen(&[Some("a")]), Ok("b".to_owned()));
        assert!(chosen(&[Some("a"), Some("b")]).is_err());
        assert!(chosen(&[Some("a"), Some("x")]).is_err());
        assert!(chosen(&[Some("a"), None]).is_err());
    }
}
