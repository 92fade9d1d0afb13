//! What the evidence leaves open.

use std::collections::BTreeSet;

use super::Scope;
use crate::catalog::fault::{Correlation, Relation};
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
    /// What the logs end too early to tell, what was lost, and what clauses leave open.
    pub(super) fn undecided(&mut self, fault: usize, found: &[Finding]) -> BTreeSet<Undecided> {
        let proved: BTreeSet<usize> = found.iter().flat_map(|f| f.hits.iter().copied()).collect();
        let mut open = self.lost(fault, &proved);
        open.extend(self.cut_short(fault, &proved));
        open.extend(self.left_open(fault));
        open
    }

    /// Nodes of which something would be concluded if their logs went on as they end.
    fn cut_short(&mut self, fault: usize, proved: &BTreeSet<usize>) -> BTreeSet<Undecided> {
        let asks = |correlation: &Correlation| {
            matches!(
                correlation.relation,
                Relation::Absence {
                    covered: true,
                    before: false,
                    ..
                }
            )
        };
        if !self.fault.correlations.iter().any(asks) {
            return BTreeSet::new();
        }
        let endless = self.all_proofs(true);
        let proofs = std::mem::replace(&mut self.proofs, endless);
        let (would_be, _) = self.findings(fault);
        self.proofs = proofs;
        let open = would_be.into_iter().filter(|finding| {
            // what had been cleared by the end of the log is over in any case
            let decided = finding.hits.iter().all(|at| proved.contains(at));
            !decided && !finding.cleared
        });
        open.map(|finding| Undecided {
            why: Open::LogEnds,
            fault,
            cluster: self.cluster,
            node: finding.node,
        })
        .collect()
    }

    /// Nodes on which an absence would hold if it were known that nothing was lost.
    fn lost(&self, fault: usize, proved: &BTreeSet<usize>) -> BTreeSet<Undecided> {
        let mut open = BTreeSet::new();
        let doubtful = self.fault.correlations.iter();
        for correlation in doubtful.filter(|c| self.doubtful_absence(c)) {
            for lonely in correlate::matches(correlation, &self.points, &|_, _, _| true) {
                // an absence is proved by one hit alone
                let proved = |at| self.places.get(at).is_some_and(|at| proved.contains(at));
                if !lonely.hits.iter().all(|at| proved(*at)) {
                    open.insert(Undecided {
                        why: Open::Lost,
                        fault,
                        cluster: self.cluster,
                        node: lonely.node,
                    });
                }
            }
        }
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
