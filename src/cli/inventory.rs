//! The inventory file.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::agent::target::Place;
use crate::catalog::yaml;
use crate::model::inventory::{Cluster, Inventory, Node};

use super::failure::{Failure, Trouble};

/// Largest inventory that is read.
const LARGEST: u64 = 16 << 20;

/// An inventory and where it stands: paths in it are relative to that.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) inventory: Inventory,
    folder: PathBuf,
}

impl Loaded {
    /// A path that the inventory names.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        self.folder.join(written)
    }

    /// The cluster with this name.
    pub(super) fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.inventory
            .clusters
            .iter()
            .find(|cluster| cluster.name == name)
    }
}

/// Reads an inventory.
///
/// # Errors
/// It cannot be read, or something in it is wrong; everything is told at once.
pub(super) fn load(path: &Path) -> Result<Loaded, Failure> {
    let name = path.display().to_string();
    let read = || {
        let mut text = String::new();
        File::open(path)?.take(LARGEST).read_to_string(&mut text)?;
        Ok::<String, std::io::Error>(text)
    };
    let text = read().map_err(|error| {
        Trouble::new(format!("cannot read the inventory '{name}'")).because(&error)
    })?;
    let inventory: Inventory = yaml::read(&name, &text)
        .map_err(|problem| Failure::rules(std::slice::from_ref(&problem)))?;
    let mut problems = inventory.problems();
    problems.extend(inventory.clusters.iter().flat_map(unreachable));
    if !problems.is_empty() {
        let trouble = |problem: &String| Trouble::new(format!("{name}: {problem}"));
        return Err(problems.iter().map(trouble).collect::<Vec<_>>().into());
    }
    // ssh takes absolute paths only
    let folder = std::path::absolute(path).map_err(|error| {
        Trouble::new(format!("cannot find the inventory '{name}'")).because(&error)
    })?;
    let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
    Ok(Loaded { inventory, folder })
}

/// Nodes whose agent is none: told here, before anything shows an agent that holds a password.
fn unreachable(cluster: &Cluster) -> Vec<String> {
    let wrong = |node: &Node| {
        let why = Place::parse(&node.agent).err()?;
        Some(format!(
            "the agent of node '{}' of cluster '{}' is none: {why}; it is ssh://USER@HOST:PORT, soap://USER@HOST:PORT or manual://",
            node.name, cluster.name
        ))
    };
    cluster.nodes.iter().filter_map(wrong).collect()
}
