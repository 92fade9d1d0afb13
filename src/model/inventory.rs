//! Which nodes there are and how they are reached. Never holds a secret.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::node::Product;

/// An inventory file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// Its clusters.
    pub clusters: Vec<Cluster>,
}

/// One cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Its name, which names journals and locks.
    pub name: String,
    /// Its product.
    pub product: Product,
    /// A file of known hosts for its nodes, instead of the user's own; relative to the inventory.
    pub known_hosts: Option<String>,
    /// Its nodes.
    pub nodes: Vec<Node>,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// The address or name by which the cluster knows it.
    pub address: String,
    /// How it is reached: `ssh://user@host:port`, `soap://user@host:port` or `manual://`.
    pub agent: String,
    /// Id of the dialect of its command line.
    pub dialect: String,
    /// Where its password is read from, if it is not typed at ssh's own prompt.
    pub password: Option<Password>,
    /// A file of authorities that its certificate is checked against, for `soap://`; relative to
    /// the inventory.
    pub ca_file: Option<String>,
}

/// Where a password is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// A descriptor that is open when the program starts; one line.
    pub fd: u16,
}

impl Inventory {
    /// What is wrong with it, in sentences without a full stop.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        for cluster in &self.clusters {
            if !is_name(&cluster.name) {
                problems.push(format!(
                    "the cluster name '{}' has other characters than letters, digits, '.', '_' and '-'",
                    cluster.name
                ));
            }
            if !names.insert(cluster.name.to_ascii_lowercase()) {
                problems.push(format!("two clusters are called '{}'", cluster.name));
            }
            problems.extend(cluster.problems());
        }
        problems
    }
}

impl Cluster {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for node in &self.nodes {
            let place = format!("node '{}' of cluster '{}'", node.name, self.name);
            if !is_host(&node.name) || !is_host(&node.address) {
                problems.push(format!(
                    "{place}: name and address are host names or addresses"
                ));
            }
            let mut own = BTreeSet::from([node.name.to_ascii_lowercase()]);
            own.insert(node.address.to_ascii_lowercase());
            for name in own {
                if !seen.insert(name.clone()) {
                    problems.push(format!("cluster '{}' has two nodes '{name}'", self.name));
                }
            }
        }
        if self.nodes.is_empty() {
            problems.push(format!("cluster '{}' has no nodes", self.name));
        }
        problems
    }
}

/// True for names that are safe as part of a file name.
pub fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !text.is_empty() && text.len() <= 100 && !text.starts_with(['.', '-']) && text.chars().all(fits)
}

/// True for host names and addresses that are safe as a word of a command.
pub fn is_host(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
    !text.is_empty() && text.len() <= 253 && !text.starts_with(['.', '-']) && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, address: &str) -> Node {
        Node {
            name: name.to_owned(),
            address: address.to_owned(),
            agent: "manual://".to_owned(),
            dialect: "cms-mmp".to_owned(),
            password: None,
            ca_file: None,
        }
    }

    fn cluster(nodes: Vec<Node>) -> Inventory {
        let cluster = Cluster {
            name: "lab".to_owned(),
            product: Product::Cms,
            known_hosts: None,
            nodes,
        };
        Inventory {
            clusters: vec![cluster],
        }
    }

    #[test]
    fn names_are_safe_and_used_once() {
        let good = cluster(vec![node("cms1", "10.1.1.1"), node("cms2", "10.1.1.2")]);
        assert_eq!(good.problems(), Vec::<String>::new());
        for bad in [
            cluster(vec![node("cms1", "10.1.1.1"), node("CMS1", "10.1.1.2")]),
            cluster(vec![node("cms1", "10.1.1.1"), node("cms2", "cms1")]),
            cluster(vec![node("cms1", "10.1.1.1; reboot")]),
            cluster(vec![node("-o", "10.1.1.1")]),
            cluster(Vec::new()),
        ] {
            assert_eq!(bad.problems().len(), 1, "{:?}", bad.problems());
        }
    }

    #[test]
    fn a_node_may_be_called_by_its_address() {
        let good = cluster(vec![node("10.1.1.1", "10.1.1.1")]);
        assert_eq!(good.problems(), Vec::<String>::new());
    }
}
