//! Why a fault was or was not concluded: every clause on every episode, condition by condition.

use super::doubt::Doubts;
use super::{Episode, Scope, apart, hits_of};
use crate::catalog::fault::{Clause, Term};
use crate::detect::keys::Key;
use crate::detect::resolve::Timeline;
use crate::detect::table::Table;

/// One condition of a clause on one episode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Name of the signal or correlation, or `peer is member` and the like.
    pub what: String,
    /// The clause wants it to be there, and not to be absent.
    pub wanted: bool,
    /// It is as the clause wants it.
    pub holds: bool,
}

/// One stretch of proof, and what each clause made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Index of the node.
    pub node: Option<usize>,
    /// Index of the other node.
    pub peer: Option<usize>,
    /// Hits of the stretch, as places on the timeline.
    pub hits: Vec<usize>,
    /// For each clause in order its conditions.
    pub clauses: Vec<Vec<Tried>>,
}

/// Tries the clauses of the fault with this index in every cluster.
pub fn attempts(timeline: &Timeline, table: &Table<'_>, fault: usize) -> Vec<Attempt> {
    let Some(rule) = table.catalog.faults.get(fault) else {
        return Vec::new();
    };
    let mut attempts = Vec::new();
    let doubts = Doubts::new(timeline, table);
    for ((cluster, _), hits) in hits_of(timeline, table)
        .into_iter()
        .filter(|((_, of), _)| *of == fault)
    {
        for hits in apart(timeline, table, rule, hits) {
            let scope = Scope::new(&doubts, rule, (cluster, fault), &hits);
            for (key, episodes) in scope.all_episodes() {
                attempts.extend(episodes.iter().map(|episode| scope.attempt(key, episode)));
            }
        }
    }
    attempts
}

impl Scope<'_> {
    fn attempt(&self, key: Key, episode: &Episode) -> Attempt {
        let timed = episode
            .hits
            .iter()
            .filter_map(|at| self.places.get(*at).copied());
        Attempt {
            node: key.0,
            peer: key.1,
            hits: timed.chain(episode.untimed.iter().copied()).collect(),
            clauses: self
                .fault
                .when
                .iter()
                .map(|clause| self.tried(clause, key, episode))
                .collect(),
        }
    }

    fn tried(&self, clause: &Clause, key: Key, episode: &Episode) -> Vec<Tried> {
        let there = |term: &Term| Tried {
            what: self.name(*term),
            wanted: true,
            holds: self.proved(*term, key, episode),
        };
        let mut tried: Vec<Tried> = clause.all.iter().map(there).collect();
        if !clause.any.is_empty() {
            let names: Vec<String> = clause.any.iter().map(|term| self.name(*term)).collect();
            let holds = clause
                .any
                .iter()
                .any(|term| self.proved(*term, key, episode));
            tried.push(Tried {
                what: names.join(" or "),
                wanted: true,
                holds,
            });
        }
        tried.extend(clause.none.iter().map(|term| Tried {
            what: self.name(*term),
            wanted: false,
            holds: !self.contradicts(*term, key, episode) && !self.doubtful(*term),
        }));
        if let Some(peer) = clause.peer {
            tried.push(Tried {
                what: format!("peer is {peer:?}").to_lowercase(),
                wanted: true,
                holds: self.right_peer(clause, key),
            });
        }
        tried
    }

    fn name(&self, term: Term) -> String {
        let name = match term {
            Term::Signal(at) => self
                .fault
                .signals
                .get(usize::from(at))
                .map(|signal| &signal.name),
            Term::Correlation(at) => self
                .fault
                .correlations
                .get(usize::from(at))
                .map(|correlation| &correlation.name),
        };
        name.cloned().unwrap_or_default()
    }
}
