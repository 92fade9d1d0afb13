//! Who writes in a file, by the heads of its records, else by what the file or its folder is called.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::product_of_parser;
use crate::model::hit::FileSeen;
use crate::model::node::Product;

/// Who writes in a file, by product.
pub(super) type Hosts<'f> = BTreeSet<(Product, &'f str)>;

/// Who writes in each file.
pub(super) fn hosts(files: &[FileSeen]) -> Vec<Hosts<'_>> {
    let mut hosts: Vec<Hosts<'_>> = files.iter().map(heads).collect();
    let named = by_folder(files, &hosts);
    for (at, name) in named {
        if let Some(hosts) = hosts.get_mut(at) {
            hosts.insert((Product::Imp, name));
        }
    }
    hosts
}

/// Hosts in the heads of a file's records, with their product; where an Erlang node says nowhere
/// which one it is, its log is named after it.
fn heads(file: &FileSeen) -> Hosts<'_> {
    let heads = file.samples.iter();
    let heads = heads.filter_map(|sample| Some((sample.parser, sample.host.as_deref()?)));
    let heads: BTreeSet<(&str, &str)> = heads.collect();
    let products = heads.into_iter();
    let mut hosts: Hosts<'_> = products
        .map(|(parser, host)| (product_of_parser(parser), host))
        .collect();
    let named = hosts.iter().any(|(of, _)| *of == Product::Mnesia);
    if !named && speaks(file, Product::Mnesia) {
        let name = node_in_name(file.origin.file_name());
        hosts.extend(name.map(|name| (Product::Mnesia, name)));
    }
    hosts
}

fn speaks(file: &FileSeen, product: Product) -> bool {
    let parsers: BTreeSet<&str> = file.samples.iter().map(|sample| sample.parser).collect();
    let mut products = parsers.into_iter().map(product_of_parser);
    products.any(|of| of == product)
}

/// `rabbit@mq1` of `rabbit@mq1.log`, `rabbit@mq1_upgrade.log` and `rabbit@mq1-sasl.log.1`.
fn node_in_name(file_name: &str) -> Option<&str> {
    let (stem, _) = file_name.split_once(".log")?;
    let stem = ["_upgrade", "-sasl"]
        .iter()
        .find_map(|tail| stem.strip_suffix(tail))
        .unwrap_or(stem);
    let (name, host) = stem.split_once('@')?;
    (!name.is_empty() && !host.is_empty()).then_some(stem)
}

/// Logs of IM and Presence services never say on which node they run. Beside logs of other
/// folders or archives, a tree of such logs as the appliance has it is a node by itself, and named
/// after the folder that holds it: its records must not be taken for those of another. So is a
/// folder beside one that holds a log of the same name: a node has each of its logs once.
fn by_folder<'f>(files: &'f [FileSeen], hosts: &[Hosts<'f>]) -> Vec<(usize, &'f str)> {
    let mut units: BTreeMap<&str, Unit> = BTreeMap::new();
    let of_imp = files.iter().enumerate().zip(hosts);
    for ((at, file), hosts) in of_imp.filter(|((_, file), _)| speaks(file, Product::Imp)) {
        let unit = units.entry(file.origin.unit()).or_default();
        unit.named |= hosts.iter().any(|(of, _)| *of == Product::Imp);
        unit.named |= !file.parsers.iter().all(|id| SERVICE_LOGS.contains(id));
        unit.tree |= file.origin.in_tree();
        unit.files.push(at);
    }
    let several = units.len() > 1;
    let twins = twins(files, &units);
    let nameless = units
        .iter()
        .filter(|(path, unit)| several && !unit.named && (unit.tree || twins.contains(*path)));
    let named = nameless.filter_map(|(path, unit)| Some((node_name(path)?, &unit.files)));
    named
        .flat_map(|(name, files)| files.iter().map(move |at| (*at, name)))
        .collect()
}

/// Folders side by side, named alike as nodes of a cluster are, that hold logs of the same name.
/// Folders of services may do so as well, but are not named alike.
fn twins<'f>(files: &'f [FileSeen], units: &BTreeMap<&'f str, Unit>) -> BTreeSet<&'f str> {
    let mut holders: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (path, unit) in units {
        let from = path.rfind('/').map_or(0, |at| at + 1);
        let alike = path.get(..from + ALIKE).unwrap_or(path);
        for file in unit.files.iter().filter_map(|at| files.get(*at)) {
            let key = (alike, file.origin.file_name());
            holders.entry(key).or_default().insert(path);
        }
    }
    let several = holders.into_values().filter(|paths| paths.len() > 1);
    several.flatten().collect()
}

/// Characters with which the names of two nodes of a cluster begin alike.
const ALIKE: usize = 3;

/// Parsers of logs that name no node.
const SERVICE_LOGS: [&str; 2] = ["imp.log", "imp.xcp"];

/// What one folder or archive holds of IM and Presence.
#[derive(Default)]
struct Unit {
    /// Something in it may tell whose it is.
    named: bool,
    /// It holds a tree of logs as the appliance has it.
    tree: bool,
    files: Vec<usize>,
}

/// The name of a folder or archive, if a node may be called so.
fn node_name(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next()?.trim_end_matches('!');
    let name = ARCHIVES
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    if name.parse::<IpAddr>().is_ok() {
        return Some(name);
    }
    let lower = name.to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain);
    (fits && !OTHERWISE.iter().any(|word| lower.contains(word))).then_some(name)
}

const ARCHIVES: [&str; 6] = [".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar", ".zip"];

/// Words in names of folders that are named after what they hold, or when it was taken.
const OTHERWISE: [&str; 16] = [
    "log", "trace", "bundle", "backup", "case", "ticket", "before", "after", "download", "archive",
    "collect", "part", "day", "old", "copy", "tmp",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_erlang_nodes_are_named_after_them() {
        for (name, wanted) in [
            ("rabbit@mq1.log", Some("rabbit@mq1")),
            (
                "rabbit@mq1.apolo.local.log.1",
                Some("rabbit@mq1.apolo.local"),
            ),
            ("rabbit@mq1_upgrade.log", Some("rabbit@mq1")),
            ("rabbit@mq1-sasl.log-20260302", Some("rabbit@mq1")),
            ("erlang.log", None),
            ("@mq1.log", None),
            ("rabbit@mq1", None),
        ] {
            assert_eq!(node_in_name(name), wanted, "{name}");
        }
    }

    #[test]
    fn folders_are_named_after_nodes_or_otherwise() {
        let nodes = [
            ("in/imp1a", "imp1a"),
            ("in/imp1a.apolo.local.tar.gz", "imp1a.apolo.local"),
            ("10.60.1.11", "10.60.1.11"),
        ];
        for (path, name) in nodes {
            assert_eq!(node_name(path), Some(name), "{path}");
        }
        for path in [
            "",
            "in/logs",
            "monday",
            "2026-03-02",
            "SR 1",
            "in/before.zip",
        ] {
            assert_eq!(node_name(path), None, "{path}");
        }
    }
}
