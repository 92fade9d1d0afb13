//! What belongs together: nodes to clusters, files to nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::hosts::hosts;
use super::names::{Handle, Name, Names, Sets};
use super::{Facts, product_of, value};
use crate::catalog::fault::Source;
use crate::detect::table::Table;
use crate::model::format::FORMATS;
use crate::model::hit::{Collected, Run};
use crate::model::node::Product;

/// The nodes that write in a file: hosts in record heads, and whoever a status is of.
fn reporters(collected: &Collected, table: &Table<'_>, names: &Names) -> Vec<BTreeSet<Handle>> {
    let known = |(product, host)| names.find(product, host);
    let mut found: Vec<BTreeSet<Handle>> = hosts(&collected.files)
        .into_iter()
        .map(|hosts| hosts.into_iter().filter_map(known).collect())
        .collect();
    for run in &collected.runs {
        let Some(entry) = table.get(run.signal) else {
            continue;
        };
        let Some(slot) = found.get_mut(run.file as usize) else {
            continue;
        };
        let Some(def) = FORMATS.get(usize::from(entry.signal.format)) else {
            continue;
        };
        let from = |wanted: &[&str]| {
            let mut binds = entry.signal.binds.iter();
            let fits = |source: &Source| matches!(source, Source::Field(name) if wanted.contains(&name.as_str()));
            binds
                .find(|bind| fits(&bind.source))
                .and_then(|bind| value(run, entry.signal, &bind.name))
        };
        let reporter = match def.always_parsed && !def.speaks_of_any() {
            // a row about a node is not by that node
            true if def.names_node => from(&["me", "reporter"]),
            true => ["node", "me", "reporter"]
                .iter()
                .find_map(|name| value(run, entry.signal, name)),
            false => from(&["host"]),
        };
        slot.extend(reporter.and_then(|raw| names.find(product_of(entry.signal), raw)));
    }
    found
}

/// Nodes on a screen that lists the nodes of its cluster without saying whose it is.
fn listed(collected: &Collected, table: &Table<'_>, names: &Names) -> BTreeSet<Handle> {
    let of_run = |run: &Run| {
        let signal = table.get(run.signal)?.signal;
        let def = FORMATS.get(usize::from(signal.format))?;
        let lists = def.always_parsed && def.names_node && !def.speaks_of_any();
        let raw = value(run, signal, "node").filter(|_| lists)?;
        let handle = names.find(product_of(signal), raw)?;
        Some(names.node(handle))
    };
    collected.runs.iter().filter_map(of_run).collect()
}

/// A folder or archive that holds the log of one host and the status of one address, and nothing
/// of others, is one node's bundle: both are that node.
pub(super) fn join_single_reporters(collected: &Collected, table: &Table<'_>, names: &mut Names) {
    let mut units: BTreeMap<(&str, Product), BTreeSet<Handle>> = BTreeMap::new();
    for (file, who) in collected
        .files
        .iter()
        .zip(reporters(collected, table, names))
    {
        for handle in who {
            let Some((product, _)) = names.get(handle) else {
                continue;
            };
            units
                .entry((file.origin.unit(), *product))
                .or_default()
                .insert(names.node(handle));
        }
    }
    let talks = conversations(collected, table, names);
    for nodes in units.into_values() {
        let [a, b] = nodes.into_iter().collect::<Vec<_>>()[..] else {
            continue;
        };
        let is_host = |handle: Handle| matches!(names.get(handle), Some((_, Name::Host(_))));
        // a node does not talk to itself as to a peer
        if is_host(a) != is_host(b) && !talks.contains(&(a, b)) && !talks.contains(&(b, a)) {
            names.join(a, b);
        }
    }
}

fn conversations(
    collected: &Collected,
    table: &Table<'_>,
    names: &Names,
) -> BTreeSet<(Handle, Handle)> {
    let pairs = collected.runs.iter().filter_map(|run| {
        let signal = table.get(run.signal)?.signal;
        let handle = |name| {
            value(run, signal, name)
                .and_then(|raw| names.find(product_of(signal), raw))
                .map(|h| names.node(h))
        };
        handle("node").zip(handle("peer"))
    });
    pairs.collect()
}

/// Which cluster each node belongs to.
#[derive(Debug)]
pub(super) struct Attach {
    /// Root of the cluster of every node that belongs to one, by node root.
    pub(super) cluster: BTreeMap<Handle, Handle>,
    /// Roots of clusters whose membership was assumed, not told.
    pub(super) assumed: BTreeSet<Handle>,
    /// Node roots that write in each file.
    pub(super) writers: Vec<BTreeSet<Handle>>,
    /// Roots of nodes that a screen of the cluster lists.
    pub(super) listed: BTreeSet<Handle>,
}

