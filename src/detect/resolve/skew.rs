//! How far the clocks of a cluster's nodes are apart, from instants that several nodes record.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Handle, Names};
use crate::model::hit::RunHit;
use crate::model::time::SECOND;

/// A record of an instant that other nodes record as well.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    pub(super) node: Handle,
    pub(super) key: String,
    pub(super) time: i64,
    pub(super) file: u32,
    pub(super) hit: RunHit,
}

/// How far a node's clock is ahead of the reference node's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// The node whose clock is the measure.
    pub(super) reference: Handle,
    /// Microseconds; negative when the clock is behind.
    pub(super) ahead: i64,
    /// Half the spread of the measurements, in microseconds.
    pub(super) error: i64,
    /// Number of instants compared.
    pub(super) instants: usize,
    /// Where the last of them stands in the node's own log.
    pub(super) file: u32,
    /// The record.
    pub(super) hit: RunHit,
}

/// Instants further apart than this are taken for different ones.
const REACH: i64 = 15 * 60 * SECOND;
/// Smaller differences are the delay of replication, not of clocks.
const NOISE: i64 = 2 * SECOND;

/// The offset of every node that can be compared with the first node of its cluster.
pub(super) fn offsets(
    shared: &[Shared],
    names: &Names,
    cluster: &BTreeMap<Handle, Handle>,
) -> BTreeMap<Handle, Offset> {
    let mut by_cluster: BTreeMap<Handle, BTreeMap<Handle, Vec<&Shared>>> = BTreeMap::new();
    for one in shared {
        let node = names.node(one.node);
        if let Some(home) = cluster.get(&node) {
            by_cluster
                .entry(*home)
                .or_default()
                .entry(node)
                .or_default()
                .push(one);
        }
    }
    let mut offsets = BTreeMap::new();
    for nodes in by_cluster.into_values() {
        let mut nodes = nodes.into_iter();
        let Some((reference, base)) = nodes.next() else {
            continue;
        };
        for (node, own) in nodes {
            offsets.extend(
                compare(reference, &base, &own)
                    .filter(|offset| offset.ahead.abs() > NOISE)
                    .map(|offset| (node, offset)),
            );
        }
    }
    offsets
}

/// The median distance of the instants that both nodes record exactly as often within reach.
fn compare(reference: Handle, base: &[&Shared], own: &[&Shared]) -> Option<Offset> {
    let mut pairs: Vec<(i64, &Shared)> = Vec::new();
    let mut seen = BTreeSet::new();
    for one in own
        .iter()
        .filter(|one| seen.insert((one.time, one.key.as_str())))
    {
        let same = |other: &&&Shared| {
            other.key == one.key && other.time.abs_diff(one.time) <= REACH.unsigned_abs()
        };
        let mut near: Vec<i64> = base.iter().filter(same).map(|other| other.time).collect();
        near.sort_unstable();
        near.dedup();
        // with several candidates it is not known which of them is meant
        if let [only] = near.as_slice() {
            pairs.push((one.time - only, one));
        }
    }
    pairs.sort_by_key(|(ahead, one)| (*ahead, one.file, one.hit.line));
    let (first, last) = (pairs.first()?.0, pairs.last()?.0);
    let (ahead, at) = pairs.get(pairs.len() / 2)?;
    Some(Offset {
        reference,
        ahead: *ahead,
        error: (last - first) / 2,
        instants: pairs.len(),
        file: at.file,
        hit: at.hit.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::names::Seen;
    use super::*;
    use crate::model::node::Product;
    use crate::model::time::RawTime;

    fn offset(records: &[(&str, &str, i64)]) -> Vec<(i64, usize)> {
        let mut seen = Seen::default();
        records
            .iter()
            .for_each(|(node, _, _)| seen.add(Product::Expressway, node));
        let names = Names::new(seen);
        let home = |node: &str| names.find(Product::Expressway, node).unwrap();
        let cluster = records.iter().map(|(node, _, _)| (home(node), 0)).collect();
        let shared: Vec<Shared> = records
            .iter()
            .map(|(node, key, second)| Shared {
                node: home(node),
                key: (*key).to_owned(),
                time: second * SECOND,
                file: 0,
                hit: RunHit {
                    time: RawTime::None,
                    line: 1,
                    wire: None,
                    hash: 0,
                    excerpt: None,
                },
            })
            .collect();
        offsets(&shared, &names, &cluster)
            .into_values()
            .map(|offset| (offset.ahead / SECOND, offset.instants))
            .collect()
    }

    #[test]
    fn the_median_of_shared_instants_is_the_offset() {
        assert_eq!(
            offset(&[
                ("a", "x", 100),
                ("b", "x", 190),
                ("a", "y", 5000),
                ("b", "y", 5091),
                ("a", "z", 9000),
                ("b", "z", 9090)
            ]),
            [(90, 3)]
        );
        assert_eq!(offset(&[("a", "x", 200), ("b", "x", 100)]), [(-100, 1)]);
    }

    #[test]
    fn noise_strangers_and_doubt_give_nothing() {
        assert!(offset(&[("a", "x", 100), ("b", "x", 101)]).is_empty());
        assert!(offset(&[("a", "x", 100), ("b", "y", 190)]).is_empty());
        assert!(offset(&[("a", "x", 100), ("b", "x", 100_000)]).is_empty());
        // two changes of the same kind close together cannot be told apart
        assert!(offset(&[("a", "x", 100), ("a", "x", 200), ("b", "x", 190)]).is_empty());
    }
}
