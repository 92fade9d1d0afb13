//! An episode to a finding: the first clause that holds says how sure it is.

use std::collections::BTreeMap;

use super::{Episode, Scope};
use crate::catalog::fault::{Clause, PeerIs, Relation, Term};
use crate::detect::finding::Finding;
use crate::detect::keys::{Key, fits, fitting};
use crate::detect::table::needed;
use crate::model::report::Confidence;
use crate::model::time::{EventTime, TimeCertainty};

impl Scope<'_> {
    /// The first clause that holds on an episode.
    pub(super) fn held(&self, key: Key, episode: &Episode) -> Option<(usize, &Clause)> {
        let mut clauses = self.fault.when.iter().enumerate();
        clauses.find(|(_, clause)| self.holds(clause, key, episode))
    }

    pub(super) fn conclude(&self, fault: usize, key: Key, episode: &Episode) -> Option<Finding> {
        let (at, clause) = self.held(key, episode)?;
        let confidence = clause.confidence?;
        let mut hits: Vec<usize> = episode
            .hits
            .iter()
            .filter_map(|point| self.places.get(*point).copied())
            .chain(episode.untimed.iter().copied())
            .collect();
        hits.sort_unstable();
        hits.dedup();
        let of = |at: &usize| self.timeline.hits.get(*at);
        let timed: Vec<EventTime> = hits
            .iter()
            .filter_map(of)
            .map(|hit| hit.time)
            .filter(|time| time.micros.is_some())
            .collect();
        let certainty = timed
            .iter()
            .map(|time| time.certainty)
            .max()
            .unwrap_or(TimeCertainty::Unknown);
        let with = |time: Option<&EventTime>| {
            time.map_or(EventTime::NONE, |time| EventTime {
                micros: time.micros,
                certainty,
            })
        };
        Some(Finding {
            fault,
            cluster: self.cluster,
            node: key.0,
            peer: key.1,
            confidence: confidence.min(self.ceiling(clause, key)),
            severity: clause.severity.unwrap_or(self.fault.severity),
            expected: None,
            first: with(timed.first()),
            last: with(timed.last()),
            cleared: episode.cleared.is_some(),
            cleared_at: episode.cleared.unwrap_or(EventTime::NONE),
            count: self.records(&hits),
            hits,
            clause: at,
        })
    }

    /// Number of records; one that fits two signals is one.
    fn records(&self, hits: &[usize]) -> u64 {
        let mut records: BTreeMap<(u32, u64), u64> = BTreeMap::new();
        for hit in hits.iter().filter_map(|at| self.timeline.hits.get(*at)) {
            let weight = records.entry((hit.file, hit.line)).or_default();
            *weight = hit.weight.max(*weight);
        }
        records.values().sum()
    }

    /// What rests on an assumed identity or membership is never certain.
    fn ceiling(&self, clause: &Clause, key: Key) -> Confidence {
        let inferred = [key.0, key.1]
            .into_iter()
            .flatten()
            .filter_map(|at| self.timeline.nodes.get(at))
            .any(|node| node.inferred);
        let every = needed(clause).any(|term| matches!(term, Term::Correlation(at) if self.fault.correlations.get(usize::from(at)).is_some_and(|c| c.relation == Relation::EveryNode)));
        let assumed = self
            .timeline
            .clusters
            .get(self.cluster)
            .is_some_and(|cluster| cluster.assumed);
        match (
            every && assumed,
            inferred && needed(clause).any(|term| matches!(term, Term::Correlation(_))),
        ) {
            (true, _) => Confidence::Possible,
            (_, true) => Confidence::Likely,
            _ => Confidence::Certain,
        }
    }

    fn holds(&self, clause: &Clause, key: Key, episode: &Episode) -> bool {
        let there = |term: &Term| self.proved(*term, key, episode);
        self.right_peer(clause, key)
            && clause.all.iter().all(there)
            && (clause.any.is_empty() || clause.any.iter().any(there))
            && !clause
                .none
                .iter()
                .any(|term| self.contradicts(*term, key, episode))
    }

    /// The peer is, or is not, one of the cluster, as the clause asks.
    pub(super) fn right_peer(&self, clause: &Clause, key: Key) -> bool {
        let peer = key.1.and_then(|at| self.timeline.nodes.get(at));
        match clause.peer {
            None => true,
            Some(PeerIs::Member) => peer.is_some_and(|node| node.cluster == Some(self.cluster)),
            Some(PeerIs::Outsider) => peer.is_none_or(|node| node.cluster != Some(self.cluster)),
        }
    }

    /// The term has proof among the hits of the episode.
    pub(super) fn proved(&self, term: Term, key: Key, episode: &Episode) -> bool {
        let untimed = |signal: u16| {
            self.untimed
                .iter()
                .any(|(at, place)| *place == signal && episode.untimed.contains(at))
        };
        if let Term::Signal(signal) = term
            && untimed(signal)
        {
            return true;
        }
        let (Some(from), Some(to)) = (episode.hits.first(), episode.hits.last()) else {
            return false;
        };
        let Some(by_key) = self.proofs.get(&term) else {
            return false;
        };
        fitting(by_key, key).any(|list| {
            let begin = list.partition_point(|proof| proof.hits.first() < Some(from));
            let mut near = list
                .iter()
                .skip(begin)
                .take_while(|proof| proof.hits.first() <= Some(to));
            near.any(|proof| proof.hits.iter().all(|at| episode.hits.contains(at)))
        })
    }

    /// The term has proof during the episode or, for a plain signal, in the silence after it. A record
    /// without a time, such as a status, may be of any time, so it counts for every episode.
    pub(super) fn contradicts(&self, term: Term, key: Key, episode: &Episode) -> bool {
        if let Term::Signal(signal) = term
            && self.untimed.iter().any(|(at, place)| {
                let hit = self.timeline.hits.get(*at);
                *place == signal && hit.is_some_and(|hit| fits((hit.node, hit.peer), key))
            })
        {
            return true;
        }
        let time = |at: Option<&usize>| {
            at.and_then(|at| self.points.get(*at))
                .map(|point| point.time)
        };
        let (Some(from), Some(to)) = (time(episode.hits.first()), time(episode.hits.last())) else {
            return false;
        };
        let to = if matches!(term, Term::Signal(_)) {
            to.saturating_add(self.fault.quiet)
        } else {
            to
        };
        self.proofs.get(&term).is_some_and(|by_key| {
            fitting(by_key, key).any(|list| {
                // proofs of one term and key end in the order in which they begin
                let begin = list.partition_point(|proof| {
                    time(proof.hits.last()).is_some_and(|last| last < from)
                });
                list.get(begin)
                    .and_then(|proof| time(proof.hits.first()))
                    .is_some_and(|first| first <= to)
            })
        })
    }
}
