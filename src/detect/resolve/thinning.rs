//! Matches that the timeline can do without.
//!
//! What would end or forbid an incident is written by the thousand by a healthy node, and almost
//! all of it has nothing to end. Where there is much of it, what is near no proof is left out.

use std::collections::{BTreeMap, BTreeSet};

use super::timeline::{About, NodeSeen, Parts};
use crate::catalog::Fault;
use crate::catalog::fault::Term;
use crate::detect::table::{Entry, Owner, Use};
use crate::model::hit::{Run, RunHit};
use crate::model::time::SECOND;

/// So many matches of contrast stay whatever they are near to, unless a test wants fewer.
pub const PLENTY: usize = 10_000;
/// Time around a proof in which everything stays: clocks are known to seconds, not better.
const AROUND: i64 = 300 * SECOND;

/// When a fault is proved.
#[derive(Default)]
struct Proofs {
    /// By the clock of the cluster, ascending.
    times: Vec<i64>,
    /// There are proofs without a time, or what forbids is a relation: everything may matter.
    anywhere: bool,
}

impl Proofs {
    fn new(fault: Option<&Fault>) -> Self {
        let clauses = fault.into_iter().flat_map(|fault| &fault.when);
        let mut forbidding = clauses.flat_map(|clause| &clause.none);
        Self {
            times: Vec::new(),
            anywhere: forbidding.any(|term| matches!(term, Term::Correlation(_))),
        }
    }

    /// A proof lies between two times, or near one of them.
    fn parts(&self, from: i64, to: i64) -> bool {
        let (from, to) = (from.min(to), from.max(to));
        let start = self
            .times
            .partition_point(|proof| *proof < from.saturating_sub(AROUND));
        let first = self.times.get(start);
        first.is_some_and(|proof| *proof <= to.saturating_add(AROUND))
    }
}

/// Decides which matches stay.
pub(super) struct Thinning {
    proofs: BTreeMap<Owner, Proofs>,
    plenty: bool,
}

impl Thinning {
    pub(super) fn new(parts: &Parts<'_, '_>, about: &[Option<About>], nodes: &[NodeSeen]) -> Self {
        let mut thinning = Self {
            proofs: BTreeMap::new(),
            plenty: false,
        };
        let runs = || {
            let runs = parts.collected.runs.iter().zip(about);
            runs.filter_map(|(run, about)| {
                Some((run, parts.table.get(run.signal)?, about.as_ref()?))
            })
        };
        let contrast = runs().filter(|(_, entry, _)| entry.usage == Use::Contrast);
        let owners: BTreeSet<Owner> = contrast.clone().map(|(_, entry, _)| entry.owner).collect();
        thinning.plenty = contrast.map(|(run, _, _)| run.hits.len()).sum::<usize>() > parts.plenty;
        if !thinning.plenty {
            return thinning;
        }
        let proof = |entry: &Entry<'_>| entry.usage == Use::Proof && owners.contains(&entry.owner);
        for (run, entry, about) in runs().filter(|(_, entry, _)| proof(entry)) {
            let proofs = thinning.proofs.entry(entry.owner).or_insert_with(|| {
                Proofs::new(match entry.owner {
                    Owner::Fault(at) => parts.table.catalog.faults.get(at),
                    Owner::Fact(_) => None,
                })
            });
            for hit in &run.hits {
                match time(parts, run, hit, about.node, nodes) {
                    Some(time) => proofs.times.push(time),
                    None => proofs.anywhere = true,
                }
            }
        }
        thinning
            .proofs
            .values_mut()
            .for_each(|p| p.times.sort_unstable());
        thinning
    }

    /// The hits of a run that stay: all that prove, and of contrast the first and the last, and any
    /// two between which a proof lies. A relation asks whether there is contrast before or after a
    /// proof, never how much.
    pub(super) fn kept<'r>(
        &self,
        parts: &Parts<'_, '_>,
        run: &'r Run,
        node: Option<usize>,
        nodes: &[NodeSeen],
    ) -> Vec<&'r RunHit> {
        let entry = parts.table.get(run.signal);
        let contrast = entry.filter(|entry| self.plenty && entry.usage == Use::Contrast);
        let nothing = Proofs::default();
        let proofs = contrast.map(|entry| self.proofs.get(&entry.owner).unwrap_or(&nothing));
        let Some(proofs) = proofs.filter(|proofs| !proofs.anywhere) else {
            return run.hits.iter().collect();
        };
        let times = run
            .hits
            .iter()
            .map(|hit| time(parts, run, hit, node, nodes));
        let times: Vec<Option<i64>> = times.collect();
        // whether each hit and the one behind it have to stay
        let mut pairs = times.windows(2).map(|pair| match pair {
            [Some(from), Some(to)] => proofs.parts(*from, *to),
            _ => true,
        });
        let mut before = true;
        let stays = run.hits.iter().filter(|_| {
            // the first and the last one have nothing on one side, and stay
            let behind = pairs.next().unwrap_or(true);
            std::mem::replace(&mut before, behind) || behind
        });
        stays.collect()
    }
}

/// When a hit was, by the clock of its cluster.
fn time(
    parts: &Parts<'_, '_>,
    run: &Run,
    hit: &RunHit,
    node: Option<usize>,
    nodes: &[NodeSeen],
) -> Option<i64> {
    let ahead = node
        .and_then(|at| nodes.get(at))
        .map_or(0, |node| node.ahead);
    let time = parts.clocks.at(run.file as usize, hit.time).micros?;
    Some(time.saturating_sub(ahead))
}
