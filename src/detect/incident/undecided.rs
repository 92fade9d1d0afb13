//! What the evidence leaves open.

use std::collections::BTreeSet;

use super::Scope;
use crate::catalog::fault::Relation;
use crate::detect::correlate;
use crate::detect::finding::Finding;

/// Why something is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Open {
    /// The node's log ends too early.
    LogEnds,
    /// Records that may speak against it were beyond the memory budget.
    Lost,
    /// This clause holds, and says that the evidence cannot decide.
    Clause(usize),
}

/// Something that other evidence might decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// Why.
    pub why: Open,
    /// Index of the fault in the catalog.
    pub fault: usize,
    /// Index of the cluster.
    pub cluster: usize,
    /// The node whose log, or about which evidence, is missing.
    pub node: Option<usize>,
}

impl Scope<'_> {
    /// Nodes on which an absence would hold if their logs reached far enough.
    pub(super) fn undecided(&self, fault: usize, found: &[Finding]) -> BTreeSet<Undecided> {
        let mut open = BTreeSet::new();
        let proved: BTreeSet<usize> = found.iter().flat_map(|f| f.hits.iter().copied()).collect();
        for correlation in &self.fault.correlations {
            let why = match correlation.relation {
                _ if self.doubtful_absence(correlation) => Open::Lost,
                Relation::Absence {
                    covered: true,
                    before: false,
                    ..
                } => Open::LogEnds,
                _ => continue,
            };
            for lonely in correlate::matches(correlation, &self.points, &|_, _, _| true) {
                // an absence is proved by one hit alone
                let proved = |at| self.places.get(at).is_some_and(|at| proved.contains(at));
                let decided = lonely.hits.iter().all(|at| proved(*at));
                if !decided {
                    open.insert(Undecided {
                        why,
                        fault,
                        cluster: self.cluster,
                        node: lonely.node,
                    });
                }
            }
        }
        open.extend(self.left_open(fault));
        open
    }

    /// What clauses say cannot be decided.
    fn left_open(&self, fault: usize) -> Vec<Undecided> {
        if self
            .fault
            .when
            .iter()
            .all(|clause| clause.confidence.is_some())
        {
            return Vec::new();
        }
        let episodes = self.all_episodes().into_iter();
        let held = episodes.flat_map(|(key, episodes)| {
            let held = episodes.iter().filter_map(|episode| {
                let (at, clause) = self.held(key, episode)?;
                clause.confidence.is_none().then_some((key.0, at))
            });
            held.collect::<Vec<_>>()
        });
        held.map(|(node, clause)| Undecided {
            why: Open::Clause(clause),
            fault,
            cluster: self.cluster,
            node,
        })
        .collect()
    }
}
