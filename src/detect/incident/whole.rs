//! What is asked about all nodes or all incidents of a cluster at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Scope, Undecided};
use crate::catalog::fault::Relation;
use crate::detect::correlate::{self, Match, precedes};
use crate::detect::finding::Finding;

impl Scope<'_> {
    /// The hits of every node of the cluster that nothing cleared, if every node has one.
    pub(super) fn every_node(&self, of: &[u16]) -> Option<Match> {
        let nodes = &self.timeline.clusters.get(self.cluster)?.nodes;
        if nodes.len() < 2 {
            return None;
        }
        // the last clearing point of each node, and of those that name none
        let mut cleared: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        for (at, p) in self.points.iter().enumerate() {
            if self.fault.cleared_by.contains(&p.signal) {
                cleared.insert(p.node, at);
            }
        }
        let last_clear = |node: Option<usize>| {
            let at = cleared.get(&node).max(cleared.get(&None))?;
            self.points.get(*at)
        };
        let members: BTreeSet<usize> = nodes.iter().copied().collect();
        let mut silent = members.clone();
        let mut hits = Vec::new();
        for (at, p) in self.points.iter().enumerate() {
            let Some(node) = p.node.filter(|node| members.contains(node)) else {
                continue;
            };
            if of.contains(&p.signal) && last_clear(p.node).is_none_or(|clear| precedes(clear, p)) {
                silent.remove(&node);
                hits.push(at);
            }
        }
        silent.is_empty().then_some(Match {
            node: None,
            peer: None,
            hits,
        })
    }

    /// Nodes on which an absence would hold if their logs reached far enough.
    pub(super) fn undecided(&self, fault: usize, found: &[Finding]) -> BTreeSet<Undecided> {
        let mut open = BTreeSet::new();
        let proved: BTreeSet<usize> = found.iter().flat_map(|f| f.hits.iter().copied()).collect();
        for correlation in &self.fault.correlations {
            if !matches!(
                correlation.relation,
                Relation::Absence {
                    covered: true,
                    before: false,
                    ..
                }
            ) {
                continue;
            }
            for lonely in correlate::matches(correlation, &self.points, &|_, _, _| true) {
                // an absence is proved by one hit alone
                let proved = |at| self.places.get(at).is_some_and(|at| proved.contains(at));
                let decided = lonely.hits.iter().all(|at| proved(*at));
                if !decided {
                    open.insert(Undecided {
                        fault,
                        cluster: self.cluster,
                        node: lonely.node,
                    });
                }
            }
        }
        open
    }
}
