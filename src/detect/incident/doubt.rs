//! Doubt: among what the memory budget took may be what would have spoken against a conclusion, so
//! nothing is concluded from the silence of a signal that lost matches.

use std::collections::{BTreeMap, BTreeSet};

use super::{Episode, Scope};
use crate::catalog::fault::{Correlation, Relation, Term};
use crate::detect::keys::Key;
use crate::detect::resolve::Timeline;
use crate::detect::table::{Owner, Table};

/// What was lost, by cluster.
pub(super) struct Doubts<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) table: &'a Table<'a>,
    /// The files with losses that have hits in each cluster.
    files: BTreeMap<usize, BTreeSet<u32>>,
}

impl<'a> Doubts<'a> {
    pub(super) fn new(timeline: &'a Timeline, table: &'a Table<'a>) -> Self {
        let mut files: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
        let lossy = |file: &u32| timeline.lost.contains_key(file);
        for hit in timeline.hits.iter().filter(|hit| lossy(&hit.file)) {
            files.entry(hit.cluster).or_default().insert(hit.file);
        }
        Self {
            timeline,
            table,
            files,
        }
    }

    /// The signals of a fault, by their places, that lost matches in files of a cluster.
    pub(super) fn of(&self, cluster: usize, fault: usize) -> BTreeSet<u16> {
        let files = self.files.get(&cluster).into_iter().flatten();
        let lost = files.filter_map(|file| self.timeline.lost.get(file));
        lost.flatten()
            .filter_map(|signal| self.table.get(*signal))
            .filter(|entry| entry.owner == Owner::Fault(fault))
            .map(|entry| entry.place)
            .collect()
    }
}

impl Scope<'_> {
    /// That this term has no proof means nothing.
    pub(super) fn doubtful(&self, term: Term) -> bool {
        match term {
            Term::Signal(signal) => self.doubts.contains(&signal),
            Term::Correlation(at) => {
                let correlation = self.fault.correlations.get(usize::from(at));
                correlation.is_some_and(|c| c.of.iter().any(|of| self.doubts.contains(of)))
            }
        }
    }

    /// A clause would hold if it could be trusted that what it excludes is not there.
    pub(super) fn in_doubt(&self, key: Key, episode: &Episode) -> bool {
        !self.doubts.is_empty()
            && self
                .fault
                .when
                .iter()
                .any(|clause| self.seems(clause, key, episode))
    }

    /// An absence of which nobody can say whether it was one.
    pub(super) fn doubtful_absence(&self, correlation: &Correlation) -> bool {
        matches!(correlation.relation, Relation::Absence { .. })
            && correlation.of.iter().any(|of| self.doubts.contains(of))
    }
}