impl Attach {
    /// Joins what facts link; a node that nothing links goes with the only cluster of its product,
    /// or with the other nodes that nothing links.
    pub(super) fn new(
        collected: &Collected,
        table: &Table<'_>,
        names: &Names,
        facts: &Facts,
    ) -> Self {
        let mut sets = Sets::default();
        (0..names.len()).for_each(|_| {
            sets.add();
        });
        for (a, b) in &facts.linked {
            sets.join(names.node(*a), names.node(*b));
        }
        let mut size: BTreeMap<Handle, usize> = BTreeMap::new();
        let roots: BTreeSet<Handle> = (0..names.len()).map(|handle| names.node(handle)).collect();
        roots
            .iter()
            .for_each(|node| *size.entry(sets.root(*node)).or_default() += 1);
        let writers: Vec<BTreeSet<Handle>> = reporters(collected, table, names)
            .into_iter()
            .map(|who| who.into_iter().map(|h| names.node(h)).collect())
            .collect();
        let listed = listed(collected, table, names);
        let mut reporting: BTreeSet<Handle> = writers.iter().flatten().copied().collect();
        reporting.extend(&listed);
        let standalone: BTreeSet<Handle> =
            facts.standalone.iter().map(|h| names.node(*h)).collect();

        let linked: BTreeSet<Handle> = size
            .iter()
            .filter(|(_, n)| **n > 1)
            .map(|(root, _)| *root)
            .collect();
        let mut cluster: BTreeMap<Handle, Handle> = BTreeMap::new();
        for node in &roots {
            let root = sets.root(*node);
            if linked.contains(&root) || (standalone.contains(node) && reporting.contains(node)) {
                cluster.insert(*node, root);
            }
        }
        let mut attach = Self {
            cluster,
            assumed: BTreeSet::new(),
            writers,
            listed,
        };
        attach.place_singles(collected, names, &reporting, &linked);
        attach
    }

    fn place_singles(
        &mut self,
        collected: &Collected,
        names: &Names,
        reporting: &BTreeSet<Handle>,
        linked: &BTreeSet<Handle>,
    ) {
        let product = |handle: Handle| {
            names
                .get(handle)
                .map_or(Product::Unknown, |(product, _)| *product)
        };
        let mut of_product: BTreeMap<Product, Vec<Handle>> = BTreeMap::new();
        for root in linked {
            of_product.entry(product(*root)).or_default().push(*root);
        }
        let units = self.units(collected);
        // the linked clusters whose nodes write in a unit
        let mut homes: BTreeMap<(&str, Product), BTreeSet<Handle>> = BTreeMap::new();
        for (node, root) in self
            .cluster
            .iter()
            .filter(|(_, root)| linked.contains(root))
        {
            for unit in units.get(node).into_iter().flatten() {
                homes
                    .entry((unit, product(*root)))
                    .or_default()
                    .insert(*root);
            }
        }
        let singles: Vec<Handle> = reporting
            .iter()
            .copied()
            .filter(|node| !self.cluster.contains_key(node))
            .collect();
        let mut first: BTreeMap<Product, Handle> = BTreeMap::new();
        for node in singles {
            let kind = product(node);
            let home = match of_product.get(&kind).map(Vec::as_slice) {
                None | Some([]) => *first.entry(kind).or_insert(node),
                Some([only]) => *only,
                Some(_) => {
                    let mine = units.get(&node).into_iter().flatten();
                    // two of each unit tell as much as all of them
                    let near = mine.filter_map(|unit| homes.get(&(*unit, kind)));
                    let near: BTreeSet<Handle> = near
                        .flat_map(|roots| roots.iter().copied().take(2))
                        .collect();
                    match near.into_iter().collect::<Vec<_>>()[..] {
                        [only] => only,
                        _ => node,
                    }
                }
            };
            if home != node {
                self.assumed.insert(home);
            }
            if linked.contains(&home) {
                for unit in units.get(&node).into_iter().flatten() {
                    homes.entry((unit, kind)).or_default().insert(home);
                }
            }
            self.cluster.insert(node, home);
        }
    }

    /// The folders and archives in which a node writes.
    fn units<'f>(&self, collected: &'f Collected) -> BTreeMap<Handle, BTreeSet<&'f str>> {
        let mut units: BTreeMap<Handle, BTreeSet<&str>> = BTreeMap::new();
        for (file, who) in collected.files.iter().zip(&self.writers) {
            for node in who {
                units.entry(*node).or_default().insert(file.origin.unit());
            }
        }
        units
    }
}
